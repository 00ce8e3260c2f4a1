// gc: ends what policies say is over, shortens the journal to its horizon, and gives back the room of content that
// nothing needs any more. Runs beside puts and reads of the same process.
//
//     expire ─► checkpoint and truncation ─► mark what is needed ─► weigh packs
//            ─► packs without anything needed go ─► packs with little of it are written anew, then go
//
// Always true:
//  - No chunk is removed that a row of the catalog, a kept checkpoint or the kept journal refers to, erased versions
//    aside. Where any of these cannot be read, no content is removed.
//  - Broken off at any point nothing is lost; the next run, or the next opening for writing, goes on.
//  - Works on a full disk: packs that are dead as a whole go first, and what has to be written may use the reserve.
//  - Nobody waits for it but another gc.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vault/keeping/expire.h"
#include "vault/keeping/mark.h"
#include "vault/keeping/retired.h"
#include "vault/vault.h"

namespace atl::vault {

struct CollectOptions {
  bool is_dry_run = false;
  // Instead of the policy's, this once; 0 ends point-in-time recovery before now.
  std::optional<std::uint64_t> horizon_seconds;
  double dead_share_min = 0.3;  // of a pack, from which on it is written anew
  bool trusts_clock = false;    // also where it may have leapt
  const std::atomic<bool>* stop = nullptr;
  // What is being done, and how far: 0 of 0 where nobody knows.
  std::function<void(std::string_view step, std::uint64_t done, std::uint64_t total)> on_progress;
};

struct CollectReport {
  ExpireReport expired;
  // The journal.
  std::uint64_t checkpoints_made = 0;
  Lsn reaches_back_to;  // first change whose moment can be gone back to; 0 or 1: all
  std::uint64_t journal_bytes_freed = 0;
  // Packs. In a dry run: what would be done.
  std::uint64_t packs_removed = 0;
  std::uint64_t packs_rewritten = 0;
  std::uint64_t bytes_freed = 0;      // of packs' files, less what was written anew
  std::uint64_t bytes_waiting = 0;    // of packs that a reader may still look at
  std::uint64_t bytes_busy = 0;       // of packs that somebody is just building on
  std::uint64_t bytes_dead_left = 0;  // in packs that have too little of it to be written anew
  // Stored bytes by the strongest reason for which they stay.
  std::array<std::uint64_t, kKeepers> bytes_kept{};
  // When the last of what only the horizon keeps is free at the latest.
  Timestamp horizon_passes;
  std::vector<std::string> troubles;  // packs that could not be read whole
  bool ran_out_of_room = false;       // for writing anew; free more, or run again
  bool was_interrupted = false;
  double seconds = 0;
  [[nodiscard]] std::uint64_t kept(Keeper keeper) const { return bytes_kept[static_cast<std::size_t>(keeper)]; }
};

// `locked` where another gc runs; `conflict` "gc.clock_gap" where times may be wrong and something would be removed
// because of them (a gc that is run again does it once the clock went on in step for a week after the first refusal,
// which is remembered); `damaged` "gc.root_unreadable".
[[nodiscard]] Result<CollectReport> collect_garbage(Vault& vault, const CollectOptions& options);

}  // namespace atl::vault
