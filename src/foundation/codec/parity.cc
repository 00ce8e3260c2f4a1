#include "foundation/codec/parity.h"

#include <isa-l/erasure_code.h>

#include <algorithm>
#include <array>

namespace atl::codec {
namespace {

// Long blocks are worked on in strips, so that those of all blocks of one step stay in the second-level cache.
constexpr std::size_t kStripBytes = std::size_t{32} * 1024;
constexpr std::size_t kTableBytesPerPair = 32;

using Pointers = std::array<std::uint8_t*, 255>;

// ISA-L declares its inputs mutable; it only reads tables and sources.
std::uint8_t* unconst(const std::uint8_t* pointer) { return const_cast<std::uint8_t*>(pointer); }  // NOLINT

void multiply(unsigned inputs, unsigned outputs, const Bytes& tables, Pointers& from, Pointers& to, std::size_t bytes) {
  for (std::size_t at = 0; at < bytes;) {
    const std::size_t step = std::min(kStripBytes, bytes - at);
    ec_encode_data(static_cast<int>(step), static_cast<int>(inputs), static_cast<int>(outputs), unconst(tables.data()),
                   from.data(), to.data());
    for (unsigned i = 0; i < inputs; ++i) from[i] += step;
    for (unsigned i = 0; i < outputs; ++i) to[i] += step;
    at += step;
  }
}

}  // namespace

ReedSolomon::ReedSolomon(unsigned data_count, unsigned parity_count)
    : data_count_(data_count), parity_count_(parity_count) {
  ATOLL_INVARIANT(data_count >= 1 && parity_count >= 1 && data_count <= 254 && parity_count <= 254 &&
                      data_count + parity_count <= 255,
                  "the counts were checked by the format");
  matrix_.resize(std::size_t{data_count + parity_count} * data_count);
  gf_gen_cauchy1_matrix(matrix_.data(), static_cast<int>(data_count + parity_count), static_cast<int>(data_count));
  encode_tables_.resize(kTableBytesPerPair * data_count * parity_count);
  ec_init_tables(static_cast<int>(data_count), static_cast<int>(parity_count),
                 matrix_.data() + std::size_t{data_count} * data_count, encode_tables_.data());
}

void ReedSolomon::encode(std::span<const ByteView> data, std::span<const ByteSpan> parity) const {
  ATOLL_INVARIANT(data.size() == data_count_ && parity.size() == parity_count_, "one block for each place");
  const std::size_t bytes = data[0].size();
  Pointers from{};
  Pointers to{};
  for (std::size_t i = 0; i < data.size(); ++i) {
    ATOLL_INVARIANT(data[i].size() == bytes, "all blocks have one length");
    from[i] = unconst(data[i].data());
  }
  for (std::size_t i = 0; i < parity.size(); ++i) {
    ATOLL_INVARIANT(parity[i].size() == bytes, "all blocks have one length");
    to[i] = parity[i].data();
  }
  multiply(data_count_, parity_count_, encode_tables_, from, to, bytes);
}

bool ReedSolomon::reconstruct(std::span<const ByteSpan> blocks, const std::vector<bool>& is_missing) const {
  const std::size_t k = data_count_;
  const std::size_t total = k + parity_count_;
  ATOLL_INVARIANT(blocks.size() == total && is_missing.size() == total, "one block for each place");
  const std::size_t bytes = blocks[0].size();
  for (const ByteSpan& block : blocks) ATOLL_INVARIANT(block.size() == bytes, "all blocks have one length");
  std::vector<std::size_t> missing;
  std::vector<std::size_t> present;
  for (std::size_t i = 0; i < total; ++i) (is_missing[i] ? missing : present).push_back(i);
  if (missing.size() > parity_count_) return false;
  if (missing.empty()) return true;
  present.resize(k);

  // The rows of the matrix that gave the k blocks at hand, inverted: from those blocks back to the data.
  Bytes rows(k * k);
  Bytes inverse(k * k);
  for (std::size_t i = 0; i < k; ++i)
    std::copy_n(matrix_.begin() + static_cast<std::ptrdiff_t>(present[i] * k), k,
                rows.begin() + static_cast<std::ptrdiff_t>(i * k));
  ATOLL_INVARIANT(gf_invert_matrix(rows.data(), inverse.data(), static_cast<int>(k)) == 0,
                  "every square part of a Cauchy matrix can be inverted");
  // A missing data block is its row of the inverse; a missing parity block its row of the matrix times the inverse.
  Bytes wanted(missing.size() * k);
  for (std::size_t m = 0; m < missing.size(); ++m) {
    for (std::size_t column = 0; column < k; ++column) {
      std::uint8_t sum = 0;
      for (std::size_t i = 0; i < k; ++i) {
        sum = static_cast<std::uint8_t>(sum ^ gf_mul(matrix_[missing[m] * k + i], inverse[i * k + column]));
      }
      wanted[m * k + column] = sum;
    }
  }
  Bytes tables(kTableBytesPerPair * k * missing.size());
  ec_init_tables(static_cast<int>(k), static_cast<int>(missing.size()), wanted.data(), tables.data());
  Pointers from{};
  Pointers to{};
  for (std::size_t i = 0; i < k; ++i) from[i] = blocks[present[i]].data();
  for (std::size_t i = 0; i < missing.size(); ++i) to[i] = blocks[missing[i]].data();
  multiply(data_count_, static_cast<unsigned>(missing.size()), tables, from, to, bytes);
  return true;
}

}  // namespace atl::codec
