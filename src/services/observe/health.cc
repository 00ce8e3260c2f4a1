#include "services/observe/health.h"

#include <algorithm>

#include "foundation/base/units.h"
#include "services/jobs/schedules.h"
#include "vault/copies.h"

namespace atl::observe {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kDayUs = 86'400 * kSecondUs;
constexpr std::int64_t kClockBehindUs = 60 * kSecondUs;

double days_between(Timestamp from, Timestamp to) {
  return static_cast<double>(std::max<std::int64_t>(to.unix_us - from.unix_us, 0)) / static_cast<double>(kDayUs);
}

std::optional<Timestamp> if_set(Timestamp time) { return time.unix_us == 0 ? std::nullopt : std::optional(time); }

}  // namespace

Result<std::vector<CopyHealth>> copies_of(vault::Vault& vault) {
  const Timestamp now = vault.machine().clock.now();
  std::vector<CopyHealth> copies;
  ATOLL_ASSIGN(const auto rows, vault.reader()->all<catalog::CopyRow>());
  const Lsn last = vault.journal().last();
  for (const catalog::CopyRow& row : rows) {
    CopyHealth copy;
    copy.name = row.name;
    copy.place = row.place;
    copy.kind = row.kind;
    const auto state = vault::read_copy_state(vault.machine().files, vault.folder(), row.name);
    if (state && state->shipped.value != 0) {
      copy.is_known = true;
      copy.is_same_disk = state->is_same_disk;
      copy.verify_ok = state->verify_ok;
      copy.bytes = state->bytes;
      copy.synced = if_set(state->synced);
      copy.verified = if_set(state->verified);
      copy.data_verified = if_set(state->data_verified);
      const std::uint64_t shipped = state->history == vault.head().history ? state->shipped.value : 0;
      copy.lag_changes = last.value - std::min(last.value, shipped);
      if (copy.lag_changes > 0)
        copy.lag_seconds = std::max<std::int64_t>((now.unix_us - state->synced.unix_us) / kSecondUs, 0);
    } else {
      copy.lag_changes = last.value;
      copy.lag_seconds = std::max<std::int64_t>((now.unix_us - row.created.unix_us) / kSecondUs, 0);
    }
    copies.push_back(std::move(copy));
  }
  return copies;
}

namespace {

// The alarm that stands for a finding of `stat`; "" where an alarm of its own looks at the same thing more closely.
std::string_view alarm_of_finding(std::string_view id) {
  if (id == "copy.one_only" || id == "copy.never_whole" || id == "copy.same_disk") return "one_copy";
  if (id == "copy.damaged" || id == "copy.behind" || id == "copy.not_seen" || id == "verify.never") return "";
  if (id == "kit.never_saved") return "kit_not_saved";
  if (id == "kit.stale") return "kit_stale";
  if (id == "verify.found_damage") return "verify_failed";
  if (id == "keyring.damaged_copy") return "keyring_damaged";
  if (id == "encryption.none") return "not_encrypted";
  return "finding";
}

Level level_of_finding(std::string_view kind) {
  if (kind == "verify_failed" || kind == "keyring_damaged") return Level::critical;
  return kind == "not_encrypted" ? Level::ok : Level::warning;
}

Reading state(std::string_view kind, std::string subject, Level level, std::string words, std::string advice = {}) {
  return {kind, std::move(subject), {}, level, std::move(words), std::move(advice)};
}
Reading figure(std::string_view kind, std::string subject, std::optional<double> value, std::string words = {},
               std::string advice = {}) {
  return {kind, std::move(subject), value, Level::unknown, std::move(words), std::move(advice)};
}

void add_copies(const VaultHealth& vault, Timestamp now, std::vector<Reading>& out) {
  for (const CopyHealth& copy : vault.copies) {
    const std::string subject = vault.status.name + ": " + copy.name;
    const std::string of = "The copy \"" + copy.name + "\" ";
    const std::string sync = "atoll copy sync " + copy.name;
    out.push_back(figure("copy_lag", subject, static_cast<double>(copy.lag_seconds),
                         copy.lag_changes == 0 ? of + "has everything."
                                               : of + "is " + format_count(copy.lag_changes) + " changes behind, for " +
                                                     format_duration(static_cast<double>(copy.lag_seconds)) + ".",
                         sync));
    if (!copy.is_known) continue;
    if (copy.synced) {
      out.push_back(figure("copy_not_seen", subject, days_between(*copy.synced, now),
                           of + "was last reached " + format_rfc3339(*copy.synced) + ".", sync));
    }
    out.push_back(state("copy_damaged", subject, copy.verify_ok ? Level::good : Level::critical,
                        copy.verify_ok ? of + "was good when it was last checked." : of + "is damaged.",
                        "atoll copy repair " + copy.name));
  }
}

void add_schedules(const VaultHealth& vault, std::vector<Reading>& out) {
  for (const ScheduleHealth& one : vault.schedules) {
    const std::string subject = vault.status.name + ": " + one.name;
    out.push_back(state(
        "schedule_missed", subject, one.is_missed ? Level::warning : Level::good,
        one.is_missed ? "The schedule \"" + one.name + "\" was due " + format_rfc3339(one.due) + " and was not run."
                      : "The schedule \"" + one.name + "\" runs."));
    out.push_back(state("schedule_failed", subject, one.last_ok ? Level::good : Level::warning,
                        one.last_ok ? "The schedule \"" + one.name + "\" ended well."
                                    : "The last run of the schedule \"" + one.name + "\" failed.",
                        "atoll schedule run " + one.name));
  }
}

}  // namespace

