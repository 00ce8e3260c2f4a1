#include "services/backup/restore_home.h"

#include <algorithm>

#include "services/backup/borrowed_packs.h"
#include "services/backup/copy_target.h"
#include "services/backup/transport.h"
#include "store/chunk/pack_format.h"
#include "store/journal/archive_name.h"

namespace atl::backup {
namespace {

using platform::join;

constexpr std::uint64_t kSmallFileBytesMax = 2 * kMiB;
constexpr std::size_t kPieceBytes = 1024 * 1024;

keyring::Unlocking clone(const keyring::Unlocking& from) {
  keyring::Unlocking copy;
  copy.kind = from.kind;
  copy.passphrase = std::string(from.passphrase.view());
  copy.key = from.key.clone();
  return copy;
}

CopyReach reach_of(const platform::Machine& machine, const RestoreHomeOptions& options) {
  return {.machine = machine, .credentials = options.credentials, .stop = options.stop};
}

class Restoring {
 public:
  Restoring(const platform::Machine& machine, RestoreHomeOptions& options)
      : machine_(machine), options_(options), pacer_(machine.clock, 0, options.stop) {}

  Result<RestoreHomeReport> run() {
    ATOLL_TRY(build());
    ATOLL_TRY(machine_.files.rename(building_, report_.vault_folder));
    ATOLL_TRY(machine_.files.sync_directory(platform::parent_of(report_.vault_folder)));
    return std::move(report_);
  }

  // The vault never gets its name: it is opened where it was built, handed to `work`, and left.
  Result<RestoreHomeReport> rehearse(const std::function<Result<void>(vault::Vault&)>& work) {
    has_packs_lent_ = true;
    ATOLL_TRY(build());
    vault::VaultOptions options = options_.vault;
    options.writable = false;
    ATOLL_ASSIGN(const auto opened, vault::Vault::open(machine_, building_, candidates_, options));
    ATOLL_TRY(work(*opened));
    ATOLL_TRY(opened->close());
    return std::move(report_);
  }

 private:
  Result<void> build() {
    const CopyReach reach = reach_of(machine_, options_);
    ATOLL_ASSIGN(report_.vault, CopyTarget::vault_in(reach, options_.from));
    ATOLL_ASSIGN(target_, CopyTarget::open(reach, options_.from, report_.vault, CopyTarget::Use::read, {}));
    ATOLL_ASSIGN(const auto head, keyring::look_at_vault_head(target_->machine().files, target_->vault_folder())
                                      .or_else([&](const Error& error) { return never_whole(error); }));
    ATOLL_TRY(target_->check_readable());
    if (head.vault != report_.vault)
      return fail(ErrorKind::damaged, "copy.mixed", "the copy's head belongs to another vault than its marker says");
    ATOLL_ASSIGN(home_, open_home());
    report_.vault_folder = home_->vault_folder(report_.vault);
    ATOLL_ASSIGN(const auto done, machine_.files.stat(report_.vault_folder));
    if (done)
      return fail(ErrorKind::conflict, "home.exists", options_.home + " holds this vault already",
                  "Choose another --home.");
    building_ = report_.vault_folder + ".new";
    for (const char* name : {"journal", "packs", "indexes", "staging"})
      ATOLL_TRY(platform::create_directories(machine_.files, join(building_, name)));
    ATOLL_TRY(copy_heads());
    ATOLL_ASSIGN(const auto keys, open_keys());
    ATOLL_TRY(begin_new_history(*keys));
    ATOLL_TRY(copy_files());
    ATOLL_TRY(keep_key_of_this_machine(*keys));
    ATOLL_TRY(machine_.files.sync_directory(building_));
    return prove_it_opens();
  }

  static Result<keyring::VaultHeadOutside> never_whole(const Error& error) {
    if (error.kind != ErrorKind::missing_home) return pass(error);
    return fail(ErrorKind::damaged, "copy.never_whole", "this copy never became whole: its first round was broken off",
                "Where the first home still lives: `atoll copy sync`.");
  }

