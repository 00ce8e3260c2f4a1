#include "edge/server/job_store.h"

#include <gtest/gtest.h>

#include "foundation/platform/testing/test_machine.h"
#include "vault/testing/test_vault.h"

namespace atl::server {
namespace {

using vault::testing::told;

class JobStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(told(vault::testing::create_small(machine_.machine())), "ok");
    vault_ = vault::testing::open_small(machine_.machine()).value();
  }
  JobFacts facts(JobState state) {
    JobFacts out;
    out.id = platform::new_id<JobId>(machine_.machine());
    out.kind = "verify";
    out.actor = "ada";
    out.order = json::Value::object().set("reads_data", true);
    out.created = machine_.machine().clock.now();
    out.state = state;
    if (state != JobState::waiting) out.ended = out.created;
    return out;
  }
  platform::TestMachine machine_;
  std::unique_ptr<vault::Vault> vault_;
};

TEST_F(JobStoreTest, WhatIsSavedIsThereAgain) {
  auto job = facts(JobState::waiting);
  job.attempt = 2;
  ASSERT_EQ(told(save_job(*vault_, job)), "ok");
  auto known = load_jobs(*vault_).value();
  ASSERT_EQ(known.size(), 1U);
  EXPECT_EQ(known[0].id, job.id);
  EXPECT_EQ(known[0].kind, "verify");
  EXPECT_EQ(known[0].actor, "ada");
  EXPECT_EQ(known[0].attempt, 2U);
  EXPECT_EQ(known[0].state, JobState::waiting);
  EXPECT_EQ(known[0].ended.unix_us, 0);
  EXPECT_EQ(known[0].order.text(), R"({"reads_data":true})");
  job.state = JobState::failed;
  job.ended = job.created;
  job.error_id = "disk.gone";
  job.message = "the disk is gone";
  ASSERT_EQ(told(save_job(*vault_, job)), "ok");
  known = load_jobs(*vault_).value();
  ASSERT_EQ(known.size(), 1U);
  EXPECT_EQ(known[0].state, JobState::failed);
  EXPECT_EQ(known[0].error_id, "disk.gone");
  EXPECT_EQ(known[0].ended, job.created);
}

TEST_F(JobStoreTest, OnlyTheNewestThatEndedAreKeptAndWhatHasNotEndedStays) {
  const auto open = facts(JobState::waiting);
  ASSERT_EQ(told(save_job(*vault_, open)), "ok");
  JobId newest;
  for (std::size_t i = 0; i < kJobsKept + 5; ++i) {
    machine_.clock.advance_us(2'000);
    const auto one = facts(JobState::done);
    newest = one.id;
    ASSERT_EQ(told(save_job(*vault_, one)), "ok");
  }
  const auto known = load_jobs(*vault_).value();
  EXPECT_EQ(known.size(), kJobsKept + 1);
  EXPECT_EQ(known.front().id, open.id);
  EXPECT_EQ(known.back().id, newest);
}

TEST_F(JobStoreTest, AResultThatIsTooLongIsLeftOut) {
  auto job = facts(JobState::done);
  job.result = json::Value::object().set("text", std::string(kResultBytesMax, 'x'));
  ASSERT_EQ(told(save_job(*vault_, job)), "ok");
  const auto known = load_jobs(*vault_).value();
  ASSERT_EQ(known.size(), 1U);
  EXPECT_FALSE(known[0].result.is_object());
}

}  // namespace
}  // namespace atl::server
