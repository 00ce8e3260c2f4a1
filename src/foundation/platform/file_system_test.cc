#include "foundation/platform/file_system.h"

#include <gtest/gtest.h>

#include "foundation/platform/testing/test_machine.h"

namespace atl::platform {
namespace {

TEST(FileSystemTest, JoinPutsOneSlashBetween) {
  EXPECT_EQ(join("a", "b"), "a/b");
  EXPECT_EQ(join("a/", "b"), "a/b");
  EXPECT_EQ(join("/", "b"), "/b");
  EXPECT_EQ(join("", "b"), "b");
}

TEST(FileSystemTest, ParentOfTakesTheLastNameAway) {
  EXPECT_EQ(parent_of("a/b/c"), "a/b");
  EXPECT_EQ(parent_of("a/b/"), "a");
  EXPECT_EQ(parent_of("a//b"), "a");
  EXPECT_EQ(parent_of("/a"), "/");
  EXPECT_EQ(parent_of("//a"), "/");
  EXPECT_EQ(parent_of("a"), "");
  EXPECT_EQ(parent_of("/"), "");
  EXPECT_EQ(parent_of(""), "");
}

TEST(FileSystemTest, CreateDirectoriesSurvivesAPowerCut) {
  MemoryFileSystem files;
  ASSERT_TRUE(create_directories(files, "/home/vaults/1"));
  EXPECT_TRUE(files.after_crash(1, CrashPolicy::drop_all)->exists("/home/vaults/1"));
}

TEST(FileSystemTest, ReplaceWholeSurvivesAPowerCutAndAFailedStepKeepsTheOld) {
  MemoryFileSystem files;
  ASSERT_TRUE(replace_whole(files, "/a", as_bytes("one")));
  EXPECT_EQ(to_string(files.after_crash(1, CrashPolicy::drop_all)->content("/a")), "one");
  for (const auto operation : {Operation::open, Operation::write, Operation::sync, Operation::rename}) {
    files.fail_next(operation, "*a.new");
    ASSERT_FALSE(replace_whole(files, "/a", as_bytes("two")));
    EXPECT_EQ(to_string(files.content("/a")), "one");
    EXPECT_EQ(to_string(files.after_crash(1, CrashPolicy::drop_all)->content("/a")), "one");
  }
  ASSERT_TRUE(replace_whole(files, "/a", as_bytes("two")));
  EXPECT_EQ(files.all_paths(), std::vector<std::string>{"/a"});
}

TEST(FileSystemTest, ReplaceWholeOnAFullDiskCleansUpAfterItself) {
  MemoryFileSystem files;
  ASSERT_TRUE(replace_whole(files, "/a", as_bytes("one")));
  files.set_capacity_bytes(files.used_bytes() + 8000);
  const auto result = replace_whole(files, "/a", Bytes(20'000, 1));
  ASSERT_FALSE(result);
  EXPECT_TRUE(is_full(result.error()));
  EXPECT_EQ(files.all_paths(), std::vector<std::string>{"/a"});
  EXPECT_EQ(to_string(files.content("/a")), "one");
}

TEST(FileSystemTest, ReadWholeReportsAReadError) {
  MemoryFileSystem files;
  files.set_content("/a", as_bytes("abc"));
  files.fail_next(Operation::read, "/a");
  EXPECT_EQ(read_whole(files, "/a", 10).error().kind, ErrorKind::io);
  EXPECT_EQ(to_string(read_whole(files, "/a", 10).value()), "abc");
}

}  // namespace
}  // namespace atl::platform
