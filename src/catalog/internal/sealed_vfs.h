// A VFS of SQLite's that seals what it writes: one per Catalog object, for one database file and its WAL.
//
// Always true:
//  - SQLite sees an ordinary database and WAL; on disk are only sealed pages and frames (page_seal.h). Other kinds of
//    files (rollback journals, temporary files) are refused: the catalog runs in WAL mode with temporary data in
//    memory.
//  - A page or frame that was not sealed by this key for this place is SQLITE_IOERR_DATA, with one exception: while
//    SQLite looks for the end of a WAL after a crash, a torn frame is that end. Whether a frame may be torn is known
//    from the copy mark: frames that may have been copied into the database were synced before, so they may not.
//  - Before the first page of a checkpoint is written, the mark says `copying` and is synced; before a WAL is begun
//    anew it names the new one, before it is emptied or removed it says `complete`. So a database is never read without
//    the WAL it needs, nor with one that does not continue it.
//  - After a failed write or sync (a full device aside) nothing is written any more until a new Catalog is opened.
// Thread rules: connections of several threads may use one SealedVfs; one connection, one thread.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "catalog/internal/lower_files.h"
#include "catalog/internal/page_seal.h"
#include "foundation/platform/machine.h"

namespace atl::catalog {

class MainFile;

class SealedVfs {
 public:
  struct Settings {
    std::string path;  // of the database file
    codec::SealSuite suite = codec::SealSuite::none;
    VaultId vault;
    bool writable = true;
    bool creates = false;  // an empty file becomes a new catalog file; otherwise it is refused
    bool use_platform_files = false;
    // Nobody writes the file and there is no WAL: read without locks and shared memory (a disk that is full or
    // read-only has no room for them). Only where not writable.
    bool is_immutable = false;
  };
  // Registers itself with SQLite; every connection must be closed before it is destroyed.
  [[nodiscard]] static Result<std::unique_ptr<SealedVfs>> make(const platform::Machine& machine, Settings settings,
                                                               const codec::SecretKey& key);
  SealedVfs(const SealedVfs&) = delete;
  SealedVfs& operator=(const SealedVfs&) = delete;
  SealedVfs(SealedVfs&&) = delete;
  SealedVfs& operator=(SealedVfs&&) = delete;
  ~SealedVfs();

  [[nodiscard]] const char* name() const { return name_.c_str(); }
  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] std::atomic<std::uint64_t>& seals() { return seals_; }
  // Says on disk that the database is whole without its WAL. Only right after a checkpoint that copied all of it.
  [[nodiscard]] int mark_complete();
  // Why the newest failure failed, where this floor knows.
  [[nodiscard]] std::optional<Error> last_problem() const;

  // For the files.
  void note(Error problem);
  [[nodiscard]] bool is_broken() const { return is_broken_.load(std::memory_order_acquire); }
  // Passes on `code` of a write or sync below.
  int note_write(int code);
  [[nodiscard]] platform::Random& random() const { return machine_.random; }
  void attach_writer(MainFile* file);
  void detach_writer(MainFile* file);
  [[nodiscard]] const codec::SecretKey& key() const { return key_; }

 private:
  SealedVfs(const platform::Machine& machine, Settings settings, const codec::SecretKey& key,
            std::unique_ptr<LowerFiles> below);
  int open(sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out);
  int remove(const char* name, int syncs_folder);
  int access(const char* name, int flags, int* result);

  platform::Machine machine_;
  Settings settings_;
  codec::SecretKey key_;
  std::unique_ptr<LowerFiles> below_;
  std::string name_;
  sqlite3_vfs vfs_{};
  std::atomic<std::uint64_t> seals_{0};
  std::atomic<bool> is_broken_{false};

  mutable std::mutex mutex_;
  std::optional<Error> problem_;    // guarded by mutex_
  std::vector<MainFile*> writers_;  // guarded by mutex_; opened for writing, at most one but during opening
};

}  // namespace atl::catalog
