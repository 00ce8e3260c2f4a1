// Signs requests as Amazon's services want it: AWS4-HMAC-SHA256 ("Signature Version 4", Amazon S3 API Reference,
// "Authenticating Requests: Using the Authorization Header").
//
// Always true:
//  - Every field that is given is signed, Host among them, and the body by its SHA-256: whoever stands between can
//    change nothing that the server would take.
//  - The secret is in none of the fields that come back.
// libcurl can sign too; its 7.88 sorts and encodes queries in its own way and servers refuse some of them.
// Thread rules: plain functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/base/time.h"
#include "foundation/codec/hash.h"
#include "foundation/net/http_message.h"

namespace atl::net {

struct AwsCredentials {
  std::string access_key;
  std::string secret;
  std::string session_token;  // of credentials that last for hours only; empty: none
};

// What signs everything of one day, region and service.
[[nodiscard]] codec::Digest aws_signing_key(std::string_view secret, std::string_view date, std::string_view region,
                                            std::string_view service);

// "20130524T000000Z"; the first eight characters are the date.
[[nodiscard]] std::string format_basic_time(std::int64_t unix_s);

struct AwsRequest {
  std::string method;
  std::string path;                                        // decoded, beginning with '/'
  std::vector<std::pair<std::string, std::string>> query;  // decoded, any order
  Headers headers;                                         // with Host
  codec::Digest body_sha256{};
};
struct AwsScope {
  std::string region;
  std::string service = "s3";
};
// The fields of `request` with x-amz-date, x-amz-content-sha256, Authorization and, where the credentials have one,
// x-amz-security-token.
[[nodiscard]] Headers sign(const AwsRequest& request, const AwsCredentials& credentials, const AwsScope& scope,
                           Timestamp now);
// Path and query as they are signed, which is how they have to be sent.
[[nodiscard]] std::string target_of(const AwsRequest& request);

}  // namespace atl::net
