// Access lists as S3 writes them: XML documents of grants, and the canned ones by name.
// Source: Amazon S3 User Guide, "Access control list (ACL) overview".
//
// Always true: a document that grants anything a canned list does not is refused, never taken in part.
#pragma once

#include <string>
#include <string_view>

#include "foundation/base/error.h"
#include "vault/access/bucket_policy.h"

namespace atl::s3 {

// Names of accounts.
struct Owners {
  std::string own;     // of what the list is about
  std::string bucket;  // of the bucket it lies in; the same where the list is about the bucket
};

// MalformedACLError, NotImplemented with what cannot be granted so.
[[nodiscard]] Result<access::AccessList> read_access_list(std::string_view document, const Owners& owners);
// The value of x-amz-acl. InvalidArgument, NotImplemented for public-read-write.
[[nodiscard]] Result<access::AccessList> parse_canned_list(std::string_view name);
[[nodiscard]] std::string access_list_document(access::AccessList list, const Owners& owners);

}  // namespace atl::s3
