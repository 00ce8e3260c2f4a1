#include "edge/serve/locked_page.h"

#include <algorithm>
#include <array>

#include "edge/serve/lock_door.h"
#include "edge/server/exchange.h"
#include "foundation/codec/hash.h"
#include "foundation/codec/hmac.h"

namespace atl::serve {
namespace {

constexpr std::size_t kBodyBytesMax = 16 * 1024;
constexpr std::size_t kBackBytesMax = 8 * 1024;
constexpr std::string_view kCookie = "atoll_unlock";
constexpr std::string_view kFormPath = "/unlock";
constexpr std::string_view kEverybody = "everybody";
constexpr double kTriesPerSecond = 0.2;  // of an address
constexpr double kTriesBurst = 5;
constexpr double kAllTriesPerSecond = 1;
constexpr double kAllTriesBurst = 10;
constexpr std::chrono::seconds kOpeningWait{60};

constexpr std::string_view kStyle =
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:26rem;margin:15vh auto;padding:0 1rem}"
    "input,button{font:inherit;padding:.5rem;width:100%;box-sizing:border-box;margin:.3rem 0}";

tl::unexpected<Error> refused(ErrorKind kind, std::string id, std::string message, std::string hint = {}) {
  return fail(kind, std::move(id), std::move(message), std::move(hint));
}

// A path of ours with its query, of characters that mean nothing to HTML but "&"; empty where it is anything else.
std::string local_path(std::string_view target) {
  constexpr std::string_view marks = "/_-.~%?=&+,:@!$*;()";
  const bool is_plain = std::ranges::all_of(target, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || marks.find(c) != marks.npos;
  });
  if (!is_plain || target.size() > kBackBytesMax || !target.starts_with('/') || target.starts_with("//")) return {};
  return std::string(target);
}

std::string attribute(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '&' ? std::string("&amp;") : std::string(1, c);
  return out;
}

bool wants_page(const net::Request& request) {
  return request.headers.get("Accept").value_or("").find("text/html") != std::string_view::npos;
}

}  // namespace

struct LockedPage::Visit {
  net::Request& request;
  std::string_view path;
  server::ClientOrigin origin;
  std::string request_id;
  bool is_private = false;
  bool is_owner = false;  // on the local socket, as the kernel says
  std::string back;       // what was asked for, to go on there; empty: nothing that a browser could go back to

  [[nodiscard]] std::string address() const {
    return origin.remote_address.empty() ? "this machine" : origin.remote_address;
  }
};

LockedPage::LockedPage(const platform::Machine& machine, Unlocker& unlocker, LockedPageSettings settings,
                       std::function<void(const std::string&)> tell)
    : machine_(machine),
      unlocker_(&unlocker),
      settings_(std::move(settings)),
      tell_(std::move(tell)),
      path_prefix_(server::path_of_base_url(settings_.base_url)),
      security_policy_("default-src 'none'; style-src 'sha256-" + to_base64(codec::sha256(as_bytes(kStyle))) +
                       "'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'") {
  machine_.random.fill(mark_key_.fill());
}

std::string LockedPage::mark_of(std::string_view cookie) const {
  return to_hex(codec::blake3_keyed(mark_key_, as_bytes(cookie)));
}

net::Response LockedPage::page(const Visit& visit, unsigned status, std::string_view words, bool has_form) {
  net::Response response;
  response.status = status;
  response.headers.set("Content-Type", "text/html; charset=utf-8");
  response.headers.set("Content-Security-Policy", security_policy_);
  response.headers.set("X-Frame-Options", "DENY");
  // Not "no-referrer": then browsers send "Origin: null" with the form.
  response.headers.set("Referrer-Policy", "same-origin");
  std::string form;
  if (has_form) {
    std::array<std::uint8_t, 16> bits{};
    machine_.random.fill(bits);
    const std::string fresh = to_hex(bits);
    response.headers.set("Set-Cookie", std::string(kCookie) + "=" + fresh + "; Path=" + path_prefix_ +
                                           "/; HttpOnly; SameSite=Strict; Max-Age=3600" +
                                           (visit.origin.scheme == "https" ? "; Secure" : ""));
    form = "<form method=\"post\" action=\"" + path_prefix_ + std::string(kFormPath) +
           "\">"
           "<label>Passphrase<input type=\"password\" name=\"passphrase\" autocomplete=\"current-password\" required "
           "autofocus></label>"
           "<input type=\"hidden\" name=\"mark\" value=\"" +
           mark_of(fresh) + "\"><input type=\"hidden\" name=\"back\" value=\"" + attribute(visit.back) +
           "\"><button>Unlock</button></form>";
  }
  response.body =
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Atoll</title>"
      "<meta name=\"viewport\" content=\"width=device-width\"><style>" +
      std::string(kStyle) + "</style></head><body><main><h1>Atoll</h1><p>" + std::string(words) + "</p>" + form +
      "</main></body></html>\n";
  return response;
}

