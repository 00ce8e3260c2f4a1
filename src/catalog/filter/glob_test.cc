#include "catalog/filter/glob.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "catalog/filter/internal/letters.h"

namespace atl::filter {
namespace {

bool matches(std::string_view pattern, std::string_view text, GlobKind kind = GlobKind::path) {
  const auto glob = Glob::compile(pattern, kind);
  EXPECT_TRUE(glob.has_value()) << pattern;
  return glob && glob->matches(text);
}

// Tries everything; for short texts. Written from the page, without looking at the matcher: parts of the pattern as
// text.
bool naive(std::string_view pattern, std::string_view text, bool is_path, bool is_at_folder = true) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    std::size_t stars = 0;
    while (stars < pattern.size() && pattern[stars] == '*') ++stars;
    const std::string_view rest = pattern.substr(stars);
    if (is_path && stars >= 2 && is_at_folder && rest.starts_with('/')) {
      if (naive(rest.substr(1), text, is_path, true)) return true;
      for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '/' && naive(rest.substr(1), text.substr(i + 1), is_path, true)) return true;
      }
      return false;
    }
    for (std::size_t taken = 0; taken <= text.size(); ++taken) {
      if (taken > 0 && is_path && stars == 1 && text[taken - 1] == '/') return false;
      if (naive(rest, text.substr(taken), is_path, false)) return true;
    }
    return false;
  }
  if (text.empty()) return false;
  if (pattern[0] == '?')
    return !(is_path && text[0] == '/') && naive(pattern.substr(1), text.substr(1), is_path, false);
  if (pattern[0] == '[') {  // only [xy] and [!xy] with plain letters here
    const std::size_t end = pattern.find(']');
    std::string_view list = pattern.substr(1, end - 1);
    const bool is_negated = list.starts_with('!');
    if (is_negated) list.remove_prefix(1);
    if (is_path && text[0] == '/') return false;
    return (list.find(text[0]) != std::string_view::npos) != is_negated &&
           naive(pattern.substr(end + 1), text.substr(1), is_path, false);
  }
  return pattern[0] == text[0] && naive(pattern.substr(1), text.substr(1), is_path, text[0] == '/');
}

TEST(Glob, TextWithoutWildcardsMatchesItselfOnly) {
  EXPECT_TRUE(matches("photo.jpg", "photo.jpg"));
  EXPECT_FALSE(matches("photo.jpg", "photo.jpgx"));
  EXPECT_FALSE(matches("photo.jpg", "xphoto.jpg"));
  EXPECT_FALSE(matches("photo.jpg", "Photo.jpg"));
  EXPECT_TRUE(matches("", ""));
  EXPECT_FALSE(matches("", "a"));
}

TEST(Glob, AStarStopsAtAFolderAndTwoDoNot) {
  EXPECT_TRUE(matches("*.jpg", "a.jpg"));
  EXPECT_TRUE(matches("*.jpg", ".jpg"));
  EXPECT_FALSE(matches("*.jpg", "a/b.jpg"));
  EXPECT_TRUE(matches("**.jpg", "a/b.jpg"));
  EXPECT_TRUE(matches("photos/*", "photos/a"));
  EXPECT_FALSE(matches("photos/*", "photos/2024/a"));
  EXPECT_TRUE(matches("photos/**", "photos/2024/a"));
  EXPECT_TRUE(matches("photos/**", "photos/"));
  EXPECT_FALSE(matches("photos/**", "photos"));
  EXPECT_FALSE(matches("photos/**", "xphotos/a"));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_FALSE(matches("*", "/"));
  EXPECT_TRUE(matches("**", "/a/b/"));
}

TEST(Glob, TwoStarsAndASlashAreAnyNumberOfFolders) {
  EXPECT_TRUE(matches("a/**/b", "a/b"));
  EXPECT_TRUE(matches("a/**/b", "a/x/b"));
  EXPECT_TRUE(matches("a/**/b", "a/x/y/b"));
  EXPECT_FALSE(matches("a/**/b", "a/xb"));
  EXPECT_FALSE(matches("a/**/b", "ab"));
  EXPECT_TRUE(matches("**/b", "b"));
  EXPECT_TRUE(matches("**/b", "x/y/b"));
  EXPECT_FALSE(matches("**/b", "x/yb"));
  EXPECT_TRUE(matches("**/**/b", "b"));
  EXPECT_TRUE(matches("**/*.cc", "src/x/y.cc"));
  EXPECT_FALSE(matches("a**/b", "ab")) << "only a whole folder may be missing";
  EXPECT_TRUE(matches("a**/b", "axx/yy/b"));
  EXPECT_TRUE(matches("**a*/b*a", "a/ba/ba")) << "the second folder is where the match begins";
  EXPECT_TRUE(matches("**/node_modules/**", "web/node_modules/x/y"));
}

