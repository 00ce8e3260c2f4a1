#include "store/blob/disk_blob_store.h"

#include <gtest/gtest.h>

#include "foundation/platform/testing/test_machine.h"
#include "store/blob/testing/blob_store_contract.h"
#include "store/blob/testing/memory_blob_store.h"

namespace atl::blob {
namespace {

using platform::CrashPolicy;
using platform::Operation;
using platform::StopWhen;
using platform::TestMachine;
using testing::BlobStoreContract;
using testing::BlobStoreMaker;
using testing::BlobStoreUnderTest;

constexpr const char* kName = "01890a5d-ac96-774b-bcce-b302099a8057.pack";

std::unique_ptr<BlobStore> fan_out_store(TestMachine& machine, std::size_t open_files_max = 64) {
  return make_disk_blob_store(machine.machine(), "/vault/packs", {Layout::fan_out, ".pack", open_files_max});
}

BlobStoreMaker disk(const std::string& name, Layout layout, std::size_t open_files_max) {
  return testing::blob_store_case(name, [=] {
    auto machine = std::make_shared<TestMachine>();
    auto store = make_disk_blob_store(machine->machine(), "/vault/packs", {layout, ".pack", open_files_max});
    return BlobStoreUnderTest{machine, std::move(store)};
  });
}

INSTANTIATE_TEST_SUITE_P(
    Stores, BlobStoreContract,
    ::testing::Values(
        disk("flat", Layout::flat, 64), disk("fan_out", Layout::fan_out, 64),
        disk("nothing_kept_open", Layout::fan_out, 0),
        testing::blob_store_case("memory",
                                 [] {
                                   return BlobStoreUnderTest{nullptr, std::make_unique<testing::MemoryBlobStore>()};
                                 })),
    [](const auto& each) { return each.param.name; });

void put(BlobStore& store, const std::string& name, std::string_view content) {
  auto writer = store.receive(name).value();
  ASSERT_TRUE(writer->append(as_bytes(content)));
  ASSERT_TRUE(writer->commit());
}

TEST(DiskBlobStore, FansOutByTheLastTwoDigits) {
  TestMachine machine;
  const auto store = fan_out_store(machine);
  put(*store, kName, "x");
  EXPECT_EQ(machine.files.all_paths(), (std::vector<std::string>{"/vault/packs/57/" + std::string(kName)}));
}

TEST(DiskBlobStore, ForeignFilesAreNoBlobs) {
  TestMachine machine;
  const auto store = fan_out_store(machine);
  put(*store, kName, "x");
  machine.files.set_content("/vault/packs/57/notes.txt", as_bytes("mine"));
  machine.files.set_content("/vault/packs/58/" + std::string(kName), as_bytes("in the wrong folder"));
  machine.files.set_content("/vault/packs/abc/01890a5d-ac96-774b-bcce-b302099a8abc.pack", as_bytes("y"));
  EXPECT_EQ(store->enumerate().value(), (std::vector{BlobInfo{kName, 1, true}}));
}

TEST(DiskBlobStore, FullDiskLeavesPositionAndRestOfTheFile) {
  TestMachine machine;
  const auto store = fan_out_store(machine);
  auto writer = store->receive(kName).value();
  ASSERT_TRUE(writer->append(as_bytes("good")));
  const auto used = machine.files.used_bytes();
  machine.files.set_capacity_bytes(used + 8192);
  EXPECT_EQ(writer->append(Bytes(100'000, 7)).error().kind, ErrorKind::no_space);
  EXPECT_EQ(writer->position(), 4U);
  ASSERT_TRUE(writer->append(as_bytes("end")));
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(store->stat(kName).value()->size, 7U);
}

TEST(DiskBlobStore, FailedWriteOrSyncEndsTheWriter) {
  for (const Operation operation : {Operation::write, Operation::sync, Operation::sync_directory}) {
    SCOPED_TRACE(static_cast<int>(operation));
    TestMachine machine;
    const auto store = fan_out_store(machine);
    auto writer = store->receive(kName).value();
    ASSERT_TRUE(writer->append(as_bytes("a")));
    machine.files.fail_next(operation, "*");
    if (operation == Operation::write) {
      EXPECT_FALSE(writer->append(as_bytes("b")));
    } else {
      EXPECT_FALSE(writer->sync());
    }
    EXPECT_EQ(writer->append(as_bytes("c")).error().kind, ErrorKind::io);
    EXPECT_EQ(writer->sync().error().kind, ErrorKind::io);
    EXPECT_EQ(writer->commit().error().kind, ErrorKind::io);
    EXPECT_FALSE(store->stat(kName).value()->is_finished);
  }
}

// At every point of the work and with many ways of losing what is not synced: what was answered holds.
TEST(DiskBlobStore, CrashAtEveryPointKeepsWhatWasSyncedOrCommitted) {
  struct Done {
    std::size_t synced = 0;
    bool is_committed = false;
    bool is_replaced = false;
  };
  const auto work = [](TestMachine& machine) {
    Done done;
    if (!machine.files.create_directory("/vault") || !machine.files.sync_directory("/")) return done;
    const auto store = fan_out_store(machine);
    auto writer = store->receive(kName);
    if (!writer) return done;
    for (int i = 0; i < 3; ++i) {
      if (!(*writer)->append(Bytes(3000, static_cast<std::uint8_t>('a' + i))) || !(*writer)->sync()) return done;
      done.synced += 3000;
    }
    done.is_committed = (*writer)->commit().has_value();
    auto second = store->replace(kName);
    if (!second || !(*second)->append(Bytes(5000, 'z'))) return done;
    done.is_replaced = (*second)->commit().has_value();
    return done;
  };
  const std::uint64_t total = [&] {
    TestMachine machine;
    EXPECT_TRUE(work(machine).is_replaced);
    return machine.files.points();
  }();
  ASSERT_GT(total, 10U);
  for (std::uint64_t point = 0; point < total; ++point) {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      SCOPED_TRACE("point " + std::to_string(point) + " seed " + std::to_string(seed));
      TestMachine machine;
      machine.files.stop_at(point, seed % 2 == 0 ? StopWhen::torn : StopWhen::after);
      const Done done = work(machine);
      const auto policy = seed == 0 ? CrashPolicy::drop_all : CrashPolicy::random_with_garbage;
      TestMachine rebooted(machine.files.after_crash(seed, policy));
      const auto store = fan_out_store(rebooted);
      const auto info = store->stat(kName).value();
      if (done.synced == 0 && !info) continue;
      ASSERT_TRUE(info);
      Bytes content(static_cast<std::size_t>(info->size));
      ASSERT_TRUE(store->fetch_exact(kName, 0, content));
      if (done.is_replaced) {
        ASSERT_EQ(content, Bytes(5000, 'z'));
      }
      if (content.size() == 5000 && content[0] == 'z') continue;  // the replacement, whole
      if (done.is_committed) {
        ASSERT_TRUE(info->is_finished);
      }
      if (info->is_finished) {
        ASSERT_EQ(content.size(), 9000U);
      }
      ASSERT_GE(content.size(), done.synced);
      for (std::size_t i = 0; i < done.synced; ++i) {
        ASSERT_EQ(content[i], 'a' + i / 3000) << i;
      }
    }
  }
}

}  // namespace
}  // namespace atl::blob
