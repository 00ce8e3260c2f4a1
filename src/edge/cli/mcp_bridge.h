// MCP over standard input and output: each line is a message, sent on to the /mcp of a server, and each answer is a
// line.
//
//     client ─► line ─► POST /mcp ─► answer ─► line ─► client
//
// Always true:
//  - Nothing but answers of the protocol is written to standard output; each is one line of JSON.
//  - A line is at most kLineBytesMax; what is longer is answered with an error and passed over, so that it is never
//  held.
//  - Requests are worked on side by side, kAtOnce of them; notifications in their order, so that one can cancel them.
//    What was cancelled is not answered.
//  - Where the server ends, or has forgotten the session, another is found or begun, and the run goes on under its
//  name;
//    a request whose answer was lost on the way is not sent again.
// Source: Model Context Protocol, revision 2025-06-18, "stdio".
// Thread rules: run() once.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "edge/cli/server_link.h"
#include "foundation/json/json_rpc.h"

namespace atl::cli {

inline constexpr std::size_t kLineBytesMax = 4 * 1024 * 1024;

struct McpWishes {
  std::string vault, bucket, run;  // may be empty
};

class McpBridge {
 public:
  static constexpr std::size_t kAtOnce = 8;
  static constexpr std::size_t kWaitingMax = 64;  // beyond these, reading waits

  // `reach` finds a server, and is called again where that is gone. Borrows the environment.
  McpBridge(Environment& environment, McpWishes wishes, std::function<Result<ServerLink>()> reach);
  // Until the end of standard input, or until the program is to stop; what was asked before that is answered.
  [[nodiscard]] Result<void> run();

 private:
  // The way to a session. A new one takes its place; requests under way keep theirs.
  struct Way {
    ServerLink link;
    std::string session_id, protocol;
  };
  using Answered = Result<net::ClientResponse>;

  [[nodiscard]] Result<void> read_lines(const std::function<void(std::string)>& take);
  void take(std::string line);
  void begin_workers();
  void work();
  void initialize(const std::string& line, const json::Value& id);
  // Sends it, and again over a new way where the old one leads nowhere.
  [[nodiscard]] Answered send(const std::string& line);
  [[nodiscard]] Answered post(Way& way, const std::string& line) const;
  [[nodiscard]] Result<std::shared_ptr<Way>> begin_session(const std::string& line, net::ClientResponse* answer);
  [[nodiscard]] Result<std::shared_ptr<Way>> renew(const std::shared_ptr<Way>& old);
  void note_cancelled(const json_rpc::Message& message);
  // True where the client still wants to know.
  [[nodiscard]] bool end_request(const json::Value& id);
  void write(const json::Value& message);
  void write_answer(const Answered& answered, const json::Value& id);
  void end_session();

  Environment* environment_;
  McpWishes wishes_;
  std::function<Result<ServerLink>()> reach_;
  std::mutex way_mutex_;         // also while a session is begun
  std::shared_ptr<Way> way_;     // guarded by way_mutex_
  std::string initialize_line_;  // guarded by way_mutex_; as the client sent it
  std::mutex output_mutex_;
  std::mutex mutex_;
  std::condition_variable changed_;
  struct Waiting {
    std::string line;
    json::Value id;
  };
  std::deque<Waiting> waiting_;            // guarded by mutex_, as all below
  std::map<std::string, bool> under_way_;  // marks of ids; true: cancelled, and not to be answered
  bool has_ended_ = false;
  std::vector<std::unique_ptr<platform::Thread>> workers_;
};

}  // namespace atl::cli
