// Which of S3's own rights an operation asks for: what bucket policies speak of. Source: Amazon S3 User Guide,
// "Required permissions for Amazon S3 API operations". Always true: a right that no policy can give or take (buckets
// made, policies and lists read and changed) is `none`.
#pragma once

#include "edge/s3/operations.h"
#include "vault/access/bucket_policy.h"

namespace atl::s3 {

// `action`: what the operation asks for at the moment; some ask for several things one after the other.
[[nodiscard]] access::Permission permission_of(Operation operation, access::Action action);

}  // namespace atl::s3
