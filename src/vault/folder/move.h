// What a put has stored is removed from its source: the second half of `put --move`.
//
// Always true: at any moment every file is in its source or in the vault, or in both. A file is removed only
//  - after its current version, committed and durable, was read back from the vault and compared with the file byte by
//    byte, together with its times, owner, mode and attributes,
//  - after a second copy was confirmed to hold that version, unless the caller said that one copy is enough,
//  - if it is still the same file, and nobody has it open for writing.
// Else it stays, and that is reported or counted. Symbolic links likewise; sockets, pipes and devices always stay.
// Folders go when they are empty at the end and the bucket has them; the folders that were named stay.
// Thread rules: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "vault/folder/put.h"

namespace atl::vault {

struct MoveOptions {
  // Whether everything that the command wrote is on a second copy. Null: one copy is enough.
  std::function<Result<bool>(Lsn)> is_on_second_copy;
};

struct MoveSummary {
  std::uint64_t files_removed = 0, links_removed = 0, folders_removed = 0;
  std::uint64_t bytes_removed = 0;
  std::uint64_t left = 0;         // files and links that stay, for whatever reason
  std::uint64_t not_on_copy = 0;  // of them: only because the second copy does not hold them yet
  std::uint64_t problem_count = 0;
  bool was_interrupted = false;
};

struct MoveCallbacks {
  std::function<void(const FileProblem&)> on_problem;
  std::function<void(std::uint64_t bytes_compared)> on_progress;
};

// Takes from `options` the patterns, one_file_system and stop. Best called on a vault that was closed and opened again
// after the put: then what is compared comes from finished packs.
[[nodiscard]] Result<MoveSummary> remove_stored_sources(Vault& vault, platform::HostTree& host,
                                                        const std::vector<PutSource>& sources,
                                                        const std::string& bucket, const FolderPutOptions& options,
                                                        const MoveOptions& move, const MoveCallbacks& callbacks);

}  // namespace atl::vault
