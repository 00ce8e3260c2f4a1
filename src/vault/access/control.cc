#include "vault/access/control.h"

namespace atl::access {

Result<std::optional<VaultId>> find_control(vault::Home& home, const vault::UnlockSecrets& secrets) {
  ATOLL_ASSIGN(const auto all, home.vaults(secrets));
  for (const auto& listing : all) {
    if (listing.name == vault::kControlVaultName) return listing.id;
  }
  return std::nullopt;
}

Result<std::unique_ptr<vault::Vault>> open_control(vault::Home& home, const vault::UnlockSecrets& secrets,
                                                   const vault::VaultOptions& options) {
  ATOLL_ASSIGN(auto id, find_control(home, secrets));
  if (!id) {
    if (!options.writable) return std::unique_ptr<vault::Vault>();
    // One that is there and does not unlock would be made a second time, and nobody could sign in to the first.
    ATOLL_ASSIGN(const auto all, home.vaults(secrets));
    for (const auto& listing : all) {
      if (!listing.is_unlocked) {
        return fail(ErrorKind::wrong_key, "control.not_found",
                    "vault " + listing.id.text() + " is locked and may be the one that holds the accounts",
                    "Unlock it too, with --password-file or --key-file; `atoll vault list` shows the vaults.");
      }
    }
    vault::CreateVaultOptions create;
    create.name = vault::kControlVaultName;
    create.journal_segment_bytes = 4U << 20;  // small rows only
    // What opened the other vaults opens this one, so that whoever starts the server gives one secret.
    std::optional<keyring::Unlocking> slot;
    for (auto& one : home.candidates({}, secrets)) {
      if (one.kind == keyring::SlotKind::recovery) continue;
      slot = std::move(one);
      break;
    }
    ATOLL_ASSIGN(id, home.create_vault(create, secrets, slot));
  }
  return home.open_vault(*id, secrets, options);
}

}  // namespace atl::access
