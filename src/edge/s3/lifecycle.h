// Doing what the lifecycle rules of buckets say: objects that are old enough go, earlier versions that are old enough
// go for good, uploads that nobody ends are aborted, versions get another storage class.
// Source: Amazon S3 User Guide, "Managing your storage lifecycle".
//
// Always true:
//  - A rule that cannot be read does nothing, and is told.
//  - What a lock, a snapshot or the bucket's retention keeps stays.
//  - Broken off at any moment the rest is done by the next run.
//  - A transition changes the class that a version names, never to a warmer one. Its content is moved by vault/tier,
//    which goes by the class where the bucket's own policy says nothing.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "foundation/base/time.h"
#include "vault/vault.h"

namespace atl::s3 {

struct LifecycleReport {
  std::uint64_t objects_removed = 0;
  std::uint64_t versions_removed = 0;
  std::uint64_t uploads_aborted = 0;
  std::uint64_t versions_moved = 0;  // to another storage class
  std::vector<std::string> troubles;
};
// Reads every entry of buckets that have rules, page by page.
[[nodiscard]] Result<LifecycleReport> apply_lifecycle(vault::Vault& vault, Timestamp now,
                                                      const std::atomic<bool>* stop = nullptr);

}  // namespace atl::s3
