// From rules to packs: see tiers.h.
#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "foundation/base/units.h"
#include "vault/keeping/chunk_marks.h"
#include "vault/keeping/policy.h"
#include "vault/keeping/retired.h"
#include "vault/tier/tiers.h"

namespace atl::vault {
namespace {

using chunk::Temperature;
using platform::join;

// As gc does: room comes back step by step.
constexpr std::uint64_t kBytesPerBatch = 256 * kMiB;
constexpr std::size_t kPacksPerBatch = 64;
// A sample for an estimate is a run of neighbours, as they would stand in one group. So many of them for each kind of
// move, spread over so many packs and within each: files that lie together are often alike.
constexpr std::uint64_t kSampleBytes = 2 * kMiB;
constexpr std::size_t kSamples = 16;
constexpr std::size_t kSamplePacks = 4;
constexpr std::array kTiersColdestFirst = {Temperature::cold, Temperature::warm, Temperature::hot};

// Marks of chunks, the strongest last: what is referred to from several places lies as the hottest of them wants.
std::uint8_t mark_of(Temperature tier) { return static_cast<std::uint8_t>(4 - static_cast<unsigned>(tier)); }
Temperature tier_in(std::uint8_t mark) { return static_cast<Temperature>(4 - mark); }

class Moving {
 public:
  Moving(Vault& vault, const TierOptions& options) : vault_(&vault), options_(&options) {}

  Result<TierReport> run() {
    platform::Clock& clock = vault_->machine().clock;
    const std::int64_t begun_ns = clock.monotonic_ns();
    const Timestamp started = clock.now();
    ATOLL_ASSIGN(const auto lock, lock_packs(*vault_, "tier.runs_already", "a gc or another tier run"));
    auto done = work();
    if (!done && done.error().kind == ErrorKind::interrupted) {
      report_.was_interrupted = true;
    } else if (!done) {
      return pass(std::move(done).error());
    }
    marks_.reset();
    report_.seconds = static_cast<double>(clock.monotonic_ns() - begun_ns) * 1e-9;
    if (!options_->is_dry_run) ATOLL_TRY(remember(started));
    return std::move(report_);
  }

 private:
  struct Pack {
    chunk::PackInfo info;
    PerTier<std::uint64_t> raw_bytes;  // that should lie there
    PerTier<std::uint64_t> stored_bytes;
    PerTier<std::uint64_t> chunks;
    [[nodiscard]] std::uint64_t misplaced_raw() const {
      std::uint64_t sum = 0;
      for (const Temperature tier : kTiersHottestFirst) sum += tier == info.temperature ? 0 : raw_bytes[tier];
      return sum;
    }
    [[nodiscard]] std::uint64_t misplaced_stored() const {
      std::uint64_t sum = 0;
      for (const Temperature tier : kTiersHottestFirst) sum += tier == info.temperature ? 0 : stored_bytes[tier];
      return sum;
    }
    [[nodiscard]] double misplaced_share() const {
      return info.raw_bytes == 0 ? 0 : static_cast<double>(misplaced_raw()) / static_cast<double>(info.raw_bytes);
    }
  };

  Result<void> work() {
    if (!options_->is_dry_run) {
      ATOLL_TRY(remove_retired());
      // From here on the chunk store notes what puts build on.
      collection_ = vault_->chunks().begin_collection();
    }
    ATOLL_ASSIGN(const AccessBook book, AccessBook::open(*vault_));
    book_ = &book;
    report_.accesses_since = book.since();
    report_.half_life_seconds = book.half_life_seconds();
    for (const auto& pack : vault_->chunks().list_packs()) packs_.emplace(pack.id, Pack{pack, {}, {}, {}});
    ATOLL_ASSIGN(marks_, ChunkMarks::make(*vault_, join(vault_->folder(), "staging/tier-marks")));
    ATOLL_TRY(read_rules());
    for (const Temperature tier : kTiersColdestFirst) ATOLL_TRY(mark_all(tier));
    ATOLL_TRY(weigh());
    ATOLL_TRY(choose());
    if (!options_->is_dry_run) {
      ATOLL_TRY(rewrite_all());
      return forget_what_is_gone();
    }
    if (options_->measures) return measure();
    return {};
  }

