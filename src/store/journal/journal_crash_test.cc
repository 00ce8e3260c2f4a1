// Crashes at every point at which the journal changes the disk, and what the next session finds.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

#include "foundation/platform/testing/test_machine.h"
#include "store/journal/journal.h"
#include "store/journal/testing/journal_samples.h"

namespace atl::journal {
namespace {

using platform::CrashPolicy;
using platform::MemoryFileSystem;
using platform::StopWhen;
using platform::TestMachine;

constexpr const char* kVault = "/vault";

JournalOptions crash_options() {
  JournalOptions options;
  options.segment_bytes = 48 * kKiB;
  options.grow_bytes = 16 * kKiB;
  options.archive_block_bytes = 4 * kKiB;
  options.small_archives_max = 3;
  return options;
}

// What the outside world knows of a journal.
struct Witness {
  std::vector<Command> acknowledged;
  std::vector<Command> in_flight;   // the group whose append has not returned ok
  std::uint64_t dropped_up_to = 0;  // payloads that may be gone
  std::uint64_t horizon_up_to = 0;  // envelopes that may be gone
};

// Several sessions of appending, archiving, truncating; stops at the first error (the machine "died").
void work(TestMachine& machine, Witness& witness, bool preallocate) {
  SampleKeys keys;
  if (!machine.files.create_directory(kVault) || !machine.files.sync_directory("/")) return;
  auto options = crash_options();
  options.preallocate = preallocate;
  if (preallocate) options.archive_at_open_bytes = 0;
  for (int session = 0; session < 6; ++session) {
    auto opened = Journal::open(machine.machine(), kVault, keys.keys(), options);
    if (!opened) return;
    Journal& journal = **opened;
    for (std::size_t i = 0; i < 4; ++i) {
      witness.in_flight =
          sample_group(journal.last().next(), 1 + i % 3, 9, {session == 2 ? std::size_t{9000} : 500, 2});
      if (!journal.append(witness.in_flight)) return;
      witness.acknowledged.insert(witness.acknowledged.end(), witness.in_flight.begin(), witness.in_flight.end());
      witness.in_flight.clear();
      if (session == 2 && i == 2 && !journal.archive_full()) return;
    }
    if (session == 3) {
      witness.dropped_up_to = 10;
      if (!journal.drop_payloads_up_to({10})) return;
    }
    if (session == 4) {
      witness.horizon_up_to = 9;
      if (!journal.drop_envelopes_up_to({9})) return;
    }
    if (session % 3 != 1 && !journal.close()) return;
  }
}

// False, with a reason, where what a reboot finds is not what was promised.
::testing::AssertionResult holds(std::unique_ptr<MemoryFileSystem> disk, const Witness& witness) {
  TestMachine machine(std::move(disk), 99);
  SampleKeys keys;
  if (!machine.files.exists("/vault") && machine.files.all_paths().empty()) {
    const auto info = machine.files.stat(kVault);
    if (!info || !*info)
      return witness.acknowledged.empty() ? ::testing::AssertionSuccess()
                                          : ::testing::AssertionFailure() << "the vault is gone";
  }
  std::uint64_t recovered = 0;  // from here on: what this function appended
  for (int again = 0; again < 2; ++again) {
    auto opened = Journal::open(machine.machine(), kVault, keys.keys(), crash_options());
    if (!opened) return ::testing::AssertionFailure() << "open: " << opened.error().message;
    Journal& journal = **opened;
    if (!journal.recovery().lost.empty())
      return ::testing::AssertionFailure() << "lost from " << journal.recovery().lost[0].first.value;
    const std::uint64_t last = journal.last().value;
    const std::uint64_t acknowledged = witness.acknowledged.size();
    if (again == 0 && last != acknowledged && last != acknowledged + witness.in_flight.size()) {
      return ::testing::AssertionFailure() << acknowledged << " were acknowledged, " << last << " are there";
    }
    if (again == 0) recovered = last;
    const auto stats = journal.stats();
    if (!stats) return ::testing::AssertionFailure() << "stats";
    if (stats->first_kept.value > witness.horizon_up_to + 1)
      return ::testing::AssertionFailure() << "kept from " << stats->first_kept.value;
    const auto commands = read_all(journal, stats->first_kept);
    if (!commands) return ::testing::AssertionFailure() << "read: " << commands.error().message;
    std::uint64_t lsn = stats->first_kept.value;
    for (const Command& command : *commands) {
      Command expected = lsn > recovered       ? sample_command({lsn}, 7)
                         : lsn <= acknowledged ? witness.acknowledged[lsn - 1]
                                               : witness.in_flight[lsn - acknowledged - 1];
      for (std::size_t i = 0; i < command.payloads.size() && i < expected.payloads.size(); ++i) {
        if (lsn <= witness.dropped_up_to && !command.payloads[i].plain) expected.payloads[i].plain.reset();
      }
      if (!same_command(expected, command))
        return ::testing::AssertionFailure() << "LSN " << lsn << " is not what was appended";
      ++lsn;
    }
    if (lsn != last + 1) return ::testing::AssertionFailure() << "read up to " << lsn - 1 << " of " << last;
    const auto report = journal.verify(false);
    if (!report || !report->is_whole()) {
      return ::testing::AssertionFailure()
             << "verify: "
             << (report ? report->damages.empty() ? "lost" : report->damages[0].what : report.error().message);
    }
    // It can be written on, and that lasts.
    if (again == 0 && !journal.append(sample_group(journal.last().next(), 1, 7)))
      return ::testing::AssertionFailure() << "append after recovery";
  }
  return ::testing::AssertionSuccess();
}

class JournalCrash : public ::testing::TestWithParam<bool> {};

TEST_P(JournalCrash, AtEveryPointWhatWasAcknowledgedIsThereAndNothingHalf) {
  Witness witness;
  TestMachine machine;
  std::uint64_t states = 0;
  machine.files.before_each_point([&](std::uint64_t point) {
    if (::testing::Test::HasFailure()) return;
    const auto check = [&](CrashPolicy policy, std::uint64_t seed) {
      SCOPED_TRACE("point " + std::to_string(point) + ", policy " + std::to_string(static_cast<int>(policy)) +
                   ", seed " + std::to_string(seed));
      EXPECT_TRUE(holds(machine.files.after_crash(seed, policy), witness));
      ++states;
    };
    check(CrashPolicy::keep_all, 0);
    check(CrashPolicy::drop_all, 0);
    // ATOLL_TEST_SEEDS=<count> looks at more than the one of every day.
    const char* const wish = std::getenv("ATOLL_TEST_SEEDS");  // NOLINT(concurrency-mt-unsafe)
    const std::uint64_t seeds = wish == nullptr ? 1 : std::strtoull(wish, nullptr, 10);
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) check(CrashPolicy::random, seed * 1000 + point);
    check(CrashPolicy::random_with_garbage, point);
  });
  work(machine, witness, GetParam());
  machine.files.before_each_point(nullptr);
  EXPECT_EQ(witness.acknowledged.size(), 42U);
  EXPECT_GT(states, 400U);
  EXPECT_TRUE(holds(machine.files.clone(), witness));
}

TEST_P(JournalCrash, AProcessKilledInTheMiddleOfAnyOperationIsRecovered) {
  std::uint64_t total = 0;
  {
    TestMachine machine;
    Witness witness;
    work(machine, witness, GetParam());
    total = machine.files.points();
  }
  // Every second point here, the others in the other mode; the test above stops at each.
  for (std::uint64_t point = GetParam() ? 1 : 0; point < total; point += 2) {
    const StopWhen when = std::array{StopWhen::before, StopWhen::torn, StopWhen::after}[point % 3];
    SCOPED_TRACE("point " + std::to_string(point) + ", when " + std::to_string(static_cast<int>(when)));
    TestMachine machine;
    Witness witness;
    machine.files.stop_at(point, when);
    work(machine, witness, GetParam());
    ASSERT_TRUE(holds(machine.files.clone(), witness));
    ASSERT_TRUE(holds(machine.files.after_crash(point, CrashPolicy::random), witness));
  }
}

TEST_P(JournalCrash, ACrashDuringRecoveryIsRecoveredToo) {
  std::uint64_t total = 0;
  {
    TestMachine machine;
    Witness witness;
    work(machine, witness, GetParam());
    total = machine.files.points();
  }
  for (std::uint64_t point = 3; point < total; point += 17) {
    TestMachine machine;
    Witness witness;
    machine.files.stop_at(point, StopWhen::torn);
    work(machine, witness, GetParam());
    TestMachine second(machine.files.after_crash(point, CrashPolicy::random), 31);
    SampleKeys keys;
    second.files.before_each_point([&](std::uint64_t inner) {
      if (::testing::Test::HasFailure()) return;
      SCOPED_TRACE("point " + std::to_string(point) + ", of recovery " + std::to_string(inner));
      EXPECT_TRUE(holds(second.files.after_crash(inner, CrashPolicy::drop_all), witness));
      EXPECT_TRUE(holds(second.files.after_crash(inner, CrashPolicy::random), witness));
    });
    ignore_error_on_purpose(Journal::open(second.machine(), kVault, keys.keys(), crash_options()));
    second.files.before_each_point(nullptr);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, JournalCrash, ::testing::Values(false, true),
                         [](const auto& mode) { return mode.param ? "preallocating" : "growing"; });

// The alarm rings: without the segment's sync, or the folder's, acknowledged commands are lost and the check tells.
std::uint64_t losses_without_sync(const std::string& pattern) {
  Witness witness;
  TestMachine machine;
  std::uint64_t losses = 0;
  machine.files.leave_out_sync(pattern);
  machine.files.before_each_point([&](std::uint64_t point) {
    if (losses == 0 && !holds(machine.files.after_crash(point, CrashPolicy::drop_all), witness)) ++losses;
  });
  work(machine, witness, false);
  machine.files.before_each_point(nullptr);
  return losses;
}

TEST(JournalCrashTestItself, NoticesALeftOutSyncOfTheSegment) {
  EXPECT_GT(losses_without_sync("/vault/journal/*.tmp"), 0U);  // a segment's name when it was opened
  EXPECT_GT(losses_without_sync("/vault/journal/*.spare"), 0U);
}

TEST(JournalCrashTestItself, NoticesALeftOutSyncOfTheFolder) { EXPECT_GT(losses_without_sync("/vault/journal"), 0U); }

TEST(JournalCrashTestItself, FindsNothingWhereEverySyncIsDone) { EXPECT_EQ(losses_without_sync("/nothing"), 0U); }

TEST(JournalCrash, AFailedSyncThatLosesPagesLosesNoAcknowledgedGroup) {
  // As Linux does it: after the failure the pages look written, but are not on the disk.
  TestMachine machine;
  Witness witness;
  SampleKeys keys;
  ASSERT_TRUE(machine.files.create_directory(kVault));
  ASSERT_TRUE(machine.files.sync_directory("/"));
  for (int session = 0; session < 4; ++session) {
    auto journal = Journal::open(machine.machine(), kVault, keys.keys(), crash_options());
    ASSERT_TRUE(journal) << journal.error().message;
    // What the failed group left visible is taken over, and from then on it has to last.
    const auto found = read_all(**journal);
    ASSERT_TRUE(found);
    ASSERT_GE(found->size(), witness.acknowledged.size());
    if (found->size() > witness.acknowledged.size()) witness.acknowledged.push_back(witness.in_flight[0]);
    ASSERT_EQ(found->size(), witness.acknowledged.size());
    witness.in_flight.clear();
    for (int i = 0; i < 3; ++i) {
      const auto group = sample_group((*journal)->last().next(), 1, 9);
      ASSERT_TRUE((*journal)->append(group));
      witness.acknowledged.push_back(group[0]);
    }
    witness.in_flight = sample_group((*journal)->last().next(), 1, 9);
    machine.files.fail_next(platform::Operation::sync, "/vault/journal/*");
    ASSERT_FALSE((*journal)->append(witness.in_flight));
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      ASSERT_TRUE(holds(machine.files.after_crash(seed, CrashPolicy::random), witness)) << seed;
    }
    ASSERT_TRUE(holds(machine.files.after_crash(0, CrashPolicy::drop_all), witness));
  }
}

}  // namespace
}  // namespace atl::journal
