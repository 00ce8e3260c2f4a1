// Does a link lead to something? Asked when it is made, so that nobody hands out one that opens nothing.
// Thread rules: any thread. Complexity: a few point reads.
#pragma once

#include "catalog/access_rows.h"
#include "vault/vault.h"

namespace atl::access {

enum class Leads : std::uint8_t { somewhere, to_an_empty_folder };

// Of a link that is about to be made, in the vault of its place. A folder may be filled later, a name has to be there:
// `not_found` where it is not, where the bucket is missing, or the version.
[[nodiscard]] Result<Leads> where_leads(vault::Vault& vault, const catalog::ShareRow& share);

}  // namespace atl::access
