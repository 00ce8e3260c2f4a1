#include "store/journal/journal.h"

#include <gtest/gtest.h>

#include "foundation/platform/testing/test_machine.h"
#include "store/journal/internal/recovery.h"
#include "store/journal/testing/journal_samples.h"

namespace atl::journal {
namespace {

using platform::CrashPolicy;
using platform::TestMachine;

constexpr const char* kVault = "/vault";

JournalOptions small_options() {
  JournalOptions options;
  options.segment_bytes = 64 * kKiB;
  options.grow_bytes = 16 * kKiB;
  options.archive_block_bytes = 4 * kKiB;
  return options;
}

class JournalTest : public testing::Test {
 protected:
  JournalTest() { EXPECT_TRUE(machine_.files.create_directory(kVault)); }

  std::unique_ptr<Journal> open(const JournalOptions& options = small_options()) { return open(machine_, options); }
  std::unique_ptr<Journal> open(TestMachine& machine, const JournalOptions& options = small_options()) {
    auto journal = Journal::open(machine.machine(), kVault, keys_.keys(), options);
    EXPECT_TRUE(journal) << journal.error().message;
    return journal ? std::move(*journal) : nullptr;
  }
  // Appends one group and remembers it.
  Result<void> append(Journal& journal, std::size_t count, const SampleShape& shape = {}) {
    auto group = sample_group(journal.last().next(), count, 5, shape);
    ATOLL_TRY(journal.append(group));
    for (Command& command : group) written_.push_back(std::move(command));
    return {};
  }
  void expect_all(const Journal& journal) {
    EXPECT_EQ(journal.last().value, written_.size());
    const auto commands = read_all(journal);
    ASSERT_TRUE(commands) << commands.error().message;
    ASSERT_EQ(commands->size(), written_.size());
    for (std::size_t i = 0; i < written_.size(); ++i)
      ASSERT_TRUE(same_command(written_[i], (*commands)[i])) << "LSN " << i + 1;
  }
  std::vector<std::string> paths(const std::string& pattern) {
    return machine_.files.all_paths("/vault/journal/" + pattern);
  }

