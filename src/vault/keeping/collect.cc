#include "vault/keeping/collect.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "foundation/base/units.h"
#include "vault/checkpoint.h"
#include "vault/keeping/erase.h"
#include "vault/keeping/policy.h"

namespace atl::vault {
namespace {

using platform::join;

// Sources are rewritten until so much of them was wanted, then they go: room comes back step by step.
constexpr std::uint64_t kLiveBytesPerBatch = 128 * kMiB;
constexpr std::size_t kPacksPerBatch = 64;
// A checkpoint is made when changes older than this share of the horizon are in none: dead content then stays at most
// so much longer than the horizon.
constexpr std::uint64_t kCheckpointsPerHorizon = 4;
// A doubted clock that went on in step for so long is taken as right.
constexpr std::int64_t kDoubtUs = 7LL * 24 * 3600 * 1'000'000;

class Collection {
 public:
  Collection(Vault& vault, const CollectOptions& options)
      : vault_(&vault), options_(&options), now_{vault.machine().clock.now(), vault.machine().clock.monotonic_ns()} {}

  Result<CollectReport> run() {
    ATOLL_ASSIGN(const auto lock, lock_packs(*vault_, "gc.runs_already", "another gc"));
    auto done = work();
    if (!done && done.error().kind == ErrorKind::interrupted) {
      report_.was_interrupted = true;
    } else if (!done) {
      return pass(std::move(done).error());
    }
    gone_.reset();
    live_.reset();
    ignore_error_on_purpose(run::RunSet::remove_all(vault_->machine(), gone_folder()));
    report_.bytes_freed -= std::min(report_.bytes_freed, bytes_written_);
    const SeenClock end{vault_->machine().clock.now(), vault_->machine().clock.monotonic_ns()};
    report_.seconds = static_cast<double>(end.monotonic_ns - now_.monotonic_ns) * 1e-9;
    if (!options_->is_dry_run && !report_.was_interrupted) ATOLL_TRY(remember(end));
    return std::move(report_);
  }

 private:
  Result<void> work() {
    {
      const auto reader = vault_->reader();
      ATOLL_ASSIGN(const EffectivePolicy policy, policy_of_vault(*reader));
      horizon_seconds_ = options_->horizon_seconds.value_or(policy.rules.horizon_seconds);
      audit_seconds_ = policy.rules.audit_seconds;
    }
    report_.horizon_passes = {
        now_.wall.unix_us + static_cast<std::int64_t>(std::min<std::uint64_t>(horizon_seconds_, kSpanMax)) * 1'000'000};
    ATOLL_TRY(read_checkpoints());
    ATOLL_TRY(check_clock());
    const auto reserve = vault_->use_reserve();
    if (!options_->is_dry_run) ATOLL_TRY(remove_retired());
    step("looking for versions whose time is over");
    ATOLL_TRY(expire());
    step("shortening the journal");
    ATOLL_ASSIGN(const KeptPast past, options_->is_dry_run ? planned_past() : shortened_past());

    // From here on the chunk store notes what puts build on: what they commit meanwhile is in no root read below.
    mark_ = vault_->chunks().begin_collection();
    for (const auto& pack : vault_->chunks().list_packs()) packs_.emplace(pack.id, Pack{pack, 0, 0, 0});
    ATOLL_ASSIGN(live_, LiveSet::make(*vault_, join(vault_->folder(), "staging/gc-live")));
    step("reading what is needed");
    MarkOptions mark_options;
    mark_options.stop = options_->stop;
    mark_options.gone = gone_.get();
    ATOLL_TRY(mark_roots(*vault_, past, mark_options, *live_));
    step("weighing packs");
    ATOLL_TRY(weigh());
    ATOLL_TRY(choose());
    if (options_->is_dry_run) return {};
    ATOLL_TRY(remove_dead());
    ATOLL_TRY(rewrite_sparse());
    if (report_.packs_removed + report_.packs_rewritten > 0) tidy_index();
    return {};
  }

