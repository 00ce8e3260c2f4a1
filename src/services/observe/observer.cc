#include "services/observe/observer.h"

#include <algorithm>
#include <array>

#include "foundation/base/units.h"
#include "vault/copies.h"

namespace atl::observe {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kVaultFreshNs = 60 * kSecondNs;
constexpr std::int64_t kForecastFreshNs = 900 * kSecondNs;
constexpr std::int64_t kWindowNs = 300 * kSecondNs;
constexpr std::int64_t kTickS = 10;
constexpr std::int64_t kEventUs = 3'600 * kSecondUs;
constexpr std::int64_t kLongEventUs = 7 * 24 * kEventUs;
constexpr std::array<std::string_view, 3> kLongEvents = {"audit_broken", "damaged_read", "healed_read"};
constexpr std::array<std::string_view, 2> kCriticalEvents = {"audit_broken", "damaged_read"};
constexpr std::size_t kEventsMax = 200;
constexpr std::int64_t kLeapUs = 48LL * 3'600 * kSecondUs;
constexpr std::uint64_t kQueriesMin = 100;
constexpr std::uint64_t kRequestsMin = 20;
constexpr std::size_t kMessagesMax = 100;
constexpr int kTriesMax = 10;
constexpr std::int64_t kTryAgainNs = 60 * kSecondNs;
constexpr std::size_t kKeptBytesMax = 4 * 1024 * 1024;
constexpr std::size_t kCoarsest = kRings.size() - 1;
constexpr std::size_t kMonth = 2;  // the ring of 30 days

// One message for all that changed at once.
jobs::News news_of(const std::vector<AlarmChange>& changes, const std::string& home, Timestamp now) {
  jobs::News news;
  const auto raised = std::ranges::count_if(changes, [](const auto& one) { return one.to >= Level::warning; });
  news.event = raised > 0 ? "alarm.raised" : "alarm.cleared";
  const AlarmChange& first = changes.front();
  news.title = "Atoll: " + (first.to >= Level::warning ? std::string(name_of(first.to)) : std::string("well again")) +
               ": " + first.kind + (first.subject.empty() ? "" : " (" + first.subject + ")");
  if (changes.size() > 1) news.title += " and " + std::to_string(changes.size() - 1) + " more";
  for (const auto& one : changes) {
    news.text += (one.to >= Level::warning ? std::string(name_of(one.to)) : std::string("well again")) + ": " +
                 (one.words.empty() ? one.kind : one.words) + "\n";
    const AlarmKind* const kind = find_kind(one.kind);
    if (one.to >= Level::warning && kind != nullptr && !kind->advice.empty())
      news.text += "    " + std::string(kind->advice) + "\n";
  }
  news.text += "\nHome: " + home + "\n";
  news.time = now;
  return news;
}

// Whether a vault is as it was: keys and copies change without a command.
bool is_still(vault::Vault& vault, const VaultHealth& before) {
  if (before.status.last_lsn != vault.journal().last() || before.kit != vault.keys().kit_state() ||
      vault.write_trouble().has_value() != before.write_trouble.has_value())
    return false;
  const auto copies = copies_of(vault);
  return copies && std::ranges::equal(*copies, before.copies, [](const CopyHealth& a, const CopyHealth& b) {
           return a.name == b.name && a.is_known == b.is_known && a.lag_changes == b.lag_changes &&
                  a.verify_ok == b.verify_ok;
         });
}

}  // namespace

Settings settings_of(const std::vector<catalog::HomeSettingRow>& rows) {
  Settings settings;
  for (const catalog::HomeSettingRow& row : rows) {
    const std::string& name = row.name;
    const std::string& value = row.value;
    if (name == kNewsName) {
      const auto list = json::Value::parse("{\"to\":" + value + "}");
      if (list) settings.news = list->list_of("to").value_or(std::vector<std::string>());
    }
    if (!name.starts_with(kLimitsPrefix)) continue;
    const AlarmKind* const kind = find_kind(std::string_view(name).substr(kLimitsPrefix.size()));
    if (kind == nullptr) continue;
    if (const auto limits = parse_limits(*kind, value)) settings.limits[std::string(kind->name)] = *limits;
  }
  return settings;
}

