#include "vault/access/control.h"

#include <gtest/gtest.h>

#include "foundation/platform/testing/test_machine.h"
#include "vault/testing/test_vault.h"

namespace atl::access {
namespace {

using vault::testing::told;

class ControlTest : public ::testing::Test {
 protected:
  ControlTest() {
    secrets_.key_folder = "/keys";
    home_ = vault::Home::create(machine_.inline_machine(), "/home").value();
    vault::CreateVaultOptions options;
    options.passphrase_cost = {8, 1};
    main_ = home_->create_vault(options, secrets_, std::nullopt).value();
  }
  Result<std::unique_ptr<vault::Vault>> open(bool writable) {
    auto options = vault::testing::small_options();
    options.writable = writable;
    return open_control(*home_, secrets_, options);
  }

  platform::TestMachine machine_;
  vault::UnlockSecrets secrets_;
  std::unique_ptr<vault::Home> home_;
  VaultId main_;
};

TEST_F(ControlTest, IsMadeOnFirstUseForWritingAndOnce) {
  auto none = open(false);
  ASSERT_EQ(told(none), "ok");
  EXPECT_EQ(none->get(), nullptr);
  EXPECT_FALSE(find_control(*home_, secrets_)->has_value());
  auto made = open(true);
  ASSERT_EQ(told(made), "ok");
  EXPECT_EQ((*made)->keys().vault_name(), "control");
  ASSERT_EQ(told((*made)->close()), "ok");
  made->reset();
  auto again = open(true);
  ASSERT_EQ(told(again), "ok");
  ASSERT_EQ(told((*again)->close()), "ok");
  again->reset();
  EXPECT_EQ(home_->vaults(secrets_)->size(), 2U);
}

TEST_F(ControlTest, IsNeverMeantWhereNoVaultIsNamed) {
  auto made = open(true);
  ASSERT_EQ(told(made), "ok");
  ASSERT_EQ(told((*made)->close()), "ok");
  made->reset();
  EXPECT_EQ(home_->find_vault("", secrets_).value(), main_);
  EXPECT_EQ(home_->find_vault("control", secrets_).value(), find_control(*home_, secrets_)->value());
}

TEST_F(ControlTest, AHomeWhoseVaultsAreLockedGetsNoSecondOne) {
  auto made = open(true);
  ASSERT_EQ(told(made), "ok");
  ASSERT_EQ(told((*made)->close()), "ok");
  made->reset();
  secrets_.key_folder = "/other";
  EXPECT_EQ(open(true).error().id, "control.not_found");
}

}  // namespace
}  // namespace atl::access
