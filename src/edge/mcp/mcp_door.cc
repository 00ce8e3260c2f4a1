#include "edge/mcp/mcp_door.h"

#include "edge/mcp/agent.h"

namespace atl::mcp {
namespace {

using json::Value;
using json_rpc::Message;

constexpr std::string_view kPath = "/mcp";
constexpr std::string_view kSessionField = "Mcp-Session-Id";
constexpr std::string_view kRevisionField = "MCP-Protocol-Version";
constexpr std::string_view kNoBatchesFrom = "2025-06-18";

net::Response empty(unsigned status) {
  net::Response response;
  response.status = status;
  return response;
}

// JSON-RPC's own error, with a status for those that look at nothing else.
net::Response refused(const json_rpc::Refusal& refusal) { return server::json_response(400, json_rpc::error(refusal)); }

Result<std::string> wish(const server::Exchange& exchange, std::string_view field, std::string_view parameter) {
  if (const auto given = exchange.request.headers.get(field); given) return std::string(*given);
  if (!exchange.target.query) return std::string();
  ATOLL_ASSIGN(const auto query, net::Query::parse(*exchange.target.query));
  return std::string(query.get(parameter).value_or(""));
}

}  // namespace

bool McpDoor::takes(const server::Exchange& exchange) const {
  return exchange.target.path == kPath || exchange.target.path == std::string(kPath) + "/";
}

net::Response McpDoor::answer(server::Exchange& exchange) {
  const std::string& method = exchange.request.method;
  const bool is_known = method == "POST" || method == "GET" || method == "DELETE";
  exchange.route = (is_known ? method : "OTHER") + " " + std::string(kPath);
  const auto problem = [&](const Error& error) { return server::problem(error, exchange.request_id); };
  if (const auto origin = exchange.request.headers.get("Origin");
      origin && !is_allowed_origin(*origin, exchange.host.settings().base_url)) {
    return problem({ErrorKind::denied, "mcp.other_origin", "pages of other servers may not ask here",
                    "A page of this server's base URL may (--base-url), and one of this machine."});
  }
  if (method == "POST") {
    auto response = post(exchange);
    if (!response) return problem(response.error());
    response->headers.set("Cache-Control", "no-store");
    return std::move(*response);
  }
  if (method == "DELETE") {
    const auto session = session_of(exchange);
    if (!session) return problem(session.error());
    dispatcher_.sessions().end((*session)->id(), (*session)->facts().account);
    return empty(204);
  }
  auto response = problem({ErrorKind::usage, "http.method_not_allowed", "only POST and DELETE", ""});
  response.headers.set("Allow", "POST, DELETE");
  return response;
}

Result<std::shared_ptr<Session>> McpDoor::session_of(const server::Exchange& exchange) {
  ATOLL_ASSIGN(const PrincipalId account, account_behind(exchange));
  const auto id = exchange.request.headers.get(kSessionField);
  if (!id) {
    return fail(ErrorKind::usage, "mcp.no_session_id", "the request has no " + std::string(kSessionField),
                "It is in the answer to initialize.");
  }
  auto session = dispatcher_.sessions().find(*id, account);
  if (session) return session;
  return fail(ErrorKind::not_found, "mcp.no_session", "there is no such session, or it has ended",
              "Begin a new one with initialize.");
}

Result<net::Response> McpDoor::begin(server::Exchange& exchange, const Message& message) {
  Dispatcher::Wishes wishes;
  ATOLL_ASSIGN(wishes.bucket, wish(exchange, "Atoll-Bucket", "bucket"));
  ATOLL_ASSIGN(wishes.run, wish(exchange, "Atoll-Run", "run"));
  const auto begun = dispatcher_.begin(exchange, message, wishes);
  if (!begun && begun.error().kind == ErrorKind::usage)
    return refused({json_rpc::Code::invalid_params, begun.error().message, message.id});
  if (!begun) return pass(begun.error());
  auto response = server::json_response(200, begun->answer);
  response.headers.set(kSessionField, begun->session->id());
  return response;
}

Result<net::Response> McpDoor::post(server::Exchange& exchange) {
  ATOLL_TRY(account_behind(exchange));
  const net::Headers& headers = exchange.request.headers;
  const auto type = headers.get("Content-Type");
  if (!type || !type->starts_with("application/json"))
    return fail(ErrorKind::usage, "http.unsupported_media_type", "a message is sent as application/json");
  if (const auto revision = headers.get(kRevisionField); revision && !is_known_protocol(*revision)) {
    return fail(ErrorKind::usage, "mcp.unknown_revision",
                "this server does not speak revision \"" + std::string(revision->substr(0, 40)) + "\"",
                "It speaks " + std::string(kProtocols[0]) + " and " + std::string(kProtocols[1]) + ".");
  }
  ATOLL_ASSIGN(const Bytes body, net::read_all(exchange.request.body, kMessageBytesMax));
  const auto parcel = json_rpc::read(as_text(body), kMessageBytesMax);
  if (!parcel.is_batch) {
    if (const auto* const refusal = std::get_if<json_rpc::Refusal>(&parcel.items.front()); refusal != nullptr)
      return refused(*refusal);
    const auto& message = std::get<Message>(parcel.items.front());
    if (message.kind == Message::Kind::request && message.method == kInitialize) return begin(exchange, message);
  }
  ATOLL_ASSIGN(const auto session, session_of(exchange));
  if (parcel.is_batch && session->facts().protocol >= kNoBatchesFrom) {
    return refused({json_rpc::Code::invalid_request,
                    "lists of messages are not of revision " + session->facts().protocol, nullptr});
  }
  Value answers = Value::array();
  for (const auto& item : parcel.items) {
    if (const auto* const refusal = std::get_if<json_rpc::Refusal>(&item); refusal != nullptr) {
      answers.push(json_rpc::error(*refusal));
    } else if (auto answer = dispatcher_.answer(exchange, *session, std::get<Message>(item)); answer) {
      answers.push(std::move(*answer));
    }
  }
  if (answers.as_array()->empty()) return empty(202);
  return server::json_response(200, parcel.is_batch ? answers : answers.as_array()->front());
}

}  // namespace atl::mcp
