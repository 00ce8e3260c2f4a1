// Other people's files: the folders a user puts into Atoll and the folders a restore writes.
//
// Always true:
//  - Everything is reached from an open directory handle by one name at a time, without following symbolic links,
//    so no name (absolute, "..", a link planted meanwhile) leads outside, and depth is not bounded by PATH_MAX.
//  - Names are byte strings without '/' and NUL.
//  - Sources are opened with O_NOATIME where allowed and are never changed.
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

enum class NodeKind : std::uint8_t { file = 1, directory = 2, symlink = 3, fifo = 4, socket = 5, char_device = 6, block_device = 7 };

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

class SourceFile {
 public:
  virtual ~SourceFile() = default;
  [[nodiscard]] virtual Result<std::size_t> read_at(std::uint64_t offset, ByteSpan out) = 0;  // short only at the end
  [[nodiscard]] virtual Result<NodeInfo> info() = 0;
  [[nodiscard]] virtual Result<ExtendedAttributes> attributes() = 0;
  // The parts that hold data, in order (SEEK_DATA); one extent over all where the file system cannot tell.
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
  [[nodiscard]] virtual Result<std::unique_ptr<SourceDirectory>> open_directory(const std::string& name) = 0;
};

class TargetFile {
 public:
  virtual ~TargetFile() = default;
  [[nodiscard]] virtual Result<void> write_at(std::uint64_t offset, ByteView data) = 0;
  [[nodiscard]] virtual Result<void> set_size(std::uint64_t size) = 0;  // what was never written is a hole
  [[nodiscard]] virtual Result<void> sync() = 0;
  // Owner, then attributes, mode and times, in the order in which none undoes another. Owner is applied only where
  // the process may; returns the names of what could not be applied ("owner", "xattr user.x").
  [[nodiscard]] virtual Result<std::vector<std::string>> apply(const NodeInfo& info, const ExtendedAttributes& attributes) = 0;
};

class TargetDirectory {
 public:
  virtual ~TargetDirectory() = default;
  [[nodiscard]] virtual Result<std::optional<NodeInfo>> info(const std::string& name) = 0;
  // Fails with `conflict` where the name is taken.
  [[nodiscard]] virtual Result<std::unique_ptr<TargetFile>> create_file(const std::string& name) = 0;
  [[nodiscard]] virtual Result<void> create_symlink(const std::string& name, const std::string& target) = 0;
  [[nodiscard]] virtual Result<void> create_special(const std::string& name, const NodeInfo& info) = 0;
  // A second name for `from_name` in `from`.
  [[nodiscard]] virtual Result<void> create_hard_link(const std::string& name, TargetDirectory& from, const std::string& from_name) = 0;
  // Opens the folder, making it (mode 0700 at first) where it is missing; `conflict` where something else has the name.
  [[nodiscard]] virtual Result<std::unique_ptr<TargetDirectory>> open_directory(const std::string& name) = 0;
  [[nodiscard]] virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  [[nodiscard]] virtual Result<void> remove(const std::string& name) = 0;  // no folder
  // For symlinks and special files.
  [[nodiscard]] virtual Result<std::vector<std::string>> apply(const std::string& name, const NodeInfo& info, const ExtendedAttributes& attributes) = 0;
  [[nodiscard]] virtual Result<std::vector<std::string>> apply_own(const NodeInfo& info, const ExtendedAttributes& attributes) = 0;
};

class HostTree {
 public:
  virtual ~HostTree() = default;
  // Symbolic links in `path` itself are followed: the user named it.
  [[nodiscard]] virtual Result<NodeInfo> info(const std::string& path) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<SourceDirectory>> open_source(const std::string& path) = 0;
  // Makes the folder and its parents where they are missing.
  [[nodiscard]] virtual Result<std::unique_ptr<TargetDirectory>> open_target(const std::string& path) = 0;
  [[nodiscard]] virtual Result<std::uint64_t> available_bytes(const std::string& path) = 0;
};

[[nodiscard]] std::unique_ptr<HostTree> make_posix_host_tree();

}  // namespace atl::platform
