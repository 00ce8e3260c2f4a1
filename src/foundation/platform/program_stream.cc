#include "foundation/platform/program_stream.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX declares it nowhere

namespace atl::platform {
namespace {

constexpr int kPollMs = 100;
constexpr std::size_t kSaidBytesMax = 4096;

class PosixProgramStream final : public ProgramStream {
 public:
  PosixProgramStream(std::string name, pid_t process, int out, int error, const std::atomic<bool>* stop)
      : name_(std::move(name)), process_(process), out_(out), error_(error), stop_(stop) {}
  PosixProgramStream(const PosixProgramStream&) = delete;
  PosixProgramStream& operator=(const PosixProgramStream&) = delete;
  PosixProgramStream(PosixProgramStream&&) = delete;
  PosixProgramStream& operator=(PosixProgramStream&&) = delete;
  ~PosixProgramStream() override {
    ::close(out_);
    ::close(error_);
    if (process_ > 0) {
      ::kill(process_, SIGTERM);
      while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
  }

  Result<std::size_t> read(ByteSpan out) override {
    for (;;) {
      if (stop_ != nullptr && stop_->load()) return fail(ErrorKind::interrupted, "program.interrupted", "interrupted");
      std::array<pollfd, 2> waiting{{{out_, POLLIN, 0}, {error_, static_cast<short>(is_silent_ ? 0 : POLLIN), 0}}};
      const int ready = ::poll(waiting.data(), is_silent_ ? 1 : 2, kPollMs);
      if (ready < 0 && errno != EINTR) return fail(ErrorKind::io, "program.poll", std::strerror(errno));
      if (ready <= 0) continue;
      if (waiting[1].revents != 0) listen();
      if (waiting[0].revents == 0) continue;
      const ssize_t count = ::read(out_, out.data(), out.size());
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) return fail(ErrorKind::io, "program.read", name_ + ": " + std::strerror(errno));
    }
  }

  Result<void> finish() override {
    while (!is_silent_) listen();
    int status = 0;
    while (::waitpid(process_, &status, 0) < 0) {
      if (errno != EINTR) return fail(ErrorKind::io, "program.wait", name_ + ": " + std::strerror(errno));
    }
    process_ = -1;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    const std::string how = WIFEXITED(status) ? "ended with " + std::to_string(WEXITSTATUS(status))
                                              : "was ended by signal " + std::to_string(WTERMSIG(status));
    return fail(ErrorKind::failed, "program.failed", name_ + " " + how + (said_.empty() ? "" : ": " + said_),
                "Run it by hand to see what it says.");
  }

 private:
  void listen() {
    std::array<char, 1024> words{};
    const ssize_t count = ::read(error_, words.data(), words.size());
    if (count < 0 && errno == EINTR) return;
    if (count <= 0) {
      is_silent_ = true;
      return;
    }
    said_.append(words.data(), static_cast<std::size_t>(count));
    if (said_.size() > kSaidBytesMax) said_.erase(0, said_.size() - kSaidBytesMax);
  }

  std::string name_;
  pid_t process_;
  int out_;
  int error_;
  const std::atomic<bool>* stop_;
  bool is_silent_ = false;
  std::string said_;
};

class PosixProgramStreams final : public ProgramStreams {
 public:
  Result<std::unique_ptr<ProgramStream>> start(const std::vector<std::string>& words,
                                               const std::atomic<bool>* stop) override {
    std::array<int, 2> out{};
    std::array<int, 2> error{};
    if (::pipe2(out.data(), O_CLOEXEC) != 0) return refused(words.front(), errno);
    if (::pipe2(error.data(), O_CLOEXEC) != 0) {
      const int why = errno;
      ::close(out[0]);
      ::close(out[1]);
      return refused(words.front(), why);
    }
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, error[1], STDERR_FILENO);
    std::vector<std::string> copies = words;
    std::vector<char*> arguments;
    for (std::string& word : copies) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_t process = 0;
    const int answer = ::posix_spawnp(&process, arguments[0], &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(out[1]);
    ::close(error[1]);
    if (answer != 0) {
      ::close(out[0]);
      ::close(error[0]);
      return refused(words.front(), answer);
    }
    return std::make_unique<PosixProgramStream>(words.front(), process, out[0], error[0], stop);
  }

 private:
  static tl::unexpected<Error> refused(const std::string& name, int error) {
    if (error == ENOENT) {
      return fail(ErrorKind::not_found, "program.missing", "there is no program \"" + name + "\" here",
                  "Install it, or put its folder into PATH.", error);
    }
    return fail(ErrorKind::io, "program.not_started", name + ": " + std::strerror(error), "", error);
  }
};

}  // namespace

std::unique_ptr<ProgramStreams> make_posix_program_streams() { return std::make_unique<PosixProgramStreams>(); }

}  // namespace atl::platform
