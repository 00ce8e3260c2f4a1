#include "edge/serve/commands_door.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "edge/cli/served_command.h"
#include "vault/home.h"

namespace atl::serve {
namespace {

constexpr std::size_t kHeldBytesMax = 1024 * 1024;
constexpr std::size_t kOutputPieceBytes = 512 * 1024;
constexpr std::size_t kGatheredBytesMax = 64 * 1024 * 1024;
constexpr std::chrono::milliseconds kPullWait{200};
constexpr std::size_t kWordsMax = 10'000;

// What a command prints, as frames, between the thread that runs it and the one that sends.
class FrameQueue {
 public:
  explicit FrameQueue(std::size_t bytes_max, bool waits) : bytes_max_(bytes_max), waits_(waits) {}

  [[nodiscard]] Result<void> add(cli::FrameKind kind, std::string_view bytes) {
    const bool is_output = kind == cli::FrameKind::out || kind == cli::FrameKind::error;
    while (!bytes.empty() || !is_output) {
      const std::string_view piece = is_output ? bytes.substr(0, kOutputPieceBytes) : bytes;
      std::unique_lock lock(mutex_);
      if (waits_) changed_.wait(lock, [&] { return is_abandoned_ || held_.size() < bytes_max_; });
      if (is_abandoned_) return fail(ErrorKind::io, "output.closed", "nobody reads the output any more");
      if (held_.size() >= bytes_max_)
        return fail(ErrorKind::limit, "output.too_long", "the command printed more than can be held while it reads");
      cli::append_frame(held_, kind, piece);
      changed_.notify_all();
      if (bytes.size() == piece.size()) break;
      bytes.remove_prefix(piece.size());
    }
    return {};
  }
  void end() {
    const std::lock_guard lock(mutex_);
    is_ended_ = true;
    changed_.notify_all();
  }
  void abandon() {
    const std::lock_guard lock(mutex_);
    is_abandoned_ = true;
    changed_.notify_all();
  }
  [[nodiscard]] bool is_abandoned() const {
    const std::lock_guard lock(mutex_);
    return is_abandoned_;
  }
  [[nodiscard]] net::Pulled take(ByteSpan out) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPullWait, [&] { return is_ended_ || !held_.empty(); });
    net::Pulled pulled;
    pulled.bytes = std::min(out.size(), held_.size());
    std::copy_n(held_.begin(), pulled.bytes, out.begin());
    held_.erase(0, pulled.bytes);
    if (held_.empty() && is_ended_) {
      pulled.state = net::Pulled::State::end;
    } else if (held_.empty()) {
      pulled.state = net::Pulled::State::wait;
      pulled.wait_ms = 1;
    }
    changed_.notify_all();
    return pulled;
  }
  [[nodiscard]] std::string all() {
    const std::lock_guard lock(mutex_);
    return std::move(held_);
  }

 private:
  std::size_t bytes_max_;
  bool waits_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string held_;           // guarded by mutex_
  bool is_ended_ = false;      // guarded by mutex_
  bool is_abandoned_ = false;  // guarded by mutex_
};

class FrameTerminal final : public cli::Terminal {
 public:
  FrameTerminal(FrameQueue& frames, net::BodyReader* input) : frames_(&frames), input_(input) {}
  [[nodiscard]] Result<void> write_out(ByteView bytes) override {
    return frames_->add(cli::FrameKind::out, as_text(bytes));
  }
  void write_error(std::string_view text) override {
    ignore_error_on_purpose(frames_->add(cli::FrameKind::error, text));  // whoever does not read it misses it
  }
  [[nodiscard]] Result<std::size_t> read_in(ByteSpan out) override {
    if (input_ == nullptr || out.empty()) return std::size_t{0};
    return input_->read(out);
  }
  [[nodiscard]] bool is_out_terminal() const override { return false; }
  [[nodiscard]] bool is_error_terminal() const override { return false; }
  [[nodiscard]] bool is_in_terminal() const override { return false; }
  [[nodiscard]] Result<std::string> read_secret(const std::string&) override {
    return fail(ErrorKind::usage, "secret.no_terminal", "there is no terminal to ask on",
                "Give it in a file: --password-file, --new-password-file.");
  }

 private:
  FrameQueue* frames_;
  net::BodyReader* input_;
};

