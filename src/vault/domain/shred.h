// Buckets with keys of their own, and the end of such keys: shredding.
//
// A bucket made with its own key domain shares no chunk with the others (nothing is deduplicated across), and can be
// made unreadable at once and for certain by forgetting one key, wherever its bytes may lie.
//
//     command "destroying d" ─► keyring without d ─► new local key, catalog and index made anew ─► packs of d removed
//       └ from here on it is finished by      ─► command "destroyed d": the deletion record stays, without content
//         the next open, whatever happens
//
// Always true:
//  - Shredding is not begun while a held snapshot or a retention rule keeps something in the bucket.
//  - Once begun it ends: a vault opened for writing finishes what a crash broke off before it does anything else.
//  - Afterwards no file of the home opens a row or a chunk of that domain. What lies outside of it (copies not reached,
//    kits saved before) is listed in the record until it is confirmed.
//  - The name of the bucket, who did it, when, why and how much it was stay; names of objects do not.
// Format: DomainRow in spec/formats/rows.proto; what a keyring's older copies mean: spec/formats/keyring.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "catalog/keeping_rows.h"
#include "vault/vault.h"

namespace atl::vault {

// A new, empty bucket. `has_own_keys`: its content and rows get a key domain of their own, for good. Errors: `conflict`
// (the name is taken), `unsupported` (own keys in a vault without encryption).
[[nodiscard]] Result<catalog::BucketRow> create_bucket(Vault& vault, const std::string& name, bool has_own_keys);

struct ShredPlan {
  catalog::BucketRow bucket;
  std::uint64_t objects = 0;   // that are there
  std::uint64_t versions = 0;  // older ones and deleted things included
  std::uint64_t bytes = 0;     // of all versions, as a reader sees them
  std::uint64_t packs = 0;
  std::uint64_t stored_bytes = 0;
  std::vector<std::string> snapshots;  // that go with it
  std::vector<std::string> elsewhere;  // keyrings that hold the key outside of this home: copies, a saved kit
};
// What shred() would do. Errors: `not_found`; `conflict` where the bucket has no keys of its own, or something in it
// has to be kept.
[[nodiscard]] Result<ShredPlan> plan_shred(Vault& vault, const std::string& bucket_name);

// No reader of the vault may be alive. Returns the deletion record. Where it fails after the beginning, the next open
// for writing goes on.
[[nodiscard]] Result<catalog::DomainRow> shred(Vault& vault, const std::string& bucket_name, const std::string& reason);

// Notes that a keyring elsewhere ("copy usb", "recovery kit") no longer holds the key.
[[nodiscard]] Result<void> confirm_shred(Vault& vault, DomainNumber domain, const std::string& elsewhere);

}  // namespace atl::vault
