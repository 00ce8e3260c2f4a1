#include "vault/vault.h"

#include <algorithm>

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

Vault::Vault(const platform::Machine& machine, std::string folder, VaultOptions options)
    : machine_(machine),
      folder_(std::move(folder)),
      options_(std::move(options)),
      accesses_(std::make_unique<Accesses>(*this)) {}

Vault::~Vault() = default;

void Vault::notice(const std::string& words) const {
  if (options_.on_notice) options_.on_notice(words);
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
  std::unique_ptr<Vault> vault(new Vault(machine, folder, options));
  ATOLL_TRY(vault->open_parts(candidates));
  return vault;
}

Result<void> Vault::take_lock() {
  auto lock = machine_.files.lock(join(folder_, "vault.lock"), platform::LockMode::exclusive);
  if (!lock) {
    if (lock.error().kind != ErrorKind::locked) return pass(std::move(lock).error());
    return pass(locked_error(machine_.files, folder_, std::move(lock).error()));
  }
  lock_ = std::move(*lock);
  if (!options_.owner_words.empty()) {
    // For people only: a failure to write it must not keep anybody from working.
    auto file = machine_.files.open(owner_path(folder_), platform::OpenMode::create_or_open);
    if (file) {
      ignore_error_on_purpose((*file)->set_size(0));
      ignore_error_on_purpose((*file)->write_at(0, as_bytes(options_.owner_words)));
    }
  }
  return {};
}

