// A child process and our end of its one socket.
// Always true: both are gone when this is. The child has an empty environment and no other descriptor that leads
// anywhere. Thread rules: one thread's.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "foundation/base/error.h"

namespace atl::sandbox {

class ChildProcess {
 public:
  // Where its standard output goes; its standard input is the socket.
  enum class Output : bool { none, socket };

  ChildProcess() = default;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ChildProcess(ChildProcess&&) = delete;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  [[nodiscard]] Result<void> start(const std::vector<std::string>& command, Output output);
  // How it ended, in words.
  [[nodiscard]] Result<std::string> wait();
  [[nodiscard]] int socket() const { return socket_; }

 private:
  pid_t process_ = -1;
  int socket_ = -1;
};

}  // namespace atl::sandbox
