#include "store/keyring/internal/content.h"

#include <algorithm>

#include "foundation/codec/fields.h"

namespace atl::keyring::internal {
namespace {

tl::unexpected<Error> malformed(std::string_view why) {
  return fail(ErrorKind::damaged, "keyring.malformed", "the keyring is malformed: " + std::string(why));
}

bool fits_u32(std::uint64_t value) { return value <= UINT32_MAX; }

bool is_label(std::string_view text) { return text.size() <= kNameBytesMax && is_utf8(text); }

// What the wrapped root key is bound to: moving it to another slot, kind, cost or vault makes it unreadable.
Bytes slot_aad(const Slot& slot, VaultId vault) {
  Bytes aad = to_bytes("atoll keyring slot");
  ByteWriter writer(aad);
  writer.put_bytes(vault.view());
  writer.put<std::uint32_t>(slot.number);
  writer.put<std::uint8_t>(static_cast<std::uint8_t>(slot.kind));
  writer.put_bytes(slot.salt);
  writer.put<std::uint32_t>(slot.cost.memory_kib);
  writer.put<std::uint32_t>(slot.cost.passes);
  return aad;
}

Result<Slot> decode_slot(ByteView encoded) {
  Slot slot;
  std::uint64_t number = 0;
  std::uint64_t kind = 0;
  std::uint64_t memory_kib = 0;
  std::uint64_t passes = 0;
  bool lengths = true;
  unsigned seen = 0;
  codec::FieldReader reader(encoded, "a slot of the keyring");
  while (reader.next()) {
    switch (reader.field()) {
      case 1: number = reader.as_unsigned(); break;
      case 2: kind = reader.as_unsigned(); break;
      case 3:
        lengths = copy_exact(reader.as_view(), slot.salt) && lengths;
        seen |= 1;
        break;
      case 4: memory_kib = reader.as_unsigned(); break;
      case 5: passes = reader.as_unsigned(); break;
      case 6:
        lengths = copy_exact(reader.as_view(), slot.nonce) && lengths;
        seen |= 2;
        break;
      case 7:
        lengths = copy_exact(reader.as_view(), slot.wrapped) && lengths;
        seen |= 4;
        break;
      default: reader.keep(slot.unknown);
    }
  }
  ATOLL_TRY(reader.status());
  if (!lengths || seen != 7) return malformed("a slot lacks a part");
  if (number == 0 || !fits_u32(number)) return malformed("a slot has no number");
  if (kind > static_cast<std::uint64_t>(SlotKind::recovery)) {
    return fail(ErrorKind::unsupported, "keyring.too_new", "the keyring has a kind of slot this program does not know",
                "Use the newer version of Atoll that made it.");
  }
  if (kind == 0) return malformed("a slot has no kind");
  slot.number = static_cast<std::uint32_t>(number);
  slot.kind = static_cast<SlotKind>(kind);
  if (!fits_u32(memory_kib) || !fits_u32(passes)) return malformed("the cost of a passphrase is out of range");
  slot.cost = {static_cast<std::uint32_t>(memory_kib), static_cast<std::uint32_t>(passes)};
  const bool costs = slot.cost.memory_kib != 0 || slot.cost.passes != 0;
  if (slot.kind == SlotKind::passphrase ? !is_sane(slot.cost) : costs) {
    return malformed("the cost of a passphrase is out of range");
  }
  return slot;
}

Result<Domain> decode_domain(ByteView encoded) {
  Domain domain;
  std::uint64_t number = 0;
  unsigned seen = 0;
  codec::FieldReader reader(encoded, "a domain of the keyring");
  while (reader.next()) {
    const std::uint32_t field = reader.field();
    if (field == 1) {
      number = reader.as_unsigned();
    } else if (field >= 2 && field <= 5) {
      ATOLL_ASSIGN(auto key, read_key(reader.as_view(), "a key of a domain"));
      codec::SecretKey& into = field == 2   ? domain.keys.id_key
                               : field == 3 ? domain.keys.gear_key
                               : field == 4 ? domain.keys.payload_key
                                            : domain.keys.pack_key;
      into = std::move(key);
      seen |= 1U << field;
    } else {
      reader.keep(domain.unknown);
    }
  }
  ATOLL_TRY(reader.status());
  if (number == 0 || !fits_u32(number)) return malformed("a domain has no number");
  if (seen != 0b111100) return malformed("a domain lacks a key");
  domain.keys.number = DomainNumber{static_cast<std::uint32_t>(number)};
  return domain;
}

Result<std::pair<std::uint32_t, SlotLabel>> decode_label(ByteView encoded) {
  SlotLabel label;
  std::uint64_t number = 0;
  codec::FieldReader reader(encoded, "a slot's label in the keyring");
  while (reader.next()) {
    switch (reader.field()) {
      case 1: number = reader.as_unsigned(); break;
      case 2: label.label = reader.as_string(); break;
      case 3: label.created.unix_us = reader.as_signed(); break;
      default: reader.keep(label.unknown);
    }
  }
  ATOLL_TRY(reader.status());
  if (number == 0 || !fits_u32(number) || !is_label(label.label)) return malformed("a slot's label");
  return std::pair(static_cast<std::uint32_t>(number), std::move(label));
}

// Numbers as they stand in the fields, before their ranges are checked.
struct RawNumbers {
  std::uint64_t next_slot = 0;
  std::uint64_t next_domain = 0;
  std::uint64_t kit_slot = 0;
  std::uint64_t pending_slot = 0;
  std::uint64_t memory_kib = 0;
  std::uint64_t passes = 0;
};

Result<void> check_body(Body& body, const RawNumbers& raw, const std::vector<Slot>& slots) {
  if (body.vault_name.size() > kNameBytesMax || !is_utf8(body.vault_name)) return malformed("the vault's name");
  if (body.journal_key == nullptr) return malformed("the journal key is missing");
  if (body.domains.empty() || body.domains.size() > kDomainsMax) return malformed("the number of domains");
  if (!fits_u32(raw.next_slot) || !fits_u32(raw.next_domain) || !fits_u32(raw.kit_slot) ||
      !fits_u32(raw.pending_slot) || !fits_u32(raw.memory_kib) || !fits_u32(raw.passes) || body.key_generation == 0) {
    return malformed("a number is out of range");
  }
  body.next_slot = static_cast<std::uint32_t>(raw.next_slot);
  body.next_domain = static_cast<std::uint32_t>(raw.next_domain);
  body.kit_slot = static_cast<std::uint32_t>(raw.kit_slot);
  body.pending_slot = static_cast<std::uint32_t>(raw.pending_slot);
  body.cost = {static_cast<std::uint32_t>(raw.memory_kib), static_cast<std::uint32_t>(raw.passes)};
  if (!is_sane(body.cost)) return malformed("the cost of a passphrase is out of range");
  if (body.domains.rbegin()->first >= body.next_domain) return malformed("the next domain's number is taken");
  if (body.labels.size() != slots.size()) return malformed("slots and labels do not match");
  for (const Slot& slot : slots) {
    if (!body.labels.contains(slot.number)) return malformed("slots and labels do not match");
    if (slot.number >= body.next_slot) return malformed("the next slot's number is taken");
  }
  return {};
}

}  // namespace

bool is_sane(const codec::PassphraseCost& cost) {
  return cost.memory_kib >= 8 && cost.memory_kib <= kCostMemoryKibMax && cost.passes >= 1 &&
         cost.passes <= kCostPassesMax && std::uint64_t{cost.memory_kib} * cost.passes <= kCostWorkMax;
}

bool operator==(const Slot& a, const Slot& b) {
  return a.number == b.number && a.kind == b.kind && a.salt == b.salt && a.cost.memory_kib == b.cost.memory_kib &&
         a.cost.passes == b.cost.passes && a.nonce == b.nonce && a.wrapped == b.wrapped;
}

Bytes encode_slots(const std::vector<Slot>& slots) {
  Bytes clear;
  codec::FieldWriter writer(clear);
  for (const Slot& slot : slots) {
    Bytes one;
    codec::FieldWriter fields(one);
    fields.put_unsigned(1, slot.number);
    fields.put_unsigned(2, static_cast<std::uint64_t>(slot.kind));
    fields.put_bytes(3, slot.salt);
    fields.put_unsigned(4, slot.cost.memory_kib);
    fields.put_unsigned(5, slot.cost.passes);
    fields.put_bytes(6, slot.nonce);
    fields.put_bytes(7, slot.wrapped);
    fields.put_raw(slot.unknown);
    writer.put_bytes_always(1, one);
  }
  return clear;
}

Result<std::vector<Slot>> decode_slots(ByteView clear) {
  std::vector<Slot> slots;
  codec::FieldReader reader(clear, "the slots of the keyring");
  while (reader.next()) {
    if (reader.field() != 1) return malformed("an unknown part among its slots");
    ATOLL_ASSIGN(Slot slot, decode_slot(reader.as_view()));
    for (const Slot& other : slots) {
      if (other.number == slot.number) return malformed("two slots have one number");
    }
    if (slots.size() == kSlotsMax) return malformed("it has too many slots");
    slots.push_back(std::move(slot));
  }
  ATOLL_TRY(reader.status());
  return slots;
}

WipedBytes encode_body(const Body& body) {
  // Reserved whole, so that no growth leaves an unwiped copy of the keys behind.
  std::size_t size_max = 1024 + body.vault_name.size() + body.unknown.size();
  for (const auto& [number, domain] : body.domains) size_max += 192 + domain->unknown.size();
  for (const auto& [number, label] : body.labels) size_max += 64 + label.label.size() + label.unknown.size();
  WipedBytes plain;
  plain.bytes.reserve(size_max);
  const std::uint8_t* const begin = plain.bytes.data();
  codec::FieldWriter writer(plain.bytes);
  writer.put_text(1, body.vault_name);
  writer.put_bytes(2, body.journal_key->view());
  for (const auto& [number, domain] : body.domains) {
    WipedBytes one;
    one.bytes.reserve(192 + domain->unknown.size());
    codec::FieldWriter fields(one.bytes);
    fields.put_unsigned(1, number);
    fields.put_bytes(2, domain->keys.id_key.view());
    fields.put_bytes(3, domain->keys.gear_key.view());
    fields.put_bytes(4, domain->keys.payload_key.view());
    fields.put_bytes(5, domain->keys.pack_key.view());
    fields.put_raw(domain->unknown);
    writer.put_bytes_always(3, one.bytes);
  }
  for (const auto& [number, label] : body.labels) {
    Bytes one;
    codec::FieldWriter fields(one);
    fields.put_unsigned(1, number);
    fields.put_text(2, label.label);
    fields.put_signed(3, label.created.unix_us);
    fields.put_raw(label.unknown);
    writer.put_bytes_always(4, one);
  }
  writer.put_unsigned(5, body.next_slot);
  writer.put_unsigned(6, body.next_domain);
  writer.put_unsigned(7, body.key_generation);
  writer.put_unsigned(8, body.kit_slot);
  writer.put_unsigned(9, body.kit_key_generation);
  writer.put_unsigned(10, body.pending_slot);
  writer.put_unsigned(11, body.pending_key_generation);
  writer.put_unsigned(12, body.cost.memory_kib);
  writer.put_unsigned(13, body.cost.passes);
  writer.put_signed(14, body.created.unix_us);
  writer.put_raw(body.unknown);
  ATOLL_INVARIANT(plain.bytes.data() == begin, "the keyring's body was estimated too small");
  return plain;
}

Result<Body> decode_body(ByteView plain, const std::vector<Slot>& slots) {
  Body body;
  body.key_generation = 0;
  RawNumbers raw;
  codec::FieldReader reader(plain, "the body of the keyring");
  while (reader.next()) {
    switch (reader.field()) {
      case 1: body.vault_name = reader.as_string(); break;
      case 2: {
        ATOLL_ASSIGN(auto key, read_key(reader.as_view(), "the journal key"));
        body.journal_key = std::make_shared<const codec::SecretKey>(std::move(key));
        break;
      }
      case 3: {
        ATOLL_ASSIGN(Domain domain, decode_domain(reader.as_view()));
        const std::uint32_t number = domain.keys.number.value;
        if (!body.domains.emplace(number, std::make_shared<const Domain>(std::move(domain))).second) {
          return malformed("two domains have one number");
        }
        break;
      }
      case 4: {
        ATOLL_ASSIGN(auto label, decode_label(reader.as_view()));
        if (!body.labels.insert(std::move(label)).second) return malformed("two labels for one slot");
        break;
      }
      case 5: raw.next_slot = reader.as_unsigned(); break;
      case 6: raw.next_domain = reader.as_unsigned(); break;
      case 7: body.key_generation = reader.as_unsigned(); break;
      case 8: raw.kit_slot = reader.as_unsigned(); break;
      case 9: body.kit_key_generation = reader.as_unsigned(); break;
      case 10: raw.pending_slot = reader.as_unsigned(); break;
      case 11: body.pending_key_generation = reader.as_unsigned(); break;
      case 12: raw.memory_kib = reader.as_unsigned(); break;
      case 13: raw.passes = reader.as_unsigned(); break;
      case 14: body.created.unix_us = reader.as_signed(); break;
      default: reader.keep(body.unknown);
    }
  }
  ATOLL_TRY(reader.status());
  ATOLL_TRY(check_body(body, raw, slots));
  return body;
}

Result<codec::SecretKey> slot_key(const Slot& slot, VaultId vault, const Unlocking& secret) {
  ATOLL_INVARIANT(slot.kind == secret.kind, "a slot is tried with its own kind of secret");
  // The vault's id in the salt: one key file may open several vaults and gives each another key.
  Bytes salt = to_bytes(ByteView(slot.salt));
  salt.insert(salt.end(), vault.bytes.begin(), vault.bytes.end());
  switch (slot.kind) {
    case SlotKind::passphrase: {
      ATOLL_ASSIGN(const auto stretched, codec::stretch_passphrase(secret.passphrase.view(), slot.salt, slot.cost));
      return codec::derive_key(stretched, salt, "atoll keyring passphrase slot");
    }
    case SlotKind::key_file: return codec::derive_key(secret.key, salt, "atoll keyring key file slot");
    case SlotKind::recovery: return codec::derive_key(secret.key, salt, "atoll keyring recovery slot");
  }
  ATOLL_INVARIANT(false, "every kind of slot has a key");
}

void wrap_root(Slot& slot, VaultId vault, const codec::SecretKey& slot_key, const codec::SecretKey& root,
               platform::Random& random) {
  random.fill(slot.nonce);
  codec::Sealer sealer(codec::SealSuite::aes256gcm, slot_key);
  sealer.seal(slot.nonce, slot_aad(slot, vault), root.view(), slot.wrapped);
}

std::optional<codec::SecretKey> unwrap_root(const Slot& slot, VaultId vault, const codec::SecretKey& slot_key) {
  codec::Sealer sealer(codec::SealSuite::aes256gcm, slot_key);
  codec::SecretKey root;
  if (!sealer.open(slot.nonce, slot_aad(slot, vault), slot.wrapped, root.fill())) return std::nullopt;
  return root;
}

codec::SecretKey body_key(const codec::SecretKey& root, VaultId vault) {
  return codec::derive_key(root, vault.view(), "atoll keyring body");
}

Result<codec::SecretKey> read_key(ByteView field, std::string_view what) {
  if (field.size() != 32) return malformed(std::string(what) + " has not 32 bytes");
  return codec::SecretKey::from_view(field);
}

codec::SecretKey random_key(platform::Random& random) {
  codec::SecretKey key;
  random.fill(key.fill());
  return key;
}

}  // namespace atl::keyring::internal
