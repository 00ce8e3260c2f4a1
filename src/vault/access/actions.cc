#include "vault/access/actions.h"

#include <algorithm>

namespace atl::access {

std::optional<Action> action_named(std::string_view name) {
  const auto found = std::ranges::find(kActions, name, &ActionInfo::name);
  if (found == kActions.end()) return std::nullopt;
  return found->action;
}

}  // namespace atl::access
