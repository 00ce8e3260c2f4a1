// Roles, grants and quotas: who may do what where, and how much.
#include "edge/rest/admin_facts.h"
#include "edge/rest/groups.h"
#include "vault/access/published.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

Value texts_json(const std::vector<std::string>& texts) {
  Value out = Value::array();
  for (const auto& one : texts) out.push(one);
  return out;
}

Value role_json(std::string_view name, std::string_view words, const std::vector<catalog::RoleRule>& rules,
                std::string_view kind) {
  Value list = Value::array();
  for (const auto& rule : rules) {
    Value one = Value::object();
    one.set("denies", rule.denies).set("actions", texts_json(rule.actions));
    if (!rule.tiers.empty()) one.set("tiers", texts_json(rule.tiers));
    if (rule.age_seconds_min != 0) one.set("age_seconds_min", rule.age_seconds_min);
    if (rule.age_seconds_max != 0) one.set("age_seconds_max", rule.age_seconds_max);
    list.push(std::move(one));
  }
  Value out = Value::object();
  out.set("name", name).set("kind", kind).set("description", words);
  return out.set("rules", std::move(list));
}

Result<net::Response> list_roles(Call& call) {
  const auto view = accounts_of(call).view();
  Value list = Value::array();
  for (const auto& one : access::preset_roles()) list.push(role_json(one.name, one.words, one.rules, "preset"));
  for (const auto& one : view->rows().roles) list.push(role_json(one.name, one.description, one.rules, "own"));
  Value templates = Value::array();
  for (const auto& one : access::role_templates())
    templates.push(role_json(one.name, one.words, one.rules, "template"));
  Value actions = Value::array();
  for (const auto& one : access::kActions)
    actions.push(Value::object().set("name", one.name).set("changes", one.changes).set("words", one.words));
  return ok(Value::object()
                .set("roles", std::move(list))
                .set("templates", std::move(templates))
                .set("actions", std::move(actions)));
}

const catalog::RoleRow* find_role(const access::AccessView& view, const std::string& name) {
  const auto found = std::ranges::find(view.rows().roles, name, &catalog::RoleRow::name);
  return found == view.rows().roles.end() ? nullptr : &*found;
}

Result<net::Response> show_role(Call& call) {
  const std::string& name = call.path("name");
  if (const auto* const preset = access::preset_role(name); preset != nullptr)
    return ok(role_json(preset->name, preset->words, preset->rules, "preset"));
  const auto view = accounts_of(call).view();
  if (const auto* const row = find_role(*view, name); row != nullptr)
    return ok(role_json(row->name, row->description, row->rules, "own"));
  return fail(ErrorKind::not_found, "access.no_role", "there is no role \"" + name.substr(0, 80) + "\"",
              "GET /api/v1/roles shows them.");
}

Result<std::vector<catalog::RoleRule>> rules_of(const Value& body) {
  std::vector<catalog::RoleRule> rules;
  const Value* const list = body.find("rules");
  if (list == nullptr || list->as_array() == nullptr) return rules;
  for (const Value& one : *list->as_array()) {
    catalog::RoleRule rule;
    ATOLL_ASSIGN(rule.denies, one.flag_of("denies"));
    ATOLL_ASSIGN(rule.actions, one.list_of("actions"));
    ATOLL_ASSIGN(rule.tiers, one.list_of("tiers"));
    ATOLL_ASSIGN(rule.age_seconds_min, one.number_of("age_seconds_min"));
    ATOLL_ASSIGN(rule.age_seconds_max, one.number_of("age_seconds_max"));
    rules.push_back(std::move(rule));
  }
  return rules;
}

// Everybody who has the role gets what its rules say: whoever changes them needs, wherever it is given, both what it
// says now and what it said before (for what it denied no longer is).
Result<void> require_may_change_role(Call& call, const std::string& name, const catalog::RoleRow* before,
                                     const std::vector<catalog::RoleRule>& after) {
  access::ActionSet actions;
  for (const auto& rule : access::compile(after)) actions |= rule.actions;
  if (before != nullptr)
    for (const auto& rule : access::compile(before->rules)) actions |= rule.actions;
  const auto view = accounts_of(call).view();
  for (const auto& grant : view->rows().grants)
    if (grant.role == name) ATOLL_TRY(require_holds(call, actions, grant.place));
  for (const auto& token : view->rows().tokens)
    for (const auto& scope : token.scopes)
      if (scope.role == name) ATOLL_TRY(require_holds(call, actions, scope.place));
  return {};
}

Result<net::Response> put_role(Call& call) {
  catalog::RoleRow row;
  row.name = call.path("name");
  ATOLL_ASSIGN(row.description, call.body().text_of("description"));
  ATOLL_ASSIGN(row.rules, rules_of(call.body()));
  {
    const auto view = accounts_of(call).view();
    ATOLL_TRY(require_may_change_role(call, row.name, find_role(*view, row.name), row.rules));
  }
  ATOLL_TRY(accounts_of(call).put_role(call.who(), std::move(row)));
  return show_role(call);
}

