// Small unsigned numbers in few bytes: blocks of 128 packed by bits, and single ones as varints.
//
// A block follows "patched frame of reference" (Zukowski et al., "Super-Scalar RAM-CPU Cache Compression", ICDE 2006)
// over the interleaved layout of Lemire and Boytsov ("Decoding billions of integers per second through vectorization",
// 2015): value 4i + lane stands in row i of its lane, so that one instruction on four lanes unpacks four values. It is
// written with the compilers' vector type of 16 bytes, which every 64-bit processor has: nothing to choose at run time.
//
//   u8 width (0..32), u8 exceptions, 16 * width bytes, then per exception: u8 index, varint (value >> width)
//
// Always true: reading never goes past `end`; what cannot be a block is answered with nullptr.
// Thread rules: pure functions. Complexity: linear.
#pragma once

#include <cstdint>
#include <span>

#include "foundation/base/bytes.h"

namespace atl::text::internal {

inline constexpr std::size_t kBlockValues = 128;
using BlockValues = std::array<std::uint32_t, kBlockValues>;

void put_varint(Bytes& out, std::uint64_t value);
// Moves `at` behind the number. False where there is none before `end`.
[[nodiscard]] inline bool get_varint(const std::uint8_t*& at, const std::uint8_t* end, std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && at != end; shift += 7) {
    const std::uint8_t byte = *at++;
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

void pack_block(const BlockValues& values, Bytes& out);
// The place behind the block.
[[nodiscard]] const std::uint8_t* unpack_block(const std::uint8_t* at, const std::uint8_t* end, BlockValues& values);

// Any count: whole blocks packed, the rest as varints.
void pack_run(std::span<const std::uint32_t> values, Bytes& out);
[[nodiscard]] const std::uint8_t* unpack_run(const std::uint8_t* at, const std::uint8_t* end,
                                             std::span<std::uint32_t> values);

}  // namespace atl::text::internal
