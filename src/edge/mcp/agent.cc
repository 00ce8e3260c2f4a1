#include "edge/mcp/agent.h"

#include <algorithm>
#include <array>

namespace atl::mcp {
namespace {

Result<access::Who> local_agent(const server::Exchange& exchange) {
  access::Access& access = exchange.host.access();
  const auto find = [&access]() -> std::optional<access::Who> {
    const auto view = access.view();
    const auto* const row = view->principal_named(kLocalAgent);
    if (row == nullptr) return std::nullopt;
    access::Who who;
    who.principal = row->id;
    who.name = row->name;
    return who;
  };
  if (auto known = find(); known) return std::move(*known);
  access::NewPrincipal fresh;
  fresh.name = kLocalAgent;
  fresh.kind = catalog::PrincipalKind::agent;
  fresh.display_name = "Assistants on this machine";
  // Of two at the same time one is told that there is such a name.
  const auto added = access.add_principal(exchange.who, fresh);
  if (!added && added.error().kind != ErrorKind::conflict) return pass(added.error());
  if (added) {
    catalog::GrantRow grant;
    grant.role = kAgentRole;
    ATOLL_TRY(access.add_grant(exchange.who, kLocalAgent, grant));
  }
  if (auto made = find(); made) return std::move(*made);
  return fail(ErrorKind::failed, "mcp.no_account", "the account " + std::string(kLocalAgent) + " could not be made");
}

Result<access::Who> account_of(const server::Exchange& exchange) {
  if (exchange.who.is_local_owner) return local_agent(exchange);
  const bool is_browser = !exchange.who.request_mark.empty();
  if (exchange.who.principal.is_none() || is_browser) {
    return fail(ErrorKind::wrong_key, "access.not_signed_in", "assistants sign in with a token",
                "Send Authorization: Bearer atl_…; `atoll token create` makes one.");
  }
  return exchange.who;
}

}  // namespace

Result<PrincipalId> account_behind(const server::Exchange& exchange) {
  ATOLL_ASSIGN(const access::Who who, account_of(exchange));
  return who.principal;
}

Result<access::Who> agent_of(const server::Exchange& exchange, const VaultId& vault, const std::string& bucket) {
  ATOLL_ASSIGN(access::Who who, account_of(exchange));
  who.kind = catalog::PrincipalKind::agent;
  catalog::TokenScope scope;
  scope.role = kAgentRole;
  scope.place.vault = vault;
  scope.place.bucket = bucket;
  who.door_scopes = {scope};
  who.address = exchange.remote_address;
  who.request_id = exchange.request_id;
  return who;
}

bool is_allowed_origin(std::string_view origin, std::string_view base_url) {
  if (!base_url.empty()) {
    const std::size_t host = base_url.find("://");
    const std::size_t path = host == std::string_view::npos ? host : base_url.find('/', host + 3);
    if (origin == base_url.substr(0, path)) return true;
  }
  constexpr std::array<std::string_view, 6> kHere = {"http://localhost",  "https://localhost", "http://127.0.0.1",
                                                     "https://127.0.0.1", "http://[::1]",      "https://[::1]"};
  return std::ranges::any_of(kHere, [&](std::string_view here) {
    if (!origin.starts_with(here)) return false;
    const std::string_view port = origin.substr(here.size());
    return port.empty() || (port.starts_with(':') && port.size() > 1 &&
                            port.find_first_not_of("0123456789", 1) == std::string_view::npos);
  });
}

}  // namespace atl::mcp
