// What a mirror removes, and everything that it must not.
#include "vault/folder/mirror.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>

#include "foundation/platform/testing/faulty_host_tree.h"
#include "vault/testing/folder_fixture.h"

namespace atl::vault {
namespace {

namespace fs = std::filesystem;
using namespace testing;  // NOLINT
using platform::testing::FaultyHostTree;
using platform::testing::HostFault;

class MirrorFolder : public FolderFixture {
 protected:
  Result<MirrorSummary> try_mirror(FolderPutOptions options = {}, const MirrorOptions& mirror = {},
                                   platform::HostTree* host = nullptr, const std::string& prefix = "") {
    options.keeps_unmounted = true;
    problems_.clear();
    shown_.clear();
    ATOLL_TRY(check_mirror_source(*vault_, host_or_own(host), source(prefix), "bucket", options, mirror));
    put(options, host, prefix);
    MirrorCallbacks callbacks;
    callbacks.on_problem = [this](const FileProblem& problem) { problems_[problem.path] = problem.error.id; };
    callbacks.on_remove = [this](const std::string& key) { shown_.insert(key); };
    return remove_vanished(*vault_, host_or_own(host), source(prefix), "bucket", options, mirror, callbacks);
  }
  MirrorSummary mirror(const FolderPutOptions& options = {}, const MirrorOptions& how = {},
                       platform::HostTree* host = nullptr, const std::string& prefix = "") {
    const auto done = try_mirror(options, how, host, prefix);
    EXPECT_EQ(told(done), "ok");
    return done ? *done : MirrorSummary{};
  }
  void write_all(const std::set<std::string>& names) const {
    for (const std::string& name : names) {
      fs::create_directories(fs::path(path("in/" + name)).parent_path());
      write("in/" + name, name);
    }
  }
  // What the bucket would hold if it were the folder.
  std::set<std::string> keys_of_disk() const {
    std::set<std::string> all = {"./"};
    for (const auto& [below, what] : on_disk("in")) all.insert(what == "/" ? below + "/" : below);
    return all;
  }
  std::map<std::string, std::string> problems_;
  std::set<std::string> shown_;
};

TEST_F(MirrorFolder, WhatVanishedIsRemovedAndStaysInHistory) {
  write_all({"a", "b", "sub/c", "sub/deep/d", "sub.txt", "other/e"});
  put();
  fs::remove(path("in/a"));
  fs::remove_all(path("in/sub"));
  const MirrorSummary done = mirror();
  EXPECT_EQ(done.files_removed, 3U);
  EXPECT_EQ(done.others_removed, 2U);
  EXPECT_EQ(done.bytes_removed, 1U + 5U + 10U);
  EXPECT_EQ(done.problem_count, 0U);
  EXPECT_EQ(keys(), (std::set<std::string>{"./", "b", "sub.txt", "other/", "other/e"}));
  const auto reader = vault_->reader();
  const auto row = reader->bucket_named("bucket").value().value();
  const auto old = reader->current(row.id, "sub/deep/d", true).value();
  ASSERT_TRUE(old.has_value());
  EXPECT_EQ(bytes_of(*vault_, old->version).value(), to_bytes("sub/deep/d"));
  const MirrorSummary again = mirror();
  EXPECT_EQ(again.files_removed + again.others_removed, 0U);
}

TEST_F(MirrorFolder, ADryRunOnlySays) {
  write_all({"a", "b"});
  put();
  fs::remove(path("in/a"));
  const Lsn last = vault_->journal().last();
  FolderPutOptions options;
  options.is_dry_run = true;
  EXPECT_EQ(mirror(options).files_removed, 1U);
  EXPECT_EQ(shown_, std::set<std::string>{"a"});
  EXPECT_EQ(vault_->journal().last(), last);
}

TEST_F(MirrorFolder, AFileThatBecameAFolderAndTheOtherWayRound) {
  write_all({"was-file", "was-folder/x", "was-folder/y/z", "link/x"});
  put();
  fs::remove(path("in/was-file"));
  fs::remove_all(path("in/was-folder"));
  fs::remove_all(path("in/link"));
  write_all({"was-file/new", "was-folder"});
  fs::create_directory_symlink("was-file", path("in/link"));
  mirror();
  EXPECT_EQ(keys(), (std::set<std::string>{"./", "was-file/", "was-file/new", "was-folder", "link"}));
}

TEST_F(MirrorFolder, OnlyWhatLiesBelowThePrefixAndCameFromAFolder) {
  write_all({"a", "sub/b"});
  put({}, nullptr, "here/");
  put({}, nullptr, "here2/");
  for (const char* key : {"here/typed", "here/sub/typed", "here.txt", "top"})
    ASSERT_EQ(told(put_bytes(*vault_, "bucket", key, to_bytes("typed"))), "ok");
  fs::remove(path("in/a"));
  fs::remove_all(path("in/sub"));
  write_all({"c"});
  const MirrorSummary done = mirror({}, {}, nullptr, "here/");
  EXPECT_EQ(done.files_removed, 2U);
  EXPECT_EQ(keys(), (std::set<std::string>{"here/", "here/c", "here/typed", "here/sub/typed", "here.txt", "top",
                                           "here2/", "here2/a", "here2/sub/", "here2/sub/b"}));
}

TEST_F(MirrorFolder, WhatCannotBeLookedAtKeepsAllThatIsStoredOfIt) {
  write_all({"shut/a", "shut/deep/b", "unlisted/c", "odd", "gone", "fine/d"});
  put();
  for (const char* name : {"shut/a", "unlisted/c", "gone", "fine/d"}) fs::remove(path(std::string("in/") + name));
  fs::remove_all(path("in/shut/deep"));
  FaultyHostTree faulty(*tree_);
  faulty.set_fault("shut", HostFault::cannot_open);
  faulty.set_fault("unlisted", HostFault::cannot_list);
  faulty.set_fault("odd", HostFault::cannot_look);
  const MirrorSummary done = mirror({}, {}, &faulty);
  EXPECT_EQ(done.files_removed, 2U);  // gone, fine/d
  EXPECT_EQ(done.problem_count, 3U);
  EXPECT_EQ(problems_.size(), 3U);
  for (const auto& [name, id] : problems_) EXPECT_EQ(id, "mirror.kept") << name;
  EXPECT_EQ(keys(), (std::set<std::string>{"./", "shut/", "shut/a", "shut/deep/", "shut/deep/b", "unlisted/",
                                           "unlisted/c", "odd", "fine/"}));
  faulty.clear_faults();
  EXPECT_EQ(mirror({}, {}, &faulty).files_removed, 3U);
  EXPECT_EQ(keys(), keys_of_disk());
}

TEST_F(MirrorFolder, AnUnlistableRootRemovesNothing) {
  write_all({"a", "b"});
  put();
  FaultyHostTree faulty(*tree_);
  faulty.set_fault("", HostFault::cannot_list);
  const auto refused = try_mirror({}, {}, &faulty);
  ASSERT_FALSE(refused);
  EXPECT_EQ(keys().size(), 3U);
}

TEST_F(MirrorFolder, AnEmptyOrMissingOrUnlikeSourceIsRefusedBeforeAnythingIsDone) {
  for (std::uint64_t i = 0; i < kMirrorFilesMuch; ++i) write("in/" + std::to_string(i), "x");
  put();
  const Lsn last = vault_->journal().last();
  fs::rename(path("in"), path("away"));
  EXPECT_EQ(try_mirror().error().id, "mirror.source_missing");
  fs::create_directory(path("in"));
  EXPECT_EQ(try_mirror().error().id, "mirror.source_empty");
  write("in/of another disk", "x");
  EXPECT_EQ(try_mirror().error().id, "mirror.source_unlike");
  EXPECT_EQ(vault_->journal().last(), last);
  MirrorOptions allowed;
  allowed.allows_empty = true;
  EXPECT_EQ(mirror({}, allowed).files_removed, kMirrorFilesMuch);
  EXPECT_EQ(keys(), (std::set<std::string>{"./", "of another disk"}));
  // Few files may all be replaced, but not by nothing.
  fs::rename(path("in/of another disk"), path("in/new name"));
  EXPECT_EQ(mirror().files_removed, 1U);
  fs::remove(path("in/new name"));
  EXPECT_EQ(try_mirror().error().id, "mirror.source_empty");
}

TEST_F(MirrorFolder, ExcludedObjectsStayUnlessTheirRemovalIsAsked) {
  write_all({"a.txt", "b.log", "cache/c.txt", "old/d.log", "old/e.txt"});
  put();
  fs::remove(path("in/b.log"));
  fs::remove_all(path("in/old"));
  FolderPutOptions options;
  options.exclude = {"*.log", "cache"};
  EXPECT_EQ(mirror(options).files_removed, 1U);  // old/e.txt
  EXPECT_EQ(keys(), (std::set<std::string>{"./", "a.txt", "b.log", "cache/", "cache/c.txt", "old/d.log"}));
  MirrorOptions all;
  all.removes_excluded = true;
  EXPECT_EQ(mirror(options, all).files_removed, 3U);
  EXPECT_EQ(keys(), (std::set<std::string>{"./", "a.txt"}));
  EXPECT_TRUE(fs::exists(path("in/cache/c.txt")));
}

// Pretends that `name` was stored as the root of another file system.
void pretend_mounted(Vault& vault, const std::string& key, std::uint64_t inode) {
  const auto bucket = Objects(vault).bucket("bucket").value();
  auto found = Objects(vault).find("bucket", key).value();
  found.version.device += 7;
  found.version.inode = inode;
  ASSERT_EQ(told(vault.commit(journal::CommandKind::note,
                              [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
                                changes.put(bucket.domain, found.version);
                                return {};
                              })),
            "ok");
}

TEST_F(MirrorFolder, ADiskThatIsNotMountedBelowTheFolderKeepsWhatIsStoredOfIt) {
  write_all({"usb/a", "usb/b/c", "card/d", "mine"});
  put();
  pretend_mounted(*vault_, "usb/", 2);
  pretend_mounted(*vault_, "card/", 2);
  fs::remove_all(path("in/usb"));
  fs::create_directory(path("in/usb"));  // the mount point stays
  fs::remove_all(path("in/card"));       // or goes with the disk
  const auto before = keys();
  for (int round = 0; round < 2; ++round) {
    const MirrorSummary done = mirror();
    EXPECT_EQ(done.files_removed + done.others_removed, 0U);
    EXPECT_EQ(done.problem_count, 2U);
    EXPECT_EQ(keys(), before);
  }
}

TEST_F(MirrorFolder, StoppedItGoesOnWithTheNextCall) {
  for (int i = 0; i < 3000; ++i) write("in/" + std::to_string(i), "");
  write_all({"kept", "z/y"});
  put();
  for (int i = 0; i < 3000; ++i) fs::remove(path("in/" + std::to_string(i)));
  FolderPutOptions options;
  std::atomic<bool> stop = false;
  options.stop = &stop;
  MirrorCallbacks callbacks;
  std::uint64_t count = 0;
  callbacks.on_remove = [&](const std::string&) {
    if (++count == 2600) stop = true;
  };
  const auto first = remove_vanished(*vault_, *tree_, source(), "bucket", options, {}, callbacks);
  ASSERT_EQ(told(first), "ok");
  EXPECT_TRUE(first->was_interrupted);
  EXPECT_LT(first->files_removed, 3000U);
  stop = false;
  const auto second = remove_vanished(*vault_, *tree_, source(), "bucket", options, {}, {});
  ASSERT_EQ(told(second), "ok");
  EXPECT_EQ(first->files_removed + second->files_removed, 3000U);
  EXPECT_EQ(keys(), keys_of_disk());
}

// Any tree into any other, with and without a scope: afterwards the bucket is the folder.
TEST_F(MirrorFolder, AfterRandomChangesTheBucketIsTheFolder) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    platform::SeededRandom random(seed);
    const auto name = [&] {
      std::string one;
      for (std::uint64_t depth = random.below(4) + 1; depth > 0; --depth) {
        one += one.empty() ? "" : "/";
        one += std::string(1, "abc.-\xFF"[random.below(6)]) + (random.one_in(2) ? "x" : "0");
      }
      return one;
    };
    PutScope changed;
    for (int round = 0; round < 6; ++round) {
      changed.clear();
      for (int step = 0; step < 25; ++step) {
        const std::string one = name();
        const auto note = [&](std::string below) {
          for (;;) {
            const std::size_t slash = below.rfind('/');
            below = slash == std::string::npos ? "" : below.substr(0, slash);
            changed.emplace(below.empty() ? "" : below + "/", false);
            if (below.empty()) return;
          }
        };
        std::error_code failed;
        if (random.one_in(3)) {
          fs::remove_all(path("in/" + one), failed);
        } else {
          for (fs::path parent = fs::path(one).parent_path(); !parent.empty(); parent = parent.parent_path())
            if (fs::is_regular_file(path("in/" + parent.string()), failed)) fs::remove(path("in/" + parent.string()));
          fs::create_directories(fs::path(path("in/" + one)).parent_path());
          if (fs::is_directory(path("in/" + one))) fs::remove_all(path("in/" + one));
          write("in/" + one, one);
          changed.emplace(one + "/", true);  // what came may be a folder whose name was known once
        }
        note(one);
      }
      FolderPutOptions options;
      if (round % 2 == 1) options.scope = &changed;
      MirrorOptions allowed;
      allowed.allows_empty = true;
      mirror(options, allowed);
      ASSERT_EQ(keys(), keys_of_disk()) << "round " << round;
    }
    fs::remove_all(path("in"));
    fs::create_directory(path("in"));
  }
}

}  // namespace
}  // namespace atl::vault
