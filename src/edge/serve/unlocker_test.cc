#include "edge/serve/unlocker.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "foundation/base/units.h"
#include "foundation/platform/testing/test_machine.h"
#include "vault/testing/test_vault.h"

namespace atl::serve {
namespace {

using vault::testing::told;

class UnlockerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = vault::Home::create(machine_.machine(), "/home");
    ASSERT_EQ(told(made), "ok");
    home_ = std::move(*made);
  }
  void make_vault(const std::string& name, const std::string& passphrase) {
    vault::CreateVaultOptions options;
    options.name = name;
    options.passphrase_cost = {8, 1};
    options.journal_segment_bytes = 256 * kKiB;
    std::optional<keyring::Unlocking> slot(std::in_place);
    slot->kind = keyring::SlotKind::passphrase;
    slot->passphrase = std::string_view(passphrase);
    const vault::UnlockSecrets secrets = given({passphrase});
    ASSERT_EQ(told(home_->create_vault(options, secrets, slot)), "ok");
  }
  static vault::UnlockSecrets given(const std::vector<std::string>& passphrases) {
    vault::UnlockSecrets secrets;
    for (const std::string& one : passphrases) {
      keyring::Unlocking slot;
      slot.kind = keyring::SlotKind::passphrase;
      slot.passphrase = std::string_view(one);
      secrets.given.push_back(std::move(slot));
    }
    return secrets;
  }
  platform::TestMachine machine_;
  std::unique_ptr<vault::Home> home_;
};

TEST_F(UnlockerTest, AHomeWithoutAVaultIsNothingToUnlock) {
  Unlocker unlocker(*home_, {});
  EXPECT_EQ(unlocker.begin().error().id, "home.no_vault");
}

TEST_F(UnlockerTest, WhatIsGivenAtTheStartMaySuffice) {
  make_vault("main", "first");
  Unlocker right(*home_, given({"first"}));
  EXPECT_TRUE(right.begin().value());
  EXPECT_EQ(right.state(), Unlocker::State::opening);
  Unlocker wrong(*home_, given({"other"}));
  EXPECT_FALSE(wrong.begin().value());
  EXPECT_EQ(wrong.state(), Unlocker::State::locked);
}

TEST_F(UnlockerTest, PassphrasesAreGatheredUntilTheyOpenTheAccountsAndAVault) {
  make_vault("main", "first");
  make_vault("control", "second");
  make_vault("other", "third");
  Unlocker unlocker(*home_, {});
  ASSERT_FALSE(unlocker.begin().value());
  EXPECT_EQ(unlocker.give("nonsense").error().id, "unlock.wrong");
  EXPECT_FALSE(unlocker.give("first").value()) << "a vault, and nobody to sign in";
  EXPECT_EQ(unlocker.give("first").error().id, "unlock.wrong") << "it opens nothing that was locked";
  EXPECT_EQ(unlocker.retry().error().id, "unlock.wrong");
  EXPECT_TRUE(unlocker.give("second").value());
  EXPECT_EQ(unlocker.state(), Unlocker::State::opening);
  EXPECT_EQ(unlocker.secrets().given.size(), 2U) << "what opened nothing is not kept";
  EXPECT_EQ(unlocker.give("third").error().id, "unlock.open");
  unlocker.note_opened(nullptr);
  EXPECT_EQ(told(unlocker.wait_until_open(std::chrono::milliseconds(0))), "ok");
  unlocker.lock();
  EXPECT_EQ(unlocker.state(), Unlocker::State::locked);
  EXPECT_TRUE(unlocker.secrets().given.empty());
  EXPECT_FALSE(unlocker.give("second").value()) << "the accounts, and no vault";
  EXPECT_TRUE(unlocker.give("third").value());
}

TEST_F(UnlockerTest, WhatIsGivenToAnOpenHomeGoesToWhoeverOpensMore) {
  make_vault("main", "first");
  Unlocker unlocker(*home_, given({"first"}));
  ASSERT_TRUE(unlocker.begin().value());
  EXPECT_EQ(unlocker.give("second").error().id, "unlock.open") << "while it is being opened";
  std::size_t given_count = 99;
  unlocker.note_opened([&](const vault::UnlockSecrets& secrets) -> Result<bool> {
    given_count = secrets.given.size();
    if (secrets.given.empty()) return opens_nothing(false);
    return secrets.given.front().passphrase.view() == "third";
  });
  EXPECT_FALSE(unlocker.give("second").value());
  EXPECT_EQ(given_count, 1U) << "what opened the others is not tried again";
  EXPECT_TRUE(unlocker.give("third").value());
  EXPECT_EQ(unlocker.retry().error().id, "unlock.wrong");
  EXPECT_EQ(unlocker.secrets().given.size(), 1U) << "nothing of it is kept";
  unlocker.forget();
  EXPECT_EQ(unlocker.give("third").error().id, "unlock.open");
}

TEST_F(UnlockerTest, ThoseWhoWaitAreToldWhyItCouldNotBeOpened) {
  make_vault("main", "first");
  Unlocker unlocker(*home_, {});
  ASSERT_FALSE(unlocker.begin().value());
  ASSERT_TRUE(unlocker.give("first").value());
  EXPECT_EQ(unlocker.wait_until_open(std::chrono::milliseconds(1)).error().id, "unlock.still_opening");
  unlocker.note_failed({ErrorKind::io, "disk.gone", "the disk is gone", ""});
  EXPECT_EQ(unlocker.wait_until_open(std::chrono::minutes(1)).error().id, "disk.gone");
}

TEST_F(UnlockerTest, WhoeverOpensWaitsForASecretOrTheEnd) {
  make_vault("main", "first");
  Unlocker unlocker(*home_, {});
  ASSERT_FALSE(unlocker.begin().value());
  std::atomic<bool> stop = true;
  EXPECT_FALSE(unlocker.wait_until_sufficient(stop));
  stop = false;
  std::thread giver([&] { EXPECT_TRUE(unlocker.give("first").value()); });
  EXPECT_TRUE(unlocker.wait_until_sufficient(stop));
  giver.join();
}

}  // namespace
}  // namespace atl::serve
