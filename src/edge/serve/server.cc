#include "edge/serve/server.h"

#include <algorithm>

#include "edge/cli/output.h"
#include "edge/serve/commands_door.h"
#include "edge/serve/first_start.h"
#include "edge/serve/housekeeping.h"
#include "edge/serve/trace_sink.h"
#include "edge/server/watched_host.h"
#include "vault/access/control.h"
#include "vault/home.h"
#include "vault/status.h"

namespace atl::serve {
namespace {

using platform::join;

#ifndef ATOLL_VERSION
#define ATOLL_VERSION "0"
#endif

constexpr std::int64_t kWaitForStopMs = 200;
constexpr std::int64_t kTracesMs = 2'000;

// Lines for people on a terminal, JSON lines else; on standard error, for standard output is for data.
class Log {
 public:
  Log(cli::Environment& environment, bool is_json, bool is_quiet)
      : environment_(&environment), is_json_(is_json), is_quiet_(is_quiet) {}

  void say(const std::string& words, std::string_view level = "info") {
    if (is_json_) {
      json::Value line;
      line.set("time", format_rfc3339(environment_->machine.clock.now())).set("level", level).set("message", words);
      write(line.text() + "\n");
    } else {
      write(words + "\n");
    }
  }
  void request(const server::Logged& one) {
    // An answer that broke off has a good status and an error.
    const bool is_error = one.status >= 500 || !one.error.empty();
    if (is_quiet_ && !is_error) return;
    if (is_json_) {
      json::Value line;
      line.set("time", one.time).set("level", is_error ? "error" : "info").set("message", "request");
      line.set("request_id", one.request_id).set("actor", one.actor).set("address", one.address);
      line.set("http.request.method", one.method).set("url.path", one.path).set("http.route", one.route);
      line.set("http.response.status_code", one.status).set("bytes", one.bytes).set("seconds", one.seconds);
      if (!one.trace_id.empty()) line.set("trace_id", one.trace_id);
      if (!one.error_id.empty()) line.set("error.type", one.error_id);
      if (!one.error.empty()) line.set("error.message", one.error);
      write(line.text() + "\n");
      return;
    }
    write(one.time + " " + std::to_string(one.status) + " " + one.method + " " + cli::shown(one.path) + " " +
          (one.actor.empty() ? "-" : one.actor) + " " + one.address + " " + std::to_string(one.bytes) + " B " +
          std::to_string(static_cast<std::uint64_t>(one.seconds * 1000)) + " ms " + one.request_id +
          (one.error_id.empty() ? "" : " " + one.error_id) + (one.error.empty() ? "" : ": " + cli::shown(one.error)) +
          "\n");
  }