std::string row_of_news(const std::vector<std::string>& addresses) {
  json::Value list = json::Value::array();
  for (const std::string& address : addresses) list.push(address);
  return list.text();
}

Observer::Observer(Parts parts)
    : parts_(std::move(parts)),
      alarms_file_(parts_.machine, parts_.control, "alarms", "ATOLALRM"),
      rooms_file_(parts_.machine, parts_.control, "rooms", "ATOLROOM"),
      drive_watch_(parts_.machine.files) {
  auto opened = Monitor::open(parts_.machine.files, health_folder(parts_.control));
  if (opened) {
    monitor_ = std::move(*opened);
  } else {
    say("figures are not kept: " + opened.error().message);
  }
  if (const auto restored = restore(); !restored) say("alarms begin anew: " + restored.error().message);
}

Observer::~Observer() = default;

void Observer::say(const std::string& words) const {
  if (parts_.say) parts_.say(words);
}

void Observer::note(const std::string& what, const Result<void>& done) {
  std::string words;
  {
    const std::lock_guard lock(troubles_mutex_);
    std::string& before = troubles_[what];
    const std::string now = done ? std::string() : done.error().message;
    if (before == now) return;
    words = what + ": " + (now.empty() ? "well again" : now);
    before = now;
  }
  say(words);
}

Result<void> Observer::keep() {
  const std::lock_guard keeping(keeping_mutex_);
  const std::string text = [this] {
    const std::lock_guard lock(mutex_);
    return board_.to_json().text();
  }();
  return alarms_file_.write(text);
}

Result<void> Observer::restore() {
  const auto kept = [](const KeptFile& file, const auto& take) -> Result<void> {
    ATOLL_ASSIGN(const auto text, file.read());
    if (!text) return {};
    ATOLL_ASSIGN(const auto value, json::Value::parse(*text, {.bytes_max = kKeptBytesMax, .depth_max = 8}));
    return take(value);
  };
  note("how the room went", kept(rooms_file_, [this](const json::Value& value) { return rooms_.restore(value); }));
  return kept(alarms_file_, [this](const json::Value& value) {
    const std::lock_guard lock(mutex_);
    return board_.restore(value);
  });
}

std::vector<VaultHealth> Observer::look_at_vaults(std::int64_t now_ns, bool& is_whole) {
  const auto ahead = [this](Timestamp time) { return parts_.programs.local_time_ahead_s(time); };
  std::vector<VaultHealth> out;
  parts_.watched.each_vault([&](const VaultId& id, const std::string& name, vault::Vault* vault) {
    const auto known = looked_.find(id);
    const bool is_known = known != looked_.end();
    bool is_fresh = vault == nullptr && is_known;
    if (vault != nullptr) {
      const auto stats = vault->chunks().stats();
      note_damage(name, cache_counts_[id], stats);
      cache_counts_[id] = stats;
      is_fresh = is_known && now_ns - known->second.at_ns < kVaultFreshNs && is_still(*vault, known->second.health);
    }
    if (!is_fresh && vault != nullptr) {
      auto health = vault_health(*vault, ahead);
      note("looking at vault " + name, health ? Result<void>{} : Result<void>(pass(health.error())));
      if (health) looked_[id] = {std::move(*health), now_ns};
    }
    if (const auto now = looked_.find(id); now != looked_.end()) {
      out.push_back(now->second.health);
    } else {
      is_whole = false;
    }
  });
  return out;
}

void Observer::note_damage(const std::string& vault, const chunk::ChunkStats& before, const chunk::ChunkStats& now) {
  const auto times = [](std::uint64_t count) { return count == 1 ? "once" : format_count(count) + " times"; };
  if (now.failed_reads > before.failed_reads && now.groups_doubted == 0) {
    if (!has_event("healed_read", vault)) {
      note_event("healed_read", vault,
                 "Content in the vault " + vault + " could not be read, " +
                     times(now.failed_reads - before.failed_reads) + ", and can be read again.");
    }
  } else if (now.failed_reads > before.failed_reads) {
    const bool is_one = now.groups_doubted == 1;
    note_event("damaged_read", vault,
               "Content in the vault " + vault + " could not be read, " + times(now.failed_reads) + "; " +
                   format_count(now.groups_doubted) + (is_one ? " place" : " places") + " of its packs " +
                   (is_one ? "is" : "are") + " damaged or gone.");
  }
  if (now.healed_reads > before.healed_reads) {
    note_event("healed_read", vault,
               "The disk gave other bytes than were written to the vault " + vault + ", " + times(now.healed_reads) +
                   "; parity made them good.");
  }
}

