// The one door for writes: every change is a command, built against the newest state, journaled, applied, answered.
//
//     queue ─► group ─► for each: build(state) ─► rows applied to an open SQL transaction
//                                 │ (a check that fails drops that command alone)
//                                 ▼
//              journal.append(group)  ── one sync: committed ──►  SQL commit ─► answers
//
// Always true:
//  - A builder sees every command before its own, those of its own group included, and nothing else.
//  - Nothing is visible to readers before it is synced; what is answered is synced and visible.
//  - If a group fails, all of it fails, the SQL transaction is rolled back, and memory is back at the synced LSN. After
//  a
//    failed write or sync of the journal every later command fails until the vault is reopened; a full disk that wrote
//    nothing is survived.
//  - LSNs are dense; commit times never go back.
//  - A pack that was begun becomes a row with the first command that is committed after it: no later than the first
//    that refers into it.
// Thread rules: submit() from any thread. One of the waiting threads commits for all of them (leader and followers), so
// there is no thread of its own, and a test with one thread is deterministic.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/rows.h"
#include "foundation/platform/machine.h"
#include "store/chunk/collection.h"
#include "store/journal/journal.h"

namespace atl::vault {

// The rows a command puts and deletes, by key domain.
class ChangeSet {
 public:
  template <class Row>
  void put(DomainNumber domain, journal::TableNumber table, const Row& row) {
    changes_[domain].push_back({table, key_of(row), encode(row)});
    ++count_;
  }
  void put(const catalog::BucketRow& row) { put(kDefaultDomain, journal::TableNumber::buckets, row); }
  void put(DomainNumber domain, const catalog::EntryRow& row) { put(domain, journal::TableNumber::entries, row); }
  void put(DomainNumber domain, const catalog::VersionRow& row) { put(domain, journal::TableNumber::versions, row); }
  void put(const catalog::PackRow& row) { put(kDefaultDomain, journal::TableNumber::packs, row); }
  void put(const catalog::JobRow& row) { put(kDefaultDomain, journal::TableNumber::jobs, row); }
  void put(const catalog::CheckpointRow& row) { put(kDefaultDomain, journal::TableNumber::checkpoints, row); }
  // The rows of catalog/keeping_rows.h, and those that are gone.
  template <class Row>
  requires(catalog::kTableOf<Row> != journal::TableNumber{}) void put(const Row& row) {
    put(kDefaultDomain, catalog::kTableOf<Row>, row);
  }
  template <class Row>
  requires(catalog::kTableOf<Row> != journal::TableNumber{}) void remove(const Row& row) {
    remove(kDefaultDomain, catalog::kTableOf<Row>, key_of(row));
  }
  void remove(DomainNumber domain, journal::TableNumber table, Bytes key) {
    changes_[domain].push_back({table, std::move(key), std::nullopt});
    ++count_;
  }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] const std::map<DomainNumber, std::vector<journal::RowChange>>& by_domain() const { return changes_; }

 private:
  std::map<DomainNumber, std::vector<journal::RowChange>> changes_;
  std::size_t count_ = 0;
};

inline constexpr std::size_t kRowsPerCommandMax = 10'000;
inline constexpr std::size_t kCommandBytesMax = 16 * 1024 * 1024;

struct CommitContext {
  Lsn lsn;
  Timestamp commit_time;
  catalog::CatalogReader& state;
};
// Decides everything: checks, ids, defaults. Runs on the committing thread; must be quick, and may be called once.
using CommandBuilder = std::function<Result<void>(const CommitContext&, ChangeSet&)>;

// Who asks for a change, and how the question came: kept with every command for good.
struct Caller {
  std::string actor = "owner";  // see foundation/base/actor.h
  std::string origin;           // "" for this machine's own program, else an address
  std::string request_id;       // "" for none
  OperationId operation{};      // of an agent's run: stands on each of its commands that has none of its own
};

struct CommandRequest {
  journal::CommandKind kind{};
  OperationId operation;
  Caller caller;
  CommandBuilder build;
  bool refers_to_new_chunks = false;  // they are made durable before the command is
};

// What the committer asks of the chunk store; called by the thread that commits.
struct ChunkHooks {
  std::function<Result<void>()> sync;  // everything add()ed so far is durable
  // Packs without rows: they become rows with the next command, and are given back where that was not committed.
  std::function<std::vector<chunk::NewPack>()> take_packs;
  std::function<void(std::vector<chunk::NewPack>)> give_back;
};

class Committer {
 public:
  Committer(const platform::Machine& machine, journal::Journal& journal, catalog::Catalog& catalog,
            ChunkHooks hooks = {});  // borrows all

  // Returns when the command is synced and visible, or with the reason why it is neither.
  [[nodiscard]] Result<Lsn> submit(CommandRequest request);
  // One group, in this order, by this thread: what submit() does when several wait. For tests and bulk work.
  [[nodiscard]] std::vector<Result<Lsn>> submit_group(std::vector<CommandRequest> requests);
  // Runs `work` between two groups: for what the catalog's writer must do while nobody commits. Must be quick.
  [[nodiscard]] Result<void> between_groups(const std::function<Result<void>()>& work);
  // None while writing goes on; else the error that ended it.
  [[nodiscard]] std::optional<Error> stopped() const;

 private:
  struct Waiting {
    explicit Waiting(CommandRequest asked) : request(std::move(asked)) {}
    CommandRequest request;
    Result<Lsn> answer = Lsn{};
    bool is_done = false;
    std::condition_variable turn;  // its own: of many that wait, only those are woken whose command is done
  };
  // Whoever leads next is woken: the first that waits in line, and those that want to work alone.
  void end_lead();  // mutex_ is held
  void commit_group(const std::vector<Waiting*>& group);
  [[nodiscard]] Result<void> build_group(const std::vector<Waiting*>& group, std::vector<journal::Command>& commands,
                                         std::vector<Waiting*>& accepted, const std::vector<chunk::NewPack>& packs);
  // True where commands stand in the journal, and with them the rows of the packs.
  [[nodiscard]] bool commit_with_packs(const std::vector<Waiting*>& group, const std::vector<chunk::NewPack>& packs);

  platform::Machine machine_;
  journal::Journal* journal_;
  catalog::Catalog* catalog_;
  ChunkHooks hooks_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting*> queue_;    // guarded by mutex_
  bool has_leader_ = false;       // guarded by mutex_
  std::optional<Error> stopped_;  // guarded by mutex_
};

}  // namespace atl::vault
