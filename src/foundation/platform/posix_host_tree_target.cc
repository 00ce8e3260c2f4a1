// The writing side of the POSIX host tree. See host_tree.h.
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>

#include "foundation/platform/host_tree.h"
#include "foundation/platform/internal/posix_node.h"

namespace atl::platform::host {
namespace {

constexpr mode_t kFirstFileMode = 0600;  // nobody else reads what is half restored
constexpr mode_t kFirstFolderMode = 0700;

class PosixTargetFile final : public TargetFile {
 public:
  PosixTargetFile(Descriptor file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}

  Result<void> write_at(std::uint64_t offset, ByteView data) override {
    std::size_t done = 0;
    while (done < data.size()) {
      const ssize_t wrote = retry_on_signal([&] {
        return ::pwrite(file_.get(), data.data() + done, data.size() - done, static_cast<off_t>(offset + done));
      });
      if (wrote < 0) return target_error("write", name_, errno);
      if (wrote == 0) return target_error("write", name_, ENOSPC);  // never seen; would loop for ever
      done += static_cast<std::size_t>(wrote);
    }
    return {};
  }

  Result<void> set_size(std::uint64_t size) override {
    if (retry_on_signal([&] { return ::ftruncate(file_.get(), static_cast<off_t>(size)); }) != 0) {
      return target_error("set the size of", name_, errno == EINVAL ? EFBIG : errno);
    }
    return {};
  }

  Result<void> sync() override {
    if (::fsync(file_.get()) != 0) return target_error("sync", name_, errno);
    return {};
  }

  Result<std::vector<std::string>> apply(const NodeInfo& info, const ExtendedAttributes& attributes) override {
    return NodeReference::open(file_.get(), name_).apply(info, attributes);
  }

 private:
  Descriptor file_;
  std::string name_;
};

class PosixTargetDirectory final : public TargetDirectory {
 public:
  PosixTargetDirectory(Descriptor folder, std::string name) : folder_(std::move(folder)), name_(std::move(name)) {}

