#include "vault/keeping/expire.h"

#include <algorithm>
#include <map>

#include "vault/history/snapshots.h"
#include "vault/keeping/policy.h"
#include "vault/object/versions.h"

namespace atl::vault {
namespace {

using catalog::BucketRow;
using catalog::EntryRow;
using catalog::SnapshotRow;
using catalog::VersionRow;

constexpr std::int64_t kLeapUs = 48LL * 3600 * 1'000'000;
// So far back it is looked for a gap in the journal's times.
constexpr std::int64_t kWindowsMax = 200;
constexpr std::size_t kKeyBytesPerCommand = 4 * 1024 * 1024;

class Expiry {
 public:
  Expiry(Vault& vault, Timestamp now, const ExpireOptions& options)
      : vault_(&vault), now_(now), options_(&options), reader_(vault.reader()) {}

  Result<ExpireReport> run() {
    ATOLL_ASSIGN(auto snapshots, reader_->all<SnapshotRow>());
    guard_.emplace(std::move(snapshots));
    ATOLL_TRY(reader_->for_each_row(journal::TableNumber::entries, [&](ByteView key, ByteView row) -> Result<bool> {
      if (options_->stop != nullptr && options_->stop->load()) {
        report_.was_interrupted = true;
        return false;
      }
      ATOLL_ASSIGN(const EntryRow entry, catalog::decode_entry(key, row));
      ATOLL_TRY(look_at(entry));
      return true;
    }));
    ATOLL_TRY(commit_batch());
    return report_;
  }

 private:
  struct Rules {
    BucketRow bucket;
    EffectivePolicy policy;
  };
  struct Seen {
    VersionSpan span;
    Lsn begin;
    bool is_held = false;
  };

  Result<const Rules*> rules_of(const BucketId& id) {
    auto found = rules_.find(id);
    if (found == rules_.end()) {
      ATOLL_ASSIGN(auto bucket, reader_->bucket(id));
      std::optional<Rules> rules;
      if (bucket) {
        ATOLL_ASSIGN(auto policy, policy_of(*reader_, *bucket));
        rules = Rules{std::move(*bucket), std::move(policy)};
      }
      found = rules_.emplace(id, std::move(rules)).first;
    }
    return found->second ? &*found->second : nullptr;
  }

  Result<void> look_at(const EntryRow& entry) {
    ATOLL_ASSIGN(const Rules* const rules, rules_of(entry.bucket));
    if (rules == nullptr) return {};
    ++report_.objects;
    versions_.clear();
    ATOLL_TRY(reader_->for_each_version(entry.object, [&](const VersionRow& version) -> Result<bool> {
      versions_.push_back({span_of(version), version.begin, guard_->keeps(version, entry.key)});
      return true;
    }));
    if (versions_.size() <= 1 && !entry.is_deleted) return {};
    std::ranges::stable_sort(versions_, [](const Seen& a, const Seen& b) { return a.begin > b.begin; });
    spans_.clear();
    for (const Seen& seen : versions_) spans_.push_back(seen.span);
    const auto fates = versions_to_end(rules->policy, spans_, now_);
    DoomedVersions doomed{entry.bucket, rules->bucket.domain, entry.key, entry.object, {}};
    // Oldest first: the entry's own version goes last.
    for (std::size_t i = versions_.size(); i-- > 0;) {
      if (!fates[i].goes_at) continue;
      if (!fates[i].goes) {
        note_time(*fates[i].goes_at);
      } else if (versions_[i].is_held) {
        ++report_.kept_by_snapshot;
      } else {
        doomed.versions.push_back(versions_[i].span.version);
        if (batch_versions_ + doomed.versions.size() >= kDoomedPerCommand) {
          add(std::move(doomed));
          doomed = {entry.bucket, rules->bucket.domain, entry.key, entry.object, {}};
          ATOLL_TRY(commit_batch());
        }
      }
    }
    if (!doomed.versions.empty()) add(std::move(doomed));
    if (batch_versions_ >= kDoomedPerCommand || batch_key_bytes_ >= kKeyBytesPerCommand) return commit_batch();
    return {};
  }

  void note_time(Timestamp time) {
    report_.next = report_.next ? std::min(*report_.next, time) : time;
    report_.last = report_.last ? std::max(*report_.last, time) : time;
  }

  void add(DoomedVersions doomed) {
    batch_versions_ += doomed.versions.size();
    batch_key_bytes_ += doomed.key.size();
    batch_.push_back(std::move(doomed));
  }

