// Which files the calling process can still open, by Landlock.
// Always true: none can be written or made, and only the named ones can be read. Thread rules: the one thread's of a
// child.
#pragma once

#include <string>
#include <vector>

namespace atl::sandbox {

struct ReachableFiles {
  std::string path;  // a file, or a folder with all below it; nothing where it is not there
  bool may_be_run = false;
};

// False where the kernel cannot keep it to them.
[[nodiscard]] bool keep_to(const std::vector<ReachableFiles>& all);

}  // namespace atl::sandbox