  void step(std::string_view words, std::uint64_t done = 0, std::uint64_t total = 0) const {
    if (options_->on_progress) options_->on_progress(words, done, total);
  }
  [[nodiscard]] bool is_stopped() const { return options_->stop != nullptr && options_->stop->load(); }
  Result<void> go_on() const {
    if (is_stopped()) return fail(ErrorKind::interrupted, "gc.interrupted", "interrupted");
    return {};
  }

  // ---- time

  // The LSN at that time; 0 where nothing, or nothing that is kept, is so old.
  Result<Lsn> lsn_before(std::uint64_t seconds) const {
    if (seconds == 0) return vault_->journal().last();
    const auto back = static_cast<std::int64_t>(std::min(seconds, kSpanMax)) * 1'000'000;
    auto lsn = vault_->journal().last_lsn_at({now_.wall.unix_us - back});
    if (!lsn && lsn.error().id == "journal.below_horizon") return Lsn{};
    return lsn;
  }

  Result<void> check_clock() {
    if (options_->trusts_clock) return {};
    std::optional<SeenClock> since;
    {
      const auto reader = vault_->reader();
      ATOLL_ASSIGN(const auto job, reader->job("gc", "last"));
      if (job) since = SeenClock{job->finished, number_in(*job, "monotonic_ns")};
    }
    ATOLL_ASSIGN(const auto gap, find_clock_gap(*vault_, since, now_));
    if (!gap) return {};
    ExpireOptions only_look;
    only_look.is_dry_run = true;
    only_look.stop = options_->stop;
    ATOLL_ASSIGN(const ExpireReport over, expire_versions(*vault_, now_.wall, only_look));
    ATOLL_ASSIGN(const Lsn horizon, lsn_before(horizon_seconds_));
    const bool shortens = horizon_seconds_ > 0 && plan(horizon, 0).drops_up_to > Lsn{kept_from() - 1};
    if (over.gone.versions == 0 && !shortens) return {};
    ATOLL_ASSIGN(const Timestamp trusted_from, ask());
    if (trusted_from <= now_.wall) return {};
    return fail(ErrorKind::conflict, "gc.clock_gap",
                "between " + format_rfc3339(gap->from) + " and " + format_rfc3339(gap->to) +
                    " nothing changed in this vault: either it lay idle, or this machine's clock leapt. It says " +
                    format_rfc3339(now_.wall) + ", and by that the time of " + format_count(over.gone.versions) +
                    (over.gone.versions == 1 ? " version" : " versions") + " is over",
                "If the clock is right, run it again with --yes; if not, set the clock first. From " +
                    format_rfc3339(trusted_from) +
                    " on gc takes it as right, if it is run until then and the clock goes on in step.");
  }

  // When the clock was first doubted is remembered. One that leapt is put right by then, or by somebody who is told;
  // one that walked on for a week from there, seen every two days at least or beside the machine's other clock, is
  // taken as right: a vault that lay idle must not keep everything for ever. Any other gap begins the week anew.
  Result<Timestamp> ask() {
    std::optional<catalog::JobRow> asked;
    {
      const auto reader = vault_->reader();
      ATOLL_ASSIGN(asked, reader->job("gc", "clock doubted"));
    }
    if (asked && asked->finished <= now_.wall) {
      const SeenClock then{asked->finished, number_in(*asked, "monotonic_ns")};
      ATOLL_ASSIGN(const auto gap, find_clock_gap(*vault_, then, now_));
      if (!gap) return Timestamp{asked->finished.unix_us + kDoubtUs};
    }
    if (!options_->is_dry_run) {
      catalog::JobRow job;
      job.kind = "gc";
      job.name = "clock doubted";
      job.started = job.finished = now_.wall;
      job.is_ok = true;
      job.facts["monotonic_ns"] = std::to_string(now_.monotonic_ns);
      ATOLL_TRY(vault_->commit(journal::CommandKind::job_change,
                               [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
                                 changes.put(job);
                                 return {};
                               }));
    }
    return Timestamp{now_.wall.unix_us + kDoubtUs};
  }

  static std::int64_t number_in(const catalog::JobRow& job, const std::string& name) {
    const auto fact = job.facts.find(name);
    if (fact == job.facts.end()) return 0;
    std::int64_t value = 0;
    for (const char c : fact->second) {
      if (c < '0' || c > '9' || value > INT64_MAX / 10 - 10) return 0;
      value = value * 10 + (c - '0');
    }
    return value;
  }

