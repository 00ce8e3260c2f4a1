// May they do that? One function decides for every door.
//
//     vault, bucket, prefix  ──►  grants of the principal and its groups  ──►  rules of their roles (tier, age)
//                            ──►  the bucket's policy and access list (bucket_policy.h)
//
// Always true:
//  - What no rule allows is denied. A rule, grant or policy that denies wins over all that allow.
//  - A policy or list allows where S3 asks, with the bucket's id: it ends with its bucket. What a policy denies is
//    denied at every door.
//  - A token, an S3 key, a link or a door can only narrow what its principal may do.
//  - A condition that cannot be told (tier or age not given) does not allow, and does deny. What is denied below a
//  prefix
//    is denied of everything that covers it, too: a list of the whole bucket, an undo of the whole vault.
//  - An AccessView never changes: it is the state after one command of the control vault, and may be used from any
//    thread without a lock.
// Complexity: linear in the grants of one principal and its groups; measured 0.5 us for 20. No allocation
// where the rule's name is short.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "catalog/access_rows.h"
#include "vault/access/actions.h"
#include "vault/access/bucket_policy.h"

namespace atl::access {

using catalog::AccessPlace;
using catalog::PrincipalKind;

// Who asks: made by Access::authenticate…, or by hand for the program itself.
struct Who {
  PrincipalId principal;  // none: nobody signed in
  std::string name;       // stands in records and on commands ("actor")
  PrincipalKind kind = PrincipalKind::person;
  bool is_local_owner = false;  // whoever runs the program on the home itself; may do everything
  // Each narrows. A token's scopes: one of them has to allow, where there are any. An S3 key: that vault only.
  std::vector<catalog::TokenScope> scopes;
  // What a door hands out at most, whatever its caller may: one of them has to allow, too, where there are any.
  std::vector<catalog::TokenScope> door_scopes;
  VaultId only_vault;
  std::optional<catalog::ShareRow> share;  // a link: that place only, and reading or leaving only
  TokenId token;                           // what was signed in with, for records
  std::string address;                     // from where
  std::string request_id;
  std::string access_key_id;
  std::string request_mark;  // of a session; requests that change something must carry it
  // Signed in with a password that somebody else gave out: may do nothing but set one of their own.
  bool must_change_password = false;

  [[nodiscard]] static Who nobody() { return {}; }
  [[nodiscard]] static Who local_owner(std::string name = "owner");
};

enum class Tier : std::uint8_t { unknown, hot, warm, cold };

// What is asked for. Views are good during the call only.
struct Resource {
  VaultId vault;                               // none: the home itself
  std::string_view bucket;                     // empty: the vault as a whole
  std::string_view key;                        // empty: the bucket as a whole
  bool is_prefix = false;                      // everything that begins with `key` is asked for
  Tier tier = Tier::unknown;                   // of the object
  std::optional<std::uint64_t> age_seconds{};  // since it was stored
  // What policies and access lists ask for besides; known to S3's door.
  Permission permission = Permission::none;
  BucketId bucket_id{};                      // none: neither policy nor list allows anything
  std::optional<bool> is_secure{};           // whether the client came by TLS
  AccessList list = AccessList::owner_only;  // of the object itself
};

struct Decision {
  bool allowed = false;
  // "grant", "local_owner", "policy", "access_list"; or "no_rule", "denied_by_rule", "denied_by_policy",
  // "outside_token", "outside_door", "outside_vault", "outside_share", "disabled", "not_signed_in", "issued_password".
  std::string_view reason;
  GrantId grant;     // that decided; none where no grant did
  std::string role;  // its role
};

// A role made ready to be asked.
struct CompiledRule {
  bool denies = false;
  ActionSet actions;
  std::uint8_t tiers = 0;  // bits by Tier; 0: any
  std::uint64_t age_seconds_min = 0;
  std::uint64_t age_seconds_max = 0;
};
using CompiledRole = std::vector<CompiledRule>;
// Names of actions that this program does not know are left out where they allow; a rule that denies one of them denies
// everything, for what was meant cannot be told.
[[nodiscard]] CompiledRole compile(std::span<const catalog::RoleRule> rules);

// Roles every home has. They cannot be changed; a role of one's own may not have their names.
struct PresetRole {
  std::string_view name;
  std::string_view words;
  std::vector<catalog::RoleRule> rules;
};
[[nodiscard]] const std::vector<PresetRole>& preset_roles();
[[nodiscard]] const PresetRole* preset_role(std::string_view name);  // null: none of that name

// All rows that decisions come from.
struct AccessRows {
  std::vector<catalog::PrincipalRow> principals;
  std::vector<catalog::MembershipRow> memberships;
  std::vector<catalog::RoleRow> roles;
  std::vector<catalog::GrantRow> grants;
  std::vector<catalog::TokenRow> tokens;
  std::vector<catalog::S3KeyRow> s3_keys;
  std::vector<catalog::SessionRow> sessions;
  std::vector<catalog::ShareRow> shares;
  std::vector<catalog::QuotaRow> quotas;
  std::vector<catalog::HomeSettingRow> settings;
};

// Roles for divided work, as a pattern for one's own: by tier (observer, archivist), by relations (quantum_engineer),
// by age (real_time_processor: the last day; analytics_engine: up to 30 days; data_scientist: older).
[[nodiscard]] const std::vector<PresetRole>& role_templates();

// Where within a bucket something may be done, and of what age: told of all its keys at once.
struct KeyPlaces {
  enum class Says : std::uint8_t {
    no,
    yes,
    ask,  // decide() has to be asked for the key; with it, any age of the span gives the same answer
  };
  struct Place {
    std::string prefix;
    std::vector<Says> says;  // for each span of ages
  };
  // Where spans of ages begin, in seconds, ascending, 0 first; each reaches to the next one's beginning.
  std::vector<std::uint64_t> ages{0};
  // Ascending, that of the prefix "" first. For a key the longest one decides that it begins with.
  std::vector<Place> places;
  [[nodiscard]] Says says(std::string_view key, std::uint64_t age_seconds) const;
};

class AccessView {
 public:
  explicit AccessView(AccessRows rows);
  AccessView(const AccessView&) = delete;
  AccessView& operator=(const AccessView&) = delete;
  AccessView(AccessView&&) = delete;
  AccessView& operator=(AccessView&&) = delete;
  ~AccessView() = default;

