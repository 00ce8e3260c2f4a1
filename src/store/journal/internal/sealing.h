// What segments and archives share: stored commands, the chain over envelopes, and the derived keys of one file.
//
// Always true:
//  - chain(n) = BLAKE3(chain key; chain(n-1) || encoded envelope n), chain(0) = zeros: over plain envelopes, so it is
//  the
//    same in a segment, an archive and a merged archive, and keyed, so it tells nothing without the journal key.
//  - Each file has its own random salt, so its own keys; a nonce counts LSNs or sections within that file.
// Derivations (HKDF-SHA-256, the file's 32-byte salt or the vault id's 16 bytes as salt) stand in
// spec/formats/journal.md.
#pragma once

#include <array>
#include <map>
#include <optional>

#include "store/journal/command.h"
#include "store/journal/journal_keys.h"

namespace atl::journal {

using Salt = std::array<std::uint8_t, 32>;

// A command with the bytes its envelope was stored in.
struct StoredCommand {
  Command command;
  Bytes envelope_bytes;
};

[[nodiscard]] codec::SecretKey chain_key(const JournalKeys& keys);
[[nodiscard]] codec::Digest next_chain(const codec::SecretKey& key, const codec::Digest& previous, ByteView envelope);

// BLAKE3 of a payload under a key of its domain. Not thread safe.
class PayloadDigester {
 public:
  explicit PayloadDigester(const JournalKeys& keys) : keys_(&keys) {}
  // None: the domain is unknown or destroyed.
  [[nodiscard]] std::optional<codec::Digest> digest(DomainNumber domain, ByteView plain);

 private:
  const JournalKeys* keys_;
  std::map<DomainNumber, codec::SecretKey> derived_;
};

enum class FileFamily : std::uint8_t { segment, archive };

// The sealers of one file. Not thread safe.
class FileSealers {
 public:
  FileSealers(const JournalKeys& keys, FileFamily family, const Salt& salt);

  [[nodiscard]] codec::Sealer& envelopes() { return envelopes_; }
  [[nodiscard]] const JournalKeys& keys() const { return *keys_; }
  [[nodiscard]] const codec::SecretKey& chain_key() const { return chain_key_; }

  // Null: the domain is unknown or destroyed. Asks the keyring each time, derives once.
  [[nodiscard]] codec::Sealer* payloads(DomainNumber domain);
  [[nodiscard]] PayloadDigester& digester() { return digester_; }

 private:
  const JournalKeys* keys_;
  FileFamily family_;
  Salt salt_;
  codec::Sealer envelopes_;
  codec::SecretKey chain_key_;
  PayloadDigester digester_;
  std::map<DomainNumber, codec::Sealer> payloads_;
};

// Seals and opens again in memory: a bit that memory flipped is found while the original is still here.
[[nodiscard]] Result<void> seal_checked(codec::Sealer& sealer, const codec::Nonce& nonce, ByteView aad, ByteView plain,
                                        ByteSpan out, Buffer& scratch);

}  // namespace atl::journal
