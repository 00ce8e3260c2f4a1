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
  EXPECT_GT(weight_of_words(1), 0.99);
  EXPECT_DOUBLE_EQ(weight_of_words(0.4), 0.5);
  for (double at = 0; at < 1; at += 0.05) EXPECT_LT(weight_of_words(at), weight_of_words(at + 0.05));
}

TEST(FusionTest, ListsCountByTheirWeight) {
  const std::vector<text::DocumentId> words{1, 2, 3};
  const std::vector<text::DocumentId> meaning{3, 4};
  const auto first = [&](double weight) { return fuse(words, meaning, weight).front().document; };
  EXPECT_EQ(first(1), 1U);
  EXPECT_EQ(first(0), 3U);
  EXPECT_EQ(first(0.5), 3U) << "it stands in both";
  EXPECT_EQ(fuse(words, meaning, 0.5).size(), 4U);
  EXPECT_TRUE(fuse({}, {}, 0.5).empty());
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
