// top: what the server does, and how everything is, again and again.
// Always true: on a terminal one screen that is drawn anew; else, and with --json, one block or line for each look.
// What nobody knows is shown as "-".
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>

#include "edge/cli/commands.h"
#include "edge/cli/points.h"
#include "edge/cli/served_command.h"
#include "foundation/base/units.h"

namespace atl::cli {
namespace {

using observe::Figure;
using observe::Health;

struct TopArguments {
  std::uint64_t interval_s = 2;
  std::uint64_t count = 0;
  bool redraws = false;
};

std::string padded(std::string text, std::size_t width) {
  // Widths are of letters; all that stands here is ASCII but for units.
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}

std::string size_or(double bytes) { return std::isnan(bytes) ? "-" : format_size(static_cast<std::uint64_t>(bytes)); }
std::string rate_or(const std::optional<double>& bytes) {
  return bytes ? format_size(static_cast<std::uint64_t>(*bytes)) + "/s" : "-";
}

std::string milliseconds_or(double seconds) {
  if (std::isnan(seconds)) return "-";
  const auto tenths = static_cast<std::uint64_t>(std::llround(seconds * 10'000));
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " ms";
}

std::string rounded_or(double value, std::string_view unit) {
  if (std::isnan(value)) return "-";
  const auto tenths = static_cast<std::uint64_t>(std::llround(std::max(value, 0.0) * 10));
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + std::string(unit);
}
std::string rounded_or(const std::optional<double>& value, std::string_view unit) {
  return value ? rounded_or(*value, unit) : "-";
}

std::string traffic_block(const Health& health) {
  const auto& now = health.now;
  std::string out = "in " + size_or(now[Figure::received_bytes_per_second]) + "/s   out " +
                    size_or(now[Figure::sent_bytes_per_second]) + "/s   connections " +
                    std::to_string(health.traffic.connections) + "   under way " +
                    std::to_string(health.traffic.requests_in_flight) + "   memory " +
                    size_or(now[Figure::memory_bytes]) + "   cache hits " +
                    rounded_or(now[Figure::cache_hit_ratio] * 100, " %") + "\n";
  out += "  door        requests/s     p99 of reads\n";
  for (std::size_t i = 0; i < observe::kDoorCount; ++i) {
    const double rate = now.values.at(static_cast<std::size_t>(Figure::requests_per_second) + i);
    const double p99 = now.values.at(static_cast<std::size_t>(Figure::door_p99_seconds) + i);
    if (health.traffic.doors.at(i).requests == 0) continue;
    std::string name(observe::kDoors.at(i));
    name.resize(10, ' ');
    out += "  " + name + padded(rounded_or(rate, ""), 12) + padded(milliseconds_or(p99), 17) + "\n";
  }
  return out + "  reads of all doors: half within " + milliseconds_or(now[Figure::query_p50_seconds]) +
         ", 99 of 100 within " + milliseconds_or(now[Figure::query_p99_seconds]) + "\n";
}

std::string places_block(const Health& health) {
  std::string out;
  for (const auto& place : health.places) {
    out += "  " + place.name + ": " + rounded_or(place.used_percent(), " % full") + ", " +
           (place.device ? format_size(place.available_bytes) + " free" : std::string("not reachable")) + "\n";
  }
  for (const auto& drive : health.drives) {
    out += "  " + drive.name + (drive.model.empty() ? "" : " (" + drive.model + ")") + ": read " +
           rate_or(drive.read_bytes_per_second) + ", written " + rate_or(drive.written_bytes_per_second) + ", " +
           rounded_or(drive.wear.temperature_celsius, " °C") + ", life left " +
           rounded_or(drive.wear.health_percent, " %") + "\n";
  }
  return out;
}

std::string vaults_block(const Health& health) {
  std::string out;
  for (const auto& vault : health.vaults) {
    const auto& status = vault.status;
    out += "  vault " + status.name + ": " + format_count(status.files) + " files, " +
           format_size(status.logical_bytes) + " in " + format_size(status.pack_bytes + status.journal_bytes) +
           "; hot " + format_size(vault.tier_bytes[0]) + ", warm " + format_size(vault.tier_bytes[1]) + ", cold " +
           format_size(vault.tier_bytes[2]) + "\n";
    for (const auto& copy : vault.copies) {
      out += "    copy " + copy.name + ": " +
             (copy.lag_changes == 0 ? std::string("has everything")
                                    : format_count(copy.lag_changes) + " changes behind, " +
                                          format_duration(static_cast<double>(copy.lag_seconds))) +
             "\n";
    }
  }
  return out;
}

void show(Session& session, const Health& health, bool is_served, bool redraws) {
  Output& output = session.output;
  // ECMA-48: home, and clear to the end of the screen.
  std::string text = redraws ? "\x1b[H\x1b[2J" : "";
  text += "Atoll   " + format_rfc3339(health.time) + "   " + std::string(observe::name_of(health.level)) + "\n";
  text += is_served ? traffic_block(health) : std::string("No server runs: nothing is known of requests.\n");
  text += vaults_block(health) + places_block(health);
  for (const auto& alarm : health.alarms) {
    if (alarm.level < observe::Level::warning) break;
    text += output.red("! " + shown(alarm.words)) + (alarm.advice.empty() ? "" : "  " + alarm.advice) + "\n";
  }
  output.data(text);
}

void show_json(Session& session, const Health& health) {
  JsonObject line("top");
  line.add("time", format_rfc3339(health.time)).add("level", observe::name_of(health.level));
  JsonObject figures;
  for (std::size_t i = 0; i < observe::kFigureCount; ++i) {
    const double value = health.now.values.at(i);
    if (std::isnan(value)) {
      figures.add_raw(observe::kFigures.at(i).name, "null");
    } else {
      figures.add(observe::kFigures.at(i).name, value);
    }
  }
  line.add_raw("figures", figures.text());
  std::vector<std::string> alarms;
  for (const auto& alarm : health.alarms)
    if (alarm.level >= observe::Level::warning) alarms.push_back(json_text(alarm));
  session.output.json(line.add_raw("alarms", json_array(alarms)));
}

// Until the time has passed (true), or the command is to stop. Not the machine's pause: a command from elsewhere has no
// machine.
bool wait(const Session& session, std::uint64_t seconds) {
  std::mutex mutex;
  std::condition_variable never;
  constexpr std::chrono::milliseconds step{100};
  for (std::uint64_t passed = 0; passed < seconds * 10; ++passed) {
    if (session.environment.stop.load() || session.output.is_closed()) return false;
    std::unique_lock lock(mutex);
    never.wait_for(lock, step);
  }
  return !session.environment.stop.load();
}

Result<int> top(Session& session, const TopArguments& arguments) {
  const bool is_served = served_observer(session) != nullptr;
  const bool redraws =
      !session.output.is_json && (arguments.redraws || (!is_served && session.environment.terminal.is_out_terminal()));
  for (std::uint64_t look = 1;; ++look) {
    // No vault is held between two looks: others may want it alone.
    ATOLL_ASSIGN(const auto health, health_of(session, look == 1 ? Looks::closely : Looks::quickly));
    if (session.output.is_json) {
      show_json(session, *health);
    } else {
      show(session, *health, is_served, redraws);
    }
    if (look == arguments.count || !wait(session, arguments.interval_s)) return kExitOk;
  }
}

}  // namespace

void add_top_command(CLI::App& app, Session& session, Chosen& chosen) {
  auto arguments = std::make_shared<TopArguments>();
  auto* verb = app.add_subcommand("top", "What the server does and how everything is, again and again");
  verb->add_option("--interval", arguments->interval_s, "seconds between two looks (2)")->check(CLI::Range(1, 3'600));
  verb->add_option("--count", arguments->count, "end after so many looks");
  // Set where the command is sent to a server from a terminal: nobody types it.
  verb->add_flag("--redraws", arguments->redraws)->group("");
  verb->callback(
      [&session, &chosen, arguments] { chosen.body = [&session, arguments] { return top(session, *arguments); }; });
}

}  // namespace atl::cli
