#include "vault/keeping/collect.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "vault/checkpoint.h"
#include "vault/keeping/erase.h"
#include "vault/keeping/pins.h"
#include "vault/keeping/policy.h"
#include "vault/testing/test_vault.h"
#include "vault/verify.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using platform::TestMachine;

constexpr std::int64_t kDay = 86'400;

CollectOptions trusting() {
  CollectOptions options;
  options.trusts_clock = true;
  return options;
}

std::uint64_t pack_bytes(const TestMachine& machine) {
  std::uint64_t bytes = 0;
  for (const std::string& path : machine.files.all_paths("*.pack")) bytes += machine.files.content(path).size();
  return bytes;
}

class Collect : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(told(create_small(machine_.inline_machine())), "ok");
    open();
  }
  void open() {
    vault_.reset();
    auto opened = open_small(machine_.inline_machine());
    ASSERT_EQ(told(opened), "ok");
    vault_ = std::move(*opened);
  }
  void reopen() {
    ASSERT_EQ(told(vault_->close()), "ok");
    open();
  }
  void put(const std::string& key, const Bytes& bytes) {
    ASSERT_EQ(told(put_bytes(*vault_, "docs", key, bytes)), "ok");
  }
  void remove(const std::string& key) { ASSERT_EQ(told(Objects(*vault_).remove({"docs", key, false})), "ok"); }
  Result<EraseCount> forever(const std::string& prefix, EraseWhich which = EraseWhich::all) {
    return erase(*vault_, {{"docs", prefix, true}, which, {}, "a test"});
  }
  CollectReport collect(const CollectOptions& options = trusting()) {
    auto report = collect_garbage(*vault_, options);
    EXPECT_EQ(told(report), "ok");
    return report ? std::move(*report) : CollectReport{};
  }
  CollectReport collect_all() {
    CollectOptions options = trusting();
    options.horizon_seconds = 0;
    return collect(options);
  }
  void set_policy(const catalog::PolicyRow& rules) {
    ASSERT_EQ(told(vault_->commit(journal::CommandKind::policy_change,
                                  [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
                                    changes.put(rules);
                                    return {};
                                  })),
              "ok");
  }
  void expect_clean() {
    VerifyVaultOptions options;
    options.reads_data = true;
    options.workers = 1;
    const auto summary = verify_vault(*vault_, options);
    ASSERT_EQ(told(summary), "ok");
    EXPECT_TRUE(summary->is_clean());
  }

  TestMachine machine_;
  std::unique_ptr<Vault> vault_;
};

TEST_F(Collect, WhatWasErasedGivesItsRoomBackAtOnce) {
  put("stays", noise(1, 300 * kKiB));
  reopen();
  put("goes/1", noise(2, 2 * kMiB));
  put("goes/2", noise(3, 700 * kKiB));
  reopen();
  const std::uint64_t before = pack_bytes(machine_);
  ASSERT_EQ(told(forever("goes/")), "ok");
  CollectOptions look = trusting();
  look.is_dry_run = true;
  const CollectReport preview = collect(look);
  EXPECT_EQ(pack_bytes(machine_), before);
  const CollectReport report = collect();
  EXPECT_GT(report.bytes_freed, 2600U * kKiB);
  EXPECT_EQ(report.bytes_freed, preview.bytes_freed);
  EXPECT_EQ(before - pack_bytes(machine_), report.bytes_freed);
  EXPECT_EQ(*bytes_of(*vault_, "docs", "stays"), noise(1, 300 * kKiB));
  EXPECT_EQ(told(bytes_of(*vault_, "docs", "goes/1")).substr(0, 9), "not_found");
  expect_clean();
  reopen();
  EXPECT_EQ(*bytes_of(*vault_, "docs", "stays"), noise(1, 300 * kKiB));
  put("goes/1", noise(2, 2 * kMiB));  // stored anew, not built on what went
  reopen();
  EXPECT_EQ(*bytes_of(*vault_, "docs", "goes/1"), noise(2, 2 * kMiB));
  expect_clean();
}

