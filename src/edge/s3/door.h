// S3 as one of the server's doors: which requests are S3's, and what the server knows that S3 needs.
// Always true: a request is S3's by what it carries (a signature of AWS, a host below the S3 domain, a browser's
// question before a request from elsewhere), never by its path: buckets may have any name.
#pragma once

#include <memory>

#include "edge/server/front.h"

namespace atl::s3 {

// `host` is borrowed.
[[nodiscard]] std::unique_ptr<server::Door> make_door(server::Host& host);

}  // namespace atl::s3
