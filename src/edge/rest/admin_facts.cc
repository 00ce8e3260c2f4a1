#include "edge/rest/admin_facts.h"

namespace atl::rest {

using access::AccessView;
using access::ActionSet;
using catalog::AccessPlace;
using catalog::PrincipalKind;
using json::Value;

std::string_view word_of(PrincipalKind kind) {
  switch (kind) {
    case PrincipalKind::person: return "person";
    case PrincipalKind::agent: return "agent";
    case PrincipalKind::service: return "service";
    case PrincipalKind::group: return "group";
  }
  return "person";
}

std::string name_of_subject(const AccessView& view, const PrincipalId& id) {
  if (id == catalog::kEveryone) return "everyone";
  if (id == catalog::kSignedIn) return "signed-in";
  const auto* const row = view.principal(id);
  return row == nullptr ? id.text() : row->name;
}

const catalog::PrincipalRow* find_user(const AccessView& view, std::string_view name) {
  const auto* const row = view.principal_named(name);
  return row != nullptr && row->kind != PrincipalKind::group ? row : nullptr;
}

void set_time(Value& object, std::string_view name, Timestamp time) {
  if (time.unix_us != 0) object.set(name, format_rfc3339(time));
}

void set_day(Value& object, std::string_view name, std::uint32_t day) {
  if (day == 0) return;
  object.set(name, format_rfc3339(Timestamp{static_cast<std::int64_t>(day) * 86'400 * 1'000'000}).substr(0, 10));
}

Value user_json(const catalog::PrincipalRow& row) {
  Value out = Value::object();
  out.set("name", row.name).set("id", row.id.text()).set("kind", word_of(row.kind));
  out.set("display_name", row.display_name).set("email", row.email).set("created", format_rfc3339(row.created));
  out.set("is_disabled", row.is_disabled).set("has_password", !row.password_hash.empty());
  out.set("must_change_password", row.is_password_issued);
  out.set("has_one_time_codes", !row.totp_secret.empty());
  out.set("requests_per_second_max", row.requests_per_second_max);
  return out;
}

Value place_json(const Call& call, const AccessPlace& place) {
  Value out = Value::object();
  if (!place.vault.is_none()) {
    std::string name = place.vault.text();
    for (const auto& one : call.exchange().host.vaults())
      if (one.id == place.vault) name = one.name;
    out.set("vault", name);
  }
  if (!place.bucket.empty()) out.set("bucket", place.bucket);
  if (!place.prefix.empty()) set_name(out, "prefix", place.prefix);
  return out;
}

Value grant_json(const Call& call, const AccessView& view, const catalog::GrantRow& row) {
  Value tiers = Value::array();
  for (const std::string& tier : row.tiers) tiers.push(tier);
  Value out = Value::object();
  out.set("id", row.id.text()).set("subject", name_of_subject(view, row.subject)).set("role", row.role);
  out.set("place", place_json(call, row.place)).set("denies", row.denies).set("tiers", std::move(tiers));
  if (row.age_seconds_max != 0) out.set("age_seconds_max", row.age_seconds_max);
  set_time(out, "expires", row.expires);
  out.set("created", format_rfc3339(row.created)).set("actor", row.actor);
  return out;
}

Result<AccessPlace> place_of(Call& call, const Value* body) {
  AccessPlace place;
  if (body == nullptr) return place;
  server::Host& host = call.exchange().host;
  ATOLL_ASSIGN(const std::string vault, body->text_of("vault"));
  ATOLL_ASSIGN(place.bucket, body->text_of("bucket"));
  ATOLL_ASSIGN(place.prefix, name_from(*body, "prefix"));
  if (place.bucket.empty() && !place.prefix.empty())
    return fail(ErrorKind::usage, "access.bad_place", "a prefix stands in a bucket");
  if (!vault.empty() || !place.bucket.empty()) {
    const std::string asked(call.headers().get("Atoll-Vault").value_or(call.text("vault")));
    ATOLL_ASSIGN(place.vault, host.find(vault.empty() ? asked : vault));
  }
  return place;
}

Result<std::vector<catalog::TokenScope>> scopes_of(Call& call, const Value& body) {
  std::vector<catalog::TokenScope> scopes;
  const Value* const list = body.find("scopes");
  if (list == nullptr || list->as_array() == nullptr) return scopes;
  for (const Value& one : *list->as_array()) {
    catalog::TokenScope scope;
    ATOLL_ASSIGN(scope.role, one.text_of("role"));
    ATOLL_ASSIGN(scope.place, place_of(call, one.find("place")));
    scopes.push_back(std::move(scope));
  }
  return scopes;
}

Value scopes_json(const Call& call, const std::vector<catalog::TokenScope>& scopes) {
  Value out = Value::array();
  for (const auto& scope : scopes)
    out.push(Value::object().set("role", scope.role).set("place", place_json(call, scope.place)));
  return out;
}

Result<Timestamp> end_of(const Call& call, const Value& body, std::string_view member) {
  ATOLL_ASSIGN(const std::string text, body.text_of(member));
  if (text.empty()) return Timestamp{};
  const Timestamp now = call.exchange().now();
  Timestamp end;
  if (const auto time = parse_rfc3339(text)) {
    constexpr std::int64_t seconds_max = INT64_MAX / 1'000'000 - 1;
    if (time->seconds <= seconds_max) end.unix_us = time->seconds * 1'000'000 + time->nanoseconds / 1000;
  } else if (const auto seconds = parse_duration_s(text); seconds && *seconds < 1000LL * 366 * 86'400) {
    end.unix_us = now.unix_us + *seconds * 1'000'000;
  } else {
    return fail(ErrorKind::usage, "access.bad_time",
                "\"" + std::string(member) + "\" is a time (2027-01-31T12:00:00Z) or so long from now (30d), not \"" +
                    text.substr(0, 60) + "\"");
  }
  if (end > now) return end;
  return fail(ErrorKind::usage, "access.expired", "\"" + std::string(member) + "\" is over already");
}

Result<void> require_holds(Call& call, const ActionSet& actions, const AccessPlace& place) {
  if (call.who().is_local_owner) return {};
  std::vector<VaultId> vaults{place.vault};
  // Everywhere means each vault, too: what is denied in one of them is not theirs to give.
  if (place.vault.is_none())
    for (const auto& one : call.exchange().host.vaults()) vaults.push_back(one.id);
  for (const VaultId& vault : vaults) {
    access::Resource resource;
    resource.vault = vault;
    resource.bucket = place.bucket;
    resource.key = place.prefix;
    resource.is_prefix = !place.prefix.empty();
    for (const auto& info : access::kActions) {
      if (!actions.test(access::bit(info.action)) || call.exchange().may(info.action, resource)) continue;
      return fail(ErrorKind::denied, "access.more_than_own",
                  call.who().name + " may not hand on what they may not do themselves: to " + std::string(info.words) +
                      (place.bucket.empty() ? "" : " in " + place.bucket),
                  "Whoever has that right can do it.");
    }
  }
  return {};
}

Result<void> require_holds_role(Call& call, std::string_view role, const AccessPlace& place) {
  const auto view = accounts_of(call).view();
  const access::CompiledRole* const compiled = view->role(role);
  if (compiled == nullptr) {
    return fail(ErrorKind::not_found, "access.no_role", "there is no role \"" + std::string(role.substr(0, 80)) + "\"",
                "GET /api/v1/roles shows them.");
  }
  ActionSet actions;
  for (const auto& rule : *compiled) actions |= rule.actions;
  return require_holds(call, actions, place);
}

Result<void> require_reaches(Call& call, const catalog::PrincipalRow& row) {
  if (call.who().is_local_owner || (row.id == call.who().principal && call.who().scopes.empty())) return {};
  const auto view = accounts_of(call).view();
  std::vector<PrincipalId> subjects{row.id};
  for (const auto& one : view->rows().memberships)
    if (one.member == row.id) subjects.push_back(one.group);
  for (const auto& grant : view->rows().grants) {
    // Of a group, taking it away also takes away what it denies.
    const bool counts = !grant.denies || row.kind == PrincipalKind::group;
    const bool is_of_row = std::ranges::find(subjects, grant.subject) != subjects.end();
    if (counts && is_of_row && view->role(grant.role) != nullptr)
      ATOLL_TRY(require_holds_role(call, grant.role, grant.place));
  }
  return {};
}

Result<catalog::PrincipalRow> reachable_user(Call& call, std::string_view name) {
  const auto view = accounts_of(call).view();
  const auto* const row = find_user(*view, name);
  if (row == nullptr) {
    return fail(ErrorKind::not_found, "access.no_such_name",
                "there is no account \"" + std::string(name.substr(0, 80)) + "\"", "GET /api/v1/users shows them.");
  }
  ATOLL_TRY(require_reaches(call, *row));
  return *row;
}

Result<void> require_whole(const Call& call, std::string_view what) {
  if (call.who().scopes.empty()) return {};
  return fail(ErrorKind::denied, "access.more_than_own",
              "a token that may do less than its account makes no " + std::string(what) + " that may do more",
              "Sign in with name and password.");
}

Result<catalog::PrincipalRow> own_row(const Call& call) {
  if (call.who().principal.is_none() && !call.who().is_local_owner)
    return fail(ErrorKind::wrong_key, "access.not_signed_in", "nobody signed in", "POST /api/v1/session, or a token.");
  const auto view = accounts_of(call).view();
  const auto* const row = view->principal(call.who().principal);
  if (row != nullptr) return *row;
  return fail(ErrorKind::conflict, "access.no_account", "this machine's own user signs in with nothing",
              "Name an account: …/users/NAME.");
}

Value list_schema(std::string_view words, std::string_view name, std::string_view of) {
  return schema::object(words, {schema::required(name, schema::list(schema::reference(of))),
                                schema::optional("next_cursor", schema::text("Where the next page begins."))});
}

}  // namespace atl::rest
