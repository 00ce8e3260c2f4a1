#include "edge/webdav/place.h"

#include <algorithm>

#include "foundation/net/http_message.h"
#include "foundation/net/uri.h"

namespace atl::webdav {
namespace {

constexpr std::string_view kRoot = "/dav";
constexpr std::size_t kAddressBytesMax = 64 * 1024;

tl::unexpected<Error> bad_address(std::string_view why) {
  return fail(ErrorKind::usage, "dav.bad_address", "this is no address of a file or folder here: " + std::string(why));
}

// "https://host:1/path?x" -> "host:1", "/path"; a path alone has no authority.
struct UriParts {
  std::string_view authority;
  std::string_view path;
};
UriParts split_uri(std::string_view uri) {
  UriParts parts;
  parts.path = uri;
  if (const std::size_t at = uri.find("://"); at != std::string_view::npos && !uri.starts_with('/')) {
    const std::string_view rest = uri.substr(at + 3);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    parts.authority = rest.substr(0, slash);
    parts.path = rest.substr(slash);
  }
  parts.path = parts.path.substr(0, parts.path.find_first_of("?#"));
  return parts;
}

// Ports are left out: a proxy's is seldom the one that the server is told of.
bool is_same_host(std::string_view a, std::string_view b) {
  const auto first = net::parse_authority(a);
  const auto second = net::parse_authority(b);
  return first && second && first->host == second->host;
}

}  // namespace

Place Place::parent() const {
  Place up = *this;
  up.has_slash = true;
  if (key.empty()) {
    up.bucket.clear();
    return up;
  }
  const std::size_t slash = key.rfind('/');
  up.key = slash == std::string::npos ? std::string() : key.substr(0, slash);
  return up;
}

std::string Place::name() const {
  if (!key.empty()) return key.substr(key.rfind('/') + 1);  // npos + 1 is 0
  if (!bucket.empty()) return bucket;
  return vault.empty() ? std::string("dav") : "@" + vault;
}

bool Place::is_same(const Place& other) const {
  return vault == other.vault && bucket == other.bucket && key == other.key;
}

bool Place::holds(const Place& other) const {
  if (vault != other.vault) return false;
  if (is_root()) return true;
  if (bucket != other.bucket) return false;
  return key.empty() || key == other.key || other.key.starts_with(member_prefix());
}

Result<Place> parse_place(std::string_view path) {
  if (path.size() > kAddressBytesMax) return bad_address("it is too long");
  if (!path.starts_with(kRoot)) return bad_address("it does not begin with /dav/");
  path.remove_prefix(kRoot.size());
  if (!path.empty() && path.front() != '/') return bad_address("it does not begin with /dav/");
  Place place;
  place.has_slash = path.empty() || path.back() == '/';
  if (path.empty()) return place;
  ATOLL_ASSIGN(const auto pieces, net::split_path(path));
  bool is_first = true;
  for (const std::string& piece : pieces) {
    if (piece.empty()) continue;
    if (piece == "." || piece == "..") return bad_address("a name in it is \"" + piece + "\"");
    if (piece.find('/') != std::string::npos) return bad_address("a name in it holds a slash");
    if (piece.find('\0') != std::string::npos) return bad_address("a name in it holds a zero byte");
    if (is_first && piece.front() == '@' && piece.size() > 1) {
      place.vault = piece.substr(1);
    } else if (place.bucket.empty()) {
      place.bucket = piece;
    } else {
      if (!place.key.empty()) place.key += '/';
      place.key += piece;
    }
    is_first = false;
  }
  if (place.key.size() + 1 > 16'384) return bad_address("its key is longer than 16,383 bytes");
  return place;
}

std::string href(const Place& place, bool is_folder) {
  std::string out(kRoot);
  if (!place.vault.empty()) out += "/@" + net::percent_encode(place.vault);
  if (!place.bucket.empty()) out += "/" + net::percent_encode(place.bucket);
  if (!place.key.empty()) out += "/" + net::encode_path(place.key);
  if (is_folder) out += '/';
  return out;
}

std::string base_path_of(std::string_view base_url) {
  std::string_view path = split_uri(base_url).path;
  while (path.ends_with('/')) path.remove_suffix(1);
  return std::string(path.starts_with('/') ? path : std::string_view());
}

Result<Place> place_of_uri(std::string_view uri, std::string_view authority, std::string_view base_url) {
  const UriParts parts = split_uri(net::trim_blanks(uri));
  if (!parts.authority.empty() && !is_same_host(parts.authority, authority) &&
      !is_same_host(parts.authority, split_uri(base_url).authority)) {
    return fail(ErrorKind::usage, "dav.other_server",
                "this server does not copy or move to " + std::string(parts.authority),
                "Behind a proxy, have it pass the Host field on, or set the server's base URL.");
  }
  std::string_view path = parts.path;
  const std::string base = base_path_of(base_url);
  if (!base.empty() && path.starts_with(base)) path.remove_prefix(base.size());
  return parse_place(path);
}

}  // namespace atl::webdav
