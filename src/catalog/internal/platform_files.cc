// platform::FileSystem behind the seam of lower_files.h. Locks and shared memory are kept per path, on the heap, by the
// LowerFiles object: connections made through one object see each other, nobody else does.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

#include "catalog/internal/lower_files.h"

namespace atl::catalog {
namespace {

int code_of(const Error& error, int otherwise) { return error.kind == ErrorKind::no_space ? SQLITE_FULL : otherwise; }

// What all connections to one file share. Guarded by `mutex`.
struct Node {
  std::mutex mutex;
  int shared = 0;  // connections at SHARED or more
  const void* reserved = nullptr;
  const void* pending = nullptr;
  const void* exclusive = nullptr;

  static constexpr std::size_t kShmLocks = 8;
  struct ShmLock {
    int shared = 0;
    const void* exclusive = nullptr;
  };
  std::array<ShmLock, kShmLocks> shm_locks{};
  std::vector<std::unique_ptr<std::uint64_t[]>> regions;  // NOLINT(cppcoreguidelines-avoid-c-arrays)
  int shm_users = 0;
};

class PlatformFile final : public LowerFile {
 public:
  PlatformFile(platform::FileSystem& files, std::string path, std::unique_ptr<platform::File> file,
               std::shared_ptr<Node> node, bool is_new)
      : files_(&files),
        path_(std::move(path)),
        file_(std::move(file)),
        node_(std::move(node)),
        name_is_unsynced_(is_new) {}
  ~PlatformFile() override {
    unlock(SQLITE_LOCK_NONE);
    shm_unmap(0);
  }
  PlatformFile(const PlatformFile&) = delete;
  PlatformFile& operator=(const PlatformFile&) = delete;
  PlatformFile(PlatformFile&&) = delete;
  PlatformFile& operator=(PlatformFile&&) = delete;

  int read(std::uint64_t offset, ByteSpan out) override {
    const auto count = file_->read_at(offset, out);
    if (!count) return SQLITE_IOERR_READ;
    if (*count == out.size()) return SQLITE_OK;
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(*count), out.end(), std::uint8_t{0});
    return SQLITE_IOERR_SHORT_READ;
  }
  int write(std::uint64_t offset, ByteView data) override {
    const auto written = file_->write_at(offset, data);
    return written ? SQLITE_OK : code_of(written.error(), SQLITE_IOERR_WRITE);
  }
  int truncate(std::uint64_t size) override {
    const auto done = file_->set_size(size);
    return done ? SQLITE_OK : code_of(done.error(), SQLITE_IOERR_TRUNCATE);
  }
  int sync() override {
    if (!file_->sync()) return SQLITE_IOERR_FSYNC;
    if (name_is_unsynced_) {
      if (!files_->sync_directory(platform::parent_of(path_))) return SQLITE_IOERR_DIR_FSYNC;
      name_is_unsynced_ = false;
    }
    return SQLITE_OK;
  }
  int size(std::uint64_t& size) override {
    const auto value = file_->size();
    if (!value) return SQLITE_IOERR_FSTAT;
    size = *value;
    return SQLITE_OK;
  }

  // https://www.sqlite.org/lockingv3.html
  int lock(int level) override {
    const std::lock_guard guard(node_->mutex);
    if (level <= level_) return SQLITE_OK;
    const auto other = [this](const void* holder) { return holder != nullptr && holder != this; };
    if (level == SQLITE_LOCK_SHARED) {
      if (other(node_->pending) || other(node_->exclusive)) return SQLITE_BUSY;
      ++node_->shared;
      level_ = level;
      return SQLITE_OK;
    }
    if (level == SQLITE_LOCK_RESERVED) {
      if (other(node_->reserved) || other(node_->exclusive)) return SQLITE_BUSY;
      node_->reserved = this;
      level_ = level;
      return SQLITE_OK;
    }
    if (other(node_->pending) || other(node_->exclusive) || other(node_->reserved)) return SQLITE_BUSY;
    node_->pending = this;
    if (node_->shared > 1) {
      level_ = SQLITE_LOCK_PENDING;
      return SQLITE_BUSY;
    }
    node_->exclusive = this;
    level_ = SQLITE_LOCK_EXCLUSIVE;
    return SQLITE_OK;
  }
  int unlock(int level) override {
    const std::lock_guard guard(node_->mutex);
    if (level_ <= level) return SQLITE_OK;
    if (node_->reserved == this) node_->reserved = nullptr;
    if (node_->pending == this) node_->pending = nullptr;
    if (node_->exclusive == this) node_->exclusive = nullptr;
    if (level == SQLITE_LOCK_NONE && level_ >= SQLITE_LOCK_SHARED) --node_->shared;
    level_ = level;
    return SQLITE_OK;
  }
  int check_reserved_lock(int& is_reserved) override {
    const std::lock_guard guard(node_->mutex);
    is_reserved = node_->reserved != nullptr || node_->pending != nullptr || node_->exclusive != nullptr ? 1 : 0;
    return SQLITE_OK;
  }
  int control(int /*operation*/, void* /*argument*/) override { return SQLITE_NOTFOUND; }

