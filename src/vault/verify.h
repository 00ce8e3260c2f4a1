// Is everything that was stored still what was stored? And what to do where it is not.
//
// Always true:
//  - verify() reports damage whether or not it was healed.
//  - What is lost is named by object and version, never only by chunk.
//  - Its result is kept as a job, so that status can say when the last check was and what it found.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "vault/vault.h"

namespace atl::vault {

struct VerifyVaultOptions {
  bool reads_data = false;
  double sample_ratio = 1.0;  // of packs, with reads_data
  bool heals = true;          // writable vaults only
  unsigned workers = 0;
  const std::atomic<bool>* stop = nullptr;
  std::function<void(std::uint64_t bytes_done, std::uint64_t bytes_total)> on_progress;
};

struct DamageFound {
  std::string where;  // "pack 0193…, group 12", "journal archive …", "keyring.2"
  std::string what;   // one sentence
  bool is_healed = false;
};
struct LostObject {
  std::string bucket;
  std::string key;
  VersionId version;
  bool is_current = false;
};

struct VerifySummary {
  std::uint64_t packs = 0, chunks = 0, bytes_checked = 0, commands = 0, objects = 0;
  std::vector<DamageFound> damage;
  std::vector<LostObject> lost;
  bool was_interrupted = false;
  double seconds = 0;
  [[nodiscard]] bool is_clean() const { return damage.empty() && lost.empty(); }
};

[[nodiscard]] Result<VerifySummary> verify_vault(Vault& vault, const VerifyVaultOptions& options);

}  // namespace atl::vault
