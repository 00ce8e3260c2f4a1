// Keys for S3 places as the command line keeps them, for the server's own requests.
// Always true and thread rules: see edge/server/place_keys.h and edge/cli/s3_keys.h.
#pragma once

#include "edge/cli/environment.h"
#include "edge/server/place_keys.h"

namespace atl::serve {

class KeptPlaceKeys final : public server::PlaceKeys {
 public:
  // `environment` outlives it.
  explicit KeptPlaceKeys(const cli::Environment& environment) : environment_(&environment) {}
  [[nodiscard]] Result<net::AwsCredentials> find(const std::string& place) const override;
  [[nodiscard]] Result<void> keep(const std::string& place, const net::AwsCredentials& credentials) const override;

 private:
  const cli::Environment* environment_;
};

}  // namespace atl::serve
