#include "vault/tier/accesses.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "vault/keeping/policy.h"
#include "vault/testing/test_vault.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using platform::TestMachine;

constexpr std::int64_t kDay = 86'400;

ObjectId object(std::uint8_t number) {
  ObjectId id;
  id.bytes.fill(number);
  return id;
}

class AccessesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(told(create_small(machine_.inline_machine())), "ok");
    open(true);
  }
  void open(bool is_writable) {
    if (vault_) {
      ASSERT_EQ(told(vault_->close()), "ok");
    }
    vault_.reset();
    auto opened = open_small(machine_.inline_machine(), kFolder, nullptr, is_writable);
    ASSERT_EQ(told(opened), "ok");
    vault_ = std::move(*opened);
  }
  // Decayed to now; -1: nothing is known.
  double count(const ObjectId& id) {
    const auto book = AccessBook::open(*vault_);
    EXPECT_EQ(told(book), "ok");
    const auto found = book->of(id);
    EXPECT_EQ(told(found), "ok");
    return *found ? decayed(**found, book->now(), book->half_life_seconds()) : -1;
  }
  std::string log() { return std::string(kFolder) + "/staging/accesses/0.log"; }

  TestMachine machine_;
  std::unique_ptr<Vault> vault_;
};

TEST_F(AccessesTest, ACountHalvesWithEveryHalfLife) {
  const AccessCount eight{8, {1'000'000}};
  EXPECT_DOUBLE_EQ(decayed(eight, {1'000'000}, 10), 8);
  EXPECT_DOUBLE_EQ(decayed(eight, {11'000'000}, 10), 4);
  EXPECT_DOUBLE_EQ(decayed(eight, {31'000'000}, 10), 1);
  EXPECT_DOUBLE_EQ(decayed(eight, {0}, 10), 8);  // a clock that went back
  const AccessCount sum = sum_of(eight, {1, {11'000'000}}, 10);
  EXPECT_DOUBLE_EQ(sum.minutes, 5);
  EXPECT_EQ(sum.last.unix_us, 11'000'000);
  // Order and grouping do not matter.
  const AccessCount third{3, {21'000'000}};
  const AccessCount left = sum_of(sum_of(eight, sum, 10), third, 10);
  const AccessCount right = sum_of(eight, sum_of(third, sum, 10), 10);
  EXPECT_NEAR(left.minutes, right.minutes, 1e-9);
  EXPECT_EQ(left.last, right.last);
}

TEST_F(AccessesTest, AMinuteCountsOnce) {
  for (int i = 0; i < 50; ++i) vault_->accesses().note(object(1));
  EXPECT_NEAR(count(object(1)), 1, 1e-3);
  machine_.clock.advance_s(61);
  for (int i = 0; i < 50; ++i) vault_->accesses().note(object(1));
  vault_->accesses().note(object(2));
  EXPECT_NEAR(count(object(1)), 2, 1e-3);
  EXPECT_NEAR(count(object(2)), 1, 1e-3);
  EXPECT_EQ(count(object(3)), -1);
  machine_.clock.advance_s(7 * kDay);
  EXPECT_NEAR(count(object(1)), 1, 1e-3);
}

TEST_F(AccessesTest, ReadersLeaveTheirsForTheNextWriter) {
  open(false);
  vault_->accesses().note(object(1));
  vault_->accesses().flush();
  EXPECT_NEAR(count(object(1)), 1, 1e-3);  // a reader sees what no writer has taken yet
  machine_.clock.advance_s(120);
  vault_->accesses().note(object(1));
  open(true);  // closing flushes
  EXPECT_GT(machine_.files.content(log()).size(), 0U);
  EXPECT_NEAR(count(object(1)), 2, 1e-3);
  EXPECT_EQ(machine_.files.content(log()).size(), 0U);
  EXPECT_NEAR(count(object(1)), 2, 1e-3);  // not taken twice
  open(false);
  EXPECT_NEAR(count(object(1)), 2, 1e-3);
}

TEST_F(AccessesTest, CountingBeganWithTheFirstReadThatIsKnown) {
  open(false);
  const Timestamp first = machine_.clock.peek();
  vault_->accesses().note(object(1));
  vault_->accesses().flush();
  machine_.clock.advance_s(20 * kDay);
  vault_->accesses().note(object(2));
  vault_->accesses().flush();
  EXPECT_LT(AccessBook::open(*vault_)->since().unix_us - first.unix_us, 1'000'000);
  open(true);
  EXPECT_LT(AccessBook::open(*vault_)->since().unix_us - first.unix_us, 1'000'000);
  machine_.clock.advance_s(20 * kDay);
  EXPECT_LT(AccessBook::open(*vault_)->since().unix_us - first.unix_us, 1'000'000);
}

TEST(AccessesInThePlain, AVaultWithoutEncryptionCountsToo) {
  TestMachine machine;
  ASSERT_EQ(told(create_small(machine.inline_machine(), kFolder, codec::SealSuite::none)), "ok");
  const auto vault = open_small(machine.inline_machine());
  ASSERT_EQ(told(vault), "ok");
  (*vault)->accesses().note(object(1));
  const auto book = AccessBook::open(**vault);
  ASSERT_EQ(told(book), "ok");
  const auto count = book->of(object(1));
  ASSERT_TRUE(count && *count);
  EXPECT_EQ((*count)->minutes, 1);
}

