#include "foundation/net/http_date.h"

#include <algorithm>
#include <array>

#include "foundation/base/digits.h"

namespace atl::net {

namespace {

constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr std::int64_t kEarliest = -62'167'219'200;  // 0000-01-01T00:00:00Z
constexpr std::int64_t kLatest = 253'402'300'799;    // 9999-12-31T23:59:59Z
constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> kLongDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Date {
  std::int64_t year = 0;
  unsigned month = 0;  // 1..12
  unsigned day = 0;
};

// Days since 1970 of a date in the proleptic Gregorian calendar, and back: the year begins in March, so that the leap
// day is its last; 400 years (an era) have 146,097 days.
std::int64_t days_of(const Date& date) {
  const auto year = date.year - (date.month <= 2 ? 1 : 0);
  const auto era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = year - era * 400;
  const auto month = static_cast<std::int64_t>(date.month) + (date.month > 2 ? -3 : 9);
  const auto day_of_year = (153 * month + 2) / 5 + date.day - 1;
  const auto day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

Date date_of(std::int64_t days) {
  days += 719'468;
  const auto era = (days >= 0 ? days : days - 146'096) / 146'097;
  const auto day_of_era = days - era * 146'097;
  const auto year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const auto day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const auto month = (5 * day_of_year + 2) / 153;
  Date date;
  date.day = static_cast<unsigned>(day_of_year - (153 * month + 2) / 5 + 1);
  date.month = static_cast<unsigned>(month < 10 ? month + 3 : month - 9);
  date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

unsigned days_in_month(const Date& date) {
  constexpr std::array<unsigned, 12> kDaysOf = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool is_leap = (date.year % 4 == 0 && date.year % 100 != 0) || date.year % 400 == 0;
  return kDaysOf.at(date.month - 1) + (date.month == 2 && is_leap ? 1 : 0);
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}
  bool take(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }
  bool take_number(std::size_t width, std::int64_t& number) {
    if (rest_.size() < width) return false;
    number = 0;
    for (std::size_t at = 0; at < width; ++at) {
      if (rest_[at] < '0' || rest_[at] > '9') return false;
      number = number * 10 + (rest_[at] - '0');
    }
    rest_.remove_prefix(width);
    return true;
  }
  template <std::size_t count>
  bool take_name(const std::array<std::string_view, count>& names, unsigned& index) {
    for (index = 0; index < count; ++index) {
      if (take(names.at(index))) return true;
    }
    return false;
  }
  [[nodiscard]] bool is_at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

struct Fields {
  Date date;
  std::int64_t hour = 0;
  std::int64_t minute = 0;
  std::int64_t second = 0;
};

std::optional<std::int64_t> seconds_of(const Fields& fields) {
  if (fields.date.day < 1 || fields.date.day > days_in_month(fields.date)) return std::nullopt;
  if (fields.hour > 23 || fields.minute > 59 || fields.second > 60) return std::nullopt;  // 60: a leap second
  return days_of(fields.date) * kSecondsPerDay + fields.hour * 3600 + fields.minute * 60 + fields.second;
}

bool take_time(Scanner& scanner, Fields& fields) {
  return scanner.take_number(2, fields.hour) && scanner.take(":") && scanner.take_number(2, fields.minute) &&
         scanner.take(":") && scanner.take_number(2, fields.second);
}

bool take_month(Scanner& scanner, Fields& fields) {
  unsigned month = 0;
  if (!scanner.take_name(kMonths, month)) return false;
  fields.date.month = month + 1;
  return true;
}

std::optional<std::int64_t> parse_imf(std::string_view text) {
  Scanner scanner(text);
  Fields fields;
  unsigned day_name = 0;
  std::int64_t day = 0;
  if (!(scanner.take_name(kDays, day_name) && scanner.take(", ") && scanner.take_number(2, day) && scanner.take(" ") &&
        take_month(scanner, fields) && scanner.take(" ") && scanner.take_number(4, fields.date.year) &&
        scanner.take(" ") && take_time(scanner, fields) && scanner.take(" GMT") && scanner.is_at_end())) {
    return std::nullopt;
  }
  fields.date.day = static_cast<unsigned>(day);
  return seconds_of(fields);
}

std::optional<std::int64_t> parse_rfc850(std::string_view text, std::int64_t now) {
  Scanner scanner(text);
  Fields fields;
  unsigned day_name = 0;
  std::int64_t day = 0;
  std::int64_t two_digits = 0;
  if (!(scanner.take_name(kLongDays, day_name) && scanner.take(", ") && scanner.take_number(2, day) &&
        scanner.take("-") && take_month(scanner, fields) && scanner.take("-") && scanner.take_number(2, two_digits) &&
        scanner.take(" ") && take_time(scanner, fields) && scanner.take(" GMT") && scanner.is_at_end())) {
    return std::nullopt;
  }
  fields.date.day = static_cast<unsigned>(day);
  // RFC 9110 section 5.6.7: what would lie more than 50 years ahead is the past century's.
  const auto this_year = date_of(std::clamp(now, kEarliest, kLatest) / kSecondsPerDay).year;
  fields.date.year = this_year - this_year % 100 + two_digits;
  if (fields.date.year > this_year + 50) fields.date.year -= 100;
  return seconds_of(fields);
}

std::optional<std::int64_t> parse_asctime(std::string_view text) {
  Scanner scanner(text);
  Fields fields;
  unsigned day_name = 0;
  std::int64_t day = 0;
  if (!(scanner.take_name(kDays, day_name) && scanner.take(" ") && take_month(scanner, fields) && scanner.take(" ") &&
        (scanner.take(" ") ? scanner.take_number(1, day) : scanner.take_number(2, day)) && scanner.take(" ") &&
        take_time(scanner, fields) && scanner.take(" ") && scanner.take_number(4, fields.date.year) &&
        scanner.is_at_end())) {
    return std::nullopt;
  }
  fields.date.day = static_cast<unsigned>(day);
  return seconds_of(fields);
}

}  // namespace

std::string format_http_date(std::int64_t unix_seconds) {
  const auto seconds = std::clamp(unix_seconds, kEarliest, kLatest);
  auto days = seconds / kSecondsPerDay;
  auto of_day = seconds % kSecondsPerDay;
  if (of_day < 0) {
    of_day += kSecondsPerDay;
    --days;
  }
  const auto date = date_of(days);
  const auto weekday = static_cast<std::size_t>(((days + 4) % 7 + 7) % 7);  // 1970-01-01 was a Thursday
  std::string text;
  text.reserve(29);
  text += kDays.at(weekday);
  text += ", ";
  append_digits(text, date.day, 2);
  text += ' ';
  text += kMonths.at(date.month - 1);
  text += ' ';
  append_digits(text, static_cast<std::uint64_t>(date.year), 4);
  text += ' ';
  append_digits(text, static_cast<std::uint64_t>(of_day / 3600), 2);
  text += ':';
  append_digits(text, static_cast<std::uint64_t>(of_day / 60 % 60), 2);
  text += ':';
  append_digits(text, static_cast<std::uint64_t>(of_day % 60), 2);
  text += " GMT";
  return text;
}

std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now_unix_seconds) {
  if (const auto time = parse_imf(text)) return time;
  if (const auto time = parse_rfc850(text, now_unix_seconds)) return time;
  return parse_asctime(text);
}

}  // namespace atl::net
