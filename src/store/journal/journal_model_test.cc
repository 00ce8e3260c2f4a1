// Random appends, closes, kills, power cuts, archivings and truncations against a plain list.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

#include "foundation/platform/testing/test_machine.h"
#include "store/journal/journal.h"
#include "store/journal/testing/journal_samples.h"

namespace atl::journal {
namespace {

using platform::CrashPolicy;
using platform::SeededRandom;
using platform::TestMachine;

constexpr const char* kVault = "/vault";

class Model {
 public:
  explicit Model(std::uint64_t seed) : random_(seed), machine_(std::make_unique<TestMachine>(seed)) {
    EXPECT_TRUE(machine_->files.create_directory(kVault));
    EXPECT_TRUE(machine_->files.sync_directory("/"));
    options_.segment_bytes = (8 + random_.below(20)) * 8 * kKiB;
    options_.grow_bytes = (1 + random_.below(6)) * 4 * kKiB;
    options_.archive_block_bytes = 1 + random_.below(20'000);
    options_.small_archives_max = 1 + random_.below(6);
    options_.small_archive_bytes = 1 + random_.below(100'000);
    options_.preallocate = random_.one_in(2);
    options_.archive_at_open_bytes = random_.below(60'000);
    if (random_.one_in(4)) keys_ = SampleKeys(sample_vault(), codec::SealSuite::none);
  }

  void run(int steps) {
    open();
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      SCOPED_TRACE("step " + std::to_string(i));
      step();
    }
  }

 private:
  void open() {
    journal_.reset();
    // The catalog's knowledge may lag, but is never ahead.
    options_.synced_lsn_hint.value = commands_.empty() ? 0 : random_.below(commands_.size() + 1);
    options_.preallocate ^= random_.one_in(10);
    auto opened = Journal::open(machine_->machine(), kVault, keys_.keys(), options_);
    ASSERT_TRUE(opened) << opened.error().message;
    journal_ = std::move(*opened);
    ASSERT_TRUE(journal_->recovery().lost.empty());
    ASSERT_EQ(journal_->last().value, commands_.size());
    ASSERT_EQ(journal_->last_commit_time(), commands_.empty() ? Timestamp{} : commands_.back().envelope.commit_time);
  }

  void step() {
    switch (random_.below(16)) {
      case 0: {
        ASSERT_TRUE(journal_->close());
        open();
        break;
      }
      case 1: {  // killed
        journal_.reset();
        machine_ = std::make_unique<TestMachine>(machine_->files.clone(), random_.next());
        open();
        break;
      }
      case 2: {  // power cut
        journal_.reset();
        const auto policy = std::array{CrashPolicy::keep_all, CrashPolicy::drop_all, CrashPolicy::random,
                                       CrashPolicy::random_with_garbage}[random_.below(4)];
        machine_ = std::make_unique<TestMachine>(machine_->files.after_crash(random_.next(), policy), random_.next());
        open();
        break;
      }
      case 3: ASSERT_TRUE(journal_->archive_full()); break;
      case 4: {
        if (!random_.one_in(4)) break;
        ASSERT_TRUE(journal_->drop_payloads_up_to({random_.below(commands_.size() + 2)}));
        const auto stats = journal_->stats();
        ASSERT_TRUE(stats);
        for (std::uint64_t lsn = 1; lsn < stats->first_with_payloads.value; ++lsn) forget(lsn);
        break;
      }
      case 5: {
        if (!random_.one_in(6)) break;
        ASSERT_TRUE(journal_->drop_envelopes_up_to({random_.below(commands_.size() + 2)}));
        break;
      }
      case 6: {
        if (commands_.empty() || !random_.one_in(3)) break;
        std::vector<Lsn> lsns;
        for (std::uint64_t count = 1 + random_.below(3); count-- > 0;)
          lsns.push_back({1 + random_.below(commands_.size())});
        ASSERT_TRUE(journal_->erase_payloads(lsns));
        for (const Lsn lsn : lsns) forget(lsn.value);
        break;
      }
      case 7: {
        const auto report = journal_->verify(random_.one_in(2));
        ASSERT_TRUE(report);
        ASSERT_TRUE(report->is_whole()) << (report->damages.empty() ? "lost" : report->damages[0].what);
        break;
      }
      case 8: {
        if (commands_.empty()) break;
        const Lsn lsn{1 + random_.below(commands_.size())};
        const auto found = journal_->last_lsn_at(commands_[lsn.value - 1].envelope.commit_time);
        if (found) {
          ASSERT_EQ(*found, lsn);
        } else {
          ASSERT_EQ(found.error().id, "journal.below_horizon");
          ASSERT_LT(lsn, journal_->stats()->first_kept);
        }
        break;
      }
      case 9:
      case 10: check_range(); break;
      default: {
        auto group = sample_group(journal_->last().next(), 1 + random_.below(6), random_.next(),
                                  {random_.one_in(5) ? std::size_t{20'000} : 400, 3});
        ASSERT_TRUE(journal_->append(group));
        for (Command& command : group) commands_.push_back(std::move(command));
      }
    }
  }

  void forget(std::uint64_t lsn) {
    for (Payload& payload : commands_[lsn - 1].payloads) payload.plain.reset();
  }

  void check_range() {
    const Lsn kept = journal_->stats()->first_kept;
    const Lsn from{1 + random_.below(commands_.size() + 2)};
    const Lsn to{from.value + random_.below(commands_.size() + 2)};
    const auto read = read_all(*journal_, from, to);
    if (from < kept && from.value <= commands_.size()) {
      ASSERT_EQ(read.error().id, "journal.below_horizon");
      return;
    }
    ASSERT_TRUE(read) << read.error().message;
    const std::uint64_t end = std::min<std::uint64_t>(to.value, commands_.size());
    ASSERT_EQ(read->size(), end < from.value ? 0 : end - from.value + 1);
    for (std::size_t i = 0; i < read->size(); ++i) {
      ASSERT_TRUE(same_command(commands_[from.value - 1 + i], (*read)[i])) << "LSN " << from.value + i;
    }
  }

  SeededRandom random_;
  std::unique_ptr<TestMachine> machine_;
  SampleKeys keys_;
  JournalOptions options_;
  std::unique_ptr<Journal> journal_;
  std::vector<Command> commands_;
};

TEST(JournalModel, RandomOperationsAgreeWithAPlainList) {
  // ATOLL_TEST_SEEDS=<count> runs more than the few of every day.
  const char* const wish = std::getenv("ATOLL_TEST_SEEDS");  // NOLINT(concurrency-mt-unsafe)
  const std::uint64_t seeds = wish == nullptr ? 30 : std::strtoull(wish, nullptr, 10);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Model(seed).run(60);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace atl::journal
