#include "store/journal/journal_keys.h"

#include "store/keyring/keyring.h"

namespace atl::journal {

JournalKeys JournalKeys::from(const keyring::Keyring& keyring) {
  return {keyring.vault(), keyring.suite(), keyring.journal_key().clone(),
          [&keyring](DomainNumber number) -> std::optional<codec::SecretKey> {
            const keyring::DomainKeys* domain = keyring.domain(number);
            if (domain == nullptr) return std::nullopt;
            return domain->payload_key.clone();
          }};
}

}  // namespace atl::journal
