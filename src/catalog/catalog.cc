#include "catalog/catalog.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "catalog/internal/applier.h"
#include "catalog/internal/connection.h"
#include "catalog/internal/reader_state.h"
#include "catalog/internal/schema.h"
#include "catalog/internal/sealed_vfs.h"

namespace atl::catalog {
namespace {

constexpr std::string_view kFileName = "catalog.sqlite";
constexpr std::int64_t kSettledPerGroup = 20'000;

std::string path_of(const std::string& folder) { return platform::join(folder, kFileName); }

// What open() says of a catalog it cannot use. A full device, a lock or a failing disk is no reason to rebuild.
tl::unexpected<Error> needs_rebuild(Error why) {
  if (why.kind == ErrorKind::damaged || why.kind == ErrorKind::unsupported || why.kind == ErrorKind::not_found) {
    why.id = "catalog.needs_rebuild";
    why.hint = "It is made anew from the journal; nothing is lost.";
  }
  return pass(std::move(why));
}

tl::unexpected<Error> needs_rebuild(std::string message) {
  return needs_rebuild(Error{ErrorKind::damaged, {}, std::move(message), {}, 0});
}

}  // namespace

struct Catalog::State {
  platform::Machine machine;
  std::string folder;
  CatalogOptions options;
  std::unique_ptr<SealedVfs> vfs;  // outlives the connections
  std::shared_ptr<ReaderPool> pool = std::make_shared<ReaderPool>();

  std::unique_ptr<Connection> writer;  // null where not writable
  std::unique_ptr<Applier> applier;
  std::unique_ptr<CatalogReader> pending;

  // As committed. Atomic: readers' owners ask from other threads.
  std::atomic<std::uint64_t> applied{0};
  std::atomic<std::int64_t> applied_time{0};
  std::atomic<std::uint64_t> synced{0};
  std::int64_t next_version = 1;
  std::int64_t unsettled = 0;

  bool is_in_group = false;
  bool is_group_failed = false;
  Lsn group_lsn;
  Timestamp group_time;
  std::uint64_t wal_bytes = 0;  // after the last commit
  // Raised after each commit that changed a bucket or its settings, before anybody is answered. Readers share it.
  std::shared_ptr<std::atomic<std::uint64_t>> bucket_changes = std::make_shared<std::atomic<std::uint64_t>>(0);
  bool changes_buckets = false;  // the group does
  std::shared_ptr<CurrentCache> current_cache = std::make_shared<CurrentCache>();