Result<net::Response> delete_role(Call& call) {
  ATOLL_TRY(accounts_of(call).remove_role(call.who(), call.path("name")));
  return no_content();
}

// --- Grants

Result<net::Response> list_grants(Call& call) {
  const auto view = accounts_of(call).view();
  auto rows = view->rows().grants;
  const std::string subject = call.text("subject");
  if (!subject.empty())
    std::erase_if(rows, [&](const auto& row) { return name_of_subject(*view, row.subject) != subject; });
  return page_of(
      call, std::move(rows), "grants", [](const auto& row) { return row.id.text(); },
      [&](const auto& row) { return grant_json(call, *view, row); });
}

Result<net::Response> create_grant(Call& call) {
  const Value& body = call.body();
  catalog::GrantRow row;
  ATOLL_ASSIGN(const std::string subject, body.text_of("subject"));
  ATOLL_ASSIGN(row.role, body.text_of("role"));
  ATOLL_ASSIGN(row.place, place_of(call, body.find("place")));
  ATOLL_ASSIGN(row.denies, body.flag_of("denies"));
  ATOLL_ASSIGN(row.tiers, body.list_of("tiers"));
  ATOLL_ASSIGN(row.age_seconds_max, body.number_of("age_seconds_max"));
  ATOLL_ASSIGN(row.expires, end_of(call, body));
  if (row.denies) {
    // Denying gives nothing away, but nobody takes from those who may more.
    const auto view = accounts_of(call).view();
    const auto* const whom = view->principal_named(subject);
    if (whom != nullptr) ATOLL_TRY(require_reaches(call, *whom));
    if (whom == nullptr) ATOLL_TRY(require_holds_role(call, row.role, row.place));
  } else {
    ATOLL_TRY(require_holds_role(call, row.role, row.place));
  }
  ATOLL_ASSIGN(const auto added, accounts_of(call).add_grant(call.who(), subject, row));
  return created(grant_json(call, *accounts_of(call).view(), added));
}

Result<net::Response> delete_grant(Call& call) {
  const auto id = GrantId::parse(call.path("id"));
  const auto view = accounts_of(call).view();
  const auto& rows = view->rows().grants;
  const auto found = id ? std::ranges::find(rows, *id, &catalog::GrantRow::id) : rows.end();
  if (found == rows.end()) {
    return fail(ErrorKind::not_found, "access.no_grant", "there is no grant " + call.path("id").substr(0, 80),
                "GET /api/v1/grants shows them.");
  }
  // Also of one that denies: taking it back gives what it denied.
  if (view->role(found->role) != nullptr) ATOLL_TRY(require_holds_role(call, found->role, found->place));
  ATOLL_TRY(accounts_of(call).remove_grant(call.who(), found->id));
  return no_content();
}

// --- What is open

Value public_place_json(const Call& call, const access::AccessView& view, const access::PublicPlace& row) {
  Value out = Value::object();
  out.set("opened_by", access::name_of(row.by)).set("place", place_json(call, row.place));
  out.set("reads", row.reads).set("writes", row.writes).set("has_password", row.has_password);
  if (!row.id.empty()) out.set("id", row.id);
  if (!row.role.empty()) out.set("role", row.role);
  if (!row.made_by.is_none()) out.set("user", name_of_subject(view, row.made_by)).set("label", row.label);
  set_time(out, "expires", row.expires);
  if (row.objects != 0) out.set("objects", row.objects);
  return out;
}

Result<net::Response> list_public(Call& call) {
  const auto view = accounts_of(call).view();
  auto places = access::public_places(*view, call.exchange().now());
  server::Host& host = call.exchange().host;
  for (const auto& one : host.vaults()) {
    ATOLL_ASSIGN(const auto use, host.use(one.id, call.exchange().caller()));
    ATOLL_TRY(access::add_public_objects(use.vault(), one.id, places));
  }
  return page_of(
      call, std::move(places), "places", [](const auto& row) { return row.mark(); },
      [&](const auto& row) { return public_place_json(call, *view, row); });
}

// --- Quotas

Value quota_json(const Call& call, const access::AccessView& view, const catalog::QuotaRow& row) {
  const auto used = accounts_of(call).usage().of(row.vault, row.bucket,
                                                 row.principal.is_none() ? "" : name_of_subject(view, row.principal));
  Value out = Value::object();
  if (!row.principal.is_none()) out.set("user", name_of_subject(view, row.principal));
  out.set("place", place_json(call, {row.vault, row.bucket, ""}));
  out.set("bytes_max", row.bytes_max).set("objects_max", row.objects_max);
  out.set("bytes_used", static_cast<std::uint64_t>(std::max<std::int64_t>(used.bytes, 0)));
  out.set("objects_used", static_cast<std::uint64_t>(std::max<std::int64_t>(used.objects, 0)));
  return out;
}

