#include "edge/cli/points.h"

#include <algorithm>

#include "edge/cli/accounts.h"

namespace atl::cli {
namespace {

observe::LimitsByName limits_that_were_set(Session& session) {
  observe::LimitsByName limits;
  const auto done = with_accounts(session, Opens::to_read, [&](access::Access& accounts) -> Result<int> {
    limits = observe::settings_of(accounts.view()->rows().settings).limits;
    return kExitOk;
  });
  if (!done) session.output.warning(done.error().id, "limits of alarms are the usual ones: " + done.error().message);
  return limits;
}

Result<std::shared_ptr<const observe::Health>> look_here(Session& session, vault::Vault& vault, Looks looks) {
  Environment& environment = session.environment;
  auto health = std::make_shared<observe::Health>();
  health->time = environment.machine.clock.now();
  ATOLL_ASSIGN(auto looked, observe::vault_health(
                                vault, [&](Timestamp time) { return environment.programs.local_time_ahead_s(time); }));
  const observe::DeviceOf device_of = [&](const std::string& path) -> std::optional<std::uint64_t> {
    const auto info = environment.host.info(path);
    return info ? std::optional(info->device) : std::nullopt;
  };
  platform::FileSystem& files = environment.machine.files;
  health->places.push_back(observe::place_at(files, device_of, "home", session.home_folder()));
  for (const auto& copy : looked.copies) {
    if (copy.kind == "folder")
      health->places.push_back(
          observe::place_at(files, device_of, looked.status.name + ": copy " + copy.name, copy.place));
  }
  observe::DriveWatch drives(files);
  const std::int64_t now_ns = environment.machine.clock.monotonic_ns();
  health->drives = drives.look(health->places, now_ns);
  if (looks == Looks::closely) {
    drives.take_wear(observe::ask_for_wear(environment.programs, health->drives));
    health->drives = drives.look(health->places, now_ns);
    health->limits = limits_that_were_set(session);
  }
  std::vector<observe::Reading> readings;
  observe::add_readings(looked, health->time, readings);
  observe::add_readings(health->places, readings);
  observe::add_readings(health->drives, readings);
  observe::AlarmBoard board;
  board.judge(readings, health->limits, health->time);
  health->alarms = board.alarms();
  health->level = board.worst();
  health->vaults.push_back(std::move(looked));
  health->sentence = observe::sentence_of(health->vaults, health->alarms);
  return std::shared_ptr<const observe::Health>(std::move(health));
}

}  // namespace

observe::Observer* served_observer(const Session& session) {
  return session.environment.served == nullptr ? nullptr : session.environment.served->observer();
}

Result<std::shared_ptr<const observe::Health>> health_of(Session& session, vault::Vault& vault, Looks looks) {
  if (observe::Observer* const observer = served_observer(session); observer != nullptr) return observer->health();
  return look_here(session, vault, looks);
}

Result<std::shared_ptr<const observe::Health>> health_of(Session& session, Looks looks) {
  if (observe::Observer* const observer = served_observer(session); observer != nullptr) return observer->health();
  std::shared_ptr<const observe::Health> health;
  ATOLL_TRY(session.with_reader([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(health, look_here(session, vault, looks));
    return kExitOk;
  }));
  return health;
}

std::vector<observe::Alarm> points_beside(const observe::Health& health, const vault::VaultStatus& status) {
  constexpr std::array<std::string_view, 7> said_by_findings = {
      "one_copy", "kit_not_saved", "kit_stale", "verify_failed", "keyring_damaged", "not_encrypted", "finding"};
  std::vector<observe::Alarm> out;
  for (const auto& alarm : health.alarms) {
    if (alarm.level < observe::Level::warning) continue;
    const bool is_said = std::ranges::find(said_by_findings, alarm.kind) != said_by_findings.end() ||
                         (alarm.kind == "verify_overdue" && !status.last_data_verify);
    // Other vaults have a `stat` of their own.
    const bool is_elsewhere = std::ranges::any_of(health.vaults, [&](const observe::VaultHealth& vault) {
      const std::string& name = vault.status.name;
      return name != status.name && (alarm.subject == name || alarm.subject.starts_with(name + ": "));
    });
    if (!is_said && !is_elsewhere) out.push_back(alarm);
  }
  return out;
}

void print_point(Session& session, const observe::Alarm& alarm) {
  session.output.line(session.output.red("! " + shown(alarm.words)) +
                      (alarm.advice.empty() ? "" : "  " + alarm.advice));
}

std::string json_text(const observe::Alarm& alarm) { return observe::json_of(alarm).text(); }

}  // namespace atl::cli
