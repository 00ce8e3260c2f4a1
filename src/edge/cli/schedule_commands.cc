// schedule add | list | history | remove | run | install | uninstall
#include <CLI/CLI.hpp>

#include "edge/cli/commands.h"
#include "services/jobs/from_elsewhere.h"
#include "services/jobs/schedules.h"
#include "services/jobs/timer.h"
#include "vault/access/decision.h"

namespace atl::cli {
namespace {

jobs::LocalTime local_time(Session& session) {
  return [&session](Timestamp time) { return session.environment.programs.local_time_ahead_s(time); };
}

// The options with which a program started later finds the same home and vault, by the same keys.
std::vector<std::string> same_home(Session& session) {
  std::vector<std::string> words{"--home", session.home_folder()};
  const GlobalOptions& options = session.options;
  const auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) words.insert(words.end(), {option, value});
  };
  add("--vault", options.vault);
  add("--password-command", options.password_command);
  add("--password-file", options.password_file.empty() ? "" : session.absolute(options.password_file));
  add("--key-file", options.key_file.empty() ? "" : session.absolute(options.key_file));
  return words;
}

tl::unexpected<Error> no_schedule(const std::string& name) {
  return fail(ErrorKind::not_found, "schedule.not_found", "there is no schedule \"" + name + "\"",
              "`atoll schedule list` lists them.");
}

struct AddArguments {
  std::string command;
  std::string every, daily, weekly, monthly;
  bool is_hourly = false;
  std::string name;
  std::vector<std::string> news;
  bool tells_success = false;
};

Result<std::string> rule_of(const AddArguments& arguments) {
  std::vector<std::string> rules;
  if (arguments.is_hourly) rules.emplace_back("hourly");
  if (!arguments.every.empty()) rules.push_back("every " + arguments.every);
  if (!arguments.daily.empty()) rules.push_back("daily " + arguments.daily);
  if (!arguments.weekly.empty()) rules.push_back("weekly " + arguments.weekly);
  if (!arguments.monthly.empty()) rules.push_back("monthly " + arguments.monthly);
  if (rules.size() == 1) return rules.front();
  return fail(ErrorKind::usage, "schedule.one_time",
              rules.empty() ? "a schedule needs a time" : "a schedule has one time",
              "One of --every 15m, --hourly, --daily 03:00, --weekly 'sun 03:00', --monthly '1 03:00'.");
}

Result<int> add(Session& session, const AddArguments& arguments) {
  ATOLL_ASSIGN(const std::string rule, rule_of(arguments));
  catalog::ScheduleRow row;
  ATOLL_ASSIGN(row.words, jobs::split_words(arguments.command));
  row.rule = rule;
  row.name = arguments.name;
  row.news = arguments.news;
  row.tells_success = arguments.tells_success;
  const auto* const served = session.environment.served;
  if (served != nullptr && !served->who().is_local_owner) ATOLL_TRY(jobs::check_from_elsewhere(row));
  return session.with_writer([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto added, jobs::add_schedule(vault, row));
    ATOLL_ASSIGN(const auto parsed, jobs::parse_rule(added.rule));
    const auto next = jobs::next_due(parsed, session.environment.machine.clock.now(), local_time(session));
    if (session.output.is_json) {
      session.output.json(JsonObject("summary").add("name", added.name).add("next", format_rfc3339(next)));
    } else {
      session.output.line(added.name + ": atoll " + jobs::typed(added.words) + ", " + added.rule + ", next at " +
                          format_rfc3339(next));
      session.output.message("Schedules run by `atoll schedule run --due`; `atoll schedule install` has that done.");
    }
    return kExitOk;
  });
}

Result<int> list(Session& session) {
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto all, jobs::schedules(vault, local_time(session)));
    for (const auto& one : all) {
      if (session.output.is_json) {
        JsonObject line("schedule");
        line.add("name", one.row.name).add("command", jobs::typed(one.row.words)).add("rule", one.row.rule);
        line.add("next", format_rfc3339(one.next_due)).add("is_due", one.is_due).add("is_missed", one.is_missed);
        if (one.last_run) {
          line.add("last_run", format_rfc3339(one.last_run->started)).add("last_ok", one.last_run->is_ok);
        }
        session.output.json(line);
        continue;
      }
      std::string text = one.row.name + "   " + one.row.rule + "   atoll " + jobs::typed(one.row.words) + "   ";
      if (!one.last_run) {
        text += "not run yet";
      } else {
        text += "last " + format_rfc3339(one.last_run->started) + " " +
                (one.last_run->is_ok ? session.output.green("good")
                                     : session.output.red("ended with " + one.last_run->facts.at("exit_code")));
      }
      if (one.is_missed) text += "   " + session.output.red("missed at " + format_rfc3339(one.last_due));
      session.output.line(text + "   next " + format_rfc3339(one.next_due));
    }
    if (all.empty() && !session.output.is_json)
      session.output.message("No schedules. atoll schedule add 'verify --sample 5%' --daily 03:00");
    return kExitOk;
  });
}