  Result<void> commit_batch() {
    if (batch_.empty()) return {};
    if (options_->is_dry_run) {
      ATOLL_TRY(count_batch());
    } else {
      ATOLL_TRY(vault_->commit(journal::CommandKind::expire_versions,
                               [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                                 return stage_batch(context, changes);
                               }));
    }
    batch_.clear();
    batch_versions_ = batch_key_bytes_ = 0;
    return {};
  }

  Result<void> stage_batch(const CommitContext& context, ChangeSet& changes) {
    // A snapshot made since this run began holds what it names too.
    ATOLL_ASSIGN(auto snapshots, context.state.all<SnapshotRow>());
    const SnapshotGuard guard(std::move(snapshots));
    for (const DoomedVersions& doomed : batch_) {
      ATOLL_ASSIGN(const RemovalCount count,
                   stage_removal(context, changes, doomed, [&](const VersionRow& version) -> Result<bool> {
                     if (version.end.value == 0 || guard.keeps(version, doomed.key)) return false;
                     const auto unlocked = check_lock(context.state, version, context.commit_time, false);
                     if (!unlocked && unlocked.error().kind != ErrorKind::denied) return pass(unlocked.error());
                     if (!unlocked) return false;
                     if (options_->on_gone) ATOLL_TRY(options_->on_gone(version));
                     return true;
                   }));
      report_.gone.objects += count.objects;
      report_.gone.versions += count.versions;
      report_.gone.bytes += count.bytes;
    }
    return {};
  }

  Result<void> count_batch() {
    for (const DoomedVersions& doomed : batch_) {
      for (const VersionId& id : doomed.versions) {
        ATOLL_ASSIGN(const auto version, reader_->version(doomed.object, id));
        if (!version) continue;
        ++report_.gone.versions;
        report_.gone.bytes += version->content.length;
        if (options_->on_gone) ATOLL_TRY(options_->on_gone(*version));
      }
    }
    return {};
  }

  Vault* vault_;
  Timestamp now_;
  const ExpireOptions* options_;
  std::unique_ptr<catalog::CatalogReader> reader_;
  std::optional<SnapshotGuard> guard_;
  std::map<BucketId, std::optional<Rules>> rules_;
  std::vector<Seen> versions_;
  std::vector<VersionSpan> spans_;
  std::vector<DoomedVersions> batch_;
  std::size_t batch_versions_ = 0;
  std::size_t batch_key_bytes_ = 0;
  ExpireReport report_;
};

// The LSN at that time; 0 where the journal does not reach back so far.
Result<Lsn> lsn_at(const Vault& vault, Timestamp time) {
  auto lsn = vault.journal().last_lsn_at(time);
  if (!lsn && lsn.error().id == "journal.below_horizon") return Lsn{};
  return lsn;
}

}  // namespace

Result<ExpireReport> expire_versions(Vault& vault, Timestamp now, const ExpireOptions& options) {
  return Expiry(vault, now, options).run();
}

Result<std::optional<ClockGap>> find_clock_gap(const Vault& vault, const std::optional<SeenClock>& since,
                                               const SeenClock& now) {
  const std::int64_t begin_us = since ? since->wall.unix_us : vault.head().created.unix_us;
  if (now.wall.unix_us - begin_us <= kLeapUs) return std::nullopt;  // a clock set back ends nothing too early
  // Counted on since then, the other clock is of the same boot, and knows.
  if (since && now.monotonic_ns > since->monotonic_ns) {
    const std::int64_t passed_us = (now.monotonic_ns - since->monotonic_ns) / 1000;
    if (now.wall.unix_us - begin_us - passed_us <= kLeapUs) return std::nullopt;
  }
  std::int64_t from_us = std::max(begin_us, now.wall.unix_us - kWindowsMax * kLeapUs);
  ATOLL_ASSIGN(Lsn before, lsn_at(vault, {from_us}));
  while (now.wall.unix_us - from_us > kLeapUs) {
    const std::int64_t to_us = from_us + kLeapUs;
    ATOLL_ASSIGN(const Lsn after, lsn_at(vault, {to_us}));
    if (after == before) {
      // Where the journal does not reach back so far nothing is known, and nothing is said.
      if (after.value > 0) return ClockGap{{from_us}, {to_us}};
    }
    before = after;
    from_us = to_us;
  }
  return std::nullopt;
}

}  // namespace atl::vault