  TestMachine machine_;
  SampleKeys keys_;
  std::vector<Command> written_;
};

TEST_F(JournalTest, ANewJournalIsEmptyAndWritesNothingBeforeTheFirstAppend) {
  const auto journal = open();
  EXPECT_EQ(journal->last(), Lsn{});
  EXPECT_FALSE(journal->history().is_none());
  EXPECT_TRUE(paths("*").empty());
  EXPECT_TRUE(read_all(*journal)->empty());
}

TEST_F(JournalTest, WhatWasAppendedIsReadBackAtOnce) {
  const auto journal = open();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(append(*journal, 1 + static_cast<std::size_t>(i) % 4));
  expect_all(*journal);
  EXPECT_EQ(journal->last_commit_time(), written_.back().envelope.commit_time);
}

TEST_F(JournalTest, RangesAreReadFromAnySegmentAndArchive) {
  auto journal = open();
  for (int i = 0; i < 150; ++i) {
    ASSERT_TRUE(append(*journal, 1 + static_cast<std::size_t>(i) % 3, {2000, 2}));
    if (i == 60) {
      ASSERT_TRUE(journal->archive_full());
    }
  }
  const auto stats = journal->stats();
  ASSERT_TRUE(stats);
  EXPECT_GT(stats->archives, 1U);
  EXPECT_GT(stats->segments, 1U);
  expect_all(*journal);
  for (std::uint64_t from = 1; from <= written_.size(); from += 7) {
    const Lsn to{from + from % 11};
    const auto part = read_all(*journal, {from}, to);
    ASSERT_TRUE(part);
    ASSERT_EQ(part->size(), std::min(to.value, written_.size()) - from + 1);
    EXPECT_EQ(part->front().envelope.lsn.value, from);
  }
  EXPECT_TRUE(read_all(*journal, journal->last().next())->empty());
}

TEST_F(JournalTest, TheVisitorStopsAndItsErrorsPass) {
  const auto journal = open();
  ASSERT_TRUE(append(*journal, 9));
  int seen = 0;
  ASSERT_TRUE(journal->read({2}, {9}, [&](const Command&) -> Result<bool> { return ++seen < 3; }));
  EXPECT_EQ(seen, 3);
  seen = 0;
  const auto failed = journal->read({1}, {9}, [&](const Command&) -> Result<bool> {
    if (++seen == 2) return fail(ErrorKind::damaged, "visitor.unhappy", "no");
    return true;
  });
  EXPECT_EQ(failed.error().id, "visitor.unhappy");
  EXPECT_EQ(seen, 2);
}

TEST_F(JournalTest, ManySessionsContinueDenselyThroughCleanCloses) {
  for (int session = 0; session < 12; ++session) {
    const auto journal = open();
    ASSERT_TRUE(append(*journal, 3));
    ASSERT_TRUE(append(*journal, 1));
    expect_all(*journal);
    ASSERT_TRUE(journal->close());
    expect_all(*journal);
    EXPECT_EQ(journal->append(sample_group(journal->last().next(), 1, 1)).error().id, "journal.closed");
    EXPECT_TRUE(paths("*.wal").empty());
  }
  expect_all(*open());
  EXPECT_TRUE(open()->recovery().remarks.empty());
}

TEST_F(JournalTest, ASmallSessionLeavesASmallArchiveAndFewSyncs) {
  {
    auto first = open();
    ASSERT_TRUE(append(*first, 1));
    ASSERT_TRUE(first->close());
  }
  const std::uint64_t before = machine_.files.points();
  {
    auto second = open();
    ASSERT_TRUE(append(*second, 1));
    ASSERT_TRUE(second->close());
  }
  // Every change of the disk: spare taken and archive written, each synced, named and made durable.
  EXPECT_LE(machine_.files.points() - before, 20U);
  for (const std::string& path : paths("*.jseg")) EXPECT_LE(machine_.files.content(path).size(), 20 * kKiB);
}

TEST_F(JournalTest, SessionsThatDieWithoutCloseLoseNothing) {
  HistoryId history;
  for (int session = 0; session < 8; ++session) {
    const auto journal = open();
    ASSERT_TRUE(append(*journal, 2));
    ASSERT_TRUE(append(*journal, 5, {9000, 2}));
    if (session == 0) history = journal->history();
    EXPECT_EQ(journal->history(), history);
    expect_all(*journal);
  }
  expect_all(*open());
}

TEST_F(JournalTest, MuchLeftByAKilledServerIsCopiedAtOpenAndArchivedLater) {
  auto options = small_options();
  options.archive_at_open_bytes = 0;
  {
    const auto journal = open(options);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(append(*journal, 2));
  }
  const std::string segment = paths("*.wal").front();
  EXPECT_EQ(machine_.files.unsynced_changes(segment), 0U);
  for (int session = 0; session < 3; ++session) {
    const auto journal = open(options);
    EXPECT_TRUE(paths("*.jseg").empty());
    expect_all(*journal);
    ASSERT_TRUE(append(*journal, 1));
    expect_all(*journal);
    EXPECT_TRUE(journal->verify(false)->is_whole());
  }
  auto journal = open(options);
  ASSERT_TRUE(append(*journal, 1));
  ASSERT_TRUE(journal->archive_full());
  EXPECT_EQ(paths("*.jseg").size(), 4U);
  EXPECT_EQ(paths("*.wal").size(), 1U);
  expect_all(*journal);
  journal.reset();
  expect_all(*open());
}

TEST_F(JournalTest, LsnsAndTimesThatDoNotFollowAreRefusedAndNothingIsWritten) {
  const auto journal = open();
  ASSERT_TRUE(append(*journal, 3));
  EXPECT_EQ(journal->append(sample_group({3}, 1, 1)).error().id, "journal.lsn_not_dense");
  EXPECT_EQ(journal->append(sample_group({5}, 1, 1)).error().id, "journal.lsn_not_dense");
  auto back = sample_group({4}, 2, 1);
  back[1].envelope.commit_time = {back[0].envelope.commit_time.unix_us - 1};
  EXPECT_EQ(journal->append(back).error().id, "journal.time_goes_back");
  auto before = sample_group({4}, 1, 1);
  before[0].envelope.commit_time = {5};
  EXPECT_EQ(journal->append(before).error().id, "journal.time_goes_back");
  ASSERT_TRUE(append(*journal, 1));
  expect_all(*journal);
}

TEST_F(JournalTest, CommitTimeSurvivesReopeningBothWays) {
  for (const bool closes : {true, false}) {
    auto journal = open();
    ASSERT_TRUE(append(*journal, 2));
    const Timestamp time = journal->last_commit_time();
    if (closes) {
      ASSERT_TRUE(journal->close());
    }
    journal = open();
    EXPECT_EQ(journal->last_commit_time(), time);
    auto before = sample_group(journal->last().next(), 1, 1);
    before[0].envelope.commit_time = {time.unix_us - 1};
    EXPECT_EQ(journal->append(before).error().id, "journal.time_goes_back");
  }
}

TEST_F(JournalTest, TooLargeCommandsAndGroupsAreRefusedAndTheJournalGoesOn) {
  const auto journal = open();
  auto group = sample_group({1}, 1, 1);
  group[0].payloads = {{{1}, Bytes(kPayloadBytesPerCommandMax + 1)}};
  EXPECT_EQ(journal->append(group).error().id, "journal.command_too_large");
  group[0].payloads = {{{1}, Bytes(kPayloadBytesPerCommandMax)}};
  ASSERT_TRUE(journal->append(group));
  written_.push_back(group[0]);
  group[0].payloads.clear();
  group[0].envelope.lsn = {2};
  group[0].envelope.actor.assign(kEnvelopeBytesMax, 'a');
  EXPECT_EQ(journal->append(group).error().id, "journal.command_too_large");
  group[0].envelope.actor.clear();
  group[0].payloads.assign(kPayloadsPerCommandMax + 1, {{1}, Bytes{}});
  EXPECT_EQ(journal->append(group).error().id, "journal.command_too_large");
  group[0].payloads = {{{9}, Bytes(1)}};
  EXPECT_EQ(journal->append(group).error().id, "journal.unknown_domain");
  auto many = sample_group({2}, 5, 1);
  for (Command& command : many) command.payloads = {{{1}, Bytes(kPayloadBytesPerCommandMax)}};
  EXPECT_EQ(journal->append(many).error().id, "journal.group_too_large");
  ASSERT_TRUE(append(*journal, 1));
  expect_all(*journal);
  ASSERT_TRUE(journal->close());
  expect_all(*open());
}

TEST_F(JournalTest, AFailedWriteOrSyncEndsTheSessionAndReopeningRecovers) {
  for (const auto operation : {platform::Operation::sync, platform::Operation::write}) {
    auto journal = open();
    ASSERT_TRUE(append(*journal, 2));
    machine_.files.fail_next(operation, "/vault/journal/*");  // only the segment is open
    const auto group = sample_group(journal->last().next(), 1, 77);
    const auto failed = journal->append(group);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, ErrorKind::io);
    const auto again = journal->append(group);
    EXPECT_EQ(again.error().id, "journal.closed_after_failure");
    EXPECT_EQ(again.error().kind, ErrorKind::io);
    ASSERT_TRUE(journal->stopped());
    expect_all(*journal);  // reading goes on
    EXPECT_TRUE(journal->close());
    journal = open();
    // The group was answered with an error: it may be there or not.
    ASSERT_GE(journal->last().value, written_.size());
    if (journal->last().value > written_.size()) written_.push_back(group[0]);
    expect_all(*journal);
    ASSERT_TRUE(append(*journal, 1));
    expect_all(*journal);
  }
}

TEST_F(JournalTest, AFullDiskIsToldWritesNothingAndIsSurvived) {
  auto options = small_options();
  options.grow_bytes = 32 * kKiB;
  const auto journal = open(options);
  ASSERT_TRUE(append(*journal, 1));
  machine_.files.set_capacity_bytes(machine_.files.used_bytes());
  Result<void> full;
  for (int i = 0; i < 100 && full; ++i) full = append(*journal, 1, {1000, 1});
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().kind, ErrorKind::no_space);
  EXPECT_FALSE(journal->stopped());
  EXPECT_EQ(written_.size(), 6U);  // what was zero-filled ahead could be used
  expect_all(*journal);
  machine_.files.set_capacity_bytes(UINT64_MAX);
  ASSERT_TRUE(append(*journal, 3));
  expect_all(*journal);
  expect_all(*open());
}

