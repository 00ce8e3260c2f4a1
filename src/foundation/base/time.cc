#include "foundation/base/time.h"

#include <charconv>
#include <chrono>

#include "foundation/base/digits.h"

namespace atl {
namespace {

constexpr std::int64_t kFirstSecondOfYear0 = -62'167'219'200;
constexpr std::int64_t kLastSecondOfYear9999 = 253'402'300'799;

// ".5" as ".500": groups of three digits, none where nothing is to be said.
void append_fraction(std::string& out, std::uint32_t nanoseconds) {
  if (nanoseconds == 0) return;
  out += '.';
  append_digits(out, nanoseconds, 9);
  while (out.ends_with("000")) out.resize(out.size() - 3);
}

std::string format_parts(std::int64_t seconds, std::uint32_t nanoseconds) {
  namespace ch = std::chrono;
  if (seconds < kFirstSecondOfYear0 || seconds > kLastSecondOfYear9999) {
    std::string text = "@" + std::to_string(seconds);
    append_fraction(text, nanoseconds);
    return text;
  }
  const auto day = ch::floor<ch::days>(ch::sys_seconds{ch::seconds{seconds}});
  const ch::year_month_day date{day};
  const auto in_day =
      static_cast<std::uint32_t>(seconds - ch::duration_cast<ch::seconds>(day.time_since_epoch()).count());
  std::string text;
  text.reserve(32);
  append_digits(text, static_cast<std::uint32_t>(static_cast<int>(date.year())), 4);
  text += '-';
  append_digits(text, static_cast<unsigned>(date.month()), 2);
  text += '-';
  append_digits(text, static_cast<unsigned>(date.day()), 2);
  text += 'T';
  append_digits(text, in_day / 3600, 2);
  text += ':';
  append_digits(text, in_day / 60 % 60, 2);
  text += ':';
  append_digits(text, in_day % 60, 2);
  append_fraction(text, nanoseconds);
  text += 'Z';
  return text;
}

tl::unexpected<Error> bad_time(std::string_view text) {
  return fail(ErrorKind::usage, "time.malformed", "not a time: \"" + std::string(text.substr(0, 64)) + "\"",
              "Write it as 2026-11-20 or 2026-11-20T09:30:00Z.");
}

bool take_number(std::string_view& text, std::size_t digits, int& value) {
  if (text.size() < digits) return false;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
  }
  std::from_chars(text.data(), text.data() + digits, value);
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// An optional ".digits"; digits behind the ninth are read over. False where the point has no digit.
bool take_fraction(std::string_view& text, std::uint32_t& nanoseconds) {
  if (!take(text, '.')) return true;
  std::uint32_t unit = 100'000'000;
  bool any = false;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    nanoseconds += static_cast<std::uint32_t>(text[0] - '0') * unit;
    unit /= 10;
    any = true;
    text.remove_prefix(1);
  }
  return any;
}

}  // namespace

std::string format_rfc3339(Timestamp time) {
  std::int64_t seconds = time.unix_us / 1'000'000;
  std::int64_t rest = time.unix_us % 1'000'000;
  if (rest < 0) {
    rest += 1'000'000;
    --seconds;
  }
  return format_parts(seconds, static_cast<std::uint32_t>(rest * 1000));
}

std::string format_rfc3339(FileTime time) { return format_parts(time.seconds, time.nanoseconds); }

Result<FileTime> parse_rfc3339(std::string_view whole) {
  namespace ch = std::chrono;
  std::string_view text = whole;
  if (take(text, '@')) {
    FileTime time;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), time.seconds);
    if (code != std::errc{}) return bad_time(whole);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!take_fraction(text, time.nanoseconds) || !text.empty()) return bad_time(whole);
    return time;
  }
  int year = 0;
  int month = 0;
  int day = 0;
  if (!take_number(text, 4, year) || !take(text, '-') || !take_number(text, 2, month) || !take(text, '-') ||
      !take_number(text, 2, day)) {
    return bad_time(whole);
  }
  const ch::year_month_day date{ch::year{year}, ch::month{static_cast<unsigned>(month)},
                                ch::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return bad_time(whole);
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::uint32_t nanoseconds = 0;
  int offset_s = 0;
  if (!text.empty()) {
    if (!(take(text, 'T') || take(text, 't') || take(text, ' ')) || !take_number(text, 2, hour) || !take(text, ':') ||
        !take_number(text, 2, minute)) {
      return bad_time(whole);
    }
    const bool has_seconds = take(text, ':');
    if (has_seconds && !take_number(text, 2, second)) return bad_time(whole);
    if (has_seconds && !take_fraction(text, nanoseconds)) return bad_time(whole);
    if (!text.empty() && !take(text, 'Z') && !take(text, 'z')) {
      const int sign = text[0] == '-' ? -1 : 1;
      int offset_hour = 0;
      int offset_minute = 0;
      if (!(take(text, '+') || take(text, '-')) || !take_number(text, 2, offset_hour) || !take(text, ':') ||
          !take_number(text, 2, offset_minute) || offset_hour > 23 || offset_minute > 59) {
        return bad_time(whole);
      }
      offset_s = sign * (offset_hour * 3600 + offset_minute * 60);
    }
  }
  if (!text.empty() || hour > 23 || minute > 59 || second > 60) return bad_time(whole);
  const auto days = ch::sys_days{date}.time_since_epoch();
  const std::int64_t seconds =
      ch::duration_cast<ch::seconds>(days).count() + hour * 3600 + minute * 60 + second - offset_s;
  return FileTime{seconds, nanoseconds};
}

Result<std::int64_t> parse_duration_s(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  std::int64_t factor = 0;
  if (unit == "s") factor = 1;
  if (unit == "m" || unit == "min") factor = 60;
  if (unit == "h") factor = 3600;
  if (unit == "d") factor = 86'400;
  if (unit == "w") factor = 7 * 86'400;
  if (unit == "y") factor = 365 * 86'400;
  if (code != std::errc{} || factor == 0 || value < 0 || value > 100'000'000'000 / factor) {
    return fail(ErrorKind::usage, "duration.malformed", "not a duration: \"" + std::string(text.substr(0, 64)) + "\"",
                "Write a whole number and a unit: 90s, 15m, 12h, 30d, 8w, 1y.");
  }
  return value * factor;
}

}  // namespace atl
