// Rows as they stood at an earlier moment, out of the truth: the journal read backwards, and where it ends or gets long
// the newest checkpoint before that moment.
//
// Always true:
//  - Exact: a row is what the last command before its moment put, or not there. Where the command that would tell was
//    erased from the journal the answer is `unknown`, never an older row.
//  - The catalog is not asked: it knows only what became of the rows.
//  - Memory is bounded: wanted keys and rows found lie in a run set in staging.
//  - The journal is read newest first, in windows, and no further than the last open row needs; envelopes say which
//    commands cannot have touched a wanted table, and those are not opened.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "store/run/run_set.h"
#include "vault/vault.h"

namespace atl::vault {

// A run set for the time of one piece of work, in a folder of its own below staging; removed with it. Its key is of the
// moment: what a kill leaves behind opens for nobody, and the next writer's piece of work removes it.
class StagedSet {
 public:
  [[nodiscard]] static Result<std::unique_ptr<StagedSet>> open(const Vault& vault, const std::string& purpose);
  StagedSet(const StagedSet&) = delete;
  StagedSet& operator=(const StagedSet&) = delete;
  StagedSet(StagedSet&&) = delete;
  StagedSet& operator=(StagedSet&&) = delete;
  ~StagedSet();

  [[nodiscard]] run::RunSet& set() { return *set_; }
  // In key order, page by page: `visit` may put into the set and remove from it.
  [[nodiscard]] Result<void> for_each_with(ByteView prefix,
                                           const std::function<Result<bool>(ByteView key, ByteView value)>& visit);

 private:
  StagedSet(const platform::Machine& machine, std::string folder) : machine_(machine), folder_(std::move(folder)) {}
  platform::Machine machine_;
  std::string folder_;
  std::unique_ptr<run::RunSet> set_;
};

// False where commands of this kind never put or delete rows of this table. Kinds it does not know may do everything.
[[nodiscard]] bool may_touch(journal::CommandKind kind, journal::TableNumber table);

class RowsAt {
 public:
  [[nodiscard]] static Result<std::unique_ptr<RowsAt>> begin(const Vault& vault);

  // Asks for the row as it stood before the command `before`. One moment for each row: the last one asked for holds.
  [[nodiscard]] Result<void> want(DomainNumber domain, journal::TableNumber table, ByteView key, Lsn before);
  // `not_found` "rewind.below_horizon" where neither journal nor checkpoint reaches back so far; the message says from
  // where on it works.
  [[nodiscard]] Result<void> resolve();

  struct Answer {
    bool is_known = true;  // false: the command that would tell was erased
    std::optional<Bytes> row;
  };
  // After resolve(), for what was asked for.
  [[nodiscard]] Result<Answer> row(DomainNumber domain, journal::TableNumber table, ByteView key) const;

 private:
  explicit RowsAt(const Vault& vault) : vault_(&vault) {}
  struct Base {
    Lsn lsn;
    Bytes root;
  };
  [[nodiscard]] Result<std::vector<Base>> bases() const;
  [[nodiscard]] Result<void> read_window(Lsn first, Lsn last);
  [[nodiscard]] Result<void> take(DomainNumber domain, const journal::RowChange& change, Lsn lsn, Lsn window_last);
  [[nodiscard]] Result<void> mark_unknown(DomainNumber domain, Lsn erased, Lsn window_first);
  [[nodiscard]] Result<bool> take_from_checkpoint(const Base& base);
  [[nodiscard]] Result<Lsn> highest_open_moment() const;
  [[nodiscard]] Result<void> below_horizon(Lsn at) const;

  const Vault* vault_;
  std::unique_ptr<StagedSet> rows_;
  std::uint64_t open_ = 0;
  std::array<bool, 64> wants_table_{};
};

}  // namespace atl::vault
