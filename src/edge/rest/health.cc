// How the home is: one answer for a front page, alarms, drives, figures over time, requests by route.
// Always true: who may not see a vault's state, or the audit, gets no line about it.
#include <algorithm>
#include <cmath>

#include "edge/rest/admin_facts.h"
#include "edge/rest/groups.h"
#include "services/observe/observer.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;
using observe::Level;

constexpr std::uint64_t kSamplesMax = 3'000;
constexpr std::uint64_t kHistoryMax = observe::AlarmBoard::kHistoryMax;

// What the caller may see of the last look.
struct Seen {
  std::shared_ptr<const observe::Health> health;
  std::vector<const observe::VaultHealth*> vaults;
  std::vector<std::string> hidden;  // names of vaults
  bool sees_accounts = false;

  [[nodiscard]] bool sees(std::string_view kind, std::string_view subject) const {
    const observe::AlarmKind* const known = observe::find_kind(kind);
    if (known != nullptr && known->is_of_accounts && !sees_accounts) return false;
    return std::ranges::none_of(
        hidden, [&](const std::string& name) { return subject == name || subject.starts_with(name + ": "); });
  }
};

Result<observe::Observer*> observer_of(const Call& call) {
  observe::Observer* const observer = call.exchange().host.observer();
  if (observer != nullptr) return observer;
  return fail(ErrorKind::unsupported, "health.not_watched", "nobody watches this home");
}

Result<Seen> look(Call& call) {
  ATOLL_ASSIGN(observe::Observer* const observer, observer_of(call));
  Seen seen;
  seen.health = observer->health();
  seen.sees_accounts = call.exchange().may(Action::audit_read, {});
  for (const auto& vault : seen.health->vaults) {
    access::Resource whole;
    whole.vault = vault.status.id;
    if (call.exchange().may(Action::status, whole)) {
      seen.vaults.push_back(&vault);
    } else {
      seen.hidden.push_back(vault.status.name);
    }
  }
  return seen;
}

// Whole numbers without a point; what nobody knows is null.
Value number_json(double value) {
  constexpr double exact_max = 9'007'199'254'740'992.0;  // 2^53
  if (std::isnan(value)) return nullptr;
  if (value >= 0 && value <= exact_max && std::trunc(value) == value) return static_cast<std::uint64_t>(value);
  return value;
}

void set_if(Value& out, std::string_view name, const std::optional<Timestamp>& time) {
  if (time) out.set(name, format_rfc3339(*time));
}
void set_if(Value& out, std::string_view name, const std::optional<double>& value) {
  if (value) out.set(name, number_json(*value));
}
void set_if(Value& out, std::string_view name, const std::optional<std::uint64_t>& value) {
  if (value) out.set(name, *value);
}

Value copy_json(const observe::VaultHealth& vault, const observe::CopyHealth& copy) {
  Value out = Value::object();
  out.set("vault", vault.status.name).set("name", copy.name).set("place", copy.place).set("kind", copy.kind);
  out.set("is_whole", copy.is_known).set("is_same_disk", copy.is_same_disk).set("verify_ok", copy.verify_ok);
  out.set("lag_changes", copy.lag_changes).set("lag_seconds", static_cast<std::uint64_t>(copy.lag_seconds));
  out.set("bytes", copy.bytes);
  set_if(out, "synced", copy.synced);
  set_if(out, "verified", copy.verified);
  set_if(out, "data_verified", copy.data_verified);
  return out;
}

Value vault_json(const observe::VaultHealth& vault) {
  const auto& status = vault.status;
  Value out = Value::object();
  out.set("name", status.name).set("id", status.id.text()).set("takes_writes", !vault.write_trouble.has_value());
  out.set("files", status.files).set("logical_bytes", status.logical_bytes);
  out.set("stored_bytes", status.pack_bytes + status.journal_bytes).set("derived_bytes", status.derived_bytes);
  out.set("hot_bytes", vault.tier_bytes[0])
      .set("warm_bytes", vault.tier_bytes[1])
      .set("cold_bytes", vault.tier_bytes[2]);
  set_time(out, "last_stored", status.last_commit_time);
  set_if(out, "last_full_verify", status.last_data_verify);
  return out.set("verify_ok", status.last_verify_ok).set("kit", observe::name_of(vault.kit));
}

