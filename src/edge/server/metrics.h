// Figures of a running server, and their text for Prometheus (exposition format 0.0.4).
// Always true: names begin with "atoll_", units are seconds, bytes and ratios; labels are from small fixed sets (route
// templates, not paths). Counting takes no lock.
// Thread rules: any thread. References stay valid as long as the Metrics.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/latency_histogram.h"

namespace atl::server {

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  void add(std::uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

// Times in seconds: for Prometheus in buckets from 0.5 ms to 60 s, for percentiles here in many more.
class Histogram {
 public:
  static constexpr std::array<double, 16> kBounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                     0.25,   0.5,   1.0,    2.5,   5.0,  10.0,  30.0, 60.0};
  void note(double seconds);
  [[nodiscard]] std::uint64_t count() const;
  [[nodiscard]] double sum_seconds() const { return static_cast<double>(sum_ns_.load()) * 1e-9; }
  // As counted in each bucket, the last one for what is longer than every bound.
  [[nodiscard]] std::array<std::uint64_t, kBounds.size() + 1> counts() const;
  [[nodiscard]] LatencyCounts latency() const { return latency_.counts(); }

 private:
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> counts_{};
  std::atomic<std::uint64_t> sum_ns_ = 0;
  LatencyHistogram latency_;
};

// What a collector tells when figures are asked for.
class MetricWriter {
 public:
  explicit MetricWriter(std::string& out) : out_(&out) {}
  // HELP and TYPE once, then the samples that follow belong to it. `type`: "counter", "gauge", "histogram".
  void family(std::string_view name, std::string_view type, std::string_view help);
  void sample(std::string_view name, const MetricLabels& labels, double value);
  void sample(std::string_view name, const MetricLabels& labels, std::uint64_t value);
  void sample(const std::string& name, const MetricLabels& labels, const Histogram& histogram);

 private:
  void begin(std::string_view name, const MetricLabels& labels);
  std::string* out_;
};

class Metrics {
 public:
  // The same for the same name and labels. `help` of the first call counts.
  [[nodiscard]] Counter& counter(const std::string& name, const std::string& help, const MetricLabels& labels = {});
  [[nodiscard]] Histogram& histogram(const std::string& name, const std::string& help, const MetricLabels& labels = {});
  // Called whenever figures are asked for: gauges, and what others count. Must not throw or take long.
  void add_collector(std::function<void(MetricWriter&)> collect);
  [[nodiscard]] std::string text() const;
  // All histograms of a name.
  void for_each_histogram(const std::string& name,
                          const std::function<void(const MetricLabels&, const Histogram&)>& visit) const;

 private:
  template <class Kind>
  struct Family {
    std::string help;
    std::map<MetricLabels, std::unique_ptr<Kind>> members;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Family<Counter>> counters_;      // guarded by mutex_
  std::map<std::string, Family<Histogram>> histograms_;  // guarded by mutex_
  std::vector<std::function<void(MetricWriter&)>> collectors_;
};

}  // namespace atl::server
