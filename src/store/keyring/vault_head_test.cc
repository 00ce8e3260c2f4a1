#include "store/keyring/vault_head.h"

#include <gtest/gtest.h>

#include <functional>

#include "foundation/codec/fields.h"
#include "foundation/codec/hash.h"
#include "foundation/platform/testing/test_machine.h"
#include "store/keyring/internal/frame.h"
#include "store/keyring/testing/test_keyring.h"

namespace atl::keyring {
namespace {

using platform::CrashPolicy;
using platform::Operation;
using platform::StopWhen;
using platform::TestMachine;

const std::string kFolder = "/vault";
const std::string kFirst = "/vault/vault.head";
const std::string kSecond = "/vault/vault.head.2";

class VaultHeadTest : public testing::TestWithParam<codec::SealSuite> {
 protected:
  VaultHeadTest() {
    EXPECT_TRUE(test_machine_.files.create_directory(kFolder));
    EXPECT_TRUE(test_machine_.files.sync_directory("/"));
    auto made = create_test_keyring(machine_, kFolder, GetParam());
    EXPECT_TRUE(made);
    keys_ = std::move(*made);
    head_.vault = keys_->vault();
    head_.suite = keys_->suite();
    head_.history = platform::new_id<HistoryId>(machine_);
    head_.created = machine_.clock.now();
    head_.zstd_level_hot = -1;
    EXPECT_TRUE(create_vault_head(machine_, kFolder, *keys_, head_));
  }
  [[nodiscard]] CheckpointRoot root(std::uint64_t lsn, std::size_t bytes = 100) {
    return {Lsn{lsn}, head_.history, test_machine_.random.bytes(bytes)};
  }
  Result<LoadedVaultHead> load(HealHead heal = HealHead::no) {
    return load_vault_head(machine_, kFolder, *keys_, heal);
  }
  Result<void> store(VaultHead& head) { return store_vault_head(machine_, kFolder, *keys_, head); }

