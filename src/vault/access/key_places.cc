// AccessView::key_places(): see decision.h.
#include <algorithm>
#include <set>

#include "vault/access/decision.h"

namespace atl::access {
namespace {

constexpr std::size_t kPlacesMax = 64;

bool lies_in(const AccessPlace& place, const VaultId& vault, std::string_view bucket) {
  return (place.vault.is_none() || place.vault == vault) && (place.bucket.empty() || place.bucket == bucket);
}

// Whether the role asks for more than a place: of tiers, ages.
bool has_conditions(const CompiledRole& role) {
  return std::ranges::any_of(role, [](const CompiledRule& rule) {
    return rule.tiers != 0 || rule.age_seconds_min != 0 || rule.age_seconds_max != 0;
  });
}

// A key that begins with `place`, and with none of the places that are longer: one byte more that none of them has
// there. Fewer places than bytes.
std::string key_in(const std::string& place, const std::set<std::string>& places) {
  for (int byte = 1; byte < 256; ++byte) {
    std::string key = place + static_cast<char>(byte);
    const auto next = places.lower_bound(key);
    if (next == places.end() || !next->starts_with(key)) return key;
  }
  return place;
}

}  // namespace

bool KeyPlaces::allows(std::string_view key) const {
  const std::pair<std::string, bool>* deepest = nullptr;
  for (const auto& place : places) {
    if (key.starts_with(place.first) && (deepest == nullptr || place.first.size() > deepest->first.size()))
      deepest = &place;
  }
  return deepest != nullptr && deepest->second;
}

bool AccessView::add_scope_places(const std::vector<catalog::TokenScope>& scopes, const VaultId& vault,
                                  std::string_view bucket, std::set<std::string>& places) const {
  for (const catalog::TokenScope& scope : scopes) {
    const CompiledRole* const compiled = role(scope.role);
    if (compiled == nullptr || !lies_in(scope.place, vault, bucket)) continue;
    if (has_conditions(*compiled)) return false;
    places.insert(scope.place.prefix);
  }
  return true;
}

bool AccessView::add_grant_places(const PrincipalId& principal, const VaultId& vault, std::string_view bucket,
                                  Timestamp now, std::set<std::string>& places) const {
  const std::array<PrincipalId, 1> nobody{catalog::kEveryone};
  std::span<const PrincipalId> subjects = nobody;
  if (const auto known = subjects_of_.find(principal); known != subjects_of_.end()) subjects = known->second;
  for (const PrincipalId& subject : subjects) {
    const auto grants = grants_.find(subject);
    if (grants == grants_.end()) continue;
    for (const CompiledGrant& grant : grants->second) {
      const catalog::GrantRow& row = *grant.row;
      if ((row.expires.unix_us != 0 && row.expires <= now) || !lies_in(row.place, vault, bucket)) continue;
      if (grant.tiers != 0 || row.age_seconds_max != 0 || has_conditions(*grant.role)) return false;
      places.insert(row.place.prefix);
    }
  }
  return true;
}

std::optional<KeyPlaces> AccessView::key_places(const Who& who, std::span<const Action> actions, const VaultId& vault,
                                                std::string_view bucket, Timestamp now) const {
  // What a policy says may depend on more than the key, and on parts of it.
  if (bucket_rules(vault, bucket) != nullptr) return std::nullopt;
  std::set<std::string> places{""};
  if (who.share) {
    if (!who.share->is_prefix) return std::nullopt;
    places.insert(who.share->place.prefix);
  }
  if (!add_grant_places(who.principal, vault, bucket, now, places) ||
      !add_scope_places(who.scopes, vault, bucket, places) ||
      !add_scope_places(who.door_scopes, vault, bucket, places) || places.size() > kPlacesMax) {
    return std::nullopt;
  }
  KeyPlaces out;
  for (const std::string& place : places) {
    const std::string key = key_in(place, places);
    Resource resource;
    resource.vault = vault;
    resource.bucket = bucket;
    resource.key = key;
    const bool allowed =
        std::ranges::all_of(actions, [&](Action action) { return decide(who, action, resource, now).allowed; });
    out.places.emplace_back(place, allowed);
  }
  return out;
}

}  // namespace atl::access
