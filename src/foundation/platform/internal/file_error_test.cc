#include "foundation/platform/internal/file_error.h"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>

namespace atl::platform {
namespace {

TEST(FileErrorTest, EachErrnoHasItsKindAndId) {
  struct Row {
    int os_error;
    ErrorKind kind;
    const char* id;
    bool has_hint;
  };
  constexpr std::array kRows{
      Row{ENOSPC, ErrorKind::no_space, "file.no_space", true},
      Row{EDQUOT, ErrorKind::no_space, "file.quota", true},
      Row{ENOENT, ErrorKind::not_found, "file.not_found", false},
      Row{EEXIST, ErrorKind::conflict, "file.exists", false},
      Row{ENOTEMPTY, ErrorKind::conflict, "file.directory_not_empty", false},
      Row{ENOTDIR, ErrorKind::conflict, "file.not_a_directory", false},
      Row{EISDIR, ErrorKind::conflict, "file.is_directory", false},
      Row{EXDEV, ErrorKind::conflict, "file.other_file_system", true},
      Row{EROFS, ErrorKind::io, "file.read_only", true},
      Row{EACCES, ErrorKind::io, "file.permission_denied", true},
      Row{EPERM, ErrorKind::io, "file.permission_denied", true},
      Row{EMFILE, ErrorKind::limit, "file.too_many_open", true},
      Row{ENFILE, ErrorKind::limit, "file.too_many_open", true},
      Row{ENAMETOOLONG, ErrorKind::limit, "file.name_too_long", false},
      Row{EFBIG, ErrorKind::limit, "file.too_large", true},
      Row{EIO, ErrorKind::io, "file.io", false},
      Row{EBADF, ErrorKind::io, "file.io", false},
  };
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.id);
    const Error error = file_error(row.os_error, "write", "/home/x").value();
    EXPECT_EQ(name_of(error.kind), name_of(row.kind));
    EXPECT_EQ(error.id, row.id);
    EXPECT_EQ(error.hint.empty(), !row.has_hint);
    EXPECT_EQ(error.os_error, row.os_error);
    EXPECT_TRUE(error.message.starts_with("cannot write '/home/x': ")) << error.message;
  }
}

}  // namespace
}  // namespace atl::platform