  TestMachine test_machine_;
  platform::Machine machine_ = test_machine_.machine();
  platform::MemoryFileSystem& files_ = test_machine_.files;
  std::unique_ptr<Keyring> keys_;
  VaultHead head_;
};
INSTANTIATE_TEST_SUITE_P(Suites, VaultHeadTest, testing::Values(codec::SealSuite::aes256gcm, codec::SealSuite::none),
                         [](const auto& suite) {
                           return suite.param == codec::SealSuite::none ? "none" : "aes256gcm";
                         });

TEST_P(VaultHeadTest, stored_head_loads_the_same_with_a_higher_generation) {
  EXPECT_EQ(head_.generation, 1U);
  head_.checkpoints = {root(900, kCheckpointRootBytesMax), root(500, 1)};
  head_.oldest_kept = Lsn{400};
  ASSERT_TRUE(store(head_));
  EXPECT_EQ(head_.generation, 2U);
  const auto loaded = load();
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->head, head_);
  EXPECT_TRUE(loaded->findings.empty());
  EXPECT_FALSE(loaded->healed);
  EXPECT_EQ(files_.content(kFirst), files_.content(kSecond));
}

TEST_P(VaultHeadTest, constants_are_readable_without_keys) {
  files_.flip_bits(kFirst, 100);
  const auto outside = look_at_vault_head(files_, kFolder);
  ASSERT_TRUE(outside);
  EXPECT_EQ(outside->vault, head_.vault);
  EXPECT_EQ(outside->suite, GetParam());
  EXPECT_EQ(outside->journal_segment_bytes, 64U << 20);
  EXPECT_EQ(outside->parity_data, 32U);
  EXPECT_EQ(outside->parity_extra, 1U);
  EXPECT_EQ(outside->generation, 1U);
}

TEST_P(VaultHeadTest, values_out_of_range_are_refused_before_anything_is_written) {
  const std::uint64_t points = files_.points();
  const auto refused = [&](const std::function<void(VaultHead&)>& change) {
    VaultHead bad = head_;
    change(bad);
    const auto stored = store(bad);
    EXPECT_FALSE(stored);
    if (!stored) {
      EXPECT_EQ(stored.error().kind, ErrorKind::usage);
    }
    EXPECT_EQ(bad.generation, head_.generation);
  };
  refused([](VaultHead& h) { h.journal_segment_bytes = 4096; });
  refused([](VaultHead& h) { h.journal_segment_bytes = (64U << 10) + 1; });
  refused([](VaultHead& h) { h.journal_segment_bytes = 2U << 30; });
  refused([](VaultHead& h) { h.parity_data = 0; });
  refused([](VaultHead& h) { h.parity_data = 256; });
  refused([](VaultHead& h) { h.parity_extra = 33; });
  refused([](VaultHead& h) { h.zstd_level_cold = 23; });
  refused([](VaultHead& h) { h.history = {}; });
  refused([](VaultHead& h) { h.vault.bytes[0] ^= 1; });
  refused([&](VaultHead& h) { h.checkpoints = {root(3), root(2), root(1)}; });
  refused([&](VaultHead& h) { h.checkpoints = {root(1), root(2)}; });
  refused([&](VaultHead& h) { h.checkpoints = {root(1, 0)}; });
  refused([&](VaultHead& h) { h.checkpoints = {root(1, kCheckpointRootBytesMax + 1)}; });
  refused([](VaultHead& h) { h.journal_segment_bytes = 128U << 20; });  // in range, but a constant
  refused([](VaultHead& h) { h.parity_extra = 4; });
  refused([](VaultHead& h) { h.created.unix_us += 1; });
  EXPECT_EQ(files_.points(), points);
}

TEST_P(VaultHeadTest, create_refuses_where_a_head_is_already) {
  EXPECT_EQ(create_vault_head(machine_, kFolder, *keys_, head_).error().kind, ErrorKind::conflict);
  files_.erase(kFirst);
  EXPECT_EQ(create_vault_head(machine_, kFolder, *keys_, head_).error().kind, ErrorKind::conflict);
}

TEST_P(VaultHeadTest, damage_of_any_byte_of_one_file_is_named_and_healed) {
  head_.checkpoints = {root(9)};
  ASSERT_TRUE(store(head_));
  const Bytes original = files_.content(kFirst);
  for (const std::string& path : {kFirst, kSecond}) {
    for (std::size_t at = 0; at < original.size(); ++at) {
      files_.flip_bits(path, at, static_cast<std::uint8_t>(1U << (at % 8)));
      const auto looked = load(HealHead::no);
      ASSERT_TRUE(looked) << at;
      ASSERT_EQ(looked->findings.size(), 1U) << at;
      ASSERT_FALSE(looked->healed);
      const auto loaded = load(HealHead::yes);
      ASSERT_TRUE(loaded);
      ASSERT_EQ(loaded->head, head_);
      ASSERT_TRUE(loaded->healed);
      ASSERT_EQ(loaded->findings[0].find("'" + path.substr(7) + "'"), 0U) << loaded->findings[0];
      ASSERT_EQ(files_.content(path), original);
    }
  }
  files_.erase(kSecond);
  EXPECT_EQ(load(HealHead::yes)->findings[0], "'vault.head.2' is missing");
  EXPECT_TRUE(load()->findings.empty());
}

TEST_P(VaultHeadTest, file_that_is_behind_is_brought_up) {
  const Bytes old = files_.content(kFirst);
  head_.checkpoints = {root(9)};
  ASSERT_TRUE(store(head_));
  for (const std::string& path : {kFirst, kSecond}) {
    files_.set_content(path, old);
    const auto loaded = load(HealHead::yes);
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->head, head_);
    EXPECT_TRUE(loaded->healed);
    EXPECT_NE(loaded->findings[0].find("is behind"), std::string::npos);
    EXPECT_EQ(files_.content(path), files_.content(path == kFirst ? kSecond : kFirst));
  }
}

TEST_P(VaultHeadTest, failed_healing_is_told_and_no_error) {
  files_.flip_bits(kFirst, 50);
  files_.set_read_only(true);
  const auto loaded = load(HealHead::yes);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->head, head_);
  EXPECT_FALSE(loaded->healed);
  EXPECT_EQ(loaded->findings.size(), 2U);
}

