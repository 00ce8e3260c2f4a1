// Keyrings for tests: made in a moment, because their passphrase cost is the smallest there is.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "store/keyring/keyring.h"

namespace atl::keyring {

inline constexpr codec::PassphraseCost kTestCost{8, 1};

[[nodiscard]] inline Unlocking with_passphrase(const std::string& text) {
  Unlocking unlocking;
  unlocking.kind = SlotKind::passphrase;
  unlocking.passphrase = text;
  return unlocking;
}

[[nodiscard]] inline Unlocking with_key(SlotKind kind, std::uint8_t fill) {
  Unlocking unlocking;
  unlocking.kind = kind;
  for (std::uint8_t& byte : unlocking.key.fill()) byte = fill;
  return unlocking;
}

template <class... Secrets>
[[nodiscard]] std::vector<Unlocking> candidates(Secrets&&... secrets) {
  std::vector<Unlocking> list;
  (list.push_back(std::forward<Secrets>(secrets)), ...);
  return list;
}

[[nodiscard]] inline CreateOptions test_options(const platform::Machine& machine,
                                                codec::SealSuite suite = codec::SealSuite::aes256gcm) {
  CreateOptions options;
  options.vault = platform::new_id<VaultId>(machine);
  options.vault_name = "photographs of the family";
  options.suite = suite;
  options.passphrase_cost = kTestCost;
  return options;
}

// In `folder`, which exists; opens with the passphrase "open sesame".
[[nodiscard]] inline Result<std::unique_ptr<Keyring>> create_test_keyring(
    const platform::Machine& machine, const std::string& folder, codec::SealSuite suite = codec::SealSuite::aes256gcm) {
  return Keyring::create(machine, folder, test_options(machine, suite), with_passphrase("open sesame"),
                         "written in the notebook");
}

}  // namespace atl::keyring
