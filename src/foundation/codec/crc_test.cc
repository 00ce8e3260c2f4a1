#include "foundation/codec/crc.h"

#include <gtest/gtest.h>

#include <random>

#include "foundation/codec/hash.h"

namespace atl::codec {
namespace {

Bytes noise(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

template <class Word>
Word bit_by_bit(ByteView data, Word polynomial) {
  Word state = ~Word{0};
  for (const std::uint8_t byte : data) {
    state ^= byte;
    for (int bit = 0; bit < 8; ++bit) state = (state >> 1) ^ ((state & 1) != 0 ? polynomial : Word{0});
  }
  return ~state;
}

TEST(Crc, GivesThePublishedCheckValues) {
  EXPECT_EQ(crc32(as_bytes("123456789")), 0xCBF43926U);
  EXPECT_EQ(crc64nvme(as_bytes("123456789")), 0xAE8B14860A799888U);
  EXPECT_EQ(crc32({}), 0U);
  EXPECT_EQ(crc64nvme({}), 0U);
}

TEST(Crc, MatchesTheDefinitionAtEveryLengthAlignmentAndSplit) {
  const Bytes data = noise(4000, 1);
  for (std::size_t size = 0; size < 400; ++size) {
    const ByteView view = ByteView(data).subspan(size % 13, size);
    const std::size_t split = size * 3 / 7;
    ASSERT_EQ(crc32(view), bit_by_bit<std::uint32_t>(view, 0xEDB88320)) << size;
    ASSERT_EQ(crc64nvme(view), bit_by_bit<std::uint64_t>(view, 0x9A6C9329AC4BC9B5)) << size;
    ASSERT_EQ(crc32(view.subspan(split), crc32(view.first(split))), crc32(view)) << size;
    ASSERT_EQ(crc64nvme(view.subspan(split), crc64nvme(view.first(split))), crc64nvme(view)) << size;
  }
}

TEST(Crc, OfTwoPiecesIsJoinedFromTheirs) {
  const Bytes data = noise(70'000, 2);
  const ByteView all = data;
  for (const std::size_t split : {0UL, 1UL, 7UL, 255UL, 256UL, 4097UL, 65'536UL, 69'999UL, 70'000UL}) {
    const ByteView a = all.first(split);
    const ByteView b = all.subspan(split);
    EXPECT_EQ(join_crc32(crc32(a), crc32(b), b.size()), crc32(all)) << split;
    EXPECT_EQ(join_crc32c(crc32c(a), crc32c(b), b.size()), crc32c(all)) << split;
    EXPECT_EQ(join_crc64nvme(crc64nvme(a), crc64nvme(b), b.size()), crc64nvme(all)) << split;
  }
}

}  // namespace
}  // namespace atl::codec
