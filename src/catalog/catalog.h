// The state that the journal describes, in SQL tables, for questions: what lies under this name, what lies below this
// folder, which versions has this object.
//
// Always true:
//  - Derived: deleting it loses time, nothing else. Whatever is wrong with it (missing, damaged, older schema, other
//    history, other key), open() says `catalog.needs_rebuild`; the owner removes it and applies checkpoint and journal.
//  - It stands at exactly one LSN, applied(): readers see whole groups of commands or nothing of them.
//  - Every page on disk is sealed (spec/formats/catalog.md). Damage is an error, never a wrong row.
//  - Rows come back byte for byte as they were journaled, those of unknown tables and with unknown fields too.
//
// Files in the vault's folder: catalog.sqlite, -wal, -shm. Thread rules: Catalog's writing functions and pending()
// belong to one thread at a time; reader() may be called from any; each reader is used by one thread at a time.
// Sizes: a point read is one descent of a B-tree (about 3 us); lists cost by what they return, also with a delimiter.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/keeping_rows.h"
#include "catalog/rows.h"
#include "foundation/codec/seal.h"
#include "foundation/platform/machine.h"
#include "store/journal/row_change.h"

namespace atl::catalog {

struct CatalogOptions {
  std::size_t cache_bytes = 32 * 1024 * 1024;        // of the writer's pages
  std::size_t reader_cache_bytes = 8 * 1024 * 1024;  // of each reader's
  // False: readers only, beside a writer in another process (or none). Nothing is changed but SQLite's own shared
  // memory.
  bool writable = true;
  // True: files and locks through Machine.files, shared memory on the heap; for one process (and one Catalog) at a
  // time: tests on a file system in memory. False: SQLite's own `unix` files, shared between processes.
  bool use_platform_files = false;
  std::uint64_t wal_checkpoint_bytes = 16 * 1024 * 1024;  // the WAL is copied into the database from here on
  std::uint64_t wal_bytes_max = 48 * 1024 * 1024;  // from here on a commit waits for readers, to start the WAL anew
};

// Of objects that are there (not removed). Indexed by EntryKind.
struct Totals {
  std::array<std::uint64_t, 9> objects_by_kind{};
  std::uint64_t logical_bytes = 0;
  [[nodiscard]] std::uint64_t objects() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : objects_by_kind) sum += count;
    return sum;
  }
  [[nodiscard]] std::uint64_t of(EntryKind kind) const { return objects_by_kind[static_cast<std::size_t>(kind)]; }
  friend bool operator==(const Totals&, const Totals&) = default;
};

struct Listed {
  EntryRow entry;
  VersionRow version;
};

struct ListQuery {
  BucketId bucket;
  std::string prefix;
  // Only keys greater than this. A common prefix handed out as next_after goes on behind everything below it.
  std::string after;
  std::string delimiter;     // empty: none
  std::size_t limit = 1000;  // items and common prefixes together
  bool include_deleted = false;
};
struct ListPage {
  std::vector<Listed> items;
  std::vector<std::string> common_prefixes;  // sorted; each ends with the delimiter
  std::string next_after;                    // for the next page, where has_more
  bool has_more = false;
};

// What decides whether a source file is the one stored already. `key` is good during the call only.
struct SourceFacts {
  std::string_view key;
  EntryKind kind = EntryKind::file;
  bool has_source = false;
  std::uint32_t mode = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t size = 0;
  FileTime modified;
  FileTime changed;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  ObjectId object;
  VersionId version;
};

// A connection of its own that only reads. Each call sees one committed state; between begin_snapshot() and
// end_snapshot() all calls see the same one (at most 5 s, or the WAL cannot be started anew). Errors: `damaged`
// (catalog.damaged), `locked`, `io`.
class CatalogReader {
 public:
  CatalogReader(const CatalogReader&) = delete;
  CatalogReader& operator=(const CatalogReader&) = delete;
  ~CatalogReader();

  [[nodiscard]] Result<Lsn> applied();
  [[nodiscard]] Result<void> begin_snapshot();
  void end_snapshot();

  [[nodiscard]] Result<std::optional<BucketRow>> bucket_named(std::string_view name);
  [[nodiscard]] Result<std::optional<BucketRow>> bucket(BucketId id);
  [[nodiscard]] Result<std::vector<BucketRow>> buckets();  // by name