  // ---- versions and journal

  Result<void> expire() {
    ExpireOptions expire_options;
    expire_options.is_dry_run = options_->is_dry_run;
    expire_options.stop = options_->stop;
    if (options_->is_dry_run) {
      ATOLL_ASSIGN(gone_, make_scratch_set(*vault_, gone_folder(), 8 * kMiB));
      expire_options.on_gone = [&](const catalog::VersionRow& version) -> Result<void> {
        return gone_->put(catalog::key_of(version), {});
      };
    }
    ATOLL_ASSIGN(report_.expired, expire_versions(*vault_, now_.wall, expire_options));
    return go_on();
  }

  [[nodiscard]] std::uint64_t kept_from() const { return std::max<std::uint64_t>(vault_->head().oldest_kept.value, 1); }

  struct Plan {
    Lsn drops_up_to;  // 0: nothing
    std::vector<catalog::CheckpointRow> kept;
  };
  // What truncate_journal() will do once `fresh` more checkpoints were made.
  Plan plan(Lsn horizon, std::uint64_t fresh) const {
    Plan plan;
    const Lsn last = vault_->journal().last();
    std::vector<Lsn> newest;  // of the two that stay in any case
    for (std::uint64_t i = 0; i < fresh && newest.size() < keyring::kCheckpointRootsMax; ++i) newest.push_back(last);
    for (const auto& root : vault_->head().checkpoints) {
      if (newest.size() < keyring::kCheckpointRootsMax) newest.push_back(root.lsn);
    }
    plan.kept = checkpoints_;
    if (newest.size() < keyring::kCheckpointRootsMax) return plan;
    Lsn newest_before = fresh > 0 && horizon >= last ? last : Lsn{};
    for (const auto& row : checkpoints_) {
      if (row.lsn <= horizon) newest_before = std::max(newest_before, row.lsn);
    }
    if (newest_before.value == 0) return plan;
    plan.drops_up_to = std::min(newest.back(), newest_before);
    std::erase_if(plan.kept, [&](const catalog::CheckpointRow& row) { return row.lsn < plan.drops_up_to; });
    return plan;
  }

  Result<void> read_checkpoints() {
    ATOLL_ASSIGN(checkpoints_, vault_->reader()->checkpoints());
    return {};
  }

  Result<std::uint64_t> checkpoints_wanted() const {
    if (horizon_seconds_ == 0) return vault_->journal().last().value > 0 ? keyring::kCheckpointRootsMax : 0;
    ATOLL_ASSIGN(const Lsn due, lsn_before(horizon_seconds_ / kCheckpointsPerHorizon));
    const auto& roots = vault_->head().checkpoints;
    const Lsn newest = roots.empty() ? Lsn{} : roots.front().lsn;
    return due > newest ? 1 : 0;
  }

  Result<KeptPast> planned_past() {
    ATOLL_ASSIGN(const Lsn horizon, lsn_before(horizon_seconds_));
    ATOLL_ASSIGN(const std::uint64_t fresh, checkpoints_wanted());
    Plan planned = plan(horizon, fresh);
    report_.checkpoints_made = fresh;
    KeptPast past;
    past.journal_after = std::max(planned.drops_up_to, Lsn{kept_from() - 1});
    past.checkpoints = std::move(planned.kept);
    report_.reaches_back_to = past.journal_after.next();
    // What the head names is read by a rebuild whatever the rows say.
    if (planned.drops_up_to.value == 0) add_head_roots(past);
    return past;
  }

  void add_head_roots(KeptPast& past) const {
    for (const auto& root : vault_->head().checkpoints) {
      const bool is_known =
          std::ranges::any_of(past.checkpoints, [&](const auto& row) { return row.root == root.root; });
      if (is_known) continue;
      catalog::CheckpointRow row;
      row.lsn = root.lsn;
      row.root = root.root;
      past.checkpoints.push_back(std::move(row));
    }
  }

