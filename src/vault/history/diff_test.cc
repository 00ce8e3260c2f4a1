#include "vault/history/diff.h"

#include <gtest/gtest.h>

#include "vault/testing/test_vault.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using platform::SeededRandom;
using platform::TestMachine;

TEST(DiffLines, AreThoseOfDiff) {
  EXPECT_EQ(diff_lines("a\nb\nc\n", "a\nb\nc\n"), "");
  EXPECT_EQ(diff_lines("a\nb\nc\n", "a\nx\nc\n"), "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
  EXPECT_EQ(diff_lines("", "a\n"), "@@ -0,0 +1 @@\n+a\n");
  EXPECT_EQ(diff_lines("a\n", ""), "@@ -1 +0,0 @@\n-a\n");
  EXPECT_EQ(diff_lines("a", "a\n"), "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
  EXPECT_EQ(diff_lines("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n"),
            "@@ -7,3 +7,4 @@\n 7\n 8\n 9\n+10\n");
}

// Two hunks where the changes lie far apart, one where they do not; applying the hunks gives the newer text.
std::string patched(const std::string& before, const std::string& hunks) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < before.size();) {
    const std::size_t end = before.find('\n', at) + 1;
    lines.push_back(before.substr(at, end - at));
    at = end;
  }
  std::string out;
  std::size_t next = 0;
  for (std::size_t at = 0; at < hunks.size();) {
    const std::size_t end = hunks.find('\n', at) + 1;
    const std::string line = hunks.substr(at, end - at);
    at = end;
    if (line.starts_with("@@ -")) {
      const std::size_t first = std::stoul(line.substr(4));
      const bool is_empty = line.substr(4, line.find(' ', 4) - 4).ends_with(",0");
      for (const std::size_t until = is_empty ? first : first - 1; next < until;) out += lines[next++];
    } else if (line[0] == ' ') {
      EXPECT_EQ(lines[next], line.substr(1));
      out += lines[next++];
    } else if (line[0] == '-') {
      EXPECT_EQ(lines[next++], line.substr(1));
    } else {
      out += line.substr(1);
    }
  }
  while (next < lines.size()) out += lines[next++];
  return out;
}

TEST(DiffLines, HunksTurnOneTextIntoTheOther) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SeededRandom random(seed);
    const auto text = [&](std::size_t lines) {
      std::string out;
      for (std::size_t i = 0; i < lines; ++i) out += std::string(1, static_cast<char>('a' + random.below(4))) + "\n";
      return out;
    };
    const std::string before = text(random.below(40));
    std::string after = before;
    for (std::uint64_t i = random.below(6); i > 0; --i) {
      const std::size_t at = random.below(after.size() / 2 + 1) * 2;
      if (random.one_in(2)) {
        after.insert(at, "x\n");
      } else if (at < after.size()) {
        after.erase(at, 2);
      }
    }
    if (random.one_in(5)) after = text(random.below(40));
    const auto hunks = diff_lines(before, after);
    ASSERT_TRUE(hunks);
    ASSERT_EQ(patched(before, *hunks), after) << "seed " << seed << "\n" << *hunks;
  }
}

TEST(DiffLines, TextsThatShareNothingAreRefusedNotComputedForHours) {
  std::string a;
  std::string b;
  for (int i = 0; i < 30'000; ++i) {
    a += "a" + std::to_string(i) + "\n";
    b += "b" + std::to_string(i) + "\n";
  }
  EXPECT_FALSE(diff_lines(a, b));
  EXPECT_FALSE(looks_like_text(std::string_view("a\0b", 3)));
  EXPECT_TRUE(looks_like_text("a\nb"));
}

TEST(DiffContents, ChangedRangesAreWhereTheyAre) {
  TestMachine machine;
  ASSERT_EQ(told(create_small(machine.inline_machine())), "ok");
  const auto vault = std::move(*open_small(machine.inline_machine()));
  Bytes bytes = noise(1, 3'000'000);
  ASSERT_EQ(told(put_bytes(*vault, "some-bucket", "a", bytes)), "ok");
  const auto before = Objects(*vault).find("some-bucket", "a").value().version.content;
  for (std::size_t i = 1'500'000; i < 1'500'100; ++i) bytes[i] ^= 0xFF;
  ASSERT_EQ(told(put_bytes(*vault, "some-bucket", "a", bytes)), "ok");
  const auto after = Objects(*vault).find("some-bucket", "a").value().version.content;
  const auto difference = diff_contents(vault->chunks(), before, after);
  ASSERT_EQ(told(difference), "ok");
  EXPECT_EQ(difference->shared_bytes + difference->changed_bytes, bytes.size());
  EXPECT_LT(difference->changed_bytes, 400'000U);
  ASSERT_EQ(difference->changed.size(), 1U);
  EXPECT_LE(difference->changed[0].offset, 1'500'000U);
  EXPECT_GE(difference->changed[0].offset + difference->changed[0].length, 1'500'100U);
}

}  // namespace
}  // namespace atl::vault
