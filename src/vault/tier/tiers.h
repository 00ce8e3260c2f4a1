// Where content lies by temperature, where it should lie by its policy, and the mover between the two.
//
//     rules ─► a tier for each version ─► for each chunk the hottest of all that refer to it (keeping/chunk_marks.h)
//           ─► beside the chunk index: what of each pack lies in the wrong tier ─► those packs are written anew
//
// Always true:
//  - Nothing is dropped here: a chunk that no version marks (checkpoints, earlier moments, what gc will free) is copied
//    to a pack of its own tier. What the rules say decides where content lies, never whether.
//  - Readable throughout, as gc's rewriting is: new packs are durable and have rows before old ones are given up, and
//    these go when no reader is older.
//  - No state of its own: what is left to do is what lies in the wrong tier. Broken off anywhere, the next run goes on.
//  - Memory: the marks' 32 MiB, one record a pack, and the rewriting of one batch.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "vault/object/objects.h"
#include "vault/tier/rules.h"

namespace atl::vault {

inline constexpr std::array kTiersHottestFirst = {chunk::Temperature::hot, chunk::Temperature::warm,
                                                  chunk::Temperature::cold};
// A value for each tier, asked by the tier.
template <class T>
class PerTier {
 public:
  [[nodiscard]] T& operator[](chunk::Temperature tier) { return values_[static_cast<std::size_t>(tier) - 1]; }
  [[nodiscard]] const T& operator[](chunk::Temperature tier) const {
    return values_[static_cast<std::size_t>(tier) - 1];
  }

 private:
  std::array<T, 3> values_{};
};

// ---- where things lie

struct LyingBytes {
  PerTier<std::uint64_t> raw;     // of content, each reference to a shared chunk counted
  PerTier<std::uint64_t> stored;  // their share of the packs
  // Most bytes lie there; the hotter where two are equal, warm where there is no content.
  [[nodiscard]] chunk::Temperature tier() const;
};
struct TierUse {
  std::uint64_t objects = 0;
  std::uint64_t raw_bytes = 0;
  std::uint64_t stored_bytes = 0;
  std::uint64_t packs = 0;
};

// Takes a look at the packs when it is made; asked for many versions.
class TierMap {
 public:
  explicit TierMap(Vault& vault);
  [[nodiscard]] Result<LyingBytes> of(const catalog::VersionRow& version) const;
  // By packs: what the vault stores as a whole.
  [[nodiscard]] const PerTier<TierUse>& packs() const { return packs_; }

 private:
  Vault* vault_;
  std::unordered_map<PackId, chunk::Temperature> tier_of_pack_;
  PerTier<TierUse> packs_;
};
// Current versions, each counted where most of it lies; bytes where they lie.
[[nodiscard]] Result<PerTier<TierUse>> tiers_of(Vault& vault, const Selection& selection);

struct ObjectTemperature {
  chunk::Temperature wanted = chunk::Temperature::warm;
  std::string rule;  // canonical; empty: none matches
  LyingBytes lies;
  double accesses = 0;
  std::optional<Timestamp> last_access;  // none: not since counting began
  Timestamp counted_since;
};
[[nodiscard]] Result<ObjectTemperature> temperature_of(Vault& vault, const Objects::Found& object);

// ---- where they should lie

struct TierOptions {
  bool is_dry_run = false;
  // Dry run: what goes to another tier is read in samples, and compressed as it would be, to tell what it would take.
  bool measures = true;
  // Dry run: instead of what policies say, for all buckets or those of these names.
  std::optional<std::vector<std::string>> rules_instead;
  std::vector<std::string> instead_in;
  std::uint64_t bytes_max = 0;       // of packs read; at least one pack is. 0: no limit
  double misplaced_share_min = 0.1;  // of a pack, from which on it is written anew
  unsigned threads = 1;              // 48 MiB each where something goes to cold
  const std::atomic<bool>* stop = nullptr;
  // What is being done, and how far: 0 of 0 where nobody knows.
  std::function<void(std::string_view step, std::uint64_t done, std::uint64_t total)> on_progress;
};

struct TierMove {
  chunk::Temperature from = chunk::Temperature::warm;
  chunk::Temperature to = chunk::Temperature::warm;
  std::uint64_t chunks = 0;
  std::uint64_t raw_bytes = 0;
  std::uint64_t stored_bytes = 0;  // now
  std::uint64_t sampled_bytes = 0;
  std::optional<std::uint64_t> stored_bytes_after;  // estimated from the samples
};
struct BucketTiers {
  std::string name;
  PerTier<std::uint64_t> objects;  // by the tier that rules want
  PerTier<std::uint64_t> bytes;
  std::uint64_t objects_elsewhere = 0;  // dry run: of which most lies in another tier than its rule wants
  std::uint64_t bytes_elsewhere = 0;
};
struct TierReport {
  std::vector<BucketTiers> buckets;  // by name
  std::uint64_t old_versions = 0;    // that rules place as well
  std::vector<TierMove> moves;       // in the packs that are to be written anew
  std::uint64_t packs = 0;           // of these
  std::uint64_t bytes_to_read = 0;
  std::optional<std::uint64_t> bytes_to_write;  // estimated
  std::uint64_t bytes_left = 0;                 // in the wrong tier, in packs that have too little of it
  Timestamp accesses_since;
  std::uint64_t half_life_seconds = 0;
  // What was done.
  std::uint64_t packs_rewritten = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t bytes_removed = 0;      // of old packs' files
  std::uint64_t bytes_waiting = 0;      // of old packs that a reader may still look at
  std::uint64_t bytes_busy = 0;         // of old packs that somebody builds on: the next gc removes them
  std::uint64_t packs_not_reached = 0;  // because of bytes_max, or broken off
  std::vector<std::string> troubles;    // packs that could not be read whole
  bool ran_out_of_room = false;
  bool was_interrupted = false;
  double seconds = 0;
};

// `locked` where a gc or another of these runs; `damaged` where a content's list cannot be read.
[[nodiscard]] Result<TierReport> move_tiers(Vault& vault, const TierOptions& options);

}  // namespace atl::vault
