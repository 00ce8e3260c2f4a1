// Commands that run by the clock: made, listed, run now, ended.
//
// Always true: of what names paths, programs or keys of the server's machine nothing is taken (from_elsewhere.h).
#include "edge/rest/admin_facts.h"
#include "edge/rest/groups.h"
#include "edge/rest/job_kinds.h"
#include "services/jobs/from_elsewhere.h"
#include "services/jobs/schedules.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

jobs::LocalTime local_time(const server::Host& host) {
  return [programs = host.settings().programs](Timestamp time) {
    return programs == nullptr ? std::int64_t{0} : programs->local_time_ahead_s(time);
  };
}

Value schedule_json(const jobs::Schedule& one) {
  Value out = Value::object();
  out.set("name", one.row.name).set("command", jobs::typed(one.row.words)).set("rule", one.row.rule);
  Value news = Value::array();
  for (const auto& address : one.row.news) news.push(address);
  out.set("tell", std::move(news)).set("tell_success", one.row.tells_success).set("actor", one.row.actor);
  out.set("created", format_rfc3339(one.row.created)).set("next", format_rfc3339(one.next_due));
  out.set("is_due", one.is_due).set("is_missed", one.is_missed);
  Value runs = Value::array();
  if (one.last_run) {
    for (const auto& run : jobs::past_runs(*one.last_run)) {
      runs.push(Value::object()
                    .set("started", format_rfc3339(run.started))
                    .set("exit_code", std::uint64_t{static_cast<unsigned>(run.exit_code)})
                    .set("seconds", run.seconds));
    }
  }
  return out.set("runs", std::move(runs));
}

Result<jobs::Schedule> find_schedule(vault::Vault& vault, const server::Host& host, const std::string& name) {
  ATOLL_ASSIGN(auto all, jobs::schedules(vault, local_time(host)));
  for (auto& one : all)
    if (one.row.name == name) return std::move(one);
  return fail(ErrorKind::not_found, "schedule.not_found", "there is no schedule \"" + name.substr(0, 80) + "\"",
              "GET /api/v1/schedules lists them.");
}

Result<net::Response> list_schedules(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(auto all, jobs::schedules(*vault, local_time(call.exchange().host)));
  return page_of(
      call, std::move(all), "schedules", [](const auto& one) -> const std::string& { return one.row.name; },
      schedule_json);
}

Result<net::Response> show_schedule(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const auto one, find_schedule(*vault, call.exchange().host, call.path("name")));
  return ok(schedule_json(one));
}

Result<net::Response> add_schedule(Call& call) {
  const Value& body = call.body();
  catalog::ScheduleRow row;
  ATOLL_ASSIGN(const std::string command, body.text_of("command"));
  ATOLL_ASSIGN(row.words, jobs::split_words(command));
  ATOLL_ASSIGN(row.rule, body.text_of("rule"));
  ATOLL_ASSIGN(row.name, body.text_of("name"));
  if (body.find("tell") != nullptr) {
    ATOLL_ASSIGN(row.news, body.list_of("tell"));
  }
  ATOLL_ASSIGN(row.tells_success, body.flag_of("tell_success"));
  if (!call.who().is_local_owner) ATOLL_TRY(jobs::check_from_elsewhere(row));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const auto added, jobs::add_schedule(*vault, row));
  ATOLL_ASSIGN(const auto one, find_schedule(*vault, call.exchange().host, added.name));
  return created(schedule_json(one));
}

Result<net::Response> remove_schedule(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_TRY(jobs::remove_schedule(*vault, call.path("name")));
  return no_content();
}

Result<net::Response> run_schedule(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_TRY(find_schedule(*vault, call.exchange().host, call.path("name")));
  return start_job(call, "schedule_run", Value::object().set("name", call.path("name")));
}

}  // namespace

// The program comes back to this server: nothing is held while it runs.
Result<jobs::ScheduleRun> run_own_command(JobContext& job, const jobs::Schedule& schedule) {
  const server::HostSettings& settings = job.host.settings();
  if (settings.programs == nullptr)
    return fail(ErrorKind::unsupported, "schedule.no_programs", "this server cannot run programs");
  std::string vault_name;
  {
    ATOLL_ASSIGN(const auto use, job.use());
    vault_name = use.name();
  }
  return jobs::run_schedule(*settings.programs, job.host.machine().clock, schedule,
                            {"--home", settings.home_folder, "--vault", vault_name});
}

