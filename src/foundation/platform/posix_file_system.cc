#include "foundation/platform/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <limits>

#include "foundation/platform/internal/file_error.h"

namespace atl::platform {
namespace {

// Linux transfers at most 0x7ffff000 bytes a call, macOS refuses more than INT_MAX.
constexpr std::size_t kTransferBytesMax = std::size_t{1} << 30;
constexpr std::uint64_t kOffsetMax = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());

Result<void> check_path(const std::string& path) {
  if (path.find('\0') == std::string::npos) return {};
  return file_name_has_nul();
}

// C calls take a path that is not empty; "" means the working directory, as parent_of() of a bare name returns it.
const char* folder_c_str(const std::string& path) { return path.empty() ? "." : path.c_str(); }

template <class Call>
auto retry_interrupted(Call call) {
  decltype(call()) result{};
  do {
    result = call();
  } while (result == -1 && errno == EINTR);
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);  // EINTR still closes on Linux; a second close could hit another thread's file
  }
  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }

 private:
  int number_;
};

int sync_data(int descriptor) {
#if defined(__APPLE__)
  // fsync() leaves the bytes in the drive's cache there.
  if (::fcntl(descriptor, F_FULLFSYNC) == 0) return 0;
  return ::fsync(descriptor);
#elif defined(_POSIX_SYNCHRONIZED_IO) && _POSIX_SYNCHRONIZED_IO > 0
  return ::fdatasync(descriptor);
#else
  return ::fsync(descriptor);
#endif
}

int sync_all(int descriptor) {
#if defined(__APPLE__)
  if (::fcntl(descriptor, F_FULLFSYNC) == 0) return 0;
#endif
  return ::fsync(descriptor);
}

std::int64_t modified_us(const struct stat& info) {
#if defined(__APPLE__)
  const auto& time = info.st_mtimespec;
#else
  const auto& time = info.st_mtim;
#endif
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000 + static_cast<std::int64_t>(time.tv_nsec) / 1000;
}

FileKind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return FileKind::file;
  if (S_ISDIR(mode)) return FileKind::directory;
  return FileKind::other;
}

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, std::string path) : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t offset, ByteSpan out) const override {
    std::size_t done = 0;
    while (done < out.size()) {
      if (offset > kOffsetMax - done) break;  // no file reaches there
      const auto want = std::min(out.size() - done, kTransferBytesMax);
      const auto got = retry_interrupted(
          [&] { return ::pread(descriptor_.get(), out.data() + done, want, static_cast<off_t>(offset + done)); });
      if (got < 0) return file_error(errno, "read", path_);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  Result<void> write_at(std::uint64_t offset, ByteView data) override {
    ATOLL_TRY(refuse_poisoned());
    if (offset > kOffsetMax || data.size() > kOffsetMax - offset) return file_error(EFBIG, "write", path_);
    std::size_t done = 0;
    while (done < data.size()) {
      const auto want = std::min(data.size() - done, kTransferBytesMax);
      const auto put = retry_interrupted(
          [&] { return ::pwrite(descriptor_.get(), data.data() + done, want, static_cast<off_t>(offset + done)); });
      if (put < 0) return file_error(errno, "write", path_);
      if (put == 0) return file_error(EIO, "write", path_);
      done += static_cast<std::size_t>(put);
    }
    return {};
  }

  Result<void> sync() override {
    ATOLL_TRY(refuse_poisoned());
    if (retry_interrupted([&] { return sync_data(descriptor_.get()); }) == 0) return {};
    const int os_error = errno;
    poisoned_.store(true);
    return file_error(os_error, "sync", path_);
  }

  Result<std::uint64_t> size() const override {
    struct stat info {};
    if (::fstat(descriptor_.get(), &info) != 0) return file_error(errno, "read the size of", path_);
    return static_cast<std::uint64_t>(info.st_size);
  }

  Result<void> set_size(std::uint64_t size) override {
    ATOLL_TRY(refuse_poisoned());
    if (size > kOffsetMax) return file_error(EFBIG, "set the size of", path_);
    const auto result = retry_interrupted([&] { return ::ftruncate(descriptor_.get(), static_cast<off_t>(size)); });
    if (result != 0) return file_error(errno, "set the size of", path_);
    return {};
  }

 private:
  Result<void> refuse_poisoned() const {
    if (!poisoned_.load()) return {};
    return file_poisoned(path_);
  }

  Descriptor descriptor_;
  std::string path_;
  std::atomic<bool> poisoned_ = false;
};

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;  // closing it drops the lock
};