Value drive_json(const observe::Drive& drive) {
  Value out = Value::object();
  out.set("name", drive.name).set("kind", observe::name_of(drive.kind)).set("model", drive.model);
  Value holds = Value::array();
  for (const auto& one : drive.holds) holds.push(one);
  out.set("holds", std::move(holds)).set("capacity_bytes", drive.capacity_bytes);
  out.set("read_bytes", drive.read_bytes).set("written_bytes", drive.written_bytes);
  set_if(out, "read_bytes_per_second", drive.read_bytes_per_second);
  set_if(out, "written_bytes_per_second", drive.written_bytes_per_second);
  set_if(out, "temperature_celsius", drive.wear.temperature_celsius);
  set_if(out, "health_percent", drive.wear.health_percent);
  if (drive.wear.passed) out.set("passed", *drive.wear.passed);
  set_if(out, "life_written_bytes", drive.wear.written_bytes);
  set_if(out, "life_read_bytes", drive.wear.read_bytes);
  set_if(out, "unreadable_sectors", drive.wear.unreadable_sectors);
  set_if(out, "hours_on", drive.wear.hours);
  if (!drive.wear_source.empty()) out.set("source", drive.wear_source);
  if (!drive.unknown_because.empty()) out.set("unknown_because", drive.unknown_because);
  return out;
}

Value disk_place_json(const observe::Place& place) {
  Value out =
      Value::object().set("name", place.name).set("path", place.path).set("is_reachable", place.device.has_value());
  out.set("total_bytes", place.total_bytes).set("available_bytes", place.available_bytes);
  set_if(out, "used_percent", place.used_percent());
  Value drives = Value::array();
  for (const auto& name : place.drives) drives.push(name);
  return out.set("drives", std::move(drives));
}

void set_forecast(Value& out, const std::optional<observe::RoomForecast>& forecast) {
  if (!forecast) return;
  out.set("grown_bytes_per_day", number_json(std::round(forecast->grown_bytes_per_day)));
  set_if(out, "months", forecast->months);
}

Value location_json(const observe::LocationRoom& location, const Seen& seen) {
  Value out = Value::object();
  out.set("name", location.name).set("kind", location.kind).set("place", location.where);
  if (!location.vault.empty()) out.set("vault", location.vault);
  // What lies in the home is of all its vaults.
  if (!location.vault.empty() || seen.hidden.empty()) out.set("used_bytes", location.used_bytes);
  set_if(out, "total_bytes", location.total_bytes);
  set_if(out, "available_bytes", location.free_bytes);
  set_forecast(out, location.forecast);
  return out;
}

