// Users and groups: who there is.
#include "edge/rest/admin_facts.h"
#include "edge/rest/groups.h"
#include "foundation/codec/secret.h"
#include "vault/access/person_export.h"

namespace atl::rest {
namespace {

using access::Action;
using catalog::PrincipalKind;
using json::Value;

Result<std::uint32_t> rate_of(const Value& body) {
  ATOLL_ASSIGN(const std::uint64_t rate, body.number_of("requests_per_second_max"));
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(rate, UINT32_MAX));
}

Result<access::PasswordHolds> holding_of(const Value& body) {
  ATOLL_ASSIGN(const bool holds, body.flag_of("password_holds"));
  return holds ? access::PasswordHolds::for_good : access::PasswordHolds::until_sign_in;
}

Result<net::Response> list_users(Call& call) {
  const auto view = accounts_of(call).view();
  auto rows = view->rows().principals;
  std::erase_if(rows, [](const auto& row) { return row.kind == PrincipalKind::group; });
  return page_of(
      call, std::move(rows), "users", [](const auto& row) -> const std::string& { return row.name; }, user_json);
}

Result<net::Response> create_user(Call& call) {
  const Value& body = call.body();
  access::NewPrincipal fresh;
  ATOLL_ASSIGN(fresh.name, body.text_of("name"));
  ATOLL_ASSIGN(const std::string kind, body.text_of("kind", "person"));
  for (const auto one : {PrincipalKind::person, PrincipalKind::agent, PrincipalKind::service})
    if (kind == word_of(one)) fresh.kind = one;
  ATOLL_ASSIGN(fresh.display_name, body.text_of("display_name"));
  ATOLL_ASSIGN(fresh.email, body.text_of("email"));
  ATOLL_ASSIGN(fresh.requests_per_second_max, rate_of(body));
  ATOLL_ASSIGN(const std::string role, body.text_of("role"));
  catalog::GrantRow grant;
  grant.role = role;
  ATOLL_ASSIGN(grant.place, place_of(call, body.find("place")));
  if (!role.empty()) ATOLL_TRY(require_holds_role(call, role, grant.place));
  ATOLL_ASSIGN(fresh.password_holds, holding_of(body));
  ATOLL_ASSIGN(fresh.password, body.text_of("password"));
  auto row = accounts_of(call).add_principal(call.who(), fresh);
  codec::wipe(fresh.password);
  if (!row) return pass(row.error());
  if (!role.empty()) ATOLL_TRY(accounts_of(call).add_grant(call.who(), row->name, grant));
  return created(user_json(*row));
}

Result<net::Response> show_user(Call& call) {
  const auto view = accounts_of(call).view();
  const auto* const row = find_user(*view, call.path("name"));
  if (row == nullptr) {
    return fail(ErrorKind::not_found, "access.no_such_name",
                "there is no account \"" + call.path("name").substr(0, 80) + "\"");
  }
  return ok(user_json(*row));
}

Result<net::Response> change_user(Call& call) {
  const Value& body = call.body();
  ATOLL_ASSIGN(const auto row, reachable_user(call, call.path("name")));
  access::Access::PrincipalChange change;
  if (body.find("display_name") != nullptr) {
    ATOLL_ASSIGN(change.display_name, body.text_of("display_name"));
  }
  if (body.find("email") != nullptr) {
    ATOLL_ASSIGN(change.email, body.text_of("email"));
  }
  if (body.find("requests_per_second_max") != nullptr) {
    ATOLL_ASSIGN(change.requests_per_second_max, rate_of(body));
  }
  ATOLL_TRY(accounts_of(call).change_principal(call.who(), row.name, change));
  if (body.find("is_disabled") != nullptr) {
    ATOLL_ASSIGN(const bool is_disabled, body.flag_of("is_disabled"));
    ATOLL_TRY(accounts_of(call).set_disabled(call.who(), row.name, is_disabled));
  }
  return show_user(call);
}

Result<net::Response> delete_user(Call& call) {
  ATOLL_ASSIGN(const auto row, reachable_user(call, call.path("name")));
  ATOLL_TRY(accounts_of(call).remove_principal(call.who(), row.name));
  return no_content();
}

Result<net::Response> set_user_password(Call& call) {
  ATOLL_ASSIGN(const auto row, reachable_user(call, call.path("name")));
  ATOLL_ASSIGN(const auto holds, holding_of(call.body()));
  ATOLL_ASSIGN(std::string password, call.body().text_of("password"));
  const auto changed = accounts_of(call).set_password(call.who(), row.name, password, holds);
  codec::wipe(password);
  ATOLL_TRY(changed);
  return no_content();
}

Result<net::Response> delete_user_totp(Call& call) {
  ATOLL_ASSIGN(const auto row, reachable_user(call, call.path("name")));
  ATOLL_TRY(accounts_of(call).remove_totp(call.who(), row.name));
  return no_content();
}

// The document, made while it is sent.
class PersonSource final : public net::BodySource {
 public:
  PersonSource(std::vector<server::VaultUse> uses, std::unique_ptr<access::PersonExport> document)
      : uses_(std::move(uses)), document_(std::move(document)) {}

