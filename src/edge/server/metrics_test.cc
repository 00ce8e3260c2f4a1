#include "edge/server/metrics.h"

#include <gtest/gtest.h>

namespace atl::server {
namespace {

TEST(Metrics, TheTextIsWhatPrometheusReads) {
  Metrics metrics;
  metrics.counter("atoll_things_total", "Things.", {{"kind", "a\"b"}}).add(3);
  metrics.histogram("atoll_wait_seconds", "Waits.").note(0.02);
  metrics.add_collector([](MetricWriter& out) {
    out.family("atoll_now", "gauge", "Now.");
    out.sample("atoll_now", {}, std::uint64_t{7});
  });
  const std::string text = metrics.text();
  EXPECT_NE(text.find("# TYPE atoll_things_total counter\natoll_things_total{kind=\"a\\\"b\"} 3\n"), std::string::npos);
  EXPECT_NE(text.find("atoll_wait_seconds_bucket{le=\"0.01\"} 0\natoll_wait_seconds_bucket{le=\"0.025\"} 1\n"),
            std::string::npos);
  EXPECT_NE(text.find("atoll_wait_seconds_bucket{le=\"+Inf\"} 1\natoll_wait_seconds_sum 0.02\n"), std::string::npos);
  EXPECT_NE(text.find("atoll_now 7\n"), std::string::npos);
  EXPECT_EQ(metrics.counter("atoll_things_total", "", {{"kind", "a\"b"}}).value(), 3U);
}

TEST(Metrics, HistogramsOfANameAreGivenWithTheirPercentiles) {
  Metrics metrics;
  Histogram& slow = metrics.histogram("atoll_wait_seconds", "Waits.", {{"door", "rest"}});
  for (int i = 0; i < 90; ++i) slow.note(0.002);
  for (int i = 0; i < 10; ++i) slow.note(2.0);
  metrics.histogram("atoll_wait_seconds", "Waits.", {{"door", "s3"}}).note(1);
  metrics.histogram("atoll_other_seconds", "Others.").note(1);
  std::size_t seen = 0;
  metrics.for_each_histogram("atoll_wait_seconds", [&](const MetricLabels& labels, const Histogram& histogram) {
    ++seen;
    if (labels.front().second != "rest") return;
    EXPECT_NEAR(histogram.latency().quantile(0.5), 0.002, 0.0002);
    EXPECT_NEAR(histogram.latency().quantile(0.99), 2.0, 0.2);
  });
  EXPECT_EQ(seen, 2U);
  metrics.for_each_histogram("atoll_none", [&](const MetricLabels&, const Histogram&) { ++seen; });
  EXPECT_EQ(seen, 2U);
}

}  // namespace
}  // namespace atl::server
