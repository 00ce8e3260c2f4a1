// Where copies lie, as requests say it, and how these places are reached from a server.
//
// Always true: the secret of a key comes by TLS or from this machine only, and stands in no row, answer, job or log.
// Thread rules: any thread.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "edge/rest/call.h"
#include "services/backup/copies.h"

namespace atl::rest {

struct WantedCopy {
  catalog::CopyRow row;                            // complete but for its time
  std::optional<net::AwsCredentials> credentials;  // of a place in S3
  double price_per_gib_month = 0;                  // 0: not known
};
// Of a body "NewCopy": `usage` "copy.bad_place", "copy.inside_home", "copy.key_missing", "copy.open_way"; `unsupported`
// "copy.not_over_rest" where this server keeps no keys.
[[nodiscard]] Result<WantedCopy> wanted_copy(const Call& call);
// Of a body with `access_key_id` and `secret_access_key`.
[[nodiscard]] Result<net::AwsCredentials> credentials_in(const Call& call);

[[nodiscard]] backup::CopySurroundings copy_surroundings(const server::Host& host);
// `stop` ends what is under way; it outlives the reach.
[[nodiscard]] backup::CopyReach copy_reach(const server::Host& host, const platform::Machine& machine,
                                           const std::atomic<bool>* stop = nullptr);
// With these in place of what is kept.
[[nodiscard]] backup::CopyReach copy_reach(const server::Host& host, const platform::Machine& machine,
                                           const net::AwsCredentials& credentials);

}  // namespace atl::rest
