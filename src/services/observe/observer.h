// Watches a running home: looks every ten seconds, keeps what it saw for whoever asks, judges alarms, and tells people
// of changes.
//
//     look()  ──► vaults, places, drives, traffic ──► Health (shared, immutable) ──► figures (monitor.h)
//                                                 └─► alarms (alarms.h) ──► tell_news(): mail, webhook, command
//
// Always true:
//  - health() waits for no disk but at the very first call; what it gives is at most a few looks old, and says of when.
//  - An alarm is told once for each change. What was told, the history, and how the room of each place went survive a
//    restart: kept_file.h.
//  - A vault that is in use alone keeps its last figures and alarms until it can be looked at again.
// Thread rules: health(), look(), note_event() from any thread. tick(), ask_drives() and tell_news() from one thread
// each, which may be three.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "catalog/access_rows.h"
#include "foundation/platform/programs.h"
#include "services/jobs/news.h"
#include "services/observe/health.h"
#include "services/observe/kept_file.h"
#include "services/observe/monitor.h"

namespace atl::observe {

struct Settings {
  LimitsByName limits;            // those that were set
  std::vector<std::string> news;  // addresses: services/jobs/news.h
};
// Rows of the home's settings: "alarm.limits.capacity" = "85:95", "news.alarms" = ["mail:…"].
inline constexpr std::string_view kLimitsPrefix = "alarm.limits.";
inline constexpr std::string_view kNewsName = "news.alarms";
[[nodiscard]] Settings settings_of(const std::vector<catalog::HomeSettingRow>& rows);  // leaves out what it cannot read
// The value of the row for these addresses.
[[nodiscard]] std::string row_of_news(const std::vector<std::string>& addresses);

// What there is to look at. Every function may be called on any thread; none keeps what it is given.
class Watched {
 public:
  Watched() = default;
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;
  Watched(Watched&&) = delete;
  Watched& operator=(Watched&&) = delete;
  virtual ~Watched() = default;
  // Null where the vault is in use alone now.
  virtual void each_vault(const std::function<void(const VaultId&, const std::string&, vault::Vault*)>& visit) = 0;
  [[nodiscard]] virtual Traffic traffic() = 0;  // without cache figures
  [[nodiscard]] virtual Settings settings() = 0;
  [[nodiscard]] virtual std::vector<std::string> locked_vaults() = 0;
  [[nodiscard]] virtual std::optional<Timestamp> certificate_end() = 0;
};

struct Health {
  Timestamp time;
  Level level = Level::unknown;
  std::string sentence;
  std::vector<VaultHealth> vaults;
  std::vector<Place> places;  // the home first
  std::vector<Drive> drives;
  std::vector<Alarm> alarms;            // the worst first
  std::vector<AlarmChange> history;     // newest first
  std::vector<LocationRoom> locations;  // the home first
  std::array<TierRoom, 3> tiers;        // of all vaults
  Sample now;                           // of the last ten seconds
  Traffic traffic;
  LimitsByName limits;
};

class Observer {
 public:
  struct Parts {
    platform::Machine machine;
    platform::Programs& programs;
    vault::Vault& control;  // whose key seals what is kept
    std::string home_folder;
    DeviceOf device_of;
    Watched& watched;
    std::function<void(const std::string& words)> say;  // to the log; may be empty
  };
  // Borrows all. Where figures cannot be kept it says so, and goes on without.
  explicit Observer(Parts parts);
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  Observer(Observer&&) = delete;
  Observer& operator=(Observer&&) = delete;
  ~Observer();

  [[nodiscard]] std::shared_ptr<const Health> health();  // looks first where nobody has yet
  void look();
  void tick();  // look(), once in each ten seconds of the clock
  // Asks the drives for what takes long: where smartctl is there. look() carries it on.
  void ask_drives(const std::atomic<bool>* stop = nullptr);
  // Sends what is new since the last call. Returns how many changes that was.
  std::size_t tell_news();
  struct Tried {
    std::string address;
    std::string trouble;  // empty: it was taken
  };
  // A test to all addresses that are set now, one after the other: each may take half a minute.
  [[nodiscard]] std::vector<Tried> try_news();

