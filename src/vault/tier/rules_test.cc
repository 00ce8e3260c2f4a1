#include "vault/tier/rules.h"

#include <gtest/gtest.h>

#include "vault/keeping/policy.h"
#include "vault/testing/test_vault.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using chunk::Temperature;

constexpr Timestamp kNow{1'795'167'000LL * 1'000'000};  // 2026-11-20T09:30:00Z
constexpr std::uint64_t kDay = 86'400;

std::string canonical(std::string_view text) {
  const auto rule = parse_tier_rule(text, kNow);
  return rule ? rule->text : rule.error().id;
}

TEST(TierRule, IsWrittenAsPeopleWouldAndKeptInOneForm) {
  EXPECT_EQ(canonical("cold if age>180d"), "cold if age>180d");
  EXPECT_EQ(canonical("cold when age > 90d and accesses < 1"), "cold if age>90d and accesses<1");
  EXPECT_EQ(canonical("  hot  if  idle<=12h"), "hot if idle<=12h");
  EXPECT_EQ(canonical("warm if key:\"a > b\"*.txt or size >= 10MB"), "warm if key:\"a > b\"*.txt or size>=10MB");
  EXPECT_EQ(canonical("cold if not name:x.y accesses:..0.5"), "cold if not name:x.y and accesses:..0.5");
  const auto once = parse_tier_rule("cold if age:30d..1y type:file", kNow);
  ASSERT_EQ(told(once), "ok");
  EXPECT_EQ(canonical(once->text), once->text);
}

TEST(TierRule, WhatCannotBeUnderstoodIsRefused) {
  for (const std::string_view bad : {"", "cold", "cold if", "cold if   ", "icy if age>1d", "age>1d", "if age>1d",
                                     "coldif age>1d", "cold because age>1d"}) {
    EXPECT_EQ(canonical(bad), "policy.bad_tier_rule") << bad;
  }
  EXPECT_EQ(canonical("cold if age>soon"), "filter.bad_span");
  EXPECT_EQ(canonical("cold if age:90d"), "filter.bad_operator");
  EXPECT_EQ(canonical("cold if accesses<few"), "filter.bad_number");
  EXPECT_EQ(canonical("cold if colour:red"), "filter.unknown_field");
  catalog::PolicyRow rules = built_in_policy();
  rules.tier_rules = {"hot if name:*.x", "cold if (age>1d"};
  EXPECT_EQ(told(check_policy(rules)).substr(0, 24), "usage filter.unbalanced:");
}

catalog::VersionRow version_of_age(std::uint64_t seconds) {
  catalog::VersionRow row;
  row.kind = catalog::EntryKind::file;
  row.size = 1000;
  row.begin_time = {kNow.unix_us - static_cast<std::int64_t>(seconds) * 1'000'000};
  return row;
}

TEST(TierRulesTest, TheFirstThatMatchesDecidesAndWarmIsTheRest) {
  const std::vector<std::string> texts = {"hot if name:*.db", "cold if age>30d", "hot if key:now/**"};
  const auto rules = TierRules::parse(texts, kNow);
  ASSERT_EQ(told(rules), "ok");
  EXPECT_FALSE(rules->asks_for_accesses());
  const auto young = version_of_age(kDay);
  const auto old = version_of_age(31 * kDay);
  EXPECT_EQ(rules->tier_of(subject_of("a/x.db", old, kNow)), Temperature::hot);
  EXPECT_EQ(rules->tier_of(subject_of("now/x", old, kNow)), Temperature::cold);
  EXPECT_EQ(rules->tier_of(subject_of("now/x", young, kNow)), Temperature::hot);
  EXPECT_EQ(rules->tier_of(subject_of("x", young, kNow)), Temperature::warm);
  EXPECT_EQ(rules->rule_for(subject_of("x", young, kNow)), nullptr);
  EXPECT_EQ(rules->rule_for(subject_of("x", old, kNow))->text, "cold if age>30d");
  EXPECT_TRUE(TierRules().empty());
  EXPECT_EQ(TierRules().tier_of(subject_of("x", old, kNow)), Temperature::warm);
}

TEST(TierRulesTest, IdleCountsFromTheLatestOfReadingComingAndCounting) {
  platform::TestMachine machine;
  ASSERT_EQ(told(create_small(machine.inline_machine())), "ok");
  const auto opened = open_small(machine.inline_machine());
  ASSERT_EQ(told(opened), "ok");
  Vault& vault = **opened;
  machine.clock.advance_s(100 * 86'400);
  ASSERT_EQ(told(put_bytes(vault, "docs", "a", words(1, 100))), "ok");
  const auto found = Objects(vault).find("docs", "a");
  ASSERT_EQ(told(found), "ok");
  const auto ask = [&](const catalog::VersionRow& version) {
    const auto book = AccessBook::open(vault);
    EXPECT_EQ(told(book), "ok");
    filter::Subject subject = subject_of("a", version, book->now());
    EXPECT_EQ(told(add_accesses(subject, version, *book)), "ok");
    return subject;
  };
  machine.clock.advance_s(10 * 86'400);
  EXPECT_LT(*ask(found->version).idle_s, 5U);  // counting begins here: nothing is known of before
  EXPECT_GE(*ask(found->version).age_s, 10 * kDay);
  machine.clock.advance_s(3 * 86'400);
  EXPECT_EQ(*ask(found->version).idle_s / kDay, 3U);
  EXPECT_EQ(*ask(found->version).accesses, 0);
  vault.accesses().note(found->entry.object);
  EXPECT_LT(*ask(found->version).idle_s, 5U);
  EXPECT_NEAR(*ask(found->version).accesses, 1, 1e-3);
  machine.clock.advance_s(5 * 86'400);
  ASSERT_EQ(told(put_bytes(vault, "docs", "a", words(2, 100))), "ok");
  EXPECT_LT(*ask(Objects(vault).find("docs", "a")->version).idle_s, 5U);  // a new version
  const auto versions = vault.reader()->versions_of(found->entry.object);
  machine.clock.advance_s(86'400);
  EXPECT_EQ(*ask(versions->back()).idle_s / kDay, 1U);  // the old one, since it ended
  EXPECT_EQ(*ask(versions->back()).accesses, 0);
}

}  // namespace
}  // namespace atl::vault