net::Response LockedPage::locked(const Visit& visit) {
  const bool is_opening = unlocker_->state() != Unlocker::State::locked;
  if (wants_page(visit.request)) {
    if (is_opening) return page(visit, 503, "The vaults are being opened. Try again in a moment.", false);
    if (!visit.is_private) {
      return page(visit, 503,
                  "This home is locked. Open this page over https, or on the server itself, to unlock it: a passphrase "
                  "is not taken over a connection that others can read.",
                  false);
    }
    return page(visit, 503, "This home is locked.", true);
  }
  const Error error =
      is_opening ? Error{ErrorKind::locked, "server.beginning", "the server is opening its vaults", "Try again in 1 s."}
                 : Error{ErrorKind::locked, "server.locked", "the server's home is locked",
                         "`atoll unlock`, or the server's page in a browser, takes the passphrase."};
  return server::problem(error, visit.request_id);
}

Result<void> LockedPage::check_limits(const Visit& visit) {
  if (visit.is_owner) return {};
  const std::int64_t now = machine_.clock.monotonic_ns();
  std::uint64_t wait_ms = lockout_.wait_ms(visit.address(), now);
  if (wait_ms == 0) wait_ms = rate_.take(visit.address(), kTriesPerSecond, kTriesBurst, now);
  if (wait_ms == 0) wait_ms = rate_.take(std::string(kEverybody), kAllTriesPerSecond, kAllTriesBurst, now);
  if (wait_ms == 0) return {};
  return refused(ErrorKind::limit, "access.wait", "too many tries",
                 "Try again in " + std::to_string((wait_ms + 999) / 1000) + " s.");
}

Result<bool> LockedPage::unlock(const Visit& visit, std::string_view passphrase) {
  if (!visit.is_private) {
    return refused(ErrorKind::denied, "unlock.not_private",
                   "a passphrase is not taken over a connection that others can read",
                   "Use https, a trusted proxy that does TLS, or the server itself.");
  }
  ATOLL_TRY(check_limits(visit));
  if (passphrase.empty() && !visit.is_owner)
    return refused(ErrorKind::usage, "unlock.empty", "there is no passphrase in the request");
  const auto given = passphrase.empty() ? unlocker_->retry() : unlocker_->give(passphrase);
  if (!given && given.error().kind == ErrorKind::wrong_key) {
    lockout_.note_failure(visit.address(), machine_.clock.monotonic_ns());
    tell_("a passphrase from " + visit.address() + " was refused");
  }
  // Somebody else was faster.
  if (!given && given.error().id == "unlock.open") return true;
  if (!given) return given;
  lockout_.note_success(visit.address());
  tell_(std::string(*given ? "unlocked" : "unlocked in part: another passphrase is needed, too; this one came") +
        " from " + visit.address());
  if (*given) ATOLL_TRY(unlocker_->wait_until_open(kOpeningWait));
  return given;
}

bool LockedPage::is_sent_from_here(const Visit& visit) {
  const auto sent_from = visit.request.headers.get("Origin");
  const auto site = visit.request.headers.get("Sec-Fetch-Site");
  const std::string own = visit.origin.scheme + "://" + visit.origin.authority;
  return (!sent_from || *sent_from == own) && (!site || *site == "same-origin" || *site == "none");
}

