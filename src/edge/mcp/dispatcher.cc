#include "edge/mcp/dispatcher.h"

#include <algorithm>

#include "edge/mcp/agent.h"
#include "edge/mcp/prompts.h"
#include "edge/mcp/resources.h"
#include "edge/mcp/tool.h"
#include "foundation/base/actor.h"
#include "vault/object/objects.h"

namespace atl::mcp {
namespace {

using json::Value;
using json_rpc::Code;

// Of MCP: there is no such resource.
constexpr auto kResourceNotFound = static_cast<Code>(-32002);

rest::Call rest_call(server::Exchange& exchange, rest::State& state, const Session& session) {
  // Not one of REST's: there is no path, and who may is asked by the tool (rest::Call lets nothing through before).
  static const rest::Operation kOperation = [] {
    rest::Operation operation;
    operation.id = "mcp";
    return operation;
  }();
  return {exchange, state, kOperation, {{"vault", session.facts().vault.text()}}, net::Query()};
}

Value protocol_error(const Value& id, const Error& error) {
  Code code = Code::internal_error;
  if (error.kind == ErrorKind::usage) code = Code::invalid_params;
  if (error.kind == ErrorKind::not_found) code = kResourceNotFound;
  const bool is_inside = error.kind == ErrorKind::io || error.kind == ErrorKind::failed;
  Value data = Value::object();
  data.set("id", error.id);
  if (!error.hint.empty() && !is_inside) data.set("hint", error.hint);
  return json_rpc::error(id, code, is_inside ? "something failed inside; the server's log says more" : error.message,
                         std::move(data));
}

Value answer_of(const Value& id, Result<Value> result) {
  if (!result) return protocol_error(id, result.error());
  return json_rpc::result(id, std::move(*result));
}

Value list_tools() {
  Value list = Value::array();
  for (const Tool& tool : tools()) list.push(describe(tool));
  return Value::object().set("tools", std::move(list));
}

Value capabilities() {
  Value out = Value::object();
  return out.set("tools", Value::object()).set("resources", Value::object()).set("prompts", Value::object());
}

// An assistant of this machine's own user finds a place for its notes.
void make_notes_bucket(const server::VaultUse& use) {
  if (const auto there = use.vault().reader()->bucket_named(std::string(kNotesBucket)); there && *there) return;
  ignore_error_on_purpose(vault::Objects(use.vault()).ensure_bucket(std::string(kNotesBucket)));
}

}  // namespace

bool is_known_protocol(std::string_view revision) {
  return std::ranges::find(kProtocols, revision) != kProtocols.end();
}

Result<Dispatcher::Begun> Dispatcher::begin(const server::Exchange& exchange, const json_rpc::Message& message,
                                            const Wishes& wishes) {
  ATOLL_ASSIGN(const std::string wanted, message.params.text_of("protocolVersion"));
  if (wanted.empty()) return fail(ErrorKind::usage, "mcp.no_revision", "initialize has to say a protocolVersion");
  const Value* const client = message.params.find("clientInfo");
  ATOLL_ASSIGN(const std::string client_name, client == nullptr ? Result<std::string>("") : client->text_of("name"));
  if (!wishes.bucket.empty()) ATOLL_TRY(vault::check_bucket_name(wishes.bucket));
  server::Exchange asked = exchange;
  ATOLL_ASSIGN(const auto use, asked.use_vault());
  ATOLL_ASSIGN(const access::Who who, agent_of(exchange, use.id(), wishes.bucket));
  SessionFacts facts;
  facts.account = who.principal;
  facts.vault = use.id();
  facts.bucket = wishes.bucket;
  facts.protocol = is_known_protocol(wanted) ? wanted : kProtocols.front();
  const auto& machine = exchange.host.machine();
  const std::string run = cleaned_name(wishes.run, "");
  facts.actor = who.name + kActorSeparator + cleaned_name(client_name, "unknown") + kActorSeparator +
                (run.empty() ? new_run_name(machine) : run);
  facts.operation = platform::new_id<OperationId>(machine);
  // A run that was named may have begun before.
  if (run.empty()) facts.after = use.vault().journal().last();
  if (exchange.who.is_local_owner && wishes.bucket.empty()) make_notes_bucket(use);

  Begun begun;
  begun.session = sessions_.begin(std::move(facts));
  Value server = Value::object();
  server.set("name", "atoll").set("title", "Atoll").set("version", exchange.host.settings().version);
  Value result = Value::object();
  result.set("protocolVersion", begun.session->facts().protocol).set("capabilities", capabilities());
  result.set("serverInfo", std::move(server)).set("instructions", instructions());
  result.set("_meta", Value::object().set("atoll/run", begun.session->facts().actor));
  begun.answer = json_rpc::result(message.id, std::move(result));
  return begun;
}

Value Dispatcher::call_tool(server::Exchange& exchange, Session& session, const json_rpc::Message& message,
                            const std::atomic<bool>& stop) {
  const auto name = message.params.text_of("name");
  const Tool* const tool = name ? tool_named(*name) : nullptr;
  if (tool == nullptr) {
    std::string known;
    for (const Tool& one : tools()) known += (known.empty() ? "" : ", ") + std::string(one.name);
    return json_rpc::error(
        message.id, Code::invalid_params,
        "Unknown tool: " + quoted(name ? std::string_view(*name).substr(0, 100) : "") + ". There are: " + known);
  }
  const Value* const given = message.params.find("arguments");
  const Value arguments = given == nullptr || given->is_null() ? Value::object() : *given;
  if (!arguments.is_object())
    return json_rpc::error(message.id, Code::invalid_params, "the arguments of a tool are an object");
  if (const auto checked = rest::schema::check(tool->input, arguments); !checked)
    return json_rpc::result(message.id, failed_result(checked.error()));
  rest::Call rest = rest_call(exchange, rest_state_, session);
  ToolCall call(rest, session, arguments, stop);
  auto answer = tool->run(call);
  if (!answer) return json_rpc::result(message.id, failed_result(answer.error()));
  ATOLL_INVARIANT(rest.is_decided(), "a tool asks whether the caller may before it answers");
  return json_rpc::result(message.id, std::move(*answer).result());
}

Value Dispatcher::answer_request(server::Exchange& exchange, Session& session, const json_rpc::Message& message) {
  const std::string& method = message.method;
  if (method == "ping") return json_rpc::result(message.id, Value::object());
  if (method == "tools/list") return json_rpc::result(message.id, list_tools());
  if (method == "prompts/list") return json_rpc::result(message.id, list_prompts());
  if (method == "prompts/get") return answer_of(message.id, get_prompt(message.params));
  if (method == "resources/templates/list") return json_rpc::result(message.id, resource_templates());
  if (method == kInitialize)
    return json_rpc::error(message.id, Code::invalid_request, "this session was initialized already");
  const auto call = session.begin_call(json_rpc::mark_of(message.id));
  if (call == nullptr) {
    return json_rpc::error(message.id, Code::invalid_request,
                           "a request of this id is under way, or " + std::to_string(kCallsMax) + " others are");
  }
  if (method == "tools/call") return call_tool(exchange, session, message, call->stop());
  rest::Call rest = rest_call(exchange, rest_state_, session);
  if (method == "resources/list") return answer_of(message.id, list_resources(rest, message.params));
  if (method == "resources/read") return answer_of(message.id, read_resource(rest, message.params));
  return json_rpc::error(message.id, Code::method_not_found, "there is no method " + quoted(method));
}

std::optional<Value> Dispatcher::answer(server::Exchange& exchange, Session& session,
                                        const json_rpc::Message& message) {
  if (message.kind == json_rpc::Message::Kind::response) return std::nullopt;  // nothing was asked
  if (message.kind == json_rpc::Message::Kind::notification) {
    const Value* const id = message.params.find("requestId");
    if (message.method == "notifications/cancelled" && id != nullptr) session.cancel(json_rpc::mark_of(*id));
    return std::nullopt;
  }
  auto who = agent_of(exchange, session.facts().vault, session.facts().bucket);
  if (!who) return protocol_error(message.id, who.error());
  who->name = session.facts().actor;
  server::Exchange as_agent = exchange;
  as_agent.who = std::move(*who);
  as_agent.operation = session.facts().operation;
  return answer_request(as_agent, session, message);
}

}  // namespace atl::mcp
