// mcp: assistants that speak MCP over standard input and output.
#include <CLI/CLI.hpp>

#include "edge/cli/commands.h"
#include "edge/cli/home_server.h"
#include "edge/cli/mcp_bridge.h"

namespace atl::cli {

void add_mcp_command(CLI::App& app, Session& session, Chosen& chosen) {
  auto wishes = std::make_shared<McpWishes>();
  auto* verb = app.add_subcommand(
      "mcp", "Let an assistant find, read and store here: MCP over standard input and output (docs/mcp.md)");
  verb->add_option("--bucket", wishes->bucket, "the only bucket it works in; all otherwise");
  verb->add_option("--run", wishes->run, "name of its run, which undo --by takes; one is made otherwise");
  verb->callback([&session, &chosen, wishes] {
    chosen.body = [&session, wishes]() -> Result<int> {
      wishes->vault = session.options.vault;
      std::optional<HomeServer> server;
      const bool is_elsewhere = !session.options.url.empty();
      if (!is_elsewhere) server.emplace(session);
      McpBridge bridge(session.environment, *wishes, [&]() -> Result<ServerLink> {
        return is_elsewhere ? server_at(session, session.options.url) : server->reach();
      });
      ATOLL_TRY(bridge.run());
      return kExitOk;
    };
  });
}

}  // namespace atl::cli