// One command, with everything that it needs to outlive the request that began it.
class Running final : public cli::ServedVaults {
 public:
  Running(server::Exchange& exchange, cli::Environment& surroundings, std::string home_folder, std::string folder,
          std::vector<std::string> words, const std::atomic<bool>& server_stops, FrameQueue& frames,
          net::BodyReader* input)
      : host_(&exchange.host),
        caller_(exchange.caller()),
        who_(exchange.who),
        home_folder_(std::move(home_folder)),
        words_(std::move(words)),
        server_stops_(&server_stops),
        frames_(&frames),
        terminal_(frames, input),
        environment_{surroundings.machine,
                     surroundings.host,
                     surroundings.watchers,
                     terminal_,
                     surroundings.variable,
                     surroundings.programs,
                     stop_,
                     surroundings.process_words,
                     std::move(folder)} {
    environment_.served = this;
    environment_.is_elsewhere = surroundings.is_elsewhere;
    environment_.on_bucket = surroundings.on_bucket;
    environment_.workers = surroundings.workers;
    if (who_.is_local_owner) {
      environment_.callers_variable =
          [given = cli::decode_variables(exchange.request.headers.get("Atoll-Variables").value_or(""))](
              const std::string& name) -> std::optional<std::string> {
        const auto found = given.find(name);
        return found == given.end() ? std::nullopt : std::optional(found->second);
      };
    }
    environment_.on_error = [this](const Error& error) {
      if (error.id != cli::kQuestionId) return false;
      question_ = error.message;
      return true;
    };
  }

  // `at_end`: lets go of what uses a vault.
  void run(const std::function<void()>& at_end = nullptr) {
    const int code = cli::run(words_, environment_);
    if (at_end) at_end();
    uses_.clear();
    ignore_error_on_purpose(question_.empty() ? frames_->add(cli::FrameKind::exit, std::to_string(code))
                                              : frames_->add(cli::FrameKind::question, question_));
    frames_->end();
  }
  void stop() { stop_ = true; }
  [[nodiscard]] bool is_to_stop() const { return server_stops_->load(); }

  [[nodiscard]] Result<std::unique_ptr<vault::Vault>> open(const std::string& name_or_id, bool alone) override {
    if (vault::Vault* const control = control_named(name_or_id); control != nullptr) {
      if (!alone) return control->acting_for(caller_);
      return fail(ErrorKind::locked, "vault.busy", "the server needs the accounts all the time",
                  "Stop the server for this.");
    }
    ATOLL_ASSIGN(const VaultId id, host_->find(name_or_id));
    // Waiting for its own use to end would take for ever.
    for (const auto& use : uses_)
      if (use.id() == id) return use.vault().acting_for(caller_);
    auto use = alone ? host_->use_alone(id.text(), caller_) : host_->use(id, caller_);
    if (!use) return pass(std::move(use).error());
    auto handle = use->vault().acting_for(caller_);
    uses_.push_back(std::move(*use));  // until the command is over
    return handle;
  }
  [[nodiscard]] std::string home_folder() const override { return home_folder_; }
  [[nodiscard]] access::Access& accounts() override { return host_->access(); }
  [[nodiscard]] const access::Who& who() const override { return who_; }
  [[nodiscard]] search::SearchIndex* search() const override {
    return uses_.empty() ? nullptr : uses_.front().search();
  }
  [[nodiscard]] observe::Observer* observer() const override { return host_->observer(); }
  [[nodiscard]] Result<VaultId> find_vault(const std::string& name_or_id) const override {
    if (const vault::Vault* const control = control_named(name_or_id); control != nullptr)
      return control->keys().vault();
    return host_->find(name_or_id);
  }
  [[nodiscard]] std::vector<std::pair<VaultId, std::string>> vaults() const override {
    std::vector<std::pair<VaultId, std::string>> out;
    for (const auto& one : host_->vaults()) out.emplace_back(one.id, one.name);
    return out;
  }
  [[nodiscard]] std::vector<std::string> locked_vaults() const override { return host_->locked_vaults(); }
  [[nodiscard]] std::vector<cli::ServedJob> jobs() const override {
    std::vector<cli::ServedJob> out;
    for (server::JobFacts& facts : host_->jobs().list()) {
      out.push_back({facts.id.text(), std::move(facts.kind), std::move(facts.vault_name), std::move(facts.actor),
                     std::string(server::name_of(facts.state)), std::move(facts.step), std::move(facts.message),
                     facts.done, facts.total, facts.created, facts.ended});
    }
    return out;
  }
  [[nodiscard]] Result<void> cancel_job(const std::string& id) override {
    const auto parsed = JobId::parse(id);
    if (!parsed || !host_->jobs().find(*parsed)) {
      return fail(ErrorKind::not_found, "job.not_found", "there is no job " + id.substr(0, 80),
                  "`atoll job list --all` shows those that are remembered.");
    }
    host_->jobs().cancel(*parsed);
    return {};
  }

