#include "foundation/base/bytes.h"

#include <gtest/gtest.h>

#include <random>

namespace atl {
namespace {

using namespace std::string_literals;

Bytes random_bytes(std::mt19937_64& random, std::size_t size) {
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

TEST(Compare, OrdersLikeMemcmpAndShorterFirst) {
  const auto order = [](std::string_view a, std::string_view b) { return compare(as_bytes(a), as_bytes(b)); };
  EXPECT_EQ(order("", ""), std::strong_ordering::equal);
  EXPECT_EQ(order("", "a"), std::strong_ordering::less);
  EXPECT_EQ(order("a", "ab"), std::strong_ordering::less);
  EXPECT_EQ(order("b", "ab"), std::strong_ordering::greater);
  EXPECT_EQ(order("\x7f", "\x80"), std::strong_ordering::less) << "bytes are unsigned";
  EXPECT_EQ(order("same", "same"), std::strong_ordering::equal);
  EXPECT_TRUE(equal({}, Bytes{}));
  EXPECT_FALSE(equal(as_bytes("a"), as_bytes("b")));
  EXPECT_FALSE(equal(as_bytes("a"), as_bytes("ab")));
}

TEST(Buffer, KeepsContentWhileItGrowsAndShrinks) {
  Buffer buffer;
  EXPECT_TRUE(buffer.empty());
  Bytes expected;
  for (unsigned i = 0; i < 2000; ++i) {
    const Bytes part{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8), 7};
    buffer.append(part);
    expected.insert(expected.end(), part.begin(), part.end());
  }
  EXPECT_TRUE(equal(buffer.view(), expected));
  buffer.resize(10);
  EXPECT_TRUE(equal(buffer.view(), ByteView(expected).first(10)));
  const std::size_t capacity = buffer.capacity();
  buffer.clear();
  buffer.append({});
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.capacity(), capacity) << "memory is reused";
}

TEST(Buffer, GrowsGeometricallySoThatAppendingStaysLinear) {
  Buffer buffer;
  std::size_t moves = 0;
  std::size_t capacity = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::uint8_t byte = 1;
    buffer.append({&byte, 1});
    if (buffer.capacity() != capacity) ++moves;
    capacity = buffer.capacity();
  }
  EXPECT_LT(moves, 40U);
}

TEST(Buffer, IsEmptyAndUsableAfterItWasMovedFrom) {
  Buffer first(16);
  std::memset(first.data(), 9, 16);
  Buffer second = std::move(first);
  EXPECT_EQ(second.size(), 16U);
  EXPECT_EQ(first.size(), 0U);      // NOLINT(bugprone-use-after-move): that it works is what is tested
  EXPECT_EQ(first.capacity(), 0U);  // NOLINT(bugprone-use-after-move)
  first.append(as_bytes("abc"));    // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(as_text(first.view()), "abc");
  second = std::move(first);
  EXPECT_EQ(as_text(second.view()), "abc");
  first.resize(4);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(first.size(), 4U);
}

TEST(ByteReader, ReadsBackWhatTheWriterWrote) {
  Bytes out;
  ByteWriter writer(out);
  writer.put<std::uint8_t>(0xAB);
  writer.put<std::uint16_t>(0x1234);
  writer.put<std::int32_t>(-2);
  writer.put<std::uint64_t>(0x0102030405060708);
  writer.put_bytes(as_bytes("xyz"));
  writer.put_zeros(2);
  EXPECT_EQ(writer.size(), 20U);
  EXPECT_EQ(to_hex(out), "ab3412feffffff080706050403020178797a0000") << "little-endian, no padding";
  ByteReader reader(out, "test");
  EXPECT_EQ(reader.get<std::uint8_t>().value(), 0xAB);
  EXPECT_EQ(reader.get<std::uint16_t>().value(), 0x1234);
  EXPECT_EQ(reader.get<std::int32_t>().value(), -2);
  EXPECT_EQ(reader.get<std::uint64_t>().value(), 0x0102030405060708U);
  EXPECT_EQ(as_text(reader.get_bytes(3).value()), "xyz");
  EXPECT_EQ(reader.position(), 18U);
  EXPECT_EQ(reader.remaining(), 2U);
}

TEST(ByteReader, RefusesToReadPastTheEndAndStaysWhereItIs) {
  const Bytes three{1, 2, 3};
  ByteReader reader(three, "a header");
  const auto word = reader.get<std::uint32_t>();
  ASSERT_FALSE(word);
  EXPECT_EQ(word.error().kind, ErrorKind::damaged);
  EXPECT_EQ(word.error().id, "bytes.too_short");
  EXPECT_NE(word.error().message.find("a header"), std::string::npos);
  EXPECT_FALSE(reader.get_bytes(SIZE_MAX));
  EXPECT_FALSE(reader.get_bytes(4));
  EXPECT_EQ(reader.position(), 0U);
  EXPECT_TRUE(reader.get_bytes(3));
  EXPECT_TRUE(reader.get_bytes(0));
  EXPECT_FALSE(reader.get<std::uint8_t>());
}

