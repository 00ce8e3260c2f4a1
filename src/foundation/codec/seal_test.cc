#include "foundation/codec/seal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "foundation/codec/hash.h"
#include "foundation/codec/internal/hkdf.h"

namespace atl::codec {
namespace {

SecretKey key_of(std::string_view hex) { return SecretKey::from_view(from_hex(hex).value()).value(); }

Nonce nonce_of(std::string_view hex) {
  const Bytes bytes = from_hex(hex).value();
  Nonce nonce{};
  std::ranges::copy(bytes, nonce.begin());
  return nonce;
}

Bytes sealed(Sealer& sealer, const Nonce& nonce, ByteView aad, ByteView plain) {
  Bytes out(plain.size() + kTagBytes);
  sealer.seal(nonce, aad, plain, out);
  return out;
}

std::optional<Bytes> opened(Sealer& sealer, const Nonce& nonce, ByteView aad, ByteView bytes) {
  Bytes out(bytes.size() - kTagBytes, 0xEE);
  if (!sealer.open(nonce, aad, bytes, out)) {
    EXPECT_TRUE(std::ranges::all_of(out, [](std::uint8_t byte) { return byte == 0; })) << "nothing unverified is left";
    return std::nullopt;
  }
  return out;
}

struct GcmCase {
  std::string_view key, nonce, aad, plain, cipher, tag;
};
// The Galois/Counter Mode of Operation (McGrew, Viega), appendix B, test cases 13 to 16.
constexpr std::array<GcmCase, 4> kGcmCases{{
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "", "", "",
     "530f8afbc74536b9a963b4f1c4cb738b"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "",
     "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657b"
     "a63"
     "7b391aafd255",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0ab"
     "cc9"
     "f662898015ad",
     "b094dac5d93471bdec1a502270e3cc6c"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657b"
     "a63"
     "7b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0ab"
     "cc9"
     "f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
}};

TEST(Aes256Gcm, MatchesTheVectorsOfItsAuthors) {
  for (const GcmCase& c : kGcmCases) {
    SCOPED_TRACE(c.tag);
    Sealer sealer(SealSuite::aes256gcm, key_of(c.key));
    const Bytes aad = from_hex(c.aad).value();
    const Bytes plain = from_hex(c.plain).value();
    const Bytes out = sealed(sealer, nonce_of(c.nonce), aad, plain);
    EXPECT_EQ(to_hex(out), std::string(c.cipher) + std::string(c.tag));
    EXPECT_EQ(opened(sealer, nonce_of(c.nonce), aad, out), plain);
  }
}

TEST(Aes256Gcm, OpensAndSealsInAnyOrderWithOneKey) {
  Sealer sealer(SealSuite::aes256gcm, key_of(kGcmCases[2].key));
  std::vector<Bytes> all;
  for (std::uint64_t i = 0; i < 50; ++i) {
    const Bytes plain(i * 100, static_cast<std::uint8_t>(i));
    all.push_back(sealed(sealer, counter_nonce(i), as_bytes("head"), plain));
    const std::uint64_t other = i / 2;
    EXPECT_EQ(opened(sealer, counter_nonce(other), as_bytes("head"), all[other]),
              Bytes(other * 100, static_cast<std::uint8_t>(other)));
  }
}

class EachSuite : public testing::TestWithParam<SealSuite> {
 protected:
  Sealer sealer_{GetParam(), key_of("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")};
  Nonce nonce_ = counter_nonce(7, 3);
};
INSTANTIATE_TEST_SUITE_P(Suites, EachSuite, testing::Values(SealSuite::none, SealSuite::aes256gcm),
                         [](const auto& suite) { return suite.param == SealSuite::none ? "none" : "aes256gcm"; });

TEST_P(EachSuite, RefusesAnyChangedByteOfCiphertextTagAssociatedDataAndNonce) {
  const Bytes plain = to_bytes("a page of text that is a little longer than two blocks");
  const Bytes aad = to_bytes("header of the group");
  const Bytes good = sealed(sealer_, nonce_, aad, plain);
  ASSERT_EQ(opened(sealer_, nonce_, aad, good), plain);
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const std::uint8_t flip : {std::uint8_t{0x01}, std::uint8_t{0x80}}) {
      Bytes bad = good;
      bad[at] ^= flip;
      EXPECT_EQ(opened(sealer_, nonce_, aad, bad), std::nullopt) << at;
    }
  }
  for (std::size_t at = 0; at < aad.size(); ++at) {
    Bytes bad = aad;
    bad[at] ^= 0x10;
    EXPECT_EQ(opened(sealer_, nonce_, bad, good), std::nullopt) << at;
  }
  for (std::size_t at = 0; at < nonce_.size(); ++at) {
    Nonce bad = nonce_;
    bad[at] ^= 0x10;
    EXPECT_EQ(opened(sealer_, bad, aad, good), std::nullopt) << at;
  }
  EXPECT_EQ(opened(sealer_, nonce_, aad, good), plain) << "failures leave the sealer whole";
}

