// `rm --forever`: versions removed for good, from every earlier moment too, and their room given back by the next gc.
//
// Always true:
//  - Nothing goes that a snapshot or a bucket's retention keeps: then nothing at all of the request is done.
//  - What went is told for ever after, by whom, when and why, but not its content. The names it had stay readable in
//  the
//    journal until the horizon has passed.
//  - One command for a batch; broken off, the rest is still there whole.
#pragma once

#include <cstdint>
#include <string>

#include "vault/object/objects.h"

namespace atl::vault {

enum class EraseWhich : std::uint8_t {
  all,  // the current version and all before it: the object is gone. Removed objects too
  old,  // ended versions; what is current stays
  one   // the one named; an object whose current version it was counts as removed
};

struct EraseRequest {
  Selection selection;
  EraseWhich which = EraseWhich::all;
  VersionId version;   // of EraseWhich::one
  std::string reason;  // kept with the record, at most 1,000 bytes
};
struct EraseCount {
  std::uint64_t objects = 0;
  std::uint64_t versions = 0;
  std::uint64_t bytes = 0;  // stored length of their content: the most that can be freed. What others share stays
};

// What would go. `not_found`; `conflict` "erase.kept" where a snapshot or retention keeps one of them.
[[nodiscard]] Result<EraseCount> count_erasure(Vault& vault, const EraseRequest& request);
[[nodiscard]] Result<EraseCount> erase(Vault& vault, const EraseRequest& request);

// Records of versions that were replaced in a bucket that keeps none, from commands up to `up_to`: once no checkpoint
// and no journal holds those versions any more, nothing needs the record. Returns how many went.
inline constexpr std::string_view kReplacedReason = "replaced";
[[nodiscard]] Result<std::uint64_t> forget_replaced(Vault& vault, Lsn up_to);

}  // namespace atl::vault
