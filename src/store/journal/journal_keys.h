// The keys a journal works with, detached from where they are kept.
#pragma once

#include <functional>
#include <optional>

#include "foundation/base/ids.h"
#include "foundation/codec/seal.h"
#include "foundation/codec/secret.h"

namespace atl::keyring {
class Keyring;
}

namespace atl::journal {

struct JournalKeys {
  VaultId vault;
  codec::SealSuite suite = codec::SealSuite::aes256gcm;
  codec::SecretKey journal_key;
  // None: unknown or destroyed; its payloads read as erased. Asked again for every group, so that a destroyed domain is
  // gone at once. Called from any thread that reads.
  std::function<std::optional<codec::SecretKey>(DomainNumber)> payload_key;

  // Borrows `keyring`, which outlives the journal.
  [[nodiscard]] static JournalKeys from(const keyring::Keyring& keyring);
  [[nodiscard]] JournalKeys clone() const { return {vault, suite, journal_key.clone(), payload_key}; }
};

}  // namespace atl::journal
