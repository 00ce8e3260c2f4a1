// Word of changes below a folder of the host, as they happen.
//
// Always true: a change is told at least once, or `overflow` is, or watch() refuses; what is told may be old news by
// the time it is read, so the receiver looks for itself. Folders that come are watched by themselves before they are
// told of. Thread rules: one thread. Memory: about 200 bytes for each folder below the watched one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "foundation/base/error.h"

namespace atl::platform {

struct WatchEvent {
  enum class Kind : std::uint8_t {
    changed,      // something about `path` itself: it came, went, or its attributes changed
    written,      // bytes of the file changed, and more may follow
    closed,       // the file was open for writing, and was closed
    folder_came,  // a folder was made or moved here: everything below it is news
    overflow,     // words were lost: everything is news
    root_gone,    // the watched folder was removed, moved or unmounted; nothing more will come
  };
  Kind kind = Kind::changed;
  std::string path;  // below the watched folder, "" for itself; a folder's ends with '/'; raw bytes
  friend bool operator==(const WatchEvent&, const WatchEvent&) = default;
};

class FileWatcher {
 public:
  virtual ~FileWatcher() = default;
  // What happened since the last call, in order; waits for the first of it at most `timeout_ms`. Empty when nothing
  // happened, or when a signal came. At most some thousands at once. `limit`, id "watch.limit": a new folder cannot be
  // watched any more; the watcher is of no use then.
  [[nodiscard]] virtual Result<std::vector<WatchEvent>> wait(std::int64_t timeout_ms) = 0;
};

class FileWatchers {
 public:
  virtual ~FileWatchers() = default;
  // Watches `path` and every folder below it that `enters` lets in (given their paths below it). Refused with
  // `unsupported`, id "watch.network", where a file system lies there whose changes others make unseen by this machine
  // (NFS, SMB, FUSE), or where the system has no such thing; with `limit`, id "watch.limit", where it allows no more.
  [[nodiscard]] virtual Result<std::unique_ptr<FileWatcher>> watch(
      const std::string& path, const std::function<bool(const std::string& below)>& enters) = 0;
  // Waits that long, or until a signal comes.
  virtual void pause(std::int64_t time_ms) = 0;
};

[[nodiscard]] std::unique_ptr<FileWatchers> make_posix_file_watchers();

}  // namespace atl::platform
