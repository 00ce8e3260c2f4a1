#include "edge/rest/rest_door.h"

#include "edge/rest/answer_store.h"
#include "edge/rest/job_kinds.h"
#include "edge/rest/openapi.h"

namespace atl::rest {
namespace {

constexpr std::string_view kRoot = "/api/v1";
constexpr std::size_t kIdempotencyKeyBytesMax = 255;

bool is_description(std::string_view path) {
  return path == "/openapi.json" || path == "/api/v1/openapi.json" || path == kRoot || path == "/api/v1/";
}

}  // namespace

RestDoor::RestDoor() : router_(operations()), document_(openapi_document()) {}

bool RestDoor::takes(const server::Exchange& exchange) const {
  const std::string_view path = exchange.target.path;
  return is_description(path) || path.starts_with("/api/v1/");
}

void RestDoor::take_up(server::Host& host, const VaultId& vault) { take_up_jobs(host, vault); }
void RestDoor::tend(server::Host& host) {
  if (host.settings().repairs) repairs_.look(host);
}

net::Response RestDoor::describe(const server::Exchange& exchange) const {
  if (exchange.request.method != "GET" && exchange.request.method != "HEAD") {
    auto refused =
        server::problem({ErrorKind::usage, "http.method_not_allowed", "only GET and HEAD", ""}, exchange.request_id);
    refused.headers.set("Allow", "GET, HEAD");
    return refused;
  }
  net::Response response;
  response.headers.set("Content-Type", "application/json");
  response.body = document_;
  return response;
}

net::Response RestDoor::answer(server::Exchange& exchange) {
  if (is_description(exchange.target.path)) {
    exchange.route = "GET /openapi.json";
    return describe(exchange);
  }
  auto found = router_.find(exchange.request.method, exchange.target.path);
  if (!found) return server::problem(found.error(), exchange.request_id);
  if (found->operation == nullptr) {
    if (found->methods.empty()) {
      return server::problem({ErrorKind::not_found, "http.not_found", "the interface has nothing at this address",
                              "/openapi.json describes what there is."},
                             exchange.request_id);
    }
    auto refused = server::problem({ErrorKind::usage, "http.method_not_allowed",
                                    "this address takes " + found->methods + ", not " + exchange.request.method, ""},
                                   exchange.request_id);
    refused.headers.set("Allow", found->methods);
    return refused;
  }
  exchange.route = std::string(found->operation->method) + " " + std::string(found->operation->path);
  auto response = call(exchange, *found->operation, std::move(found->path));
  if (!response) return server::problem(response.error(), exchange.request_id);
  if (!response->headers.has("Cache-Control")) response->headers.set("Cache-Control", "no-store");
  return std::move(*response);
}

Result<net::Response> RestDoor::run(Call& call) {
  auto response = call.operation().handler(call);
  if (response && !call.is_decided()) {
    return fail(ErrorKind::failed, "rest.no_decision",
                "the operation " + std::string(call.operation().id) + " answered without asking who may");
  }
  return response;
}

namespace {

net::Response replayed(IdempotencyKeys::Kept kept) {
  net::Response again;
  again.status = kept.status;
  again.headers = std::move(kept.headers);
  again.headers.set("Idempotency-Replayed", "true");
  again.body = std::move(kept.body);
  return again;
}

// Failures inside may go better the next time.
bool is_final(const Result<net::Response>& response) {
  return response && response->status < 500 && std::holds_alternative<std::string>(response->body);
}

}  // namespace

Result<net::Response> RestDoor::handle(Call& call) {
  const auto key = call.headers().get("Idempotency-Key");
  const bool is_json_post = call.request().method == "POST" && call.operation().body != kAnyBytes;
  if (!key || !is_json_post) return run(call);
  if (key->empty() || key->size() > kIdempotencyKeyBytesMax) {
    return fail(ErrorKind::usage, "http.bad_field",
                "an Idempotency-Key has 1 to " + std::to_string(kIdempotencyKeyBytesMax) + " bytes");
  }
  const IdempotencyKeys::Name name{call.who().principal, call.who().name, std::string(*key)};
  const std::string request = call.request().target + "\n" +
                              std::string(call.headers().get("Atoll-Vault").value_or("")) + "\n" + call.body().text();
  const codec::Digest digest = codec::blake3(as_bytes(request));
  ATOLL_ASSIGN(auto known, call.state().answers.begin(name, digest, call.exchange().now()));
  if (known) return replayed(std::move(*known));
  // From a run of the server before this one. Only its maker gets it: the caller is part of the name.
  if (auto use = call.exchange().use_vault(); use) {
    auto stored = stored_answer(use->vault(), name, digest);
    if (!stored || *stored) {
      call.state().answers.end(name, stored ? *stored : std::nullopt);
      if (!stored) return pass(std::move(stored).error());
      return replayed(std::move(**stored));
    }
  }
  auto response = run(call);
  std::optional<IdempotencyKeys::Kept> kept;
  if (is_final(response)) kept = {response->status, response->headers, std::get<std::string>(response->body)};
  if (kept && !call.operation().shows_secret) {
    const auto use = call.exchange().use_vault();
    if (use) ignore_error_on_purpose(store_answer(use->vault(), name, digest, *kept));
  }
  call.state().answers.end(name, std::move(kept));
  return response;
}

Result<net::Response> RestDoor::call(server::Exchange& exchange, const Operation& operation, PathValues path) {
  ATOLL_ASSIGN(auto query, net::Query::parse(exchange.target.query.value_or("")));
  Call call(exchange, state_, operation, std::move(path), std::move(query));
  ATOLL_TRY(call.ask_guards());
  ATOLL_TRY(call.check_query());
  ATOLL_TRY(call.read_body());
  if (operation.id != "object_get" || !call.has("member")) return handle(call);
  auto share = members_.take();
  if (!share) {
    return fail(ErrorKind::limit, "server.busy", "as many members of archives as may be are being unpacked",
                "Try again in a moment.");
  }
  auto response = handle(call);
  if (response) response->on_sent = [share = std::move(share)](const net::Sent&) {};
  return response;
}

}  // namespace atl::rest