  void step(std::string_view words, std::uint64_t done = 0, std::uint64_t total = 0) const {
    if (options_->on_progress) options_->on_progress(words, done, total);
  }
  [[nodiscard]] bool is_stopped() const { return options_->stop != nullptr && options_->stop->load(); }
  Result<void> go_on() const {
    if (is_stopped()) return fail(ErrorKind::interrupted, "tier.interrupted", "interrupted");
    return {};
  }

  // ---- what the rules want

  struct Bucket {
    catalog::BucketRow row;
    TierRules rules;
    std::size_t report = 0;  // in report_.buckets
  };

  Result<void> read_rules() {
    const auto reader = vault_->reader();
    ATOLL_ASSIGN(const auto rows, reader->buckets());
    for (const auto& row : rows) {
      Bucket bucket;
      bucket.row = row;
      const bool is_instead = options_->rules_instead &&
                              (options_->instead_in.empty() || std::ranges::count(options_->instead_in, row.name) > 0);
      if (is_instead) {
        ATOLL_ASSIGN(bucket.rules, TierRules::parse(*options_->rules_instead, book_->now()));
      } else {
        ATOLL_ASSIGN(const EffectivePolicy policy, policy_of(*reader, row));
        ATOLL_ASSIGN(bucket.rules, TierRules::parse(policy.rules.tier_rules, book_->now()));
      }
      bucket.report = report_.buckets.size();
      report_.buckets.emplace_back().name = row.name;
      buckets_.emplace(row.id, std::move(bucket));
    }
    return {};
  }

  // One pass over all versions for each tier, the hottest last: its marks win.
  Result<void> mark_all(Temperature tier) {
    step("asking the rules");
    const TierMap map(*vault_);
    const auto reader = vault_->reader();
    return reader->for_each_row(journal::TableNumber::entries, [&](ByteView key, ByteView row) -> Result<bool> {
      ATOLL_TRY(go_on());
      ATOLL_ASSIGN(const auto entry, catalog::decode_entry(key, row));
      const auto bucket = buckets_.find(entry.bucket);
      if (bucket == buckets_.end()) return true;  // made meanwhile
      ATOLL_TRY(reader->for_each_version(entry.object, [&](const catalog::VersionRow& version) -> Result<bool> {
        if (version.content.parts.empty() || vault_->keys().domain(version.content.domain) == nullptr) return true;
        filter::Subject subject = subject_of(entry.key, version, book_->now());
        if (bucket->second.rules.asks_for_accesses()) ATOLL_TRY(add_accesses(subject, version, *book_));
        if (bucket->second.rules.tier_of(subject) != tier) return true;
        auto marked = marks_->add_content(version.content, mark_of(tier));
        if (!marked) {
          return pass(std::move(marked).error().with_context("version " + version.version.text() + " of object " +
                                                             version.object.text()));
        }
        ATOLL_TRY(count(report_.buckets[bucket->second.report], version, tier, map));
        return true;
      }));
      return true;
    });
  }

  Result<void> count(BucketTiers& bucket, const catalog::VersionRow& version, Temperature tier, const TierMap& map) {
    if (version.end.value != 0) {
      ++report_.old_versions;
      return {};
    }
    ++bucket.objects[tier];
    bucket.bytes[tier] += version.content.length;
    if (!options_->is_dry_run) return {};
    ATOLL_ASSIGN(const LyingBytes lies, map.of(version));
    if (lies.tier() == tier) return {};
    ++bucket.objects_elsewhere;
    bucket.bytes_elsewhere += version.content.length;
    return {};
  }

  // ---- what packs hold of it

