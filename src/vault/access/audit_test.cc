#include "vault/access/audit.h"

#include <gtest/gtest.h>

#include "foundation/platform/testing/test_machine.h"
#include "vault/testing/test_vault.h"

namespace atl::access {
namespace {

using catalog::AuditBatchRow;
using platform::TestMachine;
using vault::testing::told;

class AuditTest : public ::testing::Test {
 protected:
  AuditTest() {
    EXPECT_EQ(told(vault::testing::create_small(machine_.inline_machine())), "ok");
    auto opened = vault::testing::open_small(machine_.inline_machine());
    EXPECT_EQ(told(opened), "ok");
    vault_ = std::move(*opened);
    audit_ = std::make_unique<Audit>(vault_.get(), machine_.inline_machine());
  }
  void note(const std::string& actor, const std::string& action, bool is_allowed = true, const std::string& key = "a",
            const std::string& address = "10.0.0.1") {
    AuditRecord record;
    record.actor = actor;
    record.action = action;
    record.is_allowed = is_allowed;
    record.bucket = "photos";
    record.key = key;
    record.address = address;
    record.bytes = 10;
    audit_->note(std::move(record));
  }
  std::vector<AuditRecord> records(const AuditQuery& query = {}) {
    std::vector<AuditRecord> all;
    EXPECT_TRUE(audit_->for_each(query, [&](const AuditRecord& record) -> Result<bool> {
      all.push_back(record);
      return true;
    }));
    return all;
  }
  AuditBatchRow batch(std::uint64_t number) {
    AuditBatchRow row;
    row.number = number;
    return vault_->reader()->one<AuditBatchRow>(catalog::key_of(row)).value().value();
  }
  void commit(const std::function<void(vault::ChangeSet&)>& build) {
    EXPECT_TRUE(vault_->commit(journal::CommandKind::note, [&](const auto&, vault::ChangeSet& changes) -> Result<void> {
      build(changes);
      return {};
    }));
  }
  void three_batches() {
    for (int i = 0; i < 3; ++i) {
      note("anna", "read", true, "key" + std::to_string(i));
      ASSERT_EQ(told(audit_->flush()), "ok");
    }
    ASSERT_FALSE(audit_->verify()->first_broken);
  }

