// SQLite's own `unix` VFS behind the seam of lower_files.h.
#include <cstddef>
#include <vector>

#include "catalog/internal/lower_files.h"

namespace atl::catalog {
namespace {

class UnixFile final : public LowerFile {
 public:
  explicit UnixFile(std::unique_ptr<std::max_align_t[]> room)  // NOLINT(cppcoreguidelines-avoid-c-arrays)
      : room_(std::move(room)) {}
  ~UnixFile() override {
    if (file()->pMethods != nullptr) file()->pMethods->xClose(file());
  }
  UnixFile(const UnixFile&) = delete;
  UnixFile& operator=(const UnixFile&) = delete;
  UnixFile(UnixFile&&) = delete;
  UnixFile& operator=(UnixFile&&) = delete;

  [[nodiscard]] sqlite3_file* file() const { return reinterpret_cast<sqlite3_file*>(room_.get()); }  // NOLINT

  int read(std::uint64_t offset, ByteSpan out) override {
    return file()->pMethods->xRead(file(), out.data(), static_cast<int>(out.size()),
                                   static_cast<sqlite3_int64>(offset));
  }
  int write(std::uint64_t offset, ByteView data) override {
    return file()->pMethods->xWrite(file(), data.data(), static_cast<int>(data.size()),
                                    static_cast<sqlite3_int64>(offset));
  }
  int truncate(std::uint64_t size) override {
    return file()->pMethods->xTruncate(file(), static_cast<sqlite3_int64>(size));
  }
  int sync() override { return file()->pMethods->xSync(file(), SQLITE_SYNC_NORMAL); }
  int size(std::uint64_t& size) override {
    sqlite3_int64 value = 0;
    const int code = file()->pMethods->xFileSize(file(), &value);
    size = static_cast<std::uint64_t>(value);
    return code;
  }
  int lock(int level) override { return file()->pMethods->xLock(file(), level); }
  int unlock(int level) override { return file()->pMethods->xUnlock(file(), level); }
  int check_reserved_lock(int& is_reserved) override {
    return file()->pMethods->xCheckReservedLock(file(), &is_reserved);
  }
  int control(int operation, void* argument) override {
    return file()->pMethods->xFileControl(file(), operation, argument);
  }
  int shm_map(int region, int region_bytes, int extend, void volatile** out) override {
    return file()->pMethods->xShmMap(file(), region, region_bytes, extend, out);
  }
  int shm_lock(int offset, int count, int flags) override {
    return file()->pMethods->xShmLock(file(), offset, count, flags);
  }
  void shm_barrier() override { file()->pMethods->xShmBarrier(file()); }
  int shm_unmap(int deletes) override { return file()->pMethods->xShmUnmap(file(), deletes); }

 private:
  std::unique_ptr<std::max_align_t[]>
      room_;  // NOLINT(cppcoreguidelines-avoid-c-arrays): a sqlite3_file of szOsFile bytes
};

class UnixFiles final : public LowerFiles {
 public:
  explicit UnixFiles(sqlite3_vfs* vfs) : vfs_(vfs) {}

  std::unique_ptr<LowerFile> open(sqlite3_filename name, int flags, int& flags_out, int& code) override {
    const std::size_t units =
        (static_cast<std::size_t>(vfs_->szOsFile) + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t);
    auto file = std::make_unique<UnixFile>(std::make_unique<std::max_align_t[]>(units));  // NOLINT: zeroed
    code = vfs_->xOpen(vfs_, name, file->file(), flags, &flags_out);
    if (code != SQLITE_OK) return nullptr;
    if (file->file()->pMethods->iVersion < 2) {  // no shared memory: no WAL
      code = SQLITE_CANTOPEN;
      return nullptr;
    }
    return file;
  }
  int remove(const char* name, int syncs_folder) override { return vfs_->xDelete(vfs_, name, syncs_folder); }
  int access(const char* name, int flags, int& result) override { return vfs_->xAccess(vfs_, name, flags, &result); }
  int full_path(const char* name, int out_bytes, char* out) override {
    return vfs_->xFullPathname(vfs_, name, out_bytes, out);
  }
  int sleep(int microseconds) override { return vfs_->xSleep(vfs_, microseconds); }

 private:
  sqlite3_vfs* vfs_;  // SQLite's, lives as long as the program
};

}  // namespace

std::unique_ptr<LowerFiles> make_sqlite_unix_files() {
  sqlite3_vfs* const vfs = sqlite3_vfs_find("unix");
  if (vfs == nullptr) return nullptr;
  return std::make_unique<UnixFiles>(vfs);
}

}  // namespace atl::catalog
