// Signing in and out with a browser, and what everybody does about their own account.
#include "edge/rest/admin_facts.h"
#include "edge/rest/groups.h"
#include "foundation/codec/hash.h"
#include "foundation/codec/secret.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

std::string cookie_field(const Call& call, std::string_view text, std::int64_t seconds) {
  const bool is_https = call.exchange().base_url().starts_with("https://");
  return std::string(server::session_cookie(call.exchange())) + "=" + std::string(text) +
         "; Path=/; Max-Age=" + std::to_string(seconds) + "; HttpOnly; SameSite=Strict" + (is_https ? "; Secure" : "");
}

Value actions_json(const Call& call, const access::Resource& resource) {
  Value out = Value::array();
  for (const auto& info : access::kActions)
    if (call.exchange().may(info.action, resource)) out.push(info.name);
  return out;
}

Value session_json(const Call& call, const access::Who& who, std::string_view mark) {
  const auto view = accounts_of(call).view();
  const auto* const row = view->principal(who.principal);
  Value out = Value::object();
  out.set("name", who.name).set("is_local_owner", who.is_local_owner);
  if (row != nullptr) out.set("user", user_json(*row));
  if (!mark.empty()) out.set("request_mark", mark);
  out.set("scopes", scopes_json(call, who.scopes));
  out.set("may", actions_json(call, {}));
  Value vaults = Value::array();
  for (const auto& one : call.exchange().host.vaults()) {
    access::Resource whole;
    whole.vault = one.id;
    Value may = actions_json(call, whole);
    vaults.push(Value::object().set("name", one.name).set("id", one.id.text()).set("may", std::move(may)));
  }
  out.set("vaults", std::move(vaults));
  Value grants = Value::array();
  std::vector<PrincipalId> subjects{who.principal, catalog::kEveryone, catalog::kSignedIn};
  for (const auto& one : view->rows().memberships)
    if (one.member == who.principal) subjects.push_back(one.group);
  for (const auto& one : view->rows().grants) {
    if (std::ranges::find(subjects, one.subject) != subjects.end()) grants.push(grant_json(call, *view, one));
  }
  return out.set("grants", std::move(grants));
}

// The one that the request's cookie opened, if any.
Result<void> close_session_of(Call& call) {
  if (const auto text = server::cookie(call.headers(), server::session_cookie(call.exchange())); text)
    ATOLL_TRY(accounts_of(call).close_session(*text));
  return {};
}

Result<net::Response> sign_in(Call& call) {
  // A page of somebody else can post a form or text here, but JSON only where this server lets it.
  if (!call.headers().get("Content-Type").value_or("").starts_with("application/json")) {
    return fail(ErrorKind::usage, "http.unsupported_media_type", "signing in takes application/json");
  }
  ATOLL_ASSIGN(const std::string name, call.body().text_of("name"));
  ATOLL_ASSIGN(std::string password, call.body().text_of("password"));
  ATOLL_ASSIGN(const std::string code, call.body().text_of("code"));
  auto& accounts = accounts_of(call);
  const std::string origin = call.exchange().origin();
  auto who = accounts.authenticate_password(name, password, code, origin);
  codec::wipe(password);
  if (!who) return pass(who.error());
  who->request_id = call.exchange().request_id;
  ATOLL_TRY(close_session_of(call));  // a new one for whoever signs in anew, not one more
  ATOLL_ASSIGN(auto fresh, accounts.open_session(*who, origin));
  call.exchange().who = *who;
  auto response = created(session_json(call, *who, fresh.row.request_mark));
  const std::int64_t seconds = (fresh.row.expires.unix_us - fresh.row.created.unix_us) / 1'000'000;
  response.headers.set("Set-Cookie", cookie_field(call, fresh.text, seconds));
  codec::wipe(fresh.text);
  return response;
}

