// The policy of a form upload: what whoever signed it lets others send, and until when.
// Source: Amazon S3 API Reference, "Creating an HTML form (using AWS Signature Version 4)", "POST policy".
//
// Always true: a field of the form that no condition speaks of is refused, and so is a policy that cannot be read
// whole.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "edge/s3/form_reader.h"
#include "foundation/base/error.h"
#include "foundation/base/time.h"

namespace atl::s3 {

struct PostCondition {
  enum class Kind : std::uint8_t { equals, starts_with };
  Kind kind = Kind::equals;
  std::string field;  // lower case, without its $
  std::string value;
};

struct PostPolicy {
  Timestamp expiration;
  std::vector<PostCondition> conditions;
  // Of the file, both included; the strictest where there are several.
  std::uint64_t bytes_min = 0;
  std::uint64_t bytes_max = UINT64_MAX;
};

// Of the field "policy". InvalidPolicyDocument.
[[nodiscard]] Result<PostPolicy> read_post_policy(std::string_view base64);
// AccessDenied, naming the condition. `bucket` is that of the address; "bucket" in the form is passed over.
[[nodiscard]] Result<void> check_post_policy(const PostPolicy& policy, const FormFields& form, std::string_view bucket,
                                             Timestamp now);

}  // namespace atl::s3