  Result<KeptPast> shortened_past() {
    ATOLL_ASSIGN(const auto before, vault_->journal().stats());
    ATOLL_ASSIGN(const std::uint64_t wanted, checkpoints_wanted());
    for (std::uint64_t i = 0; i < wanted; ++i) {
      auto made = make_checkpoint(*vault_);
      // Content that needs no new checkpoint to be free is freed all the same, and may make the room for one.
      if (!made && made.error().kind == ErrorKind::no_space) {
        report_.ran_out_of_room = true;
        break;
      }
      if (!made) return pass(std::move(made).error());
      ++report_.checkpoints_made;
    }
    ATOLL_ASSIGN(const Lsn horizon, lsn_before(horizon_seconds_));
    auto dropped = truncate_journal(*vault_, horizon);
    if (!dropped && dropped.error().kind == ErrorKind::no_space) {
      report_.ran_out_of_room = true;
    } else if (!dropped) {
      return pass(std::move(dropped).error());
    } else if (dropped->value > 0) {
      ATOLL_ASSIGN(const Lsn audited, lsn_before(std::max(audit_seconds_, horizon_seconds_)));
      const Lsn forgotten = std::min(audited, *dropped);
      if (forgotten.value > 0) ATOLL_TRY(vault_->journal().drop_envelopes_up_to(forgotten));
    }
    ATOLL_ASSIGN(const auto after, vault_->journal().stats());
    report_.journal_bytes_freed = before.bytes > after.bytes ? before.bytes - after.bytes : 0;
    ATOLL_TRY(read_checkpoints());
    KeptPast past;
    past.checkpoints = checkpoints_;
    past.journal_after = {kept_from() - 1};
    add_head_roots(past);
    Lsn forgotten = past.journal_after;
    for (const auto& row : past.checkpoints) forgotten = std::min(forgotten, row.lsn);
    ATOLL_TRY(forget_replaced(*vault_, forgotten));
    report_.reaches_back_to = past.journal_after.next();
    return past;
  }

  // ---- packs

  struct Pack {
    chunk::PackInfo info;
    std::uint64_t live_chunks = 0;
    std::uint64_t live_raw_bytes = 0;
    std::uint64_t live_stored_bytes = 0;
    [[nodiscard]] double dead_share() const {
      if (info.raw_bytes == 0) return live_chunks == 0 ? 1.0 : 0.0;
      return 1.0 - static_cast<double>(live_raw_bytes) / static_cast<double>(info.raw_bytes);
    }
    [[nodiscard]] std::uint64_t dead_bytes() const {
      return static_cast<std::uint64_t>(static_cast<double>(info.stored_bytes) * dead_share());
    }
  };

  Result<void> weigh() {
    ATOLL_TRY(live_->settle());
    LiveSet::Cursor cursor(*live_);
    const std::uint64_t total = vault_->chunks().totals().chunks;
    std::uint64_t seen = 0;
    ATOLL_TRY(vault_->chunks().for_each_location([&](const chunk::ChunkPlace& place) -> Result<bool> {
      if (++seen % 65'536 == 0) {
        ATOLL_TRY(go_on());
        step("weighing packs", seen, total);
      }
      ATOLL_ASSIGN(const Keeper keeper, cursor.find(place.id));
      if (keeper == Keeper::nobody) return true;
      report_.bytes_kept[static_cast<std::size_t>(keeper)] += place.stored_bytes;
      const auto pack = packs_.find(place.pack);
      if (pack == packs_.end()) return true;
      ++pack->second.live_chunks;
      pack->second.live_raw_bytes += place.length;
      pack->second.live_stored_bytes += place.stored_bytes;
      return true;
    }));
    ATOLL_ASSIGN(const std::uint64_t missing, cursor.count_unasked());
    if (missing == 0) return {};
    // Either content is lost, or the index does not know of all that the packs hold: then live packs would look dead.
    return fail(ErrorKind::damaged, "gc.chunks_missing",
                format_count(missing) + (missing == 1 ? " piece" : " pieces") +
                    " of content that something refers to cannot be found, so nothing was removed",
                "Run `atoll doctor --rebuild`, then `atoll verify`; remove what is lost with `atoll rm --forever`.");
  }

