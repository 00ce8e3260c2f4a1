// Where in which S3 server something lies, as one text that can be kept and shown, and the keys that open it.
//
//     s3://bucket/some/prefix?endpoint=https://host:9000&region=eu-central-1&class=STANDARD_IA&check=sha256
//
// Always true:
//  - The text holds no secret: it may stand in the journal, in lists and in logs.
//  - Bucket and prefix hold characters only that are written the same way everywhere, so nothing has to be encoded.
// Thread rules: plain functions and values.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/error.h"
#include "foundation/net/sigv4.h"

namespace atl::blob {

struct S3Place {
  std::string bucket;
  std::string prefix;    // without '/' at its ends; may be empty
  std::string endpoint;  // "https://host[:port]", always there; as given, or Amazon's for the region
  std::string region = "us-east-1";
  bool is_bucket_in_host = false;  // "https://bucket.host/key" in place of "https://host/bucket/key"
  std::string storage_class;       // of packs; empty: what the server takes by itself
  bool trusts_sha256 = false;      // the server's comparison of each upload with its SHA-256 counts as read back
  std::uint32_t every_s = 1;       // rounds are so far apart at least
  double price_per_gib_month = 0;  // 0: not known
  std::string fingerprint;         // SHA-256 of the server's certificate in hexadecimal digits; empty: by authorities
  friend bool operator==(const S3Place&, const S3Place&) = default;

  // Content of this class has to be asked for hours before it can be read.
  [[nodiscard]] bool is_cold() const;
  // In the currency of the price; 0 where that is not known.
  [[nodiscard]] double cost_per_month(std::uint64_t bytes) const;
  // "s3://bucket/prefix", with the host where it is none of Amazon's.
  [[nodiscard]] std::string shown() const;
};

[[nodiscard]] bool is_s3_place(std::string_view text);
[[nodiscard]] bool is_cold_class(std::string_view storage_class);
// `usage` "s3.bad_place" names what is wrong.
[[nodiscard]] Result<S3Place> parse_s3_place(std::string_view text);
// parse(format(p)) is p.
[[nodiscard]] std::string format(const S3Place& place);

// The file format that Amazon's tools share: sections in brackets, `name = value` lines. Values come as they are.
// `usage` "s3.no_credentials" where the section has no key.
[[nodiscard]] Result<net::AwsCredentials> parse_credentials(std::string_view text, std::string_view profile);
// One value of a section; of the file "config" sections are called "profile NAME".
[[nodiscard]] std::optional<std::string> setting_of(std::string_view text, std::string_view profile,
                                                    std::string_view name);
// A file of that format with the one section [default].
[[nodiscard]] std::string format(const net::AwsCredentials& credentials);

}  // namespace atl::blob
