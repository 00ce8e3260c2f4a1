// Who a command was by, as it stands in the journal: an account's name, and behind it, of what an agent does, the
// program that asked and its run.
//
//     anna                                            an account
//     local-agent/claude-code/20261122-013045-5b1f0c  account, program, run
//
// Always true: no account's name has a '/', so what stands before the first one is the account, and nobody can take a
// name that is another's run. Naming the account means all of its programs and runs.
// Thread rules: pure.
#pragma once

#include <algorithm>
#include <string_view>

namespace atl {

inline constexpr char kActorSeparator = '/';

// The account whose doing it is: quotas count by it.
[[nodiscard]] constexpr std::string_view account_of(std::string_view actor) {
  return actor.substr(0, std::min(actor.find(kActorSeparator), actor.size()));
}

// `whom` is `actor`, or its account, or its account and program.
[[nodiscard]] constexpr bool is_by(std::string_view actor, std::string_view whom) {
  return actor.starts_with(whom) && (actor.size() == whom.size() || actor[whom.size()] == kActorSeparator);
}

}  // namespace atl
