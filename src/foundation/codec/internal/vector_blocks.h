// Blocks of 64 bytes of several texts as rows of vectors: word w of all of them in row w, so that each lane of a vector
// works on a text of its own. For digests of the MD4 family and BLAKE3.
//
// Always true: nothing here is a function of its own. It is compiled into the functions that are made for a kind of
// processor, and nowhere else.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#if defined(__x86_64__)
#define ATOLL_HAS_LANES 1
#else
#define ATOLL_HAS_LANES 0
#endif

#define ATOLL_INLINE inline __attribute__((always_inline))

namespace atl::codec::internal {

inline constexpr std::size_t kBlockBytes = 64;
inline constexpr std::size_t kBlockWords = 16;

#if ATOLL_HAS_LANES

template <std::size_t kLanes>
struct Vector {
  using Type [[gnu::vector_size(kLanes * 4)]] = std::uint32_t;
};

// One step of a transposition: elements whose place has the bit `kStep` change between row i and row i + kStep.
template <std::size_t kStep, class V, std::size_t... kPlace>
ATOLL_INLINE void exchange(V* rows, std::index_sequence<kPlace...> /*places*/) {
  constexpr std::size_t lanes = sizeof...(kPlace);
  for (std::size_t i = 0; i < lanes; ++i) {
    if ((i & kStep) != 0) continue;
    const V a = rows[i];
    const V b = rows[i + kStep];
    rows[i] = __builtin_shufflevector(a, b, ((kPlace & kStep) == 0 ? kPlace : (kPlace ^ kStep) + lanes)...);
    rows[i + kStep] = __builtin_shufflevector(a, b, ((kPlace & kStep) == 0 ? (kPlace ^ kStep) : kPlace + lanes)...);
  }
}

// Word w of all blocks in m[w].
template <std::size_t kLanes, class V>
ATOLL_INLINE void load_blocks(const std::array<const std::uint8_t*, kLanes>& blocks, V (&m)[kBlockWords]) {
  for (std::size_t part = 0; part < kBlockWords; part += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) std::memcpy(&m[part + lane], blocks[lane] + part * 4, sizeof(V));
    constexpr std::make_index_sequence<kLanes> places;
    if constexpr (kLanes == 16) exchange<8>(&m[part], places);
    exchange<4>(&m[part], places);
    exchange<2>(&m[part], places);
    exchange<1>(&m[part], places);
  }
}

#endif

}  // namespace atl::codec::internal
