// The accounts of a home go along with the copies of its first vault, so that a home made from one has its people
// again.
//
// Always true:
//  - They lie in `accounts` below the place of such a copy: a copy of the vault `control`, as every copy is.
//  - What opens the first vault opens `control`: one slot of its keyring holds a key made from the first vault's keys.
//  Where the
//    first vault is not encrypted there is no such slot, and nothing comes along.
// Format: spec/formats/copy.md. Thread rules: one thread at a time for each vault.
#pragma once

#include <span>
#include <string>

#include "services/backup/copy_target.h"
#include "services/backup/restore_home.h"
#include "vault/vault.h"

namespace atl::backup {

// Of a copy's place, also in S3: there in the standard class, and in rounds that are half a minute apart.
[[nodiscard]] std::string accounts_place(const std::string& place);
// How the row is called that follows the copy `name`. Different names have different ones.
[[nodiscard]] std::string accounts_copy_name(const std::string& name);

[[nodiscard]] keyring::Unlocking accounts_key(const keyring::Keyring& first, const VaultId& accounts);
// Makes the slot where `accounts` has none that this key opens.
[[nodiscard]] Result<void> open_accounts_by(const vault::Vault& first, vault::Vault& accounts);

// Makes the copies of `accounts` that belong to those of the first vault, and forgets those whose copy is no longer
// kept (their files stay). One that cannot be reached is made the next time; its error is told after the others were
// made.
[[nodiscard]] Result<void> follow_copies(vault::Vault& accounts, const VaultId& first,
                                         std::span<const catalog::CopyRow> copies_of_first, const CopyReach& reach);
// Deletes what came along with the copy at `place`; nothing where there is none.
[[nodiscard]] Result<void> remove_accounts(const CopyReach& reach, const std::string& place);

// Into the home that `first` was just made in. `options`: `from` is the place of the first vault's copy; `kit` is not
// looked at. None where no accounts came along.
[[nodiscard]] Result<std::optional<RestoreHomeReport>> restore_accounts(const platform::Machine& machine,
                                                                        RestoreHomeOptions options,
                                                                        const keyring::Keyring& first);

}  // namespace atl::backup
