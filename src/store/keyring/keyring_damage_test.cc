// Rot, lost files, foreign files and files of other versions of the program.
#include <gtest/gtest.h>

#include <functional>

#include "foundation/codec/fields.h"
#include "foundation/codec/hash.h"
#include "foundation/platform/testing/test_machine.h"
#include "store/keyring/internal/content.h"
#include "store/keyring/internal/frame.h"
#include "store/keyring/keyring.h"
#include "store/keyring/testing/test_keyring.h"

namespace atl::keyring {
namespace {

using platform::TestMachine;

const std::string kFolder = "/vault";
const std::string kFirst = "/vault/keyring";
const std::string kSecond = "/vault/keyring.2";

class KeyringDamageTest : public testing::Test {
 protected:
  KeyringDamageTest() {
    EXPECT_TRUE(test_machine_.files.create_directory(kFolder));
    auto made = create_test_keyring(machine_, kFolder);
    EXPECT_TRUE(made);
    keyring_ = std::move(*made);
  }
  Result<std::unique_ptr<Keyring>> open(const std::string& passphrase = "open sesame") {
    return Keyring::open(machine_, kFolder, candidates(with_passphrase(passphrase)));
  }

  TestMachine test_machine_;
  platform::Machine machine_ = test_machine_.machine();
  platform::MemoryFileSystem& files_ = test_machine_.files;
  std::unique_ptr<Keyring> keyring_;
};

// Changes bytes of an image and makes both checksums right again, as a newer program or an attacker would.
Bytes altered(Bytes image, const std::function<void(Bytes&)>& change) {
  change(image);
  store_le(image.data() + 72, codec::crc32c(ByteView(image).first(72)));
  const auto digest = codec::blake3(ByteView(image).first(image.size() - 32));
  std::copy(digest.begin(), digest.end(), image.end() - 32);
  return image;
}

TEST_F(KeyringDamageTest, damage_of_any_byte_of_one_file_is_told_healed_and_costs_nothing) {
  const Bytes original = files_.content(kFirst);
  ASSERT_EQ(original, files_.content(kSecond));
  for (const std::string& path : {kFirst, kSecond}) {
    for (std::size_t at = 0; at < original.size(); ++at) {
      SCOPED_TRACE(path + " at " + std::to_string(at));
      files_.flip_bits(path, at, static_cast<std::uint8_t>(1U << (at % 8)));
      const auto opened = open();
      ASSERT_TRUE(opened) << opened.error().message;
      ASSERT_TRUE((*opened)->was_damaged());
      ASSERT_TRUE((*opened)->journal_key().equals(keyring_->journal_key()));
      ASSERT_TRUE((*opened)->repair());
      ASSERT_FALSE((*opened)->was_damaged());
      ASSERT_EQ(files_.content(path), original);
    }
  }
  EXPECT_FALSE((*open())->was_damaged());
}

TEST_F(KeyringDamageTest, file_cut_at_any_length_grown_or_gone_is_healed_from_the_other) {
  const Bytes original = files_.content(kFirst);
  for (std::size_t length = 0; length < original.size(); ++length) {
    files_.cut(kFirst, length);
    const auto opened = open();
    ASSERT_TRUE(opened && (*opened)->was_damaged()) << length;
    files_.set_content(kFirst, original);
  }
  files_.cut(kFirst, original.size() + 1);
  EXPECT_TRUE((*open())->was_damaged());
  files_.cut(kFirst, 2U << 20);
  EXPECT_TRUE((*open())->was_damaged());
  files_.erase(kFirst);
  const auto opened = open();
  ASSERT_TRUE(opened);
  EXPECT_TRUE((*opened)->was_damaged());
  EXPECT_TRUE((*opened)->repair());
  EXPECT_EQ(files_.content(kFirst), original);
}

TEST_F(KeyringDamageTest, damage_in_both_files_says_damaged_and_never_wrong_key) {
  const std::size_t size = files_.content(kFirst).size();
  for (std::size_t at = 0; at < size; at += 3) {
    files_.flip_bits(kFirst, at);
    files_.flip_bits(kSecond, size - 1 - at);
    const auto opened = open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::damaged) << at;
    EXPECT_FALSE(opened.error().hint.empty());
    EXPECT_EQ(Keyring::look_from_outside(files_, kFolder).error().kind, ErrorKind::damaged);
    files_.flip_bits(kFirst, at);
    files_.flip_bits(kSecond, size - 1 - at);
  }
  EXPECT_TRUE(open());
}

TEST_F(KeyringDamageTest, newer_generation_wins_in_either_file_and_the_older_is_brought_up) {
  const Bytes old = files_.content(kFirst);
  ASSERT_TRUE(keyring_->rename_vault("newer"));
  const Bytes fresh = files_.content(kFirst);
  for (const std::string& path : {kFirst, kSecond}) {
    files_.set_content(path, old);
    const auto opened = open();
    ASSERT_TRUE(opened);
    EXPECT_EQ((*opened)->vault_name(), "newer");
    EXPECT_TRUE((*opened)->was_damaged());
    ASSERT_TRUE((*opened)->repair());
    EXPECT_EQ(files_.content(path), fresh);
  }
}

TEST_F(KeyringDamageTest, older_copy_opened_with_an_older_secret_is_readable_and_refuses_every_change) {
  const Bytes old = files_.content(kFirst);
  ASSERT_TRUE(keyring_->add_slot(with_passphrase("new"), "new"));
  ASSERT_TRUE(keyring_->remove_slot(1));
  ASSERT_TRUE(keyring_->add_domain());
  const Bytes fresh = files_.content(kFirst);
  files_.set_content(kSecond, old);
  const auto opened = open();
  ASSERT_TRUE(opened);
  EXPECT_TRUE((*opened)->was_damaged());
  EXPECT_EQ((*opened)->domains().size(), 1U);
  const std::uint64_t points = files_.points();
  EXPECT_EQ((*opened)->repair().error().id, "keyring.newer_copy");
  EXPECT_EQ((*opened)->rename_vault("x").error().id, "keyring.newer_copy");
  EXPECT_EQ((*opened)->add_domain().error().id, "keyring.newer_copy");
  EXPECT_EQ((*opened)->rotate_root(candidates(with_passphrase("open sesame"))).error().id, "keyring.newer_copy");
  EXPECT_EQ((*opened)->make_kit().error().id, "keyring.newer_copy");
  EXPECT_EQ((*opened)->replace_local_key().error().id, "keyring.newer_copy");
  EXPECT_EQ(files_.points(), points);
  const auto newer = open("new");
  ASSERT_TRUE(newer);
  ASSERT_TRUE((*newer)->repair());
  EXPECT_EQ(files_.content(kSecond), fresh);
  EXPECT_EQ(open().error().kind, ErrorKind::wrong_key);
}

TEST_F(KeyringDamageTest, files_of_two_vaults_are_refused_and_neither_is_touched) {
  ASSERT_TRUE(files_.create_directory("/other"));
  ASSERT_TRUE(create_test_keyring(machine_, "/other"));
  const Bytes mine = files_.content(kFirst);
  const Bytes foreign = files_.content("/other/keyring");
  files_.set_content(kFirst, foreign);
  EXPECT_EQ(open().error().id, "keyring.two_vaults");
  EXPECT_EQ(files_.content(kFirst), foreign);
  EXPECT_EQ(files_.content(kSecond), mine);
}

TEST_F(KeyringDamageTest, unencrypted_file_put_beside_an_encrypted_one_is_refused) {
  ASSERT_TRUE(files_.create_directory("/other"));
  CreateOptions options = test_options(machine_, codec::SealSuite::none);
  options.vault = keyring_->vault();
  const auto clear = Keyring::create(machine_, "/other", options, {}, "");
  ASSERT_TRUE(clear);
  ASSERT_TRUE((*clear)->rename_vault("a higher generation"));
  files_.set_content(kFirst, files_.content("/other/keyring"));
  EXPECT_EQ(open().error().id, "keyring.two_suites");
}

TEST_F(KeyringDamageTest, slot_or_header_exchanged_with_right_checksums_does_not_open) {
  const Bytes original = files_.content(kFirst);
  ASSERT_TRUE(files_.create_directory("/other"));
  const auto other = create_test_keyring(machine_, "/other");
  ASSERT_TRUE(other);
  files_.erase(kSecond);
  // The vault's id is bound into slots and body.
  files_.set_content(kFirst, altered(original, [](Bytes& b) { b[24] ^= 1; }));
  EXPECT_EQ(open().error().kind, ErrorKind::wrong_key);
  // The generation is bound into the body.
  files_.set_content(kFirst, altered(original, [](Bytes& b) { b[40] ^= 2; }));
  EXPECT_EQ(open().error().kind, ErrorKind::damaged);
  // Encrypted bytes read as clear ones.
  files_.set_content(kFirst, altered(original, [](Bytes& b) { b[48] = 0; }));
  EXPECT_EQ(open().error().kind, ErrorKind::damaged);
  // Every byte of both sections.
  for (std::size_t at = internal::kFrameHeaderBytes; at + 32 < original.size(); ++at) {
    files_.set_content(kFirst, altered(original, [&](Bytes& b) { b[at] ^= 0x10; }));
    EXPECT_FALSE(open()) << at;
  }
}

TEST_F(KeyringDamageTest, file_of_a_newer_format_is_refused_even_beside_an_older_good_one) {
  const Bytes original = files_.content(kFirst);
  for (const std::size_t at : {8U, 20U, 23U, 48U}) {
    SCOPED_TRACE(at);
    files_.set_content(kFirst, altered(original, [&](Bytes& b) { b[at] = 0x40; }));
    const auto opened = open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::unsupported);
    EXPECT_EQ(opened.error().id, "keyring.too_new");
    EXPECT_EQ(keyring_->repair().error().kind, ErrorKind::unsupported);
    files_.set_content(kFirst, original);
  }
}

