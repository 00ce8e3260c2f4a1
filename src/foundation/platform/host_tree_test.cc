// The POSIX host tree on a real folder, against what plain system calls see. As root and not: what only root may do is
// then expected to be reported as not applied.
#include "foundation/platform/host_tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <future>
#include <set>
#include <thread>

#include "foundation/base/units.h"
#include "foundation/platform/testing/host_tree_fixture.h"

namespace atl::platform {
namespace {

namespace fs = std::filesystem;
using testing::error_of;
using testing::is_root;
using testing::take;

class HostTreeTest : public testing::HostTreeFixture {
 protected:
  [[nodiscard]] bool can_keep_user_attributes() const {
    write("probe", "");
    const bool can = ::setxattr(path("probe").c_str(), "user.probe", "1", 1, 0) == 0;
    fs::remove(path("probe"));
    return can;
  }
};

// For thousands of nodes: in memory where the machine has such a place, since journals of disks take seconds for them.
class LargeHostTreeTest : public testing::HostTreeFixture {
 protected:
  LargeHostTreeTest() : HostTreeFixture(::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : fs::temp_directory_path()) {}
};

TEST_F(HostTreeTest, EveryKindOfNodeIsSeenAsWhatItIs) {
  write("file", "hello");
  fs::create_directory(path("folder"));
  fs::create_symlink("nowhere/at all", path("link"));
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0640), 0);
  ASSERT_EQ(::mknod(path("socket").c_str(), S_IFSOCK | 0600, 0), 0);
  const auto folder = source();
  EXPECT_EQ(take(folder->info("file")).kind, NodeKind::file);
  EXPECT_EQ(take(folder->info("file")).size, 5U);
  EXPECT_EQ(take(folder->info("folder")).kind, NodeKind::directory);
  EXPECT_EQ(take(folder->info("link")).kind, NodeKind::symlink);
  EXPECT_EQ(take(folder->read_link("link")), "nowhere/at all");
  EXPECT_EQ(take(folder->info("fifo")).kind, NodeKind::fifo);
  EXPECT_EQ(take(folder->info("socket")).kind, NodeKind::socket);
  EXPECT_EQ(take(folder->own_info()).kind, NodeKind::directory);
  EXPECT_EQ(error_of(folder->read_link("file")).id, "source.not_a_link");
  // A device everybody has, whoever runs this.
  const NodeInfo null_device = take(tree_->info("/dev/null"));
  EXPECT_EQ(null_device.kind, NodeKind::char_device);
  EXPECT_EQ(null_device.device_number, makedev(1, 3));
}