  Result<void> weigh() {
    ATOLL_TRY(marks_->settle());
    ChunkMarks::Cursor cursor(*marks_);
    const std::uint64_t total = vault_->chunks().totals().chunks;
    std::uint64_t seen = 0;
    return vault_->chunks().for_each_location([&](const chunk::ChunkPlace& place) -> Result<bool> {
      if (++seen % 65'536 == 0) {
        ATOLL_TRY(go_on());
        step("weighing packs", seen, total);
      }
      ATOLL_ASSIGN(const std::uint8_t mark, cursor.find(place.id));
      const auto pack = packs_.find(place.pack);
      if (mark == 0 || pack == packs_.end()) return true;
      const Temperature tier = tier_in(mark);
      pack->second.raw_bytes[tier] += place.length;
      pack->second.stored_bytes[tier] += place.stored_bytes;
      ++pack->second.chunks[tier];
      return true;
    });
  }

  Result<void> choose() {
    ATOLL_ASSIGN(const auto rows, vault_->reader()->packs());
    std::unordered_set<PackId> retired;
    for (const auto& row : rows) {
      if (row.retired.value > 0) retired.insert(row.id);
    }
    std::map<std::pair<Temperature, Temperature>, TierMove> moves;
    for (const auto& [id, pack] : packs_) {
      const chunk::PackInfo& info = pack.info;
      if (info.is_being_written || info.is_condemned || !info.is_sealed || !info.is_readable || retired.contains(id) ||
          vault_->keys().domain(info.domain) == nullptr)
        continue;
      const std::uint64_t misplaced = pack.misplaced_raw();
      if (misplaced == 0) continue;
      if (pack.misplaced_share() < options_->misplaced_share_min) {
        report_.bytes_left += pack.misplaced_stored();
        continue;
      }
      chosen_[{info.domain, info.temperature}].push_back(&pack);
      ++report_.packs;
      report_.bytes_to_read += info.stored_bytes;
      for (const Temperature tier : kTiersHottestFirst) {
        if (tier == info.temperature || pack.chunks[tier] == 0) continue;
        TierMove& move = moves[{info.temperature, tier}];
        move.from = info.temperature;
        move.to = tier;
        move.chunks += pack.chunks[tier];
        move.raw_bytes += pack.raw_bytes[tier];
        move.stored_bytes += pack.stored_bytes[tier];
      }
    }
    for (auto& [where, packs] : chosen_) {
      // Those first that have most in the wrong place; of equals the oldest.
      std::ranges::sort(packs, [](const Pack* a, const Pack* b) {
        return std::pair(-a->misplaced_share(), a->info.id) < std::pair(-b->misplaced_share(), b->info.id);
      });
    }
    for (const auto& [where, move] : moves) report_.moves.push_back(move);
    return {};
  }

  // ---- what it would take

  Result<void> measure() {
    std::uint64_t written = 0;
    for (TierMove& move : report_.moves) {
      step("measuring samples");
      std::uint64_t raw = 0;
      std::uint64_t stored = 0;
      for (const auto& [where, packs] : chosen_) {
        if (where.second != move.from) continue;
        std::vector<const Pack*> most(packs);
        std::ranges::sort(most, [&](const Pack* a, const Pack* b) {
          return std::pair(b->raw_bytes[move.to], a->info.id) < std::pair(a->raw_bytes[move.to], b->info.id);
        });
        if (most.size() > kSamplePacks) most.resize(kSamplePacks);
        for (const Pack* pack : most) ATOLL_TRY(measure_pack(*pack, move.to, kSamples / most.size(), raw, stored));
      }
      if (raw == 0) continue;
      const double ratio = static_cast<double>(stored) / static_cast<double>(raw);
      move.sampled_bytes = raw;
      move.stored_bytes_after = static_cast<std::uint64_t>(static_cast<double>(move.raw_bytes) * ratio);
      written += *move.stored_bytes_after;
    }
    for (const auto& [where, packs] : chosen_) {
      for (const Pack* pack : packs) {
        const std::uint64_t misplaced = pack->misplaced_stored();
        if (pack->info.stored_bytes > misplaced) written += pack->info.stored_bytes - misplaced;  // copied as it is
      }
    }
    report_.bytes_to_write = written;
    return {};
  }

