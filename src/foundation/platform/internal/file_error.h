// What an errno means to callers of FileSystem: one table for the real file system and its twin, so that tests over the
// twin meet the very errors of the real one.
#pragma once

#include <string>
#include <string_view>

#include "foundation/base/error.h"

namespace atl::platform {

// "cannot <action> '<path>': <text of errno>", with the kind, id and hint that belong to it.
[[nodiscard]] tl::unexpected<Error> file_error(int os_error, std::string_view action, std::string_view path);
[[nodiscard]] tl::unexpected<Error> file_locked(std::string_view path);
[[nodiscard]] tl::unexpected<Error> file_poisoned(std::string_view path);
[[nodiscard]] tl::unexpected<Error> file_name_has_nul();

}  // namespace atl::platform
