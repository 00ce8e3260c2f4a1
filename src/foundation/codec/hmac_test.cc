#include "foundation/codec/hmac.h"

#include <gtest/gtest.h>

namespace atl::codec {
namespace {

TEST(HmacSha256, MatchesRfc4231) {
  EXPECT_EQ(to_hex(hmac_sha256(Bytes(20, 0x0B), as_bytes("Hi There"))),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(Bytes(131, 0xAA), as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256, TakesAnEmptyKeyAndAnEmptyText) {
  EXPECT_EQ(to_hex(hmac_sha256({}, {})), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Sha1, MatchesFips180WhateverThePartsItIsFed) {
  Sha1 empty;
  EXPECT_EQ(to_hex(empty.finish()), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  Sha1 parts;
  parts.update(as_bytes("a"));
  parts.update(as_bytes("bc"));
  EXPECT_EQ(to_hex(parts.finish()), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

TEST(Sha1DeathTest, IsFinishedOnce) {
  Sha1 hasher;
  [[maybe_unused]] const auto first = hasher.finish();
  EXPECT_DEATH(hasher.update(as_bytes("more")), "takes no more");
}

TEST(EqualInConstantTime, SaysWhetherTheBytesAreTheSame) {
  EXPECT_TRUE(equal_in_constant_time(as_bytes("abc"), as_bytes("abc")));
  EXPECT_TRUE(equal_in_constant_time({}, {}));
  EXPECT_FALSE(equal_in_constant_time(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(equal_in_constant_time(as_bytes("abc"), as_bytes("abcd")));
}

}  // namespace
}  // namespace atl::codec
