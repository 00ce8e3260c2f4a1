// The vault named `control`: the home's own affairs, kept as everything else is.
// Always true: made on first use, with keys of its own; unlocked by what unlocks the home's other vaults where that was
// given, else by a key file of its own on this machine.
#pragma once

#include <memory>
#include <string_view>

#include "vault/home.h"

namespace atl::access {

// None where there is none yet.
[[nodiscard]] Result<std::optional<VaultId>> find_control(vault::Home& home, const vault::UnlockSecrets& secrets);
// Opens it; makes it first where it is missing and options.writable. Null where it is missing and only read.
[[nodiscard]] Result<std::unique_ptr<vault::Vault>> open_control(vault::Home& home, const vault::UnlockSecrets& secrets,
                                                                 const vault::VaultOptions& options);

}  // namespace atl::access
