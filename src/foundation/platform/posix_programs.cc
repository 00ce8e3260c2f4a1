#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <optional>

#include "foundation/platform/programs.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX declares it nowhere

namespace atl::platform {
namespace {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    close();
    number_ = std::exchange(other.number_, -1);
    return *this;
  }
  ~Descriptor() { close(); }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

struct Pipe {
  Descriptor read_end;
  Descriptor write_end;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(ErrorKind::failed, "program.not_started", std::string("no pipe: ") + std::strerror(errno));
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

// A string for each variable, those of the call in place of inherited ones of the same name.
std::vector<std::string> environment_of(const ProgramCall& call) {
  std::vector<std::string> all;
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string_view text(*one);
    const std::string_view name = text.substr(0, text.find('='));
    bool is_replaced = false;
    for (const auto& [key, value] : call.variables) is_replaced |= key == name;
    if (!is_replaced) all.emplace_back(text);
  }
  for (const auto& [key, value] : call.variables) all.push_back(key + "=" + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

// A write to a program that has ended is an error here, and no signal to this process: the signal is held off, and
// taken away where it came.
class NoBrokenPipeSignal {
 public:
  NoBrokenPipeSignal() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  NoBrokenPipeSignal(const NoBrokenPipeSignal&) = delete;
  NoBrokenPipeSignal& operator=(const NoBrokenPipeSignal&) = delete;
  NoBrokenPipeSignal(NoBrokenPipeSignal&&) = delete;
  NoBrokenPipeSignal& operator=(NoBrokenPipeSignal&&) = delete;
  ~NoBrokenPipeSignal() {
    const timespec at_once{};
    while (::sigtimedwait(&pipe_, nullptr, &at_once) > 0) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_{};
  sigset_t before_{};
};

// False at its end.
bool take(Descriptor& from, std::string& into, std::size_t bytes_max) {
  std::array<char, 16'384> buffer{};
  const ssize_t count = ::read(from.number(), buffer.data(), buffer.size());
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  if (count == 0) return false;
  const std::size_t room = bytes_max - std::min(bytes_max, into.size());
  into.append(buffer.data(), std::min(room, static_cast<std::size_t>(count)));
  return true;
}

class PosixPrograms final : public Programs {
 public:
  Result<ProgramResult> run(const ProgramCall& call) override {
    ATOLL_INVARIANT(!call.words.empty(), "a program has a name");
    ATOLL_ASSIGN(Pipe in, make_pipe());
    ATOLL_ASSIGN(Pipe out, make_pipe());
    ATOLL_ASSIGN(Pipe err, make_pipe());
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in.read_end.number(), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, out.write_end.number(), STDOUT_FILENO);
    if (!call.shows_errors) ::posix_spawn_file_actions_adddup2(&actions, err.write_end.number(), STDERR_FILENO);
    std::vector<std::string> words = call.words;
    std::vector<std::string> variables = environment_of(call);
    pid_t child = 0;
    const int failed = ::posix_spawnp(&child, words.front().c_str(), &actions, nullptr, pointers(words).data(),
                                      pointers(variables).data());
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) {
      return fail(ErrorKind::failed, "program.not_started", words.front() + ": " + std::strerror(failed),
                  "Check that the program is installed and can be found.");
    }
    in.read_end.close();
    out.write_end.close();
    err.write_end.close();
    ProgramResult result;
    const bool has_said_all = talk(call, in.write_end, out.read_end, err.read_end, result);
    const auto status = has_said_all ? wait_for_end(child, call.stop) : std::nullopt;
    if (!status) {
      ::kill(child, SIGTERM);
      // Where it ends at once nothing of it stays; else it does, as a line of ps, until this process ends.
      for (int i = 0; i < kLastLooks && ::waitpid(child, nullptr, WNOHANG) == 0; ++i) pause_ms(kLookMs);
      return fail(ErrorKind::interrupted, "program.left", words.front() + " was not waited for");
    }
    constexpr int kSignalBase = 128;
    result.exit_code = WIFEXITED(*status) ? WEXITSTATUS(*status) : kSignalBase + WTERMSIG(*status);
    return result;
  }

  std::string own_path() override {
    std::string path(4096, '\0');
    const ssize_t count = ::readlink("/proc/self/exe", path.data(), path.size());
    path.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return path;
  }

  std::int64_t local_time_ahead_s(Timestamp time) override {
    constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;
    const auto seconds = static_cast<std::time_t>(time.unix_us / kMicrosecondsPerSecond);
    std::tm local{};
    return ::localtime_r(&seconds, &local) != nullptr ? local.tm_gmtoff : 0;
  }

 private:
  static constexpr int kLookMs = 20;  // how often `stop` is looked at
  static constexpr int kLastLooks = 10;
  static void pause_ms(int time_ms) { ::poll(nullptr, 0, time_ms); }
  static bool is_stopped(const std::atomic<bool>* stop) { return stop != nullptr && stop->load(); }

  // None: `stop` came first.
  static std::optional<int> wait_for_end(pid_t child, const std::atomic<bool>* stop) {
    int status = 0;
    while (true) {
      const pid_t ended = ::waitpid(child, &status, stop == nullptr ? 0 : WNOHANG);
      if (ended > 0 || (ended < 0 && errno != EINTR)) return status;
      if (is_stopped(stop)) return std::nullopt;
      if (ended == 0) pause_ms(kLookMs);
    }
  }

  // Feeds and reads at once, so that neither side waits for the other with a full pipe. False: `stop` came first.
  static bool talk(const ProgramCall& call, Descriptor& in, Descriptor& out, Descriptor& err, ProgramResult& result) {
    const NoBrokenPipeSignal held_off;
    ::fcntl(in.number(), F_SETFL, O_NONBLOCK);
    std::string_view rest = call.input;
    if (rest.empty()) in.close();
    while (out.is_open() || err.is_open()) {
      std::array<pollfd, 3> watched{pollfd{out.number(), POLLIN, 0}, pollfd{err.number(), POLLIN, 0},
                                    pollfd{in.number(), POLLOUT, 0}};
      if (::poll(watched.data(), watched.size(), call.stop == nullptr ? -1 : kLookMs) < 0 && errno != EINTR) break;
      if (is_stopped(call.stop)) return false;
      if (watched[2].revents != 0) {
        const ssize_t count = ::write(in.number(), rest.data(), rest.size());
        if (count > 0) rest.remove_prefix(static_cast<std::size_t>(count));
        if (rest.empty() || (count < 0 && errno != EINTR && errno != EAGAIN)) in.close();
      }
      if (watched[0].revents != 0 && !take(out, result.output, call.output_bytes_max)) out.close();
      if (watched[1].revents != 0 && !take(err, result.errors, call.output_bytes_max)) err.close();
    }
    return true;
  }
};

}  // namespace

std::unique_ptr<Programs> make_posix_programs() { return std::make_unique<PosixPrograms>(); }

}  // namespace atl::platform
