// What lies below the seal: plain files with SQLite's locks and shared memory, in two kinds. The first is SQLite's own
// `unix` files, so that several processes work on one catalog as they do on any SQLite database. The second goes
// through platform::FileSystem and keeps locks and shared memory on the heap: one process, every write seen by tests.
//
// Always true: codes are SQLite's (SQLITE_OK, SQLITE_IOERR_...); a short read fills the rest with zeros and says
// SQLITE_IOERR_SHORT_READ. Thread rules: LowerFiles from any thread, one LowerFile from one thread.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>

#include "foundation/base/bytes.h"
#include "foundation/platform/file_system.h"

namespace atl::catalog {

class LowerFile {
 public:
  LowerFile() = default;
  LowerFile(const LowerFile&) = delete;
  LowerFile& operator=(const LowerFile&) = delete;
  LowerFile(LowerFile&&) = delete;
  LowerFile& operator=(LowerFile&&) = delete;
  virtual ~LowerFile() = default;

  virtual int read(std::uint64_t offset, ByteSpan out) = 0;
  virtual int write(std::uint64_t offset, ByteView data) = 0;
  virtual int truncate(std::uint64_t size) = 0;
  virtual int sync() = 0;
  virtual int size(std::uint64_t& size) = 0;
  // xLock and its kind: https://www.sqlite.org/c3ref/io_methods.html
  virtual int lock(int level) = 0;
  virtual int unlock(int level) = 0;
  virtual int check_reserved_lock(int& is_reserved) = 0;
  virtual int control(int operation, void* argument) = 0;
  virtual int shm_map(int region, int region_bytes, int extend, void volatile** out) = 0;
  virtual int shm_lock(int offset, int count, int flags) = 0;
  virtual void shm_barrier() = 0;
  virtual int shm_unmap(int deletes) = 0;
};

class LowerFiles {
 public:
  LowerFiles() = default;
  LowerFiles(const LowerFiles&) = delete;
  LowerFiles& operator=(const LowerFiles&) = delete;
  LowerFiles(LowerFiles&&) = delete;
  LowerFiles& operator=(LowerFiles&&) = delete;
  virtual ~LowerFiles() = default;

  // `name` is SQLite's own pointer (it finds more behind the text). `code` says why where the result is null.
  [[nodiscard]] virtual std::unique_ptr<LowerFile> open(sqlite3_filename name, int flags, int& flags_out,
                                                        int& code) = 0;
  virtual int remove(const char* name, int syncs_folder) = 0;
  virtual int access(const char* name, int flags, int& result) = 0;
  virtual int full_path(const char* name, int out_bytes, char* out) = 0;
  virtual int sleep(int microseconds) = 0;
};

[[nodiscard]] std::unique_ptr<LowerFiles> make_sqlite_unix_files();  // null where SQLite was built without them
[[nodiscard]] std::unique_ptr<LowerFiles> make_platform_files(platform::FileSystem& files);

}  // namespace atl::catalog