std::vector<Place> Observer::find_places(const std::vector<VaultHealth>& vaults) const {
  std::vector<Place> places;
  places.push_back(place_at(parts_.machine.files, parts_.device_of, "home", parts_.home_folder));
  for (const VaultHealth& vault : vaults) {
    for (const CopyHealth& copy : vault.copies) {
      if (copy.kind != "folder") continue;
      places.push_back(
          place_at(parts_.machine.files, parts_.device_of, place_name(vault.status.name, copy.name), copy.place));
    }
  }
  return places;
}

void Observer::add_traffic_readings(const Traffic& traffic, std::int64_t now_ns, std::vector<Reading>& out) {
  windows_.push_back({now_ns, traffic.queries(), traffic.requests(), traffic.errors()});
  while (windows_.size() > 2 && now_ns - windows_.at(1).at_ns >= kWindowNs) windows_.pop_front();
  const Window& from = windows_.front();
  const Window& to = windows_.back();
  // Of too few nothing is said at all, and an alarm that was raised ends: nobody waits any more.
  if (const LatencyCounts queries = to.queries.since(from.queries); queries.total() >= kQueriesMin) {
    constexpr double ms = 1e3;
    const double p99 = queries.quantile(0.99) * ms;
    out.push_back({"query_p99", "", p99, Level::unknown,
                   "99 of 100 reading requests are answered within " + words_of(AlarmUnit::milliseconds, p99) + ".",
                   ""});
  }
  if (const std::uint64_t requests = to.requests - from.requests; requests >= kRequestsMin) {
    const double share = 100.0 * static_cast<double>(to.errors - from.errors) / static_cast<double>(requests);
    out.push_back({"request_errors", "", share, Level::unknown,
                   words_of(AlarmUnit::percent, share) + " of requests failed inside.", ""});
  }
}

void Observer::add_own_readings(const Health& health, std::int64_t now_ns, std::vector<Reading>& out) {
  for (const std::string& name : parts_.watched.locked_vaults())
    out.push_back({"vault_locked", name, {}, Level::warning, "The vault " + name + " is locked.", ""});
  if (const auto end = parts_.watched.certificate_end()) {
    const double days = static_cast<double>(end->unix_us - health.time.unix_us) / static_cast<double>(24 * kEventUs);
    out.push_back({"certificate", "", std::max(days, 0.0), Level::unknown,
                   "The server's certificate is good until " + format_rfc3339(*end) + ".", ""});
  }
  for (const LocationRoom& one : health.locations) {
    if (!one.forecast || !one.forecast->months) continue;
    const bool is_home = one.kind == "home";
    out.push_back({"room", is_home ? "" : one.name, one.forecast->months, Level::unknown,
                   (is_home ? std::string("The disk") : "The disk of " + one.name) + " will be full in " +
                       words_of(AlarmUnit::months, *one.forecast->months) + ", if it goes on filling as it did.",
                   ""});
  }
  // The monotonic clock stands still while a machine sleeps, so only what no sleep explains is a leap: back, or days.
  if (last_look_ns_ != 0) {
    const std::int64_t passed_us = (now_ns - last_look_ns_) / 1'000;
    const std::int64_t leapt_us = health.time.unix_us - last_look_.unix_us - passed_us;
    if (leapt_us < -60 * kSecondUs || leapt_us > kLeapUs) {
      note_event("clock", "",
                 "The clock leapt from " + format_rfc3339(last_look_) + " to " + format_rfc3339(health.time) + ".");
    }
  }
  last_look_ns_ = now_ns;
  last_look_ = health.time;
}

