// The seam between Atoll and the machine for everything kept inside a home: files, names, locks, room.
//
// Always true:
//  - Nothing above this floor opens a file of the home in another way (SQLite included, through a VFS over this).
//  - Paths are byte strings with '/', absolute or relative to the process; names hold no NUL.
//  - After a failed write or sync the content of that file is unknown until it is reopened and checked; callers
//    never retry a sync (rebello et al., "Can Applications Recover from fsync Failures?", ATC 2020).
//  - A name made, renamed or removed is durable only after sync_directory() of its folder.
//
// Twins: posix_file_system.h (real), testing/memory_file_system.h (in memory, with crashes and faults from a seed).
// Thread rules: FileSystem may be used from any thread. One File may be read from several threads at once; writes,
// sync and set_size of one File are the caller's to serialise.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/error.h"

namespace atl::platform {

enum class OpenMode : std::uint8_t {
  read,           // the file must exist
  read_write,     // the file must exist
  create_new,     // read and write; fails with conflict where the name is taken
  create_or_open  // read and write; made empty where it is missing
};

class File {
 public:
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  File(File&&) = delete;
  File& operator=(File&&) = delete;
  virtual ~File() = default;

  // Fills `out` from `offset`; returns the count, less than out.size() only where the file ends.
  [[nodiscard]] virtual Result<std::size_t> read_at(std::uint64_t offset, ByteSpan out) const = 0;
  // Writes all of `data`, growing the file where needed. A partial write is reported as an error.
  [[nodiscard]] virtual Result<void> write_at(std::uint64_t offset, ByteView data) = 0;
  // Everything written so far, and the size, survive a power cut once this has returned.
  [[nodiscard]] virtual Result<void> sync() = 0;
  [[nodiscard]] virtual Result<std::uint64_t> size() const = 0;
  // Cuts, or grows with zeros.
  [[nodiscard]] virtual Result<void> set_size(std::uint64_t size) = 0;
};

// read_at() that treats a short file as damage: `out` is filled whole or the result is an error naming `what`.
[[nodiscard]] Result<void> read_exact(const File& file, std::uint64_t offset, ByteSpan out, std::string_view what);
[[nodiscard]] inline bool is_full(const Error& error) { return error.kind == ErrorKind::no_space; }

enum class LockMode : std::uint8_t { shared, exclusive };
// Held until destroyed; the kernel drops it when the process dies. The file itself stays.
class FileLock {
 public:
  FileLock() = default;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  FileLock(FileLock&&) = delete;
  FileLock& operator=(FileLock&&) = delete;
  virtual ~FileLock() = default;
};

enum class FileKind : std::uint8_t { file, directory, other };
struct DirectoryEntry {
  std::string name;
  FileKind kind = FileKind::file;
};
struct FileInfo {
  FileKind kind = FileKind::file;
  std::uint64_t size = 0;
  std::uint64_t allocated_bytes = 0;
  std::int64_t modified_unix_us = 0;
};
struct SpaceInfo {
  std::uint64_t total_bytes = 0;
  std::uint64_t available_bytes = 0;  // to this user
};

class FileSystem {
 public:
  FileSystem() = default;
  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;
  FileSystem(FileSystem&&) = delete;
  FileSystem& operator=(FileSystem&&) = delete;
  virtual ~FileSystem() = default;

  // New files get mode 0600, new folders 0700.
  [[nodiscard]] virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  // Makes one folder; an existing folder is fine (returns false then).
  [[nodiscard]] virtual Result<bool> create_directory(const std::string& path) = 0;
  // Replaces `to` where it exists. Both must be on one file system.
  [[nodiscard]] virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  // Removing what is not there is fine (returns false then).
  [[nodiscard]] virtual Result<bool> remove_file(const std::string& path) = 0;
  [[nodiscard]] virtual Result<bool> remove_directory(const std::string& path) = 0;  // must be empty
  [[nodiscard]] virtual Result<void> sync_directory(const std::string& path) = 0;
  // Sorted by name, without "." and "..".
  [[nodiscard]] virtual Result<std::vector<DirectoryEntry>> list(const std::string& path) = 0;
  [[nodiscard]] virtual Result<std::optional<FileInfo>> stat(const std::string& path) = 0;  // none: no such name
  [[nodiscard]] virtual Result<SpaceInfo> space(const std::string& path) = 0;
  // Makes the file where it is missing. Fails with `locked` at once where somebody holds it in the way.
  [[nodiscard]] virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path, LockMode mode) = 0;
};

[[nodiscard]] std::string join(std::string_view folder, std::string_view name);
[[nodiscard]] std::string parent_of(std::string_view path);  // "" where there is none

// Helpers over the seam, same rules on every twin.
[[nodiscard]] Result<void> create_directories(FileSystem& files,
                                              const std::string& path);  // syncs each parent it adds to
[[nodiscard]] Result<Bytes> read_whole(FileSystem& files, const std::string& path, std::uint64_t size_max);
// New file beside ("<path>.new"), sync, rename over, sync folder: readers see the old or the new content, never a mix.
// Calls for one path are the caller's to serialise.
[[nodiscard]] Result<void> replace_whole(FileSystem& files, const std::string& path, ByteView content);
[[nodiscard]] Result<void> remove_tree(FileSystem& files, const std::string& path);  // a missing one is fine

}  // namespace atl::platform