Result<net::Response> list_quotas(Call& call) {
  const auto view = accounts_of(call).view();
  return page_of(
      call, view->rows().quotas, "quotas",
      [](const auto& row) { return row.vault.text() + "/" + row.principal.text() + "/" + row.bucket; },
      [&](const auto& row) { return quota_json(call, *view, row); });
}

Result<net::Response> set_quota(Call& call) {
  const Value& body = call.body();
  ATOLL_ASSIGN(const auto place, place_of(call, body.find("place")));
  if (!place.prefix.empty()) return fail(ErrorKind::usage, "quota.no_prefix", "a quota holds for a whole bucket");
  catalog::QuotaRow row;
  row.vault = place.vault;
  row.bucket = place.bucket;
  ATOLL_ASSIGN(row.bytes_max, body.number_of("bytes_max"));
  ATOLL_ASSIGN(row.objects_max, body.number_of("objects_max"));
  ATOLL_ASSIGN(const std::string user, body.text_of("user"));
  if (!user.empty()) {
    const auto view = accounts_of(call).view();
    const auto* const whom = find_user(*view, user);
    if (whom == nullptr)
      return fail(ErrorKind::not_found, "access.no_such_name", "there is no account \"" + user.substr(0, 80) + "\"");
    row.principal = whom->id;
  }
  ATOLL_TRY(accounts_of(call).set_quota(call.who(), row));
  return ok(quota_json(call, *accounts_of(call).view(), row));
}

std::vector<Operation> quota_rows() {
  return {
      {.id = "quota_list",
       .method = "GET",
       .path = "/api/v1/quotas",
       .tag = "accounts",
       .words = "Limits, and how much of them is used.",
       .guards = {{Action::account_read, Place::home}},
       .query = {limit_parameter(), cursor_parameter()},
       .answers = {{200, "QuotaList", "A page."}},
       .handler = list_quotas},
      {.id = "quota_set",
       .method = "PUT",
       .path = "/api/v1/quotas",
       .tag = "accounts",
       .words = "Sets how much an account may store, or how much a bucket may hold; both limits 0: no limit any more.",
       .guards = {{Action::quota_manage, Place::home}},
       .body = "NewQuota",
       .answers = {{200, "Quota", "As it is now."}},
       .handler = set_quota},
  };
}

}  // namespace

std::vector<Operation> right_operations() {
  const std::vector<Guard> reads{{Action::account_read, Place::home}};
  const std::vector<Guard> manages{{Action::account_manage, Place::home}};
  std::vector<Operation> rows = {
      {.id = "role_list",
       .method = "GET",
       .path = "/api/v1/roles",
       .tag = "accounts",
       .words = "Roles that every home has, those of this home, patterns for more, and the actions they name.",
       .guards = reads,
       .answers = {{200, "RoleList", "All of them."}},
       .handler = list_roles},
      {.id = "role_show",
       .method = "GET",
       .path = "/api/v1/roles/{name}",
       .tag = "accounts",
       .words = "One role.",
       .guards = reads,
       .answers = {{200, "Role", "The role."}},
       .handler = show_role},
      {.id = "role_put",
       .method = "PUT",
       .path = "/api/v1/roles/{name}",
       .tag = "accounts",
       .words = "Makes a role of this home, or replaces its rules for all who have it.",
       .guards = manages,
       .body = "NewRole",
       .answers = {{200, "Role", "As it is now."}},
       .handler = put_role},
      {.id = "role_delete",
       .method = "DELETE",
       .path = "/api/v1/roles/{name}",
       .tag = "accounts",
       .words = "Removes a role of this home that nobody has.",
       .guards = manages,
       .answers = {{204, "", "Removed."}},
       .handler = delete_role},
      {.id = "grant_list",
       .method = "GET",
       .path = "/api/v1/grants",
       .tag = "accounts",
       .words = "Who has which role where.",
       .guards = reads,
       .query = {{"subject", ParameterType::text, "Of this account or group, everyone or signed-in."},
                 limit_parameter(),
                 cursor_parameter()},
       .answers = {{200, "GrantList", "A page."}},
       .handler = list_grants},
      {.id = "public_list",
       .method = "GET",
       .path = "/api/v1/public",
       .tag = "accounts",
       .words = "What is open without an account: by grants to everyone, by policies and access lists of buckets, by "
                "links.\nObjects that were opened by a list of their own are counted for each bucket.",
       .guards = reads,
       .query = {limit_parameter(), cursor_parameter()},
       .answers = {{200, "PublicPlaceList", "A page."}},
       .handler = list_public},
      {.id = "grant_create",
       .method = "POST",
       .path = "/api/v1/grants",
       .tag = "accounts",
       .words = "Gives an account or group a role.\nNone that whoever asks does not have there themselves.",
       .guards = manages,
       .body = "NewGrant",
       .answers = {{201, "Grant", "It holds."}},
       .handler = create_grant},
      {.id = "grant_delete",
       .method = "DELETE",
       .path = "/api/v1/grants/{id}",
       .tag = "accounts",
       .words = "Takes a grant back.",
       .guards = manages,
       .answers = {{204, "", "Taken back."}},
       .handler = delete_grant},
  };
  for (auto& row : quota_rows()) rows.push_back(std::move(row));
  return rows;
}

