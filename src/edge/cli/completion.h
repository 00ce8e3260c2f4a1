// Shell completion, made from the parser itself, so that it cannot fall behind.
// Always true: the scripts complete verbs and options; addresses are left to the user.
#pragma once

#include <string>

#include "foundation/base/error.h"

namespace CLI {
class App;
}

namespace atl::cli {

[[nodiscard]] Result<std::string> completion_script(const CLI::App& app, const std::string& shell);

}  // namespace atl::cli
