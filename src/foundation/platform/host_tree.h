// Other people's files: the folders a user puts into Atoll and the folders a restore writes.
//
// Always true:
//  - Everything is reached from an open directory handle by one name at a time, without following symbolic links,
//    so no name (absolute, "..", a link planted meanwhile) leads outside, and depth is not bounded by PATH_MAX.
//  - Names are byte strings without '/' and NUL.
//  - Sources are opened with O_NOATIME where allowed and are never changed.
//  - A name that is empty, "." or "..", or holds '/' or NUL is refused by every call: `usage` "target.bad_name".
// Errors name the file and carry the system's own words and errno. Reading: "source.unreadable" (io: the user may not),
// "source.not_a_file" and "source.not_a_folder" (conflict: something else has the name by now), "source.vanished"
// (not_found), "source.too_many_open" (limit), "source.read_failed" (io). Writing: "target.exists" and
// "target.not_a_folder" (conflict), "target.missing" (not_found), "target.no_space" (no_space), "target.not_writable"
// and "target.write_failed" (io), "target.needs_root" (io), "target.unsupported" (unsupported), "target.limit" (limit).
// Each open folder holds one descriptor, so a walk that keeps its way back open needs as many as the tree is deep; the
// process's soft limit is raised to the hard one when the tree is made.
// Thread rules: different handles may be used from different threads; one handle from one thread at a time, except
// that open_file() and open_directory() of one handle may be called from several threads at once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/error.h"
#include "foundation/base/time.h"

namespace atl::platform {

enum class NodeKind : std::uint8_t {
  file = 1,
  directory = 2,
  symlink = 3,
  fifo = 4,
  socket = 5,
  char_device = 6,
  block_device = 7
};

struct NodeInfo {
  NodeKind kind = NodeKind::file;
  std::uint32_t mode = 0;  // permission bits with set-id and sticky: mode & 07777
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t size = 0;
  std::uint64_t allocated_bytes = 0;
  FileTime modified;
  FileTime changed;  // ctime
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t link_count = 1;
  std::uint64_t device_number = 0;  // of a device node: makedev(major, minor)
  friend bool operator==(const NodeInfo&, const NodeInfo&) = default;
};

using ExtendedAttributes = std::vector<std::pair<std::string, Bytes>>;  // sorted by name

struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  friend bool operator==(const Extent&, const Extent&) = default;
};

inline constexpr std::size_t kExtentsMax = 4096;

class SourceFile {
 public:
  virtual ~SourceFile() = default;
  [[nodiscard]] virtual Result<std::size_t> read_at(std::uint64_t offset, ByteSpan out) = 0;  // short only at the end
  // Before the first read: as it was when opened (no further system call). After it: as it is now, so that comparing
  // the two tells whether the file changed while it was read.
  [[nodiscard]] virtual Result<NodeInfo> info() = 0;
  [[nodiscard]] virtual Result<ExtendedAttributes> attributes() = 0;
  // The parts of the first `size` bytes that hold data, in order (SEEK_DATA); one extent over all where the file system
  // cannot tell or the file has no holes. At most kExtentsMax: of more, the narrowest holes count as data.
  [[nodiscard]] virtual Result<std::vector<Extent>> data_extents(std::uint64_t size) = 0;
};

class SourceDirectory {
 public:
  virtual ~SourceDirectory() = default;
  // All names, unsorted, without "." and "..". A million names cost about 100 MB.
  [[nodiscard]] virtual Result<std::vector<std::string>> names() = 0;
  [[nodiscard]] virtual Result<NodeInfo> info(const std::string& name) = 0;  // never follows
  [[nodiscard]] virtual Result<NodeInfo> own_info() = 0;
  [[nodiscard]] virtual Result<ExtendedAttributes> own_attributes() = 0;
  // Of anything but an open file: symlinks and special files too.
  [[nodiscard]] virtual Result<ExtendedAttributes> attributes(const std::string& name) = 0;
  [[nodiscard]] virtual Result<std::string> read_link(const std::string& name) = 0;
  // Opened without blocking; fails with `conflict` where it is no regular file (any more).
  [[nodiscard]] virtual Result<std::unique_ptr<SourceFile>> open_file(const std::string& name) = 0;
  // These files will be opened next, through this handle: where asking takes long they are asked for together. What
  // cannot be had tells open_file().
  virtual void announce(const std::vector<std::string>& /*names*/) {}
  [[nodiscard]] virtual Result<std::unique_ptr<SourceDirectory>> open_directory(const std::string& name) = 0;
  // The only functions that change a source. Removes `name`, no folder, if it is still exactly the node that `expected`
  // tells of, and nobody has it open for writing where the system can say so. `conflict`, ids "source.changed" and
  // "source.in_use": it stays. `io`, id "source.read_only": nothing of this file system can be removed.
  [[nodiscard]] virtual Result<void> remove(const std::string& name, const NodeInfo& expected) = 0;
  // False where the folder is not empty, or is in use as a mount point.
  [[nodiscard]] virtual Result<bool> remove_empty_folder(const std::string& name) = 0;
};

