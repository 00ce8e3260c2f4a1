// Jobs: what is being done and how it went, ended early, and watched.
#include "edge/rest/admin_facts.h"
#include "edge/rest/groups.h"
#include "edge/rest/job_kinds.h"

namespace atl::rest {

using access::Action;
using json::Value;

Value job_json(const server::JobFacts& facts) {
  Value out = Value::object();
  out.set("id", facts.id.text()).set("kind", facts.kind).set("vault", facts.vault_name).set("actor", facts.actor);
  out.set("state", server::name_of(facts.state)).set("created", format_rfc3339(facts.created));
  set_time(out, "started", facts.started);
  set_time(out, "ended", facts.ended);
  Value progress = Value::object();
  progress.set("step", facts.step).set("done", facts.done).set("total", facts.total);
  out.set("progress", std::move(progress));
  out.set("attempt", std::uint64_t{facts.attempt});
  if (facts.order.is_object()) out.set("order", facts.order);
  if (facts.result.is_object()) out.set("result", facts.result);
  if (!facts.error_id.empty())
    out.set("error", Value::object().set("id", facts.error_id).set("message", facts.message));
  return out;
}

namespace {

constexpr std::int64_t kStreamNs = 3'600LL * 1'000'000'000;
constexpr std::int64_t kHeartbeatNs = 15LL * 1'000'000'000;
constexpr std::uint32_t kPollMs = 250;

access::Resource place_of_job(const server::JobFacts& facts) {
  access::Resource out;
  out.vault = facts.vault;
  return out;
}

tl::unexpected<Error> no_job(const Call& call) {
  return fail(ErrorKind::not_found, "job.not_found", "there is no job " + call.path("id").substr(0, 80),
              "The last 100 of each vault are remembered.");
}

Result<net::Response> list_jobs(Call& call) {
  ATOLL_TRY(call.begin_filter(Call::Opens::nothing));
  bool may_any = call.exchange().may(Action::job_read, {});
  for (const auto& one : call.exchange().host.vaults()) {
    access::Resource resource;
    resource.vault = one.id;
    may_any = may_any || call.exchange().may(Action::job_read, resource);
  }
  if (!may_any) ATOLL_TRY(call.exchange().require(Action::job_read, {}));
  auto rows = call.exchange().host.jobs().list();
  const std::string state = call.text("state");
  std::erase_if(rows, [&](const server::JobFacts& facts) {
    return !call.exchange().may(Action::job_read, place_of_job(facts)) ||
           (!state.empty() && server::name_of(facts.state) != state);
  });
  return page_of(
      call, std::move(rows), "jobs", [](const auto& facts) { return facts.id.text(); }, job_json);
}

// Whoever may not see jobs of its vault is told the same as of one that is not there.
Result<server::JobFacts> find_job(Call& call) {
  ATOLL_TRY(call.begin_filter(Call::Opens::nothing));
  const auto id = JobId::parse(call.path("id"));
  const auto facts = id ? call.exchange().host.jobs().find(*id) : std::nullopt;
  if (facts && call.exchange().may(Action::job_read, place_of_job(*facts))) return *facts;
  if (call.who().principal.is_none() && !call.who().is_local_owner)
    ATOLL_TRY(call.exchange().require(Action::job_read, {}));
  return no_job(call);
}

Result<net::Response> show_job(Call& call) {
  ATOLL_ASSIGN(const auto facts, find_job(call));
  return ok(job_json(facts));
}

Result<net::Response> cancel_job(Call& call) {
  ATOLL_ASSIGN(const auto facts, find_job(call));
  ATOLL_TRY(call.exchange().require(Action::job_run, place_of_job(facts)));
  // What somebody may not start they may not end either.
  const JobKind* const kind = job_kind(facts.kind);
  if (kind != nullptr && kind->action != Action::job_run)
    ATOLL_TRY(call.exchange().require(kind->action, place_of_job(facts)));
  call.exchange().host.jobs().cancel(facts.id);  // one that has ended stays as it is
  return no_content();
}

// Server-sent events (HTML Living Standard, section 9.2): the facts with every change, at most four times a second, and
// a last `end` once it is over. Ends also once whoever watches may no longer.
class JobStream final : public net::BodySource {
 public:
  JobStream(server::Host& host, const JobId& id, access::Who who)
      : host_(&host),
        id_(id),
        who_(std::move(who)),
        begun_ns_(host.machine().clock.monotonic_ns()),
        last_sent_ns_(begun_ns_) {}

