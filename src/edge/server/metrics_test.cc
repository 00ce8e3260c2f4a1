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

TEST(Metrics, AQuantileLiesInItsBucket) {
  Histogram histogram;
  for (int i = 0; i < 90; ++i) histogram.note(0.002);
  for (int i = 0; i < 10; ++i) histogram.note(2.0);
  EXPECT_GT(histogram.quantile(0.5), 0.001);
  EXPECT_LE(histogram.quantile(0.5), 0.0025);
  EXPECT_GT(histogram.quantile(0.99), 1.0);
  EXPECT_EQ(Histogram().quantile(0.5), 0.0);
}

}  // namespace
}  // namespace atl::server
