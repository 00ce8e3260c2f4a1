#include "services/jobs/rule.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <vector>

namespace atl::jobs {
namespace {

constexpr std::int64_t kMicroseconds = 1'000'000;
constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kShortestSeconds = 60;
constexpr std::array<std::string_view, 7> kWeekdays = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

tl::unexpected<Error> bad_rule(std::string_view text) {
  return fail(ErrorKind::usage, "schedule.bad_rule", "\"" + std::string(text.substr(0, 60)) + "\" is no time to run at",
              "Possible are: every 15m, hourly, daily 03:00, weekly sun 03:00, monthly 1 03:00.");
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return words;
}

std::optional<std::uint32_t> number(std::string_view text, std::uint32_t max) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

std::optional<std::uint32_t> minute_of_day(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.size() - colon != 3) return std::nullopt;
  const auto hour = number(text.substr(0, colon), 23);
  const auto minute = number(text.substr(colon + 1), 59);
  if (!hour || !minute) return std::nullopt;
  return *hour * 60 + *minute;
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// The moment at which local clocks show `local_seconds` (since 1970, as if local were UTC). Where they never show it
// (put forward) the moment just after the jump; where they show it twice, the first.
std::int64_t utc_of_local(std::int64_t local_seconds, const LocalTime& ahead_s) {
  const auto ahead = [&](std::int64_t utc) { return ahead_s({utc * kMicroseconds}); };
  // The zone's offset before and after any change that may lie near.
  const std::int64_t earlier = local_seconds - ahead(local_seconds - kDaySeconds);
  const std::int64_t later = local_seconds - ahead(local_seconds + kDaySeconds);
  const std::int64_t first = std::min(earlier, later);
  const std::int64_t second = std::max(earlier, later);
  if (first + ahead(first) == local_seconds) return first;
  return second;
}

// The due moment of the period (day, week, month) that lies `back` periods before the one of `local_day`.
std::int64_t due_of_period(const Rule& rule, std::int64_t local_day, std::int64_t back, const LocalTime& ahead_s) {
  std::int64_t day = local_day;
  if (rule.kind == Rule::Kind::daily) {
    day -= back;
  } else if (rule.kind == Rule::Kind::weekly) {
    const std::int64_t weekday = ((local_day + 4) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
    day += static_cast<std::int64_t>(rule.weekday) - weekday - 7 * back;
  } else {
    using namespace std::chrono;
    const year_month_day today{sys_days{days{local_day}}};
    const year_month month = year_month{today.year(), today.month()} - months{back};
    const std::uint32_t last = static_cast<unsigned>((month / std::chrono::last).day());
    day = sys_days{month / std::chrono::day{std::min(rule.day_of_month, last)}}.time_since_epoch().count();
  }
  return utc_of_local(day * kDaySeconds + rule.minute_of_day * 60, ahead_s);
}

}  // namespace

Result<Rule> parse_rule(std::string_view text) {
  const auto words = split(text);
  if (words.empty()) return bad_rule(text);
  Rule rule;
  if (words[0] == "hourly" && words.size() == 1) {
    rule.kind = Rule::Kind::every;
    rule.every_seconds = 3'600;
    return rule;
  }
  if (words[0] == "every" && words.size() == 2) {
    const auto seconds = parse_duration_s(words[1]);
    if (!seconds || *seconds < kShortestSeconds) return bad_rule(text);
    rule.kind = Rule::Kind::every;
    rule.every_seconds = *seconds;
    return rule;
  }
  std::size_t next = 1;
  if (words[0] == "daily") {
    rule.kind = Rule::Kind::daily;
  } else if (words[0] == "weekly" && words.size() > next) {
    rule.kind = Rule::Kind::weekly;
    const auto found = std::ranges::find(kWeekdays, words[next++]);
    if (found == kWeekdays.end()) return bad_rule(text);
    rule.weekday = static_cast<std::uint32_t>(found - kWeekdays.begin());
  } else if (words[0] == "monthly" && words.size() > next) {
    rule.kind = Rule::Kind::monthly;
    const auto day = number(words[next++], 31);
    if (!day || *day == 0) return bad_rule(text);
    rule.day_of_month = *day;
  } else {
    return bad_rule(text);
  }
  if (words.size() != next + 1) return bad_rule(text);
  const auto minute = minute_of_day(words[next]);
  if (!minute) return bad_rule(text);
  rule.minute_of_day = *minute;
  return rule;
}

std::string words_of(const Rule& rule) {
  if (rule.kind == Rule::Kind::every) {
    if (rule.every_seconds % 3'600 == 0) return "every " + std::to_string(rule.every_seconds / 3'600) + "h";
    if (rule.every_seconds % 60 == 0) return "every " + std::to_string(rule.every_seconds / 60) + "m";
    return "every " + std::to_string(rule.every_seconds) + "s";
  }
  const auto two = [](std::uint32_t value) { return (value < 10 ? "0" : "") + std::to_string(value); };
  const std::string time = two(rule.minute_of_day / 60) + ":" + two(rule.minute_of_day % 60);
  if (rule.kind == Rule::Kind::daily) return "daily " + time;
  if (rule.kind == Rule::Kind::weekly) return "weekly " + std::string(kWeekdays.at(rule.weekday)) + " " + time;
  return "monthly " + std::to_string(rule.day_of_month) + " " + time;
}

Timestamp last_due(const Rule& rule, Timestamp now, const LocalTime& ahead_s) {
  const std::int64_t seconds = floor_div(now.unix_us, kMicroseconds);
  if (rule.kind == Rule::Kind::every)
    return {floor_div(seconds, rule.every_seconds) * rule.every_seconds * kMicroseconds};
  const std::int64_t local_day = floor_div(seconds + ahead_s(now), kDaySeconds);
  for (std::int64_t back = -1;; ++back) {
    const std::int64_t due = due_of_period(rule, local_day, back, ahead_s);
    if (due <= seconds) return {due * kMicroseconds};
  }
}

Timestamp next_due(const Rule& rule, Timestamp now, const LocalTime& ahead_s) {
  const std::int64_t seconds = floor_div(now.unix_us, kMicroseconds);
  if (rule.kind == Rule::Kind::every)
    return {(floor_div(seconds, rule.every_seconds) + 1) * rule.every_seconds * kMicroseconds};
  const std::int64_t local_day = floor_div(seconds + ahead_s(now), kDaySeconds);
  for (std::int64_t ahead = -1;; ++ahead) {
    const std::int64_t due = due_of_period(rule, local_day, -ahead, ahead_s);
    if (due > seconds) return {due * kMicroseconds};
  }
}

}  // namespace atl::jobs
