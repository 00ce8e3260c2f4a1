// Verbs of the command line, run inside the server for a program elsewhere: see edge/cli/served_command.h for the
// bytes. Always true: a command from another machine can name no path and start no program of this one; paths that it
// names are those of that machine, asked for by calls (client_machine.h). Whoever asks
// needs the right `server_admin`. A command whose client goes away is told to stop, as by Ctrl-C. Output is held back,
// not gathered, while the client reads slowly.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "edge/cli/environment.h"
#include "edge/serve/client_machine.h"
#include "edge/serve/no_machine.h"
#include "edge/server/front.h"

namespace atl::serve {

class CommandsDoor final : public server::Door {
 public:
  // `surroundings`: what commands get besides their terminal and vaults. Borrows it; `stop` ends commands under way.
  CommandsDoor(cli::Environment& surroundings, std::string home_folder, const std::atomic<bool>& stop);
  [[nodiscard]] std::string_view name() const override { return "commands"; }
  [[nodiscard]] bool takes(const server::Exchange& exchange) const override;
  [[nodiscard]] net::Response answer(server::Exchange& exchange) override;

 private:
  [[nodiscard]] net::Response take_answers(server::Exchange& exchange, std::string_view id);
  cli::Environment* surroundings_;
  std::string home_folder_;
  const std::atomic<bool>* stop_;
  // What a command from another machine gets in place of this one's.
  NoFiles no_files_;
  NoTree no_tree_;
  NoPrograms no_programs_;
  NoWatchers no_watchers_;
  cli::Environment remote_surroundings_;
  AnsweredCommands answered_;
};

}  // namespace atl::serve
