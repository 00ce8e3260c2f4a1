#include "foundation/codec/checked_seal.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace atl::codec {
namespace {

class EachSuiteChecked : public testing::TestWithParam<SealSuite> {
 protected:
  Bytes noise(std::size_t size) {
    Bytes bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random_());
    return bytes;
  }
  std::mt19937_64 random_{11};  // NOLINT(cert-msc51-cpp): the same in every run
  SecretKey key_ = SecretKey::from_view(Bytes(32, 0x42)).value();
};
INSTANTIATE_TEST_SUITE_P(Suites, EachSuiteChecked, testing::Values(SealSuite::none, SealSuite::aes256gcm),
                         [](const auto& suite) { return suite.param == SealSuite::none ? "none" : "aes256gcm"; });

TEST_P(EachSuiteChecked, GivesTheBytesOfASealerWhereverItsPartsLie) {
  Sealer plain_sealer(GetParam(), key_);
  CheckedSealer sealer(GetParam(), key_);
  std::uint64_t number = 0;
  for (const std::size_t first : {0U, 1U, 16U, 200U, 1234U}) {
    for (const std::size_t second : {0U, 1U, 16U, 131'071U, 131'072U, 131'073U, 500'001U}) {
      const Bytes aad = noise(first % 100);
      const Bytes front = noise(first);
      const Bytes body = noise(second);
      Bytes together = front;
      together.insert(together.end(), body.begin(), body.end());
      const Nonce nonce = counter_nonce(++number);
      Bytes expected(together.size() + kTagBytes);
      plain_sealer.seal(nonce, aad, together, expected);
      Bytes out(together.size() + kTagBytes, 0xEE);
      const std::array<ByteView, 2> parts{front, body};
      ASSERT_TRUE(sealer.seal(nonce, aad, parts, out));
      ASSERT_EQ(out, expected) << first << " and " << second;
    }
  }
}

TEST_P(EachSuiteChecked, SealsNothingAtAll) {
  CheckedSealer sealer(GetParam(), key_);
  Bytes out(kTagBytes);
  ASSERT_TRUE(sealer.seal(counter_nonce(1), as_bytes("head"), {}, out));
  EXPECT_TRUE(Sealer(GetParam(), key_).open(counter_nonce(1), as_bytes("head"), out, {}));
}

// The part is written over while it is sealed, so that it is not what comes back.
TEST(CheckedSealer, TellsWhereWhatCameBackIsNotWhatIsThere) {
  CheckedSealer sealer(SealSuite::aes256gcm, SecretKey::from_view(Bytes(32, 0x42)).value());
  Bytes text(5000 + kTagBytes, 0x5A);
  const std::array parts{ByteView(text).first(5000)};
  EXPECT_FALSE(sealer.seal(counter_nonce(1), {}, parts, text));
}

}  // namespace
}  // namespace atl::codec
