// put --mirror, --move and --watch: what they may be combined with, their rounds and their words.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "edge/cli/session.h"
#include "vault/folder/mirror.h"
#include "vault/folder/move.h"

namespace CLI {
class App;
}

namespace atl::cli {

struct PutModes {
  bool mirrors = false, moves = false, watches = false;
  bool removes_excluded = false;
  bool allows_empty = false;
  bool needs_one_copy_only = false;
  std::string settle = "2s";
  std::string poll = "30s";
};
void add_put_modes(CLI::App& command, PutModes& modes);
// `usage` for what does not go together.
[[nodiscard]] Result<void> check_put_modes(const PutModes& modes, std::size_t path_count, bool is_dry_run);

// What one put did, in all its modes.
struct PutOutcome {
  vault::FolderPutSummary stored;
  std::optional<vault::MirrorSummary> mirrored;
  std::optional<vault::MoveSummary> moved;
};

// Everything a put needs, gathered once: a watch does it again and again.
struct PutJob {
  std::vector<vault::PutSource> sources;
  std::string bucket;
  std::string target;  // as the user wrote it
  vault::FolderPutOptions options;
  vault::FolderPutCallbacks callbacks;
  PutModes modes;
};

// Refuses a move without a second copy. `conflict`, id "move.one_copy".
[[nodiscard]] Result<void> check_copies(vault::Vault& vault, const PutModes& modes);
// Stores, then mirrors; makes a checkpoint where one is due.
[[nodiscard]] Result<PutOutcome> store_and_mirror(Session& session, vault::Vault& vault, const PutJob& job);
// On a vault opened anew after the put.
[[nodiscard]] Result<vault::MoveSummary> remove_sources(Session& session, vault::Vault& vault, const PutJob& job);
// Until Ctrl-C.
[[nodiscard]] Result<int> watch_and_put(Session& session, PutJob& job);

void say_put_summary(Session& session, const PutOutcome& outcome, const std::string& target);

}  // namespace atl::cli
