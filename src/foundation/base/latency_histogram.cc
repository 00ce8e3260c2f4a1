#include "foundation/base/latency_histogram.h"

#include <algorithm>
#include <bit>

namespace atl {
namespace {

constexpr unsigned kPartBits = 4;
static_assert(1U << kPartBits == LatencyCounts::kParts);
constexpr double kMicrosecondsPerSecond = 1e6;

std::uint64_t lower_bound_us(std::size_t bucket) {
  if (bucket < LatencyCounts::kParts) return bucket;
  const std::size_t doubling = bucket / LatencyCounts::kParts - 1;
  return (LatencyCounts::kParts + bucket % LatencyCounts::kParts) << doubling;
}

}  // namespace

std::size_t LatencyCounts::bucket_of(double seconds) {
  constexpr std::uint64_t longest_us = std::uint64_t{kParts} << kDoublings;
  const double us = seconds * kMicrosecondsPerSecond;
  if (!(us > 0)) return 0;  // clocks that went back, too
  if (us >= static_cast<double>(longest_us)) return kBuckets - 1;
  const auto value = static_cast<std::uint64_t>(us);
  if (value < kParts) return value;
  const auto doubling = static_cast<unsigned>(std::bit_width(value)) - 1 - kPartBits;
  return std::size_t{kParts} * (doubling + 1) + ((value >> doubling) & (kParts - 1));
}

double LatencyCounts::lower_bound_seconds(std::size_t bucket) {
  return static_cast<double>(lower_bound_us(bucket)) / kMicrosecondsPerSecond;
}

std::uint64_t LatencyCounts::total() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t one : counts) sum += one;
  return sum;
}

double LatencyCounts::quantile(double share) const {
  const std::uint64_t all = total();
  if (all == 0) return 0;
  const double rank = std::clamp(share, 0.0, 1.0) * static_cast<double>(all);
  double below = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    const auto here = static_cast<double>(counts.at(i));
    if (here > 0 && below + here >= rank) {
      const double low = lower_bound_seconds(i);
      if (i + 1 == kBuckets) return low;
      return low + (lower_bound_seconds(i + 1) - low) * (rank - below) / here;
    }
    below += here;
  }
  return lower_bound_seconds(kBuckets - 1);
}

LatencyCounts LatencyCounts::since(const LatencyCounts& before) const {
  LatencyCounts out;
  for (std::size_t i = 0; i < kBuckets; ++i)
    out.counts.at(i) = counts.at(i) - std::min(before.counts.at(i), counts.at(i));
  return out;
}

LatencyCounts& LatencyCounts::operator+=(const LatencyCounts& more) {
  for (std::size_t i = 0; i < kBuckets; ++i) counts.at(i) += more.counts.at(i);
  return *this;
}

LatencyCounts LatencyHistogram::counts() const {
  LatencyCounts out;
  for (std::size_t i = 0; i < LatencyCounts::kBuckets; ++i)
    out.counts.at(i) = counts_.at(i).load(std::memory_order_relaxed);
  return out;
}

}  // namespace atl
