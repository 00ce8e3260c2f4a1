#include "edge/server/watched_host.h"

namespace atl::server {

void WatchedHost::each_vault(const std::function<void(const VaultId&, const std::string&, vault::Vault*)>& visit) {
  for (const auto& listed : host_->vaults()) {
    const auto use = host_->use(listed.id, {"server", "", ""});
    visit(listed.id, listed.name, use ? &use->vault() : nullptr);
  }
}

observe::Traffic WatchedHost::traffic() {
  observe::Traffic traffic;
  for (std::size_t i = 0; i < observe::kDoorCount; ++i) {
    const DoorCounts& counts = host_->door_counts(i);
    traffic.doors.at(i) = {counts.requests.value(), counts.errors.value(), counts.queries.latency()};
  }
  if (network_) {
    const net::ServerStats stats = network_();
    traffic.received_bytes = stats.received_bytes;
    traffic.sent_bytes = stats.sent_bytes;
    traffic.connections = stats.connections_open;
    traffic.requests_in_flight = stats.requests_in_flight;
  }
  return traffic;
}

observe::Settings WatchedHost::settings() { return observe::settings_of(host_->access().view()->rows().settings); }

void note_alarm(observe::Observer& observer, const access::Alarm& alarm) {
  std::string kind = alarm.id.starts_with("alarm.") ? alarm.id.substr(6) : alarm.id;
  if (kind == "audit_damaged") kind = "audit_broken";
  if (observe::find_kind(kind) == nullptr) kind = "monitor";
  observer.note_event(kind, alarm.actor.empty() ? alarm.address : alarm.actor, alarm.words);
}

void write_health(const observe::Health& health, MetricWriter& out) {
  const auto family = [&](const char* name, const char* help) { out.family(name, "gauge", help); };
  // Not by subject: that may be somebody's name.
  family("atoll_alarm", "How many alarms of a name stand at a level.");
  std::map<std::pair<std::string, observe::Level>, std::uint64_t> by_level;
  for (const auto& alarm : health.alarms) ++by_level[{alarm.kind, alarm.level}];
  for (const auto& [which, count] : by_level)
    out.sample("atoll_alarm", {{"name", which.first}, {"level", std::string(observe::name_of(which.second))}}, count);
  family("atoll_health_level", "The worst of all alarms: 1 good, 2 within limits, 3 warning, 4 critical.");
  out.sample("atoll_health_level", {}, std::uint64_t{static_cast<std::uint8_t>(health.level)});
  family("atoll_place_total_bytes", "Of a file system that holds the home or a copy.");
  for (const auto& place : health.places)
    if (place.device) out.sample("atoll_place_total_bytes", {{"place", place.name}}, place.total_bytes);
  family("atoll_place_available_bytes", "Free on it.");
  for (const auto& place : health.places)
    if (place.device) out.sample("atoll_place_available_bytes", {{"place", place.name}}, place.available_bytes);
  family("atoll_drive_temperature_celsius", "Of a drive below these, where it tells.");
  for (const auto& drive : health.drives)
    if (drive.wear.temperature_celsius)
      out.sample("atoll_drive_temperature_celsius", {{"drive", drive.name}}, *drive.wear.temperature_celsius);
  family("atoll_drive_health_percent", "What is left of its life, where it tells.");
  for (const auto& drive : health.drives)
    if (drive.wear.health_percent)
      out.sample("atoll_drive_health_percent", {{"drive", drive.name}}, *drive.wear.health_percent);
  out.family("atoll_drive_read_bytes_total", "counter", "Since the machine was started, by anybody.");
  for (const auto& drive : health.drives)
    out.sample("atoll_drive_read_bytes_total", {{"drive", drive.name}}, drive.read_bytes);
  out.family("atoll_drive_written_bytes_total", "counter", "Since the machine was started, by anybody.");
  for (const auto& drive : health.drives)
    out.sample("atoll_drive_written_bytes_total", {{"drive", drive.name}}, drive.written_bytes);
  family("atoll_drive_written_bytes_of_life", "In all its life, where it tells.");
  for (const auto& drive : health.drives)
    if (drive.wear.written_bytes)
      out.sample("atoll_drive_written_bytes_of_life", {{"drive", drive.name}}, *drive.wear.written_bytes);
  family("atoll_tier_bytes", "Of packs in a tier.");
  for (const auto& vault : health.vaults) {
    constexpr std::array<const char*, 3> tiers = {"hot", "warm", "cold"};
    for (std::size_t i = 0; i < tiers.size(); ++i)
      out.sample("atoll_tier_bytes", {{"vault", vault.status.name}, {"tier", tiers.at(i)}}, vault.tier_bytes.at(i));
  }
  const auto of_copies = [&](const char* name, const char* help, auto value) {
    family(name, help);
    for (const auto& vault : health.vaults)
      for (const auto& copy : vault.copies)
        out.sample(name, {{"vault", vault.status.name}, {"copy", copy.name}}, std::uint64_t{value(copy)});
  };
  of_copies("atoll_copy_lag_seconds", "Since when a copy has not had everything; 0: it has.",
            [](const observe::CopyHealth& copy) { return static_cast<std::uint64_t>(copy.lag_seconds); });
  of_copies("atoll_copy_lag_changes", "Changes that it does not have.",
            [](const observe::CopyHealth& copy) { return copy.lag_changes; });
  of_copies("atoll_last_backup_success_timestamp_seconds",
            "When a copy had everything that was there then, for the last time; 0: never yet.",
            [](const observe::CopyHealth& copy) {
              return static_cast<std::uint64_t>(copy.synced && copy.is_known ? copy.synced->unix_us / 1'000'000 : 0);
            });
  of_copies("atoll_copy_bytes", "That it takes.", [](const observe::CopyHealth& copy) { return copy.bytes; });
  family("atoll_room_months", "Until the disk of the home, or of a copy, is full, if it goes on filling as it did.");
  for (const auto& one : health.locations)
    if (one.forecast && one.forecast->months)
      out.sample("atoll_room_months", {{"location", one.name}}, *one.forecast->months);
  out.family("atoll_cache_hits_total", "counter", "Reads that found their group in memory.");
  out.sample("atoll_cache_hits_total", {}, health.traffic.cache_hits);
  out.family("atoll_cache_misses_total", "counter", "Reads that did not.");
  out.sample("atoll_cache_misses_total", {}, health.traffic.cache_misses);
}

}  // namespace atl::server
