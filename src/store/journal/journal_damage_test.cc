// Damage to the files of a journal: told, healed where there is parity, and never wrong data.
#include <gtest/gtest.h>

#include "foundation/platform/testing/test_machine.h"
#include "store/journal/internal/recovery.h"
#include "store/journal/journal.h"
#include "store/journal/testing/journal_samples.h"

namespace atl::journal {
namespace {

using platform::TestMachine;

constexpr const char* kVault = "/vault";

JournalOptions damage_options() {
  JournalOptions options;
  options.segment_bytes = 256 * kKiB;
  options.grow_bytes = 16 * kKiB;
  options.archive_block_bytes = 8 * kKiB;
  return options;
}

class JournalDamageTest : public testing::Test {
 protected:
  JournalDamageTest() { EXPECT_TRUE(machine_.files.create_directory(kVault)); }

  void fill(std::size_t groups, bool closes, const SampleShape& shape = {}) {
    auto journal = Journal::open(machine_.machine(), kVault, keys_.keys(), damage_options());
    ASSERT_TRUE(journal) << journal.error().message;
    for (std::size_t i = 0; i < groups; ++i) {
      auto group = sample_group((*journal)->last().next(), 1 + i % 3, 4, shape);
      ASSERT_TRUE((*journal)->append(group));
      for (Command& command : group) written_.push_back(std::move(command));
    }
    if (closes) {
      ASSERT_TRUE((*journal)->close());
    }
  }
  std::vector<std::string> paths(const std::string& pattern) {
    return machine_.files.all_paths("/vault/journal/" + pattern);
  }

  // Every LSN is read right or named as lost, one by one; returns how many are lost.
  std::size_t expect_right_or_told(Journal& journal, std::size_t count) {
    const auto report = journal.verify(false);
    EXPECT_TRUE(report) << report.error().message;
    std::size_t lost = 0;
    for (std::uint64_t lsn = 1; lsn <= count; ++lsn) {
      bool is_told = false;
      for (const LsnRange& range : report->lost) is_told |= range.first.value <= lsn && lsn <= range.last.value;
      const auto commands = read_all(journal, {lsn}, {lsn});
      if (commands) {
        EXPECT_EQ(commands->size(), 1U);
        EXPECT_TRUE(same_command(written_[lsn - 1], commands->front())) << "LSN " << lsn;
        EXPECT_FALSE(is_told) << "LSN " << lsn;
      } else {
        EXPECT_EQ(commands.error().id, "journal.lost") << commands.error().message;
        EXPECT_TRUE(is_told) << "LSN " << lsn;
        ++lost;
      }
    }
    return lost;
  }