 private:
  // The vault of the accounts, where it is meant: by its name, which no other can have, or its id.
  [[nodiscard]] vault::Vault* control_named(const std::string& name_or_id) const {
    vault::Vault* const control = host_->access().control();
    if (control == nullptr) return nullptr;
    const bool is_meant = name_or_id == vault::kControlVaultName || name_or_id == control->keys().vault().text();
    return is_meant ? control : nullptr;
  }

  server::Host* host_;
  vault::Caller caller_;
  access::Who who_;
  std::string home_folder_;
  std::vector<std::string> words_;
  const std::atomic<bool>* server_stops_;
  std::atomic<bool> stop_ = false;
  FrameQueue* frames_;
  FrameTerminal terminal_;
  std::string question_;
  std::vector<server::VaultUse> uses_;
  cli::Environment environment_;
};

// Sends what a command prints while it runs on a thread of its own; ends it where the client goes away.
class CommandSource final : public net::BodySource {
 public:
  CommandSource(server::Exchange& exchange, cli::Environment& surroundings, const std::string& home_folder,
                std::string folder, std::vector<std::string> words, const std::atomic<bool>& server_stops)
      : frames_(kHeldBytesMax, true),
        running_(exchange, surroundings, home_folder, std::move(folder), std::move(words), server_stops, frames_,
                 nullptr),
        thread_(surroundings.machine.threads.start("command", [this] { running_.run(); })) {}
  CommandSource(const CommandSource&) = delete;
  CommandSource& operator=(const CommandSource&) = delete;
  CommandSource(CommandSource&&) = delete;
  CommandSource& operator=(CommandSource&&) = delete;
  ~CommandSource() override {
    running_.stop();
    frames_.abandon();
    thread_->join();
  }
  [[nodiscard]] Result<net::Pulled> pull(ByteSpan out) override {
    if (running_.is_to_stop()) running_.stop();
    return frames_.take(out);
  }

 private:
  FrameQueue frames_;
  Running running_;
  std::unique_ptr<platform::Thread> thread_;
};

// The same for a command that works with files of the machine it came from.
class FilesCommandSource final : public net::BodySource {
 public:
  FilesCommandSource(server::Exchange& exchange, const cli::Environment& surroundings, const std::string& home_folder,
                     std::string folder, std::vector<std::string> words, const std::atomic<bool>& server_stops,
                     AnsweredCommands& answered)
      : frames_(kHeldBytesMax, true),
        client_(surroundings, [this](std::string_view call) { return frames_.add(cli::FrameKind::call, call); }),
        running_(exchange, client_.surroundings(), home_folder, std::move(folder), std::move(words), server_stops,
                 frames_, nullptr),
        answered_(&answered),
        id_(answered.add(surroundings.machine.random, exchange.who, client_.channel())) {
    ignore_error_on_purpose(frames_.add(cli::FrameKind::files, id_));  // nobody can have gone yet
    thread_ = surroundings.machine.threads.start("command", [this] { running_.run([this] { client_.let_go(); }); });
  }
  FilesCommandSource(const FilesCommandSource&) = delete;
  FilesCommandSource& operator=(const FilesCommandSource&) = delete;
  FilesCommandSource(FilesCommandSource&&) = delete;
  FilesCommandSource& operator=(FilesCommandSource&&) = delete;
  ~FilesCommandSource() override {
    running_.stop();
    client_.channel().end();
    frames_.abandon();
    thread_->join();
    answered_->remove(id_);
  }
  [[nodiscard]] Result<net::Pulled> pull(ByteSpan out) override {
    if (running_.is_to_stop() || client_.channel().is_to_stop()) running_.stop();
    return frames_.take(out);
  }

 private:
  FrameQueue frames_;
  ClientMachine client_;
  Running running_;
  AnsweredCommands* answered_;
  std::string id_;
  std::unique_ptr<platform::Thread> thread_;
};

