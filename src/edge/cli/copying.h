// The copies beside a command that writes: shipped to every second while it works, and once more at its end.
// Always true: a copy that cannot be brought up to date is told in one line, and never changes the exit code.
#pragma once

#include <functional>
#include <string>

#include "edge/cli/session.h"
#include "services/backup/copies.h"

namespace atl::cli {

// `not_found` where the vault has none of that name.
[[nodiscard]] Result<catalog::CopyRow> find_copy(vault::Vault& vault, const std::string& name);
// The kit's file, or where only its page is there the page; of a folder that one which belongs to the vault.
[[nodiscard]] Result<Bytes> read_kit(Session& session, const std::string& given, const VaultId& vault);
// `work`, and what it wrote to every copy that can be reached. The vault is settled afterwards, not closed.
[[nodiscard]] Result<int> with_copies(Session& session, vault::Vault& vault,
                                      const std::function<Result<int>(vault::Vault&)>& work);

}  // namespace atl::cli