TEST_F(HostTreeTest, InfoIsWhatStatSays) {
  write("file", std::string(10'000, 'x'));
  ASSERT_EQ(::chmod(path("file").c_str(), 04751), 0);
  const timespec times[2] = {{1, 2}, {1'600'000'000, 987'654'321}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path("file").c_str(), times, 0), 0);
  const struct stat expected = status_of("file");
  const NodeInfo info = take(source()->info("file"));
  EXPECT_EQ(info.mode, 04751U);
  EXPECT_EQ(info.uid, expected.st_uid);
  EXPECT_EQ(info.gid, expected.st_gid);
  EXPECT_EQ(info.size, 10'000U);
  EXPECT_EQ(info.allocated_bytes, static_cast<std::uint64_t>(expected.st_blocks) * 512);
  EXPECT_EQ(info.modified, (FileTime{1'600'000'000, 987'654'321}));
  EXPECT_EQ(info.changed.seconds, expected.st_ctim.tv_sec);
  EXPECT_EQ(info.device, expected.st_dev);
  EXPECT_EQ(info.inode, expected.st_ino);
  EXPECT_EQ(info.link_count, 1U);
  EXPECT_EQ(info.device_number, 0U);
  EXPECT_EQ(take(take(source()->open_file("file"))->info()), info);
}

TEST_F(HostTreeTest, NamesOfAnyBytesAreListedWholeAndTwice) {
  std::set<std::string> expected;
  for (int byte = 1; byte < 256; ++byte) {
    if (byte == '/' || byte == '.') continue;
    expected.insert(std::string(1, static_cast<char>(byte)));
    expected.insert("n" + std::string(3, static_cast<char>(byte)));
  }
  expected.insert({"...", "..a", " ", "-rf", "*", "\xff\xfe", "\xc3\xa4", "a\xcc\x88", std::string(255, 'l')});
  for (const auto& name : expected) write(name, name);
  const auto folder = source();
  for (int round = 0; round < 2; ++round) {
    const auto names = take(folder->names());
    EXPECT_EQ(names.size(), expected.size());
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), expected);
  }
  for (const auto& name : expected) {
    Bytes content(300);
    const std::size_t length = take(take(folder->open_file(name))->read_at(0, content));
    EXPECT_EQ(as_text(ByteView(content).first(length)), name);
  }
}

TEST_F(LargeHostTreeTest, ManyNamesComeWholeOverSeveralBuffers) {
  constexpr int kCount = 5000;
  for (int i = 0; i < kCount; ++i) {
    const int fd =
        ::open(path("some-rather-long-name-" + std::to_string(i)).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    ASSERT_GE(fd, 0);
    ::close(fd);
  }
  const auto names = take(source()->names());
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kCount));
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), static_cast<std::size_t>(kCount));
}

TEST_F(HostTreeTest, NamesThatLeadElsewhereAreRefusedByEveryCall) {
  write("real", "x");
  const auto from = source();
  const auto to = target();
  for (const std::string& bad :
       {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("/etc/passwd"),
        std::string("../x"), std::string("a\0b", 3), std::string("real\0", 5)}) {
    SCOPED_TRACE(::testing::PrintToString(bad));
    const auto expect_refused = [](const auto& result) {
      const Error error = error_of(result);
      EXPECT_EQ(error.kind, ErrorKind::usage);
      EXPECT_EQ(error.id, "target.bad_name");
    };
    expect_refused(from->info(bad));
    expect_refused(from->attributes(bad));
    expect_refused(from->read_link(bad));
    expect_refused(from->open_file(bad));
    expect_refused(from->open_directory(bad));
    expect_refused(to->info(bad));
    expect_refused(to->create_file(bad));
    expect_refused(to->create_symlink(bad, "x"));
    expect_refused(to->create_special(bad, own(NodeKind::fifo, 0600)));
    expect_refused(to->create_hard_link(bad, *to, "real"));
    expect_refused(to->create_hard_link("new", *to, bad));
    expect_refused(to->open_directory(bad));
    expect_refused(to->rename(bad, "new"));
    expect_refused(to->rename("real", bad));
    expect_refused(to->remove(bad));
    expect_refused(to->apply(bad, own(NodeKind::fifo, 0600), {}));
  }
  EXPECT_EQ(content_of("real"), "x");
}

TEST_F(HostTreeTest, ReadsAtAnyOffsetAndIsShortOnlyAtTheEnd) {
  std::string content;
  for (int i = 0; content.size() < 3'000'000; ++i) content += std::to_string(i) + ",";
  write("big", content);
  const auto file = take(source()->open_file("big"));
  for (const std::size_t offset : {std::size_t{0}, std::size_t{1}, std::size_t{999'999}, content.size() - 1}) {
    Bytes out(1'500'000);
    const std::size_t got = take(file->read_at(offset, out));
    EXPECT_EQ(got, std::min(out.size(), content.size() - offset));
    EXPECT_EQ(as_text(ByteView(out).first(got)), content.substr(offset, got));
  }
  Bytes out(10);
  EXPECT_EQ(take(file->read_at(content.size(), out)), 0U);
  EXPECT_EQ(take(file->read_at(content.size() + 1000, out)), 0U);
}

TEST_F(HostTreeTest, FilesOfProcWhoseSizeIsZeroAreReadWhole) {
  std::ifstream in("/proc/self/status");
  const auto folder = take(tree_->open_source("/proc/self"));
  const auto file = take(folder->open_file("status"));
  ASSERT_EQ(take(file->info()).size, 0U);
  Bytes out(64 * 1024);
  const std::size_t got = take(file->read_at(0, out));
  EXPECT_NE(as_text(ByteView(out).first(got)).find("VmPeak"), std::string_view::npos);
}

TEST_F(HostTreeTest, AChangeWhileReadingShowsInTheSecondInfo) {
  write("file", "first content");
  const auto file = take(source()->open_file("file"));
  const NodeInfo before = take(file->info());
  Bytes out(100);
  EXPECT_EQ(take(file->read_at(0, out)), 13U);
  EXPECT_EQ(take(file->info()), before) << "nothing changed yet (the time of reading is none of the facts)";
  write("file", "longer than it was before");
  const NodeInfo after = take(file->info());
  EXPECT_NE(after, before);
  EXPECT_EQ(after.size, 25U);
}

TEST_F(HostTreeTest, ReadingLeavesTheAccessTimeAlone) {
  write("file", "content");
  const timespec times[2] = {{1'000'000'000, 5},
                             {1'600'000'000, 0}};  // read before it was written: relatime would update
  ASSERT_EQ(::utimensat(AT_FDCWD, path("file").c_str(), times, 0), 0);
  fs::create_directory(path("folder"));
  ASSERT_EQ(::utimensat(AT_FDCWD, path("folder").c_str(), times, 0), 0);
  Bytes out(100);
  EXPECT_EQ(take(take(source()->open_file("file"))->read_at(0, out)), 7U);
  EXPECT_TRUE(take(take(source()->open_directory("folder"))->names()).empty());
  EXPECT_EQ(status_of("file").st_atim.tv_sec, 1'000'000'000);
  EXPECT_EQ(status_of("folder").st_atim.tv_sec, 1'000'000'000);
}

TEST_F(HostTreeTest, AFifoOpenedAsAFileDoesNotBlock) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  const auto folder = source();
  auto opening = std::async(std::launch::async, [&] { return error_of(folder->open_file("fifo")); });
  const bool is_done = opening.wait_for(std::chrono::seconds(10)) == std::future_status::ready;
  EXPECT_TRUE(is_done);
  if (!is_done) ::close(::open(path("fifo").c_str(), O_RDWR | O_NONBLOCK));  // lets the hanging thread go
  const Error error = opening.get();
  EXPECT_EQ(error.kind, ErrorKind::conflict);
  EXPECT_EQ(error.id, "source.not_a_file");
}

TEST_F(HostTreeTest, WhatIsNoFileOrFolderAnyMoreIsAConflict) {
  write("file", "x");
  fs::create_directory(path("folder"));
  fs::create_symlink("file", path("to-file"));
  fs::create_symlink("folder", path("to-folder"));
  ASSERT_EQ(::mknod(path("socket").c_str(), S_IFSOCK | 0600, 0), 0);
  const auto folder = source();
  for (const std::string name : {"to-file", "socket", "folder"}) {
    const Error error = error_of(folder->open_file(name));
    EXPECT_EQ(error.kind, ErrorKind::conflict) << name;
    EXPECT_EQ(error.id, "source.not_a_file") << name;
    EXPECT_NE(error.message.find(name), std::string::npos);
  }
  for (const std::string name : {"to-folder", "file", "socket"}) {
    const Error error = error_of(folder->open_directory(name));
    EXPECT_EQ(error.kind, ErrorKind::conflict) << name;
    EXPECT_EQ(error.id, "source.not_a_folder") << name;
  }
  EXPECT_EQ(error_of(folder->open_file("gone")).kind, ErrorKind::not_found);
  EXPECT_EQ(error_of(folder->open_directory("gone")).kind, ErrorKind::not_found);
  EXPECT_EQ(error_of(folder->info("gone")).id, "source.vanished");
  EXPECT_EQ(error_of(folder->attributes("gone")).id, "source.vanished");
  EXPECT_EQ(error_of(folder->read_link("gone")).id, "source.vanished");
}

TEST_F(HostTreeTest, AFolderReplacedByALinkDoesNotLeadOutside) {
  fs::create_directories(path("tree/inner"));
  fs::create_directory(path("outside"));
  write("outside/secret", "secret");
  const auto folder = take(tree_->open_source(path("tree")));
  ASSERT_EQ(take(folder->info("inner")).kind, NodeKind::directory);
  fs::remove(path("tree/inner"));
  fs::create_symlink("../outside", path("tree/inner"));
  EXPECT_EQ(error_of(folder->open_directory("inner")).id, "source.not_a_folder");

  const auto to = take(tree_->open_target(path("tree")));
  const Error error = error_of(to->open_directory("inner"));
  EXPECT_EQ(error.kind, ErrorKind::conflict);
  EXPECT_EQ(error.id, "target.not_a_folder");
  fs::create_symlink("../outside/new", path("tree/file"));
  EXPECT_EQ(error_of(to->create_file("file")).id, "target.exists");
  EXPECT_FALSE(fs::exists(path("outside/new")));
  // Facts go to the link itself, never to what it points to.
  const struct stat before = status_of("outside/secret");
  fs::create_symlink("../outside/secret", path("tree/to-secret"));
  EXPECT_TRUE(take(to->apply("to-secret", own(NodeKind::symlink, 0777), {})).empty());
  EXPECT_EQ(status_of("outside/secret").st_mtim.tv_sec, before.st_mtim.tv_sec);
  EXPECT_EQ(status_of("tree/to-secret").st_mtim.tv_sec, 1'234'567'890);
}

TEST_F(HostTreeTest, AFileIsWrittenOnInAndNothingElse) {
  write("file", "beginning, spoilt");
  fs::create_symlink("file", path("link"));
  const auto to = take(tree_->open_target(path("")));
  const auto file = take(to->reopen_file("file"));
  take(file->set_size(9));
  take(file->write_at(9, as_bytes(" and end")));
  EXPECT_EQ(take(take(take(tree_->open_source(path("")))->open_file("file"))->info()).size, 17U);
  EXPECT_EQ(content_of("file"), "beginning and end");
  for (const char* name : {"link", "missing", "../file", "fifo"}) {
    if (std::string_view(name) == "fifo") ASSERT_EQ(::mkfifo(path(name).c_str(), 0600), 0);
    EXPECT_FALSE(to->reopen_file(name).has_value()) << name;
  }
}

TEST_F(HostTreeTest, ALinkTheUserNamesIsFollowed) {
  fs::create_directory(path("real"));
  write("real/file", "x");
  fs::create_symlink("real", path("link"));
  EXPECT_EQ(take(tree_->info(path("link"))).kind, NodeKind::directory);
  EXPECT_EQ(take(take(tree_->open_source(path("link")))->names()), std::vector<std::string>{"file"});
  EXPECT_TRUE(take(take(tree_->open_target(path("link/")))->info("file")).has_value());
  EXPECT_EQ(error_of(tree_->info(path("gone"))).kind, ErrorKind::not_found);
  EXPECT_EQ(error_of(tree_->open_source(path("real/file"))).id, "source.not_a_folder");
  EXPECT_EQ(error_of(tree_->open_source("")).kind, ErrorKind::usage);
}

TEST_F(HostTreeTest, WhatTheUserMayNotReadSaysSo) {
  write("private", "x");
  fs::create_directory(path("closed"));
  ASSERT_EQ(::chmod(path("private").c_str(), 0), 0);
  ASSERT_EQ(::chmod(path("closed").c_str(), 0), 0);
  const auto folder = source();
  if (is_root()) {  // for whom permissions do not hold: what must not happen is a false alarm
    EXPECT_TRUE(folder->open_file("private").has_value());
    EXPECT_TRUE(folder->open_directory("closed").has_value());
    return;
  }
  for (const Error& error : {error_of(folder->open_file("private")), error_of(folder->open_directory("closed"))}) {
    EXPECT_EQ(error.kind, ErrorKind::io);
    EXPECT_EQ(error.id, "source.unreadable");
    EXPECT_EQ(error.os_error, EACCES);
    EXPECT_NE(error.message.find("Permission denied"), std::string::npos);
    EXPECT_FALSE(error.hint.empty());
  }
}

TEST_F(HostTreeTest, AnErrorShowsOddNamesHarmlessly) {
  const Error error = error_of(source()->open_file("\x1b[31mred\n\xff"));
  EXPECT_NE(error.message.find("\\x1b[31mred\\x0a\\xff"), std::string::npos) << error.message;
  EXPECT_EQ(error.message.find('\x1b'), std::string::npos);
}

TEST_F(LargeHostTreeTest, AChainOfFourThousandFoldersIsWalkedDownAndUp) {
  constexpr std::size_t kDepth = 4000;
  const std::string name = "folder";  // 28,000 bytes of path, seven times PATH_MAX
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, limit.rlim_max) << "the tree raises the soft limit";
  ASSERT_GT(limit.rlim_max, kDepth + 100) << "the hard limit of open files is too low for this test";
  {
    std::vector<std::unique_ptr<TargetDirectory>> chain;
    chain.push_back(target());
    for (std::size_t i = 0; i < kDepth; ++i) chain.push_back(take(chain.back()->open_directory(name)));
    take(take(chain.back()->create_file("deepest"))->write_at(0, as_bytes("here")));
    for (std::size_t i = kDepth; i-- > 0;) {
      EXPECT_TRUE(take(chain[i]->apply(name, own(NodeKind::directory, 0750), {})).empty());
    }
  }
  std::vector<std::unique_ptr<SourceDirectory>> chain;
  chain.push_back(source());
  for (std::size_t i = 0; i < kDepth; ++i) {
    ASSERT_EQ(take(chain.back()->names()), std::vector<std::string>{name});
    chain.push_back(take(chain.back()->open_directory(name)));
  }
  Bytes out(10);
  EXPECT_EQ(take(take(chain.back()->open_file("deepest"))->read_at(0, out)), 4U);
  EXPECT_EQ(take(chain[kDepth / 2]->own_info()).mode, 0750U);
  chain.clear();
  // Longer paths than PATH_MAX enter by name too.
  std::string deep = root_;
  for (int i = 0; i < 1000; ++i) deep += "/" + name;
  EXPECT_TRUE(take(take(tree_->open_target(deep))->info(name)).has_value());
  // Taken apart from the bottom, since no path reaches it.
  std::vector<int> folders = {::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  for (std::size_t i = 0; i < kDepth; ++i) {
    folders.push_back(::openat(folders.back(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_GE(folders.back(), 0);
  }
  EXPECT_EQ(::unlinkat(folders.back(), "deepest", 0), 0);
  for (std::size_t i = kDepth; i-- > 0;) {
    ::close(folders[i + 1]);
    ASSERT_EQ(::unlinkat(folders[i], name.c_str(), AT_REMOVEDIR), 0);
  }
  ::close(folders[0]);
}

TEST_F(HostTreeTest, ExtendedAttributesOfEverySizeComeBackSorted) {
  ASSERT_TRUE(can_keep_user_attributes())
      << "the temporary folder keeps no user attributes; set TMPDIR to one that does";
  write("file", "x");
  fs::create_directory(path("folder"));
  const auto to = target();
  const ExtendedAttributes expected = {{"user.binary", Bytes{0, 1, 255, 0}},
                                       {"user.empty", Bytes{}},
                                       {"user.large", Bytes(2000, 'v')},  // beyond the small buffer
                                       {"user.name with \xc3\xa4", to_bytes("text")}};
  auto created = take(to->create_file("copy"));
  EXPECT_TRUE(take(created->apply(own(NodeKind::file, 0640), expected)).empty());
  EXPECT_TRUE(take(take(to->open_directory("folder"))->apply_own(own(NodeKind::directory, 0750), expected)).empty());
  const auto from = source();
  EXPECT_EQ(take(take(from->open_file("copy"))->attributes()), expected);
  EXPECT_EQ(take(from->attributes("copy")), expected);
  EXPECT_EQ(take(take(from->open_directory("folder"))->own_attributes()), expected);
  EXPECT_TRUE(take(take(from->open_file("file"))->attributes()).empty());
}

TEST_F(HostTreeTest, AListOfAttributesLongerThanTheSmallBufferIsReadWhole) {
  ASSERT_TRUE(can_keep_user_attributes());
  write("file", "x");
  ExtendedAttributes expected;
  for (int i = 100; i < 120; ++i) expected.emplace_back("user." + std::string(80, 'n') + std::to_string(i), Bytes{1});
  for (const auto& [name, value] : expected) {
    ASSERT_EQ(::setxattr(path("file").c_str(), name.c_str(), value.data(), value.size(), 0), 0) << std::strerror(errno);
  }
  EXPECT_EQ(take(take(source()->open_file("file"))->attributes()), expected);
}

TEST_F(HostTreeTest, AccessListsAreOrdinaryAttributesAndInheritedOnesGo) {
  // struct posix_acl_xattr: version 2, then (tag, permissions, id): owner rwx, user 1 r--, group r-x, mask r-x, other
  // ---
  const auto entry = [](std::uint16_t tag, std::uint16_t permissions, std::uint32_t id) {
    Bytes bytes;
    ByteWriter writer(bytes);
    writer.put(tag);
    writer.put(permissions);
    writer.put(id);
    return bytes;
  };
  Bytes list = {2, 0, 0, 0};
  for (const Bytes& part :
       {entry(0x01, 7, ~0U), entry(0x02, 4, 1), entry(0x04, 5, ~0U), entry(0x10, 5, ~0U), entry(0x20, 0, ~0U)}) {
    list.insert(list.end(), part.begin(), part.end());
  }
  const auto to = target();
  const auto folder = take(to->open_directory("folder"));
  const ExtendedAttributes lists = {{"system.posix_acl_access", list}, {"system.posix_acl_default", list}};
  ASSERT_TRUE(take(folder->apply_own(own(NodeKind::directory, 0750), lists)).empty());
  EXPECT_EQ(take(take(source()->open_directory("folder"))->own_attributes()), lists);

  const auto exact = take(folder->create_file("exact"));
  EXPECT_TRUE(take(exact->apply(own(NodeKind::file, 0640), {})).empty());
  const auto from = take(source()->open_directory("folder"));
  EXPECT_TRUE(take(from->attributes("exact")).empty()) << "the folder's default list stayed on a file that had none";
  EXPECT_EQ(take(from->info("exact")).mode, 0640U);
  const auto listed = take(folder->create_file("listed"));
  EXPECT_TRUE(take(listed->apply(own(NodeKind::file, 0750), {{"system.posix_acl_access", list}})).empty());
  EXPECT_EQ(take(from->attributes("listed")), (ExtendedAttributes{{"system.posix_acl_access", list}}));
}

TEST_F(HostTreeTest, AttributesThatCannotBeSetAreNamedAndNothingElseIsLost) {
  const auto to = target();
  const auto file = take(to->create_file("file"));
  const ExtendedAttributes odd = {{"nonsense.name", Bytes{1}},
                                  {"security.selinux", to_bytes("machine label")},
                                  {"system.no_such_thing", Bytes{1}},
                                  {std::string("user.a\0b", 8), Bytes{1}},
                                  {"user.ok", Bytes{2}}};
  const auto refused = take(file->apply(own(NodeKind::file, 0600), odd));
  const std::vector<std::string> expected = {"xattr nonsense.name", "xattr system.no_such_thing",
                                             "xattr " + std::string("user.a\0b", 8)};
  EXPECT_EQ(refused, expected);
  const auto kept = take(source()->attributes("file"));
  EXPECT_TRUE(std::count(kept.begin(), kept.end(), std::pair<std::string, Bytes>("user.ok", {2})) == 1);
  EXPECT_EQ(status_of("file").st_mtim.tv_sec, 1'234'567'890);
  // The system keeps no user attributes on links.
  take(to->create_symlink("link", "file"));
  EXPECT_EQ(take(to->apply("link", own(NodeKind::symlink, 0777), {{"user.x", Bytes{1}}})),
            std::vector<std::string>{"xattr user.x"});
}

TEST_F(HostTreeTest, SymlinksCarryAttributesWhereTheSystemAllowsIt) {
  const auto to = target();
  take(to->create_symlink("link", "nowhere"));
  const ExtendedAttributes trusted = {{"trusted.note", to_bytes("kept")}};
  const auto refused = take(to->apply("link", own(NodeKind::symlink, 0777), trusted));
  if (is_root() && refused.empty()) {
    EXPECT_EQ(take(source()->attributes("link")), trusted);
  } else {
    EXPECT_EQ(refused, std::vector<std::string>{"xattr trusted.note"});
    EXPECT_TRUE(take(source()->attributes("link")).empty());
  }
}

TEST_F(HostTreeTest, SparseFilesShowTheirDataAndComeBackSparse) {
  const auto to = target();
  const auto file = take(to->create_file("sparse"));
  take(file->write_at(4 * kMiB, Bytes(kMiB, 'a')));
  take(file->write_at(40 * kMiB, Bytes(10, 'b')));
  take(file->set_size(100 * kMiB));
  take(file->sync());
  const NodeInfo info = take(source()->info("sparse"));
  EXPECT_EQ(info.size, 100 * kMiB);
  EXPECT_LT(info.allocated_bytes, 3 * kMiB);
  const auto extents = take(take(source()->open_file("sparse"))->data_extents(info.size));
  ASSERT_EQ(extents.size(), 2U);
  EXPECT_EQ(extents[0], (Extent{4 * kMiB, kMiB}));
  EXPECT_EQ(extents[1].offset, 40 * kMiB);
  EXPECT_LE(extents[1].length, 64U * 1024);
  // Clipped to the asked size, whatever the file has become.
  const auto clipped = take(take(source()->open_file("sparse"))->data_extents(4 * kMiB + 5));
  EXPECT_EQ(clipped, (std::vector<Extent>{{4 * kMiB, 5}}));

  take(take(to->create_file("all hole"))->set_size(kMiB));
  EXPECT_TRUE(take(take(source()->open_file("all hole"))->data_extents(kMiB)).empty());
  write("dense", std::string(10'000, 'd'));
  EXPECT_EQ(take(take(source()->open_file("dense"))->data_extents(10'000)), (std::vector<Extent>{{0, 10'000}}));
  write("empty", "");
  EXPECT_TRUE(take(take(source()->open_file("empty"))->data_extents(0)).empty());
}

TEST_F(HostTreeTest, TheExtentsOfAThoroughlyHoledFileStayBoundedAndCoverItsData) {
  constexpr std::uint64_t kStep = 16 * 1024;
  constexpr std::uint64_t kPieces = kExtentsMax + 2000;
  constexpr std::uint64_t kWideHoleAt = 3000;
  const auto file = take(target()->create_file("holed"));
  const auto offset_of = [](std::uint64_t piece) { return piece * kStep + (piece >= kWideHoleAt ? 64 * kMiB : 0); };
  for (std::uint64_t i = 0; i < kPieces; ++i) take(file->write_at(offset_of(i), as_bytes("x")));
  const std::uint64_t size = offset_of(kPieces);
  take(file->set_size(size));
  const auto extents = take(take(source()->open_file("holed"))->data_extents(size));
  EXPECT_LE(extents.size(), kExtentsMax);
  std::size_t at = 0;
  for (std::uint64_t i = 0; i < kPieces; ++i) {
    while (at < extents.size() && extents[at].offset + extents[at].length <= offset_of(i)) ++at;
    ASSERT_LT(at, extents.size());
    ASSERT_LE(extents[at].offset, offset_of(i)) << "piece " << i << " lies in no extent";
  }
  for (std::size_t i = 1; i < extents.size(); ++i)
    ASSERT_GT(extents[i].offset, extents[i - 1].offset + extents[i - 1].length);
  const bool keeps_wide_hole = std::any_of(
      extents.begin(), extents.end(), [&](const Extent& extent) { return extent.offset == offset_of(kWideHoleAt); });
  EXPECT_TRUE(keeps_wide_hole) << "narrow holes go first";
}

TEST_F(HostTreeTest, HardLinksShareOneFile) {
  const auto to = target();
  const auto other = take(to->open_directory("other"));
  take(take(to->create_file("first"))->write_at(0, as_bytes("shared")));
  take(other->create_hard_link("second", *to, "first"));
  EXPECT_EQ(content_of("other/second"), "shared");
  const NodeInfo first = take(source()->info("first"));
  EXPECT_EQ(first.link_count, 2U);
  EXPECT_EQ(take(take(source()->open_directory("other"))->info("second")).inode, first.inode);
  EXPECT_EQ(error_of(other->create_hard_link("second", *to, "first")).id, "target.exists");
  EXPECT_EQ(error_of(other->create_hard_link("third", *to, "gone")).id, "target.missing");
  // A second name of a link is a second name of the link.
  take(to->create_symlink("link", "first"));
  take(to->create_hard_link("link too", *to, "link"));
  EXPECT_EQ(take(source()->read_link("link too")), "first");
}

TEST_F(HostTreeTest, NothingExistingIsOverwritten) {
  write("taken", "mine");
  fs::create_directory(path("folder"));
  const auto to = target();
  for (const std::string name : {"taken", "folder"}) {
    EXPECT_EQ(error_of(to->create_file(name)).kind, ErrorKind::conflict);
    EXPECT_EQ(error_of(to->create_symlink(name, "x")).id, "target.exists");
    EXPECT_EQ(error_of(to->create_special(name, own(NodeKind::fifo, 0600))).id, "target.exists");
  }
  EXPECT_EQ(error_of(to->open_directory("taken")).id, "target.not_a_folder");
  EXPECT_EQ(content_of("taken"), "mine");
  EXPECT_EQ(error_of(to->remove("folder")).id, "target.is_a_folder");
  EXPECT_EQ(error_of(to->remove("gone")).id, "target.missing");
  take(to->rename("taken", "moved"));
  EXPECT_EQ(content_of("moved"), "mine");
  take(to->remove("moved"));
  EXPECT_FALSE(take(to->info("moved")).has_value());
  EXPECT_EQ(take(take(to->open_directory("folder"))->info("x")), std::nullopt);
}

TEST_F(HostTreeTest, HalfRestoredThingsAreNobodyElsesToRead) {
  const mode_t old = ::umask(0);
  const auto to = target();
  const auto file = take(to->create_file("file"));
  const auto folder = take(to->open_directory("folder"));
  take(to->create_special("fifo", own(NodeKind::fifo, 0666)));
  ::umask(old);
  EXPECT_EQ(status_of("file").st_mode & 07777, 0600U);
  EXPECT_EQ(status_of("folder").st_mode & 07777, 0700U);
  EXPECT_EQ(status_of("fifo").st_mode & 07777, 0600U);
}

TEST_F(HostTreeTest, FactsOfEveryKindAreAppliedToTheNanosecond) {
  const mode_t old = ::umask(077);  // the machine's umask has no say in what is restored
  const auto to = target();
  const auto file = take(to->create_file("file"));
  take(file->write_at(0, as_bytes("#!/bin/sh")));
  EXPECT_TRUE(take(file->apply(own(NodeKind::file, 06755), {})).empty());
  const auto folder = take(to->open_directory("folder"));
  EXPECT_TRUE(take(folder->apply_own(own(NodeKind::directory, 03775), {})).empty());
  take(to->create_special("fifo", own(NodeKind::fifo, 0)));
  EXPECT_TRUE(take(to->apply("fifo", own(NodeKind::fifo, 0604), {})).empty());
  take(to->create_special("socket", own(NodeKind::socket, 0)));
  EXPECT_TRUE(take(to->apply("socket", own(NodeKind::socket, 0711), {})).empty());
  take(to->create_symlink("link", "file"));
  EXPECT_TRUE(take(to->apply("link", own(NodeKind::symlink, 0777), {})).empty());
  ::umask(old);
  const auto from = source();
  for (const auto& [name, mode] : std::vector<std::pair<std::string, std::uint32_t>>{
           {"file", 06755}, {"folder", 03775}, {"fifo", 0604}, {"socket", 0711}, {"link", 0777}}) {
    const NodeInfo info = take(from->info(name));
    EXPECT_EQ(info.mode, mode) << name;
    EXPECT_EQ(info.modified, (FileTime{1'234'567'890, 123'456'789})) << name;
  }
  // Times before 1970 and a read-only mode, as the last thing done to an open file.
  NodeInfo old_file = own(NodeKind::file, 0400);
  old_file.modified = {-1, 999'999'999};
  EXPECT_TRUE(take(file->apply(old_file, {})).empty());
  EXPECT_EQ(take(from->info("file")).modified, old_file.modified);
  EXPECT_EQ(take(from->info("file")).mode, 0400U);
}

TEST_F(HostTreeTest, AnotherOwnerIsAppliedByRootAndReportedByOthers) {
  const auto to = target();
  NodeInfo foreign = own(NodeKind::file, 06755);
  foreign.uid = 12'345;
  foreign.gid = 23'456;
  const auto file = take(to->create_file("file"));
  const auto refused = take(file->apply(foreign, {}));
  const NodeInfo info = take(source()->info("file"));
  EXPECT_EQ(info.modified, foreign.modified);
  if (is_root()) {
    EXPECT_TRUE(refused.empty());
    EXPECT_EQ(info.uid, 12'345U);
    EXPECT_EQ(info.gid, 23'456U);
    EXPECT_EQ(info.mode, 06755U) << "set-id bits survive the change of owner";
    take(to->create_symlink("link", "file"));
    NodeInfo foreign_link = foreign;
    foreign_link.kind = NodeKind::symlink;
    EXPECT_TRUE(take(to->apply("link", foreign_link, {})).empty());
    EXPECT_EQ(take(source()->info("link")).uid, 12'345U);
  } else {
    EXPECT_EQ(refused, (std::vector<std::string>{"owner", "mode"}));
    EXPECT_EQ(info.uid, ::geteuid());
    EXPECT_EQ(info.mode, 0755U) << "a set-user-id program must not run as whoever restored it";
  }
  // An id that chown takes for "leave it" owns nothing.
  foreign.uid = ~0U;
  EXPECT_EQ(take(file->apply(foreign, {})).front(), "owner");
  EXPECT_EQ(take(source()->info("file")).mode & S_ISUID, 0U);
}

TEST_F(HostTreeTest, DevicesNeedRoot) {
  const auto to = target();
  NodeInfo device = own(NodeKind::char_device, 0660);
  device.device_number = makedev(1, 3);
  const auto created = to->create_special("null", device);
  if (is_root()) {
    take(created);
    EXPECT_TRUE(take(to->apply("null", device, {})).empty());
    const NodeInfo info = take(source()->info("null"));
    EXPECT_EQ(info.kind, NodeKind::char_device);
    EXPECT_EQ(info.device_number, makedev(1, 3));
    EXPECT_EQ(info.mode, 0660U);
  } else {
    EXPECT_EQ(error_of(created).id, "target.needs_root");
  }
  EXPECT_EQ(error_of(to->create_special("file", own(NodeKind::file, 0600))).id, "target.bad_kind");
}

TEST_F(HostTreeTest, TheTargetAndItsParentsAreMade) {
  const auto to = take(tree_->open_target(path("a/b//c/")));
  take(take(to->create_file("file"))->write_at(0, as_bytes("x")));
  EXPECT_EQ(content_of("a/b/c/file"), "x");
  write("plain", "x");
  EXPECT_EQ(error_of(tree_->open_target(path("plain/below"))).id, "target.not_a_folder");
  EXPECT_EQ(error_of(tree_->open_target("")).kind, ErrorKind::usage);
  const fs::path old = fs::current_path();
  fs::current_path(root_);
  const auto relative = tree_->open_target("relative/one");
  fs::current_path(old);
  EXPECT_TRUE(relative.has_value());
  EXPECT_TRUE(fs::is_directory(path("relative/one")));
}

TEST_F(HostTreeTest, FreeSpaceIsAskedWhereTheTargetWillLie) {
  EXPECT_GT(take(tree_->available_bytes(root_)), 0U);
  EXPECT_GT(take(tree_->available_bytes(path("not/made/yet"))), 0U);
  EXPECT_GT(take(tree_->available_bytes("not-made-yet-either")), 0U);
}

TEST_F(HostTreeTest, FilesOfOneFolderAreOpenedFromSeveralThreads) {
  constexpr int kFiles = 200;
  for (int i = 0; i < kFiles; ++i) write(std::to_string(i), "content " + std::to_string(i));
  const auto folder = source();
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int part = 0; part < 4; ++part) {
    threads.emplace_back([&, part] {
      for (int i = part; i < kFiles; i += 4) {
        auto file = folder->open_file(std::to_string(i));
        Bytes out(100);
        if (!file) continue;
        const auto got = (*file)->read_at(0, out);
        if (got && as_text(ByteView(out).first(*got)) == "content " + std::to_string(i)) ++right;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, kFiles);
}

// Whatever handles were used, no descriptor is left behind.
TEST_F(HostTreeTest, NoDescriptorLeaks) {
  const auto count = [] { return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()); };
  write("file", "x");
  const auto before = count();
  for (int i = 0; i < 20; ++i) {
    const auto from = source();
    const auto to = target();
    static_cast<void>(from->open_file("file"));
    static_cast<void>(from->open_file("gone"));
    static_cast<void>(from->open_directory("file"));
    static_cast<void>(from->names());
    static_cast<void>(to->create_file("file"));
    static_cast<void>(to->create_file("new" + std::to_string(i)));
    static_cast<void>(tree_->open_target(path("a/b/c/d")));
  }
  EXPECT_EQ(count(), before);
}

}  // namespace
}  // namespace atl::platform
