// Gates as they stand in the settings of buckets.
#include "vault/object/gate.h"

#include <gtest/gtest.h>

#include "vault/object/versions.h"
#include "vault/testing/test_vault.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using platform::TestMachine;

class GateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(told(create_small(machine_.inline_machine())), "ok");
    open();
    ASSERT_TRUE(Objects(*vault_).ensure_bucket("box"));
  }
  void open() {
    vault_.reset();
    auto opened = open_small(machine_.inline_machine());
    ASSERT_EQ(told(opened), "ok");
    vault_ = std::move(*opened);
  }
  std::string gate() { return gate_of(*vault_->reader(), "box").value_or("?"); }
  TestMachine machine_;
  std::unique_ptr<Vault> vault_;
};

TEST_F(GateTest, IsSetShownKeptAndTakenAway) {
  EXPECT_EQ(gate(), "");
  EXPECT_EQ(gates_of(*vault_->reader())->size(), 0U);
  EXPECT_EQ(set_gate(*vault_, "box", "meta.q >= 0.9 and readable").value_or("?"), "meta.q>=0.9 and readable");
  open();
  EXPECT_EQ(gate(), "meta.q>=0.9 and readable");
  EXPECT_EQ(gates_of(*vault_->reader())->size(), 1U);
  EXPECT_EQ(set_gate(*vault_, "box", "").value_or("?"), "");
  EXPECT_EQ(gate(), "");
  EXPECT_EQ(gates_of(*vault_->reader())->size(), 0U);
}

TEST_F(GateTest, RefusesWhatIsNoRequirementAndLeavesTheOldOne) {
  ASSERT_TRUE(set_gate(*vault_, "box", "readable"));
  EXPECT_EQ(set_gate(*vault_, "box", "meta.q>=").error().id, "filter.missing_value");
  EXPECT_EQ(set_gate(*vault_, "nowhere", "readable").error().id, "bucket.not_found");
  EXPECT_EQ(gate(), "readable");
}

TEST_F(GateTest, ChangesNothingElseOfABucket) {
  const auto before = bucket_state(*vault_->reader(), "box").value();
  const bool kept_versions = before.has_id(Lsn{1'000});
  ASSERT_TRUE(set_gate(*vault_, "box", "readable"));
  const auto after = bucket_state(*vault_->reader(), "box").value();
  EXPECT_EQ(after.has_id(Lsn{1'000}), kept_versions);
  EXPECT_TRUE(kept_versions) << "a bucket of `put` keeps its versions";
}

}  // namespace
}  // namespace atl::vault