Sample Observer::gauges(const Health& health) const {
  Sample sample;
  const auto add = [&](Figure figure, double value) {
    double& held = sample[figure];
    held = std::isnan(held) ? value : held + value;
  };
  for (const VaultHealth& one : health.vaults) {
    const auto& status = one.status;
    add(Figure::files, static_cast<double>(status.files));
    add(Figure::logical_bytes, static_cast<double>(status.logical_bytes));
    add(Figure::unique_bytes, static_cast<double>(status.unique_bytes));
    add(Figure::pack_bytes, static_cast<double>(status.pack_bytes));
    add(Figure::journal_bytes, static_cast<double>(status.journal_bytes));
    add(Figure::derived_bytes, static_cast<double>(status.derived_bytes));
    add(Figure::hot_bytes, static_cast<double>(one.tier_bytes[0]));
    add(Figure::warm_bytes, static_cast<double>(one.tier_bytes[1]));
    add(Figure::cold_bytes, static_cast<double>(one.tier_bytes[2]));
    for (const CopyHealth& copy : one.copies) {
      add(Figure::copies_bytes, static_cast<double>(copy.bytes));
      const double lag = sample[Figure::copy_lag_seconds];
      sample[Figure::copy_lag_seconds] = std::max(std::isnan(lag) ? 0.0 : lag, static_cast<double>(copy.lag_seconds));
    }
  }
  if (sample[Figure::unique_bytes] > 0)
    sample[Figure::dedup_ratio] = sample[Figure::logical_bytes] / sample[Figure::unique_bytes];
  if (const Place& home = health.places.front(); home.device) {
    sample[Figure::total_bytes] = static_cast<double>(home.total_bytes);
    sample[Figure::available_bytes] = static_cast<double>(home.available_bytes);
  }
  for (const Drive& drive : health.drives) {
    if (drive.read_bytes_per_second) add(Figure::drive_read_bytes_per_second, *drive.read_bytes_per_second);
    if (drive.written_bytes_per_second) add(Figure::drive_written_bytes_per_second, *drive.written_bytes_per_second);
    double& hottest = sample[Figure::drive_temperature_celsius];
    const auto& celsius = drive.wear.temperature_celsius;
    if (celsius && (std::isnan(hottest) || *celsius > hottest)) hottest = *celsius;
    double& worst = sample[Figure::drive_health_percent];
    const auto& percent = drive.wear.health_percent;
    if (percent && (std::isnan(worst) || *percent < worst)) worst = *percent;
  }
  const std::string status = system_text(parts_.machine.files, "/proc/self/status").value_or("");
  if (const std::size_t at = status.find("VmRSS:"); at != std::string::npos) {
    std::uint64_t kib = 0;
    for (std::size_t i = at + 6; i < status.size() && status[i] != 'k' && status[i] != '\n'; ++i)
      if (status[i] >= '0' && status[i] <= '9') kib = kib * 10 + static_cast<std::uint64_t>(status[i] - '0');
    sample[Figure::memory_bytes] = static_cast<double>(kib * kKiB);
  }
  return sample;
}

