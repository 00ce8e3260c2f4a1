// The quality gate of a bucket: what its files have to meet to be found like all others.
//
// Always true:
//  - A gate refuses and loses nothing. Files that do not meet it are stored, listed and read like all others; only
//    searches leave them out until they meet it (derived/search/quarantine.h judges them).
//  - It stands in the bucket's settings (BucketSettingsRow::gate), as filter::Requirement writes it. An undo puts back
//    the gate alone; a rewind leaves it as it is.
// Thread rules: any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "vault/vault.h"

namespace atl::vault {

// Empty: none. Errors: `not_found`.
[[nodiscard]] Result<std::string> gate_of(catalog::CatalogReader& reader, const std::string& bucket);
// Of the buckets that have one.
[[nodiscard]] Result<std::map<BucketId, std::string>> gates_of(catalog::CatalogReader& reader);
// Gives back the text as it stands from now on; empty: the gate is taken away. Errors: `not_found`, and those of
// filter::Requirement::parse().
[[nodiscard]] Result<std::string> set_gate(Vault& vault, const std::string& bucket, std::string_view requirement);

}  // namespace atl::vault
