// Merging of sorted entries, and the choice of what to merge.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "store/run/internal/entry.h"

namespace atl::run::internal {

// Entries of all sources in key order; of entries with one key only that of the first source (the newest) comes out.
// Complexity: O(sources) per entry, comparing 8-byte prefixes first: sources are few.
class MergeSource final : public EntrySource {
 public:
  // `drop_removed`: nothing older lies below, so removals need not be remembered.
  MergeSource(std::vector<std::unique_ptr<EntrySource>> newest_first, bool drop_removed);
  Result<bool> next() override;

 private:
  struct Input {
    std::unique_ptr<EntrySource> source;
    std::uint64_t prefix = 0;
    bool ended = false;
    bool due = true;  // its current entry came out or was passed over
  };
  std::vector<Input> inputs_;
  bool drop_removed_;
};

// Which neighbouring runs to merge, given sizes from newest to oldest: [first, first + count).
// Size-tiered with factor 4: runs belong to classes by powers of four of their bytes; four runs of a class
// are merged, with smaller ones between them, smallest class first. So each byte is rewritten once per class (about 4.5
// times for 60 million chunk ids), and there are at most 3 runs per class.
struct MergeChoice {
  std::size_t first = 0;
  std::size_t count = 0;
};
[[nodiscard]] std::optional<MergeChoice> choose_merge(const std::vector<std::uint64_t>& bytes_newest_first);
// Where there are too many runs all the same: the four neighbours that are cheapest to merge.
[[nodiscard]] std::optional<MergeChoice> choose_cheapest(const std::vector<std::uint64_t>& bytes_newest_first);

}  // namespace atl::run::internal
