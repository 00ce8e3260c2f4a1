// Power cuts at every point of a session: what add() took and sync() answered for is there afterwards.
#include <gtest/gtest.h>

#include <map>

#include "store/chunk/testing/test_vault.h"

namespace atl::chunk {
namespace {

using namespace testing;  // NOLINT: the helpers of this module's tests
using platform::CrashPolicy;
using platform::StopWhen;

struct Session {
  std::map<ChunkId, Bytes> added;
  std::map<ChunkId, Bytes> durable;  // added before a sync() that succeeded
};

// Small and long chunks, three kinds of packs, packs that are rolled over, a store closed and opened again.
void work(TestVault& vault, Session& session) {
  std::uint64_t number = 0;
  for (int opening = 0; opening < 2; ++opening) {
    auto opened = ChunkStore::open(vault.machine(), kVaultFolder, vault.keys(), small_options(60'000), true);
    if (!opened) return;
    ChunkStore& store = **opened;
    auto warm = store.new_writer(kDefaultDomain, Temperature::warm);
    auto hot = store.new_writer(vault.second_domain(), Temperature::hot);
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < 4; ++i) {
        ++number;
        const Bytes plain = number % 5 == 0 ? noise_chunk(number, 70'000) : text_chunk(number, 3'000 + number * 100);
        const auto added = (i == 3 ? *hot : *warm).add(plain);
        if (!added) return;
        session.added[added->id] = plain;
      }
      const auto before = session.added;
      if (!store.sync()) return;
      session.durable = before;
      if (round == 0 && opening == 1 && !store.seal_packs()) return;
    }
    if (opening == 0 && !store.close()) return;
  }
}

void expect_holds(TestVault& vault, const Session& session) {
  auto opened = ChunkStore::open(vault.machine(), kVaultFolder, vault.keys(), small_options(60'000), true);
  ASSERT_TRUE(opened) << opened.error().message;
  ChunkStore& store = **opened;
  Buffer out;
  for (const auto& [id, plain] : session.added) {
    const bool is_there = store.contains(id).value();
    if (session.durable.contains(id)) {
      ASSERT_TRUE(is_there);
    }
    if (!is_there) continue;
    // Whatever the index names can be read: here it would be in one of the two domains.
    auto read = store.read(id, kDefaultDomain, out);
    if (!read && read.error().kind == ErrorKind::not_found) read = store.read(id, vault.second_domain(), out);
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_TRUE(equal(out.view(), plain));
  }
  const auto report = store.verify({.data = true});
  ASSERT_TRUE(report) << report.error().message;
  for (const auto& damage : report->damage) ASSERT_EQ(damage.area, "header") << damage.area << ": " << damage.message;
  ASSERT_EQ(report->index_entries_wrong, 0U);
  // Life goes on: everything can be added again, and only what is missing is stored.
  auto writer = store.new_writer(kDefaultDomain, Temperature::warm);
  const auto added = writer->add(text_chunk(999, 100));
  ASSERT_TRUE(added && added->is_new);
  ASSERT_TRUE(store.close());
}

TEST(ChunkStoreCrash, AtEveryPointSyncedChunksSurvive) {
  const std::uint64_t first = [] { return TestVault().files().points(); }();
  const std::uint64_t total = [] {
    TestVault vault;
    Session session;
    work(vault, session);
    EXPECT_EQ(session.durable.size(), 16U);
    expect_holds(vault, session);
    return vault.files().points();
  }();
  ASSERT_GT(total, first + 60);
  for (std::uint64_t point = first; point < total; ++point) {
    for (std::uint64_t seed = point % 2; seed < 4; seed += 2) {
      SCOPED_TRACE("point " + std::to_string(point) + " seed " + std::to_string(seed));
      TestVault vault;
      vault.files().stop_at(point, seed % 2 == 0 ? StopWhen::torn : StopWhen::after);
      Session session;
      work(vault, session);
      const auto policy = seed == 0   ? CrashPolicy::drop_all
                          : seed == 1 ? CrashPolicy::keep_all
                          : seed == 2 ? CrashPolicy::random
                                      : CrashPolicy::random_with_garbage;
      TestVault rebooted(vault, vault.files().after_crash(seed + point * 31, policy), seed + 100);
      expect_holds(rebooted, session);
      if (HasFatalFailure()) return;
    }
  }
}

// The open that mends may itself be cut off, again and again.
TEST(ChunkStoreCrash, DuringRecoverySyncedChunksSurvive) {
  TestVault vault;
  Session session;
  work(vault, session);  // ends without close(): unfinished packs
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    auto disk = vault.files().after_crash(seed, CrashPolicy::random_with_garbage);
    for (std::uint64_t again = 0; again < 4; ++again) {
      TestVault recovering(vault, std::move(disk), seed * 10 + again);
      recovering.files().stop_at((seed * 5 + again * 3) % 23, again % 2 == 0 ? StopWhen::torn : StopWhen::before);
      if (auto store = ChunkStore::open(recovering.machine(), kVaultFolder, recovering.keys(), small_options(), true)) {
        ignore_error_on_purpose((*store)->close());
      }
      disk = recovering.files().after_crash(seed + again, CrashPolicy::random);
    }
    TestVault rebooted(vault, std::move(disk), seed + 1000);
    expect_holds(rebooted, session);
    if (HasFatalFailure()) return;
  }
}

// A test of the tests: a store whose pack syncs are left out must lose something.
TEST(ChunkStoreCrash, LeftOutPackSyncIsNoticed) {
  int losses = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    TestVault vault;
    vault.files().leave_out_sync("/vault/packs/*");
    Session session;
    work(vault, session);
    TestVault rebooted(vault, vault.files().after_crash(seed, CrashPolicy::random), 3);
    const auto store = rebooted.open();
    for (const auto& [id, plain] : session.durable) losses += store->contains(id).value() ? 0 : 1;
  }
  EXPECT_GT(losses, 0);
}

}  // namespace
}  // namespace atl::chunk