  [[nodiscard]] Result<net::Pulled> pull(ByteSpan /*out*/) override {
    ATOLL_ASSIGN(text_, document_->next());
    if (text_.empty()) return net::Pulled{0, net::Pulled::State::end, 0, {}};
    return net::Pulled{0, net::Pulled::State::more, 0, as_bytes(text_)};
  }

 private:
  std::vector<server::VaultUse> uses_;
  std::unique_ptr<access::PersonExport> document_;
  std::string text_;
};

Result<net::Response> export_user(Call& call) {
  server::Host& host = call.exchange().host;
  std::vector<server::VaultUse> uses;
  std::vector<access::NamedVault> vaults;
  std::vector<access::UnreadVault> left_out;
  for (const auto& one : host.vaults()) {
    access::Resource whole;
    whole.vault = one.id;
    if (!accounts_of(call).decide(call.who(), Action::list, whole).allowed) {
      left_out.push_back({one.name, "you may not list what is in it"});
      continue;
    }
    ATOLL_ASSIGN(auto use, host.use(one.id, call.exchange().caller()));
    vaults.push_back({one.name, &use.vault()});
    uses.push_back(std::move(use));
  }
  for (const auto& name : host.locked_vaults()) left_out.push_back({name, "it is locked"});
  ATOLL_ASSIGN(auto document,
               accounts_of(call).begin_export(call.path("name"), std::move(vaults), std::move(left_out)));
  net::Response response;
  response.headers.set("Content-Type", "application/json");
  response.body = std::make_unique<PersonSource>(std::move(uses), std::move(document));
  return response;
}

Result<net::Response> erase_user(Call& call) {
  ATOLL_ASSIGN(const auto row, reachable_user(call, call.path("name")));
  ATOLL_ASSIGN(const std::string again, call.body().text_of("name"));
  if (again != row.name) {
    return fail(ErrorKind::usage, "access.not_confirmed", "the body does not name the account that is to be erased",
                "Nothing was erased. Give its name once more, as \"name\".");
  }
  ATOLL_ASSIGN(const auto erased, accounts_of(call).erase_person(call.who(), row.name));
  return ok(Value::object().set("rows", erased.rows).set("audit_records", erased.audit_records));
}

// --- Groups

Value group_json(const access::AccessView& view, const catalog::PrincipalRow& row) {
  std::vector<std::string> members;
  for (const auto& one : view.rows().memberships)
    if (one.group == row.id) members.push_back(name_of_subject(view, one.member));
  std::ranges::sort(members);
  Value list = Value::array();
  for (const auto& one : members) list.push(one);
  Value out = Value::object();
  return out.set("name", row.name)
      .set("id", row.id.text())
      .set("created", format_rfc3339(row.created))
      .set("is_disabled", row.is_disabled)
      .set("members", std::move(list));
}

Result<catalog::PrincipalRow> find_group(Call& call) {
  const auto view = accounts_of(call).view();
  const auto* const row = view->principal_named(call.path("name"));
  if (row != nullptr && row->kind == PrincipalKind::group) return *row;
  return fail(ErrorKind::not_found, "access.no_such_name",
              "there is no group \"" + call.path("name").substr(0, 80) + "\"", "GET /api/v1/groups shows them.");
}

Result<net::Response> list_groups(Call& call) {
  const auto view = accounts_of(call).view();
  auto rows = view->rows().principals;
  std::erase_if(rows, [](const auto& row) { return row.kind != PrincipalKind::group; });
  return page_of(
      call, std::move(rows), "groups", [](const auto& row) -> const std::string& { return row.name; },
      [&](const auto& row) { return group_json(*view, row); });
}

Result<net::Response> create_group(Call& call) {
  access::NewPrincipal fresh;
  ATOLL_ASSIGN(fresh.name, call.body().text_of("name"));
  fresh.kind = PrincipalKind::group;
  ATOLL_ASSIGN(const auto row, accounts_of(call).add_principal(call.who(), fresh));
  return created(group_json(*accounts_of(call).view(), row));
}

Result<net::Response> show_group(Call& call) {
  ATOLL_ASSIGN(const auto row, find_group(call));
  return ok(group_json(*accounts_of(call).view(), row));
}

Result<net::Response> change_group(Call& call) {
  ATOLL_ASSIGN(const auto row, find_group(call));
  ATOLL_TRY(require_reaches(call, row));
  ATOLL_ASSIGN(const bool is_disabled, call.body().flag_of("is_disabled"));
  ATOLL_TRY(accounts_of(call).set_disabled(call.who(), row.name, is_disabled));
  return show_group(call);
}

Result<net::Response> delete_group(Call& call) {
  ATOLL_ASSIGN(const auto row, find_group(call));
  ATOLL_TRY(require_reaches(call, row));
  ATOLL_TRY(accounts_of(call).remove_principal(call.who(), row.name));
  return no_content();
}

Result<net::Response> add_member(Call& call) {
  ATOLL_ASSIGN(const auto row, find_group(call));
  ATOLL_TRY(require_reaches(call, row));
  ATOLL_TRY(accounts_of(call).add_member(call.who(), row.name, call.path("member")));
  return show_group(call);
}

Result<net::Response> remove_member(Call& call) {
  ATOLL_ASSIGN(const auto row, find_group(call));
  ATOLL_TRY(require_reaches(call, row));
  ATOLL_TRY(accounts_of(call).remove_member(call.who(), row.name, call.path("member")));
  return no_content();
}

std::vector<Operation> group_rows() {
  const std::vector<Guard> reads{{Action::account_read, Place::home}};
  const std::vector<Guard> manages{{Action::account_manage, Place::home}};
  return {
      {.id = "group_list",
       .method = "GET",
       .path = "/api/v1/groups",
       .tag = "accounts",
       .words = "Groups and who is in them.",
       .guards = reads,
       .query = {limit_parameter(), cursor_parameter()},
       .answers = {{200, "GroupList", "A page."}},
       .handler = list_groups},
      {.id = "group_create",
       .method = "POST",
       .path = "/api/v1/groups",
       .tag = "accounts",
       .words = "Makes a group.",
       .guards = manages,
       .body = "NewGroup",
       .answers = {{201, "Group", "It is there."}},
       .handler = create_group},
      {.id = "group_show",
       .method = "GET",
       .path = "/api/v1/groups/{name}",
       .tag = "accounts",
       .words = "One group.",
       .guards = reads,
       .answers = {{200, "Group", "The group."}},
       .handler = show_group},
      {.id = "group_change",
       .method = "PATCH",
       .path = "/api/v1/groups/{name}",
       .tag = "accounts",
       .words = "Disables a group, so that its members have nothing from it, or takes that back.",
       .guards = manages,
       .body = "GroupChange",
       .answers = {{200, "Group", "As it is now."}},
       .handler = change_group},
      {.id = "group_delete",
       .method = "DELETE",
       .path = "/api/v1/groups/{name}",
       .tag = "accounts",
       .words = "Removes a group with its grants; its members stay.",
       .guards = manages,
       .answers = {{204, "", "Removed."}},
       .handler = delete_group},
      {.id = "group_member_add",
       .method = "PUT",
       .path = "/api/v1/groups/{name}/members/{member}",
       .tag = "accounts",
       .words = "Puts an account into a group.",
       .guards = manages,
       .answers = {{200, "Group", "As it is now."}},
       .handler = add_member},
      {.id = "group_member_remove",
       .method = "DELETE",
       .path = "/api/v1/groups/{name}/members/{member}",
       .tag = "accounts",
       .words = "Takes an account out of a group.",
       .guards = manages,
       .answers = {{204, "", "Taken out."}},
       .handler = remove_member},
  };
}

}  // namespace

