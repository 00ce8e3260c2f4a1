// A point in a vault's past, as a user names it.
//
//     2026-11-13T09:00   2026-11-13 (its end)   10m, 3h, 2d, 1w (so long ago)   4711, lsn:4711   NAME of a snapshot
//
// Always true: commit times never go back, so "as of T" is one state: everything committed at or before T.
#pragma once

#include <string>
#include <string_view>

#include "vault/vault.h"

namespace atl::vault {

struct Moment {
  Lsn lsn;         // by change: the last one that counts
  Timestamp time;  // by time: likewise
  bool is_by_time = false;
  std::string words;  // "2026-11-13T23:59:59Z", "change 4711", "snapshot figure-3 (change 4711)"

  [[nodiscard]] bool includes(Lsn change, Timestamp change_time) const {
    return is_by_time ? change_time <= time : change <= lsn;
  }
  // Whether the version was the current one of its object.
  [[nodiscard]] bool covers(const catalog::VersionRow& version) const {
    return includes(version.begin, version.begin_time) &&
           (version.end.value == 0 || !includes(version.end, version.end_time));
  }
};

// Times without a zone are UTC. Errors: `usage` for what is no moment, or one in the future.
[[nodiscard]] Result<Moment> parse_moment(Vault& vault, std::string_view text);

}  // namespace atl::vault
