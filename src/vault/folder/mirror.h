// What a bucket still holds although its source folder does not: the second half of `put --mirror`.
//
// Always true:
//  - A removal ends a version, nothing more: history keeps it.
//  - Removed is only what a folder's own listing, read to its end, does not name. What cannot be listed or looked at
//    keeps everything stored below it, and is reported.
//  - What never came from a folder, what is excluded and what lies on another file system than was asked for stays.
//  - Batches of commands, each whole or not at all; stopped or killed anywhere, the same call goes on.
//  - Memory: the names of one folder, and the folders still to be visited on the way.
// Thread rules: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "vault/folder/put.h"

namespace atl::vault {

struct MirrorOptions {
  bool removes_excluded = false;
  bool allows_empty = false;  // the source may be empty, or hold nothing of what the bucket holds
};

struct MirrorSummary {
  std::uint64_t files_removed = 0;
  std::uint64_t others_removed = 0;  // folders, links, special files
  std::uint64_t bytes_removed = 0;   // of the files
  std::uint64_t problem_count = 0;   // places where something could not be looked at
  bool was_interrupted = false;
};

struct MirrorCallbacks {
  std::function<void(const FileProblem&)> on_problem;
  std::function<void(const std::string& key)> on_remove;  // also in a dry run
};

// From here on a bucket of which nothing is in the source is taken for another disk's.
inline constexpr std::uint64_t kMirrorFilesMuch = 100;

// Ahead of the put: `conflict` where the source is missing, or is empty although the bucket holds files of it, or holds
// nothing of the kMirrorFilesMuch and more files that the bucket holds: that is a disk not mounted, not a clean-up.
[[nodiscard]] Result<void> check_mirror_source(Vault& vault, platform::HostTree& host, const PutSource& source,
                                               const std::string& bucket, const FolderPutOptions& options,
                                               const MirrorOptions& mirror);
// After the put. Takes from `options` the patterns, scope, one_file_system, is_dry_run and stop.
[[nodiscard]] Result<MirrorSummary> remove_vanished(Vault& vault, platform::HostTree& host, const PutSource& source,
                                                    const std::string& bucket, const FolderPutOptions& options,
                                                    const MirrorOptions& mirror, const MirrorCallbacks& callbacks);

}  // namespace atl::vault
