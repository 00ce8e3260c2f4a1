#include "vault/keeping/mark.h"

#include <algorithm>
#include <set>

#include "catalog/s3_rows.h"
#include "vault/checkpoint.h"
#include "vault/history/snapshots.h"
#include "vault/object/content.h"

namespace atl::vault {
namespace {

using catalog::ContentReference;
using catalog::VersionRow;
using journal::TableNumber;

// Tables whose rows refer to no content, or whose references are followed here. Rows of any other table come from a
// newer program and may refer to chunks in ways that this one does not know.
bool is_known(TableNumber table) {
  switch (table) {
    case TableNumber::domains:
    case TableNumber::buckets:
    case TableNumber::entries:
    case TableNumber::versions:
    case TableNumber::policies:
    case TableNumber::packs:
    case TableNumber::jobs:
    case TableNumber::checkpoints:
    case TableNumber::snapshots:
    case TableNumber::erasures:
    case TableNumber::copies:
    case TableNumber::schedules:
    case TableNumber::uploads:
    case TableNumber::upload_parts:
    case TableNumber::bucket_settings:
    case TableNumber::delete_markers:
    case TableNumber::version_locks:
    case TableNumber::principals:
    case TableNumber::memberships:
    case TableNumber::roles:
    case TableNumber::grants:
    case TableNumber::tokens:
    case TableNumber::s3_keys:
    case TableNumber::sessions:
    case TableNumber::shares:
    case TableNumber::quotas:
    case TableNumber::audit_batches:
    case TableNumber::home_settings: return true;
    default: return false;
  }
}

Result<void> check_known(TableNumber table) {
  if (is_known(table)) return {};
  return fail(ErrorKind::unsupported, "gc.unknown_rows",
              "the vault holds rows of kind " + std::to_string(static_cast<std::uint32_t>(table)) +
                  ", which this program does not know: it cannot tell what they need",
              "Use the newer Atoll that wrote them.");
}

class Marking {
 public:
  Marking(Vault& vault, const KeptPast& past, const MarkOptions& options, LiveSet& live)
      : vault_(&vault), past_(&past), options_(&options), live_(&live), reader_(vault.reader()) {}

  // From the weakest reason to the strongest.
  Result<void> run() {
    const Lsn begun = vault_->journal().last();
    ATOLL_ASSIGN(const auto tables, reader_->tables());
    for (const TableNumber table : tables) ATOLL_TRY(check_known(table));
    ATOLL_TRY(gather_erased());
    ATOLL_TRY(mark_journal(past_->journal_after.next()));
    for (const auto& checkpoint : past_->checkpoints) {
      auto done = mark_checkpoint(checkpoint.root);
      if (!done) {
        return pass(
            std::move(done).error().with_context("the checkpoint at change " + std::to_string(checkpoint.lsn.value)));
      }
    }
    // Before the versions: an upload that is completed meanwhile is seen as one or the other.
    ATOLL_TRY(mark_uploads());
    ATOLL_TRY(mark_catalog(Keeper::history));
    ATOLL_TRY(mark_snapshots());
    ATOLL_TRY(mark_catalog(Keeper::current));
    // A name that got content of another while the catalog was read may stand where it was read already, and the other
    // may be gone from where it was not.
    ATOLL_TRY(mark_journal(begun.next()));
    for (const auto& [table, block] : blocks_) ATOLL_TRY(live_->add(block, Keeper::own));
    for (const ContentReference& content : own_) ATOLL_TRY(live_->add_content(content, Keeper::own));
    return {};
  }

 private:
  Result<void> go_on() const {
    if (options_->stop != nullptr && options_->stop->load())
      return fail(ErrorKind::interrupted, "gc.interrupted", "interrupted");
    return {};
  }

  Result<void> gather_erased() {
    ATOLL_ASSIGN(const std::uint64_t count, reader_->row_count(TableNumber::erasures));
    if (count == 0) return {};
    ATOLL_ASSIGN(erased_, make_scratch_set(*vault_, platform::join(vault_->folder(), "staging/gc-erased"), 8 * kMiB));
    return reader_->for_each_row(TableNumber::erasures, [&](ByteView key, ByteView) -> Result<bool> {
      ATOLL_TRY(go_on());
      ATOLL_TRY(erased_->put(key, {}));
      return true;
    });
  }

  Result<void> mark_past_row(TableNumber table, ByteView key, ByteView row) {
    ATOLL_TRY(check_known(table));
    if (table != TableNumber::versions) return {};
    if (erased_) {
      ATOLL_ASSIGN(const bool is_erased, erased_->contains(key));
      if (is_erased) return {};
    }
    ATOLL_ASSIGN(const VersionRow version, catalog::decode_version(key, row));
    return add_version(version, Keeper::horizon);
  }

