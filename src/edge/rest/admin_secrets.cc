// Tokens, S3 keys and links: what programs and people without an account sign in with.
#include "edge/rest/admin_facts.h"
#include "edge/rest/groups.h"
#include "foundation/codec/secret.h"
#include "vault/access/share_place.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

// Whose secret is to be made or looked at: one's own, or that of an account one reaches.
Result<catalog::PrincipalRow> owner_of_new(Call& call, std::string_view what) {
  ATOLL_ASSIGN(const std::string user, call.body().text_of("user"));
  if (user.empty() || user == call.who().name) return own_row(call);
  ATOLL_TRY(call.exchange().require(Action::account_manage, {}));
  ATOLL_TRY(require_whole(call, what));
  return reachable_user(call, user);
}

Result<void> require_may_end(Call& call, const PrincipalId& owner) {
  if (!call.who().principal.is_none() && owner == call.who().principal) return {};
  ATOLL_TRY(call.exchange().require(Action::account_manage, {}));
  const auto view = accounts_of(call).view();
  const auto* const row = view->principal(owner);
  return row == nullptr ? Result<void>{} : require_reaches(call, *row);
}

// Of lists: one's own, or those of `user`, or all.
template <class Row>
void keep_asked(const Call& call, const access::AccessView& view, std::vector<Row>& rows, PrincipalId Row::*owner) {
  if (call.flag("all")) return;
  const auto* const named = call.has("user") ? view.principal_named(call.text("user")) : nullptr;
  const PrincipalId wanted = call.has("user") ? (named != nullptr ? named->id : PrincipalId{}) : call.who().principal;
  std::erase_if(rows, [&](const Row& row) { return row.*owner != wanted || wanted.is_none(); });
}

std::vector<Parameter> list_parameters() {
  return {{"user", ParameterType::text, "Of this account; one's own otherwise."},
          {"all", ParameterType::flag, "Of all accounts."},
          limit_parameter(),
          cursor_parameter()};
}

// --- Tokens

Value token_json(const Call& call, const access::AccessView& view, const catalog::TokenRow& row) {
  Value out = Value::object();
  out.set("id", row.id.text()).set("user", name_of_subject(view, row.principal)).set("label", row.label);
  out.set("scopes", scopes_json(call, row.scopes)).set("created", format_rfc3339(row.created));
  set_time(out, "expires", row.expires);
  set_day(out, "last_used", row.last_used_day);
  return out;
}

Result<net::Response> list_tokens(Call& call) {
  const auto view = accounts_of(call).view();
  auto rows = view->rows().tokens;
  keep_asked(call, *view, rows, &catalog::TokenRow::principal);
  return page_of(
      call, std::move(rows), "tokens", [](const auto& row) { return row.id.text(); },
      [&](const auto& row) { return token_json(call, *view, row); });
}

// What a token that narrows its account makes is as narrow, and ends no later.
Result<void> check_narrows(Call& call, const std::vector<catalog::TokenScope>& scopes, Timestamp expires) {
  const auto& who = call.who();
  if (!who.scopes.empty()) {
    if (scopes.empty()) ATOLL_TRY(require_whole(call, "token without scopes"));
    for (const auto& scope : scopes)
      if (std::ranges::find(who.scopes, scope) == who.scopes.end())
        ATOLL_TRY(require_holds_role(call, scope.role, scope.place));
  }
  if (who.token.is_none()) return {};
  const auto view = accounts_of(call).view();
  const auto own = std::ranges::find(view->rows().tokens, who.token, &catalog::TokenRow::id);
  const Timestamp end = own == view->rows().tokens.end() ? Timestamp{} : own->expires;
  if (end.unix_us == 0 || (expires.unix_us != 0 && expires <= end)) return {};
  return fail(ErrorKind::denied, "access.more_than_own", "a token makes none that outlives it",
              "Give \"expires\", " + format_rfc3339(end) + " at the latest.");
}

