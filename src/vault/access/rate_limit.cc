#include "vault/access/rate_limit.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace atl::access {
namespace {

constexpr double kNsPerSecond = 1e9;
constexpr std::int64_t kDayNs = 86'400LL * 1'000'000'000;
constexpr std::int64_t kFirstWaitNs = 1'000'000'000;
constexpr std::int64_t kWaitNsMax = 900LL * 1'000'000'000;

// Makes room for one more: drops the older half. Rare, and linear.
template <class Map>
void make_room(Map& map) {
  if (map.size() < kKeysMax) return;
  std::vector<std::int64_t> times;
  times.reserve(map.size());
  for (const auto& [key, value] : map) times.push_back(value.last_ns);
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  const std::int64_t limit_ns = *middle;
  std::erase_if(map, [&](const auto& entry) { return entry.second.last_ns <= limit_ns; });
}

}  // namespace

std::uint64_t RateLimit::take(const std::string& key, double per_second, double burst, std::int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  auto found = buckets_.find(key);
  if (found == buckets_.end()) {
    make_room(buckets_);
    found = buckets_.emplace(key, Bucket{burst, now_ns}).first;
  }
  Bucket& bucket = found->second;
  const double passed_s = static_cast<double>(std::max<std::int64_t>(now_ns - bucket.last_ns, 0)) / kNsPerSecond;
  bucket.tokens = std::min(burst, bucket.tokens + passed_s * per_second);
  bucket.last_ns = now_ns;
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    return 0;
  }
  const double wait_s = per_second > 0 ? (1 - bucket.tokens) / per_second : 3600;
  return static_cast<std::uint64_t>(std::ceil(wait_s * 1000));
}

std::uint64_t Lockout::wait_ms(const std::string& key, std::int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  const auto found = failures_.find(key);
  if (found == failures_.end() || found->second.until_ns <= now_ns) return 0;
  return static_cast<std::uint64_t>((found->second.until_ns - now_ns + 999'999) / 1'000'000);
}

void Lockout::note_failure(const std::string& key, std::int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  if (!failures_.contains(key)) make_room(failures_);
  Failures& failures = failures_[key];
  if (failures.count > 0 && now_ns - failures.last_ns > kDayNs) failures = {};
  ++failures.count;
  failures.last_ns = now_ns;
  if (failures.count <= kFreeFailures) return;
  const unsigned doublings = std::min(failures.count - kFreeFailures - 1, 20U);
  failures.until_ns = now_ns + std::min(kFirstWaitNs << doublings, kWaitNsMax);
}

void Lockout::note_success(const std::string& key) {
  const std::lock_guard lock(mutex_);
  failures_.erase(key);
}

}  // namespace atl::access
