// Ends versions whose time under their bucket's policy is over. What they held is freed by gc once no earlier moment
// within the horizon needs it.
//
// Always true:
//  - Only ended versions go, never one that a snapshot holds, and none before its policy's time.
//  - Each batch is one command and complete in itself: broken off, the next run goes on.
//  - Memory: one batch, and 64 bytes for each version of the object at hand.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "vault/keeping/removal.h"
#include "vault/vault.h"

namespace atl::vault {

struct ExpireOptions {
  bool is_dry_run = false;
  const std::atomic<bool>* stop = nullptr;
  // Told of each version that goes (dry run: would go).
  std::function<Result<void>(const catalog::VersionRow&)> on_gone;
};
struct ExpireReport {
  RemovalCount gone;
  std::uint64_t objects = 0;           // looked at, removed ones included
  std::uint64_t kept_by_snapshot = 0;  // versions whose time is over
  // Of the versions that stay: when the first and the last of those that policy ends will go.
  std::optional<Timestamp> next, last;
  bool was_interrupted = false;
};
[[nodiscard]] Result<ExpireReport> expire_versions(Vault& vault, Timestamp now, const ExpireOptions& options);

// A gap of more than 48 hours in what the vault saw of the clock since `since`: nobody can tell a leaping clock from a
// vault that lay idle. None where the machine's other clock confirms the time that passed.
struct ClockGap {
  Timestamp from;
  Timestamp to;
};
struct SeenClock {
  Timestamp wall;
  std::int64_t monotonic_ns = 0;
};
[[nodiscard]] Result<std::optional<ClockGap>> find_clock_gap(const Vault& vault, const std::optional<SeenClock>& since,
                                                             const SeenClock& now);

}  // namespace atl::vault
