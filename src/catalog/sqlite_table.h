// One table as a whole SQLite database file in memory, for people to open with sqlite3: what is exported in clear.
// Nothing of it is read back, and the catalog itself is not written this way.
// Thread rules: pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/error.h"

namespace atl::catalog {

using SqliteValue = std::variant<std::int64_t, std::string>;
using SqliteRow = std::vector<SqliteValue>;

// `columns` as they stand in CREATE TABLE ("document INTEGER PRIMARY KEY"); `rows` calls `add` with a value for each.
// Memory: the file. Errors: `failed` ("sqlite.failed"), and what `rows` returns.
[[nodiscard]] Result<Bytes> sqlite_table(
    std::string_view name, const std::vector<std::string>& columns,
    const std::function<Result<void>(const std::function<Result<void>(const SqliteRow&)>& add)>& rows);

}  // namespace atl::catalog