// Writes both files with the given header bits and sections, sealed with the right keys.
class OtherVersions : public KeyringDamageTest {
 protected:
  OtherVersions() {
    const auto frame = internal::decode_frame(internal::kKeyringFrame, files_.content(kFirst));
    header_ = frame->header;
    slots_ = *internal::decode_slots(frame->clear());
    const auto secret = with_passphrase("open sesame");
    const auto key = internal::slot_key(slots_[0], header_.vault, secret);
    root_ = std::move(*internal::unwrap_root(slots_[0], header_.vault, *key));
    const auto plain = internal::open_frame(internal::kKeyringFrame, *frame, internal::body_key(root_, header_.vault));
    body_ = *internal::decode_body(plain->bytes, slots_);
  }
  void write(ByteView clear, ByteView plain) {
    const auto image = internal::encode_frame(internal::kKeyringFrame, header_, clear,
                                              internal::body_key(root_, header_.vault), plain, machine_.random);
    ASSERT_TRUE(image);
    files_.set_content(kFirst, *image);
    files_.set_content(kSecond, *image);
  }
  void write() { write(internal::encode_slots(slots_), internal::encode_body(body_).bytes); }

  internal::FrameHeader header_;
  std::vector<internal::Slot> slots_;
  codec::SecretKey root_;
  internal::Body body_;
};