void Observer::sample(Health& health, std::int64_t now_ns) {
  const Sample now = gauges(health);
  const std::int64_t unix_s = health.time.unix_us / kSecondUs;
  health.now = now;
  for (std::size_t ring = 0; ring < kRings.size(); ++ring) {
    Step& step = steps_.at(ring);
    const std::int64_t number = unix_s / kRings.at(ring).step_seconds;
    if (step.begun_ns == 0) {
      step = {health.traffic, number, now_ns};
      continue;
    }
    const double seconds = static_cast<double>(now_ns - step.begun_ns) * 1e-9;
    if (ring == 0) fill_traffic(health.now, step.before, health.traffic, seconds);
    if (step.number == number) continue;
    Sampled sampled;
    sampled.unix_s = number * kRings.at(ring).step_seconds;
    sampled.sample = now;
    fill_traffic(sampled.sample, step.before, health.traffic, seconds);
    if (monitor_) note("figures", monitor_->add(ring, sampled));
    step = {health.traffic, number, now_ns};
  }
  if (monitor_ && (forecast_at_ns_ == 0 || now_ns - forecast_at_ns_ >= kForecastFreshNs)) {
    forecast_at_ns_ = now_ns;
    // What the last 30 days say counts; of less than three, the year's coarser samples are no better.
    const auto samples = monitor_->samples(kMonth, unix_s - 30 * 86'400, unix_s);
    if (samples) {
      forecast_ = forecast_of_free(course_of(*samples, Figure::available_bytes));
      constexpr std::array figures = {Figure::hot_bytes, Figure::warm_bytes, Figure::cold_bytes};
      for (std::size_t i = 0; i < figures.size(); ++i)
        tier_forecasts_.at(i) = forecast_of_used(course_of(*samples, figures.at(i)));
    }
    static_assert(kMonth < kCoarsest);
  }
}

// Of the home's disk the figures know; of copies, whose number changes, the room history.
void Observer::look_at_room(Health& health, bool is_whole) {
  health.locations = locations_of(health.vaults, health.places);
  std::vector<std::string> names;
  bool has_changed = false;
  for (LocationRoom& one : health.locations) {
    if (one.kind == "home") {
      one.forecast = forecast_;
      continue;
    }
    names.push_back(one.name);
    // A disk that is not plugged in says nothing new, and what was seen of it is kept.
    const bool is_free = one.free_bytes.has_value();
    if (is_free || one.kind != vault::kCopyKindFolder) {
      const double bytes = static_cast<double>(one.free_bytes.value_or(one.used_bytes));
      has_changed |= rooms_.note(one.name, one.where, is_free, {health.time.unix_us / kSecondUs, bytes});
    }
    one.forecast = rooms_.forecast(one.name);
  }
  if (is_whole) has_changed |= rooms_.keep_only(names);
  if (has_changed) note("how the room went", rooms_file_.write(rooms_.to_json().text()));
  for (std::size_t i = 0; i < health.tiers.size(); ++i) {
    TierRoom& tier = health.tiers.at(i);
    tier.name = kTierNames.at(i);
    for (const VaultHealth& vault : health.vaults) tier.used_bytes += vault.tier_bytes.at(i);
    tier.forecast = tier_forecasts_.at(i);
  }
}

void Observer::look() {
  const std::lock_guard looking(looking_mutex_);
  auto health = std::make_shared<Health>();
  health->time = parts_.machine.clock.now();
  const std::int64_t now_ns = parts_.machine.clock.monotonic_ns();
  bool is_whole = true;
  health->vaults = look_at_vaults(now_ns, is_whole);
  health->places = find_places(health->vaults);
  {
    const std::lock_guard lock(drives_mutex_);
    health->drives = drive_watch_.look(health->places, now_ns);
  }
  health->traffic = parts_.watched.traffic();
  for (const auto& [id, stats] : cache_counts_) {
    health->traffic.cache_hits += stats.cache_hits;
    health->traffic.cache_misses += stats.groups_opened;
  }
  sample(*health, now_ns);
  look_at_room(*health, is_whole);

  std::vector<Reading> readings;
  for (const VaultHealth& vault : health->vaults) add_readings(vault, health->time, readings);
  const auto copies_of_accounts = copies_of(parts_.control);
  add_accounts_reading(health->vaults, !copies_of_accounts || !copies_of_accounts->empty(), readings);
  add_readings(health->places, readings);
  add_readings(health->drives, readings);
  add_traffic_readings(health->traffic, now_ns, readings);
  add_own_readings(*health, now_ns, readings);
  if (!monitor_) readings.push_back({"monitor", "figures", {}, Level::warning, "Figures cannot be kept.", ""});
  Settings settings = parts_.watched.settings();
  bool has_changed = false;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(events_, [&](const Event& one) { return one.until <= health->time; });
    for (const Event& one : events_) {
      const bool is_critical = std::ranges::find(kCriticalEvents, one.kind) != kCriticalEvents.end();
      Reading reading{
          find_kind(one.kind)->name, one.subject, {}, is_critical ? Level::critical : Level::warning, one.words, ""};
      if (const auto repair = repairs_.find(one.subject); one.kind == "damaged_read" && repair != repairs_.end()) {
        reading.words += " " + repair->second.words;
        reading.advice = repair->second.advice;
      }
      readings.push_back(std::move(reading));
    }
    settings_ = std::move(settings);
    static const std::vector<std::string_view> kNone;
    board_.judge(readings, settings_.limits, health->time, is_whole ? kNone : kinds_of_vaults());
    health->alarms = board_.alarms();
    health->history.assign(board_.history().begin(), board_.history().end());
    health->level = board_.worst();
    health->limits = settings_.limits;
    health->sentence = sentence_of(health->vaults, health->alarms);
    health_ = health;
    has_changed = board_.changes() != kept_changes_;
    kept_changes_ = board_.changes();
  }
  if (has_changed) note("keeping alarms", keep());
}