// 0, or errno.
int try_lock(int descriptor, LockMode mode) {
#if defined(F_OFD_SETLK)
  struct flock request {};
  request.l_type = static_cast<short>(mode == LockMode::exclusive ? F_WRLCK : F_RDLCK);
  request.l_whence = SEEK_SET;  // start 0, length 0: the whole file, however long it grows; l_pid must be 0
  if (retry_interrupted([&] { return ::fcntl(descriptor, F_OFD_SETLK, &request); }) == 0) return 0;
  return errno == EACCES ? EAGAIN : errno;
#else
  const int operation = (mode == LockMode::exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB;
  if (retry_interrupted([&] { return ::flock(descriptor, operation); }) == 0) return 0;
  return errno == EWOULDBLOCK ? EAGAIN : errno;
#endif
}

}  // namespace

Result<std::unique_ptr<File>> PosixFileSystem::open(const std::string& path, OpenMode mode) {
  ATOLL_TRY(check_path(path));
  // O_NONBLOCK: opening a FIFO that somebody put there must fail, not hang. It means nothing for regular files.
  int flags = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  switch (mode) {
    case OpenMode::read: flags |= O_RDONLY; break;
    case OpenMode::read_write: flags |= O_RDWR; break;
    case OpenMode::create_new: flags |= O_RDWR | O_CREAT | O_EXCL; break;
    case OpenMode::create_or_open: flags |= O_RDWR | O_CREAT; break;
  }
  const bool creates = mode == OpenMode::create_new || mode == OpenMode::create_or_open;
  Descriptor descriptor(retry_interrupted([&] { return ::open(path.c_str(), flags, 0600); }));
  if (!descriptor.is_open()) return file_error(errno, mode == OpenMode::create_new ? "create" : "open", path);
  struct stat info {};
  if (::fstat(descriptor.get(), &info) != 0) return file_error(errno, "open", path);
  if (S_ISDIR(info.st_mode)) return file_error(EISDIR, "open", path);
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorKind::conflict, "file.not_regular",
                std::string(creates ? "cannot create '" : "cannot open '") + path + "': it is not a regular file");
  }
  return std::make_unique<PosixFile>(std::move(descriptor), path);
}