Result<void> Vault::open_parts(const std::vector<keyring::Unlocking>& candidates) {
  ATOLL_ASSIGN(const auto there, machine_.files.stat(folder_));
  if (!there) return fail(ErrorKind::missing_home, "vault.missing", "there is no vault in " + folder_);
  if (options_.writable) {
    ATOLL_TRY(take_lock());
  } else {
    pin_ = Pin::hold(machine_, folder_);
  }
  ATOLL_ASSIGN(keys_, keyring::Keyring::open(machine_, folder_, candidates));
  if (keys_->was_damaged() && options_.writable) {
    const auto repaired = keys_->repair();
    notice(repaired ? "one copy of the keyring was damaged; it was written anew from the other"
                    : "one copy of the keyring is damaged and could not be mended: " + repaired.error().message);
  }
  const auto heal = options_.writable ? keyring::HealHead::yes : keyring::HealHead::no;
  ATOLL_ASSIGN(auto loaded, keyring::load_vault_head(machine_, folder_, *keys_, heal));
  head_ = std::move(loaded.head);
  for (const std::string& finding : loaded.findings) notice(finding);

  Lsn synced_lsn_hint;
  // The catalog first: what it has applied was synced in the journal, so a journal that ends earlier has lost
  // something, and its LSNs must not be given out again.
  auto catalog_options = options_.catalog;
  catalog_options.writable = options_.writable;
  auto opened = catalog::Catalog::open(machine_, folder_, head_.suite, keys_->derived_key("catalog"), head_.vault,
                                       head_.history, catalog_options);
  if (opened) {
    catalog_ = std::move(*opened);
    synced_lsn_hint = catalog_->applied();
  } else if (opened.error().id != "catalog.needs_rebuild") {
    // SQLite says "I/O error" also where its shared memory finds no room.
    const auto space = machine_.files.space(folder_);
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
  if (ready && options_.writable) ready = note_unknown_packs();
  if (!ready) {
    // A page may be bad that nobody had read before.
    const Error& error = ready.error();
    if (!options_.writable || error.kind != ErrorKind::damaged || !error.id.starts_with("catalog.")) return ready;
    notice("the catalog is damaged and is made anew from the journal: " + error.message);
    ATOLL_TRY(rebuild_catalog(OnGap::go_on));
    ATOLL_TRY(note_unknown_packs());
  }
  committer_ = std::make_unique<Committer>(machine_, *journal_, *catalog_);
  if (pin_) pin_->set(catalog_->applied());
  if (!options_.writable) return {};
  end_clean_up();
  return finish_shredding();
}

Result<void> Vault::open_journal(Lsn synced_lsn_hint) {
  journal::JournalOptions options;
  options.segment_bytes = head_.journal_segment_bytes;
  options.history = head_.history;
  options.writable = options_.writable;
  options.synced_lsn_hint = synced_lsn_hint;
  ATOLL_ASSIGN(journal_, journal::Journal::open(machine_, folder_, journal::JournalKeys::from(*keys_), options));
  for (const std::string& remark : journal_->recovery().remarks) notice(remark);
  return {};
}

Result<void> Vault::open_chunks() {
  auto options = options_.chunks;
  options.parity_data = head_.parity_data;
  options.parity_count = head_.parity_extra;
  options.zstd_level_warm = head_.zstd_level_warm;
  options.zstd_level_cold = head_.zstd_level_cold;
  options.check_room = [this](std::uint64_t bytes) { return check_room(bytes); };
  ATOLL_ASSIGN(chunks_, chunk::ChunkStore::open(machine_, folder_, *keys_, options, options_.writable));
  const chunk::OpenReport& report = chunks_->open_report();
  if (report.index_was_rebuilt && !report.index_trouble.empty()) {
    notice("the chunk index was built anew from the packs: " + report.index_trouble);
  }
  for (const std::string& warning : report.warnings) notice(warning);
  return {};
}

Result<void> Vault::make_catalog(const Error& why) {
  if (!options_.writable) {
    return fail(ErrorKind::damaged, "catalog.needs_rebuild", "the catalog has to be made anew: " + why.message,
                "Any command that writes does it, or `atoll doctor --rebuild`.");
  }
  ATOLL_ASSIGN(const auto report, rebuild_catalog(OnGap::go_on));
  if (journal_->last().value > 0) {
    notice("the catalog was made anew from " +
           (report.from_checkpoint.value > 0 ? "a checkpoint of " + std::to_string(report.rows) + " rows and "
                                             : std::string()) +
           std::to_string(report.commands) + " changes of the journal (" + why.message + ")");
  }
  return {};
}

Result<void> Vault::catch_up() {
  if (options_.writable) {
    ATOLL_TRY(replay(catalog_->applied(), OnGap::go_on));
  } else if (catalog_->applied() < journal_->last()) {
    notice("showing the state at change " + std::to_string(catalog_->applied().value) + " of " +
           std::to_string(journal_->last().value) + ": the rest is applied by the next command that writes");
  }
  return {};
}

Result<std::uint64_t> Vault::replay(Lsn after, OnGap on_gap) {
  if (after >= journal_->last()) return 0;
  std::uint64_t commands = 0;
  std::size_t in_group = 0;
  Lsn next = after.next();
  ATOLL_TRY(catalog_->begin_group());
  const auto visit = [&](const journal::Command& command) -> Result<bool> {
    for (const auto& payload : command.payloads) {
      if (!payload.plain) continue;  // erased: it changes nothing that may still be seen
      ATOLL_ASSIGN(const auto rows, journal::decode_row_changes(*payload.plain));
      ATOLL_TRY(catalog_->apply(command.envelope.lsn, command.envelope.commit_time, rows));
    }
    if (command.payloads.empty()) ATOLL_TRY(catalog_->apply(command.envelope.lsn, command.envelope.commit_time, {}));
    ++commands;
    next = command.envelope.lsn.next();
    if (++in_group == kReplayCommandsPerGroup) {
      ATOLL_TRY(catalog_->commit_group());
      ATOLL_TRY(catalog_->begin_group());
      in_group = 0;
    }
    return true;
  };
  while (next <= journal_->last()) {
    const auto read = journal_->read(next, journal_->last(), visit);
    if (read) break;
    const auto gap = read.error().id == "journal.lost" ? lost_range_at(next) : std::nullopt;
    if (!gap) {
      catalog_->roll_back_group();
      return pass(Error(read.error()).with_context("applying the journal to the catalog"));
    }
    if (on_gap == OnGap::stop) {
      catalog_->roll_back_group();
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
  ATOLL_TRY(catalog_->commit_group());
  return commands;
}

std::optional<journal::LsnRange> Vault::lost_range_at(Lsn lsn) const {
  const auto report = journal_->verify(false);
  if (!report) return std::nullopt;
  for (const journal::LsnRange& range : report->lost) {
    if (range.first <= lsn && lsn <= range.last) return range;
  }
  return std::nullopt;
}

Result<RebuildReport> Vault::rebuild_catalog(OnGap on_gap) {
  // Built beside and put in place when it is whole: a rebuild that breaks off or cannot succeed leaves the catalog that
  // was there, and half a catalog is never taken for one.
  platform::FileSystem& files = machine_.files;
  const std::string beside = join(folder_, "staging/catalog");
  catalog_.reset();
  ATOLL_TRY(platform::remove_tree(files, beside));
  ATOLL_TRY(platform::create_directories(files, beside));
  auto report = fill_catalog(beside, on_gap);
  if (report) {
    ATOLL_TRY(catalog_->checkpoint_wal());
    ATOLL_INVARIANT(catalog_->synced() == catalog_->applied(), "no reader holds a catalog that nobody else knows");
  }
  catalog_.reset();
  if (!report) {
    ignore_error_on_purpose(platform::remove_tree(files, beside));
    return report;
  }
  ATOLL_TRY(catalog::Catalog::remove(files, folder_));
  ATOLL_TRY(files.rename(join(beside, kCatalogFile), join(folder_, kCatalogFile)));
  ATOLL_TRY(files.sync_directory(folder_));
  ATOLL_TRY(platform::remove_tree(files, beside));
  auto options = options_.catalog;
  options.writable = true;
  ATOLL_ASSIGN(catalog_, catalog::Catalog::open(machine_, folder_, head_.suite, keys_->derived_key("catalog"),
                                                head_.vault, head_.history, options));
  return report;
}

Result<RebuildReport> Vault::fill_catalog(const std::string& beside, OnGap on_gap) {
  auto options = options_.catalog;
  options.writable = true;
  const auto make = [&]() -> Result<void> {
    catalog_.reset();
    ATOLL_ASSIGN(catalog_, catalog::Catalog::create_new(machine_, beside, head_.suite, keys_->derived_key("catalog"),
                                                        head_.vault, head_.history, options));
    return {};
  };
  ATOLL_TRY(make());
  RebuildReport report;
  // The whole journal needs no checkpoint; else the newest one that can be read whole, then the commands after it.
  ATOLL_ASSIGN(const auto stats, journal_->stats());
  const bool is_whole = stats.first_with_payloads <= Lsn{1};
  std::optional<Error> last_failure;
  for (const auto& root : head_.checkpoints) {
    if (root.history != head_.history && is_whole) continue;
    auto loaded = load_checkpoint(*this, root.root, [&](const std::vector<journal::RowChange>& rows) -> Result<void> {
      ATOLL_TRY(catalog_->begin_group());
      ATOLL_TRY(catalog_->apply(root.lsn, {}, rows));
      report.rows += rows.size();
      return catalog_->commit_group();
    });
    if (loaded) {
      ATOLL_TRY(catalog_->settle_totals());
      report.from_checkpoint = root.lsn;
      break;
    }
    last_failure = loaded.error();
    notice("the checkpoint at change " + std::to_string(root.lsn.value) + " cannot be read (" + loaded.error().message +
           "); trying an older one");
    report.rows = 0;
    ATOLL_TRY(make());
  }
  if (report.from_checkpoint.value == 0 && !is_whole && journal_->last().value > 0) {
    return fail(ErrorKind::damaged, "vault.no_checkpoint",
                "no checkpoint can be read, and the journal no longer reaches back to the beginning" +
                    (last_failure ? ": " + last_failure->message : std::string()),
                "Restore this vault from a copy; packs and journal are left as they are.");
  }
  ATOLL_ASSIGN(report.commands, replay(report.from_checkpoint, on_gap));
  return report;
}

Result<RebuildReport> Vault::rebuild() {
  if (!options_.writable) return fail(ErrorKind::usage, "vault.read_only", "this vault was opened for reading only");
  committer_.reset();
  catalog_.reset();
  chunks_.reset();
  ATOLL_TRY(run::RunSet::remove_all(machine_, join(folder_, "indexes/chunks")));
  ATOLL_TRY(open_chunks());
  auto report = rebuild_catalog(OnGap::stop);
  if (!report) {
    // The one that was there still serves, where there is one that can be read.
    auto old = catalog::Catalog::open(machine_, folder_, head_.suite, keys_->derived_key("catalog"), head_.vault,
                                      head_.history, options_.catalog);
    if (old) catalog_ = std::move(*old);
    const bool has_gaps = report.error().id == "vault.rebuild_has_gaps";
    if (has_gaps && !(catalog_ && is_readable(*catalog_))) report = rebuild_catalog(OnGap::go_on);
    if (!catalog_) return report;
  }
  committer_ = std::make_unique<Committer>(machine_, *journal_, *catalog_);
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
  if (!retired.empty()) chunks_->condemn_again(retired);
  const std::lock_guard lock(mutex_);
  new_packs_.clear();
  for (const chunk::PackInfo& pack : chunks_->list_packs()) {
    const bool is_known = std::ranges::any_of(*known, [&](const catalog::PackRow& row) { return row.id == pack.id; });
    if (!is_known && keys_->domain(pack.domain) != nullptr)
      new_packs_.push_back({pack.id, pack.domain, pack.temperature});
  }
  return {};
}

void Vault::end_clean_up() {
  // Room is all that this costs where it fails.
  if (const auto removed = remove_retired_packs(*this); !removed)
    notice("packs that nothing needs any more could not be removed yet: " + removed.error().message);
}

Result<void> Vault::settle() {
  if (!options_.writable || is_settled_) return {};
  is_settled_ = true;
  std::optional<Error> first;
  const auto note = [&](const Result<void>& step) {
    if (!step && !first) first = step.error();
  };
  // Parts are missing after a rebuild that failed.
  if (chunks_) {
    maintain_chunks();
    note(chunks_->close());
  }
  if (catalog_) note(catalog_->checkpoint_wal());
  if (journal_) note(journal_->close());
  if (first) return pass(std::move(*first));
  return {};
}

Result<void> Vault::close() {
  if (catalog_) accesses_->flush();
  const auto settled = settle();
  if (options_.writable) ignore_error_on_purpose(machine_.files.remove_file(owner_path(folder_)));
  committer_.reset();
  catalog_.reset();
  chunks_.reset();
  journal_.reset();
  pin_.reset();
  lock_.reset();
  return settled;
}

// Nobody waits for the index to be merged but who writes much; few files are merged by its own flushes in time. It is
// derived: where that fails, by a full disk for one, it stays as it is.
void Vault::maintain_chunks() {
  constexpr std::uint64_t kMuch = 100'000;  // chunks: a few seconds of a put, far more than what merging them takes
  if (chunks_->stats().chunks_added < kMuch) return;
  for (int i = 0; i < 8; ++i) {
    const auto has_more = chunks_->maintain();
    if (!has_more || !*has_more) return;
  }
}

Result<void> Vault::sync_chunks() {
  ATOLL_ASSIGN(auto fresh, chunks_->sync());
  const std::lock_guard lock(mutex_);
  new_packs_.insert(new_packs_.end(), fresh.begin(), fresh.end());
  return {};
}

Result<Lsn> Vault::sync_catalog(Lsn wanted) {
  Lsn synced;
  ATOLL_TRY(committer_->between_groups([&]() -> Result<void> {
    if (catalog_->synced() < wanted) ATOLL_TRY(catalog_->checkpoint_wal());
    synced = catalog_->synced();
    return {};
  }));
  return synced;
}

Result<Lsn> Vault::commit(journal::CommandKind kind, CommandBuilder build, OperationId operation) {
  std::vector<CommandBuilder> builders;
  builders.push_back(std::move(build));
  return std::move(commit_group(kind, std::move(builders), operation).front());
}

std::vector<Result<Lsn>> Vault::commit_group(journal::CommandKind kind, std::vector<CommandBuilder> builders,
                                             OperationId operation) {
  std::vector<chunk::NewPack> packs;
  {
    const std::lock_guard lock(mutex_);
    packs.swap(new_packs_);
  }
  std::vector<CommandRequest> requests;
  requests.reserve(builders.size());
  for (std::size_t i = 0; i < builders.size(); ++i) {
    CommandRequest request;
    request.kind = kind;
    request.operation = operation;
    request.actor = options_.actor;
    request.build = std::move(builders[i]);
    // Packs become rows no later than the first command that refers into them: with the first that is not refused.
    if (!packs.empty()) {
      request.build = [build = std::move(request.build), &packs](const CommitContext& context,
                                                                 ChangeSet& changes) -> Result<void> {
        ATOLL_ASSIGN(const auto known, context.state.pack(packs.front().id));
        if (known) return build(context, changes);
        for (const auto& pack : packs) {
          catalog::PackRow row;
          row.id = pack.id;
          row.domain = pack.domain;
          row.temperature = static_cast<catalog::Temperature>(pack.temperature);
          row.created = context.commit_time;
          changes.put(row);
        }
        return build(context, changes);
      };
    }
    requests.push_back(std::move(request));
  }
  std::vector<Result<Lsn>> answers;
  if (requests.size() == 1) {
    answers.push_back(committer_->submit(std::move(requests.front())));
  } else {
    answers = committer_->submit_group(std::move(requests));
  }
  const bool any_done = std::ranges::any_of(answers, [](const Result<Lsn>& answer) { return answer.has_value(); });
  if (!packs.empty() && !any_done) {
    const std::lock_guard lock(mutex_);
    new_packs_.insert(new_packs_.begin(), packs.begin(), packs.end());
  }
  return answers;
}

Result<void> Vault::store_head(keyring::VaultHead head) {
  ATOLL_TRY(keyring::store_vault_head(machine_, folder_, *keys_, head));
  head_ = std::move(head);
  return {};
}

const codec::GearTable* Vault::gear(DomainNumber domain) const {
  const keyring::DomainKeys* keys = keys_->domain(domain);
  if (keys == nullptr) return nullptr;
  const std::lock_guard lock(mutex_);
  auto& table = gears_[domain];
  if (!table) table = std::make_unique<codec::GearTable>(codec::make_gear_table(keys->gear_key));
  return table.get();
}

Result<void> Vault::check_room(std::uint64_t wanted_bytes) const {
  ATOLL_ASSIGN(const platform::SpaceInfo space, machine_.files.space(folder_));
  std::uint64_t kept =
      std::min({kRoomKeptBytesMax, std::max(kRoomKeptBytesMin, space.total_bytes / 100), space.total_bytes / 4});
  if (reserve_users_.load() > 0) kept /= 2;
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