std::vector<Operation> people_operations() {
  const std::vector<Guard> reads{{Action::account_read, Place::home}};
  const std::vector<Guard> manages{{Action::account_manage, Place::home}};
  std::vector<Operation> rows = {
      {.id = "user_list",
       .method = "GET",
       .path = "/api/v1/users",
       .tag = "accounts",
       .words = "Accounts of people, agents and services.",
       .guards = reads,
       .query = {limit_parameter(), cursor_parameter()},
       .answers = {{200, "UserList", "A page."}},
       .handler = list_users},
      {.id = "user_create",
       .method = "POST",
       .path = "/api/v1/users",
       .tag = "accounts",
       .words = "Makes an account, and gives it a role where one is named: none that whoever asks does not have.",
       .guards = manages,
       .body = "NewUser",
       .answers = {{201, "User", "It is there."}},
       .handler = create_user},
      {.id = "user_show",
       .method = "GET",
       .path = "/api/v1/users/{name}",
       .tag = "accounts",
       .words = "One account.",
       .guards = reads,
       .answers = {{200, "User", "The account."}},
       .handler = show_user},
      {.id = "user_change",
       .method = "PATCH",
       .path = "/api/v1/users/{name}",
       .tag = "accounts",
       .words = "Changes what is known of an account; disables it, or takes that back.\nLike everything below: of "
                "nobody who may more than whoever asks.",
       .guards = manages,
       .body = "UserChange",
       .answers = {{200, "User", "As it is now."}},
       .handler = change_user},
      {.id = "user_delete",
       .method = "DELETE",
       .path = "/api/v1/users/{name}",
       .tag = "accounts",
       .words = "Removes an account with its rights, tokens, keys and links. What it stored stays.",
       .guards = manages,
       .answers = {{204, "", "Removed."}},
       .handler = delete_user},
      {.id = "user_password_set",
       .method = "PUT",
       .path = "/api/v1/users/{name}/password",
       .tag = "accounts",
       .words = "Sets somebody's password; ends all their sessions.",
       .guards = manages,
       .body = "NewPassword",
       .answers = {{204, "", "Set."}},
       .handler = set_user_password},
      {.id = "user_totp_delete",
       .method = "DELETE",
       .path = "/api/v1/users/{name}/totp",
       .tag = "accounts",
       .words = "For somebody who lost their authenticator app: no code is asked for any more.",
       .guards = manages,
       .answers = {{204, "", "Removed."}},
       .handler = delete_user_totp},
      {.id = "user_export",
       .method = "GET",
       .path = "/api/v1/users/{name}/export",
       .tag = "accounts",
       .words =
           "All about a person: the account, its rights, the records of it, and of every vault what it stored and "
           "changed.\nMade while it is sent. Vaults that you may not list, or that are locked, stand in `left_out`.",
       .guards = manages,
       .answers = {{200, "Person", "The document."}},
       .handler = export_user},
      {.id = "user_erase",
       .method = "POST",
       .path = "/api/v1/users/{name}/erase",
       .tag = "accounts",
       .words = "Removes an account, and its name and addresses from the records of reads.\nWhat it stored stays.",
       .guards = manages,
       .body = "EraseConfirmation",
       .answers = {{200, "Erased", "What went."}},
       .handler = erase_user},
  };
  for (auto& row : group_rows()) rows.push_back(std::move(row));
  return rows;
}

