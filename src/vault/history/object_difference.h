// What differs between the contents of two versions: of tables rows and columns, of texts lines, of anything else
// ranges.
//
// Always true: at most two tables of kTableBytesMax, or two texts of kTextBytesMax, are held in memory.
// Thread rules: those of the chunk store.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "vault/history/diff.h"
#include "vault/history/table_diff.h"

namespace atl::vault {

struct ObjectDifference {
  bool is_same_content = false;
  std::optional<TableDifference> table;     // both are tables
  std::optional<std::string> lines;         // both are texts, and not too different: see diff_lines()
  std::optional<ContentDifference> ranges;  // neither, and both are cut by the same key
};
// `key`: the object's, which tells by its ending whether this may be a table. `row_column` and errors: see
// diff_tables(); a named one of what is no table is `usage` "diff.no_table". Also those of reading content.
[[nodiscard]] Result<ObjectDifference> diff_objects(chunk::ChunkStore& chunks, std::string_view key,
                                                    const catalog::VersionRow& before, const catalog::VersionRow& after,
                                                    std::string_view row_column, std::size_t rows_max);

}  // namespace atl::vault
