#include "edge/rest/repair_watch.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "edge/rest/testing/rest_world.h"

namespace atl::rest {
namespace {

using server::JobState;
using testing::RestWorld;

constexpr const char* kOne = "/api/v1/buckets/photos/objects/one";
constexpr const char* kTwo = "/api/v1/buckets/photos/objects/two";

class RepairWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    EXPECT_EQ(world_.ask("PUT", "/api/v1/buckets/photos").status, 201U);
    put(kOne, one_);
    put(kTwo, two_);
    ASSERT_EQ(packs_here().size(), 2U);
    world_.tend();
    EXPECT_TRUE(repairs().empty()) << "there is nothing to mend";
  }
  void put(const std::string& target, const std::string& content) {
    EXPECT_EQ(world_.ask("PUT", target, content).status, 201U);
    ASSERT_EQ(vault::testing::told(world_.vault().chunks().seal_packs()), "ok");
  }
  void make_copy(const std::string& place = "/copy") {
    const auto made = world_.ask_json("POST", "/api/v1/copies", R"({"place": ")" + place + R"("})");
    ASSERT_EQ(made.status, 202U) << made.body;
    EXPECT_EQ(world_.ask("POST", "/api/v1/copies/" + place.substr(1) + "/sync").status, 202U);
    EXPECT_EQ(files().all_paths(place + "/*.pack").size(), 2U);
  }
  platform::MemoryFileSystem& files() { return world_.machine().files; }
  std::vector<std::string> packs_here() {
    auto paths = files().all_paths(world_.vault().folder() + "/packs/*.pack");
    std::ranges::sort(paths, {}, [](const std::string& path) { return path.substr(path.rfind('/')); });
    return paths;
  }
  // Far more than parity covers.
  void ruin(const std::string& path) {
    const std::uint64_t size = files().content(path).size();
    for (std::uint64_t at = 4096; at < size; at += 7) files().flip_bits(path, at, 0x5A);
  }
  void pass(std::int64_t seconds) {
    world_.machine().clock.advance_us(seconds * 1'000'000);
    world_.tend();
  }
  void look(RepairWatch& watch, int times) {
    for (int i = 0; i < times; ++i) {
      watch.look(world_.host());
      world_.wait_for_jobs();
    }
  }
  std::vector<server::JobFacts> repairs() {
    auto jobs = world_.host().jobs().list();
    std::erase_if(jobs, [](const auto& job) { return job.kind != "repair"; });
    return jobs;
  }
  std::optional<observe::Alarm> alarm(const std::string& kind) {
    world_.host().observer()->look();
    for (const auto& one : world_.host().observer()->health()->alarms)
      if (one.kind == kind && one.subject == "main" && one.level >= observe::Level::warning) return one;
    return std::nullopt;
  }
  bool was_raised(const std::string& kind) {
    return std::ranges::any_of(world_.host().observer()->health()->history, [&](const auto& change) {
      return change.kind == kind && change.to == observe::Level::critical;
    });
  }
  void expect_served() {
    EXPECT_TRUE(world_.ask("GET", kOne).body == one_);
    EXPECT_TRUE(world_.ask("GET", kTwo).body == two_);
  }
  void expect_healed() {
    const auto jobs = repairs();
    ASSERT_FALSE(jobs.empty());
    EXPECT_EQ(jobs.front().state, JobState::done) << jobs.front().message;
    EXPECT_EQ(jobs.front().actor, "server");
    EXPECT_TRUE(was_raised("damaged_read"));
    world_.tend();
    EXPECT_FALSE(alarm("damaged_read"));
    const auto told = alarm("healed_read");
    ASSERT_TRUE(told);
    EXPECT_NE(told->words.find("healed from copy copy"), std::string::npos) << told->words;
    expect_served();
    EXPECT_FALSE(alarm("damaged_read")) << "and it does not come back";
  }

