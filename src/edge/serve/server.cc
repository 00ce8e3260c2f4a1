#include "edge/serve/server.h"

#include <algorithm>

#include "edge/serve/locked_page.h"
#include "edge/serve/open_home.h"
#include "foundation/platform/network.h"
#include "foundation/platform/service_manager.h"

namespace atl::serve {
namespace {

using platform::join;

#ifndef ATOLL_VERSION
#define ATOLL_VERSION "0"
#endif

constexpr std::int64_t kWaitForStopMs = 200;
constexpr std::int64_t kWaitForAnswersMs = 20;
constexpr int kPassphraseTries = 3;

Result<std::vector<net::Endpoint>> endpoints_of(const cli::ServeRequest& request) {
  std::vector<net::Endpoint> out;
  const bool has_certificate = !request.tls_certificate.empty();
  for (const std::string& text : request.listen) {
    ATOLL_ASSIGN(auto endpoint, net::parse_endpoint(text));
    endpoint.is_tls = endpoint.kind == net::Endpoint::Kind::tcp && !request.no_tls &&
                      (has_certificate || !net::is_loopback(endpoint));
    out.push_back(std::move(endpoint));
  }
  net::Endpoint local;
  local.kind = net::Endpoint::Kind::local;
  local.path = join(request.home_folder, "server.sock");
  out.push_back(std::move(local));
  return out;
}

bool is_everywhere(const net::Endpoint& endpoint) {
  return endpoint.kind == net::Endpoint::Kind::tcp &&
         (endpoint.host.empty() || endpoint.host == "*" || endpoint.host == "0.0.0.0" || endpoint.host == "::");
}

std::string url_of(const net::Endpoint& endpoint) {
  return (endpoint.is_tls ? "https://" : "http://") + net::format(endpoint);
}

// As a person on another machine types it, where one can be reached from there.
std::vector<std::string> addresses_of(const net::Endpoint& endpoint, const cli::ServeRequest& request,
                                      const std::vector<std::string>& own) {
  if (!request.base_url.empty()) return {request.base_url};
  if (!is_everywhere(endpoint)) return {url_of(endpoint)};
  std::vector<std::string> out;
  net::Endpoint shown = endpoint;
  for (const std::string& address : own) {
    shown.host = address;
    out.push_back(url_of(shown));
  }
  shown.host = "localhost";
  if (out.empty()) out.push_back(url_of(shown));
  return out;
}

// Of an endpoint that is every address of this machine; where nobody can say which these are, the log says so.
std::vector<std::string> own_addresses_for(const std::vector<net::Endpoint>& endpoints, Log& log) {
  if (std::ranges::none_of(endpoints, is_everywhere)) return {};
  auto own = platform::own_addresses();
  if (own) return std::move(*own);
  log.say(own.error().message +
              ": the addresses that are shown, and a certificate of its own, name this machine only. " +
              own.error().hint,
          "warning");
  return {};
}

// Passwords go in clear to whoever is between: right only where a proxy, or a network that is closed, is.
void warn_of_clear_text(const std::vector<net::Endpoint>& endpoints, const cli::ServeRequest& request, Log& log) {
  if (!request.no_tls || !request.trusted_proxies.empty()) return;
  for (const net::Endpoint& endpoint : endpoints) {
    if (net::is_loopback(endpoint)) continue;
    log.say("passwords, tokens and files go in clear over the network at " + net::format(endpoint) +
                ": --no-tls was given, and no --trusted-proxy. Leave --no-tls out for TLS with a certificate of its "
                "own, or "
                "name the proxy that does TLS",
            "warning");
  }
}

Result<std::optional<net::TlsIdentity>> find_identity(const cli::ServeRequest& request,
                                                      const std::vector<net::Endpoint>& endpoints,
                                                      const platform::Machine& machine,
                                                      const std::vector<std::string>& own_addresses, Log& log) {
  if (std::ranges::none_of(endpoints, [](const net::Endpoint& one) { return one.is_tls; })) return std::nullopt;
  if (!request.tls_certificate.empty())
    return net::read_identity(machine.files, request.tls_certificate, request.tls_key);
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
  if (const std::string own = platform::host_name(); !own.empty()) names.push_back(own);
  for (const auto& endpoint : endpoints) {
    if (is_everywhere(endpoint)) {
      names.insert(names.end(), own_addresses.begin(), own_addresses.end());
    } else if (endpoint.kind == net::Endpoint::Kind::tcp) {
      names.push_back(endpoint.host);
    }
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  ATOLL_ASSIGN(auto identity, own_identity(machine, request.config_folder, names));
  const auto facts = net::certificate_facts(identity.certificate_chain_pem);
  if (facts) {
    log.say("certificate of its own, SHA-256 " + to_hex(facts->sha256) +
            ": what a browser shows when it warns, and what --server-fingerprint takes");
  }
  return identity;
}

void say_first_credentials(cli::Environment& environment, const FirstCredentials& made, const std::string& address) {
  // On standard output, once: whoever runs the server in the background finds them there and nowhere else.
  const std::string words =
      "First account (shown once; keep it):\n"
      "  user              " +
      made.user + "\n  password          " + made.password + "\n  token             " + made.token +
      "\n  access key id     " + made.access_key_id + "\n  secret access key " + made.secret_access_key +
      "\nTry:\n  ATOLL_URL=" + address +
      " ATOLL_TOKEN_FILE=FILE atoll ls        (FILE holds the token)\n"
      "  AWS_ACCESS_KEY_ID=" +
      made.access_key_id + " AWS_SECRET_ACCESS_KEY=… aws --endpoint-url " + address + " s3 ls\n";
  ignore_error_on_purpose(environment.terminal.write_out(as_bytes(words)));
}

// Content that is sent keeps what it reads from open.
class HeldSource final : public net::BodySource {
 public:
  HeldSource(std::shared_ptr<OpenHome> home, std::unique_ptr<net::BodySource> source)
      : home_(std::move(home)), source_(std::move(source)) {}
  [[nodiscard]] Result<net::Pulled> pull(ByteSpan out) override { return source_->pull(out); }

 private:
  std::shared_ptr<OpenHome> home_;
  std::unique_ptr<net::BodySource> source_;  // goes first
};

// Which of the two answers: the open home, or the page of the locked one.
class Answering {
 public:
  explicit Answering(LockedPage& locked) : locked_(&locked) {}
  void set(std::shared_ptr<OpenHome> home) {
    const std::lock_guard lock(mutex_);
    home_ = std::move(home);
  }
  [[nodiscard]] net::Response answer(net::Request& request) {
    std::shared_ptr<OpenHome> home = [this] {
      const std::lock_guard lock(mutex_);
      return home_;
    }();
    if (!home || locked_->takes_while_open(request)) return locked_->answer(request);
    net::Response response = home->front().answer(request);
    if (auto* const source = std::get_if<std::unique_ptr<net::BodySource>>(&response.body); source != nullptr)
      *source = std::make_unique<HeldSource>(home, std::move(*source));
    response.on_sent = [home = std::move(home), before = std::move(response.on_sent)](const net::Sent& how) {
      if (before) before(how);
    };
    return response;
  }

 private:
  LockedPage* locked_;
  std::mutex mutex_;
  std::shared_ptr<OpenHome> home_;  // guarded by mutex_
};

// Where somebody sits at the terminal of a locked home: nothing typed starts it locked.
Result<bool> ask_on_terminal(Unlocker& unlocker, cli::Environment& environment) {
  for (int i = 0; i < kPassphraseTries && environment.terminal.is_in_terminal(); ++i) {
    ATOLL_ASSIGN(std::string typed,
                 environment.terminal.read_secret("Passphrase (nothing: serve it locked for now): "));
    const keyring::WipedText passphrase = std::move(typed);
    if (passphrase.empty()) return false;
    const auto given = unlocker.give(passphrase.view());
    if (given && *given) return true;
    environment.terminal.write_error(given ? "One more passphrase is needed.\n" : given.error().message + "\n");
  }
  return false;
}

class Server {
 public:
  Server(cli::ServeRequest request, cli::Environment& environment, const MakeDoors& make_doors)
      : request_(std::move(request)),
        environment_(&environment),
        make_doors_(&make_doors),
        log_(environment, request_.logs_json, request_.is_quiet) {}

  [[nodiscard]] Result<int> run() {
    ATOLL_ASSIGN(const auto endpoints, endpoints_of(request_));
    ATOLL_ASSIGN(home_, vault::Home::open(environment_->machine, request_.home_folder, vault::HomeUse::alone));
    unlocker_ = std::make_unique<Unlocker>(*home_, std::move(request_.secrets));
    ATOLL_ASSIGN(bool is_unlocked, unlocker_->begin());
    if (!is_unlocked) {
      ATOLL_ASSIGN(is_unlocked, ask_on_terminal(*unlocker_, *environment_));
    }
    warn_of_clear_text(endpoints, request_, log_);
    const auto own = own_addresses_for(endpoints, log_);
    ATOLL_ASSIGN(const auto identity, find_identity(request_, endpoints, environment_->machine, own, log_));
    if (identity) {
      if (const auto facts = net::certificate_facts(identity->certificate_chain_pem))
        certificate_end_ = facts->not_after;
    }
    ATOLL_ASSIGN(const auto info, environment_->host.info(request_.home_folder));
    const auto fields =
        request_.takes_forwarded ? server::ForwardingFields::forwarded : server::ForwardingFields::x_forwarded;
    page_ = std::make_unique<LockedPage>(
        environment_->machine, *unlocker_,
        LockedPageSettings{{request_.trusted_proxies, fields}, request_.base_url, info.uid},
        [this](const std::string& words) { log_.say(words); });
    answering_ = std::make_unique<Answering>(*page_);
    net::ServerOptions options;
    options.threads = static_cast<unsigned>(std::min<std::uint64_t>(request_.threads, 4096));
    options.drain_timeout_ms = static_cast<std::uint32_t>(std::min<std::uint64_t>(request_.drain_seconds, 3600) * 1000);
    ATOLL_ASSIGN(listening_,
                 net::HttpServer::start(environment_->machine, endpoints, identity ? &*identity : nullptr, options,
                                        [this](net::Request& one) { return answering_->answer(one); }));
    addresses_ = addresses_of(listening_->endpoints().front(), request_, own);
    if (!is_unlocked) {
      say_locked();
      tell_manager("READY=1");  // it answers, if only that it is locked; nobody who waits could unlock it
    }
    while (unlocker_->wait_until_sufficient(environment_->stop)) {
      const auto served = serve_open();
      if (!served) {
        unlocker_->note_failed(served.error());
        listening_->stop();
        return pass(served.error());
      }
      if (environment_->stop.load()) break;
      say_locked();
    }
    tell_manager("STOPPING=1");
    listening_->stop();
    log_.say("ended");
    return 0;
  }

 private:
  void tell_manager(std::string_view state) {
    const auto told = platform::tell_service_manager(environment_->variable("NOTIFY_SOCKET").value_or(""), state);
    if (!told) log_.say(told.error().message, "warning");
  }
  void say_locked() {
    log_.say("Atoll " ATOLL_VERSION " listens at " + addresses_.front() + ", and its home " + request_.home_folder +
             " is locked: `atoll unlock`, or that page in a browser, takes the passphrase");
  }

  // From unlocking until it is to end or to be locked.
  [[nodiscard]] Result<void> serve_open() {
    lock_ordered_ = false;
    ATOLL_ASSIGN(std::shared_ptr<OpenHome> home, OpenHome::open(*home_, unlocker_->secrets(),
                                                                {request_, *environment_, log_, *make_doors_,
                                                                 *listening_, lock_ordered_, certificate_end_}));
    std::optional<FirstCredentials> first;
    if (!request_.is_for_owner_alone) {
      ATOLL_ASSIGN(first, home->make_first_account());
    }
    log_.say("Atoll " ATOLL_VERSION " serves " + request_.home_folder + " at " + addresses_.front());
    for (std::size_t i = 1; i < addresses_.size(); ++i) log_.say("also at " + addresses_[i]);
    if (first) say_first_credentials(*environment_, *first, addresses_.front());
    answering_->set(home);
    home->start();
    unlocker_->note_opened(
        [opened = home.get()](const vault::UnlockSecrets& secrets) { return opened->open_more(secrets); });
    tell_manager("READY=1");
    while (!environment_->stop.load() && !lock_ordered_.load()) environment_->watchers.pause(kWaitForStopMs);
    const bool is_end = environment_->stop.load();
    log_.say(std::string(is_end ? "ending" : "locking") + ": requests under way have " +
             std::to_string(request_.drain_seconds) + " s");
    if (is_end) tell_manager("STOPPING=1");
    unlocker_->forget();
    home->begin_end();
    if (is_end) {
      listening_->stop();
    } else {
      unlocker_->lock();
    }
    answering_->set(nullptr);
    // What is being sent reads from the vaults. A client that takes nothing is cut off by the time limits of writing.
    while (home.use_count() > 1) {
      environment_->watchers.pause(kWaitForAnswersMs);
      if (environment_->stop.load()) listening_->stop();
    }
    ATOLL_TRY(home->close());
    if (!is_end) log_.say("locked");
    return {};
  }

  cli::ServeRequest request_;
  cli::Environment* environment_;
  const MakeDoors* make_doors_;
  Log log_;
  std::unique_ptr<vault::Home> home_;
  std::unique_ptr<Unlocker> unlocker_;
  std::unique_ptr<LockedPage> page_;
  std::unique_ptr<Answering> answering_;
  std::vector<std::string> addresses_;
  std::optional<Timestamp> certificate_end_;
  std::atomic<bool> lock_ordered_ = false;
  std::unique_ptr<net::HttpServer> listening_;  // goes first: answers need all of the above
};

}  // namespace

Result<int> serve(cli::ServeRequest request, cli::Environment& environment, const MakeDoors& make_doors) {
  return Server(std::move(request), environment, make_doors).run();
}

}  // namespace atl::serve