TEST(Glob, AQuestionMarkIsOneCharacterOrOneStrayByte) {
  EXPECT_TRUE(matches("?", "a"));
  EXPECT_TRUE(matches("?", "\xc3\xa4"));
  EXPECT_TRUE(matches("?", "\xf0\x9f\x90\x9f"));
  EXPECT_FALSE(matches("??", "\xc3\xa4"));
  EXPECT_TRUE(matches("?", "\xff"));
  EXPECT_TRUE(matches("??", "\xc3z")) << "a lead byte without its continuation is a stray byte";
  EXPECT_TRUE(matches("??", "\xa4z"));
  EXPECT_FALSE(matches("?", ""));
  EXPECT_FALSE(matches("a?b", "a/b"));
  EXPECT_TRUE(matches("*?", "\xc3\xa4"));
  EXPECT_FALSE(matches("*??", "\xc3\xa4"));
}

TEST(Glob, SetsListRangesAndTheirOpposite) {
  EXPECT_TRUE(matches("[a-c]x", "bx"));
  EXPECT_FALSE(matches("[a-c]x", "dx"));
  EXPECT_TRUE(matches("[!a-c]x", "dx"));
  EXPECT_TRUE(matches("[^a-c]x", "dx"));
  EXPECT_FALSE(matches("[!a-c]x", "/x"));
  EXPECT_TRUE(matches("[]]", "]"));
  EXPECT_TRUE(matches("[!]]", "a"));
  EXPECT_TRUE(matches("[a-]", "-"));
  EXPECT_TRUE(matches("[\\]a]", "]"));
  EXPECT_TRUE(matches("[a\\-z]", "-"));
  EXPECT_FALSE(matches("[a\\-z]", "m"));
  EXPECT_TRUE(matches("[\xc3\xa4-\xc3\xbc]", "\xc3\xb6")) << "ranges of characters, not of bytes";
  EXPECT_FALSE(matches("*[!\xc3\xa4]", "x\xc3\xa4")) << "a star must not stop inside a character";
  EXPECT_FALSE(matches("[a/]", "/"));
  EXPECT_TRUE(matches("[a/]", "/", GlobKind::text));
}

TEST(Glob, ABackslashTakesWildcardsAsTheyAre) {
  EXPECT_TRUE(matches("\\*", "*"));
  EXPECT_FALSE(matches("\\*", "a"));
  EXPECT_TRUE(matches("a\\?\\[\\\\", "a?[\\"));
  EXPECT_TRUE(matches(Glob::escape("we[i]rd*?\\name"), "we[i]rd*?\\name"));
  EXPECT_FALSE(Glob::has_wildcards(Glob::escape("we[i]rd*?\\name")));
  EXPECT_TRUE(Glob::has_wildcards("a\\\\*"));
}

TEST(Glob, InTextASlashIsACharacterLikeAnyOther) {
  EXPECT_TRUE(matches("https*x", "https://a/x", GlobKind::text));
  EXPECT_TRUE(matches("a?b", "a/b", GlobKind::text));
  EXPECT_TRUE(matches("**/b", "x/b", GlobKind::text));
  EXPECT_FALSE(matches("**/b", "b", GlobKind::text));
}

TEST(Glob, MalformedPatternsAreRefusedWithAHint) {
  for (const std::string_view bad : {"[", "a[b", "[]", "[!]", "[a-", "[z-a]", "a\\", "[a\\"}) {
    const auto glob = Glob::compile(bad);
    ASSERT_FALSE(glob.has_value()) << bad;
    EXPECT_EQ(glob.error().kind, ErrorKind::usage);
    EXPECT_EQ(glob.error().id, "glob.malformed");
    EXPECT_FALSE(glob.error().hint.empty());
  }
  EXPECT_TRUE(Glob::compile(std::string(kPatternBytesMax, 'a')).has_value());
  EXPECT_EQ(Glob::compile(std::string(kPatternBytesMax + 1, 'a')).error().id, "glob.too_long");
}

TEST(Glob, ItsLiteralPrefixIsWhatEveryMatchBeginsWith) {
  EXPECT_EQ(Glob::compile("photos/2024/**")->literal_prefix(), "photos/2024/");
  EXPECT_EQ(Glob::compile("pho\\*tos*")->literal_prefix(), "pho*tos");
  EXPECT_EQ(Glob::compile("*.jpg")->literal_prefix(), "");
  EXPECT_EQ(Glob::compile("exact")->literal_prefix(), "exact");
}

