// The server itself: how it is, what it warned of, how it is set. No secrets.
#include "edge/rest/admin_facts.h"
#include "edge/rest/groups.h"
#include "services/jobs/from_elsewhere.h"
#include "services/observe/observer.h"
#include "vault/status.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

constexpr std::size_t kToldMax = 20;

Result<net::Response> show_server(Call& call) {
  server::Host& host = call.exchange().host;
  Value out = Value::object();
  out.set("version", host.settings().version);
  const std::int64_t up_ns = host.machine().clock.monotonic_ns() - host.started_monotonic_ns();
  out.set("uptime_seconds", static_cast<std::uint64_t>(up_ns / 1'000'000'000));
  Value vaults = Value::array();
  for (const auto& one : host.vaults()) {
    access::Resource whole;
    whole.vault = one.id;
    if (!call.exchange().may(Action::status, whole)) continue;
    Value vault = Value::object().set("name", one.name).set("id", one.id.text());
    // One that is being worked on alone has no answer now; the others have.
    const auto use = host.use(one.id, call.exchange().caller());
    const auto status = use ? vault::vault_status(use->vault()) : Result<vault::VaultStatus>(pass(use.error()));
    vault.set("is_well", use.has_value() && status.has_value() && !use->vault().write_trouble());
    Value findings = Value::array();
    if (status) {
      for (const auto& finding : status->findings) {
        findings.push(
            Value::object().set("id", finding.id).set("message", finding.message).set("command", finding.command));
      }
    }
    vaults.push(vault.set("findings", std::move(findings)));
  }
  out.set("vaults", std::move(vaults));
  std::uint64_t running = 0;
  for (const auto& job : host.jobs().list()) running += job.state == server::JobState::running ? 1 : 0;
  out.set("jobs_running", running).set("alarms", std::uint64_t{host.alarms().size()});
  return ok(out);
}

Result<net::Response> show_settings(Call& call) {
  const auto& settings = call.exchange().host.settings();
  Value proxies = Value::array();
  for (const auto& one : settings.proxies.networks) proxies.push(one);
  Value thresholds = Value::object();
  const auto view = accounts_of(call).view();
  Value limits = Value::object();
  Value told = Value::array();
  for (const std::string& address : observe::settings_of(view->rows().settings).news) told.push(address);
  for (const auto& row : view->rows().settings) {
    if (row.name.starts_with(observe::kLimitsPrefix)) {
      limits.set(row.name.substr(observe::kLimitsPrefix.size()), row.value);
    } else if (row.name.starts_with("alarm.")) {
      thresholds.set(row.name, row.value);
    }
  }
  return ok(Value::object()
                .set("base_url", settings.base_url)
                .set("trusted_proxies", std::move(proxies))
                .set("s3_domain", settings.s3_domain)
                .set("s3_region", settings.s3_region)
                .set("default_vault", settings.default_vault)
                .set("has_metrics_token", !settings.metrics_token.empty())
                .set("alarm_thresholds", std::move(thresholds))
                .set("alarm_limits", std::move(limits))
                .set("alarm_tell", std::move(told)));
}

// The row of each limit that is to be set, all checked before the first one is.
Result<std::map<std::string, std::string>> limits_in(const Value& body) {
  std::map<std::string, std::string> rows;
  ATOLL_ASSIGN(const auto wanted, body.texts_of("limits"));
  for (const auto& [name, text] : wanted) {
    const observe::AlarmKind* const kind = observe::find_kind(name);
    if (kind == nullptr) {
      return fail(ErrorKind::usage, "alarm.unknown", "there is no alarm \"" + name + "\"",
                  "GET /api/v1/alarms/kinds lists them.");
    }
    ATOLL_TRY(observe::parse_limits(*kind, text));
    rows[std::string(observe::kLimitsPrefix) + name] = text;
  }
  return rows;
}

// Who is to be told, checked; none where nothing is said of it.
Result<std::optional<std::vector<std::string>>> told_in(Call& call) {
  if (call.body().find("tell") == nullptr) return std::nullopt;
  ATOLL_ASSIGN(auto addresses, call.body().list_of("tell"));
  if (addresses.size() > kToldMax) {
    return fail(ErrorKind::limit, "alarm.too_many_addresses",
                "at most " + std::to_string(kToldMax) + " addresses are told of alarms",
                "A mailing list is one address.");
  }
  for (const std::string& address : addresses) ATOLL_TRY(jobs::check_address(address));
  if (!call.who().is_local_owner) {
    const auto held = observe::settings_of(accounts_of(call).view()->rows().settings).news;
    ATOLL_TRY(jobs::check_from_elsewhere(addresses, held));
  }
  return addresses;
}

Result<net::Response> try_alarms(Call& call) {
  observe::Observer* const observer = call.exchange().host.observer();
  if (observer == nullptr) return fail(ErrorKind::unsupported, "health.not_watched", "nobody watches this home");
  Value results = Value::array();
  for (const auto& one : observer->try_news()) {
    Value result = Value::object().set("address", one.address).set("is_told", one.trouble.empty());
    if (!one.trouble.empty()) result.set("trouble", one.trouble);
    results.push(std::move(result));
  }
  return ok(Value::object().set("results", std::move(results)));
}

Result<net::Response> change_thresholds(Call& call) {
  ATOLL_ASSIGN(const auto limits, limits_in(call.body()));
  ATOLL_ASSIGN(const auto told, told_in(call));
  if (told)
    ATOLL_TRY(
        accounts_of(call).set_home_setting(call.who(), std::string(observe::kNewsName), observe::row_of_news(*told)));
  for (const auto& [name, text] : limits) ATOLL_TRY(accounts_of(call).set_home_setting(call.who(), name, text));
  static constexpr std::array<std::string_view, 4> names = {"failed_logins", "reads", "removals", "window_seconds"};
  for (const std::string_view name : names) {
    if (call.body().find(name) == nullptr) continue;
    ATOLL_ASSIGN(const std::uint64_t number, call.body().number_of(name));
    ATOLL_TRY(accounts_of(call).set_home_setting(call.who(), "alarm." + std::string(name), std::to_string(number)));
  }
  return show_settings(call);
}

}  // namespace

std::vector<Operation> server_operations() {
  return {
      {.id = "server_show",
       .method = "GET",
       .path = "/api/v1/server",
       .tag = "server",
       .words = "How the server is: version, vaults, what is not safe yet.",
       .guards = {{Action::status, Place::home}},
       .answers = {{200, "Server", "Facts and findings."}},
       .handler = show_server},
      {.id = "settings_show",
       .method = "GET",
       .path = "/api/v1/settings",
       .tag = "server",
       .words = "How the server is set. Secrets are not shown.",
       .guards = {{Action::server_admin, Place::home}},
       .answers = {{200, "Settings", "As they hold."}},
       .handler = show_settings},
      {.id = "alarm_thresholds_set",
       .method = "PUT",
       .path = "/api/v1/settings/alarms",
       .tag = "server",
       .words = "Sets from when on an alarm is raised (0 or \"off\": never), and who is told.",
       .guards = {{Action::server_admin, Place::home}},
       .body = "AlarmThresholds",
       .answers = {{200, "Settings", "As they hold."}},
       .handler = change_thresholds},
      {.id = "alarm_try",
       .method = "POST",
       .path = "/api/v1/alarms/test",
       .tag = "server",
       .words = "Sends a test to everybody who is told of alarms, and says whom it reached.",
       .guards = {{Action::server_admin, Place::home}},
       .answers = {{200, "AlarmTest", "Each address with what came of it."}},
       .handler = try_alarms},
  };
}

std::vector<NamedSchema> server_schemas() {
  using namespace schema;
  return {
      {"ServerVault",
       object("A vault that is open.", {required("name", text("Its name.")), required("id", text("Its id.")),
                                        required("is_well", flag("False: it takes no writes now.")),
                                        required("findings", list(reference("Finding")))})},
      {"Server", object("How the server is.",
                        {required("version", text("Of the program.")), required("uptime_seconds", number("So long.")),
                         required("vaults", list(reference("ServerVault"))), required("jobs_running", number("Now.")),
                         required("alarms", number("Since it was started."))})},
      {"AlarmThresholds",
       object("From how many on.",
              {optional("failed_logins", number("Of one name or address.")),
               optional("reads", number("Of one account.")), optional("removals", number("Of one account.")),
               optional("window_seconds", number("In so long.", 1, 86'400)),
               optional("limits", map_of_texts("By name of the alarm: WARNING:CRITICAL, off or on.")),
               optional("tell", list(text("mail:ADDRESS or webhook:URL."),
                                     "Who is told, in place of all before; a program of the server's is named on its "
                                     "machine only."))})},
      {"AlarmTold", object("Whether somebody was reached.",
                           {required("address", text("As it was set.")), required("is_told", flag("It was taken.")),
                            optional("trouble", text("Why not."))})},
      {"AlarmTest", object("What came of a test.", {required("results", list(reference("AlarmTold")))})},
      {"Settings",
       object("How the server is set.",
              {required("base_url", text("As clients reach it; empty: from each request.")),
               required("trusted_proxies", list(text("An address or network."))),
               required("s3_domain", text("Buckets as subdomains of it.")), required("s3_region", text("For S3.")),
               required("default_vault", text("Where requests go that name none.")),
               required("has_metrics_token", flag("/metrics wants one.")),
               required("alarm_thresholds", map_of_texts("Those that were set.")),
               required("alarm_limits", map_of_texts("Those that were set, by name of the alarm.")),
               required("alarm_tell",
                        list(text("mail:ADDRESS, webhook:URL, command:/PATH."), "Who is told of alarms."))})},
  };
}

}  // namespace atl::rest