Result<net::Response> show_summary(Call& call) {
  ATOLL_ASSIGN(const Seen seen, look(call));
  const observe::Health& health = *seen.health;
  std::uint64_t files = 0;
  std::uint64_t logical = 0;
  std::uint64_t stored = 0;
  Timestamp last_stored;
  std::optional<Timestamp> verified;
  bool is_every_vault_verified = true;
  bool verify_ok = true;
  Value vaults = Value::array();
  Value copies = Value::array();
  for (const auto* vault : seen.vaults) {
    const auto& status = vault->status;
    files += status.files;
    logical += status.logical_bytes;
    stored += status.pack_bytes + status.journal_bytes;
    last_stored = std::max(last_stored, status.last_commit_time);
    verify_ok = verify_ok && status.last_verify_ok;
    if (status.last_data_verify) {
      verified = verified ? std::min(*verified, *status.last_data_verify) : *status.last_data_verify;
    } else if (status.files > 0) {
      is_every_vault_verified = false;
    }
    vaults.push(vault_json(*vault));
    for (const auto& copy : vault->copies) copies.push(copy_json(*vault, copy));
  }
  Value points = Value::array();
  std::vector<observe::Alarm> shown;
  Level worst = Level::good;
  for (const auto& alarm : health.alarms) {
    if (!seen.sees(alarm.kind, alarm.subject)) continue;
    worst = std::max(worst, alarm.level);
    if (alarm.level < Level::warning) continue;
    shown.push_back(alarm);
    points.push(observe::json_of(alarm));
  }
  std::vector<observe::VaultHealth> visible;
  for (const auto* vault : seen.vaults) visible.push_back(*vault);
  Value out = Value::object();
  out.set("time", format_rfc3339(health.time)).set("level", observe::name_of(worst));
  out.set("sentence", observe::sentence_of(visible, shown)).set("points", std::move(points));
  out.set("files", files).set("logical_bytes", logical).set("stored_bytes", stored);
  set_time(out, "last_stored", last_stored);
  if (is_every_vault_verified) set_if(out, "last_full_verify", verified);
  out.set("verify_ok", verify_ok);
  Value room = Value::object();
  const observe::Place& home = health.places.front();
  room.set("total_bytes", home.total_bytes).set("available_bytes", home.available_bytes);
  set_if(room, "used_percent", home.used_percent());
  set_forecast(room, health.locations.front().forecast);
  Value locations = Value::array();
  for (const auto& one : health.locations)
    if (seen.sees("capacity", one.name)) locations.push(location_json(one, seen));
  room.set("locations", std::move(locations));
  Value tiers = Value::array();
  // They are of all vaults together: whoever does not see one of them is not told by how much it grows.
  if (seen.hidden.empty()) {
    for (const auto& one : health.tiers) {
      Value tier = Value::object().set("name", one.name).set("used_bytes", one.used_bytes);
      set_forecast(tier, one.forecast);
      tiers.push(std::move(tier));
    }
  }
  room.set("tiers", std::move(tiers));
  out.set("room", std::move(room)).set("vaults", std::move(vaults)).set("copies", std::move(copies));
  return ok(out);
}

Value events_json(const Call& call) {
  Value list = Value::array();
  for (const auto& one : call.exchange().host.alarms()) {
    list.push(Value::object()
                  .set("id", one.alarm.id)
                  .set("time", format_rfc3339(one.time))
                  .set("actor", one.alarm.actor)
                  .set("address", one.alarm.address)
                  .set("count", one.alarm.count)
                  .set("window_seconds", one.alarm.window_seconds)
                  .set("words", one.alarm.words));
  }
  return list;
}

Result<net::Response> list_alarms(Call& call) {
  ATOLL_ASSIGN(const Seen seen, look(call));
  Value list = Value::array();
  for (const auto& alarm : seen.health->alarms)
    if (seen.sees(alarm.kind, alarm.subject)) list.push(observe::json_of(alarm));
  Value out = Value::object();
  out.set("time", format_rfc3339(seen.health->time)).set("alarms", std::move(list));
  return ok(out.set("events", seen.sees_accounts ? events_json(call) : Value::array()));
}

Result<net::Response> list_history(Call& call) {
  ATOLL_ASSIGN(const Seen seen, look(call));
  const std::uint64_t limit = call.number("limit", kHistoryMax);
  Value list = Value::array();
  for (const auto& change : seen.health->history) {
    if (list.as_array()->size() == limit) break;
    if (seen.sees(change.kind, change.subject)) list.push(observe::json_of(change));
  }
  return ok(Value::object().set("changes", std::move(list)));
}

Result<net::Response> list_kinds(Call& call) {
  ATOLL_ASSIGN(const Seen seen, look(call));
  Value list = Value::array();
  for (const auto& kind : observe::kAlarmKinds) {
    const auto set = seen.health->limits.find(kind.name);
    const observe::Limits limits = set == seen.health->limits.end() ? observe::default_limits(kind) : set->second;
    Value one = Value::object();
    one.set("name", kind.name).set("words", kind.words).set("advice", kind.advice);
    one.set("unit", observe::name_of(kind.unit)).set("limits", observe::words_of(kind, limits));
    list.push(one.set("is_set", set != seen.health->limits.end()));
  }
  return ok(Value::object().set("kinds", std::move(list)));
}