 private:
  void write(const std::string& line) {
    const std::lock_guard lock(mutex_);
    environment_->terminal.write_error(line);
  }
  cli::Environment* environment_;
  bool is_json_;
  bool is_quiet_;
  std::mutex mutex_;
};

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

std::string address_of(const net::Endpoint& endpoint, const cli::ServeRequest& request) {
  if (!request.base_url.empty()) return request.base_url;
  net::Endpoint shown = endpoint;
  if (shown.host.empty() || shown.host == "*") shown.host = "localhost";
  return (endpoint.is_tls ? "https://" : "http://") + net::format(shown);
}

void add_figures(server::Host& host, const net::HttpServer& listening) {
  host.metrics().add_collector([&host, &listening](server::MetricWriter& out) {
    const net::ServerStats stats = listening.stats();
    out.family("atoll_build_info", "gauge", "The program that runs.");
    out.sample("atoll_build_info", {{"version", ATOLL_VERSION}}, std::uint64_t{1});
    out.family("atoll_connections", "gauge", "Connections that are open.");
    out.sample("atoll_connections", {}, stats.connections_open);
    out.family("atoll_requests_in_flight", "gauge", "Requests that are being answered.");
    out.sample("atoll_requests_in_flight", {}, stats.requests_in_flight);
    out.family("atoll_requests_malformed_total", "counter", "Requests refused before anybody looked at them.");
    out.sample("atoll_requests_malformed_total", {}, stats.requests_malformed);
    out.family("atoll_received_bytes_total", "counter", "Bytes that came in.");
    out.sample("atoll_received_bytes_total", {}, stats.received_bytes);
    out.family("atoll_sent_bytes_total", "counter", "Bytes that went out.");
    out.sample("atoll_sent_bytes_total", {}, stats.sent_bytes);
    out.family("atoll_uptime_seconds", "gauge", "Since the server was started.");
    out.sample("atoll_uptime_seconds", {},
               static_cast<double>(host.machine().clock.monotonic_ns() - host.started_monotonic_ns()) * 1e-9);
    out.family("atoll_query_duration_seconds", "histogram",
               "From the header of a request that changes nothing to the first byte of its answer.");
    for (std::size_t i = 0; i < observe::kDoorCount; ++i)
      out.sample("atoll_query_duration_seconds", {{"door", std::string(observe::kDoors.at(i))}},
                 host.door_counts(i).queries);
    struct Row {
      std::string vault;
      vault::VaultStatus status;
    };
    std::vector<Row> rows;
    for (const auto& listed : host.vaults()) {
      const auto use = host.use(listed.id, {"server", "", ""});
      if (!use) continue;
      auto status = vault::vault_status(use->vault());
      if (status) rows.push_back({listed.name, std::move(*status)});
    }
    const auto family = [&](const char* name, const char* help, auto value) {
      out.family(name, "gauge", help);
      for (const Row& row : rows) out.sample(name, {{"vault", row.vault}}, value(row.status));
    };
    family("atoll_objects", "Objects that are there.",
           [](const vault::VaultStatus& s) { return s.files + s.folders + s.others; });
    family("atoll_logical_bytes", "Of current versions, as a reader sees them.",
           [](const vault::VaultStatus& s) { return s.logical_bytes; });
    family("atoll_unique_bytes", "Of chunks, before compression.",
           [](const vault::VaultStatus& s) { return s.unique_bytes; });
    family("atoll_stored_bytes", "Of packs on disk.", [](const vault::VaultStatus& s) { return s.pack_bytes; });
    family("atoll_journal_bytes", "Of the journal on disk.",
           [](const vault::VaultStatus& s) { return s.journal_bytes; });
    family("atoll_available_bytes", "Free on the disk of the home.",
           [](const vault::VaultStatus& s) { return s.available_bytes; });
    family("atoll_last_lsn", "The number of the last change.",
           [](const vault::VaultStatus& s) { return s.last_lsn.value; });
    family("atoll_dedup_ratio", "Logical bytes by unique bytes.", [](const vault::VaultStatus& s) {
      return s.unique_bytes == 0 ? 1.0 : static_cast<double>(s.logical_bytes) / static_cast<double>(s.unique_bytes);
    });
    family("atoll_findings", "What is not safe yet.",
           [](const vault::VaultStatus& s) { return static_cast<std::uint64_t>(s.findings.size()); });
    family("atoll_last_verify_timestamp_seconds", "When everything was read and checked last; 0: never.",
           [](const vault::VaultStatus& s) {
             return static_cast<std::uint64_t>(s.last_data_verify ? s.last_data_verify->unix_us / 1'000'000 : 0);
           });
    if (host.observer() != nullptr) server::write_health(*host.observer()->health(), out);
  });
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

}  // namespace

Result<int> serve(const cli::ServeRequest& request, cli::Environment& environment, const MakeDoors& make_doors) {
  Log log(environment, request.logs_json, request.is_quiet);
  ATOLL_ASSIGN(const auto endpoints, endpoints_of(request));
  ATOLL_ASSIGN(const auto home, vault::Home::open(environment.machine, request.home_folder, vault::HomeUse::alone));

  vault::VaultOptions options;
  options.owner_words = environment.process_words;
  options.on_notice = [&log](const std::string& words) { log.say(words); };
  ATOLL_ASSIGN(const auto control, access::open_control(*home, request.secrets, options));
  ATOLL_ASSIGN(auto access, access::Access::open(control.get(), environment.machine, {}));

  server::HostSettings settings;
  settings.version = ATOLL_VERSION;
  settings.base_url = request.base_url;
  settings.trusted_proxies = request.trusted_proxies;
  settings.s3_domain = request.s3_domain;
  settings.s3_region = request.s3_region;
  if (!request.default_vault.empty()) settings.default_vault = request.default_vault;
  ATOLL_ASSIGN(const auto home_info, environment.host.info(request.home_folder));
  settings.owner_user_id = home_info.uid;
  settings.metrics_token = request.metrics_token;
  server::Host host(environment.machine, *access, settings);
  std::vector<std::unique_ptr<vault::Vault>> vaults;
  std::vector<std::string> locked;
  ATOLL_ASSIGN(const auto listings, home->vaults(request.secrets));
  for (const auto& listing : listings) {
    if (listing.name == vault::kControlVaultName) continue;
    if (!listing.is_unlocked) {
      log.say("vault " + listing.id.text() + " stays closed: nothing that was given unlocks it", "warning");
      locked.push_back(listing.id.text());
      continue;
    }
    auto vault_options = options;
    vault_options.catalog.reader_cache_bytes = 2 * 1024 * 1024;  // there may be as many readers as threads
    ATOLL_ASSIGN(auto opened, home->open_vault(listing.id, request.secrets, vault_options));
    host.add_vault(listing.id, listing.name, *opened);
    vaults.push_back(std::move(opened));
  }
  if (vaults.empty()) {
    return fail(ErrorKind::wrong_key, "serve.all_locked", "no vault of this home could be unlocked",
                "Give what unlocks one: --password-file, --password-command, --key-file or --kit.");
  }
  for (const auto& open : host.vaults()) {
    const auto use = host.use(open.id, {});
    if (use) ATOLL_TRY(access->usage().count(use->vault(), true));
  }

  server::WatchedHost watched(host);
  watched.set_locked_vaults(std::move(locked));
  observe::Observer observer({environment.machine, environment.programs, *control, request.home_folder,
                              [&environment](const std::string& path) -> std::optional<std::uint64_t> {
                                const auto info = environment.host.info(path);
                                return info ? std::optional(info->device) : std::nullopt;
                              },
                              watched, [&log](const std::string& words) { log.say(words, "warning"); }});
  host.set_observer(&observer);
  access->audit().on_alarm([&log, &host, &observer](const access::Alarm& alarm) {
    host.note_alarm(alarm);
    server::note_alarm(observer, alarm);
    log.say(alarm.id + ": " + alarm.words, "warning");
  });

  std::optional<net::TlsIdentity> identity;
  if (std::ranges::any_of(endpoints, [](const net::Endpoint& one) { return one.is_tls; })) {
    if (!request.tls_certificate.empty()) {
      ATOLL_ASSIGN(identity, net::read_identity(environment.machine.files, request.tls_certificate, request.tls_key));
    } else {
      std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
      for (const auto& endpoint : endpoints)
        if (endpoint.kind == net::Endpoint::Kind::tcp && !endpoint.host.empty() && endpoint.host != "*")
          names.push_back(endpoint.host);
      ATOLL_ASSIGN(identity, own_identity(environment.machine, request.config_folder, names));
      const auto facts = net::certificate_facts(identity->certificate_chain_pem);
      if (facts) log.say("certificate of its own, SHA-256 " + to_hex(facts->sha256));
    }
    if (const auto facts = net::certificate_facts(identity->certificate_chain_pem); facts)
      watched.set_certificate_end(facts->not_after);
  }

  std::atomic<bool> is_ending = false;
  std::vector<std::unique_ptr<server::Door>> doors;
  doors.push_back(std::make_unique<CommandsDoor>(environment, request.home_folder, is_ending));
  for (auto& door : make_doors(host)) doors.push_back(std::move(door));
  std::unique_ptr<TraceSink> traces;
  if (!request.trace_sink.empty()) {
    ATOLL_ASSIGN(traces, TraceSink::open(environment.machine, request.trace_sink, ATOLL_VERSION));
  }
  server::Front front(host, std::move(doors), [&log, &traces](const server::Logged& line) {
    log.request(line);
    if (traces) traces->note(line);
  });

  front.set_ready(false);  // until whoever started it was told how to sign in
  net::ServerOptions listen_options;
  listen_options.threads = static_cast<unsigned>(std::min<std::uint64_t>(request.threads, 4096));
  listen_options.drain_timeout_ms =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(request.drain_seconds, 3600) * 1000);
  ATOLL_ASSIGN(const auto listening,
               net::HttpServer::start(environment.machine, endpoints, identity ? &*identity : nullptr, listen_options,
                                      [&front](net::Request& one) { return front.answer(one); }));
  add_figures(host, *listening);
  watched.set_network([&listening] { return listening->stats(); });

