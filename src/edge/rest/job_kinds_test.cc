#include "edge/rest/job_kinds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "edge/rest/testing/rest_world.h"
#include "edge/server/job_store.h"

namespace atl::rest {
namespace {

using server::JobFacts;
using server::JobState;
using testing::RestWorld;
using vault::testing::told;

JobFacts left_behind(RestWorld& world, const std::string& kind, unsigned attempt) {
  JobFacts facts;
  facts.id = platform::new_id<JobId>(world.machine().machine());
  facts.kind = kind;
  facts.actor = "ada";
  facts.attempt = attempt;
  facts.state = JobState::running;
  facts.created = world.machine().machine().clock.now();
  facts.order = json::Value::object().set("reads_data", true);
  EXPECT_EQ(told(server::save_job(world.vault(), facts)), "ok");
  return facts;
}

// Jobs run on threads of their own: a minute at most.
JobState state_at_end(RestWorld& world, const JobId& id) {
  for (int i = 0; i < 6'000; ++i) {
    const auto facts = world.host().jobs().find(id);
    if (facts && facts->ended.unix_us != 0) return facts->state;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return JobState::waiting;
}

TEST(JobKinds, HaveNamesOfTheirOwn) {
  for (const JobKind& kind : job_kinds()) {
    EXPECT_EQ(job_kind(kind.name), &kind);
    EXPECT_NE(kind.work, nullptr);
  }
  EXPECT_EQ(job_kind("nothing"), nullptr);
}

TEST(JobKinds, WhatTheLastServerLeftIsBegunAnewUnderItsId) {
  RestWorld world;
  const auto old = left_behind(world, "verify", 1);
  world.machine().clock.advance_us(kBegunAnewWithinUs + 1);
  const auto verify = left_behind(world, "verify", 1);
  const auto tired = left_behind(world, "verify", kAttemptsMax);
  const auto run = left_behind(world, "schedule_run", 1);
  const auto unknown = left_behind(world, "of a newer program", 1);
  take_up_jobs(world.host(), world.host().vaults().front().id);
  EXPECT_EQ(state_at_end(world, verify.id), JobState::done);
  const auto again = world.host().jobs().find(verify.id).value_or(JobFacts{});
  EXPECT_EQ(again.attempt, 2U);
  EXPECT_EQ(again.actor, "ada");
  EXPECT_TRUE(again.result.flag_of("is_clean").value_or(false));
  for (const JobId& id : {old.id, tired.id, run.id, unknown.id}) {
    EXPECT_EQ(state_at_end(world, id), JobState::interrupted);
    EXPECT_EQ(world.host().jobs().find(id)->error_id, "job.interrupted");
  }
  // And the vault knows it, so that the next start leaves them alone.
  const auto rows = server::load_jobs(world.vault()).value();
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_TRUE(std::ranges::all_of(rows, [](const JobFacts& facts) { return facts.ended.unix_us != 0; }));
}

TEST(JobKinds, WhatEndedIsListedAfterARestart) {
  RestWorld world;
  const auto done = world.ask_json("POST", "/api/v1/verify", "{}");
  ASSERT_EQ(done.status, 202U);
  const std::string target = "/api/v1/jobs/" + done.text("id");
  EXPECT_EQ(world.ask("GET", target).text("state"), "done");
  const auto rows = server::load_jobs(world.vault()).value();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].state, JobState::done);
  EXPECT_EQ(rows[0].id.text(), done.text("id"));
  EXPECT_TRUE(rows[0].result.is_object());
}

TEST(Schedules, FromElsewhereRunOnlyWhatNamesNothingOfTheServersMachine) {
  RestWorld world;
  const auto made = [&](const std::string& command, const std::string& more = "") {
    return world
        .ask_json("POST", "/api/v1/schedules",
                  R"({"command": ")" + command + R"(", "rule": "daily 03:00")" + more + "}")
        .status;
  };
  EXPECT_EQ(made("verify --sample 5%"), 201U);
  EXPECT_EQ(made("snapshot create photos-{date} photos"), 201U);
  EXPECT_EQ(made("tier run --limit=50GB"), 201U);
  for (const char* refused :
       {"put /etc photos", "verify --password-command 'sh -c id'", "verify --home=/tmp/x", "gc --config /tmp/x",
        "drill --in /tmp", "drill --kit /tmp/kit", "export photos --to /tmp", "copy add /tmp/x", "key kit --to /tmp",
        "tier", "copy", "rm -r photos", "verify -vq"}) {
    EXPECT_EQ(made(refused), 403U) << refused;
  }
  EXPECT_EQ(made("gc", R"(, "tell": ["command:/bin/sh"])"), 403U);
  EXPECT_EQ(made("gc", R"(, "tell": ["mail:me@example.org"])"), 201U);
  EXPECT_EQ(made("gc --dry-run", R"(, "name": "x", "rule": "never")"), 400U);
}

TEST(Provenance, WhatTheCallerMayNotSeeHasNoNameAndEndsTheChain) {
  RestWorld world;
  for (const char* bucket : {"open", "closed"}) world.ask("PUT", std::string("/api/v1/buckets/") + bucket);
  const auto put = [&](const std::string& place) { world.ask("PUT", "/api/v1/buckets/" + place, "x"); };
  put("open/objects/first");
  put("closed/objects/middle");
  put("open/objects/last");
  const auto made_from = [&](const std::string& place, const std::string& source) {
    return world.ask_json("POST", "/api/v1/buckets/" + place, R"({"sources": [")" + source + R"("]})").status;
  };
  EXPECT_EQ(made_from("closed/provenance/middle", "open/first"), 200U);
  EXPECT_EQ(made_from("open/provenance/last", "closed/middle"), 200U);
  const std::string chain = "/api/v1/buckets/open/provenance/last";
  const auto whole = world.ask("GET", chain).body;
  EXPECT_NE(whole.find("closed/middle"), std::string::npos);
  EXPECT_NE(whole.find("open/first"), std::string::npos);
  catalog::GrantRow grant;
  grant.role = "editor";
  grant.place.bucket = "open";
  grant.place.vault = world.vault().head().vault;
  ASSERT_EQ(told(world.access().add_grant(access::Who::local_owner(), "zoe", grant)), "ok");
  world.as("zoe");
  const auto part = world.ask("GET", chain);
  EXPECT_EQ(part.status, 200U) << part.body;
  EXPECT_NE(part.body.find("\"hidden\""), std::string::npos);
  EXPECT_EQ(part.body.find("closed"), std::string::npos);
  EXPECT_EQ(part.body.find("first"), std::string::npos);
  // Naming a source tells whether it is there.
  EXPECT_EQ(made_from("open/provenance/first", "closed/middle"), 403U);
  EXPECT_EQ(made_from("open/provenance/first", "closed/nothing@1.0"), 403U);
}

TEST(ObjectPatch, ChangesOnlyTheStateThatWasRead) {
  RestWorld world;
  world.ask("PUT", "/api/v1/buckets/photos");
  const auto first = world.ask("PUT", "/api/v1/buckets/photos/objects/a", "1").header("ETag");
  const auto patch = [&](const std::string& etag) {
    return world
        .ask_json("PATCH", "/api/v1/buckets/photos/objects/a", R"({"metadata": {"seen": "yes"}})", {{"If-Match", etag}})
        .status;
  };
  EXPECT_EQ(patch("\"something else\""), 412U);
  EXPECT_EQ(patch(first), 200U);
  EXPECT_EQ(patch(first), 412U);  // metadata made a new version
}

}  // namespace
}  // namespace atl::rest
