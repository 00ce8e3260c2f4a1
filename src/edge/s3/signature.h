// AWS Signature Version 4 as S3 uses it: who signed a request, whether the signature holds, and signing one.
// Source: Amazon S3 API Reference, "Authenticating Requests (AWS Signature Version 4)" with its pages on the
// Authorization header, query parameters, chunked uploads and trailing headers.
//
// Always true:
//  - read_claim() believes nothing: it says what the request claims. verify() compares in constant time.
//  - The path is encoded once, never normalised: `a//b` and `a/../b` are what they are. A path that the client sent
//    otherwise encoded than S3 does is also taken as it was sent; either way the signature covers every byte of it.
//  - Every x-amz-* header and Host must be signed: nothing that changes the meaning of a request can be added to it.
//  - Requests signed more than 15 minutes away from `now` and links older than they say (at most 7 days) are refused.
// Thread rules: values. Complexity: linear in the headers; about 10 us a request.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "edge/s3/uri_encoding.h"
#include "foundation/base/bytes.h"
#include "foundation/base/time.h"
#include "foundation/codec/hash.h"

namespace atl::s3 {

// A header as it was received; names compare without case.
struct HeaderView {
  std::string_view name;
  std::string_view value;
};

// What a signature covers. Borrowed.
struct RequestView {
  std::string_view method;
  std::string_view target;  // path and query as they were sent, still encoded
  std::span<const HeaderView> headers;
  // The first header of that name; none where there is none.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

enum class PayloadKind : std::uint8_t {
  hashed,                     // x-amz-content-sha256 is the SHA-256 of the body
  unsigned_body,              // UNSIGNED-PAYLOAD
  signed_chunks,              // STREAMING-AWS4-HMAC-SHA256-PAYLOAD
  signed_chunks_and_trailer,  // STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER
  unsigned_and_trailer,       // STREAMING-UNSIGNED-PAYLOAD-TRAILER
};
[[nodiscard]] constexpr bool is_chunked(PayloadKind kind) { return kind >= PayloadKind::signed_chunks; }

struct Claim {
  bool is_anonymous = false;  // no signature at all; the rest is empty but for the payload
  bool is_query = false;      // a presigned link
  std::string access_key;
  std::string date;    // 20130524
  std::string region;  // us-east-1
  std::string time;    // 20130524T000000Z
  std::int64_t time_s = 0;
  std::int64_t expires_s = 0;               // of a link: how long it holds
  std::vector<std::string> signed_headers;  // lower case, in the order in which they were signed
  std::string signature;                    // 64 hexadecimal digits
  PayloadKind payload = PayloadKind::unsigned_body;
  std::string payload_hash;  // the value that was signed, also where it is a word
  [[nodiscard]] std::string scope() const { return date + "/" + region + "/s3/aws4_request"; }
};

inline constexpr std::int64_t kClockSkewMax_s = 15 * 60;
inline constexpr std::int64_t kLinkAgeMax_s = 7 * 24 * 3600;

struct ClaimRules {
  Timestamp now;
  std::string region;  // empty: any
};
// Errors: AuthorizationHeaderMalformed, AuthorizationQueryParametersError, RequestTimeTooSkewed, AccessDenied (a header
// that is not signed, a link that is too old), InvalidRequest (signature version 2, two signatures), InvalidToken.
[[nodiscard]] Result<Claim> read_claim(const RequestView& request, const ClaimRules& rules);

// Of a form upload: what its fields say. The text that is signed is the field "policy" as it was sent.
struct FormSignature {
  std::string_view algorithm, credential, date, signature;
};
// InvalidRequest, AuthorizationQueryParametersError, AccessDenied (a date that has not come yet).
[[nodiscard]] Result<Claim> claim_of_form(const FormSignature& fields, const ClaimRules& rules);

// What signs the pieces of one day, region and key.
using SigningKey = codec::Digest;
[[nodiscard]] SigningKey signing_key(std::string_view secret, std::string_view date, std::string_view region);

// The keys that were made last: making one takes longer than checking a signature with it. Any thread.
class SigningKeys {
 public:
  [[nodiscard]] SigningKey of(const std::string& access_key, std::string_view secret, const std::string& date,
                              const std::string& region);

 private:
  struct Made {
    std::string secret;  // another one since: the key is made anew
    SigningKey key;
  };
  std::mutex mutex_;
  std::map<std::tuple<std::string, std::string, std::string>, Made> made_;  // guarded by mutex_
};

// SignatureDoesNotMatch where it does not. `key`: of the claim's date and region; the body's chunks are signed with it.
[[nodiscard]] Result<void> verify(const RequestView& request, const Claim& claim, const SigningKey& key);

// The same of a form, whose policy is signed as it is.
[[nodiscard]] Result<void> verify_policy(std::string_view policy, const Claim& claim, const SigningKey& key);

// For tests and error reports: the text whose digest is signed.
[[nodiscard]] std::string canonical_request(const RequestView& request, const Claim& claim);

// Chunks of a body, each signed with the signature before it.
[[nodiscard]] std::string chunk_signature(const SigningKey& key, const Claim& claim, std::string_view previous,
                                          const codec::Digest& chunk_digest);
// `canonical_trailers`: "name:value\n" of each, names in lower case, sorted.
[[nodiscard]] std::string trailer_signature(const SigningKey& key, const Claim& claim, std::string_view previous,
                                            std::string_view canonical_trailers);

struct Credentials {
  std::string access_key;
  std::string secret;
  std::string region = "us-east-1";
};
// Signs a request of ours: the headers to add (x-amz-date, x-amz-content-sha256, Authorization). All headers given are
// signed, Host must be among them; the target must be encoded as S3 does it. `payload_hash` as in x-amz-content-sha256.
struct AddedHeader {
  std::string name;
  std::string value;
};
[[nodiscard]] Result<std::vector<AddedHeader>> sign(const RequestView& request, const Credentials& credentials,
                                                    Timestamp now, std::string_view payload_hash);
// A link: the target with the parameters that carry the signature. Host is the only header signed.
[[nodiscard]] Result<std::string> presign(std::string_view method, std::string_view target, std::string_view host,
                                          const Credentials& credentials, Timestamp now, std::int64_t expires_s);

// "20130524T000000Z"
[[nodiscard]] std::string format_basic_time(std::int64_t unix_s);
[[nodiscard]] std::optional<std::int64_t> parse_basic_time(std::string_view text);

}  // namespace atl::s3
