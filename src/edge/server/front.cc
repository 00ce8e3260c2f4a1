#include "edge/server/front.h"

#include <algorithm>
#include <array>

#include "edge/errors/error_table.h"
#include "edge/server/begun_body.h"
#include "foundation/codec/hash.h"

namespace atl::server {
namespace {

constexpr std::int64_t kPasswordRememberedNs = 300LL * 1'000'000'000;
constexpr std::size_t kPasswordsRememberedMax = 1'000;
constexpr std::size_t kRequestIdBytesMax = 64;

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= kRequestIdBytesMax && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

// A link's secret stands in its address; the log must not let its readers in.
std::string without_secrets(std::string_view path) {
  std::string out(path);
  constexpr std::size_t id_letters = 6;  // enough to tell two links apart
  const std::string mark = std::string(access::kShareKind) + "_";
  for (std::size_t at = out.find(mark); at != std::string::npos; at = out.find(mark, at + mark.size())) {
    const std::size_t end = std::min(out.find('/', at), out.size());
    const std::size_t from = std::min(at + mark.size() + id_letters, end);
    out.replace(from, end - from, "…");
  }
  return out;
}

bool changes_nothing(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "PROPFIND" || method == "REPORT";
}

}  // namespace

Front::Front(Host& host, std::vector<std::unique_ptr<Door>> doors, std::function<void(const Logged&)> log)
    : host_(&host),
      path_prefix_(path_of_base_url(host.settings().base_url)),
      doors_(std::move(doors)),
      log_(std::move(log)) {
  host.machine().random.fill(passwords_key_.fill());
  std::array<std::uint8_t, 8> first{};
  host.machine().random.fill(first);
  next_request_ = load_le<std::uint64_t>(first.data());
}

// The last steps of a well mixed generator (SplitMix64): one to one, so that no two numbers give the same id.
std::string Front::new_request_id() {
  std::uint64_t mixed = next_request_.fetch_add(0x9E3779B97F4A7C15ULL, std::memory_order_relaxed);
  mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBULL;
  mixed ^= mixed >> 31U;
  std::array<std::uint8_t, 8> bits{};
  store_le(bits.data(), mixed);
  return to_hex(bits);
}

Front::Figures& Front::figures_of(std::string_view door, std::string_view route) {
  std::string place(door);
  place.append(1, '\0').append(route);
  {
    const std::shared_lock lock(figures_mutex_);
    if (const auto found = figures_.find(place); found != figures_.end()) return found->second;
  }
  Metrics& metrics = host_->metrics();
  const std::string of_door(door);
  Histogram& seconds = metrics.histogram("atoll_request_duration_seconds", "From a request's header to its answer.",
                                         {{"door", of_door}, {"route", std::string(route)}});
  Counter& sent = metrics.counter("atoll_response_bytes_total", "Bytes of content sent.", {{"door", of_door}});
  const std::lock_guard lock(figures_mutex_);
  const auto [at, is_new] = figures_.try_emplace(std::move(place));
  if (is_new) {  // else another thread was first, and it may be read already
    at->second.seconds = &seconds;
    at->second.sent_bytes = &sent;
  }
  return at->second;
}

void Front::take_up(const VaultId& vault) {
  for (const auto& door : doors_) door->take_up(*host_, vault);
}

void Front::tend() {
  for (const auto& door : doors_) door->tend(*host_);
}

Result<access::Who> Front::sign_in_with_password(const Exchange& exchange, std::string_view basic) {
  const auto decoded = from_base64(basic);
  const std::string text = decoded ? to_string(*decoded) : std::string();
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos)
    return fail(ErrorKind::wrong_key, "access.not_signed_in", "the Authorization field cannot be read");
  const std::string name = text.substr(0, colon);
  const std::string password = text.substr(colon + 1);
  // A token in place of the password: for programs, and for people with a one-time code.
  if (access::digest_of_secret(password, access::kTokenKind)) return host_->access().authenticate_token(password);
  const std::string mark = to_hex(codec::blake3_keyed(passwords_key_, as_bytes(text)));
  const std::int64_t now = host_->machine().clock.monotonic_ns();
  // Taken before the password is tried: one that is changed meanwhile is not remembered as the new one.
  const auto view = host_->access().view();
  const auto* const named = view->principal_named(name);
  {
    const std::lock_guard lock(passwords_mutex_);
    const auto known = passwords_.find(mark);
    if (known != passwords_.end()) {
      const bool holds = known->second.until_ns > now && named != nullptr && !named->is_disabled &&
                         named->id == known->second.who.principal &&
                         named->password_hash == known->second.password_hash && named->totp_secret.empty();
      if (holds) return known->second.who;
      passwords_.erase(known);
    }
  }
  ATOLL_ASSIGN(auto who, host_->access().authenticate_password(name, password, "", exchange.origin()));
  const std::lock_guard lock(passwords_mutex_);
  if (passwords_.size() >= kPasswordsRememberedMax) passwords_.clear();
  if (named != nullptr) passwords_[mark] = {who, named->password_hash, now + kPasswordRememberedNs};
  return who;
}

