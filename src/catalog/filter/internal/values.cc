#include "catalog/filter/internal/values.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>

#include "foundation/base/units.h"

namespace atl::filter::internal {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t count = 0;
  while (at + count < text.size() && is_digit(text[at + count])) ++count;
  return count;
}

// Takes exactly `count` digits off the front.
std::optional<int> take_number(std::string_view& text, std::size_t count) {
  if (digits_at(text, 0) < count) return std::nullopt;
  int value = 0;
  std::from_chars(text.data(), text.data() + count, value);
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

std::int64_t seconds_of(std::chrono::year_month_day date) {
  namespace ch = std::chrono;
  return ch::duration_cast<ch::seconds>(ch::sys_days{date}.time_since_epoch()).count();
}

FileTime add_nanoseconds(FileTime time, std::uint32_t nanoseconds) {
  const std::uint32_t sum = time.nanoseconds + nanoseconds;  // both at most 10^9
  if (sum >= 1'000'000'000) return {time.seconds + 1, sum - 1'000'000'000};
  return {time.seconds, sum};
}

// "Z", "+02:00" or nothing at the end of `text`; seconds east of UTC.
std::optional<std::int64_t> take_zone(std::string_view& text) {
  if (text.empty() || take(text, 'Z') || take(text, 'z')) return 0;
  const int sign = text.front() == '-' ? -1 : 1;
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const auto hours = take_number(text, 2);
  if (!hours || *hours > 23 || !take(text, ':')) return std::nullopt;
  const auto minutes = take_number(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return sign * (*hours * 3600 + *minutes * 60);
}

}  // namespace

std::optional<Number> parse_number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  Number number;
  number.is_negative = text.front() == '-';
  if (text.front() == '-' || text.front() == '+') text.remove_prefix(1);
  const std::size_t whole = digits_at(text, 0);
  std::size_t at = whole;
  std::size_t fraction = 0;
  if (at < text.size() && text[at] == '.') {
    fraction = digits_at(text, at + 1);
    if (fraction == 0) return std::nullopt;
    at += 1 + fraction;
  }
  if (whole + fraction == 0) return std::nullopt;
  bool has_exponent = false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    std::size_t digits_from = at + 1;
    if (digits_from < text.size() && (text[digits_from] == '+' || text[digits_from] == '-')) ++digits_from;
    const std::size_t digits = digits_at(text, digits_from);
    if (digits == 0) return std::nullopt;
    at = digits_from + digits;
    has_exponent = true;
  }
  if (at != text.size()) return std::nullopt;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number.value);
  number.is_integer = fraction == 0 && !has_exponent;
  if (number.is_integer) {
    number.digits = text.substr(std::min(text.find_first_not_of('0'), text.size()));
    if (number.digits.empty()) number.is_negative = false;
    if (code != std::errc{}) number.value = std::numeric_limits<double>::infinity();  // hundreds of digits
  } else if (code != std::errc{}) {
    return std::nullopt;  // beyond what a double holds
  }
  if (number.is_negative) number.value = -number.value;
  return number;
}

int compare(const Number& a, const Number& b) {
  if (!a.is_integer || !b.is_integer) return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
  if (a.is_negative != b.is_negative) return a.is_negative ? -1 : 1;
  int order = 0;
  if (a.digits.size() != b.digits.size()) {
    order = a.digits.size() < b.digits.size() ? -1 : 1;
  } else {
    const int difference = a.digits.compare(b.digits);
    order = difference < 0 ? -1 : difference > 0 ? 1 : 0;
  }
  return a.is_negative ? -order : order;
}

