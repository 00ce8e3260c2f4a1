// Carrying a plan out: batches of commands, each of which leaves a state that the same call goes on from.
#include <algorithm>

#include "vault/rewind/item_code.h"
#include "vault/rewind/small_rows.h"
#include "vault/rewind/undo.h"
#include "vault/rewind/undo_job.h"

namespace atl::vault {
namespace {

using catalog::VersionRow;
using journal::TableNumber;

// Three rows an object at most; a job row besides.
constexpr std::size_t kObjectsPerCommand = 2'500;
constexpr std::size_t kRowBytesPerCommand = kCommandBytesMax / 2;

// Versions of the past that lose a label go first, those that get one last: it may go from one to the current one, or
// back, and names one of them at every moment.
int phase_of(const UndoItem& item) {
  if (!item.is_of_past) return 1;
  return item.target && item.target->label.empty() ? 0 : 2;
}

bool is_step(const UndoItem& item) { return item.step != UndoStep::leave && item.step != UndoStep::impossible; }

}  // namespace

Result<UndoReport> UndoPlan::apply(const std::function<bool()>& stop) {
  UndoReport report;
  if (operation_.is_none()) {
    operation_ = platform::new_id<OperationId>(vault_->machine());
    started_ = vault_->machine().clock.now();
  }
  report.operation = operation_;
  std::vector<UndoItem> ready;  // known not to be the last batch once another one begins
  std::vector<UndoItem> gathered;
  std::size_t bytes = 0;
  const auto hand_over = [&]() -> Result<void> {
    if (!ready.empty()) ATOLL_TRY(commit_batch(ready, report, false));
    ready = std::move(gathered);
    gathered.clear();
    bytes = 0;
    if (stop && stop()) {
      return fail(ErrorKind::interrupted, "undo.interrupted", "interrupted; what was put back so far stays",
                  "The same command finishes it.");
    }
    return {};
  };
  ATOLL_TRY(for_each([&](const UndoItem& item) -> Result<bool> {
    if (!is_step(item)) return true;
    // Objects need their bucket to be there, and a bucket goes only after what was in it.
    const bool begins_anew =
        !gathered.empty() && ((gathered.back().table == TableNumber::buckets) != (item.table == TableNumber::buckets) ||
                              phase_of(gathered.back()) != phase_of(item));
    if (begins_anew || gathered.size() == kObjectsPerCommand ||
        (!gathered.empty() && bytes + item.row_bytes > kRowBytesPerCommand))
      ATOLL_TRY(hand_over());
    bytes += item.row_bytes;
    gathered.push_back(item);
    return true;
  }));
  if (!gathered.empty()) ATOLL_TRY(hand_over());
  // One that goes on is finished also where nothing was left to do.
  if (!ready.empty() || goes_on_) ATOLL_TRY(commit_batch(ready, report, true));
  return report;
}

Result<void> UndoPlan::commit_batch(const std::vector<UndoItem>& batch, UndoReport& report, bool is_last) {
  UndoCounts done;
  std::uint64_t left = 0;
  const auto kind = is_rewind_ ? journal::CommandKind::rewind : journal::CommandKind::restore_objects;
  const auto use = vault_->chunks().begin_use();  // until the command stands
  ATOLL_TRY(hold_content(batch));
  ATOLL_TRY(vault_->commit(
      kind,
      [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
        for (const UndoItem& item : batch) {
          const bool is_row = item.step == UndoStep::change_row;
          ATOLL_ASSIGN(const bool was_done, is_row            ? stage_row(context, changes, item)
                                            : item.is_of_past ? stage_version(context, changes, item)
                                                              : stage(context, changes, item));
          if (!was_done) {
            ++left;
            continue;
          }
          switch (item.step) {
            case UndoStep::bring_back: ++done.bring_back; break;
            case UndoStep::put_back: ++done.put_back; break;
            case UndoStep::retag: ++done.retag; break;
            case UndoStep::remove: ++done.remove; break;
            default: ++done.rows; break;
          }
          if (item.target && item.step != UndoStep::retag) done.bytes += item.bytes;
        }
        stage_job(context, changes, is_last);
        if (!is_last) return {};
        ATOLL_ASSIGN(const auto outdated, outdated_undo_jobs(context.state));
        for (const Bytes& key : outdated) changes.remove(kDefaultDomain, TableNumber::jobs, key);
        return {};
      },
      operation_));
  report.done.bring_back += done.bring_back;
  report.done.put_back += done.put_back;
  report.done.retag += done.retag;
  report.done.remove += done.remove;
  report.done.rows += done.rows;
  report.done.bytes += done.bytes;
  report.left += left;
  return {};
}

void UndoPlan::stage_job(const CommitContext& context, ChangeSet& changes, bool is_last) const {
  UndoJob job;
  job.operation = operation_;
  job.started = started_;
  job.request = request_;
  job.of = is_rewind_ ? std::string() : selection_.name;
  job.words = selection_.words;
  job.force = force_;
  job.is_rewind = is_rewind_;
  job.to = to_;
  catalog::JobRow row = job_row(job);
  row.is_ok = is_last;
  if (is_last) row.finished = context.commit_time;
  changes.put(row);
}

Result<bool> UndoPlan::stage_row(const CommitContext& context, ChangeSet& changes, const UndoItem& item) const {
  ATOLL_ASSIGN(const auto now, small_row(context.state, item.table, item.row_key));
  if (now != item.row_now) return false;
  if (item.table == TableNumber::buckets && !item.row_target) {
    ATOLL_ASSIGN(const BucketId id, BucketId::from_view(item.row_key));
    catalog::ListQuery query;
    query.bucket = id;
    query.limit = 1;
    query.include_deleted = true;
    ATOLL_ASSIGN(const auto page, context.state.list(query));
    if (!page.items.empty()) return false;
  }
  ATOLL_TRY(put_small_row(context.state, changes, item.table, item.row_key, item.row_target));
  return true;
}

Result<void> UndoPlan::hold_content(const std::vector<UndoItem>& batch) {
  held_.clear();
  const auto reader = vault_->reader();
  for (const UndoItem& item : batch) {
    const bool needs_content = item.step == UndoStep::bring_back || item.step == UndoStep::put_back;
    if (!needs_content || !item.target || item.is_of_past) continue;
    ATOLL_ASSIGN(const auto row, reader->version(item.target->object, item.target->version));
    if (row) continue;
    ATOLL_ASSIGN(const bool is_held, hold_content(*item.target));
    if (is_held) held_.insert(item.target->version);
  }
  if (held_.empty()) return {};
  return vault_->sync_chunks();
}

Result<bool> UndoPlan::hold_content(const VersionRow& target) {
  catalog::ErasureRow erasure;
  erasure.object = target.object;
  erasure.version = target.version;
  ATOLL_ASSIGN(const auto erased, vault_->reader()->one<catalog::ErasureRow>(catalog::key_of(erasure)));
  const DomainNumber domain = target.content.domain;
  if (erased || vault_->keys().domain(domain) == nullptr) return false;
  // An add() that finds its chunk spares the pack; one in a pack that is given up already is stored anew.
  const auto writer = vault_->chunks().new_writer(domain, chunk::Temperature::warm);
  Buffer plain;
  const auto found = for_each_chunk(vault_->chunks(), target.content, [&](const ChunkId& id, bool) -> Result<bool> {
    ATOLL_TRY(vault_->chunks().read(id, domain, plain));
    ATOLL_TRY(writer->add(plain.view()));
    return true;
  });
  if (found) return true;
  const ErrorKind kind = found.error().kind;
  if (kind == ErrorKind::not_found || kind == ErrorKind::damaged) return false;
  return pass(found.error());
}

// A label that another version was given meanwhile stays there.
Result<void> UndoPlan::put_words_back(const CommitContext& context, VersionRow& now, const VersionRow& target) const {
  now.tags = target.tags;
  now.author = target.author;
  now.description = target.description;
  now.sources = target.sources;
  now.transformation = target.transformation;
  if (now.label == target.label) return {};
  if (!target.label.empty()) {
    ATOLL_ASSIGN(const auto holder, context.state.labelled(now.object, target.label));
    if (holder && *holder != now.version) return {};
  }
  now.label = target.label;
  return {};
}

Result<bool> UndoPlan::stage_version(const CommitContext& context, ChangeSet& changes, const UndoItem& item) const {
  ATOLL_ASSIGN(const auto bucket, context.state.bucket(item.bucket_id));
  if (!bucket) return false;
  ATOLL_ASSIGN(const auto entry, context.state.entry(bucket->id, item.key));
  ATOLL_ASSIGN(auto now, context.state.version(item.object, item.version_now));
  if (!entry || entry->object != item.object || !now || words_of(*now) != item.words_now) return false;
  ATOLL_TRY(put_words_back(context, *now, *item.target));
  changes.put(bucket->domain, *entry);
  changes.put(bucket->domain, *now);
  return true;
}

Result<bool> UndoPlan::stage(const CommitContext& context, ChangeSet& changes, const UndoItem& item) const {
  ATOLL_ASSIGN(const auto bucket, context.state.bucket(item.bucket_id));
  if (!bucket) return false;
  ATOLL_ASSIGN(auto entry, context.state.entry(bucket->id, item.key));
  std::optional<VersionRow> now;
  if (entry && !entry->is_deleted) {
    ATOLL_ASSIGN(now, context.state.version(entry->object, entry->version));
  }
  // Planned against another state: somebody was quicker.
  if (now.has_value() != item.is_there_now) return false;
  if (now && (now->version != item.version_now || words_of(*now) != item.words_now)) return false;

  if (item.step == UndoStep::remove) {
    ATOLL_TRY(stage_remove(context, changes, *bucket, item.key));
    return true;
  }
  ATOLL_INVARIANT(item.target.has_value(), "every other step puts something back");
  if (item.step == UndoStep::retag) {
    ATOLL_TRY(put_words_back(context, *now, *item.target));
    changes.put(bucket->domain, *entry);
    changes.put(bucket->domain, *now);
    return true;
  }
  // A version in the catalog keeps its content, in whatever state a gc was begun.
  ATOLL_ASSIGN(const auto kept, context.state.version(item.target->object, item.target->version));
  if (!kept && !held_.contains(item.target->version)) return false;
  if (now) {
    now->end = context.lsn;
    now->end_time = context.commit_time;
    changes.put(bucket->domain, *now);
  }
  if (!entry) {
    entry.emplace();
    entry->bucket = bucket->id;
    entry->key = item.key;
    entry->object = item.target->object;
  }
  VersionRow version = *item.target;
  version.object = entry->object;
  version.version = platform::new_id<VersionId>(vault_->machine());
  version.bucket = bucket->id;
  version.begin = context.lsn;
  version.begin_time = context.commit_time;
  version.end = {};
  version.end_time = {};
  version.actor = vault_->actor();
  version.operation = to_bytes(operation_.view());
  version.label.clear();  // stays with the version it was given to
  // What is known of its origin goes on through the version it is of, as long as that is kept.
  if (kept) {
    version.sources = {{kept->object, kept->version, bucket->name + "/" + item.key}};
    version.transformation = is_rewind_ ? "rewind" : "undo";
  }
  ATOLL_ASSIGN(const LabelScheme scheme, label_scheme(context.state, *bucket));
  if (scheme != LabelScheme::none && version.kind != catalog::EntryKind::directory) {
    const VersionRow& before = now ? *now : *item.target;
    ATOLL_ASSIGN(version.label, next_label(context, scheme, &before, version, ChangeSize::minor));
  }
  if (is_rewind_) {
    version.description = "rewind to change " + std::to_string(to_.value);
  } else {
    version.description = "undo of " + (selection_.name.empty() ? selection_.words : selection_.name);
  }
  entry->version = version.version;
  entry->is_deleted = false;
  entry->deleted_at = {};
  entry->deleted_lsn = {};
  changes.put(bucket->domain, *entry);
  changes.put(bucket->domain, version);
  return true;
}

}  // namespace atl::vault
