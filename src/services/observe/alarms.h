// Alarms: what can be wrong with a home, from when on it counts as wrong, and what is wrong now.
//
//     readings (capacity 87.2 % of "home") ─► judge: limits, margin ─► alarms, changes, history
//
// Always true:
//  - Every alarm is one row of kAlarmKinds: pages, documents, metrics and rules name no other.
//  - A limit is passed by what is beyond it: 85.1 trips a limit of 85, 85.0 does not. An alarm goes back only once the
//    figure is on the good side of the limit by the kind's margin, so that one which swings around it is told once.
//  - What could not be read is `unknown`; it raises nothing and clears nothing, and is never shown as good.
//  - A subject that is looked at no more (a copy that was removed) has no alarm any more.
//  - Memory is bounded: kAlarmsMax alarms, kHistoryMax changes.
// Thread rules: one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/error.h"
#include "foundation/base/time.h"
#include "foundation/json/json.h"

namespace atl::observe {

// good: well within the limits. ok: within them, and nearer to the limit than the margin; or worth a word and no more.
enum class Level : std::uint8_t { unknown, good, ok, warning, critical };
[[nodiscard]] std::string_view name_of(Level level);  // "critical"
[[nodiscard]] std::optional<Level> level_named(std::string_view name);

enum class AlarmUnit : std::uint8_t { none, percent, celsius, milliseconds, seconds, days, months };
[[nodiscard]] std::string_view name_of(AlarmUnit unit);

// above, below: a figure and its limits. state: whoever looks says the level.
enum class AlarmTest : std::uint8_t { above, below, state };

struct AlarmKind {
  std::string_view name;
  AlarmTest test = AlarmTest::state;
  AlarmUnit unit = AlarmUnit::none;
  std::optional<double> warning = {};
  std::optional<double> critical = {};
  double margin = 0;
  bool is_of_accounts = false;  // names people: only for who may read the audit
  std::string_view words;       // what it watches
  std::string_view advice;      // what to do, where the reading says nothing better
};

inline constexpr std::array<AlarmKind, 33> kAlarmKinds = {{
    {.name = "capacity",
     .test = AlarmTest::above,
     .unit = AlarmUnit::percent,
     .warning = 85,
     .critical = 95,
     .margin = 2,
     .words = "how full the file system is that holds the home or a copy",
     .advice = "Free room (atoll gc, atoll policy), or add a disk."},
    {.name = "room",
     .test = AlarmTest::below,
     .unit = AlarmUnit::months,
     .warning = 1,
     .critical = 0.1,
     .margin = 0.1,
     .words = "months until the disk of the home, or of a copy, is full, if it goes on filling as it did",
     .advice = "Plan for a larger disk, or keep less (atoll policy)."},
    {.name = "drive_temperature",
     .test = AlarmTest::above,
     .unit = AlarmUnit::celsius,
     .warning = 70,
     .critical = 80,
     .margin = 3,
     .words = "temperature of a drive",
     .advice = "Look after its cooling; above 80 it slows itself down or stops."},
    {.name = "drive_health",
     .test = AlarmTest::below,
     .unit = AlarmUnit::percent,
     .warning = 90,
     .critical = 10,
     .margin = 0,
     .words = "what is left of the life that a drive was built for",
     .advice = "Plan for its replacement."},
    {.name = "drive_failing",
     .words = "what a drive says about itself: its own test failed, or sectors it cannot read",
     .advice = "Bring the copies up to date now (atoll copy sync), then replace the drive."},
    {.name = "query_p99",
     .test = AlarmTest::above,
     .unit = AlarmUnit::milliseconds,
     .warning = 100,
     .margin = 20,
     .words = "within what time 99 of 100 reading requests were answered, over five minutes with at least 100 of them",
     .advice = "`atoll top` says what the server is busy with."},
    {.name = "request_errors",
     .test = AlarmTest::above,
     .unit = AlarmUnit::percent,
     .warning = 1,
     .critical = 10,
     .margin = 0.5,
     .words = "share of requests that failed inside, over five minutes with at least 20 of them",
     .advice = "The error log says why, under each request's number."},
    {.name = "failed_logins",
     .is_of_accounts = true,
     .words = "many failed sign-ins of one name or address; clears after an hour",
     .advice = "atoll audit show"},
    {.name = "mass_read",
     .is_of_accounts = true,
     .words = "one account read very much in a short time; clears after an hour",
     .advice = "atoll audit show"},
    {.name = "mass_delete",
     .is_of_accounts = true,
     .words = "one account removed very much in a short time; clears after an hour",
     .advice = "atoll operations, then atoll undo"},
    {.name = "audit_broken",
     .is_of_accounts = true,
     .words = "the record of who did what was changed, or cannot be written",
     .advice = "atoll audit verify"},
    {.name = "one_copy", .words = "there is no second copy on another disk", .advice = "atoll copy add /mnt/disk/copy"},
    {.name = "accounts_not_copied",
     .words = "other vaults have a copy; the one that holds the accounts has none",
     .advice = "Attach the copy's disk: the server brings them there by itself."},
    {.name = "copy_lag",
     .test = AlarmTest::above,
     .unit = AlarmUnit::seconds,
     .warning = 900,
     .critical = 86'400,
     .margin = 600,
     .words = "for how long a copy has not had everything",
     .advice = "atoll copy sync"},
    {.name = "copy_not_seen",
     .test = AlarmTest::above,
     .unit = AlarmUnit::days,
     .warning = 7,
     .critical = 60,
     .margin = 0,
     .words = "since when nobody reached a copy",
     .advice = "Attach it, then atoll copy sync"},
    {.name = "copy_damaged", .words = "the last check of a copy found damage", .advice = "atoll copy repair"},
    {.name = "verify_failed", .words = "the last verify found damage", .advice = "atoll verify --data"},
    {.name = "damaged_read",
     .words = "content is damaged on the disk beyond its parity, or gone from it; a server mends it from a copy by "
              "itself; clears once that is done, else after a week",
     .advice = "atoll verify --data says what; atoll copy repair mends it from a copy"},
    {.name = "healed_read",
     .words = "the disk gave other bytes than were written, or lost some, and parity or a copy made them good; clears "
              "after a week",
     .advice = "atoll verify --data reads everything, and mends what parity can; look after the disk"},
    {.name = "verify_overdue",
     .test = AlarmTest::above,
     .unit = AlarmUnit::days,
     .warning = 45,
     .critical = 180,
     .margin = 0,
     .words = "since when nobody has read and checked every byte; never, where that is the case",
     .advice = "atoll verify --data"},
    {.name = "kit_not_saved",
     .words = "without this machine's keys nothing in the home can be opened",
     .advice = "atoll key kit --to /mnt/stick"},
    {.name = "kit_stale",
     .words = "the recovery kit is from before the keys changed",
     .advice = "atoll key kit --to /mnt/stick"},
    {.name = "not_encrypted",
     .words = "whoever has the disk can read it; chosen when the vault was made",
     .advice = ""},
    {.name = "keyring_damaged", .words = "one of the two keyring files is damaged", .advice = "atoll doctor"},
    {.name = "vault_locked",
     .words = "a vault that nothing opened when the server began",
     .advice = "Unlock it: atoll unlock."},
    {.name = "writes_refused",
     .words = "a sync failed, and the vault takes no writes until it is opened again",
     .advice = "Look at the disk, then start the server again."},
    {.name = "certificate",
     .test = AlarmTest::below,
     .unit = AlarmUnit::days,
     .warning = 14,
     .critical = 3,
     .margin = 1,
     .words = "days that the server's certificate is still good",
     .advice = "Renew it and start the server again."},
    {.name = "clock",
     .words = "the clock stands before the last change, or leapt by more than two days; what expires waits",
     .advice = "Set the clock right (timedatectl)."},
    {.name = "schedule_missed", .words = "a schedule was not run when it was due", .advice = "atoll schedule list"},
    {.name = "schedule_failed", .words = "the last run of a schedule failed", .advice = "atoll schedule list"},
    {.name = "drill_failed",
     .words = "the last restore drill did not get back what was stored",
     .advice = "atoll drill, then atoll verify --data"},
    {.name = "finding", .words = "something else that `atoll stat` says is not safe", .advice = "atoll stat"},
    {.name = "monitor",
     .words = "the server cannot look at something that it should watch",
     .advice = "The log says why."},
}};
[[nodiscard]] const AlarmKind* find_kind(std::string_view name);  // null: none

// A limit as somebody set it; none of both: this alarm is off.
struct Limits {
  std::optional<double> warning;
  std::optional<double> critical;
  friend bool operator==(const Limits&, const Limits&) = default;
};
using LimitsByName = std::map<std::string, Limits, std::less<>>;
// "85:95", "85", ":95", "off"; `usage` otherwise, and where the order does not fit the kind. A kind of the test `state`
// takes "off" and "on".
[[nodiscard]] Result<Limits> parse_limits(const AlarmKind& kind, std::string_view text);
[[nodiscard]] std::string words_of(const AlarmKind& kind, const Limits& limits);
[[nodiscard]] Limits default_limits(const AlarmKind& kind);

struct Reading {
  std::string_view kind;         // a name of kAlarmKinds
  std::string subject;           // "home", "nvme0n1", "main: copy usb"; what there is one of has none
  std::optional<double> value;   // of a figure; none: unknown
  Level level = Level::unknown;  // of a state
  std::string words;             // one sentence for people; empty: made from the figure
  std::string advice;            // empty: the kind's
};

struct Alarm {
  std::string kind;
  std::string subject;
  Level level = Level::unknown;
  std::optional<double> value;
  std::string words;
  std::string advice;
  Timestamp since;  // in this level
};
struct AlarmChange {
  Timestamp time;
  std::string kind;
  std::string subject;
  Level from = Level::unknown;
  Level to = Level::unknown;
  std::string words;
};

class AlarmBoard {
 public:
  static constexpr std::size_t kAlarmsMax = 1'000;
  static constexpr std::size_t kHistoryMax = 500;