Result<net::Response> list_drives(Call& call) {
  ATOLL_ASSIGN(const Seen seen, look(call));
  Value drives = Value::array();
  for (const auto& drive : seen.health->drives) drives.push(drive_json(drive));
  Value places = Value::array();
  for (const auto& place : seen.health->places)
    if (seen.sees("capacity", place.name)) places.push(disk_place_json(place));
  return ok(Value::object()
                .set("time", format_rfc3339(seen.health->time))
                .set("drives", std::move(drives))
                .set("places", std::move(places)));
}

Result<std::vector<std::size_t>> figures_of(const Call& call) {
  std::vector<std::size_t> out;
  const std::string wanted = call.text("figures");
  std::string_view rest = wanted;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view name = rest.substr(0, comma);
    const auto figure = observe::figure_named(name);
    if (!figure) {
      return fail(ErrorKind::usage, "http.bad_query", "there is no figure \"" + std::string(name.substr(0, 80)) + "\"",
                  "Without `figures` the answer has all of them.");
    }
    if (std::ranges::find(out, *figure) == out.end()) out.push_back(*figure);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  if (out.empty())
    for (std::size_t i = 0; i < observe::kFigureCount; ++i) out.push_back(i);
  return out;
}

Result<net::Response> show_monitor(Call& call) {
  ATOLL_ASSIGN(const auto figures, figures_of(call));
  ATOLL_ASSIGN(const auto given, since_of(call));
  ATOLL_ASSIGN(observe::Observer* const observer, observer_of(call));
  const std::int64_t now_s = call.exchange().now().unix_us / 1'000'000;
  constexpr std::int64_t hour = 3'600;
  const std::int64_t since_s = given ? given->unix_us / 1'000'000 : now_s - hour;
  std::size_t ring = observe::Monitor::ring_for(since_s, now_s, kSamplesMax);
  if (call.has("step")) {
    const auto step = static_cast<std::int64_t>(call.number("step", 0));
    const auto* const found = std::ranges::find(observe::kRings, step, &observe::Ring::step_seconds);
    if (found == observe::kRings.end())
      return fail(ErrorKind::usage, "http.bad_query", "`step` is 10, 60, 900 or 21600 seconds");
    ring = static_cast<std::size_t>(found - observe::kRings.begin());
  }
  std::vector<observe::Sampled> samples;
  if (observer->monitor() != nullptr) {
    ATOLL_ASSIGN(samples, observer->monitor()->samples(ring, since_s, now_s));
  }
  Value times = Value::array();
  for (const auto& one : samples) times.push(static_cast<std::uint64_t>(one.unix_s));
  Value series = Value::object();
  for (const std::size_t figure : figures) {
    Value values = Value::array();
    for (const auto& one : samples) values.push(number_json(one.sample.values.at(figure)));
    series.set(observe::kFigures.at(figure).name, std::move(values));
  }
  const auto health = observer->health();
  Value now = Value::object();
  for (const std::size_t figure : figures)
    now.set(observe::kFigures.at(figure).name, number_json(health->now.values.at(figure)));
  return ok(Value::object()
                .set("step_seconds", static_cast<std::uint64_t>(observe::kRings.at(ring).step_seconds))
                .set("times", std::move(times))
                .set("series", std::move(series))
                .set("now", std::move(now)));
}

Result<net::Response> list_requests(Call& call) {
  struct Row {
    std::string door, route;
    std::uint64_t count;
    Value json;
  };
  std::vector<Row> rows;
  call.exchange().host.metrics().for_each_histogram(
      "atoll_request_duration_seconds", [&](const server::MetricLabels& labels, const server::Histogram& histogram) {
        const LatencyCounts counts = histogram.latency();
        Row row{labels.at(0).second, labels.at(1).second, counts.total(), Value::object()};
        row.json.set("door", row.door).set("route", row.route).set("count", row.count);
        row.json.set("p50_seconds", number_json(counts.quantile(0.5)));
        row.json.set("p95_seconds", number_json(counts.quantile(0.95)));
        row.json.set("p99_seconds", number_json(counts.quantile(0.99)));
        row.json.set("sum_seconds", number_json(histogram.sum_seconds()));
        rows.push_back(std::move(row));
      });
  std::ranges::stable_sort(rows, [](const Row& a, const Row& b) { return a.count > b.count; });
  Value list = Value::array();
  for (Row& row : rows) list.push(std::move(row.json));
  return ok(Value::object().set("requests", std::move(list)));
}