  Result<void> measure_pack(const Pack& pack, Temperature to, std::size_t samples, std::uint64_t& raw,
                            std::uint64_t& stored) const {
    ATOLL_TRY(go_on());
    std::vector<std::vector<ChunkId>> runs(samples);
    std::vector<std::uint64_t> bytes(samples);
    // Each sample is the beginning of its share of what goes there.
    const std::uint64_t share = std::max<std::uint64_t>(1, pack.raw_bytes[to] / samples);
    std::uint64_t at = 0;
    // A pack that cannot be read gives no sample; verify tells what is wrong with it.
    const auto gathered = vault_->chunks().for_each_chunk_in_pack(
        pack.info.id, [&](const ChunkId& id, std::uint64_t length) -> Result<bool> {
          ATOLL_ASSIGN(const std::uint8_t mark, marks_->find(id));
          if (mark == 0 || tier_in(mark) != to) return true;
          const std::size_t run = std::min<std::uint64_t>(at / share, samples - 1);
          at += length;
          if (bytes[run] >= kSampleBytes) return true;
          runs[run].push_back(id);
          bytes[run] += length;
          return true;
        });
    if (!gathered) return {};
    for (std::size_t i = 0; i < samples; ++i) {
      ATOLL_TRY(go_on());
      // Where all is sampled, neighbours stay together.
      while (share < kSampleBytes && i + 1 < samples) {
        runs[i + 1].insert(runs[i + 1].begin(), runs[i].begin(), runs[i].end());
        bytes[i + 1] += bytes[i];
        ++i;
      }
      if (runs[i].empty()) continue;
      const auto measured = vault_->chunks().stored_bytes_as(runs[i], pack.info.domain, to);
      if (!measured) continue;
      raw += bytes[i];
      stored += *measured;
    }
    return {};
  }

  // ---- the moves

  Result<void> remove_retired() {
    ATOLL_ASSIGN(const RemovedPacks removed, remove_retired_packs(*vault_));
    report_.bytes_removed += removed.bytes;
    report_.bytes_waiting = removed.waiting_bytes;
    return {};
  }

  Result<void> rewrite_all() {
    std::uint64_t done = 0;
    bool goes_on = true;
    for (const auto& [where, packs] : chosen_) {
      for (std::size_t first = 0; first < packs.size() && goes_on;) {
        if (is_stopped()) {
          report_.was_interrupted = true;
          goes_on = false;
          break;
        }
        step("moving packs", done, report_.packs);
        std::uint64_t bytes = 0;
        std::size_t end = first;
        while (end < packs.size() && end - first < kPacksPerBatch) {
          const std::uint64_t more = packs[end]->info.stored_bytes;
          if (end > first && bytes + more > kBytesPerBatch) break;
          if (options_->bytes_max > 0 && chosen_bytes_ > 0 && chosen_bytes_ + more > options_->bytes_max) break;
          bytes += more;
          chosen_bytes_ += more;
          ++end;
        }
        if (end == first) {
          goes_on = false;
          break;
        }
        ATOLL_ASSIGN(goes_on, rewrite(std::span(packs).subspan(first, end - first), where.second));
        done += end - first;
        first = end;
      }
    }
    report_.packs_not_reached = report_.packs - std::min(done, report_.packs);
    if (report_.packs_rewritten > 0) {
      step("making the index smaller");
      ignore_error_on_purpose(vault_->chunks().compact_index());  // derived: a later run does it
    }
    return {};
  }

