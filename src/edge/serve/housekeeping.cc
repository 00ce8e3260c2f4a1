#include "edge/serve/housekeeping.h"

#include <chrono>

#include "edge/cli/s3_keys.h"
#include "edge/s3/lifecycle.h"
#include "foundation/platform/thread_priority.h"
#include "services/backup/accounts.h"
#include "services/jobs/schedules.h"
#include "vault/checkpoint.h"
#include "vault/tier/tiers.h"

namespace atl::serve {
namespace {

constexpr std::int64_t kSecondMs = 1'000;
constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::size_t kThreadNameMax = 15;
constexpr std::int64_t kShippingMs = 250;
constexpr int kIdleRoundsMax = 240;  // a minute
constexpr int kRoundsAfterFailure = 4;
constexpr std::int64_t kAccountsNs = 30LL * 1'000'000'000;  // reads are written down all the time: no round for each
constexpr std::uint64_t kTierBytesAtOnce = 16ULL << 30;
constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kDrivesNs = 600LL * 1'000'000'000;
constexpr std::int64_t kHourNs = 3'600LL * 1'000'000'000;
const vault::Caller kServer{"server", "", ""};

}  // namespace

Housekeeping::Housekeeping(server::Host& host, vault::Vault& accounts, observe::Observer& observer,
                           cli::Environment& environment, std::vector<std::string> global,
                           std::function<void(const std::string&)> tell)
    : host_(&host),
      accounts_(&accounts),
      observer_(&observer),
      environment_(&environment),
      global_(std::move(global)),
      tell_(std::move(tell)) {}

Housekeeping::~Housekeeping() { stop(); }

void Housekeeping::add(const std::string& what, std::int64_t every_ms, std::function<Result<void>()> work) {
  added_.push_back({what, every_ms, std::move(work)});
}

void Housekeeping::start() {
  platform::Threads& threads = host_->machine().threads;
  for (const Added& one : added_) {
    threads_.push_back(threads.start(one.what.substr(0, kThreadNameMax), [this, &one] {
      platform::run_in_background();  // requests go first
      loop(one.every_ms, [this, &one] { note(one.what, one.work()); });
    }));
  }
  threads_.push_back(threads.start("every-second", [this] { loop(kSecondMs, [this] { each_second(); }); }));
  threads_.push_back(threads.start("shipping", [this] {
    loop(kShippingMs, [this] {
      for (const auto& vault : host_->vaults()) ship(vault.id);
      ship_accounts();
    });
  }));
  // Three threads: a drive that does not answer, or a mail server, must not keep the others from looking.
  threads_.push_back(threads.start("observing", [this] { loop(kSecondMs, [this] { observer_->tick(); }); }));
  threads_.push_back(threads.start("asking-drives", [this] { loop(kSecondMs, [this] { ask_drives(); }); }));
  threads_.push_back(threads.start("alarm-news", [this] { loop(kSecondMs, [this] { observer_->tell_news(); }); }));
  threads_.push_back(threads.start("every-minute", [this] { loop(kMinuteMs, [this] { each_minute(); }); }));
}

void Housekeeping::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    changed_.notify_all();
  }
  for (const auto& thread : threads_) thread->join();
  threads_.clear();
}

void Housekeeping::loop(std::int64_t every_ms, const std::function<void()>& work) {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::milliseconds(every_ms), [this] { return is_stopped_.load(); });
      if (is_stopped_) return;
    }
    work();
  }
}

void Housekeeping::note(const std::string& what, const Result<void>& done) {
  std::string words;
  {
    const std::lock_guard lock(mutex_);
    std::string& before = troubles_[what];
    const std::string now = done ? std::string() : done.error().message;
    if (before == now) return;
    words = now.empty() ? what + ": well again" : what + ": " + now;
    before = now;
  }
  tell_(words);
}

void Housekeeping::each_second() {
  auto& audit = host_->access().audit();
  if (audit.is_due()) note("the record of reads", audit.flush());
}

void Housekeeping::ask_drives() {
  const std::int64_t now_ns = host_->machine().clock.monotonic_ns();
  if (drives_at_ns_ != 0 && now_ns - drives_at_ns_ < kDrivesNs) return;
  drives_at_ns_ = now_ns;
  observer_->ask_drives(&is_stopped_);
}

void Housekeeping::ship(const VaultId& id) {
  auto use = host_->use(id, kServer);
  if (!use) return;  // somebody needs the vault alone: later
  note("copies of vault " + use->name(), ship_once(use->vault(), copying_[id]));
}

void Housekeeping::ship_accounts() {
  const auto named = host_->find("");
  const auto first = copying_.find(named ? *named : host_->vaults().front().id);
  if (first == copying_.end()) return;
  const std::int64_t now_ns = host_->machine().clock.monotonic_ns();
  const bool follows = first->second.rows == followed_;
  if (accounts_at_ns_ != 0 && now_ns - accounts_at_ns_ < (follows ? kAccountsNs : kSecondNs)) return;
  if (follows && followed_.empty()) return;
  accounts_at_ns_ = now_ns;
  const auto work = [&]() -> Result<void> {
    if (!follows) {
      const backup::CopyReach reach{.machine = host_->machine(),
                                    .credentials = cli::copy_surroundings(*environment_).credentials,
                                    .stop = &is_stopped_};
      ATOLL_TRY(backup::follow_copies(*accounts_, first->first, first->second.rows, reach));
      followed_ = first->second.rows;
    }
    return ship_once(*accounts_, copying_of_accounts_);
  };
  note("copies of accounts", work());
}

