// Where a request really comes from: who called, by which scheme, under which name, and what a proxy took off its path.
//
// Always true:
//  - Only what a trusted proxy says counts, and only in the fields that it was said to write: the others could be the
//    client's own, passed on. Whoever else sends such fields is what the connection shows.
//  - Of a list of addresses the last one that is no trusted proxy is the client: what stands before it anybody could
//    have written.
// Sources: RFC 7239 (Forwarded), and the X-Forwarded-* fields as nginx, Caddy and Apache write them.
// Thread rules: plain functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/net/http_message.h"
#include "vault/access/network.h"

namespace atl::server {

enum class ForwardingFields : std::uint8_t { x_forwarded, forwarded };

struct ProxyTrust {
  std::vector<std::string> networks;  // addresses and networks ("10.0.0.0/8") of the proxies
  ForwardingFields fields = ForwardingFields::x_forwarded;
};

struct ClientOrigin {
  std::string remote_address;  // "" of a local socket
  std::string scheme;          // "http", "https"
  std::string authority;       // "files.example:8443"
  bool is_through_proxy = false;
};

[[nodiscard]] ClientOrigin origin_of_client(const net::Request& request, const ProxyTrust& trust);

// True where what the client and this server say to each other is read by nobody else: TLS as far as can be told, or
// this machine. A caller on this machine that passes somebody else's request on without being trusted is not.
[[nodiscard]] bool is_private(const net::Request& request, const ClientOrigin& origin);

using access::is_in_network;

// The path of a base URL, without a slash at its end: "/files" of "https://home.example/files/", "" where it has none.
[[nodiscard]] std::string path_of_base_url(std::string_view base_url);
// Takes `prefix` off the beginning of a request's target, where it stands there as whole pieces; false: it does not.
[[nodiscard]] bool remove_path_prefix(std::string& target, std::string_view prefix);

}  // namespace atl::server