  const std::string address = address_of(listening->endpoints().front(), request);
  ATOLL_ASSIGN(const VaultId first_vault, [&]() -> Result<VaultId> {
    const auto found = host.find("");
    return found ? found : Result<VaultId>(host.vaults().front().id);
  }());
  ATOLL_ASSIGN(const auto first,
               make_first_account(host, first_vault, environment.variable("AWS_ACCESS_KEY_ID").value_or(""),
                                  environment.variable("AWS_SECRET_ACCESS_KEY").value_or("")));
  log.say("Atoll " ATOLL_VERSION " serves " + request.home_folder + " at " + address);
  if (first) say_first_credentials(environment, *first, address);
  front.set_ready(true);

  Housekeeping housekeeping(host, observer, environment, {"--home", request.home_folder},
                            [&log](const std::string& words) { log.say(words); });
  if (traces) housekeeping.add("trace sink", kTracesMs, [&traces] { return traces->send(); });
  housekeeping.start();
  while (!environment.stop.load()) environment.watchers.pause(kWaitForStopMs);

  log.say("ending: requests under way have " + std::to_string(request.drain_seconds) + " s");
  front.set_ready(false);
  is_ending = true;
  host.jobs().stop();
  listening->stop();
  housekeeping.stop();
  access->audit().on_alarm([&log](const access::Alarm& alarm) { log.say(alarm.id + ": " + alarm.words, "warning"); });
  ignore_error_on_purpose(access->audit().flush());
  access.reset();  // writes what it still holds to the control vault
  std::optional<Error> trouble;
  for (const auto& vault : vaults)
    if (const auto closed = vault->close(); !closed) trouble = closed.error();
  if (const auto closed = control->close(); !closed) trouble = closed.error();
  if (trouble) return pass(std::move(*trouble));
  log.say("ended");
  return 0;
}

}  // namespace atl::serve
