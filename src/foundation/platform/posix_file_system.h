// The real FileSystem, over POSIX calls.
//
// Always true:
//  - Every descriptor is close-on-exec; nothing here leaks into a child process.
//  - A File whose sync() failed once is poisoned: every later write, set_size and sync of it fails with `io`
//    ("file.poisoned"), because Linux marks the pages clean after a failed writeback, so that a second fsync would
//    report success over lost data.
//  - Symbolic links in a path are followed (a user may put a folder of the home on another disk), but list() reports
//    a link as `other`, so that remove_tree() never walks through one.
//  - Locks belong to the open file description (Linux F_OFD_SETLK; flock(2) elsewhere), not to the process: two locks
//    of one process exclude each other too, and closing another descriptor of the same file drops nothing.
//
// Errors: ENOENT not_found; EEXIST, ENOTEMPTY, ENOTDIR, EISDIR, EXDEV conflict; ENOSPC and EDQUOT no_space; a path with
// NUL usage; EMFILE, ENFILE, ENAMETOOLONG, EFBIG limit; anything else io. `os_error` holds errno.
#pragma once

#include "foundation/platform/file_system.h"

namespace atl::platform {

class PosixFileSystem final : public FileSystem {
 public:
  [[nodiscard]] Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  [[nodiscard]] Result<bool> create_directory(const std::string& path) override;
  [[nodiscard]] Result<void> rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] Result<bool> remove_file(const std::string& path) override;
  [[nodiscard]] Result<bool> remove_directory(const std::string& path) override;
  [[nodiscard]] Result<void> sync_directory(const std::string& path) override;
  [[nodiscard]] Result<std::vector<DirectoryEntry>> list(const std::string& path) override;
  [[nodiscard]] Result<std::optional<FileInfo>> stat(const std::string& path) override;
  [[nodiscard]] Result<SpaceInfo> space(const std::string& path) override;
  [[nodiscard]] Result<std::unique_ptr<FileLock>> lock(const std::string& path, LockMode mode) override;
};

}  // namespace atl::platform
