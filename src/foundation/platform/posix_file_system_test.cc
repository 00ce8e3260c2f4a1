#include "foundation/platform/posix_file_system.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "foundation/platform/testing/file_system_contract.h"

namespace atl::platform {
namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = testing::TempDir() + "/atoll-platform-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  TemporaryFolder(TemporaryFolder&&) = delete;
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class PosixUnderTest final : public FileSystemUnderTest {
 public:
  FileSystem& files() override { return files_; }
  std::string folder() override { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  PosixFileSystem files_;
};
const bool kRegistered = register_file_system_contract("Posix", [] { return std::make_unique<PosixUnderTest>(); });

class PosixFileSystemTest : public testing::Test {
 protected:
  std::string at(const std::string& name) { return join(folder_.path(), name); }
  // The number that the next descriptor of this process will get.
  static int next_descriptor() {
    const int number = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(number);
    return number;
  }
  TemporaryFolder folder_;
  PosixFileSystem files_;
};

TEST_F(PosixFileSystemTest, NewFilesAndFoldersAreForTheOwnerAlone) {
  const auto before = ::umask(0);
  EXPECT_TRUE(files_.open(at("a"), OpenMode::create_new));
  EXPECT_TRUE(files_.create_directory(at("d")));
  EXPECT_TRUE(files_.lock(at("l"), LockMode::exclusive));
  ::umask(before);
  struct stat info {};
  ASSERT_EQ(::stat(at("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
  ASSERT_EQ(::stat(at("l").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
  ASSERT_EQ(::stat(at("d").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700U);
}

TEST_F(PosixFileSystemTest, DescriptorsDoNotLeakIntoChildProcesses) {
  const int number = next_descriptor();
  const auto file = files_.open(at("a"), OpenMode::create_new);
  EXPECT_NE(::fcntl(number, F_GETFD) & FD_CLOEXEC, 0);
  const int lock_number = next_descriptor();
  const auto lock = files_.lock(at("l"), LockMode::exclusive);
  EXPECT_NE(::fcntl(lock_number, F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(PosixFileSystemTest, AFileWhoseSyncFailedRefusesEverythingButReading) {
  const int number = next_descriptor();
  const auto file = files_.open(at("a"), OpenMode::create_new).value();
  ASSERT_TRUE(file->write_at(0, as_bytes("abc")));
  const int kept = ::dup(number);
  // A pipe cannot be synced: put one in the place of the file for a moment.
  int ends[2] = {-1, -1};  // NOLINT
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::dup2(ends[1], number), number);
  const auto failed = file->sync();
  ASSERT_EQ(::dup2(kept, number), number);
  for (const int open : {ends[0], ends[1], kept}) ::close(open);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::io);
  EXPECT_EQ(failed.error().os_error, EINVAL);
  for (const auto& later : {file->sync(), file->write_at(0, as_bytes("x")), file->set_size(0)}) {
    ASSERT_FALSE(later);
    EXPECT_EQ(later.error().kind, ErrorKind::io);
    EXPECT_EQ(later.error().id, "file.poisoned");
  }
  Bytes out(3);
  EXPECT_TRUE(read_exact(*file, 0, out, "a"));
  EXPECT_EQ(to_string(out), "abc");
  EXPECT_TRUE(files_.open(at("a"), OpenMode::read_write).value()->sync());  // reopened, it is another File
}

TEST_F(PosixFileSystemTest, AWriteThatTheSystemCutsShortIsAnError) {
  const auto file = files_.open(at("a"), OpenMode::create_new).value();
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit old {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  struct rlimit small = old;
  small.rlim_cur = 1000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto written = file->write_at(0, Bytes(4096, 1));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  std::signal(SIGXFSZ, before);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().id, "file.too_large");
  EXPECT_EQ(file->size().value(), 1000U);  // the system wrote what it allowed
}

TEST_F(PosixFileSystemTest, AFifoIsRefusedInsteadOfWaitedFor) {
  ASSERT_EQ(::mkfifo(at("fifo").c_str(), 0600), 0);
  const auto opened = files_.open(at("fifo"), OpenMode::read);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().id, "file.not_regular");
  EXPECT_EQ(files_.list(folder_.path()).value().at(0).kind, FileKind::other);
  EXPECT_EQ(files_.stat(at("fifo")).value()->kind, FileKind::other);
}

TEST_F(PosixFileSystemTest, LinksAreFollowedButNeverWalkedThroughWhenRemoving) {
  ASSERT_TRUE(create_directories(files_, at("elsewhere")));
  ASSERT_TRUE(replace_whole(files_, at("elsewhere/precious"), as_bytes("x")));
  ASSERT_TRUE(create_directories(files_, at("tree")));
  ASSERT_EQ(::symlink(at("elsewhere").c_str(), at("tree/link").c_str()), 0);
  ASSERT_EQ(::symlink(at("elsewhere").c_str(), at("top").c_str()), 0);
  ASSERT_EQ(::symlink("nowhere", at("tree/dangling").c_str()), 0);
  EXPECT_FALSE(files_.create_directory(at("top")).value());  // it is there, says who looks through the link
  EXPECT_EQ(files_.stat(at("top")).value()->kind, FileKind::directory);
  EXPECT_EQ(files_.list(at("tree")).value().at(1).kind, FileKind::other);
  ASSERT_TRUE(remove_tree(files_, at("tree")));
  ASSERT_TRUE(remove_tree(files_, at("top")));
  EXPECT_TRUE(files_.stat(at("elsewhere/precious")).value().has_value());
  EXPECT_EQ(files_.list(folder_.path()).value().size(), 1U);
}

TEST_F(PosixFileSystemTest, PathsWithoutFolderAreInTheWorkingDirectory) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  EXPECT_TRUE(replace_whole(files_, "bare", as_bytes("x")));
  EXPECT_TRUE(create_directories(files_, "made/inside"));
  EXPECT_EQ(files_.list("").value().size(), 2U);
  EXPECT_TRUE(files_.space(""));
  std::filesystem::current_path(before);
  EXPECT_TRUE(files_.stat(at("made/inside")).value().has_value());
}

// ---- locks between processes

class Child {
 public:
  template <class Body>
  explicit Child(Body body) : pid_(::fork()) {
    if (pid_ == 0) ::_exit(body());
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  Child(Child&&) = delete;
  Child& operator=(Child&&) = delete;
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      static_cast<void>(wait());
    }
  }
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void kill() {
    ::kill(pid_, SIGKILL);
    static_cast<void>(wait());
  }

 private:
  pid_t pid_;
};

TEST_F(PosixFileSystemTest, AnotherProcessMeetsTheLock) {
  auto attempt = [&](LockMode mode) {
    return Child([&] {
             const auto lock = files_.lock(at("l"), mode);
             if (lock) return 0;
             return lock.error().kind == ErrorKind::locked ? 11 : 1;
           })
        .wait();
  };
  {
    const auto exclusive = files_.lock(at("l"), LockMode::exclusive).value();
    EXPECT_EQ(attempt(LockMode::exclusive), 11);
    EXPECT_EQ(attempt(LockMode::shared), 11);
  }
  const auto shared = files_.lock(at("l"), LockMode::shared).value();
  EXPECT_EQ(attempt(LockMode::shared), 0);
  EXPECT_EQ(attempt(LockMode::exclusive), 11);
}

TEST_F(PosixFileSystemTest, TheLockOfAKilledProcessIsGone) {
  int ready[2] = {-1, -1};  // NOLINT
  ASSERT_EQ(::pipe(ready), 0);
  Child owner([&] {
    const auto lock = files_.lock(at("l"), LockMode::exclusive);
    const char answer = lock ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) != 1) return 1;
    for (;;) ::pause();
  });
  char answer = '?';
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');
  EXPECT_EQ(files_.lock(at("l"), LockMode::shared).error().kind, ErrorKind::locked);
  owner.kill();
  EXPECT_TRUE(files_.lock(at("l"), LockMode::exclusive));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(PosixFileSystemTest, AReaderWithoutTheRightToWriteSharesALock) {
  if (::geteuid() == 0) {
    // Root may write everywhere; so the child below becomes nobody, for whom the folder has to be open.
    ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
  }
  { ASSERT_TRUE(files_.lock(at("l"), LockMode::shared)); }
  ASSERT_EQ(::chmod(at("l").c_str(), 0444), 0);
  Child reader([&] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) return 2;
    if (!files_.lock(at("l"), LockMode::shared)) return 3;
    const auto exclusive = files_.lock(at("l"), LockMode::exclusive);
    if (exclusive) return 4;
    return exclusive.error().id == "file.permission_denied" ? 0 : 5;
  });
  EXPECT_EQ(reader.wait(), 0);
}

}  // namespace
}  // namespace atl::platform
