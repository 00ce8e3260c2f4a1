// From which commit the program was built: twelve hexadecimal digits, or "unknown" where its source had no repository.
// Defined by what the build writes (cmake/write_commit.cmake).
#pragma once

#include <string_view>

namespace atl::serve {

[[nodiscard]] std::string_view build_commit();

}  // namespace atl::serve
