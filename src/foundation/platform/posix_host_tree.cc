// Where the user's own paths enter the host tree. See host_tree.h.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "foundation/platform/host_tree.h"
#include "foundation/platform/internal/posix_node.h"

namespace atl::platform {
namespace {

using host::Descriptor;

#ifdef O_PATH
constexpr int kPassThrough = O_PATH | O_DIRECTORY | O_CLOEXEC;  // needs no permission to list the folder
#else
constexpr int kPassThrough = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
#endif
constexpr mode_t kUserFolderMode = 0777;  // the user's umask decides, as with mkdir

Result<void> check_path(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    return fail(ErrorKind::usage, "target.bad_name", host::quoted(path) + " is no path", "Name a file or folder.");
  }
  return {};
}

// Deep trees keep a descriptor per level; the soft limit of most systems (1,024) is there for select(), unused here.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

class PosixHostTree final : public HostTree {
 public:
  Result<NodeInfo> info(const std::string& path) override {
    ATOLL_TRY(check_path(path));
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return host::source_error("look at", path, errno);
    return host::to_info(status);
  }

  Result<std::unique_ptr<SourceDirectory>> open_source(const std::string& path) override {
    ATOLL_TRY(check_path(path));
    Descriptor folder = host::open_for_reading(AT_FDCWD, path.c_str(), O_DIRECTORY | O_NONBLOCK);
    if (!folder.is_open()) return host::source_error("open the folder", path, errno);
    return host::make_source_directory(std::move(folder), path);
  }

  Result<std::unique_ptr<TargetDirectory>> open_target(const std::string& path) override {
    ATOLL_TRY(check_path(path));
    Descriptor here(::open(path.front() == '/' ? "/" : ".", kPassThrough));
    if (!here.is_open()) return host::target_error("open the folder", path, errno);
    std::size_t at = 0;
    while (at < path.size()) {  // one name at a time, so that the path may be longer than PATH_MAX
      const std::size_t end = std::min(path.find('/', at), path.size());
      const std::string name = path.substr(at, end - at);
      at = end + 1;
      if (name.empty()) continue;
      Descriptor next(::openat(here.get(), name.c_str(), kPassThrough));
      if (!next.is_open() && errno == ENOENT) {
        if (::mkdirat(here.get(), name.c_str(), kUserFolderMode) != 0 && errno != EEXIST) {
          return host::target_error("create the folder", path, errno);
        }
        next = Descriptor(::openat(here.get(), name.c_str(), kPassThrough));
      }
      if (!next.is_open()) return host::target_error("open the folder", path, errno);
      here = std::move(next);
    }
    Descriptor folder(::openat(here.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.is_open()) return host::target_error("open the folder", path, errno);
    return host::make_target_directory(std::move(folder), path);
  }

  Result<std::uint64_t> available_bytes(const std::string& path) override {
    ATOLL_TRY(check_path(path));
    std::string existing = path;
    struct statvfs status {};
    while (::statvfs(existing.c_str(), &status) != 0) {
      if (errno != ENOENT || existing == "/" || existing == ".") {
        return host::source_error("ask for the free space of", path, errno);
      }
      while (existing.size() > 1 && existing.back() == '/') existing.pop_back();
      const std::size_t slash = existing.rfind('/');
      existing = slash == std::string::npos ? "." : slash == 0 ? "/" : existing.substr(0, slash);
    }
    return static_cast<std::uint64_t>(status.f_bavail) * static_cast<std::uint64_t>(status.f_frsize);
  }
};

}  // namespace

std::unique_ptr<HostTree> make_posix_host_tree() {
  raise_descriptor_limit();
  return std::make_unique<PosixHostTree>();
}

}  // namespace atl::platform