class TargetFile {
 public:
  virtual ~TargetFile() = default;
  [[nodiscard]] virtual Result<void> write_at(std::uint64_t offset, ByteView data) = 0;
  [[nodiscard]] virtual Result<void> set_size(std::uint64_t size) = 0;  // what was never written is a hole
  [[nodiscard]] virtual Result<void> sync() = 0;
  // Owner, then attributes, mode and times, in the order in which none undoes another. Owner is applied only where
  // the process may; returns the names of what could not be applied ("owner", "mode", "times", "xattr user.x").
  // Where the owner could not be applied, set-user-id and set-group-id are left off and "mode" is returned too. An
  // access list that the file inherited and `attributes` does not hold is removed. Call it after the last write.
  [[nodiscard]] virtual Result<std::vector<std::string>> apply(const NodeInfo& info,
                                                               const ExtendedAttributes& attributes) = 0;
  // The last call. Where writes are gathered, or go to another machine, their errors come at the latest here.
  [[nodiscard]] virtual Result<void> finish() { return {}; }
};

class TargetDirectory {
 public:
  virtual ~TargetDirectory() = default;
  [[nodiscard]] virtual Result<std::optional<NodeInfo>> info(const std::string& name) = 0;
  // Fails with `conflict` where the name is taken.
  [[nodiscard]] virtual Result<std::unique_ptr<TargetFile>> create_file(const std::string& name) = 0;
  // A regular file that is there, to write on in it. `unsupported`, id "target.unsupported", where this cannot be done.
  [[nodiscard]] virtual Result<std::unique_ptr<TargetFile>> reopen_file(const std::string& name) {
    return fail(ErrorKind::unsupported, "target.unsupported", "'" + name + "' cannot be written on there");
  }
  [[nodiscard]] virtual Result<void> create_symlink(const std::string& name, const std::string& target) = 0;
  [[nodiscard]] virtual Result<void> create_special(const std::string& name, const NodeInfo& info) = 0;
  // A second name for `from_name` in `from`.
  [[nodiscard]] virtual Result<void> create_hard_link(const std::string& name, TargetDirectory& from,
                                                      const std::string& from_name) = 0;
  // Opens the folder, making it (mode 0700 at first) where it is missing; `conflict` where something else has the name.
  [[nodiscard]] virtual Result<std::unique_ptr<TargetDirectory>> open_directory(const std::string& name) = 0;
  [[nodiscard]] virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  [[nodiscard]] virtual Result<void> remove(const std::string& name) = 0;  // no folder
  // For symlinks (whose mode nobody can set) and special files.
  [[nodiscard]] virtual Result<std::vector<std::string>> apply(const std::string& name, const NodeInfo& info,
                                                               const ExtendedAttributes& attributes) = 0;
  [[nodiscard]] virtual Result<std::vector<std::string>> apply_own(const NodeInfo& info,
                                                                   const ExtendedAttributes& attributes) = 0;
};

class HostTree {
 public:
  virtual ~HostTree() = default;
  // Symbolic links in `path` itself are followed: the user named it.
  [[nodiscard]] virtual Result<NodeInfo> info(const std::string& path) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<SourceDirectory>> open_source(const std::string& path) = 0;
  // Makes the folder and its parents where they are missing.
  [[nodiscard]] virtual Result<std::unique_ptr<TargetDirectory>> open_target(const std::string& path) = 0;
  // True where going from folder to folder costs more than reading: files are asked for folder by folder then.
  [[nodiscard]] virtual bool prefers_whole_folders() const { return false; }
  // Free for this user where `path` lies or, while it is missing, where its nearest existing parent lies.
  [[nodiscard]] virtual Result<std::uint64_t> available_bytes(const std::string& path) = 0;
};

[[nodiscard]] std::unique_ptr<HostTree> make_posix_host_tree();

}  // namespace atl::platform
