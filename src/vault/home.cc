#include "vault/home.h"

#include <algorithm>

#include "vault/object/objects.h"

namespace atl::vault {
namespace {

using platform::join;

constexpr std::string_view kHomeFile = "home.json";
constexpr std::uint64_t kHomeFileBytesMax = 64 * 1024;
constexpr std::uint64_t kKeyFileBytesMax = 4096;

std::string key_path(const std::string& key_folder, const VaultId& id) { return join(key_folder, id.text() + ".key"); }

tl::unexpected<Error> no_home(const std::string& folder) {
  return fail(ErrorKind::missing_home, "home.missing", "there is no Atoll home in " + folder,
              "Make one with `atoll init`.");
}

// A handful of fields; a full JSON reader would be the only one this floor needs.
bool names_format(std::string_view text, int& format) {
  const std::size_t at = text.find("\"format\":");
  if (at == std::string_view::npos) return false;
  format = 0;
  bool any = false;
  for (std::size_t i = at + 9; i < text.size(); ++i) {
    if (text[i] == ' ' && !any) continue;
    if (text[i] < '0' || text[i] > '9') break;
    if (format > 100'000) return false;
    format = format * 10 + (text[i] - '0');
    any = true;
  }
  return any;
}

constexpr int kHomeFormat = 0;

keyring::Unlocking clone(const keyring::Unlocking& from) {
  keyring::Unlocking copy;
  copy.kind = from.kind;
  copy.passphrase = std::string(from.passphrase.view());
  copy.key = from.key.clone();
  return copy;
}

}  // namespace

Home::Home(const platform::Machine& machine, std::string folder) : machine_(machine), folder_(std::move(folder)) {}

std::string Home::vault_folder(const VaultId& id) const { return join(join(folder_, "vaults"), id.text()); }

Result<std::unique_ptr<Home>> Home::create(const platform::Machine& machine, const std::string& folder) {
  ATOLL_ASSIGN(const auto there, machine.files.stat(folder));
  if (there) {
    ATOLL_ASSIGN(const auto entries, machine.files.list(folder));
    for (const auto& entry : entries) {
      if (entry.name == kHomeFile)
        return fail(ErrorKind::conflict, "home.exists", folder + " is an Atoll home already");
    }
    const bool only_ours = std::ranges::all_of(entries, [](const auto& entry) {
      return entry.name == "vaults" || entry.name == "home.lock" || entry.name == std::string(kHomeFile) + ".new";
    });
    if (!only_ours) {
      return fail(ErrorKind::conflict, "home.folder_not_empty", folder + " holds other files",
                  "Choose an empty or a new folder.");
    }
  }
  ATOLL_TRY(platform::create_directories(machine.files, join(folder, "vaults")));
  const std::string text = "{\n  \"format\": " + std::to_string(kHomeFormat) + ",\n  \"created\": \"" +
                           format_rfc3339(machine.clock.now()) +
                           "\",\n  \"about\": \"An Atoll home: vaults/<id>/ hold sealed data. Do not edit; `atoll "
                           "stat` tells what is in it.\"\n}\n";
  ATOLL_TRY(platform::replace_whole(machine.files, join(folder, kHomeFile), as_bytes(text)));
  return open(machine, folder);
}

Result<std::unique_ptr<Home>> Home::open(const platform::Machine& machine, const std::string& folder, HomeUse use) {
  const auto text = platform::read_whole(machine.files, join(folder, kHomeFile), kHomeFileBytesMax);
  if (!text) {
    if (text.error().kind != ErrorKind::not_found) return pass(text.error());
    // The file says little; a home whose file was lost still opens by its vaults.
    ATOLL_ASSIGN(const auto vaults, machine.files.stat(join(folder, "vaults")));
    if (!vaults) return no_home(folder);
  } else {
    int format = 0;
    if (names_format(as_text(*text), format) && format > kHomeFormat) {
      return fail(ErrorKind::unsupported, "home.newer_format",
                  folder + " was made by a newer Atoll (format " + std::to_string(format) + ")",
                  "Use that version or a newer one.");
    }
  }
  std::unique_ptr<Home> home(new Home(machine, folder));
  if (use == HomeUse::in_server) return home;
  const auto mode = use == HomeUse::alone ? platform::LockMode::exclusive : platform::LockMode::shared;
  auto lock = machine.files.lock(join(folder, "home.lock"), mode);
  if (lock) {
    home->lock_ = std::move(*lock);
  } else if (lock.error().kind == ErrorKind::locked && use == HomeUse::alone) {
    return fail(ErrorKind::locked, "home.in_use", "another program is at work on the home " + folder,
                "Let it end first; `atoll serve` takes the home for itself.");
  } else if (lock.error().kind == ErrorKind::locked) {
    return fail(ErrorKind::locked, "home.served", "a server has the home " + folder + ", and does not answer",
                "Look at its log, or end it; commands reach it through server.sock in the home.");
  }  // a read-only disk cannot be locked, and needs no lock
  return home;
}

std::vector<keyring::Unlocking> Home::candidates(const VaultId& id, const UnlockSecrets& secrets) const {
  std::vector<keyring::Unlocking> all;
  if (!secrets.key_folder.empty()) {
    if (auto own = read_key_file(machine_.files, key_path(secrets.key_folder, id)); own) all.push_back(std::move(*own));
  }
  for (const auto& one : secrets.given) all.push_back(clone(one));
  return all;
}

Result<std::vector<VaultListing>> Home::vaults(const UnlockSecrets& secrets) {
  std::vector<VaultListing> listings;
  ATOLL_ASSIGN(const auto entries, machine_.files.list(join(folder_, "vaults")));
  for (const auto& entry : entries) {
    const auto id = VaultId::parse(entry.name);
    if (entry.kind != platform::FileKind::directory || !id) continue;  // "<id>.new" was never finished
    VaultListing listing;
    listing.id = *id;
    if (const auto outside = keyring::Keyring::look_from_outside(machine_.files, vault_folder(*id)); outside) {
      listing.suite = outside->suite;
      listing.slot_kinds = outside->slot_kinds;
      const auto opened = keyring::Keyring::open(machine_, vault_folder(*id), candidates(*id, secrets));
      if (opened) {
        listing.is_unlocked = true;
        listing.name = (*opened)->vault_name();
      } else if (opened.error().kind != ErrorKind::wrong_key && opened.error().kind != ErrorKind::locked) {
        listing.problem = opened.error();
      }
    } else {
      listing.problem = outside.error();
    }
    listings.push_back(std::move(listing));
  }
  return listings;
}

Result<VaultId> Home::create_vault(CreateVaultOptions options, const UnlockSecrets& secrets,
                                   const std::optional<keyring::Unlocking>& first_slot) {
  if (const auto good = check_bucket_name(options.name); !good) {
    return fail(ErrorKind::usage, "vault.bad_name", "\"" + options.name.substr(0, 80) + "\" cannot be a vault's name",
                "Use 3 to 63 of a-z, 0-9, '.' and '-'.");
  }
  ATOLL_ASSIGN(const auto existing, vaults(secrets));
  for (const auto& listing : existing) {
    if (listing.name == options.name)
      return fail(ErrorKind::conflict, "vault.exists", "there is a vault \"" + options.name + "\" already");
  }
  const auto id = platform::new_id<VaultId>(machine_);
  keyring::Unlocking slot;
  if (first_slot) {
    slot = clone(*first_slot);
  } else {
    ATOLL_INVARIANT(!secrets.key_folder.empty(), "a vault without a passphrase needs a place for its key file");
    ATOLL_TRY(platform::create_directories(machine_.files, secrets.key_folder));
    slot.kind = keyring::SlotKind::key_file;
    machine_.random.fill(slot.key.fill());
    if (options.slot_label.empty()) options.slot_label = "this machine";
    std::string text = to_hex(slot.key.view()) + "\n";
    // Written before the vault: a vault whose only key was lost would be a vault nobody opens.
    ATOLL_TRY(platform::replace_whole(machine_.files, key_path(secrets.key_folder, id), as_bytes(text)));
    codec::wipe(text);
  }
  ATOLL_TRY(Vault::create(machine_, vault_folder(id), id, options, slot));
  return id;
}

Result<VaultId> Home::find_vault(const std::string& name_or_id, const UnlockSecrets& secrets) {
  ATOLL_ASSIGN(const auto all, vaults(secrets));
  if (all.empty())
    return fail(ErrorKind::missing_home, "home.no_vault", "this home holds no vault yet",
                "Make one with `atoll init`.");
  if (name_or_id.empty()) {
    const auto is_users = [](const VaultListing& listing) { return listing.name != kControlVaultName; };
    if (std::ranges::count_if(all, is_users) == 1) return std::ranges::find_if(all, is_users)->id;
  }
  const std::string wanted = name_or_id.empty() ? std::string(kDefaultVaultName) : name_or_id;
  for (const auto& listing : all) {
    if (listing.name == wanted || listing.id.text() == wanted) return listing.id;
  }
  const bool some_locked = std::ranges::any_of(all, [](const auto& listing) { return !listing.is_unlocked; });
  return fail(ErrorKind::not_found, "vault.not_found",
              "there is no vault \"" + wanted + "\"" + (some_locked ? " among those that unlock" : ""),
              some_locked
                  ? "Give its passphrase with --password-file or name it by id; `atoll vault list` shows the ids."
                  : "`atoll vault list` shows them.");
}

Result<std::unique_ptr<Vault>> Home::open_vault(const VaultId& id, const UnlockSecrets& secrets,
                                                const VaultOptions& options) {
  auto opened = Vault::open(machine_, vault_folder(id), candidates(id, secrets), options);
  if (!opened && opened.error().kind == ErrorKind::wrong_key && opened.error().hint.empty()) {
    Error error = std::move(opened).error();
    error.hint = "Its key file is looked for in " +
                 (secrets.key_folder.empty() ? std::string("(nowhere)") : secrets.key_folder) +
                 "; a passphrase is given with --password-file or --password-command, a recovery kit with --kit.";
    return pass(std::move(error));
  }
  return opened;
}

Result<void> Home::delete_vault(const VaultId& id, const std::string& key_folder) {
  const std::string folder = vault_folder(id);
  ATOLL_ASSIGN(const auto there, machine_.files.stat(folder));
  if (!there) return fail(ErrorKind::not_found, "vault.not_found", "there is no vault " + id.text());
  {
    ATOLL_ASSIGN(const auto lock, machine_.files.lock(join(folder, "vault.lock"), platform::LockMode::exclusive));
    // Keys first, and that made durable: whatever is left after a broken-off delete opens for nobody.
    for (const char* name : {"keyring", "keyring.2", "local.key"})
      ATOLL_TRY(machine_.files.remove_file(join(folder, name)));
    ATOLL_TRY(machine_.files.sync_directory(folder));
  }
  ATOLL_TRY(platform::remove_tree(machine_.files, folder));
  ATOLL_TRY(machine_.files.sync_directory(join(folder_, "vaults")));
  if (!key_folder.empty()) ATOLL_TRY(machine_.files.remove_file(key_path(key_folder, id)));
  return {};
}

Result<keyring::Unlocking> read_key_file(platform::FileSystem& files, const std::string& path) {
  ATOLL_ASSIGN(auto text, platform::read_whole(files, path, kKeyFileBytesMax));
  std::string_view words = as_text(text);
  while (!words.empty() && (words.back() == '\n' || words.back() == '\r' || words.back() == ' '))
    words.remove_suffix(1);
  auto bytes = from_hex(words);
  codec::wipe(text);
  if (!bytes || bytes->size() != 32) {
    return fail(ErrorKind::wrong_key, "key_file.malformed", path + " is no key file",
                "A key file holds 64 hexadecimal digits.");
  }
  keyring::Unlocking unlocking;
  unlocking.kind = keyring::SlotKind::key_file;
  ATOLL_ASSIGN(unlocking.key, codec::SecretKey::from_view(*bytes));
  codec::wipe(*bytes);
  return unlocking;
}

}  // namespace atl::vault
