// What the cache of rows keeps, gives back and makes room with.
#include <gtest/gtest.h>

#include <array>

#include "derived/vector/internal/row_cache.h"
#include "foundation/base/units.h"

namespace atl::vector::internal {
namespace {

constexpr std::size_t kRowBytes = 768;

std::array<std::uint8_t, kRowBytes> row_of(std::uint64_t number) {
  std::array<std::uint8_t, kRowBytes> row{};
  row.fill(static_cast<std::uint8_t>(number * 7));
  store_le(row.data(), number);
  return row;
}

TEST(RowCache, GivesBackWhatWasPutAndNothingElse) {
  RowCache cache(kMiB, kRowBytes);
  std::array<std::uint8_t, kRowBytes> out{};
  EXPECT_FALSE(cache.get(1, 5, out));
  EXPECT_EQ(cache.bytes(), 0U);
  cache.put(1, 5, row_of(5));
  EXPECT_FALSE(cache.get(2, 5, out)) << "of another file";
  EXPECT_FALSE(cache.get(1, 6, out));
  ASSERT_TRUE(cache.get(1, 5, out));
  EXPECT_EQ(out, row_of(5));
  EXPECT_EQ(cache.bytes(), kRowBytes);
}

TEST(RowCache, KeepsWithinItsBytesAndPrefersWhatIsUsed) {
  constexpr std::size_t kBytesMax = 64 * kRowBytes;
  RowCache cache(kBytesMax, kRowBytes);
  std::array<std::uint8_t, kRowBytes> out{};
  cache.put(1, 0, row_of(0));
  for (std::uint64_t i = 1; i < 1000; ++i) {
    cache.put(1, i, row_of(i));
    ASSERT_TRUE(cache.get(1, 0, out)) << i;
    ASSERT_TRUE(cache.get(1, i, out));
    EXPECT_EQ(out, row_of(i));
  }
  EXPECT_LE(cache.bytes(), kBytesMax);
  EXPECT_GE(cache.bytes(), kBytesMax / 2);
  EXPECT_FALSE(cache.get(1, 1, out));
}

TEST(RowCache, OfNoBytesKeepsNothing) {
  RowCache cache(0, kRowBytes);
  std::array<std::uint8_t, kRowBytes> out{};
  cache.put(1, 0, row_of(0));
  EXPECT_FALSE(cache.get(1, 0, out));
  EXPECT_EQ(cache.bytes(), 0U);
}

}  // namespace
}  // namespace atl::vector::internal