  TestMachine machine_;
  SampleKeys keys_;
  std::vector<Command> written_;
};

TEST_F(JournalDamageTest, EachDamagedBlockOfAnActiveSegmentCostsItsGroupOnlyAndIsTold) {
  fill(14, false, {2500, 2});
  const std::string segment = paths("*.wal").front();
  const Bytes whole = machine_.files.content(segment);
  auto options = damage_options();
  options.synced_lsn_hint = {written_.size()};
  for (std::size_t block = 0; block < whole.size() / kBlockBytes; ++block) {
    for (int kind = 0; kind < 3; ++kind) {
      SCOPED_TRACE("block " + std::to_string(block) + ", kind " + std::to_string(kind));
      TestMachine machine(machine_.files.clone(), block);
      if (kind == 0) machine.files.zero(segment, block * kBlockBytes, kBlockBytes);
      if (kind == 1) machine.files.flip_bits(segment, block * kBlockBytes + (block * 613) % kBlockBytes);
      if (kind == 2) machine.files.overwrite(segment, block * kBlockBytes, machine.random.bytes(kBlockBytes));
      for (const bool writable : {false, true}) {
        options.writable = writable;
        auto journal = Journal::open(machine.machine(), kVault, keys_.keys(), options);
        ASSERT_TRUE(journal) << journal.error().message;
        EXPECT_EQ((*journal)->last().value, written_.size());
        const std::size_t lost = expect_right_or_told(**journal, written_.size());
        EXPECT_LE(lost, 3U);
        if (block < 2) {
          EXPECT_EQ(lost, 0U);
        }
        std::size_t told = 0;
        for (const LsnRange& range : (*journal)->recovery().lost) told += range.last.value - range.first.value + 1;
        EXPECT_EQ(told, lost);
        if (writable) {  // goes on behind what was lost
          const auto group = sample_group((*journal)->last().next(), 1, 4);
          ASSERT_TRUE((*journal)->append(group));
          EXPECT_EQ(read_all(**journal, (*journal)->last())->size(), 1U);
        }
      }
    }
  }
}

TEST_F(JournalDamageTest, WithBothHeadersGoneNothingIsLost) {
  fill(5, false);
  machine_.files.zero(paths("*.wal").front(), 0, kSegmentHeaderBytes);
  auto journal = Journal::open(machine_.machine(), kVault, keys_.keys(), damage_options());
  ASSERT_TRUE(journal);
  EXPECT_FALSE((*journal)->recovery().remarks.empty());
  EXPECT_EQ((*journal)->last().value, written_.size());
  EXPECT_EQ(expect_right_or_told(**journal, written_.size()), 0U);
}

TEST_F(JournalDamageTest, WithoutAHintADamagedLastGroupCountsAsTorn) {
  fill(5, false);
  const std::string segment = paths("*.wal").front();
  const auto file = machine_.files.open(segment, platform::OpenMode::read);
  const JournalKeys keys = keys_.keys();
  const auto header = read_segment_header(**file, 1, keys);
  ASSERT_TRUE(header);
  const GroupPlace last = scan_segment(**file, *header)->groups.back();
  machine_.files.flip_bits(segment, last.offset + 200);
  auto journal = Journal::open(machine_.machine(), kVault, keys_.keys(), damage_options());
  ASSERT_TRUE(journal);
  EXPECT_GT((*journal)->recovery().torn_bytes_dropped, 0U);
  EXPECT_EQ((*journal)->last().value, last.first.value - 1);
  EXPECT_TRUE((*journal)->recovery().lost.empty());
  EXPECT_TRUE((*journal)->verify(false)->is_whole());
}

TEST_F(JournalDamageTest, ADamagedSegmentIsKeptAside) {
  fill(9, false);
  const std::string segment = paths("*.wal").front();
  machine_.files.flip_bits(segment, 3 * kBlockBytes + 500);
  auto journal = Journal::open(machine_.machine(), kVault, keys_.keys(), damage_options());
  ASSERT_TRUE(journal);
  ASSERT_EQ((*journal)->recovery().lost.size(), 1U);
  EXPECT_EQ(paths("*.damaged").size(), 1U);
  EXPECT_TRUE(paths("*.wal").empty());
  // The hole stays told, also by later sessions.
  journal = Journal::open(machine_.machine(), kVault, keys_.keys(), damage_options());
  ASSERT_EQ((*journal)->recovery().lost.size(), 1U);
  const auto all = read_all(**journal);
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().id, "journal.lost");
  const Lsn any{1};  // erasing reaches what was set aside too
  ASSERT_TRUE((*journal)->erase_payloads(std::span(&any, 1)));
  EXPECT_TRUE(paths("*.damaged").empty());
}

TEST_F(JournalDamageTest, OneDamagedBlockPerArchiveCostsNothingAndHealing) {
  for (int i = 0; i < 3; ++i) fill(30, true, {4000, 2});
  std::vector<std::pair<std::string, Bytes>> whole;
  for (const std::string& path : paths("*.jseg")) {
    whole.emplace_back(path, machine_.files.content(path));
    const std::size_t at = 4096 * machine_.random.below(whole.back().second.size() / 4096);
    machine_.files.overwrite(path, at, machine_.random.bytes(4096));
  }
  ASSERT_EQ(whole.size(), 3U);
  auto journal = Journal::open(machine_.machine(), kVault, keys_.keys(), damage_options());
  ASSERT_TRUE(journal) << journal.error().message;
  EXPECT_EQ(expect_right_or_told(**journal, written_.size()), 0U);
  auto report = (*journal)->verify(false);
  EXPECT_EQ(report->damages.size(), 3U);
  EXPECT_TRUE(report->lost.empty());
  report = (*journal)->verify(true);
  for (const JournalDamage& damage : report->damages) EXPECT_TRUE(damage.healed) << damage.what;
  for (const auto& [path, content] : whole) EXPECT_EQ(machine_.files.content(path), content);
  EXPECT_TRUE((*journal)->verify(false)->is_whole());
}

TEST_F(JournalDamageTest, RandomWoundsInArchivesAreHealedOrNamedNeverServed) {
  for (int i = 0; i < 3; ++i) fill(12, true, {3000, 2});
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    TestMachine machine(machine_.files.clone(), seed);
    const auto archives = machine.files.all_paths("/vault/journal/*.jseg");
    for (std::uint64_t wounds = 1 + machine.random.below(6); wounds-- > 0;) {
      const std::string& path = archives[machine.random.below(archives.size())];
      const std::size_t size = machine.files.content(path).size();
      const std::size_t at = machine.random.below(size);
      machine.files.overwrite(path, at,
                              machine.random.bytes(std::min<std::size_t>(size - at, 1 + machine.random.below(60'000))));
    }
    for (const bool writable : {false, true}) {
      auto options = damage_options();
      options.writable = writable;
      auto journal = Journal::open(machine.machine(), kVault, keys_.keys(), options);
      ASSERT_TRUE(journal) << journal.error().message;
      EXPECT_EQ((*journal)->last().value, written_.size());
      expect_right_or_told(**journal, written_.size());
      if (writable) {
        ASSERT_TRUE((*journal)->verify(true));
        EXPECT_TRUE((*journal)->append(sample_group((*journal)->last().next(), 1, 4)));
        EXPECT_TRUE((*journal)->close());
      }
    }
  }
}

TEST_F(JournalDamageTest, AMissingArchiveIsAHoleAndAMissingFirstOneToo) {
  for (int i = 0; i < 4; ++i) fill(3, true);
  const auto archives = paths("*.jseg");
  for (const std::size_t missing : {std::size_t{0}, std::size_t{2}}) {
    TestMachine machine(machine_.files.clone(), missing);
    machine.files.erase(archives[missing]);
    auto journal = Journal::open(machine.machine(), kVault, keys_.keys(), damage_options());
    ASSERT_TRUE(journal);
    const LsnRange hole{{missing * 6 + 1}, {missing * 6 + 6}};
    ASSERT_EQ((*journal)->recovery().lost.size(), 1U);
    EXPECT_EQ((*journal)->recovery().lost[0], hole);
    const auto commands = read_all(**journal);
    ASSERT_FALSE(commands);
    EXPECT_NE(commands.error().message.find("LSN " + std::to_string(hole.first.value) + " to " +
                                            std::to_string(hole.last.value)),
              std::string::npos);
    EXPECT_EQ((*journal)->verify(true)->lost, (std::vector{hole}));
  }
}

TEST_F(JournalDamageTest, ADamagedHorizonIsToldAndMendedAndDropsNothing) {
  for (int i = 0; i < 4; ++i) fill(3, true);
  {
    auto journal = Journal::open(machine_.machine(), kVault, keys_.keys(), damage_options());
    ASSERT_TRUE((*journal)->drop_envelopes_up_to({13}));
  }
  machine_.files.flip_bits("/vault/journal/horizon", 41);
  auto journal = Journal::open(machine_.machine(), kVault, keys_.keys(), damage_options());
  ASSERT_TRUE(journal);
  EXPECT_TRUE((*journal)->recovery().lost.empty());
  EXPECT_EQ((*journal)->stats()->first_kept, Lsn{13});
  EXPECT_FALSE((*journal)->verify(false)->is_whole());
  const auto mended = (*journal)->verify(true);
  ASSERT_EQ(mended->damages.size(), 1U);
  EXPECT_TRUE(mended->damages[0].healed);
  EXPECT_TRUE((*journal)->verify(false)->is_whole());
}

TEST_F(JournalDamageTest, ArchivesExchangedOrReplacedByOlderOnesAreNoticed) {
  for (int i = 0; i < 3; ++i) fill(3, true);
  const auto archives = paths("*.jseg");
  const Bytes second = machine_.files.content(archives[1]);
  machine_.files.set_content(archives[2], second);  // its name says 13 to 18, its content 7 to 12
  auto journal = Journal::open(machine_.machine(), kVault, keys_.keys(), damage_options());
  ASSERT_TRUE(journal) << journal.error().message;
  EXPECT_EQ((*journal)->last().value, written_.size());
  EXPECT_EQ(expect_right_or_told(**journal, written_.size()), 6U);
}

TEST_F(JournalDamageTest, AnArchiveOfAnotherBranchOfHistoryBreaksTheChain) {
  fill(3, true);
  TestMachine branch(machine_.files.clone(), 50);
  fill(3, true);
  {
    auto journal = Journal::open(branch.machine(), kVault, keys_.keys(), damage_options());
    ASSERT_TRUE((*journal)->append(sample_group({7}, 6, 999)));
    ASSERT_TRUE((*journal)->close());
  }
  fill(3, true);
  const auto archives = paths("*.jseg");
  machine_.files.set_content(archives[1], branch.files.content(archives[1]));
  auto journal = Journal::open(machine_.machine(), kVault, keys_.keys(), damage_options());
  ASSERT_TRUE(journal);
  const auto report = (*journal)->verify(false);
  ASSERT_EQ(report->damages.size(), 1U);
  EXPECT_NE(report->damages[0].what.find("chain"), std::string::npos);
}

}  // namespace
}  // namespace atl::journal