TEST_F(JournalTest, TheSpareSegmentIsRoomOnAFullDisk) {
  auto options = small_options();
  options.preallocate = true;
  const auto journal = open(options);
  ASSERT_TRUE(append(*journal, 1));
  ASSERT_TRUE(journal->archive_full());  // makes the spare
  ASSERT_EQ(paths("*.spare").size(), 1U);
  machine_.files.set_capacity_bytes(machine_.files.used_bytes());
  std::size_t appended = 0;
  while (append(*journal, 1, {3000, 1})) ++appended;
  EXPECT_GE(appended, (2 * options.segment_bytes - 4 * kBlockBytes) / (2 * kBlockBytes) - 2);
  expect_all(*journal);
}

TEST_F(JournalTest, AKilledServerOnAFullDiskIsRecoveredIntoTheSpareAndGoesOn) {
  auto options = small_options();
  options.preallocate = true;
  {
    const auto journal = open(options);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(append(*journal, 1, {3000, 1}));
    ASSERT_TRUE(journal->archive_full());
    ASSERT_EQ(paths("*.spare").size(), 1U);
  }
  machine_.files.set_capacity_bytes(machine_.files.used_bytes() + 600);
  for (int session = 0; session < 3; ++session) {
    const auto journal = open(options);
    ASSERT_FALSE(journal->stopped());
    expect_all(*journal);
    ASSERT_TRUE(append(*journal, 1, {100, 1}));
    expect_all(*journal);
    EXPECT_EQ(paths("*.spare").size(), 1U);
  }
  machine_.files.set_capacity_bytes(UINT64_MAX);
  expect_all(*open(options));
  const auto report = open(options)->verify(false);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->is_whole());
}

