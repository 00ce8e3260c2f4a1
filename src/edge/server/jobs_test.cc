#include "edge/server/jobs.h"

#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <thread>

#include "foundation/platform/testing/test_machine.h"

namespace atl::server {
namespace {

// Jobs run on threads of their own; a test waits for what it expects, a minute at most.
template <class Until>
bool waits_for(const Until& until) {
  for (int i = 0; i < 6'000; ++i) {
    if (until()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

struct World {
  platform::TestMachine machine;
  JobRunner jobs{machine.machine()};
  [[nodiscard]] JobState state(const JobId& id) const { return jobs.find(id).value_or(JobFacts{}).state; }
  JobFacts wanted(std::uint8_t vault) {
    JobFacts facts;
    facts.kind = "test";
    std::array<std::uint8_t, 10> bits{};
    bits[9] = vault;
    facts.vault = VaultId::v7(1, bits);
    facts.actor = "ada";
    return facts;
  }
};

TEST(Jobs, TellWhatTheyDidOrWhyNot) {
  World world;
  const auto good = world.jobs.start(world.wanted(1), [](JobRunner::Progress& progress) -> Result<json::Value> {
    progress.note("counting", 3, 4);
    return json::Value::object().set("count", 4U);
  });
  const auto bad = world.jobs.start(world.wanted(1), [](JobRunner::Progress&) -> Result<json::Value> {
    return fail(ErrorKind::io, "disk.gone", "the disk is gone");
  });
  ASSERT_TRUE(good && bad);
  ASSERT_TRUE(waits_for([&] { return world.state(bad->id) == JobState::failed; }));
  const auto facts = *world.jobs.find(good->id);
  EXPECT_EQ(facts.state, JobState::done);
  EXPECT_EQ(facts.step, "counting");
  EXPECT_EQ(facts.done, 3U);
  EXPECT_EQ(facts.result.number_of("count").value_or(0), 4U);
  EXPECT_GE(facts.change, 4U);
  EXPECT_EQ(world.jobs.find(bad->id)->error_id, "disk.gone");
  EXPECT_EQ(world.jobs.list().front().id, bad->id);
}

TEST(Jobs, OfOneVaultRunOneAfterTheOther) {
  World world;
  std::atomic<int> at_once = 0;
  std::atomic<int> most = 0;
  const auto work = [&](JobRunner::Progress&) -> Result<json::Value> {
    most = std::max(most.load(), ++at_once);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    --at_once;
    return json::Value();
  };
  std::vector<JobId> ids;
  for (int i = 0; i < 10; ++i) ids.push_back(world.jobs.start(world.wanted(1), work).value().id);
  ASSERT_TRUE(waits_for([&] { return world.state(ids.back()) == JobState::done; }));
  EXPECT_EQ(most, 1);
}

TEST(Jobs, OfAnotherVaultDoNotWait) {
  World world;
  std::atomic<bool> goes_on = false;
  const auto slow = world.jobs.start(world.wanted(1), [&](JobRunner::Progress&) -> Result<json::Value> {
    waits_for([&] { return goes_on.load(); });
    return json::Value();
  });
  const auto behind = world.jobs.start(world.wanted(1), [](JobRunner::Progress&) { return json::Value(); });
  const auto beside = world.jobs.start(world.wanted(2), [](JobRunner::Progress&) { return json::Value(); });
  EXPECT_TRUE(waits_for([&] { return world.state(beside->id) == JobState::done; }));
  EXPECT_EQ(world.state(behind->id), JobState::waiting);
  goes_on = true;
  EXPECT_TRUE(waits_for([&] { return world.state(behind->id) == JobState::done; }));
  EXPECT_EQ(world.state(slow->id), JobState::done);
}

TEST(Jobs, AreCancelled) {
  World world;
  const auto until_stopped = [](JobRunner::Progress& progress) -> Result<json::Value> {
    waits_for([&] { return progress.stop().load(); });
    return fail(ErrorKind::interrupted, "test.interrupted", "ended early");
  };
  const auto runs = world.jobs.start(world.wanted(1), until_stopped);
  ASSERT_TRUE(waits_for([&] { return world.state(runs->id) == JobState::running; }));
  const auto waits = world.jobs.start(world.wanted(1), until_stopped);
  EXPECT_TRUE(world.jobs.cancel(waits->id));
  EXPECT_EQ(world.state(waits->id), JobState::cancelled);
  EXPECT_TRUE(world.jobs.cancel(runs->id));
  EXPECT_TRUE(waits_for([&] { return world.state(runs->id) == JobState::cancelled; }));
  EXPECT_FALSE(world.jobs.cancel(runs->id));
  EXPECT_FALSE(world.jobs.cancel(JobId{}));
}

TEST(Jobs, AreBounded) {
  World world;
  std::atomic<bool> goes_on = false;
  const auto work = [&](JobRunner::Progress& progress) -> Result<json::Value> {
    waits_for([&] { return goes_on.load() || progress.stop().load(); });
    return json::Value();
  };
  const auto first = world.jobs.start(world.wanted(1), work);
  ASSERT_TRUE(waits_for([&] { return world.state(first->id) == JobState::running; }));
  for (std::size_t i = 0; i < JobRunner::kWaitingMax; ++i) ASSERT_TRUE(world.jobs.start(world.wanted(1), work));
  const auto refused = world.jobs.start(world.wanted(2), work);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "job.too_many");
  goes_on = true;
  EXPECT_TRUE(waits_for([&] { return world.jobs.list().size() == JobRunner::kKeptMax; }));
  EXPECT_FALSE(world.jobs.find(first->id));
}

TEST(Jobs, EndWithTheRunner) {
  World world;
  std::atomic<bool> was_told = false;
  const auto runs = world.jobs.start(world.wanted(1), [&](JobRunner::Progress& progress) -> Result<json::Value> {
    was_told = waits_for([&] { return progress.stop().load(); });
    return json::Value();
  });
  ASSERT_TRUE(waits_for([&] { return world.state(runs->id) == JobState::running; }));
  const auto waits = world.jobs.start(world.wanted(1), [](JobRunner::Progress&) { return json::Value(); });
  world.jobs.stop();
  EXPECT_TRUE(was_told);
  EXPECT_EQ(world.state(runs->id), JobState::interrupted);
  EXPECT_EQ(world.state(waits->id), JobState::interrupted);
  const auto late = world.jobs.start(world.wanted(1), [](JobRunner::Progress&) { return json::Value(); });
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().id, "job.ending");
}

TEST(Jobs, AreToldOfAtTheirBeginningAndEndButNotWhereTheServerEnds) {
  World world;
  std::mutex mutex;
  std::vector<std::pair<JobId, JobState>> told;
  world.jobs.on_change([&](const JobFacts& facts) {
    const std::lock_guard lock(mutex);
    told.emplace_back(facts.id, facts.state);
  });
  const auto done = world.jobs.start(world.wanted(1),
                                     [](JobRunner::Progress&) -> Result<json::Value> { return json::Value::object(); });
  ASSERT_TRUE(done);
  ASSERT_TRUE(waits_for([&] { return world.state(done->id) == JobState::done; }));
  const auto broken_off = world.jobs.start(world.wanted(1), [](JobRunner::Progress& progress) -> Result<json::Value> {
    waits_for([&] { return progress.stop().load(); });
    return json::Value::object();
  });
  const auto never_begun = world.jobs.start(
      world.wanted(1), [](JobRunner::Progress&) -> Result<json::Value> { return json::Value::object(); });
  ASSERT_TRUE(broken_off && never_begun);
  world.jobs.stop();
  const std::vector<std::pair<JobId, JobState>> expected = {{done->id, JobState::waiting},
                                                            {done->id, JobState::done},
                                                            {broken_off->id, JobState::waiting},
                                                            {never_begun->id, JobState::waiting}};
  EXPECT_EQ(told, expected);
  EXPECT_EQ(world.state(broken_off->id), JobState::interrupted);
}

TEST(Jobs, OfAnEarlierProcessKeepTheirId) {
  World world;
  JobFacts earlier = world.wanted(1);
  earlier.id = platform::new_id<JobId>(world.machine.machine());
  earlier.attempt = 2;
  const auto again =
      world.jobs.start(earlier, [](JobRunner::Progress&) -> Result<json::Value> { return json::Value::object(); });
  ASSERT_TRUE(again);
  EXPECT_EQ(again->id, earlier.id);
  ASSERT_TRUE(waits_for([&] { return world.state(earlier.id) == JobState::done; }));
  EXPECT_EQ(world.jobs.find(earlier.id)->attempt, 2U);
}

}  // namespace
}  // namespace atl::server