  [[nodiscard]] Decision decide(const Who& who, Action action, const Resource& resource, Timestamp now) const;
  // For which keys of the bucket, and which ages, decide() allows all of these actions where neither tier nor
  // permission is given. "ask" stands where patterns of a policy look into keys, at the key of a link to one object,
  // and everywhere where there are more than 64 places. None where ages part into more than 32 spans. Complexity:
  // places times spans times decide().
  [[nodiscard]] std::optional<KeyPlaces> key_places(const Who& who, std::span<const Action> actions,
                                                    const VaultId& vault, std::string_view bucket, Timestamp now) const;

  [[nodiscard]] const AccessRows& rows() const { return rows_; }
  [[nodiscard]] const catalog::PrincipalRow* principal(const PrincipalId& id) const;  // null: none
  // What it has been granted, itself or by its groups, is the role `agent` and no other.
  [[nodiscard]] bool acts_as_agent(const PrincipalId& id) const { return acting_as_agents_.contains(id); }
  [[nodiscard]] const catalog::PrincipalRow* principal_named(std::string_view name) const;
  [[nodiscard]] const catalog::TokenRow* token_of(const codec::Digest& digest) const;
  [[nodiscard]] const catalog::SessionRow* session_of(const codec::Digest& digest) const;
  [[nodiscard]] const catalog::S3KeyRow* s3_key(std::string_view access_key_id) const;
  [[nodiscard]] const catalog::ShareRow* share_of(const codec::Digest& digest) const;
  [[nodiscard]] const CompiledRole* role(std::string_view name) const;
  // What is said of the bucket of that name; null: nothing.
  struct BucketRules {
    BucketAccess said;
    BucketPolicy policy;
  };
  [[nodiscard]] const BucketRules* bucket_rules(const VaultId& vault, std::string_view bucket) const;

 private:
  struct CompiledGrant {
    const catalog::GrantRow* row = nullptr;
    const CompiledRole* role = nullptr;
    std::uint8_t tiers = 0;
  };
  [[nodiscard]] Decision decide_by_grants(const PrincipalId& principal, Action action, const Resource& resource,
                                          Timestamp now) const;
  // What decisions about keys of one bucket depend on.
  struct Parting {
    std::set<std::string> places;
    std::set<std::uint64_t> ages;      // where spans begin
    std::vector<std::string> denials;  // patterns of keys of which a policy denies something
  };
  void part_by_grants(const PrincipalId& principal, const VaultId& vault, std::string_view bucket, Timestamp now,
                      Parting& parting) const;
  void part_by_scopes(const std::vector<catalog::TokenScope>& scopes, const VaultId& vault, std::string_view bucket,
                      Parting& parting) const;
  void read_bucket_rules();
  void find_agents();
  [[nodiscard]] Decision decide_for_caller(const Who& who, Action action, const Resource& resource,
                                           Timestamp now) const;
  [[nodiscard]] Decision decide_for_account(const Who& who, Action action, const Resource& resource,
                                            Timestamp now) const;
  // True where there are none.
  [[nodiscard]] bool scopes_allow(const std::vector<catalog::TokenScope>& scopes, Action action,
                                  const Resource& resource) const;
  [[nodiscard]] bool scope_allows(const catalog::TokenScope& scope, Action action, const Resource& resource) const;

  AccessRows rows_;
  std::map<std::string, CompiledRole, std::less<>> roles_;
  std::unordered_map<PrincipalId, const catalog::PrincipalRow*> principals_;
  std::map<std::string_view, const catalog::PrincipalRow*> names_;
  std::unordered_map<PrincipalId, std::vector<CompiledGrant>> grants_;     // by subject
  std::unordered_map<PrincipalId, std::vector<PrincipalId>> subjects_of_;  // itself, its groups, everyone
  std::unordered_set<PrincipalId> acting_as_agents_;
  std::map<codec::Digest, const catalog::TokenRow*> tokens_;
  std::map<codec::Digest, const catalog::SessionRow*> sessions_;
  std::map<codec::Digest, const catalog::ShareRow*> shares_;
  std::map<std::string_view, const catalog::S3KeyRow*> s3_keys_;
  std::map<VaultId, std::map<std::string, BucketRules, std::less<>>> bucket_rules_;
};

}  // namespace atl::access
