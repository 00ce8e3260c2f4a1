// The key hash, and pages of a cache-line blocked Bloom filter (Putze, Sanders, Singler, "Cache-, Hash- and
// Space-Efficient Bloom Filters", JEA 2009). A page holds 63 lines of 512 bits and serves a range of data blocks. The
// hash folds 128-bit products (the "mum" step of wyhash). It is no cryptographic hash: its seed is secret per index,
// and whoever finds collisions makes gets slower, not wrong.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "foundation/base/bytes.h"
#include "store/run/internal/format.h"

namespace atl::run::internal {

[[nodiscard]] inline std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline constexpr std::uint64_t kFold1 = 0x9E37'79B9'7F4A'7C15;
inline constexpr std::uint64_t kFold2 = 0xD1B5'4A32'D192'ED03;
inline constexpr std::uint64_t kFold3 = 0x8CB9'2BA7'2F3D'8DD7;

[[nodiscard]] inline std::uint64_t hash_key(ByteView key, std::uint64_t seed) {
  std::uint64_t h = fold(seed ^ kFold1, key.size() ^ kFold2);
  std::size_t at = 0;
  for (; at + 8 <= key.size(); at += 8) h = fold(load_le<std::uint64_t>(key.data() + at) ^ h, kFold1);
  if (at < key.size()) {
    std::uint64_t tail = 0;
    std::memcpy(&tail, key.data() + at, key.size() - at);
    h = fold(tail ^ h, kFold3);
  }
  return fold(h ^ kFold2, kFold3);
}

// Where a hash sets its bits: one line by the upper half, 9 bits each of a second mix within the line.
struct FilterSpot {
  std::size_t line = 0;
  std::uint64_t bits = 0;
};
[[nodiscard]] inline FilterSpot filter_spot(std::uint64_t hash) {
  return {static_cast<std::size_t>(((hash >> 32) * kFilterLines) >> 32), fold(hash ^ kFold3, kFold1)};
}

inline void filter_add(ByteSpan page, std::uint64_t hash, unsigned probes) {
  const FilterSpot spot = filter_spot(hash);
  std::uint8_t* line = page.data() + spot.line * kFilterLineBytes;
  std::uint64_t bits = spot.bits;
  for (unsigned i = 0; i < probes; ++i, bits >>= 9) {
    line[(bits & 511) >> 3] = static_cast<std::uint8_t>(line[(bits & 511) >> 3] | (1U << (bits & 7)));
  }
}

[[nodiscard]] inline bool filter_may_hold(const std::uint8_t* page, std::uint64_t hash, unsigned probes) {
  const FilterSpot spot = filter_spot(hash);
  const std::uint8_t* line = page + spot.line * kFilterLineBytes;
  std::uint64_t bits = spot.bits;
  for (unsigned i = 0; i < probes; ++i, bits >>= 9) {
    if ((line[(bits & 511) >> 3] >> (bits & 7) & 1) == 0) return false;
  }
  return true;
}

// How many keys of a new run of `entries` should share a page, so that all filters of the set fit `bytes_max` (an
// eighth of it is left for growth until the next merge) and a get that finds nothing reads the fewest blocks. A false
// answer costs a block read whatever run it comes from, so bits go where they are cheap: runs that are half as long
// get 1.44 bits per key more (Dayan, Athanassoulis, Idreos, "Monkey", SIGMOD 2017).
[[nodiscard]] inline std::size_t filter_entries_per_page(std::uint64_t entries,
                                                         const std::vector<std::uint64_t>& entries_of_others,
                                                         std::size_t bytes_max, unsigned bits_min, unsigned bits_max) {
  auto total = static_cast<double>(entries);
  for (const std::uint64_t other : entries_of_others) total += static_cast<double>(other);
  const auto extra_bits = [total](std::uint64_t count) {
    return count == 0 ? 0.0 : 1.4427 * std::log2(total / static_cast<double>(count));
  };
  double mean_extra = extra_bits(entries) * static_cast<double>(entries);
  for (const std::uint64_t other : entries_of_others) mean_extra += extra_bits(other) * static_cast<double>(other);
  mean_extra /= std::max(total, 1.0);
  const double mean_bits = static_cast<double>(bytes_max) * 8 * 7 / 8 / std::max(total, 1.0);
  const double bits = std::clamp(mean_bits - mean_extra + extra_bits(entries), static_cast<double>(bits_min),
                                 static_cast<double>(bits_max));
  return static_cast<std::size_t>(static_cast<double>(kFilterPageBits) / bits);
}

// Bits set per key for a page that is meant to take `entries_per_page` keys: 0.69 times bits per key.
[[nodiscard]] inline std::uint8_t filter_probes_for(std::size_t entries_per_page) {
  const double best = 0.693 * static_cast<double>(kFilterPageBits) / static_cast<double>(entries_per_page);
  return static_cast<std::uint8_t>(best < 1.0 ? 1 : best > 7.0 ? 7 : best + 0.5);
}

}  // namespace atl::run::internal
