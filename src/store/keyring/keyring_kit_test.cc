// The recovery kit with a vault: what it opens, when it is stale, what it brings back.
#include <gtest/gtest.h>

#include "foundation/platform/testing/test_machine.h"
#include "store/keyring/internal/recovery_kit.h"
#include "store/keyring/keyring.h"
#include "store/keyring/testing/test_keyring.h"
#include "store/keyring/vault_head.h"

namespace atl::keyring {
namespace {

using platform::TestMachine;
using KitState = Keyring::KitState;

const std::string kFolder = "/vault";
const std::string kFirst = "/vault/keyring";
const std::string kSecond = "/vault/keyring.2";

class KeyringKitTest : public testing::Test {
 protected:
  KeyringKitTest() {
    EXPECT_TRUE(test_machine_.files.create_directory(kFolder));
    auto made = create_test_keyring(machine_, kFolder);
    EXPECT_TRUE(made);
    keyring_ = std::move(*made);
  }
  Keyring::Kit saved_kit() {
    auto kit = keyring_->make_kit();
    EXPECT_TRUE(kit);
    EXPECT_TRUE(keyring_->confirm_kit());
    return std::move(*kit);
  }
  Result<std::unique_ptr<Keyring>> open_with(ByteView kit) {
    auto unlocking = Keyring::parse_kit(kit);
    EXPECT_TRUE(unlocking);
    return Keyring::open(machine_, kFolder, candidates(std::move(*unlocking)));
  }
  void damage_both() {
    files_.flip_bits(kFirst, 200);
    files_.flip_bits(kSecond, 100);
  }
  Result<std::unique_ptr<Keyring>> restore(ByteView kit_file) {
    return Keyring::restore_from_kit(machine_, kFolder, kit_file);
  }