  [[nodiscard]] Result<net::Pulled> pull(ByteSpan out) override {
    const std::int64_t now = host_->machine().clock.monotonic_ns();
    if (text_.empty() && !is_over_) gather(now);
    if (text_.empty()) {
      if (is_over_) return net::Pulled{0, net::Pulled::State::end, 0, {}};
      return net::Pulled{0, net::Pulled::State::wait, kPollMs, {}};
    }
    last_sent_ns_ = now;
    const std::size_t count = std::min(out.size(), text_.size());
    std::ranges::copy(as_bytes(text_).first(count), out.begin());
    text_.erase(0, count);
    const auto when_empty = is_over_ ? net::Pulled::State::end : net::Pulled::State::wait;
    return net::Pulled{count, text_.empty() ? when_empty : net::Pulled::State::more, kPollMs, {}};
  }

 private:
  void gather(std::int64_t now) {
    const auto facts = host_->jobs().find(id_);
    const bool may = facts && host_->access().decide(who_, Action::job_read, place_of_job(*facts)).allowed;
    if (!may || host_->is_ending() || now - begun_ns_ > kStreamNs) {
      is_over_ = true;
      return;
    }
    if (facts->change != told_) {
      told_ = facts->change;
      is_over_ = facts->ended.unix_us != 0;
      text_ = "id: " + std::to_string(told_) + "\nevent: " + (is_over_ ? "end" : "progress") +
              "\ndata: " + job_json(*facts).text() + "\n\n";
    } else if (now - last_sent_ns_ >= kHeartbeatNs) {
      text_ = ": still here\n\n";
    }
  }

  server::Host* host_;
  JobId id_;
  access::Who who_;
  std::int64_t begun_ns_;
  std::int64_t last_sent_ns_;
  std::uint64_t told_ = 0;
  std::string text_;
  bool is_over_ = false;
};

Result<net::Response> watch_job(Call& call) {
  ATOLL_ASSIGN(const auto facts, find_job(call));
  net::Response response;
  response.headers.set("Content-Type", "text/event-stream");
  response.headers.set("X-Accel-Buffering", "no");
  if (call.request().method == "HEAD") return response;
  response.body = std::make_unique<JobStream>(call.exchange().host, facts.id, call.who());
  return response;
}

}  // namespace

std::vector<Operation> job_operations() {
  return {
      {.id = "job_list",
       .method = "GET",
       .path = "/api/v1/jobs",
       .tag = "jobs",
       .words = "What is being done, and how the last ones went, in the order in which they were asked for.",
       .guards = {{Action::job_read, Place::inside}},
       .query = {{"state",
                  ParameterType::text,
                  "Only these.",
                  {"waiting", "running", "done", "failed", "cancelled", "interrupted"}},
                 limit_parameter(),
                 cursor_parameter()},
       .answers = {{200, "JobList", "A page."}},
       .handler = list_jobs},
      {.id = "job_show",
       .method = "GET",
       .path = "/api/v1/jobs/{id}",
       .tag = "jobs",
       .words = "One job.",
       .guards = {{Action::job_read, Place::inside}},
       .answers = {{200, "Job", "The job."}},
       .handler = show_job},
      {.id = "job_cancel",
       .method = "DELETE",
       .path = "/api/v1/jobs/{id}",
       .tag = "jobs",
       .words = "Has a job end early; what it did so far stays.",
       .guards = {{Action::job_read, Place::inside}, {Action::job_run, Place::inside}},
       .answers = {{204, "", "It was told."}},
       .handler = cancel_job},
      {.id = "job_watch",
       .method = "GET",
       .path = "/api/v1/jobs/{id}/events",
       .tag = "jobs",
       .words = "The job with every change, as server-sent events; the last one is `end`.",
       .guards = {{Action::job_read, Place::inside}},
       .answers = {{200, kAnyBytes, "Events.", "text/event-stream"}},
       .handler = watch_job},
  };
}

std::vector<NamedSchema> job_schemas() {
  using namespace schema;
  return {
      {"JobProgress",
       object("How far a job is.", {required("step", text("What is being done.")), required("done", number("So much,")),
                                    required("total", number("of so much; 0: nobody knows."))})},
      {"JobError",
       object("Why a job failed.", {required("id", text("Stable.")), required("message", text("One sentence."))})},
      {"Job",
       object("Work that takes longer than a request.",
              {required("id", text("Its id.")), required("kind", text("gc, verify, checkpoint, tiers, copy_sync …")),
               required("vault", text("Where.")), required("actor", text("Who asked for it.")),
               required("state",
                        choice("How it is.", {"waiting", "running", "done", "failed", "cancelled", "interrupted"})),
               required("created", time("When it was asked for.")), optional("started", time("When it began.")),
               optional("ended", time("When it was over.")),
               required("attempt", number("2 and more: a restart of the server broke it off, and it was begun anew.")),
               optional("order", any_object("What was asked for.")), required("progress", reference("JobProgress")),
               optional("result", any_object("What it did.")), optional("error", reference("JobError"))})},
      {"JobList", list_schema("A page of jobs.", "jobs", "Job")},
  };
}

}  // namespace atl::rest
