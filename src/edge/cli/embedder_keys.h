// Keys of servers that embed texts: what the server asks of whoever may use a model of it.
//
// Always true:
//  - A key is never in an argument, a message or the home. It comes from a file, or from ATOLL_EMBEDDER_KEY or the file
//    that ATOLL_EMBEDDER_KEY_FILE names, and is kept in the settings folder beside the keys that unlock vaults, in a
//    file for its owner only (mode 0600): keys/embedder.<host>.key.
//  - A key is kept for one server and goes to that one alone.
#pragma once

#include <string>

#include "derived/search/embedder_choice.h"
#include "edge/cli/environment.h"

namespace atl::cli {

// What is kept for the server, by its origin ("https://api.example.org"). `environment` outlives it.
[[nodiscard]] search::EmbedderKeys embedder_keys(const Environment& environment);
// The key in that file; where `path` is empty that of the environment; "" where there is none. Errors: `io`,
// `not_found`, `usage` ("embedder.bad_key": more than one line).
[[nodiscard]] Result<std::string> read_embedder_key(const Environment& environment, const std::string& path);
// In place of what is kept for the server now.
[[nodiscard]] Result<void> keep_embedder_key(const Environment& environment, const std::string& origin,
                                             std::string_view key);

}  // namespace atl::cli