std::vector<NamedSchema> right_schemas() {
  using namespace schema;
  return {
      {"Place", object("Where something holds. Without a bucket in the whole vault, without both everywhere.",
                       {optional("vault", text("Name or id.", 256)), optional("bucket", text("Its name.", 256)),
                        optional("prefix", text("Of keys.")), optional("prefix_b64", text("In base64."))})},
      {"RoleRule", object("One line of a role; every condition has to hold.",
                          {optional("denies", flag("True: wins over all that allow.")),
                           required("actions", list(text("An action; * for all.", 128))),
                           optional("tiers", list(choice("Only objects there.", {"hot", "warm", "cold"}))),
                           optional("age_seconds_min", number("Only what was stored at least so long ago.")),
                           optional("age_seconds_max", number("Only what was stored at most so long ago."))})},
      {"Role", object("A role.", {required("name", text("Its name.")),
                                  required("kind", choice("Where it is from.", {"preset", "own", "template"})),
                                  required("description", text("What it is for.")),
                                  required("rules", list(reference("RoleRule")))})},
      {"NewRole", object("What a role allows.", {optional("description", text("What it is for.", 1024)),
                                                 required("rules", list(reference("RoleRule")))})},
      {"ActionName", object("What a rule can name.", {required("name", text("Its name.")),
                                                      required("changes", flag("Something that others see.")),
                                                      required("words", text("What it is."))})},
      {"RoleList",
       object("All roles.", {required("roles", list(reference("Role"))), required("templates", list(reference("Role"))),
                             required("actions", list(reference("ActionName")))})},
      {"Grant", object("Who has which role where.",
                       {required("id", text("Its id.")), required("subject", text("Who.")),
                        required("role", text("The role.")), required("place", reference("Place")),
                        required("denies", flag("True: what the role allows is denied there.")),
                        required("tiers", list(text("Only objects there; empty: any."))),
                        optional("age_seconds_max", number("Only what was stored at most so long ago.")),
                        optional("expires", time("Until when.")), required("created", time("Since when.")),
                        required("actor", text("By whom."))})},
      {"GrantList", list_schema("A page of grants.", "grants", "Grant")},
      {"PublicPlace",
       object("A place that is open without an account.",
              {required("opened_by", choice("By what.", {"grant", "access_list", "object_list", "policy", "link"})),
               required("place", reference("Place")), required("reads", flag("Something can be seen or read there.")),
               required("writes", flag("Something can be left or changed there.")),
               required("has_password", flag("The link asks for one.")), optional("id", text("Of the grant or link.")),
               optional("role", text("Of the grant.")), optional("user", text("Who made the link.")),
               optional("label", text("Of the link.")), optional("expires", time("Until when.")),
               optional("objects", number("Of object_list: how many of the bucket."))})},
      {"PublicPlaceList", list_schema("A page of places.", "places", "PublicPlace")},
      {"NewGrant", object("A grant to be made.",
                          {required("subject", text("An account, a group, everyone or signed-in.", 64)),
                           required("role", text("The role.", 256)), optional("place", reference("Place")),
                           optional("denies", flag("Deny there what the role allows, whatever else allows it.")),
                           optional("tiers", list(choice("Only objects there.", {"hot", "warm", "cold"}))),
                           optional("age_seconds_max", number("Only what was stored at most so long ago.")),
                           optional("expires", text("A time, or so long from now (30d).", 64))})},
      {"Quota", object("A limit.",
                       {optional("user", text("Of what this account stores.")), required("place", reference("Place")),
                        required("bytes_max", number("0: no limit.")), required("objects_max", number("0: no limit.")),
                        required("bytes_used", number("Now.")), required("objects_used", number("Now."))})},
      {"QuotaList", list_schema("A page of limits.", "quotas", "Quota")},
      {"NewQuota",
       object("A limit to be set.",
              {optional("user", text("Of what this account stores.", 64)), optional("place", reference("Place")),
               optional("bytes_max", number("0: no limit.")), optional("objects_max", number("0: no limit."))})},
  };
}

}  // namespace atl::rest
