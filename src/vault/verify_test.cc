// What verify says of objects: the same whether they were looked at beside the packs or one by one after them.
#include "vault/verify.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "vault/checks.h"
#include "vault/testing/test_vault.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using platform::TestMachine;

class VerifyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(told(create_small(machine_.machine())), "ok");
    reopen();
    // In references, in lists of chunks, empty, and twice the same.
    for (int i = 0; i < 30; ++i) {
      const std::string key = "object " + std::to_string(i);
      const auto length = static_cast<std::size_t>(i % 10 == 9 ? 1'500'000 : i * 3'000);
      ASSERT_EQ(told(put_bytes(*vault_, "bucket", key, noise(static_cast<std::uint64_t>(i / 2), length))), "ok");
    }
  }
  void reopen() {
    if (vault_) {
      ASSERT_EQ(told(vault_->close()), "ok");
    }
    vault_.reset();
    auto opened = open_small(machine_.machine());
    ASSERT_EQ(told(opened), "ok");
    vault_ = std::move(*opened);
  }
  VerifySummary verify(unsigned workers, bool reads_data = true) {
    VerifyVaultOptions options;
    options.reads_data = reads_data;
    options.workers = workers;
    options.heals = false;
    auto summary = verify_vault(*vault_, options);
    EXPECT_EQ(told(summary), "ok");
    return summary ? std::move(*summary) : VerifySummary{};
  }
  static std::vector<std::string> names(const VerifySummary& summary) {
    std::vector<std::string> names;
    for (const auto& lost : summary.lost)
      names.push_back(lost.bucket + "/" + lost.key + (lost.is_current ? "" : " (older)"));
    return names;
  }

  TestMachine machine_;
  std::unique_ptr<Vault> vault_;
};

TEST_F(VerifyTest, AllIsWellAndEveryVersionIsCounted) {
  ASSERT_EQ(told(put_bytes(*vault_, "bucket", "object 3", noise(77, 100))), "ok");
  for (const bool reads_data : {false, true}) {
    const auto summary = verify(2, reads_data);
    EXPECT_TRUE(summary.is_clean());
    EXPECT_EQ(summary.objects, 31U);
  }
}

// Wherever it is stopped: what was not looked at is neither called damaged nor called verified.
TEST_F(VerifyTest, StoppedAnywhereItClaimsNothing) {
  for (const bool reads_data : {false, true}) {
    for (const unsigned workers : {1U, 2U}) {
      for (int calls = 0;; ++calls) {
        ASSERT_LT(calls, 1'000);
        std::atomic<bool> stop = calls == 0;
        std::atomic<int> seen = 0;
        VerifyVaultOptions options;
        options.reads_data = reads_data;
        options.workers = workers;
        options.stop = &stop;
        options.on_progress = [&](std::uint64_t, std::uint64_t) {
          if (++seen == calls) stop = true;
        };
        const std::size_t before = past_checks(*vault_).value().size();
        const auto summary = verify_vault(*vault_, options);
        ASSERT_EQ(told(summary), "ok");
        EXPECT_TRUE(summary->is_clean()) << calls;
        const bool was_remembered = past_checks(*vault_).value().size() == before + 1;
        EXPECT_EQ(was_remembered, !summary->was_interrupted) << calls;
        if (calls == 0) EXPECT_TRUE(summary->was_interrupted);
        if (!summary->was_interrupted) EXPECT_EQ(summary->objects, 30U) << calls;
        if (!stop) break;
      }
    }
  }
}

// No pack is damaged, so nothing but the look at the objects can find it.
TEST_F(VerifyTest, VersionWhoseChunkIsNowhereIsNamed) {
  const auto bucket = Objects(*vault_).bucket("bucket").value();
  const auto committed = vault_->commit(
      journal::CommandKind::put_objects, [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
        NewVersion fresh;
        fresh.key = "points to nothing";
        fresh.version.size = 10;
        fresh.version.content.domain = bucket.domain;
        fresh.version.content.length = 10;
        ChunkId nowhere;
        nowhere.bytes.fill(0x5A);
        fresh.version.content.parts.push_back({nowhere, 10});
        ATOLL_TRY(stage_put(context, changes, bucket, fresh, platform::new_id<VersionId>(vault_->machine()), "test",
                            OperationId{}));
        return {};
      });
  ASSERT_EQ(told(committed), "ok");
  for (const unsigned workers : {1U, 2U, 4U}) {
    for (const bool reads_data : {false, true}) {
      const auto summary = verify(workers, reads_data);
      EXPECT_TRUE(summary.damage.empty());
      EXPECT_EQ(names(summary), std::vector<std::string>{"bucket/points to nothing"});
      EXPECT_EQ(summary.objects, 31U);
    }
  }
}

TEST_F(VerifyTest, LostObjectsAreTheSameForAnyNumberOfWorkers) {
  reopen();  // seals the packs
  const auto packs = machine_.files.all_paths("*.pack");
  ASSERT_GT(packs.size(), 2U);
  ASSERT_EQ(told(vault_->close()), "ok");
  vault_.reset();
  Bytes content = machine_.files.content(packs[1]);
  for (std::size_t i = content.size() / 4; i < content.size() / 2; ++i) content[i] ^= 0xFF;  // beyond parity
  machine_.files.overwrite(packs[1], 0, content);
  const auto disk = machine_.files.clone();
  std::vector<std::string> expected;
  for (const unsigned workers : {1U, 2U, 5U}) {
    SCOPED_TRACE(std::to_string(workers) + " workers");
    TestMachine machine(disk->clone(), 5);
    auto opened = open_small(machine.machine());
    ASSERT_EQ(told(opened), "ok");
    vault_ = std::move(*opened);
    const auto summary = verify(workers);
    std::vector<std::string> said = names(summary);
    for (const auto& damage : summary.damage) said.push_back(damage.where + ": " + damage.what);
    if (workers == 1) {
      expected = said;
      EXPECT_FALSE(summary.lost.empty());
      EXPECT_LT(summary.lost.size(), 30U);
      EXPECT_FALSE(summary.damage.empty());
    }
    EXPECT_EQ(said, expected);
    EXPECT_EQ(summary.objects, 30U);
    vault_.reset();
  }
}

}  // namespace
}  // namespace atl::vault
