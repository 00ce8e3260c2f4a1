#include "derived/vector/internal/kernels.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace atl::vector::internal {
namespace {

std::int32_t dot_codes_portable(const std::int8_t* a, const std::int8_t* b, std::size_t bytes) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < bytes; ++i) sum += static_cast<std::int32_t>(a[i]) * b[i];
  return sum;
}

float dot_half_portable(const float* a, const std::uint16_t* b, std::size_t count) {
  float sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += a[i] * from_half(b[i]);
  return sum;
}

constexpr Kernels kPortable{"portable", dot_codes_portable, dot_half_portable};

#if defined(__x86_64__)

__attribute__((target("avx2"))) std::int32_t sum_lanes(__m256i lanes) {
  __m128i half = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xB1));
  return _mm_cvtsi128_si32(half);
}

__attribute__((target("avx2"))) std::int32_t dot_codes_avx2(const std::int8_t* a, const std::int8_t* b,
                                                            std::size_t bytes) {
  __m256i first = _mm256_setzero_si256();
  __m256i second = _mm256_setzero_si256();
  for (std::size_t i = 0; i < bytes; i += 32) {
    const auto load = [&](const std::int8_t* from) __attribute__((target("avx2"))) {
      return _mm256_cvtepi8_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(from)));  // NOLINT
    };
    first = _mm256_add_epi32(first, _mm256_madd_epi16(load(a + i), load(b + i)));
    second = _mm256_add_epi32(second, _mm256_madd_epi16(load(a + i + 16), load(b + i + 16)));
  }
  return sum_lanes(_mm256_add_epi32(first, second));
}

__attribute__((target("avx2,fma,f16c"))) float dot_half_avx2(const float* a, const std::uint16_t* b,
                                                             std::size_t count) {
  __m256 first = _mm256_setzero_ps();
  __m256 second = _mm256_setzero_ps();
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const auto load = [&](const std::uint16_t* from) __attribute__((target("avx2,fma,f16c"))) {
      return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));  // NOLINT
    };
    first = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), load(b + i), first);
    second = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8), load(b + i + 8), second);
  }
  alignas(32) std::array<float, 8> lanes{};
  _mm256_store_ps(lanes.data(), _mm256_add_ps(first, second));
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  return sum + dot_half_portable(a + i, b + i, count - i);
}

// The instruction multiplies unsigned by signed bytes: a + 128 takes the place of a, and 128 * b is taken off again.
__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni"))) std::int32_t dot_codes_vnni(const std::int8_t* a,
                                                                                            const std::int8_t* b,
                                                                                            std::size_t bytes) {
  const __m512i shift = _mm512_set1_epi8(static_cast<char>(0x80));
  __m512i with = _mm512_setzero_si512();
  __m512i without = _mm512_setzero_si512();
  for (std::size_t i = 0; i < bytes; i += 64) {
    const __m512i left = _mm512_xor_si512(_mm512_load_si512(a + i), shift);
    const __m512i right = _mm512_load_si512(b + i);
    with = _mm512_dpbusd_epi32(with, left, right);
    without = _mm512_dpbusd_epi32(without, shift, right);
  }
  return _mm512_reduce_add_epi32(_mm512_sub_epi32(with, without));
}

__attribute__((target("avx512f,avx512bw,avx512vl"))) float dot_half_avx512(const float* a, const std::uint16_t* b,
                                                                           std::size_t count) {
  __m512 first = _mm512_setzero_ps();
  __m512 second = _mm512_setzero_ps();
  std::size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const auto load = [&](const std::uint16_t* from) __attribute__((target("avx512f,avx512bw,avx512vl"))) {
      return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));  // NOLINT
    };
    first = _mm512_fmadd_ps(_mm512_loadu_ps(a + i), load(b + i), first);
    second = _mm512_fmadd_ps(_mm512_loadu_ps(a + i + 16), load(b + i + 16), second);
  }
  return _mm512_reduce_add_ps(_mm512_add_ps(first, second)) + dot_half_portable(a + i, b + i, count - i);
}

constexpr Kernels kVnni{"avx512-vnni", dot_codes_vnni, dot_half_avx512};
constexpr Kernels kAvx2{"avx2", dot_codes_avx2, dot_half_avx2};

struct Runnable {
  std::array<Kernels, 3> kernels{};
  std::size_t count = 0;
};

Runnable find_runnable() {
  Runnable found;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512vnni")) {
    found.kernels.at(found.count++) = kVnni;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c")) {
    found.kernels.at(found.count++) = kAvx2;
  }
  found.kernels.at(found.count++) = kPortable;
  return found;
}

#else

struct Runnable {
  std::array<Kernels, 1> kernels{};
  std::size_t count = 0;
};

Runnable find_runnable() { return {{kPortable}, 1}; }

#endif

}  // namespace

std::span<const Kernels> all_kernels() {
  static const Runnable runnable = find_runnable();
  return std::span(runnable.kernels).first(runnable.count);
}

const Kernels& kernels() { return all_kernels().front(); }

std::uint16_t to_half(float number) {
  const auto bits = std::bit_cast<std::uint32_t>(number);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000U);
  const std::uint32_t magnitude = bits & 0x7FFF'FFFFU;
  if (magnitude >= 0x477F'F000U) return static_cast<std::uint16_t>(sign | 0x7BFFU);  // rounds beyond 65504
  if (magnitude < 0x3880'0000U) {  // below the least normal half: the processor's own rounding, to multiples of 2^-24
    const float scaled = std::bit_cast<float>(magnitude) * 16'777'216.0F;
    return static_cast<std::uint16_t>(sign | static_cast<std::uint16_t>(std::nearbyint(scaled)));
  }
  const std::uint32_t odd = (magnitude >> 13) & 1U;
  const std::uint32_t rounded = magnitude - 0x3800'0000U + 0xFFFU + odd;
  return static_cast<std::uint16_t>(sign | (rounded >> 13));
}

float from_half(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16;
  const std::uint32_t magnitude = half & 0x7FFFU;
  if (magnitude < 0x400U) {
    const float value = static_cast<float>(magnitude) * (1.0F / 16'777'216.0F);
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) | sign);
  }
  if (magnitude >= 0x7C00U) return std::bit_cast<float>(sign | 0x477F'E000U);  // none is written; stays finite
  return std::bit_cast<float>(sign | ((magnitude << 13) + 0x3800'0000U));
}

void round_to_codes(std::span<const float> numbers, float scale, std::span<std::int8_t> codes) {
  const float factor = 127.0F / scale;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const float value = std::clamp(numbers[i] * factor, -127.0F, 127.0F);
    codes[i] = static_cast<std::int8_t>(std::lrint(value));
  }
  std::fill(codes.begin() + static_cast<std::ptrdiff_t>(numbers.size()), codes.end(), std::int8_t{0});
}

}  // namespace atl::vector::internal