TEST_P(VaultHeadTest, damage_in_both_files_says_damaged_and_can_be_written_anew) {
  files_.flip_bits(kFirst, 50);
  files_.flip_bits(kSecond, 120);
  EXPECT_EQ(load(HealHead::yes).error().kind, ErrorKind::damaged);
  EXPECT_EQ(look_at_vault_head(files_, kFolder).error().kind, ErrorKind::damaged);
  ASSERT_TRUE(store(head_));
  EXPECT_EQ(load()->head, head_);
  files_.erase(kFirst);
  files_.erase(kSecond);
  EXPECT_EQ(load().error().kind, ErrorKind::missing_home);
  EXPECT_TRUE(store(head_));
}

TEST_P(VaultHeadTest, head_of_another_vault_or_under_other_keys_is_never_written_over) {
  ASSERT_TRUE(files_.create_directory("/other"));
  const auto other = create_test_keyring(machine_, "/other", GetParam());
  ASSERT_TRUE(other);
  VaultHead foreign = head_;
  foreign.vault = (*other)->vault();
  ASSERT_TRUE(create_vault_head(machine_, "/other", **other, foreign));
  const Bytes image = files_.content("/other/vault.head");
  files_.set_content(kFirst, image);
  EXPECT_EQ(load(HealHead::yes).error().id, "vault_head.two_vaults");
  EXPECT_EQ(store(head_).error().id, "vault_head.two_vaults");
  files_.set_content(kSecond, image);
  EXPECT_EQ(load(HealHead::yes).error().kind, ErrorKind::wrong_key);
  EXPECT_EQ(store(head_).error().kind, ErrorKind::wrong_key);
  EXPECT_EQ(files_.content(kFirst), image);
}

TEST_P(VaultHeadTest, file_of_a_newer_format_is_refused_and_kept) {
  Bytes image = files_.content(kFirst);
  image[8] = 1;
  store_le(image.data() + 72, codec::crc32c(ByteView(image).first(72)));
  const auto digest = codec::blake3(ByteView(image).first(image.size() - 32));
  std::copy(digest.begin(), digest.end(), image.end() - 32);
  files_.set_content(kFirst, image);
  EXPECT_EQ(load(HealHead::yes).error().kind, ErrorKind::unsupported);
  EXPECT_EQ(store(head_).error().kind, ErrorKind::unsupported);
  EXPECT_EQ(files_.content(kFirst), image);
}

TEST_P(VaultHeadTest, fields_and_features_of_a_newer_program_survive_a_store) {
  const auto frame = internal::decode_frame(internal::kVaultHeadFrame, files_.content(kFirst));
  const auto key = codec::derive_key(keys_->journal_key(), keys_->vault().view(), "atoll vault head");
  const auto plain = internal::open_frame(internal::kVaultHeadFrame, *frame, key);
  ASSERT_TRUE(plain);
  Bytes clear = to_bytes(frame->clear());
  Bytes sealed = plain->bytes;
  codec::FieldWriter(clear).put_text(99, "new clear");
  codec::FieldWriter(sealed).put_text(99, "new sealed");
  internal::FrameHeader header = frame->header;
  header.compatible = 2;
  const auto write = [&] {
    const auto image = internal::encode_frame(internal::kVaultHeadFrame, header, clear, key, sealed, machine_.random);
    files_.set_content(kFirst, *image);
    files_.set_content(kSecond, *image);
  };
  write();
  ASSERT_TRUE(store(head_));
  const auto stored = internal::decode_frame(internal::kVaultHeadFrame, files_.content(kSecond));
  EXPECT_EQ(stored->header.compatible, 2U);
  EXPECT_NE(as_text(stored->clear()).find("new clear"), std::string::npos);
  const auto kept = internal::open_frame(internal::kVaultHeadFrame, *stored, key);
  EXPECT_NE(as_text(kept->bytes).find("new sealed"), std::string::npos);
  header.generation = 9;
  header.read_only = 1;
  write();
  EXPECT_EQ(load()->head.history, head_.history);
  EXPECT_EQ(store(head_).error().kind, ErrorKind::unsupported);
}