Result<net::Response> show_session(Call& call) {
  const auto& who = call.who();
  if (who.principal.is_none() && !who.is_local_owner)
    return fail(ErrorKind::wrong_key, "access.not_signed_in", "nobody signed in", "POST /api/v1/session, or a token.");
  return ok(session_json(call, who, who.request_mark));
}

Result<net::Response> sign_out(Call& call) {
  ATOLL_TRY(close_session_of(call));
  auto response = no_content();
  response.headers.set("Set-Cookie", cookie_field(call, "", 0));
  // What a page kept of what it showed goes, too.
  response.headers.set("Clear-Site-Data", "\"cache\", \"storage\"");
  return response;
}

// Whoever found a screen unlocked, or took a token, does not get the account by it.
Result<void> check_own_password(Call& call, const catalog::PrincipalRow& row) {
  ATOLL_ASSIGN(std::string password, call.body().text_of("password"));
  ATOLL_ASSIGN(const std::string code, call.body().text_of("code"));
  const auto who = accounts_of(call).authenticate_password(row.name, password, code, call.exchange().origin());
  codec::wipe(password);
  if (!who) return pass(who.error());
  return {};
}

Result<net::Response> change_own_password(Call& call) {
  ATOLL_ASSIGN(const auto row, own_row(call));
  ATOLL_TRY(require_whole(call, "password"));
  ATOLL_TRY(check_own_password(call, row));
  ATOLL_ASSIGN(std::string fresh, call.body().text_of("new_password"));
  const auto changed = accounts_of(call).set_password(call.who(), row.name, fresh);
  codec::wipe(fresh);
  ATOLL_TRY(changed);
  auto response = no_content();
  response.headers.set("Set-Cookie", cookie_field(call, "", 0));
  return response;
}

Result<net::Response> make_totp(Call& call) {
  ATOLL_ASSIGN(const auto row, own_row(call));
  const std::string secret = accounts_of(call).new_totp_secret();
  return ok(Value::object().set("secret", secret).set("address", access::totp_address("Atoll", row.name, secret)));
}

Result<net::Response> confirm_totp(Call& call) {
  ATOLL_ASSIGN(const auto row, own_row(call));
  ATOLL_TRY(require_whole(call, "one-time codes"));
  if (!row.totp_secret.empty()) {
    return fail(ErrorKind::conflict, "access.codes_there", "codes are asked for already",
                "End that first: POST /api/v1/session/totp/end.");
  }
  ATOLL_ASSIGN(std::string password, call.body().text_of("password"));
  const auto who = accounts_of(call).authenticate_password(row.name, password, "", call.exchange().origin());
  codec::wipe(password);
  if (!who) return pass(who.error());
  ATOLL_ASSIGN(const std::string secret, call.body().text_of("secret"));
  ATOLL_ASSIGN(const std::string code, call.body().text_of("code"));
  ATOLL_TRY(accounts_of(call).confirm_totp(call.who(), row.name, secret, code));
  return no_content();
}

Result<net::Response> end_totp(Call& call) {
  ATOLL_ASSIGN(const auto row, own_row(call));
  ATOLL_TRY(require_whole(call, "sign-in"));
  ATOLL_TRY(check_own_password(call, row));
  ATOLL_TRY(accounts_of(call).remove_totp(call.who(), row.name));
  return no_content();
}

}  // namespace

