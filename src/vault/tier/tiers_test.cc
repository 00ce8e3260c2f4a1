#include "vault/tier/tiers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "vault/checkpoint.h"
#include "vault/keeping/collect.h"
#include "vault/keeping/policy.h"
#include "vault/testing/test_vault.h"
#include "vault/verify.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using chunk::Temperature;
using platform::TestMachine;

constexpr std::int64_t kDay = 86'400;

Result<void> set_rules(Vault& vault, std::vector<std::string> rules) {
  catalog::PolicyRow row = built_in_policy();
  row.tier_rules = std::move(rules);
  ATOLL_TRY(check_policy(row));
  ATOLL_TRY(
      vault.commit(journal::CommandKind::policy_change, [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
        changes.put(row);
        return {};
      }));
  return {};
}

TierOptions everything() {
  TierOptions options;
  options.misplaced_share_min = 0;
  return options;
}

class Tiers : public ::testing::Test {
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
  void put(const std::string& key, const Bytes& bytes, const std::string& bucket = "docs") {
    ASSERT_EQ(told(put_bytes(*vault_, bucket, key, bytes)), "ok");
  }
  TierReport move(const TierOptions& options = everything()) {
    auto report = move_tiers(*vault_, options);
    EXPECT_EQ(told(report), "ok");
    return report ? std::move(*report) : TierReport{};
  }
  TierReport plan() {
    TierOptions options = everything();
    options.is_dry_run = true;
    return move(options);
  }
  LyingBytes lies(const std::string& key, const std::string& bucket = "docs") {
    const auto found = Objects(*vault_).find(bucket, key);
    EXPECT_EQ(told(found), "ok");
    auto lies = TierMap(*vault_).of(found->version);
    EXPECT_EQ(told(lies), "ok");
    return lies ? *lies : LyingBytes{};
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

TEST_F(Tiers, ContentGoesWhereRulesWantItAndComesBack) {
  put("notes.txt", words(1, 300 * kKiB));
  put("old/log.txt", words(2, 400 * kKiB));
  put("base.db", noise(3, 200 * kKiB));
  reopen();
  EXPECT_EQ(lies("base.db").tier(), Temperature::warm);
  ASSERT_EQ(told(set_rules(*vault_, {"hot if name:*.db", "cold if key:old/**"})), "ok");
  const TierReport preview = plan();
  EXPECT_EQ(preview.packs_rewritten, 0U);
  EXPECT_EQ(lies("old/log.txt").tier(), Temperature::warm);
  ASSERT_EQ(preview.moves.size(), 2U);
  EXPECT_EQ(preview.buckets.size(), 1U);
  EXPECT_EQ(preview.buckets[0].objects_elsewhere, 2U);
  EXPECT_EQ(preview.buckets[0].objects[Temperature::cold], 1U);

  const TierReport report = move();
  EXPECT_EQ(report.packs_rewritten, preview.packs);
  EXPECT_GT(report.bytes_removed, 0U);
  EXPECT_EQ(lies("base.db").raw[Temperature::hot], 200 * kKiB);
  EXPECT_EQ(lies("old/log.txt").raw[Temperature::cold], 400 * kKiB);
  EXPECT_EQ(lies("notes.txt").raw[Temperature::warm], 300 * kKiB);
  EXPECT_EQ(*bytes_of(*vault_, "docs", "base.db"), noise(3, 200 * kKiB));
  EXPECT_EQ(*bytes_of(*vault_, "docs", "old/log.txt"), words(2, 400 * kKiB));
  EXPECT_EQ(*bytes_of(*vault_, "docs", "notes.txt"), words(1, 300 * kKiB));
  // What packs' rows say is what the packs are.
  const auto rows = vault_->reader()->packs();
  for (const auto& pack : vault_->chunks().list_packs()) {
    const auto row = std::ranges::find(*rows, pack.id, &catalog::PackRow::id);
    ASSERT_NE(row, rows->end());
    EXPECT_EQ(static_cast<int>(row->temperature), static_cast<int>(pack.temperature));
  }
  EXPECT_EQ(move().packs, 0U);  // nothing is left to do
  expect_clean();

  ASSERT_EQ(told(vault_->rebuild()), "ok");
  EXPECT_EQ(lies("old/log.txt").raw[Temperature::cold], 400 * kKiB);
  ASSERT_EQ(told(set_rules(*vault_, {"hot if key:old/**"})), "ok");
  (void)move();
  EXPECT_EQ(lies("old/log.txt").raw[Temperature::hot], 400 * kKiB);
  EXPECT_EQ(lies("base.db").raw[Temperature::warm], 200 * kKiB);
  expect_clean();
  reopen();
  EXPECT_EQ(*bytes_of(*vault_, "docs", "old/log.txt"), words(2, 400 * kKiB));
}

TEST_F(Tiers, ColdIsSmallerAndThePreviewSaysByHowMuch) {
  for (std::uint64_t i = 0; i < 40; ++i) put("t" + std::to_string(i), words(100 + i, 60 * kKiB));
  reopen();
  ASSERT_EQ(told(set_rules(*vault_, {"cold if name:t*"})), "ok");
  const TierReport preview = plan();
  ASSERT_EQ(preview.moves.size(), 1U);
  const TierMove& there = preview.moves[0];
  ASSERT_TRUE(there.stored_bytes_after);
  EXPECT_LT(*there.stored_bytes_after, there.stored_bytes);
  (void)move();
  const auto cold = TierMap(*vault_).packs()[Temperature::cold];
  EXPECT_LT(cold.stored_bytes, there.stored_bytes);
  // Padding of small packs aside.
  EXPECT_NEAR(static_cast<double>(cold.stored_bytes), static_cast<double>(*there.stored_bytes_after),
              static_cast<double>(*there.stored_bytes_after) * 0.25 + 70'000);
}

TEST_F(Tiers, SharedContentLiesAsTheHottestWantsIt) {
  put("cold/same", noise(1, 150 * kKiB));
  put("hot/same", noise(1, 150 * kKiB));
  put("cold/alone", noise(2, 150 * kKiB));
  reopen();
  ASSERT_EQ(told(set_rules(*vault_, {"cold if key:cold/**", "hot if key:hot/**"})), "ok");
  (void)move();
  EXPECT_EQ(lies("cold/same").tier(), Temperature::hot);
  EXPECT_EQ(lies("cold/alone").tier(), Temperature::cold);
  ASSERT_EQ(told(Objects(*vault_).remove({"docs", "hot/same", false})), "ok");
  (void)move();
  EXPECT_EQ(lies("cold/same").tier(), Temperature::hot);  // the removed version wants it still, by the same rule
  machine_.clock.advance_s(400 * kDay);
  CollectOptions gc;
  gc.trusts_clock = true;
  ASSERT_EQ(told(collect_garbage(*vault_, gc)), "ok");
  (void)move();
  EXPECT_EQ(lies("cold/same").tier(), Temperature::cold);
  expect_clean();
}

TEST_F(Tiers, OldVersionsCountAsNeverReadSinceTheyEnded) {
  put("a", words(1, 200 * kKiB));
  put("b", words(2, 200 * kKiB));
  reopen();
  ASSERT_EQ(told(set_rules(*vault_, {"cold if accesses<0.01 and idle>1d"})), "ok");
  (void)move();  // counting begins
  const auto first = Objects(*vault_).find("docs", "a")->version;
  machine_.clock.advance_s(kDay);
  put("a", words(3, 200 * kKiB));
  machine_.clock.advance_s(2 * kDay);
  vault_->accesses().note(first.object);
  vault_->accesses().note(Objects(*vault_).find("docs", "b")->entry.object);
  reopen();
  (void)move();
  EXPECT_EQ(TierMap(*vault_).of(first)->tier(), Temperature::cold);
  EXPECT_EQ(lies("a").tier(), Temperature::warm);
  EXPECT_EQ(lies("b").tier(), Temperature::warm);
  machine_.clock.advance_s(100 * kDay);
  (void)move();
  EXPECT_EQ(lies("a").tier(), Temperature::cold);
  vault_->accesses().note(Objects(*vault_).find("docs", "b")->entry.object);
  (void)move();
  EXPECT_EQ(lies("a").tier(), Temperature::cold);
  EXPECT_EQ(lies("b").tier(), Temperature::warm);
  EXPECT_EQ(*bytes_of(*vault_, first), words(1, 200 * kKiB));
}

TEST_F(Tiers, WhatNoVersionNamesIsKept) {
  put("a", noise(1, 300 * kKiB));
  ASSERT_EQ(told(make_checkpoint(*vault_)), "ok");  // its blocks lie in the same pack
  put("b", noise(2, 300 * kKiB));
  ASSERT_EQ(told(Objects(*vault_).remove({"docs", "b", false})), "ok");
  reopen();
  ASSERT_EQ(told(set_rules(*vault_, {"cold if name:*"})), "ok");
  (void)move();
  EXPECT_EQ(lies("a").tier(), Temperature::cold);
  expect_clean();
  // The checkpoint can be read: the journal before it goes, and the catalog with it.
  ASSERT_EQ(told(make_checkpoint(*vault_)), "ok");
  ASSERT_EQ(told(make_checkpoint(*vault_)), "ok");
  ASSERT_EQ(told(truncate_journal(*vault_, vault_->journal().last())), "ok");
  ASSERT_EQ(told(move_tiers(*vault_, everything())), "ok");
  ASSERT_EQ(told(vault_->rebuild()), "ok");
  EXPECT_EQ(*bytes_of(*vault_, "docs", "a"), noise(1, 300 * kKiB));
  expect_clean();
}

TEST_F(Tiers, ALimitLeavesTheRestForTheNextRun) {
  for (std::uint64_t i = 0; i < 6; ++i) {
    put("k" + std::to_string(i), noise(i, 900 * kKiB));
    reopen();
  }
  ASSERT_EQ(told(set_rules(*vault_, {"cold if name:k*"})), "ok");
  TierOptions options = everything();
  options.bytes_max = 2 * kMiB;
  TierReport report = move(options);
  EXPECT_EQ(report.packs, 6U);
  EXPECT_EQ(report.packs_rewritten, 2U);
  EXPECT_EQ(report.packs_not_reached, 4U);
  options.bytes_max = 1;  // one at least
  report = move(options);
  EXPECT_EQ(report.packs_rewritten, 1U);
  report = move();
  EXPECT_EQ(report.packs_rewritten, 3U);
  EXPECT_EQ(report.packs_not_reached, 0U);
  EXPECT_EQ(move().packs, 0U);
  expect_clean();
}

TEST_F(Tiers, LittleInTheWrongPlaceStaysThere) {
  put("large", noise(1, 900 * kKiB));
  put("small", noise(2, 20 * kKiB));
  reopen();
  ASSERT_EQ(told(set_rules(*vault_, {"cold if name:small"})), "ok");
  TierOptions options;
  options.misplaced_share_min = 0.1;
  const TierReport report = move(options);
  EXPECT_EQ(report.packs, 0U);
  EXPECT_GT(report.bytes_left, 19 * kKiB);
  EXPECT_EQ(move().packs_rewritten, 1U);
}

TEST_F(Tiers, GcKeepsTheTemperatureOfWhatItWritesAnew) {
  for (std::uint64_t i = 0; i < 10; ++i) put("k" + std::to_string(i), noise(i, 60 * kKiB));
  reopen();
  ASSERT_EQ(told(set_rules(*vault_, {"cold if name:k*"})), "ok");
  (void)move();
  for (int i = 1; i < 10; ++i) ASSERT_EQ(told(Objects(*vault_).remove({"docs", "k" + std::to_string(i), false})), "ok");
  machine_.clock.advance_s(400 * kDay);
  CollectOptions gc;
  gc.trusts_clock = true;
  gc.horizon_seconds = 0;
  const auto report = collect_garbage(*vault_, gc);
  ASSERT_EQ(told(report), "ok");
  EXPECT_EQ(report->packs_rewritten, 1U);
  EXPECT_EQ(lies("k0").tier(), Temperature::cold);
  EXPECT_EQ(*bytes_of(*vault_, "docs", "k0"), noise(0, 60 * kKiB));
}

TEST_F(Tiers, AReaderInAnotherProcessReadsOn) {
  put("a", noise(1, 500 * kKiB));
  reopen();
  auto reading = open_small(machine_.inline_machine(), kFolder, nullptr, false);
  ASSERT_EQ(told(reading), "ok");
  const auto version = Objects(**reading).find("docs", "a")->version;
  ASSERT_EQ(told(set_rules(*vault_, {"cold if name:a"})), "ok");
  const TierReport report = move();
  EXPECT_EQ(report.bytes_removed, 0U);
  EXPECT_GT(report.bytes_waiting, 500 * kKiB);
  EXPECT_EQ(*bytes_of(**reading, version), noise(1, 500 * kKiB));
  reading->reset();
  EXPECT_EQ(move().packs, 0U);
  reopen();
  EXPECT_EQ(machine_.files.all_paths("*.pack").size(), 1U);
  EXPECT_EQ(*bytes_of(*vault_, "docs", "a"), noise(1, 500 * kKiB));
}

TEST_F(Tiers, ADamagedPackCostsOnlyItself) {
  put("a", noise(1, 900 * kKiB));
  reopen();
  put("b", noise(2, 900 * kKiB));
  reopen();
  const std::string broken = machine_.files.all_paths("*.pack").front();
  vault_.reset();
  machine_.files.zero(broken, 4096, machine_.files.content(broken).size() - 200'000);
  open();
  ASSERT_EQ(told(set_rules(*vault_, {"cold if name:*"})), "ok");
  const TierReport report = move();
  EXPECT_EQ(report.troubles.size(), 1U);
  EXPECT_EQ(report.packs_rewritten, 1U);
  EXPECT_FALSE(machine_.files.content(broken).empty());  // stays, for what a copy may heal
  const auto a = bytes_of(*vault_, "docs", "a");
  const auto b = bytes_of(*vault_, "docs", "b");
  EXPECT_NE(a.has_value(), b.has_value());
}

TEST_F(Tiers, WithoutRoomNothingIsLost) {
  for (std::uint64_t i = 0; i < 30; ++i) put("k" + std::to_string(i), noise(i, kMiB));
  reopen();
  ASSERT_EQ(told(set_rules(*vault_, {"hot if name:k*"})), "ok");
  machine_.files.set_capacity_bytes(machine_.files.used_bytes() + 3 * kMiB);
  const TierReport report = move();
  EXPECT_TRUE(report.ran_out_of_room);
  for (std::uint64_t i = 0; i < 30; ++i) ASSERT_EQ(*bytes_of(*vault_, "docs", "k" + std::to_string(i)), noise(i, kMiB));
  machine_.files.set_capacity_bytes(1024 * kMiB);
  EXPECT_FALSE(move().ran_out_of_room);
  EXPECT_EQ(lies("k7").tier(), Temperature::hot);
  expect_clean();
}

TEST_F(Tiers, OtherRulesCanBeTriedForOneBucket) {
  put("a", noise(1, 100 * kKiB), "first");
  put("a", noise(2, 100 * kKiB), "second");
  reopen();
  TierOptions options = everything();
  options.is_dry_run = true;
  options.rules_instead = std::vector<std::string>{"cold if name:a"};
  options.instead_in = {"second"};
  const TierReport report = move(options);
  ASSERT_EQ(report.buckets.size(), 2U);
  EXPECT_EQ(report.buckets[0].objects_elsewhere, 0U);
  EXPECT_EQ(report.buckets[1].objects_elsewhere, 1U);
  ASSERT_EQ(report.moves.size(), 1U);
  EXPECT_EQ(report.moves[0].raw_bytes, 100 * kKiB);
  EXPECT_EQ(plan().packs, 0U);
}

TEST_F(Tiers, TwoAtOnceAreOneTooMany) {
  ASSERT_EQ(told(platform::create_directories(machine_.files, std::string(kFolder) + "/staging")), "ok");
  const auto lock = machine_.files.lock(std::string(kFolder) + "/staging/gc.lock", platform::LockMode::exclusive);
  ASSERT_TRUE(lock);
  const auto report = move_tiers(*vault_, everything());
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().id, "tier.runs_already");
  const auto gc = collect_garbage(*vault_, {});
  ASSERT_FALSE(gc);
}

TEST_F(Tiers, AnObjectTellsWhyItLiesWhereItLies) {
  put("a.txt", words(1, 50 * kKiB));
  reopen();
  ASSERT_EQ(told(set_rules(*vault_, {"hot if accesses>=1", "cold if name:*.txt"})), "ok");
  const auto found = Objects(*vault_).find("docs", "a.txt");
  auto answer = temperature_of(*vault_, *found);
  ASSERT_EQ(told(answer), "ok");
  EXPECT_EQ(answer->rule, "cold if name:*.txt");
  EXPECT_EQ(answer->wanted, Temperature::cold);
  EXPECT_EQ(answer->lies.tier(), Temperature::warm);
  EXPECT_FALSE(answer->last_access);
  vault_->accesses().note(found->entry.object);
  vault_->accesses().flush();
  machine_.clock.advance_s(61);
  vault_->accesses().note(found->entry.object);
  answer = temperature_of(*vault_, *found);
  EXPECT_EQ(answer->wanted, Temperature::hot);
  EXPECT_TRUE(answer->last_access);
}

// Reads of everything, and puts that build on content which is just being moved, beside one run after the other.
TEST(TiersThreads, PutsAndReadsGoOnMeanwhile) {
  TestMachine machine;
  ASSERT_EQ(told(create_small(machine.machine())), "ok");
  auto opened = open_small(machine.machine());
  ASSERT_EQ(told(opened), "ok");
  Vault& vault = **opened;
  constexpr std::uint64_t kContents = 6;
  for (std::uint64_t i = 0; i < kContents; ++i)
    ASSERT_EQ(told(put_bytes(vault, "docs", "s" + std::to_string(i), noise(i, 200 * kKiB))), "ok");
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> reads = 0;
  std::atomic<std::uint64_t> puts = 0;
  std::string trouble;
  std::mutex mutex;
  const auto complain = [&](const std::string& words) {
    const std::lock_guard lock(mutex);
    if (trouble.empty()) trouble = words;
    stop = true;
  };
  std::vector<std::unique_ptr<platform::Thread>> threads;
  threads.push_back(machine.threads.start("reader", [&] {
    for (std::uint64_t i = 0; !stop; ++i, ++reads) {
      const auto found = Objects(vault).find("docs", "s" + std::to_string(i % kContents));
      if (!found) return complain("finding: " + told(found));
      Bytes bytes;
      const auto read =
          Objects(vault).read(found->version, 0, found->version.size, [&](ByteView piece) -> Result<bool> {
            bytes.insert(bytes.end(), piece.begin(), piece.end());
            return true;
          });
      if (!read || bytes != noise(i % kContents, 200 * kKiB)) complain("reading: " + told(read));
    }
  }));
  threads.push_back(machine.threads.start("putter", [&] {
    platform::SeededRandom random(1);
    while (!stop) {
      const std::uint64_t content = random.below(2 * kContents);
      const std::string key = "p" + std::to_string(puts.fetch_add(1) % 50);
      const auto put = put_bytes(vault, "docs", key, noise(content, 200 * kKiB));
      if (!put) return complain("putting: " + told(put));
      const auto bytes = bytes_of(vault, "docs", key);
      if (!bytes || *bytes != noise(content, 200 * kKiB)) complain("reading back: " + told(bytes));
    }
  }));
  static constexpr const char* kRules[] = {"cold if name:s*", "hot if name:*", "cold if name:*"};
  for (int round = 0; round < 18 && !stop; ++round) {
    if (const auto set = set_rules(vault, {kRules[round % 3]}); !set) complain("rules: " + told(set));
    TierOptions options = everything();
    options.threads = 1 + static_cast<unsigned>(round % 2);
    if (const auto report = move_tiers(vault, options); !report) complain("moving: " + told(report));
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
  ASSERT_EQ(told(state_of(vault)), "ok");
  ASSERT_EQ(told(vault.close()), "ok");
}

}  // namespace
}  // namespace atl::vault
