#include "foundation/codec/compress.h"

#include <gtest/gtest.h>

#include <random>

namespace atl::codec {
namespace {

struct Way {
  CompressionCodec codec;
  int level;
};
constexpr std::array<Way, 8> kWays{{{CompressionCodec::lz4, 0},
                                    {CompressionCodec::lz4, -8},
                                    {CompressionCodec::lz4, 9},
                                    {CompressionCodec::zstd, -5},
                                    {CompressionCodec::zstd, 1},
                                    {CompressionCodec::zstd, 3},
                                    {CompressionCodec::zstd, 12},
                                    {CompressionCodec::zstd, 19}}};

std::string name_of(const Way& way) {
  return (way.codec == CompressionCodec::lz4 ? "lz4 " : "zstd ") + std::to_string(way.level);
}

Bytes random_bytes(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

// Lines of made-up words: compresses like text.
Bytes text_like(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::string> words;
  for (int i = 0; i < 500; ++i) {
    std::string word;
    for (std::size_t k = 2 + random() % 8; k > 0; --k) word.push_back(static_cast<char>('a' + random() % 26));
    words.push_back(word);
  }
  Bytes bytes;
  while (bytes.size() < size) {
    const std::string& word = words[std::min(random() % 500, random() % 500)];
    bytes.insert(bytes.end(), word.begin(), word.end());
    bytes.push_back(random() % 12 == 0 ? '\n' : ' ');
  }
  bytes.resize(size);
  return bytes;
}

TEST(Compress, RoundTripsEveryCodecLevelAndSize) {
  Compressor compressor;
  Decompressor decompressor;
  Buffer packed;
  for (const Way& way : kWays) {
    for (const std::size_t size : {64U, 65U, 1000U, 4096U, 65'536U, 300'001U}) {
      SCOPED_TRACE(name_of(way) + ", " + std::to_string(size));
      const Bytes raw = size <= 1000 ? Bytes(size, 'x') : text_like(size, size);
      ASSERT_TRUE(compressor.compress(way.codec, way.level, raw, packed).value());
      ASSERT_LT(packed.size(), raw.size() - raw.size() / 32);
      Bytes back(size, 0xEE);
      ASSERT_TRUE(decompressor.decompress(way.codec, packed.view(), back));
      EXPECT_EQ(back, raw);
    }
  }
}

TEST(Compress, SaysNoToWhatDoesNotShrinkAndLeavesNothing) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Compressor compressor;
  Buffer packed;
  for (const Way& way : kWays) {
    SCOPED_TRACE(name_of(way));
    for (const std::size_t size : {0U, 1U, 2U, 16U, 1000U, 100'000U}) {
      packed.append(as_bytes("from before"));
      EXPECT_FALSE(compressor.compress(way.codec, way.level, random_bytes(size, seed), packed).value()) << size;
      EXPECT_TRUE(packed.empty());
    }
    // And the compressor goes on after it.
    EXPECT_TRUE(compressor.compress(way.codec, way.level, Bytes(5000, 7), packed).value());
    packed.clear();
  }
  EXPECT_FALSE(compressor.compress(CompressionCodec::raw, 0, Bytes(5000, 7), packed).value());
}

TEST(Compress, DoesNotBotherWithAGainUnderOneInThirtyTwo) {
  // 97 % noise, 3 % zeros: a few bytes could be saved, not enough of them.
  Bytes raw = random_bytes(100'000, 1);
  std::fill(raw.begin(), raw.begin() + 2'500, std::uint8_t{0});
  Compressor compressor;
  Buffer packed;
  EXPECT_FALSE(compressor.compress(CompressionCodec::zstd, 3, raw, packed).value());
  std::fill(raw.begin(), raw.begin() + 6'000, std::uint8_t{0});
  EXPECT_TRUE(compressor.compress(CompressionCodec::zstd, 3, raw, packed).value());
}

TEST(Compress, WritesZstdFramesWithoutSizeAndChecksum) {
  Compressor compressor;
  Buffer packed;
  ASSERT_TRUE(compressor.compress(CompressionCodec::zstd, 3, Bytes(5000, 7), packed).value());
  // RFC 8878, 3.1.1: magic number, then the descriptor whose bits are content size, single segment, checksum,
  // dictionary.
  EXPECT_EQ(load_le<std::uint32_t>(packed.data()), 0xFD2FB528U);
  EXPECT_EQ(packed.data()[4], 0);
}

TEST(Decompress, RefusesAnyOtherLengthThanTheStoredOne) {
  Compressor compressor;
  Decompressor decompressor;
  Buffer packed;
  const Bytes raw = text_like(20'000, 4);
  for (const Way& way : {kWays[0], kWays[5]}) {
    SCOPED_TRACE(name_of(way));
    ASSERT_TRUE(compressor.compress(way.codec, way.level, raw, packed).value());
    for (const std::size_t size : {0U, 1U, 19'999U, 20'001U, 100'000U}) {
      Bytes back(size);
      const auto result = decompressor.decompress(way.codec, packed.view(), back);
      ASSERT_FALSE(result) << size;
      EXPECT_EQ(result.error().kind, ErrorKind::damaged);
      EXPECT_EQ(result.error().id, "compression.damaged");
    }
    Bytes back(raw.size());
    EXPECT_TRUE(decompressor.decompress(way.codec, packed.view(), back)) << "failures leave the decompressor whole";
  }
  Bytes back(3);
  EXPECT_TRUE(decompressor.decompress(CompressionCodec::raw, as_bytes("abc"), back));
  EXPECT_EQ(as_text(back), "abc");
  EXPECT_EQ(decompressor.decompress(CompressionCodec::raw, as_bytes("abcd"), back).error().kind, ErrorKind::damaged);
  EXPECT_EQ(decompressor.decompress(CompressionCodec::raw, as_bytes("ab"), back).error().kind, ErrorKind::damaged);
}

TEST(Decompress, RefusesEveryTruncationAndTrailingBytes) {
  Compressor compressor;
  Decompressor decompressor;
  Buffer packed;
  const Bytes raw = text_like(3000, 5);
  for (const Way& way : {kWays[0], kWays[5]}) {
    SCOPED_TRACE(name_of(way));
    ASSERT_TRUE(compressor.compress(way.codec, way.level, raw, packed).value());
    Bytes back(raw.size());
    for (std::size_t size = 0; size < packed.size(); ++size) {
      ASSERT_FALSE(decompressor.decompress(way.codec, packed.view().first(size), back)) << size;
    }
    packed.append(as_bytes("x"));
    EXPECT_FALSE(decompressor.decompress(way.codec, packed.view(), back));
  }
}

TEST(Decompress, RefusesBombsWithoutTouchingMoreThanTheRoomGiven) {
  Compressor compressor;
  Decompressor decompressor;
  Buffer packed;
  ASSERT_TRUE(compressor.compress(CompressionCodec::zstd, 3, Bytes(64 << 20, 0), packed).value());
  EXPECT_LT(packed.size(), 10'000U);
  Bytes room(1024 + 64, 0xEE);
  EXPECT_FALSE(decompressor.decompress(CompressionCodec::zstd, packed.view(), ByteSpan(room).first(1024)));
  EXPECT_EQ(Bytes(room.begin() + 1024, room.end()), Bytes(64, 0xEE));
  ASSERT_TRUE(compressor.compress(CompressionCodec::lz4, 0, Bytes(16 << 20, 0), packed).value());
  EXPECT_FALSE(decompressor.decompress(CompressionCodec::lz4, packed.view(), ByteSpan(room).first(1024)));
  EXPECT_EQ(Bytes(room.begin() + 1024, room.end()), Bytes(64, 0xEE));
}

TEST(Decompress, TakesOneFrameOnly) {
  Compressor compressor;
  Decompressor decompressor;
  Buffer packed;
  ASSERT_TRUE(compressor.compress(CompressionCodec::zstd, 3, Bytes(5000, 7), packed).value());
  Bytes twice = to_bytes(packed.view());
  twice.insert(twice.end(), packed.data(), packed.data() + packed.size());
  Bytes back(10'000);
  EXPECT_FALSE(decompressor.decompress(CompressionCodec::zstd, twice, back));
  // A skippable frame before or behind the data would be bytes that nobody checks.
  const Bytes skippable = from_hex("502a4d1804000000deadbeef").value();
  Bytes behind = to_bytes(packed.view());
  behind.insert(behind.end(), skippable.begin(), skippable.end());
  Bytes once(5000);
  EXPECT_TRUE(decompressor.decompress(CompressionCodec::zstd, packed.view(), once));
  EXPECT_FALSE(decompressor.decompress(CompressionCodec::zstd, behind, once));
  EXPECT_FALSE(decompressor.decompress(CompressionCodec::zstd, skippable, ByteSpan{}));
}

TEST(Decompress, SurvivesFlippedBits) {
  // Without a checksum some flips decode to other bytes; the seal around the group finds these. None may do more.
  Compressor compressor;
  Decompressor decompressor;
  Buffer packed;
  const Bytes raw = text_like(2000, 6);
  std::size_t refused = 0;
  for (const Way& way : {kWays[0], kWays[5]}) {
    ASSERT_TRUE(compressor.compress(way.codec, way.level, raw, packed).value());
    for (std::size_t bit = 0; bit < packed.size() * 8; ++bit) {
      Bytes bad = to_bytes(packed.view());
      bad[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      Bytes back(raw.size());
      const auto result = decompressor.decompress(way.codec, bad, back);
      if (!result) {
        ASSERT_EQ(result.error().kind, ErrorKind::damaged);
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 100U);
}

TEST(Decompress, RefusesUnknownCodecs) {
  EXPECT_TRUE(is_known_codec(0));
  EXPECT_TRUE(is_known_codec(2));
  EXPECT_FALSE(is_known_codec(3));
  EXPECT_FALSE(is_known_codec(255));
  Decompressor decompressor;
  Bytes back(4);
  EXPECT_EQ(decompressor.decompress(static_cast<CompressionCodec>(9), as_bytes("abcd"), back).error().kind,
            ErrorKind::unsupported);
}

}  // namespace
}  // namespace atl::codec
