#include "derived/text/snippet.h"

#include "derived/text/testing/test_index.h"

namespace atl::text {
namespace {

using namespace testing;  // NOLINT

// The piece with marks in brackets.
std::string shown(std::string_view text, std::string_view line, const SnippetOptions& options = {}) {
  const auto query = parse_query_line(line, test_schema(), Match::any, {});
  EXPECT_TRUE(query.has_value()) << line;
  const Snippet snippet = make_snippet(text, *query, options);
  std::string out;
  std::size_t at = snippet.begin;
  for (const Mark& mark : snippet.marks) {
    out += text.substr(at, mark.begin - at);
    out += "[" + std::string(text.substr(mark.begin, mark.end - mark.begin)) + "]";
    at = mark.end;
  }
  return out + std::string(text.substr(at, snippet.end - at));
}

TEST(Snippet, MarksWhatMatched) {
  EXPECT_EQ(shown("The boilers were paid.", "boiler paid", {Language::english}), "The [boilers] were [paid].");
  EXPECT_EQ(shown("getUserName(x)", "user"), "get[User]Name(x)");
  EXPECT_EQ(shown("Renovation renting", "renov*"), "[Renovation] renting");
  EXPECT_EQ(shown("a boilr here", "boiler~"), "a [boilr] here");
  EXPECT_EQ(shown("行きました東京タワー", "東京"), "行きました[東京]タワー");
  EXPECT_EQ(shown("title words", "title:words", {Language::none, kBody}), "title words");
  EXPECT_EQ(shown("", "x"), "");
}

TEST(Snippet, ShowsThePhraseWhereItStandsAndNotWhereItsWordsDo) {
  std::string text = "pump new pump, and the pump is new pumps, new, new";
  for (int i = 0; i < 100; ++i) text += " filling";
  text += " pump of the new kind";
  for (int i = 0; i < 100; ++i) text += " filling";
  const std::string scattered = text;
  text += "\nthere is a new blue pump here";
  SnippetOptions options;
  options.bytes = 60;
  const auto near = parse_query_line("\"new pump\"~1", test_schema(), Match::any, {}).value();
  const Snippet with = make_snippet(text.substr(text.find("filling")), near, options);
  EXPECT_TRUE(with.has_phrase);
  EXPECT_NE(text.substr(text.find("filling")).substr(with.begin, with.end - with.begin).find("new blue pump"),
            std::string::npos);
  const Snippet without = make_snippet(scattered.substr(scattered.find("filling")), near, options);
  EXPECT_FALSE(without.has_phrase);
  EXPECT_EQ(without.words, 2U);
}

TEST(Snippet, ShowsThePieceWithTheMostDifferentWords) {
  std::string text = "boiler boiler boiler";
  for (int i = 0; i < 200; ++i) text += " filling";
  text += "\nthe boiler and its invoice";
  for (int i = 0; i < 200; ++i) text += " filling";
  const auto query = parse_query_line("boiler invoice", test_schema(), Match::any, {}).value();
  SnippetOptions options;
  options.bytes = 80;
  const Snippet snippet = make_snippet(text, query, options);
  ASSERT_EQ(snippet.marks.size(), 2U);
  EXPECT_EQ(text.substr(snippet.marks[1].begin, snippet.marks[1].end - snippet.marks[1].begin), "invoice");
  EXPECT_EQ(snippet.line, 2U);
  EXPECT_LE(snippet.end - snippet.begin, 110U);
  EXPECT_EQ(text[snippet.begin - 1], ' ');
}

TEST(Snippet, PlacesAreAtBordersOfCharactersForAnyText) {
  platform::SeededRandom random(3);
  const auto query = parse_query_line("ä* é~2 東", test_schema(), Match::any, {}).value();
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (std::uint64_t i = random.below(120); i > 0; --i) {
      constexpr std::array<std::string_view, 7> letters{"ä", "é", "東", "京", " ", "x", "\n"};
      text += letters.at(random.below(letters.size()));
    }
    SnippetOptions options;
    options.bytes = 1 + random.below(60);
    const Snippet snippet = make_snippet(text, query, options);
    std::size_t at = snippet.begin;
    ASSERT_LE(snippet.end, text.size());
    for (const Mark& mark : snippet.marks) {
      ASSERT_LE(at, mark.begin);
      ASSERT_LT(mark.begin, mark.end);
      at = mark.end;
      ASSERT_TRUE(is_utf8(std::string_view(text).substr(mark.begin, mark.end - mark.begin)));
    }
    ASSERT_LE(at, snippet.end);
    ASSERT_TRUE(is_utf8(std::string_view(text).substr(snippet.begin, snippet.end - snippet.begin)));
  }
}

}  // namespace
}  // namespace atl::text
