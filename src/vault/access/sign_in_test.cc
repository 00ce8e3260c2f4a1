#include "vault/access/sign_in.h"

#include <gtest/gtest.h>

#include <set>

#include "foundation/platform/testing/test_machine.h"

namespace atl::access {
namespace {

constexpr codec::PassphraseCost kCheap{8, 1};

TEST(Passwords, FitTheirHashAndNothingElseDoes) {
  platform::SeededRandom random(1);
  const std::string hash = hash_password(random, "correct horse", kCheap).value();
  EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$")) << hash;
  EXPECT_TRUE(check_password(hash, "correct horse").value());
  EXPECT_FALSE(check_password(hash, "correct horsE").value());
  EXPECT_FALSE(check_password(hash, "").value());
  EXPECT_NE(hash, hash_password(random, "correct horse", kCheap).value()) << "each has its own salt";
}

TEST(Passwords, TextsThatAreNoHashesAreDamageAndNeverFit) {
  platform::SeededRandom random(2);
  const std::string hash = hash_password(random, "password", kCheap).value();
  for (const std::string& wrong :
       {std::string(), std::string("$argon2id$"), hash.substr(0, hash.size() - 4), hash + "AAAA",
        "$argon2i" + hash.substr(9), std::string("$argon2id$v=19$m=99999999,t=1,p=1$") + hash.substr(27),
        std::string("$argon2id$v=19$m=8,t=1,p=2$") + hash.substr(27),
        std::string("$argon2id$v=19$m=8,t=999999999999,p=1$") + hash.substr(27)}) {
    const auto checked = check_password(wrong, "password");
    EXPECT_FALSE(checked.has_value() && *checked) << wrong;
    EXPECT_TRUE(checked.has_value() || checked.error().id == "access.bad_password_hash") << wrong;
  }
}

// RFC 6238, appendix B, the last six digits of the SHA-1 column.
TEST(OneTimeCodes, AreThoseOfTheStandard) {
  const ByteView secret = as_bytes("12345678901234567890");
  EXPECT_EQ(totp_code(secret, 59 / 30), "287082");
  EXPECT_EQ(totp_code(secret, 1111111109 / 30), "081804");
  EXPECT_EQ(totp_code(secret, 1111111111 / 30), "050471");
  EXPECT_EQ(totp_code(secret, 1234567890 / 30), "005924");
  EXPECT_EQ(totp_code(secret, 2000000000 / 30), "279037");
  EXPECT_EQ(totp_code(secret, 20000000000 / 30), "353130");
}

TEST(OneTimeCodes, AreGoodOneStepEarlyOrLateAndOnce) {
  const ByteView secret = as_bytes("12345678901234567890");
  const Timestamp now{1'234'567'890LL * 1'000'000};
  const std::uint64_t step = 1'234'567'890 / 30;
  for (const std::uint64_t one : {step - 1, step, step + 1})
    EXPECT_EQ(check_totp(secret, totp_code(secret, one), now, 0), one);
  EXPECT_FALSE(check_totp(secret, totp_code(secret, step - 2), now, 0));
  EXPECT_FALSE(check_totp(secret, totp_code(secret, step + 2), now, 0));
  EXPECT_FALSE(check_totp(secret, totp_code(secret, step), now, step)) << "a code is used once";
  EXPECT_TRUE(check_totp(secret, totp_code(secret, step + 1), now, step));
  for (const char* wrong : {"", "00592", "0059240", "abcdef"}) EXPECT_FALSE(check_totp(secret, wrong, now, 0)) << wrong;
}

TEST(OneTimeCodes, AppsReadTheAddress) {
  EXPECT_EQ(totp_address("Atoll", "anna@example.org", "gezdgnbv"),
            "otpauth://totp/Atoll:anna%40example.org?secret=GEZDGNBV&issuer=Atoll");
}

TEST(Secrets, AreKnownByTheirDigestAndOfOneKindOnly) {
  platform::SeededRandom random(3);
  std::set<std::string> seen;
  for (const std::string_view kind : {kTokenKind, kSessionKind, kShareKind}) {
    const NewSecret secret = new_secret(random, kind);
    EXPECT_TRUE(seen.insert(secret.text).second);
    EXPECT_EQ(digest_of_secret(secret.text, kind), secret.digest);
    for (const std::string_view other : {kTokenKind, kSessionKind, kShareKind}) {
      EXPECT_EQ(digest_of_secret(secret.text, other).has_value(), other == kind);
    }
    for (std::size_t cut = 0; cut < secret.text.size(); ++cut)
      EXPECT_FALSE(digest_of_secret(secret.text.substr(0, cut), kind)) << cut;
    EXPECT_FALSE(digest_of_secret(secret.text + "a", kind));
    std::string changed = secret.text;
    changed[kind.size() + 5] = changed[kind.size() + 5] == 'a' ? 'b' : 'a';
    EXPECT_NE(digest_of_secret(changed, kind), secret.digest);
  }
}

TEST(Secrets, S3KeysLookAsClientsExpect) {
  platform::SeededRandom random(4);
  EXPECT_EQ(new_access_key_id(random).size(), 20U);
  EXPECT_EQ(new_s3_secret(random).size(), 40U);
  EXPECT_NE(new_s3_secret(random), new_s3_secret(random));
}

}  // namespace
}  // namespace atl::access
