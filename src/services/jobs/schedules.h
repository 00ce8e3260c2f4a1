// Commands that run by the clock: what there is, what is due, what was missed, and who is told.
//
// Always true:
//  - A schedule is a row of its vault: it comes back with a restored home, and its changes are in the journal.
//  - A run is due once for each time its rule names; times missed while the machine was off are made up for by one run,
//    and said.
//  - What a run did is a JobRow ("schedule", name): when, exit code, what it was due for; and the newest kRunsKept in
//    short.
//  - Running takes no lock of the vault: the command that is run takes its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/keeping_rows.h"
#include "foundation/platform/programs.h"
#include "services/jobs/rule.h"
#include "vault/vault.h"

namespace atl::jobs {

struct Schedule {
  catalog::ScheduleRow row;
  Rule rule;
  std::optional<catalog::JobRow> last_run;
  Timestamp last_due;  // at or before now
  Timestamp next_due;
  bool is_due = false;     // last_due has not been run
  bool is_missed = false;  // ... and was more than an hour ago (a quarter of the time between two, where that is less)
};

// Errors: `conflict` (the name is taken), `usage` (empty words, a verb that cannot run alone, a bad rule or address).
// The name: given, or the words with '-' between them.
[[nodiscard]] Result<catalog::ScheduleRow> add_schedule(vault::Vault& vault, catalog::ScheduleRow row);
[[nodiscard]] Result<void> remove_schedule(vault::Vault& vault, const std::string& name);              // `not_found`
[[nodiscard]] Result<std::vector<Schedule>> schedules(vault::Vault& vault, const LocalTime& ahead_s);  // by name

// What is due runs now: `own` is this program's path, `global` the options that name home and vault.
struct ScheduleRun {
  std::string name;
  std::string command;  // as a person would type it
  int exit_code = 0;
  double seconds = 0;
  Timestamp due;
  std::string output;                 // the end of what it printed
  std::vector<std::string> not_told;  // addresses that could not be reached, each with why
};
[[nodiscard]] Result<ScheduleRun> run_schedule(platform::Programs& programs, platform::Clock& clock,
                                               const Schedule& schedule, const std::vector<std::string>& global);
[[nodiscard]] Result<void> remember_run(vault::Vault& vault, const ScheduleRun& run, Timestamp started);

// Of the JobRow of a schedule, newest first.
inline constexpr std::size_t kRunsKept = 50;
struct PastRun {
  Timestamp started;
  int exit_code = 0;
  double seconds = 0;
};
[[nodiscard]] std::vector<PastRun> past_runs(const catalog::JobRow& row);

// "{date}" and "{time}" in a schedule's words become those of its run: 2026-11-21, 2026-11-21T03-00.
[[nodiscard]] std::vector<std::string> words_at(const std::vector<std::string>& words, Timestamp now,
                                                const LocalTime& ahead_s);
// As one would type it: words with spaces and such are quoted.
[[nodiscard]] std::string typed(const std::vector<std::string>& words);
// Splits what was typed as one argument: quotes understood as a shell does, nothing else.
[[nodiscard]] Result<std::vector<std::string>> split_words(std::string_view text);

}  // namespace atl::jobs
