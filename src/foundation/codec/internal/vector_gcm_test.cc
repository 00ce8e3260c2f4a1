// What one of the two seals is what the other seals, and each opens what the other sealed and nothing else.
#include "foundation/codec/internal/vector_gcm.h"

#include <gtest/gtest.h>

#include <random>

#include "foundation/codec/internal/openssl_gcm.h"

namespace atl::codec::internal {
namespace {

class VectorGcmTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!VectorGcm::is_offered()) GTEST_SKIP() << "this processor has no vector AES";
  }
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
    const VectorGcm vectors(key);
    OpensslGcm openssl(key);
    const Nonce number = nonce();
    const Bytes aad = noise(aad_length);
    const Bytes plain = noise(length);
    Bytes expected(length + kTagBytes);
    openssl.seal(number, aad, plain, expected);
    Bytes sealed(length + kTagBytes, 0xEE);
    vectors.seal(number, aad, plain, sealed);
    ASSERT_EQ(sealed, expected);
    Bytes in_place = plain;
    in_place.resize(length + kTagBytes);
    vectors.seal(number, aad, ByteView(in_place).first(length), in_place);
    ASSERT_EQ(in_place, expected);

    Bytes opened(length, 0xEE);
    ASSERT_TRUE(vectors.open(number, aad, sealed, opened));
    ASSERT_EQ(opened, plain);
    ASSERT_TRUE(vectors.open(number, aad, in_place, ByteSpan(in_place).first(length)));
    ASSERT_TRUE(equal(ByteView(in_place).first(length), plain));
  }
  std::mt19937_64 random_{7};  // NOLINT(cert-msc51-cpp): the same in every run
};

TEST_F(VectorGcmTest, EveryLengthAroundTheBlocksAndLanes) {
  const SecretKey one = key();
  for (std::size_t length = 0; length <= 1100; ++length) {
    expect_equal(one, length, length % 3 == 0 ? 0 : length % 131);
    if (HasFatalFailure()) return;
  }
}

TEST_F(VectorGcmTest, AnyLengthsKeysAndAssociatedData) {
  for (int round = 0; round < 400; ++round) {
    const std::size_t longest = std::size_t{1} << (random_() % 18);
    expect_equal(key(), random_() % (longest + 1), random_() % 300);
    if (HasFatalFailure()) return;
  }
}

// The counter's last byte runs over, and the counter with it, in long texts.
TEST_F(VectorGcmTest, LongTexts) {
  for (const std::size_t length : {1'048'576U, 4'194'304U + 17U, 8'388'607U}) {
    expect_equal(key(), length, 84);
    if (HasFatalFailure()) return;
  }
}

TEST_F(VectorGcmTest, OneChangedBitAnywhereIsSeen) {
  const SecretKey one = key();
  const VectorGcm vectors(one);
  const Nonce number = nonce();
  const Bytes aad = noise(84);
  const Bytes plain = noise(700);
  Bytes sealed(plain.size() + kTagBytes);
  vectors.seal(number, aad, plain, sealed);
  Bytes out(plain.size());
  for (std::size_t at = 0; at < sealed.size(); at += 5) {
    Bytes changed = sealed;
    changed[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
    EXPECT_FALSE(vectors.open(number, aad, changed, out)) << at;
  }
  for (std::size_t at = 0; at < aad.size(); at += 3) {
    Bytes changed = aad;
    changed[at] ^= 0x80;
    EXPECT_FALSE(vectors.open(number, changed, sealed, out)) << at;
  }
  Nonce other = number;
  other[11] ^= 1;
  EXPECT_FALSE(vectors.open(other, aad, sealed, out));
  EXPECT_FALSE(VectorGcm(key()).open(number, aad, sealed, out));
  EXPECT_TRUE(VectorGcm(vectors).open(number, aad, sealed, out)) << "a copy has the key";
}

}  // namespace
}  // namespace atl::codec::internal
