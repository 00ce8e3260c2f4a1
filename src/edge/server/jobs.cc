#include "edge/server/jobs.h"

#include <algorithm>

namespace atl::server {

std::string_view name_of(JobState state) {
  switch (state) {
    case JobState::waiting: return "waiting";
    case JobState::running: return "running";
    case JobState::done: return "done";
    case JobState::failed: return "failed";
    case JobState::cancelled: return "cancelled";
    case JobState::interrupted: return "interrupted";
  }
  return "failed";
}

std::optional<JobState> state_named(std::string_view name) {
  for (const JobState state : {JobState::waiting, JobState::running, JobState::done, JobState::failed,
                               JobState::cancelled, JobState::interrupted})
    if (name == name_of(state)) return state;
  return std::nullopt;
}

namespace {

bool is_over(const JobFacts& facts) { return facts.state != JobState::waiting && facts.state != JobState::running; }

}  // namespace

void JobRunner::Progress::note(std::string_view step, std::uint64_t done, std::uint64_t total) {
  all_->note(id_, step, done, total);
}

JobRunner::Job* JobRunner::find_locked(const JobId& id) const {
  const auto found = std::ranges::find_if(jobs_, [&](const auto& job) { return job->facts.id == id; });
  return found == jobs_.end() ? nullptr : found->get();
}

// The oldest that waits and whose vault no other job works on.
JobRunner::Job* JobRunner::next_locked() {
  for (const auto& job : jobs_) {
    if (job->facts.state != JobState::waiting) continue;
    const bool is_taken = std::ranges::any_of(jobs_, [&](const auto& other) {
      return other->facts.state == JobState::running && other->facts.vault == job->facts.vault;
    });
    if (!is_taken) return job.get();
  }
  return nullptr;
}

void JobRunner::forget_old_locked() {
  auto ended =
      static_cast<std::size_t>(std::ranges::count_if(jobs_, [](const auto& job) { return is_over(job->facts); }));
  for (auto at = jobs_.begin(); at != jobs_.end() && ended > kKeptMax;) {
    if (!is_over((*at)->facts)) {
      ++at;
      continue;
    }
    at = jobs_.erase(at);
    --ended;
  }
}

Result<JobFacts> JobRunner::start(JobFacts wanted, Work work) {
  // Remembered before it can begin, so that no end of it comes first.
  if (wanted.id.is_none()) {
    wanted.id = platform::new_id<JobId>(machine_);
    wanted.created = machine_.clock.now();
  }
  wanted.state = JobState::waiting;
  wanted.change = 1;
  ATOLL_TRY(check_room());
  tell(wanted);
  const std::lock_guard lock(mutex_);
  auto job = std::make_unique<Job>();
  job->facts = wanted;
  job->work = std::move(work);
  jobs_.push_back(std::move(job));
  if (!is_stopped_ && threads_.size() < kThreads) threads_.push_back(machine_.threads.start("job", [this] { run(); }));
  changed_.notify_one();
  return wanted;
}

void JobRunner::remember(JobFacts ended) {
  const std::lock_guard lock(mutex_);
  auto job = std::make_unique<Job>();
  job->facts = std::move(ended);
  jobs_.push_back(std::move(job));
  forget_old_locked();
}

Result<void> JobRunner::check_room() const {
  const std::lock_guard lock(mutex_);
  if (is_stopped_) return fail(ErrorKind::locked, "job.ending", "the server is about to end", "Try again in a minute.");
  const auto waiting =
      std::ranges::count_if(jobs_, [](const auto& job) { return job->facts.state == JobState::waiting; });
  if (static_cast<std::size_t>(waiting) >= kWaitingMax) {
    return fail(ErrorKind::limit, "job.too_many", std::to_string(waiting) + " jobs wait already",
                "Wait until some of them have ended: GET /api/v1/jobs.");
  }
  return {};
}

std::optional<JobFacts> JobRunner::find(const JobId& id) const {
  const std::lock_guard lock(mutex_);
  const Job* const job = find_locked(id);
  return job == nullptr ? std::nullopt : std::optional(job->facts);
}

std::vector<JobFacts> JobRunner::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<JobFacts> out;
  for (auto at = jobs_.rbegin(); at != jobs_.rend(); ++at) out.push_back((*at)->facts);
  return out;
}

bool JobRunner::cancel(const JobId& id) {
  JobFacts ended;
  {
    const std::lock_guard lock(mutex_);
    Job* const job = find_locked(id);
    if (job == nullptr || is_over(job->facts)) return false;
    job->is_cancelled = true;
    job->is_cancelled_by_user = true;
    if (job->facts.state != JobState::waiting) return true;
    job->facts.state = JobState::cancelled;
    job->facts.ended = machine_.clock.now();
    ++job->facts.change;
    job->work = nullptr;
    ended = job->facts;
  }
  tell(ended);
  return true;
}

void JobRunner::note(const JobId& id, std::string_view step, std::uint64_t done, std::uint64_t total) {
  const std::lock_guard lock(mutex_);
  Job* const job = find_locked(id);
  if (job == nullptr) return;
  job->facts.step = step;
  job->facts.done = done;
  job->facts.total = total;
  ++job->facts.change;
}

void JobRunner::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    Job* job = nullptr;
    changed_.wait(lock, [&] { return is_stopped_ || (job = next_locked()) != nullptr; });
    if (is_stopped_) return;
    job->facts.state = JobState::running;
    job->facts.started = machine_.clock.now();
    ++job->facts.change;
    const Work work = std::move(job->work);
    const JobId id = job->facts.id;
    lock.unlock();
    // Jobs that run are never forgotten, so that `job` stays good.
    Progress progress(*this, id, job->is_cancelled);
    auto result = work(progress);
    lock.lock();
    const bool is_broken_off = job->is_cancelled && !job->is_cancelled_by_user;
    JobFacts ended = job->facts;
    ended.ended = machine_.clock.now();
    ++ended.change;
    if (result) {
      ended.state = job->is_cancelled ? JobState::cancelled : JobState::done;
      ended.result = std::move(*result);
    } else {
      ended.state = job->is_cancelled ? JobState::cancelled : JobState::failed;
      ended.error_id = result.error().id;
      ended.message = result.error().message;
    }
    if (is_broken_off) ended.state = JobState::interrupted;
    lock.unlock();
    if (!is_broken_off) tell(ended);
    lock.lock();
    ended.change = job->facts.change + 1;
    job->facts = std::move(ended);
    forget_old_locked();
    changed_.notify_all();  // another job of this vault may begin
  }
}

void JobRunner::stop() {
  std::vector<std::unique_ptr<platform::Thread>> threads;
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    for (const auto& job : jobs_) {
      if (is_over(job->facts)) continue;
      job->is_cancelled = true;
      if (job->facts.state == JobState::waiting) {
        job->facts.state = JobState::interrupted;
        job->facts.ended = machine_.clock.now();
        ++job->facts.change;
      }
    }
    threads.swap(threads_);
    changed_.notify_all();
  }
  for (const auto& thread : threads) thread->join();
}

}  // namespace atl::server
