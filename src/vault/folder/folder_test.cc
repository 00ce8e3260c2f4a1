// Real folders into a vault and back: every kind of node, odd names, what changes or cannot be read, and what a
// restore must never do.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <set>

#include "foundation/platform/testing/faulty_host_tree.h"
#include "foundation/platform/testing/host_tree_fixture.h"
#include "vault/folder/put.h"
#include "vault/folder/restore.h"
#include "vault/testing/test_vault.h"

namespace atl::vault {
namespace {

namespace fs = std::filesystem;
using namespace testing;  // NOLINT
using platform::TestMachine;
using platform::testing::FaultyHostTree;
using platform::testing::HostFault;

class Folder : public platform::testing::HostTreeFixture {
 protected:
  void SetUp() override {
    HostTreeFixture::SetUp();
    machine_.clock.set({4'000'000'000'000'000});  // long after any file here: all of them have settled
    ASSERT_EQ(told(create_small(machine_.machine())), "ok");
    auto opened = open_small(machine_.machine());
    ASSERT_EQ(told(opened), "ok");
    vault_ = std::move(*opened);
    fs::create_directory(path("in"));
  }
  FolderPutSummary put(const FolderPutOptions& options = {}, platform::HostTree* host = nullptr) {
    const auto done =
        put_folders(*vault_, host != nullptr ? *host : *tree_, {{path("in"), ""}}, "bucket", with_workers(options), {});
    EXPECT_EQ(told(done), "ok");
    return done ? *done : FolderPutSummary{};
  }
  RestoreSummary restore(const std::string& prefix = "", const RestoreOptions& options = {}) {
    const auto done = restore_folder(*vault_, *tree_, {"bucket", prefix, true}, path("out"), options, {});
    EXPECT_EQ(told(done), "ok");
    return done ? *done : RestoreSummary{};
  }
  static FolderPutOptions with_workers(FolderPutOptions options) {
    if (options.workers == 0) options.workers = 2;
    return options;
  }
  std::set<std::string> keys() {
    std::set<std::string> all;
    const auto reader = vault_->reader();
    const auto row = reader->bucket_named("bucket").value();
    if (!row) return all;
    EXPECT_TRUE(reader->scan(row->id, "", "", [&](const catalog::Listed& listed) -> Result<bool> {
      all.insert(listed.entry.key);
      return true;
    }));
    return all;
  }
  void make_old(const std::string& name) const {
    const timespec times[2] = {{1'000'000'000, 0}, {1'234'567'890, 123'456'789}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path(name).c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
  }
  // Everything stat and read tell of a tree, by path below it; folders' sizes left out.
  std::map<std::string, std::string> seen(const std::string& below) const {
    std::map<std::string, std::string> all;
    const auto add = [&](const fs::path& at) {
      struct stat status {};
      EXPECT_EQ(::lstat(at.c_str(), &status), 0);
      std::string words = std::to_string(status.st_mode) + " " + std::to_string(status.st_uid) + " " +
                          std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec) + " " +
                          std::to_string(S_ISDIR(status.st_mode) ? 0 : status.st_nlink) + " " +
                          std::to_string(status.st_rdev);
      if (S_ISREG(status.st_mode)) {
        std::ifstream in(at, std::ios::binary);
        const std::string content{std::istreambuf_iterator<char>(in), {}};
        words += " " + std::to_string(content.size()) + " " + to_hex(codec::blake3(as_bytes(content)));
      }
      if (S_ISLNK(status.st_mode)) words += " -> " + fs::read_symlink(at).string();
      char value[256];
      const ssize_t count = ::lgetxattr(at.c_str(), "user.note", value, sizeof value);
      if (count >= 0) words += " note " + std::string(value, static_cast<std::size_t>(count));
      all[fs::relative(at, path(below)).string()] = words;
    };
    add(path(below));
    for (const auto& entry : fs::recursive_directory_iterator(path(below))) add(entry.path());
    return all;
  }

  TestMachine machine_;
  std::unique_ptr<Vault> vault_;
};

// What lies between the copies of the text fills a group by itself: in the order of the folders no two would meet.
TEST_F(Folder, FilesOfOneNameAreCompressedTogetherWhereverTheyLie) {
  constexpr std::uint64_t kFolders = 30;
  constexpr std::size_t kTextBytes = 100'000, kOtherBytes = 180'000;
  const std::string text = to_string(words(1, kTextBytes));
  for (std::uint64_t i = 0; i < kFolders; ++i) {
    const std::string folder = "in/" + std::to_string(i);
    fs::create_directory(path(folder));
    // Cut into chunks of its own everywhere: only compression finds what is the same.
    std::string edited = text;
    for (std::size_t at = 0; at < edited.size(); at += 997) edited[at] = static_cast<char>(i);
    write(folder + "/copyright", edited);
    for (std::uint64_t other = 0; other < 6; ++other) {
      write(folder + "/" + std::to_string(other) + "." + std::to_string(other),
            to_string(noise(100 + i * 10 + other, kOtherBytes)));
    }
  }
  FolderPutOptions options;
  options.workers = 1;
  const FolderPutSummary summary = put(options);
  EXPECT_EQ(summary.files_new, kFolders * 7);
  const std::uint64_t others = kFolders * 6 * kOtherBytes;
  EXPECT_LT(summary.bytes_stored, others + kFolders * kTextBytes / 2);
  restore();
  EXPECT_EQ(seen("out"), seen("in"));
}

TEST_F(Folder, EveryKindOfNodeComesBackAsItWas) {
  fs::create_directories(path("in/sub/deeper"));
  fs::create_directory(path("in/empty folder"));
  write("in/small", "hello");
  write("in/nothing", "");
  write("in/large", to_string(noise(1, 9 * kMiB)));  // past the size that is written under another name first
  write("in/sub/words", to_string(words(2, 300'000)));
  write(std::string("in/sub/odd \n\t\xFF\xC3 name"), "odd");
  write("in/sub/" + std::string(255, 'n'), "long");
  write("in/-rf", "dash");
  fs::create_hard_link(path("in/small"), path("in/sub/second name"));
  fs::create_symlink("../small", path("in/sub/link"));
  fs::create_symlink("/nowhere/at all", path("in/dangling"));
  ASSERT_EQ(::mkfifo(path("in/fifo").c_str(), 0640), 0);
  ASSERT_EQ(::mknod(path("in/socket").c_str(), S_IFSOCK | 0600, 0), 0);
  ASSERT_EQ(::chmod(path("in/sub/words").c_str(), 0751), 0);
  ASSERT_EQ(::chmod(path("in/sub").c_str(), 0705), 0);
  (void)::setxattr(path("in/small").c_str(), "user.note", "value", 5, 0);
  (void)::setxattr(path("in/sub").c_str(), "user.note", "folder", 6, 0);
  {  // data, 20 MiB of hole, data, hole at the end
    std::ofstream out(path("in/sparse"), std::ios::binary);
    out << to_string(noise(3, 10'000));
    out.seekp(20 << 20);
    out << "end";
    out.close();
    ASSERT_EQ(::truncate(path("in/sparse").c_str(), (21 << 20) + 77), 0);
  }
  for (const char* name : {"in/small", "in/large", "in/sub/link", "in/fifo", "in/sub/deeper", "in/sub", "in"})
    make_old(name);
  const auto before = seen("in");
  const FolderPutSummary stored = put();
  EXPECT_EQ(stored.problem_count, 0U) << (stored.problems.empty() ? "" : told(stored.problems.front().error));
  EXPECT_EQ(seen("in"), before);  // sources are only read
  const RestoreSummary restored = restore();
  EXPECT_EQ(restored.problem_count, 0U) << (restored.problems.empty() ? "" : told(restored.problems.front().error));
  const auto after = seen("out");
  for (const auto& [name, words_seen] : before) {
    const auto found = after.find(name);
    ASSERT_TRUE(found != after.end()) << name;
    EXPECT_EQ(found->second, words_seen) << name;
  }
  EXPECT_EQ(after.size(), before.size());
  EXPECT_EQ(status_of("out/small").st_ino, status_of("out/sub/second name").st_ino);
  EXPECT_LT(status_of("out/sparse").st_blocks * 512, 2 << 20);
  // A second restore finds everything there and touches nothing.
  const RestoreSummary again = restore();
  EXPECT_EQ(again.problem_count, 0U);
  EXPECT_EQ(again.bytes, 0U);
  EXPECT_EQ(seen("out"), after);
}

TEST_F(Folder, ASecondPutOfAnUnchangedFolderReadsAndWritesNothing) {
  fs::create_directories(path("in/a/b"));
  for (int i = 0; i < 200; ++i) write("in/a/" + std::to_string(i), std::string(static_cast<std::size_t>(i), 'x'));
  const FolderPutSummary first = put();
  EXPECT_EQ(first.files_new, 200U);
  const Lsn last = vault_->journal().last();
  const FolderPutSummary second = put();
  EXPECT_EQ(second.files_unchanged, 200U);
  EXPECT_EQ(second.files_new + second.files_changed, 0U);
  EXPECT_EQ(second.bytes_read, 0U);
  EXPECT_EQ(vault_->journal().last(), last);
  // One changes, one comes, one is only touched, one keeps size and times but not its content.
  write("in/a/7", "changed");
  write("in/a/new", "new");
  make_old("in/a/9");
  const FolderPutSummary third = put();
  EXPECT_EQ(third.files_new, 1U);
  EXPECT_EQ(third.files_changed, 2U);  // new times are a new version too
  EXPECT_EQ(third.files_unchanged, 198U);
  EXPECT_EQ(bytes_of(*vault_, "bucket", "a/7").value(), to_bytes("changed"));
  FolderPutOptions force;
  force.reads_unchanged = true;
  const FolderPutSummary fourth = put(force);
  EXPECT_EQ(fourth.files_unchanged, 201U);
  EXPECT_GT(fourth.bytes_read, 10'000U);
}

TEST_F(Folder, AFileChangedWithinTheLastSecondsIsReadAgain) {
  write("in/fresh", "one");
  machine_.clock.set({status_of("in/fresh").st_ctim.tv_sec * 1'000'000});
  EXPECT_EQ(put().files_new, 1U);
  const FolderPutSummary second = put();
  EXPECT_EQ(second.bytes_read, 3U);
  EXPECT_EQ(second.files_unchanged, 1U);
}

TEST_F(Folder, WhatCannotBeReadIsListedAndTheRestIsStored) {
  fs::create_directories(path("in/closed"));
  for (const char* name : {"in/a", "in/b", "in/c", "in/d", "in/closed/x"}) write(name, std::string(5000, 'q'));
  FaultyHostTree faulty(*tree_);
  faulty.set_fault("b", HostFault::fails_while_read);
  faulty.set_fault("c", HostFault::cannot_open);
  faulty.set_fault("d", HostFault::vanishes_before_open);
  faulty.set_fault("closed", HostFault::cannot_list);
  const FolderPutSummary stored = put({}, &faulty);
  EXPECT_EQ(stored.problem_count, 4U);
  std::set<std::string> named;
  for (const FileProblem& problem : stored.problems)
    named.insert(fs::path(problem.path + "/.").lexically_normal().parent_path().filename().string());
  EXPECT_EQ(named, (std::set<std::string>{"b", "c", "d", "closed"}));
  EXPECT_TRUE(keys().contains("a"));
  for (const char* key : {"b", "c", "d", "closed/x"}) EXPECT_FALSE(keys().contains(key)) << key;
  faulty.clear_faults();
  EXPECT_EQ(put({}, &faulty).problem_count, 0U);
  EXPECT_EQ(keys().size(), 7U);  // five files, ./ and closed/
}

TEST_F(Folder, AFileThatChangesWhileItIsReadIsReadAgainOrReported) {
  for (const char* name : {"in/once", "in/always", "in/grows", "in/shrinks"})
    write(name, to_string(noise(1, 3 * kMiB)));
  FaultyHostTree faulty(*tree_);
  faulty.set_fault("once", HostFault::changes_while_read, 1);
  faulty.set_fault("always", HostFault::changes_while_read);
  faulty.set_fault("grows", HostFault::grows_while_read);
  faulty.set_fault("shrinks", HostFault::shrinks_while_read);
  const FolderPutSummary stored = put({}, &faulty);
  EXPECT_EQ(stored.changed_while_read, 3U);
  EXPECT_EQ(stored.problem_count, 3U);
  EXPECT_EQ(bytes_of(*vault_, "bucket", "once").value(), noise(1, 3 * kMiB));
  for (const char* key : {"always", "grows", "shrinks"}) EXPECT_FALSE(keys().contains(key)) << key;
}

TEST_F(Folder, IncludesExcludesTagsAndMetadata) {
  fs::create_directories(path("in/src/build"));
  for (const char* name : {"in/a.txt", "in/a.log", "in/src/b.txt", "in/src/build/c.txt", "in/src/c.bin"})
    write(name, "x");
  FolderPutOptions options;
  options.include = {"*.txt"};
  options.exclude = {"build"};
  options.tags = {{"project", "reef"}};
  options.metadata = {{"year", "1987"}};
  options.metadata_by_path = {{"src/b.txt", {{"site", "B"}}}, {"nowhere.txt", {{"site", "N"}}}};
  const FolderPutSummary stored = put(options);
  EXPECT_EQ(keys(), (std::set<std::string>{"./", "a.txt", "src/", "src/b.txt"}));
  EXPECT_EQ(stored.excluded, 3U);
  EXPECT_EQ(stored.metadata_without_file, std::vector<std::string>{"nowhere.txt"});
  const auto found = Objects(*vault_).find("bucket", "src/b.txt").value();
  EXPECT_EQ(found.version.metadata, (std::map<std::string, std::string>{{"site", "B"}, {"year", "1987"}}));
  EXPECT_EQ(found.version.tags.at("project"), "reef");
}

TEST_F(Folder, ADryRunStoresNothing) {
  write("in/a", "12345");
  FolderPutOptions options;
  options.is_dry_run = true;
  const FolderPutSummary summary = put(options);
  EXPECT_EQ(summary.files_new, 1U);
  EXPECT_EQ(vault_->journal().last(), Lsn{});
  EXPECT_TRUE(keys().empty());
}

TEST_F(Folder, StoppedItKeepsWhatItCommittedAndTheSameCallGoesOn) {
  for (int i = 0; i < 60; ++i)
    write("in/" + std::to_string(i), to_string(noise(static_cast<std::uint64_t>(i), 200'000)));
  std::atomic<bool> stop = false;
  FolderPutOptions options;
  options.stop = &stop;
  options.workers = 1;
  FolderPutCallbacks callbacks;
  callbacks.on_progress = [&](const FolderPutProgress& progress) {
    if (progress.bytes_done > 1'000'000) stop = true;
  };
  const auto first = put_folders(*vault_, *tree_, {{path("in"), ""}}, "bucket", options, callbacks);
  ASSERT_EQ(told(first), "ok");
  const std::size_t stored = keys().size();
  stop = false;
  const FolderPutSummary second = put(options);
  EXPECT_FALSE(second.was_interrupted);
  EXPECT_EQ(keys().size(), 61U);
  if (first->was_interrupted) {
    EXPECT_EQ(second.files_new + first->files_new, 60U) << stored;
  }
  for (int i = 0; i < 60; ++i)
    ASSERT_EQ(bytes_of(*vault_, "bucket", std::to_string(i)).value(), noise(static_cast<std::uint64_t>(i), 200'000));
}

TEST_F(Folder, AFileNamedByItselfGetsExactlyItsKey) {
  write("in/photo.jpg", "bytes");
  const auto done = put_folders(*vault_, *tree_, {{path("in/photo.jpg"), "album/cover.jpg"}}, "bucket", {}, {});
  ASSERT_EQ(told(done), "ok");
  EXPECT_EQ(keys(), std::set<std::string>{"album/cover.jpg"});
  const auto again = put_folders(*vault_, *tree_, {{path("in/photo.jpg"), "album/cover.jpg"}}, "bucket", {}, {});
  ASSERT_EQ(told(again), "ok");
  EXPECT_EQ(again->files_unchanged, 1U);
  EXPECT_EQ(again->bytes_read, 0U);
}

TEST_F(Folder, ALostSourceIsAProblemNotAnEnd) {
  write("in/a", "x");
  const auto done =
      put_folders(*vault_, *tree_, {{path("not there"), "n/"}, {path("in"), "i/"}}, "bucket", with_workers({}), {});
  ASSERT_EQ(told(done), "ok");
  EXPECT_EQ(done->problem_count, 1U);
  EXPECT_TRUE(keys().contains("i/a"));
}

TEST_F(Folder, FilesWithManyWordsDoNotOutgrowACommand) {
  for (int i = 0; i < 400; ++i) write("in/" + std::to_string(i), std::to_string(i));
  FolderPutOptions options;
  options.metadata = {{"abstract", std::string(60'000, 'a')}};
  EXPECT_EQ(put(options).problem_count, 0U);
  EXPECT_EQ(keys().size(), 401U);
}

// ---- restoring what is not to be trusted

TEST_F(Folder, NothingIsEverWrittenOutsideTheTarget) {
  fs::create_directory(path("elsewhere"));
  for (const char* key : {"../escaped", "a/../../escaped2", "/absolute", "a//b", "./dot", "..", "sub/..", "ok/fine"})
    ASSERT_EQ(told(put_bytes(*vault_, "bucket", key, to_bytes("evil"))), "ok") << key;
  ASSERT_EQ(told(put_bytes(*vault_, "bucket", std::string(300, 'l'), to_bytes("long"))), "ok");
  ASSERT_EQ(told(put_bytes(*vault_, "bucket", "planted/file", to_bytes("through a link"))), "ok");
  fs::create_directory(path("out"));
  fs::create_directory_symlink(path("elsewhere"), path("out/planted"));
  const RestoreSummary restored = restore();
  EXPECT_EQ(restored.problem_count, 9U);
  EXPECT_EQ(content_of("out/ok/fine"), "evil");
  EXPECT_TRUE(fs::is_empty(path("elsewhere")));
  for (const char* name : {"escaped", "escaped2", "absolute"}) {
    EXPECT_FALSE(fs::exists(path(name))) << name;
    EXPECT_FALSE(fs::exists(fs::path("/") / name)) << name;
  }
}

TEST_F(Folder, AnObjectBesideAFolderOfTheSameNameIsReportedAndTheRestComes) {
  ASSERT_EQ(told(put_bytes(*vault_, "bucket", "a", to_bytes("file"))), "ok");
  ASSERT_EQ(told(put_bytes(*vault_, "bucket", "a/b", to_bytes("below"))), "ok");
  ASSERT_EQ(told(put_bytes(*vault_, "bucket", "c", to_bytes("other"))), "ok");
  RestoreOptions one;
  one.workers = 1;
  const RestoreSummary restored = restore("", one);
  EXPECT_EQ(restored.problem_count, 1U);
  EXPECT_EQ(content_of("out/c"), "other");
}

TEST_F(Folder, ExistingFilesStayUnlessReplacedIsAsked) {
  ASSERT_EQ(told(put_bytes(*vault_, "bucket", "a", to_bytes("stored"))), "ok");
  fs::create_directory(path("out"));
  write("out/a", "mine, and longer");
  const RestoreSummary kept = restore();
  EXPECT_EQ(kept.problem_count, 1U);
  EXPECT_EQ(content_of("out/a"), "mine, and longer");
  RestoreOptions replace;
  replace.replace = true;
  EXPECT_EQ(restore("", replace).problem_count, 0U);
  EXPECT_EQ(content_of("out/a"), "stored");
}

TEST_F(Folder, APrefixIsRestoredAloneAndNothingUnderItIsAnError) {
  for (const char* key : {"x/1", "x/y/2", "z/3"})
    ASSERT_EQ(told(put_bytes(*vault_, "bucket", key, to_bytes(key))), "ok");
  EXPECT_EQ(restore("x/").files, 2U);
  EXPECT_EQ(content_of("out/y/2"), "x/y/2");
  EXPECT_FALSE(fs::exists(path("out/3")));
  const auto nothing = restore_folder(*vault_, *tree_, {"bucket", "none/", true}, path("out2"), {}, {});
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().id, "restore.nothing");
}

TEST_F(Folder, DamagedContentIsReportedAndLeavesNoFile) {
  write("in/good", "good");
  write("in/bad", to_string(noise(1, 200'000)));
  put();
  // The record says a chunk that is not there.
  const auto bucket = Objects(*vault_).bucket("bucket").value();
  auto found = Objects(*vault_).find("bucket", "bad").value();
  found.version.content.parts.back().chunk.bytes[3] ^= 1;
  ASSERT_EQ(told(vault_->commit(journal::CommandKind::note,
                                [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
                                  changes.put(bucket.domain, found.version);
                                  return {};
                                })),
            "ok");
  const RestoreSummary restored = restore();
  EXPECT_EQ(restored.problem_count, 1U);
  EXPECT_FALSE(fs::exists(path("out/bad")));
  EXPECT_EQ(content_of("out/good"), "good");
}

}  // namespace
}  // namespace atl::vault
