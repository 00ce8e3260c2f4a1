// alarm list | history | kinds | set | tell | test
#include <CLI/CLI.hpp>

#include "edge/cli/accounts.h"
#include "edge/cli/commands.h"
#include "edge/cli/points.h"
#include "services/jobs/from_elsewhere.h"

namespace atl::cli {
namespace {

using observe::Level;

std::string painted(Session& session, Level level) {
  const std::string name(observe::name_of(level));
  if (level >= Level::warning) return session.output.red(name);
  return level == Level::unknown ? name : session.output.green(name);
}

Result<int> list(Session& session, bool all) {
  ATOLL_ASSIGN(const auto health, health_of(session, Looks::closely));
  std::size_t shown_count = 0;
  for (const auto& alarm : health->alarms) {
    if (!all && alarm.level < Level::warning) continue;
    ++shown_count;
    if (session.output.is_json) {
      session.output.json(JsonObject("alarm").add_raw("alarm", json_text(alarm)));
      continue;
    }
    session.output.line(painted(session, alarm.level) + "   " + alarm.kind +
                        (alarm.subject.empty() ? "" : " (" + shown(alarm.subject) + ")") + "   " + shown(alarm.words) +
                        (alarm.level >= Level::warning && !alarm.advice.empty() ? "   " + alarm.advice : ""));
  }
  if (session.output.is_json) {
    session.output.json(JsonObject("summary").add("level", observe::name_of(health->level)));
  } else if (shown_count == 0) {
    session.output.line("No alarm.");
  }
  return kExitOk;
}

// The history is kept by the server: without one there is none.
Result<observe::Observer*> require_observer(const Session& session) {
  if (observe::Observer* const observer = served_observer(session); observer != nullptr) return observer;
  return fail(ErrorKind::conflict, "alarm.no_server", "no server runs that could tell",
              "`atoll serve` watches the home while it runs.");
}

Result<int> history(Session& session) {
  ATOLL_ASSIGN(observe::Observer* const observer, require_observer(session));
  for (const auto& change : observer->health()->history) {
    if (session.output.is_json) {
      session.output.json(JsonObject("alarm_change").add_raw("change", observe::json_of(change).text()));
      continue;
    }
    session.output.line(format_rfc3339(change.time) + "   " +
                        (change.to >= Level::warning ? painted(session, change.to) : "well again") + "   " +
                        change.kind + (change.subject.empty() ? "" : " (" + shown(change.subject) + ")") + "   " +
                        shown(change.words));
  }
  return kExitOk;
}

Result<int> kinds(Session& session) {
  return with_accounts(session, Opens::to_read, [&](access::Access& accounts) -> Result<int> {
    const auto settings = observe::settings_of(accounts.view()->rows().settings);
    for (const auto& kind : observe::kAlarmKinds) {
      const auto set = settings.limits.find(kind.name);
      const auto limits = set == settings.limits.end() ? observe::default_limits(kind) : set->second;
      if (session.output.is_json) {
        session.output.json(JsonObject("alarm_kind")
                                .add("name", kind.name)
                                .add("limits", observe::words_of(kind, limits))
                                .add("is_set", set != settings.limits.end())
                                .add("words", kind.words));
      } else {
        session.output.line(std::string(kind.name) + "   " + observe::words_of(kind, limits) +
                            (set == settings.limits.end() ? "" : " (set)") + "   " + std::string(kind.words));
      }
    }
    for (const std::string& address : settings.news)
      if (!session.output.is_json) session.output.line("told: " + shown(address));
    return kExitOk;
  });
}

Result<int> set_limits(Session& session, const std::string& name, const std::string& text) {
  const observe::AlarmKind* const kind = observe::find_kind(name);
  if (kind == nullptr) {
    return fail(ErrorKind::usage, "alarm.unknown", "there is no alarm \"" + name + "\"",
                "`atoll alarm kinds` lists them.");
  }
  const bool is_reset = text == "default";
  observe::Limits limits = observe::default_limits(*kind);
  if (!is_reset) {
    ATOLL_ASSIGN(limits, observe::parse_limits(*kind, text));
  }
  return with_accounts(session, Opens::to_write, [&](access::Access& accounts) -> Result<int> {
    ATOLL_TRY(accounts.set_home_setting(asker(session), std::string(observe::kLimitsPrefix) + name,
                                        is_reset ? std::string() : text));
    session.output.message(name + ": " + observe::words_of(*kind, limits) + ".");
    return kExitOk;
  });
}

struct TellArguments {
  std::vector<std::string> addresses;
  bool is_nobody = false;
};

Result<int> set_news(Session& session, const TellArguments& arguments) {
  if (arguments.is_nobody != arguments.addresses.empty()) {
    return fail(ErrorKind::usage, "alarm.whom", "either addresses or --nobody",
                "Possible are: mail:ADDRESS, webhook:URL, command:/PATH.");
  }
  for (const std::string& address : arguments.addresses) ATOLL_TRY(jobs::check_address(address));
  const bool is_elsewhere = session.environment.served != nullptr && !session.environment.served->who().is_local_owner;
  return with_accounts(session, Opens::to_write, [&](access::Access& accounts) -> Result<int> {
    if (is_elsewhere) {
      const auto held = observe::settings_of(accounts.view()->rows().settings).news;
      ATOLL_TRY(jobs::check_from_elsewhere(arguments.addresses, held));
    }
    ATOLL_TRY(accounts.set_home_setting(asker(session), std::string(observe::kNewsName),
                                        observe::row_of_news(arguments.addresses)));
    session.output.message(arguments.is_nobody ? "Nobody is told of alarms."
                                               : "Told from the next look on; `atoll alarm test` tries it.");
    return kExitOk;
  });
}

Result<int> test_news(Session& session) {
  ATOLL_ASSIGN(observe::Observer* const observer, require_observer(session));
  std::size_t failed = 0;
  const auto answers = observer->try_news();
  for (const auto& one : answers) {
    if (one.trouble.empty()) continue;
    ++failed;
    session.output.warning("news.not_told", one.trouble);
  }
  if (answers.empty())
    return fail(ErrorKind::conflict, "alarm.nobody", "nobody is to be told", "atoll alarm tell mail:ADDRESS");
  session.output.message("Told " + std::to_string(answers.size() - failed) + " of " + std::to_string(answers.size()) +
                         ".");
  return failed == 0 ? kExitOk : kExitFailed;
}

}  // namespace

void add_alarm_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* verb = app.add_subcommand("alarm", "What is wrong now, from when on it counts as wrong, and who is told");
  verb->require_subcommand(1);
  auto all = std::make_shared<bool>(false);
  auto* list_verb = verb->add_subcommand("list", "What is wrong now");
  list_verb->add_flag("--all", *all, "with what is well, and what is not known");
  list_verb->callback([&session, &chosen, all] { chosen.body = [&session, all] { return list(session, *all); }; });
  verb->add_subcommand("history", "What was wrong, newest first")->callback([&session, &chosen] {
    chosen.body = [&session] { return history(session); };
  });
  verb->add_subcommand("kinds", "Everything that is watched, with its limits")->callback([&session, &chosen] {
    chosen.body = [&session] { return kinds(session); };
  });
  auto name = std::make_shared<std::string>();
  auto limits = std::make_shared<std::string>();
  auto* set_verb = verb->add_subcommand("set", "From when on something is an alarm");
  set_verb->add_option("name", *name, "capacity …; `atoll alarm kinds`")->required();
  set_verb->add_option("limits", *limits, "WARNING, WARNING:CRITICAL, off, on or default")->required();
  set_verb->callback([&session, &chosen, name, limits] {
    chosen.body = [&session, name, limits] { return set_limits(session, *name, *limits); };
  });
  auto told = std::make_shared<TellArguments>();
  auto* tell_verb =
      verb->add_subcommand("tell", "Who is told when an alarm is raised or ends, in place of who was before");
  tell_verb->add_option("address", told->addresses, "mail:ADDRESS, webhook:URL or command:/PATH; several");
  tell_verb->add_flag("--nobody", told->is_nobody, "nobody any more");
  tell_verb->callback(
      [&session, &chosen, told] { chosen.body = [&session, told] { return set_news(session, *told); }; });
  verb->add_subcommand("test", "Tell them that this is a test")->callback([&session, &chosen] {
    chosen.body = [&session] { return test_news(session); };
  });
}

}  // namespace atl::cli
