// The reading side of the POSIX host tree. See host_tree.h.
#include <dirent.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>

#include "foundation/platform/host_tree.h"
#include "foundation/platform/internal/posix_node.h"

#ifdef __linux__
#include <sys/syscall.h>
#endif

namespace atl::platform::host {
namespace {

constexpr std::uint64_t kReadAheadFrom = 1024 * 1024;  // below it the hint costs more than it brings

// Merges neighbours whose hole is narrower than `narrow_bytes`.
void merge_narrow_holes(std::vector<Extent>& extents, std::uint64_t narrow_bytes) {
  std::size_t kept = 0;
  for (std::size_t i = 1; i < extents.size(); ++i) {
    Extent& last = extents[kept];
    const std::uint64_t last_end = last.offset + last.length;
    if (extents[i].offset - last_end < narrow_bytes) {
      last.length = extents[i].offset + extents[i].length - last.offset;
    } else {
      extents[++kept] = extents[i];
    }
  }
  if (!extents.empty()) extents.resize(kept + 1);
}

class PosixSourceFile final : public SourceFile {
 public:
  PosixSourceFile(Descriptor file, std::string name, const NodeInfo& info)
      : file_(std::move(file)), name_(std::move(name)), info_(info) {
#if defined(POSIX_FADV_SEQUENTIAL)
    if (info_.size >= kReadAheadFrom) static_cast<void>(::posix_fadvise(file_.get(), 0, 0, POSIX_FADV_SEQUENTIAL));
#endif
  }