Result<net::Response> create_token(Call& call) {
  const Value& body = call.body();
  ATOLL_ASSIGN(const auto owner, owner_of_new(call, "token"));
  ATOLL_ASSIGN(const std::string label, body.text_of("label"));
  ATOLL_ASSIGN(auto scopes, scopes_of(call, body));
  ATOLL_ASSIGN(const Timestamp expires, end_of(call, body));
  ATOLL_TRY(check_narrows(call, scopes, expires));
  ATOLL_ASSIGN(auto fresh, accounts_of(call).create_token(call.who(), owner.name, label, std::move(scopes), expires));
  Value out = token_json(call, *accounts_of(call).view(), fresh.row);
  out.set("token", fresh.text);
  codec::wipe(fresh.text);
  return created(out);
}

Result<net::Response> delete_token(Call& call) {
  const auto id = TokenId::parse(call.path("id"));
  const auto view = accounts_of(call).view();
  const auto& rows = view->rows().tokens;
  const auto found = id ? std::ranges::find(rows, *id, &catalog::TokenRow::id) : rows.end();
  if (found == rows.end())
    return fail(ErrorKind::not_found, "access.no_token", "there is no token " + call.path("id").substr(0, 80));
  ATOLL_TRY(require_may_end(call, found->principal));
  ATOLL_TRY(accounts_of(call).revoke_token(call.who(), found->id));
  return no_content();
}

// --- S3 keys

Value s3_key_json(const Call& call, const access::AccessView& view, const catalog::S3KeyRow& row) {
  Value out = Value::object();
  out.set("access_key_id", row.access_key_id).set("user", name_of_subject(view, row.principal));
  out.set("place", place_json(call, {row.vault, "", ""})).set("label", row.label);
  out.set("is_disabled", row.is_disabled).set("created", format_rfc3339(row.created));
  set_day(out, "last_used", row.last_used_day);
  return out;
}

Result<net::Response> list_s3_keys(Call& call) {
  const auto view = accounts_of(call).view();
  auto rows = view->rows().s3_keys;
  keep_asked(call, *view, rows, &catalog::S3KeyRow::principal);
  return page_of(
      call, std::move(rows), "s3_keys", [](const auto& row) { return row.access_key_id; },
      [&](const auto& row) { return s3_key_json(call, *view, row); });
}

Result<net::Response> create_s3_key(Call& call) {
  const Value& body = call.body();
  // A key has no scopes and no end.
  ATOLL_TRY(require_whole(call, "S3 key"));
  ATOLL_TRY(check_narrows(call, {}, {}));
  ATOLL_ASSIGN(const auto owner, owner_of_new(call, "S3 key"));
  ATOLL_ASSIGN(const std::string label, body.text_of("label"));
  ATOLL_ASSIGN(const std::string vault_name, body.text_of("vault"));
  ATOLL_ASSIGN(const std::string key_id, body.text_of("access_key_id"));
  ATOLL_ASSIGN(std::string secret, body.text_of("secret_access_key"));
  ATOLL_ASSIGN(const VaultId vault, call.exchange().host.find(vault_name));
  auto row = accounts_of(call).create_s3_key(call.who(), owner.name, vault, label, key_id, secret);
  codec::wipe(secret);
  if (!row) return pass(row.error());
  Value out = s3_key_json(call, *accounts_of(call).view(), *row);
  out.set("secret_access_key", row->secret);
  codec::wipe(row->secret);
  return created(out);
}

Result<net::Response> delete_s3_key(Call& call) {
  const auto view = accounts_of(call).view();
  const auto* const row = view->s3_key(call.path("id"));
  if (row == nullptr)
    return fail(ErrorKind::not_found, "access.no_s3_key", "there is no S3 key " + call.path("id").substr(0, 128));
  ATOLL_TRY(require_may_end(call, row->principal));
  ATOLL_TRY(accounts_of(call).revoke_s3_key(call.who(), row->access_key_id));
  return no_content();
}

// --- Links

