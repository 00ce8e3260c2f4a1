// Snapshots: a bucket, or what lies under a prefix of it, frozen under a name.
//
// Always true:
//  - A snapshot is a name for (bucket, prefix, LSN): made in a moment, however much it holds, and sharing everything.
//  - While it is there no version that it shows is expired or removed for good (SnapshotGuard); a held one can be
//    removed by nobody before it is released.
//  - Names are unique in a vault: 1 to 200 bytes without control characters, spaces, '/' or a leading digit, so that
//    they can stand wherever a moment is named.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/keeping_rows.h"
#include "vault/history/moment.h"

namespace atl::vault {

// Which versions snapshots keep.
class SnapshotGuard {
 public:
  explicit SnapshotGuard(std::vector<catalog::SnapshotRow> rows) : rows_(std::move(rows)) {}
  [[nodiscard]] bool keeps(const catalog::VersionRow& version, std::string_view key) const {
    return std::ranges::any_of(rows_, [&](const catalog::SnapshotRow& row) {
      return row.bucket == version.bucket && key.starts_with(row.prefix) && version.begin <= row.lsn &&
             (version.end.value == 0 || row.lsn < version.end);
    });
  }

 private:
  std::vector<catalog::SnapshotRow> rows_;
};

struct NewSnapshot {
  std::string name;
  std::string bucket;
  std::string prefix;
  std::string description;
  bool is_held = false;
  std::string hold_reason;
  std::optional<Moment> as_of;  // none: now
};
// Errors: `conflict` (the name is taken), `usage`, `not_found` (the bucket, or nothing under the prefix).
[[nodiscard]] Result<catalog::SnapshotRow> create_snapshot(Vault& vault, const NewSnapshot& wanted);
[[nodiscard]] Result<catalog::SnapshotRow> find_snapshot(Vault& vault, const std::string& name);  // `not_found`
[[nodiscard]] Result<void> hold_snapshot(Vault& vault, const std::string& name, bool is_held,
                                         const std::string& reason);
// `conflict` for a held one.
[[nodiscard]] Result<void> delete_snapshot(Vault& vault, const std::string& name);

// restic's meaning: of each of the last so many hours, days, … that have snapshots, the newest one; within: every one
// so long before the newest.
struct KeepSnapshots {
  std::uint32_t last = 0, hourly = 0, daily = 0, weekly = 0, monthly = 0, yearly = 0;
  std::uint64_t within_seconds = 0;
  [[nodiscard]] bool keeps_something() const {
    return last + hourly + daily + weekly + monthly + yearly > 0 || within_seconds > 0;
  }
};
// Of `rows` (one bucket's, in any order) those that no rule keeps; held ones are never among them.
[[nodiscard]] std::vector<catalog::SnapshotRow> snapshots_to_prune(std::vector<catalog::SnapshotRow> rows,
                                                                   const KeepSnapshots& keep);

}  // namespace atl::vault
