// The server's log: lines for people on a terminal, JSON lines else; on standard error, for standard output is for
// data. Always true: no secret stands in it: paths without queries, never bodies. Thread rules: any thread.
#pragma once

#include <mutex>
#include <string>

#include "edge/cli/environment.h"
#include "edge/server/front.h"

namespace atl::serve {

class Log {
 public:
  // Borrows the environment.
  Log(cli::Environment& environment, bool is_json, bool is_quiet)
      : environment_(&environment), is_json_(is_json), is_quiet_(is_quiet) {}
  void say(const std::string& words, std::string_view level = "info");  // "warning"
  void request(const server::Logged& one);

 private:
  void write(const std::string& line);
  cli::Environment* environment_;
  bool is_json_;
  bool is_quiet_;
  std::mutex mutex_;
};

}  // namespace atl::serve
