#include "foundation/codec/hash.h"

#include <gtest/gtest.h>

#include <random>

namespace atl::codec {
namespace {

// Input of the official BLAKE3 vectors: 0, 1, .. 250, 0, 1, ..
Bytes counting(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i % 251);
  return bytes;
}

SecretKey vector_key() { return SecretKey::from_view(as_bytes("whats the Elvish word for friend")).value(); }

struct Blake3Case {
  std::size_t size;
  std::string_view plain;
  std::string_view keyed;
};
// From test_vectors.json of the BLAKE3 project: the edges of blocks, chunks (1024 bytes) and trees.
constexpr std::array<Blake3Case, 10> kBlake3Cases{{
    {0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
     "92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26"},
    {1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
     "6d7878dfff2f485635d39013278ae14f1454b8c0a3a2d34bc1ab38228a80c95b"},
    {1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11",
     "c951ecdf03288d0fcc96ee3413563d8a6d3589547f2c2fb36d9786470f1b9d6e"},
    {1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
     "75c46f6f3d9eb4f55ecaaee480db732e6c2105546f1e675003687c31719c7ba4"},
    {1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
     "357dc55de0c7e382c900fd6e320acc04146be01db6a8ce7210b7189bd664ea69"},
    {2048, "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a",
     "879cf1fa2ea0e79126cb1063617a05b6ad9d0b696d0d757cf053439f60a99dd1"},
    {2049, "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030",
     "9f29700902f7c86e514ddc4df1e3049f258b2472b6dd5267f61bf13983b78dd5"},
    {4097, "9b4052b38f1c5fc8b1f9ff7ac7b27cd242487b3d890d15c96a1c25b8aa0fb995",
     "00df940cd36bb9fa7cbbc3556744e0dbc8191401afe70520ba292ee3ca80abbc"},
    {6145, "f1323a8631446cc50536a9f705ee5cb619424d46887f3c376c695b70e0f0507f",
     "9ac301e9e39e45e3250a7e3b3df701aa0fb6889fbd80eeecf28dbc6300fbc539"},
    {7169, "a003fc7a51754a9b3c7fae0367ab3d782dccf28855a03d435f8cfe74605e7817",
     "ed9b1a922c046fdb3d423ae34e143b05ca1bf28b710432857bf738bcedbfa511"},
}};

TEST(Blake3, MatchesTheOfficialVectors) {
  for (const auto& c : kBlake3Cases) {
    SCOPED_TRACE(c.size);
    const Bytes input = counting(c.size);
    EXPECT_EQ(to_hex(blake3(input)), c.plain);
    EXPECT_EQ(to_hex(blake3_keyed(vector_key(), input)), c.keyed);
  }
  EXPECT_EQ(to_hex(blake3(counting(102'400))), "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085");
}

TEST(Blake3, GivesTheSameWhateverThePartsItIsFed) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Bytes input = counting(300'000);
  Blake3 plain;
  Blake3 keyed(vector_key());
  std::size_t at = 0;
  while (at < input.size()) {
    const std::size_t part = std::min<std::size_t>(random() % 20'000, input.size() - at);
    plain.update(ByteView(input).subspan(at, part));
    keyed.update(ByteView(input).subspan(at, part));
    at += part;
    if (random() % 8 == 0) {
      ASSERT_EQ(plain.digest(), blake3(ByteView(input).first(at))) << "asking does not end it";
    }
  }
  plain.update({});
  EXPECT_EQ(plain.digest(), blake3(input));
  EXPECT_EQ(keyed.digest(), blake3_keyed(vector_key(), input));
  Blake3 moved = std::move(keyed);
  EXPECT_EQ(moved.digest(), blake3_keyed(vector_key(), input));
}

TEST(Sha256, MatchesFips180) {
  EXPECT_EQ(to_hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  Sha256 hasher;
  const std::string thousand(1000, 'a');
  for (int i = 0; i < 1000; ++i) hasher.update(as_bytes(thousand));
  EXPECT_EQ(to_hex(hasher.finish()), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256DeathTest, IsFinishedOnce) {
  Sha256 hasher;
  [[maybe_unused]] const Digest first = hasher.finish();
  EXPECT_DEATH(hasher.update(as_bytes("more")), "takes no more");
  EXPECT_DEATH([[maybe_unused]] const Digest second = hasher.finish(), "finished once");
}

TEST(Md5, MatchesRfc1321) {
  EXPECT_EQ(to_hex(md5({})), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(to_hex(md5(as_bytes("a"))), "0cc175b9c0f1b6a831c399e269772661");
  EXPECT_EQ(to_hex(md5(as_bytes("abc"))), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(to_hex(md5(as_bytes("message digest"))), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(to_hex(md5(as_bytes("abcdefghijklmnopqrstuvwxyz"))), "c3fcd3d76192e4007dfb496cca67e13b");
  EXPECT_EQ(to_hex(md5(as_bytes("12345678901234567890123456789012345678901234567890123456789012345678901234567890"))),
            "57edf4a22be3c955ac49da2e2107b67a");
}

TEST(Crc32c, MatchesRfc3720) {
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283U);
  EXPECT_EQ(crc32c({}), 0U);
  EXPECT_EQ(crc32c(Bytes(32, 0x00)), 0x8A9136AAU);
  EXPECT_EQ(crc32c(Bytes(32, 0xFF)), 0x62A8AB43U);
  Bytes rising(32);
  Bytes falling(32);
  for (std::size_t i = 0; i < 32; ++i) {
    rising[i] = static_cast<std::uint8_t>(i);
    falling[i] = static_cast<std::uint8_t>(31 - i);
  }
  EXPECT_EQ(crc32c(rising), 0x46DD794EU);
  EXPECT_EQ(crc32c(falling), 0x113FDB5CU);
  const Bytes read_command = from_hex(
                                 "01c00000000000000000000000000000140000000000040000000014000000182800000000000000"
                                 "0200000000000000")
                                 .value();
  EXPECT_EQ(crc32c(read_command), 0xD9963A56U);
}

std::uint32_t crc32c_bit_by_bit(ByteView data) {
  std::uint32_t state = 0xFFFFFFFF;
  for (const std::uint8_t byte : data) {
    state ^= byte;
    for (int bit = 0; bit < 8; ++bit) state = (state >> 1) ^ ((state & 1) != 0 ? 0x82F63B78U : 0U);
  }
  return ~state;
}

TEST(Crc32c, MatchesTheDefinitionAtEveryLengthAlignmentAndSplit) {
  const Bytes data = counting(5000);
  for (std::size_t size = 0; size < 600; ++size) {
    const ByteView view = ByteView(data).subspan(size % 17, size);
    const std::uint32_t expected = crc32c_bit_by_bit(view);
    ASSERT_EQ(crc32c(view), expected) << size;
    const std::size_t split = size * 5 / 7;
    ASSERT_EQ(crc32c(view.subspan(split), crc32c(view.first(split))), expected) << size;
  }
  EXPECT_EQ(crc32c(data), crc32c_bit_by_bit(data));
}

}  // namespace
}  // namespace atl::codec