Result<int> history(Session& session, const std::string& name) {
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto all, jobs::schedules(vault, local_time(session)));
    const auto found = std::ranges::find_if(all, [&](const auto& one) { return one.row.name == name; });
    if (found == all.end()) return no_schedule(name);
    const auto runs = found->last_run ? jobs::past_runs(*found->last_run) : std::vector<jobs::PastRun>{};
    for (const auto& run : runs) {
      if (session.output.is_json) {
        session.output.json(JsonObject("run")
                                .add("name", name)
                                .add("started", format_rfc3339(run.started))
                                .add("exit_code", run.exit_code)
                                .add("seconds", run.seconds));
        continue;
      }
      session.output.line(format_rfc3339(run.started) + "   " +
                          (run.exit_code == 0 ? session.output.green("good")
                                              : session.output.red("ended with " + std::to_string(run.exit_code))) +
                          "   " + format_duration(run.seconds));
    }
    if (runs.empty() && !session.output.is_json) session.output.message("It has not run yet.");
    return kExitOk;
  });
}

// Reads what there is, lets go of the vault, runs, and takes it again only to remember.
Result<int> run_some(Session& session, const std::vector<std::string>& names, bool only_due) {
  std::vector<jobs::Schedule> todo;
  ATOLL_TRY(session.with_reader([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(auto all, jobs::schedules(vault, local_time(session)));
    for (const std::string& name : names) {
      if (std::ranges::none_of(all, [&](const auto& one) { return one.row.name == name; })) return no_schedule(name);
    }
    for (auto& one : all) {
      const bool is_named = std::ranges::find(names, one.row.name) != names.end();
      if (is_named || (only_due && one.is_due)) todo.push_back(std::move(one));
    }
    return kExitOk;
  }));
  int worst = kExitOk;
  for (const auto& one : todo) {
    if (session.environment.stop.load()) return kExitInterrupted;
    const Timestamp started = session.environment.machine.clock.now();
    if (one.is_missed && only_due) {
      session.output.message(one.row.name + " was due at " + format_rfc3339(one.last_due) +
                             " and missed; it runs now.");
    }
    ATOLL_ASSIGN(const auto run, jobs::run_schedule(session.environment.programs, session.environment.machine.clock,
                                                    one, same_home(session)));
    if (run.exit_code != 0) worst = kExitFailed;
    ATOLL_TRY(session.with_writer([&](vault::Vault& vault) -> Result<int> {
      ATOLL_TRY(jobs::remember_run(vault, run, started));
      return kExitOk;
    }));
    for (const std::string& missed : run.not_told) session.output.warning("news.not_told", missed);
    if (session.output.is_json) {
      session.output.json(JsonObject("run")
                              .add("name", run.name)
                              .add("command", run.command)
                              .add("exit_code", run.exit_code)
                              .add("seconds", run.seconds)
                              .add("output", run.output));
    } else {
      session.output.line(run.name + ": " + run.command + "   " +
                          (run.exit_code == 0 ? session.output.green("good")
                                              : session.output.red("ended with " + std::to_string(run.exit_code))));
      if (run.exit_code != 0 || session.output.verbosity > 0) session.output.message(shown(run.output));
    }
  }
  return worst;
}

// A home's own word in the names of its units.
std::string instance_of(const std::string& home) {
  std::string name;
  for (const char c : home)
    name += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '-';
  while (name.starts_with('-')) name.erase(0, 1);
  return name.size() > 100 ? name.substr(name.size() - 100) : name;
}

