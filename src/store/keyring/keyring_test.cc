#include "store/keyring/keyring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <set>

#include "foundation/codec/fields.h"
#include "foundation/platform/testing/test_machine.h"
#include "store/keyring/internal/content.h"
#include "store/keyring/internal/frame.h"
#include "store/keyring/testing/test_keyring.h"

namespace atl::keyring {
namespace {

using platform::TestMachine;

const std::string kFolder = "/vault";
const std::string kFirst = "/vault/keyring";
const std::string kSecond = "/vault/keyring.2";
const std::string kLocal = "/vault/local.key";

std::string hex(const codec::SecretKey& key) { return to_hex(key.view()); }

// All keys, so that two keyrings can be compared.
std::string keys_of(const Keyring& keyring) {
  std::string all = hex(keyring.journal_key());
  for (const DomainNumber number : keyring.domains()) {
    const DomainKeys* const domain = keyring.domain(number);
    all += "|" + std::to_string(domain->number.value) + ":" + hex(domain->id_key) + hex(domain->gear_key) +
           hex(domain->payload_key) + hex(domain->pack_key);
  }
  return all;
}

class KeyringTest : public testing::Test {
 protected:
  KeyringTest() { EXPECT_TRUE(test_machine_.files.create_directory(kFolder)); }

  std::unique_ptr<Keyring> create(codec::SealSuite suite = codec::SealSuite::aes256gcm) {
    auto made = create_test_keyring(machine_, kFolder, suite);
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  template <class... Secrets>
  Result<std::unique_ptr<Keyring>> open(Secrets&&... secrets) {
    return Keyring::open(machine_, kFolder, candidates(std::forward<Secrets>(secrets)...));
  }
  template <class... Secrets>
  ErrorKind open_error(Secrets&&... secrets) {
    const auto opened = open(std::forward<Secrets>(secrets)...);
    EXPECT_FALSE(opened);
    return opened ? ErrorKind::failed : opened.error().kind;
  }

  TestMachine test_machine_;
  platform::Machine machine_ = test_machine_.machine();
  platform::MemoryFileSystem& files_ = test_machine_.files;
};

TEST_F(KeyringTest, created_keyring_opens_with_its_passphrase_and_gives_the_same_keys) {
  const auto made = create();
  EXPECT_TRUE(made->local_key_is_new());
  EXPECT_FALSE(made->was_damaged());
  EXPECT_EQ(made->generation(), 1U);
  ASSERT_NE(made->domain(kDefaultDomain), nullptr);
  EXPECT_EQ(made->domain(DomainNumber{2}), nullptr);

  const auto opened = open(with_passphrase("open sesame"));
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(keys_of(**opened), keys_of(*made));
  EXPECT_EQ((*opened)->vault(), made->vault());
  EXPECT_EQ((*opened)->vault_name(), "photographs of the family");
  EXPECT_EQ((*opened)->suite(), codec::SealSuite::aes256gcm);
  EXPECT_FALSE((*opened)->was_damaged());
  EXPECT_FALSE((*opened)->local_key_is_new());
  EXPECT_EQ(hex((*opened)->derived_key("catalog")), hex(made->derived_key("catalog")));
  EXPECT_EQ((*opened)->kit_state(), Keyring::KitState::never_saved);
  const auto slots = (*opened)->slots();
  ASSERT_EQ(slots.size(), 1U);
  EXPECT_EQ(slots[0].number, 1U);
  EXPECT_EQ(slots[0].label, "written in the notebook");
  EXPECT_EQ(slots[0].kind, SlotKind::passphrase);
  EXPECT_GT(slots[0].created.unix_us, 0);
}

TEST_F(KeyringTest, all_keys_differ_from_each_other_and_between_vaults) {
  const auto made = create();
  ASSERT_TRUE(made->add_domain());
  ASSERT_TRUE(files_.create_directory("/other"));
  const auto other = create_test_keyring(machine_, "/other");
  ASSERT_TRUE(other);
  std::set<std::string> seen;
  std::size_t count = 0;
  for (const Keyring* const keyring : {made.get(), other->get()}) {
    for (const DomainNumber number : keyring->domains()) {
      const DomainKeys* const domain = keyring->domain(number);
      for (const auto* const key : {&domain->id_key, &domain->gear_key, &domain->payload_key, &domain->pack_key}) {
        seen.insert(hex(*key));
        ++count;
      }
    }
    seen.insert(hex(keyring->journal_key()));
    seen.insert(hex(keyring->derived_key("catalog")));
    seen.insert(hex(keyring->derived_key("indexes/chunks")));
    seen.insert(hex(keyring->derived_key("")));
    count += 4;
  }
  EXPECT_EQ(seen.size(), count);
}

TEST_F(KeyringTest, key_file_slot_opens_and_no_other_key_does) {
  const auto made = Keyring::create(machine_, kFolder, test_options(machine_), with_key(SlotKind::key_file, 7), "boot");
  ASSERT_TRUE(made);
  EXPECT_TRUE(open(with_key(SlotKind::key_file, 7)));
  EXPECT_EQ(open_error(with_key(SlotKind::key_file, 8)), ErrorKind::wrong_key);
  EXPECT_EQ(open_error(with_key(SlotKind::recovery, 7)), ErrorKind::wrong_key);
  EXPECT_EQ(open_error(with_passphrase("open sesame")), ErrorKind::wrong_key);
}

TEST_F(KeyringTest, wrong_passphrases_are_refused_and_none_at_all_says_locked) {
  create();
  EXPECT_EQ(open_error(with_passphrase("open sesam")), ErrorKind::wrong_key);
  EXPECT_EQ(open_error(with_passphrase("open sesame ")), ErrorKind::wrong_key);
  EXPECT_EQ(open_error(with_passphrase("")), ErrorKind::wrong_key);
  EXPECT_EQ(open_error(), ErrorKind::locked);
  const auto refused = open(with_passphrase("hunter2"));
  EXPECT_EQ((refused.error().message + refused.error().hint).find("hunter2"), std::string::npos);
}

TEST_F(KeyringTest, any_of_several_slots_opens_and_any_fitting_candidate_is_found) {
  const auto made = create();
  const auto second = made->add_slot(with_passphrase("another"), "hers");
  const auto third = made->add_slot(with_key(SlotKind::key_file, 3), "boot");
  ASSERT_TRUE(second);
  ASSERT_TRUE(third);
  EXPECT_EQ(*second, 2U);
  EXPECT_EQ(*third, 3U);
  for (int i = 0; i < 3; ++i) {
    const auto opened = open(i == 0   ? with_passphrase("open sesame")
                             : i == 1 ? with_passphrase("another")
                                      : with_key(SlotKind::key_file, 3));
    ASSERT_TRUE(opened) << i;
    EXPECT_EQ(keys_of(**opened), keys_of(*made));
    EXPECT_EQ((*opened)->slots().size(), 3U);
  }
  EXPECT_TRUE(open(with_passphrase("wrong"), with_key(SlotKind::key_file, 9), with_passphrase("another")));
  EXPECT_TRUE(open(with_passphrase("wrong"), with_key(SlotKind::key_file, 3)));
}

TEST_F(KeyringTest, removed_slot_no_longer_opens_and_its_number_is_not_used_again) {
  const auto made = create();
  ASSERT_EQ(made->add_slot(with_passphrase("another"), "hers").value(), 2U);
  ASSERT_TRUE(made->remove_slot(2));
  EXPECT_EQ(open_error(with_passphrase("another")), ErrorKind::wrong_key);
  EXPECT_TRUE(open(with_passphrase("open sesame")));
  EXPECT_EQ(made->add_slot(with_passphrase("third"), "x").value(), 3U);
  EXPECT_EQ(made->remove_slot(2).error().kind, ErrorKind::not_found);
}

TEST_F(KeyringTest, last_everyday_slot_cannot_be_removed_even_beside_a_recovery_slot) {
  const auto made = create();
  EXPECT_EQ(made->remove_slot(1).error().id, "keyring.last_slot");
  ASSERT_TRUE(made->make_kit());
  ASSERT_TRUE(made->confirm_kit());
  EXPECT_EQ(made->remove_slot(1).error().id, "keyring.last_slot");
  ASSERT_TRUE(made->add_slot(with_key(SlotKind::key_file, 1), "boot"));
  EXPECT_TRUE(made->remove_slot(1));
  EXPECT_EQ(open_error(with_passphrase("open sesame")), ErrorKind::wrong_key);
  EXPECT_TRUE(open(with_key(SlotKind::key_file, 1)));
}

TEST_F(KeyringTest, unusable_secrets_names_and_costs_are_refused_before_anything_is_written) {
  const auto options = test_options(machine_);
  const auto refused = [&](const CreateOptions& with, const Unlocking& secret, const std::string& label) {
    const auto made = Keyring::create(machine_, kFolder, with, secret, label);
    EXPECT_FALSE(made);
    EXPECT_TRUE(files_.all_paths().empty());
    return made ? std::string() : made.error().id;
  };
  EXPECT_EQ(refused(options, with_passphrase(""), "x"), "keyring.empty_passphrase");
  EXPECT_EQ(refused(options, with_passphrase(std::string(4097, 'x')), "x"), "keyring.long_passphrase");
  EXPECT_EQ(refused(options, with_key(SlotKind::key_file, 0), "x"), "keyring.empty_key");
  EXPECT_EQ(refused(options, with_key(SlotKind::recovery, 1), "x"), "keyring.recovery_slot");
  EXPECT_EQ(refused(options, with_passphrase("x"), std::string(256, 'x')), "keyring.name");
  EXPECT_EQ(refused(options, with_passphrase("x"), "\xff"), "keyring.name");
  for (const codec::PassphraseCost cost :
       {codec::PassphraseCost{7, 1}, codec::PassphraseCost{8, 0}, codec::PassphraseCost{(2U << 20) + 1, 1},
        codec::PassphraseCost{2U << 20, 9}}) {
    CreateOptions dear = test_options(machine_);
    dear.passphrase_cost = cost;
    EXPECT_EQ(refused(dear, with_passphrase("x"), "x"), "keyring.passphrase_cost");
  }
  CreateOptions nobody = test_options(machine_);
  nobody.vault = {};
  EXPECT_EQ(refused(nobody, with_passphrase("x"), "x"), "keyring.no_vault");

  const auto made = create();
  const std::uint64_t points = files_.points();
  EXPECT_EQ(made->add_slot(with_passphrase(""), "x").error().id, "keyring.empty_passphrase");
  EXPECT_EQ(made->add_slot(with_key(SlotKind::recovery, 1), "x").error().id, "keyring.recovery_slot");
  EXPECT_EQ(made->add_slot(with_passphrase("x"), "x", codec::PassphraseCost{1, 1}).error().id,
            "keyring.passphrase_cost");
  EXPECT_EQ(made->rename_vault(std::string(256, 'x')).error().id, "keyring.name");
  EXPECT_EQ(made->confirm_kit().error().id, "keyring.no_kit_made");
  EXPECT_EQ(files_.points(), points);
}

TEST_F(KeyringTest, existing_keyring_is_never_written_over_by_create) {
  const auto made = create();
  for (const std::string& path : {kFirst, kSecond}) {
    const auto again = create_test_keyring(machine_, kFolder);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, ErrorKind::conflict);
    files_.erase(path);
    if (path == kFirst) {
      EXPECT_EQ(create_test_keyring(machine_, kFolder).error().kind, ErrorKind::conflict);
      EXPECT_TRUE(made->repair());
    }
  }
}

TEST_F(KeyringTest, missing_keyring_says_missing_home) {
  EXPECT_EQ(open_error(with_passphrase("x")), ErrorKind::missing_home);
  EXPECT_EQ(Keyring::look_from_outside(files_, kFolder).error().kind, ErrorKind::missing_home);
}

TEST_F(KeyringTest, look_from_outside_needs_no_secret) {
  const auto made = create();
  ASSERT_TRUE(made->add_slot(with_key(SlotKind::key_file, 1), "boot"));
  ASSERT_TRUE(made->make_kit());
  files_.flip_bits(kFirst, 300);
  const auto outside = Keyring::look_from_outside(files_, kFolder);
  ASSERT_TRUE(outside);
  EXPECT_EQ(outside->vault, made->vault());
  EXPECT_EQ(outside->suite, codec::SealSuite::aes256gcm);
  EXPECT_EQ(outside->slot_kinds, (std::vector{SlotKind::passphrase, SlotKind::key_file, SlotKind::recovery}));
}

TEST_F(KeyringTest, unencrypted_vault_opens_without_secrets_and_has_no_slots_or_kit) {
  const auto made = create(codec::SealSuite::none);
  ASSERT_TRUE(made->add_domain());
  EXPECT_TRUE(made->slots().empty());
  const auto opened = open();
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(keys_of(**opened), keys_of(*made));
  EXPECT_EQ(hex((*opened)->derived_key("catalog")), hex(made->derived_key("catalog")));
  EXPECT_TRUE(open(with_passphrase("whatever")));
  EXPECT_EQ((*opened)->kit_state(), Keyring::KitState::not_needed);
  EXPECT_EQ((*opened)->add_slot(with_passphrase("x"), "x").error().id, "keyring.not_encrypted");
  EXPECT_EQ((*opened)->make_kit().error().id, "keyring.not_encrypted");
  EXPECT_EQ((*opened)->rotate_root({}).error().id, "keyring.not_encrypted");
  EXPECT_EQ((*opened)->remove_slot(1).error().kind, ErrorKind::not_found);
  EXPECT_TRUE((*opened)->rename_vault("clear"));
  EXPECT_EQ(Keyring::look_from_outside(files_, kFolder)->slot_kinds.size(), 0U);
}

TEST_F(KeyringTest, names_secrets_and_keys_are_not_readable_in_the_files) {
  const auto made = create();
  ASSERT_TRUE(made->add_slot(with_key(SlotKind::key_file, 0x5A), "stick in the drawer"));
  const auto kit = made->make_kit();
  ASSERT_TRUE(kit);
  const auto recovery = Keyring::parse_kit(kit->file);
  ASSERT_TRUE(recovery);
  std::vector<std::string> secrets = {"photographs",          "notebook",    "stick in", "open sesame",
                                      std::string(8, '\x5A'), "recovery kit"};
  const DomainKeys* const domain = made->domain(kDefaultDomain);
  for (const auto* const key : {&domain->id_key, &domain->gear_key, &domain->payload_key, &domain->pack_key,
                                &made->journal_key(), &recovery->key}) {
    secrets.push_back(to_string(ByteView(key->view()).first(8)));
  }
  for (const std::string& path : files_.all_paths()) {
    const std::string content = to_string(files_.content(path));
    for (const std::string& secret : secrets) EXPECT_EQ(content.find(secret), std::string::npos) << path;
  }
}

TEST_F(KeyringTest, rename_and_domains_survive_reopening_and_references_stay_valid) {
  const auto made = create();
  const std::string& old_name = made->vault_name();
  const DomainKeys* const first = made->domain(kDefaultDomain);
  const codec::SecretKey& journal = made->journal_key();
  const std::string first_id = hex(first->id_key);
  const std::string journal_hex = hex(journal);
  ASSERT_TRUE(made->rename_vault("archive"));
  EXPECT_EQ(made->add_domain().value(), DomainNumber{2});
  EXPECT_EQ(made->add_domain().value(), DomainNumber{3});
  EXPECT_EQ(old_name, "photographs of the family");
  EXPECT_EQ(made->domain(kDefaultDomain), first);
  EXPECT_EQ(hex(first->id_key), first_id);
  EXPECT_EQ(hex(journal), journal_hex);
  const auto opened = open(with_passphrase("open sesame"));
  ASSERT_TRUE(opened);
  EXPECT_EQ((*opened)->vault_name(), "archive");
  EXPECT_EQ(keys_of(**opened), keys_of(*made));
  EXPECT_EQ((*opened)->domains(), (std::vector{DomainNumber{1}, DomainNumber{2}, DomainNumber{3}}));
  EXPECT_EQ((*opened)->generation(), 4U);
}

TEST_F(KeyringTest, destroyed_domain_is_gone_from_both_files_and_its_number_is_not_used_again) {
  const auto made = create();
  ASSERT_TRUE(made->add_domain());
  const std::string doomed = hex(made->domain(DomainNumber{2})->pack_key);
  files_.set_content(kFirst + ".damaged", as_bytes("remains of a restore"));
  ASSERT_TRUE(made->destroy_domain(DomainNumber{2}));
  EXPECT_EQ(made->domain(DomainNumber{2}), nullptr);
  EXPECT_FALSE(files_.exists(kFirst + ".damaged"));
  EXPECT_EQ(made->destroy_domain(DomainNumber{2}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(made->destroy_domain(kDefaultDomain).error().kind, ErrorKind::conflict);
  EXPECT_EQ(made->add_domain().value(), DomainNumber{3});
  for (const std::string& gone : {kFirst, kSecond}) {
    auto one = files_.clone();
    one->erase(gone);
    TestMachine half(std::move(one));
    const auto opened = Keyring::open(half.machine(), kFolder, candidates(with_passphrase("open sesame")));
    ASSERT_TRUE(opened);
    EXPECT_EQ((*opened)->domain(DomainNumber{2}), nullptr);
    EXPECT_EQ(keys_of(**opened).find(doomed), std::string::npos);
  }
}

TEST_F(KeyringTest, local_key_is_made_anew_when_it_is_missing_damaged_or_from_another_vault) {
  const auto made = create();
  const std::string before = hex(made->derived_key("catalog"));
  const Bytes original = files_.content(kLocal);
  const auto expect_new = [&] {
    const auto opened = open(with_passphrase("open sesame"));
    ASSERT_TRUE(opened);
    EXPECT_TRUE((*opened)->local_key_is_new());
    EXPECT_NE(hex((*opened)->derived_key("catalog")), before);
    const auto again = open(with_passphrase("open sesame"));
    EXPECT_FALSE((*again)->local_key_is_new());
    EXPECT_EQ(hex((*again)->derived_key("catalog")), hex((*opened)->derived_key("catalog")));
    files_.set_content(kLocal, original);
  };
  files_.erase(kLocal);
  expect_new();
  for (std::size_t at = 0; at < original.size(); at += 7) {
    files_.flip_bits(kLocal, at);
    expect_new();
  }
  files_.cut(kLocal, 10);
  expect_new();
  ASSERT_TRUE(files_.create_directory("/other"));
  ASSERT_TRUE(create_test_keyring(machine_, "/other"));
  files_.set_content(kLocal, files_.content("/other/local.key"));
  expect_new();
  EXPECT_EQ(hex((*open(with_passphrase("open sesame")))->derived_key("catalog")), before);
}

TEST_F(KeyringTest, read_only_disk_without_local_key_still_opens) {
  create();
  files_.erase(kLocal);
  files_.set_read_only(true);
  const auto opened = open(with_passphrase("open sesame"));
  ASSERT_TRUE(opened);
  EXPECT_TRUE((*opened)->local_key_is_new());
  EXPECT_FALSE(files_.exists(kLocal));
}

TEST_F(KeyringTest, replaced_local_key_changes_derived_keys_only) {
  const auto made = create();
  const std::string keys = keys_of(*made);
  const std::string before = hex(made->derived_key("catalog"));
  ASSERT_TRUE(made->replace_local_key());
  EXPECT_NE(hex(made->derived_key("catalog")), before);
  EXPECT_EQ(keys_of(*made), keys);
  const auto opened = open(with_passphrase("open sesame"));
  EXPECT_EQ(hex((*opened)->derived_key("catalog")), hex(made->derived_key("catalog")));
}

TEST_F(KeyringTest, rotated_root_keeps_only_the_given_slots_and_all_keys) {
  const auto made = create();
  ASSERT_TRUE(made->add_slot(with_passphrase("another"), "hers"));
  ASSERT_TRUE(made->add_slot(with_key(SlotKind::key_file, 3), "boot"));
  ASSERT_TRUE(made->make_kit());
  ASSERT_TRUE(made->confirm_kit());
  const std::string keys = keys_of(*made);
  const std::string derived = hex(made->derived_key("catalog"));
  const Bytes old_file = files_.content(kFirst);
  ASSERT_TRUE(made->rotate_root(candidates(with_key(SlotKind::key_file, 3), with_passphrase("open sesame"))));
  EXPECT_FALSE(made->was_damaged());
  EXPECT_EQ(made->kit_state(), Keyring::KitState::stale);
  EXPECT_EQ(open_error(with_passphrase("another")), ErrorKind::wrong_key);
  for (int i = 0; i < 2; ++i) {
    const auto opened = open(i == 0 ? with_passphrase("open sesame") : with_key(SlotKind::key_file, 3));
    ASSERT_TRUE(opened);
    EXPECT_EQ(keys_of(**opened), keys);
    EXPECT_EQ(hex((*opened)->derived_key("catalog")), derived);
    EXPECT_FALSE((*opened)->was_damaged());
    const auto slots = (*opened)->slots();
    ASSERT_EQ(slots.size(), 2U);
    EXPECT_EQ(slots[0].label, "written in the notebook");
    EXPECT_EQ(slots[1].label, "boot");
    EXPECT_EQ(slots[1].number, 3U);
  }
  // The old root key opens nothing of the new files: a body sealed under it is not there.
  const auto old_frame = internal::decode_frame(internal::kKeyringFrame, old_file);
  const auto new_frame = internal::decode_frame(internal::kKeyringFrame, files_.content(kFirst));
  const auto old_slots = internal::decode_slots(old_frame->clear());
  const auto secret = with_passphrase("another");
  const auto key = internal::slot_key((*old_slots)[1], made->vault(), secret);
  const auto old_root = internal::unwrap_root((*old_slots)[1], made->vault(), *key);
  ASSERT_TRUE(old_root);
  const auto body_key = internal::body_key(*old_root, made->vault());
  EXPECT_TRUE(internal::open_frame(internal::kKeyringFrame, *old_frame, body_key));
  EXPECT_FALSE(internal::open_frame(internal::kKeyringFrame, *new_frame, body_key));
}

TEST_F(KeyringTest, rotation_without_a_fitting_secret_changes_nothing) {
  const auto made = create();
  const std::uint64_t points = files_.points();
  EXPECT_EQ(made->rotate_root({}).error().id, "keyring.nothing_kept");
  EXPECT_EQ(made->rotate_root(candidates(with_passphrase("open sesame"), with_passphrase("typo"))).error().kind,
            ErrorKind::wrong_key);
  EXPECT_EQ(made->rotate_root(candidates(with_key(SlotKind::recovery, 1))).error().id, "keyring.recovery_not_kept");
  EXPECT_EQ(files_.points(), points);
  EXPECT_TRUE(open(with_passphrase("open sesame")));
}

TEST_F(KeyringTest, slots_and_domains_stop_at_their_limits_with_room_for_a_kit) {
  const auto made = create();
  Result<std::uint32_t> added = 0U;
  while (added) added = made->add_slot(with_key(SlotKind::key_file, 1), std::string(255, 'x'));
  EXPECT_EQ(added.error().kind, ErrorKind::limit);
  EXPECT_EQ(made->slots().size(), kSlotsMax - 1);
  EXPECT_TRUE(made->make_kit());
  EXPECT_EQ(made->slots().size(), kSlotsMax);
  EXPECT_TRUE(made->make_kit());  // takes the place of the one that nobody confirmed
  EXPECT_TRUE(made->confirm_kit());
  const auto opened = open(with_key(SlotKind::key_file, 1));
  ASSERT_TRUE(opened);
  EXPECT_EQ((*opened)->slots().size(), kSlotsMax);
}

TEST_F(KeyringTest, largest_keyring_fits_its_size_limit) {
  internal::Body body;
  body.vault_name = std::string(kNameBytesMax, 'n');
  body.journal_key = std::make_shared<const codec::SecretKey>(internal::random_key(machine_.random));
  std::vector<internal::Slot> slots;
  for (std::uint32_t n = 1; n <= kSlotsMax; ++n) {
    internal::Slot slot;
    slot.number = UINT32_MAX - n;
    slot.cost = {internal::kCostMemoryKibMax, 1};
    machine_.random.fill(slot.wrapped);
    slots.push_back(slot);
    body.labels[slot.number] = {std::string(kNameBytesMax, 'l'), {INT64_MAX}, {}};
  }
  for (std::uint32_t n = 1; n <= kDomainsMax; ++n) {
    auto domain = std::make_shared<internal::Domain>();
    domain->keys.number.value = UINT32_MAX - n;
    body.domains.emplace(UINT32_MAX - n, domain);
  }
  body.next_slot = UINT32_MAX;
  body.next_domain = UINT32_MAX;
  body.cost = kTestCost;
  const auto plain = internal::encode_body(body);
  const auto image = internal::encode_frame(internal::kKeyringFrame, {.vault = platform::new_id<VaultId>(machine_)},
                                            internal::encode_slots(slots), {}, plain.bytes, machine_.random);
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_TRUE(internal::decode_body(plain.bytes, slots));
}

TEST_F(KeyringTest, const_members_may_be_used_while_the_keyring_is_changed) {
  const auto made = create();
  std::atomic<bool> stop = false;
  std::vector<std::unique_ptr<platform::Thread>> readers;
  for (int i = 0; i < 2; ++i) {
    readers.push_back(machine_.threads.start("reader", [&] {
      while (!stop) {
        EXPECT_FALSE(made->vault_name().empty());
        for (const DomainNumber number : made->domains()) EXPECT_NE(made->domain(number), nullptr);
        EXPECT_FALSE(made->slots().empty());
        static_cast<void>(made->derived_key("x"));
        static_cast<void>(made->kit_state());
      }
    }));
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(made->rename_vault("name " + std::to_string(i)));
    EXPECT_TRUE(made->add_domain());
    EXPECT_TRUE(made->replace_local_key());
  }
  stop = true;
}

}  // namespace
}  // namespace atl::keyring
