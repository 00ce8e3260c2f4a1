#include "catalog/sqlite_table.h"

#include <sqlite3.h>

#include <memory>

namespace atl::catalog {
namespace {

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
struct EndStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, EndStatement>;

tl::unexpected<Error> failed(sqlite3* database) {
  return fail(
      ErrorKind::failed, "sqlite.failed",
      "a table could not be made: " + std::string(database == nullptr ? "no memory" : sqlite3_errmsg(database)));
}

Result<void> run(sqlite3* database, const std::string& sql) {
  if (sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return failed(database);
  return {};
}

}  // namespace

Result<Bytes> sqlite_table(
    std::string_view name, const std::vector<std::string>& columns,
    const std::function<Result<void>(const std::function<Result<void>(const SqliteRow&)>& add)>& rows) {
  sqlite3* opened = nullptr;
  const int status = sqlite3_open_v2(":memory:", &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  const std::unique_ptr<sqlite3, CloseDatabase> database(opened);
  if (status != SQLITE_OK) return failed(opened);
  std::string create = "CREATE TABLE " + std::string(name) + "(";
  std::string insert = "INSERT INTO " + std::string(name) + " VALUES(";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    create += (i > 0 ? ", " : "") + columns[i];
    insert += i > 0 ? ",?" : "?";
  }
  ATOLL_TRY(run(opened, create + ")"));
  ATOLL_TRY(run(opened, "BEGIN"));
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(opened, (insert + ")").c_str(), -1, &prepared, nullptr) != SQLITE_OK) return failed(opened);
  {
    const Statement statement(prepared);
    ATOLL_TRY(rows([&](const SqliteRow& row) -> Result<void> {
      sqlite3_reset(prepared);
      for (std::size_t i = 0; i < row.size(); ++i) {
        const int at = static_cast<int>(i) + 1;
        if (const auto* const number = std::get_if<std::int64_t>(&row[i])) {
          sqlite3_bind_int64(prepared, at, *number);
        } else {
          const auto& text = std::get<std::string>(row[i]);
          // Borrowed: the row outlives the step.
          sqlite3_bind_text64(prepared, at, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
        }
      }
      if (sqlite3_step(prepared) != SQLITE_DONE) return failed(opened);
      return {};
    }));
  }
  ATOLL_TRY(run(opened, "COMMIT"));
  sqlite3_int64 size = 0;
  const std::unique_ptr<unsigned char, decltype(&sqlite3_free)> bytes(sqlite3_serialize(opened, "main", &size, 0),
                                                                      &sqlite3_free);
  if (!bytes) return failed(opened);
  return Bytes(bytes.get(), bytes.get() + size);
}

}  // namespace atl::catalog