  // Something that happened, not something that is: an alarm for an hour from now (audit_broken, damaged_read,
  // healed_read: a week).
  void note_event(std::string_view kind, const std::string& subject, const std::string& words);

  [[nodiscard]] bool has_event(std::string_view kind, const std::string& subject) const;
  void end_event(std::string_view kind, const std::string& subject);  // the alarm ends with the next look
  // What is being done about the content of `vault` that could not be read: said on the alarm damaged_read. Empty words
  // end it.
  void note_repair(const std::string& vault, const std::string& words, const std::string& advice);

  // Null where figures cannot be kept.
  [[nodiscard]] const Monitor* monitor() const { return monitor_.get(); }

 private:
  struct Event {
    std::string kind, subject, words;
    Timestamp until;
  };
  struct Step {
    Traffic before;
    std::int64_t number = 0;  // of the step that is under way: unix seconds by its length
    std::int64_t begun_ns = 0;
  };
  struct Window {
    std::int64_t at_ns = 0;
    LatencyCounts queries;
    std::uint64_t requests = 0;
    std::uint64_t errors = 0;
  };
  [[nodiscard]] std::vector<VaultHealth> look_at_vaults(std::int64_t now_ns, bool& is_whole);
  // What reads found since the last look.
  void note_damage(const std::string& vault, const chunk::ChunkStats& before, const chunk::ChunkStats& now);
  [[nodiscard]] std::vector<Place> find_places(const std::vector<VaultHealth>& vaults) const;
  void add_traffic_readings(const Traffic& traffic, std::int64_t now_ns, std::vector<Reading>& out);
  void add_own_readings(const Health& health, std::int64_t now_ns, std::vector<Reading>& out);
  void sample(Health& health, std::int64_t now_ns);
  void look_at_room(Health& health, bool is_whole);
  [[nodiscard]] Sample gauges(const Health& health) const;
  [[nodiscard]] Result<void> keep();
  [[nodiscard]] Result<void> restore();
  void say(const std::string& words) const;
  // The same trouble is told once.
  void note(const std::string& what, const Result<void>& done);

  Parts parts_;
  KeptFile alarms_file_;  // guarded by keeping_mutex_
  KeptFile rooms_file_;   // guarded by looking_mutex_
  std::unique_ptr<Monitor> monitor_;
  std::mutex looking_mutex_;  // one look at a time; taken before mutex_
  std::mutex keeping_mutex_;  // one write at a time, of what is newest then; taken before mutex_
  mutable std::mutex mutex_;
  std::shared_ptr<const Health> health_;  // guarded by mutex_, as the five below
  AlarmBoard board_;
  std::vector<Event> events_;
  struct Repair {
    std::string words, advice;
  };
  std::map<std::string, Repair> repairs_;  // by vault
  Settings settings_;
  std::uint64_t kept_changes_ = 0;

  std::mutex drives_mutex_;
  DriveWatch drive_watch_;  // guarded by drives_mutex_

  struct Message {
    std::string address;
    jobs::News news;
    int tries = 0;
    std::int64_t next_try_ns = 0;
  };
  std::deque<Message> messages_;  // of the thread that tells

  // guarded by looking_mutex_
  struct Looked {
    VaultHealth health;
    std::int64_t at_ns = 0;
  };
  std::map<VaultId, Looked> looked_;
  std::int64_t tick_number_ = 0;
  std::map<VaultId, chunk::ChunkStats> cache_counts_;
  std::array<Step, kRings.size()> steps_{};
  std::deque<Window> windows_;
  RoomHistory rooms_;
  std::optional<RoomForecast> forecast_;  // of the disk of the home
  std::array<std::optional<RoomForecast>, 3> tier_forecasts_;
  std::int64_t forecast_at_ns_ = 0;
  std::int64_t last_look_ns_ = 0;
  Timestamp last_look_;
  std::mutex troubles_mutex_;
  std::map<std::string, std::string> troubles_;  // guarded by troubles_mutex_
};

}  // namespace atl::observe