  RestWorld world_;
  std::string one_ = to_string(vault::testing::noise(1, 400'000));
  std::string two_ = to_string(vault::testing::noise(2, 400'000));

 private:
  static std::string to_string(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }
};

TEST_F(RepairWatchTest, WhatAReadFindsDamagedIsMendedFromTheCopy) {
  make_copy();
  ruin(packs_here()[0]);
  EXPECT_EQ(world_.ask("GET", kOne).status, 500U);
  pass(1);
  const auto jobs = repairs();
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs[0].order.list_of("packs").value().size(), 1U);
  EXPECT_EQ(jobs[0].result.number_of("healed_count").value(), 1U);
  EXPECT_EQ(jobs[0].result.text_of("from").value(), "copy");
  expect_healed();
  for (int i = 0; i < 10; ++i) pass(600);
  EXPECT_EQ(repairs().size(), 1U);
}

// A lost disk has more packs than one job takes: the jobs follow one another, and only what was tried waits.
TEST_F(RepairWatchTest, ManyPacksAreMendedByJobsThatFollowOneAnother) {
  make_copy();
  for (const auto& path : packs_here()) files().erase(path);
  RepairWatch watch(1);
  EXPECT_EQ(world_.ask("GET", kOne).status, 500U) << "it is lost, and not removed";
  look(watch, 4);
  EXPECT_EQ(repairs().size(), 2U);
  for (const auto& job : repairs()) EXPECT_EQ(job.state, JobState::done) << job.message;
  expect_served();
}

TEST_F(RepairWatchTest, AmongManyWhatCannotBeMendedDoesNotKeepTheOthersWaiting) {
  make_copy();
  for (const auto& path : packs_here()) files().erase(path);
  auto there = files().all_paths("/copy/*.pack");
  std::ranges::sort(there, {}, [](const std::string& path) { return path.substr(path.rfind('/')); });
  ruin(there[0]);
  RepairWatch watch(1);
  look(watch, 6);
  EXPECT_EQ(repairs().size(), 2U) << "each was tried once, and what failed waits";
  EXPECT_TRUE(world_.ask("GET", kTwo).body == two_);
  EXPECT_EQ(world_.ask("GET", kOne).status, 500U);
  world_.machine().clock.advance_us(3'600'000'000);
  look(watch, 3);
  EXPECT_EQ(repairs().size(), 3U);
}

TEST_F(RepairWatchTest, WhatIsGoneIsMissedBeforeAnybodyReadsIt) {
  make_copy();
  for (const bool is_all : {false, true}) {
    SCOPED_TRACE(is_all ? "all" : "one");
    const auto paths = packs_here();
    for (const auto& path : paths)
      if (is_all || path == paths[1]) files().erase(path);
    pass(3'600);
    const auto jobs = repairs();
    ASSERT_FALSE(jobs.empty());
    EXPECT_EQ(jobs.front().order.list_of("packs").value().size(), is_all ? 2U : 1U);
    EXPECT_EQ(packs_here(), paths);
    expect_healed();
  }
  EXPECT_EQ(repairs().size(), 2U);
}

TEST_F(RepairWatchTest, WithoutACopyTheAlarmSaysSoAndNothingIsBegun) {
  ruin(packs_here()[0]);
  EXPECT_EQ(world_.ask("GET", kOne).status, 500U);
  for (int i = 0; i < 5; ++i) pass(100);
  EXPECT_TRUE(repairs().empty());
  const auto told = alarm("damaged_read");
  ASSERT_TRUE(told);
  EXPECT_EQ(told->level, observe::Level::critical);
  EXPECT_NE(told->words.find("No copy is kept"), std::string::npos) << told->words;
  EXPECT_NE(told->advice.find("atoll copy add"), std::string::npos);
  // Stored again it is there again, and nothing is left to do once the old pack is not needed.
  EXPECT_EQ(world_.ask("PUT", "/api/v1/buckets/photos/objects/again", one_).status, 201U);
  EXPECT_EQ(world_.ask("GET", kOne).body, one_);
}

TEST_F(RepairWatchTest, ACopyThatIsAwayIsWaitedForAndTriedWhenItIsBack) {
  make_copy();
  const std::string marker = files().all_paths("/copy/*copy*").at(0);
  const Bytes content = files().content(marker);
  files().erase(marker);
  ruin(packs_here()[0]);
  EXPECT_EQ(world_.ask("GET", kOne).status, 500U);
  for (int i = 0; i < 20; ++i) pass(30);
  EXPECT_TRUE(repairs().empty());
  const auto told = alarm("damaged_read");
  ASSERT_TRUE(told);
  EXPECT_NE(told->words.find("as soon as one can be reached"), std::string::npos) << told->words;
  EXPECT_NE(told->advice.find("Attach the disk"), std::string::npos);
  files().set_content(marker, content);
  pass(10);
  EXPECT_EQ(repairs().size(), 1U);
  expect_healed();
}

TEST_F(RepairWatchTest, WhereTheCopyIsDamagedTooItIsToldAndTriedEverMoreSeldom) {
  make_copy();
  const std::string here = packs_here()[0];
  ruin(here);
  const Bytes before = files().content(here);
  const std::string there = files().all_paths("/copy/*" + here.substr(here.rfind('/'))).at(0);
  const Bytes whole = files().content(there);
  ruin(there);
  EXPECT_EQ(world_.ask("GET", kOne).status, 500U);
  pass(1);
  ASSERT_EQ(repairs().size(), 1U);
  EXPECT_EQ(repairs().front().state, JobState::failed);
  EXPECT_EQ(repairs().front().error_id, "repair.not_healed");
  world_.tend();
  const auto told = alarm("damaged_read");
  ASSERT_TRUE(told);
  EXPECT_NE(told->words.find("did not succeed"), std::string::npos) << told->words;
  EXPECT_NE(told->advice.find("atoll copy verify"), std::string::npos);
  EXPECT_EQ(files().content(here), before) << "nothing is removed or changed";
  for (int i = 0; i < 12 * 60; ++i) pass(60);
  EXPECT_GE(repairs().size(), 12U) << "once an hour at least";
  EXPECT_LE(repairs().size(), 20U) << "and hardly more often";
  EXPECT_TRUE(alarm("damaged_read"));
  // A second copy that is whole is found at once.
  files().set_content(there, whole);
  pass(3'700);
  expect_healed();
}

TEST_F(RepairWatchTest, WhatSomebodyMendsEndsTheAlarm) {
  make_copy();
  const std::string marker = files().all_paths("/copy/*copy*").at(0);
  const Bytes content = files().content(marker);
  files().erase(marker);
  const std::string here = packs_here()[0];
  const Bytes whole = files().content(here);
  files().erase(here);
  pass(70);
  EXPECT_TRUE(alarm("damaged_read"));
  files().set_content(here, whole);
  files().set_content(marker, content);
  EXPECT_EQ(world_.ask("POST", "/api/v1/copies/copy/repair").status, 202U);
  expect_served();
  pass(70);
  pass(70);
  EXPECT_FALSE(alarm("damaged_read"));
}

// The file that is read is the new one, not the damaged one that was open before.
TEST_F(RepairWatchTest, WhatARepairByHandHealedIsServedAtOnce) {
  make_copy();
  ruin(packs_here()[0]);
  EXPECT_EQ(world_.ask("GET", kOne).status, 500U);
  EXPECT_EQ(world_.ask("POST", "/api/v1/copies/copy/repair").status, 202U);
  expect_served();
}

}  // namespace
}  // namespace atl::rest