std::vector<Operation> alarm_rows() {
  const std::vector<Guard> guards{{Action::status, Place::home}};
  return {
      {.id = "health_summary",
       .method = "GET",
       .path = "/api/v1/health/summary",
       .tag = "health",
       .words =
           "How the home is, in one answer: what is stored, how safe it is, how much room there is, and what to do.",
       .guards = guards,
       .answers = {{200, "HealthSummary", "As it was seen last, ten seconds ago at most."}},
       .handler = show_summary},
      {.id = "alarm_list",
       .method = "GET",
       .path = "/api/v1/alarms",
       .tag = "health",
       .words =
           "Everything that is watched, with its level, the worst first.\nWho may read the audit gets its warnings "
           "since the server was started, too.",
       .guards = guards,
       .answers = {{200, "AlarmList", "All of them."}},
       .handler = list_alarms},
      {.id = "alarm_history",
       .method = "GET",
       .path = "/api/v1/alarms/history",
       .tag = "health",
       .words = "Which alarms were raised and ended, newest first.",
       .guards = guards,
       .query = {{"limit", ParameterType::number, "At most so many.", {}, 1, kHistoryMax}},
       .answers = {{200, "AlarmHistory", "The last 500."}},
       .handler = list_history},
      {.id = "alarm_kinds",
       .method = "GET",
       .path = "/api/v1/alarms/kinds",
       .tag = "health",
       .words = "What is watched, and from when on it is an alarm.",
       .guards = guards,
       .answers = {{200, "AlarmKindList", "All there are."}},
       .handler = list_kinds},
  };
}

}  // namespace

std::vector<Operation> health_operations() {
  const std::vector<Guard> guards{{Action::status, Place::home}};
  std::vector<Operation> rows = alarm_rows();
  std::vector<Operation> more = {
      {.id = "drive_list",
       .method = "GET",
       .path = "/api/v1/drives",
       .tag = "health",
       .words =
           "The file systems of the home and its copies, and the drives below them.\nWhat a drive does not tell is "
           "missing, and `unknown_because` says why.",
       .guards = guards,
       .answers = {{200, "DriveList", "As they were seen last."}},
       .handler = list_drives},
      {.id = "monitor_show",
       .method = "GET",
       .path = "/api/v1/monitor",
       .tag = "health",
       .words =
           "Key figures over time, for plots.\nKept every 10 s for an hour, every minute for a day, every 15 min for "
           "30 days, every 6 h for a year.",
       .guards = guards,
       .query = {{"since", ParameterType::text, "A time, or 1d (ago).", {}, 0, UINT64_MAX, "an hour ago"},
                 {"step",
                  ParameterType::number,
                  "10, 60, 900 or 21600 seconds.",
                  {},
                  0,
                  UINT64_MAX,
                  "the finest that reaches back so far"},
                 {"figures", ParameterType::text, "Names, with commas between them.", {}, 0, UINT64_MAX, "all"}},
       .answers = {{200, "Monitor", "Times in seconds since 1970, and a list of the same length for each figure."}},
       .handler = show_monitor},
      {.id = "request_list",
       .method = "GET",
       .path = "/api/v1/requests",
       .tag = "health",
       .words = "How many requests of each kind were answered since the server was started, and how quickly.",
       .guards = guards,
       .answers = {{200, "RequestList", "The most frequent first."}},
       .handler = list_requests},
  };
  for (auto& row : more) rows.push_back(std::move(row));
  return rows;
}