std::optional<Span> parse_time(std::string_view text) {
  namespace ch = std::chrono;
  const auto year = take_number(text, 4);
  if (!year) return std::nullopt;
  const auto date_of = [](int y, int m, int d) {
    return ch::year_month_day{ch::year{y}, ch::month{static_cast<unsigned>(m)}, ch::day{static_cast<unsigned>(d)}};
  };
  if (text.empty()) return Span{{seconds_of(date_of(*year, 1, 1)), 0}, {seconds_of(date_of(*year + 1, 1, 1)), 0}};
  if (!take(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || *month < 1 || *month > 12) return std::nullopt;
  if (text.empty()) {
    const auto after = *month == 12 ? date_of(*year + 1, 1, 1) : date_of(*year, *month + 1, 1);
    return Span{{seconds_of(date_of(*year, *month, 1)), 0}, {seconds_of(after), 0}};
  }
  if (!take(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day || !date_of(*year, *month, *day).ok()) return std::nullopt;
  std::int64_t seconds = seconds_of(date_of(*year, *month, *day));
  if (text.empty()) return Span{{seconds, 0}, {seconds + 86'400, 0}};
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
  const auto hour = take_number(text, 2);
  if (!hour || *hour > 23) return std::nullopt;
  seconds += *hour * 3600;
  std::int64_t width_s = 3600;
  std::uint32_t nanoseconds = 0;
  std::uint32_t width_ns = 0;
  if (take(text, ':')) {
    const auto minute = take_number(text, 2);
    if (!minute || *minute > 59) return std::nullopt;
    seconds += *minute * 60;
    width_s = 60;
    if (take(text, ':')) {
      const auto second = take_number(text, 2);
      if (!second || *second > 60) return std::nullopt;  // 60: a leap second
      seconds += *second;
      width_s = 1;
      if (take(text, '.')) {
        const std::size_t digits = digits_at(text, 0);
        if (digits == 0 || digits > 9) return std::nullopt;
        width_s = 0;
        width_ns = 1'000'000'000;
        for (std::size_t i = 0; i < digits; ++i) {
          width_ns /= 10;
          nanoseconds += static_cast<std::uint32_t>(text[i] - '0') * width_ns;
        }
        text.remove_prefix(digits);
      }
    }
  }
  const auto zone_s = take_zone(text);
  if (!zone_s || !text.empty()) return std::nullopt;
  const FileTime begin{seconds - *zone_s, nanoseconds};
  return Span{begin, add_nanoseconds({begin.seconds + width_s, nanoseconds}, width_ns)};
}

std::optional<Span> parse_relative_time(std::string_view text, Timestamp now) {
  if (!take(text, '-') || text.empty() || !is_digit(text.front())) return std::nullopt;
  const auto ago_s = parse_duration_s(text);
  if (!ago_s) return std::nullopt;
  FileTime begin = to_file_time(now);
  begin.seconds -= *ago_s;
  return Span{begin, add_nanoseconds(begin, 1)};
}

std::optional<std::uint64_t> parse_span_s(std::string_view text) {
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  const auto seconds = parse_duration_s(text);
  if (!seconds || *seconds < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*seconds);
}

FileTime to_file_time(Timestamp time) {
  std::int64_t seconds = time.unix_us / 1'000'000;
  std::int64_t rest_us = time.unix_us % 1'000'000;
  if (rest_us < 0) {
    rest_us += 1'000'000;
    --seconds;
  }
  return {seconds, static_cast<std::uint32_t>(rest_us * 1000)};
}

std::optional<std::uint64_t> parse_byte_count(std::string_view text) {
  const std::size_t whole = digits_at(text, 0);
  if (whole == 0) return std::nullopt;
  if (whole == text.size()) {
    std::uint64_t count = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (code != std::errc{}) return std::nullopt;
    return count;
  }
  std::size_t at = whole;
  if (text[at] == '.') {
    const std::size_t fraction = digits_at(text, at + 1);
    if (fraction == 0) return std::nullopt;
    at += 1 + fraction;
  }
  // What follows must be letters only: parse_size reads "1e3" and "0x1" as numbers, and blanks before the unit.
  if (at == text.size() || text.size() - at > 3) return std::nullopt;
  for (const char c : text.substr(at)) {
    if (c < 'A' || c > 'z' || (c > 'Z' && c < 'a') || c == 'e' || c == 'E' || c == 'x') return std::nullopt;
  }
  const auto size = parse_size(text);
  if (!size) return std::nullopt;
  return *size;
}

}  // namespace atl::filter::internal
