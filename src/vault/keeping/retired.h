// Packs that nothing refers to any more: their files go as soon as no reader can be looking at them.
//
// Always true:
//  - A pack's row says `retired` before its file goes, and goes after it: broken off anywhere, the next call ends it.
//  - A retired pack is condemned in the chunk store from the vault's opening on, so that nothing new is built on it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "vault/vault.h"

namespace atl::vault {

struct RemovedPacks {
  std::uint64_t packs = 0;
  std::uint64_t bytes = 0;
  std::uint64_t waiting = 0;  // for a reader that began before
  std::uint64_t waiting_bytes = 0;
};

// Whoever takes packs away holds this while it works, so that there is one of them at a time in a vault. Held by
// another: `locked` with this id, saying `who` is at work.
[[nodiscard]] Result<std::unique_ptr<platform::FileLock>> lock_packs(Vault& vault, std::string id,
                                                                     const std::string& who);

// One command or more: rows of new packs, and `retired` in those of old ones.
[[nodiscard]] Result<void> retire_packs(Vault& vault, std::span<const chunk::PackInfo> retired,
                                        std::span<const chunk::NewPack> fresh);
// Files and rows of retired packs, where no pin is older.
[[nodiscard]] Result<RemovedPacks> remove_retired_packs(Vault& vault);

}  // namespace atl::vault