  Result<std::size_t> read_at(std::uint64_t offset, ByteSpan out) override {
    was_read_ = true;
    std::size_t done = 0;
    while (done < out.size()) {
      const ssize_t got = retry_on_signal([&] {
        return ::pread(file_.get(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
      });
      if (got < 0) return source_error("read", name_, errno);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
      // A regular file ends where its size says; files of /proc have size 0 and are read until nothing comes.
      if (info_.size != 0 && offset + done == info_.size) break;
    }
    return done;
  }

  Result<NodeInfo> info() override {
    if (!was_read_) return info_;
    struct stat status {};
    if (::fstat(file_.get(), &status) != 0) return source_error("look at", name_, errno);
    return to_info(status);
  }

  Result<ExtendedAttributes> attributes() override { return NodeReference::open(file_.get(), name_).attributes(); }

  Result<std::vector<Extent>> data_extents(std::uint64_t size) override {
    std::vector<Extent> extents;
    if (size == 0) return extents;
#if defined(SEEK_DATA) && defined(SEEK_HOLE)
    if (info_.allocated_bytes < info_.size) {
      std::uint64_t narrow_bytes = 4096;
      std::uint64_t at = 0;
      while (at < size) {
        const off_t data = ::lseek(file_.get(), static_cast<off_t>(at), SEEK_DATA);
        if (data < 0) {
          if (errno == ENXIO) break;  // nothing but a hole up to the end
          return whole(size);
        }
        if (static_cast<std::uint64_t>(data) >= size) break;
        const off_t hole = ::lseek(file_.get(), data, SEEK_HOLE);
        // An error here, or no progress, is a file cut short meanwhile: then its end is found by reading.
        if (hole <= data) return whole(size);
        const auto begin = static_cast<std::uint64_t>(data);
        const std::uint64_t end = std::min(size, static_cast<std::uint64_t>(hole));
        extents.push_back({begin, end - begin});
        at = end;
        while (extents.size() > kExtentsMax) {
          narrow_bytes *= 2;
          merge_narrow_holes(extents, narrow_bytes);
        }
      }
      return extents;
    }
#endif
    return whole(size);
  }

 private:
  static std::vector<Extent> whole(std::uint64_t size) { return {{0, size}}; }

  Descriptor file_;
  std::string name_;
  NodeInfo info_;  // as it was when opened
  bool was_read_ = false;
};

class PosixSourceDirectory final : public SourceDirectory {
 public:
  PosixSourceDirectory(Descriptor folder, std::string name) : folder_(std::move(folder)), name_(std::move(name)) {}

#ifdef __linux__
  // getdents64 itself: readdir() would need a second descriptor and copies each name once more.
  Result<std::vector<std::string>> names() override {
    constexpr std::size_t kBufferBytes = 64 * 1024;
    constexpr std::size_t kLengthAt = 16;  // struct linux_dirent64: u64 inode, s64 offset, u16 length, u8 kind, name
    constexpr std::size_t kNameAt = 19;
    if (was_listed_ && ::lseek(folder_.get(), 0, SEEK_SET) < 0) return source_error("list", name_, errno);
    was_listed_ = true;
    std::vector<std::string> names;
    Buffer buffer(kBufferBytes);
    for (;;) {
      const long got =
          retry_on_signal([&] { return ::syscall(SYS_getdents64, folder_.get(), buffer.data(), buffer.size()); });
      if (got < 0) return source_error("list", name_, errno);
      if (got == 0) return names;
      const auto end = static_cast<std::size_t>(got);
      for (std::size_t at = 0; at + kNameAt < end;) {
        const std::size_t length = load_le<std::uint16_t>(buffer.data() + at + kLengthAt);
        if (length <= kNameAt || length > end - at) return source_error("list", name_, EIO);
        const char* text = reinterpret_cast<const char*>(buffer.data() + at + kNameAt);  // NOLINT
        add_name(names, {text, ::strnlen(text, length - kNameAt)});
        at += length;
      }
    }
  }
#else
  Result<std::vector<std::string>> names() override {
    Descriptor again = open_for_reading(folder_.get(), ".", O_DIRECTORY);
    if (!again.is_open()) return source_error("list", name_, errno);
    struct Close {
      void operator()(DIR* stream) const { ::closedir(stream); }
    };
    const int fd = ::dup(again.get());
    const std::unique_ptr<DIR, Close> stream(fd < 0 ? nullptr : ::fdopendir(fd));
    if (!stream) return source_error("list", name_, errno);
    std::vector<std::string> names;
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(stream.get());
      if (entry == nullptr) break;
      add_name(names, entry->d_name);
    }
    if (errno != 0) return source_error("list", name_, errno);
    return names;
  }
#endif

  Result<NodeInfo> info(const std::string& name) override {
    ATOLL_TRY(check_name(name));
    struct stat status {};
    if (::fstatat(folder_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      return source_error("look at", name, errno);
    }
    return to_info(status);
  }

  Result<NodeInfo> own_info() override {
    struct stat status {};
    if (::fstat(folder_.get(), &status) != 0) return source_error("look at", name_, errno);
    return to_info(status);
  }

  Result<ExtendedAttributes> own_attributes() override {
    return NodeReference::open(folder_.get(), name_).attributes();
  }

  Result<ExtendedAttributes> attributes(const std::string& name) override {
    ATOLL_TRY(check_name(name));
    return NodeReference::in(folder_.get(), name).attributes();
  }

  Result<std::string> read_link(const std::string& name) override {
    ATOLL_TRY(check_name(name));
    std::string target(4096, '\0');
    for (;;) {
      const ssize_t length = ::readlinkat(folder_.get(), name.c_str(), target.data(), target.size());
      if (length < 0) {
        const int error = errno;
        if (error == EINVAL) {
          return fail(ErrorKind::conflict, "source.not_a_link", quoted(name) + " is no symbolic link",
                      "It was replaced meanwhile; run it again.", error);
        }
        return source_error("read the link", name, error);
      }
      if (static_cast<std::size_t>(length) < target.size()) {
        target.resize(static_cast<std::size_t>(length));
        return target;
      }
      if (target.size() >= 1024 * 1024) return source_error("read the link", name, ENAMETOOLONG);
      target.resize(target.size() * 2);
    }
  }

  Result<std::unique_ptr<SourceFile>> open_file(const std::string& name) override {
    ATOLL_TRY(check_name(name));
    // Without waiting: a FIFO that took the name of a file must not hold everything up.
    Descriptor file = open_for_reading(folder_.get(), name.c_str(), O_NOFOLLOW | O_NONBLOCK);
    if (!file.is_open()) return source_error("open", name, errno);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return source_error("look at", name, errno);
    if (!S_ISREG(status.st_mode)) {
      return fail(ErrorKind::conflict, "source.not_a_file", quoted(name) + " is no regular file",
                  "It was replaced meanwhile; run it again.");
    }
    return std::make_unique<PosixSourceFile>(std::move(file), name, to_info(status));
  }

  Result<std::unique_ptr<SourceDirectory>> open_directory(const std::string& name) override {
    ATOLL_TRY(check_name(name));
    Descriptor folder = open_for_reading(folder_.get(), name.c_str(), O_NOFOLLOW | O_NONBLOCK | O_DIRECTORY);
    if (!folder.is_open()) return source_error("open the folder", name, errno == ELOOP ? ENOTDIR : errno);
    return std::make_unique<PosixSourceDirectory>(std::move(folder), name);
  }

  Result<void> remove(const std::string& name, const NodeInfo& expected) override {
    ATOLL_TRY(check_name(name));
    Descriptor leased;
    if (expected.kind == NodeKind::file) {
      ATOLL_ASSIGN(leased, lease(name));
    }
    ATOLL_ASSIGN(const NodeInfo now, info(name));
    if (now.kind != expected.kind || now.device != expected.device || now.inode != expected.inode ||
        now.size != expected.size || now.modified != expected.modified || now.changed != expected.changed) {
      return fail(ErrorKind::conflict, "source.changed", quoted(name) + " changed since it was read",
                  "It stays. Run the same command again.");
    }
    if (::unlinkat(folder_.get(), name.c_str(), 0) != 0) return removal_error(name, errno);
    return {};
  }

  Result<bool> remove_empty_folder(const std::string& name) override {
    ATOLL_TRY(check_name(name));
    if (::unlinkat(folder_.get(), name.c_str(), AT_REMOVEDIR) == 0) return true;
    switch (errno) {
      case ENOTEMPTY:
      case EEXIST:
      case EBUSY:
      case ENOENT:
      case ENOTDIR: return false;
      default: return removal_error(name, errno);
    }
  }

 private:
  static tl::unexpected<Error> removal_error(const std::string& name, int error) {
    tl::unexpected<Error> failed = source_error("remove", name, error);
    if (error == EROFS) {
      return fail(ErrorKind::io, "source.read_only", failed.value().message,
                  "Its file system is read-only: use put without --move.", error);
    }
    if (error == EACCES || error == EPERM) {
      return fail(ErrorKind::io, "source.not_removable", failed.value().message,
                  "Run as a user who may remove it, or use put without --move.", error);
    }
    return failed;
  }

  // While the descriptor lives nobody can open the file for writing without waiting for it. An empty one where the
  // system knows no leases, or gives us none for this file.
  [[nodiscard]] Result<Descriptor> lease(const std::string& name) const {
#ifdef F_SETLEASE
    Descriptor file = open_for_reading(folder_.get(), name.c_str(), O_NOFOLLOW | O_NONBLOCK);
    if (!file.is_open()) return source_error("open", name, errno);
    // Whoever waits makes the kernel signal us; this signal is one that is ignored.
    if (::fcntl(file.get(), F_SETSIG, SIGURG) != 0 || ::fcntl(file.get(), F_SETLEASE, F_RDLCK) != 0) {
      if (errno == EAGAIN) {
        return fail(ErrorKind::conflict, "source.in_use", quoted(name) + " is open for writing",
                    "It stays until whoever writes it has closed it.");
      }
      return Descriptor();
    }
    return file;
#else
    static_cast<void>(name);
    return Descriptor();
#endif
  }

  static void add_name(std::vector<std::string>& names, std::string_view name) {
    if (name != "." && name != "..") names.emplace_back(name);
  }

  Descriptor folder_;
  std::string name_;  // for messages
  bool was_listed_ = false;
};

}  // namespace

Result<std::unique_ptr<SourceDirectory>> make_source_directory(Descriptor folder, std::string name) {
  return std::make_unique<PosixSourceDirectory>(std::move(folder), std::move(name));
}

}  // namespace atl::platform::host
