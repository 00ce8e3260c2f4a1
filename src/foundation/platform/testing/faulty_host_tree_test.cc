#include "foundation/platform/testing/faulty_host_tree.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <functional>

#include "foundation/platform/testing/host_tree_fixture.h"

namespace atl::platform::testing {
namespace {

namespace fs = std::filesystem;

class FaultyHostTreeTest : public HostTreeFixture {
 protected:
  using Fault = HostFault;
  static std::string read_all(SourceFile& file) {
    Bytes out(100);
    std::string all;
    for (;;) {
      const std::size_t got = take(file.read_at(all.size(), ByteSpan(out).first(4)));
      all.append(as_text(ByteView(out).first(got)));
      if (got < 4 || all.size() > 60) return all;
    }
  }
};

TEST_F(FaultyHostTreeTest, OnlyTheChosenPathIsStruckAndOnlyAsOftenAsAsked) {
  fs::create_directory(path("a"));
  write("a/file", "content");
  write("file", "content");
  FaultyHostTree faulty(*tree_);
  faulty.set_fault("a/file", Fault::fails_while_read, 1);
  const auto top = take(faulty.open_source(root_));
  EXPECT_EQ(read_all(*take(top->open_file("file"))), "content");
  const auto below = take(top->open_directory("a"));
  const auto file = take(below->open_file("file"));
  Bytes out(10);
  EXPECT_EQ(error_of(file->read_at(0, out)).os_error, EIO);
  EXPECT_EQ(read_all(*file), "content");
  EXPECT_EQ(faulty.strikes("a/file"), 1U);
  EXPECT_EQ(faulty.strikes("file"), 0U);
}

TEST_F(FaultyHostTreeTest, FilesChangeGrowShrinkAndVanishWhileTheyAreRead) {
  write("file", "0123456789");
  FaultyHostTree faulty(*tree_);
  const auto folder = take(faulty.open_source(root_));
  const auto differs = [](SourceFile& file, const std::function<void()>& act) {
    const NodeInfo before = take(file.info());
    act();
    return take(file.info()) != before;
  };
  const auto open = [&](Fault fault) {
    faulty.clear_faults();
    faulty.set_fault("file", fault);
    return take(folder->open_file("file"));
  };
  auto file = open(Fault::changes_while_read);
  EXPECT_TRUE(differs(*file, [&] { EXPECT_NE(read_all(*file), "0123456789"); }));
  file = open(Fault::grows_while_read);
  EXPECT_TRUE(differs(*file, [&] { EXPECT_GT(read_all(*file).size(), 10U); }));
  file = open(Fault::shrinks_while_read);
  EXPECT_TRUE(differs(*file, [&] { EXPECT_LT(read_all(*file).size(), 10U); }));
  file = open(Fault::fails_in_second_half);
  Bytes out(4);
  EXPECT_EQ(take(file->read_at(0, out)), 4U);
  EXPECT_EQ(error_of(file->read_at(4, out)).os_error, EIO);

  faulty.clear_faults();
  faulty.set_fault("file", Fault::vanishes_before_open, 1);
  EXPECT_EQ(take(folder->names()).size(), 1U);
  EXPECT_TRUE(folder->info("file").has_value());
  EXPECT_EQ(error_of(folder->open_file("file")).kind, ErrorKind::not_found);
  EXPECT_TRUE(folder->open_file("file").has_value());
  faulty.set_fault("file", Fault::becomes_a_fifo);
  EXPECT_EQ(error_of(folder->open_file("file")).id, "source.not_a_file");
  faulty.set_fault("file", Fault::cannot_open);
  EXPECT_EQ(error_of(folder->open_file("file")).id, "source.unreadable");
  faulty.set_fault("", Fault::cannot_list);
  EXPECT_EQ(error_of(folder->names()).kind, ErrorKind::io);
  EXPECT_EQ(content_of("file"), "0123456789") << "the real file is never touched";
}

TEST_F(FaultyHostTreeTest, TargetsAreFullOrFailAndLinksWorkThroughTheWrapper) {
  FaultyHostTree faulty(*tree_);
  const auto to = take(faulty.open_target(root_));
  faulty.set_fault("full", Fault::no_space_while_written);
  faulty.set_fault("bad", Fault::fails_while_written);
  faulty.set_fault("closed", Fault::cannot_create);
  faulty.set_fault("unsynced", Fault::fails_to_sync);
  EXPECT_EQ(error_of(take(to->create_file("full"))->write_at(0, as_bytes("x"))).kind, ErrorKind::no_space);
  EXPECT_EQ(error_of(take(to->create_file("bad"))->write_at(0, as_bytes("x"))).kind, ErrorKind::io);
  EXPECT_EQ(error_of(take(to->create_file("unsynced"))->sync()).kind, ErrorKind::io);
  EXPECT_EQ(error_of(to->create_file("closed")).id, "target.not_writable");
  take(take(to->create_file("fine"))->write_at(0, as_bytes("x")));
  take(take(to->open_directory("below"))->create_hard_link("too", *to, "fine"));
  EXPECT_EQ(content_of("below/too"), "x");
}

}  // namespace
}  // namespace atl::platform::testing
