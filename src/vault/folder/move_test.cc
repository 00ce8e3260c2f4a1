// A move takes a file from its source only when it is safe elsewhere: every reason to leave it, and every moment at
// which the power may go.
#include "vault/folder/move.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <atomic>

#include "foundation/platform/testing/faulty_host_tree.h"
#include "vault/testing/folder_fixture.h"

namespace atl::vault {
namespace {

namespace fs = std::filesystem;
using namespace testing;  // NOLINT
using platform::CrashPolicy;
using platform::MemoryFileSystem;
using platform::TestMachine;
using platform::testing::FaultyHostTree;
using platform::testing::HostFault;

class MoveFolder : public FolderFixture {
 protected:
  Result<MoveSummary> try_remove(const MoveOptions& move = {}, const FolderPutOptions& options = {},
                                 platform::HostTree* host = nullptr) {
    problems_.clear();
    MoveCallbacks callbacks;
    callbacks.on_problem = [this](const FileProblem& problem) {
      problems_[fs::path(problem.path).filename().string()] = problem.error.id;
    };
    return remove_stored_sources(*vault_, host_or_own(host), {source()}, "bucket", options, move, callbacks);
  }
  MoveSummary remove_stored(const MoveOptions& move = {}, const FolderPutOptions& options = {},
                            platform::HostTree* host = nullptr) {
    const auto done = try_remove(move, options, host);
    EXPECT_EQ(told(done), "ok");
    return done ? *done : MoveSummary{};
  }
  std::map<std::string, std::string> problems_;
};

TEST_F(MoveFolder, FilesLinksAndEmptyFoldersGoTheNamedFolderStays) {
  fs::create_directories(path("in/sub/deep"));
  fs::create_directory(path("in/empty"));
  write("in/a", "content of a");
  write("in/nothing", "");
  write("in/sub/deep/large", to_string(noise(1, 3 * kMiB)));
  fs::create_hard_link(path("in/a"), path("in/sub/second name"));
  fs::create_symlink("../nowhere", path("in/sub/link"));
  fs::create_directory(path("in/with pipe"));
  ASSERT_EQ(::mkfifo(path("in/with pipe/pipe").c_str(), 0600), 0);
  {
    std::ofstream out(path("in/sparse"), std::ios::binary);
    out.seekp(5 << 20);
    out << "end";
  }
  const std::string sparse = content_of("in/sparse");
  put();
  const MoveSummary done = remove_stored();
  EXPECT_EQ(done.problem_count, 0U) << (problems_.empty() ? "" : problems_.begin()->first + problems_.begin()->second);
  EXPECT_EQ(done.files_removed, 5U);
  EXPECT_EQ(done.links_removed, 1U);
  EXPECT_EQ(done.folders_removed, 3U);
  EXPECT_EQ(done.left, 0U);
  EXPECT_EQ(on_disk("in"), (std::map<std::string, std::string>{{"with pipe", "/"}, {"with pipe/pipe", "special"}}));
  EXPECT_EQ(bytes_of(*vault_, "bucket", "a").value(), to_bytes("content of a"));
  EXPECT_EQ(bytes_of(*vault_, "bucket", "sub/second name").value(), to_bytes("content of a"));
  EXPECT_EQ(bytes_of(*vault_, "bucket", "sub/deep/large").value(), noise(1, 3 * kMiB));
  EXPECT_EQ(to_string(bytes_of(*vault_, "bucket", "sparse").value()), sparse);
}

TEST_F(MoveFolder, WhatChangedSinceItWasStoredStays) {
  for (const char* name : {"in/same", "in/longer", "in/other-bytes", "in/touched", "in/mode", "in/note"})
    write(name, "12345");
  write("in/excluded", "x");
  fs::create_symlink("a", path("in/link"));
  put();
  write("in/longer", "123456");
  const auto back_to = [&](const char* name, const struct stat& status) {
    const timespec times[2] = {status.st_atim, status.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, path(name).c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
  };
  const struct stat before = status_of("in/other-bytes");
  write("in/other-bytes", "1234x");  // size and time as they were: only reading tells
  back_to("in/other-bytes", before);
  const timespec old[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path("in/touched").c_str(), old, 0), 0);
  ASSERT_EQ(::chmod(path("in/mode").c_str(), 0600), 0);
  const bool has_notes = ::setxattr(path("in/note").c_str(), "user.note", "value", 5, 0) == 0;
  const struct stat link = status_of("in/link");
  fs::remove(path("in/link"));
  fs::create_symlink("b", path("in/link"));
  back_to("in/link", link);
  write("in/new", "not stored");
  FolderPutOptions options;
  options.exclude = {"excluded"};
  const MoveSummary done = remove_stored({}, options);
  EXPECT_EQ(done.files_removed, has_notes ? 1U : 2U);
  for (const char* name : {"longer", "other-bytes", "touched", "mode", "link"}) {
    EXPECT_EQ(problems_[name], "move.changed") << name;
    EXPECT_TRUE(fs::exists(fs::symlink_status(path(std::string("in/") + name)))) << name;
  }
  EXPECT_TRUE(fs::exists(path("in/new")));
  EXPECT_TRUE(fs::exists(path("in/excluded")));
  EXPECT_FALSE(fs::exists(path("in/same")));
  // Stored again, all of it goes.
  put(options);
  EXPECT_EQ(remove_stored({}, options).left, 0U);
  EXPECT_EQ(on_disk("in"), (std::map<std::string, std::string>{{"excluded", "x"}}));
}

TEST_F(MoveFolder, AFileThatIsOpenForWritingStays) {
  write("in/log", "line\n");
  write("in/done", "line\n");
  put();
  const int writer = ::open(path("in/log").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  ASSERT_GE(writer, 0);
  const MoveSummary done = remove_stored();
  ::close(writer);
  EXPECT_EQ(done.files_removed, 1U);
  EXPECT_EQ(problems_["log"], "source.in_use");
  EXPECT_EQ(content_of("in/log"), "line\n");
  EXPECT_EQ(remove_stored().files_removed, 1U);
}

TEST_F(MoveFolder, ItWaitsForTheSecondCopyOfEachCommand) {
  write("in/a", "a");
  put();
  const Lsn first = vault_->journal().last();
  write("in/b", "b");
  put();
  MoveOptions move;
  move.is_on_second_copy = [&](Lsn lsn) -> Result<bool> { return lsn <= first; };
  MoveSummary done = remove_stored(move);
  EXPECT_EQ(done.files_removed, 1U);
  EXPECT_EQ(done.left, 1U);
  EXPECT_EQ(done.not_on_copy, 1U);
  EXPECT_EQ(done.problem_count, 0U);
  EXPECT_EQ(on_disk("in"), (std::map<std::string, std::string>{{"b", "b"}}));
  move.is_on_second_copy = [&](Lsn) -> Result<bool> { return fail(ErrorKind::unreachable, "copy.gone", "not there"); };
  done = remove_stored(move);
  EXPECT_EQ(done.files_removed, 0U);
  EXPECT_EQ(problems_["b"], "copy.gone");
  EXPECT_EQ(content_of("in/b"), "b");
}

TEST_F(MoveFolder, WhatTheVaultCannotGiveBackStays) {
  write("in/good", "good");
  write("in/bad", to_string(noise(1, 200'000)));
  put();
  const auto bucket = Objects(*vault_).bucket("bucket").value();
  auto found = Objects(*vault_).find("bucket", "bad").value();
  found.version.content.parts.back().chunk.bytes[3] ^= 1;
  ASSERT_EQ(told(vault_->commit(journal::CommandKind::note,
                                [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
                                  changes.put(bucket.domain, found.version);
                                  return {};
                                })),
            "ok");
  EXPECT_EQ(remove_stored().files_removed, 1U);
  EXPECT_EQ(problems_["bad"], "move.not_readable");
  EXPECT_EQ(to_bytes(content_of("in/bad")), noise(1, 200'000));
}

TEST_F(MoveFolder, WhatCannotBeReadOrRemovedIsReportedAndTheRestGoes) {
  for (const char* name : {"in/a", "in/b", "in/c", "in/d"}) write(name, std::string(5000, 'q'));
  FaultyHostTree faulty(*tree_);
  put({}, &faulty);
  faulty.set_fault("a", HostFault::cannot_remove);
  faulty.set_fault("b", HostFault::fails_while_read);
  faulty.set_fault("c", HostFault::changes_while_read);
  const MoveSummary done = remove_stored({}, {}, &faulty);
  EXPECT_EQ(done.files_removed, 2U);  // c was read in one piece, before the fault strikes
  EXPECT_EQ(problems_,
            (std::map<std::string, std::string>{{"a", "source.not_removable"}, {"b", "source.read_failed"}}));
}

TEST_F(MoveFolder, AFileNamedByItselfIsMoved) {
  write("in/a", "a");
  write("in/b", "b");
  const std::vector<PutSource> one = {{path("in/a"), "other/key"}};
  ASSERT_EQ(told(put_folders(*vault_, *tree_, one, "bucket", {}, {})), "ok");
  const auto done = remove_stored_sources(*vault_, *tree_, one, "bucket", {}, {}, {});
  ASSERT_EQ(told(done), "ok");
  EXPECT_EQ(done->files_removed, 1U);
  EXPECT_EQ(on_disk("in"), (std::map<std::string, std::string>{{"b", "b"}}));
}

// Power cuts at every point of the vault's writes, while files are stored and then taken away: each of them is on the
// disk, or comes back out of the vault that a reboot finds.
TEST_F(MoveFolder, AtEveryPointEachFileIsInOnePlaceAtLeast) {
  std::map<std::string, Bytes> model;
  fs::create_directory(path("in/sub"));
  for (std::uint64_t i = 0; i < 12; ++i) {
    const std::string name = (i % 3 == 0 ? "sub/" : "") + std::to_string(i);
    model[name] = noise(i, 1000 + i * 9'000);
    write("in/" + name, to_string(model[name]));
  }
  std::uint64_t points = 0;
  std::uint64_t only_in_vault = 0;
  const auto check = [&](std::unique_ptr<MemoryFileSystem> disk, const std::string& when) {
    TestMachine rebooted(std::move(disk), points + 50);
    auto opened = open_small(rebooted.machine());
    ASSERT_EQ(told(opened), "ok") << when;
    for (const auto& [name, bytes] : model) {
      if (fs::exists(path("in/" + name))) {
        ASSERT_EQ(to_bytes(content_of("in/" + name)), bytes) << when << " " << name;
        continue;
      }
      ++only_in_vault;
      const auto stored = bytes_of(**opened, "bucket", name);
      ASSERT_EQ(told(stored), "ok") << when << " " << name;
      ASSERT_EQ(*stored, bytes) << when << " " << name;
    }
  };
  const auto at_point = [&](std::uint64_t point) {
    ++points;
    if (HasFailure()) return;
    check(machine_.files.after_crash(point, CrashPolicy::drop_all), "drop_all " + std::to_string(point));
    check(machine_.files.after_crash(point, CrashPolicy::random), "random " + std::to_string(point));
  };
  // As the program does it: stored, closed, opened again, compared and taken away; file by file with a put between, so
  // that the vault writes while sources are already gone.
  machine_.files.before_each_point(at_point);
  for (const char* only : {"1*", "sub", "*"}) {
    FolderPutOptions options;
    if (std::string(only) == "1*") options.exclude = {"sub"};
    options.include = std::string(only) == "1*" ? std::vector<std::string>{"1*"} : std::vector<std::string>{};
    if (std::string(only) == "sub") options.include = {"sub/*"};
    put(options);
    ASSERT_EQ(told(vault_->close()), "ok");
    reopen();
    remove_stored({}, options);
  }
  ASSERT_EQ(told(vault_->close()), "ok");
  machine_.files.before_each_point(nullptr);
  std::printf("%llu points, %llu files only in the vault\n", static_cast<unsigned long long>(points),
              static_cast<unsigned long long>(only_in_vault));
  EXPECT_GT(points, 100U);
  EXPECT_GT(only_in_vault, 100U);
  EXPECT_TRUE(on_disk("in").empty());
}

}  // namespace
}  // namespace atl::vault