Result<int> install(Session& session, bool is_installing) {
  Environment& environment = session.environment;
  ATOLL_TRY(session.home());  // it has to be there
  std::vector<std::string> words{environment.programs.own_path()};
  const auto options = same_home(session);
  words.insert(words.end(), options.begin(), options.end());
  const std::string config = platform::parent_of(platform::parent_of(session.key_folder()));
  const bool is_root = config == "/etc" || environment.variable("HOME").value_or("") == "/root";
  std::vector<std::pair<std::string, std::string>> variables;
  for (const char* name : {"HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"}) {
    if (const auto value = environment.variable(name)) variables.emplace_back(name, *value);
  }
  const jobs::Timer timer = jobs::make_timer(words, variables, instance_of(session.home_folder()), is_root, config);
  if (session.options.is_dry_run) {
    for (const auto& unit : timer.units) session.output.line("# " + unit.path + "\n" + unit.text);
    session.output.line("# or, by cron:\n" + timer.crontab_line);
    return kExitOk;
  }
  const auto run = [&](const std::vector<std::vector<std::string>>& calls) -> Result<void> {
    for (const auto& call : calls) {
      platform::ProgramCall program;
      program.words = call;
      ATOLL_ASSIGN(const auto result, environment.programs.run(program));
      if (result.exit_code != 0) {
        return fail(ErrorKind::failed, "schedule.no_timer",
                    jobs::typed(call) + " ended with " + std::to_string(result.exit_code),
                    "Where there is no systemd, this line in `crontab -e` does the same: " + timer.crontab_line);
      }
    }
    return {};
  };
  if (!is_installing) {
    ATOLL_TRY(run(timer.disable));
    for (const auto& unit : timer.units) ATOLL_TRY(environment.machine.files.remove_file(unit.path));
    session.output.message("The timer is gone; the schedules stay.");
    return kExitOk;
  }
  for (const auto& unit : timer.units) {
    ATOLL_TRY(platform::create_directories(environment.machine.files, platform::parent_of(unit.path)));
    ATOLL_TRY(platform::replace_whole(environment.machine.files, unit.path, as_bytes(unit.text)));
  }
  auto enabled = run(timer.enable);
  if (!enabled) {
    // Without systemd the units would only lie about.
    for (const auto& unit : timer.units) ignore_error_on_purpose(environment.machine.files.remove_file(unit.path));
    if (enabled.error().id != "schedule.no_timer") {
      return fail(ErrorKind::failed, "schedule.no_timer", enabled.error().message,
                  "Where there is no systemd, this line in `crontab -e` does the same: " + timer.crontab_line);
    }
    return pass(enabled.error());
  }
  session.output.message("Installed: systemd looks every five minutes what is due (" + timer.units.back().path + ").");
  return kExitOk;
}

}  // namespace

void add_schedule_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* schedule = app.add_subcommand("schedule", "Commands that run by the clock");
  schedule->require_subcommand(1);
  auto arguments = std::make_shared<AddArguments>();
  auto* add_command = schedule->add_subcommand("add", "Has a command run: add 'verify --sample 5%' --daily 03:00");
  add_command->add_option("command", arguments->command, "what to run, as one argument, without `atoll`")->required();
  add_command->add_option("--every", arguments->every, "15m, 6h: again after that time");
  add_command->add_flag("--hourly", arguments->is_hourly, "every hour");
  add_command->add_option("--daily", arguments->daily, "HH:MM, local time");
  add_command->add_option("--weekly", arguments->weekly, "'sun HH:MM'");
  add_command->add_option("--monthly", arguments->monthly, "'1 HH:MM'; a day that a month lacks is its last");
  add_command->add_option("--as", arguments->name, "a name for it");
  add_command
      ->add_option("--tell", arguments->news,
                   "who is told of failures: mail:ADDRESS, webhook:URL, command:/PATH (repeatable)")
      ->expected(1, 16)
      ->allow_extra_args(false);
  add_command->add_flag("--tell-success", arguments->tells_success, "and of success");
  add_command->callback(
      [&session, &chosen, arguments] { chosen.body = [&session, arguments] { return add(session, *arguments); }; });
  schedule->add_subcommand("list", "What runs when, how it went, what was missed")->callback([&session, &chosen] {
    chosen.body = [&session] { return list(session); };
  });
  auto name = std::make_shared<std::string>();
  auto* history_command = schedule->add_subcommand("history", "The last 50 runs of a schedule, newest first");
  history_command->add_option("name", *name, "as `schedule list` shows it")->required();
  history_command->callback(
      [&session, &chosen, name] { chosen.body = [&session, name] { return history(session, *name); }; });
  auto* remove_command = schedule->add_subcommand("remove", "Ends a schedule");
  remove_command->add_option("name", *name, "as `schedule list` shows it")->required();
  remove_command->callback([&session, &chosen, name] {
    chosen.body = [&session, name] {
      return session.with_writer([&](vault::Vault& vault) -> Result<int> {
        ATOLL_TRY(jobs::remove_schedule(vault, *name));
        return kExitOk;
      });
    };
  });
  auto names = std::make_shared<std::vector<std::string>>();
  auto only_due = std::make_shared<bool>(false);
  auto* run_command = schedule->add_subcommand("run", "Runs schedules now: those named, or --due");
  run_command->add_option("names", *names, "as `schedule list` shows them");
  run_command->add_flag("--due", *only_due, "what is due and was not run");
  run_command->callback([&session, &chosen, names, only_due] {
    chosen.body = [&session, names, only_due]() -> Result<int> {
      if (names->empty() && !*only_due)
        return fail(ErrorKind::usage, "schedule.which", "name a schedule, or say --due");
      return run_some(session, *names, *only_due);
    };
  });
  for (const bool is_installing : {true, false}) {
    auto* command =
        schedule->add_subcommand(is_installing ? "install" : "uninstall",
                                 is_installing ? "Has systemd look every five minutes what is due" : "Takes that back");
    command->add_flag("-n,--dry-run", session.options.is_dry_run, "only show the units, and the line for cron");
    command->callback([&session, &chosen, is_installing] {
      chosen.body = [&session, is_installing] { return install(session, is_installing); };
    });
  }
}

}  // namespace atl::cli