TEST_F(OtherVersions, read_only_feature_opens_and_refuses_changes_and_compatible_ones_are_kept) {
  header_.compatible = 0x80000001;
  write();
  const auto opened = open();
  ASSERT_TRUE(opened);
  ASSERT_TRUE((*opened)->rename_vault("x"));
  EXPECT_EQ(load_le<std::uint32_t>(files_.content(kFirst).data() + 12), 0x80000001U);

  header_.read_only = 4;
  write();
  const auto frozen = open();
  ASSERT_TRUE(frozen) << frozen.error().message;
  EXPECT_EQ((*frozen)->rename_vault("y").error().kind, ErrorKind::unsupported);
  EXPECT_EQ((*frozen)->add_domain().error().kind, ErrorKind::unsupported);
}

TEST_F(OtherVersions, fields_that_a_newer_program_added_survive_every_change) {
  const Bytes extra = [] {
    Bytes out;
    codec::FieldWriter(out).put_text(1000, "from the future");
    return out;
  }();
  slots_[0].unknown = extra;
  body_.unknown = extra;
  body_.labels.begin()->second.unknown = extra;
  auto domain = std::make_shared<internal::Domain>();
  domain->keys.number = kDefaultDomain;
  domain->unknown = extra;
  body_.domains[1] = domain;
  write();
  const auto opened = open();
  ASSERT_TRUE(opened) << opened.error().message;
  ASSERT_TRUE((*opened)->rename_vault("x"));
  ASSERT_TRUE((*opened)->rotate_root(candidates(with_passphrase("open sesame"))));
  ASSERT_TRUE((*opened)->add_domain());

  const auto frame = internal::decode_frame(internal::kKeyringFrame, files_.content(kFirst));
  const auto slots = internal::decode_slots(frame->clear());
  ASSERT_TRUE(slots);
  EXPECT_EQ((*slots)[0].unknown, extra);
  const auto secret = with_passphrase("open sesame");
  const auto key = internal::slot_key((*slots)[0], header_.vault, secret);
  const auto root = internal::unwrap_root((*slots)[0], header_.vault, *key);
  const auto plain = internal::open_frame(internal::kKeyringFrame, *frame, internal::body_key(*root, header_.vault));
  const auto body = internal::decode_body(plain->bytes, *slots);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->unknown, extra);
  EXPECT_EQ(body->labels.begin()->second.unknown, extra);
  EXPECT_EQ(body->domains.at(1)->unknown, extra);
}

