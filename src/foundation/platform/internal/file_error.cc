#include "foundation/platform/internal/file_error.h"

#include <cerrno>
#include <system_error>

namespace atl::platform {

tl::unexpected<Error> file_error(int os_error, std::string_view action, std::string_view path) {
  const std::string message =
      "cannot " + std::string(action) + " '" + std::string(path) + "': " + std::generic_category().message(os_error);
  const auto make = [&](ErrorKind kind, std::string id, std::string hint = {}) {
    return fail(kind, std::move(id), message, std::move(hint), os_error);
  };
  switch (os_error) {
    case ENOSPC: return make(ErrorKind::no_space, "file.no_space", "free some space on this disk and try again");
    case EDQUOT: return make(ErrorKind::no_space, "file.quota", "your quota on this disk is used up; free some space");
    case ENOENT: return make(ErrorKind::not_found, "file.not_found");
    case EEXIST: return make(ErrorKind::conflict, "file.exists");
    case ENOTEMPTY: return make(ErrorKind::conflict, "file.directory_not_empty");
    case ENOTDIR: return make(ErrorKind::conflict, "file.not_a_directory");
    case EISDIR: return make(ErrorKind::conflict, "file.is_directory");
    case EXDEV: return make(ErrorKind::conflict, "file.other_file_system", "both names must be on one file system");
    case EROFS:
      return make(ErrorKind::io, "file.read_only", "the file system is read-only; it may have been after an error");
    case EACCES:
    case EPERM:
      return make(ErrorKind::io, "file.permission_denied",
                  "check who owns it and its mode, and that of the folders above");
    case EMFILE:
    case ENFILE: return make(ErrorKind::limit, "file.too_many_open", "raise the limit of open files (ulimit -n)");
    case ENAMETOOLONG: return make(ErrorKind::limit, "file.name_too_long");
    case EFBIG:
      return make(ErrorKind::limit, "file.too_large", "this file system or a ulimit refuses files of this size");
    default: return make(ErrorKind::io, "file.io");
  }
}

tl::unexpected<Error> file_locked(std::string_view path) {
  return fail(ErrorKind::locked, "file.locked",
              "'" + std::string(path) + "' is locked by another process or another part of this one");
}

tl::unexpected<Error> file_poisoned(std::string_view path) {
  return fail(
      ErrorKind::io, "file.poisoned",
      "'" + std::string(path) + "' failed to sync before; what it holds is unknown until it is reopened and checked");
}

tl::unexpected<Error> file_name_has_nul() {
  return fail(ErrorKind::usage, "file.name_has_nul", "a path holds a NUL byte");
}

}  // namespace atl::platform