Result<access::Who> Front::sign_in(const Exchange& exchange, const Door& door) {
  auto& access = host_->access();
  const net::Headers& headers = exchange.request.headers;
  access::Who who;
  if (const auto given = headers.get("Authorization"); given) {
    if (given->starts_with("Bearer ")) {
      ATOLL_ASSIGN(who, access.authenticate_token(net::trim_blanks(given->substr(7))));
    } else if (given->starts_with("Basic ") && door.takes_passwords()) {
      ATOLL_ASSIGN(who, sign_in_with_password(exchange, net::trim_blanks(given->substr(6))));
    } else {
      return fail(ErrorKind::wrong_key, "access.not_signed_in", "this kind of Authorization is not taken here",
                  "Give a token: Authorization: Bearer atl_…");
    }
  } else if (const auto session = cookie(headers, session_cookie(exchange)); session) {
    auto known = access.authenticate_session(*session);
    if (known) {
      who = std::move(*known);
      // A page of somebody else can send the cookie along, but cannot read the mark.
      if (!changes_nothing(exchange.request.method) &&
          headers.get("Atoll-Request-Mark").value_or("") != who.request_mark) {
        return fail(ErrorKind::denied, "access.no_request_mark",
                    "a change with a session cookie has to carry the session's mark in Atoll-Request-Mark");
      }
    }
  } else if (const auto& peer = exchange.request.connection.peer_user_id;
             exchange.request.connection.is_local_socket && peer &&
             (*peer == 0 || *peer == host_->settings().owner_user_id)) {
    who = access::Who::local_owner();  // as the kernel says who opened the socket
  }
  who.address = exchange.remote_address;
  who.request_id = exchange.request_id;
  return who;
}

net::Response Front::answer(net::Request& request) {
  const std::int64_t begun = host_->machine().clock.monotonic_ns();
  const ClientOrigin origin = origin_of_client(request, host_->settings().proxies);
  Exchange exchange{*host_, request, {}, {}, origin.remote_address, origin.scheme, origin.authority, {}, {}, {}};
  // A proxy may take the path of the base URL away or leave it; who comes without a proxy does not write it.
  const std::string& prefix = path_prefix_;
  if (remove_path_prefix(request.target, prefix) || origin.is_through_proxy) exchange.path_prefix = prefix;
  exchange.target = net::split_target(request.target);
  const auto given_id = request.headers.get("X-Request-Id");
  exchange.request_id = given_id && is_request_id(*given_id) ? std::string(*given_id) : new_request_id();
  if (auto health = answer_health(exchange); health) {
    finish(*health, exchange, "health", begun);
    return std::move(*health);
  }
  for (const auto& door : doors_) {
    if (!door->takes(exchange)) continue;
    net::Response response;
    if (door->signs_in_itself()) {
      response = door->answer(exchange);
    } else if (auto who = sign_in(exchange, *door); who) {
      exchange.who = std::move(*who);
      response = door->answer(exchange);
    } else {
      response = door->refuse(exchange, who.error());
    }
    if (request.method != "HEAD") {
      if (const auto made = begin_body(response); !made) response = door->refuse(exchange, made.error());
    }
    finish(response, exchange, door->name(), begun);
    return response;
  }
  auto response =
      problem({ErrorKind::not_found, "http.not_found", "there is nothing at this address", ""}, exchange.request_id);
  finish(response, exchange, "none", begun);
  return response;
}