  // All readings of one look. What is missing from them is gone, but for kinds in `kept`, which were not looked at.
  void judge(const std::vector<Reading>& readings, const LimitsByName& limits, Timestamp now,
             const std::vector<std::string_view>& kept = {});
  // The worst first, then by kind and subject.
  [[nodiscard]] std::vector<Alarm> alarms() const;
  [[nodiscard]] const std::deque<AlarmChange>& history() const { return history_; }  // newest first
  // The worst there is, of what is known; good where nothing is.
  [[nodiscard]] Level worst() const;

  // What is to be told now: alarms that are warning or worse, or no longer so, since they were told last. Each once;
  // one that swings at most every `again_after_s`, unless it became critical. They count as told then.
  [[nodiscard]] std::vector<AlarmChange> take_news(Timestamp now, std::int64_t again_after_s = 600);

  // To go on after a restart without telling everything again. Foreign or damaged text: `usage`, and nothing changed.
  [[nodiscard]] json::Value to_json() const;
  [[nodiscard]] Result<void> restore(const json::Value& value);
  [[nodiscard]] std::uint64_t changes() const { return changes_; }  // counts up with every one

 private:
  struct Held {
    Alarm alarm;
    Level told = Level::good;
    Timestamp told_at;
  };
  using Name = std::pair<std::string, std::string>;
  void change(Held& held, Level to, Timestamp now);
  std::map<Name, Held> held_;
  std::deque<AlarmChange> history_;
  std::uint64_t changes_ = 0;
};

// The level of a figure under these limits, coming from `before`.
[[nodiscard]] Level level_of(const AlarmKind& kind, const Limits& limits, double value, Level before);
// "87.2 %", "71 °C"
[[nodiscard]] std::string words_of(AlarmUnit unit, double value);
[[nodiscard]] json::Value json_of(const Alarm& alarm);
[[nodiscard]] json::Value json_of(const AlarmChange& change);

}  // namespace atl::observe
