// Power cuts at every point of a vault's life, and while it recovers from one; kills; and a proof that the alarm rings.
#include <gtest/gtest.h>

#include <cstdio>

#include "vault/testing/vault_history.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using platform::CrashPolicy;
using platform::MemoryFileSystem;
using platform::TestMachine;

// Runs the standard history once; `at_point` is called ahead of every point of it.
void play(VaultHistory& history, TestMachine& machine, const std::function<void(std::uint64_t point)>& at_point) {
  ASSERT_EQ(told(VaultHistory::begin(machine.inline_machine())), "ok");
  machine.files.before_each_point(at_point);
  const auto played = history.play(machine.inline_machine());
  machine.files.before_each_point(nullptr);
  ASSERT_EQ(told(played), "ok");
}

void report(const char* what, std::uint64_t points, std::uint64_t checks) {
  std::printf("%s: %llu points, %llu states after a crash checked\n", what, static_cast<unsigned long long>(points),
              static_cast<unsigned long long>(checks));
}

TEST(VaultCrash, TheHistoryItselfGivesWhatTheModelSays) {
  VaultHistory history = VaultHistory::standard();
  TestMachine machine;
  play(history, machine, nullptr);
  ASSERT_EQ(history.acknowledged(), history.step_count());
  EXPECT_EQ(check_after_crash(machine.files.clone(), history, history.acknowledged()), "");
}

TEST(VaultCrash, AtEveryPointWhatWasAcknowledgedIsThereAndNothingHalfIs) {
  VaultHistory history = VaultHistory::standard();
  TestMachine machine;
  std::uint64_t points = 0;
  std::uint64_t checks = 0;
  int failures = 0;
  play(history, machine, [&](std::uint64_t point) {
    ++points;
    if (failures >= 5) return;
    const auto check = [&](std::unique_ptr<MemoryFileSystem> disk, const char* how) {
      ++checks;
      const std::string wrong = check_after_crash(std::move(disk), history, history.acknowledged());
      if (wrong.empty()) return;
      ++failures;
      ADD_FAILURE() << how << " at point " << point << " in step " << history.acknowledged() << " ("
                    << history.step_name(history.acknowledged()) << "): " << wrong;
    };
    check(machine.files.after_crash(point, CrashPolicy::drop_all), "drop_all");
    check(machine.files.after_crash(point, CrashPolicy::random), "random");
    check(machine.files.after_crash(point + 1'000'000, CrashPolicy::random_with_garbage), "random_with_garbage");
    if (point % 4 == 0) check(machine.files.after_crash(point, CrashPolicy::keep_all), "keep_all");
    if (point % 4 == 2) check(machine.files.clone(), "killed");
  });
  report("every point", points, checks);
  EXPECT_GT(points, 500U);
}

TEST(VaultCrash, HistoriesFromASeedHoldAtEveryPoint) {
  std::uint64_t points = 0;
  std::uint64_t checks = 0;
  int failures = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    VaultHistory history = VaultHistory::random(seed, 30);
    TestMachine machine(seed);
    play(history, machine, [&](std::uint64_t point) {
      ++points;
      if (failures >= 5) return;
      CheckOptions options;
      options.goes_on = point % 3 == 0;
      options.seed = point + 100;
      for (int i = 0; i < 2; ++i) {
        const auto policy = i == 0           ? CrashPolicy::random
                            : point % 3 == 0 ? CrashPolicy::drop_all
                                             : CrashPolicy::random_with_garbage;
        ++checks;
        const std::string wrong =
            check_after_crash(machine.files.after_crash(point * 2 + static_cast<std::uint64_t>(i), policy), history,
                              history.acknowledged(), options);
        if (wrong.empty()) continue;
        ++failures;
        ADD_FAILURE() << "seed " << seed << ", crash seed " << point * 2 + static_cast<std::uint64_t>(i) << " at point "
                      << point << " in step " << history.acknowledged() << " ("
                      << history.step_name(history.acknowledged()) << "): " << wrong;
      }
    });
  }
  report("histories from a seed", points, checks);
  EXPECT_GT(points, 3000U);
}

// The machine loses power again while it recovers: at every point of the first open, put and close after a crash.
TEST(VaultCrash, ASecondPowerCutDuringRecoveryLosesNothingEither) {
  constexpr std::uint64_t kEvery = 19;
  VaultHistory history = VaultHistory::standard();
  TestMachine machine;
  std::uint64_t points = 0;
  std::uint64_t checks = 0;
  int failures = 0;
  play(history, machine, [&](std::uint64_t point) {
    if (point % kEvery != 7 || failures >= 5) return;
    const CrashPolicy first = point % 2 == 0 ? CrashPolicy::drop_all : CrashPolicy::random;
    TestMachine recovering(machine.files.after_crash(point, first), 77);
    const std::size_t acknowledged = history.acknowledged();
    const auto check = [&](std::unique_ptr<MemoryFileSystem> disk, std::uint64_t again) {
      ++checks;
      CheckOptions options;
      options.goes_on = again % 8 == 0;
      options.verifies = again % 2 == 0;
      const std::string wrong = check_after_crash(std::move(disk), history, acknowledged, options);
      if (wrong.empty()) return;
      ++failures;
      ADD_FAILURE() << "point " << point << " in step " << history.acknowledged() << " ("
                    << history.step_name(history.acknowledged()) << "), again at point " << again
                    << " of recovery: " << wrong;
    };
    recovering.files.before_each_point([&](std::uint64_t again) {
      ++points;
      if (failures >= 5) return;
      check(recovering.files.after_crash(again, CrashPolicy::drop_all), again);
      check(recovering.files.after_crash(again + point * 1000, CrashPolicy::random), again);
    });
    const auto vault = open_small(recovering.inline_machine());
    ASSERT_EQ(told(vault), "ok");
    ASSERT_EQ(told((*vault)->close()), "ok");
    recovering.files.before_each_point(nullptr);
  });
  report("crashes during recovery", points, checks);
  EXPECT_GT(points, 200U);
}