net::Response LockedPage::take_form(Visit& visit) {
  if (!visit.is_private) return locked(visit);
  const auto refuse = [&](const Error& error) {
    auto response = server::problem(error, visit.request_id);
    const unsigned status = error.kind == ErrorKind::wrong_key ? 403 : response.status;
    auto shown = page(visit, status, error.message + ". " + error.hint, error.id != "unlock.still_opening");
    if (const auto wait = response.headers.get("Retry-After"); wait)
      shown.headers.set("Retry-After", std::string(*wait));
    return shown;
  };
  auto body = net::read_all(visit.request.body, kBodyBytesMax);
  if (!body) return refuse(body.error());
  auto fields = net::Query::parse(as_text(*body), net::Plus::space);
  codec::wipe(*body);
  if (!fields) return refuse(fields.error());
  const std::string mark(fields->get("mark").value_or(""));
  visit.back = local_path(fields->get("back").value_or(""));
  const auto cookie = server::cookie(visit.request.headers, kCookie);
  const bool is_of_this_page =
      cookie && codec::equal_in_constant_time(as_bytes(mark), as_bytes(mark_of(*cookie))) && is_sent_from_here(visit);
  if (!is_of_this_page) {
    return refuse({ErrorKind::denied, "unlock.foreign_form", "this form was not sent from the page of this server",
                   "Try once more; cookies have to be allowed."});
  }
  const keyring::WipedText passphrase(fields->get("passphrase").value_or(""));
  if (passphrase.empty()) return page(visit, 400, "There was no passphrase.", true);
  const auto done = unlock(visit, passphrase.view());
  if (!done) return refuse(done.error());
  if (!*done) return page(visit, 503, "That opened a part. One more passphrase is needed.", true);
  auto response = page(visit, visit.back.empty() ? 200 : 303, "Unlocked. Everything is there again.", false);
  if (!visit.back.empty()) response.headers.set("Location", path_prefix_ + visit.back);
  return response;
}

net::Response LockedPage::take_json(Visit& visit) {
  if (!visit.request.headers.has("Content-Type") || !is_sent_from_here(visit)) {
    return server::problem({ErrorKind::denied, "unlock.foreign_form",
                            "this was not sent as application/json by a program, or by a page of this server", ""},
                           visit.request_id);
  }
  auto body = server::json_body(visit.request, kBodyBytesMax);
  if (!body) return server::problem(body.error(), visit.request_id);
  auto given = body->text_of("passphrase", "");
  if (!given) return server::problem(given.error(), visit.request_id);
  const keyring::WipedText passphrase(std::string_view{*given});
  codec::wipe(*given);
  const auto done = unlock(visit, passphrase.view());
  if (!done) return server::problem(done.error(), visit.request_id);
  return server::json_response(200, json::Value::object().set("state", *done ? "open" : "locked"));
}

bool LockedPage::takes_while_open(const net::Request& request) const {
  std::string target = request.target;
  static_cast<void>(server::remove_path_prefix(target, path_prefix_));
  return request.method == "POST" && net::split_target(target).path == kUnlockPath;
}

net::Response LockedPage::answer(net::Request& request) {
  static_cast<void>(server::remove_path_prefix(request.target, path_prefix_));  // a proxy may have done it
  Visit visit{request,
              net::split_target(request.target).path,
              server::origin_of_client(request, settings_.proxies),
              {},
              false,
              false,
              {}};
  if (request.method == "GET") visit.back = local_path(request.target);
  std::array<std::uint8_t, 8> bits{};
  machine_.random.fill(bits);
  visit.request_id = to_hex(bits);
  visit.is_private = server::is_private(request, visit.origin);
  const auto& peer = request.connection.peer_user_id;
  visit.is_owner = request.connection.is_local_socket && peer && (*peer == 0 || *peer == settings_.owner_user_id);
  net::Response response;
  if (visit.path == "/livez") {
    response = net::text_response(200, "ok");
  } else if (visit.path == "/readyz" || visit.path == "/healthz") {
    response =
        net::text_response(503, unlocker_->state() == Unlocker::State::locked ? "locked" : "beginning or ending");
  } else if (visit.path == kFormPath && request.method == "POST") {
    response = take_form(visit);
  } else if (visit.path == kUnlockPath && request.method == "POST") {
    response = take_json(visit);
  } else {
    response = locked(visit);
  }
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("X-Request-Id", visit.request_id);
  return response;
}

}  // namespace atl::serve
