#include "vault/access/decision.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <tuple>

#include "foundation/platform/testing/test_machine.h"

namespace atl::access {
namespace {

using platform::SeededRandom;

constexpr Timestamp kNow{1'800'000'000LL * 1'000'000};
constexpr std::uint64_t kDay = 86'400;

template <class Id>
Id id_of(std::uint64_t number) {
  Id id;
  store_le(id.bytes.data() + 8, number);
  id.bytes[0] = 1;
  return id;
}

const VaultId kMain = id_of<VaultId>(1);
const VaultId kOther = id_of<VaultId>(2);

catalog::PrincipalRow person(std::uint64_t number, PrincipalKind kind = PrincipalKind::person) {
  catalog::PrincipalRow row;
  row.id = id_of<PrincipalId>(number);
  row.name = "p" + std::to_string(number);
  row.kind = kind;
  return row;
}
catalog::GrantRow grant(std::uint64_t number, const PrincipalId& subject, const std::string& role,
                        AccessPlace place = {}) {
  catalog::GrantRow row;
  row.id = id_of<GrantId>(number);
  row.subject = subject;
  row.role = role;
  row.place = std::move(place);
  return row;
}
Who who(std::uint64_t number) {
  Who one;
  one.principal = id_of<PrincipalId>(number);
  one.name = "p" + std::to_string(number);
  return one;
}
bool may(const AccessView& view, const Who& one, Action action, const Resource& resource) {
  return view.decide(one, action, resource, kNow).allowed;
}
// What the action is about at its own level, in the vault `main`, bucket `photos`.
Resource resource_of(Action action) {
  switch (info_of(action).level) {
    case ActionLevel::home: return {};
    case ActionLevel::vault: return {kMain, {}, {}, false, Tier::unknown, {}};
    case ActionLevel::bucket: return {kMain, "photos", {}, false, Tier::unknown, {}};
    case ActionLevel::object: return {kMain, "photos", "2024/a.jpg", false, Tier::hot, 10};
  }
  return {};
}

TEST(Actions, EveryOneHasANameOfItsOwnInItsPlace) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kActionCount; ++i) {
    EXPECT_EQ(static_cast<std::size_t>(kActions[i].action), i);
    EXPECT_TRUE(names.insert(kActions[i].name).second) << kActions[i].name;
    EXPECT_FALSE(kActions[i].words.empty()) << kActions[i].name;
    EXPECT_EQ(action_named(kActions[i].name), kActions[i].action);
  }
  EXPECT_FALSE(action_named("no_such_action"));
}

// One letter a preset, in the order owner, editor, reader, agent, auditor: every action has to be here, so that a new
// one without a decision about it fails.
struct Expected {
  std::string_view action;
  std::string_view allowed;
};
constexpr std::array<Expected, kActionCount> kExpected = {{
    {"list_buckets", "oeraA"},
    {"create_bucket", "oe"},
    {"delete_bucket", "oe"},
    {"list", "oeraA"},
    {"read", "oera"},
    {"read_metadata", "oeraA"},
    {"read_version", "oera"},
    {"read_history", "oeraA"},
    {"search", "oera"},
    {"watch", "oera"},
    {"write", "oea"},
    {"overwrite", "oea"},
    {"overwrite_for_good", "oe"},
    {"tag", "oea"},
    {"remove", "oe"},
    {"remove_for_good", "oe"},
    {"erase", "o"},
    {"lock", "oe"},
    {"restore", "oe"},
    {"undo", "oe"},
    {"undo_own", "oea"},
    {"snapshot", "oe"},
    {"hold", "o"},
    {"bypass_retention", "o"},
    {"share_create", "oe"},
    {"link", "oea"},
    {"read_links", "oera"},
    {"resolve", "oe"},
    {"policy_read", "oerA"},
    {"policy_write", "o"},
    {"bucket_access_read", "oeA"},
    {"bucket_access_write", "o"},
    {"verify", "oeA"},
    {"collect", "o"},
    {"import", "oe"},
    {"export", "oer"},
    {"copy_manage", "o"},
    {"job_read", "oerA"},
    {"job_run", "oe"},
    {"schedule", "o"},
    {"key_manage", "o"},
    {"vault_create", "o"},
    {"vault_delete", "o"},
    {"shred", "o"},
    {"status", "oeraA"},
    {"metrics", "oA"},
    {"audit_read", "oA"},
    {"account_read", "oA"},
    {"account_manage", "o"},
    {"quota_manage", "o"},
    {"token_self", "oerA"},
    {"server_admin", "o"},
}};

TEST(Presets, EachOnEachAction) {
  const std::array<std::pair<std::string_view, char>, 5> presets = {
      {{"owner", 'o'}, {"editor", 'e'}, {"reader", 'r'}, {"agent", 'a'}, {"auditor", 'A'}}};
  ASSERT_EQ(preset_roles().size(), presets.size());
  for (std::size_t i = 0; i < kActionCount; ++i) {
    ASSERT_EQ(kExpected[i].action, kActions[i].name);
    for (const auto& [role, letter] : presets) {
      AccessRows rows;
      rows.principals = {person(1)};
      rows.grants = {grant(1, id_of<PrincipalId>(1), std::string(role))};
      const AccessView view(std::move(rows));
      const Decision decision = view.decide(who(1), kActions[i].action, resource_of(kActions[i].action), kNow);
      EXPECT_EQ(decision.allowed, kExpected[i].allowed.find(letter) != std::string_view::npos)
          << role << " " << kActions[i].name << " " << decision.reason;
      EXPECT_EQ(decision.reason, decision.allowed ? "grant" : "no_rule");
      EXPECT_EQ(decision.role, decision.allowed ? role : std::string_view());
    }
  }
}

TEST(Presets, NobodyAndStrangersMayDoNothing) {
  AccessRows rows;
  rows.principals = {person(1)};
  const AccessView view(std::move(rows));
  for (const ActionInfo& info : kActions) {
    EXPECT_EQ(view.decide(Who::nobody(), info.action, resource_of(info.action), kNow).reason, "not_signed_in");
    EXPECT_EQ(view.decide(who(1), info.action, resource_of(info.action), kNow).reason, "no_rule");
    EXPECT_EQ(view.decide(who(77), info.action, resource_of(info.action), kNow).reason, "disabled");
    EXPECT_TRUE(may(view, Who::local_owner(), info.action, resource_of(info.action)));
  }
}

TEST(DoorScopes, NarrowEverybodyTheLocalOwnerAndTokensToo) {
  AccessRows rows;
  rows.principals = {person(1)};
  rows.grants = {grant(1, id_of<PrincipalId>(1), "owner")};
  const AccessView view(std::move(rows));
  catalog::TokenScope agent_in_photos;
  agent_in_photos.role = "agent";
  agent_in_photos.place.bucket = "photos";
  for (Who one : {who(1), Who::local_owner()}) {
    one.door_scopes = {agent_in_photos};
    EXPECT_TRUE(may(view, one, Action::write, {kMain, "photos", "a"}));
    EXPECT_FALSE(may(view, one, Action::write, {kMain, "notes", "a"}));
    EXPECT_FALSE(may(view, one, Action::remove, {kMain, "photos", "a"}));
    EXPECT_EQ(view.decide(one, Action::erase, {kMain, "photos", "a"}, kNow).reason, "outside_door");
  }
  Who reading = who(1);
  catalog::TokenScope reader;
  reader.role = "reader";
  reading.scopes = {reader};
  reading.door_scopes = {agent_in_photos};
  EXPECT_FALSE(may(view, reading, Action::write, {kMain, "photos", "a"})) << "the token is for reading";
  EXPECT_TRUE(may(view, reading, Action::read, {kMain, "photos", "a"}));
  EXPECT_FALSE(may(view, reading, Action::read, {kMain, "notes", "a"})) << "the door is for photos";
}

// Columns: admin physics_engine observer archivist.
TEST(Templates, ReadByTier) {
  for (const auto& [role, expected] : std::vector<std::pair<std::string, std::string>>{
           {"admin", "hwc"}, {"physics_engine", "hw"}, {"observer", "w"}, {"archivist", "c"}}) {
    AccessRows rows;
    for (const PresetRole& one : role_templates()) rows.roles.push_back({std::string(one.name), "", one.rules, {}, {}});
    rows.principals = {person(1)};
    rows.grants = {grant(1, id_of<PrincipalId>(1), role)};
    const AccessView view(std::move(rows));
    for (const auto& [tier, letter] : {std::pair{Tier::hot, 'h'}, {Tier::warm, 'w'}, {Tier::cold, 'c'}}) {
      const bool allowed = may(view, who(1), Action::read, {kMain, "photos", "a", false, tier, 10});
      EXPECT_EQ(allowed, expected.find(letter) != std::string::npos) << role << letter;
    }
    EXPECT_EQ(may(view, who(1), Action::read, {kMain, "photos", "a", false, Tier::unknown, 10}), role == "admin")
        << "a tier that cannot be told allows nothing";
    EXPECT_TRUE(may(view, who(1), Action::list, {kMain, "photos", "", true, Tier::unknown, {}})) << role;
  }
}

TEST(Templates, RelationsByRole) {
  const std::vector<std::tuple<Action, std::set<std::string>>> matrix = {
      {Action::link, {"admin", "quantum_engineer"}},
      {Action::read_links, {"admin", "physics_engine", "observer"}},
      {Action::resolve, {"admin", "quantum_engineer"}}};
  for (const PresetRole& role : role_templates()) {
    AccessRows rows;
    rows.roles = {{std::string(role.name), "", role.rules, {}, {}}};
    rows.principals = {person(1)};
    rows.grants = {grant(1, id_of<PrincipalId>(1), std::string(role.name))};
    const AccessView view(std::move(rows));
    for (const auto& [action, roles] : matrix)
      EXPECT_EQ(may(view, who(1), action, resource_of(action)), roles.contains(std::string(role.name)))
          << role.name << " " << name_of(action);
  }
}

TEST(Templates, ReadByAge) {
  const std::vector<std::tuple<std::uint64_t, std::set<std::string>>> matrix = {
      {3600, {"admin", "real_time_processor"}},
      {kDay, {"admin", "real_time_processor"}},
      {kDay + 1, {"admin", "analytics_engine"}},
      {30 * kDay, {"admin", "analytics_engine"}},
      {30 * kDay + 1, {"admin", "data_scientist", "archivist"}},
      {4000 * kDay, {"admin", "data_scientist", "archivist"}}};
  for (const PresetRole& role : role_templates()) {
    if (role.name == "physics_engine" || role.name == "observer") continue;  // by tier, whatever the age
    AccessRows rows;
    rows.roles = {{std::string(role.name), "", role.rules, {}, {}}};
    rows.principals = {person(1)};
    rows.grants = {grant(1, id_of<PrincipalId>(1), std::string(role.name))};
    const AccessView view(std::move(rows));
    for (const auto& [age, roles] : matrix)
      EXPECT_EQ(may(view, who(1), Action::read, {kMain, "photos", "a", false, Tier::hot, age}),
                roles.contains(std::string(role.name)))
          << role.name << " " << age;
  }
}

TEST(Decisions, AGrantHoldsInItsVaultBucketAndPrefix) {
  AccessRows rows;
  rows.principals = {person(1)};
  rows.grants = {grant(1, id_of<PrincipalId>(1), "editor", {kMain, "photos", "2024/"})};
  const AccessView view(std::move(rows));
  EXPECT_TRUE(may(view, who(1), Action::read, {kMain, "photos", "2024/a", false, Tier::hot, {}}));
  EXPECT_TRUE(may(view, who(1), Action::list, {kMain, "photos", "2024/", true, Tier::unknown, {}}));
  EXPECT_FALSE(may(view, who(1), Action::list, {kMain, "photos", "20", true, Tier::unknown, {}}));
  EXPECT_FALSE(may(view, who(1), Action::list, {kMain, "photos", "", true, Tier::unknown, {}}));
  EXPECT_FALSE(may(view, who(1), Action::read, {kMain, "photos", "2023/a", false, Tier::hot, {}}));
  EXPECT_FALSE(may(view, who(1), Action::read, {kMain, "music", "2024/a", false, Tier::hot, {}}));
  EXPECT_FALSE(may(view, who(1), Action::read, {kOther, "photos", "2024/a", false, Tier::hot, {}}));
  EXPECT_FALSE(may(view, who(1), Action::policy_read, {kMain, "photos", "", false, Tier::unknown, {}}));
  EXPECT_FALSE(may(view, who(1), Action::undo, {kMain, "", "", false, Tier::unknown, {}}));
  EXPECT_TRUE(may(view, who(1), Action::list_buckets, {kMain, "", "", false, Tier::unknown, {}}));
  EXPECT_TRUE(may(view, who(1), Action::list_buckets, {kMain, "photos", "", false, Tier::unknown, {}}));
  EXPECT_FALSE(may(view, who(1), Action::list_buckets, {kMain, "music", "", false, Tier::unknown, {}}));
  EXPECT_FALSE(may(view, who(1), Action::list_buckets, {kOther, "", "", false, Tier::unknown, {}}));
}

TEST(Decisions, ADenialWinsAndCoversWhatCoversIt) {
  AccessRows rows;
  rows.principals = {person(1)};
  rows.grants = {grant(1, id_of<PrincipalId>(1), "owner"),
                 grant(2, id_of<PrincipalId>(1), "reader", {kMain, "photos", "private/"})};
  rows.grants[1].denies = true;
  const AccessView view(std::move(rows));
  const Decision decision =
      view.decide(who(1), Action::read, {kMain, "photos", "private/a", false, Tier::hot, {}}, kNow);
  EXPECT_FALSE(decision.allowed);
  EXPECT_EQ(decision.reason, "denied_by_rule");
  EXPECT_EQ(decision.grant, id_of<GrantId>(2));
  EXPECT_FALSE(may(view, who(1), Action::list, {kMain, "photos", "", true, Tier::unknown, {}}));
  EXPECT_FALSE(may(view, who(1), Action::list, {kMain, "photos", "priv", true, Tier::unknown, {}}));
  EXPECT_TRUE(may(view, who(1), Action::list, {kMain, "photos", "2024/", true, Tier::unknown, {}}));
  EXPECT_TRUE(may(view, who(1), Action::read, {kMain, "photos", "priv", false, Tier::hot, {}}));
  EXPECT_FALSE(may(view, who(1), Action::export_data, {kMain, "photos", "", false, Tier::unknown, {}}));
  EXPECT_TRUE(may(view, who(1), Action::write, {kMain, "photos", "private/a", false, Tier::hot, {}}))
      << "only what a reader may is denied";
  EXPECT_TRUE(may(view, who(1), Action::list_buckets, {kMain, "photos", "", false, Tier::unknown, {}}));
}

TEST(Decisions, GroupsEveryoneExpiryAndDisabledAccountsCount) {
  AccessRows rows;
  rows.principals = {person(1), person(2), person(3), person(9, PrincipalKind::group)};
  rows.principals[2].is_disabled = true;
  rows.memberships = {{id_of<PrincipalId>(9), id_of<PrincipalId>(1), {}, {}},
                      {id_of<PrincipalId>(9), id_of<PrincipalId>(3), {}, {}}};
  rows.grants = {grant(1, id_of<PrincipalId>(9), "editor", {kMain, "team", ""}),
                 grant(2, catalog::kEveryone, "reader", {kMain, "public", ""}),
                 grant(3, catalog::kSignedIn, "reader", {kMain, "house", ""}),
                 grant(4, id_of<PrincipalId>(2), "owner")};
  rows.grants[3].expires = kNow;
  const AccessView view(std::move(rows));
  const auto at = [](std::string_view bucket) { return Resource{kMain, bucket, "a", false, Tier::hot, {}}; };
  EXPECT_TRUE(may(view, who(1), Action::write, at("team")));
  EXPECT_FALSE(may(view, who(2), Action::write, at("team")));
  EXPECT_FALSE(may(view, who(3), Action::write, at("team"))) << "disabled";
  EXPECT_TRUE(may(view, Who::nobody(), Action::read, at("public")));
  EXPECT_FALSE(may(view, Who::nobody(), Action::write, at("public")));
  EXPECT_FALSE(may(view, Who::nobody(), Action::read, at("house")));
  EXPECT_TRUE(may(view, who(2), Action::read, at("house")));
  EXPECT_TRUE(view.decide(who(2), Action::erase, at("team"), {kNow.unix_us - 1}).allowed);
  EXPECT_FALSE(may(view, who(2), Action::erase, at("team"))) << "expired";
}

TEST(Decisions, TokensKeysAndLinksOnlyNarrow) {
  AccessRows rows;
  rows.principals = {person(1)};
  rows.grants = {grant(1, id_of<PrincipalId>(1), "editor", {kMain, "photos", ""})};
  const AccessView view(std::move(rows));
  const Resource photo{kMain, "photos", "2024/a", false, Tier::hot, {}};
  Who token = who(1);
  token.scopes = {{"reader", {kMain, "photos", "2024/"}}, {"owner", {kMain, "music", ""}}, {"gone", {}}};
  EXPECT_TRUE(may(view, token, Action::read, photo));
  EXPECT_EQ(view.decide(token, Action::write, photo, kNow).reason, "outside_token");
  EXPECT_EQ(view.decide(token, Action::read, {kMain, "music", "a", false, Tier::hot, {}}, kNow).reason, "no_rule")
      << "a scope gives nothing";
  Who key = who(1);
  key.only_vault = kOther;
  EXPECT_EQ(view.decide(key, Action::read, photo, kNow).reason, "outside_vault");
  Who link = who(1);
  link.share.emplace();
  link.share->place = {kMain, "photos", "2024/"};
  link.share->is_prefix = true;
  EXPECT_TRUE(may(view, link, Action::read, photo));
  EXPECT_TRUE(may(view, link, Action::list, {kMain, "photos", "2024/", true, Tier::unknown, {}}));
  EXPECT_FALSE(may(view, link, Action::list, {kMain, "photos", "", true, Tier::unknown, {}}));
  EXPECT_FALSE(may(view, link, Action::write, photo));
  EXPECT_FALSE(may(view, link, Action::read, {kMain, "photos", "2023/a", false, Tier::hot, {}}));
  link.share->takes_uploads = true;
  EXPECT_TRUE(may(view, link, Action::write, photo));
  EXPECT_FALSE(may(view, link, Action::overwrite, photo));
  EXPECT_FALSE(may(view, link, Action::read, photo));
  link.share->is_prefix = false;
  EXPECT_FALSE(may(view, link, Action::write, photo));
  link.share->takes_uploads = false;
  link.share->place.prefix = "2024/a";
  EXPECT_TRUE(may(view, link, Action::read, photo));
  EXPECT_FALSE(may(view, link, Action::read_version, photo));
  link.principal = id_of<PrincipalId>(5);
  EXPECT_FALSE(may(view, link, Action::read, photo)) << "whose maker is gone";
}

TEST(Decisions, ADenialOfWhatThisProgramDoesNotKnowDeniesEverything) {
  const std::vector<catalog::RoleRule> rules = {{false, {"read", "fly"}, {}, 0, 0}};
  EXPECT_EQ(compile(rules)[0].actions.count(), 1U);
  const std::vector<catalog::RoleRule> denying = {{true, {"fly"}, {}, 0, 0}};
  EXPECT_TRUE(compile(denying)[0].actions.all());
}

// The same rules, written down as plainly as they can be.
bool reference(const AccessRows& rows, const Who& one, Action action, const Resource& resource) {
  std::set<PrincipalId> subjects = {catalog::kEveryone};
  if (!one.principal.is_none()) {
    bool is_there = false;
    for (const auto& row : rows.principals) is_there = is_there || (row.id == one.principal && !row.is_disabled);
    if (!is_there) return false;
    subjects.insert({catalog::kSignedIn, one.principal});
    for (const auto& membership : rows.memberships) {
      if (membership.member != one.principal) continue;
      for (const auto& row : rows.principals) {
        if (row.id == membership.group && row.kind == PrincipalKind::group && !row.is_disabled) subjects.insert(row.id);
      }
    }
  }
  const auto names = [&](const std::vector<std::string>& actions) {
    for (const auto& name : actions) {
      if (name == "*" || name == name_of(action)) return true;
    }
    return false;
  };
  const auto tier_text = resource.tier == Tier::hot ? "hot" : resource.tier == Tier::warm ? "warm" : "cold";
  const auto in_tier = [&](const std::vector<std::string>& tiers, bool unknown) {
    if (tiers.empty()) return true;
    if (resource.tier == Tier::unknown) return unknown;
    for (const auto& tier : tiers) {
      if (tier == tier_text) return true;
    }
    return false;
  };
  const auto in_age = [&](std::uint64_t min, std::uint64_t max, bool unknown) {
    if (min == 0 && max == 0) return true;
    if (!resource.age_seconds) return unknown;
    return *resource.age_seconds >= min && (max == 0 || *resource.age_seconds <= max);
  };
  bool allowed = false;
  for (const auto& row : rows.grants) {
    if (!subjects.contains(row.subject)) continue;
    if (row.expires.unix_us != 0 && row.expires.unix_us <= kNow.unix_us) continue;
    const std::vector<catalog::RoleRule>* rules = nullptr;
    for (const auto& role : rows.roles) {
      if (role.name == row.role) rules = &role.rules;
    }
    if (const auto* preset = preset_role(row.role); preset != nullptr) rules = &preset->rules;
    if (rules == nullptr) continue;
    const bool right_vault = row.place.vault.is_none() || row.place.vault == resource.vault;
    const bool right_bucket = row.place.bucket.empty() || row.place.bucket == resource.bucket;
    const bool below = resource.key.starts_with(row.place.prefix);
    bool covers = right_vault && right_bucket && below;
    bool touches = covers;
    if (action == Action::list_buckets) {
      covers = right_vault && (right_bucket || resource.bucket.empty());
      touches = right_vault && right_bucket && row.place.prefix.empty();
    } else if (resource.bucket.empty()) {
      touches = right_vault && (row.place.bucket.empty() || !resource.vault.is_none());
    } else if (resource.is_prefix || resource.key.empty()) {
      touches = right_vault && right_bucket && (below || row.place.prefix.starts_with(resource.key));
    }
    const auto grant_holds = [&](bool unknown) {
      return in_tier(row.tiers, unknown) && in_age(0, row.age_seconds_max, unknown);
    };
    bool role_denies = false, role_allows = false, role_may_allow = false;
    for (const auto& rule : *rules) {
      if (!names(rule.actions)) continue;
      const auto holds = [&](bool unknown) {
        return in_tier(rule.tiers, unknown) && in_age(rule.age_seconds_min, rule.age_seconds_max, unknown);
      };
      if (rule.denies) {
        role_denies = role_denies || holds(true);
      } else {
        role_allows = role_allows || holds(false);
        role_may_allow = role_may_allow || holds(true);
      }
    }
    if (row.denies) {
      if (touches && grant_holds(true) && role_may_allow) return false;
      continue;
    }
    if ((touches || covers) && role_denies && grant_holds(true)) return false;
    if (covers && role_allows && !role_denies && grant_holds(false)) allowed = true;
  }
  return allowed;
}

TEST(Decisions, AreThoseOfTheReferenceForRandomRulesAndQuestions) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SeededRandom random(seed);
    const std::vector<std::string> buckets = {"", "photos", "music"};
    const std::vector<std::string> prefixes = {"", "a", "a/", "a/b", "b/"};
    const std::vector<std::string> tiers = {"hot", "warm", "cold"};
    const auto some_tiers = [&] {
      std::vector<std::string> some;
      for (const auto& tier : tiers) {
        if (random.one_in(6)) some.push_back(tier);
      }
      return some;
    };
    AccessRows rows;
    for (std::uint64_t i = 1; i <= 4; ++i) {
      rows.principals.push_back(person(i));
      rows.principals.back().is_disabled = random.one_in(8);
    }
    for (std::uint64_t i = 8; i <= 9; ++i) {
      rows.principals.push_back(person(i, PrincipalKind::group));
      rows.principals.back().is_disabled = random.one_in(8);
      for (std::uint64_t member = 1; member <= 4; ++member) {
        if (random.one_in(2)) rows.memberships.push_back({id_of<PrincipalId>(i), id_of<PrincipalId>(member), {}, {}});
      }
    }
    for (int i = 0; i < 3; ++i) {
      catalog::RoleRow role;
      role.name = "r" + std::to_string(i);
      for (std::uint64_t rule = 0; rule <= random.below(3); ++rule) {
        catalog::RoleRule one;
        one.denies = random.one_in(5);
        if (random.one_in(5)) one.actions.emplace_back("*");
        for (int action = 0; action < 12; ++action) one.actions.emplace_back(kActions[random.below(kActionCount)].name);
        one.tiers = some_tiers();
        if (random.one_in(4)) one.age_seconds_min = random.below(50);
        if (random.one_in(4)) one.age_seconds_max = one.age_seconds_min + 1 + random.below(50);
        role.rules.push_back(std::move(one));
      }
      rows.roles.push_back(std::move(role));
    }
    const std::vector<std::string> roles = {"r0", "r1", "r2", "editor", "reader", "owner", "agent", "missing"};
    const std::vector<PrincipalId> subjects = {id_of<PrincipalId>(1), id_of<PrincipalId>(2), id_of<PrincipalId>(3),
                                               id_of<PrincipalId>(4), id_of<PrincipalId>(8), id_of<PrincipalId>(9),
                                               catalog::kEveryone,    catalog::kSignedIn};
    for (std::uint64_t i = 0; i < 3 + random.below(8); ++i) {
      auto row = grant(i + 1, subjects[random.below(subjects.size())], roles[random.below(roles.size())]);
      if (random.one_in(2)) row.place.vault = random.one_in(2) ? kMain : kOther;
      row.place.bucket = buckets[random.below(buckets.size())];
      if (!row.place.bucket.empty()) row.place.prefix = prefixes[random.below(prefixes.size())];
      row.denies = random.one_in(5);
      row.tiers = some_tiers();
      if (random.one_in(6)) row.age_seconds_max = 1 + random.below(60);
      if (random.one_in(6)) row.expires.unix_us = kNow.unix_us + (random.one_in(2) ? 1 : 0);
      rows.grants.push_back(std::move(row));
    }
    const AccessRows plain = rows;
    const AccessView view(std::move(rows));
    for (int question = 0; question < 2'000; ++question) {
      Who one = random.one_in(6) ? Who::nobody() : who(1 + random.below(4));
      const Action action = kActions[random.below(kActionCount)].action;
      Resource resource;
      const std::string& bucket = buckets[random.below(3)];
      const std::string key = prefixes[random.below(prefixes.size())] + (random.one_in(2) ? "b" : "");
      if (!random.one_in(8)) {
        resource.vault = random.one_in(2) ? kMain : kOther;
        resource.bucket = bucket;
        if (!bucket.empty()) resource.key = key;
        resource.is_prefix = random.one_in(4);
        resource.tier = static_cast<Tier>(random.below(4));
        if (!random.one_in(3)) resource.age_seconds = random.below(100);
      }
      ASSERT_EQ(may(view, one, action, resource), reference(plain, one, action, resource))
          << "seed " << seed << ", question " << question << ": " << one.name << " " << name_of(action) << " "
          << resource.bucket << "/" << resource.key;
    }
  }
}

}  // namespace
}  // namespace atl::access