Value share_json(const Call& call, const access::AccessView& view, const catalog::ShareRow& row) {
  Value out = Value::object();
  out.set("id", row.id.text()).set("user", name_of_subject(view, row.made_by));
  out.set("place", place_json(call, row.place)).set("is_prefix", row.is_prefix);
  if (!row.version.is_none()) out.set("version", row.version.text());
  out.set("takes_uploads", row.takes_uploads).set("has_password", !row.password_hash.empty());
  out.set("downloads", row.downloads).set("downloads_max", row.downloads_max).set("label", row.label);
  out.set("created", format_rfc3339(row.created));
  set_time(out, "expires", row.expires);
  return out;
}

// One's own; of others those whose place one may hand on as well, and all for whoever reads accounts.
Result<net::Response> list_shares(Call& call) {
  ATOLL_TRY(call.begin_filter(Call::Opens::nothing));
  const auto& who = call.who();
  const bool is_nobody = who.principal.is_none() && !who.is_local_owner;
  if (is_nobody) ATOLL_TRY(call.exchange().require(Action::share_create, {}));
  const auto view = accounts_of(call).view();
  auto rows = view->rows().shares;
  if (!call.exchange().may(Action::account_read, {}))
    std::erase_if(rows, [&](const auto& row) { return row.made_by != who.principal; });
  return page_of(
      call, std::move(rows), "shares", [](const auto& row) { return row.id.text(); },
      [&](const auto& row) { return share_json(call, *view, row); });
}

Result<net::Response> create_share(Call& call) {
  const Value& body = call.body();
  catalog::ShareRow row;
  ATOLL_ASSIGN(row.place, place_of(call, body.find("place")));
  const bool ends_as_folder = row.place.prefix.empty() || row.place.prefix.ends_with('/');
  ATOLL_ASSIGN(row.is_prefix, body.flag_of("is_prefix", ends_as_folder));
  ATOLL_ASSIGN(row.takes_uploads, body.flag_of("takes_uploads"));
  access::Resource resource;
  resource.vault = row.place.vault;
  resource.bucket = row.place.bucket;
  resource.key = row.place.prefix;
  resource.is_prefix = row.is_prefix;
  ATOLL_TRY(call.begin_filter(Call::Opens::nothing));
  ATOLL_TRY(call.exchange().require(Action::share_create, resource));
  ATOLL_TRY(call.exchange().require(row.takes_uploads ? Action::write : Action::read, resource));
  if (row.place.bucket.empty()) return fail(ErrorKind::usage, "share.no_place", "a link is to something in a bucket");
  ATOLL_ASSIGN(const auto maker, own_row(call));
  ATOLL_ASSIGN(row.downloads_max, body.number_of("downloads_max"));
  ATOLL_ASSIGN(row.label, body.text_of("label"));
  ATOLL_ASSIGN(row.expires, end_of(call, body));
  // A link works by the account's own rights: a token that narrows them could get past itself.
  ATOLL_TRY(check_narrows(call, call.who().scopes, row.expires));
  ATOLL_ASSIGN(const std::string version, body.text_of("version"));
  if (!version.empty()) {
    const auto id = VersionId::parse(version);
    if (!id) return fail(ErrorKind::usage, "object.bad_version", "\"version\" is no id of a version");
    row.version = *id;
    ATOLL_TRY(call.exchange().require(Action::read_version, resource));
  }
  if (!row.place.vault.is_none()) {
    ATOLL_ASSIGN(const auto use, call.exchange().host.use(row.place.vault, call.exchange().caller()));
    ATOLL_TRY(access::where_leads(use.vault(), row));
  }
  ATOLL_ASSIGN(std::string password, body.text_of("password"));
  auto fresh = accounts_of(call).create_share(call.who(), row, password);
  codec::wipe(password);
  if (!fresh) return pass(fresh.error());
  Value out = share_json(call, *accounts_of(call).view(), fresh->row);
  out.set("secret", fresh->text).set("link", call.exchange().base_url() + "/s/" + fresh->text);
  codec::wipe(fresh->text);
  return created(out);
}

