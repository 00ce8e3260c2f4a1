#include "vault/history/edit_script.h"

#include <algorithm>

namespace atl::vault {
namespace {

constexpr std::size_t kEditsMax = 20'000;
constexpr std::size_t kCellsMax = 16'000'000;  // of the rows that are kept: 128 MB

}  // namespace

// Forward greedy: one row of furthest points for each number of edits, kept to walk back.
std::optional<std::vector<Edit>> shortest_edits(std::span<const std::string_view> a,
                                                std::span<const std::string_view> b) {
  const auto n = static_cast<std::ptrdiff_t>(a.size());
  const auto m = static_cast<std::ptrdiff_t>(b.size());
  const std::ptrdiff_t edits_max = std::min<std::ptrdiff_t>(n + m, kEditsMax);
  std::vector<std::vector<std::ptrdiff_t>> rows;  // rows[d][k + d]: furthest x on diagonal k with d edits
  std::size_t cells = 0;
  for (std::ptrdiff_t d = 0; d <= edits_max; ++d) {
    std::vector<std::ptrdiff_t> row(static_cast<std::size_t>(2 * d + 1), -1);
    cells += row.size();
    if (cells > kCellsMax) return std::nullopt;
    bool is_done = false;
    for (std::ptrdiff_t k = -d; k <= d; k += 2) {
      std::ptrdiff_t x = 0;
      if (d > 0) {
        const auto& last = rows.back();
        const auto at = [&](std::ptrdiff_t diagonal) -> std::ptrdiff_t {
          const std::ptrdiff_t index = diagonal + d - 1;
          return index < 0 || index >= static_cast<std::ptrdiff_t>(last.size()) ? -1
                                                                                : last[static_cast<std::size_t>(index)];
        };
        const std::ptrdiff_t down = k + 1 <= d - 1 ? at(k + 1) : -1;          // insertion: x stays
        const std::ptrdiff_t right = k - 1 >= -(d - 1) ? at(k - 1) + 1 : -1;  // deletion
        x = k == -d || (k != d && at(k - 1) < at(k + 1)) ? down : right;
      }
      std::ptrdiff_t y = x - k;
      while (x < n && y < m && x >= 0 && y >= 0 && a[static_cast<std::size_t>(x)] == b[static_cast<std::size_t>(y)]) {
        ++x;
        ++y;
      }
      row[static_cast<std::size_t>(k + d)] = x;
      if (x >= n && y >= m) {
        is_done = true;
        break;
      }
    }
    rows.push_back(std::move(row));
    if (!is_done) continue;
    // Back from the end, edit by edit.
    std::vector<Edit> edits;
    std::ptrdiff_t x = n;
    std::ptrdiff_t y = m;
    for (std::ptrdiff_t step = d; step >= 0; --step) {
      const std::ptrdiff_t k = x - y;
      std::ptrdiff_t from_x = 0;
      std::ptrdiff_t from_y = 0;
      bool is_insertion = false;
      if (step > 0) {
        const auto& last = rows[static_cast<std::size_t>(step - 1)];
        const auto at = [&](std::ptrdiff_t diagonal) -> std::ptrdiff_t {
          const std::ptrdiff_t index = diagonal + step - 1;
          return index < 0 || index >= static_cast<std::ptrdiff_t>(last.size()) ? -1
                                                                                : last[static_cast<std::size_t>(index)];
        };
        is_insertion = k == -step || (k != step && at(k - 1) < at(k + 1));
        const std::ptrdiff_t from_k = is_insertion ? k + 1 : k - 1;
        from_x = at(from_k);
        from_y = from_x - from_k;
      }
      const std::ptrdiff_t snake_x = step == 0 ? 0 : (is_insertion ? from_x : from_x + 1);
      while (x > snake_x) {
        --x;
        --y;
        edits.push_back({' ', static_cast<std::size_t>(x), static_cast<std::size_t>(y)});
      }
      if (step == 0) break;
      edits.push_back({is_insertion ? '+' : '-', static_cast<std::size_t>(from_x), static_cast<std::size_t>(from_y)});
      x = from_x;
      y = from_y;
    }
    std::ranges::reverse(edits);
    return edits;
  }
  return std::nullopt;
}

}  // namespace atl::vault