TEST_F(OtherVersions, unknown_kind_of_slot_is_unsupported) {
  slots_[0].kind = static_cast<SlotKind>(4);
  write();
  EXPECT_EQ(open().error().kind, ErrorKind::unsupported);
}

TEST_F(OtherVersions, contents_that_contradict_themselves_are_damaged) {
  const internal::Body good_body = body_;
  const std::vector<internal::Slot> good_slots = slots_;
  int number = 0;
  const auto expect_damaged = [&](const std::function<void()>& change) {
    SCOPED_TRACE(++number);
    body_ = good_body;
    slots_ = good_slots;
    change();
    write();
    const auto opened = open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::damaged) << opened.error().message;
  };
  expect_damaged([&] { slots_[0].cost = {UINT32_MAX, UINT32_MAX}; });
  expect_damaged([&] { slots_[0].cost = {2U << 20, 64}; });
  expect_damaged([&] { slots_[0].cost = {0, 0}; });
  expect_damaged([&] { slots_[0].number = 0; });
  expect_damaged([&] { slots_.push_back(slots_[0]); });
  expect_damaged([&] { body_.labels[7] = {"nobody's", {}, {}}; });
  expect_damaged([&] { body_.labels.clear(); });
  expect_damaged([&] { body_.domains.clear(); });
  expect_damaged([&] { body_.next_domain = 1; });
  expect_damaged([&] { body_.next_slot = 1; });
  expect_damaged([&] { body_.key_generation = 0; });
  expect_damaged([&] { body_.cost = {0, 0}; });
  expect_damaged([&] { body_.vault_name = std::string(256, 'x'); });
  expect_damaged([&] { body_.vault_name = "\xC0\x80"; });
  expect_damaged([&] { body_.labels.begin()->second.label = "\xFF"; });
  expect_damaged([&] { header_.generation = UINT64_MAX; });
  header_.generation = 5;
  body_ = good_body;
  slots_ = good_slots;
  body_.created = {};  // the one field at the end that may be missing
  const auto plain = internal::encode_body(body_);
  for (std::size_t length = 0; length < plain.bytes.size(); ++length) {  // missing fields at the end
    write(internal::encode_slots(slots_), ByteView(plain.bytes).first(length));
    EXPECT_FALSE(open()) << length;
  }
}

}  // namespace
}  // namespace atl::keyring
