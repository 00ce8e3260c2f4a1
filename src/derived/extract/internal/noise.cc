#include "derived/extract/internal/noise.h"

#include <algorithm>
#include <array>

namespace atl::extract {
namespace {

constexpr std::size_t kBlockBytes = 1024;

// By the sum of squared counts: of n equally likely bytes it is n*n/256 + n, with a standard deviation of
// sqrt(510) * n/256; eight of these are allowed.
bool has_equal_frequencies(ByteView block) {
  std::array<std::uint32_t, 256> counts{};
  for (const std::uint8_t byte : block) ++counts[byte];
  std::uint64_t squares = 0;
  for (const std::uint64_t count : counts) squares += count * count;
  const std::uint64_t n = block.size();
  return squares < n * n / 256 + n * 7 / 4;
}

// Letters that make a name, as most formats begin with one: "Salted__", "LUKS", "age-encryption.org".
bool has_name(ByteView begin) {
  constexpr std::size_t least_letters = 4;
  std::size_t letters = 0;
  for (const std::uint8_t byte : begin) {
    letters = byte > 0x20 && byte < 0x7F ? letters + 1 : 0;
    if (letters == least_letters) return true;
  }
  return false;
}

// Marks without letters, behind which nothing but noise may follow: packets of OpenPGP (RFC 9580, 4.2) of the kinds
// that a message or a key begins with, and what compress(1) and its kin write.
bool has_mark(std::uint8_t first) {
  return (first >= 0x84 && first <= 0xA7) || (first >= 0xC1 && first <= 0xC9) || first == 0xD2 || first == 0x1F;
}

}  // namespace

bool is_noise(ByteView head) {
  constexpr std::size_t name_within = 12;
  constexpr std::size_t numbers_within = 32;
  if (head.size() < kBlockBytes || has_mark(head[0]) || has_name(head.first(name_within))) return false;
  if (std::ranges::count(head.first(numbers_within), 0) > 1) return false;
  return has_equal_frequencies(head.first(kBlockBytes)) &&
         has_equal_frequencies(head.subspan((head.size() - kBlockBytes) / 2, kBlockBytes)) &&
         has_equal_frequencies(head.last(kBlockBytes));
}

}  // namespace atl::extract
