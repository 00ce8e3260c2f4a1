// What stands in a keyring's two sections: slots (clear) and body (sealed by R), as values and as numbered fields
// (spec/formats/keyring.proto).
//
// Always true:
//  - A decoded body and its slots agree: each slot has its label, numbers are unique and below the next one.
//  - Fields that a newer program added are kept through decode and encode.
//  - Keys are shared between copies of a Body, never duplicated.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/bytes.h"
#include "store/keyring/internal/frame.h"
#include "store/keyring/keyring.h"

namespace atl::keyring::internal {

inline constexpr std::size_t kWrappedBytes = 32 + codec::kTagBytes;
using WrappedKey = std::array<std::uint8_t, kWrappedBytes>;

// Highest cost that a file may ask for: it comes from outside and must not hang the program.
inline constexpr std::uint32_t kCostMemoryKibMax = 2U << 20;
inline constexpr std::uint32_t kCostPassesMax = 64;
inline constexpr std::uint64_t kCostWorkMax = 16U << 20;  // memory_kib x passes
[[nodiscard]] bool is_sane(const codec::PassphraseCost& cost);

struct Slot {
  std::uint32_t number = 0;
  SlotKind kind = SlotKind::passphrase;
  std::array<std::uint8_t, 16> salt{};
  codec::PassphraseCost cost{0, 0};  // kind passphrase only
  codec::Nonce nonce{};
  WrappedKey wrapped{};  // R, sealed
  Bytes unknown;
  friend bool operator==(const Slot&, const Slot&);
};

struct SlotLabel {
  std::string label;
  Timestamp created;
  Bytes unknown;
};

struct Domain {
  DomainKeys keys;
  Bytes unknown;
};

struct Body {
  std::string vault_name;
  std::shared_ptr<const codec::SecretKey> journal_key;
  std::map<std::uint32_t, std::shared_ptr<const Domain>> domains;
  std::map<std::uint32_t, SlotLabel> labels;  // by slot number
  std::uint32_t next_slot = 1;
  std::uint32_t next_domain = 1;
  std::uint64_t key_generation = 1;  // counts new roots and changes of the set of domains
  // The slot of the kit that was saved, and of the one that was made and not yet confirmed; 0: none.
  std::uint32_t kit_slot = 0;
  std::uint64_t kit_key_generation = 0;
  std::uint32_t pending_slot = 0;
  std::uint64_t pending_key_generation = 0;
  codec::PassphraseCost cost;  // for new passphrase slots
  Timestamp created;
  Bytes unknown;
};

[[nodiscard]] Bytes encode_slots(const std::vector<Slot>& slots);
[[nodiscard]] Result<std::vector<Slot>> decode_slots(ByteView clear);
[[nodiscard]] WipedBytes encode_body(const Body& body);
[[nodiscard]] Result<Body> decode_body(ByteView plain, const std::vector<Slot>& slots);

// The key that a slot's secret gives. For a passphrase one Argon2id.
[[nodiscard]] Result<codec::SecretKey> slot_key(const Slot& slot, VaultId vault, const Unlocking& secret);
// Fills in slot.nonce and slot.wrapped.
void wrap_root(Slot& slot, VaultId vault, const codec::SecretKey& slot_key, const codec::SecretKey& root,
               platform::Random& random);
[[nodiscard]] std::optional<codec::SecretKey> unwrap_root(const Slot& slot, VaultId vault,
                                                          const codec::SecretKey& slot_key);
// The key of the body under root key R.
[[nodiscard]] codec::SecretKey body_key(const codec::SecretKey& root, VaultId vault);

// 32 bytes of a repeated or single key field; `damaged` where the length differs.
[[nodiscard]] Result<codec::SecretKey> read_key(ByteView field, std::string_view what);
[[nodiscard]] codec::SecretKey random_key(platform::Random& random);
template <std::size_t N>
[[nodiscard]] bool copy_exact(ByteView from, std::array<std::uint8_t, N>& to) {
  if (from.size() != N) return false;
  std::copy(from.begin(), from.end(), to.begin());
  return true;
}

}  // namespace atl::keyring::internal
