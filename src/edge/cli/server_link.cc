#include "edge/cli/server_link.h"

#include <algorithm>
#include <array>

#include "foundation/base/units.h"
#include "foundation/json/json.h"

namespace atl::cli {

Result<ServerLink> server_at(Session& session, const std::string& url) {
  ServerLink server;
  server.base = url;
  while (server.base.ends_with('/')) server.base.pop_back();
  if (!server.base.starts_with("http://") && !server.base.starts_with("https://"))
    return fail(ErrorKind::usage, "url.bad", "the address of a server begins with http:// or https://, not " + url);
  net::ClientOptions options;
  options.idle_timeout_s = 0;  // a command may have nothing to say for long
  if (!session.options.authorities_file.empty()) {
    ATOLL_ASSIGN(const Bytes pem, platform::read_whole(session.environment.machine.files,
                                                       session.absolute(session.options.authorities_file), kMiB));
    options.authorities_pem = to_string(pem);
  }
  if (!session.options.fingerprint.empty()) {
    std::string digits = session.options.fingerprint;
    std::erase(digits, ':');
    const auto bytes = from_hex(digits);
    if (!bytes || bytes->size() != 32)
      return fail(ErrorKind::usage, "fingerprint.bad", "a fingerprint has 64 hexadecimal digits");
    std::array<std::uint8_t, 32> pinned{};
    std::ranges::copy(*bytes, pinned.begin());
    options.pinned_certificate_sha256 = pinned;
  }
  if (!session.options.token_file.empty()) {
    ATOLL_ASSIGN(server.token, session.read_passphrase_file(session.options.token_file));
  } else if (const auto given = session.environment.variable("ATOLL_TOKEN"); given) {
    server.token = *given;
  }
  ATOLL_ASSIGN(server.client, net::HttpClient::open(options));
  return server;
}

// None: nobody has the home.
Result<std::optional<ServerLink>> server_of_home(Session& session) {
  const std::string path = platform::join(session.home_folder(), "server.sock");
  const auto there = session.environment.machine.files.stat(path);
  if (!there || !*there) return std::nullopt;
  ServerLink server;
  server.base = "http://localhost";
  net::ClientOptions options;
  options.local_socket_path = path;
  options.idle_timeout_s = 0;
  ATOLL_ASSIGN(server.client, net::HttpClient::open(options));
  return server;
}

Error error_of(const net::ClientResponse& response) {
  const auto body = json::Value::parse(to_string(response.body));
  Error error{ErrorKind::failed, "server.refused", "the server answered " + std::to_string(response.status), ""};
  if (body) {
    error.id = body->text_of("id").value_or(error.id);
    error.message = body->text_of("detail").value_or(error.message);
    error.hint = body->text_of("hint").value_or("");
  }
  if (response.status == 401) error.kind = ErrorKind::wrong_key;
  if (response.status == 403) error.kind = ErrorKind::denied;
  if (response.status == 404) error.kind = ErrorKind::not_found;
  if (response.status == 503) error.kind = ErrorKind::locked;
  if (response.status == 401 && error.id.starts_with("access.") && error.hint.empty())
    error.hint = "Give a token: --token-file FILE, or ATOLL_TOKEN_FILE.";
  return error;
}

}  // namespace atl::cli
