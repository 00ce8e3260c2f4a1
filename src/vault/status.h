// What `stat` says: what is stored, what it saves, what is not safe yet.
// Always true: a second copy that is missing, behind, not seen lately or on the same disk, and an unsaved or stale
// recovery kit are findings, whatever else is well; the time of the last full check is the time of one that really read
// every byte.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vault/vault.h"

namespace atl::vault {

struct Finding {
  std::string id;       // "copy.one_only", "kit.never_saved"
  std::string message;  // one sentence
  std::string command;  // that mends it, or empty
};

struct BucketStatus {
  std::string name;
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;
};

struct VaultStatus {
  VaultId id;
  std::string name;
  codec::SealSuite suite = codec::SealSuite::aes256gcm;
  std::vector<BucketStatus> buckets;
  std::uint64_t files = 0, folders = 0, others = 0;
  std::uint64_t logical_bytes = 0;  // of current versions
  std::uint64_t unique_bytes = 0;   // of chunks, before compression
  std::uint64_t pack_bytes = 0;     // as stored, parity included
  std::uint64_t journal_bytes = 0;
  std::uint64_t derived_bytes = 0;  // catalog and indexes
  Lsn last_lsn;
  Timestamp last_commit_time;
  std::optional<Timestamp> last_structure_verify, last_data_verify;
  bool last_verify_ok = true;
  std::uint64_t available_bytes = 0;
  // The last gc, and what stays since then only for versions that are over and for earlier moments.
  std::optional<Timestamp> last_collect;
  std::uint64_t collect_history_bytes = 0, collect_horizon_bytes = 0;
  std::vector<Finding> findings;  // what is not safe yet, most important first
};

[[nodiscard]] Result<VaultStatus> vault_status(Vault& vault);

}  // namespace atl::vault