  Result<std::unique_ptr<vault::Home>> open_home() {
    auto home = vault::Home::create(machine_, options_.home);
    if (home) return home;
    if (home.error().id != "home.exists") return home;
    // Begun by an earlier call that was broken off: then nothing but an unfinished vault is in it.
    ATOLL_ASSIGN(auto there, vault::Home::open(machine_, options_.home));
    if (options_.joins_home) return there;
    ATOLL_ASSIGN(const auto entries, machine_.files.list(join(options_.home, "vaults")));
    const bool is_empty =
        std::ranges::all_of(entries, [&](const auto& entry) { return entry.name == report_.vault.text() + ".new"; });
    if (!is_empty)
      return fail(ErrorKind::conflict, "home.exists", options_.home + " is an Atoll home already",
                  "Choose another --home: a restored home is a new one.");
    return there;
  }

  Result<void> copy_heads() {
    for (const char* name : {"keyring", "keyring.2", "vault.head", "vault.head.2"}) {
      const std::string path = join(building_, name);
      ATOLL_TRY(machine_.files.remove_file(path));
      const auto bytes =
          platform::read_whole(target_->machine().files, join(target_->vault_folder(), name), kSmallFileBytesMax);
      if (!bytes && bytes.error().kind == ErrorKind::not_found) continue;
      if (!bytes && bytes.error().kind != ErrorKind::io && bytes.error().kind != ErrorKind::limit)
        return pass(bytes.error());
      if (bytes) ATOLL_TRY(platform::replace_whole(machine_.files, path, *bytes));
    }
    return {};
  }

  Result<std::unique_ptr<keyring::Keyring>> open_keys() {
    std::vector<keyring::Unlocking> candidates;
    for (const auto& one : options_.given) candidates.push_back(clone(one));
    for (const auto& one : options_.for_now) candidates.push_back(clone(one));
    if (options_.kit) {
      ATOLL_ASSIGN(auto kit, keyring::Keyring::parse_kit(*options_.kit));
      candidates.push_back(std::move(kit));
    }
    auto keys = keyring::Keyring::open(machine_, building_, candidates);
    if (!keys && options_.kit &&
        (keys.error().kind == ErrorKind::wrong_key || keys.error().kind == ErrorKind::damaged ||
         keys.error().kind == ErrorKind::missing_home)) {
      // The keys were changed after the kit was made, or the copy's keyring is gone: the kit's file has its own.
      ATOLL_ASSIGN(const auto owner, keyring::Keyring::vault_of_kit(*options_.kit));
      if (!owner || *owner != report_.vault) return keys;
      for (const char* name : {"keyring", "keyring.2"}) ATOLL_TRY(machine_.files.remove_file(join(building_, name)));
      auto brought_back = keyring::Keyring::restore_from_kit(machine_, building_, *options_.kit);
      if (!brought_back) return keys;
      report_.has_older_keys = true;
      keys = std::move(brought_back);
    }
    if (!keys && keys.error().kind == ErrorKind::locked) {
      Error error = std::move(keys).error();
      error.kind = ErrorKind::wrong_key;
      error.hint = "Give the recovery kit with --kit, or the passphrase with --password-file.";
      return pass(std::move(error));
    }
    if (keys) {
      candidates_ = std::move(candidates);
      if ((*keys)->was_damaged()) ignore_error_on_purpose((*keys)->repair());
    }
    return keys;
  }

  // Cursors and followers keep (history id, LSN): what follows here is another continuation than the one that was lost
  // with the first home, and must not be taken for it. The checkpoints belong to the past that both share.
  Result<void> begin_new_history(const keyring::Keyring& keys) {
    ATOLL_ASSIGN(auto loaded, keyring::load_vault_head(machine_, building_, keys, keyring::HealHead::yes));
    keyring::VaultHead head = std::move(loaded.head);
    head.history = platform::new_id<HistoryId>(machine_);
    for (auto& root : head.checkpoints) root.history = head.history;
    return keyring::store_vault_head(machine_, building_, keys, head);
  }

  struct Task {
    std::string name;
    std::uint64_t size = 0;
    blob::FileTag tag{};
    bool is_pack = false;
    bool is_finished = true;
  };

