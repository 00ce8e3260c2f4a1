#include "services/jobs/schedules.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "services/jobs/news.h"
#include "vault/past_lines.h"

namespace atl::jobs {
namespace {

using catalog::JobRow;
using catalog::ScheduleRow;

constexpr std::string_view kJobKind = "schedule";
constexpr std::string_view kRunsFact = "runs";  // lines: time, exit code, milliseconds
constexpr std::size_t kOutputBytesKept = 2'000;
constexpr std::int64_t kHour_us = 3'600'000'000;
constexpr std::size_t kNameBytesMax = 200;

// What needs a terminal, never ends, or would run itself.
constexpr std::array<std::string_view, 10> kNotAlone = {"schedule", "init", "completion",   "man",    "serve",
                                                        "config",   "key",  "restore-home", "unlock", "lock"};

tl::unexpected<Error> usage(std::string id, std::string message, std::string hint = {}) {
  return fail(ErrorKind::usage, std::move(id), std::move(message), std::move(hint));
}

Result<void> check(const ScheduleRow& row) {
  if (row.words.empty()) return usage("schedule.no_command", "a schedule needs a command to run");
  if (std::ranges::find(kNotAlone, row.words.front()) != kNotAlone.end() || row.words.front().starts_with('-')) {
    return usage("schedule.bad_command", "\"" + row.words.front() + "\" is not run by the clock",
                 "Verbs such as verify, gc, drill, copy, snapshot and put are.");
  }
  if (row.name.empty() || row.name.size() > kNameBytesMax)
    return usage("schedule.bad_name", "a schedule's name has 1 to 200 bytes");
  ATOLL_TRY(parse_rule(row.rule));
  for (const std::string& address : row.news) ATOLL_TRY(check_address(address));
  return {};
}

bool needs_quotes(std::string_view word) {
  return word.empty() || word.find_first_of(" \t\"'\\$*?[]{}()<>|&;#~`!") != std::string_view::npos;
}

std::string runs_of(const JobRow& row) {
  const auto runs = row.facts.find(std::string(kRunsFact));
  return runs == row.facts.end() ? std::string() : runs->second;
}

std::string tail(const std::string& text) {
  return text.size() <= kOutputBytesKept ? text : "…" + text.substr(text.size() - kOutputBytesKept);
}

}  // namespace

Result<std::vector<std::string>> split_words(std::string_view text) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = 0;
  for (const char c : text) {
    if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        words.back().push_back(c);
      }
      continue;
    }
    if (c == ' ' || c == '\t') {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (c == '\'' || c == '"') {
      quote = c;
    } else {
      words.back().push_back(c);
    }
  }
  if (quote != 0) return usage("schedule.open_quote", "a quote in the command is not closed");
  return words;
}

std::string typed(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    if (!needs_quotes(word)) {
      text += word;
    } else if (word.find('\'') == std::string::npos) {
      text += "'" + word + "'";
    } else {
      text += "\"" + word + "\"";
    }
  }
  return text;
}

std::vector<std::string> words_at(const std::vector<std::string>& words, Timestamp now, const LocalTime& ahead_s) {
  const std::string local = format_rfc3339(Timestamp{now.unix_us + ahead_s(now) * 1'000'000});
  const std::string date = local.substr(0, 10);
  std::string time = local.substr(0, 16);
  std::ranges::replace(time, ':', '-');
  std::vector<std::string> out;
  for (std::string word : words) {
    for (const auto& [mark, value] : {std::pair<std::string_view, std::string>{"{date}", date}, {"{time}", time}}) {
      for (std::size_t at = word.find(mark); at != std::string::npos; at = word.find(mark, at + value.size()))
        word.replace(at, mark.size(), value);
    }
    out.push_back(std::move(word));
  }
  return out;
}

Result<ScheduleRow> add_schedule(vault::Vault& vault, ScheduleRow row) {
  if (row.name.empty()) {
    for (const std::string& word : row.words) row.name += (row.name.empty() ? "" : "-") + word;
    row.name.resize(std::min(row.name.size(), kNameBytesMax));
  }
  ATOLL_TRY(check(row));
  row.actor = vault.actor();
  ATOLL_TRY(vault.commit(journal::CommandKind::schedule_change,
                         [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                           ATOLL_ASSIGN(const auto there, context.state.one<ScheduleRow>(key_of(row)));
                           if (there) {
                             return fail(ErrorKind::conflict, "schedule.exists",
                                         "there is a schedule \"" + row.name + "\" already",
                                         "Give this one another name with --as, or remove the old one first.");
                           }
                           row.created = context.commit_time;
                           changes.put(row);
                           return {};
                         }));
  return row;
}

Result<void> remove_schedule(vault::Vault& vault, const std::string& name) {
  ATOLL_TRY(vault.commit(journal::CommandKind::schedule_change,
                         [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                           ScheduleRow row;
                           row.name = name;
                           ATOLL_ASSIGN(const auto there, context.state.one<ScheduleRow>(key_of(row)));
                           if (!there) {
                             return fail(ErrorKind::not_found, "schedule.not_found",
                                         "there is no schedule \"" + name + "\"", "`atoll schedule list` lists them.");
                           }
                           changes.remove(row);
                           return {};
                         }));
  return {};
}

