// Power cuts at every point, failing operations, full disks, damage.
#include <algorithm>
#include <map>

#include "derived/text/testing/test_index.h"

namespace atl::text {
namespace {

using namespace testing;  // NOLINT
using platform::CrashPolicy;
using platform::MemoryFileSystem;
using platform::Operation;
using platform::SeededRandom;
using platform::StopWhen;
using platform::TestMachine;

using Model = std::map<DocumentId, OwnedDocument>;
constexpr DocumentId kIds = 60;

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

OwnedDocument small_document(SeededRandom& random) {
  OwnedDocument document;
  document.body = "word" + std::to_string(random.below(6)) + " word" + std::to_string(random.below(30));
  document.year = 2000 + static_cast<std::int64_t>(random.below(5));
  return document;
}

// Changes: all of them, in order, again and again: replaying leads to the right content from any state.
Result<void> change(TextIndex& index, std::size_t step, Model& model) {
  SeededRandom random(step);
  for (int i = 0; i < 12; ++i) {
    const DocumentId id = random.below(kIds);
    if (random.one_in(4)) {
      ATOLL_TRY(index.remove(id));
      model.erase(id);
    } else {
      model[id] = small_document(random);
      ATOLL_TRY(index.add(model[id].view(id)));
    }
  }
  return {};
}

constexpr std::size_t kSteps = 9;

// Flushes, removals, merges, a reopening in the middle. Stops at the first error.
Progress work(TestMachine& machine) {
  Progress progress;
  Model model;
  auto index = open_index(machine);
  if (!index) return progress;
  for (std::size_t step = 1; step <= kSteps; ++step) {
    if (!change(**index, step, model)) return progress;
    progress.content.push_back(model);
    if (!(*index)->flush(state_of(step))) return progress;
    progress.acknowledged = step;
    if (!(*index)->maybe_merge()) return progress;
    if (step == 5) {
      index->reset();
      index = open_index(machine);
      if (!index) return progress;
    }
    if (step == 7 && !(*index)->merge_all()) return progress;
  }
  return progress;
}

std::string compare_with(const TextIndex& index, const Model& model) {
  for (int word = 0; word < 30; ++word) {
    const std::string text = "word" + std::to_string(word);
    auto found = ids_of(index, text);
    if (!found) return "search: " + found.error().id;
    std::ranges::sort(*found);
    std::vector<DocumentId> expected;
    for (const auto& [id, document] : model) {
      if ((document.body + " ").find(text + " ") != std::string::npos) expected.push_back(id);
    }
    if (*found != expected) return "wrong answer for " + text;
  }
  return {};
}

// Opens what a reboot finds; "" where it holds what it must, else what is wrong.
std::string check(std::unique_ptr<MemoryFileSystem> disk, const Progress& progress) {
  TestMachine rebooted(std::move(disk), 99);
  auto index = open_index(rebooted);
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
  if (!(*index)->merge_all()) return "cannot merge";
  if (auto wrong = compare_with(**index, model); !wrong.empty()) return "merged: " + wrong;
  index->reset();
  index = open_index(rebooted, small_options(), false);
  if (!index || (*index)->state() != to_bytes("on")) return "cannot open again";
  return compare_with(**index, model);
}

constexpr std::array kPolicies{CrashPolicy::keep_all, CrashPolicy::drop_all, CrashPolicy::random,
                               CrashPolicy::random_with_garbage};

TEST(TextCrash, AtEveryPointTheOldOrTheNewStateHoldsAndReplayingLeadsOn) {
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
TEST(TextCrash, EverySyncThatIsLeftOutIsNoticed) {
  for (const std::string pattern : {"*.segment", "*.removed", "*/text", "*manifest*"}) {
    int noticed = 0;
    TestMachine machine;
    machine.files.leave_out_sync(pattern);
    const Progress progress = work(machine);
    ASSERT_EQ(progress.acknowledged, kSteps);
    // At the very end most files are merged away: looked at in the middle too.
    TestMachine half;
    half.files.leave_out_sync(pattern);
    half.files.stop_at(machine.files.points() / 2, StopWhen::before);
    const Progress half_way = work(half);
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
      for (const CrashPolicy policy : {CrashPolicy::drop_all, CrashPolicy::random}) {
        if (!check(machine.files.after_crash(seed, policy), progress).empty()) ++noticed;
        if (!check(half.files.after_crash(seed, policy), half_way).empty()) ++noticed;
      }
    }
    EXPECT_GT(noticed, 0) << pattern;
  }
}

TEST(TextCrash, AfterAFailedWriteSyncOrRenameWritingStopsAndReadingGoesOn) {
  for (const Operation operation : {Operation::write, Operation::sync, Operation::rename, Operation::sync_directory}) {
    SCOPED_TRACE("operation " + std::to_string(static_cast<int>(operation)));
    TestMachine machine;
    auto index = must_open(machine);
    Model model;
    expect_ok(change(*index, 1, model));
    expect_ok(index->flush(state_of(1)));
    machine.files.fail_next(operation, "*", ErrorKind::io);
    SeededRandom random(4);
    for (DocumentId id = 100; id < 110; ++id) expect_ok(index->add(small_document(random).view(id)));
    EXPECT_EQ(index->flush(state_of(2)).error().kind, ErrorKind::io);
    EXPECT_EQ(compare_with(*index, model), "");
    EXPECT_EQ(index->add({}).error().id, "text.stopped");
    EXPECT_EQ(index->remove(1).error().id, "text.stopped");
    EXPECT_EQ(index->flush({}).error().id, "text.stopped");
    EXPECT_EQ(index->maybe_merge().error().id, "text.stopped");
  }
}

TEST(TextCrash, AFullDiskLosesNothingAndGoesOnWhenThereIsRoom) {
  TestMachine machine;
  auto index = must_open(machine);
  Model model;
  expect_ok(change(*index, 1, model));
  expect_ok(index->flush(state_of(1)));
  const Model before = model;
  machine.files.set_capacity_bytes(machine.files.used_bytes() + 1000);
  SeededRandom random(4);
  for (DocumentId id = 0; id < 30; ++id) {
    model[id] = small_document(random);
    expect_ok(index->add(model[id].view(id)));
  }
  EXPECT_EQ(index->flush(state_of(2)).error().kind, ErrorKind::no_space);
  EXPECT_EQ(compare_with(*index, before), "");
  machine.files.set_capacity_bytes(100'000'000);
  expect_ok(index->flush(state_of(2)));
  EXPECT_EQ(compare_with(*index, model), "");
  index = must_open(machine);
  EXPECT_EQ(compare_with(*index, model), "");
}

TEST(TextDamage, EveryFlippedByteIsAnErrorOrChangesNothing) {
  TestMachine machine;
  Model model;
  {
    auto index = must_open(machine);
    SeededRandom random(8);
    for (DocumentId id = 0; id < 400; ++id) {
      model[id] = small_document(random);
      expect_ok(index->add(model[id].view(id)));
    }
    expect_ok(index->flush(state_of(1)));
    model.erase(7);
    expect_ok(index->remove(7));
    expect_ok(index->flush(state_of(2)));
  }
  SeededRandom random(9);
  int noticed = 0;
  for (const std::string& path : machine.files.all_paths()) {
    const std::size_t size = machine.files.content(path).size();
    for (int i = 0; i < 150; ++i) {
      TestMachine broken(machine.files.clone(), 1);
      broken.files.flip_bits(path, i < 20 ? static_cast<std::uint64_t>(i) % size : random.below(size));
      auto index = open_index(broken);
      if (!index) {
        EXPECT_TRUE(index.error().kind == ErrorKind::damaged) << index.error().message;
        ++noticed;
        continue;
      }
      const auto found = ids_of(**index, "word1");
      if (!found) {
        EXPECT_EQ(found.error().kind, ErrorKind::damaged);
      } else {
        EXPECT_FALSE(compare_with(**index, model).starts_with("wrong")) << path;
      }
      const auto verified = (*index)->verify();
      EXPECT_FALSE(verified.has_value()) << path;
      if (!verified) ++noticed;
    }
    TestMachine broken(machine.files.clone(), 1);
    broken.files.cut(path, size / 2);
    EXPECT_EQ(open_index(broken).error().kind, ErrorKind::damaged) << path;
  }
  EXPECT_EQ(noticed, 450);
}

}  // namespace
}  // namespace atl::text
