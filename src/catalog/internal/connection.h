// One SQLite connection over a SealedVfs, its prepared statements, and SQLite's errors as ours.
// Always true: statements are prepared once and kept; a Use resets its statement when it goes, so that no read
// transaction outlives the function that read. Thread rules: one connection, one thread.
#pragma once

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "catalog/internal/schema.h"
#include "catalog/internal/sealed_vfs.h"

namespace atl::catalog {

// A statement in use: bind, then next() until it is false. Bound bytes have to live until the Use is gone.
class Use {
 public:
  Use(sqlite3_stmt* statement, class Connection& connection) : statement_(statement), connection_(&connection) {}
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  Use(Use&&) = delete;
  Use& operator=(Use&&) = delete;
  ~Use() { reset(); }

  Use& bind(int index, std::int64_t value) {
    sqlite3_bind_int64(statement_, index, value);
    return *this;
  }
  Use& bind(int index, ByteView value) {
    // A null pointer would bind NULL.
    sqlite3_bind_blob64(statement_, index, value.empty() ? static_cast<const void*>("") : value.data(), value.size(),
                        SQLITE_STATIC);
    return *this;
  }
  Use& bind_null(int index) {
    sqlite3_bind_null(statement_, index);
    return *this;
  }
  [[nodiscard]] Result<bool> next();
  // For statements without rows.
  [[nodiscard]] Result<void> run();
  void reset() { sqlite3_reset(statement_); }

  [[nodiscard]] std::int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }
  // Good until the next step or reset.
  [[nodiscard]] ByteView bytes(int column) const {
    const auto* const data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }
  [[nodiscard]] bool is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

 private:
  sqlite3_stmt* statement_;
  Connection* connection_;
};

class Connection {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Connection>> open(SealedVfs& vfs, bool is_writer,
                                                                std::size_t cache_bytes);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  Connection(Connection&&) = delete;
  Connection& operator=(Connection&&) = delete;
  ~Connection();

  // SQL without results.
  [[nodiscard]] Result<void> execute(const char* sql);
  // Prepares where that was not done yet.
  [[nodiscard]] Result<sqlite3_stmt*> statement(Sql sql);
  [[nodiscard]] std::int64_t changed_rows() const { return sqlite3_changes64(handle_); }
  [[nodiscard]] sqlite3* handle() const { return handle_; }
  [[nodiscard]] Error error(int code) const;
  [[nodiscard]] bool is_in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }
  // What is read now may be older than what is committed: in a transaction, or while a statement's rows are being read.
  [[nodiscard]] bool may_show_the_past() const {
    return is_in_transaction() || sqlite3_txn_state(handle_, nullptr) != SQLITE_TXN_NONE;
  }

 private:
  Connection(SealedVfs& vfs, sqlite3* handle) : vfs_(&vfs), handle_(handle) {}

  SealedVfs* vfs_;
  sqlite3* handle_;
  std::array<sqlite3_stmt*, kSqlCount> statements_{};
};

// While it lives, a statement that works for long without giving a row ends as "catalog.interrupted". At most one for a
// connection; not on the writer's.
class PatienceLimit {
 public:
  explicit PatienceLimit(Connection& connection) : connection_(&connection) {
    sqlite3_progress_handler(connection.handle(), kSteps, &ask, this);
  }
  PatienceLimit(const PatienceLimit&) = delete;
  PatienceLimit& operator=(const PatienceLimit&) = delete;
  PatienceLimit(PatienceLimit&&) = delete;
  PatienceLimit& operator=(PatienceLimit&&) = delete;
  ~PatienceLimit() { sqlite3_progress_handler(connection_->handle(), 0, nullptr, nullptr); }
  void note_row() { ++rows_; }

 private:
  static constexpr int kSteps = 5'000;  // of SQLite's machine: some 1,000 rows passed over
  // SQLite counts on from the statement's last use, so the first of these may come at once: the second one tells.
  static int ask(void* self) {
    auto& limit = *static_cast<PatienceLimit*>(self);
    limit.idle_ = limit.rows_ == limit.rows_before_ ? limit.idle_ + 1 : 0;
    limit.rows_before_ = limit.rows_;
    return limit.idle_ > 1 ? 1 : 0;
  }
  Connection* connection_;
  std::uint64_t rows_ = 0;
  std::uint64_t rows_before_ = 0;
  int idle_ = 0;
};

// Use use(*ATOLL..., ): declares `name` as a Use of a statement or returns the error.
#define ATOLL_USE(name, connection, sql)                                           \
  ATOLL_ASSIGN(sqlite3_stmt* const name##_statement, (connection).statement(sql)); \
  Use name(name##_statement, (connection))

}  // namespace atl::catalog