// The process is told of the stop: every later call fails, and what it answered before must hold.
TEST(VaultCrash, StoppedInTheMiddleOfAnOperationItAnswersWithAnErrorAndTheRebootIsWhole) {
  std::uint64_t total = 0;
  {
    VaultHistory history = VaultHistory::standard();
    TestMachine machine;
    play(history, machine, [&](std::uint64_t point) { total = point + 1; });
  }
  std::uint64_t checks = 0;
  std::uint64_t points = 0;
  for (std::uint64_t point = 40; point < total; point += 7) {
    for (const platform::StopWhen when : {platform::StopWhen::torn, platform::StopWhen::after}) {
      SCOPED_TRACE("point " + std::to_string(point));
      VaultHistory history = VaultHistory::standard();
      TestMachine machine;
      machine.files.stop_at(point, when);
      ASSERT_EQ(told(VaultHistory::begin(machine.inline_machine())), "ok");
      const auto played = history.play(machine.inline_machine());
      if (!machine.files.stopped()) continue;  // ids and times differ a little between runs
      ASSERT_FALSE(played && history.acknowledged() < history.step_count());
      ++points;
      for (const CrashPolicy policy : {CrashPolicy::drop_all, CrashPolicy::random_with_garbage}) {
        ++checks;
        ASSERT_EQ(check_after_crash(machine.files.after_crash(point, policy), history, history.acknowledged()), "")
            << "step " << history.acknowledged();
      }
    }
  }
  report("stopped at a point", points, checks);
  EXPECT_GT(points, 100U);
}

TEST(VaultCrash, AVaultIsMadeWholeOrNotAtAll) {
  TestMachine machine;
  ASSERT_TRUE(platform::create_directories(machine.files, "/home/vaults"));
  std::uint64_t checks = 0;
  std::uint64_t whole = 0;
  machine.files.before_each_point([&](std::uint64_t point) {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      const CrashPolicy policy = seed == 0   ? CrashPolicy::drop_all
                                 : seed == 1 ? CrashPolicy::keep_all
                                             : CrashPolicy::random;
      TestMachine rebooted(machine.files.after_crash(seed * 1000 + point, policy), seed + 5);
      const auto on = rebooted.inline_machine();
      ++checks;
      auto vault = open_small(on);
      if (vault) {
        ++whole;
        ASSERT_EQ(told(put_bytes(**vault, "bucket", "k", words(1, 100))), "ok");
        continue;
      }
      ASSERT_EQ(vault.error().kind, ErrorKind::missing_home) << told(vault) << " at point " << point;
      ASSERT_EQ(told(create_small(on)), "ok") << "point " << point;  // what was begun is in nobody's way
      ASSERT_EQ(told(open_small(on)), "ok");
    }
  });
  ASSERT_EQ(told(create_small(machine.inline_machine())), "ok");
  machine.files.before_each_point(nullptr);
  EXPECT_GT(whole, 0U);
  report("making a vault", machine.files.points(), checks);
}

// The test of the test: with one kind of sync left out some crash must show a loss.
TEST(VaultCrash, EverySyncThatIsLeftOutIsNoticed) {
  for (const std::string folder : {"/packs/", "/journal/"}) {
    VaultHistory history = VaultHistory::standard();
    TestMachine machine;
    std::uint64_t lost = 0;
    std::uint64_t checks = 0;
    ASSERT_EQ(told(VaultHistory::begin(machine.inline_machine())), "ok");
    machine.files.leave_out_sync([&](const std::string& path) { return path.find(folder) != std::string::npos; });
    machine.files.before_each_point([&](std::uint64_t point) {
      if (point % 10 != 0) return;
      ++checks;
      CheckOptions options;
      options.goes_on = false;
      const auto policy = point % 20 == 0 ? CrashPolicy::drop_all : CrashPolicy::random;
      if (!check_after_crash(machine.files.after_crash(point, policy), history, history.acknowledged(), options)
               .empty())
        ++lost;
    });
    // The running process notices nothing: it reads what it wrote.
    EXPECT_EQ(told(history.play(machine.inline_machine())), "ok");
    machine.files.before_each_point(nullptr);
    EXPECT_GT(lost, checks / 4) << "nobody noticed that " << folder << " was not synced";
    std::printf("without the syncs of %s: %llu of %llu crashes show it\n", folder.c_str(),
                static_cast<unsigned long long>(lost), static_cast<unsigned long long>(checks));
  }
}

}  // namespace
}  // namespace atl::vault
