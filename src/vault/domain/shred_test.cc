// Buckets with keys of their own, shredded; crashes at every step of it.
#include "vault/domain/shred.h"

#include <gtest/gtest.h>

#include "vault/checkpoint.h"
#include "vault/testing/test_vault.h"
#include "vault/verify.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using platform::CrashPolicy;
using platform::TestMachine;

struct Pair {  // two buckets with the same content, one of them with keys of its own
  Bytes secret = words(1, 300'000);
  Bytes other = noise(2, 50'000);
};

Result<void> fill(Vault& vault, const Pair& pair) {
  ATOLL_TRY(create_bucket(vault, "patients", true));
  ATOLL_TRY(put_bytes(vault, "patients", "anna/scan", pair.secret));
  ATOLL_TRY(put_bytes(vault, "patients", "anna/notes", pair.other));
  ATOLL_TRY(put_bytes(vault, "patients", "anna/notes", as_bytes("second version")));
  ATOLL_TRY(put_bytes(vault, "plain-files", "same", pair.secret));
  return {};
}

// Nothing of the bucket is left but its record, the rest is as it was, and verify is content.
void expect_shredded(Vault& vault, const Pair& pair) {
  const auto state = state_of(vault);
  ASSERT_EQ(told(state), "ok");
  VaultState expected;
  expected["plain-files"]["same"] = object_state(pair.secret);
  EXPECT_EQ(difference(expected, *state), "");
  const auto rows = rows_of(vault);
  ASSERT_EQ(told(rows), "ok");
  for (const auto& [key, row] : *rows) {
    EXPECT_EQ(to_string(key.second).find("anna/"), std::string::npos);
    EXPECT_EQ(to_string(row).find("anna/"), std::string::npos);
  }
  const auto records = vault.reader()->all<catalog::DomainRow>();
  ASSERT_EQ(told(records), "ok");
  ASSERT_EQ(records->size(), 1U);
  EXPECT_EQ(records->front().bucket_name, "patients");
  EXPECT_NE(records->front().destroyed.unix_us, 0);
  EXPECT_EQ(records->front().objects, 2U);
  EXPECT_EQ(records->front().reason, "asked for");
  EXPECT_EQ(vault.keys().domain(records->front().number), nullptr);
  for (const auto& pack : vault.chunks().list_packs()) EXPECT_EQ(pack.domain, kDefaultDomain);
  VerifyVaultOptions options;
  options.reads_data = true;
  const auto summary = verify_vault(vault, options);
  ASSERT_EQ(told(summary), "ok");
  EXPECT_TRUE(summary->is_clean()) << (summary->damage.empty() ? "lost" : summary->damage.front().what);
}

class Shredding : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(told(create_small(machine_.inline_machine())), "ok");
    auto opened = open_small(machine_.inline_machine());
    ASSERT_EQ(told(opened), "ok");
    vault_ = std::move(*opened);
  }
  void reopen() {
    ASSERT_EQ(told(vault_->close()), "ok");
    vault_.reset();
    auto opened = open_small(machine_.inline_machine());
    ASSERT_EQ(told(opened), "ok");
    vault_ = std::move(*opened);
  }
  TestMachine machine_;
  std::unique_ptr<Vault> vault_;
  Pair pair_;
};

TEST_F(Shredding, ABucketWithItsOwnKeysSharesNoChunk) {
  ASSERT_EQ(told(fill(*vault_, pair_)), "ok");
  const auto mine = Objects(*vault_).find("patients", "anna/scan").value().version.content;
  const auto other = Objects(*vault_).find("plain-files", "same").value().version.content;
  EXPECT_NE(mine.domain, other.domain);
  EXPECT_NE(mine.parts.front().chunk, other.parts.front().chunk);
  EXPECT_EQ(bytes_of(*vault_, "patients", "anna/scan").value(), pair_.secret);
}

TEST_F(Shredding, EndsEverythingOfTheBucketAndNothingElse) {
  ASSERT_EQ(told(fill(*vault_, pair_)), "ok");
  ASSERT_EQ(told(make_checkpoint(*vault_)), "ok");  // its rows stand in a checkpoint too
  ASSERT_EQ(told(put_bytes(*vault_, "patients", "later", pair_.other)), "ok");
  ASSERT_EQ(told(Objects(*vault_).remove({"patients", "later", false})), "ok");
  reopen();
  const auto plan = plan_shred(*vault_, "patients");
  ASSERT_EQ(told(plan), "ok");
  EXPECT_EQ(plan->objects, 2U);
  EXPECT_EQ(plan->versions, 4U);
  EXPECT_GE(plan->packs, 1U);
  ASSERT_EQ(told(shred(*vault_, "patients", "asked for")), "ok");
  expect_shredded(*vault_, pair_);
  reopen();
  expect_shredded(*vault_, pair_);
  ASSERT_EQ(told(vault_->rebuild()), "ok");
  expect_shredded(*vault_, pair_);
  ASSERT_EQ(told(make_checkpoint(*vault_)), "ok");
  // The name is free again, for another domain.
  ASSERT_EQ(told(create_bucket(*vault_, "patients", true)), "ok");
  ASSERT_EQ(told(put_bytes(*vault_, "patients", "bob", pair_.other)), "ok");
  EXPECT_EQ(bytes_of(*vault_, "patients", "bob").value(), pair_.other);
}

