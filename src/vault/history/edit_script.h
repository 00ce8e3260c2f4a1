// The fewest removals and insertions that turn one sequence of pieces (lines, rows of a table) into another.
//
// Source: E. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986.
// Complexity: O((N + M) D) time, O(D^2) memory for D edits; bounded by giving up.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace atl::vault {

struct Edit {
  char kind;                  // ' ', '-', '+'
  std::size_t before, after;  // indexes from 0 at which it stands
};

// In order; equal pieces are edits of kind ' '. None where more than 20,000 edits, or too much memory, would be needed.
[[nodiscard]] std::optional<std::vector<Edit>> shortest_edits(std::span<const std::string_view> before,
                                                              std::span<const std::string_view> after);

}  // namespace atl::vault