void Front::finish(net::Response& response, const Exchange& exchange, std::string_view door, std::int64_t begun_ns) {
  response.headers.set("X-Request-Id", exchange.request_id);
  // A browser takes content for what it is said to be, and nothing else.
  response.headers.set("X-Content-Type-Options", "nosniff");
  // Only where whoever runs the server says that it is reached by TLS: a browser that was told this asks every other
  // server of the same name by TLS, too.
  if (host_->settings().base_url.starts_with("https://"))
    response.headers.set("Strict-Transport-Security", "max-age=31536000");
  const std::string route = exchange.route.empty() ? std::string("other") : exchange.route;
  Figures& figures = figures_of(door, route);
  auto& answers = figures.answers.at(std::min<std::size_t>(response.status / 100, figures.answers.size() - 1));
  Counter* counter = answers.load(std::memory_order_acquire);
  if (counter == nullptr) {
    counter = &host_->metrics().counter(
        "atoll_requests_total", "Requests answered.",
        {{"door", std::string(door)}, {"code", std::to_string(response.status / 100) + "xx"}});
    answers.store(counter, std::memory_order_release);
  }
  counter->add();
  const double to_answer_s = static_cast<double>(host_->machine().clock.monotonic_ns() - begun_ns) * 1e-9;
  DoorCounts& counts = host_->door_counts(observe::door_named(door));
  counts.requests.add();
  if (is_trouble(response.status)) counts.errors.add();
  if (changes_nothing(exchange.request.method)) counts.queries.note(to_answer_s);
  Logged line;
  line.request_id = exchange.request_id;
  line.actor = exchange.who.name;
  line.address = exchange.origin();
  line.method = exchange.request.method;
  line.path = without_secrets(exchange.target.path);  // not the query: it may hold signatures
  line.route = route;
  line.door = door;
  line.status = response.status;
  line.time = format_rfc3339(exchange.now());
  line.begun_unix_us = exchange.now().unix_us - static_cast<std::int64_t>(to_answer_s * 1e6);
  if (const auto parent = exchange.request.headers.get("traceparent"); parent && is_trace_parent(*parent)) {
    line.trace_id = parent->substr(3, 32);
    line.parent_span_id = parent->substr(36, 16);
  }
  const auto tell = [](Logged& of, const Error& error, bool is_inside) {
    of.error_id = error.id;
    if (is_inside) of.error = error.message;
  };
  if (response.trouble) tell(line, *response.trouble, is_trouble(response.status));
  auto before = std::move(response.on_sent);
  platform::Clock* clock = &host_->machine().clock;
  response.on_sent = [this, tell, line = std::move(line), before = std::move(before), &figures, clock,
                      begun_ns](const net::Sent& how) mutable {
    if (before) before(how);
    line.bytes = how.body_bytes;
    if (how.trouble) {
      line.status = how.status;
      tell(line, *how.trouble, true);
    }
    line.seconds = static_cast<double>(clock->monotonic_ns() - begun_ns) * 1e-9;
    figures.seconds->note(line.seconds);
    figures.sent_bytes->add(how.body_bytes);
    if (log_) log_(line);
  };
}

bool is_trace_parent(std::string_view text) {
  constexpr std::size_t length = 55;
  const bool has_length = text.starts_with("00-")
                              ? text.size() == length
                              : text.size() == length || (text.size() > length && text[length] == '-');
  if (!has_length || text.starts_with("ff")) return false;
  for (std::size_t i = 0; i < length; ++i) {
    const char c = text[i];
    const bool is_dash = i == 2 || i == 35 || i == 52;
    const bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (is_dash ? c != '-' : !is_digit) return false;
  }
  return text.substr(3, 32).find_first_not_of('0') != std::string_view::npos &&
         text.substr(36, 16).find_first_not_of('0') != std::string_view::npos;
}

}  // namespace atl::server
