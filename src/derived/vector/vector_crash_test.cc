// Power cuts at every point, failing operations, full disks, damage.
#include "derived/vector/testing/test_vectors.h"

namespace atl::vector {
namespace {

using namespace testing;  // NOLINT
using platform::CrashPolicy;
using platform::MemoryFileSystem;
using platform::Operation;
using platform::SeededRandom;
using platform::StopWhen;
using platform::TestMachine;

constexpr std::uint32_t kDimension = 6;
constexpr DocumentId kIds = 60;
constexpr std::size_t kSteps = 9;

// What the caller knows: the content that belongs to each state, and which states were acknowledged.
struct Progress {
  std::vector<Model> content{Model{}};  // by state number; 0 is the empty index
  std::size_t acknowledged = 0;         // last state whose flush said so
};

Bytes state_of(std::size_t number) {
  Bytes state;
  if (number > 0) append_be64(state, number);
  return state;
}

// Changes: all of them, in order, again and again: replaying leads to the right content from any state.
Result<void> change(VectorIndex& index, std::size_t step, Model& model) {
  SeededRandom random(step);
  for (int i = 0; i < 12; ++i) {
    const DocumentId id = random.below(kIds);
    if (random.one_in(4)) {
      ATOLL_TRY(index.remove(id));
      model.erase(id);
      continue;
    }
    std::vector<Vector> parts;
    for (std::uint64_t part = 1 + random.below(3); part > 0; --part) parts.push_back(random_vector(random, kDimension));
    model[id] = parts;
    ATOLL_TRY(index.put(id, joined(parts)));
  }
  return {};
}

// Flushes, removals, graphs, rewriting, a reopening in the middle. Stops at the first error.
Progress work(TestMachine& machine) {
  Progress progress;
  Model model;
  auto index = open_index(machine, test_config(kDimension));
  if (!index) return progress;
  for (std::size_t step = 1; step <= kSteps; ++step) {
    if (!change(**index, step, model)) return progress;
    progress.content.push_back(model);
    if (!(*index)->flush(state_of(step))) return progress;
    progress.acknowledged = step;
    if (!(*index)->maybe_build()) return progress;
    if (step == 5) {
      index->reset();
      index = open_index(machine, test_config(kDimension));
      if (!index) return progress;
    }
    if ((step == 3 || step == 7) && !(*index)->build_all()) return progress;
  }
  return progress;
}

std::string compare_with(const VectorIndex& index, const Model& model) {
  SeededRandom random(3);
  for (int i = 0; i < 10; ++i) {
    const Vector question = random_vector(random, kDimension);
    SearchRequest request;
    request.vector = question;
    request.limit = 300;
    request.one_per_document = false;
    const auto found = index.search(request);
    if (!found) return "search: " + found.error().id;
    const auto expected = exact(model, question, 300, false, [](DocumentId) { return true; });
    if (found->hits.size() != expected.size()) return "wrong count";
    if (recall(found->hits, expected) < 1) return "wrong answer";
  }
  return {};
}

// Opens what a reboot finds; "" where it holds what it must, else what is wrong.
std::string check(std::unique_ptr<MemoryFileSystem> disk, const Progress& progress) {
  TestMachine rebooted(std::move(disk), 99);
  auto index = open_index(rebooted, test_config(kDimension));
  if (!index) return "open: " + index.error().id + ": " + index.error().message;
  const Bytes state = (*index)->state();
  std::size_t number = 0;
  while (number < progress.content.size() && state_of(number) != state) ++number;
  if (number == progress.content.size()) return "a state that was never given";
  if (number < progress.acknowledged) return "an acknowledged state is gone";
  if (const auto verified = (*index)->verify(); !verified) return "verify: " + verified.error().id;
  // Everything after the state once more, then it has to be as if nothing had happened.
  Model model = progress.content[number];
  for (std::size_t step = number + 1; step <= kSteps; ++step) {
    if (!change(**index, step, model)) return "cannot change";
  }
  if (!(*index)->flush(as_bytes("on"))) return "cannot go on";
  if (auto wrong = compare_with(**index, model); !wrong.empty()) return wrong;
  if (!(*index)->build_all()) return "cannot build";
  if (auto wrong = compare_with(**index, model); !wrong.empty()) return "built: " + wrong;
  index->reset();
  index = open_index(rebooted, test_config(kDimension), small_options(), false);
  if (!index || (*index)->state() != to_bytes("on")) return "cannot open again";
  return compare_with(**index, model);
}

constexpr std::array kPolicies{CrashPolicy::keep_all, CrashPolicy::drop_all, CrashPolicy::random,
                               CrashPolicy::random_with_garbage};

TEST(VectorCrash, AtEveryPointTheOldOrTheNewStateHoldsAndReplayingLeadsOn) {
  std::uint64_t points = 0;
  {
    TestMachine machine;
    const Progress progress = work(machine);
    ASSERT_EQ(progress.acknowledged, kSteps);
    points = machine.files.points();
    ASSERT_EQ(check(machine.files.after_crash(1, CrashPolicy::drop_all), progress), "");
  }
  ASSERT_GT(points, 80U);
  for (std::uint64_t point = 0; point < points; ++point) {
    const StopWhen when = std::array{StopWhen::before, StopWhen::after, StopWhen::torn}.at(point % 3);
    TestMachine machine;
    machine.files.stop_at(point, when);
    const Progress progress = work(machine);
    ASSERT_TRUE(machine.files.stopped());
    for (std::uint64_t seed = 0; seed < kPolicies.size(); ++seed) {
      ASSERT_EQ(check(machine.files.after_crash(seed, kPolicies.at(seed)), progress), "")
          << "point " << point << " seed " << seed;
    }
    ASSERT_EQ(check(machine.files.clone(), progress), "") << "killed at point " << point;
  }
}

// Proves that the alarm rings: without one of the syncs some crash must show.
TEST(VectorCrash, EverySyncThatIsLeftOutIsNoticed) {
  for (const std::string pattern : {"*.vectors", "*.removed", "*.graph", "*/main", "*manifest*"}) {
    int noticed = 0;
    TestMachine whole;
    const Progress all = work(whole);
    ASSERT_EQ(all.acknowledged, kSteps);
    for (std::uint64_t part = 1; part <= 6; ++part) {
      TestMachine machine;
      machine.files.leave_out_sync(pattern);
      machine.files.stop_at(whole.files.points() * part / 6 - 1, StopWhen::before);
      const Progress progress = work(machine);
      for (std::uint64_t seed = 0; seed < 10; ++seed) {
        for (const CrashPolicy policy : {CrashPolicy::drop_all, CrashPolicy::random}) {
          if (!check(machine.files.after_crash(seed, policy), progress).empty()) ++noticed;
        }
      }
    }
    EXPECT_GT(noticed, 0) << pattern;
  }
}

TEST(VectorCrash, AfterAFailedWriteSyncOrRenameWritingStopsAndReadingGoesOn) {
  for (const Operation operation : {Operation::write, Operation::sync, Operation::rename, Operation::sync_directory}) {
    SCOPED_TRACE("operation " + std::to_string(static_cast<int>(operation)));
    TestMachine machine;
    auto index = must_open(machine, test_config(kDimension));
    Model model;
    expect_ok(change(*index, 1, model));
    expect_ok(index->flush(state_of(1)));
    expect_ok(change(*index, 2, model));
    machine.files.fail_next(operation, "*", ErrorKind::io);
    EXPECT_EQ(index->flush(state_of(2)).error().kind, ErrorKind::io);
    EXPECT_EQ(compare_with(*index, model), "");
    EXPECT_EQ(index->put(1, Vector(kDimension, 1)).error().id, "vector.stopped");
    EXPECT_EQ(index->remove(1).error().id, "vector.stopped");
    EXPECT_EQ(index->flush({}).error().id, "vector.stopped");
    EXPECT_EQ(index->maybe_build().error().id, "vector.stopped");
  }
}

TEST(VectorCrash, AFullDiskLosesNothingAndGoesOnWhenThereIsRoom) {
  TestMachine machine;
  auto index = must_open(machine, test_config(kDimension));
  Model model;
  expect_ok(change(*index, 1, model));
  expect_ok(index->flush(state_of(1)));
  expect_ok(change(*index, 2, model));
  machine.files.set_capacity_bytes(machine.files.used_bytes() + 1000);
  EXPECT_EQ(index->flush(state_of(2)).error().kind, ErrorKind::no_space);
  EXPECT_EQ(index->build_all().error().kind, ErrorKind::no_space);
  EXPECT_EQ(compare_with(*index, model), "");
  machine.files.set_capacity_bytes(100'000'000);
  expect_ok(index->flush(state_of(2)));
  EXPECT_EQ(compare_with(*index, model), "");
  index = must_open(machine, test_config(kDimension));
  EXPECT_EQ(compare_with(*index, model), "");
}

TEST(VectorDamage, EveryFlippedByteIsAnErrorOrChangesNothing) {
  TestMachine machine;
  Model model;
  {
    auto index = must_open(machine, test_config(kDimension));
    for (std::size_t step = 1; step < 20; ++step) expect_ok(change(*index, step, model));
    expect_ok(index->build_all());
    expect_ok(index->flush(state_of(1)));
    expect_ok(index->remove(model.begin()->first));
    model.erase(model.begin());
    expect_ok(index->flush(state_of(2)));
  }
  SeededRandom random(9);
  ASSERT_EQ(machine.files.all_paths().size(), 4U);
  for (const std::string& path : machine.files.all_paths()) {
    const std::size_t size = machine.files.content(path).size();
    for (int i = 0; i < 150; ++i) {
      TestMachine broken(machine.files.clone(), 1);
      broken.files.flip_bits(path, i < 20 ? static_cast<std::uint64_t>(i) % size : random.below(size));
      auto index = open_index(broken, test_config(kDimension));
      if (!index) {
        EXPECT_EQ(index.error().kind, ErrorKind::damaged) << index.error().message;
        continue;
      }
      EXPECT_FALSE(compare_with(**index, model).starts_with("wrong")) << path;
      EXPECT_FALSE((*index)->verify().has_value()) << path;
    }
    TestMachine broken(machine.files.clone(), 1);
    broken.files.cut(path, size / 2);
    EXPECT_EQ(open_index(broken, test_config(kDimension)).error().kind, ErrorKind::damaged) << path;
    broken.files.erase(path);
    const auto missing = open_index(broken, test_config(kDimension));
    EXPECT_TRUE(missing ? path.ends_with("manifest") : missing.error().id == "vector.missing") << path;
  }
}

}  // namespace
}  // namespace atl::vector