TEST_F(JournalTest, AFullDiskWithoutASpareOpensForReading) {
  {
    const auto journal = open();
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(append(*journal, 1));
  }
  ASSERT_TRUE(paths("*.spare").empty());
  machine_.files.set_capacity_bytes(machine_.files.used_bytes());
  const auto journal = open();
  expect_all(*journal);
  ASSERT_TRUE(journal->stopped());
  EXPECT_EQ(journal->append(sample_group(journal->last().next(), 1, 1)).error().kind, ErrorKind::no_space);
  machine_.files.set_capacity_bytes(UINT64_MAX);
  const auto later = open();
  ASSERT_TRUE(append(*later, 1));
  expect_all(*later);
}

TEST_F(JournalTest, AReadOnlyOpenerSeesActiveAndArchivedAndWritesNothing) {
  {
    const auto journal = open();
    for (int i = 0; i < 60; ++i) ASSERT_TRUE(append(*journal, 1, {2000, 2}));
    ASSERT_TRUE(journal->archive_full());
  }
  auto options = small_options();
  options.writable = false;
  machine_.files.set_read_only(true);
  const std::uint64_t points = machine_.files.points();
  const auto reader = open(options);
  expect_all(*reader);
  EXPECT_EQ(reader->append(sample_group(reader->last().next(), 1, 1)).error().id, "journal.read_only");
  EXPECT_EQ(reader->close().error().id, "journal.read_only");
  EXPECT_EQ(reader->drop_payloads_up_to({5}).error().id, "journal.read_only");
  const auto report = reader->verify(true);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->is_whole());
  EXPECT_EQ(machine_.files.points(), points);
}

