#include "vault/access/decision.h"

#include <algorithm>
#include <array>

namespace atl::access {
namespace {

constexpr std::string_view kAgentRole = "agent";

std::uint8_t tier_bit(Tier tier) { return static_cast<std::uint8_t>(1U << static_cast<unsigned>(tier)); }

std::uint8_t tier_bits(const std::vector<std::string>& tiers) {
  std::uint8_t bits = 0;
  for (const std::string& tier : tiers) {
    if (tier == "hot") bits |= tier_bit(Tier::hot);
    if (tier == "warm") bits |= tier_bit(Tier::warm);
    if (tier == "cold") bits |= tier_bit(Tier::cold);
  }
  // Named tiers of which none is known: no object lies there, so the condition holds for nothing.
  if (!tiers.empty() && bits == 0) bits = tier_bit(Tier::unknown);
  return bits;
}

bool tier_holds(std::uint8_t wanted, Tier tier, bool denies) {
  if (wanted == 0) return true;
  if (tier == Tier::unknown) return denies;
  return (wanted & tier_bit(tier)) != 0;
}

bool age_holds(std::uint64_t min, std::uint64_t max, const std::optional<std::uint64_t>& age, bool denies) {
  if (min == 0 && max == 0) return true;
  if (!age) return denies;
  return *age >= min && (max == 0 || *age <= max);
}

// `denies`: what cannot be told holds.
bool rule_holds(const CompiledRule& rule, Action action, const Resource& resource, bool denies) {
  return rule.actions.test(bit(action)) && tier_holds(rule.tiers, resource.tier, denies) &&
         age_holds(rule.age_seconds_min, rule.age_seconds_max, resource.age_seconds, denies);
}

bool place_covers(const AccessPlace& place, Action action, const Resource& resource) {
  if (!place.vault.is_none() && place.vault != resource.vault) return false;
  // Whether a bucket is there may be seen by whoever may do anything in it; a list of buckets by whoever sees one.
  if (action == Action::list_buckets)
    return resource.bucket.empty() || place.bucket.empty() || place.bucket == resource.bucket;
  if (!place.bucket.empty() && place.bucket != resource.bucket) return false;
  return place.prefix.empty() || resource.key.starts_with(place.prefix);
}

// Any part of what is asked for lies in `place`.
bool place_touches(const AccessPlace& place, Action action, const Resource& resource) {
  if (!place.vault.is_none() && place.vault != resource.vault) return false;
  if (action == Action::list_buckets)
    return place.prefix.empty() && (place.bucket.empty() || place.bucket == resource.bucket);
  if (resource.bucket.empty()) return place.bucket.empty() || !resource.vault.is_none();
  if (!place.bucket.empty() && place.bucket != resource.bucket) return false;
  if (resource.key.starts_with(place.prefix)) return true;
  return (resource.is_prefix || resource.key.empty()) && place.prefix.starts_with(resource.key);
}

enum class RoleSays : std::uint8_t { nothing, allowed, denied };

RoleSays ask_role(const CompiledRole& role, Action action, const Resource& resource) {
  RoleSays says = RoleSays::nothing;
  for (const CompiledRule& rule : role) {
    if (!rule_holds(rule, action, resource, rule.denies)) continue;
    if (rule.denies) return RoleSays::denied;
    says = RoleSays::allowed;
  }
  return says;
}

bool share_covers(const catalog::ShareRow& share, Action action, const Resource& resource) {
  if (share.place.vault != resource.vault || share.place.bucket != resource.bucket) return false;
  const bool is_inside =
      share.is_prefix ? resource.key.starts_with(share.place.prefix) : resource.key == share.place.prefix;
  if (!is_inside) return false;
  if (share.takes_uploads) return action == Action::write && share.is_prefix;
  switch (action) {
    case Action::read: return share.version.is_none();
    case Action::read_version: return !share.version.is_none();
    case Action::read_metadata: return true;
    case Action::list: return share.is_prefix && share.version.is_none();
    default: return false;
  }
}

Decision denied(std::string_view reason) { return {false, reason, {}, {}}; }

}  // namespace

Who Who::local_owner(std::string name) {
  Who who;
  who.name = std::move(name);
  who.is_local_owner = true;
  return who;
}

CompiledRole compile(std::span<const catalog::RoleRule> rules) {
  CompiledRole role;
  for (const catalog::RoleRule& rule : rules) {
    CompiledRule ready;
    ready.denies = rule.denies;
    for (const std::string& name : rule.actions) {
      const auto action = action_named(name);
      if (action) ready.actions.set(bit(*action));
      if (name == "*" || (!action && rule.denies)) ready.actions.set();
    }
    ready.tiers = tier_bits(rule.tiers);
    ready.age_seconds_min = rule.age_seconds_min;
    ready.age_seconds_max = rule.age_seconds_max;
    role.push_back(ready);
  }
  return role;
}

// What everyone may is nobody's own.
void AccessView::find_agents() {
  for (const auto& [principal, subjects] : subjects_of_) {
    bool is_agent = false;
    bool is_more = false;
    for (const PrincipalId& subject : subjects) {
      const auto granted = grants_.find(subject);
      if (granted == grants_.end() || subject == catalog::kEveryone || subject == catalog::kSignedIn) continue;
      for (const CompiledGrant& grant : granted->second) {
        if (!grant.row->denies) (grant.row->role == kAgentRole ? is_agent : is_more) = true;
      }
    }
    if (is_agent && !is_more) acting_as_agents_.insert(principal);
  }
}

AccessView::AccessView(AccessRows rows) : rows_(std::move(rows)) {
  for (const PresetRole& preset : preset_roles()) roles_.emplace(preset.name, compile(preset.rules));
  for (const catalog::RoleRow& row : rows_.roles) roles_.emplace(row.name, compile(row.rules));  // presets stay
  for (const catalog::PrincipalRow& row : rows_.principals) {
    principals_[row.id] = &row;
    names_[row.name] = &row;
    if (row.kind != PrincipalKind::group) subjects_of_[row.id] = {row.id, catalog::kEveryone, catalog::kSignedIn};
  }
  for (const catalog::MembershipRow& row : rows_.memberships) {
    const auto group = principals_.find(row.group);
    const auto member = subjects_of_.find(row.member);
    if (group == principals_.end() || group->second->is_disabled || member == subjects_of_.end()) continue;
    member->second.push_back(row.group);
  }
  for (const catalog::GrantRow& row : rows_.grants) {
    const CompiledRole* const compiled = role(row.role);
    // A grant of a role that is not there allows nothing; one that denies it denies nothing that could be told.
    if (compiled == nullptr) continue;
    grants_[row.subject].push_back({&row, compiled, tier_bits(row.tiers)});
  }
  find_agents();
  for (const catalog::TokenRow& row : rows_.tokens) tokens_[row.digest] = &row;
  for (const catalog::SessionRow& row : rows_.sessions) sessions_[row.digest] = &row;
  for (const catalog::ShareRow& row : rows_.shares) shares_[row.digest] = &row;
  for (const catalog::S3KeyRow& row : rows_.s3_keys) s3_keys_[row.access_key_id] = &row;
  read_bucket_rules();
}

void AccessView::read_bucket_rules() {
  for (const catalog::HomeSettingRow& row : rows_.settings) {
    auto name = bucket_of_setting(row.name);
    if (!name) continue;
    BucketRules& rules = bucket_rules_[name->vault][name->bucket];
    auto said = decode_bucket_access(row.value);
    if (!said) {
      rules.policy = BucketPolicy::deny_all();
      continue;
    }
    rules.said = std::move(*said);
    if (rules.said.policy.empty()) continue;
    auto policy = BucketPolicy::parse(rules.said.policy, name->bucket,
                                      [&](const std::string& named) -> std::optional<PrincipalId> {
                                        for (const auto& [known, id] : rules.said.named) {
                                          if (known == named) return id;
                                        }
                                        return std::nullopt;
                                      });
    rules.policy = policy ? std::move(*policy) : BucketPolicy::deny_all();
  }
}

const AccessView::BucketRules* AccessView::bucket_rules(const VaultId& vault, std::string_view bucket) const {
  const auto of_vault = bucket_rules_.find(vault);
  if (of_vault == bucket_rules_.end()) return nullptr;
  const auto found = of_vault->second.find(bucket);
  return found == of_vault->second.end() ? nullptr : &found->second;
}

Decision AccessView::decide(const Who& who, Action action, const Resource& resource, Timestamp now) const {
  Decision decision = decide_for_caller(who, action, resource, now);
  if (decision.allowed && !scopes_allow(who.door_scopes, action, resource)) return denied("outside_door");
  return decision;
}

Decision AccessView::decide_for_caller(const Who& who, Action action, const Resource& resource, Timestamp now) const {
  if (who.is_local_owner) return {true, "local_owner", {}, {}};
  if (!who.only_vault.is_none() && who.only_vault != resource.vault) return denied("outside_vault");
  if (!who.principal.is_none()) {
    const catalog::PrincipalRow* const row = principal(who.principal);
    if (row == nullptr || row->is_disabled) return denied("disabled");
  }
  // Whatever the roles say: a new password has to be possible for whoever is asked for one.
  if (who.must_change_password) return {action == Action::token_self, "issued_password", {}, {}};
  if (who.share && !share_covers(*who.share, action, resource)) return denied("outside_share");
  Decision decision = decide_for_account(who, action, resource, now);
  if (decision.allowed && !scopes_allow(who.scopes, action, resource)) return denied("outside_token");
  return decision;
}

Decision AccessView::decide_for_account(const Who& who, Action action, const Resource& resource, Timestamp now) const {
  const BucketRules* rules =
      resource.bucket.empty() || bucket_rules_.empty() ? nullptr : bucket_rules(resource.vault, resource.bucket);
  // Of an earlier bucket of that name, where the asker knows which one is meant. Without an id it could not be read.
  const bool is_past = rules != nullptr && !rules->said.bucket.is_none() && !resource.bucket_id.is_none() &&
                       rules->said.bucket != resource.bucket_id;
  if (is_past) rules = nullptr;
  const PolicySays says = rules == nullptr ? PolicySays::nothing : rules->policy.ask(who, action, resource);
  if (says == PolicySays::denied) return denied("denied_by_policy");
  Decision decision = decide_by_grants(who.principal, action, resource, now);
  if (decision.allowed || decision.reason == "denied_by_rule") return decision;
  if (!is_asked_for_by(resource.permission, action) || resource.bucket_id.is_none()) return decision;
  if (object_list_allows(resource.list, resource.permission, who)) return {true, "access_list", {}, {}};
  if (rules == nullptr) return decision;
  if (says == PolicySays::allowed) return {true, "policy", {}, {}};
  if (bucket_list_allows(rules->said.list, resource.permission, who)) return {true, "access_list", {}, {}};
  return decision;
}

Decision AccessView::decide_by_grants(const PrincipalId& principal, Action action, const Resource& resource,
                                      Timestamp now) const {
  const std::array<PrincipalId, 1> nobody{catalog::kEveryone};
  std::span<const PrincipalId> subjects = nobody;
  if (const auto known = subjects_of_.find(principal); known != subjects_of_.end()) subjects = known->second;
  const CompiledGrant* allowing = nullptr;
  for (const PrincipalId& subject : subjects) {
    const auto grants = grants_.find(subject);
    if (grants == grants_.end()) continue;
    for (const CompiledGrant& grant : grants->second) {
      const catalog::GrantRow& row = *grant.row;
      if (row.expires.unix_us != 0 && row.expires <= now) continue;
      if (row.denies) {
        const bool holds = place_touches(row.place, action, resource) && tier_holds(grant.tiers, resource.tier, true) &&
                           age_holds(0, row.age_seconds_max, resource.age_seconds, true) &&
                           std::ranges::any_of(*grant.role, [&](const CompiledRule& rule) {
                             return !rule.denies && rule_holds(rule, action, resource, true);
                           });
        if (holds) return {false, "denied_by_rule", row.id, row.role};
        continue;
      }
      // A rule of the role that denies holds for whatever touches the place; one that allows has to cover it whole.
      if (!place_touches(row.place, action, resource) && !place_covers(row.place, action, resource)) continue;
      const RoleSays says = ask_role(*grant.role, action, resource);
      if (says == RoleSays::denied) {
        if (tier_holds(grant.tiers, resource.tier, true) &&
            age_holds(0, row.age_seconds_max, resource.age_seconds, true)) {
          return {false, "denied_by_rule", row.id, row.role};
        }
        continue;
      }
      if (says == RoleSays::allowed && allowing == nullptr && place_covers(row.place, action, resource) &&
          tier_holds(grant.tiers, resource.tier, false) &&
          age_holds(0, row.age_seconds_max, resource.age_seconds, false)) {
        allowing = &grant;
      }
    }
  }
  if (allowing != nullptr) return {true, "grant", allowing->row->id, allowing->row->role};
  return denied(principal.is_none() ? "not_signed_in" : "no_rule");
}

bool AccessView::scopes_allow(const std::vector<catalog::TokenScope>& scopes, Action action,
                              const Resource& resource) const {
  return scopes.empty() || std::ranges::any_of(scopes, [&](const catalog::TokenScope& scope) {
           return scope_allows(scope, action, resource);
         });
}

bool AccessView::scope_allows(const catalog::TokenScope& scope, Action action, const Resource& resource) const {
  const CompiledRole* const compiled = role(scope.role);
  return compiled != nullptr && place_covers(scope.place, action, resource) &&
         ask_role(*compiled, action, resource) == RoleSays::allowed;
}

const catalog::PrincipalRow* AccessView::principal(const PrincipalId& id) const {
  const auto found = principals_.find(id);
  return found == principals_.end() ? nullptr : found->second;
}
const catalog::PrincipalRow* AccessView::principal_named(std::string_view name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : found->second;
}
const catalog::TokenRow* AccessView::token_of(const codec::Digest& digest) const {
  const auto found = tokens_.find(digest);
  return found == tokens_.end() ? nullptr : found->second;
}
const catalog::SessionRow* AccessView::session_of(const codec::Digest& digest) const {
  const auto found = sessions_.find(digest);
  return found == sessions_.end() ? nullptr : found->second;
}
const catalog::S3KeyRow* AccessView::s3_key(std::string_view access_key_id) const {
  const auto found = s3_keys_.find(access_key_id);
  return found == s3_keys_.end() ? nullptr : found->second;
}
const catalog::ShareRow* AccessView::share_of(const codec::Digest& digest) const {
  const auto found = shares_.find(digest);
  return found == shares_.end() ? nullptr : found->second;
}
const CompiledRole* AccessView::role(std::string_view name) const {
  const auto found = roles_.find(name);
  return found == roles_.end() ? nullptr : &found->second;
}

}  // namespace atl::access
