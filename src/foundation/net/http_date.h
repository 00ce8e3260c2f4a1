// Dates of HTTP (RFC 9110 section 5.6.7).
// Always true: written as IMF-fixdate; the two obsolete forms are read too. Times are whole seconds since 1970, UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace atl::net {

// "Sun, 06 Nov 1994 08:49:37 GMT". Years 0 to 9999; what lies outside is written as the nearest that can be.
[[nodiscard]] std::string format_http_date(std::int64_t unix_seconds);
// IMF-fixdate, RFC 850 ("Sunday, 06-Nov-94 08:49:37 GMT") and asctime ("Sun Nov  6 08:49:37 1994"). None for anything
// else: HTTP says to ignore a field with a date that is not one. The day of the week is not compared with the date. A
// two-digit year is the one less than 50 years after `now_unix_seconds`.
[[nodiscard]] std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now_unix_seconds);

}  // namespace atl::net
