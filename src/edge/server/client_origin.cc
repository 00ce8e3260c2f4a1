#include "edge/server/client_origin.h"

#include <algorithm>
#include <optional>

#include "foundation/net/uri.h"

namespace atl::server {
namespace {

bool is_trusted(std::string_view address, const ProxyTrust& trust) {
  return std::ranges::any_of(trust.networks,
                             [&](const std::string& network) { return is_in_network(address, network); });
}

// From the right: each proxy adds who it was called by; the first one that is not ours is the client.
void take_client(const std::vector<std::string>& addresses, const ProxyTrust& trust, ClientOrigin& origin) {
  for (auto at = addresses.rbegin(); at != addresses.rend(); ++at) {
    if (!access::is_address(*at)) return;
    origin.remote_address = *at;
    if (!is_trusted(*at, trust)) return;
  }
}

void take_scheme(std::string_view scheme, ClientOrigin& origin) {
  if (scheme == "http" || scheme == "https") origin.scheme = scheme;
}

void take_authority(std::string_view authority, ClientOrigin& origin) {
  if (net::parse_authority(authority)) origin.authority = authority;
}

// At commas or semicolons, but not at those within quotes.
std::vector<std::string_view> split_outside_quotes(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  bool is_quoted = false;
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && is_quoted) {
      ++i;
    } else if (text[i] == '"') {
      is_quoted = !is_quoted;
    } else if (text[i] == separator && !is_quoted) {
      out.push_back(net::trim_blanks(text.substr(from, i - from)));
      from = i + 1;
    }
  }
  out.push_back(net::trim_blanks(text.substr(from)));
  return out;
}

std::string unquoted(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::string(value);
  std::string out;
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    if (value[i] == '\\' && i + 2 < value.size()) ++i;
    out += value[i];
  }
  return out;
}

// A node (RFC 7239 section 6) without its port: "192.0.2.43:47011", "[2001:db8::17]:4711"; "unknown" and "_hidden" are
// no addresses and stay what they are.
std::string address_of_node(const std::string& node) {
  if (node.starts_with('[')) return node.substr(1, std::min(node.find(']'), node.size()) - 1);
  return node.substr(0, node.find(':'));
}

// RFC 7239 section 4: each proxy adds an element; what the last one says of scheme and host holds.
void take_forwarded(std::string_view field, const ProxyTrust& trust, ClientOrigin& origin) {
  std::vector<std::string> addresses;
  std::string scheme;
  std::string host;
  for (const std::string_view element : split_outside_quotes(field, ',')) {
    for (const std::string_view pair : split_outside_quotes(element, ';')) {
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos) continue;
      const std::string_view name = pair.substr(0, equals);
      std::string value = unquoted(pair.substr(equals + 1));
      if (net::equal_ignoring_case(name, "for")) {
        addresses.push_back(address_of_node(value));
      } else if (net::equal_ignoring_case(name, "proto")) {
        scheme = std::move(value);
      } else if (net::equal_ignoring_case(name, "host")) {
        host = std::move(value);
      }
    }
  }
  take_client(addresses, trust, origin);
  take_scheme(scheme, origin);
  take_authority(host, origin);
}

void take_x_forwarded(const net::Headers& headers, const ProxyTrust& trust, ClientOrigin& origin) {
  std::vector<std::string> addresses;
  const std::string list = headers.joined("X-Forwarded-For").value_or("");
  if (!list.empty())
    for (const std::string_view one : split_outside_quotes(list, ',')) addresses.emplace_back(one);
  take_client(addresses, trust, origin);
  take_scheme(headers.get("X-Forwarded-Proto").value_or(""), origin);
  take_authority(headers.get("X-Forwarded-Host").value_or(""), origin);
}

}  // namespace

ClientOrigin origin_of_client(const net::Request& request, const ProxyTrust& trust) {
  const net::ConnectionFacts& connection = request.connection;
  ClientOrigin origin;
  origin.remote_address = connection.remote_address;
  origin.scheme = connection.is_tls ? "https" : "http";
  origin.authority = request.headers.get("Host").value_or("localhost");
  if (connection.is_local_socket || !is_trusted(connection.remote_address, trust)) return origin;
  origin.is_through_proxy = true;
  if (trust.fields == ForwardingFields::forwarded) {
    take_forwarded(request.headers.joined("Forwarded").value_or(""), trust, origin);
  } else {
    take_x_forwarded(request.headers, trust, origin);
  }
  return origin;
}

bool is_private(const net::Request& request, const ClientOrigin& origin) {
  if (request.connection.is_local_socket || origin.scheme == "https") return true;
  const bool passes_on =
      request.headers.has("X-Forwarded-For") || request.headers.has("Forwarded") || request.headers.has("Via");
  return !passes_on && (is_in_network(origin.remote_address, "127.0.0.0/8") || origin.remote_address == "::1");
}

std::string path_of_base_url(std::string_view base_url) {
  const std::size_t scheme = base_url.find("://");
  const std::size_t begin = scheme == std::string_view::npos ? 0 : base_url.find('/', scheme + 3);
  if (begin == std::string_view::npos) return {};
  std::string_view path = base_url.substr(begin, base_url.find_first_of("?#") - begin);
  while (path.ends_with('/')) path.remove_suffix(1);
  return std::string(path.starts_with('/') ? path : std::string_view());
}

bool remove_path_prefix(std::string& target, std::string_view prefix) {
  if (prefix.empty() || !target.starts_with(prefix)) return false;
  const bool ends_there = target.size() == prefix.size() || target[prefix.size()] == '?';
  if (!ends_there && target[prefix.size()] != '/') return false;
  target.erase(0, prefix.size());
  if (ends_there) target.insert(0, "/");
  return true;
}

}  // namespace atl::server
