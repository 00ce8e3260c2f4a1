// inotify behind FileWatcher. See file_watcher.h.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <string_view>
#include <unordered_map>

#include "foundation/base/bytes.h"
#include "foundation/platform/file_watcher.h"
#include "foundation/platform/internal/posix_node.h"

#ifdef __linux__
#include <sys/inotify.h>
#include <sys/vfs.h>
#endif

namespace atl::platform {
namespace {

#ifdef __linux__

using host::Descriptor;

constexpr std::uint32_t kMask = IN_CREATE | IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO |
                                IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW |
                                IN_EXCL_UNLINK;
constexpr std::size_t kBufferBytes = 256 * 1024;

// statfs numbers of file systems that other machines or programs change without this kernel's knowledge.
bool is_changed_by_others(const struct statfs& status) {
  constexpr std::array<std::uint32_t, 10> kinds = {
      0x6969 /* NFS */,    0x517B /* SMB */,      0xFF534D42 /* CIFS */, 0xFE534D42 /* SMB2 */, 0x65735546 /* FUSE */,
      0x01021997 /* 9P */, 0x00C36400 /* Ceph */, 0x5346414F /* AFS */,  0x564C /* NCP */,      0x73757245 /* Coda */};
  return std::ranges::find(kinds, static_cast<std::uint32_t>(status.f_type)) != kinds.end();
}

tl::unexpected<Error> no_more_watches(int error) {
  const bool is_instances = error == EMFILE;
  return fail(ErrorKind::limit, "watch.limit",
              std::string("the system allows no more ") + (is_instances ? "watchers" : "watched folders"),
              is_instances ? "Allow more: sysctl fs.inotify.max_user_instances=1024"
                           : "Allow more: sysctl fs.inotify.max_user_watches=1048576",
              error);
}

class InotifyWatcher final : public FileWatcher {
 public:
  InotifyWatcher(Descriptor queue, std::string root_path, std::function<bool(const std::string&)> enters)
      : queue_(std::move(queue)), root_path_(std::move(root_path)), enters_(std::move(enters)), buffer_(kBufferBytes) {}

  Result<void> begin() {
    {  // closed again: an open folder would keep its disk from being unmounted, a watch does not
      const Descriptor root = host::open_for_reading(AT_FDCWD, root_path_.c_str(), O_DIRECTORY | O_NONBLOCK);
      struct stat status {};
      if (!root.is_open() || ::fstat(root.get(), &status) != 0)
        return host::source_error("open the folder", root_path_, errno);
      root_device_ = status.st_dev;
      ATOLL_TRY(check_kind(root.get()));
    }
    return add_tree("");
  }

  Result<std::vector<WatchEvent>> wait(std::int64_t timeout_ms) override {
    std::vector<WatchEvent> events;
    pollfd waiting{queue_.get(), POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(timeout_ms, 1 << 30)));
    if (ready <= 0) return events;
    const ssize_t got = ::read(queue_.get(), buffer_.data(), buffer_.size());
    if (got < 0) {
      if (errno == EINTR || errno == EAGAIN) return events;
      return fail(ErrorKind::io, "watch.failed", "the system's words of changes cannot be read", "", errno);
    }
    for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(got);) {
      inotify_event event{};
      std::copy_n(buffer_.data() + at, sizeof event, reinterpret_cast<std::uint8_t*>(&event));  // NOLINT
      std::string_view name;
      if (event.len > 0) {
        const auto* text = reinterpret_cast<const char*>(buffer_.data() + at + sizeof event);  // NOLINT
        name = std::string_view(text, ::strnlen(text, event.len));
      }
      at += sizeof event + event.len;
      ATOLL_TRY(take(event, name, events));
    }
    return events;
  }

