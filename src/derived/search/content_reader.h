// The bytes of an object's current version, for those who read contents.
#pragma once

#include "catalog/catalog.h"
#include "derived/extract/batch.h"
#include "vault/vault.h"

namespace atl::search {

// Borrows both.
[[nodiscard]] sandbox::ReadInput reader_of(vault::Vault& vault, const catalog::VersionRow& version);
[[nodiscard]] extract::Source source_of(vault::Vault& vault, const catalog::Listed& listed);

}  // namespace atl::search
