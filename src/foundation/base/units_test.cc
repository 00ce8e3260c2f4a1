#include "foundation/base/units.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace atl {
namespace {

TEST(FormatSize, GivesThreeDigitsAtMostAndNoIdleZeros) {
  EXPECT_EQ(format_size(0), "0 B");
  EXPECT_EQ(format_size(812), "812 B");
  EXPECT_EQ(format_size(999), "999 B");
  EXPECT_EQ(format_size(1000), "1 kB");
  EXPECT_EQ(format_size(1050), "1.05 kB");
  EXPECT_EQ(format_size(5'300'000'000), "5.3 GB");
  EXPECT_EQ(format_size(5'316'000'000), "5.32 GB");
  EXPECT_EQ(format_size(53'160'000), "53.2 MB");
  EXPECT_EQ(format_size(100'000), "100 kB");
  EXPECT_EQ(format_size(UINT64_MAX), "18.4 EB");
}

TEST(FormatSize, NeverRoundsToAThousandOfAUnit) {
  EXPECT_EQ(format_size(999'499), "999 kB");
  EXPECT_EQ(format_size(999'500), "1 MB");
  EXPECT_EQ(format_size(999'999'999), "1 GB");
  EXPECT_EQ(format_size(9'996), "10 kB");
  EXPECT_EQ(format_size(99'960), "100 kB");
}

TEST(FormatCount, GroupsByThousands) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1000), "1,000");
  EXPECT_EQ(format_count(12'408), "12,408");
  EXPECT_EQ(format_count(UINT64_MAX), "18,446,744,073,709,551,615");
}

TEST(FormatDuration, PicksTwoUnitsThatFit) {
  EXPECT_EQ(format_duration(0), "0.0 s");
  EXPECT_EQ(format_duration(-1), "0.0 s");
  EXPECT_EQ(format_duration(1.25), "1.2 s");
  EXPECT_EQ(format_duration(9.99), "10 s");
  EXPECT_EQ(format_duration(59.4), "59 s");
  EXPECT_EQ(format_duration(59.6), "1 min 00 s");
  EXPECT_EQ(format_duration(100), "1 min 40 s");
  EXPECT_EQ(format_duration(7500), "2 h 05 min");
  EXPECT_EQ(format_duration(360'000), "100 h 00 min");
  EXPECT_EQ(format_duration(std::numeric_limits<double>::infinity()), "unknown");
  EXPECT_EQ(format_duration(std::nan("")), "unknown");
}

TEST(ParseSize, KnowsDecimalAndBinaryUnits) {
  EXPECT_EQ(parse_size("4096").value(), 4096U);
  EXPECT_EQ(parse_size("0").value(), 0U);
  EXPECT_EQ(parse_size("10k").value(), 10'000U);
  EXPECT_EQ(parse_size("10kB").value(), 10'000U);
  EXPECT_EQ(parse_size("10Ki").value(), 10'240U);
  EXPECT_EQ(parse_size("64MiB").value(), 64 * kMiB);
  EXPECT_EQ(parse_size("64 MiB").value(), 64 * kMiB);
  EXPECT_EQ(parse_size("1.5GB").value(), 1'500'000'000U);
  EXPECT_EQ(parse_size("0.1GB").value(), 100'000'000U);
  EXPECT_EQ(parse_size("4.35GB").value(), 4'350'000'000U) << "no byte lost to binary fractions";
  EXPECT_EQ(parse_size("2Ti").value(), 2048 * kGiB);
  EXPECT_EQ(parse_size("1P").value(), 1'000'000'000'000'000U);
  EXPECT_EQ(parse_size("512B").value(), 512U);
}

TEST(ParseSize, IsExactBeyondThePrecisionOfDouble) {
  EXPECT_EQ(parse_size("9007199254740993").value(), 9'007'199'254'740'993U);
  EXPECT_EQ(parse_size("9223372036854775807").value(), static_cast<std::uint64_t>(INT64_MAX));
}

TEST(ParseSize, RefusesMalformedAndHugeOnes) {
  for (const std::string_view text : {"",
                                      "B",
                                      "MiB",
                                      "-1",
                                      "+1",
                                      "1.",
                                      ".5G",
                                      "1..5G",
                                      "1,5G",
                                      "0x10",
                                      "1e3",
                                      "inf",
                                      "nan",
                                      "1Q",
                                      "1kk",
                                      "1KiKi",
                                      "1 2",
                                      "9223372036854775808",
                                      "18446744073709551616",
                                      "99999999999999999999",
                                      "10000P",
                                      "9Zi",
                                      " 1"}) {
    const auto size = parse_size(text);
    ASSERT_FALSE(size) << text;
    EXPECT_EQ(size.error().id, "size.malformed");
    EXPECT_FALSE(size.error().hint.empty());
  }
}

}  // namespace
}  // namespace atl
