#include "services/backup/copy_check.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "services/backup/shipper.h"
#include "services/backup/testing/two_disks.h"
#include "vault/testing/test_vault.h"
#include "vault/verify.h"

namespace atl::backup {
namespace {

using testing::World;
using vault::testing::told;

constexpr const char* kPlace = "/copy/a";

class CopyCheckTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(vault::testing::create_small(world_.machine()));
    open();
    ASSERT_TRUE(CopyTarget::create_folder(world_.machine(), kPlace, vault_->head().vault));
    for (std::uint64_t i = 0; i < 3; ++i) {
      ASSERT_TRUE(
          vault::testing::put_bytes(*vault_, "photos", "k" + std::to_string(i), vault::testing::noise(i, 300'000)));
      ship_and_reopen();
    }
    expected_ = vault::testing::state_of(*vault_).value();
  }
  void open() {
    vault_.reset();
    auto opened = vault::testing::open_small(world_.machine());
    ASSERT_TRUE(opened) << told(opened);
    vault_ = std::move(*opened);
  }
  void ship_and_reopen() {
    ASSERT_TRUE(vault_->settle());
    {
      const auto target = open_target(CopyTarget::Use::write);
      const auto report = Shipper(*vault_, *target, {}).round();
      ASSERT_TRUE(report) << told(report);
      state_.shipped = report->shipped;
      state_.shipped_time = report->shipped_time;
    }
    open();
  }
  std::unique_ptr<CopyTarget> open_target(CopyTarget::Use use) {
    return CopyTarget::open_folder(world_.machine(), kPlace, vault_->head().vault, use).value();
  }
  CopyCheck check(bool reads_data = true) {
    CheckOptions options;
    options.reads_data = reads_data;
    const auto target = open_target(CopyTarget::Use::read);
    const auto found = check_copy(*vault_, *target, state_, options);
    EXPECT_TRUE(found) << told(found);
    return found ? *found : CopyCheck{};
  }
  CopyCheck repair() {
    CopyCheck found;
    {
      const auto target = open_target(CopyTarget::Use::write);
      const auto repaired = repair_copy(*vault_, *target, state_, {});
      EXPECT_TRUE(repaired) << told(repaired);
      if (repaired) found = *repaired;
    }
    EXPECT_TRUE(vault_->close());
    open();
    if (found.healed_journal_here) {
      EXPECT_TRUE(vault_->rebuild());
    }
    return found;
  }
  // Far more than parity covers.
  static void ruin(platform::MemoryFileSystem& disk, const std::string& path) {
    const std::uint64_t size = disk.content(path).size();
    for (std::uint64_t at = std::min<std::uint64_t>(200, size / 2); at < size; at += 700)
      disk.flip_bits(path, at, 0x5A);
  }
  void expect_both_whole() {
    EXPECT_TRUE(check().is_clean());
    EXPECT_EQ(vault::testing::difference(expected_, vault::testing::state_of(*vault_).value()), "");
    vault::VerifyVaultOptions options;
    options.reads_data = true;
    options.workers = 1;
    const auto summary = vault::verify_vault(*vault_, options);
    ASSERT_TRUE(summary) << told(summary);
    EXPECT_TRUE(summary->is_clean()) << (summary->damage.empty() ? "" : summary->damage.front().where);
  }

  World world_{3};
  std::unique_ptr<vault::Vault> vault_;
  vault::CopyState state_;
  vault::testing::VaultState expected_;
};

TEST_F(CopyCheckTest, AWholeCopyIsWell) {
  const CopyCheck found = check();
  EXPECT_TRUE(found.is_clean()) << found.damage.front().where << ": " << found.damage.front().what;
  EXPECT_EQ(found.packs, 3U);
  EXPECT_EQ(found.last, state_.shipped);
  EXPECT_GT(found.bytes_checked, 900'000U);
}

// Every kind of file of the copy, ruined or gone.
TEST_F(CopyCheckTest, DamageOfTheCopyIsFoundAndHealedFromHere) {
  for (const std::string pattern : {"*.pack", "*.jseg", "*/keyring", "*/keyring.2", "*/vault.head", "*/vault.head.2"}) {
    for (const bool is_gone : {false, true}) {
      SCOPED_TRACE(pattern + (is_gone ? " gone" : " ruined"));
      const std::string path = world_.files.second->all_paths(pattern).front();
      if (is_gone) {
        world_.files.second->erase(path);
      } else {
        ruin(*world_.files.second, path);
      }
      EXPECT_FALSE(check().is_clean());
      const CopyCheck healed = repair();
      for (const auto& damage : healed.damage) EXPECT_TRUE(damage.is_healed || is_gone) << damage.where;
      ship_and_reopen();  // what is gone altogether a round brings back
      expect_both_whole();
    }
  }
}

TEST_F(CopyCheckTest, DamageHereIsHealedFromTheCopy) {
  for (const std::string pattern : {"*.pack", "*.jseg"}) {
    for (const bool is_gone : {false, true}) {
      SCOPED_TRACE(pattern + (is_gone ? " gone" : " ruined"));
      ASSERT_TRUE(vault_->close());
      vault_.reset();
      const auto paths = world_.files.first->all_paths(pattern);
      const std::string& path = paths[paths.size() / 2];
      if (is_gone) {
        world_.files.first->erase(path);
      } else {
        ruin(*world_.files.first, path);
      }
      open();
      const CopyCheck healed = repair();
      EXPECT_FALSE(healed.damage.empty());
      for (const auto& damage : healed.damage) EXPECT_TRUE(damage.is_healed) << damage.where << ": " << damage.what;
      expect_both_whole();
      ship_and_reopen();
      expect_both_whole();
    }
  }
}

TEST_F(CopyCheckTest, WhereBothSidesAreDamagedInDifferentFilesEachHealsTheOther) {
  ASSERT_TRUE(vault_->close());
  vault_.reset();
  ruin(*world_.files.first, world_.files.first->all_paths("*.pack")[0]);
  ruin(*world_.files.second, world_.files.second->all_paths("*.pack")[1]);
  open();
  const CopyCheck healed = repair();
  EXPECT_EQ(healed.damage.size(), 2U);
  for (const auto& damage : healed.damage) EXPECT_TRUE(damage.is_healed) << damage.where;
  expect_both_whole();
}

TEST_F(CopyCheckTest, WhereBothSidesLostTheSameNothingIsTouchedAndItIsTold) {
  ASSERT_TRUE(vault_->close());
  vault_.reset();
  const std::string here = world_.files.first->all_paths("*.pack")[0];
  const std::string there = world_.files.second->all_paths("*" + here.substr(here.rfind('/')))[0];
  ruin(*world_.files.first, here);
  ruin(*world_.files.second, there);
  const Bytes before_here = world_.files.first->content(here);
  const Bytes before_there = world_.files.second->content(there);
  open();
  const CopyCheck found = repair();
  EXPECT_EQ(found.damage.size(), 2U);
  for (const auto& damage : found.damage) EXPECT_FALSE(damage.is_healed) << damage.where;
  EXPECT_EQ(world_.files.first->content(here), before_here);
  EXPECT_EQ(world_.files.second->content(there), before_there);
}

// ---- only some packs, while the vault goes on

class MendPacksTest : public CopyCheckTest {
 protected:
  void SetUp() override {
    CopyCheckTest::SetUp();
    ASSERT_TRUE(vault_->close());
    open();  // nothing of what was compared is in memory any more
  }
  CopyCheck mend(const std::set<PackId>& packs) {
    CheckOptions options;
    options.only_packs = packs;
    CopyCheck found;
    {
      const auto target = open_target(CopyTarget::Use::write);
      const auto repaired = repair_copy(*vault_, *target, state_, options);
      EXPECT_TRUE(repaired) << told(repaired);
      if (repaired) found = *repaired;
    }
    for (const PackId& id : found.healed_here) EXPECT_EQ(told(vault_->chunks().take_back_pack(id)), "ok");
    return found;
  }
  void expect_everything_is_read() {
    for (std::uint64_t i = 0; i < 3; ++i) {
      const auto bytes = vault::testing::bytes_of(*vault_, "photos", "k" + std::to_string(i));
      ASSERT_TRUE(bytes) << told(bytes);
      EXPECT_EQ(*bytes, vault::testing::noise(i, 300'000));
    }
  }
  [[nodiscard]] std::size_t lost() {
    std::size_t count = 0;
    for (std::uint64_t i = 0; i < 3; ++i)
      if (!vault::testing::bytes_of(*vault_, "photos", "k" + std::to_string(i))) ++count;
    return count;
  }
};

TEST_F(MendPacksTest, APackThatCouldNotBeReadIsMendedUnderTheOpenVault) {
  EXPECT_TRUE(packs_to_mend(*vault_, true).value().empty());
  ruin(*world_.files.first, world_.files.first->all_paths("*.pack")[1]);
  EXPECT_TRUE(packs_to_mend(*vault_, true).value().empty()) << "nobody has read it";
  EXPECT_EQ(lost(), 1U);
  const auto packs = packs_to_mend(*vault_, false).value();
  EXPECT_EQ(packs.size(), 1U);
  const CopyCheck found = mend(packs);
  EXPECT_EQ(found.packs, 1U) << "of the others nothing is read";
  EXPECT_EQ(found.healed_here.size(), 1U);
  expect_everything_is_read();
  EXPECT_TRUE(packs_to_mend(*vault_, true).value().empty());
}

TEST_F(MendPacksTest, OnePackGoneAndAllOfThem) {
  for (const bool is_all : {false, true}) {
    SCOPED_TRACE(is_all ? "all" : "one");
    const auto paths = world_.files.first->all_paths("*.pack");
    ASSERT_EQ(paths.size(), 3U);
    for (const auto& path : paths)
      if (is_all || path == paths[0]) world_.files.first->erase(path);
    const auto packs = packs_to_mend(*vault_, true).value();
    EXPECT_EQ(packs.size(), is_all ? 3U : 1U);
    EXPECT_EQ(mend(packs).healed_here.size(), packs.size());
    expect_everything_is_read();
    EXPECT_TRUE(packs_to_mend(*vault_, true).value().empty());
  }
  expect_both_whole();
}

TEST_F(MendPacksTest, WhereTheWholeFolderIsGoneNothingIsWrittenInItsPlace) {
  auto& files = *world_.files.first;
  for (const auto& path : files.all_paths("*.pack")) files.erase(path);
  files.erase(vault_->folder() + "/vault.head");
  EXPECT_EQ(packs_to_mend(*vault_, true).error().id, "vault.folder_gone");
}

TEST_F(MendPacksTest, PacksThatWereGoneWhenTheVaultWasOpenedAreMissedByTheirRows) {
  ASSERT_TRUE(vault_->close());
  vault_.reset();
  for (const auto& path : world_.files.first->all_paths("*.pack")) world_.files.first->erase(path);
  open();
  EXPECT_EQ(lost(), 3U);
  const auto packs = packs_to_mend(*vault_, true).value();
  EXPECT_EQ(packs.size(), 3U);
  EXPECT_EQ(mend(packs).healed_here.size(), 3U);
  expect_everything_is_read();
  ASSERT_TRUE(vault_->close());
  open();
  expect_everything_is_read();
  expect_both_whole();
}

// Its parity was made of the damage. What the copy has of it is better, and is not touched.
TEST_F(MendPacksTest, APackThatWasSpoiledWhileItWasWrittenIsNotCalledHealedByItsOwnParity) {
  ASSERT_TRUE(vault::testing::put_bytes(*vault_, "photos", "open", vault::testing::noise(9, 300'000)));
  {
    const auto target = open_target(CopyTarget::Use::write);
    ASSERT_TRUE(Shipper(*vault_, *target, {}).round());
  }
  const std::string there = world_.files.second->all_paths("*.pack.open").at(0);
  const Bytes before = world_.files.second->content(there);
  ruin(*world_.files.first, world_.files.first->all_paths("*.pack.open").at(0));
  ASSERT_TRUE(vault_->settle());
  ASSERT_TRUE(vault_->close());
  open();
  EXPECT_FALSE(vault::testing::bytes_of(*vault_, "photos", "open"));
  const auto packs = packs_to_mend(*vault_, false).value();
  ASSERT_EQ(packs.size(), 1U);
  for (const bool is_only : {true, false}) {
    const CopyCheck found = is_only ? mend(packs) : repair();
    EXPECT_TRUE(found.healed_here.empty());
    EXPECT_TRUE(std::ranges::none_of(found.damage, &CopyDamage::is_healed));
    EXPECT_EQ(world_.files.second->content(there), before);
  }
}

TEST_F(MendPacksTest, APackThatWasLostWhileItWasWrittenComesBackAsFarAsItWasShipped) {
  ASSERT_TRUE(vault::testing::put_bytes(*vault_, "photos", "open", vault::testing::noise(9, 300'000)));
  {
    const auto target = open_target(CopyTarget::Use::write);
    ASSERT_TRUE(Shipper(*vault_, *target, {}).round());
  }
  const std::string path = world_.files.first->all_paths("*.pack.open").at(0);
  world_.files.first->erase(path);
  const auto under_way = packs_to_mend(*vault_, true).value();
  EXPECT_TRUE(under_way.empty()) << "it is written to";
  vault_.reset();  // no close: it dies
  open();
  EXPECT_FALSE(vault::testing::bytes_of(*vault_, "photos", "open"));
  const auto packs = packs_to_mend(*vault_, true).value();
  ASSERT_EQ(packs.size(), 1U);
  EXPECT_EQ(mend(packs).healed_here.size(), 1U);
  EXPECT_EQ(vault::testing::bytes_of(*vault_, "photos", "open").value(), vault::testing::noise(9, 300'000));
  EXPECT_TRUE(packs_to_mend(*vault_, true).value().empty());
  ASSERT_TRUE(vault_->close());
  open();
  EXPECT_EQ(vault::testing::bytes_of(*vault_, "photos", "open").value(), vault::testing::noise(9, 300'000));
  vault::VerifyVaultOptions options;
  options.reads_data = true;
  options.workers = 1;
  EXPECT_TRUE(vault::verify_vault(*vault_, options).value().is_clean());
}

TEST_F(MendPacksTest, WhereTheCopyIsDamagedTooNothingIsTouchedAndWhatItHasIsMended) {
  const auto paths = world_.files.first->all_paths("*.pack");
  for (const auto& path : paths) ruin(*world_.files.first, path);
  const std::string there = world_.files.second->all_paths("*" + paths[0].substr(paths[0].rfind('/')))[0];
  ruin(*world_.files.second, there);
  const Bytes before_here = world_.files.first->content(paths[0]);
  const Bytes before_there = world_.files.second->content(there);
  EXPECT_EQ(lost(), 3U);
  const CopyCheck found = mend(packs_to_mend(*vault_, false).value());
  EXPECT_EQ(found.healed_here.size(), 2U);
  EXPECT_EQ(world_.files.first->content(paths[0]), before_here);
  EXPECT_EQ(world_.files.second->content(there), before_there);
  EXPECT_EQ(lost(), 1U);
  EXPECT_EQ(packs_to_mend(*vault_, false).value().size(), 1U);
}

}  // namespace
}  // namespace atl::backup
