// How much of its quota is used.
//
// What is exact: bytes and objects of a bucket come from the catalog's totals at count(), those of a principal from the
// versions that are current then and name it; from there on each is adjusted by what callers note() after a commit. So
// both are right as long as every writer notes what it committed; a restart counts anew. Bytes are those a reader sees,
// before deduplication and compression; versions that ended do not count.
// Thread rules: any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>

#include "vault/access/decision.h"
#include "vault/vault.h"

namespace atl::access {

struct Used {
  std::int64_t bytes = 0;
  std::int64_t objects = 0;
  friend bool operator==(const Used&, const Used&) = default;
};

class Usage {
 public:
  // Replaces what is known of a vault. Reads every current object of it where `by_principal` (about 1 us each), else
  // totals of buckets only.
  [[nodiscard]] Result<void> count(vault::Vault& vault, bool by_principal);
  // After a commit (or before it, to be taken back where it fails). `actor` as it stands on the version: what an
  // account's runs store counts as the account's.
  void note(const VaultId& vault, const std::string& bucket, const std::string& actor, const Used& change);
  [[nodiscard]] Used of(const VaultId& vault, const std::string& bucket, const std::string& actor) const;

 private:
  mutable std::mutex mutex_;
  // (vault, bucket, actor); none or empty: the sum over all. Guarded by mutex_.
  std::map<std::tuple<VaultId, std::string, std::string>, Used> sums_;
};

}  // namespace atl::access
