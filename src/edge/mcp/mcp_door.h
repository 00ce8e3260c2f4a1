// MCP over HTTP at /mcp: the "Streamable HTTP" transport, every answer as one JSON object.
//
//     POST    a message; initialize is answered with Mcp-Session-Id, which every later request carries
//     GET     405: there is nothing that this server would say unasked
//     DELETE  ends the session
//     Atoll-Vault, Atoll-Bucket, Atoll-Run, or vault, bucket and run in the query: of initialize
//
// Always true:
//  - Who asks has a token, or opened the local socket as the owner of the home; pages of other origins are refused, and
//    so is everybody without an account, whatever is granted to everyone.
//  - A message is at most kMessageBytesMax; nothing of a stranger's is read.
// Source: Model Context Protocol, revision 2025-06-18, "Transports".
// Thread rules: any thread, many at once.
#pragma once

#include "edge/mcp/dispatcher.h"
#include "edge/server/front.h"

namespace atl::mcp {

class McpDoor final : public server::Door {
 public:
  explicit McpDoor(const platform::Machine& machine) : dispatcher_(machine) {}
  [[nodiscard]] std::string_view name() const override { return "mcp"; }
  [[nodiscard]] bool takes(const server::Exchange& exchange) const override;
  [[nodiscard]] net::Response answer(server::Exchange& exchange) override;

 private:
  [[nodiscard]] Result<net::Response> post(server::Exchange& exchange);
  [[nodiscard]] Result<net::Response> begin(server::Exchange& exchange, const json_rpc::Message& message);
  [[nodiscard]] Result<std::shared_ptr<Session>> session_of(const server::Exchange& exchange);
  Dispatcher dispatcher_;
};

}  // namespace atl::mcp