std::vector<NamedSchema> health_schemas() {
  using namespace schema;
  const auto level = choice("unknown, good, ok (within limits, but near one), warning or critical.",
                            {"unknown", "good", "ok", "warning", "critical"});
  const std::vector<Member> copy = {
      required("vault", text("Of which vault.")),
      required("name", text("Its name.")),
      required("place", text("Where it is.")),
      required("kind", text("folder …")),
      required("is_whole", flag("False: it never had everything, or nothing is known of it.")),
      required("is_same_disk", flag("True: it dies with this disk.")),
      required("verify_ok", flag("False: the last check found damage.")),
      required("lag_changes", number("Changes that it does not have.")),
      required("lag_seconds", number("Since when it has not had everything; 0: it has.")),
      required("bytes", number("That it takes.")),
      optional("synced", time("When the last round ended well.")),
      optional("verified", time("When its structure was last checked.")),
      optional("data_verified", time("When every byte was last read."))};
  const std::vector<Member> vault = {
      required("name", text("Its name.")),
      required("id", text("Its id.")),
      required("takes_writes", flag("False: a sync failed; it has to be opened again.")),
      required("files", number("Stored.")),
      required("logical_bytes", number("As a reader sees them.")),
      required("stored_bytes", number("On disk: packs and journal.")),
      required("derived_bytes", number("On disk: catalog and indexes.")),
      required("hot_bytes", number("Of packs in this tier.")),
      required("warm_bytes", number("In this.")),
      required("cold_bytes", number("In this.")),
      optional("last_stored", time("When something changed last.")),
      optional("last_full_verify", time("When every byte was last read and checked.")),
      required("verify_ok", flag("False: it found damage.")),
      required("kit", choice("Of the recovery kit.", {"never_saved", "saved", "stale", "not_needed"}))};
  const std::vector<Member> drive = {required("name", text("nvme0n1")),
                                     required("kind", text("spinning, solid_state, nvme, card, virtual or unknown.")),
                                     required("model", text("As it calls itself; may be empty.")),
                                     required("holds", list(text("home, or a copy."))),
                                     required("capacity_bytes", number("0: unknown.")),
                                     required("read_bytes", number("Since the machine was started.")),
                                     required("written_bytes", number("Since the machine was started.")),
                                     optional("read_bytes_per_second", ratio("Over the last ten seconds.")),
                                     optional("written_bytes_per_second", ratio("Over the last ten seconds.")),
                                     optional("temperature_celsius", ratio("Now.")),
                                     optional("health_percent", ratio("What is left of its life.")),
                                     optional("passed", flag("Its own verdict on itself.")),
                                     optional("life_written_bytes", number("In all its life.")),
                                     optional("life_read_bytes", number("In all its life.")),
                                     optional("unreadable_sectors", number("That it could not read.")),
                                     optional("hours_on", number("In all.")),
                                     optional("source", text("Who told of its wear: smartctl, nvme or sysfs.")),
                                     optional("unknown_because", text("Why something is not known."))};
  return {
      {"Alarm",
       object("Something that is watched.",
              {required("name", text("capacity …")), required("subject", text("What of: home, nvme0n1; may be empty.")),
               required("level", level), optional("value", ratio("The figure, where it has one.")),
               optional("unit", text("Of the figure.")), required("words", text("One sentence.")),
               required("advice", text("What to do; may be empty.")), required("since", time("In this level."))})},
      {"AlarmEvent", object("A warning of the audit.",
                            {required("id", text("alarm.failed_logins …")), required("time", time("When.")),
                             required("actor", text("About whom.")), required("address", text("From where.")),
                             required("count", number("So often,")), required("window_seconds", number("in so long.")),
                             required("words", text("One sentence."))})},
      {"AlarmList", object("What is watched.", {required("time", time("When it was looked at.")),
                                                required("alarms", list(reference("Alarm"))),
                                                required("events", list(reference("AlarmEvent")))})},
      {"AlarmChange", object("An alarm that was raised, or ended.",
                             {required("time", time("When.")), required("name", text("capacity …")),
                              required("subject", text("What of.")), required("from", level), required("to", level),
                              required("words", text("One sentence."))})},
      {"AlarmHistory", object("Changes.", {required("changes", list(reference("AlarmChange")))})},
      {"AlarmKind",
       object("Something that can be watched.",
              {required("name", text("Its name.")), required("words", text("What it watches.")),
               required("advice", text("What to do.")), required("unit", text("Of its figure; may be empty.")),
               required("limits", text("From when on it is an alarm; on or off.")),
               required("is_set", flag("Somebody set these limits."))})},
      {"AlarmKindList", object("All of them.", {required("kinds", list(reference("AlarmKind")))})},
      {"DiskPlace",
       object("A file system that holds the home or a copy.",
              {required("name", text("home, or a copy.")), required("path", text("Where.")),
               required("is_reachable", flag("False: nothing is known of it now.")),
               required("total_bytes", number("Its size.")), required("available_bytes", number("Free.")),
               optional("used_percent", ratio("How full it is.")), required("drives", list(text("Names.")))})},
      {"Drive", object("A drive.", drive)},
      {"DriveList", object("File systems and drives.", {required("time", time("When they were looked at.")),
                                                        required("drives", list(reference("Drive"))),
                                                        required("places", list(reference("DiskPlace")))})},
      {"HealthCopy", object("A second copy.", copy)},
      {"HealthVault", object("A vault.", vault)},
      {"HealthLocation",
       object("Where data lies: the home, or a copy.",
              {required("name", text("home, or VAULT: copy NAME.")), required("kind", text("home, folder, s3.")),
               required("place", text("A path, or where it is in the network.")), optional("vault", text("Of a copy.")),
               optional("used_bytes", number("That Atoll holds there, as far as you may see it.")),
               optional("total_bytes", number("Of its file system; missing where it is not reachable, or has none.")),
               optional("available_bytes", number("Free on it.")),
               optional("grown_bytes_per_day",
                        ratio("By so much it fills, or without a file system by so much more is held there; not known "
                              "for three days.")),
               optional("months", ratio("Until it is full; missing where it does not fill."))})},
      {"HealthTier",
       object("Packs of one tier, of all vaults.",
              {required("name", text("hot, warm, cold.")), required("used_bytes", number("That it takes.")),
               optional("grown_bytes_per_day", ratio("By so much; not known for three days."))})},
      {"HealthRoom", object("Of the file system of the home.",
                            {required("total_bytes", number("Its size.")), required("available_bytes", number("Free.")),
                             optional("used_percent", ratio("How full it is.")),
                             optional("grown_bytes_per_day", ratio("By so much it fills; not known for three days.")),
                             optional("months", ratio("Until it is full; missing where it does not fill.")),
                             required("locations", list(reference("HealthLocation"), "The home first.")),
                             required("tiers", list(reference("HealthTier"), "For who may see every vault."))})},
      {"HealthSummary",
       object(
           "How the home is.",
           {required("time", time("When it was looked at.")), required("level", level),
            required("sentence", text("The state in words.")),
            required("points", list(reference("Alarm"), "What is wrong, the worst first, each with what to do.")),
            required("files", number("Stored.")), required("logical_bytes", number("As a reader sees them.")),
            required("stored_bytes", number("On disk.")), optional("last_stored", time("When something changed last.")),
            optional("last_full_verify",
                     time("Since then every byte of every vault was read and checked; missing: never.")),
            required("verify_ok", flag("False: damage was found.")), required("room", reference("HealthRoom")),
            required("vaults", list(reference("HealthVault"))), required("copies", list(reference("HealthCopy")))})},
      {"Monitor",
       object("Figures over time.", {required("step_seconds", number("From one time to the next.")),
                                     required("times", list(number("Seconds since 1970: the end of a step."))),
                                     required("series", any_object("A list for each figure; null: not known.")),
                                     required("now", any_object("Of the last ten seconds."))})},
      {"RequestCounts",
       object("Requests of one kind.",
              {required("door", text("rest, s3, webdav …")), required("route", text("GET /api/v1/buckets …")),
               required("count", number("Answered.")),
               required("p50_seconds", ratio("Half of them took at most so long.")),
               required("p95_seconds", ratio("19 of 20.")), required("p99_seconds", ratio("99 of 100.")),
               required("sum_seconds", ratio("All together."))})},
      {"RequestList", object("By kind.", {required("requests", list(reference("RequestCounts")))})},
  };
}

}  // namespace atl::rest
