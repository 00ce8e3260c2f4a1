// A bucket, or what lies under a prefix of it, as plain files in a folder.
//
// Always true:
//  - Nothing is written outside the target, whatever a key says: keys are taken apart at '/', and a part that is empty,
//    ".", ".." or too long for a name makes the object a reported problem, not a file.
//  - An existing file is never overwritten unless `replace`; one with the same size and time counts as restored.
//  - Files of 8 MiB and more appear under their name only when they are whole.
//  - Folder times and modes are set last, so that restoring into them does not change them.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/platform/host_tree.h"
#include "vault/folder/put.h"
#include "vault/history/moment.h"
#include "vault/object/objects.h"

namespace atl::vault {

// Whether restore_folder() could make a file of an object with this key, and programs show its name: "restore.bad_name"
// (usage) where a part of it is empty, ".", ".." or too long, or where it holds a control character.
[[nodiscard]] Result<void> check_path(std::string_view key);

struct RestoreOptions {
  std::optional<Moment> as_of;       // none: as it is now
  std::vector<std::string> include;  // globs on the path below the prefix
  std::vector<std::string> exclude;
  bool replace = false;
  bool is_dry_run = false;
  bool counts_accesses = true;  // false: nobody wants the files for their own sake
  unsigned workers = 0;
  const std::atomic<bool>* stop = nullptr;
};

struct RestoreSummary {
  std::uint64_t files = 0, folders = 0, links = 0, specials = 0;
  std::uint64_t files_already_there = 0;
  std::uint64_t bytes = 0;
  bool was_interrupted = false;
  double seconds = 0;
  std::vector<FileProblem> problems;  // not restored
  std::uint64_t problem_count = 0;
  std::vector<std::string> not_applied;  // "owner of 312 files": restored, but not in every attribute
};

struct RestoreCallbacks {
  std::function<void(const FolderPutProgress&)> on_progress;
  std::function<void(const FileProblem&)> on_problem;
};

[[nodiscard]] Result<RestoreSummary> restore_folder(Vault& vault, platform::HostTree& host, const Selection& selection,
                                                    const std::string& target, const RestoreOptions& options,
                                                    const RestoreCallbacks& callbacks);

}  // namespace atl::vault