std::string_view name_of(keyring::Keyring::KitState state) {
  switch (state) {
    case keyring::Keyring::KitState::never_saved: return "never_saved";
    case keyring::Keyring::KitState::saved: return "saved";
    case keyring::Keyring::KitState::stale: return "stale";
    case keyring::Keyring::KitState::not_needed: return "not_needed";
  }
  return "not_needed";
}

Result<VaultHealth> vault_health(vault::Vault& vault, const jobs::LocalTime& ahead_s) {
  VaultHealth health;
  ATOLL_ASSIGN(health.status, vault::vault_status(vault));
  health.write_trouble = vault.write_trouble();
  health.kit = vault.keys().kit_state();
  for (const auto& pack : vault.chunks().list_packs())
    health.tier_bytes.at(static_cast<std::size_t>(pack.temperature) - 1) += pack.stored_bytes;
  ATOLL_ASSIGN(health.copies, copies_of(vault));
  ATOLL_ASSIGN(const auto schedules, jobs::schedules(vault, ahead_s));
  for (const auto& one : schedules) {
    ScheduleHealth schedule;
    schedule.name = one.row.name;
    schedule.next_due = one.next_due;
    schedule.is_missed = one.is_missed;
    schedule.due = one.last_due;
    if (one.last_run) {
      schedule.last_run = one.last_run->started;
      schedule.last_ok = one.last_run->is_ok;
    }
    health.schedules.push_back(std::move(schedule));
  }
  const auto reader = vault.reader();
  std::vector<std::string> drills = {"restore"};
  for (const auto& copy : health.copies) drills.push_back("copy " + copy.name);
  for (const std::string& name : drills) {
    ATOLL_ASSIGN(const auto drill, reader->job("drill", name));
    if (drill && !drill->is_ok && !health.drill_failed) health.drill_failed = name;
  }
  return health;
}

Place place_at(platform::FileSystem& files, const DeviceOf& device_of, std::string name, std::string path) {
  Place place;
  place.name = std::move(name);
  place.path = std::move(path);
  const auto device = device_of(place.path);
  if (!device) return place;
  const auto space = files.space(place.path);
  if (!space) return place;
  place.device = device;
  place.total_bytes = space->total_bytes;
  place.available_bytes = space->available_bytes;
  return place;
}

void add_readings(const VaultHealth& vault, Timestamp now, std::vector<Reading>& out) {
  const std::string& name = vault.status.name;
  for (const auto& finding : vault.status.findings) {
    const std::string_view kind = alarm_of_finding(finding.id);
    if (kind.empty()) continue;
    const std::string subject = kind == "finding" ? name + ": " + finding.id : name;
    out.push_back(state(kind, subject, level_of_finding(kind), finding.message, finding.command));
  }
  if (vault.status.files > 0) {
    const auto& last = vault.status.last_data_verify;
    const std::optional<double> days = last ? std::optional(days_between(*last, now)) : std::nullopt;
    Reading reading =
        figure("verify_overdue", name, days,
               last ? "Every byte was last read and checked " + format_rfc3339(*last) + "." : "Never read back whole.");
    // Nobody knows how long it takes to be too long, so "never" counts as just too long.
    constexpr double never_days = 46;
    if (!last) reading.value = never_days;
    out.push_back(std::move(reading));
  }
  out.push_back(state("writes_refused", name, vault.write_trouble ? Level::critical : Level::good,
                      vault.write_trouble ? "Takes no writes: " + vault.write_trouble->message : "Takes writes."));
  const bool is_behind = now.unix_us + kClockBehindUs < vault.status.last_commit_time.unix_us;
  out.push_back(state("clock", name, is_behind ? Level::warning : Level::good,
                      is_behind ? "The clock says " + format_rfc3339(now) + ", and the last change is of " +
                                      format_rfc3339(vault.status.last_commit_time) + "."
                                : "The clock goes on from the last change."));
  out.push_back(state("drill_failed", name, vault.drill_failed ? Level::critical : Level::good,
                      vault.drill_failed ? "The last drill (" + *vault.drill_failed + ") did not get everything back."
                                         : "No drill failed."));
  add_copies(vault, now, out);
  add_schedules(vault, out);
}

