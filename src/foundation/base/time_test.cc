#include "foundation/base/time.h"

#include <gtest/gtest.h>

#include <random>

namespace atl {
namespace {

FileTime parsed(std::string_view text) {
  const auto time = parse_rfc3339(text);
  EXPECT_TRUE(time) << text;
  return time.value_or(FileTime{-1, 1});
}

TEST(FormatTime, WritesRfc3339InUtc) {
  EXPECT_EQ(format_rfc3339(FileTime{0, 0}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_rfc3339(FileTime{1'709'210'096, 0}), "2024-02-29T12:34:56Z");
  EXPECT_EQ(format_rfc3339(FileTime{1'709'210'096, 500'000'000}), "2024-02-29T12:34:56.500Z");
  EXPECT_EQ(format_rfc3339(FileTime{1'709'210'096, 1'000}), "2024-02-29T12:34:56.000001Z");
  EXPECT_EQ(format_rfc3339(FileTime{1'709'210'096, 1}), "2024-02-29T12:34:56.000000001Z");
  EXPECT_EQ(format_rfc3339(Timestamp{1'709'210'096'000'250}), "2024-02-29T12:34:56.000250Z");
}

TEST(FormatTime, CountsBackCorrectlyBefore1970) {
  EXPECT_EQ(format_rfc3339(FileTime{-1, 999'999'999}), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(format_rfc3339(Timestamp{-1}), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(format_rfc3339(Timestamp{-1'000'000}), "1969-12-31T23:59:59Z");
  EXPECT_EQ(format_rfc3339(FileTime{-2'208'988'800, 0}), "1900-01-01T00:00:00Z");
  EXPECT_EQ(format_rfc3339(FileTime{-62'167'219'200, 0}), "0000-01-01T00:00:00Z");
}

TEST(FormatTime, FallsBackToSecondsOutsideTheYearsOfRfc3339) {
  EXPECT_EQ(format_rfc3339(FileTime{253'402'300'799, 0}), "9999-12-31T23:59:59Z");
  EXPECT_EQ(format_rfc3339(FileTime{253'402'300'800, 0}), "@253402300800");
  EXPECT_EQ(format_rfc3339(FileTime{-62'167'219'201, 500'000'000}), "@-62167219201.500");
  for (const FileTime time : {FileTime{INT64_MAX, 999'999'999}, FileTime{INT64_MIN, 1}}) {
    EXPECT_EQ(parsed(format_rfc3339(time)), time);
  }
}

TEST(ParseTime, TakesDaysMinutesFractionsAndZones) {
  EXPECT_EQ(parsed("1970-01-01"), (FileTime{0, 0}));
  EXPECT_EQ(parsed("1970-01-01T00:01"), (FileTime{60, 0}));
  EXPECT_EQ(parsed("1970-01-01 00:00:01"), (FileTime{1, 0}));
  EXPECT_EQ(parsed("1970-01-01t00:00:01z"), (FileTime{1, 0}));
  EXPECT_EQ(parsed("1970-01-01T00:00:01.5Z"), (FileTime{1, 500'000'000}));
  EXPECT_EQ(parsed("1970-01-01T00:00:01.123456789999Z"), (FileTime{1, 123'456'789}));
  EXPECT_EQ(parsed("1970-01-01T02:00:00+02:00"), (FileTime{0, 0}));
  EXPECT_EQ(parsed("1969-12-31T18:30:00-05:30"), (FileTime{0, 0}));
  EXPECT_EQ(parsed("1970-01-01T02:00+02:00"), (FileTime{0, 0}));
  EXPECT_EQ(parsed("1990-12-31T23:59:60Z"), parsed("1991-01-01T00:00:00Z")) << "a leap second is the next second";
  EXPECT_EQ(parsed("@1700000000"), (FileTime{1'700'000'000, 0}));
}

TEST(ParseTime, KnowsLeapYears) {
  EXPECT_EQ(parsed("2024-03-01").seconds - parsed("2024-02-28").seconds, 2 * 86'400);
  EXPECT_EQ(parsed("2023-03-01").seconds - parsed("2023-02-28").seconds, 86'400);
  EXPECT_EQ(parsed("2000-02-29").seconds, 951'782'400);
  for (const auto* text : {"2023-02-29", "1900-02-29", "2100-02-29"}) EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(ParseTime, RefusesMalformedText) {
  for (const std::string_view text : {"",
                                      "2026",
                                      "2026-1-01",
                                      "2026-13-01",
                                      "2026-00-10",
                                      "2026-04-31",
                                      "2026-01-00",
                                      "2026-01-01T",
                                      "2026-01-01T1:00",
                                      "2026-01-01T24:00",
                                      "2026-01-01T00:60",
                                      "2026-01-01T00:00:61",
                                      "2026-01-01T00:00:00.",
                                      "2026-01-01T00:00.5",
                                      "2026-01-01T00:00:00Zx",
                                      "2026-01-01T00:00:00+0200",
                                      "2026-01-01T00:00:00+24:00",
                                      "2026-01-01T00:00:00-00:60",
                                      "2026-01-01T00:00:",
                                      "2026-01-01Z",
                                      " 2026-01-01",
                                      "2026-01-01T00:00:00ZZ",
                                      "26-01-01",
                                      "@",
                                      "@1x",
                                      "@1.",
                                      "@99999999999999999999",
                                      "-001-01-01"}) {
    const auto time = parse_rfc3339(text);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().kind, ErrorKind::usage);
    EXPECT_FALSE(time.error().hint.empty());
  }
}

TEST(ParseTime, ReadsBackEveryTimeThatWasWritten) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<std::int64_t> seconds(-70'000'000'000, 260'000'000'000);  // also beyond years 0 to 9999
  for (int i = 0; i < 20'000; ++i) {
    std::uint32_t nanoseconds = static_cast<std::uint32_t>(random() % 1'000'000'000);
    if (i % 3 == 0) nanoseconds = 0;
    if (i % 3 == 1) nanoseconds -= nanoseconds % 1000;
    const FileTime time{seconds(random), nanoseconds};
    ASSERT_EQ(parsed(format_rfc3339(time)), time);
  }
}

TEST(ParseDuration, KnowsItsUnits) {
  EXPECT_EQ(parse_duration_s("90s").value(), 90);
  EXPECT_EQ(parse_duration_s("15m").value(), 900);
  EXPECT_EQ(parse_duration_s("15min").value(), 900);
  EXPECT_EQ(parse_duration_s("12h").value(), 43'200);
  EXPECT_EQ(parse_duration_s("30d").value(), 2'592'000);
  EXPECT_EQ(parse_duration_s("8w").value(), 4'838'400);
  EXPECT_EQ(parse_duration_s("1y").value(), 31'536'000);
  EXPECT_EQ(parse_duration_s("0s").value(), 0);
}

TEST(ParseDuration, RefusesMalformedAndHugeOnes) {
  for (const std::string_view text : {"", "s", "10", "-1d", "+1d", "1.5h", "1 d", "1D", "1dd", "d1", "99999999999y",
                                      "9223372036854775807s", "99999999999999999999s"}) {
    const auto duration = parse_duration_s(text);
    ASSERT_FALSE(duration) << text;
    EXPECT_EQ(duration.error().id, "duration.malformed");
  }
}

}  // namespace
}  // namespace atl
