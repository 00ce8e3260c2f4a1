// What lies in a vault more than once, or nearly so: what is asked, and what is answered.
//
// Three kinds of sameness:
//  - exact: the same bytes, cut and stored the same way. They are stored once already, so removing one frees no room;
//    it tidies.
//  - text: most of what two texts say is the same, in the same order (minhash.h).
//  - picture: two pictures look the same, whatever their format, size or quality (picture_hash.h).
//
// Always true: every member of a group is as much like the one to keep as was asked for; two members need not be like
// each other. What is told of is in the catalog at that moment, current, and may be seen by whoever asks.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "derived/search/question.h"
#include "vault/vault.h"

namespace atl::search {

enum class Likeness : std::uint8_t { exact, text, picture };

// Below it too few of the pairs that are there would be found: of texts 0.8 alike 19 in 20, of 0.9 all but one in
// thousands.
inline constexpr double kTextLikenessMin = 0.8;
// Nine bits of 64.
inline constexpr double kPictureLikenessMin = 0.85;
inline constexpr double kLikenessOtherwise = 0.9;
inline constexpr std::size_t kGroupMembersMax = 1'000;
inline constexpr std::size_t kGroupsMax = 10'000;  // more are left out, those that take the least room first

struct DuplicateQuestion {
  Likeness like = Likeness::exact;
  double threshold = kLikenessOtherwise;  // kTextLikenessMin or kPictureLikenessMin up to 1; nothing to `exact`
  std::string bucket;                     // name; empty: all
  std::string prefix;
  std::size_t limit = 20;  // groups, 1..kLimitMax
  std::size_t offset = 0;
  bool shows_quarantined = false;
  // What may be told to whoever asks; null: everything.
  std::function<bool(const std::string& bucket, const catalog::Listed& listed)> sees;
};

struct Duplicate {
  std::string bucket;
  catalog::Listed listed;
  double similarity = 1;    // to the first of its group, 0 to 1
  std::uint64_t frees = 0;  // bytes at most, where this one goes: what of it stands in no other of its group
};
struct DuplicateGroup {
  // First the one to keep: of exact ones that which was stored first, of texts the one changed last, of pictures the
  // one with the most bytes. Then by similarity, the most alike first.
  std::vector<Duplicate> members;
  std::uint64_t bytes = 0;  // of all members, as a reader sees them
  std::uint64_t frees = 0;  // bytes at most, where all but the first go
  bool has_more = false;    // than kGroupMembersMax
};
struct DuplicateAnswer {
  std::vector<DuplicateGroup> groups;  // those that take the most room first
  std::uint64_t group_count = 0;       // in all
  std::uint64_t extra_count = 0;       // objects that could go: all but one of each group
  std::uint64_t bytes = 0;             // of those
  // False: there was more than could be compared, or it is not all known yet; of pictures, previews wait to be made.
  bool is_complete = true;
  bool has_more = false;
  std::uint64_t quarantined_left_out = 0;  // objects that might be in a group, and were not compared
  Coverage coverage;
};

// Removes all but the first of each group, as one operation that can be undone. What is not any more what the group
// shows stays, and so do the others where the first is not there any more as it was. Returns those that were removed,
// as places in `groups`.
[[nodiscard]] Result<std::vector<const Duplicate*>> remove_extras(vault::Vault& vault,
                                                                  std::span<const DuplicateGroup> groups);

}  // namespace atl::search
