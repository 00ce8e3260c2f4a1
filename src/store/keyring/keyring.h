// The keys of one vault, and the slots that open them.
//
//     passphrase (Argon2id) | key file | recovery key      slots
//       └─ root key R (random, per vault)
//            └─ keyring body, sealed by R
//                 ├─ journal key J                          envelopes
//                 └─ per domain: id key, gear key, payload key, pack key
//     local key L: beside the keyring, sealed by R, never copied elsewhere: wraps the keys of derived files
//
// Always true:
//  - The keyring is kept in two files, `keyring` and `keyring.2`, each complete; either one alone opens the vault. A
//    change writes and syncs one, then the other; the higher generation with a good checksum wins.
//  - Names (the vault's, slots') stand inside sealed parts only.
//  - Key material never leaves this module but as SecretKey.
// Format: spec/formats/keyring.md. Thread rules: const members from any thread; changes are the caller's to serialise.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/ids.h"
#include "foundation/base/time.h"
#include "foundation/codec/seal.h"
#include "foundation/codec/secret.h"
#include "foundation/platform/machine.h"

namespace atl::keyring {

// Fixed for the life of the domain. Derived keys: codec::derive_key(pack_key, salt || pack id, "atoll pack") and so on,
// as each format page says.
struct DomainKeys {
  DomainNumber number;
  codec::SecretKey id_key;       // chunk ids
  codec::SecretKey gear_key;     // cut points
  codec::SecretKey payload_key;  // journal payloads and archives
  codec::SecretKey pack_key;     // packs
};

enum class SlotKind : std::uint8_t { passphrase = 1, key_file = 2, recovery = 3 };  // stored
struct SlotInfo {
  std::uint32_t number = 0;  // stable, never reused
  SlotKind kind = SlotKind::passphrase;
  std::string label;         // the user's word for it
  Timestamp created;
};

// One way to unlock. The secret is the passphrase's text, the 32 bytes of a key file, or the recovery key's 32 bytes.
struct Unlocking {
  SlotKind kind = SlotKind::passphrase;
  std::string passphrase;      // kind passphrase
  codec::SecretKey key;        // kind key_file, recovery
};

struct CreateOptions {
  VaultId vault;
  std::string vault_name;
  codec::SealSuite suite = codec::SealSuite::aes256gcm;
  codec::PassphraseCost passphrase_cost;
};

class Keyring {
 public:
  Keyring(const Keyring&) = delete;
  Keyring& operator=(const Keyring&) = delete;
  Keyring(Keyring&&) = delete;
  Keyring& operator=(Keyring&&) = delete;
  ~Keyring();

  // Makes new random keys with domain 1 and one slot, and writes both files into `folder` (the vault's, existing).
  [[nodiscard]] static Result<std::unique_ptr<Keyring>> create(const platform::Machine& machine, const std::string& folder, const CreateOptions& options, const Unlocking& first_slot, const std::string& label);
  // `wrong_key` where no slot opens with any of `candidates`; `damaged` where both files are. A single bad file is
  // reported by was_damaged() and mended by repair().
  [[nodiscard]] static Result<std::unique_ptr<Keyring>> open(const platform::Machine& machine, const std::string& folder, const std::vector<Unlocking>& candidates);
  // What can be told without a secret: vault id, suite, slot kinds.
  struct Outside { VaultId vault; codec::SealSuite suite = codec::SealSuite::aes256gcm; std::vector<SlotKind> slot_kinds; };
  [[nodiscard]] static Result<Outside> look_from_outside(platform::FileSystem& files, const std::string& folder);

  [[nodiscard]] VaultId vault() const;
  [[nodiscard]] const std::string& vault_name() const;
  [[nodiscard]] codec::SealSuite suite() const;
  [[nodiscard]] const codec::SecretKey& journal_key() const;
  [[nodiscard]] const DomainKeys* domain(DomainNumber number) const;  // null: unknown or destroyed
  [[nodiscard]] std::vector<DomainNumber> domains() const;
  // Key for a derived file, bound to its name and to the local key L ("catalog", "indexes/chunks").
  [[nodiscard]] codec::SecretKey derived_key(std::string_view purpose) const;
  [[nodiscard]] std::vector<SlotInfo> slots() const;
  [[nodiscard]] std::uint64_t generation() const;
  // The recovery kit: none, saved for the present keys, or stale (keys were changed since).
  enum class KitState : std::uint8_t { never_saved, saved, stale };
  [[nodiscard]] KitState kit_state() const;
  [[nodiscard]] bool was_damaged() const;

  // Each writes both files before it returns; on error the old keyring is still whole on disk.
  [[nodiscard]] Result<std::uint32_t> add_slot(const Unlocking& unlocking, const std::string& label);
  [[nodiscard]] Result<void> remove_slot(std::uint32_t number);  // refuses the last slot that is no recovery slot
  [[nodiscard]] Result<void> rename_vault(const std::string& name);
  [[nodiscard]] Result<DomainNumber> add_domain();
  [[nodiscard]] Result<void> rotate_root(const std::vector<Unlocking>& keep);  // new R; only the given slots remain; makes the kit stale
  [[nodiscard]] Result<void> repair();                       // writes both files anew from the good one
  // Makes (or reuses) the recovery slot and returns the kit's content; marks the kit saved only in confirm_kit().
  struct Kit { std::string page_text; Bytes file; };
  [[nodiscard]] Result<Kit> make_kit();
  [[nodiscard]] Result<void> confirm_kit();
  // Reads either form back.
  [[nodiscard]] static Result<Unlocking> parse_kit(ByteView page_or_file);

 private:
  struct State;
  explicit Keyring(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace atl::keyring
