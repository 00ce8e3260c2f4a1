#include "foundation/net/http_date.h"

#include <gtest/gtest.h>

#include <random>

namespace atl::net {
namespace {

constexpr std::int64_t kExample = 784'111'777;  // RFC 9110's example in all its forms
constexpr std::int64_t kNow = 1'795'000'000;    // in 2026

TEST(HttpDateTest, ReadsAllThreeForms) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", kNow), kExample);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", kNow), kExample);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994", kNow), kExample);
  EXPECT_EQ(parse_http_date("Wed Nov 16 08:49:37 1994", kNow), kExample + 10 * 86'400);
}

TEST(HttpDateTest, TakesTwoDigitYearsWithinFiftyYears) {
  EXPECT_EQ(format_http_date(*parse_http_date("Sunday, 06-Nov-76 08:49:37 GMT", kNow)),
            "Fri, 06 Nov 2076 08:49:37 GMT");
  EXPECT_EQ(format_http_date(*parse_http_date("Sunday, 06-Nov-77 08:49:37 GMT", kNow)),
            "Sun, 06 Nov 1977 08:49:37 GMT");
}

TEST(HttpDateTest, RefusesWhatIsNoDate) {
  for (const auto* bad :
       {"", "yesterday", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT", "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 29 Feb 1900 08:49:37 GMT", "784111777", "Sun Nov 06 08:49:37 94"}) {
    EXPECT_FALSE(parse_http_date(bad, kNow)) << bad;
  }
  EXPECT_TRUE(parse_http_date("Sun, 29 Feb 2000 08:49:60 GMT", kNow));
}

TEST(HttpDateTest, WrittenDatesAreReadBack) {
  EXPECT_EQ(format_http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(format_http_date(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(format_http_date(INT64_MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(format_http_date(INT64_MIN), "Sat, 01 Jan 0000 00:00:00 GMT");
  std::mt19937_64 random(7);
  for (int round = 0; round < 20'000; ++round) {
    const auto time = static_cast<std::int64_t>(random() % 315'569'520'000ULL) - 62'167'219'200;
    EXPECT_EQ(parse_http_date(format_http_date(time), kNow), time) << time;
  }
}

}  // namespace
}  // namespace atl::net