TEST_F(JournalTest, AReadOnlyOpenerOfNothingIsEmptyAndOfNoVaultFails) {
  auto options = small_options();
  options.writable = false;
  EXPECT_EQ(open(options)->last(), Lsn{});
  EXPECT_FALSE(machine_.files.exists("/vault/journal"));
  EXPECT_EQ(Journal::open(machine_.machine(), "/nowhere", keys_.keys(), options).error().kind, ErrorKind::not_found);
}

TEST_F(JournalTest, AReadOnlyOpenerGoesOnReadingWhileTheWriterArchivesMergesAndReuses) {
  auto options = small_options();
  options.small_archives_max = 3;
  auto reading = options;
  reading.writable = false;
  auto writer = open(options);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(*writer, 2));
  const auto reader = open(reading);
  const std::size_t known = written_.size();
  for (int session = 0; session < 6; ++session) {
    ASSERT_TRUE(writer->close());
    writer = open(options);
    ASSERT_TRUE(append(*writer, 1));
    const auto commands = read_all(*reader);
    ASSERT_TRUE(commands) << commands.error().message;
    ASSERT_EQ(commands->size(), known);
    for (std::size_t i = 0; i < known; ++i) EXPECT_TRUE(same_command(written_[i], (*commands)[i]));
  }
}

TEST_F(JournalTest, SmallArchivesAreMergedWhenThereAreMany) {
  auto options = small_options();
  options.small_archives_max = 8;
  for (int session = 0; session < 30; ++session) {
    const auto journal = open(options);
    ASSERT_TRUE(append(*journal, 1));
    ASSERT_TRUE(journal->close());
    EXPECT_LE(paths("*.jseg").size(), 8U);
  }
  expect_all(*open(options));
  EXPECT_TRUE(open(options)->verify(false)->is_whole());
}

TEST_F(JournalTest, AMergeThatWasBrokenOffIsFinishedByTheNextSession) {
  auto options = small_options();
  options.small_archives_max = 3;
  std::vector<std::pair<std::string, Bytes>> small;
  for (int session = 0; session < 4; ++session) {
    const auto journal = open(options);
    ASSERT_TRUE(append(*journal, 1));
    if (session == 3) {
      for (const std::string& path : paths("*.jseg")) small.emplace_back(path, machine_.files.content(path));
    }
    ASSERT_TRUE(journal->close());
  }
  ASSERT_EQ(paths("*.jseg").size(), 1U);
  for (const auto& [path, content] : small)
    machine_.files.set_content(path, content);  // as if removing was not durable
  ASSERT_EQ(paths("*.jseg").size(), 4U);
  expect_all(*open(options));
  EXPECT_EQ(paths("*.jseg").size(), 1U);
}

TEST_F(JournalTest, RecycledSegmentsNeverResurrectOldGroups) {
  const auto options = small_options();
  for (int session = 0; session < 10; ++session) {
    auto journal = open(options);
    // Long first, short later: groups of the earlier life lie behind the end.
    for (int i = 0; i < (session == 0 ? 6 : 1); ++i) ASSERT_TRUE(append(*journal, 1, {500, 2}));
    if (session % 2 == 0) {
      ASSERT_TRUE(journal->close());
    }
    journal.reset();
    journal = open(options);
    ASSERT_EQ(journal->last().value, written_.size());
    EXPECT_TRUE(journal->recovery().lost.empty());
    EXPECT_EQ(journal->recovery().torn_bytes_dropped, 0U);
    expect_all(*journal);
  }
  EXPECT_EQ(paths("*.spare").size(), 1U);
}

TEST_F(JournalTest, DroppedPayloadsLeaveEnvelopesAndDigests) {
  auto journal = open();
  for (int session = 0; session < 4; ++session) {
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(append(*journal, 1));
    ASSERT_TRUE(journal->close());
    journal = open();
  }
  ASSERT_TRUE(journal->drop_payloads_up_to({12}));  // whole archives: 1..5 and 6..10
  for (int again = 0; again < 2; ++again) {
    const auto commands = read_all(*journal);
    ASSERT_TRUE(commands);
    for (std::size_t i = 0; i < written_.size(); ++i) {
      const Command& command = (*commands)[i];
      EXPECT_EQ(command.envelope.actor, "ada");
      ASSERT_EQ(command.payloads.size(), written_[i].payloads.size());
      for (std::size_t k = 0; k < command.payloads.size(); ++k) {
        EXPECT_EQ(command.payloads[k].plain.has_value(), i >= 10);
        EXPECT_EQ(command.envelope.payload_digests[k].length, written_[i].payloads[k].plain->size());
      }
    }
    EXPECT_EQ(journal->stats()->first_with_payloads, Lsn{11});
    EXPECT_EQ(journal->stats()->first_kept, Lsn{1});
    const auto report = journal->verify(false);
    EXPECT_TRUE(report->is_whole());
    EXPECT_GT(report->payloads_gone, 0U);
    journal = open();
  }
}