std::vector<NamedSchema> people_schemas() {
  using namespace schema;
  return {
      {"User",
       object(
           "An account.",
           {required("name", text("What it signs in with.")), required("id", text("Its id.")),
            required("kind", choice("What it is.", {"person", "agent", "service", "group"})),
            required("display_name", text("Its name for people.")), required("email", text("Where it is reached.")),
            required("created", time("Since when.")), required("is_disabled", flag("True: nobody signs in with it.")),
            required("has_password", flag("False: tokens and keys only.")),
            required("must_change_password", flag("True: the password was given out, and only serves to set another.")),
            required("has_one_time_codes", flag("True: codes are asked for, too.")),
            required("requests_per_second_max", number("0: what its kind has (agents 50)."))})},
      {"UserList", list_schema("A page of accounts.", "users", "User")},
      {"NewUser",
       object("An account to be made.",
              {required("name", text("1 to 64 of a-z 0-9 . _ @ -.", 64)),
               optional("kind", choice("What it is; a person otherwise.", {"person", "agent", "service"})),
               optional("display_name", text("Its name for people.", 1024)),
               optional("email", text("Where it is reached.", 1024)),
               optional("password", text("8 to 1024 bytes and no common one; none: tokens and keys only.", 1024)),
               optional("password_holds", flag("True: a person need not change it at the first sign-in.")),
               optional("requests_per_second_max", number("At most so many.", 0, UINT32_MAX)),
               optional("role", text("And grant it this role.", 256)), optional("place", reference("Place"))})},
      {"UserChange",
       object("What is to change.", {optional("display_name", text("Its name for people.", 1024)),
                                     optional("email", text("Where it is reached.", 1024)),
                                     optional("requests_per_second_max", number("At most so many.", 0, UINT32_MAX)),
                                     optional("is_disabled", flag("True: nobody signs in with it."))})},
      {"NewPassword",
       object("A password.",
              {required("password", text("8 to 1024 bytes and no common one.", 1024)),
               optional("password_holds", flag("True: a person need not change it at the next sign-in."))})},
      {"Person", any_object("All about one person.")},
      {"EraseConfirmation", object("That it is meant.", {required("name", text("The account's name again.", 64))})},
      {"Erased", object("What went.", {required("rows", number("Rows of the account.")),
                                       required("audit_records", number("Records in which the name was replaced."))})},
      {"Group", object("A group.", {required("name", text("Its name.")), required("id", text("Its id.")),
                                    required("created", time("Since when.")),
                                    required("is_disabled", flag("True: its members have nothing from it.")),
                                    required("members", list(text("An account.")))})},
      {"GroupList", list_schema("A page of groups.", "groups", "Group")},
      {"NewGroup", object("A group to be made.", {required("name", text("1 to 64 of a-z 0-9 . _ @ -.", 64))})},
      {"GroupChange", object("What is to change.", {required("is_disabled", flag("True: it gives nothing."))})},
  };
}

}  // namespace atl::rest
