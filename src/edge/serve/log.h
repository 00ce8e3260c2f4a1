// The server's log: lines for people on a terminal, JSON lines else; on standard error, for standard output is for
// data. Always true: no secret stands in it: paths without queries, never bodies. Thread rules: any thread.
#pragma once

#include <condition_variable>
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
  // One thread at a time writes, all that has come meanwhile at once; the others go on.
  void write(const std::string& line);
  static constexpr std::size_t kLinesBytesMax = 1024 * 1024;
  cli::Environment* environment_;
  bool is_json_;
  bool is_quiet_;
  std::mutex mutex_;
  std::condition_variable written_;
  std::string lines_;        // guarded by mutex_; not written yet
  bool is_writing_ = false;  // guarded by mutex_
};

}  // namespace atl::serve