TEST_P(VaultHeadTest, roots_and_history_are_not_readable_in_an_encrypted_vault) {
  head_.checkpoints = {root(77, 64)};
  ASSERT_TRUE(store(head_));
  const std::string content = to_string(files_.content(kFirst));
  const bool hidden = GetParam() == codec::SealSuite::aes256gcm;
  EXPECT_EQ(content.find(to_string(ByteView(head_.checkpoints[0].root).first(8))) == std::string::npos, hidden);
  EXPECT_EQ(content.find(to_string(head_.history.view())) == std::string::npos, hidden);
}

TEST_P(VaultHeadTest, every_crash_at_every_point_of_a_store_leaves_the_old_or_the_new_head) {
  const VaultHead old = head_;
  VaultHead fresh = head_;
  fresh.checkpoints = {root(12)};
  const auto base = files_.clone();
  std::uint64_t points = 0;
  {
    TestMachine machine(base->clone());
    VaultHead head = fresh;
    ASSERT_TRUE(store_vault_head(machine.machine(), kFolder, *keys_, head));
    points = machine.files.points();
  }
  std::uint64_t saw_old = 0;
  std::uint64_t saw_new = 0;
  for (std::uint64_t point = 0; point <= points; ++point) {
    for (const StopWhen when : {StopWhen::before, StopWhen::after, StopWhen::torn}) {
      TestMachine machine(base->clone());
      machine.files.stop_at(point, when);
      VaultHead head = fresh;
      const bool acknowledged = store_vault_head(machine.machine(), kFolder, *keys_, head).has_value();
      for (std::uint64_t seed = 0; seed < 8; ++seed) {
        SCOPED_TRACE("point " + std::to_string(point) + " when " + std::to_string(static_cast<int>(when)) + " seed " +
                     std::to_string(seed));
        TestMachine rebooted(machine.files.after_crash(seed, CrashPolicy::random_with_garbage));
        const auto loaded = load_vault_head(rebooted.machine(), kFolder, *keys_, HealHead::yes);
        ASSERT_TRUE(loaded) << loaded.error().message;
        const bool is_new = loaded->head.checkpoints == fresh.checkpoints;
        ++(is_new ? saw_new : saw_old);
        ASSERT_TRUE(is_new || loaded->head == old);
        ASSERT_TRUE(is_new || !acknowledged);
        const auto again = load_vault_head(rebooted.machine(), kFolder, *keys_, HealHead::no);
        ASSERT_TRUE(again);
        ASSERT_TRUE(again->findings.empty());
        ASSERT_EQ(again->head, loaded->head);
        VaultHead next = again->head;
        ASSERT_TRUE(store_vault_head(rebooted.machine(), kFolder, *keys_, next));
      }
    }
  }
  EXPECT_GT(saw_old, 10U);
  EXPECT_GT(saw_new, 10U);
}

TEST_P(VaultHeadTest, failing_calls_are_reported_and_a_later_store_works) {
  const auto base = files_.clone();
  for (const Operation operation :
       {Operation::open, Operation::write, Operation::sync, Operation::rename, Operation::sync_directory}) {
    for (std::uint64_t skip = 0;; ++skip) {
      SCOPED_TRACE("operation " + std::to_string(static_cast<int>(operation)) + " use " + std::to_string(skip));
      ASSERT_LT(skip, 10U);
      TestMachine machine(base->clone());
      // Opening for reading comes first and may fail too: one copy is enough.
      machine.files.fail_next(operation, operation == Operation::open ? "*.new" : "*", ErrorKind::no_space, 1, skip);
      VaultHead head = head_;
      head.checkpoints = {root(5)};
      const auto stored = store_vault_head(machine.machine(), kFolder, *keys_, head);
      machine.files.clear_faults();
      if (stored) {
        EXPECT_EQ(skip, 2U);
        break;
      }
      EXPECT_EQ(stored.error().kind, ErrorKind::no_space);
      EXPECT_EQ(stored.error().id == "vault_head.second_copy", skip == 1);
      ASSERT_TRUE(store_vault_head(machine.machine(), kFolder, *keys_, head));
      const auto loaded = load_vault_head(machine.machine(), kFolder, *keys_, HealHead::no);
      ASSERT_TRUE(loaded);
      EXPECT_EQ(loaded->head, head);
      EXPECT_TRUE(loaded->findings.empty());
    }
  }
}

}  // namespace
}  // namespace atl::keyring
