// key_places() against decide(), key by key and age by age, over grants, denials, scopes, links and policies from a
// seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>

#include "foundation/platform/testing/test_machine.h"
#include "vault/access/decision.h"

namespace atl::access {
namespace {

using platform::SeededRandom;

constexpr Timestamp kNow{1'800'000'000LL * 1'000'000};
constexpr std::array kActions{Action::search, Action::read_metadata, Action::read};

template <class Id>
Id id_of(std::uint8_t number) {
  Id id;
  id.bytes[0] = number;
  return id;
}

const VaultId kVault = id_of<VaultId>(1);
const PrincipalId kPerson = id_of<PrincipalId>(1);

catalog::PrincipalRow person() {
  catalog::PrincipalRow row;
  row.id = kPerson;
  row.name = "p";
  return row;
}

std::string random_place(SeededRandom& random) {
  std::string place;
  for (std::uint64_t i = random.below(5); i > 0; --i) place += "ab/"[random.below(3)];
  return place;
}

catalog::GrantRow random_grant(SeededRandom& random, std::uint8_t number) {
  catalog::GrantRow grant;
  grant.id = id_of<GrantId>(number);
  grant.subject = random.one_in(4) ? catalog::kEveryone : kPerson;
  static constexpr std::array kRoles{"reader", "owner", "no-search", "of-an-age", "of-a-tier"};
  grant.role = random.one_in(3) ? "reader" : kRoles.at(random.below(kRoles.size()));
  if (random.one_in(6)) grant.age_seconds_max = random.below(40);
  if (random.one_in(10)) grant.tiers = {"hot"};
  if (!random.one_in(8)) grant.place.vault = random.one_in(6) ? id_of<VaultId>(2) : kVault;
  if (!random.one_in(6)) grant.place.bucket = random.one_in(5) ? "other" : "box";
  if (!grant.place.bucket.empty()) grant.place.prefix = random_place(random);
  grant.denies = random.one_in(4);
  if (random.one_in(8)) grant.expires = Timestamp{kNow.unix_us - 1};
  return grant;
}

bool may(const AccessView& view, const Who& who, const std::string& key, std::uint64_t age_seconds) {
  Resource resource;
  resource.vault = kVault;
  resource.bucket = "box";
  resource.key = key;
  resource.age_seconds = age_seconds;
  return std::ranges::all_of(kActions, [&](Action action) { return view.decide(who, action, resource, kNow).allowed; });
}

// Roles that look at ages and tiers, that deny, and that do not.
std::vector<catalog::RoleRow> random_roles(SeededRandom& random) {
  std::vector<catalog::RoleRow> roles(3);
  roles[0].name = "no-search";
  roles[0].rules.resize(1);
  roles[0].rules[0].actions = {"search"};
  roles[0].rules[0].denies = true;
  roles[1].name = "of-an-age";
  roles[2].name = "of-a-tier";
  for (std::size_t i = 1; i < roles.size(); ++i) {
    roles[i].rules.resize(1 + random.below(2));
    for (catalog::RoleRule& rule : roles[i].rules) {
      rule.actions = {random.one_in(3) ? "read" : "*"};
      rule.denies = random.one_in(4);
      if (random.one_in(2)) rule.age_seconds_min = random.below(20);
      if (random.one_in(2)) rule.age_seconds_max = random.below(40);
      if (i == 2) rule.tiers = {random.one_in(2) ? "hot" : "cold"};
    }
  }
  return roles;
}

std::string random_pattern(SeededRandom& random) {
  std::string pattern;
  for (std::uint64_t i = 1 + random.below(4); i > 0; --i) pattern += "ab/?*"[random.below(5)];
  return random.one_in(2) ? pattern + "*" : pattern;
}

// A policy of the bucket with statements that deny and that allow.
catalog::HomeSettingRow random_policy(SeededRandom& random) {
  std::string statements;
  for (std::uint64_t i = 1 + random.below(3); i > 0; --i) {
    const bool denies = !random.one_in(4);
    const bool is_of_bucket = random.one_in(4);
    std::string condition;
    if (random.one_in(4)) condition = R"(,"Condition":{"Bool":{"aws:SecureTransport":"false"}})";
    if (random.one_in(6)) condition = R"(,"Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}})";
    if (is_of_bucket && random.one_in(3)) condition = R"(,"Condition":{"StringLike":{"s3:prefix":"a*"}})";
    statements += std::string(statements.empty() ? "" : ",") + R"({"Effect":")" + (denies ? "Deny" : "Allow") +
                  R"(","Principal":)" + (random.one_in(2) ? R"("*")" : R"({"AWS":"arn:aws:iam::1:user/p"})") +
                  R"(,"Action":")" + (is_of_bucket ? "s3:ListBucket" : "s3:GetObject") +
                  R"(","Resource":"arn:aws:s3:::box)" + (is_of_bucket ? "" : "/" + random_pattern(random)) + "\"" +
                  condition + "}";
  }
  BucketAccess access;
  access.policy = R"({"Version":"2012-10-17","Statement":[)" + statements + "]}";
  access.named = {{"user/p", kPerson}};
  catalog::HomeSettingRow row;
  row.name = setting_name(kVault, "box");
  row.value = encode(access);
  return row;
}

