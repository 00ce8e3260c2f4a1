// What proved that the data is there: past verifies and restore drills, and a drill now.
// Always true: a drill is the program's own command on the server's machine, into a folder for temporary files there,
// which it leaves empty.
#include "vault/checks.h"
#include "edge/rest/admin_facts.h"
#include "edge/rest/groups.h"
#include "edge/rest/job_kinds.h"
#include "services/jobs/schedules.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

constexpr std::uint64_t kObjectsMax = 10'000;
constexpr int kExitDamage = 22;  // of the command

Value check_json(const vault::PastCheck& check) {
  Value out = Value::object();
  out.set("kind", check.kind).set("name", check.name).set("started", format_rfc3339(check.started));
  out.set("seconds", check.seconds).set("is_ok", check.is_ok);
  return out.set("bytes", check.bytes).set("problems", check.problems);
}

Result<net::Response> list_checks(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const auto checks, vault::past_checks(*vault));
  const std::uint64_t limit = call.number("limit", vault::kChecksKept);
  Value list = Value::array();
  for (std::size_t i = 0; i < checks.size() && i < limit; ++i) list.push(check_json(checks[i]));
  return ok(Value::object().set("checks", std::move(list)));
}

Result<net::Response> start_drill(Call& call) {
  ATOLL_ASSIGN(const std::string copy, call.body().text_of("copy"));
  if (!copy.empty()) {
    ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
    ATOLL_ASSIGN(const auto rows, vault->reader()->all<catalog::CopyRow>());
    if (std::ranges::find(rows, copy, &catalog::CopyRow::name) == rows.end()) {
      return fail(ErrorKind::not_found, "copy.not_found", "there is no copy \"" + copy.substr(0, 80) + "\"",
                  "GET /api/v1/copies lists them.");
    }
  }
  return start_job(call, "drill", call.body());
}

}  // namespace

// As with a schedule's command, nothing is held while it runs: it comes back to this server.
Result<Value> drill_work(JobContext& job, const Value& order) {
  ATOLL_ASSIGN(const std::string copy, order.text_of("copy"));
  ATOLL_ASSIGN(const std::uint64_t objects, order.number_of("objects"));
  jobs::Schedule drill;
  drill.row.name = "drill";
  drill.row.words = {"drill"};
  if (!copy.empty()) drill.row.words.push_back("--copy=" + copy);
  if (objects > 0) drill.row.words.push_back("--objects=" + std::to_string(objects));
  ATOLL_ASSIGN(const auto run, run_own_command(job, drill));
  // Not a failure of the job: that it did not get everything back is what one wanted to know.
  if (run.exit_code != 0 && run.exit_code != kExitDamage)
    return fail(ErrorKind::failed, "drill.not_run", "the drill did not come to its end: " + run.output);
  Value out = Value::object();
  out.set("is_good", run.exit_code == 0).set("seconds", run.seconds);
  set_name(out, "output", run.output);
  return out;
}

std::vector<Operation> check_operations() {
  return {
      {.id = "check_list",
       .method = "GET",
       .path = "/api/v1/checks",
       .tag = "upkeep",
       .words = "Past verifies and restore drills, newest first: at most 50 of each kind.",
       .guards = {{Action::status, Place::vault}},
       .query = {{"limit", ParameterType::number, "At most so many.", {}, 1, 1'000}},
       .answers = {{200, "CheckList", "What was checked."}},
       .handler = list_checks},
      {.id = "drill_start",
       .method = "POST",
       .path = "/api/v1/drill",
       .tag = "upkeep",
       .words =
           "Restores a random sample on the server's machine, from this vault or from a copy, compares it with what "
           "was stored, and removes it again. A job.",
       .guards = {{Action::schedule, Place::vault}, {Action::server_admin, Place::home}},
       .body = "DrillOrder",
       .answers = {{202, "Job", "It waits or runs; Location says where to look."}},
       .handler = start_drill},
  };
}

std::vector<NamedSchema> check_schemas() {
  using namespace schema;
  return {
      {"Check", object("One that was made.",
                       {required("kind", text("verify, drill.")),
                        required("name", text("data: every byte; sample; structure. restore, copy NAME.")),
                        required("started", time("When.")), required("seconds", ratio("How long.")),
                        required("is_ok", flag("Nothing was found.")), required("bytes", number("That were read.")),
                        required("problems", number("Places with damage; objects that did not come back."))})},
      {"CheckList", object("What was checked.", {required("checks", list(reference("Check")))})},
      {"DrillOrder",
       object("What is to be restored.", {optional("copy", text("From this copy, by way of a home made from it.", 200)),
                                          optional("objects", number("So many; 100.", 1, kObjectsMax))})},
  };
}

}  // namespace atl::rest