std::vector<Operation> session_operations() {
  return {
      {.id = "session_create",
       .method = "POST",
       .path = "/api/v1/session",
       .tag = "session",
       .words = "Signs in with name and password, for browsers: the answer sets the cookie atoll_session.\nEvery later "
                "request that changes something carries `request_mark` in Atoll-Request-Mark. Programs use tokens.\nA "
                "password that somebody else gave out (`must_change_password`) opens a session that may do nothing but "
                "set another: own_password_set.",
       .open_words = "Name and password are what is asked for; attempts are limited.",
       .body = "SignIn",
       .answers = {{201, "Session", "Signed in."}},
       .handler = sign_in,
       .shows_secret = true},
      {.id = "session_show",
       .method = "GET",
       .path = "/api/v1/session",
       .tag = "session",
       .words = "Who asks, and what they may do.",
       .open_words = "It tells of nobody but whoever asks.",
       .answers = {{200, "Session", "Whoever asks."}},
       .handler = show_session},
      {.id = "session_delete",
       .method = "DELETE",
       .path = "/api/v1/session",
       .tag = "session",
       .words = "Signs out: the cookie's session is over.",
       .open_words = "It ends nothing but the session of whoever asks.",
       .answers = {{204, "", "Signed out."}},
       .handler = sign_out},
      {.id = "own_password_set",
       .method = "PUT",
       .path = "/api/v1/session/password",
       .tag = "session",
       .words = "Changes one's own password; ends all sessions, this one too. Tokens and keys stay.",
       .guards = {{Action::token_self, Place::home}},
       .body = "OwnPassword",
       .answers = {{204, "", "Changed."}},
       .handler = change_own_password},
      {.id = "own_totp_create",
       .method = "POST",
       .path = "/api/v1/session/totp",
       .tag = "session",
       .words = "A new secret for an authenticator app. It counts once it is confirmed.",
       .guards = {{Action::token_self, Place::home}},
       .answers = {{200, "TotpSecret", "Shown once."}},
       .handler = make_totp,
       .shows_secret = true},
      {.id = "own_totp_confirm",
       .method = "PUT",
       .path = "/api/v1/session/totp",
       .tag = "session",
       .words = "From now on a code of the app is asked for when signing in with the password.",
       .guards = {{Action::token_self, Place::home}},
       .body = "TotpConfirmation",
       .answers = {{204, "", "Confirmed."}},
       .handler = confirm_totp},
      {.id = "own_totp_end",
       .method = "POST",
       .path = "/api/v1/session/totp/end",
       .tag = "session",
       .words = "No code is asked for any more.",
       .guards = {{Action::token_self, Place::home}},
       .body = "TotpEnd",
       .answers = {{204, "", "Ended."}},
       .handler = end_totp},
  };
}

std::vector<NamedSchema> session_schemas() {
  using namespace schema;
  return {
      {"SignIn", object("Who signs in.",
                        {required("name", text("The account.", 64)), required("password", text("Its password.", 1024)),
                         optional("code", text("Of the authenticator app, where it has one.", 16))})},
      {"VaultRights", object("What may be done in a whole vault.",
                             {required("name", text("The vault.")), required("id", text("Its id.")),
                              required("may", list(text("An action.")))})},
      {"Session", object("Who asks, and what they may do.",
                         {required("name", text("Their name.")),
                          required("is_local_owner", flag("True: this machine's own user, who may do everything.")),
                          optional("user", reference("User")),
                          optional("request_mark", text("Of the cookie's session: for Atoll-Request-Mark.")),
                          required("scopes", list(reference("Scope"), "What a token narrows them to; empty: nothing.")),
                          required("may", list(text("An action."), "In the home and everywhere in it.")),
                          required("vaults", list(reference("VaultRights"))),
                          required("grants", list(reference("Grant"), "What they and their groups were given."))})},
      {"OwnPassword",
       object("A new password.", {required("password", text("The one so far.", 1024)),
                                  required("new_password", text("8 to 1024 bytes and no common one.", 1024)),
                                  optional("code", text("Of the authenticator app, where there is one.", 16))})},
      {"TotpSecret", object("For an authenticator app.", {required("secret", text("In base32.")),
                                                          required("address", text("otpauth://…, for a QR code."))})},
      {"TotpConfirmation",
       object("That the app has the secret.",
              {required("secret", text("As it was given.", 128)), required("code", text("As the app shows it.", 16)),
               required("password", text("Of the account.", 1024))})},
      {"TotpEnd", object("Who ends it.", {required("password", text("Of the account.", 1024)),
                                          required("code", text("Of the authenticator app.", 16))})},
  };
}

}  // namespace atl::rest
