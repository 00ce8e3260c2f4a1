// The twin itself: contract, points, stops, faults, full disks, damage. Crashes: memory_crash_test.cc.
#include "foundation/platform/testing/memory_file_system.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <thread>

#include "foundation/base/units.h"
#include "foundation/platform/testing/file_system_contract.h"
#include "foundation/platform/testing/test_machine.h"

namespace atl::platform {
namespace {

class MemoryUnderTest final : public FileSystemUnderTest {
 public:
  MemoryUnderTest() { static_cast<void>(files_.create_directory("/test").value()); }
  FileSystem& files() override { return files_; }
  std::string folder() override { return "/test"; }

 private:
  MemoryFileSystem files_;
};
const bool kRegistered = register_file_system_contract("Memory", [] { return std::make_unique<MemoryUnderTest>(); });

std::unique_ptr<File> open(FileSystem& files, const std::string& path, OpenMode mode = OpenMode::create_or_open) {
  return files.open(path, mode).value();
}

template <class T>
std::string id_of(const Result<T>& result) {
  return result ? "done" : result.error().id;
}

// ---- points and stops

TEST(MemoryPointsTest, OnlyWhatChangesTheDiskIsAPoint) {
  MemoryFileSystem files;
  EXPECT_EQ(files.points(), 0U);
  const auto file = open(files, "/a");  // 1: creates
  EXPECT_EQ(files.points(), 1U);
  EXPECT_TRUE(open(files, "/a"));
  EXPECT_TRUE(file->write_at(0, as_bytes("x")));  // 2
  EXPECT_TRUE(file->write_at(0, {}));
  EXPECT_TRUE(file->set_size(5));  // 3
  EXPECT_TRUE(file->set_size(5));
  EXPECT_TRUE(file->sync());                           // 4
  EXPECT_TRUE(files.sync_directory("/"));              // 5
  EXPECT_TRUE(files.create_directory("/d").value());   // 6
  EXPECT_FALSE(files.create_directory("/d").value());  // exists
  EXPECT_TRUE(files.rename("/a", "/d/a"));             // 7
  EXPECT_FALSE(files.remove_file("/a").value());       // missing
  EXPECT_TRUE(files.remove_file("/d/a").value());      // 8
  EXPECT_TRUE(files.remove_directory("/d").value());   // 9
  EXPECT_FALSE(files.rename("/no", "/b"));             // refused
  EXPECT_TRUE(files.lock("/l", LockMode::exclusive));  // 10: creates
  EXPECT_TRUE(files.lock("/l", LockMode::exclusive));  // no change
  EXPECT_TRUE(files.list("/"));
  EXPECT_TRUE(files.stat("/"));
  EXPECT_TRUE(files.space("/"));
  EXPECT_EQ(files.points(), 10U);
}

TEST(MemoryPointsTest, AStopBeforeAPointLeavesItUndoneAndNothingWorksFromThere) {
  MemoryFileSystem files;
  const auto file = open(files, "/a");
  files.stop_at(2, StopWhen::before);
  EXPECT_TRUE(file->write_at(0, as_bytes("one")));
  EXPECT_FALSE(files.stopped());
  EXPECT_EQ(id_of(file->write_at(0, as_bytes("two"))), "test.stopped");
  EXPECT_TRUE(files.stopped());
  EXPECT_EQ(to_string(files.content("/a")), "one");
  Bytes out(3);
  EXPECT_EQ(id_of(file->read_at(0, out)), "test.stopped");
  EXPECT_EQ(id_of(file->write_at(0, as_bytes("x"))), "test.stopped");
  EXPECT_EQ(id_of(file->sync()), "test.stopped");
  EXPECT_EQ(id_of(file->size()), "test.stopped");
  EXPECT_EQ(id_of(file->set_size(0)), "test.stopped");
  EXPECT_EQ(id_of(files.open("/a", OpenMode::read)), "test.stopped");
  EXPECT_EQ(id_of(files.create_directory("/d")), "test.stopped");
  EXPECT_EQ(id_of(files.rename("/a", "/b")), "test.stopped");
  EXPECT_EQ(id_of(files.remove_file("/a")), "test.stopped");
  EXPECT_EQ(id_of(files.remove_directory("/d")), "test.stopped");
  EXPECT_EQ(id_of(files.sync_directory("/")), "test.stopped");
  EXPECT_EQ(id_of(files.list("/")), "test.stopped");
  EXPECT_EQ(id_of(files.stat("/")), "test.stopped");
  EXPECT_EQ(id_of(files.space("/")), "test.stopped");
  EXPECT_EQ(id_of(files.lock("/l", LockMode::shared)), "test.stopped");
  EXPECT_EQ(files.content("/a").size(), 3U);
}

TEST(MemoryPointsTest, AStopAfterAPointDoesItAndDoesNotSaySo) {
  MemoryFileSystem files;
  const auto file = open(files, "/a");
  ASSERT_TRUE(file->write_at(0, as_bytes("one")));
  files.stop_at(2, StopWhen::after);
  EXPECT_EQ(id_of(file->sync()), "test.stopped");
  EXPECT_EQ(files.unsynced_changes("/a"), 0U);

  MemoryFileSystem names;
  names.set_content("/a", as_bytes("x"));
  names.stop_at(0, StopWhen::after);
  EXPECT_EQ(id_of(names.rename("/a", "/b")), "test.stopped");
  EXPECT_EQ(names.all_paths(), std::vector<std::string>{"/b"});
}

TEST(MemoryPointsTest, ATornStopWritesAboutHalfInWholeSectors) {
  MemoryFileSystem files;
  const auto file = open(files, "/a");
  files.stop_at(1, StopWhen::torn);
  EXPECT_EQ(id_of(file->write_at(100, Bytes(4096, 7))), "test.stopped");
  const auto content = files.content("/a");
  EXPECT_EQ(content.size() % 512, 0U);
  EXPECT_GT(content.size(), 1024U);
  EXPECT_LT(content.size(), 3500U);

  MemoryFileSystem names;
  names.set_content("/a", as_bytes("x"));
  names.stop_at(0, StopWhen::torn);
  EXPECT_EQ(id_of(names.rename("/a", "/b")), "test.stopped");
  EXPECT_EQ(names.all_paths(), std::vector<std::string>{"/a"});
}

TEST(MemoryPointsTest, TheHookSeesEachStateBeforeItsPoint) {
  MemoryFileSystem files;
  std::vector<std::string> seen;
  files.before_each_point([&](std::uint64_t point) {
    const auto copy = files.clone();
    seen.push_back(std::to_string(point) + ":" + (copy->exists("/a") ? to_string(copy->content("/a")) : "none"));
  });
  const auto file = open(files, "/a");
  ASSERT_TRUE(file->write_at(0, as_bytes("x")));
  ASSERT_TRUE(file->sync());
  files.before_each_point(nullptr);
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(seen, (std::vector<std::string>{"0:none", "1:", "2:x"}));
}

// ---- faults

TEST(MemoryFaultTest, EachOperationFailsAsOftenAsToldForMatchingPathsOnly) {
  MemoryFileSystem files;
  files.set_content("/d/a", as_bytes("abc"));
  files.fail_next(Operation::open, "/d/*", ErrorKind::io, 2, 1);
  EXPECT_TRUE(files.open("/d/a", OpenMode::read));
  EXPECT_TRUE(files.open("/other", OpenMode::create_new));
  EXPECT_EQ(files.open("/d/a", OpenMode::read).error().os_error, EIO);
  EXPECT_EQ(id_of(files.open("d/../d/a", OpenMode::read)), "file.io");
  const auto file = open(files, "/d/a");

  Bytes out(3);
  files.fail_next(Operation::read, "/d/a");
  EXPECT_EQ(id_of(file->read_at(0, out)), "file.io");
  EXPECT_EQ(id_of(file->read_at(0, out)), "done");
  files.fail_next(Operation::size, "/d/a");
  EXPECT_EQ(id_of(file->size()), "file.io");
  files.fail_next(Operation::set_size, "*", ErrorKind::no_space);
  EXPECT_EQ(file->set_size(1).error().kind, ErrorKind::no_space);
  files.fail_next(Operation::create_directory, "*");
  EXPECT_EQ(id_of(files.create_directory("/e")), "file.io");
  files.fail_next(Operation::rename, "/d/b");  // by its new name
  EXPECT_EQ(id_of(files.rename("/d/a", "/d/b")), "file.io");
  files.fail_next(Operation::rename, "/d/a");  // by its old one
  EXPECT_EQ(id_of(files.rename("/d/a", "/d/b")), "file.io");
  files.fail_next(Operation::remove_file, "*");
  EXPECT_EQ(id_of(files.remove_file("/d/a")), "file.io");
  files.fail_next(Operation::remove_directory, "*");
  EXPECT_EQ(id_of(files.remove_directory("/d")), "file.io");
  files.fail_next(Operation::sync_directory, "/d");
  EXPECT_EQ(id_of(files.sync_directory("/d")), "file.io");
  files.fail_next(Operation::list, "/d");
  EXPECT_EQ(id_of(files.list("/d")), "file.io");
  files.fail_next(Operation::stat, "/d");
  EXPECT_EQ(id_of(files.stat("/d")), "file.io");
  files.fail_next(Operation::space, "/");
  EXPECT_EQ(id_of(files.space("/")), "file.io");
  files.fail_next(Operation::lock, "/d/l", ErrorKind::locked);
  EXPECT_EQ(id_of(files.lock("/d/l", LockMode::shared)), "file.locked");
  files.fail_next(Operation::stat, "*", Error{ErrorKind::failed, "own.id", "own", "", 0});
  EXPECT_EQ(id_of(files.stat("/")), "own.id");
  EXPECT_EQ(files.all_paths(), (std::vector<std::string>{"/d/a", "/other"}));
  EXPECT_EQ(to_string(files.content("/d/a")), "abc");
}

TEST(MemoryFaultTest, AFailedWriteLeavesPartOfItself) {
  MemoryFileSystem files;
  files.set_content("/a", Bytes(4096, 1));
  files.fail_next(Operation::write, "/a");
  EXPECT_EQ(id_of(open(files, "/a")->write_at(0, Bytes(4096, 2))), "file.io");
  const auto content = files.content("/a");
  EXPECT_EQ(content.front(), 2);
  EXPECT_EQ(content.back(), 1);
  EXPECT_TRUE(open(files, "/a")->write_at(0, Bytes(4096, 3)));
}

TEST(MemoryFaultTest, AfterAFailedSyncTheBytesLookWrittenButNoSyncSavesThem) {
  MemoryFileSystem files;
  files.set_content("/a", as_bytes("old old old"));
  const auto file = open(files, "/a");
  ASSERT_TRUE(file->write_at(0, as_bytes("new")));
  files.fail_next(Operation::sync, "/a");
  EXPECT_EQ(id_of(file->sync()), "file.io");
  EXPECT_EQ(id_of(file->sync()), "file.poisoned");
  EXPECT_EQ(id_of(file->write_at(0, as_bytes("x"))), "file.poisoned");
  EXPECT_EQ(id_of(file->set_size(0)), "file.poisoned");
  EXPECT_EQ(to_string(files.content("/a")), "new old old");

  const auto again = open(files, "/a");
  ASSERT_TRUE(again->write_at(8, as_bytes("end")));
  EXPECT_EQ(id_of(again->sync()), "done");  // as on Linux: says so, although the first write is lost
  EXPECT_EQ(to_string(files.content("/a")), "new old end");
  EXPECT_EQ(to_string(files.after_crash(1, CrashPolicy::drop_all)->content("/a")), "old old end");
  EXPECT_EQ(to_string(files.after_crash(1, CrashPolicy::keep_all)->content("/a")), "new old end");
  // Written once more and synced, it is safe: that is what recovery has to do.
  ASSERT_TRUE(again->write_at(0, as_bytes("new")));
  ASSERT_TRUE(again->sync());
  EXPECT_EQ(to_string(files.after_crash(1, CrashPolicy::drop_all)->content("/a")), "new old end");
}

TEST(MemoryFaultTest, AShortReadReturnsLessThanThereIs) {
  MemoryFileSystem files;
  files.set_content("/a", as_bytes("0123456789"));
  files.shorten_next_read("/a");
  Bytes out(10);
  EXPECT_EQ(open(files, "/a")->read_at(0, out).value(), 5U);
  EXPECT_EQ(open(files, "/a")->read_at(0, out).value(), 10U);
}

TEST(MemoryFaultTest, ClearedFaultsAreGone) {
  MemoryFileSystem files;
  files.fail_next(Operation::stat, "*", ErrorKind::io, 100);
  files.leave_out_sync("*");
  files.clear_faults();
  EXPECT_TRUE(files.stat("/"));
  ASSERT_TRUE(replace_whole(files, "/a", as_bytes("x")));
  EXPECT_TRUE(files.after_crash(1, CrashPolicy::drop_all)->exists("/a"));
}

TEST(MemoryFaultTest, PatternsMatchWholePaths) {
  EXPECT_TRUE(matches_pattern("/a/b.pack", "*.pack"));
  EXPECT_TRUE(matches_pattern("/a/b.pack", "/a/?.pack"));
  EXPECT_TRUE(matches_pattern("/a/b", "*"));
  EXPECT_TRUE(matches_pattern("", "*"));
  EXPECT_TRUE(matches_pattern("/aXbXc", "/a*b*c"));
  EXPECT_FALSE(matches_pattern("/a/b.pack.open", "*.pack"));
  EXPECT_FALSE(matches_pattern("/a/b", "/a"));
  EXPECT_FALSE(matches_pattern("/a", "/a?"));
  EXPECT_FALSE(matches_pattern("", "?"));
}

// ---- room

TEST(MemoryRoomTest, AFullDiskTakesWhatFitsAndRefusesTheRest) {
  MemoryFileSystem files;
  const auto file = open(files, "/a");
  files.set_capacity_bytes(files.used_bytes() + 3 * 4096);
  const auto written = file->write_at(0, Bytes(5 * 4096, 1));
  ASSERT_FALSE(written);
  EXPECT_TRUE(is_full(written.error()));
  EXPECT_EQ(file->size().value(), 3U * 4096);
  EXPECT_EQ(files.space("/").value().available_bytes, 0U);
  EXPECT_TRUE(file->write_at(0, Bytes(3 * 4096, 2)));  // overwriting needs nothing
  EXPECT_TRUE(file->set_size(kGiB));                   // neither does a hole
  EXPECT_TRUE(is_full(file->write_at(kMiB, as_bytes("x")).error()));
  EXPECT_TRUE(is_full(files.open("/b", OpenMode::create_new).error()));
  EXPECT_TRUE(is_full(files.create_directory("/d").error()));
  EXPECT_TRUE(is_full(files.lock("/l", LockMode::shared).error()));
  EXPECT_TRUE(file->sync());
  EXPECT_TRUE(files.remove_file("/a").value());
  EXPECT_TRUE(files.open("/b", OpenMode::create_new));
}

TEST(MemoryRoomTest, WrittenZerosTakeRoomAndHolesDoNot) {
  MemoryFileSystem files;
  const auto before = files.used_bytes();
  const auto file = open(files, "/a");
  ASSERT_TRUE(file->set_size(64 * kMiB));
  EXPECT_LT(files.used_bytes() - before, 200U);
  const Bytes zeros(kMiB);
  for (std::uint64_t at = 0; at < 64 * kMiB; at += kMiB) ASSERT_TRUE(file->write_at(at, zeros));
  EXPECT_EQ(files.stat("/a").value()->allocated_bytes, 64 * kMiB);
  EXPECT_GE(files.used_bytes() - before, 64 * kMiB);
}

TEST(MemoryRoomTest, AReadOnlyDiskStillReads) {
  MemoryFileSystem files;
  files.set_content("/a", as_bytes("abc"));
  const auto file = open(files, "/a");
  ASSERT_TRUE(file->write_at(0, as_bytes("x")));
  files.set_read_only(true);
  EXPECT_EQ(id_of(file->write_at(0, as_bytes("y"))), "file.read_only");
  EXPECT_EQ(id_of(file->set_size(0)), "file.read_only");
  EXPECT_EQ(id_of(file->sync()), "file.read_only");
  EXPECT_EQ(id_of(files.open("/a", OpenMode::read_write)), "file.read_only");
  EXPECT_EQ(id_of(files.open("/b", OpenMode::create_new)), "file.read_only");
  EXPECT_EQ(id_of(files.create_directory("/d")), "file.read_only");
  EXPECT_EQ(id_of(files.rename("/a", "/b")), "file.read_only");
  EXPECT_EQ(id_of(files.remove_file("/a")), "file.read_only");
  EXPECT_EQ(id_of(files.lock("/a", LockMode::exclusive)), "file.read_only");
  EXPECT_EQ(id_of(files.lock("/a", LockMode::shared)), "done");
  EXPECT_EQ(to_string(read_whole(files, "/a", 10).value()), "xbc");
  files.set_read_only(false);
  EXPECT_EQ(id_of(files.remove_file("/a")), "done");
}

// ---- damage and looking

TEST(MemoryDamageTest, DamageIsSeenAtOnceAndAfterACrash) {
  MemoryFileSystem files;
  files.set_content("/d/a", as_bytes("0123456789"));
  for (const bool with_unsynced_writes : {false, true}) {
    const auto copy = files.clone();
    if (with_unsynced_writes) {
      ASSERT_TRUE(open(*copy, "/d/a")->write_at(0, as_bytes("AB")));
    }
    copy->flip_bits("/d/a", 9, 0x01);
    copy->zero("/d/a", 4, 2);
    copy->overwrite("/d/a", 6, as_bytes("xy"));
    const std::string tail = std::string("23") + '\0' + '\0' + "xy88";
    EXPECT_EQ(to_string(copy->content("/d/a")), (with_unsynced_writes ? "AB" : "01") + tail);
    EXPECT_EQ(to_string(copy->after_crash(1, CrashPolicy::drop_all)->content("/d/a")), "01" + tail);
    copy->cut("/d/a", 3);
    EXPECT_EQ(copy->after_crash(1, CrashPolicy::drop_all)->content("/d/a").size(), 3U);
    copy->erase("/d/a");
    EXPECT_FALSE(copy->exists("/d/a"));
    EXPECT_FALSE(copy->after_crash(1, CrashPolicy::drop_all)->exists("/d/a"));
  }
  EXPECT_EQ(to_string(files.content("/d/a")), "0123456789");  // copies are apart
}

TEST(MemoryDamageTest, SetContentIsDurableWithItsFolders) {
  MemoryFileSystem files;
  ASSERT_TRUE(files.create_directory("/d").value());  // not synced before
  files.set_content("/d/e/a", as_bytes("x"));
  files.set_content("/d/b", as_bytes("y"));
  const auto rebooted = files.after_crash(1, CrashPolicy::drop_all);
  EXPECT_EQ(rebooted->all_paths(), (std::vector<std::string>{"/d/b", "/d/e/a"}));
  EXPECT_EQ(rebooted->all_paths("*/a"), std::vector<std::string>{"/d/e/a"});
  EXPECT_EQ(files.points(), 1U);
}

// ---- the rest of the machine

TEST(MemoryMachineTest, FilesTakeTheTimeOfTheTestClock) {
  TestMachine machine;
  machine.clock.set({1'800'000'000'000'000});
  ASSERT_TRUE(open(machine.files, "/a")->write_at(0, as_bytes("x")));
  EXPECT_EQ(machine.files.stat("/a").value()->modified_unix_us, 1'800'000'000'000'000);
  EXPECT_EQ(machine.clock.peek().unix_us, 1'800'000'000'000'000);  // looking at files moves no clock
  const auto one = machine.clock.now();
  EXPECT_LT(one, machine.clock.now());
}

TEST(MemoryMachineTest, OpenFilesOutliveTheDisk) {
  std::unique_ptr<File> file;
  std::unique_ptr<FileLock> lock;
  {
    TestMachine machine;
    file = open(machine.files, "/a");
    lock = machine.files.lock("/l", LockMode::exclusive).value();
  }
  EXPECT_TRUE(file->write_at(0, as_bytes("x")));
  EXPECT_EQ(file->size().value(), 1U);
}

TEST(MemoryMachineTest, RandomAndIdsComeFromTheSeed) {
  TestMachine one(5);
  TestMachine two(5);
  TestMachine three(6);
  const auto bytes = one.random.bytes(33);
  EXPECT_EQ(bytes, two.random.bytes(33));
  EXPECT_NE(bytes, three.random.bytes(33));
  EXPECT_EQ(new_id<PackId>(one.machine()), new_id<PackId>(two.machine()));
}

TEST(MemoryMachineTest, InlineThreadsRunBeforeStartReturns) {
  TestMachine machine;
  bool ran = false;
  const auto thread = machine.inline_machine().threads.start("x", [&] { ran = true; });
  EXPECT_TRUE(ran);
  thread->join();
}

TEST(MemoryMachineTest, ManyThreadsMayUseOneDisk) {
  MemoryFileSystem files;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&files, t] {
      const std::string path = "/file" + std::to_string(t);
      for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(replace_whole(files, path, as_bytes(std::to_string(i))));
        ASSERT_TRUE(files.list("/"));
        if (i % 20 == 0) static_cast<void>(files.after_crash(static_cast<std::uint64_t>(i), CrashPolicy::random));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& path : files.all_paths()) EXPECT_EQ(to_string(files.content(path)), "99");
  EXPECT_EQ(files.all_paths().size(), 4U);
}

}  // namespace
}  // namespace atl::platform
