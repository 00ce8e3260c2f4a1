#include "edge/cli/home_server.h"

namespace atl::cli {
namespace {

constexpr std::int64_t kWaitMs = 20;
constexpr std::int64_t kReachMs = 60'000;
constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kDrainSeconds = 5;

enum class Found : std::uint8_t { nobody, opening, open };

// A server that is locked, or takes no writes, says so itself to whoever is sent there.
Found look(ServerLink& link) {
  net::ClientRequest request;
  request.url = link.base + "/readyz";
  const auto answer = link.client->send(request);
  if (!answer) return Found::nobody;
  return as_text(answer->body).starts_with("beginning or ending") ? Found::opening : Found::open;
}

}  // namespace

// What is data elsewhere is a message here: standard output belongs to whoever speaks over it.
class HomeServer::Quiet final : public Terminal {
 public:
  explicit Quiet(Terminal& terminal) : terminal_(&terminal) {}
  [[nodiscard]] Result<void> write_out(ByteView bytes) override {
    terminal_->write_error(as_text(bytes));
    return {};
  }
  void write_error(std::string_view text) override { terminal_->write_error(text); }
  [[nodiscard]] Result<std::size_t> read_in(ByteSpan /*out*/) override { return 0U; }
  [[nodiscard]] bool is_out_terminal() const override { return false; }
  [[nodiscard]] bool is_error_terminal() const override { return false; }
  [[nodiscard]] bool is_in_terminal() const override { return false; }
  [[nodiscard]] Result<std::string> read_secret(const std::string& /*prompt*/) override {
    return fail(ErrorKind::usage, "secret.no_terminal", "there is no terminal to ask on",
                "Name a file: --password-file, or ATOLL_PASSWORD_FILE.");
  }

 private:
  Terminal* terminal_;
};

HomeServer::HomeServer(Session& session)
    : session_(&session), terminal_(std::make_unique<Quiet>(session.environment.terminal)) {
  Environment& outer = session.environment;
  environment_ =
      std::make_unique<Environment>(Environment{outer.machine, outer.host, outer.watchers, *terminal_, outer.variable,
                                                outer.programs, stop_, outer.process_words, outer.working_folder});
  environment_->serve = outer.serve;
}

HomeServer::~HomeServer() { end(); }

Result<void> HomeServer::make_home() {
  const std::string folder = session_->home_folder();
  ATOLL_ASSIGN(const auto there, session_->environment.machine.files.stat(platform::join(folder, "home.json")));
  if (there) return {};
  session_->output.message("There is no home at " + folder + " yet: it is made.");
  const int code = run({"--home", folder, "--quiet", "init", "--if-missing"}, *environment_);
  if (code == 0) return {};
  return fail(ErrorKind::failed, "home.not_made", "the home " + folder + " could not be made",
              "`atoll init` says why.");
}

Result<void> HomeServer::begin() {
  ATOLL_TRY(make_home());
  ServeRequest request;
  request.home_folder = session_->home_folder();
  request.config_folder = platform::parent_of(session_->key_folder());
  ATOLL_ASSIGN(request.secrets, session_->secrets());
  request.default_vault = session_->options.vault;
  request.is_for_owner_alone = true;
  request.is_quiet = true;
  request.drain_seconds = kDrainSeconds;
  stop_ = false;
  thread_ = session_->environment.machine.threads.start(
      "home server", [this, request = std::make_shared<ServeRequest>(std::move(request))] {
        auto outcome = environment_->serve(std::move(*request), *environment_);
        const std::lock_guard lock(mutex_);
        outcome_ = std::move(outcome);
      });
  return {};
}

std::optional<Result<int>> HomeServer::take_outcome() {
  std::optional<Result<int>> taken;
  {
    const std::lock_guard lock(mutex_);
    taken = std::exchange(outcome_, std::nullopt);
  }
  if (taken) thread_.reset();
  return taken;
}

Result<ServerLink> HomeServer::reach() {
  Environment& outer = session_->environment;
  if (!outer.serve) return fail(ErrorKind::unsupported, "serve.not_here", "this program cannot run a server");
  const std::int64_t begun_ns = outer.machine.clock.monotonic_ns();
  std::optional<Error> in_use;
  while (!outer.stop.load() && (outer.machine.clock.monotonic_ns() - begun_ns) / kNsPerMs < kReachMs) {
    ATOLL_ASSIGN(auto link, server_of_home(*session_));
    const Found found = link ? look(*link) : Found::nobody;
    if (found == Found::open) return std::move(*link);
    if (const auto outcome = take_outcome(); outcome && !*outcome) {
      // Somebody else was quicker, or a command has the home until it is done.
      if (outcome->error().kind != ErrorKind::locked && outcome->error().kind != ErrorKind::conflict)
        return pass(outcome->error());
      in_use = outcome->error();
    }
    if (thread_ == nullptr && found == Found::nobody) ATOLL_TRY(begin());
    outer.watchers.pause(kWaitMs);
  }
  if (outer.stop.load()) return fail(ErrorKind::interrupted, "server.stopped", "asked to stop");
  if (in_use) return pass(std::move(*in_use));
  return fail(ErrorKind::unreachable, "server.not_running",
              "the server of " + session_->home_folder() + " did not answer within a minute",
              "`atoll doctor` looks at the home.");
}

void HomeServer::end() {
  stop_ = true;
  thread_.reset();  // joins
}

}  // namespace atl::cli
