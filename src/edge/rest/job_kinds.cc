#include "edge/rest/job_kinds.h"

#include <algorithm>
#include <array>

#include "edge/rest/admin_facts.h"
#include "edge/server/job_store.h"

namespace atl::rest {
namespace {

using access::Action;

constexpr std::array kKinds = {
    JobKind{"gc", collect_work, Action::collect},
    JobKind{"verify", verify_work, Action::verify},
    JobKind{"checkpoint", checkpoint_work},
    JobKind{"tiers", tiers_work},
    JobKind{"copy_sync", copy_sync_work, Action::copy_manage},
    JobKind{"copy_verify", copy_verify_work, Action::copy_manage},
    JobKind{"copy_repair", copy_repair_work, Action::copy_manage},
    JobKind{"repair", repair_work, Action::copy_manage},
    JobKind{"schedule_run", schedule_run_work, Action::schedule, false},
    JobKind{"drill", drill_work, Action::schedule},
};

server::JobRunner::Work work_of(server::Host& host, const JobKind& kind, const server::JobFacts& facts,
                                vault::Caller caller) {
  return [&host, work = kind.work, id = facts.vault, order = facts.order,
          caller = std::move(caller)](server::JobRunner::Progress& progress) {
    JobContext job{host, id, caller, progress};
    return work(job, order);
  };
}

// Never begun anew: what it was and how far it came is all there is to tell.
void note_interrupted(server::Host& host, server::JobFacts facts) {
  facts.state = server::JobState::interrupted;
  facts.ended = host.machine().clock.now();
  facts.error_id = "job.interrupted";
  facts.message = "the server ended while it ran";
  const auto use = host.use(facts.vault, {facts.actor, "server", ""});
  if (use) ignore_error_on_purpose(server::save_job(use->vault(), facts));
  host.jobs().remember(std::move(facts));
}

}  // namespace

std::span<const JobKind> job_kinds() { return kKinds; }

const JobKind* job_kind(std::string_view name) {
  const auto found = std::ranges::find(kKinds, name, &JobKind::name);
  return found == kKinds.end() ? nullptr : &*found;
}

Result<server::JobFacts> start_job(server::Host& host, std::string_view kind, const server::Host::Listed& vault,
                                   json::Value order, const vault::Caller& caller) {
  const JobKind* const row = job_kind(kind);
  ATOLL_INVARIANT(row != nullptr, "a job of an unknown kind");
  server::JobFacts wanted;
  wanted.vault = vault.id;
  wanted.vault_name = vault.name;
  wanted.kind = kind;
  wanted.order = std::move(order);
  wanted.actor = caller.actor;
  auto work = work_of(host, *row, wanted, caller);
  return host.jobs().start(std::move(wanted), std::move(work));
}

Result<net::Response> start_job(Call& call, std::string_view kind, json::Value order) {
  server::Host::Listed vault;
  {
    // Given back before the job is written down: that takes a share of its own.
    ATOLL_ASSIGN(const auto use, call.take_vault());
    vault = {use.id(), use.name()};
  }
  ATOLL_ASSIGN(const auto facts,
               start_job(call.exchange().host, kind, vault, std::move(order), call.exchange().caller()));
  auto response = server::json_response(202, job_json(facts));
  response.headers.set("Location", call.exchange().path_prefix + "/api/v1/jobs/" + facts.id.text());
  return response;
}

void take_up_jobs(server::Host& host, const VaultId& vault) {
  std::vector<server::JobFacts> known;
  std::string vault_name;
  if (const auto use = host.use(vault, {"server", "", ""}); use) {
    vault_name = use->name();
    known = server::load_jobs(use->vault()).value_or(std::vector<server::JobFacts>());
  }
  for (server::JobFacts& facts : known) {
    facts.vault = vault;
    facts.vault_name = vault_name;
    if (facts.ended.unix_us != 0) {
      host.jobs().remember(std::move(facts));
      continue;
    }
    const JobKind* const kind = job_kind(facts.kind);
    const bool is_old = host.machine().clock.now().unix_us - facts.created.unix_us > kBegunAnewWithinUs;
    if (kind == nullptr || !kind->is_begun_anew || facts.attempt >= kAttemptsMax || is_old) {
      note_interrupted(host, std::move(facts));
      continue;
    }
    ++facts.attempt;
    facts.started = {};
    auto work = work_of(host, *kind, facts, {facts.actor, "server", ""});
    ignore_error_on_purpose(host.jobs().start(std::move(facts), std::move(work)));
  }
}

}  // namespace atl::rest
