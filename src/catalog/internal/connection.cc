#include "catalog/internal/connection.h"

#include <string>

namespace atl::catalog {
namespace {

constexpr int kBusyTimeoutMs = 10'000;

}  // namespace

Result<bool> Use::next() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return pass(connection_->error(code));
}

Result<void> Use::run() {
  ATOLL_ASSIGN(const bool has_row, next());
  ATOLL_INVARIANT(!has_row, "run() is for statements without rows");
  return {};
}

Result<std::unique_ptr<Connection>> Connection::open(SealedVfs& vfs, bool is_writer, std::size_t cache_bytes) {
  // SQLite may take names that begin with "file:" for URIs.
  std::string path = vfs.settings().path;
  if (!path.starts_with('/')) path.insert(0, "./");
  sqlite3* handle = nullptr;
  const int flags =
      (is_writer ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, vfs.name());
  std::unique_ptr<Connection> connection(new Connection(vfs, handle));
  if (code != SQLITE_OK) return pass(connection->error(code));
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  // Readers never write pages, at the end either.
  if (!is_writer) sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  int reserved = static_cast<int>(kReservedBytes);
  if (const int reserved_code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
      reserved_code != SQLITE_OK) {
    return pass(connection->error(reserved_code));
  }
  const std::string settings =
      "PRAGMA cache_size = -" + std::to_string(cache_bytes / 1024 + 1) +
      "; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;"
      " PRAGMA wal_autocheckpoint = 0; PRAGMA secure_delete = OFF; PRAGMA cell_size_check = ON;";
  ATOLL_TRY(connection->execute(settings.c_str()));
  return connection;
}

Connection::~Connection() {
  for (sqlite3_stmt* const statement : statements_) sqlite3_finalize(statement);
  if (handle_ != nullptr) {
    const int code = sqlite3_close(handle_);
    ATOLL_INVARIANT(code == SQLITE_OK, "every statement was finalized");
  }
}

Result<void> Connection::execute(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return pass(error(code));
  return {};
}

Result<sqlite3_stmt*> Connection::statement(Sql sql) {
  sqlite3_stmt*& slot = statements_[static_cast<std::size_t>(sql)];
  if (slot == nullptr) {
    const int code =
        sqlite3_prepare_v3(handle_, kSql[static_cast<std::size_t>(sql)], -1, SQLITE_PREPARE_PERSISTENT, &slot, nullptr);
    if (code != SQLITE_OK) return pass(error(code));
  }
  return slot;
}

Error Connection::error(int code) const {
  const std::string said = handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  const auto say = [&](ErrorKind kind, const char* id, const std::string& message, const char* hint) {
    return Error{kind, id, message, hint, handle_ != nullptr ? sqlite3_system_errno(handle_) : 0};
  };
  const auto problem = vfs_->last_problem();
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return say(ErrorKind::no_space, "catalog.no_space", "the device is full: the catalog cannot be written",
                 "Free some room.");
    case SQLITE_INTERRUPT:
      return say(ErrorKind::interrupted, "catalog.interrupted", "a question to the catalog took too long", "");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return say(ErrorKind::locked, "catalog.busy", "the catalog is in use by another process (" + said + ")",
                 "Try again.");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return say(ErrorKind::damaged, "catalog.damaged", "the catalog is damaged (" + said + ")",
                 "Run `atoll verify`: the catalog is made anew from the journal.");
    case SQLITE_CANTOPEN:
      if (problem) return *problem;
      return say(ErrorKind::io, "catalog.cannot_open", "the catalog cannot be opened (" + said + ")", "");
    case SQLITE_IOERR:
      if (code == SQLITE_IOERR_DATA) {
        if (problem && problem->kind == ErrorKind::damaged) return *problem;
        return say(ErrorKind::damaged, "catalog.damaged", "the catalog is damaged",
                   "Run `atoll verify`: the catalog is made anew from the journal.");
      }
      return say(ErrorKind::io, "catalog.io", "the catalog's files cannot be read or written (" + said + ")", "");
    case SQLITE_READONLY:
      return say(ErrorKind::io, "catalog.read_only", "the catalog cannot be written (" + said + ")", "");
    default:
      return say(ErrorKind::failed, "catalog.sql_failed",
                 "SQLite refuses (" + said + ", code " + std::to_string(code) + ")", "");
  }
}

}  // namespace atl::catalog
