#include "foundation/codec/hmac_sha1.h"

#include <gtest/gtest.h>

namespace atl::codec {
namespace {

// RFC 2202, section 3.
TEST(HmacSha1, GivesTheDigestsOfItsStandard) {
  EXPECT_EQ(to_hex(hmac_sha1(Bytes(20, 0x0b), as_bytes("Hi There"))), "b617318655057264e28bc0b6fb378c8ef146be00");
  EXPECT_EQ(to_hex(hmac_sha1(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  EXPECT_EQ(to_hex(hmac_sha1(Bytes(80, 0xaa), as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
            "aa4ae5e15272d00e95705637ce8a3b55ed402112");
  EXPECT_EQ(to_hex(hmac_sha1({}, {})), "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
}

}  // namespace
}  // namespace atl::codec
