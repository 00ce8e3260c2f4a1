#include "store/chunk/pack_format.h"

#include <gtest/gtest.h>

#include "foundation/codec/hash.h"
#include "foundation/platform/testing/test_machine.h"
#include "store/chunk/internal/group.h"

namespace atl::chunk {
namespace {

codec::SecretKey key_of(std::uint8_t fill) {
  codec::SecretKey key;
  for (auto& byte : key.fill()) byte = fill;
  return key;
}

// The example of spec/formats/pack.md.
PackHeader example_header() {
  PackHeader header;
  header.vault = VaultId::parse("01890a5d-ac96-774b-bcce-b302099a8057").value();
  header.id = PackId::parse("01890a5d-b000-7000-8000-00000000abcd").value();
  header.domain = kDefaultDomain;
  header.temperature = Temperature::warm;
  header.suite = codec::SealSuite::aes256gcm;
  header.salt.fill(0x22);
  return header;
}
ChunkId example_id() { return ChunkId{codec::blake3_keyed(key_of(0x33), as_bytes("hello"))}; }

Footer example_footer() {
  Footer footer;
  footer.add(128, {0, codec::CompressionCodec::raw, 69, 5, 0}, std::vector<DirectoryEntry>{{example_id(), 0, 5}});
  footer.add(300, {7, codec::CompressionCodec::zstd, 200, 1000, 0},
             std::vector<DirectoryEntry>{{ChunkId{codec::blake3(as_bytes("a"))}, 0, 600},
                                         {ChunkId{codec::blake3(as_bytes("b"))}, 600, 400}});
  return footer;
}

TEST(PackFormat, HeaderComesBackAndEveryFlippedByteIsNoticed) {
  const PackHeaderBytes bytes = encode(example_header());
  EXPECT_EQ(decode_pack_header(bytes).value(), example_header());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    PackHeaderBytes bad = bytes;
    bad[i] ^= 0x10;
    EXPECT_EQ(decode_pack_header(bad).error().kind, ErrorKind::damaged) << i;
    EXPECT_EQ(decode_pack_header(ByteView(bytes).first(i)).error().kind, ErrorKind::damaged) << i;
  }
}

TEST(PackFormat, NewerFormatIsRefusedAsSuch) {
  const auto with = [](std::size_t at, std::uint8_t value) {
    PackHeaderBytes bytes = encode(example_header());
    bytes[at] = value;
    store_le<std::uint32_t>(bytes.data() + 124, codec::crc32c(ByteView(bytes).first(124)));
    return decode_pack_header(bytes);
  };
  EXPECT_EQ(with(8, 1).error().kind, ErrorKind::unsupported) << "major";
  EXPECT_TRUE(with(10, 1)) << "a minor version changes nothing for readers";
  EXPECT_TRUE(with(12, 1)) << "nor does a compatible feature";
  EXPECT_EQ(with(20, 1).error().kind, ErrorKind::unsupported) << "an incompatible feature";
  EXPECT_EQ(with(61, 2).error().kind, ErrorKind::unsupported) << "another suite";
  EXPECT_EQ(with(60, 0).error().kind, ErrorKind::damaged);
  EXPECT_EQ(with(60, 4).error().kind, ErrorKind::damaged);
}

TEST(PackFormat, FooterComesBackAndDoesNotOpenWhenTouched) {
  const PackHeader header = example_header();
  const PackHeaderBytes header_bytes = encode(header);
  const auto key = key_of(0x11);
  const Footer footer = example_footer();
  const Bytes frame = seal_footer(footer, header, header_bytes, key, Salt{1});
  EXPECT_EQ(open_footer(frame, 600, header, header_bytes, key).value(), footer);
  for (std::size_t i = 0; i < frame.size(); ++i) {
    Bytes bad = frame;
    bad[i] ^= 0x04;
    EXPECT_EQ(open_footer(bad, 600, header, header_bytes, key).error().kind, ErrorKind::damaged) << i;
  }
  EXPECT_FALSE(open_footer(frame, 500, header, header_bytes, key)) << "a group would reach into the footer";
  EXPECT_FALSE(open_footer(frame, 600, header, header_bytes, key_of(0x12)));
  PackHeaderBytes other = header_bytes;
  other[100] = 1;
  EXPECT_FALSE(open_footer(frame, 600, header, other, key)) << "bound to its pack";
  EXPECT_NE(seal_footer(footer, header, header_bytes, key, Salt{2}), frame);
}

TEST(PackFormat, FooterThatMakesNoSenseIsRefused) {
  const Bytes good = encode(example_footer());
  ASSERT_TRUE(decode_footer(good, 600));
  platform::SeededRandom random(5);
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    Bytes bad = good;
    bad[random.below(72)] ^= static_cast<std::uint8_t>(1U << random.below(8));
    const auto decoded = decode_footer(bad, 600);
    if (!decoded) {
      ++refused;
      EXPECT_EQ(decoded.error().kind, ErrorKind::damaged);
    }
  }
  EXPECT_GT(refused, 2000) << "a few bits say nothing that could be checked without the groups";
  for (std::size_t length = 0; length < good.size(); ++length)
    EXPECT_FALSE(decode_footer(ByteView(good).first(length), 600));
}