// What costs exponential or cubic time in matchers that try every way.
TEST(Glob, PathologicalPatternsStayFast) {
  const std::string as(16'000, 'a');
  std::string folders;
  while (folders.size() < 16'000) folders += "aaa/";
  const auto begin = std::chrono::steady_clock::now();
  std::string stars;
  std::string deep_stars;
  for (int i = 0; i < 30; ++i) {
    stars += "a*";
    deep_stars += "**a*";
  }
  EXPECT_FALSE(matches(stars + "b", as));
  EXPECT_FALSE(matches("*" + stars + "b?", as));
  EXPECT_FALSE(matches("**" + stars + "b?", as));
  EXPECT_FALSE(matches("**" + stars + "[b]", as));
  EXPECT_FALSE(matches("**" + stars + "[b]", folders));
  EXPECT_FALSE(matches(deep_stars + "[b]", as));
  EXPECT_FALSE(matches(deep_stars + "[b]", folders));
  EXPECT_FALSE(matches("**/a*a*/**/a*a*/**/a*[b]", folders));
  EXPECT_FALSE(matches("**a/*a*/a*a*/[b]", folders));
  EXPECT_FALSE(matches("**/*/*/*/*/*/*/*/[b]", folders));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_LT(seconds, 10.0) << "ten matches of at most 16,000 x 130 steps; trying every way takes hours";
}

TEST(Glob, AgreesWithTryingEverything) {
  constexpr std::uint64_t kSeed = 20'261'120;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937_64 random(kSeed);
  const std::vector<std::string> parts = {"a",    "b",    "/",  "*",  "**", "**/",   "?",
                                          "[ab]", "[!a]", "a/", "/b", "*a", "**a*/b"};
  const auto pick = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
  std::size_t hits = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string pattern;
    for (std::size_t i = pick(8); i-- > 0;) pattern += parts[pick(parts.size())];
    std::string text;
    for (std::size_t i = pick(12); i-- > 0;) text += "ab/"[pick(3)];
    const bool is_path = pick(3) != 0;
    const bool expected = naive(pattern, text, is_path);
    hits += expected ? 1 : 0;
    ASSERT_EQ(matches(pattern, text, is_path ? GlobKind::path : GlobKind::text), expected)
        << "pattern " << pattern << " text " << text << (is_path ? " path" : " text");
  }
  EXPECT_GT(hits, 4000U) << "too few of the random pairs match to say anything";
}

TEST(Letters, CaseIsIgnoredInLatinGreekAndCyrillic) {
  EXPECT_EQ(internal::fold("\xc3\x84PFEL \xc5\x81\xc3\x93\xc4\x8e\xc5\xb9"),
            "\xc3\xa4pfel \xc5\x82\xc3\xb3\xc4\x8f\xc5\xba");
  EXPECT_EQ(internal::fold("\xce\x91\xce\xa9\xce\x8c\xcf\x82"), "\xce\xb1\xcf\x89\xcf\x8c\xcf\x83");
  EXPECT_EQ(internal::fold("\xd0\x9f\xd0\xa0\xd0\x81\xd0\x98"), "\xd0\xbf\xd1\x80\xd1\x91\xd0\xb8");
  EXPECT_EQ(internal::fold("\xc3\x97\xc3\xb7\xc5\xb8"), "\xc3\x97\xc3\xb7\xc3\xbf");
  EXPECT_EQ(internal::fold("\xc3\xff\x80"), "\xc3\xff\x80") << "what is no UTF-8 stays";
  EXPECT_TRUE(internal::contains_folded("Die \xc3\x84PFEL", "\xc3\xa4pf"));
  EXPECT_FALSE(internal::contains_folded("Die \xc3\x84PFEL", "apf"));
  EXPECT_TRUE(internal::contains_folded("anything", ""));
  EXPECT_FALSE(internal::contains_folded("ab", "abc"));
  EXPECT_TRUE(internal::contains_folded("aab", "ab"));
}

TEST(Letters, FoldingTwiceChangesNothingAndKeepsTheLength) {
  for (std::uint32_t code = 0x80; code < 0x800; ++code) {
    const std::string text = {static_cast<char>(0xc0 | (code >> 6)), static_cast<char>(0x80 | (code & 0x3f))};
    const std::string folded = internal::fold(text);
    EXPECT_EQ(folded.size(), 2U);
    EXPECT_EQ(internal::fold(folded), folded) << code;
    EXPECT_EQ(internal::character_at(folded, 0).length, 2U) << code;
  }
}

}  // namespace
}  // namespace atl::filter