TEST_F(AccessesTest, ReadingAnObjectAndRestoringItCount) {
  ASSERT_EQ(told(put_bytes(*vault_, "docs", "a", words(1, 1000))), "ok");
  const auto found = Objects(*vault_).find("docs", "a");
  ASSERT_EQ(told(found), "ok");
  EXPECT_EQ(count(found->entry.object), -1);
  ASSERT_EQ(told(Objects(*vault_).read(found->version, 0, 10, [](ByteView) -> Result<bool> { return true; })), "ok");
  EXPECT_NEAR(count(found->entry.object), 1, 1e-3);
  ASSERT_EQ(told(vault_->rebuild()), "ok");
  EXPECT_NEAR(count(found->entry.object), 1, 1e-3);
}

TEST_F(AccessesTest, TornAndForeignLogsAreReadAsFarAsTheyCanBeTrusted) {
  open(false);
  vault_->accesses().note(object(1));
  vault_->accesses().flush();
  const std::size_t first = machine_.files.content(log()).size();
  vault_->accesses().note(object(2));
  vault_->accesses().flush();
  const Bytes whole = machine_.files.content(log());
  ASSERT_EQ(whole.size(), 2 * first);
  const codec::SecretKey key = vault_->keys().derived_key("staging/accesses");
  const auto read = [&](ByteView bytes, const codec::SecretKey& with) {
    std::vector<ObjectId> found;
    read_access_log(bytes, vault_->head().vault, vault_->head().suite, with,
                    [&](const LoggedAccess& access) { found.push_back(access.object); });
    return found;
  };
  EXPECT_EQ(read(whole, key), (std::vector{object(1), object(2)}));
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    const auto found = read(ByteView(whole).first(cut), key);
    ASSERT_EQ(found.size(), cut < first ? 0U : 1U) << cut;
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Bytes flipped = whole;
    flipped[at] ^= 0x10;
    ASSERT_EQ(read(flipped, key).size(), at < first ? 0U : 1U) << at;
  }
  EXPECT_TRUE(read(whole, codec::SecretKey()).empty());
  // No id of an object can be read in it.
  const ObjectId id = object(1);
  EXPECT_EQ(std::search(whole.begin(), whole.end(), id.bytes.begin(), id.bytes.end()), whole.end());
}

TEST_F(AccessesTest, ADamagedIndexIsBegunAnewAndNothingLooksIdleForIt) {
  vault_->accesses().note(object(1));
  EXPECT_NEAR(count(object(1)), 1, 1e-3);
  machine_.clock.advance_s(30 * kDay);
  const auto before = AccessBook::open(*vault_);
  ASSERT_EQ(told(before), "ok");
  EXPECT_LE(before->since().unix_us, before->now().unix_us - 30 * kDay * 1'000'000);
  const auto paths = machine_.files.all_paths("*indexes/accesses/*");
  ASSERT_FALSE(paths.empty());
  for (const std::string& path : paths) machine_.files.zero(path, 0, machine_.files.content(path).size());
  const auto after = AccessBook::open(*vault_);
  ASSERT_EQ(told(after), "ok");
  EXPECT_GE(after->since(), before->now());
  EXPECT_EQ(count(object(1)), -1);
  vault_->accesses().note(object(1));
  EXPECT_NEAR(count(object(1)), 1, 1e-3);
}

TEST_F(AccessesTest, AFullDiskOrAFaultCostsCountsOnly) {
  machine_.files.fail_next(platform::Operation::write, "*accesses*");
  vault_->accesses().note(object(1));
  vault_->accesses().flush();
  EXPECT_EQ(count(object(1)), -1);
  vault_->accesses().note(object(1));
  EXPECT_NEAR(count(object(1)), 1, 1e-3);
}

TEST_F(AccessesTest, LogsStayBounded) {
  open(false);
  for (std::uint32_t i = 0; i < 900'000; ++i) {
    ObjectId id;
    store_le(id.bytes.data(), i);
    vault_->accesses().note(id);
  }
  vault_->accesses().flush();
  std::uint64_t bytes = 0;
  for (const std::string& path : machine_.files.all_paths("*.log")) bytes += machine_.files.content(path).size();
  EXPECT_GT(bytes, 16 * kMiB);
  EXPECT_LE(bytes, 32 * kMiB);
  open(true);
  ASSERT_EQ(told(vault_->accesses().fold()), "ok");
  EXPECT_NEAR(count(ObjectId{}), 1, 1e-3);
}

TEST_F(AccessesTest, WhatIsGoneIsForgotten) {
  for (std::uint8_t i = 1; i <= 100; ++i) vault_->accesses().note(object(i));
  vault_->accesses().flush();
  ASSERT_EQ(told(vault_->accesses().fold()), "ok");
  ASSERT_EQ(told(vault_->accesses().forget([](const ObjectId& id) -> Result<bool> { return id.bytes[0] % 2 == 0; })),
            "ok");
  for (std::uint8_t i = 1; i <= 100; ++i) EXPECT_EQ(count(object(i)) > 0, i % 2 == 0) << int(i);
}

TEST_F(AccessesTest, ThePolicySaysTheHalfLife) {
  vault_->accesses().note(object(1));
  catalog::PolicyRow rules = built_in_policy();
  rules.half_life_seconds = kDay;
  ASSERT_EQ(told(vault_->commit(journal::CommandKind::policy_change,
                                [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
                                  changes.put(rules);
                                  return {};
                                })),
            "ok");
  machine_.clock.advance_s(2 * kDay);
  EXPECT_NEAR(count(object(1)), 0.25, 1e-3);
}

}  // namespace
}  // namespace atl::vault
