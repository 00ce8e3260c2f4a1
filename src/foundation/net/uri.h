// Request targets and other pieces of URIs, byte for byte (RFC 3986; query pairs as browsers and S3 write them).
// Always true: decoding is strict ('%' is followed by two hexadecimal digits) and happens once; what was decoded may
// hold any byte, also NUL and '/', so names are made of it only by code that knows this.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/error.h"

namespace atl::net {

enum class Plus : std::uint8_t { literal, space };  // what '+' means: space only in HTML forms

// "uri.bad_percent" (usage) for '%' without two hexadecimal digits behind it.
[[nodiscard]] Result<std::string> percent_decode(std::string_view text, Plus plus = Plus::literal);
// Every byte but A-Z a-z 0-9 - . _ ~ and those of `also_literal` becomes %XX, upper case.
[[nodiscard]] std::string percent_encode(std::string_view bytes, std::string_view also_literal = {});
// A path: '/' stays.
[[nodiscard]] std::string encode_path(std::string_view bytes);

struct Target {
  std::string_view path;                  // before the first '?', still encoded
  std::optional<std::string_view> query;  // behind it; none where there is no '?'
};
[[nodiscard]] Target split_target(std::string_view target);

// The pieces between the '/' of a path that begins with one, each decoded for itself, so that %2F stays in its piece.
// "/a//b/" -> "a", "", "b", ""; "/" -> "". Dot segments are pieces like any other: what they mean is the caller's to
// say.
[[nodiscard]] Result<std::vector<std::string>> split_path(std::string_view path);
// In two: "/bucket/any/key" -> "bucket", "any/key" (decoded, none where there is no second '/').
struct FirstPiece {
  std::string first;
  std::optional<std::string> rest;
};
[[nodiscard]] Result<FirstPiece> split_first(std::string_view path);

struct QueryPair {
  std::string name;
  std::optional<std::string> value;  // none: "a" without '='; empty: "a="
};

// Decoded pairs in their order, with duplicates.
class Query {
 public:
  // "uri.too_many_pairs" (limit) beyond `pairs_max`. Empty pieces ("a&&b") are passed over.
  [[nodiscard]] static Result<Query> parse(std::string_view query, Plus plus = Plus::literal,
                                           std::size_t pairs_max = 1000);
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }
  // Of the first of this name; "" where it has no '='; none where there is no such name.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
  [[nodiscard]] const std::vector<QueryPair>& pairs() const { return pairs_; }

 private:
  [[nodiscard]] const QueryPair* find(std::string_view name) const;
  std::vector<QueryPair> pairs_;
};

// "host", "host:port", "[v6]:port" of a Host field; "uri.bad_authority" (usage). The host in lower case, without
// brackets.
struct Authority {
  std::string host;
  std::optional<std::uint16_t> port;
  bool is_address_v6 = false;
};
[[nodiscard]] Result<Authority> parse_authority(std::string_view text);

}  // namespace atl::net
