// An older version of an object made its newest again, by a forward command.
// Always true: nothing is taken away: the version that was current ends and stays in the history, and the one brought
// back begins anew with the same content, words and facts, and says where it comes from.
#pragma once

#include <string>

#include "vault/history/past.h"

namespace atl::vault {

struct RollbackPlan {
  catalog::BucketRow bucket;
  std::string key;
  catalog::VersionRow version;  // that will be brought back
  bool is_current = false;      // nothing to do
};

// `to`: a version's id or label, else a moment; empty: the version before the current one, or, of a removed object, its
// last one. Errors: `not_found`, `conflict` (removed for good, or several fit).
[[nodiscard]] Result<RollbackPlan> plan_rollback(Vault& vault, const std::string& bucket, const std::string& key,
                                                 const std::string& to);
[[nodiscard]] Result<Lsn> roll_back(Vault& vault, const RollbackPlan& plan);

}  // namespace atl::vault
