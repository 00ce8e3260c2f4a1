// When a scheduled command is due: "every 15m", "hourly", "daily 03:00", "weekly sun 03:00", "monthly 1 03:00".
// Always true: times of day are local to the machine; a day without that time (clocks put forward) runs it just after,
// a day that has it twice runs it once. A month without the day runs it on its last one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "foundation/base/error.h"
#include "foundation/base/time.h"

namespace atl::jobs {

struct Rule {
  enum class Kind : std::uint8_t { every, daily, weekly, monthly };
  Kind kind = Kind::daily;
  std::int64_t every_seconds = 0;  // `every`: counted from 1970, so that it does not depend on when it was added
  std::uint32_t minute_of_day = 0;
  std::uint32_t weekday = 0;  // 0 is Sunday
  std::uint32_t day_of_month = 1;
  friend bool operator==(const Rule&, const Rule&) = default;
};

// Seconds that local time is ahead of UTC at a time.
using LocalTime = std::function<std::int64_t(Timestamp)>;

// Errors: `usage`, saying what is possible.
[[nodiscard]] Result<Rule> parse_rule(std::string_view text);
[[nodiscard]] std::string words_of(const Rule& rule);  // parse_rule() reads it back
// The last time <= now at which it was due, and the first one > now.
[[nodiscard]] Timestamp last_due(const Rule& rule, Timestamp now, const LocalTime& ahead_s);
[[nodiscard]] Timestamp next_due(const Rule& rule, Timestamp now, const LocalTime& ahead_s);

}  // namespace atl::jobs
