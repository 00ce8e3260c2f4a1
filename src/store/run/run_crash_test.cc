// Power cuts at every point, failing operations, full disks.
#include <algorithm>

#include "store/run/testing/test_set.h"

namespace atl::run {
namespace {

using namespace testing;  // NOLINT
using platform::CrashPolicy;
using platform::MemoryFileSystem;
using platform::Operation;
using platform::SeededRandom;
using platform::StopWhen;
using platform::TestMachine;

Options crash_options() {
  Options options = small_options();
  options.memtable_bytes_max = 16 * kMiB;  // no spills: content after a crash is known exactly
  return options;
}

// What the caller knows: the content that belongs to each state, and which states were acknowledged.
struct Progress {
  std::vector<Model> content{Model{}};  // by state number; 0 is the empty set
  std::size_t acknowledged = 0;         // last state whose flush said so
};

Bytes state_of(std::size_t number) {
  Bytes state;
  if (number > 0) append_be64(state, number);
  return state;
}

// Flushes, removals, merges, a reopening in the middle. Stops at the first error.
Progress work(TestMachine& machine, std::uint64_t seed) {
  Progress progress;
  Model model;
  SeededRandom random(seed);
  auto set = open_set(machine, crash_options());
  if (!set) return progress;
  for (std::size_t flush = 1; flush <= 9; ++flush) {
    for (int i = 0; i < 60; ++i) {
      const Bytes key = spread_key(random.below(200));
      if (random.one_in(4)) {
        expect_ok((*set)->remove(key));
        model.erase(key);
      } else {
        model[key] = random.bytes(flush == 6 ? 40 : 28);
        expect_ok((*set)->put(key, model[key]));
      }
    }
    progress.content.push_back(model);
    if (!(*set)->flush(state_of(flush))) return progress;
    progress.acknowledged = flush;
    if (!(*set)->maybe_merge()) return progress;
    if (flush == 5) {
      set->reset();
      set = open_set(machine, crash_options());
      if (!set) return progress;
    }
    if (flush == 7 && !(*set)->merge_all()) return progress;
  }
  return progress;
}

// Opens what a reboot finds; "" where it holds what it must, else what is wrong.
std::string check(std::unique_ptr<MemoryFileSystem> disk, const Progress& progress) {
  TestMachine rebooted(std::move(disk), 99);
  auto set = open_set(rebooted, crash_options());
  if (!set) return "open: " + set.error().id + ": " + set.error().message;
  const Bytes state = (*set)->state();
  std::size_t number = 0;
  while (number < progress.content.size() && state_of(number) != state) ++number;
  if (number == progress.content.size()) return "a state that was never given";
  if (number < progress.acknowledged) return "an acknowledged state is gone";
  const auto entries = all_entries(**set);
  if (!entries) return "for_each: " + entries.error().id;
  const Model& model = progress.content[number];
  if (!std::ranges::equal(*entries, std::vector<std::pair<Bytes, Bytes>>(model.begin(), model.end()))) {
    return "content does not belong to the state";
  }
  if (const auto verified = (*set)->verify(); !verified) return "verify: " + verified.error().id;
  for (std::uint64_t i = 0; i < 200; ++i) {
    const Bytes key = spread_key(i);
    const auto found = (*set)->get(key);
    if (!found) return "get: " + found.error().id;
    if (found->has_value() != model.contains(key)) return "get: wrong answer";
  }
  // And it goes on from there.
  if (!(*set)->put(spread_key(1), value_for(1)) || !(*set)->flush(as_bytes("on")) || !(*set)->merge_all()) {
    return "cannot go on";
  }
  if ((*set)->get(spread_key(1)).value() != value_for(1)) return "wrong value after going on";
  set->reset();
  set = open_set(rebooted, crash_options(), false);
  if (!set || (*set)->state() != to_bytes("on")) return "cannot open again";
  return {};
}

constexpr std::array kPolicies{CrashPolicy::keep_all, CrashPolicy::drop_all, CrashPolicy::random, CrashPolicy::random,
                               CrashPolicy::random_with_garbage};

TEST(RunCrash, AtEveryPointTheOldOrTheNewStateHoldsWithItsContent) {
  std::uint64_t points = 0;
  {
    TestMachine machine;
    const Progress progress = work(machine, 1);
    ASSERT_EQ(progress.acknowledged, 9U);
    points = machine.files.points();
    ASSERT_EQ(check(machine.files.after_crash(1, CrashPolicy::drop_all), progress), "");
  }
  ASSERT_GT(points, 80U);
  for (std::uint64_t point = 0; point < points; ++point) {
    for (const StopWhen when : {StopWhen::before, StopWhen::after, StopWhen::torn}) {
      TestMachine machine;
      machine.files.stop_at(point, when);
      const Progress progress = work(machine, 1);
      ASSERT_TRUE(machine.files.stopped());
      for (std::uint64_t seed = 0; seed < kPolicies.size(); ++seed) {
        ASSERT_EQ(check(machine.files.after_crash(seed, kPolicies[seed]), progress), "")
            << "point " << point << " when " << static_cast<int>(when) << " seed " << seed;
      }
      ASSERT_EQ(check(machine.files.clone(), progress), "") << "killed at point " << point;
    }
  }
}

// Proves that the alarm rings: without one of the syncs some crash must show.
TEST(RunCrash, EverySyncThatIsLeftOutIsNoticed) {
  for (const std::string pattern : {"*.run", "*/chunks", "*manifest*"}) {
    int noticed = 0;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      TestMachine machine;
      machine.files.leave_out_sync(pattern);
      const Progress progress = work(machine, seed);
      ASSERT_EQ(progress.acknowledged, 9U);
      for (const CrashPolicy policy : {CrashPolicy::drop_all, CrashPolicy::random}) {
        if (!check(machine.files.after_crash(seed, policy), progress).empty()) ++noticed;
      }
    }
    EXPECT_GT(noticed, 0) << pattern;
  }
}

TEST(RunCrash, AfterAFailedWriteSyncOrRenameWritingStopsAndReadingGoesOn) {
  for (const Operation operation : {Operation::write, Operation::sync, Operation::rename, Operation::sync_directory}) {
    for (std::uint64_t skip = 0; skip < 3; ++skip) {
      SCOPED_TRACE("operation " + std::to_string(static_cast<int>(operation)) + " skip " + std::to_string(skip));
      TestMachine machine;
      auto set = must_open(machine, crash_options());
      Progress progress;
      Model model;
      std::size_t failed_at = 0;
      machine.files.fail_next(operation, "*", ErrorKind::io, 1, skip);
      for (std::size_t flush = 1; flush <= 5 && failed_at == 0; ++flush) {
        for (std::uint64_t i = 0; i < 50; ++i) {
          model[spread_key(i)] = value_for(flush * 1000 + i);
          expect_ok(set->put(spread_key(i), model[spread_key(i)]));
        }
        progress.content.push_back(model);
        const auto flushed = set->flush(state_of(flush));
        if (flushed) {
          progress.acknowledged = flush;
        } else {
          EXPECT_EQ(flushed.error().kind, ErrorKind::io);
          failed_at = flush;
        }
      }
      ASSERT_NE(failed_at, 0U);
      expect_holds(*set, model);  // reading goes on, memory included
      EXPECT_EQ(set->put(as_bytes("a"), {}).error().id, "run.stopped");
      EXPECT_EQ(set->remove(as_bytes("a")).error().id, "run.stopped");
      EXPECT_EQ(set->flush({}).error().id, "run.stopped");
      EXPECT_EQ(set->maybe_merge().error().id, "run.stopped");
      set.reset();
      for (std::uint64_t seed = 0; seed < 6; ++seed) {
        EXPECT_EQ(check(machine.files.after_crash(seed, CrashPolicy::random), progress), "");
      }
      EXPECT_EQ(check(machine.files.clone(), progress), "");
    }
  }
}

TEST(RunCrash, AFullDiskRefusesPutsAndLosesNothingAndGoesOnWhenThereIsRoom) {
  for (std::uint64_t capacity = 100'000; capacity < 2'000'000; capacity += 170'000) {
    SCOPED_TRACE(capacity);
    TestMachine machine;
    auto set = must_open(machine);  // small memtable: spills
    machine.files.set_capacity_bytes(capacity);
    Model model;
    std::uint64_t i = 0;
    Result<void> put;
    for (; i < 200'000; ++i) {
      put = set->put(spread_key(i), value_for(i));
      if (!put) break;
      model[spread_key(i)] = value_for(i);
    }
    ASSERT_FALSE(put.has_value());
    EXPECT_EQ(put.error().kind, ErrorKind::no_space);
    EXPECT_EQ(set->put(spread_key(i), value_for(i)).error().kind, ErrorKind::no_space);
    EXPECT_EQ(set->flush(as_bytes("s")).error().kind, ErrorKind::no_space);
    EXPECT_LE(set->stats().memtable_bytes, small_options().memtable_bytes_max + 256 * kKiB);
    ASSERT_NO_FATAL_FAILURE(expect_holds(*set, model));
    const auto merged = set->maybe_merge();
    EXPECT_TRUE(merged.has_value() || merged.error().kind == ErrorKind::no_space);
    ASSERT_NO_FATAL_FAILURE(expect_holds(*set, model));
    machine.files.set_capacity_bytes(100'000'000);
    for (const std::uint64_t end = i + 5000; i < end; ++i) {
      expect_ok(set->put(spread_key(i), value_for(i)));
      model[spread_key(i)] = value_for(i);
    }
    expect_ok(set->flush(as_bytes("t")));
    while (set->maybe_merge().value()) {
    }
    ASSERT_NO_FATAL_FAILURE(expect_holds(*set, model));
    set = must_open(machine);
    EXPECT_EQ(set->state(), to_bytes("t"));
    ASSERT_NO_FATAL_FAILURE(expect_holds(*set, model));
    EXPECT_EQ(machine.files.all_paths("*.run").size(), set->stats().runs);
  }
}

}  // namespace
}  // namespace atl::run