Result<void> Housekeeping::ship_once(vault::Vault& vault, Copying& copying) {
  if (copying.rounds_to_wait > 0) {
    --copying.rounds_to_wait;
    return {};
  }
  const Lsn last = vault.journal().last();
  if (copying.rows_seen_at != last) {
    ATOLL_ASSIGN(auto rows, vault.reader()->all<catalog::CopyRow>());
    if (rows != copying.rows) copying.keeper.reset();
    copying.rows = std::move(rows);
    copying.rows_seen_at = last;
  }
  // Now and then also where nothing was written: keys change without a command.
  if (copying.rows.empty() || (copying.shipped == last && ++copying.idle_rounds < kIdleRoundsMax)) return {};
  copying.idle_rounds = 0;
  if (!copying.keeper) {
    ATOLL_ASSIGN(copying.keeper, backup::CopyKeeper::open(vault, cli::copy_surroundings(*environment_)));
  }
  copying.keeper->use(vault);
  backup::ShipOptions options;
  options.stop = &is_stopped_;
  options.is_by_clock = true;
  const auto done = copying.keeper->round(options);
  copying.keeper->rest();
  if (!done) return pass(done.error());
  copying.shipped = last;
  for (const auto& outcome : *done) {
    if (outcome.error || outcome.is_left_out) copying.shipped.reset();
    if (outcome.error) copying.rounds_to_wait = kRoundsAfterFailure;
    if (outcome.is_left_out) continue;
    note("copy " + outcome.name + " of vault " + vault.keys().vault_name(),
         outcome.error ? Result<void>(pass(*outcome.error)) : Result<void>{});
  }
  return {};
}

void Housekeeping::keep_journal(vault::Vault& vault) {
  const auto work = [&]() -> Result<void> {
    // What is full now is not left for the end of the server, or for its next beginning.
    ATOLL_TRY(vault.journal().archive_full());
    ATOLL_ASSIGN(const bool is_due, vault::wants_checkpoint(vault));
    if (is_due) ATOLL_TRY(vault::make_checkpoint(vault));
    ATOLL_TRY(vault.chunks().maintain());
    return {};
  };
  note("checkpoints of vault " + vault.keys().vault_name(), work());
}

void Housekeeping::apply_lifecycle(const VaultId& id) {
  auto use = host_->use(id, kServer);
  if (!use) return;
  const auto work = [&]() -> Result<void> {
    ATOLL_ASSIGN(const auto report, s3::apply_lifecycle(use->vault(), host_->machine().clock.now(), &is_stopped_));
    for (const std::string& trouble : report.troubles) tell_("lifecycle: " + trouble);
    if (report.versions_moved > 0) tiers_due_.insert(id);
    if (!tiers_due_.contains(id)) return {};
    // A piece of it at a time: copies, checkpoints and schedules wait meanwhile.
    vault::TierOptions options;
    options.bytes_max = kTierBytesAtOnce;
    options.stop = &is_stopped_;
    ATOLL_ASSIGN(const auto moved, vault::move_tiers(use->vault(), options));
    if (moved.packs_not_reached == 0 && !moved.was_interrupted) tiers_due_.erase(id);
    return {};
  };
  note("lifecycle rules of vault " + use->name(), work());
}

void Housekeeping::run_schedules(const VaultId& id, const std::string& name) {
  const auto ahead = [this](Timestamp time) { return environment_->programs.local_time_ahead_s(time); };
  const auto work = [&]() -> Result<void> {
    std::vector<jobs::Schedule> due;
    {
      ATOLL_ASSIGN(const auto use, host_->use(id, kServer));
      ATOLL_ASSIGN(auto all, jobs::schedules(use.vault(), ahead));
      for (auto& one : all)
        if (one.is_due) due.push_back(std::move(one));
    }
    for (const auto& one : due) {
      if (is_stopped_) return {};
      const Timestamp started = host_->machine().clock.now();
      if (one.is_missed) tell_("schedule " + one.row.name + " was missed at " + format_rfc3339(one.last_due));
      auto global = global_;
      global.insert(global.end(), {"--vault", name});
      ATOLL_ASSIGN(const auto run, jobs::run_schedule(environment_->programs, host_->machine().clock, one, global));
      tell_("schedule " + run.name + ": " +
            (run.exit_code == 0 ? "good" : "ended with " + std::to_string(run.exit_code)));
      for (const std::string& missed : run.not_told) tell_("news of schedule " + run.name + ": " + missed);
      ATOLL_ASSIGN(const auto use, host_->use(id, kServer));
      ATOLL_TRY(jobs::remember_run(use.vault(), run, started));
    }
    return {};
  };
  note("schedules of vault " + name, work());
}

void Housekeeping::each_minute() {
  note("accounts", host_->access().tidy());
  for (const auto& vault : host_->vaults()) {
    if (is_stopped_) return;
    if (const auto use = host_->use(vault.id, kServer); use) keep_journal(use->vault());
    run_schedules(vault.id, vault.name);
  }
  keep_journal(*accounts_);
  const std::int64_t now_ns = host_->machine().clock.monotonic_ns();
  if (lifecycle_at_ns_ != 0 && now_ns - lifecycle_at_ns_ < kHourNs) return;
  lifecycle_at_ns_ = now_ns;
  for (const auto& vault : host_->vaults()) apply_lifecycle(vault.id);
}

}  // namespace atl::serve