TEST(BigEndian, KeepsTheOrderOfNumbersUnderMemcmp) {
  const std::vector<std::uint64_t> rising{0, 1, 255, 256, 65'535, 1ULL << 32, (1ULL << 63) - 1, 1ULL << 63, UINT64_MAX};
  Bytes previous;
  for (const std::uint64_t value : rising) {
    Bytes out;
    append_be64(out, value);
    EXPECT_EQ(load_be64(out.data()), value);
    EXPECT_EQ(compare(previous, out), std::strong_ordering::less);
    previous = out;
  }
  EXPECT_EQ(to_hex(previous), "ffffffffffffffff");
}

TEST(Encodings, MatchTheVectorsOfRfc4648) {
  struct Case {
    std::string_view plain, hex, base32, base64;
  };
  const std::vector<Case> cases{
      {"", "", "", ""},
      {"f", "66", "my", "Zg=="},
      {"fo", "666f", "mzxq", "Zm8="},
      {"foo", "666f6f", "mzxw6", "Zm9v"},
      {"foob", "666f6f62", "mzxw6yq", "Zm9vYg=="},
      {"fooba", "666f6f6261", "mzxw6ytb", "Zm9vYmE="},
      {"foobar", "666f6f626172", "mzxw6ytboi", "Zm9vYmFy"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.plain);
    EXPECT_EQ(to_hex(as_bytes(c.plain)), c.hex);
    EXPECT_EQ(to_base32(as_bytes(c.plain)), c.base32);
    EXPECT_EQ(to_base64(as_bytes(c.plain)), c.base64);
    EXPECT_EQ(as_text(from_hex(c.hex).value()), c.plain);
    EXPECT_EQ(as_text(from_base32(c.base32).value()), c.plain);
    EXPECT_EQ(as_text(from_base64(c.base64).value()), c.plain);
  }
}

TEST(Encodings, RoundTripEveryLengthOfRandomBytes) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (std::size_t size = 0; size < 200; ++size) {
    const Bytes bytes = random_bytes(random, size);
    EXPECT_EQ(from_hex(to_hex(bytes)).value(), bytes);
    EXPECT_EQ(from_base32(to_base32(bytes)).value(), bytes);
    EXPECT_EQ(from_base64(to_base64(bytes)).value(), bytes);
  }
}

TEST(Encodings, TakeCapitalsWhereTheCaseSaysNothing) {
  EXPECT_EQ(to_hex(from_hex("DEADbeef").value()), "deadbeef");
  EXPECT_EQ(as_text(from_base32("MZXW6YTBOI").value()), "foobar");
}

TEST(Encodings, RefuseMalformedText) {
  for (const std::string_view text : {"a", "abc", "0g", "0 ", "0x12", "-1", "\xc3\xa4"}) {
    const auto result = from_hex(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().kind, ErrorKind::usage);
  }
  // Lengths that no byte string gives, characters outside the alphabet, padding, bits left over.
  for (const std::string_view text : {"m", "mzx", "mzxw6y", "m1", "m8", "m0", "my======", "m y", "mz"}) {
    EXPECT_FALSE(from_base32(text)) << text;
  }
  for (const std::string_view text :
       {"Zg", "Zg=", "Z===", "====", "=", "Zh==", "Zm9=", "Zm-v", "Zm_v", "Z=g=", "Zg==Zg==", "Zm9v\n", " Zm9"}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
  EXPECT_FALSE(from_base64("Zm9\0"s)) << "a zero byte is no character of the alphabet";
}

TEST(Utf8, AcceptsTheEdgesOfEachLength) {
  for (const std::string_view text :
       {"", "plain", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
        "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "gr\xc3\xbc\xc3\x9f", "\xf0\x9f\x8f\x9d tail"}) {
    EXPECT_TRUE(is_utf8(text)) << to_hex(as_bytes(text));
  }
  EXPECT_TRUE(is_utf8("\0"s));
}

TEST(Utf8, RefusesWhatRfc3629Forbids) {
  for (const std::string_view text : {
           "\x80",
           "\xbf",
           "a\x80",  // continuation without a lead
           "\xc0\x80",
           "\xc1\xbf",
           "\xe0\x80\x80",
           "\xe0\x9f\xbf",  // longer than needed
           "\xf0\x80\x80\x80",
           "\xf0\x8f\xbf\xbf",  //
           "\xed\xa0\x80",
           "\xed\xbf\xbf",  // surrogates
           "\xf4\x90\x80\x80",
           "\xf5\x80\x80\x80",
           "\xfe",
           "\xff",  // beyond U+10FFFF
           "\xc2",
           "\xe1\x80",
           "\xf1\x80\x80",
           "ok\xe2\x82",  // cut short
           "\xc2\x41",
           "\xe1\x80\x41",
           "\xf1\x80\x80\x41",
           "\xc2\xc2"  // continuation missing
       }) {
    EXPECT_FALSE(is_utf8(text)) << to_hex(as_bytes(text));
  }
}

}  // namespace
}  // namespace atl
