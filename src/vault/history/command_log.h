// What was done to a bucket or below a prefix, command by command.
// Always true: told from the journal alone; what lies before its horizon is not told here (versions of one object go
// further back: CatalogReader::versions_of()).
// Complexity: linear in the commands that are read, newest first, 64 at a time.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "vault/vault.h"

namespace atl::vault {

struct CommandLine {
  journal::Envelope envelope;
  std::uint64_t stored = 0;     // names that were stored or came back
  std::uint64_t removed = 0;    // names
  std::uint64_t described = 0;  // versions whose words alone changed, where the command names no key
  std::string first_key;        // of those that were touched
};

// Of one command: none where it touches nothing below the prefix.
[[nodiscard]] Result<std::optional<CommandLine>> command_line(const journal::Command& command, const BucketId& bucket,
                                                              std::string_view prefix);
// Newest first, from `up_to` (0: the last one) back; `visit` returns false to stop. Returns the oldest change that was
// looked at: where it is greater than 1 and the visit was not stopped, what came before is no longer kept.
[[nodiscard]] Result<Lsn> for_each_command(Vault& vault, const BucketId& bucket, std::string_view prefix, Lsn up_to,
                                           const std::function<Result<bool>(const CommandLine&)>& visit);

}  // namespace atl::vault