TEST_F(Collect, WhatWasRemovedStaysUntilPolicyAndHorizonHavePassed) {
  put("a", noise(1, kMiB));
  reopen();
  remove("a");
  const std::uint64_t before = pack_bytes(machine_);
  CollectReport report = collect();
  EXPECT_EQ(report.expired.gone.versions, 0U);
  EXPECT_GT(report.kept(Keeper::history), 1000U * kKiB);
  EXPECT_EQ(report.packs_removed, 0U);
  machine_.clock.advance_s(366 * kDay);
  report = collect();
  EXPECT_EQ(report.expired.gone.versions, 1U);
  EXPECT_EQ(report.expired.gone.objects, 1U);
  EXPECT_EQ(report.kept(Keeper::history), 0U);
  EXPECT_GT(report.kept(Keeper::horizon), 1000U * kKiB);  // an earlier moment can still be gone back to
  // Checkpoints come every quarter of the horizon, and two stay in any case.
  for (int week = 0; week < 8; ++week) {
    machine_.clock.advance_s(8 * kDay);
    put("tick", words(static_cast<std::uint64_t>(week), 100));
    reopen();
    report = collect();
  }
  EXPECT_EQ(report.kept(Keeper::horizon) / kMiB, 0U);
  EXPECT_LT(pack_bytes(machine_), before / 2);
  expect_clean();
}

TEST_F(Collect, AHorizonOfNothingFreesWhatOnlyEarlierMomentsKeep) {
  catalog::PolicyRow none;
  none.horizon_seconds = none.audit_seconds = 30 * kDay;
  set_policy(none);
  put("a", noise(1, kMiB));
  put("b", words(2, 1000));
  reopen();
  put("a", noise(2, 100));
  remove("b");
  CollectOptions look = trusting();
  look.is_dry_run = true;
  look.horizon_seconds = 0;
  const CollectReport preview = collect(look);
  EXPECT_EQ(preview.expired.gone.versions, 2U);
  EXPECT_GT(preview.bytes_freed, 1000U * kKiB);
  const CollectReport report = collect_all();
  EXPECT_EQ(report.expired.gone.versions, 2U);
  EXPECT_EQ(report.expired.gone.objects, 1U);
  EXPECT_GE(report.bytes_freed, preview.bytes_freed);
  EXPECT_LT(pack_bytes(machine_), 100 * kKiB);
  EXPECT_EQ(*bytes_of(*vault_, "docs", "a"), noise(2, 100));
  ASSERT_EQ(told(vault_->rebuild()), "ok");
  EXPECT_EQ(*bytes_of(*vault_, "docs", "a"), noise(2, 100));
  expect_clean();
}

TEST_F(Collect, PacksThatAreMostlyDeadAreWrittenAnew) {
  for (int i = 0; i < 20; ++i) put("k" + std::to_string(i), noise(static_cast<std::uint64_t>(i), 40 * kKiB));
  reopen();
  for (int i = 0; i < 20; ++i) {
    if (i % 4 == 0) continue;
    ASSERT_EQ(told(erase(*vault_, {{"docs", "k" + std::to_string(i), false}, EraseWhich::all, {}, ""})), "ok");
  }
  const std::uint64_t before = pack_bytes(machine_);
  const CollectReport report = collect();
  EXPECT_EQ(report.packs_rewritten, 1U);
  EXPECT_EQ(before - pack_bytes(machine_), report.bytes_freed);
  EXPECT_GT(report.bytes_freed, before / 2);
  for (int i = 0; i < 20; i += 4)
    EXPECT_EQ(*bytes_of(*vault_, "docs", "k" + std::to_string(i)), noise(static_cast<std::uint64_t>(i), 40 * kKiB));
  expect_clean();
  ASSERT_EQ(told(vault_->rebuild()), "ok");
  expect_clean();
}

TEST_F(Collect, ASnapshotAndARetentionKeepWhatTheyName) {
  put("a", words(1, 5000));
  catalog::SnapshotRow snapshot;
  snapshot.name = "figure-3";
  snapshot.bucket = Objects(*vault_).bucket("docs")->id;
  snapshot.lsn = vault_->journal().last();
  ASSERT_EQ(told(vault_->commit(journal::CommandKind::snapshot_change,
                                [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
                                  changes.put(snapshot);
                                  return {};
                                })),
            "ok");
  put("a", words(2, 5000));
  const auto refused = forever("");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "erase.kept");
  machine_.clock.advance_s(800 * kDay);
  CollectReport report = collect_all();
  EXPECT_EQ(report.expired.gone.versions, 0U);
  EXPECT_EQ(report.expired.kept_by_snapshot, 1U);
  EXPECT_GT(report.kept(Keeper::snapshot), 0U);
  const auto versions = vault_->reader()->versions_of(Objects(*vault_).find("docs", "a")->entry.object);
  ASSERT_EQ(versions->size(), 2U);
  EXPECT_EQ(*bytes_of(*vault_, versions->back()), words(1, 5000));
  ASSERT_EQ(told(vault_->commit(journal::CommandKind::snapshot_change,
                                [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
                                  changes.remove(snapshot);
                                  return {};
                                })),
            "ok");
  report = collect_all();
  EXPECT_EQ(report.expired.gone.versions, 1U);
  catalog::PolicyRow rules = built_in_policy();
  rules.retention_seconds = 7 * kDay;
  set_policy(rules);
  put("young", words(3, 100));
  const auto kept = erase(*vault_, {{"docs", "young", false}, EraseWhich::all, {}, ""});
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().id, "erase.kept");
  machine_.clock.advance_s(7 * kDay);
  EXPECT_EQ(told(erase(*vault_, {{"docs", "young", false}, EraseWhich::all, {}, ""})), "ok");
}

