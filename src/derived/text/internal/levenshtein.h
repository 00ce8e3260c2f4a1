// Words near a word: all of the lexicon within one or two changes (a letter added, taken away, replaced; two neighbours
// changed places).
//
// The table of distances (Wagner and Fischer, 1974; neighbours after Damerau, 1964) is kept line by line for the
// letters that a word shares with the one before, and where no continuation can come near enough the cursor jumps
// behind all of them: as walking the dictionary as a tree, without one. Thread rules: pure but for the cursor.
// Complexity: O(length) per letter looked at.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/error.h"

namespace atl::text::internal {

class Segment;

struct NearWord {
  std::string word;
  std::string term;
  unsigned distance = 0;
  std::uint64_t count = 0;
};
using NearVisitor = std::function<void(const NearWord&)>;
[[nodiscard]] Result<void> near_words(const Segment& segment, std::string_view word, unsigned distance_max,
                                      const NearVisitor& visit);

}  // namespace atl::text::internal
