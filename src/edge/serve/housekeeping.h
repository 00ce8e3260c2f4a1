// What a running server does by the clock: the record of reads goes to disk, copies get what was written, the journal
// gets checkpoints, schedules run.
//
//     every 250 ms     one round of each copy, where something was written
//     every second     audit; news of alarms
//     every 10 s       a look at how everything is
//     every 10 min     drives are asked for their wear
//     every hour       lifecycle rules of buckets, and content moved to the tiers they want
//     every minute     sessions that are over, last-used days; checkpoint where due; index files merged; schedules
//
// Always true: what fails is told once, and once again when it is over; nothing of it stops the server.
// Thread rules: start() and stop() by one thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "edge/cli/environment.h"
#include "edge/server/host.h"
#include "services/backup/copies.h"
#include "services/observe/observer.h"

namespace atl::serve {

class Housekeeping {
 public:
  // Borrows all. `accounts`: the vault `control`. `tell` takes words for the log, from any thread. `global`: the
  // options that name this home to a program of ours that is started by a schedule.
  Housekeeping(server::Host& host, vault::Vault& accounts, observe::Observer& observer, cli::Environment& environment,
               std::vector<std::string> global, std::function<void(const std::string& words)> tell);
  Housekeeping(const Housekeeping&) = delete;
  Housekeeping& operator=(const Housekeeping&) = delete;
  Housekeeping(Housekeeping&&) = delete;
  Housekeeping& operator=(Housekeeping&&) = delete;
  ~Housekeeping();
  // Something else to be done again and again, on a thread of its own; before start().
  void add(const std::string& what, std::int64_t every_ms, std::function<Result<void>()> work);
  void start();
  void stop();  // ends a round under way; what was shipped so far counts

 private:
  struct Copying {
    Lsn rows_seen_at;
    std::vector<catalog::CopyRow> rows;
    std::unique_ptr<backup::CopyKeeper> keeper;  // of these rows; borrows the vault during a round only
    std::optional<Lsn> shipped;                  // by every copy
    int idle_rounds = 0;
    int rounds_to_wait = 0;  // after a failure
  };
  void each_second();
  void ask_drives();
  void each_minute();
  void ship(const VaultId& id);
  void ship_accounts();
  [[nodiscard]] Result<void> ship_once(vault::Vault& vault, Copying& copying);
  void keep_journal(vault::Vault& vault);
  void apply_lifecycle(const VaultId& id);
  void run_schedules(const VaultId& id, const std::string& name);
  // The same trouble is told once.
  void note(const std::string& what, const Result<void>& done);
  void loop(std::int64_t every_ms, const std::function<void()>& work);

  struct Added {
    std::string what;
    std::int64_t every_ms = 0;
    std::function<Result<void>()> work;
  };
  std::vector<Added> added_;
  server::Host* host_;
  vault::Vault* accounts_;
  observe::Observer* observer_;
  cli::Environment* environment_;
  std::vector<std::string> global_;
  std::function<void(const std::string&)> tell_;
  std::int64_t lifecycle_at_ns_ = 0;  // of the thread that works every minute, as the next
  std::set<VaultId> tiers_due_;       // where lifecycle rules changed classes, and content is to follow
  std::int64_t drives_at_ns_ = 0;     // of the thread that asks drives
  std::atomic<bool> is_stopped_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::string> troubles_;  // guarded by mutex_
  std::map<VaultId, Copying> copying_;           // of the thread that ships, as the next three
  Copying copying_of_accounts_;
  std::vector<catalog::CopyRow> followed_;  // copies of the first vault that the accounts have, too
  std::int64_t accounts_at_ns_ = 0;         // when they were last shipped; 0: they are to be now
  std::vector<std::unique_ptr<platform::Thread>> threads_;
};

}  // namespace atl::serve
