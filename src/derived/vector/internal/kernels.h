// Inner loops over the numbers of vectors, in the widest form that this processor has, chosen when the program runs.
// Always true: every form gives the same whole numbers; sums of fractions differ in their last bits only.
// Complexity: linear. Thread rules: none needed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace atl::vector::internal {

// Codes are padded with zeros to whole lines of the processor's cache.
inline constexpr std::size_t kCodeAlign = 64;
[[nodiscard]] constexpr std::size_t padded(std::size_t dimension) {
  return (dimension + kCodeAlign - 1) / kCodeAlign * kCodeAlign;
}

struct Kernels {
  std::string_view name;
  // Sum of a[i] * b[i]; both aligned to kCodeAlign, `bytes` a multiple of it and at most 4096 (32 bits hold the sum).
  std::int32_t (*dot_codes)(const std::int8_t* a, const std::int8_t* b, std::size_t bytes);
  // Sum of a[i] * b[i], b in half precision (IEEE 754 binary16).
  float (*dot_half)(const float* a, const std::uint16_t* b, std::size_t count);
};

// The best for this processor, and all that it can run (the portable one last), for tests.
[[nodiscard]] const Kernels& kernels();
[[nodiscard]] std::span<const Kernels> all_kernels();

// To the nearest half, ties to even; beyond the range of halves: the greatest half.
[[nodiscard]] std::uint16_t to_half(float number);
[[nodiscard]] float from_half(std::uint16_t half);
// codes[i] = number * 127 / scale, rounded and kept within -127 and 127; zeros behind.
void round_to_codes(std::span<const float> numbers, float scale, std::span<std::int8_t> codes);

}  // namespace atl::vector::internal
