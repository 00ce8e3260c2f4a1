#include "vault/keeping/erase.h"

#include <algorithm>

#include "vault/history/snapshots.h"
#include "vault/keeping/policy.h"
#include "vault/keeping/removal.h"
#include "vault/object/versions.h"

namespace atl::vault {
namespace {

using catalog::BucketRow;
using catalog::EntryRow;
using catalog::SnapshotRow;
using catalog::VersionRow;

constexpr std::size_t kReasonBytesMax = 1000;
constexpr std::size_t kKeyBytesPerCommand = 4 * 1024 * 1024;
constexpr std::size_t kEntriesPerPage = 1000;

// Says why a version may not go, or that it may.
class Keepers {
 public:
  static Result<Keepers> read(catalog::CatalogReader& state, const BucketRow& bucket, Timestamp now) {
    ATOLL_ASSIGN(auto snapshots, state.all<SnapshotRow>());
    std::erase_if(snapshots, [&](const SnapshotRow& row) { return row.bucket != bucket.id; });
    ATOLL_ASSIGN(auto policy, policy_of(state, bucket));
    return Keepers(std::move(snapshots), std::move(policy), now);
  }

  [[nodiscard]] Result<void> check(const VersionRow& version, const std::string& key, const std::string& bucket) const {
    const std::string name = "version " + version.version.text() + " of " + bucket + "/" + key;
    for (const SnapshotRow& row : snapshots_) {
      if (!SnapshotGuard({row}).keeps(version, key)) continue;
      return fail(ErrorKind::conflict, "erase.kept",
                  name + " belongs to the snapshot " + row.name + (row.is_held ? ", which is held" : ""),
                  row.is_held ? "Nothing was removed. `atoll snapshot release " + row.name + "` lets it go, if you may."
                              : "Nothing was removed. Delete the snapshot first, if nobody needs it: atoll snapshot "
                                "delete " +
                                    row.name);
    }
    if (const auto until = retained_until(policy_, span_of(version), now_)) {
      return fail(ErrorKind::conflict, "erase.kept",
                  "the policy of this bucket keeps " + name + " until " + format_rfc3339(*until),
                  "Nothing was removed. `atoll policy show " + bucket + "` says what holds.");
    }
    return {};
  }

 private:
  Keepers(std::vector<SnapshotRow> snapshots, EffectivePolicy policy, Timestamp now)
      : snapshots_(std::move(snapshots)), policy_(std::move(policy)), now_(now) {}
  std::vector<SnapshotRow> snapshots_;
  EffectivePolicy policy_;
  Timestamp now_;
};

catalog::ErasureRow erasure_of(const VersionRow& version, const CommitContext& context, const std::string& actor,
                               const std::string& reason) {
  catalog::ErasureRow row;
  row.object = version.object;
  row.version = version.version;
  row.bucket = version.bucket;
  row.lsn = context.lsn;
  row.time = context.commit_time;
  row.actor = actor;
  row.reason = reason;
  row.bytes = version.content.length;
  row.begin = version.begin;
  row.begin_time = version.begin_time;
  row.end = version.end;
  row.end_time = version.end_time;
  return row;
}

class Erasure {
 public:
  Erasure(Vault& vault, const EraseRequest& request, const BucketRow& bucket)
      : vault_(&vault), request_(&request), bucket_(&bucket), reader_(vault.reader()) {}

  Result<EraseCount> count() {
    ATOLL_ASSIGN(const Keepers keepers, Keepers::read(*reader_, *bucket_, vault_->machine().clock.now()));
    EraseCount count;
    ATOLL_TRY(for_each_object([&](const EntryRow& entry) -> Result<void> {
      std::uint64_t versions = 0;
      ATOLL_TRY(reader_->for_each_version(entry.object, [&](const VersionRow& version) -> Result<bool> {
        if (!is_meant(version)) return true;
        ATOLL_TRY(keepers.check(version, entry.key, bucket_->name));
        ATOLL_TRY(check_lock(*reader_, version, vault_->machine().clock.now(), false));
        ++versions;
        count.bytes += version.content.length;
        return true;
      }));
      count.versions += versions;
      if (versions > 0) ++count.objects;
      return {};
    }));
    if (count.versions > 0) return count;
    const std::string name =
        bucket_->name + (request_->selection.prefix.empty() ? "" : "/") + request_->selection.prefix;
    return fail(ErrorKind::not_found, "erase.nothing", "there is nothing under " + name + " that this would remove",
                "`atoll ls --deleted " + bucket_->name + "` also lists what was removed.");
  }