  [[nodiscard]] Result<std::optional<EntryRow>> entry(BucketId bucket, std::string_view key);
  [[nodiscard]] Result<std::optional<VersionRow>> version(ObjectId object, VersionId version);
  [[nodiscard]] Result<std::vector<VersionRow>> versions_of(ObjectId object);  // newest first
  [[nodiscard]] Result<std::uint64_t> version_count(ObjectId object);          // reads keys only
  // Those that have ended, newest first: at most `limit` that began at or before `up_to`. One descent, then a row each.
  [[nodiscard]] Result<std::vector<VersionRow>> ended_versions(ObjectId object, Lsn up_to, std::size_t limit);
  // The newest ended version of which `includes` is true; it must be true of every older one too. About 20 descents
  // for a million versions.
  [[nodiscard]] Result<std::optional<VersionRow>> last_ended(ObjectId object,
                                                             const std::function<bool(const VersionRow&)>& includes);
  // Every version of an object with an id greater than `after`, in the order of their ids, page by page as scan() does:
  // for objects with a great many.
  [[nodiscard]] Result<void> for_each_version(ObjectId object,
                                              const std::function<Result<bool>(const VersionRow&)>& visit,
                                              VersionId after = {});
  // Labels of an object's versions: the version that has one, and all of them in memcmp order (a page of `limit` after
  // `after`). One descent of a B-tree each.
  [[nodiscard]] Result<std::optional<VersionId>> labelled(ObjectId object, std::string_view label);
  [[nodiscard]] Result<std::vector<std::pair<std::string, VersionId>>> labels_of(ObjectId object,
                                                                                 std::string_view after = {},
                                                                                 std::size_t limit = SIZE_MAX);
  // Every version that names this one among its sources, in the order of ids.
  [[nodiscard]] Result<std::vector<std::pair<ObjectId, VersionId>>> derived_from(ObjectId object, VersionId version,
                                                                                 std::size_t limit);
  // The entry with its version; none also where the object was removed, unless include_deleted.
  [[nodiscard]] Result<std::optional<Listed>> current(BucketId bucket, std::string_view key,
                                                      bool include_deleted = false);

  [[nodiscard]] Result<ListPage> list(const ListQuery& query);
  // Every object that is there under `prefix` with a key greater than `after`, in key order; `visit` returns false to
  // stop. Reads page by page with no SQL transaction open during `visit`: rows changed meanwhile show old or new.
  [[nodiscard]] Result<void> scan(BucketId bucket, std::string_view prefix, std::string_view after,
                                  const std::function<Result<bool>(const Listed&)>& visit);
  // The same, reading only what the unchanged check needs (about 1 us a row).
  [[nodiscard]] Result<void> scan_source_facts(BucketId bucket, std::string_view prefix, std::string_view after,
                                               const std::function<Result<bool>(const SourceFacts&)>& visit);

  [[nodiscard]] Result<Totals> totals();  // over all buckets
  [[nodiscard]] Result<Totals> totals(BucketId bucket);
  [[nodiscard]] Result<std::uint64_t> row_count(journal::TableNumber table);
  // Reads every page of every table and index (about 500 MB/s); `damaged` where one is not what was written.
  [[nodiscard]] Result<void> check();

  [[nodiscard]] Result<std::vector<PackRow>> packs();  // by id
  [[nodiscard]] Result<std::optional<PackRow>> pack(PackId id);
  [[nodiscard]] Result<std::vector<JobRow>> jobs();  // by kind, name
  [[nodiscard]] Result<std::optional<JobRow>> job(std::string_view kind, std::string_view name);
  [[nodiscard]] Result<std::vector<CheckpointRow>> checkpoints();  // oldest first

  // The rows of catalog/keeping_rows.h: all<SnapshotRow>(), in key order, and one<SnapshotRow>(key), by key_of().
  template <class Row>
  [[nodiscard]] Result<std::vector<Row>> all() {
    std::vector<Row> rows;
    ATOLL_TRY(for_each_row(kTableOf<Row>, [&](ByteView key, ByteView row) -> Result<bool> {
      ATOLL_TRY(decode(key, row, rows.emplace_back()));
      return true;
    }));
    return rows;
  }
  template <class Row>
  [[nodiscard]] Result<std::optional<Row>> one(ByteView key) {
    ATOLL_ASSIGN(const auto row, other(kTableOf<Row>, key));
    if (!row) return std::nullopt;
    Row out;
    ATOLL_TRY(decode(key, *row, out));
    return out;
  }

