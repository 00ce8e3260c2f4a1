// Work that takes longer than a request: a few threads that do one thing after the other, what each is at, and how the
// last ones went.
//
//     start() ─► waiting ─► running ─► done | failed | cancelled | interrupted (by the end of the server)
//
// Always true:
//  - Memory is bounded: kWaitingMax wait, kKeptMax are remembered, the oldest that ended goes first.
//  - Of one vault, jobs run one after the other; jobs of different vaults side by side, kThreads of them.
//  - Whoever remembers jobs beyond this process (on_change) is told of the beginning and of the end, before anybody
//  sees
//    that end; of what the end of the server broke off it is not told, so that the next one finds it unfinished.
// Thread rules: any thread. `Work` runs on a thread of this class and must not wait for another job.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/error.h"
#include "foundation/base/ids.h"
#include "foundation/base/time.h"
#include "foundation/json/json.h"
#include "foundation/platform/machine.h"

namespace atl {
using JobId = Uuid<struct JobTag>;
}  // namespace atl

namespace atl::server {

enum class JobState : std::uint8_t { waiting, running, done, failed, cancelled, interrupted };
[[nodiscard]] std::string_view name_of(JobState state);
[[nodiscard]] std::optional<JobState> state_named(std::string_view name);

struct JobFacts {
  JobId id;
  std::string kind;  // "gc", "verify"
  VaultId vault;
  std::string vault_name;
  std::string actor;
  json::Value order;     // what was asked for, enough to begin anew
  unsigned attempt = 1;  // 2: it was begun anew once
  JobState state = JobState::waiting;
  Timestamp created, started, ended;  // 0: not yet
  // What is being done, and how far; 0 of 0 where nobody knows.
  std::string step;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  json::Value result;    // of a job that is done
  std::string error_id;  // of one that failed
  std::string message;
  std::uint64_t change = 0;  // counts up with every change of these facts
};

class JobRunner {
 public:
  static constexpr std::size_t kWaitingMax = 100;
  static constexpr std::size_t kKeptMax = 100;
  static constexpr std::size_t kThreads = 2;

  // What a job tells while it works.
  class Progress {
   public:
    Progress(JobRunner& all, const JobId& id, const std::atomic<bool>& stop) : all_(&all), id_(id), stop_(&stop) {}
    void note(std::string_view step, std::uint64_t done, std::uint64_t total);
    // Set once the job is to end; it answers then with `interrupted`, or with what it did so far.
    [[nodiscard]] const std::atomic<bool>& stop() const { return *stop_; }

   private:
    JobRunner* all_;
    JobId id_;
    const std::atomic<bool>* stop_;
  };
  using Work = std::function<Result<json::Value>(Progress& progress)>;

  explicit JobRunner(const platform::Machine& machine) : machine_(machine) {}
  JobRunner(const JobRunner&) = delete;
  JobRunner& operator=(const JobRunner&) = delete;
  JobRunner(JobRunner&&) = delete;
  JobRunner& operator=(JobRunner&&) = delete;
  ~JobRunner() { stop(); }

  // Told outside of every lock, on the thread of whoever caused it. Set before the first start().
  void on_change(std::function<void(const JobFacts&)> tell) { tell_ = std::move(tell); }
  // kind, vault, vault_name, actor, order and attempt are taken from `wanted`; id and time of creation too, where it
  // has them: then it is one of an earlier process that goes on. `limit` "job.too_many" where too many wait already;
  // `locked` "job.ending" once the server ends.
  [[nodiscard]] Result<JobFacts> start(JobFacts wanted, Work work);
  // One that ended before this process began.
  void remember(JobFacts ended);
  [[nodiscard]] std::optional<JobFacts> find(const JobId& id) const;
  [[nodiscard]] std::vector<JobFacts> list() const;  // newest first
  // Asks it to end; one that waits ends at once. False where it is not there or ended before.
  bool cancel(const JobId& id);
  // Cancels all and waits until the last has ended. Nothing starts from then on.
  void stop();

 private:
  struct Job {
    JobFacts facts;
    Work work;
    std::atomic<bool> is_cancelled = false;
    bool is_cancelled_by_user = false;  // and not by the end of the server
  };
  using Jobs = std::list<std::unique_ptr<Job>>;  // oldest first
  void run();
  [[nodiscard]] Result<void> check_room() const;
  [[nodiscard]] Job* next_locked();
  [[nodiscard]] Job* find_locked(const JobId& id) const;
  void forget_old_locked();
  void note(const JobId& id, std::string_view step, std::uint64_t done, std::uint64_t total);
  void tell(const JobFacts& facts) const {
    if (tell_) tell_(facts);
  }

  platform::Machine machine_;
  std::function<void(const JobFacts&)> tell_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Jobs jobs_;  // guarded by mutex_, as all below
  bool is_stopped_ = false;
  std::vector<std::unique_ptr<platform::Thread>> threads_;  // started with the first jobs
};

}  // namespace atl::server
