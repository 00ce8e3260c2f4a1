// The keys for places on other servers that copies of a vault lie in.
//
// Always true: a key is kept beside the keys that unlock vaults, never in the home, and stands in no answer and no log.
// Thread rules: any thread.
#pragma once

#include <string>

#include "foundation/base/error.h"
#include "foundation/net/sigv4.h"

namespace atl::server {

class PlaceKeys {
 public:
  PlaceKeys() = default;
  PlaceKeys(const PlaceKeys&) = delete;
  PlaceKeys& operator=(const PlaceKeys&) = delete;
  PlaceKeys(PlaceKeys&&) = delete;
  PlaceKeys& operator=(PlaceKeys&&) = delete;
  virtual ~PlaceKeys() = default;

  // `place`: the text of an S3 place, as the row of a copy has it. `denied` "s3.no_credentials" where none is known.
  [[nodiscard]] virtual Result<net::AwsCredentials> find(const std::string& place) const = 0;
  // In place of what is kept for the same server and bucket now.
  [[nodiscard]] virtual Result<void> keep(const std::string& place, const net::AwsCredentials& credentials) const = 0;
};

}  // namespace atl::server
