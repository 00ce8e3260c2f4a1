#include "foundation/platform/posix_machine.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): pthread_sigmask

#include <array>
#include <atomic>
#include <set>

namespace atl::platform {
namespace {

TEST(PosixMachineTest, TheWallClockIsInThisCenturyAndTheOtherNeverGoesBack) {
  PosixMachine posix;
  const Machine machine = posix.machine();
  EXPECT_GT(machine.clock.now().unix_us, 1'700'000'000'000'000);
  EXPECT_LT(machine.clock.now().unix_us, 4'102'444'800'000'000);
  std::int64_t before = machine.clock.monotonic_ns();
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t now = machine.clock.monotonic_ns();
    ASSERT_GE(now, before);
    before = now;
  }
}

TEST(PosixMachineTest, RandomFillsEveryByteOfAnySize) {
  PosixRandom random;
  random.fill({});
  for (const std::size_t size : {std::size_t{1}, std::size_t{255}, std::size_t{257}, std::size_t{100'000}}) {
    Bytes ones(size);  // collects the bits that were ever 1: after 64 fills each of 8 bits in each byte has been
    Bytes bytes(size);
    for (int i = 0; i < 64; ++i) {
      random.fill(bytes);
      for (std::size_t at = 0; at < size; ++at) ones[at] |= bytes[at];
    }
    EXPECT_EQ(ones, Bytes(size, 0xff));
  }
}

TEST(PosixMachineTest, IdsAreNewEachTimeAndSortByTime) {
  PosixMachine posix;
  std::set<PackId> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(new_id<PackId>(posix.machine()));
  EXPECT_EQ(ids.size(), 1000U);
}

TEST(PosixMachineTest, AThreadRunsUnderItsNameAndIsJoinedByItsDestructor) {
  PosixThreads threads;
  EXPECT_GE(threads.hardware_count(), 1U);
  std::array<char, 16> name{};
  std::atomic<int> ran = 0;
  {
    const auto thread = threads.start("a-name-that-is-too-long", [&] {
      ::pthread_getname_np(::pthread_self(), name.data(), name.size());
      ++ran;
    });
    const auto joined = threads.start("short", [&] { ++ran; });
    joined->join();
    joined->join();  // once more is fine
  }
  EXPECT_EQ(ran, 2);
  EXPECT_STREQ(name.data(), "a-name-that-is-");
}

TEST(PosixMachineTest, SignalsGoToTheThreadsThatAtollDidNotStart) {
  PosixThreads threads;
  std::array<int, 3> blocked{};
  threads
      .start("signals",
             [&] {
               sigset_t mask;
               ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
               blocked = {sigismember(&mask, SIGINT), sigismember(&mask, SIGTERM), sigismember(&mask, SIGSEGV)};
             })
      ->join();
  EXPECT_EQ(blocked, (std::array<int, 3>{1, 1, 0}));
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  EXPECT_EQ(sigismember(&mask, SIGINT), 0);  // the starter's mask is as it was
}

TEST(PosixMachineDeathTest, ABodyThatThrowsStopsTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(PosixThreads().start("throws", [] { throw 1; })->join(), "");
}

}  // namespace
}  // namespace atl::platform