// "" where the path is no place for a command's answers.
std::string_view command_of(std::string_view path) {
  constexpr std::string_view kEnd = "/answers";
  if (!path.starts_with(cli::kCommandPath) || !path.ends_with(kEnd)) return {};
  path.remove_prefix(cli::kCommandPath.size());
  path.remove_suffix(std::min(path.size(), kEnd.size()));
  return path.starts_with('/') ? path.substr(1) : std::string_view();
}

}  // namespace

CommandsDoor::CommandsDoor(cli::Environment& surroundings, std::string home_folder, const std::atomic<bool>& stop)
    : surroundings_(&surroundings),
      home_folder_(std::move(home_folder)),
      stop_(&stop),
      no_programs_(surroundings.programs),
      remote_surroundings_{
          {no_files_, surroundings.machine.clock, surroundings.machine.random, surroundings.machine.threads},
          no_tree_,
          no_watchers_,
          surroundings.terminal,
          [](const std::string&) -> std::optional<std::string> { return std::nullopt; },
          no_programs_,
          surroundings.stop,
          surroundings.process_words,
          "/"} {
  remote_surroundings_.is_elsewhere = true;
}

bool CommandsDoor::takes(const server::Exchange& exchange) const {
  return exchange.target.path == cli::kCommandPath || !command_of(exchange.target.path).empty();
}

net::Response CommandsDoor::take_answers(server::Exchange& exchange, std::string_view id) {
  exchange.route = "/api/v1/commands/{id}/answers";
  const auto taken = [&]() -> Result<void> {
    ATOLL_TRY(exchange.require(access::Action::server_admin, {}));
    ATOLL_ASSIGN(const Bytes answers, net::read_all(exchange.request.body, remote::kAnswersBytesMax));
    return answered_.take(id, exchange.who, answers);
  }();
  if (!taken) return server::problem(taken.error(), exchange.request_id);
  net::Response response;
  response.status = 204;
  return response;
}

net::Response CommandsDoor::answer(server::Exchange& exchange) {
  const auto refused = [&](const Error& error) { return server::problem(error, exchange.request_id); };
  if (exchange.request.method != "POST")
    return refused({ErrorKind::usage, "http.method_not_allowed", "commands are sent with POST", ""});
  if (const auto id = command_of(exchange.target.path); !id.empty()) return take_answers(exchange, id);
  exchange.route = cli::kCommandPath;
  if (const auto allowed = exchange.require(access::Action::server_admin, {}); !allowed)
    return refused(allowed.error());
  const auto given = exchange.request.headers.get("Atoll-Arguments");
  auto words = cli::decode_words(given.value_or(""));
  if (!words) return refused(words.error());
  if (words->empty() || words->size() > kWordsMax)
    return refused({ErrorKind::usage, "command.no_words", "there is no command in Atoll-Arguments", ""});
  // Paths in the words are of whoever typed them: they mean something here only where that is this machine's owner.
  std::string folder = "/";
  cli::Environment& surroundings = exchange.who.is_local_owner ? *surroundings_ : remote_surroundings_;
  const auto decoded = from_base64(exchange.request.headers.get("Atoll-Working-Folder").value_or(""));
  if (decoded && !decoded->empty()) folder = to_string(*decoded);
  net::Response response;
  response.headers.set("Content-Type", "application/vnd.atoll.command-output");
  const bool gives_files = exchange.request.headers.get("Atoll-Files") == remote::kFilesVersion;
  if (gives_files && !exchange.who.is_local_owner && !exchange.request.has_body()) {
    response.body = std::unique_ptr<net::BodySource>(std::make_unique<FilesCommandSource>(
        exchange, remote_surroundings_, home_folder_, std::move(folder), std::move(*words), *stop_, answered_));
    return response;
  }
  if (!exchange.request.has_body()) {
    response.body = std::unique_ptr<net::BodySource>(std::make_unique<CommandSource>(
        exchange, surroundings, home_folder_, std::move(folder), std::move(*words), *stop_));
    return response;
  }
  // Standard input is the request's body, which can be read until the answer begins: what is printed is gathered.
  FrameQueue frames(kGatheredBytesMax, false);
  Running running(exchange, surroundings, home_folder_, std::move(folder), std::move(*words), *stop_, frames,
                  &exchange.request.body);
  running.run();
  response.body = frames.all();
  return response;
}

}  // namespace atl::serve
