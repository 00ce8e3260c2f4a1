#include "edge/mcp/testing/mcp_client.h"

#include <gtest/gtest.h>

namespace atl::mcp::testing {

using json::Value;

unsigned McpClient::begin(const std::string& query, const std::string& client, const std::string& revision) {
  session_.clear();
  Value info = Value::object();
  info.set("name", client).set("version", "1");
  Value params = Value::object();
  params.set("protocolVersion", revision).set("capabilities", Value::object()).set("clientInfo", std::move(info));
  net::Headers headers{{"Content-Type", "application/json"}};
  const auto reply =
      send_("POST", "/mcp" + query, json_rpc::request(0, kInitialize, std::move(params)).text(), headers);
  if (reply.status != 200) return reply.status;
  session_ = reply.header("Mcp-Session-Id");
  const Value answer = reply.json();
  const Value* const result = answer.find("result");
  const Value* const meta = result == nullptr ? nullptr : result->find("_meta");
  run_ = meta == nullptr ? "" : meta->text_of("atoll/run").value_or("");
  EXPECT_EQ(post(json_rpc::notification("notifications/initialized", Value::object()).text()).status, 202U);
  return reply.status;
}

McpClient::Reply McpClient::post(const std::string& body, net::Headers headers) {
  if (!headers.has("Content-Type")) headers.set("Content-Type", "application/json");
  if (!session_.empty() && !headers.has("Mcp-Session-Id")) headers.set("Mcp-Session-Id", session_);
  return send_("POST", "/mcp", body, headers);
}

Value McpClient::ask(const std::string& method, Value params) {
  const auto reply = post(json_rpc::request(next_id_++, method, std::move(params)).text());
  EXPECT_EQ(reply.status, 200U) << reply.body;
  return reply.json();
}

Value McpClient::tool(const std::string& name, const std::string& arguments) {
  auto given = Value::parse(arguments, {.bytes_max = 8 * 1024 * 1024, .depth_max = 32});
  EXPECT_TRUE(given) << arguments;
  Value params = Value::object();
  params.set("name", name).set("arguments", given.value_or(Value::object()));
  const Value answer = ask("tools/call", std::move(params));
  const Value* const result = answer.find("result");
  return result == nullptr ? answer : *result;
}

std::string McpClient::told(const Value& result) {
  if (const Value* const error = result.find("error"); error != nullptr)
    return "protocol " + error->find("code")->text();
  if (!result.flag_of("isError").value_or(false)) return "ok";
  const Value* const meta = result.find("_meta");
  return meta == nullptr ? "an error without an id" : meta->text_of("atoll/error").value_or("");
}

std::string McpClient::text(const Value& result) {
  std::string out;
  const Value* const content = result.find("content");
  if (content == nullptr || content->as_array() == nullptr) return out;
  for (const Value& block : *content->as_array()) out += block.text_of("text").value_or("") + "\n";
  return out;
}

Value McpClient::structured(const Value& result) {
  const Value* const found = result.find("structuredContent");
  return found == nullptr ? Value::object() : *found;
}

}  // namespace atl::mcp::testing