TEST_F(JournalTest, BelowTheHorizonTheReaderIsToldWhereToStart) {
  auto journal = open();
  for (int session = 0; session < 4; ++session) {
    ASSERT_TRUE(append(*journal, 5));
    ASSERT_TRUE(journal->close());
    journal = open();
  }
  ASSERT_TRUE(journal->drop_envelopes_up_to({14}));
  for (int again = 0; again < 2; ++again) {
    const auto below = read_all(*journal, {3});
    ASSERT_FALSE(below);
    EXPECT_EQ(below.error().id, "journal.below_horizon");
    EXPECT_EQ(below.error().kind, ErrorKind::not_found);
    EXPECT_NE(below.error().message.find("LSN 11"), std::string::npos);
    EXPECT_EQ(read_all(*journal, {11})->size(), 10U);
    EXPECT_TRUE(journal->verify(false)->is_whole());
    EXPECT_TRUE(journal->recovery().lost.empty());
    EXPECT_EQ(journal->stats()->first_kept, Lsn{11});
    journal = open();
  }
  ASSERT_TRUE(journal->drop_envelopes_up_to({1000}));  // the newest archive stays
  EXPECT_EQ(read_all(*open(), {16})->size(), 5U);
}

TEST_F(JournalTest, ErasedPayloadsAreGoneEverywhereAndTheOthersStay) {
  auto journal = open();
  ASSERT_TRUE(append(*journal, 4));
  ASSERT_TRUE(journal->close());
  journal = open();
  auto secret = sample_group(journal->last().next(), 3, 5);
  for (Command& command : secret)
    command.payloads = {{{1}, to_bytes("a very secret text " + std::to_string(command.envelope.lsn.value))}};
  ASSERT_TRUE(journal->append(secret));
  for (const Command& command : secret) written_.push_back(command);
  const Lsn target{6};
  ASSERT_TRUE(journal->erase_payloads(std::span(&target, 1)));
  written_[5].payloads[0].plain.reset();
  ASSERT_TRUE(append(*journal, 1));
  expect_all(*journal);
  EXPECT_TRUE(paths("*.spare").empty());
  EXPECT_EQ(paths("*.wal").size(), 1U);
  expect_all(*open());
  EXPECT_TRUE(open()->verify(false)->is_whole());
}

TEST_F(JournalTest, PayloadsOfADestroyedDomainReadAsErasedInSegmentsAndArchives) {
  auto journal = open();
  const auto group_of = [&] {
    auto group = sample_group(journal->last().next(), 2, 5);
    for (Command& command : group) command.payloads = {{{1}, to_bytes("one")}, {{2}, to_bytes("two")}};
    return group;
  };
  ASSERT_TRUE(journal->append(group_of()));
  ASSERT_TRUE(journal->close());
  journal = open();
  ASSERT_TRUE(journal->append(group_of()));
  keys_.destroy({2});
  for (int again = 0; again < 3; ++again) {
    const auto commands = read_all(*journal);
    ASSERT_TRUE(commands) << commands.error().message;
    ASSERT_EQ(commands->size(), 4U);
    for (const Command& command : *commands) {
      EXPECT_EQ(command.payloads[0].plain, to_bytes("one"));
      EXPECT_EQ(command.payloads[1].plain, std::nullopt);
    }
    EXPECT_EQ(journal->append(group_of()).error().id, "journal.unknown_domain");
    journal = open();
  }
}

