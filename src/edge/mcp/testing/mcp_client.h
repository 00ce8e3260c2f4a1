// A client of the MCP door over a world in memory: it begins a session and calls tools, as a real one would write it.
#pragma once

#include <functional>
#include <string>

#include "edge/mcp/mcp_door.h"
#include "edge/rest/testing/rest_world.h"

namespace atl::mcp::testing {

class McpClient {
 public:
  using Reply = rest::testing::Reply;
  // Sends one HTTP request as whoever it speaks for.
  using Send = std::function<Reply(const std::string& method, const std::string& target, const std::string& body,
                                   const net::Headers& headers)>;
  explicit McpClient(Send send) : send_(std::move(send)) {}

  // The status; 200 where a session was begun.
  unsigned begin(const std::string& query = {}, const std::string& client = "Test Client",
                 const std::string& revision = "2025-06-18");
  // One request of the session: its answer, whole.
  json::Value ask(const std::string& method, json::Value params = json::Value::object());
  // CallToolResult.
  json::Value tool(const std::string& name, const std::string& arguments = "{}");
  Reply post(const std::string& body, net::Headers headers = {});

  // The error's id of a CallToolResult, "protocol -32602" of an error of the protocol, or "ok".
  static std::string told(const json::Value& result);
  // All text of its content.
  static std::string text(const json::Value& result);
  static json::Value structured(const json::Value& result);

  [[nodiscard]] const std::string& session() const { return session_; }
  [[nodiscard]] const std::string& run() const { return run_; }

 private:
  Send send_;
  std::string session_, run_;
  std::uint64_t next_id_ = 1;
};

}  // namespace atl::mcp::testing
