#include "edge/rest/rest_door.h"

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
  ATOLL_ASSIGN(auto known, call.state().answers.begin(name, codec::blake3(as_bytes(request)), call.exchange().now()));
  if (known) {
    net::Response again;
    again.status = known->status;
    again.headers = std::move(known->headers);
    again.headers.set("Idempotency-Replayed", "true");
    again.body = std::move(known->body);
    return again;
  }
  auto response = run(call);
  std::optional<IdempotencyKeys::Kept> kept;
  if (response && std::holds_alternative<std::string>(response->body))
    kept = {response->status, response->headers, std::get<std::string>(response->body)};
  call.state().answers.end(name, std::move(kept));
  return response;
}

Result<net::Response> RestDoor::call(server::Exchange& exchange, const Operation& operation, PathValues path) {
  ATOLL_ASSIGN(auto query, net::Query::parse(exchange.target.query.value_or("")));
  Call call(exchange, state_, operation, std::move(path), std::move(query));
  ATOLL_TRY(call.ask_guards());
  ATOLL_TRY(call.check_query());
  ATOLL_TRY(call.read_body());
  return handle(call);
}

}  // namespace atl::rest