TEST_F(JournalTest, NothingTheUserWroteCanBeFoundInTheFiles) {
  auto journal = open();
  auto group = sample_group({1}, 3, 5);
  for (Command& command : group) {
    command.envelope.actor = "a recognisable actor";
    command.payloads = {{{1}, to_bytes("a recognisable payload, a recognisable payload")}};
  }
  ASSERT_TRUE(journal->set_segment_notes(to_bytes("a recognisable note")));
  ASSERT_TRUE(journal->append(group));
  const auto expect_hidden = [&] {
    for (const std::string& path : paths("*")) {
      EXPECT_EQ(to_string(machine_.files.content(path)).find("recognisable"), std::string::npos) << path;
    }
  };
  expect_hidden();
  ASSERT_TRUE(journal->close());
  expect_hidden();
}

TEST_F(JournalTest, WithoutEncryptionTheSameHoldsAndOnlyTheBytesAreClear) {
  keys_ = SampleKeys(sample_vault(), codec::SealSuite::none);
  auto journal = open();
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(append(*journal, 2, {2000, 2}));
  expect_all(*journal);
  EXPECT_NE(to_string(machine_.files.content(paths("*.wal").front())).find("ada"), std::string::npos);
  ASSERT_TRUE(journal->archive_full());
  expect_all(*open());
  ASSERT_TRUE(open()->close());
  expect_all(*open());
  EXPECT_TRUE(open()->verify(false)->is_whole());
}

TEST_F(JournalTest, AnotherVaultsFilesAreRefused) {
  ASSERT_TRUE(append(*open(), 1));
  EXPECT_EQ(Journal::open(machine_.machine(), kVault, SampleKeys(sample_vault(2)).keys(), small_options()).error().kind,
            ErrorKind::wrong_key);
  ASSERT_TRUE(open()->close());
  EXPECT_EQ(Journal::open(machine_.machine(), kVault, SampleKeys(sample_vault(2)).keys(), small_options()).error().kind,
            ErrorKind::wrong_key);
}

TEST_F(JournalTest, SegmentNotesSurviveCrashesArchivesAndMerges) {
  auto options = small_options();
  options.small_archives_max = 2;
  const Bytes notes(Journal::kSegmentNotesMax, 0x5A);
  auto journal = open(options);
  EXPECT_EQ(journal->set_segment_notes(Bytes(Journal::kSegmentNotesMax + 1)).error().kind, ErrorKind::limit);
  ASSERT_TRUE(journal->set_segment_notes(notes));
  ASSERT_TRUE(append(*journal, 1));
  journal = open(options);
  EXPECT_EQ(journal->segment_notes(), notes);
  for (int session = 0; session < 5; ++session) {
    ASSERT_TRUE(append(*journal, 1));
    ASSERT_TRUE(journal->close());
    journal = open(options);
    EXPECT_EQ(journal->segment_notes(), notes);
  }
}

TEST_F(JournalTest, AJournalCanBeginBehindACheckpoint) {
  auto options = small_options();
  options.start_after = {500};
  options.start_time = {1'700'000'000'000'000};
  auto journal = open(options);
  EXPECT_EQ(journal->last(), Lsn{500});
  ASSERT_TRUE(journal->append(sample_group({501}, 3, 1)));
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(read_all(*journal, {400}).error().id, "journal.below_horizon");
    EXPECT_EQ(read_all(*journal, {501})->size(), 3U);
    EXPECT_TRUE(journal->verify(false)->is_whole());
    EXPECT_TRUE(journal->recovery().lost.empty());
    journal = open();
  }
  ASSERT_TRUE(journal->close());
  EXPECT_EQ(open(options)->last(), Lsn{503});
}

