// AccessView::key_places(): see decision.h. What decisions depend on parts the keys of a bucket into places and ages
// into spans; within one place and one span all are decided alike, so one decision tells of all. So nothing of how
// decisions are made is said a second time here, only what they look at.
#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <set>

#include "vault/access/decision.h"

namespace atl::access {
namespace {

using Says = KeyPlaces::Says;

constexpr std::size_t kPlacesMax = 64;
constexpr std::size_t kSpansMax = 32;

bool lies_in(const AccessPlace& place, const VaultId& vault, std::string_view bucket) {
  return (place.vault.is_none() || place.vault == vault) && (place.bucket.empty() || place.bucket == bucket);
}

void part_ages(std::uint64_t min, std::uint64_t max, std::set<std::uint64_t>& ages) {
  ages.insert(min);
  if (max != 0 && max != std::numeric_limits<std::uint64_t>::max()) ages.insert(max + 1);
}
void part_ages(const CompiledRole& role, std::set<std::uint64_t>& ages) {
  for (const CompiledRule& rule : role) part_ages(rule.age_seconds_min, rule.age_seconds_max, ages);
}

// What every key begins with that the pattern matches.
std::string_view beginning_of(std::string_view pattern) { return pattern.substr(0, pattern.find_first_of("*?")); }
// It matches everything that begins so.
bool is_beginning(std::string_view pattern) {
  const std::string_view rest = pattern.substr(beginning_of(pattern).size());
  return !rest.empty() && rest.find_first_not_of('*') == std::string_view::npos;
}

// A key that begins with `place`, and with none of the places that are longer: one byte more that none of them has
// there. Fewer places than bytes. One that none of the patterns matches where one of few is not matched.
std::string key_in(const std::string& place, const std::set<std::string>& places,
                   const std::vector<std::string>& patterns) {
  std::string otherwise = place;
  for (int byte = 1; byte < 256; ++byte) {
    std::string key = place + static_cast<char>(byte);
    const auto next = places.lower_bound(key);
    if (next != places.end() && next->starts_with(key)) continue;
    if (std::ranges::none_of(patterns, [&](const std::string& one) { return matches_pattern(key, one); })) return key;
    otherwise = std::move(key);
  }
  return otherwise;
}

}  // namespace

KeyPlaces::Says KeyPlaces::says(std::string_view key, std::uint64_t age_seconds) const {
  const Place* deepest = nullptr;
  for (const Place& place : places) {
    if (key.starts_with(place.prefix) && (deepest == nullptr || place.prefix.size() > deepest->prefix.size()))
      deepest = &place;
  }
  const auto span = std::ranges::upper_bound(ages, age_seconds) - ages.begin() - 1;
  return deepest == nullptr ? Says::no : deepest->says.at(static_cast<std::size_t>(span));
}

void AccessView::part_by_scopes(const std::vector<catalog::TokenScope>& scopes, const VaultId& vault,
                                std::string_view bucket, Parting& parting) const {
  for (const catalog::TokenScope& scope : scopes) {
    const CompiledRole* const compiled = role(scope.role);
    if (compiled == nullptr || !lies_in(scope.place, vault, bucket)) continue;
    part_ages(*compiled, parting.ages);
    parting.places.insert(scope.place.prefix);
  }
}

void AccessView::part_by_grants(const PrincipalId& principal, const VaultId& vault, std::string_view bucket,
                                Timestamp now, Parting& parting) const {
  const std::array<PrincipalId, 1> nobody{catalog::kEveryone};
  std::span<const PrincipalId> subjects = nobody;
  if (const auto known = subjects_of_.find(principal); known != subjects_of_.end()) subjects = known->second;
  for (const PrincipalId& subject : subjects) {
    const auto grants = grants_.find(subject);
    if (grants == grants_.end()) continue;
    for (const CompiledGrant& grant : grants->second) {
      const catalog::GrantRow& row = *grant.row;
      if ((row.expires.unix_us != 0 && row.expires <= now) || !lies_in(row.place, vault, bucket)) continue;
      part_ages(0, row.age_seconds_max, parting.ages);
      part_ages(*grant.role, parting.ages);
      parting.places.insert(row.place.prefix);
    }
  }
}

std::optional<KeyPlaces> AccessView::key_places(const Who& who, std::span<const Action> actions, const VaultId& vault,
                                                std::string_view bucket, Timestamp now) const {
  Parting parting{{""}, {0}, {}};
  part_by_grants(who.principal, vault, bucket, now, parting);
  part_by_scopes(who.scopes, vault, bucket, parting);
  part_by_scopes(who.door_scopes, vault, bucket, parting);
  if (parting.ages.size() > kSpansMax) return std::nullopt;
  if (who.share) parting.places.insert(who.share->place.prefix);
  if (const BucketRules* const rules = bucket_rules(vault, bucket); rules != nullptr) {
    for (std::string& pattern : rules->policy.denied_patterns(who, actions)) {
      parting.places.insert(std::string(beginning_of(pattern)));
      if (!is_beginning(pattern)) parting.denials.push_back(std::move(pattern));
    }
  }
  KeyPlaces out;
  out.ages.assign(parting.ages.begin(), parting.ages.end());
  if (parting.places.size() > kPlacesMax) {
    out.places.push_back({"", std::vector<Says>(out.ages.size(), Says::ask)});
    return out;
  }
  for (const std::string& place : parting.places) {
    KeyPlaces::Place& told = out.places.emplace_back();
    told.prefix = place;
    // A link to one object: to nothing that only begins like it.
    if (who.share && !who.share->is_prefix && place == who.share->place.prefix) {
      told.says.assign(out.ages.size(), Says::ask);
      continue;
    }
    std::vector<std::string> looked_at;
    std::ranges::copy_if(parting.denials, std::back_inserter(looked_at),
                         [&](const std::string& pattern) { return place.starts_with(beginning_of(pattern)); });
    const std::string key = key_in(place, parting.places, looked_at);
    const bool is_matched =
        std::ranges::any_of(looked_at, [&](const std::string& one) { return matches_pattern(key, one); });
    Resource resource;
    resource.vault = vault;
    resource.bucket = bucket;
    resource.key = key;
    for (const std::uint64_t age : out.ages) {
      resource.age_seconds = age;
      const bool allowed =
          std::ranges::all_of(actions, [&](Action action) { return decide(who, action, resource, now).allowed; });
      // Patterns only deny: where no pattern matches and it is denied all the same, it is denied whatever they match.
      const bool asks = is_matched || (allowed && !looked_at.empty());
      told.says.push_back(asks ? Says::ask : allowed ? Says::yes : Says::no);
    }
  }
  return out;
}

}  // namespace atl::access
