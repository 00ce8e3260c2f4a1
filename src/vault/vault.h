// One vault, opened: its keys, journal, packs and catalog wired together, and brought to one state.
//
// Always true:
//  - Every write goes through commit(); every read sees a state that was synced.
//  - After open() the catalog has applied exactly what the journal holds: what a crash left behind is replayed, and a
//    catalog that is missing, damaged or of another history is rebuilt from the newest checkpoint and the journal.
//  - Deleting catalog.sqlite and indexes/ loses nothing but the time of that rebuild.
//  - At most one process has a vault open for writing (vault.lock); readers need no lock.
//
//     <vault folder>/
//       keyring keyring.2 local.key     keys                                   spec/formats/keyring.md
//       vault.head vault.head.2         constants, checkpoint roots            spec/formats/vault-head.md
//       journal/                        truth: commands                        spec/formats/journal.md
//       packs/<2 hex>/<id>.pack         truth: content                         spec/formats/pack.md
//       catalog.sqlite indexes/         derived                                spec/formats/catalog.md, run.md
//       staging/                        may vanish
//       vault.lock vault.owner          who writes
//
// Thread rules: everything but rebuild(), finish_shredding(), settle() and close() from any thread; a reader is one
// thread's. For these four every other thread has to be out of the vault.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "foundation/codec/cut.h"
#include "foundation/platform/machine.h"
#include "store/chunk/chunk_store.h"
#include "store/journal/journal.h"
#include "store/keyring/keyring.h"
#include "store/keyring/vault_head.h"
#include "vault/commit.h"
#include "vault/keeping/pins.h"

namespace atl::vault {

class Accesses;
struct AccessNotes;

struct VaultOptions {
  bool writable = true;
  Caller caller;            // stamped on every command of the handle that open() gives
  std::string owner_words;  // "pid 4711 on host, atoll put": told to whoever finds the vault locked
  chunk::ChunkStoreOptions chunks;
  catalog::CatalogOptions catalog;
  // Told once each: what was found wrong and mended, or replayed, while opening.
  std::function<void(const std::string&)> on_notice;
};

// Of what a put writes (tier warm). Measured over source code, documents and pages in groups of 1 MiB: 7 stores 7 %
// less than 3 for 1.6 times the processor time of a first put, 9 saves 0.5 % more; unpacking costs the same.
inline constexpr int kZstdLevelDefault = 7;

struct CreateVaultOptions {
  std::string name = "main";
  codec::SealSuite suite = codec::SealSuite::aes256gcm;
  codec::PassphraseCost passphrase_cost;
  std::uint32_t journal_segment_bytes = 64U << 20;
  std::string slot_label;
  int zstd_level = kZstdLevelDefault;  // kept in the vault's head, for good; -7..22
};

// What rebuild() and open() did to the catalog.
struct RebuildReport {
  Lsn from_checkpoint;  // 0: from the beginning of the journal
  std::uint64_t rows = 0;
  std::uint64_t commands = 0;
};

class Vault {
 public:
  // Makes the folder complete or not at all. `folder` must not exist; its parent must.
  [[nodiscard]] static Result<void> create(const platform::Machine& machine, const std::string& folder,
                                           const VaultId& id, const CreateVaultOptions& options,
                                           const keyring::Unlocking& first_slot);
  [[nodiscard]] static Result<std::unique_ptr<Vault>> open(const platform::Machine& machine, const std::string& folder,
                                                           const std::vector<keyring::Unlocking>& candidates,
                                                           const VaultOptions& options);
  Vault(const Vault&) = delete;
  Vault& operator=(const Vault&) = delete;
  Vault(Vault&&) = delete;
  Vault& operator=(Vault&&) = delete;
  // The same open vault for somebody else: what is done through this handle is stamped with `caller`. Costs two
  // pointers; all handles go before close() (a closed vault's other handles may only be destroyed).
  [[nodiscard]] std::unique_ptr<Vault> acting_for(Caller caller) const;
  ~Vault();  // as after a crash: nothing acknowledged is lost, but close() leaves less to do for the next open
  // Seals packs, archives the journal, checkpoints the catalog: nothing can be committed afterwards, reading goes on,
  // and the lock is still held. What a second copy takes is then all in its final form.
  [[nodiscard]] Result<void> settle();
  // settle(), where that was not done, and the end. The vault is unusable afterwards, also on error.
  [[nodiscard]] Result<void> close();

