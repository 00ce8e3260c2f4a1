#include "foundation/net/uri.h"

#include <algorithm>

namespace atl::net {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

tl::unexpected<Error> bad_authority(std::string_view text) {
  return fail(ErrorKind::usage, "uri.bad_authority",
              "'" + std::string(text) + "' is not a host with or without a port");
}

}  // namespace

Result<std::string> percent_decode(std::string_view text, Plus plus) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '+' && plus == Plus::space) {
      bytes += ' ';
    } else if (text[at] != '%') {
      bytes += text[at];
    } else {
      const int high = at + 2 < text.size() ? hex_digit(text[at + 1]) : -1;
      const int low = at + 2 < text.size() ? hex_digit(text[at + 2]) : -1;
      if (high < 0 || low < 0) {
        return fail(ErrorKind::usage, "uri.bad_percent",
                    "a '%' in the address is not followed by two hexadecimal digits", "Write '%' itself as %25.");
      }
      bytes += static_cast<char>(high * 16 + low);
      at += 2;
    }
  }
  return bytes;
}

std::string percent_encode(std::string_view bytes, std::string_view also_literal) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    if (is_unreserved(c) || also_literal.find(c) != std::string_view::npos) {
      text += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    text += '%';
    text += kDigits[byte / 16];
    text += kDigits[byte % 16];
  }
  return text;
}

std::string encode_path(std::string_view bytes) { return percent_encode(bytes, "/"); }

Target split_target(std::string_view target) {
  const auto question = target.find('?');
  if (question == std::string_view::npos) return {target, std::nullopt};
  return {target.substr(0, question), target.substr(question + 1)};
}

Result<std::vector<std::string>> split_path(std::string_view path) {
  std::vector<std::string> pieces;
  if (path.empty() || path == "/") return pieces;
  if (path[0] == '/') path.remove_prefix(1);
  while (true) {
    const auto slash = path.find('/');
    ATOLL_ASSIGN(auto piece, percent_decode(path.substr(0, slash)));
    pieces.push_back(std::move(piece));
    if (slash == std::string_view::npos) return pieces;
    path.remove_prefix(slash + 1);
  }
}

Result<FirstPiece> split_first(std::string_view path) {
  if (!path.empty() && path[0] == '/') path.remove_prefix(1);
  const auto slash = path.find('/');
  FirstPiece pieces;
  ATOLL_ASSIGN(pieces.first, percent_decode(path.substr(0, slash)));
  if (slash != std::string_view::npos) {
    ATOLL_ASSIGN(pieces.rest, percent_decode(path.substr(slash + 1)));
  }
  return pieces;
}

Result<Query> Query::parse(std::string_view query, Plus plus, std::size_t pairs_max) {
  Query parsed;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto piece = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (piece.empty()) continue;
    if (parsed.pairs_.size() >= pairs_max) {
      return fail(ErrorKind::limit, "uri.too_many_pairs",
                  "the query has more than " + std::to_string(pairs_max) + " parameters");
    }
    QueryPair pair;
    const auto equals = piece.find('=');
    ATOLL_ASSIGN(pair.name, percent_decode(piece.substr(0, equals), plus));
    if (equals != std::string_view::npos) {
      ATOLL_ASSIGN(pair.value, percent_decode(piece.substr(equals + 1), plus));
    }
    parsed.pairs_.push_back(std::move(pair));
  }
  return parsed;
}

const QueryPair* Query::find(std::string_view name) const {
  const auto found =
      std::find_if(pairs_.begin(), pairs_.end(), [&](const QueryPair& pair) { return pair.name == name; });
  return found == pairs_.end() ? nullptr : &*found;
}

std::optional<std::string_view> Query::get(std::string_view name) const {
  const auto* pair = find(name);
  if (pair == nullptr) return std::nullopt;
  return pair->value ? std::string_view(*pair->value) : std::string_view();
}

std::vector<std::string_view> Query::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& pair : pairs_) {
    if (pair.name == name) values.push_back(pair.value ? std::string_view(*pair.value) : std::string_view());
  }
  return values;
}

Result<Authority> parse_authority(std::string_view text) {
  Authority authority;
  std::string_view host = text;
  std::optional<std::string_view> port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return bad_authority(text);
    host = text.substr(1, end - 1);
    authority.is_address_v6 = true;
    const auto rest = text.substr(end + 1);
    if (!rest.empty() && rest[0] != ':') return bad_authority(text);
    if (!rest.empty()) port = rest.substr(1);
    const bool is_address = host.size() >= 2 && host.size() <= 45 && std::all_of(host.begin(), host.end(), [](char c) {
                              return hex_digit(c) >= 0 || c == ':' || c == '.';
                            });
    if (!is_address) return bad_authority(text);
  } else {
    const auto colon = text.find(':');
    host = text.substr(0, colon);
    if (colon != std::string_view::npos) port = text.substr(colon + 1);
    const bool is_name = !host.empty() && host.size() <= 253 &&
                         std::all_of(host.begin(), host.end(), [](char c) { return is_unreserved(c) && c != '~'; });
    if (!is_name) return bad_authority(text);
  }
  // "host:" is the default port (RFC 3986 section 3.2.3).
  if (port && !port->empty()) {
    if (port->size() > 5 || !std::all_of(port->begin(), port->end(), [](char c) { return c >= '0' && c <= '9'; })) {
      return bad_authority(text);
    }
    const auto number = std::stoul(std::string(*port));
    if (number > 65535) return bad_authority(text);
    authority.port = static_cast<std::uint16_t>(number);
  }
  authority.host = host;
  for (auto& c : authority.host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return authority;
}

}  // namespace atl::net