  Result<void> run() {
    operation_ = platform::new_id<OperationId>(vault_->machine());
    ATOLL_TRY(for_each_object([&](const EntryRow& entry) -> Result<void> {
      std::vector<std::pair<Lsn, VersionId>> meant;
      ATOLL_TRY(reader_->for_each_version(entry.object, [&](const VersionRow& version) -> Result<bool> {
        if (is_meant(version)) meant.emplace_back(version.begin, version.version);
        return true;
      }));
      std::ranges::sort(meant);  // oldest first: the entry's own version goes last
      for (std::size_t first = 0; first < meant.size();) {
        DoomedVersions doomed{bucket_->id, bucket_->domain, entry.key, entry.object, {}};
        const std::size_t end = std::min(meant.size(), first + kDoomedPerCommand - batch_versions_);
        for (; first < end; ++first) doomed.versions.push_back(meant[first].second);
        batch_versions_ += doomed.versions.size();
        batch_key_bytes_ += doomed.key.size();
        batch_.push_back(std::move(doomed));
        if (batch_versions_ >= kDoomedPerCommand || batch_key_bytes_ >= kKeyBytesPerCommand) ATOLL_TRY(commit_batch());
      }
      return {};
    }));
    return commit_batch();
  }

 private:
  [[nodiscard]] bool is_meant(const VersionRow& version) const {
    switch (request_->which) {
      case EraseWhich::all: return true;
      case EraseWhich::old: return version.end.value > 0;
      case EraseWhich::one: return version.version == request_->version;
    }
    return false;
  }

  // Each page is read before the commands that change what is on it.
  Result<void> for_each_object(const std::function<Result<void>(const EntryRow&)>& visit) {
    const Selection& selection = request_->selection;
    if (!selection.is_recursive) {
      ATOLL_ASSIGN(const auto entry, reader_->entry(bucket_->id, selection.prefix));
      return entry ? visit(*entry) : Result<void>{};
    }
    catalog::ListQuery query;
    query.bucket = bucket_->id;
    query.prefix = selection.prefix;
    query.limit = kEntriesPerPage;
    query.include_deleted = true;
    for (;;) {
      ATOLL_ASSIGN(auto page, reader_->list(query));
      for (const auto& item : page.items) ATOLL_TRY(visit(item.entry));
      if (!page.has_more) return {};
      query.after = page.next_after;
    }
  }

  Result<void> commit_batch() {
    if (batch_.empty()) return {};
    ATOLL_TRY(vault_->commit(
        journal::CommandKind::erase_objects,
        [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
          // Asked again: a snapshot may have come meanwhile.
          ATOLL_ASSIGN(const Keepers keepers, Keepers::read(context.state, *bucket_, context.commit_time));
          for (const DoomedVersions& doomed : batch_) {
            ATOLL_TRY(stage_removal(context, changes, doomed, [&](const VersionRow& version) -> Result<bool> {
              if (!is_meant(version)) return false;
              ATOLL_TRY(keepers.check(version, doomed.key, bucket_->name));
              ATOLL_TRY(check_lock(context.state, version, context.commit_time, false));
              changes.put(erasure_of(version, context, vault_->actor(), request_->reason));
              return true;
            }));
          }
          return {};
        },
        operation_));
    batch_.clear();
    batch_versions_ = batch_key_bytes_ = 0;
    return {};
  }

  Vault* vault_;
  const EraseRequest* request_;
  const BucketRow* bucket_;
  std::unique_ptr<catalog::CatalogReader> reader_;
  OperationId operation_;
  std::vector<DoomedVersions> batch_;
  std::size_t batch_versions_ = 0;
  std::size_t batch_key_bytes_ = 0;
};

}  // namespace

Result<std::uint64_t> forget_replaced(Vault& vault, Lsn up_to) {
  constexpr std::size_t rows_per_command = 9'000;
  std::uint64_t gone = 0;
  for (;;) {
    std::vector<Bytes> keys;
    ATOLL_TRY(
        vault.reader()->for_each_row(journal::TableNumber::erasures, [&](ByteView key, ByteView row) -> Result<bool> {
          catalog::ErasureRow erasure;
          ATOLL_TRY(catalog::decode(key, row, erasure));
          if (erasure.lsn <= up_to && erasure.reason == kReplacedReason) keys.push_back(to_bytes(key));
          return keys.size() < rows_per_command;
        }));
    if (keys.empty()) return gone;
    ATOLL_TRY(vault.commit(journal::CommandKind::expire_versions,
                           [&](const CommitContext& /*context*/, ChangeSet& changes) -> Result<void> {
                             for (const Bytes& key : keys) {
                               changes.remove(kDefaultDomain, journal::TableNumber::erasures, key);
                             }
                             return {};
                           }));
    gone += keys.size();
  }
}

Result<EraseCount> count_erasure(Vault& vault, const EraseRequest& request) {
  if (request.reason.size() > kReasonBytesMax) {
    return fail(ErrorKind::usage, "erase.long_reason",
                "the reason has " + std::to_string(request.reason.size()) + " bytes, at most 1,000 are kept");
  }
  ATOLL_ASSIGN(const BucketRow bucket, Objects(vault).bucket(request.selection.bucket));
  return Erasure(vault, request, bucket).count();
}

Result<EraseCount> erase(Vault& vault, const EraseRequest& request) {
  ATOLL_ASSIGN(const EraseCount count, count_erasure(vault, request));
  ATOLL_ASSIGN(const BucketRow bucket, Objects(vault).bucket(request.selection.bucket));
  ATOLL_TRY(Erasure(vault, request, bucket).run());
  return count;
}

}  // namespace atl::vault
