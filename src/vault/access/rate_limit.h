// Token buckets by key (a principal, an address), and growing delays after failed sign-ins.
// Always true: memory is bounded: beyond kKeysMax the keys that were not seen longest are forgotten. State is in memory
// only: a restart forgives.
// Thread rules: any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "foundation/base/error.h"

namespace atl::access {

inline constexpr std::size_t kKeysMax = 100'000;

class RateLimit {
 public:
  // Takes one of `per_second` tokens, of which `burst` gather at most. Returns 0, or after how many ms to come again.
  [[nodiscard]] std::uint64_t take(const std::string& key, double per_second, double burst, std::int64_t now_ns);

 private:
  struct Bucket {
    double tokens = 0;
    std::int64_t last_ns = 0;
  };
  std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;  // guarded by mutex_
};

// After kFreeFailures failures of one key, each further one makes it wait twice as long, from 1 s up to 15 min; a day
// without failures forgets them, and so does a success.
class Lockout {
 public:
  static constexpr unsigned kFreeFailures = 5;
  // How many ms the key still has to wait; 0: go on.
  [[nodiscard]] std::uint64_t wait_ms(const std::string& key, std::int64_t now_ns);
  void note_failure(const std::string& key, std::int64_t now_ns);
  void note_success(const std::string& key);

 private:
  struct Failures {
    unsigned count = 0;
    std::int64_t last_ns = 0;
    std::int64_t until_ns = 0;
  };
  std::mutex mutex_;
  std::unordered_map<std::string, Failures> failures_;  // guarded by mutex_
};

}  // namespace atl::access
