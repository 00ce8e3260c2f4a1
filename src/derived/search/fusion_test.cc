#include "derived/search/fusion.h"

#include <gtest/gtest.h>

#include "foundation/platform/testing/test_machine.h"

namespace atl::search {
namespace {

using Words = std::vector<std::string>;

TEST(FusionTest, WordsAreRunsOfLettersAndDigits) {
  EXPECT_EQ(plain_words("What's new, in 2024?"), (Words{"What", "s", "new", "in", "2024"}));
  EXPECT_EQ(plain_words("Wärme (Pumpe)"), (Words{"Wärme", "Pumpe"}));
  EXPECT_EQ(plain_words(" .,;"), Words{});
  EXPECT_EQ(plain_words(std::string(1000, 'a') + " b").size(), 2U);
  std::string many;
  for (int i = 0; i < 100; ++i) many += "w ";
  EXPECT_EQ(plain_words(many).size(), 32U);
  EXPECT_EQ(any_of(Words{}).kind, text::Query::Kind::nothing);
}

TEST(FusionTest, TheWeightTurnsWithWhatTheBestHitCovers) {
  EXPECT_LT(weight_of_words(0), 0.01);
  EXPECT_GT(weight_of_words(1), 0.89);
  EXPECT_LT(weight_of_words(1), 0.9);
  EXPECT_DOUBLE_EQ(weight_of_words(0.4), 0.45);
  for (double at = 0; at < 1; at += 0.05) EXPECT_LT(weight_of_words(at), weight_of_words(at + 0.05));
  EXPECT_TRUE(are_words_weak(3, 0.5));
  EXPECT_FALSE(are_words_weak(3, 0.6));
  EXPECT_TRUE(are_words_weak(2, 0.3));
  EXPECT_FALSE(are_words_weak(2, 0.5));
  EXPECT_FALSE(are_words_weak(1, 0));
}

TEST(FusionTest, ListsCountByTheirWeight) {
  const std::vector<Scored> words{{1, 9.0}, {2, 8.0}, {3, 4.5}};
  const std::vector<Scored> meaning{{3, 0.8}, {4, 0.4}};
  const auto first = [&](double weight) { return fuse(words, meaning, weight).front().document; };
  EXPECT_EQ(first(1), 1U);
  EXPECT_EQ(first(0), 3U);
  EXPECT_EQ(first(0.5), 3U) << "it stands in both";
  const auto both = fuse(words, meaning, 0.5);
  ASSERT_EQ(both.size(), 4U);
  EXPECT_DOUBLE_EQ(both[0].score, 0.5 * 0.5 + 0.5);
  EXPECT_DOUBLE_EQ(both[3].score, 0.25);
  EXPECT_TRUE(fuse({}, {}, 0.5).empty());
}

TEST(FusionTest, HowFarTheFirstIsAheadCounts) {
  const std::vector<Scored> meaning{{2, 0.6}, {1, 0.3}};
  EXPECT_EQ(fuse(std::vector<Scored>{{1, 10.0}, {2, 1.0}}, meaning, 0.6).front().document, 1U);
  EXPECT_EQ(fuse(std::vector<Scored>{{1, 10.0}, {2, 9.0}}, meaning, 0.6).front().document, 2U);
}

TEST(FusionTest, OnlyLinesOfWordsArePlain) {
  const text::Schema schema{{"body", text::FieldKind::text, 1.0F, false}};
  const auto is_plain_line = [&](std::string_view line, text::Match match = text::Match::any) {
    return is_plain(text::parse_query_line(line, schema, match, Timestamp{}).value());
  };
  EXPECT_TRUE(is_plain_line("boiler"));
  EXPECT_TRUE(is_plain_line("why is the boiler broken"));
  EXPECT_TRUE(is_plain_line("what's broken"));
  EXPECT_FALSE(is_plain_line("a well-known boiler"));
  EXPECT_FALSE(is_plain_line("why is the boiler broken", text::Match::all));
  EXPECT_FALSE(is_plain_line("\"the boiler\""));
  EXPECT_FALSE(is_plain_line("boiler \"new pump\""));
  EXPECT_FALSE(is_plain_line("+boiler pump"));
  EXPECT_FALSE(is_plain_line("boiler -pump"));
  EXPECT_FALSE(is_plain_line("body:boiler"));
  EXPECT_FALSE(is_plain_line("boil*"));
  EXPECT_FALSE(is_plain_line("boiler~"));
}

TEST(FusionTest, RareWordsCoverMore) {
  platform::TestMachine machine;
  codec::SecretKey key;
  for (auto& byte : key.fill()) byte = 3;
  const text::Schema schema{{"body", text::FieldKind::text, 1.0F, false}};
  ASSERT_TRUE(machine.files.create_directory("/index"));
  auto index = text::TextIndex::open(machine.machine(), "/index/words", key, VaultId{}, schema, {}, true).value();
  const auto add = [&](text::DocumentId id, std::string_view body) {
    text::Document document;
    document.id = id;
    document.texts.push_back({0, body, text::Language::none});
    ASSERT_TRUE(index->add(document));
  };
  for (text::DocumentId id = 1; id <= 50; ++id) add(id, id == 7 ? "the boiler" : "the cellar");
  ASSERT_TRUE(index->flush({}));
  const Words words{"the", "boiler"};
  EXPECT_DOUBLE_EQ(covered(*index, words, 7).value(), 1);
  EXPECT_LT(covered(*index, words, 8).value(), 0.1);
  EXPECT_DOUBLE_EQ(covered(*index, Words{}, 7).value(), 0);
  EXPECT_LT(covered(*index, Words{"the", "heating"}, 7).value(), 0.1) << "a word that stands nowhere counts most";
}

}  // namespace
}  // namespace atl::search
