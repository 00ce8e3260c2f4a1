// Content-defined chunking: FastCDC (Xia et al., ATC 2016) with normalised cutting and a gear table keyed per domain,
// so that chunk lengths say nothing about known files to whoever lacks the key.
// Complexity: linear, about 4 GB/s per core; before the shortest chunk only the last 64 bytes are read.
// Always true: the same bytes, cutter and key give the same cuts, whatever the sizes of the windows they arrive in.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "foundation/base/bytes.h"
#include "foundation/codec/secret.h"

namespace atl::codec {

// Stored in content references: numbers are never reused. 0 = one chunk, not cut.
enum class CutterNumber : std::uint8_t { whole = 0, small = 1, large = 2 };

struct CutterLimits {
  std::uint32_t min_bytes;
  std::uint32_t average_bytes;
  std::uint32_t max_bytes;
};
// small: 8 / 32 / 128 KiB. large: 128 / 512 / 4096 KiB.
[[nodiscard]] CutterLimits limits_of(CutterNumber number);
[[nodiscard]] bool is_known_cutter(std::uint8_t number);

using GearTable = std::array<std::uint64_t, 256>;
// Expanded from the domain's gear key by the BLAKE3 XOF.
[[nodiscard]] GearTable make_gear_table(const SecretKey& gear_key);

// Stateless between chunks; cheap to copy the reference around. Any thread.
class Cutter {
 public:
  Cutter(CutterNumber number, const GearTable& gear);  // borrows `gear`
  // Length of the first chunk of `window`. The window must hold max_bytes unless the content ends with it
  // (`is_end`); an empty window gives 0.
  [[nodiscard]] std::size_t first_cut(ByteView window, bool is_end) const;
  [[nodiscard]] const CutterLimits& limits() const { return limits_; }

 private:
  const GearTable* gear_;
  CutterLimits limits_;
  std::uint64_t mask_before_average_;
  std::uint64_t mask_after_average_;
};

}  // namespace atl::codec
