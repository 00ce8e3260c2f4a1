#include "services/backup/shipper.h"

#include <gtest/gtest.h>

#include "services/backup/copies.h"
#include "services/backup/restore_home.h"
#include "services/backup/testing/two_disks.h"
#include "vault/checkpoint.h"
#include "vault/testing/test_vault.h"

namespace atl::backup {
namespace {

using testing::World;
using vault::testing::noise;
using vault::testing::put_bytes;
using vault::testing::told;
using vault::testing::words;

constexpr const char* kPlace = "/copy/a";

class ShipperTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(world_.files.create_directory("/copy"));  // the mount point below
    ASSERT_TRUE(vault::testing::create_small(world_.machine()));
    open();
    ASSERT_TRUE(CopyTarget::create_folder(world_.machine(), kPlace, vault_->head().vault));
  }
  void open() {
    vault_.reset();
    auto opened = vault::testing::open_small(world_.machine());
    ASSERT_TRUE(opened) << told(opened);
    vault_ = std::move(*opened);
  }
  void put(const std::string& key, ByteView bytes) {
    const auto done = put_bytes(*vault_, "photos", key, bytes);
    ASSERT_TRUE(done) << told(done);
  }
  Result<ShipReport> ship(ShipOptions options = {}) {
    ATOLL_ASSIGN(const auto target,
                 CopyTarget::open_folder(world_.machine(), kPlace, vault_->head().vault, CopyTarget::Use::write));
    options.on_notice = [this](const std::string& words) { notices_.push_back(words); };
    return Shipper(*vault_, *target, options).round();
  }
  Result<std::unique_ptr<vault::Vault>> restored(const std::string& home = "/restored") {
    ATOLL_TRY(platform::remove_tree(world_.files, home));
    RestoreHomeOptions options;
    options.from = kPlace;
    options.home = home;
    options.given = vault::testing::test_keys();
    options.vault = vault::testing::small_options();
    ATOLL_ASSIGN(const auto report, restore_home(world_.machine(), std::move(options)));
    return vault::testing::open_small(world_.machine(), report.vault_folder);
  }
  // "" where the copy gives back all that the vault holds.
  std::string difference_of_restored() {
    auto other = restored();
    if (!other) return told(other);
    if (vault::testing::rows_of(*vault_).value() != vault::testing::rows_of(**other).value()) return "rows differ";
    const auto found = vault::testing::state_of(**other);
    if (!found) return told(found);
    return vault::testing::difference(vault::testing::state_of(*vault_).value(), *found);
  }
  [[nodiscard]] std::size_t count(std::string_view pattern) const {
    return world_.files.second->all_paths(pattern).size();
  }

  World world_{1};
  std::unique_ptr<vault::Vault> vault_;
  std::vector<std::string> notices_;
};

