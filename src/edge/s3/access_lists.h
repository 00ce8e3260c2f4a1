// Access lists as S3 writes them: XML documents of grants, and the canned ones by name.
// Source: Amazon S3 User Guide, "Access control list (ACL) overview".
//
// Always true: a document that grants anything a canned list does not is refused, never taken in part.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/error.h"
#include "foundation/net/http_message.h"
#include "vault/access/bucket_policy.h"

namespace atl::s3 {

// Names of accounts.
struct Owners {
  std::string own;     // of what the list is about
  std::string bucket;  // of the bucket it lies in; the same where the list is about the bucket
};

// MalformedACLError, NotImplemented with what cannot be granted so.
[[nodiscard]] Result<access::AccessList> read_access_list(std::string_view document, const Owners& owners);
// What x-amz-acl or the x-amz-grant-… headers say; none: they are not there. `owners` is asked where ids have to be
// compared. InvalidArgument, InvalidRequest (both), NotImplemented with what cannot be granted so.
using FindOwners = std::function<Result<Owners>()>;
[[nodiscard]] Result<std::optional<access::AccessList>> read_list_headers(const net::Headers& headers,
                                                                          const FindOwners& owners);
[[nodiscard]] std::string access_list_document(access::AccessList list, const Owners& owners);

}  // namespace atl::s3
