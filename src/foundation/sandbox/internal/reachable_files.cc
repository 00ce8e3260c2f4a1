#include "foundation/sandbox/internal/reachable_files.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace atl::sandbox {

bool keep_to(const std::vector<ReachableFiles>& all) {
  // What the first version of Landlock knows; newer rights are about what the other filter forbids anyway.
  landlock_ruleset_attr handled{};
  handled.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1U) - 1;
  const auto rules = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0));
  if (rules < 0) return false;
  for (const ReachableFiles& one : all) {
    landlock_path_beneath_attr below{};
    below.parent_fd = ::open(one.path.c_str(), O_PATH | O_CLOEXEC);
    if (below.parent_fd < 0) continue;
    struct stat info {};
    std::uint64_t rights = LANDLOCK_ACCESS_FS_READ_FILE;
    if (::fstat(below.parent_fd, &info) == 0 && S_ISDIR(info.st_mode)) rights |= LANDLOCK_ACCESS_FS_READ_DIR;
    if (one.may_be_run) rights |= LANDLOCK_ACCESS_FS_EXECUTE;
    below.allowed_access = rights;
    ::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below, 0);
    ::close(below.parent_fd);
  }
  const bool is_kept = ::syscall(SYS_landlock_restrict_self, rules, 0) == 0;
  ::close(rules);
  return is_kept;
}

}  // namespace atl::sandbox