  Result<std::optional<NodeInfo>> info(const std::string& name) override {
    ATOLL_TRY(check_name(name));
    struct stat status {};
    if (::fstatat(folder_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return to_info(status);
    if (errno == ENOENT) return std::nullopt;
    return target_error("look at", name, errno);
  }

  Result<std::unique_ptr<TargetFile>> create_file(const std::string& name) override {
    ATOLL_TRY(check_name(name));
    constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY;
    Descriptor file(retry_on_signal([&] { return ::openat(folder_.get(), name.c_str(), flags, kFirstFileMode); }));
    if (!file.is_open()) return target_error("create", name, errno);
    return std::make_unique<PosixTargetFile>(std::move(file), name);
  }

  Result<std::unique_ptr<TargetFile>> reopen_file(const std::string& name) override {
    ATOLL_TRY(check_name(name));
    // Without blocking: it may be a FIFO by now.
    constexpr int flags = O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    Descriptor file(retry_on_signal([&] { return ::openat(folder_.get(), name.c_str(), flags); }));
    if (!file.is_open()) return target_error("write on in", name, errno);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return target_error("look at", name, errno);
    if (!S_ISREG(status.st_mode)) return fail(ErrorKind::conflict, "target.exists", quoted(name) + " is no file");
    return std::make_unique<PosixTargetFile>(std::move(file), name);
  }

  Result<void> create_symlink(const std::string& name, const std::string& target) override {
    ATOLL_TRY(check_name(name));
    if (target.empty() || target.find('\0') != std::string::npos) {
      return fail(ErrorKind::usage, "target.bad_link",
                  "a symbolic link " + quoted(name) + " cannot point to " + quoted(target));
    }
    if (::symlinkat(target.c_str(), folder_.get(), name.c_str()) != 0)
      return target_error("create the link", name, errno);
    return {};
  }

  Result<void> create_special(const std::string& name, const NodeInfo& info) override {
    ATOLL_TRY(check_name(name));
    mode_t kind = 0;
    switch (info.kind) {
      case NodeKind::fifo: kind = S_IFIFO; break;
      case NodeKind::socket: kind = S_IFSOCK; break;
      case NodeKind::char_device: kind = S_IFCHR; break;
      case NodeKind::block_device: kind = S_IFBLK; break;
      default:
        return fail(ErrorKind::usage, "target.bad_kind", quoted(name) + " is a file, folder or link, no special file");
    }
    const bool is_device = kind == S_IFCHR || kind == S_IFBLK;
    if (::mknodat(folder_.get(), name.c_str(), kind | kFirstFileMode,
                  is_device ? static_cast<dev_t>(info.device_number) : dev_t{0}) == 0) {
      return {};
    }
    const int error = errno;
    if (error == EPERM && is_device) {
      return fail(ErrorKind::io, "target.needs_root", "only root may create the device " + quoted(name),
                  "Run as root to restore devices, or leave them out.", error);
    }
    return target_error("create", name, error);
  }

  Result<void> create_hard_link(const std::string& name, TargetDirectory& from, const std::string& from_name) override {
    ATOLL_TRY(check_name(name));
    ATOLL_TRY(check_name(from_name));
    const auto* folder = dynamic_cast<const PosixTargetDirectory*>(&from);
    ATOLL_INVARIANT(folder != nullptr, "hard links are made between folders of one host tree");
    // No AT_SYMLINK_FOLLOW: a second name of a symbolic link is a second name of the link.
    if (::linkat(folder->folder_.get(), from_name.c_str(), folder_.get(), name.c_str(), 0) != 0) {
      return target_error("link", name, errno);
    }
    return {};
  }

  Result<std::unique_ptr<TargetDirectory>> open_directory(const std::string& name) override {
    ATOLL_TRY(check_name(name));
    const auto open = [&] {
      return Descriptor(
          ::openat(folder_.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    };
    Descriptor folder = open();
    if (!folder.is_open() && errno == ENOENT) {
      if (::mkdirat(folder_.get(), name.c_str(), kFirstFolderMode) != 0 && errno != EEXIST) {
        return target_error("create the folder", name, errno);
      }
      folder = open();
    }
    if (!folder.is_open()) return target_error("open the folder", name, errno);
    return std::make_unique<PosixTargetDirectory>(std::move(folder), name);
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    ATOLL_TRY(check_name(from));
    ATOLL_TRY(check_name(to));
    if (::renameat(folder_.get(), from.c_str(), folder_.get(), to.c_str()) != 0)
      return target_error("rename", from, errno);
    return {};
  }

  Result<void> remove(const std::string& name) override {
    ATOLL_TRY(check_name(name));
    if (::unlinkat(folder_.get(), name.c_str(), 0) == 0) return {};
    int error = errno;
    struct stat status {};
    // POSIX lets a system answer EPERM for a folder.
    if (error == EPERM && ::fstatat(folder_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISDIR(status.st_mode)) {
      error = EISDIR;
    }
    return target_error("remove", name, error);
  }

  Result<std::vector<std::string>> apply(const std::string& name, const NodeInfo& info,
                                         const ExtendedAttributes& attributes) override {
    ATOLL_TRY(check_name(name));
    return NodeReference::in(folder_.get(), name).apply(info, attributes);
  }

  Result<std::vector<std::string>> apply_own(const NodeInfo& info, const ExtendedAttributes& attributes) override {
    return NodeReference::open(folder_.get(), name_).apply(info, attributes);
  }

 private:
  Descriptor folder_;
  std::string name_;
};

}  // namespace

std::unique_ptr<TargetDirectory> make_target_directory(Descriptor folder, std::string name) {
  return std::make_unique<PosixTargetDirectory>(std::move(folder), std::move(name));
}

}  // namespace atl::platform::host
