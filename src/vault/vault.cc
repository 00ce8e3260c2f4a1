#include "vault/vault.h"

#include <algorithm>
#include <utility>

#include "vault/checkpoint.h"
#include "vault/keeping/retired.h"
#include "vault/tier/accesses.h"

namespace atl::vault {
namespace {

using platform::join;

constexpr std::uint64_t kRoomKeptBytesMax = 256 * kMiB;
constexpr std::uint64_t kRoomKeptBytesMin = 16 * kMiB;
constexpr std::size_t kReplayCommandsPerGroup = 64;
constexpr std::uint64_t kOwnerBytesMax = 4096;
constexpr const char* kCatalogFile = "catalog.sqlite";

std::string owner_path(const std::string& folder) { return join(folder, "vault.owner"); }

Error locked_error(platform::FileSystem& files, const std::string& folder, Error cause) {
  std::string by;
  if (const auto owner = platform::read_whole(files, owner_path(folder), kOwnerBytesMax); owner) by = to_string(*owner);
  cause.id = "vault.locked";
  cause.message = by.empty() ? "another process is writing to this vault" : "this vault is being written by " + by;
  cause.hint = "Wait until it is done, or end it; nothing is lost either way.";
  return cause;
}

bool is_readable(catalog::Catalog& catalog) {
  const auto reader = catalog.reader();
  const auto tables = reader->tables();
  return tables && std::ranges::all_of(*tables, [&](journal::TableNumber table) {
           return reader->for_each_row(table, [](ByteView, ByteView) -> Result<bool> { return true; }).has_value();
         });
}

}  // namespace

Vault::Vault(std::shared_ptr<Core> core, Caller caller) : core_(std::move(core)), caller_(std::move(caller)) {}

Vault::~Vault() = default;

Accesses Vault::accesses() { return Accesses(*this, *core_->access_notes); }

void Vault::notice(const std::string& words) const {
  if (core_->options.on_notice) core_->options.on_notice(words);
}

Result<void> Vault::create(const platform::Machine& machine, const std::string& folder, const VaultId& id,
                           const CreateVaultOptions& options, const keyring::Unlocking& first_slot) {
  platform::FileSystem& files = machine.files;
  ATOLL_ASSIGN(const auto taken, files.stat(folder));
  if (taken) return fail(ErrorKind::conflict, "vault.exists", "there is a vault in " + folder + " already");
  // Built under another name and renamed when it is whole, so that half a vault is never taken for one.
  const std::string building = folder + ".new";
  ATOLL_TRY(platform::remove_tree(files, building));
  ATOLL_TRY(platform::create_directories(files, building));
  for (const char* name : {"journal", "packs", "indexes", "staging"})
    ATOLL_TRY(files.create_directory(join(building, name)));
  keyring::CreateOptions key_options;
  key_options.vault = id;
  key_options.vault_name = options.name;
  key_options.suite = options.suite;
  key_options.passphrase_cost = options.passphrase_cost;
  ATOLL_ASSIGN(const auto keys,
               keyring::Keyring::create(machine, building, key_options, first_slot, options.slot_label));
  keyring::VaultHead head;
  head.vault = id;
  head.suite = options.suite;
  head.journal_segment_bytes = options.journal_segment_bytes;
  head.zstd_level_warm = options.zstd_level;
  head.created = machine.clock.now();
  head.history = platform::new_id<HistoryId>(machine);
  ATOLL_TRY(keyring::create_vault_head(machine, building, *keys, head));
  ATOLL_TRY(files.sync_directory(building));
  ATOLL_TRY(files.rename(building, folder));
  return files.sync_directory(platform::parent_of(folder));
}

Result<std::unique_ptr<Vault>> Vault::open(const platform::Machine& machine, const std::string& folder,
                                           const std::vector<keyring::Unlocking>& candidates,
                                           const VaultOptions& options) {
  std::unique_ptr<Vault> vault(new Vault(std::make_shared<Core>(machine, folder, options), options.caller));
  vault->core_->access_notes = std::make_shared<AccessNotes>();
  ATOLL_TRY(vault->open_parts(candidates));
  return vault;
}

Result<void> Vault::take_lock() {
  auto lock = core_->machine.files.lock(join(core_->folder, "vault.lock"), platform::LockMode::exclusive);
  if (!lock) {
    if (lock.error().kind != ErrorKind::locked) return pass(std::move(lock).error());
    return pass(locked_error(core_->machine.files, core_->folder, std::move(lock).error()));
  }
  core_->lock = std::move(*lock);
  if (!core_->options.owner_words.empty()) {
    // For people only: a failure to write it must not keep anybody from working.
    auto file = core_->machine.files.open(owner_path(core_->folder), platform::OpenMode::create_or_open);
    if (file) {
      ignore_error_on_purpose((*file)->set_size(0));
      ignore_error_on_purpose((*file)->write_at(0, as_bytes(core_->options.owner_words)));
    }
  }
  return {};
}

Result<void> Vault::open_parts(const std::vector<keyring::Unlocking>& candidates) {
  ATOLL_ASSIGN(const auto there, core_->machine.files.stat(core_->folder));
  if (!there) return fail(ErrorKind::missing_home, "vault.missing", "there is no vault in " + core_->folder);
  if (core_->options.writable) {
    ATOLL_TRY(take_lock());
  } else {
    core_->pin = Pin::hold(core_->machine, core_->folder);
  }
  ATOLL_ASSIGN(core_->keys, keyring::Keyring::open(core_->machine, core_->folder, candidates));
  if (core_->keys->was_damaged() && core_->options.writable) {
    const auto repaired = core_->keys->repair();
    notice(repaired ? "one copy of the keyring was damaged; it was written anew from the other"
                    : "one copy of the keyring is damaged and could not be mended: " + repaired.error().message);
  }
  const auto heal = core_->options.writable ? keyring::HealHead::yes : keyring::HealHead::no;
  ATOLL_ASSIGN(auto loaded, keyring::load_vault_head(core_->machine, core_->folder, *core_->keys, heal));
  core_->head = std::move(loaded.head);
  for (const std::string& finding : loaded.findings) notice(finding);

  Lsn synced_lsn_hint;
  // The catalog first: what it has applied was synced in the journal, so a journal that ends earlier has lost
  // something, and its LSNs must not be given out again.
  auto catalog_options = core_->options.catalog;
  catalog_options.writable = core_->options.writable;
  auto opened =
      catalog::Catalog::open(core_->machine, core_->folder, core_->head.suite, core_->keys->derived_key("catalog"),
                             core_->head.vault, core_->head.history, catalog_options);
  if (opened) {
    core_->catalog = std::move(*opened);
    synced_lsn_hint = core_->catalog->applied();
  } else if (opened.error().id != "catalog.needs_rebuild") {
    // SQLite says "I/O error" also where its shared memory finds no room.
    const auto space = core_->machine.files.space(core_->folder);
    if (opened.error().kind == ErrorKind::io && space && space->available_bytes < kMiB) {
      return fail(ErrorKind::no_space, "home.no_room",
                  "the disk that holds the home is full: there is not even room to open its catalog for writing",
                  "Make some room there; what is stored can still be read.");
    }
    return pass(std::move(opened).error());
  }
  ATOLL_TRY(open_journal(synced_lsn_hint));

  ATOLL_TRY(open_chunks());  // before a rebuild: a checkpoint's rows lie in chunks
  auto ready = opened ? catch_up() : make_catalog(opened.error());
  if (ready && core_->options.writable) ready = note_unknown_packs();
  if (!ready) {
    // A page may be bad that nobody had read before.
    const Error& error = ready.error();
    if (!core_->options.writable || error.kind != ErrorKind::damaged || !error.id.starts_with("catalog.")) return ready;
    notice("the catalog is damaged and is made anew from the journal: " + error.message);
    ATOLL_TRY(rebuild_catalog(OnGap::go_on));
    ATOLL_TRY(note_unknown_packs());
  }
  start_committer();
  if (core_->pin) core_->pin->set(core_->catalog->applied());
  if (!core_->options.writable) return {};
  end_clean_up();
  return finish_shredding();
}

Result<void> Vault::open_journal(Lsn synced_lsn_hint) {
  journal::JournalOptions options;
  options.segment_bytes = core_->head.journal_segment_bytes;
  options.history = core_->head.history;
  options.writable = core_->options.writable;
  options.synced_lsn_hint = synced_lsn_hint;
  ATOLL_ASSIGN(core_->journal, journal::Journal::open(core_->machine, core_->folder,
                                                      journal::JournalKeys::from(*core_->keys), options));
  for (const std::string& remark : core_->journal->recovery().remarks) notice(remark);
  return {};
}

Result<void> Vault::open_chunks() {
  auto options = core_->options.chunks;
  options.parity_data = core_->head.parity_data;
  options.parity_count = core_->head.parity_extra;
  options.zstd_level_warm = core_->head.zstd_level_warm;
  options.zstd_level_cold = core_->head.zstd_level_cold;
  options.check_room = [core = core_.get()](std::uint64_t bytes) { return check_room_of(*core, bytes); };
  ATOLL_ASSIGN(core_->chunks,
               chunk::ChunkStore::open(core_->machine, core_->folder, *core_->keys, options, core_->options.writable));
  const chunk::OpenReport& report = core_->chunks->open_report();
  if (report.index_was_rebuilt && !report.index_trouble.empty()) {
    notice("the chunk index was built anew from the packs: " + report.index_trouble);
  }
  for (const std::string& warning : report.warnings) notice(warning);
  return {};
}

Result<void> Vault::make_catalog(const Error& why) {
  if (!core_->options.writable) {
    return fail(ErrorKind::damaged, "catalog.needs_rebuild", "the catalog has to be made anew: " + why.message,
                "Any command that writes does it, or `atoll doctor --rebuild`.");
  }
  ATOLL_ASSIGN(const auto report, rebuild_catalog(OnGap::go_on));
  if (core_->journal->last().value > 0) {
    notice("the catalog was made anew from " +
           (report.from_checkpoint.value > 0 ? "a checkpoint of " + std::to_string(report.rows) + " rows and "
                                             : std::string()) +
           std::to_string(report.commands) + " changes of the journal (" + why.message + ")");
  }
  return {};
}

Result<void> Vault::catch_up() {
  if (core_->options.writable) {
    ATOLL_TRY(replay(core_->catalog->applied(), OnGap::go_on));
  } else if (core_->catalog->applied() < core_->journal->last()) {
    notice("showing the state at change " + std::to_string(core_->catalog->applied().value) + " of " +
           std::to_string(core_->journal->last().value) + ": the rest is applied by the next command that writes");
  }
  return {};
}

Result<std::uint64_t> Vault::replay(Lsn after, OnGap on_gap) {
  if (after >= core_->journal->last()) return 0;
  std::uint64_t commands = 0;
  std::size_t in_group = 0;
  Lsn next = after.next();
  ATOLL_TRY(core_->catalog->begin_group());
  const auto visit = [&](const journal::Command& command) -> Result<bool> {
    for (const auto& payload : command.payloads) {
      if (!payload.plain) continue;  // erased: it changes nothing that may still be seen
      ATOLL_ASSIGN(const auto rows, journal::decode_row_changes(*payload.plain));
      ATOLL_TRY(core_->catalog->apply(command.envelope.lsn, command.envelope.commit_time, rows));
    }
    if (command.payloads.empty())
      ATOLL_TRY(core_->catalog->apply(command.envelope.lsn, command.envelope.commit_time, {}));
    ++commands;
    next = command.envelope.lsn.next();
    if (++in_group == kReplayCommandsPerGroup) {
      ATOLL_TRY(core_->catalog->commit_group());
      ATOLL_TRY(core_->catalog->begin_group());
      in_group = 0;
    }
    return true;
  };
  while (next <= core_->journal->last()) {
    const auto read = core_->journal->read(next, core_->journal->last(), visit);
    if (read) break;
    const auto gap = read.error().id == "journal.lost" ? lost_range_at(next) : std::nullopt;
    if (!gap) {
      core_->catalog->roll_back_group();
      return pass(Error(read.error()).with_context("applying the journal to the catalog"));
    }
    if (on_gap == OnGap::stop) {
      core_->catalog->roll_back_group();
      return fail(ErrorKind::damaged, "vault.rebuild_has_gaps",
                  "changes " + std::to_string(gap->first.value) + " to " + std::to_string(gap->last.value) +
                      " of the journal can no longer be read: a catalog made from it would lack them",
                  "Run `atoll verify`. The catalog that is there was kept.");
    }
    // Damage beyond parity in the middle of the journal: what comes after it is whole after-images and is worth having.
    notice("changes " + std::to_string(gap->first.value) + " to " + std::to_string(gap->last.value) +
           " can no longer be read and are missing from what is shown; `atoll verify` names what that touches");
    next = gap->last.next();
  }
  ATOLL_TRY(core_->catalog->commit_group());
  return commands;
}

std::optional<journal::LsnRange> Vault::lost_range_at(Lsn lsn) const {
  const auto report = core_->journal->verify(false);
  if (!report) return std::nullopt;
  for (const journal::LsnRange& range : report->lost) {
    if (range.first <= lsn && lsn <= range.last) return range;
  }
  return std::nullopt;
}

Result<RebuildReport> Vault::rebuild_catalog(OnGap on_gap) {
  // Built beside and put in place when it is whole: a rebuild that breaks off or cannot succeed leaves the catalog that
  // was there, and half a catalog is never taken for one.
  platform::FileSystem& files = core_->machine.files;
  const std::string beside = join(core_->folder, "staging/catalog");
  core_->catalog.reset();
  ATOLL_TRY(platform::remove_tree(files, beside));
  ATOLL_TRY(platform::create_directories(files, beside));
  auto report = fill_catalog(beside, on_gap);
  if (report) {
    ATOLL_TRY(core_->catalog->checkpoint_wal());
    ATOLL_INVARIANT(core_->catalog->synced() == core_->catalog->applied(),
                    "no reader holds a catalog that nobody else knows");
  }
  core_->catalog.reset();
  if (!report) {
    ignore_error_on_purpose(platform::remove_tree(files, beside));
    return report;
  }
  ATOLL_TRY(catalog::Catalog::remove(files, core_->folder));
  ATOLL_TRY(files.rename(join(beside, kCatalogFile), join(core_->folder, kCatalogFile)));
  ATOLL_TRY(files.sync_directory(core_->folder));
  ATOLL_TRY(platform::remove_tree(files, beside));
  auto options = core_->options.catalog;
  options.writable = true;
  ATOLL_ASSIGN(core_->catalog, catalog::Catalog::open(core_->machine, core_->folder, core_->head.suite,
                                                      core_->keys->derived_key("catalog"), core_->head.vault,
                                                      core_->head.history, options));
  return report;
}

Result<RebuildReport> Vault::fill_catalog(const std::string& beside, OnGap on_gap) {
  auto options = core_->options.catalog;
  options.writable = true;
  const auto make = [&]() -> Result<void> {
    core_->catalog.reset();
    ATOLL_ASSIGN(core_->catalog, catalog::Catalog::create_new(core_->machine, beside, core_->head.suite,
                                                              core_->keys->derived_key("catalog"), core_->head.vault,
                                                              core_->head.history, options));
    return {};
  };
  ATOLL_TRY(make());
  RebuildReport report;
  // The whole journal needs no checkpoint; else the newest one that can be read whole, then the commands after it.
  ATOLL_ASSIGN(const auto stats, core_->journal->stats());
  const bool is_whole = stats.first_with_payloads <= Lsn{1};
  std::optional<Error> last_failure;
  for (const auto& root : core_->head.checkpoints) {
    if (root.history != core_->head.history && is_whole) continue;
    auto loaded = load_checkpoint(*this, root.root, [&](const std::vector<journal::RowChange>& rows) -> Result<void> {
      ATOLL_TRY(core_->catalog->begin_group());
      ATOLL_TRY(core_->catalog->apply(root.lsn, {}, rows));
      report.rows += rows.size();
      return core_->catalog->commit_group();
    });
    if (loaded) {
      ATOLL_TRY(core_->catalog->settle_totals());
      report.from_checkpoint = root.lsn;
      break;
    }
    last_failure = loaded.error();
    notice("the checkpoint at change " + std::to_string(root.lsn.value) + " cannot be read (" + loaded.error().message +
           "); trying an older one");
    report.rows = 0;
    ATOLL_TRY(make());
  }
  if (report.from_checkpoint.value == 0 && !is_whole && core_->journal->last().value > 0) {
    return fail(ErrorKind::damaged, "vault.no_checkpoint",
                "no checkpoint can be read, and the journal no longer reaches back to the beginning" +
                    (last_failure ? ": " + last_failure->message : std::string()),
                "Restore this vault from a copy; packs and journal are left as they are.");
  }
  ATOLL_ASSIGN(report.commands, replay(report.from_checkpoint, on_gap));
  return report;
}

Result<RebuildReport> Vault::rebuild() {
  if (!core_->options.writable)
    return fail(ErrorKind::usage, "vault.read_only", "this vault was opened for reading only");
  core_->committer.reset();
  core_->catalog.reset();
  core_->chunks.reset();
  ATOLL_TRY(run::RunSet::remove_all(core_->machine, join(core_->folder, "indexes/chunks")));
  ATOLL_TRY(open_chunks());
  auto report = rebuild_catalog(OnGap::stop);
  if (!report) {
    // The one that was there still serves, where there is one that can be read.
    auto old =
        catalog::Catalog::open(core_->machine, core_->folder, core_->head.suite, core_->keys->derived_key("catalog"),
                               core_->head.vault, core_->head.history, core_->options.catalog);
    if (old) core_->catalog = std::move(*old);
    const bool has_gaps = report.error().id == "vault.rebuild_has_gaps";
    if (has_gaps && !(core_->catalog && is_readable(*core_->catalog))) report = rebuild_catalog(OnGap::go_on);
    if (!core_->catalog) return report;
  }
  start_committer();
  ATOLL_TRY(note_unknown_packs());
  return report;
}

Result<void> Vault::note_unknown_packs() {
  const auto known = reader()->packs();
  if (!known) return pass(known.error());
  std::vector<PackId> retired;
  for (const catalog::PackRow& row : *known) {
    if (row.retired.value > 0) retired.push_back(row.id);
  }
  if (!retired.empty()) core_->chunks->condemn_again(retired);
  const std::lock_guard lock(core_->mutex);
  core_->new_packs.clear();
  for (const chunk::PackInfo& pack : core_->chunks->list_packs()) {
    const bool is_known = std::ranges::any_of(*known, [&](const catalog::PackRow& row) { return row.id == pack.id; });
    if (!is_known && core_->keys->domain(pack.domain) != nullptr)
      core_->new_packs.push_back({pack.id, pack.domain, pack.temperature});
  }
  return {};
}

void Vault::end_clean_up() {
  // Room is all that this costs where it fails.
  if (const auto removed = remove_retired_packs(*this); !removed)
    notice("packs that nothing needs any more could not be removed yet: " + removed.error().message);
}

Result<void> Vault::settle() {
  if (is_guest_) return {};
  if (!core_->options.writable || core_->is_settled) return {};
  core_->is_settled = true;
  std::optional<Error> first;
  const auto note = [&](const Result<void>& step) {
    if (!step && !first) first = step.error();
  };
  // Parts are missing after a rebuild that failed.
  if (core_->chunks) {
    maintain_chunks();
    note(core_->chunks->close());
  }
  if (core_->catalog) note(core_->catalog->checkpoint_wal());
  if (core_->journal) note(core_->journal->close());
  if (first) return pass(std::move(*first));
  return {};
}

Result<void> Vault::close() {
  if (is_guest_) return {};
  if (core_->catalog) accesses().flush();
  const auto settled = settle();
  if (core_->options.writable) ignore_error_on_purpose(core_->machine.files.remove_file(owner_path(core_->folder)));
  core_->committer.reset();
  core_->catalog.reset();
  core_->chunks.reset();
  core_->journal.reset();
  core_->pin.reset();
  core_->lock.reset();
  return settled;
}

// Nobody waits for the index to be merged but who writes much; few files are merged by its own flushes in time. It is
// derived: where that fails, by a full disk for one, it stays as it is.
void Vault::maintain_chunks() {
  constexpr std::uint64_t kMuch = 100'000;  // chunks: a few seconds of a put, far more than what merging them takes
  if (core_->chunks->stats().chunks_added < kMuch) return;
  for (int i = 0; i < 8; ++i) {
    const auto has_more = core_->chunks->maintain();
    if (!has_more || !*has_more) return;
  }
}

std::unique_ptr<Vault> Vault::acting_for(Caller caller) const {
  std::unique_ptr<Vault> handle(new Vault(core_, std::move(caller)));
  handle->is_guest_ = true;
  return handle;
}

void Vault::start_committer() {
  Core* core = core_.get();  // owns the committer
  ChunkHooks hooks;
  hooks.give_back = [core](std::vector<chunk::NewPack> packs) {
    const std::lock_guard lock(core->mutex);
    core->new_packs.insert(core->new_packs.begin(), packs.begin(), packs.end());
  };
  hooks.take_packs = [core] {
    const std::lock_guard lock(core->mutex);
    return std::exchange(core->new_packs, {});
  };
  hooks.sync = [core, give_back = hooks.give_back]() -> Result<void> {
    ATOLL_ASSIGN(auto fresh, core->chunks->sync());
    if (!fresh.empty()) give_back(std::move(fresh));
    return {};
  };
  core_->committer = std::make_unique<Committer>(core_->machine, *core_->journal, *core_->catalog, std::move(hooks));
}

keyring::VaultHead Vault::head() const {
  const std::lock_guard lock(core_->mutex);
  return core_->head;
}

Result<void> Vault::sync_chunks() {
  ATOLL_ASSIGN(auto fresh, core_->chunks->sync());
  const std::lock_guard lock(core_->mutex);
  core_->new_packs.insert(core_->new_packs.end(), fresh.begin(), fresh.end());
  return {};
}

Result<Lsn> Vault::sync_catalog(Lsn wanted) {
  Lsn synced;
  ATOLL_TRY(core_->committer->between_groups([&]() -> Result<void> {
    if (core_->catalog->synced() < wanted) ATOLL_TRY(core_->catalog->checkpoint_wal());
    synced = core_->catalog->synced();
    return {};
  }));
  return synced;
}

Result<Lsn> Vault::commit(journal::CommandKind kind, CommandBuilder build, OperationId operation) {
  return core_->committer->submit({kind, operation_or_own(operation), caller_, std::move(build)});
}

Result<Lsn> Vault::commit_content(CommandBuilder build, OperationId operation) {
  return core_->committer->submit({journal::CommandKind::put_objects, operation_or_own(operation), caller_,
                                   std::move(build), /*refers_to_new_chunks=*/true});
}

OperationId Vault::operation_or_own(const OperationId& operation) const {
  return operation.is_none() ? caller_.operation : operation;
}

std::vector<Result<Lsn>> Vault::commit_group(journal::CommandKind kind, std::vector<CommandBuilder> builders,
                                             OperationId operation) {
  std::vector<CommandRequest> requests;
  requests.reserve(builders.size());
  for (CommandBuilder& build : builders) requests.push_back({kind, operation, caller_, std::move(build)});
  return core_->committer->submit_group(std::move(requests));
}

Result<void> Vault::store_head(keyring::VaultHead head) {
  ATOLL_TRY(keyring::store_vault_head(core_->machine, core_->folder, *core_->keys, head));
  const std::lock_guard lock(core_->mutex);
  core_->head = std::move(head);
  return {};
}

const codec::GearTable* Vault::gear(DomainNumber domain) const {
  const keyring::DomainKeys* keys = core_->keys->domain(domain);
  if (keys == nullptr) return nullptr;
  const std::lock_guard lock(core_->mutex);
  auto& table = core_->gears[domain];
  if (!table) table = std::make_unique<codec::GearTable>(codec::make_gear_table(keys->gear_key));
  return table.get();
}

Result<void> Vault::check_room(std::uint64_t wanted_bytes) const { return check_room_of(*core_, wanted_bytes); }

Result<void> Vault::check_room_of(const Core& core, std::uint64_t wanted_bytes) {
  ATOLL_ASSIGN(const platform::SpaceInfo space, core.machine.files.space(core.folder));
  std::uint64_t kept =
      std::min({kRoomKeptBytesMax, std::max(kRoomKeptBytesMin, space.total_bytes / 100), space.total_bytes / 4});
  if (core.reserve_users.load() > 0) kept /= 2;
  if (space.available_bytes < kept || space.available_bytes - kept < wanted_bytes) {
    return fail(ErrorKind::no_space, "home.no_room",
                "the disk that holds the home has " + format_size(space.available_bytes) + " left; " +
                    format_size(wanted_bytes + kept) + " are needed (" + format_size(kept) +
                    " of that stay free so that deleting goes on when it is full)",
                "Make room there, or move the home to a larger disk.");
  }
  return {};
}

}  // namespace atl::vault
