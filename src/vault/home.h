// The folder that holds everything: one or more vaults, isolated from each other.
//
//     <home>/home.json             format number, when it was made; nothing about what is in it
//            home.lock             shared by every process at work here, exclusive for a server
//            vaults/<vault id>/    see vault.h
//
// Always true:
//  - Vaults have ids on disk; their names stand inside their sealed keyrings.
//  - Keys that unlock lie outside the home: <secrets folder>/<vault id>.key, 64 hexadecimal digits, mode 0600.
//  - Making or deleting a vault touches no other vault.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foundation/platform/machine.h"
#include "store/keyring/keyring.h"
#include "vault/vault.h"

namespace atl::vault {

inline constexpr std::string_view kDefaultVaultName = "main";
// Holds the home's own affairs (accounts, audit); never meant where no vault is named, and never deleted by name.
inline constexpr std::string_view kControlVaultName = "control";

// What the user gave to unlock with, tried on every vault: the machine's own key files first.
struct UnlockSecrets {
  std::string key_folder;                 // where <vault id>.key files lie; "" for none
  std::vector<keyring::Unlocking> given;  // passphrase, key file, kit
};

struct VaultListing {
  VaultId id;
  bool is_unlocked = false;
  std::string name;  // "" while it is locked
  codec::SealSuite suite = codec::SealSuite::aes256gcm;
  std::vector<keyring::SlotKind> slot_kinds;
  std::optional<Error> problem;  // its keyring cannot be read
};

// How a home is held while it is open.
enum class HomeUse : std::uint8_t {
  shared,     // beside other programs
  alone,      // a server: `locked` "home.in_use" while anybody else has it
  in_server,  // by the program that has it alone already
};

class Home {
 public:
  // Makes the folder (its parents too) where it is missing. `conflict` where it is a home already, or holds other
  // files.
  [[nodiscard]] static Result<std::unique_ptr<Home>> create(const platform::Machine& machine,
                                                            const std::string& folder);
  // `missing_home` where there is none; `locked` "home.served" while a server has it.
  [[nodiscard]] static Result<std::unique_ptr<Home>> open(const platform::Machine& machine, const std::string& folder,
                                                          HomeUse use = HomeUse::shared);

  [[nodiscard]] Result<std::vector<VaultListing>> vaults(const UnlockSecrets& secrets);
  // Makes a vault. Without a first slot a random key file is made in secrets.key_folder, which has to be set then.
  [[nodiscard]] Result<VaultId> create_vault(CreateVaultOptions options, const UnlockSecrets& secrets,
                                             const std::optional<keyring::Unlocking>& first_slot);
  // By name (of those that unlock) or by id; "" is the only vault (beside `control`), or the one named `main`.
  [[nodiscard]] Result<VaultId> find_vault(const std::string& name_or_id, const UnlockSecrets& secrets);
  [[nodiscard]] Result<std::unique_ptr<Vault>> open_vault(const VaultId& id, const UnlockSecrets& secrets,
                                                          const VaultOptions& options);
  // Every file of it, keyrings first, so that what a broken-off delete leaves is unreadable. Refused while locked by a
  // writer.
  [[nodiscard]] Result<void> delete_vault(const VaultId& id, const std::string& key_folder);

  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] std::string vault_folder(const VaultId& id) const;
  [[nodiscard]] std::vector<keyring::Unlocking> candidates(const VaultId& id, const UnlockSecrets& secrets) const;

 private:
  Home(const platform::Machine& machine, std::string folder);
  platform::Machine machine_;
  std::string folder_;
  std::unique_ptr<platform::FileLock> lock_;
};

// Reads a key file as create_vault() writes it. `wrong_key` where it is no such file.
[[nodiscard]] Result<keyring::Unlocking> read_key_file(platform::FileSystem& files, const std::string& path);

}  // namespace atl::vault