  Result<void> copy_files() {
    packs_ = pack_store(machine_, building_);
    journal_ = journal_store(machine_, building_);
    ATOLL_ASSIGN(const auto packs, target_->packs().enumerate());
    ATOLL_ASSIGN(const auto archives, target_->journal().enumerate());
    for (const auto& blob : archives) {
      if (!blob.is_finished) continue;
      const auto name = journal::parse_archive_name(blob.name);
      if (!name && blob.name != "horizon") continue;
      tasks_.push_back(
          {blob.name, blob.size, name ? journal::archive_tag(name->first, name->last) : blob::FileTag{}, false, true});
      total_bytes_ += blob.size;
      ++report_.archives;
    }
    for (const auto& blob : packs) {
      const auto id = chunk::pack_of_blob_name(blob.name);
      const bool is_leftover = !tasks_.empty() && tasks_.back().name == blob.name;  // beside the finished one
      if (!id || is_leftover) continue;
      ++report_.packs;
      if (has_packs_lent_ && blob.is_finished) continue;
      tasks_.push_back({blob.name, blob.size, id->bytes, true, blob.is_finished});
      total_bytes_ += blob.size;
    }
    ATOLL_ASSIGN(const auto space, machine_.files.space(options_.home));
    if (space.available_bytes < total_bytes_ / 100 * 99) ATOLL_TRY(check_room(space.available_bytes));
    pacer_.on_progress = [this](std::uint64_t bytes) {
      if (!options_.on_progress) return;
      const std::lock_guard lock(mutex_);
      options_.on_progress(bytes, std::max(bytes, total_bytes_));
    };
    const auto work = [this] {
      for (;;) {
        const std::size_t next = next_.fetch_add(1);
        if (next >= tasks_.size() || has_failed_.load()) return;
        auto done = copy_one(tasks_[next]);
        if (done) continue;
        const std::lock_guard lock(mutex_);
        if (!error_) error_ = done.error();
        has_failed_.store(true);
      }
    };
    std::vector<std::unique_ptr<platform::Thread>> threads;
    for (unsigned i = 1; i < options_.workers; ++i) threads.push_back(machine_.threads.start("restore-home", work));
    work();
    for (auto& thread : threads) thread->join();
    if (error_) return pass(std::move(*error_));
    report_.bytes = pacer_.bytes();
    return {};
  }

  Result<void> check_room(std::uint64_t available_bytes) {
    ATOLL_ASSIGN(const auto there, packs_->enumerate());
    std::uint64_t done = 0;
    for (const auto& blob : there) done += blob.size;
    if (available_bytes + done >= total_bytes_) return {};
    return fail(ErrorKind::no_space, "home.no_room",
                "the copy takes " + std::to_string(total_bytes_) + " bytes, the disk of " + options_.home + " has " +
                    std::to_string(available_bytes) + " left",
                "Choose a home on a larger disk.");
  }

  Result<void> copy_one(const Task& task) {
    ATOLL_TRY(pacer_.check_stop());
    const blob::BlobStore& from = task.is_pack ? target_->packs() : target_->journal();
    blob::BlobStore& to = task.is_pack ? *packs_ : *journal_;
    ATOLL_ASSIGN(const auto there, to.stat(task.name));
    if (there && there->is_finished && task.is_finished && there->size == task.size) return {};
    const auto read = [&](std::uint64_t offset, ByteSpan out) { return from.fetch(task.name, offset, out); };
    if (task.is_finished && task.name != "horizon") {
      ATOLL_ASSIGN(const Carried carried,
                   carry_whole(read, task.size, task.tag, to, task.name, 0, IfDamaged::carry, pacer_));
      if (carried.is_damaged) {
        const std::lock_guard lock(mutex_);
        if (options_.on_notice) options_.on_notice(task.name + " is damaged in the copy; it was taken as it is");
      }
      return {};
    }
    if (there && there->is_finished) ATOLL_TRY(to.remove(task.name));
    ATOLL_TRY(to.remove_unfinished(task.name));
    ATOLL_ASSIGN(const auto writer, to.receive(task.name));
    Buffer piece(kPieceBytes);
    for (std::uint64_t at = 0; at < task.size;) {
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, task.size - at));
      ATOLL_ASSIGN(const std::size_t got, read(at, piece.span().first(wanted)));
      if (got == 0) break;
      ATOLL_TRY(writer->append(piece.view().first(got)));
      ATOLL_TRY(pacer_.wrote(got));
      at += got;
    }
    return task.is_finished ? writer->commit() : writer->sync();
  }

