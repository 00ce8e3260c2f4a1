// A copy in an S3 server: the same promises as of one in a folder, over requests that fail, in a place that nobody can
// lock, with content that cannot be read at once.
#include <gtest/gtest.h>

#include "services/backup/copies.h"
#include "services/backup/copy_check.h"
#include "services/backup/restore_home.h"
#include "services/backup/testing/two_disks.h"
#include "store/blob/s3/testing/fake_s3.h"
#include "vault/testing/test_vault.h"

namespace atl::backup {
namespace {

using blob::testing::FakeS3;
using testing::World;
using vault::testing::noise;
using vault::testing::put_bytes;
using vault::testing::told;
using vault::testing::words;

class S3CopyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(vault::testing::create_small(world_.machine()));
    open();
    place_ = blob::format(server_.place("homes/mine"));
    const auto made = CopyTarget::create(reach(), place_, vault_->head().vault);
    ASSERT_TRUE(made) << told(made);
  }
  void open() {
    vault_.reset();
    auto opened = vault::testing::open_small(world_.machine());
    ASSERT_TRUE(opened) << told(opened);
    vault_ = std::move(*opened);
  }
  CopyReach reach() {
    return {.machine = world_.machine(),
            .credentials = [](const blob::S3Place&) -> Result<net::AwsCredentials> { return FakeS3::credentials(); },
            .s3 = FakeS3::quick()};
  }
  void put(const std::string& key, ByteView bytes) {
    const auto done = put_bytes(*vault_, "photos", key, bytes);
    ASSERT_TRUE(done) << told(done);
  }
  Result<std::unique_ptr<CopyTarget>> target(CopyTarget::Use use = CopyTarget::Use::write) {
    return CopyTarget::open(reach(), place_, vault_->head().vault, use, "/lock");
  }
  Result<ShipReport> ship() {
    ATOLL_ASSIGN(const auto opened, target());
    auto report = Shipper(*vault_, *opened, {}).round();
    if (report) {
      state_.shipped = report->shipped;
      state_.shipped_time = report->shipped_time;
    }
    return report;
  }
  RestoreHomeOptions restore_options(const std::string& home) {
    RestoreHomeOptions options;
    options.from = place_;
    options.credentials = reach().credentials;
    options.home = home;
    options.given = vault::testing::test_keys();
    options.vault = vault::testing::small_options();
    return options;
  }
  // "" where the copy gives back all that the vault holds.
  std::string difference_of_restored() {
    if (const auto removed = platform::remove_tree(world_.files, "/restored"); !removed) return told(removed);
    const auto report = restore_home(world_.machine(), restore_options("/restored"));
    if (!report) return told(report);
    auto other = vault::testing::open_small(world_.machine(), report->vault_folder);
    if (!other) return told(other);
    const auto found = vault::testing::state_of(**other);
    if (!found) return told(found);
    return vault::testing::difference(vault::testing::state_of(*vault_).value(), *found);
  }
  CopyCheck check(bool reads_data, bool repairs = false) {
    CheckOptions options;
    options.reads_data = reads_data;
    const auto opened = target(repairs ? CopyTarget::Use::write : CopyTarget::Use::read);
    EXPECT_TRUE(opened) << told(opened);
    if (!opened) return {};
    const auto found =
        repairs ? repair_copy(*vault_, **opened, state_, options) : check_copy(*vault_, **opened, state_, options);
    EXPECT_TRUE(found) << told(found);
    return found ? *found : CopyCheck{};
  }
  // The first pack there; its key.
  std::string pack_key() {
    for (const auto& key : server_.keys())
      if (key.ends_with(".pack")) return key;
    return {};
  }
  std::size_t count(std::string_view part) {
    std::size_t found = 0;
    for (const auto& key : server_.keys()) found += key.find(part) == std::string::npos ? 0 : 1;
    return found;
  }

  World world_{1};
  FakeS3 server_;
  std::string place_;
  std::unique_ptr<vault::Vault> vault_;
  vault::CopyState state_;
};

