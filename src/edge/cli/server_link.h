// The way from this program to a server: the one that ATOLL_URL names, or the one that has this machine's home.
// Always true: a token comes from a file or the environment and is sent to that server only.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "edge/cli/session.h"
#include "foundation/net/http_client.h"

namespace atl::cli {

struct ServerLink {
  std::string base;  // without a slash at its end
  std::unique_ptr<net::HttpClient> client;
  std::string token;  // "" of the local socket
};
[[nodiscard]] Result<ServerLink> server_at(Session& session, const std::string& url);
// None: there is no socket in the home. Whether somebody still listens there the first request tells.
[[nodiscard]] Result<std::optional<ServerLink>> server_of_home(Session& session);
// `problem+json` of a server as an error of ours.
[[nodiscard]] Error error_of(const net::ClientResponse& response);

}  // namespace atl::cli