Result<Value> schedule_run_work(JobContext& job, const Value& order) {
  ATOLL_ASSIGN(const std::string name, order.text_of("name"));
  jobs::Schedule schedule;
  {
    ATOLL_ASSIGN(const auto use, job.use());
    ATOLL_ASSIGN(schedule, find_schedule(use.vault(), job.host, name));
  }
  const Timestamp started = job.host.machine().clock.now();
  ATOLL_ASSIGN(const auto run, run_own_command(job, schedule));
  ATOLL_ASSIGN(const auto use, job.use());
  ATOLL_TRY(jobs::remember_run(use.vault(), run, started));
  Value not_told = Value::array();
  for (const auto& one : run.not_told) not_told.push(one);
  Value out = Value::object();
  out.set("name", run.name).set("command", run.command);
  out.set("exit_code", std::uint64_t{static_cast<unsigned>(run.exit_code)}).set("seconds", run.seconds);
  set_name(out, "output", run.output);
  return out.set("not_told", std::move(not_told));
}

std::vector<Operation> schedule_operations() {
  constexpr std::string_view kOne = "/api/v1/schedules/{name}";
  const std::vector<Guard> guards{{Action::schedule, Place::vault}};
  return {
      {.id = "schedule_list",
       .method = "GET",
       .path = "/api/v1/schedules",
       .tag = "schedules",
       .words = "Commands that run by the clock, and how they went.",
       .guards = guards,
       .query = {limit_parameter(), cursor_parameter()},
       .answers = {{200, "ScheduleList", "A page, by name."}},
       .handler = list_schedules},
      {.id = "schedule_create",
       .method = "POST",
       .path = "/api/v1/schedules",
       .tag = "schedules",
       .words = "Has a command run by the clock.\nFrom another machine: verify, gc, drill, tier run, copy sync and "
                "verify, snapshot create and prune, journal checkpoint, without options that name files, keys or "
                "programs of the server's machine.",
       .guards = {{Action::schedule, Place::vault}, {Action::server_admin, Place::home}},
       .body = "NewSchedule",
       .answers = {{201, "Schedule", "It was made."}},
       .handler = add_schedule},
      {.id = "schedule_show",
       .method = "GET",
       .path = kOne,
       .tag = "schedules",
       .words = "One schedule, with its last 50 runs.",
       .guards = guards,
       .answers = {{200, "Schedule", "The schedule."}},
       .handler = show_schedule},
      {.id = "schedule_delete",
       .method = "DELETE",
       .path = kOne,
       .tag = "schedules",
       .words = "Ends a schedule.",
       .guards = guards,
       .answers = {{204, "", "It is gone."}},
       .handler = remove_schedule},
      {.id = "schedule_run",
       .method = "POST",
       .path = "/api/v1/schedules/{name}/run",
       .tag = "schedules",
       .words = "Runs its command now. A job.",
       .guards = guards,
       .answers = {{202, "Job", "It waits or runs; Location says where to look."}},
       .handler = run_schedule},
  };
}

std::vector<NamedSchema> schedule_schemas() {
  using namespace schema;
  return {
      {"ScheduleRun",
       object("That it ran.", {required("started", time("When.")), required("exit_code", number("0: good.")),
                               required("seconds", ratio("How long."))})},
      {"Schedule",
       object("A command that runs by the clock.",
              {required("name", text("Its name.")), required("command", text("As one types it behind `atoll`.")),
               required("rule", text("daily 03:00, weekly sun 03:00, monthly 1 03:00, hourly, every 15m.")),
               required("tell", list(text("mail:ADDRESS, webhook:URL, command:PATH."))),
               required("tell_success", flag("Also when it went well.")), required("actor", text("Who made it.")),
               required("created", time("When.")), required("next", time("When it runs next.")),
               required("is_due", flag("It should have run and did not.")),
               required("is_missed", flag("That was long ago.")),
               required("runs", list(reference("ScheduleRun"), "Newest first."))})},
      {"ScheduleList", list_schema("A page of schedules.", "schedules", "Schedule")},
      {"NewSchedule",
       object("What is to run when.",
              {required("command", text("Without `atoll`: verify --sample 5%.", 4096)),
               required("rule", text("daily 03:00, weekly sun 03:00, monthly 1 03:00, hourly, every 15m.", 100)),
               optional("name", text("Else from the command.", 200)),
               optional("tell", list(text("mail:ADDRESS, webhook:URL: told when it fails.", 1000))),
               optional("tell_success", flag("Also when it went well."))})},
  };
}

}  // namespace atl::rest