TEST_F(Collect, ErasingOneVersionLeavesTheOthers) {
  put("a", words(1, 500));
  put("a", words(2, 500));
  put("a", words(3, 500));
  const auto versions = *vault_->reader()->versions_of(Objects(*vault_).find("docs", "a")->entry.object);
  ASSERT_EQ(versions.size(), 3U);
  ASSERT_EQ(told(erase(*vault_, {{"docs", "a", false}, EraseWhich::one, versions[1].version, "wrong data"})), "ok");
  EXPECT_EQ(*bytes_of(*vault_, "docs", "a"), words(3, 500));
  ASSERT_EQ(told(erase(*vault_, {{"docs", "a", false}, EraseWhich::one, versions[0].version, ""})), "ok");
  EXPECT_EQ(told(Objects(*vault_).find("docs", "a")).substr(0, 9), "not_found");
  const auto entry = vault_->reader()->entry(versions[0].bucket, "a");
  ASSERT_TRUE(*entry);
  EXPECT_TRUE((*entry)->is_deleted);
  EXPECT_EQ((*entry)->version, versions[2].version);
  const auto erasures = *vault_->reader()->all<catalog::ErasureRow>();
  ASSERT_EQ(erasures.size(), 2U);
  for (const auto& erasure : erasures) {
    const bool is_first = erasure.version == versions[1].version;
    EXPECT_EQ(erasure.reason, is_first ? "wrong data" : "");
    EXPECT_EQ(erasure.begin, is_first ? versions[1].begin : versions[0].begin);
    EXPECT_EQ(erasure.end.value == 0, !is_first);
  }
  const auto collected = Objects(*vault_).remove_bucket("docs");
  ASSERT_FALSE(collected);
  ASSERT_EQ(told(forever("")), "ok");
  EXPECT_EQ(told(Objects(*vault_).remove_bucket("docs")), "ok");
  expect_clean();
}

TEST_F(Collect, AReaderInAnotherProcessKeepsItsPacks) {
  put("a", noise(1, kMiB));
  put("b", noise(2, 100 * kKiB));
  reopen();
  auto reading = open_small(machine_.inline_machine(), kFolder, nullptr, false);
  ASSERT_EQ(told(reading), "ok");
  const auto version = Objects(**reading).find("docs", "a")->version;
  ASSERT_EQ(told(erase(*vault_, {{"docs", "a", false}, EraseWhich::all, {}, ""})), "ok");
  CollectReport report = collect();
  EXPECT_EQ(report.bytes_freed, 0U);
  EXPECT_GT(report.bytes_waiting, 1000U * kKiB);
  EXPECT_EQ(*bytes_of(**reading, version), noise(1, kMiB));
  reading->reset();
  reopen();  // opening for writing ends it
  EXPECT_LT(pack_bytes(machine_), 200 * kKiB);
  EXPECT_EQ(*bytes_of(*vault_, "docs", "b"), noise(2, 100 * kKiB));
  const auto packs = vault_->reader()->packs();
  ASSERT_TRUE(packs);
  for (const auto& row : *packs) EXPECT_EQ(row.retired.value, 0U);
  EXPECT_TRUE(machine_.files.all_paths("*.pin").empty());
  expect_clean();
}

TEST_F(Collect, AnUnreadableRootStopsEverything) {
  put("large", noise(1, 8 * kMiB));  // with list chunks
  put("goes", noise(2, kMiB));
  reopen();
  ASSERT_EQ(told(erase(*vault_, {{"docs", "goes", false}, EraseWhich::all, {}, ""})), "ok");
  const auto version = Objects(*vault_).find("docs", "large")->version;
  ASSERT_GT(version.content.depth, 0);
  vault_.reset();
  for (const std::string& path : machine_.files.all_paths("*.pack")) {
    const std::uint64_t size = machine_.files.content(path).size();
    machine_.files.zero(path, 4096, size - 8192);
  }
  open();
  const std::uint64_t before = pack_bytes(machine_);
  const auto report = collect_garbage(*vault_, trusting());
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind, ErrorKind::damaged);
  EXPECT_EQ(pack_bytes(machine_), before);
}

