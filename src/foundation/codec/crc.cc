#include "foundation/codec/crc.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <array>

namespace atl::codec {
namespace {

// The polynomials, reflected: the highest bit stands for x^0.
constexpr std::uint32_t kCrc32Polynomial = 0xEDB88320;
constexpr std::uint32_t kCrc32cPolynomial = 0x82F63B78;
constexpr std::uint64_t kCrc64NvmePolynomial = 0x9A6C9329AC4BC9B5;

// Eight tables, so that eight bytes are taken at once ("slicing by 8", Kounavis and Berry 2005).
using Tables = std::array<std::array<std::uint64_t, 256>, 8>;
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint64_t byte = 0; byte < 256; ++byte) {
    std::uint64_t state = byte;
    for (int bit = 0; bit < 8; ++bit) state = (state >> 1) ^ ((state & 1) != 0 ? kCrc64NvmePolynomial : 0);
    tables[0][byte] = state;
  }
  for (std::size_t table = 1; table < 8; ++table) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint64_t before = tables[table - 1][byte];
      tables[table][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}
constexpr Tables kTables = make_tables();

// a * b modulo the polynomial, all reflected.
template <class Word>
Word multiply(Word a, Word b, Word polynomial) {
  Word product = 0;
  for (Word bit = Word{1} << (sizeof(Word) * 8 - 1); bit != 0; bit >>= 1) {
    if ((a & bit) != 0) product ^= b;
    b = (b & 1) != 0 ? (b >> 1) ^ polynomial : b >> 1;
  }
  return product;
}

// What follows moves the first checksum up by its length: times x^(8 * bytes). The inversions cancel out.
template <class Word>
Word join(Word first, Word second, std::uint64_t second_bytes, Word polynomial) {
  Word power = Word{1} << (sizeof(Word) * 8 - 1 - 8);  // x^8
  for (; second_bytes != 0; second_bytes >>= 1) {
    if ((second_bytes & 1) != 0) first = multiply(first, power, polynomial);
    power = multiply(power, power, polynomial);
  }
  return first ^ second;
}

}  // namespace

std::uint32_t crc32(ByteView data, std::uint32_t previous) {
  return crc32_gzip_refl(previous, data.data(), data.size());  // inverts before and after by itself
}

std::uint64_t crc64nvme(ByteView data, std::uint64_t previous) {
  std::uint64_t state = ~previous;
  const std::uint8_t* at = data.data();
  std::size_t left = data.size();
  for (; left >= 8; left -= 8, at += 8) {
    const std::uint64_t word = state ^ load_le<std::uint64_t>(at);
    state = kTables[7][word & 0xFF] ^ kTables[6][(word >> 8) & 0xFF] ^ kTables[5][(word >> 16) & 0xFF] ^
            kTables[4][(word >> 24) & 0xFF] ^ kTables[3][(word >> 32) & 0xFF] ^ kTables[2][(word >> 40) & 0xFF] ^
            kTables[1][(word >> 48) & 0xFF] ^ kTables[0][word >> 56];
  }
  for (; left > 0; --left, ++at) state = (state >> 8) ^ kTables[0][(state ^ *at) & 0xFF];
  return ~state;
}

std::uint32_t join_crc32(std::uint32_t first, std::uint32_t second, std::uint64_t second_bytes) {
  return join(first, second, second_bytes, kCrc32Polynomial);
}
std::uint32_t join_crc32c(std::uint32_t first, std::uint32_t second, std::uint64_t second_bytes) {
  return join(first, second, second_bytes, kCrc32cPolynomial);
}
std::uint64_t join_crc64nvme(std::uint64_t first, std::uint64_t second, std::uint64_t second_bytes) {
  return join(first, second, second_bytes, kCrc64NvmePolynomial);
}

}  // namespace atl::codec
