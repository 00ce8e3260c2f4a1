#include "catalog/internal/sealed_vfs.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "catalog/internal/sealed_files.h"

namespace atl::catalog {
namespace {

// What SQLite holds of an open file. C on the outside.
struct Shim {
  sqlite3_file base;
  SealedFile* file;
};

SealedFile& file_of(sqlite3_file* file) { return *reinterpret_cast<Shim*>(file)->file; }  // NOLINT

ByteSpan span_of(void* data, int bytes) { return {static_cast<std::uint8_t*>(data), static_cast<std::size_t>(bytes)}; }
ByteView view_of(const void* data, int bytes) {
  return {static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(bytes)};
}

constexpr int kPathBytesMax = 4096;

// Version 2: shared memory, no memory-mapped pages (those would be read past the seal).
constexpr sqlite3_io_methods make_methods() {
  sqlite3_io_methods methods{};
  methods.iVersion = 2;
  methods.xClose = [](sqlite3_file* file) {
    auto* const shim = reinterpret_cast<Shim*>(file);  // NOLINT
    delete shim->file;                                 // NOLINT(cppcoreguidelines-owning-memory): SQLite owns the shim
    shim->file = nullptr;
    return SQLITE_OK;
  };
  methods.xRead = [](sqlite3_file* file, void* data, int bytes, sqlite3_int64 offset) {
    return file_of(file).read(static_cast<std::uint64_t>(offset), span_of(data, bytes));
  };
  methods.xWrite = [](sqlite3_file* file, const void* data, int bytes, sqlite3_int64 offset) {
    return file_of(file).write(static_cast<std::uint64_t>(offset), view_of(data, bytes));
  };
  methods.xTruncate = [](sqlite3_file* file, sqlite3_int64 size) {
    return file_of(file).truncate(static_cast<std::uint64_t>(size));
  };
  methods.xSync = [](sqlite3_file* file, int /*flags*/) { return file_of(file).sync(); };
  methods.xFileSize = [](sqlite3_file* file, sqlite3_int64* size) {
    std::uint64_t value = 0;
    const int code = file_of(file).size(value);
    *size = static_cast<sqlite3_int64>(value);
    return code;
  };
  methods.xLock = [](sqlite3_file* file, int level) { return file_of(file).below().lock(level); };
  methods.xUnlock = [](sqlite3_file* file, int level) { return file_of(file).below().unlock(level); };
  methods.xCheckReservedLock = [](sqlite3_file* file, int* result) {
    return file_of(file).below().check_reserved_lock(*result);
  };
  methods.xFileControl = [](sqlite3_file* file, int operation, void* argument) {
    return file_of(file).control(operation, argument);
  };
  methods.xSectorSize = [](sqlite3_file*) { return static_cast<int>(kPageBytes); };
  // A write that is cut by a power failure leaves the bytes around it alone: no padding of commits in the WAL.
  methods.xDeviceCharacteristics = [](sqlite3_file* file) {
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE | (file_of(file).is_immutable() ? SQLITE_IOCAP_IMMUTABLE : 0);
  };
  methods.xShmMap = [](sqlite3_file* file, int region, int bytes, int extend, void volatile** out) {
    return file_of(file).below().shm_map(region, bytes, extend, out);
  };
  methods.xShmLock = [](sqlite3_file* file, int offset, int count, int flags) {
    return file_of(file).below().shm_lock(offset, count, flags);
  };
  methods.xShmBarrier = [](sqlite3_file* file) { file_of(file).below().shm_barrier(); };
  methods.xShmUnmap = [](sqlite3_file* file, int deletes) { return file_of(file).below().shm_unmap(deletes); };
  return methods;
}

constexpr sqlite3_io_methods kMethods = make_methods();

SealedVfs& self(sqlite3_vfs* vfs) { return *static_cast<SealedVfs*>(vfs->pAppData); }

}  // namespace

Result<std::unique_ptr<SealedVfs>> SealedVfs::make(const platform::Machine& machine, Settings settings,
                                                   const codec::SecretKey& key) {
  std::unique_ptr<LowerFiles> below =
      settings.use_platform_files ? make_platform_files(machine.files) : make_sqlite_unix_files();
  if (below == nullptr)
    return fail(ErrorKind::unsupported, "catalog.no_sqlite_files", "this SQLite has no `unix` files");
  std::unique_ptr<SealedVfs> made(new SealedVfs(machine, std::move(settings), key, std::move(below)));
  if (sqlite3_vfs_register(&made->vfs_, 0) != SQLITE_OK) {
    return fail(ErrorKind::failed, "catalog.vfs_refused", "SQLite does not take the catalog's file layer");
  }
  return made;
}

SealedVfs::SealedVfs(const platform::Machine& machine, Settings settings, const codec::SecretKey& key,
                     std::unique_ptr<LowerFiles> below)
    : machine_(machine), settings_(std::move(settings)), key_(key.clone()), below_(std::move(below)) {
  std::array<char, 40> name{};
  std::snprintf(name.data(), name.size(), "atoll-%p", static_cast<void*>(this));  // its address: unique while it lives
  name_ = name.data();
  vfs_.iVersion = 2;
  vfs_.szOsFile = sizeof(Shim);
  vfs_.mxPathname = kPathBytesMax;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.xOpen = [](sqlite3_vfs* vfs, sqlite3_filename file_name, sqlite3_file* file, int flags, int* flags_out) {
    return self(vfs).open(file_name, file, flags, flags_out);
  };
  vfs_.xDelete = [](sqlite3_vfs* vfs, const char* file_name, int syncs) { return self(vfs).remove(file_name, syncs); };
  vfs_.xAccess = [](sqlite3_vfs* vfs, const char* file_name, int flags, int* result) {
    return self(vfs).access(file_name, flags, result);
  };
  vfs_.xFullPathname = [](sqlite3_vfs* vfs, const char* file_name, int bytes, char* out) {
    return self(vfs).below_->full_path(file_name, bytes, out);
  };
  vfs_.xDlOpen = [](sqlite3_vfs*, const char*) -> void* { return nullptr; };
  vfs_.xDlError = [](sqlite3_vfs*, int bytes, char* out) {
    if (bytes > 0) *out = '\0';
  };
  vfs_.xDlSym = [](sqlite3_vfs*, void*, const char*) -> void (*)() { return nullptr; };
  vfs_.xDlClose = [](sqlite3_vfs*, void*) {};
  vfs_.xRandomness = [](sqlite3_vfs* vfs, int bytes, char* out) {
    self(vfs).machine_.random.fill(span_of(out, bytes));
    return bytes;
  };
  vfs_.xSleep = [](sqlite3_vfs* vfs, int microseconds) { return self(vfs).below_->sleep(microseconds); };
  // Julian days in milliseconds.
  vfs_.xCurrentTimeInt64 = [](sqlite3_vfs* vfs, sqlite3_int64* out) {
    constexpr sqlite3_int64 kUnixEpochMs = 210866760000000LL;
    *out = kUnixEpochMs + self(vfs).machine_.clock.now().unix_us / 1000;
    return SQLITE_OK;
  };
  vfs_.xCurrentTime = [](sqlite3_vfs* vfs, double* out) {
    sqlite3_int64 ms = 0;
    vfs->xCurrentTimeInt64(vfs, &ms);
    *out = static_cast<double>(ms) / 86400000.0;
    return SQLITE_OK;
  };
  vfs_.xGetLastError = [](sqlite3_vfs*, int, char*) { return 0; };
}

SealedVfs::~SealedVfs() { sqlite3_vfs_unregister(&vfs_); }

void SealedVfs::note(Error problem) {
  const std::lock_guard lock(mutex_);
  problem_ = std::move(problem);
}

std::optional<Error> SealedVfs::last_problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

int SealedVfs::note_write(int code) {
  if (code != SQLITE_OK && (code & 0xFF) != SQLITE_FULL) is_broken_.store(true, std::memory_order_release);
  return code;
}

void SealedVfs::attach_writer(MainFile* file) {
  const std::lock_guard lock(mutex_);
  writers_.push_back(file);
}

void SealedVfs::detach_writer(MainFile* file) {
  const std::lock_guard lock(mutex_);
  std::erase(writers_, file);
}

int SealedVfs::mark_complete() {
  MainFile* writer = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (!writers_.empty()) writer = writers_.back();
  }
  return writer == nullptr ? SQLITE_READONLY : writer->mark_complete();
}

