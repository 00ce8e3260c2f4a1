// Power cuts at every point of moves between tiers, and of what is remembered of reads: everything is there, and the
// next move goes on.
#include <gtest/gtest.h>

#include <cstdio>

#include "vault/testing/vault_history.h"
#include "vault/tier/tiers.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using platform::CrashPolicy;
using platform::MemoryFileSystem;
using platform::TestMachine;

// What check_after_crash() does not know of: the move that was broken off is ended, and changes nothing a user could
// tell.
std::string end_the_move(std::unique_ptr<MemoryFileSystem> disk, std::uint64_t seed) {
  TestMachine rebooted(std::move(disk), seed);
  auto vault = open_small(rebooted.inline_machine());
  if (!vault) return "open: " + told(vault.error());
  const auto before = state_of(**vault);
  if (!before) return "reading: " + told(before.error());
  TierOptions options;
  options.misplaced_share_min = 0;
  const auto report = move_tiers(**vault, options);
  if (!report) return "tier run: " + told(report.error());
  if (!report->troubles.empty()) return "tier run: " + report->troubles.front();
  options.is_dry_run = true;
  options.measures = false;
  const auto again = move_tiers(**vault, options);
  if (!again) return "tier plan: " + told(again.error());
  if (again->packs > 0) return "the next run left packs in the wrong tier";
  if (const auto closed = (*vault)->close(); !closed) return "close: " + told(closed.error());
  vault->reset();
  vault = open_small(rebooted.inline_machine());
  if (!vault) return "open again: " + told(vault.error());
  const auto after = state_of(**vault);
  if (!after) return "reading again: " + told(after.error());
  return difference(*before, *after);
}

TEST(TierCrash, AtEveryPointEverythingIsThereAndTheNextRunGoesOn) {
  VaultHistory history = VaultHistory::tiers();
  TestMachine machine;
  std::uint64_t points = 0;
  std::uint64_t checks = 0;
  int failures = 0;
  ASSERT_EQ(told(VaultHistory::begin(machine.inline_machine())), "ok");
  machine.files.before_each_point([&](std::uint64_t point) {
    ++points;
    if (failures >= 5) return;
    const auto complain = [&](const std::string& wrong, const char* how) {
      if (wrong.empty()) return;
      ++failures;
      ADD_FAILURE() << how << " at point " << point << " in step " << history.acknowledged() << " ("
                    << history.step_name(history.acknowledged()) << "): " << wrong;
    };
    const auto check = [&](std::unique_ptr<MemoryFileSystem> disk, const char* how, bool collects) {
      ++checks;
      CheckOptions options;
      options.collects = collects;
      options.seed = point + 100;
      complain(check_after_crash(std::move(disk), history, history.acknowledged(), options), how);
    };
    check(machine.files.after_crash(point, CrashPolicy::drop_all), "drop_all", point % 2 == 0);
    check(machine.files.after_crash(point, CrashPolicy::random), "random", point % 2 == 1);
    if (point % 3 == 0) check(machine.files.after_crash(point, CrashPolicy::random_with_garbage), "garbage", true);
    if (point % 4 == 0) complain(end_the_move(machine.files.after_crash(point, CrashPolicy::random), point), "goes on");
    if (point % 8 == 1) complain(end_the_move(machine.files.clone(), point), "killed");
  });
  const auto played = history.play(machine.inline_machine());
  machine.files.before_each_point(nullptr);
  ASSERT_EQ(told(played), "ok");
  std::printf("tiers: %llu points, %llu states after a crash checked\n", static_cast<unsigned long long>(points),
              static_cast<unsigned long long>(checks));
  EXPECT_GT(points, 200U);
}

}  // namespace
}  // namespace atl::vault
