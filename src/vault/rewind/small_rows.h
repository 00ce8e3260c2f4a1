// Buckets, policies, snapshots, schedules and gates by table number and key: read, told to people, put back.
// Always true: what is put was decoded before, so that a row nobody can read is never written. Of a bucket's settings
// only the gate is put back; everything else in them stays as it is.
#pragma once

#include <optional>
#include <string>

#include "vault/vault.h"

namespace atl::vault {

// What of a row as it stands in the journal may be put back; none: nothing. Settings without a gate are none.
[[nodiscard]] Result<std::optional<Bytes>> part_put_back(journal::TableNumber table, ByteView key,
                                                         const std::optional<Bytes>& row);
// That part of the row that is there now.
[[nodiscard]] Result<std::optional<Bytes>> small_row(catalog::CatalogReader& reader, journal::TableNumber table,
                                                     ByteView key);
struct SmallRowWords {
  std::string bucket;  // that it is about; may be empty
  std::string words;   // "policy of photos", "snapshot fig-3"
  bool is_held = false;
};
[[nodiscard]] Result<SmallRowWords> describe_row(catalog::CatalogReader& reader, journal::TableNumber table,
                                                 ByteView key, const std::optional<Bytes>& row);
// A none `row` removes.
[[nodiscard]] Result<void> put_small_row(catalog::CatalogReader& state, ChangeSet& changes, journal::TableNumber table,
                                         ByteView key, const std::optional<Bytes>& row);

}  // namespace atl::vault
