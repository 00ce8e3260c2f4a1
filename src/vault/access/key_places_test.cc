// key_places() against decide(), key by key, over grants, denials, scopes and links from a seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>

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
  grant.role = random.one_in(2) ? "reader" : random.one_in(2) ? "owner" : "no-search";
  if (!random.one_in(8)) grant.place.vault = random.one_in(6) ? id_of<VaultId>(2) : kVault;
  if (!random.one_in(6)) grant.place.bucket = random.one_in(5) ? "other" : "box";
  if (!grant.place.bucket.empty()) grant.place.prefix = random_place(random);
  grant.denies = random.one_in(4);
  if (random.one_in(8)) grant.expires = Timestamp{kNow.unix_us - 1};
  return grant;
}

bool may(const AccessView& view, const Who& who, const std::string& key) {
  Resource resource;
  resource.vault = kVault;
  resource.bucket = "box";
  resource.key = key;
  return std::ranges::all_of(kActions, [&](Action action) { return view.decide(who, action, resource, kNow).allowed; });
}

TEST(KeyPlaces, SayOfEveryKeyWhatDecidingSays) {
  SeededRandom random(7);
  std::size_t seen = 0;
  std::size_t unseen = 0;
  for (int round = 0; round < 400; ++round) {
    AccessRows rows;
    rows.principals = {person()};
    catalog::RoleRow role;
    role.name = "no-search";
    role.rules.resize(1);
    role.rules[0].actions = {"search"};
    role.rules[0].denies = true;
    rows.roles = {role};
    const auto grants = static_cast<std::uint8_t>(1 + random.below(5));
    for (std::uint8_t i = 0; i < grants; ++i) rows.grants.push_back(random_grant(random, i + 1));
    const AccessView view(std::move(rows));
    Who who;
    who.principal = kPerson;
    who.name = "p";
    if (random.one_in(3))
      who.scopes = {{"reader", {kVault, "box", random_place(random)}}, {"owner", {kVault, "other", ""}}};
    if (random.one_in(5)) who.door_scopes = {{"reader", {kVault, "", ""}}};
    const auto places = view.key_places(who, kActions, kVault, "box", kNow);
    ASSERT_TRUE(places);
    ASSERT_EQ(places->places.front().first, "");
    for (int i = 0; i < 60; ++i) {
      std::string key = random_place(random) + random_place(random);
      if (key.empty()) key = "b";
      const bool allowed = may(view, who, key);
      EXPECT_EQ(places->allows(key), allowed) << round << " " << key;
      ++(allowed ? seen : unseen);
    }
  }
  EXPECT_GT(seen, 1000U);
  EXPECT_GT(unseen, 1000U);
}

TEST(KeyPlaces, AreNotToldWhereMoreThanKeysDecides) {
  const auto told = [](const std::function<void(AccessRows&, Who&)>& change) {
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
    return AccessView(std::move(rows)).key_places(who, kActions, kVault, "box", kNow).has_value();
  };
  EXPECT_TRUE(told([](AccessRows&, Who&) {}));
  EXPECT_FALSE(told([](AccessRows& rows, Who&) { rows.grants[0].tiers = {"hot"}; }));
  EXPECT_FALSE(told([](AccessRows& rows, Who&) { rows.grants[0].age_seconds_max = 5; }));
  EXPECT_FALSE(told([](AccessRows& rows, Who&) { rows.grants[0].role = "fresh"; }));
  EXPECT_FALSE(told([](AccessRows&, Who& who) { who.scopes = {{"fresh", {kVault, "box", ""}}}; }));
  EXPECT_FALSE(told([](AccessRows& rows, Who&) {
    for (std::uint8_t i = 0; i < 70; ++i) {
      rows.grants.push_back(rows.grants[0]);
      rows.grants.back().place = {kVault, "box", "folder" + std::to_string(i) + "/"};
    }
  }));
  EXPECT_TRUE(told([](AccessRows& rows, Who&) {
    rows.grants.push_back(rows.grants[0]);
    rows.grants.back().place = {kVault, "other", "a/"};
    rows.grants.back().tiers = {"hot"};
  })) << "of another bucket";
}

}  // namespace
}  // namespace atl::access
