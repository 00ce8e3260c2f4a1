// How long things took, so finely counted that percentiles of any window can be told: buckets are log-linear, 16 to
// each doubling, as in HdrHistogram (hdrhistogram.org; G. Tene), from 1 µs to about 18 minutes.
//
// Always true: a percentile is wrong by at most a sixteenth of itself (below 16 µs by 1 µs). Counting takes no lock and
// no memory; counts only grow, so the difference of two looks is what happened between them.
// Thread rules: note() and counts() from any thread. LatencyCounts is plain data.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace atl {

class LatencyCounts {
 public:
  static constexpr unsigned kParts = 16;                                               // of each doubling
  static constexpr unsigned kDoublings = 26;                                           // from 16 µs on
  static constexpr std::size_t kBuckets = std::size_t{kParts} * (kDoublings + 1) + 1;  // the last: what is longer

  [[nodiscard]] std::uint64_t total() const;
  // In seconds, interpolated within its bucket; 0 where nothing was counted. `share`: 0.99.
  [[nodiscard]] double quantile(double share) const;
  // What came since `before`, which was taken earlier from the same histogram.
  [[nodiscard]] LatencyCounts since(const LatencyCounts& before) const;
  LatencyCounts& operator+=(const LatencyCounts& more);

  [[nodiscard]] static std::size_t bucket_of(double seconds);
  [[nodiscard]] static double lower_bound_seconds(std::size_t bucket);

  std::array<std::uint64_t, kBuckets> counts{};
};

class LatencyHistogram {
 public:
  void note(double seconds) { counts_.at(LatencyCounts::bucket_of(seconds)).fetch_add(1, std::memory_order_relaxed); }
  [[nodiscard]] LatencyCounts counts() const;

 private:
  std::array<std::atomic<std::uint64_t>, LatencyCounts::kBuckets> counts_{};
};

}  // namespace atl
