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
//    change writes and syncs one, then the other; the higher generation that is whole and that opens wins.
//  - Names (the vault's, slots') stand inside sealed parts only.
//  - Key material leaves this module as SecretKey only, and in the recovery kit, which is made of it.
//  - What is written was opened again and compared in memory first.
// Format: spec/formats/keyring.md.
// Thread rules: const members may be called from any thread, also while a change runs; changes are the caller's to
// serialise, within the process and (by the vault's lock) between processes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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
  std::string label;  // the user's word for it
  Timestamp created;
};

// A passphrase in memory: wiped when it is destroyed or moved from, never copied.
class WipedText {
 public:
  WipedText() = default;
  WipedText(std::string text) : text_(text) { codec::wipe(text); }  // NOLINT(google-explicit-constructor)
  WipedText(std::string_view text) : text_(text) {}                 // NOLINT(google-explicit-constructor)
  WipedText(const char* text) : text_(text) {}                      // NOLINT(google-explicit-constructor)
  WipedText(const WipedText&) = delete;
  WipedText& operator=(const WipedText&) = delete;
  WipedText(WipedText&& other) noexcept : text_(other.text_) { codec::wipe(other.text_); }
  WipedText& operator=(WipedText&& other) noexcept {
    if (this != &other) {
      codec::wipe(text_);
      text_ = other.text_;
      codec::wipe(other.text_);
    }
    return *this;
  }
  ~WipedText() { codec::wipe(text_); }
  [[nodiscard]] std::string_view view() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

// One way to unlock. The secret is the passphrase's text (its bytes as given: no normalisation, no trimming), the 32
// bytes of a key file, or the recovery key's 32 bytes.
struct Unlocking {
  SlotKind kind = SlotKind::passphrase;
  WipedText passphrase;  // kind passphrase
  codec::SecretKey key;  // kind key_file, recovery
};

struct CreateOptions {
  VaultId vault;
  std::string vault_name;  // UTF-8, at most 255 bytes
  codec::SealSuite suite = codec::SealSuite::aes256gcm;
  codec::PassphraseCost passphrase_cost;  // kept in the keyring for later slots
};

inline constexpr std::size_t kSlotsMax = 64;
inline constexpr std::size_t kDomainsMax = 4096;
inline constexpr std::size_t kNameBytesMax = 255;  // vault name, slot label

class Keyring {
 public:
  Keyring(const Keyring&) = delete;
  Keyring& operator=(const Keyring&) = delete;
  Keyring(Keyring&&) = delete;
  Keyring& operator=(Keyring&&) = delete;
  ~Keyring();

  // Makes new random keys with domain 1 and one slot, and writes all files into `folder` (the vault's, existing).
  // `first_slot` is a passphrase or key file; suite `none` ignores it. `conflict` where there is a keyring already.
  [[nodiscard]] static Result<std::unique_ptr<Keyring>> create(const platform::Machine& machine,
                                                               const std::string& folder, const CreateOptions& options,
                                                               const Unlocking& first_slot, const std::string& label);
  // Errors: `missing_home` where neither file is there, `locked` where the vault is encrypted and `candidates` is
  // empty, `wrong_key` where no slot opens with any of them, `damaged` where both files are, `unsupported` where one
  // was written by a newer program. A single bad or older file is told by was_damaged() and mended by repair().
  // Costs one Argon2id per passphrase candidate and passphrase slot. Writes nothing but a missing `local.key`.
  [[nodiscard]] static Result<std::unique_ptr<Keyring>> open(const platform::Machine& machine,
                                                             const std::string& folder,
                                                             const std::vector<Unlocking>& candidates);
  // What can be told without a secret: vault id, suite, slot kinds.
  struct Outside {
    VaultId vault;
    codec::SealSuite suite = codec::SealSuite::aes256gcm;
    std::vector<SlotKind> slot_kinds;
  };
  [[nodiscard]] static Result<Outside> look_from_outside(platform::FileSystem& files, const std::string& folder);

  // The bytes of the newest whole one of the two files: what a second copy keeps under both names. They tell no more
  // than the files do.
  [[nodiscard]] static Result<Bytes> image(platform::FileSystem& files, const std::string& folder);

