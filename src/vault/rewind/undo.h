// Undo of chosen commands, and rewind to an earlier state: a plan that can be looked at, and its carrying out.
//
// Always true:
//  - Forward only: what is put back is a new version with the content that the old one refers to. So an undo can be
//    undone, and nothing that happened is hidden.
//  - The work of others stays: what was changed since by a command that was not chosen is left as it is and listed,
//    unless `force` says otherwise. A rewind has nothing to leave: everything since its moment is chosen.
//  - Versions that were removed for good, and content that is no longer kept, are named as impossible; the rest goes
//  on.
//  - The plan may be old when it is carried out, and a gc may run beside it: content that only the journal still tells
//  of
//    is held from before its command until that is committed. What went meanwhile is left, and counted.
//  - A broken-off undo or rewind is finished by the same call: what is as it should be already is left alone.
//  - Tables that the vault keeps for itself (packs, checkpoints, jobs, domains, erasures, copies) are never put back. A
//    rewind leaves policies, snapshots and schedules too: they guard the data, and a rewind is about the data.
//  - Memory is bounded: the plan lies in staging.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "vault/object/objects.h"
#include "vault/rewind/selection.h"
#include "vault/rewind/touches.h"

namespace atl::vault {

enum class UndoStep : std::uint8_t {
  bring_back = 1,  // it is not there now
  put_back = 2,    // older content or words in place of newer
  retag = 3,       // the same version with the tags, label and origin it had
  remove = 4,      // it was not there
  change_row = 5,  // a bucket, policy, snapshot or schedule as it was
  leave = 6,       // changed since by others, see `why`
  impossible = 7,  // see `why`
};
[[nodiscard]] std::string_view name_of(UndoStep step);  // "bring_back", as it is in JSON

struct UndoItem {
  UndoStep step{};
  std::string bucket;  // name
  std::string key;     // of an object; of other rows what they are about
  journal::TableNumber table = journal::TableNumber::entries;
  std::string why;
  std::uint64_t bytes = 0;  // of the version put back, or removed

  // What carrying it out needs.
  BucketId bucket_id;
  ObjectId object;
  std::optional<catalog::VersionRow> target;  // none: not there
  bool is_there_now = false;
  VersionId version_now;
  Bytes words_now;
  Bytes row_key;
  std::optional<Bytes> row_target, row_now;
  bool is_of_past = false;      // retag: of a version that is not the current one
  std::uint64_t row_bytes = 0;  // what its rows take in a command, about
};

struct UndoCounts {
  std::uint64_t bring_back = 0, put_back = 0, retag = 0, remove = 0, rows = 0;
  std::uint64_t already = 0;  // as it should be
  std::uint64_t left = 0, impossible = 0;
  std::uint64_t erased = 0;      // versions that the chosen commands themselves removed for good
  std::uint64_t unreadable = 0;  // chosen commands whose doings were erased from the journal
  std::uint64_t bytes = 0;       // put back
  [[nodiscard]] std::uint64_t steps() const { return bring_back + put_back + retag + remove + rows; }
};

struct UndoReport {
  OperationId operation;
  UndoCounts done;
  std::uint64_t left = 0;  // changed, or no longer kept, between plan and work
};

struct UndoJob;  // vault/rewind/undo_job.h

class UndoPlan {
 public:
  // `not_found` where nothing was chosen; "rewind.below_horizon" where the journal no longer reaches back so far.
  [[nodiscard]] static Result<std::unique_ptr<UndoPlan>> of_undo(Vault& vault, const UndoRequest& request, bool force);
  // The state right after `to` in all of `scope`.
  [[nodiscard]] static Result<std::unique_ptr<UndoPlan>> of_rewind(Vault& vault, Lsn to, const RewindScope& scope);

  [[nodiscard]] const UndoCounts& counts() const { return counts_; }
  [[nodiscard]] const CommandSelection& selection() const { return selection_; }
  [[nodiscard]] bool goes_on() const { return goes_on_; }  // with an undo that was broken off
  [[nodiscard]] bool is_rewind() const { return is_rewind_; }
  // In the order in which it is done, by bucket and key; `visit` returns false to stop.
  [[nodiscard]] Result<void> for_each(const std::function<Result<bool>(const UndoItem&)>& visit);
  // Once. `stop` is asked between commands: what is done stays, and the same call finishes it.
  [[nodiscard]] Result<UndoReport> apply(const std::function<bool()>& stop = {});

 private:
  explicit UndoPlan(Vault& vault) : vault_(&vault) {}
  [[nodiscard]] Result<void> make();
  [[nodiscard]] Result<std::optional<UndoJob>> broken_off() const;
  void go_on_as(const UndoJob& job);
  [[nodiscard]] Result<void> read_commands(Touches& touches);
  [[nodiscard]] Result<void> plan_row(catalog::CatalogReader& reader, const RowsAt& rows, const TouchedRow& touched);
  [[nodiscard]] Result<void> plan_object(catalog::CatalogReader& reader, const RowsAt& rows,
                                         const TouchedObject& touched);
  [[nodiscard]] Result<void> plan_version(catalog::CatalogReader& reader, const RowsAt& rows,
                                          const TouchedVersion& touched);
  [[nodiscard]] Result<std::optional<std::string>> why_impossible(catalog::CatalogReader& reader,
                                                                  const catalog::VersionRow& target);
  [[nodiscard]] Result<std::optional<catalog::BucketRow>> bucket_of(catalog::CatalogReader& reader, BucketId id);
  [[nodiscard]] Result<void> keep(std::uint8_t order, ByteView name, const UndoItem& item);
  void count(const UndoItem& item, int sign);

  [[nodiscard]] Result<void> commit_batch(const std::vector<UndoItem>& batch, UndoReport& report, bool is_last);
  [[nodiscard]] Result<bool> stage(const CommitContext& context, ChangeSet& changes, const UndoItem& item) const;
  // Of versions that the catalog has no more: finds their content again, or stores it again from packs that are about
  // to go. Called within a use of the chunk store; fills held_.
  [[nodiscard]] Result<void> hold_content(const std::vector<UndoItem>& batch);
  [[nodiscard]] Result<bool> hold_content(const catalog::VersionRow& target);
  [[nodiscard]] Result<void> put_words_back(const CommitContext& context, catalog::VersionRow& now,
                                            const catalog::VersionRow& target) const;
  [[nodiscard]] Result<bool> stage_version(const CommitContext& context, ChangeSet& changes,
                                           const UndoItem& item) const;
  [[nodiscard]] Result<bool> stage_row(const CommitContext& context, ChangeSet& changes, const UndoItem& item) const;
  void stage_job(const CommitContext& context, ChangeSet& changes, bool is_last) const;

  Vault* vault_;
  CommandSelection selection_;
  UndoRequest request_;
  bool force_ = false;
  bool is_rewind_ = false;
  bool goes_on_ = false;
  Lsn to_;  // of a rewind
  std::unique_ptr<StagedSet> staged_;
  UndoCounts counts_;
  std::map<BucketId, std::optional<catalog::BucketRow>> buckets_;  // as they are or will be
  std::set<VersionId> held_;                                       // of the batch that is being committed
  OperationId operation_;
  Timestamp started_;
};

// Operations that were undone and stand undone -> the undo's own operation.
[[nodiscard]] Result<std::map<std::string, std::string>> finished_undos(catalog::CatalogReader& reader);

}  // namespace atl::vault
