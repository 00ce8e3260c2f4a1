#include "services/observe/monitor.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "foundation/platform/testing/test_machine.h"

namespace atl::observe {
namespace {

using platform::TestMachine;
constexpr std::int64_t kStart = 1'800'000'000;  // a multiple of every step

Sampled sample(std::int64_t unix_s, double files) {
  Sampled one;
  one.unix_s = unix_s;
  one.sample[Figure::files] = files;
  return one;
}

std::unique_ptr<Monitor> open(TestMachine& machine) { return Monitor::open(machine.files, "/home/health").value(); }

TEST(Monitor, FiguresAndDoorsHaveTheirNames) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kFigureCount; ++i) {
    EXPECT_TRUE(names.insert(kFigures.at(i).name).second);
    EXPECT_EQ(figure_named(kFigures.at(i).name), i);
  }
  EXPECT_EQ(kFigures.at(static_cast<std::size_t>(Figure::files)).name, "files");
  EXPECT_EQ(kFigures.at(static_cast<std::size_t>(Figure::memory_bytes)).name, "memory_bytes");
  EXPECT_EQ(kFigures.at(static_cast<std::size_t>(Figure::query_p99_seconds)).name, "query_p99_seconds");
  EXPECT_EQ(kFigures.at(static_cast<std::size_t>(Figure::door_p99_seconds) + 1).name, "query_p99_seconds_s3");
  EXPECT_FALSE(figure_named("nothing"));
  EXPECT_EQ(door_named("s3"), 1U);
  EXPECT_EQ(door_named("health"), door_named("other"));
}

TEST(Monitor, ARingHoldsTheLastOfItsSteps) {
  TestMachine machine;
  auto monitor = open(machine);
  const Ring& ring = kRings[0];
  for (std::uint64_t i = 0; i < ring.samples + 50; ++i)
    ASSERT_TRUE(monitor->add(0, sample(kStart + static_cast<std::int64_t>(i) * 10, static_cast<double>(i))));
  const auto all = monitor->samples(0, 0, INT64_MAX).value();
  ASSERT_EQ(all.size(), ring.samples);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].sample[Figure::files], static_cast<double>(i + 50));
  EXPECT_TRUE(std::isnan(all[0].sample[Figure::connections]));
  EXPECT_TRUE(monitor->samples(1, 0, INT64_MAX).value().empty());
  EXPECT_EQ(monitor->samples(0, kStart + 1'000, kStart + 1'050).value().size(), 6U);
  const std::uint64_t size = machine.files.content("/home/health/figures").size();
  monitor.reset();
  monitor = open(machine);
  EXPECT_EQ(monitor->samples(0, 0, INT64_MAX).value().size(), ring.samples);
  EXPECT_EQ(machine.files.content("/home/health/figures").size(), size);
}

TEST(Monitor, DamageLeavesOutASampleAndAnotherLayoutBeginsAnew) {
  TestMachine machine;
  {
    const auto monitor = open(machine);
    for (int i = 1; i <= 100; ++i) ASSERT_TRUE(monitor->add(1, sample(kStart + i * 60, i)));
  }
  const std::string path = "/home/health/figures";
  const std::uint64_t size = machine.files.content(path).size();
  std::mt19937_64 random(4);
  for (int i = 0; i < 2'000; ++i) machine.files.flip_bits(path, 64 + random() % (size - 64), 0x10);
  const auto left = open(machine)->samples(1, 0, INT64_MAX).value();
  EXPECT_LT(left.size(), 100U);
  for (const auto& one : left) {
    const std::int64_t number = (one.unix_s - kStart) / 60;
    EXPECT_EQ(one.sample[Figure::files], static_cast<double>(number));
  }
  for (const auto& spoil : {std::function<void()>([&] { machine.files.flip_bits(path, 13, 1); }),
                            std::function<void()>([&] { machine.files.cut(path, size - 1); }),
                            std::function<void()>([&] { machine.files.cut(path, 7); })}) {
    ASSERT_TRUE(open(machine)->add(2, sample(kStart, 1)));
    spoil();
    EXPECT_TRUE(open(machine)->samples(2, 0, INT64_MAX).value().empty());
    EXPECT_EQ(machine.files.content(path).size(), size);
  }
}

TEST(Monitor, TheFinestRingThatReachesFarEnoughIsTaken) {
  const std::int64_t now = kStart;
  EXPECT_EQ(Monitor::ring_for(now - 3'600, now, 3'000), 0U);
  EXPECT_EQ(Monitor::ring_for(now - 3'601, now, 3'000), 1U);
  EXPECT_EQ(Monitor::ring_for(now - 86'400, now, 3'000), 1U);
  EXPECT_EQ(Monitor::ring_for(now - 86'400, now, 100), 2U);
  EXPECT_EQ(Monitor::ring_for(now - 30 * 86'400, now, 3'000), 2U);
  EXPECT_EQ(Monitor::ring_for(now - 400 * 86'400, now, 3'000), 3U);
  EXPECT_EQ(Monitor::ring_for(now + 5, now, 3'000), 0U);
}

TEST(Monitor, RatesAndPercentilesAreOfTheTimeBetweenTwoLooks) {
  Traffic before;
  before.sent_bytes = 1'000;
  LatencyHistogram slow;
  for (int i = 0; i < 1'000; ++i) slow.note(5);
  before.doors[1].queries = slow.counts();
  Traffic now = before;
  now.sent_bytes += 20'000;
  now.doors[1].requests += 50;
  now.doors[1].errors += 5;
  now.cache_hits = 30;
  now.cache_misses = 10;
  for (int i = 0; i < 100; ++i) slow.note(0.01);
  now.doors[1].queries = slow.counts();
  Sample sample;
  fill_traffic(sample, before, now, 10);
  EXPECT_DOUBLE_EQ(sample[Figure::sent_bytes_per_second], 2'000);
  EXPECT_DOUBLE_EQ(sample.values.at(static_cast<std::size_t>(Figure::requests_per_second) + 1), 5);
  EXPECT_DOUBLE_EQ(sample[Figure::errors_per_second], 0.5);
  EXPECT_NEAR(sample[Figure::query_p99_seconds], 0.01, 0.001) << "what was slow before does not count";
  EXPECT_NEAR(sample.values.at(static_cast<std::size_t>(Figure::door_p99_seconds) + 1), 0.01, 0.001);
  EXPECT_TRUE(std::isnan(sample.values.at(static_cast<std::size_t>(Figure::door_p99_seconds))));
  EXPECT_DOUBLE_EQ(sample[Figure::cache_hit_ratio], 0.75);
  Sample nothing;
  fill_traffic(nothing, now, now, 0);
  EXPECT_TRUE(std::isnan(nothing[Figure::sent_bytes_per_second]));
}

TEST(Monitor, ACourseLeavesOutWhatWasNotKnown) {
  std::vector<Sampled> samples(3);
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i].unix_s = kStart + static_cast<std::int64_t>(i);
  samples[0].sample[Figure::hot_bytes] = 5;
  samples[2].sample[Figure::hot_bytes] = 7;
  const auto course = course_of(samples, Figure::hot_bytes);
  ASSERT_EQ(course.size(), 2U);
  EXPECT_EQ(course[1].unix_s, kStart + 2);
  EXPECT_EQ(course[1].bytes, 7);
}

}  // namespace
}  // namespace atl::observe
