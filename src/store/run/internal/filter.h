// The key hash, and pages of a cache-line blocked Bloom filter (Putze, Sanders, Singler, "Cache-, Hash- and
// Space-Efficient Bloom Filters", JEA 2009). A page holds 63 lines of 512 bits and serves a range of data blocks. The
// hash folds 128-bit products (the "mum" step of wyhash). It is no cryptographic hash: its seed is secret per index,
// and whoever finds collisions makes gets slower, not wrong.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

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

// How many keys of a new run of `entries` should share a page, where the other runs leave `bytes_left` of the filter
// budget. A run takes about a third of what is left: runs are merged into longer and longer ones, so whatever is spent
// on a long run will be missing for the shorter ones that come after it, and one run without a resident filter costs
// every get a read, more than all others together. As runs shrink by factors, short ones still end up with the most
// bits per key, which is where they save the most (Dayan, Athanassoulis, Idreos, "Monkey", SIGMOD 2017). A test plays
// it through.
[[nodiscard]] inline std::size_t filter_entries_per_page(std::uint64_t entries, std::size_t bytes_left,
                                                         unsigned bits_min, unsigned bits_max) {
  constexpr double share = 0.35;
  const double bits =
      share * 8 * static_cast<double>(bytes_left) / static_cast<double>(std::max<std::uint64_t>(entries, 1));
  const double bits_per_key = std::clamp(bits, static_cast<double>(bits_min), static_cast<double>(bits_max));
  return static_cast<std::size_t>(static_cast<double>(kFilterPageBits) / bits_per_key);
}

// Bits set per key for a page that is meant to take `entries_per_page` keys: 0.69 times bits per key.
[[nodiscard]] inline std::uint8_t filter_probes_for(std::size_t entries_per_page) {
  const double best = 0.693 * static_cast<double>(kFilterPageBits) / static_cast<double>(entries_per_page);
  return static_cast<std::uint8_t>(best < 1.0 ? 1 : best > 7.0 ? 7 : best + 0.5);
}

}  // namespace atl::run::internal