TEST_F(Shredding, IsRefusedWhereSomethingHasToBeKept) {
  ASSERT_EQ(told(fill(*vault_, pair_)), "ok");
  EXPECT_EQ(shred(*vault_, "plain-files", "x").error().id, "shred.no_own_keys");
  EXPECT_EQ(shred(*vault_, "nothing-here", "x").error().id, "bucket.not_found");
  const auto bucket = Objects(*vault_).bucket("patients").value();
  catalog::SnapshotRow snapshot;
  snapshot.name = "figure";
  snapshot.bucket = bucket.id;
  snapshot.is_held = true;
  const auto put_snapshot = [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
    changes.put(snapshot);
    return {};
  };
  ASSERT_EQ(told(vault_->commit(journal::CommandKind::snapshot_change, put_snapshot)), "ok");
  EXPECT_EQ(shred(*vault_, "patients", "x").error().id, "shred.held");
  snapshot.is_held = false;
  ASSERT_EQ(told(vault_->commit(journal::CommandKind::snapshot_change, put_snapshot)), "ok");
  catalog::PolicyRow policy;
  policy.bucket = bucket.id;
  policy.retention_seconds = 86'400;
  ASSERT_EQ(told(vault_->commit(journal::CommandKind::policy_change,
                                [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
                                  changes.put(policy);
                                  return {};
                                })),
            "ok");
  EXPECT_EQ(shred(*vault_, "patients", "x").error().id, "shred.retention");
  EXPECT_EQ(bytes_of(*vault_, "patients", "anna/scan").value(), pair_.secret);
}

TEST_F(Shredding, OlderKitsAreNamedUntilConfirmed) {
  ASSERT_EQ(told(fill(*vault_, pair_)), "ok");
  ASSERT_EQ(told(vault_->keys().make_kit()), "ok");
  ASSERT_EQ(told(vault_->keys().confirm_kit()), "ok");
  const auto record = shred(*vault_, "patients", "asked for");
  ASSERT_EQ(told(record), "ok");
  EXPECT_EQ(record->unconfirmed, std::vector<std::string>{"recovery kit"});
  EXPECT_EQ(vault_->keys().kit_state(), keyring::Keyring::KitState::stale);
  ASSERT_EQ(told(confirm_shred(*vault_, record->number, "recovery kit")), "ok");
  EXPECT_TRUE(vault_->reader()->all<catalog::DomainRow>().value().front().unconfirmed.empty());
}

TEST(ShreddingPlain, NeedsAnEncryptedVault) {
  TestMachine machine;
  ASSERT_EQ(told(create_small(machine.inline_machine(), kFolder, codec::SealSuite::none)), "ok");
  auto vault = open_small(machine.inline_machine());
  ASSERT_EQ(told(vault), "ok");
  EXPECT_EQ(create_bucket(**vault, "patients", true).error().id, "bucket.not_encrypted");
  EXPECT_EQ(told(create_bucket(**vault, "patients", false)), "ok");
}

// The power goes ahead of every write, sync, rename and removal: what was begun is finished by the next open, what was
// not begun leaves everything.
TEST(ShreddingCrash, AtEveryPointItIsWholeOrFinishedByTheNextOpen) {
  const Pair pair;
  TestMachine machine;
  ASSERT_EQ(told(create_small(machine.inline_machine())), "ok");
  auto vault = open_small(machine.inline_machine());
  ASSERT_EQ(told(vault), "ok");
  ASSERT_EQ(told(fill(**vault, pair)), "ok");
  ASSERT_EQ(told((*vault)->close()), "ok");
  vault = open_small(machine.inline_machine());
  ASSERT_EQ(told(vault), "ok");
  std::uint64_t whole = 0;
  std::uint64_t finished = 0;
  machine.files.before_each_point([&](std::uint64_t point) {
    if (HasFailure()) return;
    SCOPED_TRACE("point " + std::to_string(point));
    for (const auto policy : {CrashPolicy::drop_all, CrashPolicy::random, CrashPolicy::keep_all}) {
      TestMachine after(machine.files.after_crash(point, policy));
      auto again = open_small(after.inline_machine());
      ASSERT_EQ(told(again), "ok");
      if (Objects(**again).bucket("patients")) {
        ++whole;
        EXPECT_EQ(bytes_of(**again, "patients", "anna/scan").value(), pair.secret);
      } else {
        ++finished;
        expect_shredded(**again, pair);
      }
    }
  });
  ASSERT_EQ(told(shred(**vault, "patients", "asked for")), "ok");
  machine.files.before_each_point(nullptr);
  expect_shredded(**vault, pair);
  EXPECT_GT(whole, 0U);
  EXPECT_GT(finished, 100U);
}

}  // namespace
}  // namespace atl::vault