 private:
  Result<void> take(const inotify_event& event, std::string_view name, std::vector<WatchEvent>& events) {
    using Kind = WatchEvent::Kind;
    if ((event.mask & IN_Q_OVERFLOW) != 0) {
      ATOLL_TRY(add_tree(""));  // folders whose coming was lost
      events.push_back({Kind::overflow, ""});
      return {};
    }
    const auto folder = path_of_.find(event.wd);
    if (folder == path_of_.end()) return {};
    const std::string below = folder->second;
    if ((event.mask & IN_IGNORED) != 0) {
      forget(event.wd);
      return {};
    }
    if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) != 0) {
      // Of other folders their parents tell; an unmounted one is news as a whole.
      if (below.empty()) {
        events.push_back({Kind::root_gone, ""});
      } else if ((event.mask & IN_UNMOUNT) != 0) {
        events.push_back({Kind::folder_came, below + "/"});
      }
      return {};
    }
    if (name.empty()) {  // the folder's own attributes
      events.push_back({Kind::changed, below.empty() ? "" : below + "/"});
      return {};
    }
    const std::string path = below.empty() ? std::string(name) : below + "/" + std::string(name);
    if ((event.mask & IN_ISDIR) != 0) {
      if ((event.mask & (IN_MOVED_FROM | IN_DELETE)) != 0) forget_tree(path);
      if ((event.mask & (IN_MOVED_TO | IN_CREATE)) != 0 && enters_(path)) {
        ATOLL_TRY(add_tree(path));
        events.push_back({Kind::folder_came, path + "/"});
        return {};
      }
      events.push_back({Kind::changed, path + "/"});
      return {};
    }
    const Kind kind = (event.mask & IN_CLOSE_WRITE) != 0 ? Kind::closed
                      : (event.mask & IN_MODIFY) != 0    ? Kind::written
                                                         : Kind::changed;
    events.push_back({kind, path});
    return {};
  }

  // `below` and all folders in it. What vanishes meanwhile is no error: its parent's watch tells.
  Result<void> add_tree(const std::string& below) {
    std::vector<std::string> waiting = {below};
    while (!waiting.empty()) {
      const std::string path = std::move(waiting.back());
      waiting.pop_back();
      const std::string whole = path.empty() ? root_path_ : root_path_ + "/" + path;
      const int number = ::inotify_add_watch(queue_.get(), whole.c_str(), kMask);
      if (number < 0) {
        if (errno == ENOSPC || errno == ENOMEM) return no_more_watches(errno);
        if (path.empty()) return host::source_error("watch", root_path_, errno);
        continue;
      }
      remember(number, path);
      // After the watch: what comes between listing and watch would be seen by neither.
      const Descriptor folder = host::open_for_reading(AT_FDCWD, whole.c_str(), O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK);
      if (!folder.is_open()) continue;
      struct stat status {};
      if (::fstat(folder.get(), &status) == 0 && status.st_dev != root_device_) ATOLL_TRY(check_kind(folder.get()));
      add_folders_of(folder.get(), path, waiting);
    }
    return {};
  }

  void add_folders_of(int folder, const std::string& path, std::vector<std::string>& found) const {
    struct Close {
      void operator()(DIR* stream) const { ::closedir(stream); }
    };
    const int again = ::fcntl(folder, F_DUPFD_CLOEXEC, 0);
    const std::unique_ptr<DIR, Close> stream(again < 0 ? nullptr : ::fdopendir(again));
    if (!stream) {
      if (again >= 0) ::close(again);
      return;
    }
    while (const dirent* entry = ::readdir(stream.get())) {
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      bool is_folder = entry->d_type == DT_DIR;
      if (entry->d_type == DT_UNKNOWN) {
        struct stat status {};
        is_folder = ::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
      }
      std::string below = path.empty() ? name : path + "/" + name;
      if (is_folder && enters_(below)) found.push_back(std::move(below));
    }
  }

  [[nodiscard]] Result<void> check_kind(int folder) const {
    struct statfs status {};
    if (::fstatfs(folder, &status) != 0 || !is_changed_by_others(status)) return {};
    return fail(
        ErrorKind::unsupported, "watch.network",
        host::quoted(root_path_) + " lies on a network or FUSE file system, where others' changes are not told");
  }

  void remember(int number, const std::string& path) {
    // The same folder under a new path keeps its number; another folder may have had this path.
    if (const auto old = path_of_.find(number); old != path_of_.end()) number_of_.erase(old->second);
    path_of_[number] = path;
    number_of_[path] = number;
  }
  void forget(int number) {
    const auto old = path_of_.find(number);
    if (old == path_of_.end()) return;
    if (const auto at = number_of_.find(old->second); at != number_of_.end() && at->second == number)
      number_of_.erase(at);
    path_of_.erase(old);
  }
  void forget_tree(const std::string& path) {
    const auto drop = [&](std::map<std::string, int>::iterator at) {
      ::inotify_rm_watch(queue_.get(), at->second);  // fails where the folder is gone: then so is the watch
      path_of_.erase(at->second);
      return number_of_.erase(at);
    };
    if (const auto own = number_of_.find(path); own != number_of_.end()) drop(own);
    const std::string below = path + "/";
    for (auto at = number_of_.lower_bound(below); at != number_of_.end() && at->first.starts_with(below);)
      at = drop(at);
  }

  Descriptor queue_;
  std::string root_path_;
  std::function<bool(const std::string&)> enters_;
  Buffer buffer_;
  dev_t root_device_ = 0;
  std::unordered_map<int, std::string> path_of_;  // watch number -> path below the root
  std::map<std::string, int> number_of_;          // the other way round
};

#endif

class PosixFileWatchers final : public FileWatchers {
 public:
  Result<std::unique_ptr<FileWatcher>> watch(const std::string& path,
                                             const std::function<bool(const std::string&)>& enters) override {
#ifdef __linux__
    Descriptor queue(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!queue.is_open()) return no_more_watches(errno);
    // With "/." a link that the user named is followed, although no other is.
    auto watcher = std::make_unique<InotifyWatcher>(std::move(queue), path + "/.", enters);
    ATOLL_TRY(watcher->begin());
    return watcher;
#else
    static_cast<void>(enters);
    return fail(ErrorKind::unsupported, "watch.network", "this system tells nothing of changes in " + path);
#endif
  }

  void pause(std::int64_t time_ms) override {
    static_cast<void>(::poll(nullptr, 0, static_cast<int>(std::min<std::int64_t>(time_ms, 1 << 30))));
  }
};

}  // namespace

std::unique_ptr<FileWatchers> make_posix_file_watchers() { return std::make_unique<PosixFileWatchers>(); }

}  // namespace atl::platform