int SealedVfs::open(sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out) {
  auto* const shim = reinterpret_cast<Shim*>(file);  // NOLINT
  shim->base.pMethods = nullptr;                     // SQLite then does not call xClose
  shim->file = nullptr;
  const bool is_main = (flags & SQLITE_OPEN_MAIN_DB) != 0;
  const bool is_wal = (flags & SQLITE_OPEN_WAL) != 0;
  if (name == nullptr || is_main == is_wal) return SQLITE_CANTOPEN;
  int code = SQLITE_OK;
  int flags_given = flags;
  std::unique_ptr<LowerFile> below = below_->open(name, flags, flags_given, code);
  if (below == nullptr) return code;
  if (is_main) {
    const bool is_writable = (flags_given & SQLITE_OPEN_READWRITE) != 0;
    std::unique_ptr<MainFile> main = MainFile::open(*this, std::move(below), is_writable, settings_.creates);
    if (main == nullptr) return SQLITE_CANTOPEN;
    shim->file = main.release();
  } else {
    sqlite3_file* const database = sqlite3_database_file_object(name);
    if (database == nullptr || database->pMethods != &kMethods) return SQLITE_CANTOPEN;
    auto* const main = static_cast<MainFile*>(&file_of(database));  // a WAL's database was opened as MAIN_DB
    std::unique_ptr<WalFile> wal = WalFile::open(*this, std::move(below), *main, code);
    if (wal == nullptr) return code;
    shim->file = wal.release();
  }
  shim->base.pMethods = &kMethods;
  if (flags_out != nullptr) *flags_out = flags_given;
  return SQLITE_OK;
}

int SealedVfs::remove(const char* name, int syncs_folder) {
  if (std::string_view(name).ends_with("-journal")) return SQLITE_IOERR_DELETE_NOENT;
  if (!settings_.writable || !std::string_view(name).ends_with("-wal") || is_broken()) return SQLITE_IOERR_DELETE;
  // SQLite removes a WAL once all of it has been copied (and where the database is empty, which ours never is).
  MainFile* writer = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (!writers_.empty()) writer = writers_.back();
  }
  std::uint64_t pages = 0;
  if (writer == nullptr || writer->size(pages) != SQLITE_OK || pages == 0) return SQLITE_IOERR_DELETE;
  if (const int code = writer->mark_complete(); code != SQLITE_OK) return code;
  return below_->remove(name, syncs_folder);
}

int SealedVfs::access(const char* name, int flags, int* result) {
  // There never is a rollback journal of ours; one that somebody put there is not looked at.
  if (std::string_view(name).ends_with("-journal")) {
    *result = 0;
    return SQLITE_OK;
  }
  return below_->access(name, flags, *result);
}

}  // namespace atl::catalog
