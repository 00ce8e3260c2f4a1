#include "services/backup/accounts.h"

#include <gtest/gtest.h>

#include <set>

#include "services/backup/testing/two_disks.h"
#include "vault/copies.h"
#include "vault/testing/test_vault.h"

namespace atl::backup {
namespace {

using catalog::CopyRow;
using testing::World;
using vault::testing::told;

constexpr const char* kAccounts = "/home/vaults/control";

TEST(AccountsCopy, LieBelowTheCopyTheyBelongTo) {
  EXPECT_EQ(accounts_place("/mnt/usb/atoll"), "/mnt/usb/atoll/accounts");
  const auto place =
      blob::parse_s3_place(accounts_place("s3://safe/mine?endpoint=https://host:9000&class=GLACIER&every=5"));
  ASSERT_TRUE(place) << told(place);
  EXPECT_EQ(place->bucket, "safe");
  EXPECT_EQ(place->prefix, "mine/accounts");
  EXPECT_EQ(place->endpoint, "https://host:9000");
  EXPECT_EQ(place->storage_class, "");
  EXPECT_GE(place->every_s, 30U);
  EXPECT_EQ(blob::parse_s3_place(accounts_place("s3://safe"))->prefix, "accounts");
}

TEST(AccountsCopy, NamesFitAndDiffer) {
  std::set<std::string> names;
  for (std::size_t length : {1U, 51U, 52U, 62U, 63U}) {
    for (const char last : {'a', 'b'}) {
      const std::string name = accounts_copy_name(std::string(length - 1, 'x') + last);
      EXPECT_TRUE(vault::check_copy_name(name)) << name;
      EXPECT_TRUE(names.insert(name).second) << name;
    }
  }
}

class AccountsFollow : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(vault::testing::create_small(world_.machine()));
    ASSERT_TRUE(vault::testing::create_small(world_.machine(), kAccounts));
    first_ = std::move(vault::testing::open_small(world_.machine()).value());
    accounts_ = std::move(vault::testing::open_small(world_.machine(), kAccounts).value());
    row_.name = "usb";
    row_.kind = std::string(vault::kCopyKindFolder);
    row_.place = "/copy/a";
    ASSERT_TRUE(CopyTarget::create_folder(world_.machine(), row_.place, id()));
  }
  [[nodiscard]] VaultId id() const { return first_->head().vault; }
  [[nodiscard]] CopyReach reach() { return {.machine = world_.machine()}; }
  std::vector<CopyRow> rows() { return accounts_->reader()->all<CopyRow>().value(); }
  World world_{7};
  std::unique_ptr<vault::Vault> first_, accounts_;
  CopyRow row_;
};

TEST_F(AccountsFollow, EveryCopyOfTheFirstVaultAndNoneThatIsGone) {
  const std::vector<CopyRow> copies = {row_};
  ASSERT_EQ(told(follow_copies(*accounts_, id(), copies, reach())), "ok");
  ASSERT_EQ(rows().size(), 1U);
  EXPECT_EQ(rows()[0].name, "accounts-of-usb");
  EXPECT_EQ(CopyTarget::vault_in(reach(), "/copy/a/accounts").value(), accounts_->head().vault);
  const Lsn last = accounts_->journal().last();
  ASSERT_EQ(told(follow_copies(*accounts_, id(), copies, reach())), "ok");
  EXPECT_EQ(accounts_->journal().last(), last) << "nothing new, and yet a command";
  ASSERT_EQ(told(follow_copies(*accounts_, id(), {}, reach())), "ok");
  EXPECT_TRUE(rows().empty());
  EXPECT_TRUE(CopyTarget::vault_in(reach(), "/copy/a/accounts")) << "files stay until somebody deletes them";
  ASSERT_EQ(told(remove_accounts(reach(), "/copy/a")), "ok");
  EXPECT_FALSE(CopyTarget::vault_in(reach(), "/copy/a/accounts"));
  ASSERT_EQ(told(remove_accounts(reach(), "/copy/a")), "ok");
}

TEST_F(AccountsFollow, ACopyThatWasDeletedAndMadeAnewHasThemAgain) {
  ASSERT_EQ(told(follow_copies(*accounts_, id(), std::vector{row_}, reach())), "ok");
  const Timestamp created = rows().at(0).created;
  ASSERT_EQ(told(remove_accounts(reach(), row_.place)), "ok");
  world_.clock.advance_s(1);
  ASSERT_EQ(told(follow_copies(*accounts_, id(), std::vector{row_}, reach())), "ok");
  EXPECT_TRUE(CopyTarget::vault_in(reach(), "/copy/a/accounts"));
  ASSERT_EQ(rows().size(), 1U);
  EXPECT_NE(rows()[0].created, created) << "whoever ships has to see that it is another one";
}

TEST_F(AccountsFollow, NothingIsWrittenBelowAnEmptyMountPoint) {
  ASSERT_EQ(told(follow_copies(*accounts_, id(), std::vector{row_}, reach())), "ok");
  CopyRow other = row_;
  other.name = "other";
  other.place = "/copy/b";
  world_.files.is_mounted = false;
  ASSERT_TRUE(world_.files.create_directory("/copy"));
  ASSERT_TRUE(world_.files.create_directory("/copy/b"));
  const auto done = follow_copies(*accounts_, id(), std::vector{row_, other}, reach());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().id, "copy.marker_missing");
  EXPECT_TRUE(world_.files.list("/copy/b")->empty());
  EXPECT_EQ(rows().size(), 1U) << "the copy that is known stays known while its disk is away";
}

TEST_F(AccountsFollow, NotIntoTheCopyOfAnotherVault) {
  ASSERT_TRUE(CopyTarget::create_folder(world_.machine(), "/copy/b", accounts_->head().vault));
  row_.place = "/copy/b";
  const auto done = follow_copies(*accounts_, id(), std::vector{row_}, reach());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().id, "copy.other_vault");
}

TEST_F(AccountsFollow, WhatOpensTheFirstVaultOpensThem) {
  const auto opens = [&](const keyring::Keyring& first) {
    std::vector<keyring::Unlocking> candidates;
    candidates.push_back(accounts_key(first, accounts_->head().vault));
    return keyring::Keyring::open(world_.machine(), kAccounts, candidates).has_value();
  };
  EXPECT_FALSE(opens(first_->keys()));
  const std::size_t slots = accounts_->keys().slots().size();
  ASSERT_EQ(told(open_accounts_by(*first_, *accounts_)), "ok");
  ASSERT_EQ(told(open_accounts_by(*first_, *accounts_)), "ok");
  EXPECT_EQ(accounts_->keys().slots().size(), slots + 1);
  EXPECT_TRUE(opens(first_->keys()));
  EXPECT_FALSE(opens(accounts_->keys()));
}

TEST_F(AccountsFollow, AnOpenVaultOpensNoAccounts) {
  ASSERT_TRUE(vault::testing::create_small(world_.machine(), "/home/vaults/plain", codec::SealSuite::none));
  const auto plain = std::move(vault::testing::open_small(world_.machine(), "/home/vaults/plain").value());
  const std::size_t slots = accounts_->keys().slots().size();
  ASSERT_EQ(told(open_accounts_by(*plain, *accounts_)), "ok");
  EXPECT_EQ(accounts_->keys().slots().size(), slots);
}

}  // namespace
}  // namespace atl::backup
