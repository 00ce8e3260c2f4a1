#include "vault/keeping/policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>

#include "foundation/platform/testing/test_machine.h"

namespace atl::vault {
namespace {

using catalog::PolicyRow;

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 86'400;

Timestamp at(const char* text) {
  const auto time = parse_rfc3339(text);
  EXPECT_TRUE(time) << text;
  return {time->seconds * kSecond};
}

EffectivePolicy effective(const PolicyRow& rules) {
  EffectivePolicy policy;
  policy.rules = rules;
  return policy;
}

VersionSpan ended(const char* begin, const char* end) {
  VersionSpan span;
  span.begin_time = at(begin);
  span.end_time = at(end);
  return span;
}

VersionSpan current(const char* begin) {
  VersionSpan span;
  span.begin_time = at(begin);
  span.is_current = true;
  return span;
}

TEST(Policy, TheBuiltInOneKeepsAMonthThenDaysThenWeeksAndTheCurrentOneForEver) {
  const EffectivePolicy policy = effective(built_in_policy());
  // Two versions of one day, one of another week; the current one was made long ago.
  const std::vector<VersionSpan> versions = {
      current("2025-03-20T08:00:00Z"), ended("2025-03-12T15:00:00Z", "2025-03-20T08:00:00Z"),
      ended("2025-03-12T09:00:00Z", "2025-03-12T15:00:00Z"), ended("2025-03-10T09:00:00Z", "2025-03-12T09:00:00Z")};
  const auto going = [&](const char* now) {
    std::string text;
    for (const auto& fate : versions_to_end(policy, versions, at(now))) text += fate.goes ? 'x' : '.';
    return text;
  };
  EXPECT_EQ(going("2025-03-20T08:00:00Z"), "....");
  EXPECT_EQ(going("2025-04-11T14:59:59Z"), "....");
  EXPECT_EQ(going("2025-04-11T15:00:00Z"), "..x.");  // not the last of its day, 30 days old
  EXPECT_EQ(going("2025-06-10T08:59:59Z"), "..x.");
  EXPECT_EQ(going("2025-06-10T09:00:00Z"), "..xx");  // the last of its day, not of its week, 90 days old
  EXPECT_EQ(going("2026-03-20T07:59:59Z"), "..xx");
  EXPECT_EQ(going("2026-03-20T08:00:00Z"), ".xxx");  // the last of its week, a year old
  EXPECT_EQ(going("2099-01-01"), ".xxx");
}

TEST(Policy, ARemovedObjectGoesAYearAfterItsRemoval) {
  const EffectivePolicy policy = effective(built_in_policy());
  const std::vector<VersionSpan> versions = {ended("2020-01-01T00:00:00Z", "2025-01-01T00:00:00Z")};
  EXPECT_FALSE(versions_to_end(policy, versions, at("2025-12-31T23:59:59Z"))[0].goes);
  EXPECT_TRUE(versions_to_end(policy, versions, at("2026-01-01T00:00:00Z"))[0].goes);
  EXPECT_EQ(
      days_left(*versions_to_end(policy, versions, at("2025-12-31T12:00:00Z"))[0].goes_at, at("2025-12-31T12:00:00Z")),
      1U);
}

TEST(Policy, RetentionHoldsWhateverElseEnds) {
  PolicyRow rules;
  rules.retention_seconds = 10 * kDay;
  const std::vector<VersionSpan> versions = {ended("2025-01-01", "2025-01-02")};
  EXPECT_FALSE(versions_to_end(effective(rules), versions, at("2025-01-10T23:00:00Z"))[0].goes);
  EXPECT_TRUE(versions_to_end(effective(rules), versions, at("2025-01-11"))[0].goes);
  EXPECT_TRUE(retained_until(effective(rules), versions[0], at("2025-01-10")));
  EXPECT_FALSE(retained_until(effective(rules), versions[0], at("2025-01-11")));
}

TEST(Policy, WordsSayWhatHolds) {
  const auto all = words(effective(built_in_policy()));
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[1],
            "Every version is kept for 30 days, then of each day the last one for 90 days, of each week for 1 year; "
            "counted from the moment it was replaced or removed.");
  EXPECT_EQ(all[2], "A removed object goes for good 1 year after it was removed.");
  PolicyRow none;
  none.horizon_seconds = none.audit_seconds = kDay;
  EXPECT_EQ(words(effective(none))[1],
            "No older versions are kept, and what is removed goes for good with the next gc.");
  none.keep_weekly_seconds = 14 * kDay;
  EXPECT_EQ(words(effective(none))[1],
            "Of each week the last one for 14 days; counted from the moment it was replaced or removed.");
}

// The same rules said in another way: by the calendar of the C library, each version against all others.
bool kept_naively(const PolicyRow& rules, const std::vector<VersionSpan>& versions, std::size_t index, Timestamp now) {
  const VersionSpan& one = versions[index];
  if (one.is_current || rules.keeps_all) return true;
  const auto younger_than = [&](std::int64_t from_us, std::uint64_t seconds) {
    return now.unix_us < from_us + static_cast<std::int64_t>(seconds) * kSecond;
  };
  if (younger_than(one.begin_time.unix_us, rules.retention_seconds)) return true;
  std::size_t newer_ended = 0;
  for (std::size_t i = 0; i < index; ++i) newer_ended += versions[i].is_current ? 0 : 1;
  if (newer_ended < rules.keep_last) return true;
  if (younger_than(one.end_time.unix_us, rules.keep_within_seconds)) return true;
  const auto label = [](const VersionSpan& version, const char* format) {
    const auto seconds = static_cast<std::time_t>(version.begin_time.unix_us / kSecond);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[64];
    return std::string(text, std::strftime(text, sizeof text, format, &parts));
  };
  const std::pair<const char*, std::uint64_t> periods[] = {{"%Y-%m-%d %H", rules.keep_hourly_seconds},
                                                           {"%Y-%m-%d", rules.keep_daily_seconds},
                                                           {"%G-%V", rules.keep_weekly_seconds},
                                                           {"%Y-%m", rules.keep_monthly_seconds},
                                                           {"%Y", rules.keep_yearly_seconds}};
  for (const auto& [format, seconds] : periods) {
    bool is_last = true;
    for (std::size_t i = 0; i < index; ++i) is_last = is_last && label(versions[i], format) != label(one, format);
    if (is_last && younger_than(one.end_time.unix_us, seconds)) return true;
  }
  return false;
}

TEST(Policy, AgreesWithANaiveReadingOfTheRules) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    platform::SeededRandom random(seed);
    PolicyRow rules;
    const auto maybe = [&](std::uint64_t days_max) -> std::uint64_t {
      return random.one_in(2) ? 0 : random.below(days_max * kDay);
    };
    if (random.one_in(3)) rules.keep_last = static_cast<std::uint32_t>(random.below(4));
    rules.keep_within_seconds = maybe(40);
    rules.keep_hourly_seconds = maybe(10);
    rules.keep_daily_seconds = maybe(100);
    rules.keep_weekly_seconds = maybe(400);
    rules.keep_monthly_seconds = maybe(900);
    rules.keep_yearly_seconds = maybe(3000);
    if (random.one_in(6)) rules.retention_seconds = maybe(700);
    if (random.one_in(20)) rules.keeps_all = true;