TEST_F(S3CopyTest, ACopyMadeWhileTheVaultIsOpenGivesAllOfItBack) {
  put("a.jpg", noise(1, 300'000));
  put("b.txt", words(2, 100'000));
  const auto report = ship();
  ASSERT_TRUE(report) << told(report);
  EXPECT_EQ(report->shipped, vault_->journal().last());
  EXPECT_GE(count(".pack.open/"), 1U);
  EXPECT_EQ(difference_of_restored(), "");
  // Sealed, the beginning that is there is written on.
  put("c.jpg", noise(3, 300'000));
  ASSERT_TRUE(vault_->settle());
  const auto sealed = ship();
  ASSERT_TRUE(sealed) << told(sealed);
  EXPECT_EQ(count(".open/"), 0U);
  EXPECT_EQ(difference_of_restored(), "");
  const auto again = ship();
  ASSERT_TRUE(again) << told(again);
  EXPECT_EQ(again->bytes, 0U);
}

TEST_F(S3CopyTest, NothingThatFailsForAWhileKeepsItFromBeingWhole) {
  for (int i = 0; i < 6; ++i) {
    put("k" + std::to_string(i), noise(static_cast<std::uint64_t>(i), 60'000));
    server_.fail_next(2, i % 2 == 0 ? FakeS3::Fault::fail : FakeS3::Fault::lose, i % 3 == 0 ? "PUT" : "GET");
    const auto report = ship();
    ASSERT_TRUE(report) << told(report);
  }
  server_.fail_next(1000, FakeS3::Fault::refuse);
  put("late", noise(9, 10'000));
  EXPECT_EQ(ship().error().kind, ErrorKind::unreachable);
  server_.fail_next(0, FakeS3::Fault::fail);
  ASSERT_TRUE(ship());
  EXPECT_EQ(difference_of_restored(), "");
}

TEST_F(S3CopyTest, WhatIsLostOrFlippedThereIsFoundAndShippedAgain) {
  put("a.jpg", noise(1, 300'000));
  ASSERT_TRUE(vault_->settle());
  ASSERT_TRUE(ship());
  EXPECT_TRUE(check(true).is_clean());
  server_.objects[pack_key()].bytes[5'000] ^= 1U;
  EXPECT_FALSE(check(true).is_clean());
  EXPECT_FALSE(check(true, true).is_clean());
  EXPECT_TRUE(check(true).is_clean());
  server_.objects[pack_key()].bytes.resize(1'000);
  EXPECT_FALSE(check(false).is_clean());
  EXPECT_FALSE(check(true, true).is_clean());
  EXPECT_TRUE(check(true).is_clean());
  server_.objects.erase(pack_key());
  EXPECT_FALSE(check(false).is_clean());
  EXPECT_FALSE(check(true, true).is_clean());
  EXPECT_TRUE(check(true).is_clean());
  EXPECT_EQ(difference_of_restored(), "");
}

TEST_F(S3CopyTest, ABucketThatWasEmptiedIsSeenInTheNextRoundAndFilledByARepair) {
  put("a.jpg", noise(1, 300'000));
  ASSERT_TRUE(vault_->settle());
  const auto opened = target().value();
  Shipper shipper(*vault_, *opened, {});
  ASSERT_TRUE(shipper.round());
  open();
  shipper.use(*vault_);
  server_.objects.clear();
  put("b.jpg", noise(2, 10'000));
  EXPECT_EQ(shipper.round().error().id, "copy.marker_missing");
  EXPECT_TRUE(server_.objects.empty()) << "nothing is written to a place that has lost its marker";
  ASSERT_TRUE(opened->rest());
  EXPECT_EQ(target().error().id, "copy.marker_missing");
  ASSERT_TRUE(CopyTarget::create(reach(), place_, vault_->head().vault));
  ASSERT_TRUE(ship());
  EXPECT_EQ(difference_of_restored(), "");
}

TEST_F(S3CopyTest, APrefixBelongsToOneVaultAndOneHome) {
  put("a.jpg", noise(1, 1'000));
  const auto first = target().value();
  EXPECT_EQ(target().error().kind, ErrorKind::locked);
  Shipper shipper(*vault_, *first, {});
  ASSERT_TRUE(shipper.round());
  // Another machine does not see the lock; its word in copy.writer is seen here.
  const auto second =
      CopyTarget::open(reach(), place_, vault_->head().vault, CopyTarget::Use::write, "/another-lock").value();
  put("b.jpg", noise(2, 1'000));
  EXPECT_EQ(shipper.round().error().id, "copy.other_writer");
  const auto other = platform::new_id<VaultId>(world_.machine());
  EXPECT_EQ(CopyTarget::create(reach(), place_, other).error().id, "copy.other_vault");
  EXPECT_EQ(CopyTarget::open(reach(), place_, other, CopyTarget::Use::read, "").error().id, "copy.other_vault");
  server_.objects["homes/theirs/file"] = {};
  EXPECT_EQ(CopyTarget::create(reach(), blob::format(server_.place("homes/theirs")), other).error().id,
            "copy.folder_not_empty");
}

TEST_F(S3CopyTest, BetweenRoundsOthersMayUseItAndNothingIsListedAgain) {
  catalog::CopyRow row;
  row.name = "cloud";
  row.kind = std::string(vault::kCopyKindS3);
  row.place = place_;
  ASSERT_TRUE(vault_->commit(journal::CommandKind::copy_change,
                             [&](const vault::CommitContext&, vault::ChangeSet& changes) -> Result<void> {
                               changes.put(row);
                               return {};
                             }));
  CopySurroundings surroundings;
  surroundings.credentials = reach().credentials;
  const auto keeper = CopyKeeper::open(*vault_, surroundings).value();
  const auto round = [&](const ShipOptions& options) {
    keeper->use(*vault_);
    const auto outcomes = keeper->round(options).value();
    EXPECT_FALSE(outcomes.front().error) << told(*outcomes.front().error);
    keeper->rest();
    return outcomes.front();
  };
  put("a.jpg", noise(1, 100'000));
  round({});
  put("b.jpg", noise(2, 1'000));
  const auto before = server_.requests("GET") + server_.requests("HEAD") + server_.requests("PUT");
  round({});
  const auto after = server_.requests("GET") + server_.requests("HEAD") + server_.requests("PUT");
  EXPECT_LE(after - before, 20U) << "a round costs a handful of requests";
  const auto lock = copy_lock_path(*vault_, "cloud");
  EXPECT_TRUE(CopyTarget::open(reach(), place_, vault_->head().vault, CopyTarget::Use::write, lock));
  put("c.jpg", noise(3, 1'000));
  const auto third = round({});
  EXPECT_EQ(third.report.shipped, vault_->journal().last()) << "who wrote meanwhile was looked at, and it went on";
  ShipOptions by_clock;
  by_clock.is_by_clock = true;
  EXPECT_TRUE(round(by_clock).is_left_out);
  world_.clock.advance_s(2);
  EXPECT_FALSE(round(by_clock).is_left_out);
  EXPECT_FALSE(vault::copy_finding(*vault_).value());
}

TEST_F(S3CopyTest, ColdPacksAreAskedForBeforeTheyAreRead) {
  blob::S3Place cold = server_.place("homes/cold");
  cold.storage_class = "DEEP_ARCHIVE";
  place_ = blob::format(cold);
  ASSERT_TRUE(CopyTarget::create(reach(), place_, vault_->head().vault));
  put("a.jpg", noise(1, 300'000));
  ASSERT_TRUE(vault_->settle());
  ASSERT_TRUE(ship());
  EXPECT_EQ(server_.objects[pack_key()].storage_class, "DEEP_ARCHIVE");
  const CopyCheck outside = check(false);
  EXPECT_TRUE(outside.is_clean());
  EXPECT_EQ(outside.cold_packs, outside.packs);
  const auto restored = restore_home(world_.machine(), restore_options("/restored"));
  ASSERT_FALSE(restored);
  EXPECT_EQ(restored.error().id, "copy.cold");
  const auto opened = target(CopyTarget::Use::read).value();
  EXPECT_EQ(opened->request_thaw(3, "Bulk").value().frozen.size(), outside.packs);
  EXPECT_EQ(opened->cold_packs().value().under_way.size(), outside.packs);
  EXPECT_EQ(opened->check_readable().error().id, "copy.cold");
  for (auto& [key, object] : server_.objects)
    if (object.thaw == blob::Thaw::under_way) object.thaw = blob::Thaw::thawed;
  EXPECT_TRUE(check(true).is_clean());
  EXPECT_EQ(difference_of_restored(), "") << "the broken-off restore goes on";
}

TEST_F(S3CopyTest, AServerThatOnlyNamesAColdClassIsReadAtOnce) {
  blob::S3Place named = server_.place("homes/named");
  named.storage_class = "GLACIER";
  place_ = blob::format(named);
  ASSERT_TRUE(CopyTarget::create(reach(), place_, vault_->head().vault));
  put("a.jpg", noise(1, 300'000));
  ASSERT_TRUE(vault_->settle());
  ASSERT_TRUE(ship());
  server_.freezes = false;
  EXPECT_TRUE(check(true).is_clean());
  EXPECT_EQ(difference_of_restored(), "");
}

TEST_F(S3CopyTest, AServerThatIsTrustedIsNotReadBack) {
  blob::S3Place trusted = server_.place("homes/trusted");
  trusted.trusts_sha256 = true;
  place_ = blob::format(trusted);
  ASSERT_TRUE(CopyTarget::create(reach(), place_, vault_->head().vault));
  put("a.jpg", noise(1, 300'000));
  ASSERT_TRUE(vault_->settle());
  ASSERT_TRUE(ship());
  EXPECT_TRUE(check(true).is_clean());
  EXPECT_EQ(difference_of_restored(), "");
}

TEST_F(S3CopyTest, ARehearsalReadsPacksWhereTheyLie) {
  put("a", noise(1, 300'000));
  ASSERT_TRUE(vault_->settle());
  ASSERT_TRUE(ship());
  const auto state = vault::testing::state_of(*vault_).value();
  const auto puts = server_.requests("PUT");
  bool was_tried = false;
  const auto report =
      rehearse_home(world_.machine(), restore_options("/rehearsal"), [&](vault::Vault& restored) -> Result<void> {
        was_tried = true;
        EXPECT_EQ(vault::testing::difference(state, vault::testing::state_of(restored).value()), "");
        EXPECT_TRUE(world_.files.first->all_paths("*/rehearsal/*.pack").empty());
        return {};
      });
  ASSERT_TRUE(report) << told(report);
  EXPECT_TRUE(was_tried);
  EXPECT_EQ(server_.requests("PUT"), puts);
}

TEST_F(S3CopyTest, RemovedItIsGoneWithItsMarker) {
  put("a.jpg", noise(1, 10'000));
  ASSERT_TRUE(ship());
  server_.objects["homes/other"] = {};
  ASSERT_TRUE(CopyTarget::remove(reach(), place_, vault_->head().vault, "/lock"));
  EXPECT_EQ(server_.keys(), (std::vector<std::string>{"homes/other"}));
}

}  // namespace
}  // namespace atl::backup