  [[nodiscard]] Result<Lsn> commit(journal::CommandKind kind, CommandBuilder build, OperationId operation = {});
  // For a command that refers to chunks just add()ed: they are synced first, once for all that commit together.
  [[nodiscard]] Result<Lsn> commit_content(CommandBuilder build, OperationId operation = {});
  [[nodiscard]] std::vector<Result<Lsn>> commit_group(journal::CommandKind kind, std::vector<CommandBuilder> builders,
                                                      OperationId operation);
  // Makes everything add()ed to the chunk store durable; the packs begun for it become rows with the next command of
  // this vault, which any command that refers into them must follow or be.
  [[nodiscard]] Result<void> sync_chunks();

  // What the catalog holds through a power cut, brought up to `wanted` where readers let it.
  [[nodiscard]] Result<Lsn> sync_catalog(Lsn wanted);
  // Checkpoints and truncation, one at a time.
  [[nodiscard]] std::unique_lock<std::mutex> hold_past() { return std::unique_lock(core_->past_mutex); }

  [[nodiscard]] std::unique_ptr<catalog::CatalogReader> reader() const { return core_->catalog->reader(); }
  [[nodiscard]] chunk::ChunkStore& chunks() const { return *core_->chunks; }
  [[nodiscard]] journal::Journal& journal() const { return *core_->journal; }
  [[nodiscard]] catalog::Catalog& catalog() const { return *core_->catalog; }
  [[nodiscard]] keyring::Keyring& keys() const { return *core_->keys; }
  [[nodiscard]] keyring::VaultHead head() const;
  [[nodiscard]] Result<void> store_head(keyring::VaultHead head);
  [[nodiscard]] const platform::Machine& machine() const { return core_->machine; }
  [[nodiscard]] const std::string& folder() const { return core_->folder; }
  [[nodiscard]] const Caller& caller() const { return caller_; }
  [[nodiscard]] const std::string& actor() const { return caller_.actor; }
  [[nodiscard]] bool is_writable() const { return core_->options.writable; }
  // Who reads an object says so there. May not outlive this handle.
  [[nodiscard]] Accesses accesses();
  // Expanded once per domain and kept. Null where the domain is unknown or destroyed.
  [[nodiscard]] const codec::GearTable* gear(DomainNumber domain) const;
  // Room that puts leave free, so that deletes and clean-up go on when a disk is full: 1 % of it, at least 16 MiB and
  // at most 256 MiB, of a tiny disk a quarter. Asked for every piece that is stored.
  [[nodiscard]] Result<void> check_room(std::uint64_t wanted_bytes) const;
  // Why nothing can be written until the vault is opened again; none where it can.
  [[nodiscard]] std::optional<Error> write_trouble() const { return core_->committer->stopped(); }
  // While it lives, half of that room may be used: for work that gives back more than it takes. May not outlive the
  // vault.
  class ReserveUse {
   public:
    explicit ReserveUse(std::atomic<int>& users) : users_(users) { ++users_; }
    ReserveUse(const ReserveUse&) = delete;
    ReserveUse& operator=(const ReserveUse&) = delete;
    ReserveUse(ReserveUse&&) = delete;
    ReserveUse& operator=(ReserveUse&&) = delete;
    ~ReserveUse() { --users_; }

   private:
    std::atomic<int>& users_;
  };
  [[nodiscard]] std::unique_ptr<ReserveUse> use_reserve() const {
    return std::make_unique<ReserveUse>(core_->reserve_users);
  }

