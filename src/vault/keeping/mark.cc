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

constexpr std::size_t kIdBytes = 12;
constexpr std::size_t kMemoryBytes = 32 * kMiB;
constexpr std::size_t kPage = 32 * 1024;

ByteView short_id(const ChunkId& id) { return id.view().first(kIdBytes); }

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

Result<std::unique_ptr<run::RunSet>> make_scratch_set(Vault& vault, const std::string& folder,
                                                      std::size_t memory_bytes) {
  ATOLL_TRY(run::RunSet::remove_all(vault.machine(), folder));
  ATOLL_TRY(platform::create_directories(vault.machine().files, folder));
  codec::SecretKey key;
  vault.machine().random.fill(key.fill());  // what is left of a broken-off run opens for nobody
  run::Options options;
  options.memtable_bytes_max = memory_bytes;
  options.suite = vault.head().suite;
  return run::RunSet::open(vault.machine(), folder, key, vault.head().vault, options, true);
}

Result<std::unique_ptr<LiveSet>> LiveSet::make(Vault& vault, const std::string& folder) {
  std::unique_ptr<LiveSet> live(new LiveSet(vault, folder));
  ATOLL_ASSIGN(live->set_, make_scratch_set(vault, folder, kMemoryBytes));
  return live;
}

LiveSet::~LiveSet() {
  set_.reset();
  ignore_error_on_purpose(run::RunSet::remove_all(vault_->machine(), folder_));
}

Result<void> LiveSet::add(const ChunkId& id, Keeper keeper) {
  const auto value = static_cast<std::uint8_t>(keeper);
  return set_->put(short_id(id), ByteView(&value, 1));
}

Result<void> LiveSet::add_content(const ContentReference& content, Keeper keeper) {
  if (content.depth > kContentDepthMax)
    return fail(ErrorKind::damaged, "content.too_deep", "a content reference has too many levels");
  for (const auto& part : content.parts) {
    if (content.depth == 0) {
      ATOLL_TRY(add(part.chunk, keeper));
    } else {
      ATOLL_TRY(add_list(content.domain, part, content.depth, keeper));
    }
  }
  return {};
}

// A list that was followed for this reason, or a stronger one, is not read again; which ones were stands in the set
// under their whole ids, behind their short ones.
Result<void> LiveSet::add_list(DomainNumber domain, const ContentReference::Part& list, unsigned depth, Keeper keeper) {
  ATOLL_ASSIGN(const auto known, set_->get(list.chunk.view()));
  if (known && !known->empty() && known->front() >= static_cast<std::uint8_t>(keeper)) return {};
  ContentReference below;
  below.domain = domain;
  below.length = list.length;
  below.depth = static_cast<std::uint8_t>(depth);
  below.parts.push_back(list);
  ATOLL_TRY(for_each_chunk(vault_->chunks(), below, [&](const ChunkId& id, bool) -> Result<bool> {
    ATOLL_TRY(add(id, keeper));
    return true;
  }));
  const auto value = static_cast<std::uint8_t>(keeper);
  return set_->put(list.chunk.view(), ByteView(&value, 1));
}

Result<bool> LiveSet::contains(const ChunkId& id) const { return set_->contains(short_id(id)); }

Result<void> LiveSet::settle() { return set_->flush({}); }

Result<bool> LiveSet::Cursor::next() {
  while (at_ == page_.size()) {
    if (is_end_) return false;
    page_.clear();
    at_ = 0;
    is_end_ = true;
    ATOLL_TRY(live_->set_->for_each_from(from_, [&](ByteView key, ByteView value) -> Result<bool> {
      if (key.size() != kIdBytes || value.size() != 1) return true;
      Marked& marked = page_.emplace_back();
      std::copy(key.begin(), key.end(), marked.id.begin());
      marked.keeper = static_cast<Keeper>(value[0]);
      if (page_.size() < kPage) return true;
      from_.assign(key.begin(), key.end());
      from_.push_back(0);
      is_end_ = false;
      return false;
    }));
  }
  return true;
}

Result<Keeper> LiveSet::Cursor::find(const ChunkId& id) {
  for (;;) {
    ATOLL_ASSIGN(const bool is_there, next());
    if (!is_there) return Keeper::nobody;
    const auto order = compare(page_[at_].id, short_id(id));
    if (order > 0) return Keeper::nobody;
    if (order == 0) {  // it stays: another chunk may share the short id
      asked_ = page_[at_].id;
      return page_[at_].keeper;
    }
    if (!(asked_ && *asked_ == page_[at_].id)) ++unasked_;
    ++at_;
  }
}

Result<std::uint64_t> LiveSet::Cursor::count_unasked() {
  for (;;) {
    ATOLL_ASSIGN(const bool is_there, next());
    if (!is_there) return unasked_;
    if (!(asked_ && *asked_ == page_[at_].id)) ++unasked_;
    ++at_;
  }
}

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