  [[nodiscard]] VaultId vault() const;
  [[nodiscard]] const std::string& vault_name() const;  // valid as long as the keyring
  [[nodiscard]] codec::SealSuite suite() const;
  [[nodiscard]] const codec::SecretKey& journal_key() const;  // never changes
  // Null: unknown or destroyed. Else valid as long as the keyring, or until the domain is destroyed.
  [[nodiscard]] const DomainKeys* domain(DomainNumber number) const;
  [[nodiscard]] std::vector<DomainNumber> domains() const;  // ascending
  // Key for a derived file, bound to its name and to the local key L ("catalog", "indexes/chunks").
  [[nodiscard]] codec::SecretKey derived_key(std::string_view purpose) const;
  // True where L had to be made anew when this keyring was opened (or created): derived files made before are
  // unreadable now and have to be rebuilt.
  [[nodiscard]] bool local_key_is_new() const;
  [[nodiscard]] std::vector<SlotInfo> slots() const;
  [[nodiscard]] std::uint64_t generation() const;
  // The recovery kit: none made, saved for the present keys, stale (keys were changed since, or its slot is gone), or
  // not needed, because the vault is not encrypted.
  enum class KitState : std::uint8_t { never_saved, saved, stale, not_needed };
  [[nodiscard]] KitState kit_state() const;
  // One of the files was missing, bad or behind when this keyring was opened, or could not be written since.
  [[nodiscard]] bool was_damaged() const;

  // Each of these writes both files before it returns. On error the old keyring is still whole on disk; the one
  // exception, "keyring.second_copy", says that the change was made and stands in the first file only.
  // A keyring opened from an older copy, because the newer one did not open with the given secrets, refuses changes
  // with `conflict`: they would overwrite keys that nobody else holds.

  // A passphrase (not empty) or a key file; recovery slots come from make_kit(). `cost`: default, the keyring's own.
  [[nodiscard]] Result<std::uint32_t> add_slot(const Unlocking& unlocking, const std::string& label,
                                               std::optional<codec::PassphraseCost> cost = std::nullopt);
  [[nodiscard]] Result<void> remove_slot(std::uint32_t number);  // refuses the last slot that is no recovery slot
  [[nodiscard]] Result<void> rename_vault(const std::string& name);
  [[nodiscard]] Result<DomainNumber> add_domain();  // makes a saved kit stale
  // Forgets the keys of a domain, for good: nothing sealed under it can be read again. Not the default domain. Older
  // copies of the keyring (backups, kits) still hold them: see the format page. Makes a saved kit stale.
  [[nodiscard]] Result<void> destroy_domain(DomainNumber number);
  // New R. Slots that open with a secret in `keep` remain (passphrases and key files; each secret must fit a slot, and
  // one at least is needed), all others go, recovery slots too; a saved kit becomes stale.
  [[nodiscard]] Result<void> rotate_root(const std::vector<Unlocking>& keep);
  // New L: every derived file becomes unreadable.
  [[nodiscard]] Result<void> replace_local_key();
  // Writes the files that are missing, bad or behind, from the good one.
  [[nodiscard]] Result<void> repair();

  // Makes a new recovery key and a slot for it, and returns the kit's two forms; both hold the key, the file a copy of
  // the keyring besides. Older kits keep opening the vault until confirm_kit(), which says that this one was saved.
  // `usage` where the vault is not encrypted.
  struct Kit {
    std::string page_text;  // UTF-8, one printed page
    Bytes file;
  };
  [[nodiscard]] Result<Kit> make_kit();
  [[nodiscard]] Result<void> confirm_kit();
  // Reads either form back. Of a page it needs the four lines of the key only, with any spacing, case and text around
  // them; a mistyped line is named.
  [[nodiscard]] static Result<Unlocking> parse_kit(ByteView page_or_file);
  // The vault that a kit belongs to; none where a page does not say it.
  [[nodiscard]] static Result<std::optional<VaultId>> vault_of_kit(ByteView page_or_file);
  // Brings lost or damaged keyring files back from the kit's file and opens the vault: the keys are those of the
  // moment when the kit was made, the only slot is the kit's. Where a keyring that is whole is still there it is
  // opened with the kit's key instead, and `conflict` is returned where that does not fit. Damaged files are kept
  // beside, as `<name>.damaged`.
  [[nodiscard]] static Result<std::unique_ptr<Keyring>> restore_from_kit(const platform::Machine& machine,
                                                                         const std::string& folder, ByteView kit_file);

 private:
  struct State;
  explicit Keyring(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace atl::keyring
