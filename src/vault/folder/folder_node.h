// Folders of a host tree as a chain of names, and a cursor that keeps the handles of one chain open.
//
// Always true: at most one handle per level of the current chain is open, however many folders a plan names, so that
// the limit of open files bounds the depth of a tree and not its size. Thread rules: nodes are immutable and shared; a
// cursor is one thread's.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "foundation/platform/host_tree.h"

namespace atl::vault {

struct FolderNode {
  std::shared_ptr<const FolderNode> parent;  // null: the root of the tree
  std::string name;                          // below its parent; empty for the root
  std::size_t depth = 0;
  ~FolderNode() {
    // A chain thousands of folders deep must not be destroyed by as many nested calls.
    std::shared_ptr<const FolderNode> next = std::move(parent);
    while (next && next.use_count() == 1)
      next = std::exchange(const_cast<FolderNode&>(*next).parent, nullptr);  // NOLINT
  }
};
using FolderRef = std::shared_ptr<const FolderNode>;

[[nodiscard]] inline FolderRef folder_below(const FolderRef& parent, std::string name) {
  auto node = std::make_shared<FolderNode>();
  node->parent = parent;
  node->name = std::move(name);
  node->depth = parent->depth + 1;
  return node;
}

// Directory is platform::SourceDirectory or platform::TargetDirectory: both open what lies below them by name.
template <class Directory>
class FolderCursor {
 public:
  explicit FolderCursor(Directory& root) : root_(&root) {}

  [[nodiscard]] Result<Directory*> at(const FolderRef& folder) {
    std::vector<const FolderNode*> wanted(folder->depth);
    for (const FolderNode* node = folder.get(); node->depth > 0; node = node->parent.get())
      wanted[node->depth - 1] = node;
    std::size_t same = 0;
    while (same < wanted.size() && same < open_.size() && open_[same].node.get() == wanted[same]) ++same;
    while (open_.size() > same) open_.pop_back();
    if (same < wanted.size()) {
      std::vector<FolderRef> refs(wanted.size());
      FolderRef node = folder;
      for (std::size_t level = wanted.size(); level-- > same;) {
        refs[level] = node;
        node = node->parent;
      }
      for (std::size_t level = same; level < wanted.size(); ++level) {
        Directory* parent = open_.empty() ? root_ : open_.back().handle.get();
        ATOLL_ASSIGN(auto handle, parent->open_directory(refs[level]->name));
        open_.push_back({std::move(refs[level]), std::move(handle)});
      }
    }
    return open_.empty() ? root_ : open_.back().handle.get();
  }

 private:
  struct Open {
    FolderRef node;
    std::unique_ptr<Directory> handle;
  };
  Directory* root_;
  std::vector<Open> open_;
};

}  // namespace atl::vault