  Result<void> choose() {
    const auto reader = vault_->reader();
    ATOLL_ASSIGN(const auto rows, reader->packs());
    std::unordered_set<PackId> retired;
    for (const auto& row : rows) {
      if (row.retired.value > 0) retired.insert(row.id);
    }
    ATOLL_ASSIGN(const auto domains, reader->all<catalog::DomainRow>());
    // Its keys are gone from here on purpose: nobody can read it any more.
    const auto is_destroyed = [&](DomainNumber domain) {
      return vault_->keys().domain(domain) == nullptr && std::ranges::any_of(domains, [&](const auto& row) {
               return row.number == domain && row.destroyed.unix_us > 0;
             });
    };
    for (auto& [id, pack] : packs_) {
      if (pack.info.is_being_written || retired.contains(id)) continue;
      if (is_destroyed(pack.info.domain)) {
        dead_.push_back(pack.info);
        continue;
      }
      if (!pack.info.is_sealed || !pack.info.is_readable) continue;
      if (pack.live_chunks == 0) {
        dead_.push_back(pack.info);
      } else if (pack.dead_share() > options_->dead_share_min) {
        sparse_[{pack.info.domain, pack.info.temperature}].push_back(&pack);
      } else {
        report_.bytes_dead_left += pack.dead_bytes();
      }
    }
    std::ranges::sort(dead_, {}, &chunk::PackInfo::id);
    for (auto& [where, packs] : sparse_) {
      // The emptiest first: they give most for least.
      std::ranges::sort(packs, [](const Pack* a, const Pack* b) {
        return std::pair(-a->dead_share(), a->info.id) < std::pair(-b->dead_share(), b->info.id);
      });
    }
    if (!options_->is_dry_run) return {};
    for (const auto& pack : dead_) {
      ++report_.packs_removed;
      report_.bytes_freed += pack.stored_bytes;
    }
    for (const auto& [where, packs] : sparse_) {
      for (const Pack* pack : packs) {
        ++report_.packs_rewritten;
        report_.bytes_freed += pack->dead_bytes();
      }
    }
    return {};
  }

  Result<void> remove_retired() {
    ATOLL_ASSIGN(const RemovedPacks removed, remove_retired_packs(*vault_));
    report_.bytes_freed += removed.bytes;
    report_.bytes_waiting = removed.waiting_bytes;
    return {};
  }

  // Condemns what nobody builds on; returns that part.
  Result<std::vector<chunk::PackInfo>> condemn(const std::vector<chunk::PackInfo>& packs) {
    std::vector<PackId> ids;
    ids.reserve(packs.size());
    for (const auto& pack : packs) ids.push_back(pack.id);
    ATOLL_ASSIGN(auto condemned, vault_->chunks().condemn(ids, mark_));
    std::ranges::sort(condemned);
    std::vector<chunk::PackInfo> given_up;
    for (const auto& pack : packs) {
      if (std::ranges::binary_search(condemned, pack.id)) {
        given_up.push_back(pack);
      } else {
        report_.bytes_busy += pack.stored_bytes;
      }
    }
    return given_up;
  }

  Result<void> remove_dead() {
    if (dead_.empty()) return {};
    step("removing packs", 0, dead_.size());
    ATOLL_ASSIGN(const auto given_up, condemn(dead_));
    ATOLL_TRY(retire_packs(*vault_, given_up, {}));
    report_.packs_removed += given_up.size();
    return remove_retired();
  }

  Result<void> rewrite_sparse() {
    std::uint64_t total = 0;
    std::uint64_t done = 0;
    for (const auto& [where, packs] : sparse_) total += packs.size();
    for (const auto& [where, packs] : sparse_) {
      for (std::size_t first = 0; first < packs.size();) {
        ATOLL_TRY(go_on());
        step("writing packs anew", done, total);
        std::uint64_t live_bytes = 0;
        std::size_t end = first;
        while (end < packs.size() && end - first < kPacksPerBatch &&
               (end == first || live_bytes + packs[end]->live_stored_bytes <= kLiveBytesPerBatch)) {
          live_bytes += packs[end++]->live_stored_bytes;
        }
        const auto batch = std::span(packs).subspan(first, end - first);
        ATOLL_ASSIGN(const bool goes_on, rewrite(batch, where.second));
        if (!goes_on) return {};
        done += batch.size();
        first = end;
      }
    }
    return {};
  }

