// The program: builds the real machine, hands it to the command line, and owns every lifetime.
#include <malloc.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "derived/extract/extractor.h"
#include "derived/extract/member.h"
#include "edge/cli/environment.h"
#include "edge/mcp/mcp_door.h"
#include "edge/rest/rest_door.h"
#include "edge/s3/door.h"
#include "edge/serve/server.h"
#include "edge/web/web_door.h"
#include "edge/webdav/webdav_door.h"
#include "foundation/platform/posix_machine.h"
#include "services/transfer/readers.h"

namespace {

// A signal handler can reach nothing but a global; this is the program's only one.
std::atomic<bool> stop_requested = false;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

void request_stop(int number) {
  if (stop_requested.exchange(true)) {  // asked twice: at once
    std::signal(number, SIG_DFL);
    std::raise(number);
  }
}

class PosixTerminal final : public atl::cli::Terminal {
 public:
  atl::Result<void> write_out(atl::ByteView bytes) override {
    while (!bytes.empty()) {
      const ssize_t count = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return atl::fail(atl::ErrorKind::io, "output.closed", std::strerror(errno));
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
  }
  void write_error(std::string_view text) override {
    while (!text.empty()) {
      const ssize_t count = ::write(STDERR_FILENO, text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  atl::Result<std::size_t> read_in(atl::ByteSpan out) override {
    for (;;) {
      const ssize_t count = ::read(STDIN_FILENO, out.data(), out.size());
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR || stop_requested)
        return atl::fail(atl::ErrorKind::io, "input.unreadable",
                         std::string("standard input: ") + std::strerror(errno));
    }
  }
  bool is_out_terminal() const override { return ::isatty(STDOUT_FILENO) != 0; }
  bool is_error_terminal() const override { return ::isatty(STDERR_FILENO) != 0; }
  bool is_in_terminal() const override { return ::isatty(STDIN_FILENO) != 0; }
  atl::Result<std::string> read_secret(const std::string& prompt) override {
    termios before{};
    if (::tcgetattr(STDIN_FILENO, &before) != 0)
      return atl::fail(atl::ErrorKind::usage, "secret.no_terminal", "there is no terminal to ask on");
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    write_error(prompt);
    std::string secret;
    atl::Result<std::size_t> count = 0;
    for (std::uint8_t c = 0; (count = read_in({&c, 1})) && *count == 1 && c != '\n';)
      secret.push_back(static_cast<char>(c));
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    write_error("\n");
    if (!count) return atl::pass(count.error());
    return secret;
  }
};

void raise_open_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);  // deep folders keep one handle a level
  }
}

// Beside this program, or where packages put what is not for people's hands; empty where it is not installed.
std::string find_previews_program() {
  std::array<char, 4096> own{};
  const ssize_t length = ::readlink("/proc/self/exe", own.data(), own.size() - 1);
  if (length <= 0) return {};
  const std::string path(own.data(), static_cast<std::size_t>(length));
  const std::string folder = path.substr(0, path.rfind('/'));
  for (const char* const place : {"/atoll-previews", "/../lib/atoll/atoll-previews"})
    if (::access((folder + place).c_str(), X_OK) == 0) return folder + place;
  return {};
}

std::string process_words(const std::vector<std::string>& arguments) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  // The first word that is no option; the value of an option that stands before it would not be worth a parser.
  std::string verb;
  if (!arguments.empty() && !arguments.front().starts_with('-')) verb = " (atoll " + arguments.front() + ")";
  return "process " + std::to_string(::getpid()) + " on " + host.data() + verb;
}

// The C library makes up to eight heaps for each processor, and each keeps what it was given back. Commands have about
// as many busy threads as there are processors and do as well with half as many heaps: a first put of 108,000 files on
// two processors took 166 MB instead of 192 in the same time. A server has many more threads and keeps the usual
// number.
void make_few_heaps([[maybe_unused]] const std::vector<std::string>& arguments, [[maybe_unused]] unsigned processors) {
#ifdef M_ARENA_MAX
  if (std::ranges::find(arguments, "serve") == arguments.end())
    ::mallopt(M_ARENA_MAX, static_cast<int>(std::max(1U, processors / 2)));
#endif
}

}  // namespace

int main(int argc, char** argv) {
  // A reader of foreign bytes, started by ourselves: nothing else of the program runs in it.
  if (argc == 3 && std::strcmp(argv[1], "worker") == 0) {
    if (std::strcmp(argv[2], "extract") == 0) return atl::extract::run_worker();
    if (std::strcmp(argv[2], "member") == 0) return atl::extract::run_member_worker();
    if (std::strcmp(argv[2], "ctags") == 0) return atl::extract::run_symbols_worker();
    return atl::transfer::run_worker(argv[2]);
  }
  struct sigaction action {};
  action.sa_handler = request_stop;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGXFSZ, SIG_IGN);  // a limit of file size is an error of write too
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of write, not an end without a word
  raise_open_file_limit();

  const std::vector<std::string> arguments(argv + 1, argv + argc);
  atl::platform::PosixMachine machine;
  make_few_heaps(arguments, machine.machine().threads.hardware_count());
  const auto host = atl::platform::make_posix_host_tree();
  const auto programs = atl::platform::make_posix_programs();
  const auto watchers = atl::platform::make_posix_file_watchers();
  PosixTerminal terminal;
  std::string folder = "/";
  if (char* current = ::getcwd(nullptr, 0); current != nullptr) {
    folder = current;
    std::free(current);  // NOLINT(cppcoreguidelines-no-malloc): getcwd allocates it so
  }
  atl::cli::Environment environment{machine.machine(),
                                    *host,
                                    *watchers,
                                    terminal,
                                    [](const std::string& name) -> std::optional<std::string> {
                                      const char* value = std::getenv(name.c_str());
                                      if (value == nullptr) return std::nullopt;
                                      return value;
                                    },
                                    *programs,
                                    stop_requested,
                                    process_words(arguments),
                                    folder};
  environment.previews_program = find_previews_program();
  environment.serve = [](atl::cli::ServeRequest request, atl::cli::Environment& surroundings) {
    return atl::serve::serve(std::move(request), surroundings, [](atl::server::Host& served) {
      std::vector<std::unique_ptr<atl::server::Door>> doors;
      doors.push_back(atl::s3::make_door(served));
      doors.push_back(std::make_unique<atl::webdav::WebDavDoor>(served.machine()));
      doors.push_back(std::make_unique<atl::mcp::McpDoor>(served.machine()));
      doors.push_back(std::make_unique<atl::rest::RestDoor>());
      doors.push_back(std::make_unique<atl::web::WebDoor>(atl::web::built_assets()));
      return doors;
    });
  };
  return atl::cli::run(arguments, environment);
}
