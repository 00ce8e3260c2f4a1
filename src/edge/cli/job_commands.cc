// job list | cancel: what a running server is at beside requests.
#include <CLI/CLI.hpp>

#include "edge/cli/commands.h"
#include "foundation/base/units.h"

namespace atl::cli {
namespace {

Result<ServedVaults*> require_server(const Session& session) {
  if (session.environment.served != nullptr) return session.environment.served;
  return fail(ErrorKind::conflict, "job.no_server", "no server runs that could be at something",
              "`atoll serve` does long work beside requests; without it each command does its own.");
}

std::string progress_of(const ServedJob& job) {
  if (job.total == 0) return job.step;
  const double percent = 100.0 * static_cast<double>(job.done) / static_cast<double>(job.total);
  return (job.step.empty() ? "" : job.step + " ") + std::to_string(static_cast<int>(percent)) + " %";
}

Result<int> list(Session& session, bool all) {
  ATOLL_ASSIGN(ServedVaults* const server, require_server(session));
  std::size_t shown_count = 0;
  for (const ServedJob& job : server->jobs()) {
    const bool has_ended = job.ended.unix_us != 0;
    if (has_ended && !all) continue;
    ++shown_count;
    if (session.output.is_json) {
      JsonObject object("job");
      object.add("id", job.id).add("kind", job.kind).add("vault", job.vault_name).add("actor", job.actor);
      object.add("state", job.state).add("created", format_rfc3339(job.created));
      object.add("ended", has_ended ? format_rfc3339(job.ended) : "").add("step", job.step);
      object.add("done", job.done).add("total", job.total).add("message", job.message);
      session.output.json(object);
      continue;
    }
    std::string line = job.id + "   " + job.kind + "   vault " + shown(job.vault_name) + "   " + job.state;
    if (!has_ended && !progress_of(job).empty()) line += ": " + shown(progress_of(job));
    line += "   since " + format_rfc3339(job.created) + " by " + shown(job.actor);
    if (has_ended) line += "   ended " + format_rfc3339(job.ended);
    if (!job.message.empty()) line += "   " + shown(job.message);
    session.output.line(line);
  }
  if (shown_count == 0 && !session.output.is_json)
    session.output.message(all ? "No job yet." : "Nothing is under way. --all shows what ended, too.");
  return kExitOk;
}

Result<int> cancel(Session& session, const std::string& id) {
  ATOLL_ASSIGN(ServedVaults* const server, require_server(session));
  ATOLL_TRY(server->cancel_job(id));
  session.output.message("It ends as soon as it can; what is done stays done.");
  return kExitOk;
}

}  // namespace

void add_job_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* verb = app.add_subcommand("job", "Long work of a running server: checks, gc, copies, repairs");
  verb->require_subcommand(1);
  auto all = std::make_shared<bool>(false);
  auto* list_verb = verb->add_subcommand("list", "What is under way, newest first");
  list_verb->add_flag("--all", *all, "and what ended, the last hundred");
  list_verb->callback([&session, &chosen, all] { chosen.body = [&session, all] { return list(session, *all); }; });
  auto id = std::make_shared<std::string>();
  auto* cancel_verb = verb->add_subcommand("cancel", "End a job");
  cancel_verb->add_option("id", *id, "as `atoll job list` shows it")->required();
  cancel_verb->callback([&session, &chosen, id] { chosen.body = [&session, id] { return cancel(session, *id); }; });
}

}  // namespace atl::cli