TEST_F(JournalTest, TimesFindTheirLsn) {
  auto journal = open();
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(append(*journal, 1 + static_cast<std::size_t>(i) % 3, {1500, 2}));
    if (i == 10) {
      ASSERT_TRUE(journal->close());
      journal = open();
    }
    if (i == 25) {
      ASSERT_TRUE(journal->archive_full());
    }
  }
  for (std::size_t i = 0; i < written_.size(); ++i) {
    const Timestamp time = written_[i].envelope.commit_time;
    EXPECT_EQ(*journal->last_lsn_at(time), Lsn{i + 1});
    EXPECT_EQ(*journal->last_lsn_at({time.unix_us - 1}), Lsn{i});
    EXPECT_EQ(*journal->last_lsn_at({time.unix_us + 1}), Lsn{i + 1});
  }
  ASSERT_TRUE(journal->drop_envelopes_up_to({40}));
  ASSERT_GT(journal->stats()->first_kept, Lsn{1});
  EXPECT_EQ(journal->last_lsn_at({0}).error().id, "journal.below_horizon");
}

TEST_F(JournalTest, ThreadsReadWhileOneAppendsAndAnotherArchives) {
  auto options = small_options();
  options.small_archives_max = 4;
  const auto journal = open(options);
  std::atomic<bool> done = false;
  std::atomic<std::uint64_t> reads = 0;
  std::atomic<std::uint64_t> archivings = 0;
  auto reader = machine_.threads.start("reader", [&] {
    while (!done || reads == 0) {
      const Lsn last = journal->last();
      const auto commands = read_all(*journal, {1}, last);
      ASSERT_TRUE(commands) << commands.error().message;
      ASSERT_EQ(commands->size(), last.value);
      ++reads;
    }
  });
  auto archiver = machine_.threads.start("archiver", [&] {
    while (!done || archivings == 0) {
      ASSERT_TRUE(journal->archive_full());
      ++archivings;
    }
  });
  for (int i = 0; i < 250; ++i) ASSERT_TRUE(append(*journal, 1, {4000, 2}));
  done = true;
  reader->join();
  archiver->join();
  expect_all(*journal);
}

TEST_F(JournalTest, TheExampleOfTheFormatPageIsTrue) {
  keys_ = SampleKeys(sample_vault(), codec::SealSuite::none);
  auto journal = open({});
  Command command;
  command.envelope.lsn = {1};
  command.envelope.kind = CommandKind::note;
  command.envelope.actor = "ada";
  ASSERT_TRUE(journal->append(std::span(&command, 1)));
  const Bytes segment = machine_.files.content("/vault/journal/00000000000000000001.wal");
  EXPECT_EQ(segment.size(), kMiB);
  EXPECT_EQ(to_hex(ByteView(segment).first(12)), "41544c4a57414c0000000000");
  EXPECT_TRUE(equal(ByteView(segment).first(4096), ByteView(segment).subspan(4096, 4096)));
  EXPECT_EQ(load_le<std::uint64_t>(segment.data() + 56), 1U);   // epoch
  EXPECT_EQ(load_le<std::uint64_t>(segment.data() + 64), 1U);   // number
  EXPECT_EQ(load_le<std::uint64_t>(segment.data() + 104), 1U);  // first LSN
  const ByteView group = ByteView(segment).subspan(8192);
  EXPECT_EQ(to_hex(group.first(8)), "41544c4a47525000");
  EXPECT_TRUE(equal(group.subspan(8, 32), ByteView(segment).subspan(72, 32)));
  EXPECT_EQ(load_le<std::uint32_t>(group.data() + 72), 1U);
  EXPECT_EQ(load_le<std::uint32_t>(group.data() + 80), 4096U);
  EXPECT_EQ(load_le<std::uint32_t>(group.data() + 128), 11U);
  EXPECT_EQ(to_hex(group.subspan(132, 11)), "080120042a036164614802");
  ASSERT_TRUE(journal->close());
  EXPECT_EQ(machine_.files.content("/vault/journal/00000000000000000001-00000000000000000001.jseg").size(), 12'392U);
  EXPECT_EQ(paths("*").size(), 2U);
}

TEST_F(JournalTest, OptionsThatMakeNoSenseAreRefused) {
  auto options = small_options();
  options.segment_bytes = 100;
  EXPECT_EQ(Journal::open(machine_.machine(), kVault, keys_.keys(), options).error().id, "journal.options");
}

}  // namespace
}  // namespace atl::journal