TEST_P(EachSuite, RefusesSwappedCutAndLengthenedData) {
  const Bytes first = sealed(sealer_, counter_nonce(1), as_bytes("1"), as_bytes("first chunk"));
  const Bytes second = sealed(sealer_, counter_nonce(2), as_bytes("2"), as_bytes("other chunk"));
  EXPECT_EQ(opened(sealer_, counter_nonce(1), as_bytes("1"), second), std::nullopt);
  EXPECT_EQ(opened(sealer_, counter_nonce(2), as_bytes("2"), first), std::nullopt);
  for (std::size_t size = kTagBytes; size < first.size(); ++size) {
    EXPECT_EQ(opened(sealer_, counter_nonce(1), as_bytes("1"), ByteView(first).first(size)), std::nullopt) << size;
    EXPECT_EQ(opened(sealer_, counter_nonce(1), as_bytes("1"), ByteView(first).last(size)), std::nullopt) << size;
  }
  Bytes longer = first;
  longer.push_back(0);
  EXPECT_EQ(opened(sealer_, counter_nonce(1), as_bytes("1"), longer), std::nullopt);
}

TEST_P(EachSuite, KeepsTheBorderBetweenAssociatedDataAndPlaintext) {
  Bytes joined = to_bytes("header");
  const Bytes out = sealed(sealer_, nonce_, as_bytes("head"), as_bytes("er"));
  EXPECT_EQ(opened(sealer_, nonce_, as_bytes("header"), ByteView(out).subspan(2)), std::nullopt);
  EXPECT_EQ(opened(sealer_, nonce_, as_bytes("hea"), out), std::nullopt);
  EXPECT_TRUE(opened(sealer_, nonce_, as_bytes("head"), out));
}

TEST_P(EachSuite, WorksInPlace) {
  const Bytes plain = to_bytes("sealed where it stands");
  Bytes buffer = plain;
  buffer.resize(plain.size() + kTagBytes);
  sealer_.seal(nonce_, {}, ByteView(buffer).first(plain.size()), buffer);
  EXPECT_EQ(buffer, sealed(sealer_, nonce_, {}, plain));
  EXPECT_TRUE(sealer_.open(nonce_, {}, buffer, ByteSpan(buffer).first(plain.size())));
  EXPECT_TRUE(equal(ByteView(buffer).first(plain.size()), plain));
}

TEST_P(EachSuite, ClonesGiveTheSameBytesAndLiveLonger) {
  auto original = std::make_unique<Sealer>(sealer_.clone());
  [[maybe_unused]] const Bytes used = sealed(*original, counter_nonce(1), {}, as_bytes("before"));
  Sealer copy = original->clone();
  const Bytes from_original = sealed(*original, nonce_, as_bytes("a"), as_bytes("text"));
  original.reset();
  EXPECT_EQ(sealed(copy, nonce_, as_bytes("a"), as_bytes("text")), from_original);
  EXPECT_EQ(opened(copy, nonce_, as_bytes("a"), from_original), to_bytes("text"));
}

TEST_P(EachSuite, TakesEmptyAndLargeInputs) {
  EXPECT_EQ(opened(sealer_, nonce_, {}, sealed(sealer_, nonce_, {}, {})), Bytes{});
  const Bytes large(3'000'001, 0x5A);
  EXPECT_EQ(opened(sealer_, nonce_, large, sealed(sealer_, nonce_, large, large)), large);
}

TEST(SuiteNone, LeavesBytesClearAndTagsThemWithBlake3) {
  Sealer sealer(SealSuite::none, SecretKey());
  const Nonce nonce = nonce_of("0102030405060708090a0b0c");
  const Bytes out = sealed(sealer, nonce, as_bytes("aad"), as_bytes("clear text"));
  EXPECT_EQ(as_text(ByteView(out).first(10)), "clear text");
  const Bytes hashed = from_hex(
                           "0102030405060708090a0b0c"
                           "0300000000000000"
                           "616164"
                           "636c6561722074657874")
                           .value();
  EXPECT_TRUE(equal(ByteView(out).last(kTagBytes), ByteView(blake3(hashed)).first(kTagBytes)));
  // The value the format page gives.
  EXPECT_EQ(to_hex(ByteView(out).last(kTagBytes)), "155e7407260cb9a169d1c47b0fd632a3");
}