    std::vector<VersionSpan> versions;
    std::int64_t time_s = 1'500'000'000 + static_cast<std::int64_t>(random.below(100'000'000));
    const std::size_t count = 1 + random.below(40);
    for (std::size_t i = 0; i < count; ++i) {
      VersionSpan span;
      span.begin_time = {time_s * kSecond};
      const std::uint64_t steps[] = {random.below(1800), random.below(kDay), random.below(20 * kDay)};
      time_s += static_cast<std::int64_t>(steps[random.below(3)]);
      span.end_time = {time_s * kSecond};
      if (random.one_in(10)) time_s += static_cast<std::int64_t>(random.below(30 * kDay));  // removed, and back later
      versions.insert(versions.begin(), span);
    }
    if (random.one_in(2)) {
      versions.front().is_current = true;
      versions.front().end_time = {};
    }
    std::vector<bool> went(versions.size());
    for (int look = 0; look < 12; ++look) {
      time_s += static_cast<std::int64_t>(random.below(120 * kDay));
      const Timestamp now{time_s * kSecond};
      const auto fates = versions_to_end(effective(rules), versions, now);
      for (std::size_t i = 0; i < versions.size(); ++i) {
        ASSERT_EQ(!fates[i].goes, kept_naively(rules, versions, i, now)) << "version " << i;
        ASSERT_TRUE(!went[i] || fates[i].goes) << "a version whose time was over came back";
        went[i] = fates[i].goes;
      }
      // Deciding with only what is left gives the same.
      std::vector<VersionSpan> left;
      for (std::size_t i = 0; i < versions.size(); ++i)
        if (!fates[i].goes) left.push_back(versions[i]);
      const auto again = versions_to_end(effective(rules), left, now);
      ASSERT_TRUE(std::ranges::none_of(again, [](const VersionFate& fate) { return fate.goes; }));
    }
  }
}

}  // namespace
}  // namespace atl::vault
