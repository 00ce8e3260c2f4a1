#include "foundation/base/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace atl {
namespace {

TEST(LatencyHistogram, BucketsHangTogetherAndHoldTheirBounds) {
  for (std::size_t i = 0; i + 1 < LatencyCounts::kBuckets; ++i) {
    const double low = LatencyCounts::lower_bound_seconds(i);
    const double high = LatencyCounts::lower_bound_seconds(i + 1);
    ASSERT_LT(low, high) << i;
    EXPECT_EQ(LatencyCounts::bucket_of(low + 2e-7), i);
    EXPECT_EQ(LatencyCounts::bucket_of(high - 2e-7), i);
    EXPECT_LE(high - low, std::max(1.01e-6, low / 15.99)) << i;
  }
  EXPECT_EQ(LatencyCounts::bucket_of(-1), 0U);
  EXPECT_EQ(LatencyCounts::bucket_of(std::nan("")), 0U);
  EXPECT_EQ(LatencyCounts::bucket_of(1e9), LatencyCounts::kBuckets - 1);
}

TEST(LatencyHistogram, PercentilesAreRightToASixteenth) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::lognormal_distribution<double> spread(-7.0, 1.0 + static_cast<double>(seed % 4));
    LatencyHistogram histogram;
    std::vector<double> all;
    for (int i = 0; i < 2'000; ++i) {
      const double seconds = std::min(spread(random), 900.0);
      histogram.note(seconds);
      all.push_back(seconds);
    }
    std::ranges::sort(all);
    for (const double share : {0.5, 0.95, 0.99}) {
      const double exact = all.at(static_cast<std::size_t>(share * static_cast<double>(all.size())) - 1);
      EXPECT_NEAR(histogram.counts().quantile(share), exact, exact / 15 + 1e-6);
    }
  }
}

TEST(LatencyHistogram, TheDifferenceOfTwoLooksIsWhatHappenedBetweenThem) {
  LatencyHistogram histogram;
  for (int i = 0; i < 1'000; ++i) histogram.note(2.0);
  const auto before = histogram.counts();
  EXPECT_EQ(before.since(before).total(), 0U);
  EXPECT_EQ(before.since(before).quantile(0.99), 0.0);
  for (int i = 0; i < 10; ++i) histogram.note(0.010);
  const auto window = histogram.counts().since(before);
  EXPECT_EQ(window.total(), 10U);
  EXPECT_NEAR(window.quantile(0.99), 0.010, 0.001);
  LatencyCounts sum = window;
  sum += window;
  EXPECT_EQ(sum.total(), 20U);
}

}  // namespace
}  // namespace atl