TEST_F(ShipperTest, ACopyMadeWhileTheVaultIsOpenGivesAllOfItBack) {
  put("a.jpg", noise(1, 300'000));
  put("b.txt", words(2, 100'000));
  const auto report = ship();
  ASSERT_TRUE(report) << told(report);
  EXPECT_EQ(report->shipped, vault_->journal().last());
  EXPECT_EQ(count("*.pack.open"), 1U);
  EXPECT_EQ(difference_of_restored(), "");
}

TEST_F(ShipperTest, AClosedVaultIsShippedInItsFinalForm) {
  put("a.jpg", noise(1, 300'000));
  ASSERT_TRUE(ship());
  put("b.jpg", noise(2, 300'000));
  ASSERT_TRUE(vault_->settle());
  const auto report = ship();
  ASSERT_TRUE(report) << told(report);
  EXPECT_EQ(count("*.pack.open"), 0U);
  EXPECT_EQ(count("*.pack"), 1U);
  // What was there of the open pack was not sent again.
  EXPECT_LT(report->bytes, 500'000U);
  EXPECT_EQ(difference_of_restored(), "");
  const auto again = ship();
  ASSERT_TRUE(again) << told(again);
  EXPECT_EQ(again->bytes, 0U);
  EXPECT_EQ(again->removed, 0U);
}

// Parity is made of what the file holds when it is sealed, so it does not know of damage that came before.
TEST_F(ShipperTest, WhatADiskSpoilsOfAPackThatIsBeingWrittenDoesNotSpoilTheCopy) {
  const Bytes content = noise(1, 300'000);
  put("a.jpg", content);
  ASSERT_TRUE(ship());
  const std::string here = world_.files.first->all_paths("*.pack.open").at(0);
  for (std::uint64_t at = 5'000; at < 200'000; at += 7) world_.files.first->flip_bits(here, at, 0x5A);
  put("b.jpg", noise(2, 300'000));
  ASSERT_TRUE(vault_->settle());
  const auto report = ship();
  ASSERT_TRUE(report) << told(report);
  ASSERT_FALSE(notices_.empty());
  EXPECT_NE(notices_.back().find("damaged here"), std::string::npos) << notices_.back();
  auto other = restored();
  ASSERT_TRUE(other) << told(other);
  EXPECT_EQ(vault::testing::bytes_of(**other, "photos", "a.jpg").value(), content);
}

TEST_F(ShipperTest, PiecesOfTheTailGoOnceAnArchiveCoversThem) {
  CopyTarget* target = nullptr;
  auto opened = CopyTarget::open_folder(world_.machine(), kPlace, vault_->head().vault, CopyTarget::Use::write).value();
  target = opened.get();
  Shipper shipper(*vault_, *target, {});
  for (int i = 0; i < 50; ++i) {
    put("k" + std::to_string(i), words(static_cast<std::uint64_t>(i), 2000));
    ASSERT_TRUE(shipper.round());
  }
  EXPECT_LE(count("*.jseg"), 40U);
  EXPECT_GT(count("*.jseg"), 1U);
  ASSERT_TRUE(vault_->settle());
  ASSERT_TRUE(shipper.round());
  EXPECT_EQ(count("*.jseg"), vault_->journal().archives().size());
  opened.reset();
  EXPECT_EQ(difference_of_restored(), "");
}

TEST_F(ShipperTest, OverlappingArchivesReadAndVerifyAsOneJournal) {
  for (int i = 0; i < 6; ++i) put("k" + std::to_string(i), words(1, 100));
  const Lsn last = vault_->journal().last();
  const auto store = journal_store(world_.machine(), "/overlap");
  ASSERT_TRUE(vault_->journal().write_archive_of({{1}, {4}}, *store));
  ASSERT_TRUE(vault_->journal().write_archive_of({{3}, {5}}, *store));
  ASSERT_TRUE(vault_->journal().write_archive_of({{2}, last}, *store));
  journal::JournalOptions options;
  options.writable = false;
  const auto journal =
      journal::Journal::open(world_.machine(), "/overlap", journal::JournalKeys::from(vault_->keys()), options);
  ASSERT_TRUE(journal) << told(journal);
  EXPECT_EQ((*journal)->last(), last);
  const auto report = (*journal)->verify(false);
  ASSERT_TRUE(report) << told(report);
  EXPECT_TRUE(report->is_whole()) << (report->damages.empty() ? "" : report->damages.front().what);
  EXPECT_EQ(report->commands, last.value);
  std::uint64_t expected = 1;
  ASSERT_TRUE((*journal)->read({1}, last, [&](const journal::Command& command) -> Result<bool> {
    EXPECT_EQ(command.envelope.lsn.value, expected);
    ++expected;
    return true;
  }));
  EXPECT_EQ(expected, last.value + 1);
}

TEST_F(ShipperTest, ATruncatedJournalAndItsCheckpointAreCopiedInAnOrderThatAlwaysOpens) {
  put("a", words(1, 50'000));
  ASSERT_TRUE(vault::make_checkpoint(*vault_));
  put("b", words(2, 50'000));
  ASSERT_TRUE(ship());
  ASSERT_TRUE(vault::make_checkpoint(*vault_));
  put("c", words(3, 50'000));
  ASSERT_TRUE(vault_->close());
  open();
  ASSERT_GT(vault::truncate_journal(*vault_, vault_->journal().last()).value().value, 0U);
  // At every point of the round that brings this over, the copy opens at a state it had reached.
  const std::uint64_t before = world_.files.second->points();
  const auto disk_before = world_.files.second->clone();
  ASSERT_TRUE(ship());
  const std::uint64_t points = world_.files.second->points() - before;
  const auto disk_after = world_.files.second->clone();
  EXPECT_EQ(difference_of_restored(), "");
  for (std::uint64_t point = 0; point < points; ++point) {
    SCOPED_TRACE(point);
    world_.files.second = disk_before->clone();
    world_.files.second->stop_at(point, platform::StopWhen::torn);
    EXPECT_FALSE(ship());
    world_.files.second = world_.files.second->after_crash(point, platform::CrashPolicy::random);
    const auto other = restored("/restored" + std::to_string(point));
    ASSERT_TRUE(other) << told(other);
    EXPECT_TRUE(vault::testing::bytes_of(**other, "photos", "b"));
  }
  EXPECT_GT(points, 10U);
}

TEST_F(ShipperTest, APlaceWithoutTheMarkerIsNeverWrittenTo) {
  put("a", words(1, 1000));
  world_.files.is_mounted = false;
  const auto report = ship();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind, ErrorKind::unreachable);
  EXPECT_EQ(report.error().id, "copy.marker_missing");
  EXPECT_TRUE(world_.files.first->all_paths("/copy/*").empty());
}

TEST_F(ShipperTest, UnpluggedInTheMiddleNothingIsWrittenToTheMountPoint) {
  put("a", words(1, 1000));
  const auto target =
      CopyTarget::open_folder(world_.machine(), kPlace, vault_->head().vault, CopyTarget::Use::write).value();
  Shipper shipper(*vault_, *target, {});
  ASSERT_TRUE(shipper.round());
  world_.files.is_mounted = false;
  put("b", words(2, 1000));
  EXPECT_EQ(shipper.round().error().id, "copy.marker_missing");
  EXPECT_TRUE(world_.files.first->all_paths("/copy/*").empty());
  world_.files.is_mounted = true;
  EXPECT_EQ(shipper.round().value().shipped, vault_->journal().last());
}

TEST_F(ShipperTest, FoldersOfOthersAreRefused) {
  const auto other = platform::new_id<VaultId>(world_.machine());
  EXPECT_EQ(CopyTarget::create_folder(world_.machine(), kPlace, other).error().id, "copy.other_vault");
  EXPECT_EQ(CopyTarget::open_folder(world_.machine(), kPlace, other, CopyTarget::Use::write).error().kind,
            ErrorKind::conflict);
  world_.files.second->set_content("/copy/b/somebodys.doc", as_bytes("words"));
  EXPECT_EQ(CopyTarget::create_folder(world_.machine(), "/copy/b", other).error().id, "copy.folder_not_empty");
  EXPECT_EQ(CopyTarget::create_folder(world_.machine(), "/nowhere/below/c", other).error().kind,
            ErrorKind::unreachable);
}

TEST_F(ShipperTest, AFullCopyDiskIsToldAndTheHomeGoesOn) {
  put("a", noise(1, 200'000));
  ASSERT_TRUE(ship());
  world_.files.second->set_capacity_bytes(world_.files.second->used_bytes() + 50'000);
  put("b", noise(2, 400'000));
  const auto report = ship();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind, ErrorKind::no_space);
  put("c", words(3, 1000));
  world_.files.second->set_capacity_bytes(UINT64_MAX);
  ASSERT_TRUE(ship());
  EXPECT_EQ(difference_of_restored(), "");
}

TEST_F(ShipperTest, ACopyThatIsAheadOrHasAnotherPastIsLeftAlone) {
  put("a", words(1, 1000));
  ASSERT_TRUE(vault_->close());
  vault_.reset();
  const auto old_disk = world_.files.first->clone();
  open();
  put("b", words(2, 1000));
  ASSERT_TRUE(ship());
  ASSERT_TRUE(vault_->close());
  vault_.reset();
  const auto paths = world_.files.second->all_paths();
  world_.files.first = old_disk->clone();
  open();
  EXPECT_EQ(ship().error().id, "copy.ahead");
  put("other", words(3, 1000));
  EXPECT_EQ(ship().error().id, "copy.forked");
  EXPECT_EQ(world_.files.second->all_paths(), paths);
}

TEST_F(ShipperTest, WhatIsMissingHereIsKeptThere) {
  put("a", noise(1, 400'000));
  ASSERT_TRUE(vault_->settle());
  ASSERT_TRUE(ship());
  ASSERT_TRUE(vault_->close());
  vault_.reset();
  const auto packs = world_.files.first->all_paths("*.pack");
  ASSERT_EQ(packs.size(), 1U);
  world_.files.first->erase(packs.front());
  open();
  put("b", words(1, 1000));
  ASSERT_TRUE(ship());
  const std::string name = packs.front().substr(packs.front().rfind('/') + 1);
  EXPECT_EQ(count("*" + name), 1U);
}

TEST_F(ShipperTest, ADamagedFileHereNeverReplacesAWholeOneThere) {
  put("a", noise(1, 400'000));
  ASSERT_TRUE(vault_->settle());
  ASSERT_TRUE(ship());
  ASSERT_TRUE(vault_->close());
  vault_.reset();
  const std::string pack = world_.files.first->all_paths("*.pack").front();
  const std::string archive = world_.files.first->all_paths("*.jseg").front();
  const std::string pack_there = world_.files.second->all_paths("*.pack").front();
  const std::string archive_there = world_.files.second->all_paths("*.jseg").front();
  const Bytes good_pack = world_.files.second->content(pack_there);
  const Bytes good_archive = world_.files.second->content(archive_there);
  world_.files.first->cut(pack, 300'000);
  for (std::uint64_t at = 0; at < good_archive.size(); at += 512) world_.files.first->flip_bits(archive, at);
  open();
  put("b", words(1, 1000));
  const auto report = ship();
  ASSERT_TRUE(report) << told(report);
  EXPECT_FALSE(notices_.empty());
  EXPECT_EQ(world_.files.second->content(pack_there), good_pack);
  EXPECT_EQ(world_.files.second->content(archive_there), good_archive);
}

TEST_F(ShipperTest, WhatTheDiskGivesBackWrongDoesNotCount) {
  put("a", noise(1, 200'000));
  ASSERT_TRUE(vault_->settle());
  // The disk writes something else than it was given, once.
  bool is_done = false;
  world_.files.second->before_each_point([&](std::uint64_t) {
    if (is_done) return;
    for (const auto& path : world_.files.second->all_paths("*.pack.open")) {
      if (world_.files.second->content(path).size() < 150'000) continue;
      world_.files.second->flip_bits(path, 1000);
      is_done = true;
    }
  });
  const auto report = ship();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().id, "blob.not_read_back");
  EXPECT_EQ(count("*.pack"), 0U);
  EXPECT_TRUE(is_done);
  ASSERT_TRUE(ship());
  EXPECT_EQ(difference_of_restored(), "");
}

TEST_F(ShipperTest, RestoringGivesANewHistoryAndGoesOnFromThere) {
  put("a", words(1, 10'000));
  ASSERT_TRUE(ship());
  const HistoryId history = vault_->head().history;
  const Lsn last = vault_->journal().last();
  auto other = restored();
  ASSERT_TRUE(other) << told(other);
  EXPECT_NE((*other)->head().history, history);
  const auto next = put_bytes(**other, "photos", "later", words(2, 100));
  ASSERT_TRUE(next) << told(next);
  EXPECT_EQ(next->lsn, last.next());
  ASSERT_TRUE(vault::make_checkpoint(**other));
  ASSERT_TRUE((*other)->close());
}

TEST_F(ShipperTest, ABrokenOffRestoreIsTakenUpAgain) {
  put("a", noise(1, 100'000));
  put("b", words(2, 10'000));
  ASSERT_TRUE(vault_->settle());
  ASSERT_TRUE(ship());
  const auto before = world_.files.first->clone();
  const std::uint64_t points_before = world_.files.first->points();
  ASSERT_TRUE(restored());
  const std::uint64_t points = world_.files.first->points() - points_before;
  vault_.reset();
  for (std::uint64_t point = 0; point < points; point += 1 + points / 40) {
    SCOPED_TRACE(point);
    world_.files.first = before->clone();
    world_.files.first->stop_at(point, platform::StopWhen::torn);
    (void)restored();
    world_.files.first = world_.files.first->after_crash(point, platform::CrashPolicy::random);
    RestoreHomeOptions options;
    options.from = kPlace;
    options.home = "/restored";
    options.given = vault::testing::test_keys();
    options.vault = vault::testing::small_options();
    const auto report = restore_home(world_.machine(), std::move(options));
    if (!report) {
      ASSERT_EQ(report.error().id, "home.exists") << told(report);  // it was whole before
    }
    const auto vaults = world_.files.list("/restored/vaults").value();
    ASSERT_EQ(vaults.size(), 1U);
    auto other = vault::testing::open_small(world_.machine(), "/restored/vaults/" + vaults.front().name);
    ASSERT_TRUE(other) << told(other);
    EXPECT_EQ(vault::testing::bytes_of(**other, "photos", "a").value(), noise(1, 100'000));
  }
}

// Open packs, packs that were given up and packs written anew are among what is borrowed.
TEST_F(ShipperTest, ARehearsalReadsTheCopyOnlyAndLeavesNothing) {
  put("a", noise(1, 300'000));
  put("b", words(2, 10'000));
  ASSERT_TRUE(vault_->settle());
  ASSERT_TRUE(ship());
  open();
  put("c", noise(3, 200'000));
  ASSERT_TRUE(ship());  // with a pack that is still being written
  const auto rows = vault::testing::rows_of(*vault_).value();
  const auto state = vault::testing::state_of(*vault_).value();
  std::map<std::string, Bytes> there;
  for (const auto& path : world_.files.second->all_paths("*"))
    if (const auto bytes = platform::read_whole(world_.files, path, 64 * kMiB)) there[path] = *bytes;
  ASSERT_GT(there.size(), 5U);
  RestoreHomeOptions options;
  options.from = kPlace;
  options.home = "/rehearsal";
  options.given = vault::testing::test_keys();
  options.vault = vault::testing::small_options();
  bool was_tried = false;
  const auto report = rehearse_home(world_.machine(), std::move(options), [&](vault::Vault& restored) -> Result<void> {
    was_tried = true;
    EXPECT_FALSE(restored.is_writable());
    EXPECT_EQ(vault::testing::difference(state, vault::testing::state_of(restored).value()), "");
    for (const auto& path : world_.files.first->all_paths("/rehearsal/*"))
      EXPECT_FALSE(path.ends_with(".pack") && world_.files.second->stat("/copy/a" + path.substr(10)).value())
          << path << " was copied";
    return {};
  });
  ASSERT_TRUE(report) << told(report);
  EXPECT_TRUE(was_tried);
  EXPECT_FALSE(world_.files.stat("/rehearsal").value());
  for (const auto& [path, bytes] : there) {
    const auto now = platform::read_whole(world_.files, path, 64 * kMiB);
    ASSERT_TRUE(now) << path;
    EXPECT_EQ(*now, bytes) << path;
  }
  EXPECT_EQ(vault::testing::rows_of(*vault_).value(), rows);
}

TEST_F(ShipperTest, ARehearsalThatFailsLeavesNothingEither) {
  put("a", noise(1, 100'000));
  ASSERT_TRUE(ship());
  const auto rehearse = [&](std::vector<keyring::Unlocking> given, const char* home) {
    RestoreHomeOptions options;
    options.from = kPlace;
    options.home = home;
    options.given = std::move(given);
    options.vault = vault::testing::small_options();
    const auto report = rehearse_home(world_.machine(), std::move(options), [](vault::Vault&) -> Result<void> {
      return fail(ErrorKind::damaged, "test.bad", "a test");
    });
    return report ? std::string("ok") : report.error().id;
  };
  EXPECT_EQ(rehearse(vault::testing::test_keys(), "/rehearsal"), "test.bad");
  EXPECT_FALSE(world_.files.stat("/rehearsal").value());
  EXPECT_NE(rehearse({}, "/rehearsal"), "ok");
  EXPECT_FALSE(world_.files.stat("/rehearsal").value());
  EXPECT_EQ(rehearse(vault::testing::test_keys(), vault::testing::kFolder), "home.exists");
  EXPECT_TRUE(world_.files.stat(vault::testing::kFolder).value());
}

TEST_F(ShipperTest, TheLimitHoldsItBack) {
  put("a", noise(1, 100'000));
  std::atomic<bool> stop = true;
  ShipOptions options;
  options.bytes_per_second_max = 1;
  options.stop = &stop;
  EXPECT_EQ(ship(options).error().kind, ErrorKind::interrupted);
  EXPECT_LE(count("*"), 10U);
}

class CopyKeeperTest : public ShipperTest {
 protected:
  void add_stick() {
    catalog::CopyRow row;
    row.name = "stick";
    row.kind = std::string(vault::kCopyKindFolder);
    row.place = kPlace;
    ASSERT_TRUE(vault_->commit(journal::CommandKind::copy_change,
                               [&](const vault::CommitContext&, vault::ChangeSet& changes) -> Result<void> {
                                 changes.put(row);
                                 return {};
                               }));
  }
};

TEST_F(CopyKeeperTest, RememberedIsWhatWasShipped) {
  put("a", words(1, 1000));
  add_stick();
  EXPECT_EQ(vault::copy_finding(*vault_).value()->id, "copy.never_whole");
  auto keeper = CopyKeeper::open(*vault_, {}).value();
  const Lsn before = vault_->journal().last();
  auto outcomes = keeper->round({});
  ASSERT_TRUE(outcomes);
  ASSERT_EQ(outcomes->size(), 1U);
  ASSERT_FALSE(outcomes->front().error) << told(*outcomes->front().error);
  EXPECT_EQ(vault_->journal().last(), before) << "shipping makes no commands";
  const auto state = vault::read_copy_state(world_.files, vault_->folder(), "stick");
  ASSERT_TRUE(state);
  EXPECT_EQ(state->shipped, before);
  EXPECT_FALSE(vault::copy_finding(*vault_).value());
  put("b", words(1, 1000));
  EXPECT_FALSE(vault::copy_finding(*vault_).value());
  world_.clock.advance_s(2 * 3600);
  EXPECT_EQ(vault::copy_finding(*vault_).value()->id, "copy.behind");
  keeper->release();
  ASSERT_TRUE(keeper->round({}));
  EXPECT_FALSE(vault::copy_finding(*vault_).value());
  world_.clock.advance_s(8 * 24 * 3600);
  EXPECT_EQ(vault::copy_finding(*vault_).value()->id, "copy.not_seen");
}

TEST_F(CopyKeeperTest, ACopyHadEverythingWhenItsRoundBeganAndNotWhenItEnded) {
  put("a", noise(1, 500'000));
  add_stick();
  auto keeper = CopyKeeper::open(*vault_, {}).value();
  const Timestamp begun = world_.clock.peek();
  ShipOptions slow;
  slow.on_progress = [this](std::uint64_t, std::uint64_t) { world_.clock.advance_s(600); };
  ASSERT_TRUE(keeper->round(slow));
  EXPECT_GE(world_.clock.peek().unix_us - begun.unix_us, 600'000'000);
  const auto state = vault::read_copy_state(world_.files, vault_->folder(), "stick");
  ASSERT_TRUE(state);
  EXPECT_LT(state->synced.unix_us - begun.unix_us, 1'000'000);
}

}  // namespace
}  // namespace atl::backup