Result<std::vector<Schedule>> schedules(vault::Vault& vault, const LocalTime& ahead_s) {
  const auto reader = vault.reader();
  const Timestamp now = vault.machine().clock.now();
  ATOLL_ASSIGN(auto rows, reader->all<ScheduleRow>());
  std::vector<Schedule> all;
  for (ScheduleRow& row : rows) {
    Schedule one;
    ATOLL_ASSIGN(one.rule, parse_rule(row.rule));
    ATOLL_ASSIGN(one.last_run, reader->job(kJobKind, row.name));
    one.last_due = last_due(one.rule, now, ahead_s);
    one.next_due = next_due(one.rule, now, ahead_s);
    const Timestamp known = one.last_run ? std::max(one.last_run->started, row.created) : row.created;
    one.is_due = known < one.last_due;
    const std::int64_t late_us = now.unix_us - one.last_due.unix_us;
    const std::int64_t between_us = one.next_due.unix_us - one.last_due.unix_us;
    one.is_missed = one.is_due && late_us > std::min(kHour_us, between_us / 4);
    one.row = std::move(row);
    all.push_back(std::move(one));
  }
  return all;
}

Result<ScheduleRun> run_schedule(platform::Programs& programs, platform::Clock& clock, const Schedule& schedule,
                                 const std::vector<std::string>& global) {
  const LocalTime ahead_s = [&](Timestamp time) { return programs.local_time_ahead_s(time); };
  ScheduleRun run;
  run.name = schedule.row.name;
  run.due = schedule.last_due;
  const auto words = words_at(schedule.row.words, clock.now(), ahead_s);
  run.command = "atoll " + typed(words);
  platform::ProgramCall call;
  call.words.push_back(programs.own_path());
  call.words.insert(call.words.end(), global.begin(), global.end());
  call.words.insert(call.words.end(), words.begin(), words.end());
  call.shows_errors = false;
  const std::int64_t started_ns = clock.monotonic_ns();
  ATOLL_ASSIGN(const auto result, programs.run(call));
  run.seconds = static_cast<double>(clock.monotonic_ns() - started_ns) * 1e-9;
  run.exit_code = result.exit_code;
  run.output = tail(result.output + result.errors);
  if (run.exit_code == 0 && !schedule.row.tells_success) return run;
  News news;
  news.event = run.exit_code == 0 ? "schedule.done" : "schedule.failed";
  news.title = run.exit_code == 0 ? "Atoll: " + run.name + " is done"
                                  : "Atoll: " + run.name + " ended with " + std::to_string(run.exit_code);
  news.text = run.command + "\n\n" + run.output;
  news.exit_code = run.exit_code;
  news.time = clock.now();
  for (const std::string& address : schedule.row.news) {
    const auto told = tell(programs, address, news);
    if (!told) run.not_told.push_back(address + ": " + told.error().message);
  }
  return run;
}

Result<void> remember_run(vault::Vault& vault, const ScheduleRun& run, Timestamp started) {
  JobRow job;
  job.kind = kJobKind;
  job.name = run.name;
  job.started = started;
  job.is_ok = run.exit_code == 0;
  job.facts["exit_code"] = std::to_string(run.exit_code);
  job.facts["due"] = format_rfc3339(run.due);
  if (!run.not_told.empty()) job.facts["not_told"] = std::to_string(run.not_told.size());
  const std::string line = format_rfc3339(started) + " " + std::to_string(run.exit_code) + " " +
                           std::to_string(static_cast<std::uint64_t>(run.seconds * 1000));
  ATOLL_TRY(vault.commit(journal::CommandKind::job_change,
                         [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                           ATOLL_ASSIGN(const auto before, context.state.job(kJobKind, run.name));
                           const std::string past = before ? runs_of(*before) : std::string();
                           job.facts[std::string(kRunsFact)] = vault::with_line(line, past, kRunsKept);
                           job.finished = context.commit_time;
                           changes.put(job);
                           return {};
                         }));
  return {};
}

std::vector<PastRun> past_runs(const JobRow& row) {
  std::vector<PastRun> out;
  const std::string past = runs_of(row);
  for (const auto& words : vault::past_lines(past)) {
    if (words.size() < 3) continue;
    const auto started = parse_rfc3339(words[0]);
    if (!started) continue;
    PastRun run;
    run.started.unix_us = started->seconds * 1'000'000 + started->nanoseconds / 1000;
    std::from_chars(words[1].data(), words[1].data() + words[1].size(), run.exit_code);
    std::uint64_t ms = 0;
    std::from_chars(words[2].data(), words[2].data() + words[2].size(), ms);
    run.seconds = static_cast<double>(ms) / 1000;
    out.push_back(run);
  }
  return out;
}

}  // namespace atl::jobs
