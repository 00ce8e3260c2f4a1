// What the command line needs from the world around the program; app/ gives the real thing, tests a made-up one.
// Always true: stdout carries data only; messages, progress and questions go to stderr.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "foundation/platform/file_watcher.h"
#include "foundation/platform/host_tree.h"
#include "foundation/platform/machine.h"
#include "foundation/platform/programs.h"

namespace atl::cli {

class Terminal {
 public:
  virtual ~Terminal() = default;
  [[nodiscard]] virtual Result<void> write_out(ByteView bytes) = 0;  // `io` "output.closed" where nobody reads any more
  virtual void write_error(std::string_view text) = 0;
  [[nodiscard]] virtual Result<std::size_t> read_in(ByteSpan out) = 0;  // 0 at the end
  [[nodiscard]] virtual bool is_out_terminal() const = 0;
  [[nodiscard]] virtual bool is_error_terminal() const = 0;
  [[nodiscard]] virtual bool is_in_terminal() const = 0;
  // Asks on the terminal, without echo. Fails where there is no terminal.
  [[nodiscard]] virtual Result<std::string> read_secret(const std::string& prompt) = 0;
};

struct Environment {
  platform::Machine machine;
  platform::HostTree& host;
  platform::FileWatchers& watchers;
  Terminal& terminal;
  std::function<std::optional<std::string>(const std::string&)> variable;  // of the process's environment
  platform::Programs& programs;
  const std::atomic<bool>& stop;  // set by the first SIGINT or SIGTERM
  std::string process_words;      // "pid 4711 on host"
  std::string working_folder;
};

// The whole program: parses, works, prints, and returns the exit code (docs/cli.md lists them).
[[nodiscard]] int run(const std::vector<std::string>& arguments, Environment& environment);

}  // namespace atl::cli