  Result<void> mark_journal(Lsn after) {
    journal::Journal& journal = vault_->journal();
    ATOLL_ASSIGN(const auto stats, journal.stats());
    const Lsn from = std::max(after, stats.first_kept);
    if (from > journal.last()) return {};
    return journal.read(from, journal.last(), [&](const journal::Command& command) -> Result<bool> {
      ATOLL_TRY(go_on());
      for (const auto& payload : command.payloads) {
        if (!payload.plain) continue;  // nothing can be brought back from it
        ATOLL_ASSIGN(const auto changes, journal::decode_row_changes(*payload.plain));
        for (const auto& change : changes) {
          if (change.row) ATOLL_TRY(mark_past_row(change.table, change.key, *change.row));
        }
      }
      return true;
    });
  }

  Result<void> mark_checkpoint(ByteView root) {
    CheckpointVisitor visitor;
    visitor.content = [&](const ContentReference& content) -> Result<void> {
      own_.push_back(content);
      return {};
    };
    visitor.block = [&](TableNumber table, const ChunkId& block) -> Result<bool> {
      ATOLL_TRY(go_on());
      ATOLL_TRY(check_known(table));
      return blocks_.emplace(table, block).second && table == TableNumber::versions;
    };
    visitor.row = [&](TableNumber table, ByteView key, ByteView row) { return mark_past_row(table, key, row); };
    return visit_checkpoint(*vault_, root, visitor);
  }

  Result<void> mark_catalog(Keeper keeper) {
    return reader_->for_each_row(TableNumber::versions, [&](ByteView key, ByteView row) -> Result<bool> {
      ATOLL_TRY(go_on());
      ATOLL_ASSIGN(const VersionRow version, catalog::decode_version(key, row));
      if ((version.end.value == 0) != (keeper == Keeper::current)) return true;
      if (options_->gone != nullptr) {
        ATOLL_ASSIGN(const bool is_gone, options_->gone->contains(key));
        if (is_gone) return true;
      }
      ATOLL_TRY(add_version(version, keeper));
      return true;
    });
  }

  // Parts of uploads under way. What an upload became or left behind is no root in the past: nothing gives it back.
  Result<void> mark_uploads() {
    ATOLL_ASSIGN(const auto uploads, reader_->all<catalog::UploadRow>());
    std::set<UploadId> open;
    for (const auto& upload : uploads) open.insert(upload.id);
    return reader_->for_each_row(TableNumber::upload_parts, [&](ByteView key, ByteView row) -> Result<bool> {
      ATOLL_TRY(go_on());
      catalog::UploadPartRow part;
      ATOLL_TRY(catalog::decode(key, row, part));
      if (!open.contains(part.upload)) return true;
      ATOLL_ASSIGN(const ContentReference content, catalog::decode_content(part.content));
      if (vault_->keys().domain(content.domain) == nullptr) return true;
      ATOLL_TRY(live_->add_content(content, Keeper::current));
      return true;
    });
  }

  Result<void> mark_snapshots() {
    ATOLL_ASSIGN(auto snapshots, reader_->all<catalog::SnapshotRow>());
    if (snapshots.empty()) return {};
    const SnapshotGuard guard(std::move(snapshots));
    return reader_->for_each_row(TableNumber::entries, [&](ByteView key, ByteView row) -> Result<bool> {
      ATOLL_TRY(go_on());
      ATOLL_ASSIGN(const auto entry, catalog::decode_entry(key, row));
      ATOLL_TRY(reader_->for_each_version(entry.object, [&](const VersionRow& version) -> Result<bool> {
        if (version.end.value > 0 && guard.keeps(version, entry.key)) ATOLL_TRY(add_version(version, Keeper::snapshot));
        return true;
      }));
      return true;
    });
  }

  Result<void> add_version(const VersionRow& version, Keeper keeper) {
    // Content whose keys are gone can be read by nobody and is needed by nobody.
    if (vault_->keys().domain(version.content.domain) == nullptr) return {};
    auto added = live_->add_content(version.content, keeper);
    if (!added) {
      return pass(std::move(added).error().with_context("version " + version.version.text() + " of object " +
                                                        version.object.text()));
    }
    return {};
  }

  Vault* vault_;
  const KeptPast* past_;
  const MarkOptions* options_;
  LiveSet* live_;
  std::unique_ptr<catalog::CatalogReader> reader_;
  std::unique_ptr<run::RunSet> erased_;
  std::set<std::pair<TableNumber, ChunkId>> blocks_;  // checkpoints share most of theirs
  std::vector<ContentReference> own_;
};

}  // namespace

Result<void> mark_roots(Vault& vault, const KeptPast& past, const MarkOptions& options, LiveSet& live) {
  auto marked = Marking(vault, past, options, live).run();
  ignore_error_on_purpose(
      run::RunSet::remove_all(vault.machine(), platform::join(vault.folder(), "staging/gc-erased")));
  if (marked) return marked;
  Error error = std::move(marked).error();
  // A root that cannot be read: nobody knows what it needs.
  if (error.kind == ErrorKind::damaged || error.kind == ErrorKind::not_found) {
    error.kind = ErrorKind::damaged;
    error.id = "gc.root_unreadable";
    error.message = "something that gc has to read cannot be read, so no content was removed: " + error.message;
    error.hint = "Run `atoll verify`; what it names can be restored from a copy, or removed with `atoll rm --forever`.";
  }
  return pass(std::move(error));
}

}  // namespace atl::vault