  // As `init` does: this machine opens the vault by a key file of its own, outside the home. Where a passphrase was
  // given that goes on opening it.
  Result<void> keep_key_of_this_machine(keyring::Keyring& keys) {
    if (keys.suite() == codec::SealSuite::none || options_.key_folder.empty()) return {};
    if (!options_.kit && options_.for_now.empty()) return {};
    if (!options_.kit && !options_.given.empty() && keyring::Keyring::open(machine_, building_, options_.given))
      return {};
    const std::string path = join(options_.key_folder, report_.vault.text() + ".key");
    if (auto own = vault::read_key_file(machine_.files, path); own) {
      std::vector<keyring::Unlocking> candidates;
      candidates.push_back(clone(*own));
      if (keyring::Keyring::open(machine_, building_, candidates)) return {};
      // A key of another time: kept, under a name that says so.
      ATOLL_TRY(machine_.files.rename(path, path + ".old"));
    }
    ATOLL_TRY(platform::create_directories(machine_.files, options_.key_folder));
    keyring::Unlocking own;
    own.kind = keyring::SlotKind::key_file;
    machine_.random.fill(own.key.fill());
    std::string text = to_hex(own.key.view()) + "\n";
    const auto written = platform::replace_whole(machine_.files, path, as_bytes(text));
    codec::wipe(text);
    ATOLL_TRY(written);
    ATOLL_TRY(keys.add_slot(own, "this machine"));
    report_.key_file = path;
    return {};
  }

  // Opening for writing makes catalog and index and reads every footer and change on the way.
  Result<void> prove_it_opens() {
    vault::VaultOptions options = options_.vault;
    options.writable = true;
    ATOLL_ASSIGN(const auto opened, vault::Vault::open(machine_, building_, candidates_, options));
    report_.last = opened->journal().last();
    report_.last_time = opened->journal().last_commit_time();
    for (const auto& lost : opened->journal().recovery().lost) {
      if (options_.on_notice)
        options_.on_notice("changes " + std::to_string(lost.first.value) + " to " + std::to_string(lost.last.value) +
                           " are missing in the copy");
    }
    for (const auto& root : opened->head().checkpoints) {
      if (root.lsn <= report_.last) continue;
      return fail(ErrorKind::damaged, "copy.in_between",
                  "the copy's journal ends before its newest checkpoint: it was being brought up to date over a gap "
                  "when that broke off",
                  "Where the first home still lives: `atoll copy sync`.");
    }
    return opened->close();
  }

  const platform::Machine& machine_;
  RestoreHomeOptions& options_;
  Pacer pacer_;
  RestoreHomeReport report_;
  std::unique_ptr<CopyTarget> target_;
  std::unique_ptr<vault::Home> home_;
  std::string building_;
  bool has_packs_lent_ = false;  // the finished packs are read where they lie
  std::vector<keyring::Unlocking> candidates_;
  std::unique_ptr<blob::BlobStore> packs_;
  std::unique_ptr<blob::BlobStore> journal_;
  std::vector<Task> tasks_;
  std::uint64_t total_bytes_ = 0;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> has_failed_ = false;
  std::mutex mutex_;
  std::optional<Error> error_;  // guarded by mutex_
};

}  // namespace

Result<RestoreHomeReport> restore_home(const platform::Machine& machine, RestoreHomeOptions options) {
  options.workers = std::max(1U, options.workers);
  return Restoring(machine, options).run();
}

Result<RestoreHomeReport> rehearse_home(const platform::Machine& machine, RestoreHomeOptions options,
                                        const std::function<Result<void>(vault::Vault&)>& work) {
  options.workers = std::max(1U, options.workers);
  options.key_folder.clear();
  const CopyReach reach = reach_of(machine, options);
  ATOLL_ASSIGN(const VaultId id, CopyTarget::vault_in(reach, options.from));
  const std::string home = options.home;
  ATOLL_ASSIGN(const auto there, machine.files.stat(home));
  if (there) return fail(ErrorKind::conflict, "home.exists", home + " is there already", "Choose another folder.");
  const std::string vault_here = join(join(home, "vaults"), id.text() + ".new");
  ATOLL_ASSIGN(const auto copy, CopyTarget::open(reach, options.from, id, CopyTarget::Use::read, {}));
  const platform::Machine there_machine = copy->machine();
  BorrowedPacks files(machine.files, join(vault_here, "packs"), there_machine.files,
                      join(copy->vault_folder(), "packs"));
  const platform::Machine lending{files, machine.clock, machine.random, machine.threads};
  auto report = Restoring(lending, options).rehearse(work);
  auto removed = platform::remove_tree(machine.files, home);
  if (report && !removed) return pass(std::move(removed).error());
  return report;
}

}  // namespace atl::backup
