// What one of the two seals is what the other seals, and each opens what the other sealed and nothing else.
#include "foundation/codec/internal/vector_gcm.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <random>
#include <vector>

#include "foundation/codec/internal/openssl_gcm.h"

namespace atl::codec::internal {
namespace {

enum class By : std::uint8_t { openssl, vectors };

// One of the two; OpenSSL is held against itself, too, so that these tests check something on any processor.
class Gcm {
 public:
  Gcm(By by, const SecretKey& key) {
    if (by == By::vectors) {
      vectors_.emplace(key);
    } else {
      openssl_.emplace(key);
    }
  }
  void seal(const Nonce& nonce, ByteView aad, ByteView plain, ByteSpan out) {
    if (vectors_) return vectors_->seal(nonce, aad, plain, out);
    openssl_->seal(nonce, aad, plain, out);
  }
  bool seal_checked(const Nonce& nonce, ByteView aad, std::span<const ByteView> parts, ByteSpan out, ByteSpan opened) {
    return vectors_ ? vectors_->seal_checked(nonce, aad, parts, out, opened)
                    : openssl_->seal_checked(nonce, aad, parts, out, opened);
  }
  bool open(const Nonce& nonce, ByteView aad, ByteView sealed, ByteSpan out) {
    return vectors_ ? vectors_->open(nonce, aad, sealed, out) : openssl_->open(nonce, aad, sealed, out);
  }

 private:
  std::optional<VectorGcm> vectors_;
  std::optional<OpensslGcm> openssl_;
};

class VectorGcmTest : public ::testing::TestWithParam<By> {
 protected:
  Bytes noise(std::size_t size) {
    Bytes bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random_());
    return bytes;
  }
  SecretKey key() { return SecretKey::from_view(noise(32)).value(); }
  Nonce nonce() {
    Nonce made{};
    for (auto& byte : made) byte = static_cast<std::uint8_t>(random_());
    return made;
  }
  // Both ways, in place and to another place.
  void expect_equal(const SecretKey& key, std::size_t length, std::size_t aad_length) {
    SCOPED_TRACE("length " + std::to_string(length) + ", associated data " + std::to_string(aad_length));
    Gcm tested(GetParam(), key);
    OpensslGcm openssl(key);
    const Nonce number = nonce();
    const Bytes aad = noise(aad_length);
    const Bytes plain = noise(length);
    Bytes expected(length + kTagBytes);
    openssl.seal(number, aad, plain, expected);
    Bytes sealed(length + kTagBytes, 0xEE);
    tested.seal(number, aad, plain, sealed);
    ASSERT_EQ(sealed, expected);
    Bytes in_place = plain;
    in_place.resize(length + kTagBytes);
    tested.seal(number, aad, ByteView(in_place).first(length), in_place);
    ASSERT_EQ(in_place, expected);

    Bytes opened(length, 0xEE);
    ASSERT_TRUE(tested.open(number, aad, sealed, opened));
    ASSERT_EQ(opened, plain);
    ASSERT_TRUE(tested.open(number, aad, in_place, ByteSpan(in_place).first(length)));
    ASSERT_TRUE(equal(ByteView(in_place).first(length), plain));
  }
  std::mt19937_64 random_{7};  // NOLINT(cert-msc51-cpp): the same in every run
};

TEST_P(VectorGcmTest, EveryLengthAroundTheBlocksAndLanes) {
  const SecretKey one = key();
  for (std::size_t length = 0; length <= 1100; ++length) {
    expect_equal(one, length, length % 3 == 0 ? 0 : length % 131);
    if (HasFatalFailure()) return;
  }
}

TEST_P(VectorGcmTest, AnyLengthsKeysAndAssociatedData) {
  for (int round = 0; round < 400; ++round) {
    const std::size_t longest = std::size_t{1} << (random_() % 18);
    expect_equal(key(), random_() % (longest + 1), random_() % 300);
    if (HasFatalFailure()) return;
  }
}

// The counter's last byte runs over, and the counter with it, in long texts.
TEST_P(VectorGcmTest, LongTexts) {
  for (const std::size_t length : {1'048'576U, 4'194'304U + 17U, 8'388'607U}) {
    expect_equal(key(), length, 84);
    if (HasFatalFailure()) return;
  }
}

TEST_P(VectorGcmTest, OneChangedBitAnywhereIsSeen) {
  const SecretKey one = key();
  Gcm tested(GetParam(), one);
  const Nonce number = nonce();
  const Bytes aad = noise(84);
  const Bytes plain = noise(700);
  Bytes sealed(plain.size() + kTagBytes);
  tested.seal(number, aad, plain, sealed);
  Bytes out(plain.size());
  for (std::size_t at = 0; at < sealed.size(); at += 5) {
    Bytes changed = sealed;
    changed[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
    EXPECT_FALSE(tested.open(number, aad, changed, out)) << at;
  }
  for (std::size_t at = 0; at < aad.size(); at += 3) {
    Bytes changed = aad;
    changed[at] ^= 0x80;
    EXPECT_FALSE(tested.open(number, changed, sealed, out)) << at;
  }
  Nonce other = number;
  other[11] ^= 1;
  EXPECT_FALSE(tested.open(other, aad, sealed, out));
  EXPECT_FALSE(Gcm(GetParam(), key()).open(number, aad, sealed, out));
  EXPECT_TRUE(Gcm(tested).open(number, aad, sealed, out)) << "a copy has the key";
}

TEST_P(VectorGcmTest, InPiecesAndPartsOfAnyLengthTheSameBytes) {
  Bytes opened(4096);
  for (int round = 0; round < 300; ++round) {
    const SecretKey secret = key();
    Gcm tested(GetParam(), secret);
    OpensslGcm openssl(secret);
    const Nonce number = nonce();
    const Bytes aad = noise(random_() % 200);
    const Bytes plain = noise(random_() % 10'000);
    Bytes expected(plain.size() + kTagBytes);
    openssl.seal(number, aad, plain, expected);
    const std::size_t first = random_() % (plain.size() + 1);
    const std::array parts{ByteView(plain).first(first), ByteView(), ByteView(plain).subspan(first)};
    Bytes out(plain.size() + kTagBytes, 0xEE);
    const std::size_t piece = 1 + random_() % opened.size();
    ASSERT_TRUE(tested.seal_checked(number, aad, parts, out, ByteSpan(opened).first(piece)));
    ASSERT_EQ(out, expected) << plain.size() << " in pieces of " << piece;
  }
}

// Sealed over itself, so that what comes back is not what is there any more: as if the memory had lost it.
TEST_P(VectorGcmTest, WhatComesBackOtherwiseIsTold) {
  Gcm tested(GetParam(), key());
  Bytes opened(1000);
  for (const std::size_t length : {1U, 999U, 1000U, 1001U, 5000U}) {
    Bytes text = noise(length);
    text.resize(length + kTagBytes);
    const std::array parts{ByteView(text).first(length)};
    EXPECT_FALSE(tested.seal_checked(nonce(), {}, parts, text, opened)) << length;
  }
}

INSTANTIATE_TEST_SUITE_P(ByWay, VectorGcmTest, ::testing::ValuesIn([] {
                           std::vector<By> all{By::openssl};
                           if (VectorGcm::is_offered()) all.push_back(By::vectors);
                           return all;
                         }()),
                         [](const auto& each) { return each.param == By::openssl ? "Openssl" : "Vectors"; });

}  // namespace
}  // namespace atl::codec::internal
