// The methods of MCP: a session is begun, and its messages are answered. What carries the messages (HTTP here, a pipe
// in edge/cli/mcp_command.cc in front of it) is no concern of this file.
//
//     initialize ping tools/list tools/call resources/list resources/templates/list resources/read prompts/list
//     prompts/get; notifications/initialized notifications/cancelled
//
// Always true:
//  - Of two revisions that both sides know the client's counts; else it is told ours, as the protocol has it.
//  - Everything that is asked for a session is asked as the agent that it is (agent.h), and what is written has its
//    run's name. Nothing a stored text holds changes which tools there are or what they do: they are a constant table.
//  - An error of a tool is a result that the model reads; an error of the protocol is JSON-RPC's.
//  - No progress is told and nothing is streamed: every call is bounded in time and size.
// Source: Model Context Protocol, revisions 2025-06-18 and 2025-03-26.
// Thread rules: any thread.
#pragma once

#include <array>
#include <optional>

#include "edge/mcp/session.h"
#include "edge/rest/state.h"
#include "edge/server/exchange.h"
#include "foundation/json/json_rpc.h"

namespace atl::mcp {

// Newest first.
inline constexpr std::array<std::string_view, 2> kProtocols = {"2025-06-18", "2025-03-26"};
[[nodiscard]] bool is_known_protocol(std::string_view revision);
inline constexpr std::string_view kInitialize = "initialize";
inline constexpr std::size_t kMessageBytesMax = 4 * 1024 * 1024;

class Dispatcher {
 public:
  explicit Dispatcher(const platform::Machine& machine) : sessions_(machine) {}

  // What a client may say besides, in header fields or the query of its address.
  struct Wishes {
    std::string bucket;  // the only one to work in
    std::string run;     // its run's name; otherwise one is made
  };
  struct Begun {
    std::shared_ptr<Session> session;
    json::Value answer;
  };
  // Of an initialize request. Errors: those of agent_of(), Host::use(), and `usage` for what it says wrong.
  [[nodiscard]] Result<Begun> begin(const server::Exchange& exchange, const json_rpc::Message& message,
                                    const Wishes& wishes);
  // None of a notification or a response.
  [[nodiscard]] std::optional<json::Value> answer(server::Exchange& exchange, Session& session,
                                                  const json_rpc::Message& message);
  [[nodiscard]] SessionTable& sessions() { return sessions_; }

 private:
  [[nodiscard]] json::Value call_tool(server::Exchange& exchange, Session& session, const json_rpc::Message& message,
                                      const std::atomic<bool>& stop);
  [[nodiscard]] json::Value answer_request(server::Exchange& exchange, Session& session,
                                           const json_rpc::Message& message);
  SessionTable sessions_;
  rest::State rest_state_;
};

}  // namespace atl::mcp