  int shm_map(int region, int region_bytes, int extend, void volatile** out) override {
    const std::lock_guard guard(node_->mutex);
    *out = nullptr;
    if (!uses_shm_) {
      uses_shm_ = true;
      ++node_->shm_users;
    }
    const auto index = static_cast<std::size_t>(region);
    if (index >= node_->regions.size()) {
      if (extend == 0) return SQLITE_OK;
      const std::size_t units = static_cast<std::size_t>(region_bytes) / sizeof(std::uint64_t);
      while (node_->regions.size() <= index)
        node_->regions.push_back(std::make_unique<std::uint64_t[]>(units));  // NOLINT: zeroed
    }
    *out = node_->regions[index].get();
    return SQLITE_OK;
  }
  int shm_lock(int offset, int count, int flags) override {
    const std::lock_guard guard(node_->mutex);
    const auto from = static_cast<std::size_t>(offset);
    const auto to = from + static_cast<std::size_t>(count);
    if (to > Node::kShmLocks) return SQLITE_IOERR_SHMLOCK;
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
      for (std::size_t i = from; i < to; ++i) shm_release(i);
      return SQLITE_OK;
    }
    const bool is_exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    for (std::size_t i = from; i < to; ++i) {
      const Node::ShmLock& slot = node_->shm_locks[i];
      if (slot.exclusive != nullptr && slot.exclusive != this) return SQLITE_BUSY;
      if (is_exclusive && slot.shared > (held_shared_[i] ? 1 : 0)) return SQLITE_BUSY;
    }
    for (std::size_t i = from; i < to; ++i) {
      Node::ShmLock& slot = node_->shm_locks[i];
      if (is_exclusive) {
        slot.exclusive = this;
      } else if (!held_shared_[i]) {
        held_shared_[i] = true;
        ++slot.shared;
      }
    }
    return SQLITE_OK;
  }
  void shm_barrier() override {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    const std::lock_guard guard(node_->mutex);
  }
  int shm_unmap(int /*deletes*/) override {
    const std::lock_guard guard(node_->mutex);
    if (!uses_shm_) return SQLITE_OK;
    for (std::size_t i = 0; i < Node::kShmLocks; ++i) shm_release(i);
    uses_shm_ = false;
    // As where the last process leaves the `unix` VFS: the next connection begins with recovery.
    if (--node_->shm_users == 0) node_->regions.clear();
    return SQLITE_OK;
  }

 private:
  void shm_release(std::size_t index) {
    Node::ShmLock& slot = node_->shm_locks[index];
    if (slot.exclusive == this) slot.exclusive = nullptr;
    if (held_shared_[index]) {
      held_shared_[index] = false;
      --slot.shared;
    }
  }

  platform::FileSystem* files_;
  std::string path_;
  std::unique_ptr<platform::File> file_;
  std::shared_ptr<Node> node_;
  bool name_is_unsynced_;
  int level_ = SQLITE_LOCK_NONE;
  bool uses_shm_ = false;
  std::array<bool, Node::kShmLocks> held_shared_{};
};

class PlatformFiles final : public LowerFiles {
 public:
  explicit PlatformFiles(platform::FileSystem& files) : files_(&files) {}

  std::unique_ptr<LowerFile> open(sqlite3_filename name, int flags, int& flags_out, int& code) override {
    code = SQLITE_CANTOPEN;
    const std::string path(name);
    const auto info = files_->stat(path);
    if (!info) return nullptr;
    const bool is_new = !info->has_value();
    if (is_new && (flags & SQLITE_OPEN_CREATE) == 0) return nullptr;
    const platform::OpenMode mode = (flags & SQLITE_OPEN_READONLY) != 0 ? platform::OpenMode::read
                                    : (flags & SQLITE_OPEN_CREATE) != 0 ? platform::OpenMode::create_or_open
                                                                        : platform::OpenMode::read_write;
    auto file = files_->open(path, mode);
    if (!file) {
      code = code_of(file.error(), SQLITE_CANTOPEN);
      return nullptr;
    }
    flags_out = flags;
    code = SQLITE_OK;
    return std::make_unique<PlatformFile>(*files_, path, std::move(*file), node(path), is_new);
  }
  int remove(const char* name, int syncs_folder) override {
    const auto removed = files_->remove_file(name);
    if (!removed) return SQLITE_IOERR_DELETE;
    if (!*removed) return SQLITE_IOERR_DELETE_NOENT;
    if (syncs_folder != 0 && !files_->sync_directory(platform::parent_of(name))) return SQLITE_IOERR_DIR_FSYNC;
    return SQLITE_OK;
  }
  int access(const char* name, int flags, int& result) override {
    const auto info = files_->stat(name);
    if (!info) return SQLITE_IOERR_ACCESS;
    // As the `unix` VFS: an empty file counts as none where existence is asked for.
    result = info->has_value() && (flags != SQLITE_ACCESS_EXISTS || (*info)->size > 0) ? 1 : 0;
    return SQLITE_OK;
  }
  int full_path(const char* name, int out_bytes, char* out) override {
    const std::size_t length = std::strlen(name);
    if (length + 1 > static_cast<std::size_t>(out_bytes)) return SQLITE_CANTOPEN;
    std::memcpy(out, name, length + 1);
    return SQLITE_OK;
  }
  // Somebody of this process holds a lock, another thread as a rule.
  int sleep(int microseconds) override {
    std::unique_lock lock(mutex_);
    never_.wait_for(lock, std::chrono::microseconds(microseconds), [] { return false; });
    return microseconds;
  }

 private:
  std::shared_ptr<Node> node(const std::string& path) {
    const std::lock_guard guard(mutex_);
    std::shared_ptr<Node> found = nodes_[path].lock();
    if (!found) {
      found = std::make_shared<Node>();
      nodes_[path] = found;
    }
    return found;
  }

  platform::FileSystem* files_;
  std::mutex mutex_;
  std::condition_variable never_;                     // is notified: a way to wait
  std::map<std::string, std::weak_ptr<Node>> nodes_;  // guarded by mutex_
};

}  // namespace

std::unique_ptr<LowerFiles> make_platform_files(platform::FileSystem& files) {
  return std::make_unique<PlatformFiles>(files);
}

}  // namespace atl::catalog