void Observer::tick() {
  const std::int64_t number = parts_.machine.clock.now().unix_us / kSecondUs / kTickS;
  if (number == tick_number_) return;
  tick_number_ = number;
  look();
}

std::shared_ptr<const Health> Observer::health() {
  {
    const std::lock_guard lock(mutex_);
    if (health_) return health_;
  }
  look();
  const std::lock_guard lock(mutex_);
  return health_;
}

void Observer::ask_drives(const std::atomic<bool>* stop) {
  auto wear = ask_for_wear(parts_.programs, health()->drives, stop);
  const std::lock_guard lock(drives_mutex_);
  drive_watch_.take_wear(std::move(wear));
}

void Observer::note_event(std::string_view kind, const std::string& subject, const std::string& words) {
  ATOLL_INVARIANT(find_kind(kind) != nullptr, "an event is of a kind that there is");
  const Timestamp now = parts_.machine.clock.now();
  const bool is_long = std::ranges::find(kLongEvents, kind) != kLongEvents.end();
  const Timestamp until{now.unix_us + (is_long ? kLongEventUs : kEventUs)};
  const std::lock_guard lock(mutex_);
  const auto same =
      std::ranges::find_if(events_, [&](const Event& one) { return one.kind == kind && one.subject == subject; });
  if (same != events_.end()) {
    *same = {std::string(kind), subject, words, until};
  } else if (events_.size() < kEventsMax) {
    events_.push_back({std::string(kind), subject, words, until});
  }
}

bool Observer::has_event(std::string_view kind, const std::string& subject) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(events_, [&](const Event& one) { return one.kind == kind && one.subject == subject; });
}

void Observer::end_event(std::string_view kind, const std::string& subject) {
  const std::lock_guard lock(mutex_);
  std::erase_if(events_, [&](const Event& one) { return one.kind == kind && one.subject == subject; });
}

void Observer::note_repair(const std::string& vault, const std::string& words, const std::string& advice) {
  const std::lock_guard lock(mutex_);
  if (words.empty()) {
    repairs_.erase(vault);
  } else {
    repairs_[vault] = {words, advice};
  }
}

std::size_t Observer::tell_news() {
  const Timestamp now = parts_.machine.clock.now();
  const std::int64_t now_ns = parts_.machine.clock.monotonic_ns();
  std::vector<AlarmChange> changes;
  std::vector<std::string> addresses;
  {
    const std::lock_guard lock(mutex_);
    changes = board_.take_news(now);
    addresses = settings_.news;
  }
  if (!changes.empty()) {
    for (const auto& one : changes) {
      say("alarm " + one.kind + (one.subject.empty() ? "" : " (" + one.subject + ")") + ": " +
          (one.to >= Level::warning ? std::string(name_of(one.to)) : std::string("well again")) +
          (one.words.empty() ? "" : ": " + one.words));
    }
    note("keeping alarms", keep());
    const jobs::News news = news_of(changes, parts_.home_folder, now);
    for (const std::string& address : addresses)
      if (messages_.size() < kMessagesMax) messages_.push_back({address, news, 0, 0});
  }
  // The network may be away just when there is something to tell. One at a time: each may take half a minute, and the
  // server may be about to end.
  const auto due = std::ranges::find_if(messages_, [&](const Message& one) { return one.next_try_ns <= now_ns; });
  if (due != messages_.end()) {
    const auto told = jobs::tell(parts_.programs, due->address, due->news);
    note("news of alarms", told);
    if (told || ++due->tries == kTriesMax) {
      messages_.erase(due);
    } else {
      due->next_try_ns = now_ns + kTryAgainNs;
    }
  }
  return changes.size();
}

std::vector<Observer::Tried> Observer::try_news() {
  // Not those of the last look: whoever tries has just set them.
  const std::vector<std::string> addresses = parts_.watched.settings().news;
  jobs::News news;
  news.event = "alarm.test";
  news.title = "Atoll: a test";
  news.text = "Alarms of the home " + parts_.home_folder + " reach you here.";
  news.time = parts_.machine.clock.now();
  std::vector<Tried> out;
  for (const std::string& address : addresses) {
    const auto told = jobs::tell(parts_.programs, address, news);
    out.push_back({address, told ? std::string() : told.error().message});
  }
  return out;
}

}  // namespace atl::observe
