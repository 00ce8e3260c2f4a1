// What people and programs sign in with: passwords, one-time codes, tokens.
// Always true: comparing takes the same time whether it matches or not.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/bytes.h"
#include "foundation/base/time.h"
#include "foundation/codec/hash.h"
#include "foundation/codec/seal.h"
#include "foundation/platform/machine.h"

namespace atl::access {

inline constexpr std::size_t kPasswordBytesMin = 8;  // NIST SP 800-63B 5.1.1.1
inline constexpr std::size_t kPasswordBytesMax = 1024;

// Argon2id (RFC 9106) in its usual text form: "$argon2id$v=19$m=65536,t=3,p=1$<salt>$<hash>", base64 without padding.
[[nodiscard]] Result<std::string> hash_password(platform::Random& random, std::string_view password,
                                                const codec::PassphraseCost& cost);
// False where it does not match. `damaged` where `encoded` is no such text or asks for more than 1 GiB or 16 passes.
[[nodiscard]] Result<bool> check_password(std::string_view encoded, std::string_view password);

// RFC 6238: HMAC-SHA-1, steps of 30 s, 6 digits: what every authenticator app does.
inline constexpr std::int64_t kTotpStepSeconds = 30;
[[nodiscard]] std::string totp_code(ByteView secret, std::uint64_t step);
// The step that `code` is of, one step early or late at most and after `last_used`; none where it is of no such step.
[[nodiscard]] std::optional<std::uint64_t> check_totp(ByteView secret, std::string_view code, Timestamp now,
                                                      std::uint64_t last_used);
// "otpauth://totp/…": what apps read from a QR code. `secret` in base32.
[[nodiscard]] std::string totp_address(std::string_view issuer, std::string_view name, std::string_view secret);

// A random secret as text: "<kind>_<52 letters of base32>", kind "atl" of tokens, "atls" of sessions, "atll" of links.
struct NewSecret {
  std::string text;
  codec::Digest digest{};  // what is stored
};
[[nodiscard]] NewSecret new_secret(platform::Random& random, std::string_view kind);
// None where `text` is no secret of this kind.
[[nodiscard]] std::optional<codec::Digest> digest_of_secret(std::string_view text, std::string_view kind);
inline constexpr std::string_view kTokenKind = "atl";
inline constexpr std::string_view kSessionKind = "atls";
inline constexpr std::string_view kShareKind = "atll";

[[nodiscard]] std::string new_access_key_id(platform::Random& random);  // 20 of A-Z and 2-7
[[nodiscard]] std::string new_s3_secret(platform::Random& random);      // 40 of base64's letters

}  // namespace atl::access
