// What was checked, when, and what came of it: verifies and restore drills.
//
// Always true:
//  - Each kind of check is one row (JobRow "verify": "data", "sample", "structure"; "drill": "restore", "copy NAME").
//  It
//    tells of the last run in full, and in its fact "past" of the newest kChecksKept in short.
//  - A check is told once: a verify of every byte, which sets the row of the structure, too, is no check of its own
//  there.
// Thread rules: plain functions.
#pragma once

#include <string>
#include <vector>

#include "vault/vault.h"

namespace atl::vault {

inline constexpr std::size_t kChecksKept = 50;  // of each kind

struct PastCheck {
  std::string kind;  // "verify", "drill"
  std::string name;
  Timestamp started;
  double seconds = 0;
  bool is_ok = false;
  std::uint64_t bytes = 0;     // that were read
  std::uint64_t problems = 0;  // places that were damaged, objects that did not come back
};

// Puts the row of a check that ended now: `job` has all but the time at which it ended. `bytes` and `problems` are kept
// as its facts of these names, too.
[[nodiscard]] Result<void> put_check(const CommitContext& context, ChangeSet& changes, catalog::JobRow job,
                                     std::uint64_t bytes, std::uint64_t problems);
// The same row under another name, whose own past stays as it is.
[[nodiscard]] Result<void> put_contained_check(const CommitContext& context, ChangeSet& changes, catalog::JobRow job);

// Newest first. Rows that were written before a past was kept count as one run.
[[nodiscard]] Result<std::vector<PastCheck>> past_checks(Vault& vault);

}  // namespace atl::vault