  // Makes catalog and chunk index anew from the truth. Writable vaults only; every reader must be gone. Where it fails
  // the catalog that was there stays.
  [[nodiscard]] Result<RebuildReport> rebuild();

  // Ends the key domains whose destruction was begun (vault/domain/shred.h); done by every writable open too. Every
  // reader must be gone.
  [[nodiscard]] Result<void> finish_shredding();

 private:
  struct Core {
    Core(const platform::Machine& machine_in, std::string folder_in, VaultOptions options_in)
        : machine(machine_in), folder(std::move(folder_in)), options(std::move(options_in)) {}
    // Fixed after construction.
    platform::Machine machine;
    std::string folder;
    VaultOptions options;
    // In the order in which they are built; destroyed the other way round.
    std::unique_ptr<platform::FileLock> lock;
    std::unique_ptr<Pin> pin;  // of a reader, where it can have one
    std::unique_ptr<keyring::Keyring> keys;
    keyring::VaultHead head;  // after open() guarded by mutex
    std::unique_ptr<journal::Journal> journal;
    std::unique_ptr<catalog::Catalog> catalog;
    std::unique_ptr<chunk::ChunkStore> chunks;
    std::unique_ptr<Committer> committer;
    std::shared_ptr<AccessNotes> access_notes;

    bool is_settled = false;

    std::mutex past_mutex;  // taken before mutex and the committer's
    std::atomic<int> reserve_users = 0;
    std::mutex mutex;
    std::map<DomainNumber, std::unique_ptr<codec::GearTable>> gears;  // guarded by mutex
    std::vector<chunk::NewPack> new_packs;                            // guarded by mutex; not yet rows
  };
  Vault(std::shared_ptr<Core> core, Caller caller);
  [[nodiscard]] Result<void> open_parts(const std::vector<keyring::Unlocking>& candidates);
  [[nodiscard]] Result<void> take_lock();
  [[nodiscard]] Result<void> open_journal(Lsn synced_lsn_hint);
  [[nodiscard]] Result<void> make_catalog(const Error& why);  // where open() found none that could be used
  [[nodiscard]] Result<void> catch_up();                      // the catalog with the journal
  // What to do about a range of the journal that cannot be read.
  enum class OnGap : std::uint8_t { stop, go_on };
  [[nodiscard]] Result<RebuildReport> rebuild_catalog(OnGap on_gap);
  [[nodiscard]] Result<RebuildReport> fill_catalog(const std::string& beside,
                                                   OnGap on_gap);  // into catalog_; left open
  // Packs that a broken-off write left behind get rows with the next command: new content may share their chunks.
  // Those that nothing refers to any more are given up again, before anything is added.
  [[nodiscard]] Result<void> note_unknown_packs();
  // What a broken-off clean-up left to do, or a reader that has gone meanwhile kept from being done.
  void end_clean_up();
  [[nodiscard]] Result<std::uint64_t> replay(Lsn after, OnGap on_gap);
  // The unreadable range of the journal that `lsn` lies in.
  [[nodiscard]] std::optional<journal::LsnRange> lost_range_at(Lsn lsn) const;
  [[nodiscard]] Result<void> open_chunks();
  // Their files and rows, and last the records that say so.
  [[nodiscard]] Result<void> remove_packs_of(const std::set<DomainNumber>& gone,
                                             std::vector<catalog::DomainRow> records);
  void maintain_chunks();
  void start_committer();
  [[nodiscard]] OperationId operation_or_own(const OperationId& operation) const;
  [[nodiscard]] static Result<void> check_room_of(const Core& core, std::uint64_t wanted_bytes);
  void notice(const std::string& words) const;

  std::shared_ptr<Core> core_;
  Caller caller_;
  bool is_guest_ = false;  // made by acting_for()
};

}  // namespace atl::vault
