// Folders of a host into a bucket.
//
//     plan (one thread): walk in key order, beside it the bucket's entries in key order: what has the size, times and
//                        inode it had is not read; what differs becomes a task
//     store (workers):   open, read, cut, hash, compress, seal; attributes, links, special files
//     commit:            every few thousand files: chunks synced, then one group of commands
//
// Always true:
//  - Sources are only read. A file that changes while it is read is read again, up to three times, and then reported,
//    not stored; one version is one consistent state.
//  - What cannot be read is listed, the rest is stored.
//  - Interrupted or killed, everything committed stays, and the same call goes on there.
//  - Memory is bounded: at most kPlanItemsMax files are planned ahead.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "foundation/platform/host_tree.h"
#include "vault/object/objects.h"

namespace atl::vault {

inline constexpr std::size_t kPlanItemsMax = 200'000;

// The part of a source that is to be looked at: folders below it ("" itself, or "a/b/"). `true`: with everything below;
// `false`: the folder's own names, and folders among them that the bucket does not know.
using PutScope = std::map<std::string, bool>;

// A file that would be stored now.
struct WaitingFile {
  const std::string& below;  // path below the source
  const platform::NodeInfo& info;
  bool is_stored;  // the bucket has exactly this, but it was stored too soon after a change to be sure
};

struct FolderPutOptions {
  std::vector<std::string> include;  // globs on the path below the source; empty: everything
  std::vector<std::string> exclude;  // a folder that matches is not entered
  std::map<std::string, std::string> tags;
  std::map<std::string, std::string> metadata;
  std::map<std::string, std::map<std::string, std::string>> metadata_by_path;  // path below the source -> fields
  // Of a file that is named by itself: of that object. Of what lies in folders: of what is stored anew; files that are
  // unchanged are left as they are, and where a label is taken the file is stored without it and reported.
  Origin origin;
  bool is_dry_run = false;
  bool reads_unchanged = false;  // --force: do not trust size, times and inode
  bool one_file_system = false;
  // A folder that was a mount point when it was stored, and is empty now, is reported and left as it is stored.
  bool keeps_unmounted = false;
  const PutScope* scope = nullptr;                       // of the one source; null: everything
  std::function<bool(const WaitingFile&)> is_held_back;  // from the planning thread; true: not this time
  // Told where the content will lie, before any source is read.
  std::function<void(Vault&, const catalog::BucketRow&)> on_bucket;
  unsigned workers = 0;                     // 0: one per core
  const std::atomic<bool>* stop = nullptr;  // set by a signal handler: finish what is begun, commit, return
};

struct FolderPutProgress {
  bool is_plan_complete = false;  // totals are final
  std::uint64_t total_files = 0, files_done = 0;
  std::uint64_t total_bytes = 0, bytes_done = 0;
  std::uint64_t error_count = 0;
  double seconds = 0;
  std::string current_file;
};

struct FileProblem {
  std::string path;  // raw bytes, as the user would name it
  Error error;
};

struct FolderPutSummary {
  std::uint64_t files_new = 0, files_changed = 0, files_unchanged = 0;
  std::uint64_t folders = 0, links = 0, specials = 0;
  std::uint64_t bytes_total = 0;  // of all files that are now stored, unchanged ones included
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_new = 0;     // of chunks that were not there before
  std::uint64_t bytes_stored = 0;  // what the packs grew by
  std::uint64_t excluded = 0;
  std::uint64_t changed_while_read = 0;
  std::uint64_t held_back = 0;
  bool was_interrupted = false;
  double seconds = 0;
  std::vector<FileProblem> problems;  // at most 10,000 kept; problem_count counts all
  std::uint64_t problem_count = 0;
  std::vector<std::string> metadata_without_file;  // rows of metadata_by_path that no file matched
};

struct PutSource {
  std::string path;        // on the host
  std::string key_prefix;  // a folder's content lands under it ("" or "a/b/"); a file gets exactly this key
};

// What lies ahead, for the words before a long put. Called once the plan is complete, or known to be too large to hold.
struct FolderPutPlan {
  std::uint64_t files = 0, bytes = 0;  // to be read
  std::uint64_t files_unchanged = 0;
  bool is_complete = true;
  std::uint64_t available_bytes = 0;  // on the home's disk
};

struct FolderPutCallbacks {
  std::function<void(const FolderPutProgress&)> on_progress;  // about ten times a second, from the calling thread
  std::function<Result<void>(const FolderPutPlan&)> on_plan;  // an error ends the put before anything is stored
  std::function<void(const FileProblem&)> on_problem;         // from the calling thread
};

// What a path is that the user named: a link to a folder counts as that folder, any other link as itself.
[[nodiscard]] Result<platform::NodeInfo> look_at_source(platform::HostTree& host, const std::string& path);

[[nodiscard]] Result<FolderPutSummary> put_folders(Vault& vault, platform::HostTree& host,
                                                   const std::vector<PutSource>& sources, const std::string& bucket,
                                                   const FolderPutOptions& options,
                                                   const FolderPutCallbacks& callbacks);

}  // namespace atl::vault
