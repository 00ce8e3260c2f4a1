// A server of this machine's home, for a command that needs one as long as it runs: the one that has the home, or one
// within this process that only the home's owner can reach.
//
// Always true:
//  - A server of this process listens at the home's own socket and nowhere else, makes no accounts for anybody, and
//  ends
//    with end(). While it runs, every other command of this machine is its client, as of any server.
//  - A home that is not there yet is made, as `init` makes it.
//  - Nothing of it is written to standard output.
// Thread rules: reach() and end() by one thread at a time.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

#include "edge/cli/server_link.h"

namespace atl::cli {

class HomeServer {
 public:
  explicit HomeServer(Session& session);  // borrowed
  HomeServer(const HomeServer&) = delete;
  HomeServer& operator=(const HomeServer&) = delete;
  HomeServer(HomeServer&&) = delete;
  HomeServer& operator=(HomeServer&&) = delete;
  ~HomeServer();

  // A way to a server that answers, begun here where none does. Where another program has the home for a while it is
  // waited for, a minute at most. Errors: what keeps a home from being served.
  [[nodiscard]] Result<ServerLink> reach();
  // What was begun here ends, once what is under way is answered.
  void end();

 private:
  class Quiet;  // a terminal that shows messages alone
  [[nodiscard]] Result<void> make_home();
  [[nodiscard]] Result<void> begin();
  // None while it runs, or where none was begun.
  [[nodiscard]] std::optional<Result<int>> take_outcome();

  Session* session_;
  std::atomic<bool> stop_ = false;
  std::unique_ptr<Quiet> terminal_;
  std::unique_ptr<Environment> environment_;  // of the server; refers to the two above
  std::unique_ptr<platform::Thread> thread_;
  std::mutex mutex_;
  std::optional<Result<int>> outcome_;  // guarded by mutex_
};

}  // namespace atl::cli
