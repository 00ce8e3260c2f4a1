// Reed–Solomon erasure coding over GF(2^8) with a Cauchy matrix (ISA-L).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "foundation/base/bytes.h"

namespace atl::codec {

class ReedSolomon {
 public:
  // 1 <= data_count, 1 <= parity_count, data_count + parity_count <= 255.
  ReedSolomon(unsigned data_count, unsigned parity_count);
  // All blocks have one length. Fills each parity block.
  void encode(std::span<const ByteView> data, std::span<const ByteSpan> parity) const;
  // `blocks` holds data_count + parity_count views; those with is_missing[i] are rewritten from the rest.
  // False where more than parity_count are missing.
  [[nodiscard]] bool reconstruct(std::span<const ByteSpan> blocks, const std::vector<bool>& is_missing) const;
  [[nodiscard]] unsigned data_count() const { return data_count_; }
  [[nodiscard]] unsigned parity_count() const { return parity_count_; }

 private:
  unsigned data_count_;
  unsigned parity_count_;
  Bytes matrix_;         // (k + m) * k
  Bytes encode_tables_;  // 32 * k * m
};

}  // namespace atl::codec
