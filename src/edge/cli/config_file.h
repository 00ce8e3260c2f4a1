// Settings from the configuration file and the environment, given to the parser as if they had been typed first.
//
//     flag  >  environment  >  file  >  default
//
// Always true:
//  - Every option has a key: `[put] exclude = ["*.tmp"]` is `put --exclude`, and so is ATOLL_PUT_EXCLUDE; keys of
//  global
//    options stand above the first section. There is no second list of settings that could fall behind.
//  - `config check` judges values by the options they stand for: what it calls right, the verb takes.
//  - A key that no option has is refused with file and line, not ignored.
//  - Options that may be repeated gather what file and command line say; of the others the command line's counts.
// The file is TOML 1.0: --config, ATOLL_CONFIG, $XDG_CONFIG_HOME/atoll/atoll.toml (~/.config/…), /etc/atoll/atoll.toml;
// the first that is there, and only that one.
#pragma once

#include <string>
#include <vector>

#include "edge/cli/commands.h"

namespace atl::cli {

// Type name of an option whose value is a file that has to be there before the verb can work.
inline constexpr const char* kReadableFile = "FILE";

struct Setting {
  std::vector<std::string> section;  // the verb: {"vault", "create"}; empty: a global option
  std::string key;                   // the option's long name
  std::vector<std::string> values;
  std::string from;  // "/etc/atoll/atoll.toml:3", "ATOLL_PUT_EXCLUDE"
};

// What file and environment say about the verb that `arguments` choose, with that verb's and the global options put in
// front of what was typed for them. Errors: `usage` for a file that is no TOML or has a key no option has; `not_found`
// for a named file that is missing.
[[nodiscard]] Result<std::vector<std::string>> with_settings(const CLI::App& app, Environment& environment,
                                                             const std::vector<std::string>& arguments);
// The file that is used: the one that ATOLL_CONFIG names or that is there, else where one of this user would lie.
[[nodiscard]] std::string config_file_path(Environment& environment);
// config show | check | path
void add_config_commands(CLI::App& app, Session& session, Chosen& chosen);

}  // namespace atl::cli
