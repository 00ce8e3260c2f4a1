#include "foundation/net/range.h"

#include <algorithm>
#include <optional>

#include "foundation/net/http_message.h"

namespace atl::net {

namespace {

// Digits only; numbers too large to be told apart count as the greatest.
std::optional<std::uint64_t> number_of(std::string_view digits) {
  if (digits.empty()) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    number = number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : number * 10 + digit;
  }
  return number;
}

}  // namespace

RangeRequest parse_range(std::string_view field, std::uint64_t size, std::size_t ranges_max) {
  const RangeRequest whole;
  field = trim_blanks(field);
  const auto equals = field.find('=');
  // A range unit is a token, whose case does not matter (section 14.1).
  if (equals == std::string_view::npos || !equal_ignoring_case(field.substr(0, equals), "bytes")) return whole;
  auto rest = field.substr(equals + 1);
  RangeRequest request;
  std::size_t count = 0;
  while (true) {
    const auto comma = rest.find(',');
    const auto piece = trim_blanks(rest.substr(0, comma));
    if (!piece.empty()) {
      if (++count > ranges_max) return whole;
      const auto dash = piece.find('-');
      if (dash == std::string_view::npos) return whole;
      const auto first_text = piece.substr(0, dash);
      const auto last_text = piece.substr(dash + 1);
      if (first_text.empty()) {
        const auto suffix = number_of(last_text);
        if (!suffix) return whole;
        const auto length = std::min(*suffix, size);
        if (length > 0) request.ranges.push_back({size - length, length});
      } else {
        const auto first = number_of(first_text);
        const auto last = last_text.empty() ? std::optional<std::uint64_t>(UINT64_MAX) : number_of(last_text);
        if (!first || !last || *last < *first) return whole;
        if (*first < size) request.ranges.push_back({*first, std::min(*last, size - 1) - *first + 1});
      }
    }
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  if (count == 0) return whole;
  request.kind = request.ranges.empty() ? RangeRequest::Kind::unsatisfiable : RangeRequest::Kind::ranges;
  return request;
}

std::string format_content_range(const ByteRange& range, std::uint64_t size) {
  return "bytes " + std::to_string(range.first) + "-" + std::to_string(range.last()) + "/" + std::to_string(size);
}

std::string format_content_range_unsatisfied(std::uint64_t size) { return "bytes */" + std::to_string(size); }

}  // namespace atl::net
