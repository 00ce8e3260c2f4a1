#include "services/backup/copies.h"

#include <algorithm>
#include <chrono>

namespace atl::backup {
namespace {

// What is written while a round ships waits for that round, this pause and its own: at a second, what was written to a
// copy that takes 200 MB/s was up to four seconds behind.
constexpr std::chrono::milliseconds kRoundEvery{250};
constexpr std::int64_t kRememberEveryUs = 30'000'000;
// A copy that failed is left alone for so many rounds.
constexpr std::uint64_t kRoundsBetweenTries = 120;
constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kAfterFailure_s = 10;

// The same objects, whatever else the texts of the places say.
bool is_same_place(const catalog::CopyRow& a, const catalog::CopyRow& b) {
  if (a.kind != b.kind) return false;
  if (a.kind != vault::kCopyKindS3) return a.place == b.place;
  const auto first = blob::parse_s3_place(a.place);
  const auto second = blob::parse_s3_place(b.place);
  return first && second && first->endpoint == second->endpoint && first->bucket == second->bucket &&
         first->prefix == second->prefix;
}

}  // namespace

Result<void> check_new_copy(vault::Vault& vault, const catalog::CopyRow& row) {
  ATOLL_ASSIGN(const auto others, vault.reader()->all<catalog::CopyRow>());
  for (const auto& other : others) {
    const bool is_there = is_same_place(other, row);
    if (other.name != row.name && !is_there) continue;
    return fail(
        ErrorKind::conflict, "copy.exists",
        "there is a copy \"" + other.name + "\" in " + other.place.substr(0, other.place.find('?')) + " already",
        is_there ? "A sync brings it up to date." : "Give this one another name.");
  }
  return {};
}

Result<std::uint64_t> bytes_to_ship(vault::Vault& vault) {
  std::uint64_t bytes = 0;
  for (const auto& pack : vault.chunks().list_packs()) bytes += pack.stored_bytes;
  ATOLL_ASSIGN(const auto stats, vault.journal().stats());
  return bytes + stats.archived_bytes;
}

std::string copy_lock_path(const vault::Vault& vault, const std::string& name) {
  return platform::join(vault.folder(), "indexes/copies/" + name + ".lock");
}

Result<std::unique_ptr<CopyKeeper>> CopyKeeper::open(vault::Vault& vault, CopySurroundings surroundings) {
  std::unique_ptr<CopyKeeper> keeper(new CopyKeeper(vault, std::move(surroundings)));
  ATOLL_ASSIGN(const auto rows, vault.reader()->all<catalog::CopyRow>());
  for (const auto& row : rows) {
    Copy copy;
    copy.row = row;
    keeper->copies_.push_back(std::move(copy));
  }
  return keeper;
}

void CopyKeeper::release() {
  for (Copy& copy : copies_) {
    copy.shipper.reset();
    copy.target.reset();
  }
}

void CopyKeeper::rest() {
  for (Copy& copy : copies_) {
    if (copy.target && copy.target->rest()) continue;
    copy.shipper.reset();
    copy.target.reset();
  }
}

void CopyKeeper::use(vault::Vault& vault) {
  vault_ = &vault;
  for (Copy& copy : copies_) {
    if (copy.shipper) copy.shipper->use(vault);
  }
}

Result<void> CopyKeeper::reach(Copy& copy, const ShipOptions& options) {
  if (copy.row.kind != vault::kCopyKindFolder && copy.row.kind != vault::kCopyKindS3) {
    return fail(ErrorKind::unsupported, "copy.unknown_kind",
                "a copy of kind \"" + copy.row.kind + "\" is not known to this Atoll", "Use the version that made it.");
  }
  if (copy.target) {
    ATOLL_TRY(copy.target->wake());
  } else {
    copy.shipper.reset();
    const CopyReach reach{.machine = vault_->machine(), .credentials = surroundings_.credentials, .stop = options.stop};
    ATOLL_ASSIGN(copy.target, CopyTarget::open(reach, copy.row.place, vault_->head().vault, CopyTarget::Use::write,
                                               copy_lock_path(*vault_, copy.row.name)));
  }
  if (!copy.shipper) {
    ShipOptions own = options;
    own.bytes_per_second_max = copy.row.bytes_per_second_max;
    copy.shipper = std::make_unique<Shipper>(*vault_, *copy.target, std::move(own));
  }
  return {};
}

Result<ShipReport> CopyKeeper::round_of(Copy& copy, const ShipOptions& options) {
  for (bool is_again = false;; is_again = true) {
    Result<ShipReport> report;
    const Timestamp begun = vault_->machine().clock.now();
    if (auto reached = reach(copy, options); reached) {
      report = copy.shipper->round();
    } else {
      report = pass(std::move(reached).error());
    }
    if (report) {
      ATOLL_TRY(remember(copy, *report, begun));
      return report;
    }
    copy.shipper.reset();
    copy.target.reset();
    // Most likely another command of this home: what it left there is looked at anew.
    if (is_again || report.error().id != "copy.other_writer") return report;
  }
}

Result<void> CopyKeeper::remember(Copy& copy, const ShipReport& report, Timestamp begun) {
  const Timestamp now = vault_->machine().clock.now();
  const bool is_news = report.shipped != copy.remembered_lsn || report.bytes > 0;
  if (!is_news && now.unix_us - copy.remembered.unix_us < kRememberEveryUs) return {};
  platform::FileSystem& files = vault_->machine().files;
  vault::CopyState state = vault::read_copy_state(files, vault_->folder(), copy.row.name).value_or(vault::CopyState{});
  state.history = vault_->head().history;
  state.shipped = report.shipped;
  state.shipped_time = report.shipped_time;
  state.synced = begun;  // what was committed since may not be there
  state.bytes = report.copy_bytes;
  state.is_same_disk = !copy.target->is_s3() && surroundings_.is_same_disk &&
                       surroundings_.is_same_disk(vault_->folder(), copy.target->vault_folder());
  ATOLL_TRY(vault::write_copy_state(files, vault_->folder(), copy.row.name, state));
  copy.remembered = now;
  copy.remembered_lsn = report.shipped;
  return {};
}

Result<std::vector<CopyOutcome>> CopyKeeper::round(const ShipOptions& options, const std::string& only) {
  std::vector<CopyOutcome> outcomes;
  for (Copy& copy : copies_) {
    if (!only.empty() && copy.row.name != only) continue;
    CopyOutcome outcome;
    outcome.name = copy.row.name;
    outcome.place = copy.row.place;
    const bool is_s3 = copy.row.kind == vault::kCopyKindS3;
    if (is_s3) outcome.place = outcome.place.substr(0, outcome.place.find('?'));
    const std::int64_t now_ns = vault_->machine().clock.monotonic_ns();
    if (options.is_by_clock && is_s3 && now_ns < copy.not_before_ns) {
      outcome.is_left_out = true;
      outcomes.push_back(std::move(outcome));
      continue;
    }
    auto report = round_of(copy, options);
    copy.not_before_ns = now_ns + (copy.target ? copy.target->every_s() : kAfterFailure_s) * kSecondNs;
    if (report) {
      outcome.report = *report;
    } else {
      outcome.error = std::move(report).error();
    }
    outcomes.push_back(std::move(outcome));
  }
  if (!only.empty() && outcomes.empty()) {
    return fail(ErrorKind::not_found, "copy.not_found", "there is no copy \"" + only + "\"",
                "`atoll copy list` shows them.");
  }
  return outcomes;
}

ShipperThread::ShipperThread(const platform::Machine& machine, CopyKeeper& keeper)
    : machine_(machine), keeper_(keeper) {
  if (keeper_.is_empty()) return;
  thread_ = machine_.threads.start("ship", [this] { work(); });
}

ShipperThread::~ShipperThread() { stop(); }

void ShipperThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_.store(true);
  }
  changed_.notify_all();
  if (thread_) thread_->join();
  thread_.reset();
  // The next who uses the copies must not find a shipper that was told to stop.
  keeper_.release();
}

void ShipperThread::work() {
  ShipOptions options;
  options.stop = &is_stopped_;
  options.is_by_clock = true;
  std::int64_t round_before_us = machine_.clock.now().unix_us;
  std::uint64_t wait_rounds = 0;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, kRoundEvery, [this] { return is_stopped_.load(); });
    }
    if (is_stopped_.load()) return;
    if (wait_rounds > 0) {
      --wait_rounds;
      continue;
    }
    const std::int64_t began_us = machine_.clock.now().unix_us;
    const auto outcomes = keeper_.round(options);
    const std::int64_t ended_us = machine_.clock.now().unix_us;
    // Told at the end of the command, by the round that the caller makes then.
    const bool is_well =
        outcomes && std::ranges::all_of(*outcomes, [](const CopyOutcome& one) { return !one.error.has_value(); });
    if (!is_well) {
      wait_rounds = kRoundsBetweenTries;
      continue;
    }
    // What was committed right after the round before began is there since now.
    longest_lag_us_ = std::max(longest_lag_us_, ended_us - round_before_us);
    round_before_us = began_us;
    ++rounds_;
  }
}

}  // namespace atl::backup
