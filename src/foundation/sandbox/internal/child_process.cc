#include "foundation/sandbox/internal/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace atl::sandbox {
namespace {

tl::unexpected<Error> refused(int error) {
  return fail(ErrorKind::io, "sandbox.not_started",
              std::string("the reader's process could not be started: ") + std::strerror(error), "", error);
}

}  // namespace

ChildProcess::~ChildProcess() {
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    ignore_error_on_purpose(wait());
  }
  if (socket_ >= 0) ::close(socket_);
}

Result<void> ChildProcess::start(const std::vector<std::string>& command, Output output) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return refused(errno);
  socket_ = ends[0];
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
  if (output == Output::socket) {
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  } else {
    ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  }
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::array<char*, 1> no_environment{nullptr};
  const int answer = ::posix_spawn(&process_, arguments[0], &actions, nullptr, arguments.data(), no_environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (answer != 0) {
    process_ = -1;
    return refused(answer);
  }
  return {};
}

Result<std::string> ChildProcess::wait() {
  int status = 0;
  while (::waitpid(process_, &status, 0) < 0) {
    if (errno != EINTR) return refused(errno);
  }
  process_ = -1;
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace atl::sandbox