  explicit State(const platform::Machine& on) : machine(on) {}
  [[nodiscard]] Result<void> begin_transaction();
  [[nodiscard]] Result<void> write_meta();
  [[nodiscard]] Result<void> commit_transaction();
  void roll_back();
  [[nodiscard]] Result<void> checkpoint(int mode);
};

Catalog::Catalog(std::unique_ptr<State> state) : state_(std::move(state)) {}

Catalog::~Catalog() {
  roll_back_group();
  state_->pool->close();
  // So that the next open finds an empty WAL. Where it fails, the WAL stays and is read then.
  if (state_->writer != nullptr) ignore_error_on_purpose(checkpoint_wal());
  state_->pending.reset();
  state_->applier.reset();
  state_->writer.reset();
}

Result<std::unique_ptr<Catalog>> Catalog::open(const platform::Machine& machine, const std::string& folder,
                                               codec::SealSuite suite, const codec::SecretKey& key, VaultId vault,
                                               HistoryId history, const CatalogOptions& options) {
  auto state = std::make_unique<State>(machine);
  state->folder = folder;
  state->options = options;
  const std::string path = path_of(folder);
  ATOLL_ASSIGN(const auto info, machine.files.stat(path));
  if (!info) return needs_rebuild(Error{ErrorKind::not_found, {}, "there is no catalog yet", {}, 0});
  ATOLL_ASSIGN(const auto wal, machine.files.stat(path + "-wal"));

  SealedVfs::Settings settings{path, suite, vault, options.writable, false, options.use_platform_files};
  std::unique_ptr<Connection> connection;
  const auto read = [&]() -> Result<Meta> {
    connection.reset();
    ATOLL_ASSIGN(state->vfs, SealedVfs::make(machine, settings, key));
    ATOLL_ASSIGN(connection, Connection::open(*state->vfs, options.writable,
                                              options.writable ? options.cache_bytes : options.reader_cache_bytes));
    return read_meta(*connection);
  };
  auto meta = read();
  // A reader needs a little room for SQLite's shared memory. Where there is none to be had (a full or read-only disk)
  // and no WAL holds anything, the database alone is the whole state and nobody is writing.
  const bool is_complete = !wal || wal->size == 0;
  if (!meta && !options.writable && is_complete &&
      (meta.error().kind == ErrorKind::io || meta.error().kind == ErrorKind::no_space)) {
    settings.is_immutable = true;
    meta = read();
  }
  if (!meta) {
    // A file that holds no tables fails as bad SQL.
    if (meta.error().kind == ErrorKind::failed) return needs_rebuild("the catalog file holds no catalog");
    return needs_rebuild(meta.error());
  }
  if (meta->schema != kSchemaNumber) return needs_rebuild("the catalog was made by another version of Atoll");
  if (!equal(meta->vault, vault.view())) return needs_rebuild("the catalog belongs to another vault");
  if (!equal(meta->history, history.view()))
    return needs_rebuild("the catalog belongs to another history of this vault");
  state->applied = meta->lsn.value;
  state->applied_time = meta->commit_time.unix_us;
  // Without a WAL everything is in the database, which was synced before the WAL went.
  state->synced = !wal || wal->size == 0 ? meta->lsn.value : meta->synced.value;
  state->next_version = meta->next_version;
  state->unsettled = meta->unsettled;
  state->vfs->seals() += meta->seals;

  if (!options.writable) return std::unique_ptr<Catalog>(new Catalog(std::move(state)));
  state->writer = std::move(connection);
  std::unique_ptr<Catalog> catalog(new Catalog(std::move(state)));
  if (const auto ready = catalog->prepare_writer(); !ready) return needs_rebuild(ready.error());
  return catalog;
}

Result<std::unique_ptr<Catalog>> Catalog::create_new(const platform::Machine& machine, const std::string& folder,
                                                     codec::SealSuite suite, const codec::SecretKey& key, VaultId vault,
                                                     HistoryId history, const CatalogOptions& options) {
  ATOLL_INVARIANT(options.writable, "a catalog is made by its writer");
  ATOLL_TRY(remove(machine.files, folder));
  auto state = std::make_unique<State>(machine);
  state->folder = folder;
  state->options = options;
  const std::string path = path_of(folder);
  {
    // Made here and not by SQLite, so that it gets the mode of a home's files.
    ATOLL_ASSIGN(const auto file, machine.files.open(path, platform::OpenMode::create_new));
  }
  ATOLL_TRY(machine.files.sync_directory(folder));
  SealedVfs::Settings settings{path, suite, vault, true, true, options.use_platform_files};
  ATOLL_ASSIGN(state->vfs, SealedVfs::make(machine, std::move(settings), key));
  ATOLL_ASSIGN(state->writer, Connection::open(*state->vfs, true, options.cache_bytes));
  Connection& writer = *state->writer;
  // The first page is written before there is a WAL; what it replaces need not be kept.
  ATOLL_TRY(writer.execute("PRAGMA page_size = 4096; PRAGMA journal_mode = MEMORY; PRAGMA journal_mode = WAL;"));
  ATOLL_TRY(writer.execute("BEGIN IMMEDIATE"));
  ATOLL_TRY(writer.execute(kCreateTables));
  const std::string meta = "INSERT INTO meta VALUES(1, " + std::to_string(kSchemaNumber) + ", x'" +
                           to_hex(vault.view()) + "', x'" + to_hex(history.view()) + "', 0, 0, 0, 1, 0, 0)";
  ATOLL_TRY(writer.execute(meta.c_str()));
  ATOLL_TRY(writer.execute("COMMIT"));
  std::unique_ptr<Catalog> catalog(new Catalog(std::move(state)));
  ATOLL_TRY(catalog->prepare_writer());
  ATOLL_TRY(catalog->checkpoint_wal());
  return catalog;
}

Result<void> Catalog::remove(platform::FileSystem& files, const std::string& folder) {
  const std::string path = path_of(folder);
  // The database first: a database without its WAL is refused, a WAL without its database is nothing.
  ATOLL_TRY(files.remove_file(path));
  ATOLL_TRY(files.remove_file(path + "-wal"));
  ATOLL_TRY(files.remove_file(path + "-shm"));
  return files.sync_directory(folder);
}

Result<void> Catalog::prepare_writer() {
  State& state = *state_;
  state.applier = std::make_unique<Applier>(*state.writer);
  state.applier->begin(state.next_version, state.unsettled);
  auto reading = std::make_unique<CatalogReader::State>();
  reading->shared = state.writer.get();
  reading->bucket_changes = state.bucket_changes;
  reading->group_changes_buckets = &state.changes_buckets;
  reading->flush = [&state]() -> Result<void> {
    if (!state.is_in_group) return {};
    ATOLL_TRY(state.applier->flush());
    return state.write_meta();
  };
  state.pending.reset(new CatalogReader(std::move(reading)));
  // Knows the size of the WAL after each commit.
  sqlite3_wal_hook(
      state.writer->handle(),
      [](void* bytes, sqlite3*, const char*, int frames) {
        *static_cast<std::uint64_t*>(bytes) = static_cast<std::uint64_t>(frames) * kFrameBytes;
        return SQLITE_OK;
      },
      &state.wal_bytes);
  if (state.unsettled > 0) ATOLL_TRY(settle_totals());
  return {};
}

// Groups.

Result<void> Catalog::State::begin_transaction() {
  ATOLL_USE(use, *writer, Sql::begin);
  ATOLL_TRY(use.run());
  group_lsn.value = applied;
  group_time.unix_us = applied_time;
  is_in_group = true;
  is_group_failed = false;
  changes_buckets = false;
  current_cache->forget_group();
  return {};
}

Result<void> Catalog::State::write_meta() {
  ATOLL_USE(use, *writer, Sql::write_meta);
  return use.bind(1, static_cast<std::int64_t>(group_lsn.value))
      .bind(2, group_time.unix_us)
      .bind(3, static_cast<std::int64_t>(synced.load()))
      .bind(4, applier->next_version())
      .bind(5, static_cast<std::int64_t>(vfs->seals().load()))
      .bind(6, applier->unsettled())
      .run();
}

Result<void> Catalog::State::commit_transaction() {
  ATOLL_TRY(applier->flush());
  ATOLL_TRY(write_meta());
  {
    ATOLL_USE(use, *writer, Sql::commit);
    current_cache->begin_commit();
    const auto committed = use.run();
    current_cache->end_commit();
    ATOLL_TRY(committed);
  }
  if (changes_buckets) bucket_changes->fetch_add(1, std::memory_order_release);
  is_in_group = false;
  applied = group_lsn.value;
  applied_time = group_time.unix_us;
  next_version = applier->next_version();
  unsettled = applier->unsettled();
  return {};
}

void Catalog::State::roll_back() {
  if (!is_in_group) return;
  is_in_group = false;
  // SQLite may have rolled back by itself.
  if (writer->is_in_transaction()) {
    if (const auto statement = writer->statement(Sql::roll_back); statement) {
      Use use(*statement, *writer);
      ignore_error_on_purpose(use.run());  // what cannot be rolled back cannot be committed either
    }
  }
  applier->begin(next_version, unsettled);
}

Result<void> Catalog::begin_group() {
  ATOLL_INVARIANT(state_->writer != nullptr, "only a writable catalog is written");
  ATOLL_INVARIANT(!state_->is_in_group, "one group at a time");
  return state_->begin_transaction();
}

Result<void> Catalog::apply(Lsn lsn, Timestamp commit_time, std::span<const journal::RowChange> changes) {
  ATOLL_INVARIANT(state_->is_in_group, "changes are applied in groups");
  if (state_->is_group_failed) {
    return fail(ErrorKind::failed, "catalog.group_failed",
                "this group of changes failed before: it has to be rolled back");
  }
  if (lsn < state_->group_lsn) {
    return fail(ErrorKind::conflict, "catalog.lsn_goes_back",
                "the catalog stands at " + std::to_string(state_->group_lsn.value) + " and cannot apply " +
                    std::to_string(lsn.value));
  }
  for (const journal::RowChange& change : changes) {
    state_->changes_buckets = state_->changes_buckets || change.table == journal::TableNumber::buckets ||
                              change.table == journal::TableNumber::bucket_settings;
    state_->current_cache->note(change);
    if (auto applied = state_->applier->apply(change); !applied) {
      state_->is_group_failed = true;
      return applied;
    }
  }
  state_->group_lsn = lsn;
  state_->group_time = std::max(state_->group_time, commit_time);
  return {};
}

Result<void> Catalog::commit_group() {
  ATOLL_INVARIANT(state_->is_in_group, "a group was begun");
  if (state_->is_group_failed) {
    return fail(ErrorKind::failed, "catalog.group_failed",
                "this group of changes failed before: it has to be rolled back");
  }
  if (auto committed = state_->commit_transaction(); !committed) {
    roll_back_group();
    return committed;
  }
  // Committed: what follows is housekeeping, which is tried again after the next group.
  if (state_->wal_bytes >= state_->options.wal_bytes_max) {
    ignore_error_on_purpose(state_->checkpoint(SQLITE_CHECKPOINT_RESTART));
  } else if (state_->wal_bytes >= state_->options.wal_checkpoint_bytes) {
    ignore_error_on_purpose(state_->checkpoint(SQLITE_CHECKPOINT_PASSIVE));
  }
  return {};
}

void Catalog::roll_back_group() { state_->roll_back(); }

Result<void> Catalog::settle_totals() {
  ATOLL_INVARIANT(state_->writer != nullptr && !state_->is_in_group,
                  "totals are settled by the writer, between groups");
  std::pair<std::int64_t, Bytes> from{0, {}};
  while (state_->unsettled > 0) {
    ATOLL_TRY(state_->begin_transaction());
    auto settled = state_->applier->settle(from, kSettledPerGroup);
    if (!settled) {
      roll_back_group();
      return pass(settled.error());
    }
    ATOLL_TRY(commit_group());
    if (!*settled) break;
  }
  return {};
}

// The WAL.

Result<void> Catalog::State::checkpoint(int mode) {
  const std::uint64_t before = applied;
  int frames = 0;
  int copied = 0;
  const int code = sqlite3_wal_checkpoint_v2(writer->handle(), nullptr, mode, &frames, &copied);
  if (code != SQLITE_OK && (code & 0xFF) != SQLITE_BUSY) return pass(writer->error(code));
  if (frames < 0 || copied < frames) return {};  // readers are in the way: later
  // A write that failed without a word would be found by mark_complete(), which syncs.
  if (const int marked = vfs->mark_complete(); marked != SQLITE_OK) return pass(writer->error(marked));
  synced = before;
  // The next commit begins the WAL anew.
  wal_bytes = 0;
  return {};
}

Result<void> Catalog::checkpoint_wal() {
  ATOLL_INVARIANT(state_->writer != nullptr && !state_->is_in_group, "the WAL is copied by the writer, between groups");
  return state_->checkpoint(SQLITE_CHECKPOINT_PASSIVE);
}

Lsn Catalog::applied() const { return {state_->applied.load()}; }
Timestamp Catalog::applied_time() const { return {state_->applied_time.load()}; }
Lsn Catalog::synced() const { return {state_->synced.load()}; }
std::uint64_t Catalog::seals() const { return state_->vfs->seals().load(); }

// Readers.

std::unique_ptr<CatalogReader> Catalog::reader() {
  auto reading = state_->pool->take();
  if (reading == nullptr) {
    reading = std::make_unique<CatalogReader::State>();
    reading->vfs = state_->vfs.get();
    reading->cache_bytes = state_->options.reader_cache_bytes;
    reading->pool = state_->pool;
    if (state_->options.writable) {  // else somebody else writes
      reading->bucket_changes = state_->bucket_changes;
      reading->current_cache = state_->current_cache;
    }
  }
  return std::unique_ptr<CatalogReader>(new CatalogReader(std::move(reading)));
}

CatalogReader& Catalog::pending() {
  ATOLL_INVARIANT(state_->pending != nullptr, "only a writable catalog has pending changes");
  return *state_->pending;
}

}  // namespace atl::catalog
