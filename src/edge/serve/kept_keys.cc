#include "edge/serve/kept_keys.h"

#include "edge/cli/s3_keys.h"

namespace atl::serve {

Result<net::AwsCredentials> KeptPlaceKeys::find(const std::string& place) const {
  ATOLL_ASSIGN(const auto parsed, blob::parse_s3_place(place));
  return cli::kept_credentials(*environment_, parsed);
}

Result<void> KeptPlaceKeys::keep(const std::string& place, const net::AwsCredentials& credentials) const {
  ATOLL_ASSIGN(const auto parsed, blob::parse_s3_place(place));
  ATOLL_ASSIGN(const bool is_kept, cli::keep_credentials(*environment_, parsed, credentials));
  if (is_kept) return {};
  return fail(ErrorKind::usage, "copy.passing_key", "this key lasts for hours only and is not kept",
              "Give one that lasts.");
}

}  // namespace atl::serve