struct World {
  std::unique_ptr<AccessView> view;
  Who who;
};

World random_world(SeededRandom& random) {
  AccessRows rows;
  rows.principals = {person()};
  rows.roles = random_roles(random);
  const auto grants = static_cast<std::uint8_t>(1 + random.below(5));
  for (std::uint8_t i = 0; i < grants; ++i) rows.grants.push_back(random_grant(random, i + 1));
  if (random.one_in(2)) rows.settings = {random_policy(random)};
  World world;
  world.who.principal = kPerson;
  world.who.name = "p";
  if (random.one_in(3)) {
    world.who.scopes = {{random.one_in(2) ? "reader" : "of-an-age", {kVault, "box", random_place(random)}},
                        {"owner", {kVault, "other", ""}}};
  }
  if (random.one_in(5)) world.who.door_scopes = {{"reader", {kVault, "", ""}}};
  if (random.one_in(8)) {
    world.who.share.emplace();
    world.who.share->place = {kVault, "box", "a" + random_place(random)};
    world.who.share->is_prefix = random.one_in(2);
  }
  if (random.one_in(3)) world.who.address = random.one_in(2) ? "10.1.2.3" : "192.168.1.1";
  world.view = std::make_unique<AccessView>(std::move(rows));
  return world;
}

// Whatever is told at once is what deciding says of each key and age; "ask" is told only where a policy
// looks into keys, and of links to one object.
TEST(KeyPlaces, SayOfEveryKeyAndAgeWhatDecidingSays) {
  SeededRandom random(7);
  std::array<std::size_t, 3> told{};
  std::size_t parted = 0;
  for (int round = 0; round < 3000; ++round) {
    const World world = random_world(random);
    const auto places = world.view->key_places(world.who, kActions, kVault, "box", kNow);
    ASSERT_TRUE(places);
    ASSERT_EQ(places->places.front().prefix, "");
    if (places->ages.size() > 1) ++parted;
    for (int i = 0; i < 60; ++i) {
      std::string key = random_place(random) + random_place(random);
      if (key.empty()) key = "b";
      const std::uint64_t age = random.below(50);
      const auto says = places->says(key, age);
      ++told.at(static_cast<std::size_t>(says));
      if (says == KeyPlaces::Says::ask) {
        EXPECT_TRUE(!world.view->rows().settings.empty() || (world.who.share && !world.who.share->is_prefix));
        // Any age of the span answers as this one.
        const auto span = std::ranges::upper_bound(places->ages, age) - 1;
        EXPECT_EQ(may(*world.view, world.who, key, *span), may(*world.view, world.who, key, age));
        continue;
      }
      EXPECT_EQ(says == KeyPlaces::Says::yes, may(*world.view, world.who, key, age))
          << round << " " << key << " " << age;
    }
  }
  EXPECT_GT(parted, 1000U);
  EXPECT_GT(told[0], 10'000U);
  EXPECT_GT(told[1], 10'000U);
  EXPECT_GT(told[2], 1'000U);
}

using Says = KeyPlaces::Says;

std::optional<KeyPlaces> told(const std::function<void(AccessRows&, Who&)>& change) {
  AccessRows rows;
  rows.principals = {person()};
  catalog::RoleRow fresh;
  fresh.name = "fresh";
  fresh.rules.resize(1);
  fresh.rules[0].actions = {"*"};
  fresh.rules[0].age_seconds_max = 10;
  rows.roles = {fresh};
  catalog::GrantRow grant;
  grant.id = id_of<GrantId>(1);
  grant.subject = kPerson;
  grant.role = "reader";
  rows.grants = {grant};
  Who who;
  who.principal = kPerson;
  change(rows, who);
  return AccessView(std::move(rows)).key_places(who, kActions, kVault, "box", kNow);
}

void deny(AccessRows& rows, const std::string& pattern) {
  BucketAccess access;
  access.policy =
      R"({"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::box/)" +
      pattern + "\"}}";
  catalog::HomeSettingRow row;
  row.name = setting_name(kVault, "box");
  row.value = encode(access);
  rows.settings = {row};
}

TEST(KeyPlaces, AskOnlyWherePatternsLookIntoKeys) {
  const auto whole = told([](AccessRows& rows, Who&) { deny(rows, "secret/*"); });
  EXPECT_EQ(whole->says("a", 0), Says::yes);
  EXPECT_EQ(whole->says("secret/a", 0), Says::no);
  const auto ending = told([](AccessRows& rows, Who&) { deny(rows, "notes/*.key"); });
  EXPECT_EQ(ending->says("a.key", 0), Says::yes);
  EXPECT_EQ(ending->says("notes/a", 0), Says::ask);
  const auto one = told([](AccessRows& rows, Who&) { deny(rows, "a/one.txt"); });
  EXPECT_EQ(one->says("a/two.txt", 0), Says::yes);
  EXPECT_EQ(one->says("a/one.txt", 0), Says::ask);
  const auto elsewhere = told([](AccessRows& rows, Who&) {
    deny(rows, "*.key");
    rows.grants[0].place = {kVault, "box", "mine/"};
  });
  EXPECT_EQ(elsewhere->says("yours/a", 0), Says::no) << "denied whatever the pattern says";
  EXPECT_EQ(elsewhere->says("mine/a", 0), Says::ask);
}

TEST(KeyPlaces, PartAgesWhereSomethingElseHolds) {
  using Ages = std::vector<std::uint64_t>;
  EXPECT_EQ(told([](AccessRows&, Who&) {})->ages, Ages{0});
  EXPECT_EQ(told([](AccessRows& rows, Who&) { rows.grants[0].age_seconds_max = 5; })->ages, (Ages{0, 6}));
  EXPECT_EQ(told([](AccessRows& rows, Who&) { rows.grants[0].role = "fresh"; })->ages, (Ages{0, 11}));
  EXPECT_EQ(told([](AccessRows&, Who& who) { who.scopes = {{"fresh", {kVault, "box", ""}}}; })->ages, (Ages{0, 11}));
  const auto fresh = told([](AccessRows& rows, Who&) { rows.grants[0].role = "fresh"; });
  EXPECT_EQ(fresh->says("a", 10), Says::yes);
  EXPECT_EQ(fresh->says("a", 11), Says::no);
}

TEST(KeyPlaces, BeyondMeasureEachIsAskedAbout) {
  const auto many = [](std::uint8_t count) {
    return told([&](AccessRows& rows, Who&) {
      for (std::uint8_t i = 0; i < count; ++i) {
        rows.grants.push_back(rows.grants[0]);
        rows.grants.back().place = {kVault, "box", "folder" + std::to_string(i) + "/"};
      }
    });
  };
  EXPECT_EQ(many(60)->says("folder1/a", 0), Says::yes);
  EXPECT_EQ(many(70)->says("folder1/a", 0), Says::ask);
  EXPECT_FALSE(told([](AccessRows& rows, Who&) {
    for (std::uint8_t i = 1; i < 40; ++i) {
      rows.grants.push_back(rows.grants[0]);
      rows.grants.back().age_seconds_max = i;
    }
  })) << "too many spans";
  EXPECT_EQ(told([](AccessRows& rows, Who&) {
              rows.grants.push_back(rows.grants[0]);
              rows.grants.back().place = {kVault, "other", "a/"};
              rows.grants.back().age_seconds_max = 4;
            })->ages.size(),
            1U)
      << "of another bucket";
}

}  // namespace
}  // namespace atl::access
