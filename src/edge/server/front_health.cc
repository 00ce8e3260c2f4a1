// What a server says of itself without a door: /livez, /readyz, /healthz for whoever asks, in a word; the same with
// ?verbose check by check, and /metrics, for those who may.
#include <algorithm>

#include "edge/server/front.h"
#include "foundation/codec/hmac.h"
#include "services/observe/observer.h"

namespace atl::server {
namespace {

// Only to find out who asks: nothing is answered by it.
class Asking final : public Door {
 public:
  [[nodiscard]] std::string_view name() const override { return "health"; }
  [[nodiscard]] bool takes(const Exchange&) const override { return true; }
  [[nodiscard]] net::Response answer(Exchange&) override { return {}; }
};

net::Response plain_health(bool is_well, std::string_view words) {
  return net::text_response(is_well ? 200 : 503, std::string(words));
}

bool asks_for_all(const net::Target& target) {
  const auto query = net::Query::parse(target.query.value_or(""));
  return query && query->has("verbose");
}

struct Check {
  bool is_well = true;
  std::string of;       // "vault main"
  std::string trouble;  // where it is not well
};

std::vector<Check> checks_of(Host& host, bool is_ready) {
  std::vector<Check> checks;
  checks.push_back({is_ready && !host.is_ending(), "server", "beginning or ending"});
  for (const auto& listed : host.vaults()) {
    const auto use = host.use(listed.id, {});
    // Journal and packs that refuse writes after a failed sync are not well, though they can be read.
    const bool takes_writes = use && !use->vault().write_trouble();
    checks.push_back(
        {takes_writes, "vault " + listed.name, use ? "a vault takes no writes until it is opened again" : "busy"});
  }
  return checks;
}

// One line a check, as Kubernetes writes them. What is warned of, and what is locked, is no reason to send requests to
// somebody else: '!' and not '-'.
std::string in_full(Host& host, std::string_view path, const std::vector<Check>& checks) {
  std::string out;
  bool is_well = true;
  for (const Check& check : checks) {
    out += (check.is_well ? "[+]" : "[-]") + check.of + (check.is_well ? " ok" : ": " + check.trouble) + "\n";
    is_well = is_well && check.is_well;
  }
  for (const auto& id : host.locked_vaults()) out += "[!]vault " + id + " is locked\n";
  if (host.observer() != nullptr) {
    for (const auto& alarm : host.observer()->health()->alarms)
      if (alarm.level >= observe::Level::warning)
        out += "[!]" + std::string(observe::name_of(alarm.level)) + " " + alarm.kind + ": " + alarm.words + "\n";
  }
  return out + std::string(path.substr(1)) + (is_well ? " check passed\n" : " check failed\n");
}

}  // namespace

Result<void> Front::require_figures(Exchange& exchange, access::Action action) {
  const std::string& wanted = host_->settings().metrics_token;
  const std::string_view given = exchange.request.headers.get("Authorization").value_or("");
  if (!wanted.empty() && codec::equal_in_constant_time(as_bytes(given), as_bytes("Bearer " + wanted))) return {};
  const Asking asking;
  ATOLL_ASSIGN(exchange.who, sign_in(exchange, asking));
  return exchange.require(action, {});
}

std::optional<net::Response> Front::answer_health(Exchange& exchange) {
  const std::string_view path = exchange.target.path;
  if (path != "/livez" && path != "/readyz" && path != "/healthz" && path != "/metrics") return std::nullopt;
  exchange.route = path;
  if (exchange.request.method != "GET" && exchange.request.method != "HEAD") {
    auto refused = net::text_response(405, "only GET and HEAD");
    refused.headers.set("Allow", "GET, HEAD");
    return refused;
  }
  if (path == "/livez") return plain_health(true, "ok");
  if (path == "/metrics") {
    if (const auto allowed = require_figures(exchange, access::Action::metrics); !allowed)
      return problem(allowed.error(), exchange.request_id);
    net::Response response = net::text_response(200, "");
    response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    response.body = host_->metrics().text();
    return response;
  }
  const bool is_verbose = asks_for_all(exchange.target);
  if (is_verbose) {
    if (const auto allowed = require_figures(exchange, access::Action::status); !allowed)
      return problem(allowed.error(), exchange.request_id);
  }
  const auto checks = checks_of(*host_, is_ready_);
  const auto failed = std::ranges::find(checks, false, &Check::is_well);
  const bool is_well = failed == checks.end();
  if (is_verbose) return plain_health(is_well, in_full(*host_, path, checks));
  return plain_health(is_well, is_well ? "ok" : failed->trouble);
}

}  // namespace atl::server
