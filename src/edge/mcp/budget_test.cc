#include "edge/mcp/budget.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "foundation/base/bytes.h"

namespace atl::mcp {
namespace {

TEST(Budget, CountsFourCharactersOfAsciiAsOneTokenAndEveryOtherAsOne) {
  EXPECT_EQ(tokens_of(""), 0U);
  EXPECT_EQ(tokens_of("a"), 1U);
  EXPECT_EQ(tokens_of("four"), 1U);
  EXPECT_EQ(tokens_of("fives"), 2U);
  EXPECT_EQ(tokens_of("日本語"), 3U);
  EXPECT_EQ(tokens_of("über"), 2U);
}

TEST(Budget, CutsBehindABlankAndNeverWithinACharacter) {
  EXPECT_EQ(fitting_bytes("one two three", 100), 13U);
  EXPECT_EQ(fitting_bytes("the boiler was mended in may", 4), std::string("the boiler was ").size());
  EXPECT_EQ(fitting_bytes(std::string(100, 'x'), 5), 20U) << "a word without an end";
  EXPECT_EQ(fitting_bytes("日本語", 2), 6U);
  EXPECT_EQ(fitting_bytes("", 5), 0U);
  EXPECT_EQ(fitting_bytes("日", 0), 3U) << "it always goes on";
}

TEST(Budget, PiecesOfAnyTextFitAreWholeCharactersAndMakeItUpAgain) {
  std::mt19937 random(4711);
  const std::string letters[] = {"a", "b", " ", "\n", "ü", "語", "𝄞", "word ", "longerword"};
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (unsigned i = random() % 200; i > 0; --i) text += letters[random() % std::size(letters)];
    const std::uint64_t tokens = 1 + random() % 20;
    std::string_view left = text;
    std::string whole;
    while (!left.empty()) {
      const std::size_t bytes = fitting_bytes(left, tokens);
      ASSERT_GT(bytes, 0U);
      const std::string_view piece = left.substr(0, bytes);
      ASSERT_TRUE(is_utf8(piece)) << round;
      ASSERT_LE(tokens_of(piece), tokens) << round;
      whole += piece;
      left.remove_prefix(bytes);
    }
    ASSERT_EQ(whole, text);
  }
}

}  // namespace
}  // namespace atl::mcp