TEST(PackFormat, TrailerComesBackAndEveryFlippedByteIsNoticed) {
  const PackTrailer trailer{example_header().id, 1000, 300, 1364};
  const PackTrailerBytes bytes = encode(trailer);
  const auto back = decode_pack_trailer(bytes).value();
  EXPECT_EQ(back.id, trailer.id);
  EXPECT_EQ(back.footer_offset, 1000U);
  EXPECT_EQ(back.footer_length, 300U);
  EXPECT_EQ(back.protected_length, 1364U);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    PackTrailerBytes bad = bytes;
    bad[i] ^= 0x80;
    EXPECT_FALSE(decode_pack_trailer(bad)) << i;
  }
  EXPECT_FALSE(decode_pack_trailer(encode(PackTrailer{example_header().id, 1000, 300, 1365})));
}

TEST(PackFormat, BlobNames) {
  const PackId id = example_header().id;
  EXPECT_EQ(pack_blob_name(id), "01890a5d-b000-7000-8000-00000000abcd.pack");
  EXPECT_EQ(pack_of_blob_name(pack_blob_name(id)).value(), id);
  EXPECT_FALSE(pack_of_blob_name("notes.pack"));
  EXPECT_FALSE(pack_of_blob_name("01890a5d-b000-7000-8000-00000000abcd.jseg"));
}

class Groups : public ::testing::Test {
 protected:
  std::vector<DirectoryEntry> entries_for(const std::vector<Bytes>& chunks, Bytes& body) {
    std::vector<DirectoryEntry> entries;
    for (const Bytes& chunk : chunks) {
      entries.push_back({ChunkId{codec::blake3(chunk)}, static_cast<std::uint32_t>(body.size()),
                         static_cast<std::uint32_t>(chunk.size())});
      body.insert(body.end(), chunk.begin(), chunk.end());
    }
    return entries;
  }
  Result<OpenedGroup> open(ByteView frame, const PackHeaderBytes& header) {
    Buffer copy(frame.size());
    std::ranges::copy(frame, copy.data());
    return open_group(sealer_, header, std::move(copy), decompressor_, pool_);
  }
  PackHeaderBytes header_ = encode(example_header());
  codec::Sealer sealer_{codec::SealSuite::aes256gcm, derive_group_key(key_of(0x11), example_header())};
  codec::CheckedSealer sealing_{codec::SealSuite::aes256gcm, derive_group_key(key_of(0x11), example_header())};
  codec::Decompressor decompressor_;
  BufferPool pool_{1 << 20};
  GroupSealer group_;
};

