// What a put has to do: a walk over the source beside the bucket's entries, both in key order.
//
// Always true: an item is handed out unless its entry shows the same kind, size, times, owner, mode and inode; what is
// handed out of one folder comes in order, parents before their children.
// Thread rules: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/filter/glob.h"
#include "foundation/platform/host_tree.h"
#include "vault/folder/fact_stream.h"
#include "vault/folder/folder_node.h"
#include "vault/folder/put.h"

namespace atl::vault {

struct PlanItem {
  std::string name;  // below its folder; "" for the folder itself
  platform::NodeInfo info;
  bool is_known = false;  // an entry with other facts exists
};

// Items of one folder, at most kTaskItemsMax and about kTaskBytesMax, so that workers share the load.
struct PutTask {
  std::size_t source = 0;  // index into the sources
  FolderRef folder;
  std::string key_prefix;  // of the folder: "" or ends with '/'
  std::string path;        // of the folder, for messages
  std::string below;       // of the folder below the source: "" or ends with '/'
  std::string single_key;  // a file named by itself: its whole key; the folder is the one it lies in
  std::vector<PlanItem> items;
  std::uint64_t bytes = 0;
};

inline constexpr std::size_t kTaskItemsMax = 64;
inline constexpr std::uint64_t kTaskBytesMax = 8ULL * 1024 * 1024;

struct PlanTotals {
  std::uint64_t files = 0, bytes = 0;  // to be read
  std::uint64_t unchanged_files = 0, unchanged_bytes = 0;
  std::uint64_t folders = 0, links = 0, specials = 0, excluded = 0;
  std::uint64_t held_back = 0;
};

struct PlanContext {
  const FolderPutOptions* options = nullptr;
  std::uint64_t home_device = 0, home_inode = 0;  // never stored into itself
  std::function<Result<void>(PutTask)> on_task;
  std::function<void(FileProblem)> on_problem;
};

// Compiled --include and --exclude.
class PathRules {
 public:
  [[nodiscard]] static Result<PathRules> compile(const std::vector<std::string>& include,
                                                 const std::vector<std::string>& exclude);
  // `path` below the source. A folder is entered unless it is excluded; includes choose files only.
  [[nodiscard]] bool takes(std::string_view path, bool is_folder) const;

 private:
  std::vector<filter::Glob> include_;
  std::vector<filter::Glob> exclude_;
};

// Walks one source folder. Fails only where nothing can go on (catalog, stop); what cannot be read goes to on_problem.
[[nodiscard]] Result<PlanTotals> plan_folder(platform::SourceDirectory& root, std::size_t source_index,
                                             const std::string& source_path, const std::string& key_prefix,
                                             FactStream& known, const PathRules& rules, const PlanContext& context);

}  // namespace atl::vault
