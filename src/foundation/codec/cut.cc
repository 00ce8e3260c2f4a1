// The rolling hash is gear: h = 2 h + gear[byte], so bit i depends on the last i + 1 bytes only, and every byte leaves
// the hash after 64 steps. The hash is run over the 64 bytes before the shortest cut, so that the decision at a place
// depends on the 64 bytes before it and on nothing else: that is what lets cuts fall into step again after an
// insertion.
//
// Normalised cutting, level 2: up to a switch point a cut needs two zero bits more than log2(average), behind it two
// bits less. With the first place at a quarter of the average and the switch point at 13/16 of it, the mean length over
// random data is 0.25 + 4 (1 - e^-0.1406) + 0.25 e^-0.1406 = 0.99 averages.
#include "foundation/codec/cut.h"

#include <blake3.h>

#include <algorithm>
#include <bit>

namespace atl::codec {
namespace {

constexpr std::size_t kWindowBytes = 64;

// `count` one bits in every second place from the top: a wide stretch of the window takes part in each decision.
constexpr std::uint64_t spread_mask(unsigned count) {
  std::uint64_t mask = 0;
  for (unsigned i = 0; i < count; ++i) mask |= std::uint64_t{1} << (63 - 2 * i);
  return mask;
}

// Place behind the first byte in [from, to) after which the hash has no bit of `mask`; `to` where there is none, and
// then `hash` is the state at `to`. A hit leaves `hit` true.
std::size_t scan(const std::uint8_t* data, std::size_t from, std::size_t to, const std::uint64_t* gear,
                 std::uint64_t mask, std::uint64_t& hash, bool& hit) {
  std::uint64_t h = hash;
  std::size_t at = from;
  // Two bytes per step: the chain from step to step is one shift and one addition, the hash between is beside it.
  for (; at + 2 <= to; at += 2) {
    const std::uint64_t first = gear[data[at]];
    std::uint64_t both = (first << 1) + gear[data[at + 1]];
#if defined(__GNUC__)
    // Compilers would join this sum with `middle` and so put both additions into the chain: half again as slow.
    asm("" : "+r"(both));  // NOLINT(hicpp-no-assembler)
#endif
    const std::uint64_t middle = (h << 1) + first;
    h = (h << 2) + both;
    if ((middle & mask) == 0) [[unlikely]] {
      hit = true;
      return at + 1;
    }
    if ((h & mask) == 0) [[unlikely]] {
      hit = true;
      return at + 2;
    }
  }
  if (at < to) {
    h = (h << 1) + gear[data[at++]];
    if ((h & mask) == 0) {
      hit = true;
      return at;
    }
  }
  hash = h;
  return at;
}

}  // namespace

CutterLimits limits_of(CutterNumber number) {
  constexpr std::uint32_t kib = 1024;
  switch (number) {
    case CutterNumber::small: return {8 * kib, 32 * kib, 128 * kib};
    case CutterNumber::large: return {128 * kib, 512 * kib, 4096 * kib};
    case CutterNumber::whole: break;
  }
  ATOLL_INVARIANT(false, "content that is one chunk is not cut");
}

bool is_known_cutter(std::uint8_t number) { return number <= static_cast<std::uint8_t>(CutterNumber::large); }

GearTable make_gear_table(const SecretKey& gear_key) {
  std::array<std::uint8_t, sizeof(GearTable)> stream;
  blake3_hasher hasher;
  blake3_hasher_init_keyed(&hasher, gear_key.view().data());
  blake3_hasher_update(&hasher, "atoll gear", 10);
  blake3_hasher_finalize(&hasher, stream.data(), stream.size());
  GearTable table;
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = load_le<std::uint64_t>(stream.data() + 8 * i);
  wipe(stream);
  wipe({reinterpret_cast<std::uint8_t*>(&hasher), sizeof hasher});  // NOLINT
  return table;
}

Cutter::Cutter(CutterNumber number, const GearTable& gear) : gear_(&gear), limits_(limits_of(number)) {
  const auto bits = static_cast<unsigned>(std::bit_width(limits_.average_bytes) - 1);
  mask_before_average_ = spread_mask(bits + 2);
  mask_after_average_ = spread_mask(bits - 2);
}

std::size_t Cutter::first_cut(ByteView window, bool is_end) const {
  ATOLL_INVARIANT(is_end || window.size() >= limits_.max_bytes, "a window inside the content holds the longest chunk");
  if (window.size() <= limits_.min_bytes) return window.size();
  const std::size_t end = std::min<std::size_t>(window.size(), limits_.max_bytes);
  const std::size_t switch_at = std::min<std::size_t>(end, limits_.average_bytes / 16 * 13);
  const std::uint8_t* data = window.data();
  const std::uint64_t* gear = gear_->data();
  std::uint64_t hash = 0;
  for (std::size_t at = limits_.min_bytes - kWindowBytes; at < limits_.min_bytes; ++at)
    hash = (hash << 1) + gear[data[at]];
  bool hit = false;
  std::size_t at = scan(data, limits_.min_bytes, switch_at, gear, mask_before_average_, hash, hit);
  if (!hit) at = scan(data, at, end, gear, mask_after_average_, hash, hit);
  return at;
}

}  // namespace atl::codec
