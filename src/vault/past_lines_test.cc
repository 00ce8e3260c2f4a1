#include "vault/past_lines.h"

#include <gtest/gtest.h>

namespace atl::vault {
namespace {

using Words = std::vector<std::string_view>;

TEST(PastLines, TheNewestStandsFirstAndTheOldestGoes) {
  std::string past;
  for (const char* line : {"one 1", "two 2", "three 3", "four 4"}) past = with_line(line, past, 3);
  EXPECT_EQ(past, "four 4\nthree 3\ntwo 2\n");
  EXPECT_EQ(past_lines(past), (std::vector<Words>{{"four", "4"}, {"three", "3"}, {"two", "2"}}));
  EXPECT_EQ(with_line("new", past, 1), "new\n");
}

TEST(PastLines, AnythingIsTakenApart) {
  EXPECT_TRUE(past_lines("").empty());
  EXPECT_TRUE(past_lines("\n\n").empty());
  EXPECT_EQ(past_lines("a  b"), (std::vector<Words>{{"a", "", "b"}}));
  EXPECT_EQ(with_line("a", "no end", 5), "a\nno end\n");
}

}  // namespace
}  // namespace atl::vault
