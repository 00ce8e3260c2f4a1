// Sorting chunk ids: against a plain set, in memory, over the file, and where the file cannot be written.
#include "vault/chunk_sorter.h"

#include <gtest/gtest.h>

#include <set>

#include "foundation/platform/testing/test_machine.h"

namespace atl::vault {
namespace {

using platform::TestMachine;

ChunkId random_id(platform::SeededRandom& random) {
  ChunkId id;
  random.fill(id.bytes);
  return id;
}

std::vector<ChunkId> read_all(ChunkSorter& sorter) {
  std::vector<ChunkId> ids;
  for (;;) {
    const auto id = sorter.peek();
    EXPECT_TRUE(id) << id.error().message;
    if (!id || *id == nullptr) return ids;
    ids.push_back(**id);
    sorter.advance();
  }
}

class ChunkSorterTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(platform::create_directories(machine_.machine().files, "/staging")); }
  TestMachine machine_{1};
};

TEST_F(ChunkSorterTest, GivesEachBackOnceAndInOrder) {
  for (const codec::SealSuite suite : {codec::SealSuite::aes256gcm, codec::SealSuite::none}) {
    for (const std::size_t memory_bytes : {std::size_t{1}, 64 * kKiB, kChunkSorterBytes}) {
      for (const int count : {0, 1, 300, 50'000}) {
        SCOPED_TRACE(std::to_string(memory_bytes) + " bytes, " + std::to_string(count) + " ids");
        platform::SeededRandom random(static_cast<std::uint64_t>(count));
        ChunkSorter sorter(machine_.machine(), suite, "/staging", {}, memory_bytes);
        for (int round = 0; round < 2; ++round) {  // it can be used again
          std::set<ChunkId> expected;
          for (int i = 0; i < count; ++i) {
            ChunkId id = random_id(random);
            if (i % 7 == 0) id.bytes[0] = 42;                             // uneven parts
            if (i % 5 == 0 && !expected.empty()) id = *expected.begin();  // repeated
            if (i % 11 == 0 && !expected.empty()) {                       // alike but for the end
              id = *expected.rbegin();
              id.bytes[31] ^= 1;
            }
            sorter.add(id);
            expected.insert(id);
          }
          EXPECT_FALSE(sorter.is_full());
          EXPECT_EQ(sorter.count(), static_cast<std::uint64_t>(count));
          EXPECT_EQ(read_all(sorter), std::vector<ChunkId>(expected.begin(), expected.end()));
          sorter.clear();
        }
        EXPECT_TRUE(machine_.files.all_paths("/staging/*").empty()) << "the file has no name";
      }
    }
  }
}

TEST_F(ChunkSorterTest, MemoryStaysBoundedHoweverManyThereAre) {
  constexpr std::size_t kMemoryBytes = kMiB;
  constexpr int kCount = 400'000;  // 12.8 MB
  ChunkSorter sorter(machine_.machine(), codec::SealSuite::aes256gcm, "/staging", {}, kMemoryBytes);
  platform::SeededRandom random(5);
  for (int i = 0; i < kCount; ++i) {
    sorter.add(random_id(random));
    ASSERT_LE(sorter.memory_bytes(), kMemoryBytes) << i;
  }
  int seen = 0;
  for (;; ++seen) {
    const auto id = sorter.peek();
    ASSERT_TRUE(id);
    if (*id == nullptr) break;
    ASSERT_LE(sorter.memory_bytes(), kMemoryBytes + 4 * kCount / 256 * sizeof(ChunkId)) << seen;
    sorter.advance();
  }
  EXPECT_EQ(seen, kCount);
}

TEST_F(ChunkSorterTest, WithoutAFileItSaysWhenItIsFull) {
  for (const bool has_folder : {false, true}) {
    if (has_folder) machine_.files.set_read_only(true);
    ChunkSorter sorter(machine_.machine(), codec::SealSuite::aes256gcm, has_folder ? "/staging" : "", {}, 64 * kKiB);
    platform::SeededRandom random(3);
    std::set<ChunkId> expected;
    std::set<ChunkId> seen;
    for (int i = 0; i < 20'000; ++i) {
      const ChunkId id = random_id(random);
      expected.insert(id);
      sorter.add(id);
      if (!sorter.is_full()) continue;
      EXPECT_LE(sorter.count(), 64 * kKiB / 32 + 1);
      for (const ChunkId& each : read_all(sorter)) seen.insert(each);
      sorter.clear();
    }
    for (const ChunkId& each : read_all(sorter)) seen.insert(each);
    EXPECT_EQ(seen, expected);
  }
}

TEST_F(ChunkSorterTest, DiskThatFillsUpLosesNothing) {
  machine_.files.fail_next(platform::Operation::write, "/staging/*", ErrorKind::no_space, 1, 700);
  ChunkSorter sorter(machine_.machine(), codec::SealSuite::aes256gcm, "/staging", {}, 64 * kKiB);
  platform::SeededRandom random(4);
  std::set<ChunkId> expected;
  std::set<ChunkId> seen;
  int times_full = 0;
  for (int i = 0; i < 20'000; ++i) {
    const ChunkId id = random_id(random);
    expected.insert(id);
    sorter.add(id);
    if (!sorter.is_full()) continue;
    ++times_full;
    if (times_full == 1) {
      EXPECT_GT(sorter.count(), 5'000U) << "what was written before is here, too";
    }
    for (const ChunkId& each : read_all(sorter)) seen.insert(each);
    sorter.clear();
  }
  for (const ChunkId& each : read_all(sorter)) seen.insert(each);
  EXPECT_EQ(seen, expected);
  EXPECT_GT(times_full, 0);
}

// What is kept for removals on a full disk is not the sorter's.
TEST_F(ChunkSorterTest, TakesNoMoreOfTheDiskThanItMay) {
  constexpr std::uint64_t kMayUse = 100 * kKiB;
  std::uint64_t asked_bytes = 0;
  const auto check_room = [&](std::uint64_t bytes) -> Result<void> {
    if (asked_bytes + bytes > kMayUse) return fail(ErrorKind::no_space, "test.no_room", "there is no room");
    asked_bytes += bytes;
    return {};
  };
  ChunkSorter sorter(machine_.machine(), codec::SealSuite::aes256gcm, "/staging", check_room, 64 * kKiB);
  platform::SeededRandom random(6);
  std::set<ChunkId> expected;
  std::set<ChunkId> seen;
  for (int i = 0; i < 20'000; ++i) {
    const ChunkId id = random_id(random);
    expected.insert(id);
    sorter.add(id);
    if (!sorter.is_full()) continue;
    for (const ChunkId& each : read_all(sorter)) seen.insert(each);
    sorter.clear();
  }
  for (const ChunkId& each : read_all(sorter)) seen.insert(each);
  EXPECT_EQ(seen, expected);
  EXPECT_GT(asked_bytes, kMayUse / 2);
}

}  // namespace
}  // namespace atl::vault
