#include "foundation/platform/testing/memory_content.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "foundation/base/units.h"
#include "foundation/platform/testing/test_machine.h"

namespace atl::platform {
namespace {

Bytes all_of(const Content& content) {
  Bytes bytes(content.size() + 10, 0xee);
  const auto count = content.read(0, bytes);
  EXPECT_EQ(count, content.size());
  bytes.resize(count);
  return bytes;
}

// The same operations on a plain vector.
struct Model {
  Bytes bytes;
  void write(std::uint64_t offset, ByteView data) {
    if (data.empty()) return;
    bytes.resize(std::max<std::size_t>(bytes.size(), offset + data.size()));
    std::copy(data.begin(), data.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
  }
};

TEST(MemoryContentTest, RandomChangesGiveWhatAPlainVectorGivesAndCopiesStayAsTheyWere) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed);
    Content content;
    Model model;
    Content copy;
    Bytes copied;
    for (int i = 0; i < 150; ++i) {
      const auto offset = random.below(150'000);
      switch (random.below(5)) {
        case 0: {
          content.set_size(offset);
          model.bytes.resize(offset);
          break;
        }
        case 1: {
          const auto length = random.below(80'000);
          content.write_zeros(offset, length);
          model.write(offset, Bytes(length));
          break;
        }
        case 2: {
          ASSERT_EQ(all_of(copy), copied);
          copy = content;
          copied = model.bytes;
          break;
        }
        default: {
          const auto data = random.bytes(random.below(random.one_in(2) ? 100 : 70'000));
          content.write(offset, data);
          model.write(offset, data);
        }
      }
      ASSERT_EQ(content.size(), model.bytes.size());
      if (i % 10 == 0) {
        ASSERT_EQ(all_of(content), model.bytes);
      }
    }
    ASSERT_EQ(all_of(content), model.bytes);
    ASSERT_EQ(all_of(copy), copied);
  }
}

TEST(MemoryContentTest, AdoptingTheChangedRangesMakesTwoEqual) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed);
    Content ahead;
    Content behind;
    for (int round = 0; round < 20; ++round) {
      std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
      for (int i = 0; i < 5; ++i) {
        const auto offset = random.below(300'000);
        const auto data = random.one_in(3) ? Bytes(random.below(50'000)) : random.bytes(random.below(50'000));
        ahead.write(offset, data);
        ranges.emplace_back(offset, data.size());
      }
      for (const auto& [offset, length] : ranges) behind.adopt(ahead, offset, length);
      ASSERT_EQ(all_of(behind), all_of(ahead));
      ASSERT_EQ(behind.allocated_bytes(), ahead.allocated_bytes());
    }
  }
}

TEST(MemoryContentTest, PagesCountOnceAndOnlyWhereWritten) {
  Content content;
  content.set_size(kGiB);
  EXPECT_EQ(content.allocated_bytes(), 0U);
  content.write(4095, as_bytes("xy"));
  EXPECT_EQ(content.allocated_bytes(), 8192U);
  content.write(0, Bytes(8192));  // zeros take room as well
  EXPECT_EQ(content.allocated_bytes(), 8192U);
  content.write_zeros(kMiB, 1);
  EXPECT_EQ(content.allocated_bytes(), 12'288U);
  content.set_size(4097);
  EXPECT_EQ(content.allocated_bytes(), 8192U);
  content.set_size(4096);
  EXPECT_EQ(content.allocated_bytes(), 4096U);
  content.set_size(0);
  EXPECT_EQ(content.allocated_bytes(), 0U);
}

TEST(MemoryContentTest, FittingStopsAtThePageThatHasNoRoom) {
  Content content;
  content.write(4096, as_bytes("x"));
  EXPECT_EQ(content.fitting(0, 20'000, 10), 20'000U);
  EXPECT_EQ(content.fitting(100, 20'000, 2), 3 * 4096U - 100);  // pages 0 and 2 are new, 1 is there
  EXPECT_EQ(content.fitting(100, 20'000, 0), 0U);
  EXPECT_EQ(content.fitting(4096, 4096, 0), 4096U);
  EXPECT_EQ(content.fitting(0, 0, 0), 0U);
}

TEST(MemoryContentTest, ZerosAreRecognised) {
  EXPECT_TRUE(is_all_zero({}));
  EXPECT_TRUE(is_all_zero(Bytes(1000)));
  for (const std::size_t at : {0U, 1U, 500U, 999U}) {
    Bytes bytes(1000);
    bytes[at] = 1;
    EXPECT_FALSE(is_all_zero(bytes)) << at;
  }
}

}  // namespace
}  // namespace atl::platform