  // False: there is no room for more.
  Result<bool> rewrite(std::span<const Pack* const> batch, chunk::Temperature temperature) {
    std::vector<PackId> sources;
    for (const Pack* pack : batch) sources.push_back(pack->info.id);
    chunk::RewriteOptions rewrite_options;
    rewrite_options.progress = [this](std::uint64_t, std::uint64_t) { return !is_stopped(); };
    ATOLL_ASSIGN(const chunk::RewriteReport rewritten,
                 vault_->chunks().rewrite(
                     sources,
                     [&](const ChunkId& id) -> Result<std::optional<chunk::Temperature>> {
                       ATOLL_ASSIGN(const bool is_wanted, live_->contains(id));
                       if (!is_wanted) return std::nullopt;
                       return temperature;
                     },
                     rewrite_options));
    for (const auto& failure : rewritten.failures) {
      report_.troubles.push_back("pack " + failure.pack.text() + " stays: " + failure.error.message);
    }
    std::vector<chunk::PackInfo> emptied;
    for (const Pack* pack : batch) {
      if (std::ranges::find(rewritten.rewritten, pack->info.id) != rewritten.rewritten.end())
        emptied.push_back(pack->info);
    }
    ATOLL_ASSIGN(const auto given_up, condemn(emptied));
    ATOLL_TRY(retire_packs(*vault_, given_up, rewritten.packs));
    report_.packs_rewritten += given_up.size();
    bytes_written_ += rewritten.stored_bytes_new;
    ATOLL_TRY(remove_retired());
    if (!rewritten.ended_early) return true;
    if (rewritten.ended_early->kind == ErrorKind::no_space) {
      report_.ran_out_of_room = true;
      return false;
    }
    return pass(*rewritten.ended_early);
  }

  // The index is derived: where it cannot be made smaller now, a later run does it.
  void tidy_index() const {
    step("making the index smaller");
    ignore_error_on_purpose(vault_->chunks().compact_index());
  }

  Result<void> remember(const SeenClock& end) {
    catalog::JobRow job;
    job.kind = "gc";
    job.name = "last";
    job.started = now_.wall;
    job.finished = end.wall;
    job.is_ok = report_.troubles.empty() && !report_.ran_out_of_room;
    job.facts["monotonic_ns"] = std::to_string(end.monotonic_ns);
    job.facts["bytes_freed"] = std::to_string(report_.bytes_freed);
    job.facts["versions_expired"] = std::to_string(report_.expired.gone.versions);
    job.facts["bytes_history"] = std::to_string(report_.kept(Keeper::history));
    job.facts["bytes_snapshots"] = std::to_string(report_.kept(Keeper::snapshot));
    job.facts["bytes_horizon"] = std::to_string(report_.kept(Keeper::horizon));
    job.facts["bytes_waiting"] = std::to_string(report_.bytes_waiting);
    ATOLL_TRY(
        vault_->commit(journal::CommandKind::job_change, [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
          changes.put(job);
          return {};
        }));
    return {};
  }

  [[nodiscard]] std::string gone_folder() const { return join(vault_->folder(), "staging/gc-gone"); }

  static constexpr std::uint64_t kSpanMax = 1000ULL * 365 * 24 * 3600;

  Vault* vault_;
  const CollectOptions* options_;
  SeenClock now_;
  CollectReport report_;
  std::uint64_t horizon_seconds_ = 0;
  std::uint64_t audit_seconds_ = 0;
  std::vector<catalog::CheckpointRow> checkpoints_;
  std::unique_ptr<run::RunSet> gone_;
  std::unique_ptr<LiveSet> live_;
  chunk::CollectionMark mark_;
  std::unordered_map<PackId, Pack> packs_;
  std::vector<chunk::PackInfo> dead_;
  std::map<std::pair<DomainNumber, chunk::Temperature>, std::vector<const Pack*>> sparse_;
  std::uint64_t bytes_written_ = 0;
};

}  // namespace

Result<CollectReport> collect_garbage(Vault& vault, const CollectOptions& options) {
  return Collection(vault, options).run();
}

}  // namespace atl::vault
