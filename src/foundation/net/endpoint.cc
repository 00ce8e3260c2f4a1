#include <algorithm>

#include "foundation/net/http_server.h"
#include "foundation/net/uri.h"

namespace atl::net {

namespace {

tl::unexpected<Error> bad_endpoint(std::string_view text) {
  return fail(ErrorKind::usage, "http.bad_endpoint", "'" + std::string(text) + "' is no place to listen at",
              "Write an address and a port such as 127.0.0.1:7070, [::1]:7070 or *:7070, or unix:/path/of/a/socket.");
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
  Endpoint endpoint;
  if (text.starts_with("unix:")) {
    endpoint.kind = Endpoint::Kind::local;
    endpoint.host.clear();
    endpoint.path = text.substr(5);
    if (endpoint.path.empty() || endpoint.path.find('\0') != std::string::npos) return bad_endpoint(text);
    return endpoint;
  }
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad_endpoint(text);
  const auto digits = text.substr(colon + 1);
  if (digits.empty() || digits.size() > 5 ||
      !std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return bad_endpoint(text);
  }
  const auto port = std::stoul(std::string(digits));
  if (port > 65535) return bad_endpoint(text);
  endpoint.port = static_cast<std::uint16_t>(port);
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']') && host.size() > 2) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of(":[]") != std::string_view::npos) {
    return bad_endpoint(text);
  }
  if (host.find_first_of(" \t\r\n/\\@#?") != std::string_view::npos) return bad_endpoint(text);
  endpoint.host = host;
  return endpoint;
}

std::string format(const Endpoint& endpoint) {
  if (endpoint.kind == Endpoint::Kind::local) return "unix:" + endpoint.path;
  const bool is_v6 = endpoint.host.find(':') != std::string::npos;
  const auto host = endpoint.host.empty() ? std::string("*") : endpoint.host;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port);
}

bool is_loopback(const Endpoint& endpoint) {
  return endpoint.kind == Endpoint::Kind::local || endpoint.host == "localhost" || endpoint.host == "::1" ||
         endpoint.host.starts_with("127.");
}

}  // namespace atl::net