  // The exact journaled bytes of every row of a table, in key order, page by page as scan() does.
  [[nodiscard]] Result<void> for_each_row(journal::TableNumber table,
                                          const std::function<Result<bool>(ByteView key, ByteView row)>& visit);
  // Those whose key begins with `prefix`; not of buckets, entries and versions.
  [[nodiscard]] Result<void> for_each_row_under(journal::TableNumber table, ByteView prefix,
                                                const std::function<Result<bool>(ByteView key, ByteView row)>& visit);
  // Every table that has rows.
  [[nodiscard]] Result<std::vector<journal::TableNumber>> tables();

 private:
  friend class Catalog;
  friend class ReaderPool;
  struct State;
  explicit CatalogReader(std::unique_ptr<State> state);
  [[nodiscard]] Result<std::optional<Bytes>> other(journal::TableNumber table, ByteView key);
  [[nodiscard]] Result<void> add_unsettled(std::optional<std::int64_t> bucket_number, Totals& sum);
  std::unique_ptr<State> state_;
};

// The one writer connection, and the maker of readers.
class Catalog {
 public:
  // `folder` exists. `key` is this file's own (local, replaceable) key. Fails with `damaged` or `not_found`, id
  // "catalog.needs_rebuild", where the catalog has to be made anew, the reason in the message.
  [[nodiscard]] static Result<std::unique_ptr<Catalog>> open(const platform::Machine& machine,
                                                             const std::string& folder, codec::SealSuite suite,
                                                             const codec::SecretKey& key, VaultId vault,
                                                             HistoryId history, const CatalogOptions& options);
  // An empty one at LSN 0, in place of whatever lies there.
  [[nodiscard]] static Result<std::unique_ptr<Catalog>> create_new(const platform::Machine& machine,
                                                                   const std::string& folder, codec::SealSuite suite,
                                                                   const codec::SecretKey& key, VaultId vault,
                                                                   HistoryId history, const CatalogOptions& options);
  // The database, its WAL and its shared memory; missing ones are fine. No Catalog may have it open.
  [[nodiscard]] static Result<void> remove(platform::FileSystem& files, const std::string& folder);

  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;
  // Rolls an open group back. Every reader must be gone.
  ~Catalog();

  // One group = one SQL transaction = one state that readers see. apply() may be called several times for one LSN
  // (one payload after the other), never for an LSN below applied(); LSNs may be left out (a checkpoint is applied as
  // one LSN in many groups). A failed apply() leaves the group to be rolled back.
  [[nodiscard]] Result<void> begin_group();
  [[nodiscard]] Result<void> apply(Lsn lsn, Timestamp commit_time, std::span<const journal::RowChange> changes);
  [[nodiscard]] Result<void> commit_group();
  void roll_back_group();  // fine where none is open

  // The LSN and commit time readers see (and that this object would reopen at, a power cut aside).
  [[nodiscard]] Lsn applied() const;
  [[nodiscard]] Timestamp applied_time() const;
  // What a power cut cannot take back: the LSN in the database file at its last finished WAL checkpoint (known since
  // this object was opened or as noted in the file: a lower bound).
  [[nodiscard]] Lsn synced() const;
  // Copies the WAL into the database and syncs it. Where readers are in the way it copies what it can, and synced()
  // stays; commit_group() calls this when the WAL has grown.
  [[nodiscard]] Result<void> checkpoint_wal();

  // Totals of entries that were applied before their versions (a checkpoint's order) are counted here, in one pass.
  // Until then totals() counts by reading everything: right, but slow.
  [[nodiscard]] Result<void> settle_totals();

  // Page seals under this file's key. From kSealsMax on is_worn_out(): remove and rebuild (random nonces, see
  // NIST SP 800-38D 8.3).
  static constexpr std::uint64_t kSealsMax = 1ULL << 31;
  [[nodiscard]] std::uint64_t seals() const;
  [[nodiscard]] bool is_worn_out() const { return seals() >= kSealsMax; }

  // A connection is opened at its first use; where that fails, its functions return why. A reader that goes leaves its
  // connection to the next one, so asking for one costs nothing.
  [[nodiscard]] std::unique_ptr<CatalogReader> reader();
  // Reads on the writer's connection: inside a group it sees what was applied so far.
  [[nodiscard]] CatalogReader& pending();

 private:
  struct State;
  explicit Catalog(std::unique_ptr<State> state);
  [[nodiscard]] Result<void> prepare_writer();
  std::unique_ptr<State> state_;
};

}  // namespace atl::catalog
