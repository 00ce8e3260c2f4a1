// Taking versions out of the catalog for good, as expiry and `rm --forever` both do.
//
// Always true:
//  - An entry always leads to a version that is there: where its version goes, it leads to the newest that remains (and
//    counts as removed), or goes with the last one.
//  - A version that a snapshot holds stays, however the snapshot came to be meanwhile; so does one under a lock.
//  - With a version its lock's row goes, with an entry its delete markers.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "vault/vault.h"

namespace atl::vault {

// Versions of one object that are to go.
struct DoomedVersions {
  BucketId bucket;
  DomainNumber domain;
  std::string key;
  ObjectId object;
  std::vector<VersionId> versions;
};
struct RemovalCount {
  std::uint64_t objects = 0;  // entries that went with their last version
  std::uint64_t versions = 0;
  std::uint64_t bytes = 0;  // stored length of the versions' content, what they share counted each time
};

// Rows of one command: a version that goes takes two, its entry one.
inline constexpr std::size_t kDoomedPerCommand = 3'000;

// `may_go` is asked for each version in the state that the command is built on, and adds what else its end needs.
[[nodiscard]] Result<RemovalCount> stage_removal(const CommitContext& context, ChangeSet& changes,
                                                 const DoomedVersions& doomed,
                                                 const std::function<Result<bool>(const catalog::VersionRow&)>& may_go);

}  // namespace atl::vault
