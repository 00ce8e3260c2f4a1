// What changes accounts: each function is one command of the control vault, checked against the newest state.
#include <algorithm>

#include "vault/access/access.h"
#include "vault/access/password_strength.h"

namespace atl::access {
namespace {

constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kTextBytesMax = 1024;
constexpr std::size_t kRulesMax = 64;
constexpr std::size_t kScopesMax = 64;

tl::unexpected<Error> refused(std::string id, std::string message, std::string hint = {}) {
  return fail(ErrorKind::usage, std::move(id), std::move(message), std::move(hint));
}

Result<void> check_name(std::string_view name, std::string_view what) {
  const auto is_lower = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const bool is_good =
      !name.empty() && name.size() <= kNameBytesMax && is_lower(name.front()) &&
      std::ranges::all_of(name, [&](char c) { return is_lower(c) || c == '.' || c == '_' || c == '@' || c == '-'; });
  if (!is_good) {
    return refused("access.bad_name",
                   "\"" + std::string(name.substr(0, 80)) + "\" cannot be the name of " + std::string(what),
                   "Use 1 to 64 of a-z, 0-9, '.', '_', '@' and '-', beginning with a letter or digit.");
  }
  // Names that records give to others than accounts.
  for (const std::string_view taken : {"everyone", "signed-in", "nobody", "owner", "atoll", "erased"}) {
    if (name == taken && what != "a role")
      return refused("access.bad_name", "the name \"" + std::string(name) + "\" is used by Atoll itself");
  }
  return {};
}

Result<void> check_text(std::string_view text, std::string_view what) {
  if (text.size() <= kTextBytesMax && is_utf8(text)) return {};
  return refused("access.bad_text", std::string(what) + " has to be UTF-8 of at most 1,024 bytes");
}

constexpr std::string_view kPasswordHint = "A few words one after the other are long, and easy to remember.";

Result<void> check_password_length(std::string_view password) {
  if (password.size() >= kPasswordBytesMin && password.size() <= kPasswordBytesMax) return {};
  return refused("access.bad_password", "a password has 8 to 1,024 bytes", std::string(kPasswordHint));
}

Result<void> check_new_password(std::string_view password, const catalog::PrincipalRow& of) {
  ATOLL_TRY(check_password_length(password));
  const std::array<std::string_view, 4> near_words{of.name, of.display_name, of.email, "atoll"};
  if (guess_bits(password, near_words) < kGuessBitsMin) {
    return refused("access.common_password",
                   "this password is among the first that anybody would try: a common one, or the account's own name",
                   std::string(kPasswordHint));
  }
  return {};
}

Result<void> check_tiers(const std::vector<std::string>& tiers) {
  for (const std::string& tier : tiers) {
    if (tier != "hot" && tier != "warm" && tier != "cold")
      return refused("access.bad_tier", "there is no tier \"" + tier.substr(0, 40) + "\"", "hot, warm or cold.");
  }
  return {};
}

bool covers_all(const AccessPlace& place) {
  return place.vault.is_none() && place.bucket.empty() && place.prefix.empty();
}

// Principals that may do everything everywhere, whatever the time.
std::size_t owners(const AccessRows& rows) {
  std::size_t count = 0;
  for (const auto& person : rows.principals) {
    if (person.kind == PrincipalKind::group || person.is_disabled) continue;
    const bool is_owner = std::ranges::any_of(rows.grants, [&](const catalog::GrantRow& grant) {
      if (grant.role != "owner" || grant.denies || !covers_all(grant.place) || grant.expires.unix_us != 0 ||
          !grant.tiers.empty() || grant.age_seconds_max != 0) {
        return false;
      }
      return grant.subject == person.id || std::ranges::any_of(rows.memberships, [&](const auto& membership) {
               return membership.group == grant.subject && membership.member == person.id;
             });
    });
    if (is_owner) ++count;
  }
  return count;
}

Result<void> check_owner_stays(const AccessRows& before, const std::function<void(AccessRows&)>& change) {
  if (owners(before) == 0) return {};
  AccessRows after = before;
  change(after);
  if (owners(after) > 0) return {};
  return fail(ErrorKind::conflict, "access.last_owner", "nobody would be left who may do everything",
              "Give somebody else the role first: atoll grant add NAME owner.");
}

template <class Row>
auto put_row(const Row& row) {
  return [row](const vault::CommitContext& /*context*/, vault::ChangeSet& changes) -> Result<void> {
    changes.put(row);
    return {};
  };
}
template <class Row>
auto remove_row(const Row& row) {
  return [row](const vault::CommitContext& /*context*/, vault::ChangeSet& changes) -> Result<void> {
    changes.remove(row);
    return {};
  };
}

}  // namespace

Result<catalog::PrincipalRow> Access::find_principal(std::string_view name) const {
  const auto current = view();
  const auto* const row = current->principal_named(name);
  if (row != nullptr) return *row;
  return fail(ErrorKind::not_found, "access.no_such_name",
              "there is no account \"" + std::string(name.substr(0, 80)) + "\"",
              "`atoll user list` and `atoll group list` show them.");
}

Result<catalog::PrincipalRow> Access::add_principal(const Who& by, const NewPrincipal& fresh) {
  ATOLL_TRY(check_name(fresh.name, "an account"));
  ATOLL_TRY(check_text(fresh.display_name, "a display name"));
  ATOLL_TRY(check_text(fresh.email, "an address"));
  catalog::PrincipalRow row;
  row.id = platform::new_id<PrincipalId>(machine_);
  row.name = fresh.name;
  row.kind = fresh.kind;
  row.display_name = fresh.display_name;
  row.email = fresh.email;
  row.created = machine_.clock.now();
  row.requests_per_second_max = fresh.requests_per_second_max;
  if (!fresh.password.empty()) {
    if (fresh.kind == PrincipalKind::group) return refused("access.group_password", "a group has no password");
    ATOLL_TRY(check_new_password(fresh.password, row));
    ATOLL_ASSIGN(row.password_hash, hash_password(machine_.random, fresh.password, options_.password_cost));
    row.is_password_issued =
        fresh.kind == PrincipalKind::person && fresh.password_holds == PasswordHolds::until_sign_in;
  }
  const std::lock_guard changing(change_mutex_);
  if (view()->principal_named(row.name) != nullptr) {
    return fail(ErrorKind::conflict, "access.name_taken", "there is an account or a group \"" + row.name + "\" already",
                "Choose another name.");
  }
  ATOLL_TRY(change(by, put_row(row)));
  return row;
}

Result<void> Access::set_password(const Who& by, std::string_view name, std::string_view password,
                                  PasswordHolds holds) {
  ATOLL_ASSIGN(const auto before, find_principal(name));
  if (before.kind == PrincipalKind::group) return refused("access.group_password", "a group has no password");
  ATOLL_TRY(check_new_password(password, before));
  const bool is_own = !by.is_local_owner && by.principal == before.id;
  if (is_own && before.is_password_issued) {
    ATOLL_ASSIGN(const bool is_same, check_password(before.password_hash, password));
    if (is_same)
      return refused("access.same_password", "this is the password that was given out; another one is needed");
  }
  // Outside the lock: stretching takes a while.
  ATOLL_ASSIGN(const std::string hash, hash_password(machine_.random, password, options_.password_cost));
  const std::lock_guard changing(change_mutex_);
  ATOLL_ASSIGN(auto row, find_principal(name));
  row.password_hash = hash;
  row.is_password_issued = !is_own && row.kind == PrincipalKind::person && holds == PasswordHolds::until_sign_in;
  row.sessions_valid_from = machine_.clock.now();  // whoever knew the old one is signed out
  Who whose = by;
  if (is_own) whose.must_change_password = false;  // this is how it ends
  return change(whose, put_row(row));
}

Result<void> Access::set_disabled(const Who& by, std::string_view name, bool is_disabled) {
  const std::lock_guard changing(change_mutex_);
  ATOLL_ASSIGN(auto row, find_principal(name));
  if (is_disabled) {
    ATOLL_TRY(check_owner_stays(view()->rows(), [&](AccessRows& rows) {
      for (auto& one : rows.principals) {
        if (one.id == row.id) one.is_disabled = true;
      }
      if (row.kind == PrincipalKind::group)
        std::erase_if(rows.memberships, [&](const auto& membership) { return membership.group == row.id; });
    }));
  }
  row.is_disabled = is_disabled;
  if (is_disabled) row.sessions_valid_from = machine_.clock.now();  // enabled again, nobody is signed in
  return change(by, put_row(row));
}

Result<void> Access::change_principal(const Who& by, std::string_view name, const PrincipalChange& wanted) {
  const std::lock_guard changing(change_mutex_);
  ATOLL_ASSIGN(auto row, find_principal(name));
  if (wanted.display_name) {
    ATOLL_TRY(check_text(*wanted.display_name, "a display name"));
    row.display_name = *wanted.display_name;
  }
  if (wanted.email) {
    ATOLL_TRY(check_text(*wanted.email, "an address"));
    row.email = *wanted.email;
  }
  if (wanted.requests_per_second_max) row.requests_per_second_max = *wanted.requests_per_second_max;
  return change(by, put_row(row));
}

Result<void> Access::remove_principal(const Who& by, std::string_view name) {
  const std::lock_guard changing(change_mutex_);
  ATOLL_ASSIGN(const auto row, find_principal(name));
  const auto current = view();
  const AccessRows& rows = current->rows();
  ATOLL_TRY(check_owner_stays(rows, [&](AccessRows& after) {
    std::erase_if(after.principals, [&](const auto& one) { return one.id == row.id; });
    std::erase_if(after.memberships, [&](const auto& one) { return one.group == row.id; });
  }));
  return change(by, [&](const vault::CommitContext& /*context*/, vault::ChangeSet& changes) -> Result<void> {
    // Expired sessions of one person may be many; they open nothing without their account, and tidy() removes them.
    constexpr std::size_t sessions_max = 5'000;
    changes.remove(row);
    for (const auto& one : rows.memberships) {
      if (one.group == row.id || one.member == row.id) changes.remove(one);
    }
    for (const auto& one : rows.grants) {
      if (one.subject == row.id) changes.remove(one);
    }
    for (const auto& one : rows.tokens) {
      if (one.principal == row.id) changes.remove(one);
    }
    for (const auto& one : rows.s3_keys) {
      if (one.principal == row.id) changes.remove(one);
    }
    for (const auto& one : rows.shares) {
      if (one.made_by == row.id) changes.remove(one);
    }
    for (const auto& one : rows.quotas) {
      if (one.principal == row.id) changes.remove(one);
    }
    for (const auto& one : rows.sessions) {
      if (one.principal == row.id && changes.count() < sessions_max) changes.remove(one);
    }
    return {};
  });
}

std::string Access::new_totp_secret() {
  std::array<std::uint8_t, 20> secret{};  // RFC 4226 section 4: 160 bits
  machine_.random.fill(secret);
  return to_base32(secret);
}

Result<void> Access::confirm_totp(const Who& by, std::string_view name, const std::string& secret,
                                  std::string_view code) {
  const auto bytes = from_base32(secret);
  if (!bytes || bytes->size() < 16 || bytes->size() > 64)
    return refused("access.bad_totp_secret", "this is no secret of an authenticator app");
  const auto step = check_totp(*bytes, code, machine_.clock.now(), 0);
  if (!step) {
    return fail(ErrorKind::wrong_key, "access.bad_code", "the code does not fit the secret",
                "See that the clocks of this machine and of the app are right, and give the next code.");
  }
  const std::lock_guard changing(change_mutex_);
  ATOLL_ASSIGN(auto row, find_principal(name));
  if (row.password_hash.empty()) {
    return fail(ErrorKind::conflict, "access.no_password", row.name + " has no password that a code could add to",
                "Set one first: atoll user passwd.");
  }
  row.totp_secret = secret;
  row.totp_last_step = *step;
  return change(by, put_row(row));
}

Result<void> Access::remove_totp(const Who& by, std::string_view name) {
  const std::lock_guard changing(change_mutex_);
  ATOLL_ASSIGN(auto row, find_principal(name));
  row.totp_secret.clear();
  return change(by, put_row(row));
}

Result<void> Access::add_member(const Who& by, std::string_view group, std::string_view member) {
  const std::lock_guard changing(change_mutex_);
  ATOLL_ASSIGN(const auto group_row, find_principal(group));
  ATOLL_ASSIGN(const auto member_row, find_principal(member));
  if (group_row.kind != PrincipalKind::group)
    return refused("access.no_group", "\"" + group_row.name + "\" is no group", "`atoll group list` shows the groups.");
  if (member_row.kind == PrincipalKind::group) return refused("access.group_in_group", "a group cannot be in a group");
  return change(by, put_row(catalog::MembershipRow{group_row.id, member_row.id, machine_.clock.now(), {}}));
}

Result<void> Access::remove_member(const Who& by, std::string_view group, std::string_view member) {
  const std::lock_guard changing(change_mutex_);
  ATOLL_ASSIGN(const auto group_row, find_principal(group));
  ATOLL_ASSIGN(const auto member_row, find_principal(member));
  const auto is_it = [&](const catalog::MembershipRow& one) {
    return one.group == group_row.id && one.member == member_row.id;
  };
  const auto current = view();
  const auto found = std::ranges::find_if(current->rows().memberships, is_it);
  if (found == current->rows().memberships.end()) {
    return fail(ErrorKind::not_found, "access.no_member", member_row.name + " is not in " + group_row.name);
  }
  ATOLL_TRY(check_owner_stays(current->rows(), [&](AccessRows& rows) { std::erase_if(rows.memberships, is_it); }));
  return change(by, remove_row(*found));
}

Result<void> Access::put_role(const Who& by, catalog::RoleRow role) {
  ATOLL_TRY(check_name(role.name, "a role"));
  ATOLL_TRY(check_text(role.description, "a description"));
  if (preset_role(role.name) != nullptr)
    return fail(ErrorKind::conflict, "access.preset_role", "the role \"" + role.name + "\" comes with Atoll",
                "Give yours another name.");
  if (role.rules.empty() || role.rules.size() > kRulesMax)
    return refused("access.bad_role", "a role has 1 to 64 rules");
  for (const catalog::RoleRule& rule : role.rules) {
    if (rule.actions.empty()) return refused("access.bad_role", "a rule names at least one action");
    for (const std::string& action : rule.actions) {
      if (action != "*" && !action_named(action))
        return refused("access.bad_action", "there is no action \"" + action.substr(0, 80) + "\"",
                       "`atoll role actions` lists them.");
    }
    ATOLL_TRY(check_tiers(rule.tiers));
    if (rule.age_seconds_max != 0 && rule.age_seconds_min > rule.age_seconds_max)
      return refused("access.bad_role", "no age is above the one and below the other");
  }
  role.created = machine_.clock.now();
  const std::lock_guard changing(change_mutex_);
  return change(by, put_row(role));
}

Result<void> Access::remove_role(const Who& by, const std::string& name) {
  const std::lock_guard changing(change_mutex_);
  const auto current = view();
  const AccessRows& rows = current->rows();
  const auto found = std::ranges::find(rows.roles, name, &catalog::RoleRow::name);
  if (found == rows.roles.end()) {
    return fail(ErrorKind::not_found, "access.no_role", "there is no role \"" + name.substr(0, 80) + "\" of this home",
                "`atoll role list` shows them; those that come with Atoll stay.");
  }
  const bool is_granted = std::ranges::any_of(rows.grants, [&](const auto& grant) { return grant.role == name; });
  const bool is_in_token = std::ranges::any_of(rows.tokens, [&](const catalog::TokenRow& token) {
    return std::ranges::any_of(token.scopes, [&](const auto& scope) { return scope.role == name; });
  });
  if (is_granted || is_in_token) {
    return fail(ErrorKind::conflict, "access.role_in_use", "the role \"" + name + "\" is granted to somebody",
                "Remove the grants first: atoll grant list.");
  }
  return change(by, remove_row(*found));
}

Result<catalog::GrantRow> Access::add_grant(const Who& by, std::string_view subject, catalog::GrantRow grant) {
  ATOLL_TRY(check_tiers(grant.tiers));
  if (grant.place.bucket.empty() && !grant.place.prefix.empty())
    return refused("access.bad_place", "a prefix stands in a bucket");
  const std::lock_guard changing(change_mutex_);
  const auto current = view();
  if (current->role(grant.role) == nullptr) {
    return fail(ErrorKind::not_found, "access.no_role", "there is no role \"" + grant.role.substr(0, 80) + "\"",
                "`atoll role list` shows them.");
  }
  if (subject == "everyone" || subject == "signed-in") {
    grant.subject = subject == "everyone" ? catalog::kEveryone : catalog::kSignedIn;
    const auto& role = *current->role(grant.role);
    const bool rules_home = std::ranges::any_of(role, [](const CompiledRule& rule) {
      return !rule.denies &&
             (rule.actions.test(bit(Action::account_manage)) || rule.actions.test(bit(Action::server_admin)) ||
              rule.actions.test(bit(Action::key_manage)));
    });
    if (rules_home && !grant.denies) {
      return refused(
          "access.too_much",
          "the role \"" + grant.role + "\" for " + std::string(subject) + " would hand the home to strangers",
          "Give it to a group.");
    }
  } else {
    ATOLL_ASSIGN(const auto row, find_principal(subject));
    grant.subject = row.id;
  }
  grant.id = platform::new_id<GrantId>(machine_);
  grant.created = machine_.clock.now();
  grant.actor = by.name;
  if (grant.denies) {
    ATOLL_TRY(check_owner_stays(current->rows(), [&](AccessRows& rows) {
      // A denial everywhere takes an owner's rights away.
      if (!covers_all(grant.place)) return;
      std::erase_if(rows.principals, [&](const auto& one) { return one.id == grant.subject; });
      std::erase_if(rows.memberships, [&](const auto& one) { return one.group == grant.subject; });
      if (grant.subject == catalog::kEveryone || grant.subject == catalog::kSignedIn) rows.principals.clear();
    }));
  }
  ATOLL_TRY(change(by, put_row(grant)));
  return grant;
}

Result<void> Access::remove_grant(const Who& by, const GrantId& id) {
  const std::lock_guard changing(change_mutex_);
  const auto current = view();
  const auto found = std::ranges::find(current->rows().grants, id, &catalog::GrantRow::id);
  if (found == current->rows().grants.end()) {
    return fail(ErrorKind::not_found, "access.no_grant", "there is no grant " + id.text(),
                "`atoll grant list` shows them.");
  }
  ATOLL_TRY(check_owner_stays(current->rows(), [&](AccessRows& rows) {
    std::erase_if(rows.grants, [&](const auto& one) { return one.id == id; });
  }));
  return change(by, remove_row(*found));
}

Result<NewToken> Access::create_token(const Who& by, std::string_view principal, const std::string& label,
                                      std::vector<catalog::TokenScope> scopes, Timestamp expires) {
  ATOLL_TRY(check_text(label, "a label"));
  if (scopes.size() > kScopesMax) return refused("access.bad_scope", "a token has at most 64 scopes");
  NewToken fresh;
  auto secret = new_secret(machine_.random, kTokenKind);
  fresh.text = std::move(secret.text);
  const std::lock_guard changing(change_mutex_);
  const auto current = view();
  ATOLL_ASSIGN(const auto row, find_principal(principal));
  if (row.kind == PrincipalKind::group) return refused("access.group_token", "a group does not sign in");
  for (const catalog::TokenScope& scope : scopes) {
    if (current->role(scope.role) == nullptr) {
      return fail(ErrorKind::not_found, "access.no_role", "there is no role \"" + scope.role.substr(0, 80) + "\"",
                  "`atoll role list` shows them.");
    }
  }
  fresh.row.id = platform::new_id<TokenId>(machine_);
  fresh.row.digest = secret.digest;
  fresh.row.principal = row.id;
  fresh.row.label = label;
  fresh.row.scopes = std::move(scopes);
  fresh.row.created = machine_.clock.now();
  fresh.row.expires = expires;
  if (expires.unix_us != 0 && expires <= fresh.row.created)
    return refused("access.expired", "the token would have ended before it began");
  ATOLL_TRY(change(by, put_row(fresh.row)));
  return fresh;
}

Result<void> Access::revoke_token(const Who& by, const TokenId& id) {
  const std::lock_guard changing(change_mutex_);
  const auto current = view();
  const auto found = std::ranges::find(current->rows().tokens, id, &catalog::TokenRow::id);
  if (found == current->rows().tokens.end()) {
    return fail(ErrorKind::not_found, "access.no_token", "there is no token " + id.text(),
                "`atoll token list` shows them.");
  }
  return change(by, remove_row(*found));
}

Result<catalog::S3KeyRow> Access::create_s3_key(const Who& by, std::string_view principal, const VaultId& vault,
                                                const std::string& label, const std::string& access_key_id,
                                                const std::string& secret) {
  ATOLL_TRY(check_text(label, "a label"));
  if (vault.is_none()) return refused("access.no_vault", "an S3 key belongs to one vault");
  catalog::S3KeyRow row;
  if (access_key_id.empty() != secret.empty())
    return refused("access.bad_s3_key", "a key id that is brought along needs its secret, and a secret its key id");
  if (access_key_id.empty()) {
    row.access_key_id = new_access_key_id(machine_.random);
    row.secret = new_s3_secret(machine_.random);
  } else {
    const bool is_good =
        access_key_id.size() >= 16 && access_key_id.size() <= 128 && std::ranges::all_of(access_key_id, [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        });
    if (!is_good || secret.size() < 16 || secret.size() > 128) {
      return refused("access.bad_s3_key", "an access key id has 16 to 128 of A-Z a-z 0-9 _, a secret 16 to 128 bytes");
    }
    row.access_key_id = access_key_id;
    row.secret = secret;
  }
  const std::lock_guard changing(change_mutex_);
  ATOLL_ASSIGN(const auto who, find_principal(principal));
  if (who.kind == PrincipalKind::group) return refused("access.group_token", "a group does not sign in");
  if (view()->s3_key(row.access_key_id) != nullptr)
    return fail(ErrorKind::conflict, "access.key_exists", "there is an S3 key " + row.access_key_id + " already");
  row.vault = vault;
  row.principal = who.id;
  row.label = label;
  row.created = machine_.clock.now();
  ATOLL_TRY(change(by, put_row(row)));
  return row;
}

Result<void> Access::revoke_s3_key(const Who& by, const std::string& access_key_id) {
  const std::lock_guard changing(change_mutex_);
  const auto current = view();
  const auto* const row = current->s3_key(access_key_id);
  if (row == nullptr) {
    return fail(ErrorKind::not_found, "access.no_s3_key", "there is no S3 key " + access_key_id.substr(0, 128),
                "`atoll s3key list` shows them.");
  }
  return change(by, remove_row(*row));
}

Result<NewShare> Access::create_share(const Who& by, const catalog::ShareRow& share, std::string_view password) {
  ATOLL_TRY(check_text(share.label, "a label"));
  if (share.place.vault.is_none() || share.place.bucket.empty())
    return refused("share.no_place", "a link leads to something in a bucket");
  if (!share.is_prefix && share.place.prefix.empty())
    return refused("share.no_place", "a link leads to a name or a folder");
  if (share.takes_uploads && !share.is_prefix)
    return refused("share.no_folder", "files are left in a folder, not under a name", "End it with '/'.");
  NewShare fresh;
  fresh.row = share;
  fresh.row.unknown.clear();
  if (!password.empty()) {
    ATOLL_TRY(check_password_length(password));
    ATOLL_ASSIGN(fresh.row.password_hash, hash_password(machine_.random, password, options_.password_cost));
  }
  auto secret = new_secret(machine_.random, kShareKind);
  fresh.text = std::move(secret.text);
  fresh.row.id = platform::new_id<ShareId>(machine_);
  fresh.row.digest = secret.digest;
  fresh.row.made_by = by.principal;
  fresh.row.downloads = 0;
  fresh.row.created = machine_.clock.now();
  if (share.expires.unix_us != 0 && share.expires <= fresh.row.created)
    return refused("access.expired", "the link would have ended before it began");
  const std::lock_guard changing(change_mutex_);
  if (view()->principal(by.principal) == nullptr) {
    return refused("share.no_maker", "a link is made by an account, whose rights it hands on", "Name one with --as.");
  }
  ATOLL_TRY(change(by, put_row(fresh.row)));
  return fresh;
}

Result<void> Access::revoke_share(const Who& by, const ShareId& id) {
  const std::lock_guard changing(change_mutex_);
  const auto current = view();
  const auto found = std::ranges::find(current->rows().shares, id, &catalog::ShareRow::id);
  if (found == current->rows().shares.end()) {
    return fail(ErrorKind::not_found, "share.not_found", "there is no link " + id.text(),
                "`atoll share list` shows them.");
  }
  return change(by, remove_row(*found));
}

Result<void> Access::set_quota(const Who& by, const catalog::QuotaRow& quota) {
  catalog::QuotaRow row = quota;
  row.created = machine_.clock.now();
  const std::lock_guard changing(change_mutex_);
  if (row.bytes_max == 0 && row.objects_max == 0) return change(by, remove_row(row));
  return change(by, put_row(row));
}

Result<void> Access::set_home_setting(const Who& by, const std::string& name, const std::string& value) {
  if (name.empty() || name.size() > kNameBytesMax || name == "audit.erasing" || bucket_of_setting(name))
    return refused("access.bad_setting", "\"" + name.substr(0, 80) + "\" is no setting of a home");
  ATOLL_TRY(check_text(value, "a setting"));
  const std::lock_guard changing(change_mutex_);
  return change(by, put_row(catalog::HomeSettingRow{name, value, {}}));
}

}  // namespace atl::access
