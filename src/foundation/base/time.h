// Points in time and durations, with their units in the type.
// Always true: Timestamp is UTC microseconds since 1970 (commit times); FileTime keeps a file's seconds and
// nanoseconds.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "foundation/base/error.h"

namespace atl {

struct Timestamp {
  std::int64_t unix_us = 0;
  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};

struct FileTime {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;  // 0..999,999,999, also for times before 1970
  friend auto operator<=>(const FileTime&, const FileTime&) = default;
};

// RFC 3339 in UTC: "2026-11-20T09:30:00Z", with as many fraction digits as are not zero (in groups of three).
// File systems hold times that RFC 3339 cannot write (years before 0 or after 9999): these become
// "@<seconds>[.fraction]", which counts from 1970 as `date` does.
[[nodiscard]] std::string format_rfc3339(Timestamp time);
[[nodiscard]] std::string format_rfc3339(FileTime time);
// Accepts "2026-11-20", "2026-11-20T09:30", "2026-11-20T09:30:00[.fraction](Z|±hh:mm)"; without a zone it is UTC. Also
// "@<seconds>[.fraction]", where the fraction counts forward from the seconds, also when these are negative.
[[nodiscard]] Result<FileTime> parse_rfc3339(std::string_view text);
// "90s", "15m", "12h", "30d", "8w", "1y" (365 days). Returns seconds.
[[nodiscard]] Result<std::int64_t> parse_duration_s(std::string_view text);

}  // namespace atl
