// What jobs there are, as rows: the work of each, and who may end it early. A job is begun from its kind and its order
// alone, so that one which the end of the server broke off can be begun anew.
//
// Always true:
//  - All work is safe to begin anew: what was done counts, and is not done twice.
//  - An order was checked by whoever started the job; work checks again what could harm.
#pragma once

#include <span>
#include <string_view>

#include "edge/rest/call.h"
#include "edge/server/host.h"
#include "services/jobs/schedules.h"

namespace atl::rest {

struct JobContext {
  server::Host& host;
  VaultId vault;
  vault::Caller caller;
  server::JobRunner::Progress& progress;
  [[nodiscard]] Result<server::VaultUse> use() const { return host.use(vault, caller); }
};

using JobWork = Result<json::Value> (*)(JobContext& job, const json::Value& order);

struct JobKind {
  std::string_view name;  // "gc": stored with jobs
  JobWork work = nullptr;
  access::Action action = access::Action::job_run;  // what it takes to start it, and beside job_run to end it
  // False: it starts something else, which may have gone on without the server.
  bool is_begun_anew = true;
};

[[nodiscard]] std::span<const JobKind> job_kinds();
[[nodiscard]] const JobKind* job_kind(std::string_view name);  // null: none

// Begins a job of this kind in the name of `caller`, for whom it was decided before that he may.
[[nodiscard]] Result<server::JobFacts> start_job(server::Host& host, std::string_view kind,
                                                 const server::Host::Listed& vault, json::Value order,
                                                 const vault::Caller& caller);
// Answers 202 with the schema "Job". The call's share in the vault ends.
[[nodiscard]] Result<net::Response> start_job(Call& call, std::string_view kind, json::Value order);
// What an earlier run of the server left: what had ended is listed again, what had not is begun anew, at most
// kAttemptsMax times in all, and not where it was asked for longer ago than a day: what was meant then (a clock that
// was trusted, a horizon) need not be right now.
inline constexpr unsigned kAttemptsMax = 3;
inline constexpr std::int64_t kBegunAnewWithinUs = 24LL * 3600 * 1'000'000;
void take_up_jobs(server::Host& host, const VaultId& vault);

// Upkeep (admin_upkeep.cc).
[[nodiscard]] Result<json::Value> collect_work(JobContext& job, const json::Value& order);
[[nodiscard]] Result<json::Value> verify_work(JobContext& job, const json::Value& order);
[[nodiscard]] Result<json::Value> checkpoint_work(JobContext& job, const json::Value& order);
[[nodiscard]] Result<json::Value> tiers_work(JobContext& job, const json::Value& order);
// Copies (admin_copies.cc).
[[nodiscard]] Result<json::Value> copy_sync_work(JobContext& job, const json::Value& order);
[[nodiscard]] Result<json::Value> copy_verify_work(JobContext& job, const json::Value& order);
[[nodiscard]] Result<json::Value> copy_repair_work(JobContext& job, const json::Value& order);
// Packs that the vault could not read, fetched from whichever copy has them whole: RepairWatch begins it.
[[nodiscard]] Result<json::Value> repair_work(JobContext& job, const json::Value& order);
// Schedules (admin_schedules.cc).
[[nodiscard]] Result<json::Value> schedule_run_work(JobContext& job, const json::Value& order);
// Runs the program itself, with this home and vault. It is not remembered as a run of the schedule.
[[nodiscard]] Result<jobs::ScheduleRun> run_own_command(JobContext& job, const jobs::Schedule& schedule);
// Checks (checks.cc).
[[nodiscard]] Result<json::Value> drill_work(JobContext& job, const json::Value& order);

}  // namespace atl::rest