TEST(SuiteAes256Gcm, GivesDifferentBytesForEveryNonceAndKey) {
  Sealer one(SealSuite::aes256gcm, key_of(kGcmCases[0].key));
  Sealer two(SealSuite::aes256gcm, key_of(kGcmCases[2].key));
  const Bytes plain(64, 0);
  EXPECT_NE(sealed(one, counter_nonce(0), {}, plain), sealed(one, counter_nonce(1), {}, plain));
  EXPECT_NE(sealed(one, counter_nonce(0, 0), {}, plain), sealed(one, counter_nonce(0, 1), {}, plain));
  EXPECT_NE(sealed(one, counter_nonce(0), {}, plain), sealed(two, counter_nonce(0), {}, plain));
  const Bytes out = sealed(one, counter_nonce(0), {}, plain);
  EXPECT_EQ(opened(two, counter_nonce(0), {}, out), std::nullopt);
}

TEST(CounterNonce, IsLittleEndianCounterThenLane) {
  EXPECT_EQ(to_hex(counter_nonce(0x0102030405060708, 0x0A0B0C0D)), "08070605040302010d0c0b0a");
  EXPECT_EQ(to_hex(counter_nonce(1)), "010000000000000000000000");
}

TEST(Hkdf, MatchesRfc5869) {
  // The first 32 bytes of the output of test cases 1 to 3: those depend on no later round.
  EXPECT_EQ(to_hex(internal::hkdf_sha256(Bytes(22, 0x0b), from_hex("000102030405060708090a0b0c").value(),
                                         from_hex("f0f1f2f3f4f5f6f7f8f9").value())
                       .view()),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
  const auto rising = [](unsigned first, unsigned last) {
    Bytes bytes;
    for (unsigned byte = first; byte <= last; ++byte) bytes.push_back(static_cast<std::uint8_t>(byte));
    return bytes;
  };
  EXPECT_EQ(to_hex(internal::hkdf_sha256(rising(0x00, 0x4f), rising(0x60, 0xaf), rising(0xb0, 0xff)).view()),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c");
  EXPECT_EQ(to_hex(internal::hkdf_sha256(Bytes(22, 0x0b), {}, {}).view()),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

TEST(DeriveKey, SeparatesKeysSaltsAndPurposes) {
  const SecretKey from = key_of("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
  const SecretKey base = derive_key(from, as_bytes("salt"), "atoll pack");
  EXPECT_TRUE(base.equals(derive_key(from, as_bytes("salt"), "atoll pack")));
  EXPECT_FALSE(base.equals(derive_key(from, as_bytes("salt"), "atoll journal envelope")));
  EXPECT_FALSE(base.equals(derive_key(from, as_bytes("tlas"), "atoll pack")));
  EXPECT_FALSE(base.equals(derive_key(SecretKey(), as_bytes("salt"), "atoll pack")));
}

std::string stretched(std::string_view passphrase, std::uint32_t memory_kib, std::uint32_t passes) {
  std::array<std::uint8_t, 16> salt{};
  for (std::size_t i = 0; i < salt.size(); ++i) salt[i] = static_cast<std::uint8_t>(i);
  const auto key = stretch_passphrase(passphrase, salt, {memory_kib, passes});
  return key ? to_hex(key->view()) : key.error().id;
}

TEST(StretchPassphrase, MatchesAnotherImplementationOfArgon2id) {
  // Computed with libgcrypt 1.10: version 0x13, one lane, no secret, no associated data.
  EXPECT_EQ(stretched("password", 64, 3), "b06bcf7d2d3ae0a0e060f75fc78cc0082e6196baab3e422cbe3cc0c807f76c0d");
  EXPECT_EQ(stretched("correct horse battery staple", 1024, 2),
            "58782fc96f06a6d7fcec4728099f6a788ee98a04f4cd8fa0a27af6db8b7a46b8");
  EXPECT_EQ(stretched("password", 65'536, 3), "def6fd068289b9a0cf1114f8e978a2c4dab6faef377d895b9c2d59fc93fc5653");
}

TEST(StretchPassphrase, RefusesCostsThatAFileShouldNotAskFor) {
  EXPECT_EQ(stretched("p", 7, 3), "passphrase.cost");
  EXPECT_EQ(stretched("p", UINT32_MAX, 3), "passphrase.cost");
  EXPECT_EQ(stretched("p", 64, 0), "passphrase.cost");
  EXPECT_EQ(stretched("p", 64, UINT32_MAX), "passphrase.cost");
}

}  // namespace
}  // namespace atl::codec
