// Percent-encoding as S3's signatures and listings define it (Amazon S3 API Reference, "UriEncode"): everything but
// A-Z a-z 0-9 - . _ ~ becomes %XX with upper-case digits; `/` is kept in paths.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/base/error.h"

namespace atl::s3 {

enum class Slash : bool { kept, encoded };
[[nodiscard]] std::string uri_encode(std::string_view text, Slash slash);

// `usage` (InvalidURI) where a % is not followed by two hexadecimal digits.
enum class Plus : bool { is_plus, is_space };
[[nodiscard]] Result<std::string> uri_decode(std::string_view text, Plus plus);

// The parameters of a query, decoded, in the order in which they came. `a`, `a=` and a parameter with an empty name are
// kept apart from nothing at all: "&&" gives none. `+` is a space.
using Parameters = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] Result<Parameters> parse_parameters(std::string_view query);

// A request target as it was sent, cut in two.
struct Target {
  std::string_view path;   // still encoded, with its leading slash
  std::string_view query;  // without the question mark
};
[[nodiscard]] Target split_target(std::string_view target);

}  // namespace atl::s3