TEST_F(Collect, ALeapingClockIsAskedAbout) {
  put("a", words(1, 500));
  put("a", words(2, 500));
  collect();
  machine_.clock.set({machine_.clock.peek().unix_us + 400 * kDay * 1'000'000});  // the other clock did not move
  auto report = collect_garbage(*vault_, {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().id, "gc.clock_gap");
  EXPECT_EQ(vault_->reader()->versions_of(Objects(*vault_).find("docs", "a")->entry.object)->size(), 2U);
  EXPECT_EQ(collect().expired.gone.versions, 1U);
  // Time that passed on both clocks is no leap.
  put("a", words(3, 500));
  machine_.clock.advance_s(400 * kDay);
  report = collect_garbage(*vault_, {});
  ASSERT_EQ(told(report), "ok");
  EXPECT_EQ(report->expired.gone.versions, 1U);
}

TEST_F(Collect, AClockThatGoesOnInStepIsTrustedAfterAWeek) {
  const auto leap = [&](int days) { machine_.clock.set({machine_.clock.peek().unix_us + days * kDay * 1'000'000}); };
  const auto ask = [&] { return told(collect_garbage(*vault_, {})); };
  const std::string refused = "gc.clock_gap";
  const auto is_refused = [&] {
    const auto report = collect_garbage(*vault_, {});
    return !report && report.error().id == refused;
  };
  put("a", words(1, 500));
  put("a", words(2, 500));
  collect();
  leap(400);
  EXPECT_TRUE(is_refused());
  for (int day = 0; day < 5; ++day) {
    machine_.clock.advance_s(kDay);
    EXPECT_TRUE(is_refused()) << day;
  }
  leap(30);  // again: the week begins anew
  EXPECT_TRUE(is_refused());
  machine_.clock.advance_s(6 * kDay);
  EXPECT_TRUE(is_refused());
  CollectOptions only_look;
  only_look.is_dry_run = true;
  EXPECT_FALSE(collect_garbage(*vault_, only_look));
  machine_.clock.advance_s(kDay + 1);
  EXPECT_EQ(ask(), "ok");
  EXPECT_EQ(vault_->reader()->versions_of(Objects(*vault_).find("docs", "a")->entry.object)->size(), 1U);
}

TEST_F(Collect, AClockThatIsPutBackIsDoubtedAnewWhenItLeapsAgain) {
  put("a", words(1, 500));
  put("a", words(2, 500));
  collect();
  const auto leap = [&](int days) { machine_.clock.set({machine_.clock.peek().unix_us + days * kDay * 1'000'000}); };
  leap(600);
  EXPECT_FALSE(collect_garbage(*vault_, {}));
  leap(-600);
  EXPECT_TRUE(collect_garbage(*vault_, {})) << "nothing is over by the right time";
  machine_.clock.advance_s(3 * kDay);
  leap(400);  // earlier than the first leap: what was remembered then says nothing
  EXPECT_FALSE(collect_garbage(*vault_, {}));
  leap(100);
  EXPECT_FALSE(collect_garbage(*vault_, {}));
}

TEST_F(Collect, TwoAtOnceAreOneTooMany) {
  const auto lock = machine_.files.lock(std::string(kFolder) + "/staging/gc.lock", platform::LockMode::exclusive);
  if (!lock) {
    ASSERT_EQ(told(platform::create_directories(machine_.files, std::string(kFolder) + "/staging")), "ok");
  }
  const auto report = collect_garbage(*vault_, trusting());
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().id, "gc.runs_already");
}

TEST_F(Collect, RowsOfANewerProgramStopIt) {
  ASSERT_EQ(told(vault_->commit(journal::CommandKind::note,
                                [](const CommitContext&, ChangeSet& changes) -> Result<void> {
                                  catalog::CheckpointRow row;  // any row will do
                                  row.root = words(1, 10);
                                  changes.put(kDefaultDomain, static_cast<journal::TableNumber>(4711), row);
                                  return {};
                                })),
            "ok");
  const auto report = collect_garbage(*vault_, trusting());
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind, ErrorKind::unsupported);
}

