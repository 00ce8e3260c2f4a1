// Buckets, policies, snapshots and schedules by table number and key: read, told to people, put back.
// Always true: what is put was decoded before, so that a row nobody can read is never written.
#pragma once

#include <optional>
#include <string>

#include "vault/vault.h"

namespace atl::vault {

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
[[nodiscard]] Result<void> put_small_row(ChangeSet& changes, journal::TableNumber table, ByteView key,
                                         const std::optional<Bytes>& row);

}  // namespace atl::vault