Result<bool> PosixFileSystem::create_directory(const std::string& path) {
  ATOLL_TRY(check_path(path));
  if (::mkdir(path.c_str(), 0700) == 0) return true;
  const int os_error = errno;
  struct stat info {};
  if (os_error == EEXIST && ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return false;
  return file_error(os_error, "create the folder", path);
}

Result<void> PosixFileSystem::rename(const std::string& from, const std::string& to) {
  ATOLL_TRY(check_path(from));
  ATOLL_TRY(check_path(to));
  if (::renameat(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str()) == 0) return {};
  return file_error(errno, "rename '" + from + "' to", to);
}

Result<bool> PosixFileSystem::remove_file(const std::string& path) {
  ATOLL_TRY(check_path(path));
  if (::unlink(path.c_str()) == 0) return true;
  int os_error = errno;
  if (os_error == ENOENT || os_error == ENOTDIR) return false;
  struct stat info {};  // POSIX says EPERM for a folder, Linux EISDIR
  if (os_error == EPERM && ::lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) os_error = EISDIR;
  return file_error(os_error, "remove", path);
}

Result<bool> PosixFileSystem::remove_directory(const std::string& path) {
  ATOLL_TRY(check_path(path));
  if (::rmdir(path.c_str()) == 0) return true;
  if (errno == ENOENT) return false;
  return file_error(errno == EEXIST ? ENOTEMPTY : errno, "remove the folder", path);
}

Result<void> PosixFileSystem::sync_directory(const std::string& path) {
  ATOLL_TRY(check_path(path));
  const Descriptor descriptor(
      retry_interrupted([&] { return ::open(folder_c_str(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (!descriptor.is_open()) return file_error(errno, "sync the folder", path);
  if (retry_interrupted([&] { return sync_all(descriptor.get()); }) == 0) return {};
  if (errno == EINVAL || errno == ENOTSUP) {
    return fail(ErrorKind::unsupported, "file_system.no_directory_sync",
                "the file system of '" + path + "' cannot make the names in a folder durable",
                "use a local file system such as ext4, xfs, btrfs or zfs", errno);
  }
  return file_error(errno, "sync the folder", path);
}

Result<std::vector<DirectoryEntry>> PosixFileSystem::list(const std::string& path) {
  ATOLL_TRY(check_path(path));
  struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
  };
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(folder_c_str(path)));
  if (!directory) return file_error(errno, "list", path);
  std::vector<DirectoryEntry> entries;
  for (;;) {
    errno = 0;
    const struct dirent* entry = ::readdir(directory.get());  // NOLINT(concurrency-mt-unsafe): the stream is ours alone
    if (entry == nullptr) {
      if (errno != 0) return file_error(errno, "list", path);
      break;
    }
    std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    FileKind kind = FileKind::other;
    if (entry->d_type == DT_REG) {
      kind = FileKind::file;
    } else if (entry->d_type == DT_DIR) {
      kind = FileKind::directory;
    } else if (entry->d_type == DT_UNKNOWN) {
      struct stat info {};
      if (::fstatat(::dirfd(directory.get()), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) continue;  // gone since
        return file_error(errno, "list", join(path, name));
      }
      kind = kind_of(info.st_mode);
    }
    entries.push_back({std::move(name), kind});
  }
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

Result<std::optional<FileInfo>> PosixFileSystem::stat(const std::string& path) {
  ATOLL_TRY(check_path(path));
  struct stat info {};
  if (::stat(folder_c_str(path), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<FileInfo>{};
    return file_error(errno, "look at", path);
  }
  FileInfo result;
  result.kind = kind_of(info.st_mode);
  result.size = result.kind == FileKind::file ? static_cast<std::uint64_t>(info.st_size) : 0;
  result.allocated_bytes = static_cast<std::uint64_t>(info.st_blocks) * 512;
  result.modified_unix_us = modified_us(info);
  return result;
}

Result<SpaceInfo> PosixFileSystem::space(const std::string& path) {
  ATOLL_TRY(check_path(path));
  struct statvfs info {};
  if (retry_interrupted([&] { return ::statvfs(folder_c_str(path), &info); }) != 0) {
    return file_error(errno, "read the free space of", path);
  }
  const auto unit = static_cast<std::uint64_t>(info.f_frsize != 0 ? info.f_frsize : info.f_bsize);
  return SpaceInfo{static_cast<std::uint64_t>(info.f_blocks) * unit, static_cast<std::uint64_t>(info.f_bavail) * unit};
}

Result<std::unique_ptr<FileLock>> PosixFileSystem::lock(const std::string& path, LockMode mode) {
  ATOLL_TRY(check_path(path));
  // Somebody may remove the file between our open and our lock; such a lock would exclude nobody, so look again.
  constexpr int kAttemptsMax = 16;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    constexpr int kFlags = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    int number = retry_interrupted([&] { return ::open(path.c_str(), kFlags | O_RDWR | O_CREAT, 0600); });
    // A reader of a home that it may not write to still takes part in shared locks.
    if (number < 0 && mode == LockMode::shared && (errno == EACCES || errno == EROFS || errno == EPERM)) {
      const int os_error = errno;
      number = retry_interrupted([&] { return ::open(path.c_str(), kFlags | O_RDONLY); });
      if (number < 0 && errno == ENOENT) errno = os_error;
    }
    Descriptor descriptor(number);
    if (!descriptor.is_open()) return file_error(errno, "lock", path);
    const int os_error = try_lock(descriptor.get(), mode);
    if (os_error == EAGAIN) {
      return file_locked(path);
    }
    if (os_error == ENOLCK || os_error == EINVAL || os_error == ENOSYS || os_error == ENOTSUP) {
      return fail(ErrorKind::unsupported, "file_system.no_locks", "the file system of '" + path + "' cannot lock files",
                  "use a local file system such as ext4, xfs, btrfs or zfs", os_error);
    }
    if (os_error != 0) return file_error(os_error, "lock", path);
    struct stat held {};
    struct stat named {};
    if (::fstat(descriptor.get(), &held) != 0) return file_error(errno, "lock", path);
    if (::stat(path.c_str(), &named) == 0 && held.st_ino == named.st_ino && held.st_dev == named.st_dev) {
      return std::make_unique<PosixFileLock>(std::move(descriptor));
    }
  }
  return fail(ErrorKind::io, "file.lock_vanishes", "cannot lock '" + path + "': the file keeps being removed");
}

}  // namespace atl::platform
