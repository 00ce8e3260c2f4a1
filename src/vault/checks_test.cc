#include "vault/checks.h"

#include <gtest/gtest.h>

#include "vault/testing/test_vault.h"
#include "vault/verify.h"

namespace atl::vault {
namespace {

using namespace vault::testing;  // NOLINT
using platform::TestMachine;

class Checks : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(told(create_small(machine_.inline_machine())), "ok");
    vault_ = std::move(open_small(machine_.inline_machine()).value());
    ASSERT_EQ(told(put_bytes(*vault_, "photos", "one", noise(1, 50'000))), "ok");
  }
  void verify(bool reads_data, double sample_ratio = 1) {
    machine_.clock.advance_s(3'600);
    VerifyVaultOptions options;
    options.reads_data = reads_data;
    options.sample_ratio = sample_ratio;
    ASSERT_TRUE(verify_vault(*vault_, options));
  }
  std::string names() {
    std::string out;
    const auto checks = past_checks(*vault_).value();
    for (const auto& one : checks) out += one.kind + " " + one.name + ", ";
    return out;
  }
  TestMachine machine_;
  std::unique_ptr<Vault> vault_;
};

TEST_F(Checks, EachIsToldOnceNewestFirst) {
  EXPECT_EQ(names(), "");
  verify(false);
  verify(true);
  verify(true, 0.5);
  EXPECT_EQ(names(), "verify sample, verify data, verify structure, ");
  const auto checks = past_checks(*vault_).value();
  EXPECT_GT(checks[1].bytes, 0U);
  EXPECT_TRUE(checks[1].is_ok);
  EXPECT_EQ(checks[1].problems, 0U);
  EXPECT_NEAR(static_cast<double>(checks[1].started.unix_us - checks[2].started.unix_us), 3'600e6, 1e3);
  verify(true);
  EXPECT_EQ(names(), "verify data, verify sample, verify data, verify structure, ");
}

TEST_F(Checks, OnlySoManyAreKept) {
  for (std::size_t i = 0; i < kChecksKept + 5; ++i) verify(false);
  EXPECT_EQ(past_checks(*vault_).value().size(), kChecksKept);
}

TEST_F(Checks, ARowWithoutAPastIsOneRun) {
  ASSERT_EQ(told(vault_->commit(journal::CommandKind::job_change,
                                [](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                                  catalog::JobRow job;
                                  job.kind = "drill";
                                  job.name = "restore";
                                  job.started = context.commit_time;
                                  job.finished = Timestamp{context.commit_time.unix_us + 2'500'000};
                                  job.facts = {{"bytes", "70"}, {"failures", "3"}};
                                  changes.put(job);
                                  return {};
                                })),
            "ok");
  const auto checks = past_checks(*vault_).value();
  ASSERT_EQ(checks.size(), 1U);
  EXPECT_EQ(checks[0].problems, 3U);
  EXPECT_EQ(checks[0].bytes, 70U);
  EXPECT_DOUBLE_EQ(checks[0].seconds, 2.5);
  EXPECT_FALSE(checks[0].is_ok);
}

TEST_F(Checks, LinesThatCannotBeReadAreLeftOut) {
  ASSERT_EQ(told(vault_->commit(journal::CommandKind::job_change,
                                [](const CommitContext&, ChangeSet& changes) -> Result<void> {
                                  catalog::JobRow job;
                                  job.kind = "verify";
                                  job.name = "data";
                                  job.facts = {{"past", "what\n2026-11-22T10:00:00Z 1 20 30 0\n\nnever 1 1 1 1"}};
                                  changes.put(job);
                                  return {};
                                })),
            "ok");
  const auto checks = past_checks(*vault_).value();
  ASSERT_EQ(checks.size(), 1U);
  EXPECT_EQ(checks[0].bytes, 30U);
}

}  // namespace
}  // namespace atl::vault
