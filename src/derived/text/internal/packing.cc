#include "derived/text/internal/packing.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace atl::text::internal {
namespace {

constexpr std::size_t kRows = 32;
using Row = std::uint32_t __attribute__((vector_size(16)));

Row load(const void* from) {
  Row row;
  std::memcpy(&row, from, sizeof row);
  return row;
}

// Operands in all four lanes: compilers differ in what they let a vector meet.
Row all_lanes(std::uint32_t value) { return Row{value, value, value, value}; }

template <unsigned Width, std::size_t I>
void unpack_row(const std::uint8_t* in, std::uint32_t* out) {
  constexpr unsigned bit = static_cast<unsigned>(I) * Width;
  constexpr unsigned word = bit / 32;
  constexpr unsigned shift = bit % 32;
  Row value = load(in + word * sizeof(Row)) >> all_lanes(shift);
  if constexpr (shift + Width > 32) value |= load(in + (word + 1) * sizeof(Row)) << all_lanes(32 - shift);
  if constexpr (Width < 32) value &= all_lanes((std::uint32_t{1} << Width) - 1);
  std::memcpy(out + I * 4, &value, sizeof value);
}

template <unsigned Width>
void unpack_rows(const std::uint8_t* in, std::uint32_t* out) {
  if constexpr (Width == 0) {
    std::fill_n(out, kBlockValues, 0U);
  } else {
    [&]<std::size_t... I>(std::index_sequence<I...>) { (unpack_row<Width, I>(in, out), ...); }
    (std::make_index_sequence<kRows>());
  }
}

using Unpack = void (*)(const std::uint8_t*, std::uint32_t*);
template <std::size_t... Width>
constexpr std::array<Unpack, sizeof...(Width)> make_table(std::index_sequence<Width...>) {
  return {&unpack_rows<static_cast<unsigned>(Width)>...};
}
constexpr auto kUnpack = make_table(std::make_index_sequence<33>());

// Writing is rarer than reading: one loop for all widths.
void pack_rows(const BlockValues& values, unsigned width, Bytes& out) {
  if (width == 0) return;
  const Row mask = all_lanes(width == 32 ? ~0U : (1U << width) - 1);
  Row word{};
  unsigned used = 0;
  const auto write = [&] {
    const auto at = out.size();
    out.resize(at + sizeof word);
    std::memcpy(out.data() + at, &word, sizeof word);
  };
  for (std::size_t i = 0; i < kRows; ++i) {
    const Row value = load(values.data() + i * 4) & mask;
    word |= value << all_lanes(used);
    used += width;
    if (used >= 32) {
      write();
      used -= 32;
      word = used == 0 ? Row{} : value >> all_lanes(width - used);
    }
  }
}

unsigned width_of(std::uint32_t value) { return static_cast<unsigned>(std::bit_width(value)); }

}  // namespace

void put_varint(Bytes& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<std::uint8_t>(value));
}

void pack_block(const BlockValues& values, Bytes& out) {
  // How many values have each width, to find the width at which packed bits and exceptions together are least.
  std::array<std::uint32_t, 33> of_width{};
  for (const std::uint32_t value : values) ++of_width[width_of(value)];
  unsigned best = 32;
  while (best > 0 && of_width[best] == 0) --best;
  std::size_t best_bytes = std::size_t{16} * best;
  std::size_t exceptions = 0;
  std::size_t wider_bits = 0;  // widths of all exceptions together
  for (unsigned width = best; width-- > 0;) {
    exceptions += of_width[width + 1];
    wider_bits += std::size_t{of_width[width + 1]} * (width + 1);
    const std::size_t bytes = std::size_t{16} * width + 2 * exceptions + (wider_bits - exceptions * width) / 8;
    if (bytes < best_bytes && exceptions < kBlockValues) {
      best_bytes = bytes;
      best = width;
    }
  }
  const std::size_t head = out.size();
  out.push_back(static_cast<std::uint8_t>(best));
  out.push_back(0);
  pack_rows(values, best, out);
  if (best == 32) return;
  for (std::size_t i = 0; i < kBlockValues; ++i) {
    const std::uint32_t high = values[i] >> best;
    if (high == 0) continue;
    ++out[head + 1];
    out.push_back(static_cast<std::uint8_t>(i));
    put_varint(out, high);
  }
}

const std::uint8_t* unpack_block(const std::uint8_t* at, const std::uint8_t* end, BlockValues& values) {
  if (end - at < 2 || at[0] > 32) return nullptr;
  const unsigned width = at[0];
  const unsigned exceptions = at[1];
  at += 2;
  if (static_cast<std::size_t>(end - at) < std::size_t{16} * width) return nullptr;
  kUnpack[width](at, values.data());
  at += std::size_t{16} * width;
  for (unsigned i = 0; i < exceptions; ++i) {
    if (at == end || *at >= kBlockValues || width == 32) return nullptr;
    const std::size_t index = *at++;
    std::uint64_t high = 0;
    if (!get_varint(at, end, high)) return nullptr;
    values[index] |= static_cast<std::uint32_t>(high << width);
  }
  return at;
}

void pack_run(std::span<const std::uint32_t> values, Bytes& out) {
  BlockValues block;
  while (values.size() >= kBlockValues) {
    std::copy_n(values.begin(), kBlockValues, block.begin());
    pack_block(block, out);
    values = values.subspan(kBlockValues);
  }
  for (const std::uint32_t value : values) put_varint(out, value);
}

const std::uint8_t* unpack_run(const std::uint8_t* at, const std::uint8_t* end, std::span<std::uint32_t> values) {
  BlockValues block;
  while (values.size() >= kBlockValues) {
    at = unpack_block(at, end, block);
    if (at == nullptr) return nullptr;
    std::ranges::copy(block, values.begin());
    values = values.subspan(kBlockValues);
  }
  for (std::uint32_t& value : values) {
    std::uint64_t wide = 0;
    if (!get_varint(at, end, wide)) return nullptr;
    value = static_cast<std::uint32_t>(wide);
  }
  return at;
}

}  // namespace atl::text::internal
