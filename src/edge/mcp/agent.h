// Whoever speaks through the assistant's door, as who they are there: an agent, whatever else they may be.
//
// Always true:
//  - Nobody may more here than the role `agent` allows, not an owner either; their own grants and their token narrow it
//    further. They have the rate cap of an agent.
//  - Whoever runs the home on this machine speaks as the account `local-agent`, which is made when it is first needed,
//    with the role `agent` everywhere. What is granted it, denied it or switched off later stays so.
//  - Nobody who did not sign in gets in, and no browser with a session's cookie.
// Thread rules: any thread.
#pragma once

#include <string>
#include <string_view>

#include "edge/server/exchange.h"

namespace atl::mcp {

inline constexpr std::string_view kLocalAgent = "local-agent";
inline constexpr std::string_view kAgentRole = "agent";

// Their account, narrowed to `bucket` of `vault` where that is not empty. `wrong_key` "access.not_signed_in".
[[nodiscard]] Result<access::Who> agent_of(const server::Exchange& exchange, const VaultId& vault,
                                           const std::string& bucket);
// The account itself, for finding a session. Makes `local-agent` where it is missing.
[[nodiscard]] Result<PrincipalId> account_behind(const server::Exchange& exchange);

// Whether a page of that origin may ask: it is this server's own (its base URL), or of this machine. What stands in
// Host proves nothing: of a name that was bound anew to this address it is the attacker's (DNS rebinding).
[[nodiscard]] bool is_allowed_origin(std::string_view origin, std::string_view base_url);

}  // namespace atl::mcp