TEST_F(Collect, OnAFullDiskRoomComesBack) {
  for (int i = 0; i < 30; ++i) put("k" + std::to_string(i), noise(static_cast<std::uint64_t>(i), kMiB));
  put("stays", noise(100, 300 * kKiB));
  reopen();
  machine_.files.set_capacity_bytes(machine_.files.used_bytes() + 2 * kMiB);
  auto more = put_bytes(*vault_, "docs", "more", noise(200, 4 * kMiB));
  ASSERT_FALSE(more);
  ASSERT_EQ(more.error().kind, ErrorKind::no_space) << told(more);
  ASSERT_EQ(told(forever("k")), "ok");
  const CollectReport report = collect();
  EXPECT_GT(report.bytes_freed, 28 * kMiB);
  EXPECT_EQ(*bytes_of(*vault_, "docs", "stays"), noise(100, 300 * kKiB));
  ASSERT_EQ(told(put_bytes(*vault_, "docs", "more", noise(200, 4 * kMiB))), "ok");
  expect_clean();
}

// Puts that build on content which is just being given up, and reads of what stays, beside one gc after the other.
TEST(CollectThreads, PutsAndReadsGoOnMeanwhile) {
  TestMachine machine;
  ASSERT_EQ(told(create_small(machine.machine())), "ok");
  auto opened = open_small(machine.machine());
  ASSERT_EQ(told(opened), "ok");
  Vault& vault = **opened;
  constexpr std::uint64_t kContents = 6;
  for (std::uint64_t i = 0; i < 4; ++i)
    ASSERT_EQ(told(put_bytes(vault, "stays", "s" + std::to_string(i), noise(500 + i, 200 * kKiB))), "ok");
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> reads = 0;
  std::atomic<std::uint64_t> puts = 0;
  std::string trouble;  // written by at most the first that fails
  std::mutex mutex;
  const auto complain = [&](const std::string& words) {
    const std::lock_guard lock(mutex);
    if (trouble.empty()) trouble = words;
    stop = true;
  };
  std::vector<std::unique_ptr<platform::Thread>> threads;
  threads.push_back(machine.threads.start("reader", [&] {
    for (std::uint64_t i = 0; !stop; ++i, ++reads) {
      const auto bytes = bytes_of(vault, "stays", "s" + std::to_string(i % 4));
      if (!bytes || *bytes != noise(500 + i % 4, 200 * kKiB)) complain("reading: " + told(bytes));
    }
  }));
  for (std::uint64_t thread = 0; thread < 2; ++thread) {
    threads.push_back(machine.threads.start("putter", [&, thread] {
      platform::SeededRandom random(thread + 1);
      while (!stop) {
        const std::uint64_t content = random.below(kContents);
        const std::string key = "p" + std::to_string(thread) + "/" + std::to_string(puts.fetch_add(1));
        const auto put = put_bytes(vault, "comes", key, noise(content, 90 * kKiB));
        if (!put) return complain("putting: " + told(put));
        const auto bytes = bytes_of(vault, "comes", key);
        // Erased by the other side between the two: fine. Wrong or damaged: not.
        if (!bytes && bytes.error().kind != ErrorKind::not_found) complain("reading back: " + told(bytes));
        if (bytes && *bytes != noise(content, 90 * kKiB)) complain("read back other bytes");
      }
    }));
  }
  CollectOptions options = trusting();
  options.dead_share_min = 0.01;
  for (int round = 0; round < 25 && !stop; ++round) {
    if (round % 3 != 2) {
      const auto gone = erase(vault, {{"comes", round % 2 == 0 ? "p0/" : "", true}, EraseWhich::all, {}, ""});
      if (!gone && gone.error().kind != ErrorKind::not_found) complain("erasing: " + told(gone));
    }
    if (round % 5 == 4) options.horizon_seconds = 0;
    if (const auto report = collect_garbage(vault, options); !report) complain("gc: " + told(report));
    if (const auto sealed = vault.chunks().seal_packs(); !sealed) complain("sealing: " + told(sealed));
  }
  stop = true;
  threads.clear();
  EXPECT_EQ(trouble, "");
  EXPECT_GT(reads, 0U);
  EXPECT_GT(puts, 0U);
  VerifyVaultOptions verify;
  verify.reads_data = true;
  const auto summary = verify_vault(vault, verify);
  ASSERT_EQ(told(summary), "ok");
  EXPECT_TRUE(summary->is_clean());
  ASSERT_EQ(told(state_of(vault)), "ok");  // reads everything
  ASSERT_EQ(told(vault.close()), "ok");
}

}  // namespace
}  // namespace atl::vault
