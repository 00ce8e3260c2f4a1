// What roles with conditions on age and tier are asked with: facts of the version that is meant.
// Always true: only what the answer hangs on is looked up, for where a version lies takes a while to tell; what is not
// known never allows, and never keeps a rule that denies from holding.
#pragma once

#include "vault/access/access.h"
#include "vault/vault.h"

namespace atl::server {

// Adds age and, where the age alone does not allow it and content can lie in a tier, the tier.
[[nodiscard]] Result<void> add_version_facts(const access::Access& access, const access::Who& who,
                                             access::Action action, vault::Vault& vault,
                                             const catalog::VersionRow& version, Timestamp now,
                                             access::Resource& asked);

}  // namespace atl::server