  // False: not to go on.
  Result<bool> rewrite(std::span<const Pack* const> batch, Temperature from) {
    std::vector<PackId> sources;
    for (const Pack* pack : batch) sources.push_back(pack->info.id);
    chunk::RewriteOptions rewrite_options;
    rewrite_options.threads = options_->threads;
    rewrite_options.uses_reserve = false;  // it need not give back more than it takes
    rewrite_options.progress = [this](std::uint64_t, std::uint64_t) { return !is_stopped(); };
    ATOLL_ASSIGN(const chunk::RewriteReport rewritten,
                 vault_->chunks().rewrite(
                     sources,
                     [&](const ChunkId& id) -> Result<std::optional<Temperature>> {
                       ATOLL_ASSIGN(const std::uint8_t mark, marks_->find(id));
                       return mark == 0 ? from : tier_in(mark);
                     },
                     rewrite_options));
    for (const auto& failure : rewritten.failures)
      report_.troubles.push_back("pack " + failure.pack.text() + " stays: " + failure.error.message);
    ATOLL_ASSIGN(auto condemned, vault_->chunks().condemn(rewritten.rewritten, collection_));
    std::ranges::sort(condemned);
    std::vector<chunk::PackInfo> given_up;
    for (const Pack* pack : batch) {
      if (std::ranges::binary_search(condemned, pack->info.id)) {
        given_up.push_back(pack->info);
      } else if (std::ranges::find(rewritten.rewritten, pack->info.id) != rewritten.rewritten.end()) {
        report_.bytes_busy += pack->info.stored_bytes;
      }
    }
    ATOLL_TRY(retire_packs(*vault_, given_up, rewritten.packs));
    report_.packs_rewritten += rewritten.rewritten.size();
    report_.bytes_read += rewritten.stored_bytes_read;
    report_.bytes_written += rewritten.stored_bytes_new;
    ATOLL_TRY(remove_retired());
    if (!rewritten.ended_early) return true;
    if (rewritten.ended_early->kind == ErrorKind::no_space) {
      report_.ran_out_of_room = true;
      return false;
    }
    if (rewritten.ended_early->kind == ErrorKind::interrupted) {
      report_.was_interrupted = true;
      return false;
    }
    return pass(*rewritten.ended_early);
  }

  // Objects that went for good need no counts any more. Derived: where it fails a later run does it.
  Result<void> forget_what_is_gone() {
    const auto reader = vault_->reader();
    ignore_error_on_purpose(vault_->accesses().forget([&](const ObjectId& object) -> Result<bool> {
      bool is_there = false;
      ATOLL_TRY(reader->for_each_version(object, [&](const catalog::VersionRow&) -> Result<bool> {
        is_there = true;
        return false;
      }));
      return is_there;
    }));
    return {};
  }

  Result<void> remember(Timestamp started) {
    catalog::JobRow job;
    job.kind = "tier";
    job.name = "last";
    job.started = started;
    job.finished = vault_->machine().clock.now();
    job.is_ok = report_.troubles.empty() && !report_.ran_out_of_room && !report_.was_interrupted;
    job.facts["packs"] = std::to_string(report_.packs_rewritten);
    job.facts["bytes_read"] = std::to_string(report_.bytes_read);
    job.facts["bytes_written"] = std::to_string(report_.bytes_written);
    job.facts["packs_not_reached"] = std::to_string(report_.packs_not_reached);
    ATOLL_TRY(
        vault_->commit(journal::CommandKind::job_change, [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
          changes.put(job);
          return {};
        }));
    return {};
  }

  Vault* vault_;
  const TierOptions* options_;
  TierReport report_;
  const AccessBook* book_ = nullptr;
  std::map<BucketId, Bucket> buckets_;
  std::unique_ptr<ChunkMarks> marks_;
  chunk::CollectionMark collection_;
  std::unordered_map<PackId, Pack> packs_;
  std::map<std::pair<DomainNumber, Temperature>, std::vector<const Pack*>> chosen_;
  std::uint64_t chosen_bytes_ = 0;
};

}  // namespace

Result<TierReport> move_tiers(Vault& vault, const TierOptions& options) { return Moving(vault, options).run(); }

}  // namespace atl::vault
