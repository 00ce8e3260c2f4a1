#include "services/jobs/rule.h"

#include <gtest/gtest.h>

namespace atl::jobs {
namespace {

Timestamp at(const char* text) { return {parse_rfc3339(text).value().seconds * 1'000'000}; }

// Central Europe in 2026: summer time from 29 March 01:00 UTC to 25 October 01:00 UTC.
std::int64_t central_europe(Timestamp time) {
  return time >= at("2026-03-29T01:00:00Z") && time < at("2026-10-25T01:00:00Z") ? 7'200 : 3'600;
}
std::int64_t utc(Timestamp) { return 0; }

std::string last(const char* rule, const char* now, const LocalTime& zone = utc) {
  return format_rfc3339(last_due(parse_rule(rule).value(), at(now), zone));
}
std::string next(const char* rule, const char* now, const LocalTime& zone = utc) {
  return format_rfc3339(next_due(parse_rule(rule).value(), at(now), zone));
}

TEST(Rule, ReadsWhatItSays) {
  for (const char* text :
       {"every 15m", "every 2h", "every 90s", "daily 03:00", "weekly sun 23:59", "monthly 31 00:00"}) {
    const auto rule = parse_rule(text);
    ASSERT_TRUE(rule) << text;
    EXPECT_EQ(words_of(*rule), text);
  }
  EXPECT_EQ(words_of(parse_rule("hourly").value()), "every 1h");
  for (const char* text :
       {"", "daily", "daily 24:00", "daily 3", "daily 03:60", "weekly 03:00", "weekly foo 03:00", "monthly 0 03:00",
        "monthly 32 03:00", "every", "every 5s", "every day", "hourly 3", "daily 03:00 x"}) {
    const auto rule = parse_rule(text);
    ASSERT_FALSE(rule) << text;
    EXPECT_EQ(rule.error().kind, ErrorKind::usage);
  }
}

TEST(Rule, KnowsTheLastAndTheNextTime) {
  EXPECT_EQ(last("daily 03:00", "2026-11-21T02:59:59Z"), "2026-11-20T03:00:00Z");
  EXPECT_EQ(last("daily 03:00", "2026-11-21T03:00:00Z"), "2026-11-21T03:00:00Z");
  EXPECT_EQ(next("daily 03:00", "2026-11-21T03:00:00Z"), "2026-11-22T03:00:00Z");
  EXPECT_EQ(last("weekly sun 03:00", "2026-11-21T12:00:00Z"), "2026-11-15T03:00:00Z");  // a Saturday
  EXPECT_EQ(next("weekly sun 03:00", "2026-11-21T12:00:00Z"), "2026-11-22T03:00:00Z");
  EXPECT_EQ(next("weekly sat 03:00", "2026-11-21T12:00:00Z"), "2026-11-28T03:00:00Z");
  EXPECT_EQ(last("monthly 31 03:00", "2026-11-21T12:00:00Z"), "2026-10-31T03:00:00Z");
  EXPECT_EQ(next("monthly 31 03:00", "2026-11-21T12:00:00Z"), "2026-11-30T03:00:00Z");  // the last one there is
  EXPECT_EQ(next("monthly 1 03:00", "2026-12-21T12:00:00Z"), "2027-01-01T03:00:00Z");
  EXPECT_EQ(last("every 15m", "2026-11-21T12:14:59Z"), "2026-11-21T12:00:00Z");
  EXPECT_EQ(next("every 15m", "2026-11-21T12:15:00Z"), "2026-11-21T12:30:00Z");
}

TEST(Rule, TimesOfDayAreLocal) {
  EXPECT_EQ(next("daily 03:00", "2026-07-01T00:00:00Z", central_europe), "2026-07-01T01:00:00Z");
  EXPECT_EQ(next("daily 03:00", "2026-12-01T00:00:00Z", central_europe), "2026-12-01T02:00:00Z");
  EXPECT_EQ(next("daily 00:30", "2026-06-30T22:00:00Z", central_europe), "2026-06-30T22:30:00Z");
}

TEST(Rule, ADayWithoutTheTimeRunsJustAfterAndADayWithTwoRunsOnce) {
  // 02:30 does not exist on 29 March: clocks go from 02:00 to 03:00.
  EXPECT_EQ(next("daily 02:30", "2026-03-28T12:00:00Z", central_europe), "2026-03-29T01:30:00Z");
  EXPECT_EQ(next("daily 02:30", "2026-03-29T01:30:00Z", central_europe), "2026-03-30T00:30:00Z");
  // 02:30 comes twice on 25 October.
  EXPECT_EQ(next("daily 02:30", "2026-10-24T12:00:00Z", central_europe), "2026-10-25T00:30:00Z");
  EXPECT_EQ(next("daily 02:30", "2026-10-25T00:30:00Z", central_europe), "2026-10-26T01:30:00Z");
}

TEST(Rule, LastAndNextMeetForEveryRuleOverTwoYears) {
  for (const char* text : {"daily 02:30", "weekly wed 00:00", "monthly 30 12:00", "every 7h"}) {
    const Rule rule = parse_rule(text).value();
    Timestamp now = at("2025-12-31T00:00:00Z");
    for (int i = 0; i < 700; ++i) {
      const Timestamp due = next_due(rule, now, central_europe);
      ASSERT_GT(due, now) << text;
      ASSERT_EQ(last_due(rule, due, central_europe), due) << text;
      ASSERT_LE(last_due(rule, {due.unix_us - 1}, central_europe), now) << text << " " << format_rfc3339(now);
      now = due;
    }
  }
}

}  // namespace
}  // namespace atl::jobs