Result<net::Response> delete_share(Call& call) {
  ATOLL_TRY(call.begin_filter(Call::Opens::nothing));
  const auto id = ShareId::parse(call.path("id"));
  const auto view = accounts_of(call).view();
  const auto& rows = view->rows().shares;
  const auto found = id ? std::ranges::find(rows, *id, &catalog::ShareRow::id) : rows.end();
  const bool is_theirs =
      found != rows.end() && !call.who().principal.is_none() && found->made_by == call.who().principal;
  if (!is_theirs) ATOLL_TRY(call.exchange().require(Action::account_manage, {}));
  if (found == rows.end())
    return fail(ErrorKind::not_found, "share.not_found", "there is no link " + call.path("id").substr(0, 80));
  ATOLL_TRY(require_may_end(call, found->made_by));
  ATOLL_TRY(accounts_of(call).revoke_share(call.who(), found->id));
  return no_content();
}

std::vector<Operation> share_rows() {
  return {
      {.id = "share_list",
       .method = "GET",
       .path = "/api/v1/shares",
       .tag = "secrets",
       .words = "Links that whoever asks made; all for those who may read accounts.",
       .guards = {{Action::share_create, Place::inside}},
       .query = {limit_parameter(), cursor_parameter()},
       .answers = {{200, "ShareList", "A page."}},
       .handler = list_shares},
      {.id = "share_create",
       .method = "POST",
       .path = "/api/v1/shares",
       .tag = "secrets",
       .words = "Makes a link for people without an account.\nIt ends where its maker's right ends.",
       .guards = {{Action::share_create, Place::inside}},
       .body = "NewShare",
       .answers = {{201, "MadeShare", "Shown once."}},
       .handler = create_share,
       .shows_secret = true},
      {.id = "share_delete",
       .method = "DELETE",
       .path = "/api/v1/shares/{id}",
       .tag = "secrets",
       .words = "Ends a link at once.",
       .guards = {{Action::share_create, Place::inside}},
       .answers = {{204, "", "Ended."}},
       .handler = delete_share},
  };
}

std::vector<schema::Member> token_members() {
  using namespace schema;
  return {required("id", text("To revoke it.")),
          required("user", text("Whose it is.")),
          required("label", text("What it is for.")),
          required("scopes", list(reference("Scope"), "It may do at most this; empty: all its account may.")),
          required("created", time("Since when.")),
          optional("expires", time("Until when.")),
          optional("last_used", text("The day it was last used."))};
}
std::vector<schema::Member> s3_key_members() {
  using namespace schema;
  return {required("access_key_id", text("Its public half.")),
          required("user", text("Whose it is.")),
          required("place", reference("Place")),
          required("label", text("What it is for.")),
          required("is_disabled", flag("True: refused.")),
          required("created", time("Since when.")),
          optional("last_used", text("The day it was last used."))};
}
std::vector<schema::Member> share_members() {
  using namespace schema;
  return {required("id", text("To revoke it.")),
          required("user", text("Whose right it hands on.")),
          required("place", reference("Place")),
          required("is_prefix", flag("Everything below; else one object.")),
          optional("version", text("This version, whatever comes later.")),
          required("takes_uploads", flag("Files can be left there, and nothing read.")),
          required("has_password", flag("A password is asked for.")),
          required("downloads", number("So far; counted where there is a limit.")),
          required("downloads_max", number("0: no limit.")),
          required("label", text("What it is for.")),
          required("created", time("Since when.")),
          optional("expires", time("Until when."))};
}
std::vector<schema::Member> with(std::vector<schema::Member> members, std::vector<schema::Member> more) {
  for (auto& one : more) members.push_back(std::move(one));
  return members;
}

}  // namespace

