#include "derived/vector/passages.h"

#include <gtest/gtest.h>

#include <string>

#include "foundation/platform/testing/test_machine.h"

namespace atl::vector {
namespace {

std::string text_of(std::string_view text, const Passage& passage) {
  return std::string(text.substr(passage.offset, passage.length));
}

TEST(Passages, AShortTextIsOneAndOneOfWhiteSpaceIsNone) {
  EXPECT_TRUE(split_passages("").empty());
  EXPECT_TRUE(split_passages(" \n\t \xC2\xA0 ").empty());
  const auto passages = split_passages("  Hello, world.\n");
  ASSERT_EQ(passages.size(), 1U);
  EXPECT_EQ(passages[0], (Passage{2, 13, 4}));
}

TEST(Passages, TokensAreCountedByLettersSignsAndIdeographs) {
  EXPECT_EQ(count_tokens(""), 0U);
  EXPECT_EQ(count_tokens("house"), 1U);
  EXPECT_EQ(count_tokens("houses boat"), 2U);
  EXPECT_EQ(count_tokens("internationalisation"), 4U);
  EXPECT_EQ(count_tokens("a.b!"), 4U);
  EXPECT_EQ(count_tokens("日本語"), 3U);
  EXPECT_EQ(count_tokens("\xFF\xFE"), 2U);
}

TEST(Passages, CutsAreAtParagraphsThenSentencesThenWords) {
  const PassageOptions options{10, 0};
  std::string text = "one two three four five six.\n\nseven eight nine ten eleven.";
  auto passages = split_passages(text, options);
  ASSERT_EQ(passages.size(), 2U);
  EXPECT_EQ(text_of(text, passages[0]), "one two three four five six.");
  EXPECT_EQ(text_of(text, passages[1]), "seven eight nine ten eleven.");
  text = "one two three. four five six \"seven.\" eight nine ten eleven twelve";
  passages = split_passages(text, {13, 0});
  ASSERT_EQ(passages.size(), 2U);
  EXPECT_EQ(text_of(text, passages[0]), "one two three. four five six \"seven.\"");
  text = "one two three four five six seven eight nine ten eleven twelve";
  passages = split_passages(text, options);
  ASSERT_EQ(passages.size(), 2U);
  EXPECT_EQ(text_of(text, passages[0]), "one two three four five six seven eight nine ten");
}

TEST(Passages, TheNextBeginsWithTheEndOfTheOneBefore) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "w" + std::to_string(i) + " ";
  const auto passages = split_passages(text, {100, 20});
  ASSERT_EQ(passages.size(), 4U);
  EXPECT_TRUE(text_of(text, passages[0]).ends_with("w99"));
  EXPECT_TRUE(text_of(text, passages[1]).starts_with("w80 "));
}

TEST(Passages, OfAnyTextAreInOrderWithinSizeAndCoverEveryWord) {
  platform::SeededRandom random(1);
  const std::vector<std::string> parts{"word", " ",       "\n", "\n\n", ". ", "日", "é", "\xFF", "supercalifragilistic",
                                       "?\"",  "\xE2\x80"};
  for (int round = 0; round < 400; ++round) {
    std::string text;
    for (std::uint64_t i = random.below(400); i > 0; --i) text += parts[random.below(parts.size())];
    const PassageOptions options{static_cast<std::uint32_t>(1 + random.below(60)),
                                 static_cast<std::uint32_t>(random.below(30))};
    const auto passages = split_passages(text, options);
    std::uint64_t covered = 0;
    for (std::size_t i = 0; i < passages.size(); ++i) {
      const Passage& passage = passages[i];
      ASSERT_GT(passage.length, 0U);
      ASSERT_LE(passage.offset + passage.length, text.size());
      ASSERT_LE(passage.tokens, options.tokens_max);
      if (i > 0) {
        ASSERT_GT(passage.offset, passages[i - 1].offset);
      }
      // Between two passages stands nothing but white space.
      if (passage.offset > covered) {
        ASSERT_EQ(text.substr(covered, passage.offset - covered).find_first_not_of(" \n"), std::string::npos);
      }
      covered = std::max(covered, passage.offset + passage.length);
      ASSERT_EQ(count_tokens(text_of(text, passage)), passage.tokens) << round;
    }
    if (covered < text.size()) {
      ASSERT_EQ(text.substr(covered).find_first_not_of(" \n"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace atl::vector