  TestMachine test_machine_;
  platform::Machine machine_ = test_machine_.machine();
  platform::MemoryFileSystem& files_ = test_machine_.files;
  std::unique_ptr<Keyring> keyring_;
};

TEST_F(KeyringKitTest, page_and_file_each_open_the_vault) {
  const auto kit = saved_kit();
  for (const ByteView form : {as_bytes(kit.page_text), ByteView(kit.file)}) {
    const auto opened = open_with(form);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_TRUE((*opened)->journal_key().equals(keyring_->journal_key()));
    EXPECT_EQ((*opened)->kit_state(), KitState::saved);
    EXPECT_EQ(Keyring::vault_of_kit(form).value(), keyring_->vault());
  }
}

TEST_F(KeyringKitTest, kit_counts_as_saved_only_after_it_was_confirmed) {
  ASSERT_TRUE(keyring_->make_kit());
  EXPECT_EQ(keyring_->kit_state(), KitState::never_saved);
  ASSERT_TRUE(keyring_->confirm_kit());
  EXPECT_EQ(keyring_->kit_state(), KitState::saved);
  EXPECT_EQ(keyring_->confirm_kit().error().id, "keyring.no_kit_made");
}

TEST_F(KeyringKitTest, older_kit_opens_until_the_next_one_is_confirmed) {
  const auto first = saved_kit();
  const auto second = keyring_->make_kit();
  ASSERT_TRUE(second);
  EXPECT_TRUE(open_with(first.file));
  EXPECT_TRUE(open_with(second->file));
  EXPECT_EQ(keyring_->kit_state(), KitState::saved);
  const auto third = keyring_->make_kit();  // the second was never confirmed: it ends here
  ASSERT_TRUE(third);
  EXPECT_EQ(open_with(second->file).error().kind, ErrorKind::wrong_key);
  EXPECT_TRUE(open_with(first.file));
  ASSERT_TRUE(keyring_->confirm_kit());
  EXPECT_EQ(open_with(first.file).error().kind, ErrorKind::wrong_key);
  EXPECT_TRUE(open_with(as_bytes(third->page_text)));
  EXPECT_EQ(keyring_->slots().size(), 2U);
}

TEST_F(KeyringKitTest, pending_kit_can_be_confirmed_after_reopening) {
  ASSERT_TRUE(keyring_->make_kit());
  const auto opened = Keyring::open(machine_, kFolder, candidates(with_passphrase("open sesame")));
  ASSERT_TRUE(opened);
  EXPECT_TRUE((*opened)->confirm_kit());
  EXPECT_EQ((*opened)->kit_state(), KitState::saved);
}

TEST_F(KeyringKitTest, kit_goes_stale_with_new_keys_and_not_with_slots_or_names) {
  saved_kit();
  ASSERT_TRUE(keyring_->add_slot(with_passphrase("x"), "x"));
  ASSERT_TRUE(keyring_->rename_vault("x"));
  ASSERT_TRUE(keyring_->remove_slot(1));
  ASSERT_TRUE(keyring_->replace_local_key());
  EXPECT_EQ(keyring_->kit_state(), KitState::saved);
  ASSERT_TRUE(keyring_->add_domain());
  EXPECT_EQ(keyring_->kit_state(), KitState::stale);
  saved_kit();
  EXPECT_EQ(keyring_->kit_state(), KitState::saved);
  ASSERT_TRUE(keyring_->destroy_domain(DomainNumber{2}));
  EXPECT_EQ(keyring_->kit_state(), KitState::stale);
  saved_kit();
  ASSERT_TRUE(keyring_->rotate_root(candidates(with_passphrase("x"))));
  EXPECT_EQ(keyring_->kit_state(), KitState::stale);
  const auto opened = Keyring::open(machine_, kFolder, candidates(with_passphrase("x")));
  EXPECT_EQ((*opened)->kit_state(), KitState::stale);
}

TEST_F(KeyringKitTest, kit_made_before_a_domain_and_confirmed_after_it_is_stale) {
  ASSERT_TRUE(keyring_->make_kit());
  ASSERT_TRUE(keyring_->add_domain());
  ASSERT_TRUE(keyring_->confirm_kit());
  EXPECT_EQ(keyring_->kit_state(), KitState::stale);
}

TEST_F(KeyringKitTest, kit_whose_slot_was_removed_is_stale) {
  saved_kit();
  ASSERT_TRUE(keyring_->remove_slot(2));
  EXPECT_EQ(keyring_->kit_state(), KitState::stale);
}

TEST_F(KeyringKitTest, file_brings_lost_or_damaged_keyrings_back_and_the_vault_opens_by_it_alone) {
  ASSERT_TRUE(keyring_->add_domain());
  const auto kit = saved_kit();
  const std::string derived = to_hex(keyring_->derived_key("catalog").view());
  for (const bool lost : {true, false}) {
    if (lost) {
      files_.erase(kFirst);
      files_.erase(kSecond);
    } else {
      damage_both();
    }
    const auto restored = restore(kit.file);
    ASSERT_TRUE(restored) << restored.error().message;
    EXPECT_FALSE((*restored)->was_damaged());
    EXPECT_TRUE((*restored)->journal_key().equals(keyring_->journal_key()));
    EXPECT_TRUE((*restored)->domain(DomainNumber{2})->pack_key.equals(keyring_->domain(DomainNumber{2})->pack_key));
    EXPECT_EQ((*restored)->vault_name(), keyring_->vault_name());
    EXPECT_EQ((*restored)->kit_state(), KitState::saved);
    EXPECT_EQ(to_hex((*restored)->derived_key("catalog").view()), derived);
    ASSERT_EQ((*restored)->slots().size(), 1U);
    EXPECT_EQ((*restored)->slots()[0].kind, SlotKind::recovery);
    EXPECT_EQ((*restored)->remove_slot((*restored)->slots()[0].number).error().id, "keyring.last_slot");
    EXPECT_TRUE(open_with(as_bytes(kit.page_text)));
    EXPECT_EQ(Keyring::open(machine_, kFolder, candidates(with_passphrase("open sesame"))).error().kind,
              ErrorKind::wrong_key);
    EXPECT_EQ(files_.exists(kFirst + ".damaged"), !lost);
    ASSERT_TRUE((*restored)->add_slot(with_passphrase("chosen anew"), "new"));
    EXPECT_TRUE(Keyring::open(machine_, kFolder, candidates(with_passphrase("chosen anew"))));
  }
}

TEST_F(KeyringKitTest, restored_generation_is_above_that_of_the_kit) {
  const auto kit = saved_kit();
  const std::uint64_t before = keyring_->generation();
  damage_both();
  EXPECT_GE((*restore(kit.file))->generation(), before);
}

TEST_F(KeyringKitTest, whole_keyring_is_opened_by_the_kit_and_never_replaced_by_its_older_copy) {
  const auto kit = saved_kit();
  ASSERT_TRUE(keyring_->add_domain());
  files_.flip_bits(kFirst, 99);
  const auto restored = restore(kit.file);
  ASSERT_TRUE(restored);
  EXPECT_EQ((*restored)->domains().size(), 2U);
  EXPECT_EQ((*restored)->slots().size(), 2U);
  EXPECT_FALSE((*restored)->was_damaged());
  EXPECT_EQ(files_.content(kFirst), files_.content(kSecond));
}

TEST_F(KeyringKitTest, kit_that_does_not_fit_a_whole_keyring_touches_nothing) {
  const auto kit = saved_kit();
  saved_kit();
  const Bytes present = files_.content(kFirst);
  EXPECT_EQ(restore(kit.file).error().id, "keyring.exists");
  files_.flip_bits(kSecond, 99);
  EXPECT_EQ(restore(kit.file).error().id, "keyring.exists");
  EXPECT_EQ(files_.content(kFirst), present);
}

TEST_F(KeyringKitTest, printed_page_cannot_bring_lost_keyrings_back_and_says_what_is_needed) {
  const auto kit = saved_kit();
  files_.flip_bits(kFirst, 99);
  EXPECT_TRUE(restore(as_bytes(kit.page_text)));  // one is left
  damage_both();
  EXPECT_EQ(restore(as_bytes(kit.page_text)).error().id, "recovery_kit.file_needed");
}

TEST_F(KeyringKitTest, kit_of_another_vault_is_refused_by_the_vaults_head) {
  VaultHead head;
  head.vault = keyring_->vault();
  head.history = platform::new_id<HistoryId>(machine_);
  ASSERT_TRUE(create_vault_head(machine_, kFolder, *keyring_, head));
  ASSERT_TRUE(files_.create_directory("/other"));
  const auto other = create_test_keyring(machine_, "/other");
  const auto kit = (*other)->make_kit();
  ASSERT_TRUE(kit);
  damage_both();
  EXPECT_EQ(restore(kit->file).error().id, "recovery_kit.other_vault");
}

TEST_F(KeyringKitTest, damaged_kit_file_still_opens_and_says_that_it_cannot_restore) {
  auto kit = saved_kit();
  kit.file[kit.file.size() - 100] ^= 1;
  EXPECT_TRUE(open_with(kit.file));
  damage_both();
  EXPECT_EQ(restore(kit.file).error().kind, ErrorKind::damaged);
}

TEST_F(KeyringKitTest, copy_in_the_kit_holds_no_everyday_slot) {
  const auto kit = saved_kit();
  const auto read = internal::read_kit(kit.file);
  ASSERT_TRUE(files_.create_directory("/copy"));
  files_.set_content("/copy/keyring", read->keyring_image);
  const auto outside = Keyring::look_from_outside(files_, "/copy");
  ASSERT_TRUE(outside);
  EXPECT_EQ(outside->slot_kinds, std::vector{SlotKind::recovery});
}

}  // namespace
}  // namespace atl::keyring