void add_accounts_reading(const std::vector<VaultHealth>& vaults, bool are_accounts_copied, std::vector<Reading>& out) {
  if (std::ranges::all_of(vaults, [](const VaultHealth& vault) { return vault.copies.empty(); })) return;
  out.push_back(state("accounts_not_copied", {}, are_accounts_copied ? Level::good : Level::warning,
                      are_accounts_copied
                          ? "The accounts have a copy, too."
                          : "The accounts have no copy: a home made anew from what is copied has none."));
}

void add_readings(const std::vector<Place>& places, std::vector<Reading>& out) {
  for (const Place& place : places) {
    const auto used = place.used_percent();
    out.push_back(figure("capacity", place.name, used,
                         used ? "The file system of " + place.name + " is " + words_of(AlarmUnit::percent, *used) +
                                    " full, " + format_size(place.available_bytes) + " are free."
                              : "The file system of " + place.name + " is not reachable."));
  }
}

void add_readings(const std::vector<Drive>& drives, std::vector<Reading>& out) {
  for (const Drive& drive : drives) {
    const std::string of = "Drive " + drive.name + (drive.model.empty() ? "" : " (" + drive.model + ")");
    const auto unknown = drive.unknown_because.empty() ? std::string() : " (" + drive.unknown_because + ")";
    const auto& wear = drive.wear;
    out.push_back(figure("drive_temperature", drive.name, wear.temperature_celsius,
                         wear.temperature_celsius
                             ? of + " has " + words_of(AlarmUnit::celsius, *wear.temperature_celsius) + "."
                             : of + ": temperature not known" + unknown + "."));
    out.push_back(figure("drive_health", drive.name, wear.health_percent,
                         wear.health_percent
                             ? of + " has " + words_of(AlarmUnit::percent, *wear.health_percent) + " of its life left."
                             : of + ": wear not known" + unknown + "."));
    Level level = wear.passed ? Level::good : Level::unknown;
    std::string words =
        wear.passed ? of + " says that it is well." : of + ": its own verdict is not known" + unknown + ".";
    if (wear.unreadable_sectors && *wear.unreadable_sectors > 0) {
      level = Level::warning;
      words = of + " has " + format_count(*wear.unreadable_sectors) + " sectors that it could not read.";
    }
    if (wear.passed && !*wear.passed) {
      level = Level::critical;
      words = of + " says that it is failing.";
    }
    out.push_back(state("drive_failing", drive.name, level, words));
  }
}

const std::vector<std::string_view>& kinds_of_vaults() {
  static const std::vector<std::string_view> kAll = {
      "one_copy",       "accounts_not_copied", "copy_lag",        "copy_not_seen", "copy_damaged",    "verify_failed",
      "verify_overdue", "kit_not_saved",       "kit_stale",       "not_encrypted", "keyring_damaged", "writes_refused",
      "clock",          "schedule_missed",     "schedule_failed", "drill_failed",  "finding"};
  return kAll;
}

const std::vector<std::string_view>& kinds_of_drives() {
  static const std::vector<std::string_view> kAll = {"capacity", "drive_temperature", "drive_health", "drive_failing"};
  return kAll;
}

std::string sentence_of(const std::vector<VaultHealth>& vaults, const std::vector<Alarm>& alarms) {
  std::uint64_t files = 0;
  std::uint64_t logical = 0;
  std::uint64_t stored = 0;
  for (const VaultHealth& one : vaults) {
    files += one.status.files;
    logical += one.status.logical_bytes;
    stored += one.status.pack_bytes + one.status.journal_bytes;
  }
  std::string text = files == 0 ? std::string("Nothing is stored yet.")
                                : format_count(files) + (files == 1 ? " file" : " files") +
                                      " stored: " + format_size(logical) + " in " + format_size(stored) + ".";
  const auto points = std::ranges::count_if(alarms, [](const Alarm& one) { return one.level >= Level::warning; });
  if (points == 0) return text + " Nothing is wrong.";
  const auto worst = std::ranges::max_element(alarms, {}, &Alarm::level);
  text += " " + worst->words;
  if (points > 1) text += " " + std::to_string(points - 1) + " more to look at.";
  return text;
}

}  // namespace atl::observe
