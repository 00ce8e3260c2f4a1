// What differs between two tables of the same kind: columns, rows and cells, where a comparison of lines would call a
// new column a change of every line.
//
// A table is text of records with fields (RFC 4180): separated by commas, semicolons or tabs, the first record names
// the columns. Rows are the same row by the column that says so, or else in the order in which they stand. Always true:
// what is no such table (one column only, names twice or missing, more fields in a row than columns) is answered by
// none, not guessed at. Nothing of a cell's text is taken for anything but text and numbers. Complexity: O(cells) with
// a row column; without one that of shortest_edits() over the rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/error.h"

namespace atl::vault {

inline constexpr std::uint64_t kTableBytesMax = 32ULL << 20;

// By its name or media type: .csv, .tsv, .tab, text/csv, text/tab-separated-values.
[[nodiscard]] bool is_named_table(std::string_view key, std::string_view content_type);

struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  // each as long as `columns`: what was left out at the end is empty
};
[[nodiscard]] std::optional<Table> parse_table(std::string_view text);

struct CellChange {
  std::string column, before, after;
  friend bool operator==(const CellChange&, const CellChange&) = default;
};
struct RowChange {
  enum class Kind : std::uint8_t { added, removed, changed };
  Kind kind = Kind::changed;
  std::string row;                // what the row column says; without one the row's number, from 1, below the names
  std::vector<CellChange> cells;  // changed: of the columns both have
  friend bool operator==(const RowChange&, const RowChange&) = default;
};
[[nodiscard]] std::string_view name_of(RowChange::Kind kind);  // "added", "removed", "changed"
struct TableDifference {
  std::vector<std::string> columns_added, columns_removed;
  std::vector<std::string> types_changed;  // whole numbers, numbers, or text before, something else now
  std::string row_column;                  // empty: rows were matched in order
  std::uint64_t rows_before = 0, rows_after = 0;
  std::uint64_t rows_added = 0, rows_removed = 0, rows_changed = 0, cells_changed = 0;
  std::vector<RowChange> rows;  // in order, the first `rows_max` of them
  bool is_cut_off = false;
  // Can what reads the older one read the newer one: no column went or holds another type.
  [[nodiscard]] bool is_compatible() const { return columns_removed.empty() && types_changed.empty(); }
};

// `row_column`: empty for the first column where it is there, filled and unique on both sides, else none.
// Errors: `usage` "diff.no_column", "diff.not_unique" about a named one.
[[nodiscard]] Result<TableDifference> diff_tables(const Table& before, const Table& after, std::string_view row_column,
                                                  std::size_t rows_max);

}  // namespace atl::vault
