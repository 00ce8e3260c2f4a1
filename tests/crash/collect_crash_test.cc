// Power cuts at every point of policies, removal for good, expiry and gc: what must be there is there, and the next gc
// goes on.
#include <gtest/gtest.h>

#include <cstdio>

#include "vault/testing/vault_history.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using platform::CrashPolicy;
using platform::MemoryFileSystem;
using platform::TestMachine;

TEST(CollectCrash, AtEveryPointWhatIsNeededIsThereAndTheNextGcGoesOn) {
  VaultHistory history = VaultHistory::keeping();
  TestMachine machine;
  std::uint64_t points = 0;
  std::uint64_t checks = 0;
  int failures = 0;
  ASSERT_EQ(told(VaultHistory::begin(machine.inline_machine())), "ok");
  machine.files.before_each_point([&](std::uint64_t point) {
    ++points;
    if (failures >= 5) return;
    const auto check = [&](std::unique_ptr<MemoryFileSystem> disk, const char* how, bool collects) {
      ++checks;
      CheckOptions options;
      options.collects = collects;
      options.seed = point + 100;
      const std::string wrong = check_after_crash(std::move(disk), history, history.acknowledged(), options);
      if (wrong.empty()) return;
      ++failures;
      ADD_FAILURE() << how << " at point " << point << " in step " << history.acknowledged() << " ("
                    << history.step_name(history.acknowledged()) << "): " << wrong;
    };
    check(machine.files.after_crash(point, CrashPolicy::drop_all), "drop_all", point % 2 == 0);
    check(machine.files.after_crash(point, CrashPolicy::random), "random", point % 2 == 1);
    if (point % 3 == 0) check(machine.files.after_crash(point, CrashPolicy::random_with_garbage), "garbage", true);
    if (point % 4 == 2) check(machine.files.clone(), "killed", true);
  });
  const auto played = history.play(machine.inline_machine());
  machine.files.before_each_point(nullptr);
  ASSERT_EQ(told(played), "ok");
  std::printf("gc: %llu points, %llu states after a crash checked\n", static_cast<unsigned long long>(points),
              static_cast<unsigned long long>(checks));
  EXPECT_GT(points, 300U);
}

// The test of the test: where packs go before the rows that say so, some crash must show a loss.
TEST(CollectCrash, APackFileThatVanishesTooEarlyIsNoticed) {
  VaultHistory history = VaultHistory::keeping();
  TestMachine machine;
  ASSERT_EQ(told(VaultHistory::begin(machine.inline_machine())), "ok");
  ASSERT_EQ(told(history.play(machine.inline_machine())), "ok");
  auto disk = machine.files.clone();
  const auto packs = disk->all_paths("*.pack");
  ASSERT_FALSE(packs.empty());
  disk->erase(packs.front());
  EXPECT_NE(check_after_crash(std::move(disk), history, history.acknowledged()), "");
}

}  // namespace
}  // namespace atl::vault