TEST_F(Groups, ComeBackWithEveryCodec) {
  platform::SeededRandom random(3);
  for (const auto codec : {codec::CompressionCodec::raw, codec::CompressionCodec::lz4, codec::CompressionCodec::zstd}) {
    for (const bool is_noise : {false, true}) {
      Bytes body;
      const Bytes noise = random.bytes(30'000);
      const auto entries =
          entries_for({is_noise ? noise : Bytes(30'000, 'x'), Bytes(), to_bytes("tail"), Bytes()}, body);
      ASSERT_TRUE(group_.prepare(entries, body, {codec, 3}));
      ASSERT_TRUE(group_.seal(sealing_, header_, 5, body));
      EXPECT_EQ(group_.header().codec, is_noise ? codec::CompressionCodec::raw : codec);
      auto opened = open(group_.frame(), header_);
      ASSERT_TRUE(opened) << opened.error().message;
      EXPECT_EQ(opened->directory, entries);
      for (const auto& entry : entries) {
        EXPECT_TRUE(equal(opened->chunk(entry.id, entry.offset, entry.length).value(),
                          ByteView(body).subspan(entry.offset, entry.length)));
      }
      EXPECT_FALSE(opened->chunk(entries[0].id, 1, 30'000));
      EXPECT_FALSE(opened->chunk(entries[2].id, 0, 30'000));
    }
  }
}

// Of large bodies samples decide; of noise that repeats itself the repeats are seen.
TEST_F(Groups, LargeOnesAreCompressedWhereASampleShrinks) {
  platform::SeededRandom random(4);
  const Bytes noise = random.bytes(300'000);
  Bytes repeated;
  for (int i = 0; i < 50; ++i) repeated.insert(repeated.end(), noise.begin(), noise.begin() + 6'000);
  Bytes text_at_the_end = noise;
  std::fill(text_at_the_end.end() - 16'384, text_at_the_end.end(), std::uint8_t{'x'});
  for (const auto codec : {codec::CompressionCodec::lz4, codec::CompressionCodec::zstd}) {
    for (const auto& [content, expected] : {std::pair(noise, codec::CompressionCodec::raw), std::pair(repeated, codec),
                                            std::pair(text_at_the_end, codec)}) {
      Bytes body;
      const auto entries = entries_for({content}, body);
      ASSERT_TRUE(group_.prepare(entries, body, {codec, 3}));
      ASSERT_TRUE(group_.seal(sealing_, header_, 6, body));
      EXPECT_EQ(group_.header().codec, expected);
      const auto opened = open(group_.frame(), header_);
      ASSERT_TRUE(opened) << opened.error().message;
      EXPECT_TRUE(equal(opened->body(), body));
    }
  }
}

TEST_F(Groups, TouchedMovedOrRenumberedDoNotOpen) {
  Bytes body;
  const auto entries = entries_for({to_bytes("hello")}, body);
  ASSERT_TRUE(group_.prepare(entries, body, {}));
  ASSERT_TRUE(group_.seal(sealing_, header_, 5, body));
  const Bytes frame = to_bytes(group_.frame());
  for (std::size_t i = 0; i < frame.size(); ++i) {
    if (i >= 28 && i < 32) continue;  // the checksum is for those without the key; the seal covers the rest
    Bytes bad = frame;
    bad[i] ^= 0x01;
    EXPECT_FALSE(open(bad, header_)) << i;
  }
  PackHeaderBytes other = header_;
  other[90] ^= 1;
  EXPECT_FALSE(open(frame, other)) << "bound to its pack";
  EXPECT_FALSE(open(ByteView(frame).first(frame.size() - 1), header_));
}

TEST_F(Groups, DirectoryMustCoverTheBodyWithoutGaps) {
  const ChunkId id{codec::blake3(as_bytes("x"))};
  const auto decode = [](const std::vector<DirectoryEntry>& entries, std::uint32_t raw_length) {
    Bytes bytes;
    encode_directory(entries, bytes);
    return decode_directory(bytes, raw_length).has_value();
  };
  EXPECT_TRUE(decode({{id, 0, 10}, {id, 10, 5}}, 15));
  EXPECT_FALSE(decode({{id, 0, 10}, {id, 10, 5}}, 16));
  EXPECT_FALSE(decode({{id, 0, 10}, {id, 11, 5}}, 16));
  EXPECT_FALSE(decode({{id, 5, 10}}, 15));
  EXPECT_FALSE(decode({}, 0));
  EXPECT_FALSE(decode({{id, 0, 0xFFFFFFFF}, {id, 0xFFFFFFFF, 1}}, 0));
}

// Bytes that must never change without a new format number.
TEST_F(Groups, ExampleOfTheFormatPage) {
  EXPECT_EQ(to_hex(header_),
            "41544f4c5041434b0000000000000000000000000000000001890a5dac96774bbcceb302099a8057"
            "01890a5db0007000800000000000abcd010000000201000022222222222222222222222222222222"
            "22222222222222222222222222222222000000000000000000000000000000000000000000000000"
            "00000000e3ae0a95");
  EXPECT_EQ(to_hex(derive_group_key(key_of(0x11), example_header()).view()),
            "e0498d3420eaff6c4927102e8073715c076570cdb408c8de0d302b21d65af882");
  const std::vector<DirectoryEntry> entries{{example_id(), 0, 5}};
  ASSERT_TRUE(group_.prepare(entries, as_bytes("hello"), {}));
  ASSERT_TRUE(group_.seal(sealing_, header_, 0, as_bytes("hello")));
  EXPECT_EQ(to_hex(example_id().view()), "e0b81bcd72f86f939f97d653070a337a35e0306bef76589c02b1b2b0e6f64fd6");
  EXPECT_EQ(to_hex(group_.frame()),
            "41475250000000000000000045000000050000000000000000000000307d0c86"
            "0feac49cc4ec6e53efd574c82d9a27096800458da57436103feeedc08dda49be"
            "056cb9ddc4c939bc3169a0b4d386befcfc03759a7160501b4d6628cb3435f4a3"
            "ff3eac2491");
}

}  // namespace
}  // namespace atl::chunk