std::vector<Operation> secret_operations() {
  const std::vector<Guard> lists{{Action::token_self, Place::home}, {Action::account_read, Place::home, "user all"}};
  const std::vector<Guard> changes{{Action::token_self, Place::home}, {Action::account_manage, Place::inside}};
  std::vector<Operation> rows = {
      {.id = "token_list",
       .method = "GET",
       .path = "/api/v1/tokens",
       .tag = "secrets",
       .words = "Tokens: one's own, or those of others.",
       .guards = lists,
       .query = list_parameters(),
       .answers = {{200, "TokenList", "A page."}},
       .handler = list_tokens},
      {.id = "token_create",
       .method = "POST",
       .path = "/api/v1/tokens",
       .tag = "secrets",
       .words = "Makes a token; its text is shown once.\nA token that may do less than its account makes none that may "
                "do more, or longer.",
       .guards = changes,
       .body = "NewToken",
       .answers = {{201, "MadeToken", "Shown once."}},
       .handler = create_token,
       .shows_secret = true},
      {.id = "token_delete",
       .method = "DELETE",
       .path = "/api/v1/tokens/{id}",
       .tag = "secrets",
       .words = "Ends a token at once.",
       .guards = changes,
       .answers = {{204, "", "Ended."}},
       .handler = delete_token},
      {.id = "s3_key_list",
       .method = "GET",
       .path = "/api/v1/s3-keys",
       .tag = "secrets",
       .words = "Keys for S3 clients: one's own, or those of others.",
       .guards = lists,
       .query = list_parameters(),
       .answers = {{200, "S3KeyList", "A page."}},
       .handler = list_s3_keys},
      {.id = "s3_key_create",
       .method = "POST",
       .path = "/api/v1/s3-keys",
       .tag = "secrets",
       .words = "Makes a key for S3 clients, for one vault; its secret is shown once.",
       .guards = changes,
       .body = "NewS3Key",
       .answers = {{201, "MadeS3Key", "Shown once."}},
       .handler = create_s3_key,
       .shows_secret = true},
      {.id = "s3_key_delete",
       .method = "DELETE",
       .path = "/api/v1/s3-keys/{id}",
       .tag = "secrets",
       .words = "Ends a key at once.",
       .guards = changes,
       .answers = {{204, "", "Ended."}},
       .handler = delete_s3_key},
  };
  for (auto& row : share_rows()) rows.push_back(std::move(row));
  return rows;
}

std::vector<NamedSchema> secret_schemas() {
  using namespace schema;
  const auto expires = [] { return optional("expires", text("A time, or so long from now (30d).", 64)); };
  return {
      {"Scope", object("What a token may do at most.",
                       {required("role", text("The role's actions,", 256)), optional("place", reference("Place"))})},
      {"Token", object("A token.", token_members())},
      {"MadeToken", object("A token, with its text.",
                           with(token_members(), {required("token", text("For Authorization: Bearer."))}))},
      {"TokenList", list_schema("A page of tokens.", "tokens", "Token")},
      {"NewToken", object("A token to be made.", {optional("user", text("Whose; one's own otherwise.", 64)),
                                                  optional("label", text("What it is for.", 1024)),
                                                  optional("scopes", list(reference("Scope"))), expires()})},
      {"S3Key", object("A key for S3 clients.", s3_key_members())},
      {"MadeS3Key", object("A key, with its secret.",
                           with(s3_key_members(), {required("secret_access_key", text("Its secret half."))}))},
      {"S3KeyList", list_schema("A page of keys.", "s3_keys", "S3Key")},
      {"NewS3Key", object("A key to be made.", {optional("user", text("Whose; one's own otherwise.", 64)),
                                                optional("label", text("What it is for.", 1024)),
                                                optional("vault", text("For this one; the default otherwise.", 256)),
                                                optional("access_key_id", text("Keep this, from another server,", 128)),
                                                optional("secret_access_key", text("and this.", 128))})},
      {"Share", object("A link.", share_members())},
      {"MadeShare",
       object("A link, with its secret.", with(share_members(), {required("secret", text("For /api/v1/shared/.")),
                                                                 required("link", text("For people."))}))},
      {"ShareList", list_schema("A page of links.", "shares", "Share")},
      {"NewShare",
       object("A link to be made.",
              {required("place", reference("Place")),
               optional("is_prefix", flag("Everything below; otherwise so where the prefix ends with /.")),
               optional("takes_uploads", flag("Files can be left there; nothing can be read.")),
               optional("version", text("This version, whatever comes later.", 64)),
               optional("downloads_max", number("End after so many.")), optional("password", text("Ask for it.", 1024)),
               optional("label", text("What it is for.", 1024)), expires()})},
  };
}

}  // namespace atl::rest