  TestMachine machine_;
  std::unique_ptr<vault::Vault> vault_;
  std::unique_ptr<Audit> audit_;
};

TEST_F(AuditTest, RecordsAreKeptInOrderAndFoundByWhoWhatWhenAndDenied) {
  note("anna", "read");
  EXPECT_FALSE(audit_->is_due());
  machine_.clock.advance_s(2);
  EXPECT_TRUE(audit_->is_due());
  const Timestamp between = machine_.clock.now();
  note("ben", "write", false);
  note("ben", "read", true, "b", "10.0.0.2");
  EXPECT_EQ(records().size(), 3U);
  EXPECT_FALSE(audit_->is_due());
  AuditQuery query;
  query.actor = "ben";
  EXPECT_EQ(records(query).size(), 2U);
  query.only_denied = true;
  ASSERT_EQ(records(query).size(), 1U);
  EXPECT_EQ(records(query)[0].action, "write");
  query = {};
  query.until = between;
  ASSERT_EQ(records(query).size(), 1U);
  EXPECT_EQ(records(query)[0].actor, "anna");
  query = {};
  query.address = "10.0.0.2";
  EXPECT_EQ(records(query).size(), 1U);
  const auto report = audit_->report({});
  ASSERT_EQ(told(report), "ok");
  EXPECT_EQ(report->records, 3U);
  EXPECT_EQ(report->denied, 1U);
  EXPECT_EQ(report->by_actor.at("ben"), 2U);
  EXPECT_EQ(report->denied_by_actor.at("ben"), 1U);
}

TEST_F(AuditTest, AnAccountMeansItsAgentsRunsAndIsErasedWithThem) {
  note("anna", "read");
  note("anna/chat/r1", "read", true, "b");
  note("anna-2", "read", true, "c");
  AuditQuery query;
  query.actor = "anna";
  EXPECT_EQ(records(query).size(), 2U);
  query.actor = "anna/chat";
  EXPECT_EQ(records(query).size(), 1U);
  ASSERT_EQ(told(audit_->flush()), "ok");
  const auto erased = audit_->erase_actor("anna", "erased", "owner");
  ASSERT_EQ(told(erased), "ok");
  EXPECT_EQ(*erased, 2U);
  query.actor = "anna-2";
  EXPECT_EQ(records(query).size(), 1U);
}

TEST_F(AuditTest, ManyEqualReadsOfASecondAreCountedTogether) {
  machine_.clock.set_step_us(1);
  for (int i = 0; i < 1000; ++i) note("anna", "read", true, "key" + std::to_string(i));
  note("anna", "write", false);
  const auto all = records();
  EXPECT_EQ(all.size(), 66U);
  std::uint64_t reads = 0, bytes = 0;
  for (const auto& record : all) {
    if (record.action == "read") reads += record.count;
    if (record.action == "read") bytes += record.bytes;
  }
  EXPECT_EQ(reads, 1000U);
  EXPECT_EQ(bytes, 10'000U);
}

TEST_F(AuditTest, AChangedRecordIsFound) {
  three_batches();
  AuditBatchRow changed = batch(2);
  auto inside = catalog::decode_records(changed.records).value();
  inside[0].actor = "somebody else";
  changed.records.clear();
  append_record(inside[0], changed.records);
  commit([&](vault::ChangeSet& changes) { changes.put(changed); });
  std::vector<Alarm> alarms;
  audit_->on_alarm([&](const Alarm& alarm) { alarms.push_back(alarm); });
  const auto report = audit_->verify();
  ASSERT_EQ(told(report), "ok");
  EXPECT_EQ(report->first_broken, 2U);
  ASSERT_EQ(alarms.size(), 1U);
  EXPECT_EQ(alarms[0].id, "alarm.audit_damaged");
  EXPECT_EQ(audit_->erase_actor("anna", "erased", "owner").error().id, "audit.broken") << "nothing hides it";
}

TEST_F(AuditTest, ARemovedBatchIsFoundAtTheEndToo) {
  three_batches();
  const AuditBatchRow last = batch(3);
  commit([&](vault::ChangeSet& changes) { changes.remove(last); });
  EXPECT_EQ(audit_->verify()->first_broken, 3U);
}

TEST_F(AuditTest, ABatchRemovedInTheMiddleIsFound) {
  three_batches();
  const AuditBatchRow middle = batch(2);
  commit([&](vault::ChangeSet& changes) { changes.remove(middle); });
  EXPECT_EQ(audit_->verify()->first_broken, 2U);
}

TEST_F(AuditTest, AChainThatWasMadeAnewWholeIsFoundByTheJournal) {
  three_batches();
  // Somebody with the keys writes all three again, with digests that fit.
  codec::Digest previous{};
  for (std::uint64_t number = 1; number <= 3; ++number) {
    AuditBatchRow row = batch(number);
    row.records.clear();
    append_record(AuditRecord{}, row.records);
    row.previous = previous;
    Bytes place;
    append_be64(place, number);
    codec::Blake3 hash;
    hash.update(previous);
    hash.update(place);
    hash.update(row.records);
    row.chain = hash.digest();
    previous = row.chain;
    commit([&](vault::ChangeSet& changes) { changes.put(row); });
  }
  EXPECT_EQ(audit_->verify()->first_broken, 1U);
}

TEST_F(AuditTest, AlarmsAreGivenOnceAWindow) {
  std::vector<Alarm> alarms;
  audit_->on_alarm([&](const Alarm& alarm) { alarms.push_back(alarm); });
  audit_->set_thresholds({3, 5, 2, 60});
  for (int i = 0; i < 10; ++i) note("anna", "sign_in", false);
  ASSERT_EQ(alarms.size(), 1U);
  EXPECT_EQ(alarms[0].id, "alarm.failed_logins");
  EXPECT_EQ(alarms[0].actor, "anna");
  for (int i = 0; i < 10; ++i) note("name" + std::to_string(i), "sign_in", false, "a", "10.9.9.9");
  ASSERT_EQ(alarms.size(), 2U) << "many names from one address";
  for (int i = 0; i < 10; ++i) note("ben", "read");
  ASSERT_EQ(alarms.size(), 3U);
  EXPECT_EQ(alarms[2].id, "alarm.mass_read");
  for (int i = 0; i < 10; ++i) note("ben", "remove");
  ASSERT_EQ(alarms.size(), 4U);
  EXPECT_EQ(alarms[3].id, "alarm.mass_delete");
  machine_.clock.advance_s(61);
  for (int i = 0; i < 4; ++i) note("ben", "read");
  EXPECT_EQ(alarms.size(), 4U) << "a new window, below";
  note("ben", "read");
  EXPECT_EQ(alarms.size(), 5U);
}

TEST_F(AuditTest, TheChainGoesOnAfterReopening) {
  three_batches();
  audit_.reset();
  ASSERT_EQ(told(vault_->close()), "ok");
  vault_.reset();
  vault_ = vault::testing::open_small(machine_.inline_machine()).value();
  audit_ = std::make_unique<Audit>(vault_.get(), machine_.inline_machine());
  note("anna", "list");
  const auto report = audit_->verify();
  ASSERT_EQ(told(report), "ok");
  EXPECT_FALSE(report->first_broken) << report->what;
  EXPECT_EQ(report->batches, 4U);
  EXPECT_EQ(batch(4).previous, batch(3).chain);
}

TEST_F(AuditTest, WhatIsTooOldGoesAndTheRestStaysAChain) {
  three_batches();
  machine_.clock.advance_s(86'400);
  const Timestamp day_two = machine_.clock.peek();
  note("anna", "read", true, "young");
  ASSERT_EQ(told(audit_->flush()), "ok");
  EXPECT_EQ(audit_->drop_before(Timestamp{1}, "owner").value(), 0U);
  ASSERT_EQ(told(audit_->drop_before(day_two, "owner")), "ok");
  const auto left = records();
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[0].key, "young");
  EXPECT_EQ(left[1].action, "audit_dropped");
  EXPECT_EQ(left[1].count, 3U);
  EXPECT_EQ(audit_->first_batch().value(), 4U);
  EXPECT_EQ(audit_->batch(4, {}).value()->size(), 1U);
  EXPECT_FALSE(audit_->batch(3, {}).value());
  for (int i = 0; i < 2; ++i) {
    const auto verified = audit_->verify();
    ASSERT_EQ(told(verified), "ok");
    EXPECT_FALSE(verified->first_broken) << verified->what;
    EXPECT_EQ(verified->records, 2U + static_cast<std::uint64_t>(i));
    // It goes on, also where everything was dropped, and after that a person is erased.
    note("ben", "read");
    ASSERT_EQ(told(audit_->flush()), "ok");
  }
  EXPECT_EQ(audit_->erase_actor("ben", "erased", "owner").value(), 2U);
  EXPECT_FALSE(audit_->verify()->first_broken) << audit_->verify()->what;
  machine_.clock.advance_s(86'400);
  EXPECT_GT(audit_->drop_before(machine_.clock.peek(), "owner").value(), 4U);
  EXPECT_EQ(records().size(), 1U);
  EXPECT_FALSE(audit_->verify()->first_broken) << audit_->verify()->what;
}

TEST_F(AuditTest, TamperingIsNotClearedAwayForItsAge) {
  three_batches();
  auto second = batch(2);
  second.records.back() ^= 1U;
  commit([&](vault::ChangeSet& changes) { changes.put(second); });
  machine_.clock.advance_s(86'400);
  EXPECT_EQ(audit_->drop_before(machine_.clock.peek(), "owner").error().id, "audit.broken");
  EXPECT_EQ(audit_->verify()->first_broken, 2U);
}

// Whoever drops more than the mark says is found out.
TEST_F(AuditTest, TheBeginningOfTheChainIsHeldAgainstTheMark) {
  three_batches();
  machine_.clock.advance_s(86'400);
  const Timestamp day_two = machine_.clock.peek();
  note("anna", "read", true, "young");
  ASSERT_EQ(told(audit_->flush()), "ok");
  ASSERT_EQ(told(audit_->drop_before(day_two, "owner")), "ok");
  commit([&](vault::ChangeSet& changes) { changes.remove(batch(4)); });
  EXPECT_TRUE(audit_->verify()->first_broken);
}

}  // namespace
}  // namespace atl::access
