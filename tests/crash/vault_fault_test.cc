// Full disks, failing writes and syncs, at every stage: a clear error, the store intact, and it goes on where it may.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "vault/checkpoint.h"
#include "vault/testing/vault_history.h"
#include "vault/verify.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using platform::Operation;
using platform::SeededRandom;
using platform::TestMachine;

Result<std::unique_ptr<Vault>> fresh(TestMachine& machine) {
  ATOLL_TRY(create_small(machine.inline_machine()));
  return open_small(machine.inline_machine());
}

std::string verify_words(Vault& vault) {
  VerifyVaultOptions options;
  options.reads_data = true;
  options.workers = 1;
  const auto summary = verify_vault(vault, options);
  if (!summary) return told(summary);
  if (!summary->lost.empty()) return "lost " + summary->lost.front().key;
  if (!summary->damage.empty()) return summary->damage.front().where + ": " + summary->damage.front().what;
  return {};
}

// Each kind of operation fails once, at its n-th time, in each part of the vault; whatever was acknowledged stays.
TEST(VaultFaults, AfterAnyFailedOperationWhatWasAcknowledgedIsThere) {
  struct Fault {
    Operation operation;
    ErrorKind kind;
  };
  const Fault faults[] = {{Operation::write, ErrorKind::io},          {Operation::write, ErrorKind::no_space},
                          {Operation::sync, ErrorKind::io},           {Operation::rename, ErrorKind::io},
                          {Operation::sync_directory, ErrorKind::io}, {Operation::open, ErrorKind::io},
                          {Operation::read, ErrorKind::io},           {Operation::set_size, ErrorKind::no_space}};
  const char* const places[] = {"*/packs/*",     "*/journal*", "*/catalog.sqlite*", "*/indexes/*",
                                "*/vault.head*", "*/keyring*", "*/staging/*"};
  std::uint64_t struck = 0;
  std::uint64_t stopped = 0;
  std::uint64_t runs = 0;
  for (const Fault& fault : faults) {
    for (const char* place : places) {
      int survived = 0;  // mostly it never comes to so many: later ones teach nothing
      for (std::uint64_t skip = 0; skip < 400 && survived < 2; skip += 1 + skip) {
        SCOPED_TRACE(std::string("operation ") + std::to_string(static_cast<int>(fault.operation)) + " of " + place +
                     ", after " + std::to_string(skip) + " good ones");
        ++runs;
        VaultHistory history = VaultHistory::standard();
        TestMachine machine;
        ASSERT_EQ(told(VaultHistory::begin(machine.inline_machine())), "ok");
        machine.files.fail_next(fault.operation, place, Error{fault.kind, "test.fault", "the disk says no", "", 5}, 1,
                                skip);
        const auto played = history.play(machine.inline_machine());
        if (played) {
          // Survived, or it never came to that; then no more can be learnt from later places.
          ASSERT_EQ(history.acknowledged(), history.step_count());
          ASSERT_EQ(check_after_crash(machine.files.clone(), history, history.acknowledged()), "");
          ++survived;
          continue;
        }
        ++struck;
        if (played.error().kind != ErrorKind::no_space) ++stopped;
        EXPECT_FALSE(played.error().message.empty());
        machine.files.clear_faults();
        // The process ends and starts again; or the power goes as well.
        ASSERT_EQ(check_after_crash(machine.files.clone(), history, history.acknowledged()), "") << told(played);
        ASSERT_EQ(check_after_crash(machine.files.after_crash(skip, platform::CrashPolicy::drop_all), history,
                                    history.acknowledged()),
                  "")
            << told(played);
      }
    }
  }
  std::printf("faults: %llu runs, %llu ended in an error, %llu of them other than a full disk\n",
              static_cast<unsigned long long>(runs), static_cast<unsigned long long>(struck),
              static_cast<unsigned long long>(stopped));
  EXPECT_GT(struck, 100U);
}

TEST(VaultFaults, AFailedSyncOfTheJournalStopsWritingAndReadingGoesOn) {
  TestMachine machine;
  auto vault = fresh(machine);
  ASSERT_EQ(told(vault), "ok");
  ASSERT_EQ(told(put_bytes(**vault, "bucket", "before", words(1, 900))), "ok");
  machine.files.fail_next(Operation::sync, "*/journal/*");
  const auto failed = put_bytes(**vault, "bucket", "during", words(2, 900));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::io);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(put_bytes(**vault, "bucket", "after", words(3, 900)));
  EXPECT_FALSE(Objects(**vault).remove({"bucket", "before", false}));
  EXPECT_EQ(bytes_of(**vault, "bucket", "before").value(), words(1, 900));
  EXPECT_FALSE(bytes_of(**vault, "bucket", "during"));
  vault->reset();
  vault = open_small(machine.inline_machine());
  ASSERT_EQ(told(vault), "ok");
  EXPECT_EQ(bytes_of(**vault, "bucket", "before").value(), words(1, 900));
  EXPECT_FALSE(bytes_of(**vault, "bucket", "after"));
  ASSERT_EQ(told(put_bytes(**vault, "bucket", "after", words(3, 900))), "ok");
  EXPECT_EQ(verify_words(**vault), "");
}

TEST(VaultFaults, ACommandThatIsJournaledButNotAppliedIsThereAfterReopening) {
  TestMachine machine;
  auto vault = fresh(machine);
  ASSERT_EQ(told(put_bytes(**vault, "bucket", "before", words(1, 900))), "ok");
  machine.files.fail_next(Operation::write, "*/catalog.sqlite-wal", ErrorKind::io, 100);
  const auto failed = put_bytes(**vault, "bucket", "during", words(2, 900));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().id, "commit.stands_but_not_applied") << told(failed);
  machine.files.clear_faults();
  EXPECT_FALSE(put_bytes(**vault, "bucket", "after", words(3, 900)));
  vault->reset();
  vault = open_small(machine.inline_machine());
  ASSERT_EQ(told(vault), "ok");
  EXPECT_EQ(bytes_of(**vault, "bucket", "during").value(), words(2, 900));
}

TEST(VaultFaults, OnAFullDiskReadingAndRemovingGoOnAndWritingResumesWithRoom) {
  for (const std::uint64_t capacity : {8 * kMiB, 24 * kMiB, 70 * kMiB}) {
    SCOPED_TRACE(capacity);
    TestMachine machine;
    machine.files.set_capacity_bytes(capacity);
    auto vault = fresh(machine);
    ASSERT_EQ(told(vault), "ok");
    int stored = 0;
    std::optional<Error> full;
    for (; !full && stored < 600; ++stored) {
      const auto put =
          put_bytes(**vault, "bucket", std::to_string(stored), noise(static_cast<std::uint64_t>(stored), 150'000));
      if (!put) full = put.error();
    }
    --stored;
    ASSERT_TRUE(full.has_value());
    EXPECT_EQ(full->kind, ErrorKind::no_space) << told(*full);
    for (int i = 0; i < stored; ++i)
      ASSERT_EQ(bytes_of(**vault, "bucket", std::to_string(i)).value(), noise(static_cast<std::uint64_t>(i), 150'000));
    for (int i = 0; i < stored / 2; ++i)
      ASSERT_EQ(told(Objects(**vault).remove({"bucket", std::to_string(i), false})), "ok") << i;
    EXPECT_FALSE(put_bytes(**vault, "bucket", "too much", noise(99, 300'000)));
    machine.files.set_capacity_bytes(4 * capacity);
    ASSERT_EQ(told(put_bytes(**vault, "bucket", "more", noise(98, 300'000))), "ok");
    ASSERT_EQ(told((*vault)->close()), "ok");
    vault->reset();
    vault = open_small(machine.inline_machine());
    ASSERT_EQ(told(vault), "ok");
    EXPECT_EQ(bytes_of(**vault, "bucket", "more").value(), noise(98, 300'000));
    EXPECT_FALSE(bytes_of(**vault, "bucket", "0"));
    EXPECT_EQ(verify_words(**vault), "");
  }
}

// Killed or closed while the disk is full, it opens again and reads.
TEST(VaultFaults, AFullDiskIsReopened) {
  for (const bool closes : {true, false}) {
    SCOPED_TRACE(closes);
    TestMachine machine;
    machine.files.set_capacity_bytes(12 * kMiB);
    auto vault = fresh(machine);
    int stored = 0;
    while (stored < 200 &&
           put_bytes(**vault, "bucket", std::to_string(stored), noise(static_cast<std::uint64_t>(stored), 150'000)))
      ++stored;
    ASSERT_LT(stored, 200);
    if (closes) {
      const auto closed = (*vault)->close();
      EXPECT_TRUE(closed || closed.error().kind == ErrorKind::no_space) << told(closed);
    }
    vault->reset();
    vault = open_small(machine.inline_machine());
    ASSERT_EQ(told(vault), "ok");
    for (int i = 0; i < stored; ++i)
      ASSERT_EQ(bytes_of(**vault, "bucket", std::to_string(i)).value(), noise(static_cast<std::uint64_t>(i), 150'000));
    ASSERT_EQ(told(Objects(**vault).remove({"bucket", "0", false})), "ok");
  }
}

// ---- the commit pipeline from a seed, against a plain model

TEST(VaultPipeline, AnyGroupsOfCommandsFaultsAndReopeningsGiveWhatAPlainMapGives) {
  std::uint64_t commands = 0;
  std::uint64_t failures = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    TestMachine machine(seed);
    auto vault = fresh(machine);
    ASSERT_EQ(told(vault), "ok");
    const auto bucket = Objects(**vault).ensure_bucket("bucket").value();
    SeededRandom random(seed * 7919);
    std::map<std::string, std::string> model;  // key -> tag
    Lsn last = (*vault)->journal().last();
    for (int round = 0; round < 40; ++round) {
      if (random.one_in(12)) {
        const bool closes = random.one_in(2);
        if (closes) {
          ASSERT_EQ(told((*vault)->close()), "ok");
        }
        vault->reset();
        vault = open_small(machine.inline_machine());
        ASSERT_EQ(told(vault), "ok");
        ASSERT_EQ((*vault)->journal().last(), last);
      }
      enum { works, no_room, sync_fails } fault = works;
      if (random.one_in(8)) fault = random.one_in(2) ? no_room : sync_fails;
      // A group; each builder decides on what it sees: the model after those before it.
      std::map<std::string, std::string> next = model;
      std::vector<CommandBuilder> builders;
      std::vector<char> expected;  // p: put or removed, r: refused, n: nothing to do
      const std::uint64_t count = 1 + random.below(6);
      for (std::uint64_t i = 0; i < count; ++i) {
        const std::string key = "k" + std::to_string(random.below(8));
        const std::string value = std::to_string(random.next());
        const std::uint64_t what = random.below(5);
        const bool is_there = next.contains(key);
        if (what <= 1) {  // put
          expected.push_back('p');
          next[key] = value;
        } else if (what == 2) {  // only where it is missing
          expected.push_back(is_there ? 'r' : 'p');
          if (!is_there) next[key] = value;
        } else if (what == 3) {  // remove
          expected.push_back(is_there ? 'p' : 'r');
          next.erase(key);
        } else {
          expected.push_back('n');
        }
        builders.push_back([&, key, value, what](const CommitContext& context, ChangeSet& changes) -> Result<void> {
          if (what == 4) return {};
          if (what == 3) return stage_remove(context, changes, bucket, key);
          if (what == 2) {
            ATOLL_ASSIGN(const auto there, context.state.current(bucket.id, key));
            if (there) return fail(ErrorKind::conflict, "test.taken", "it is there");
          }
          NewVersion fresh_version;
          fresh_version.key = key;
          fresh_version.version.tags["value"] = value;
          ATOLL_TRY(stage_put(context, changes, bucket, fresh_version, platform::new_id<VersionId>(machine.machine()),
                              "owner", {}));
          return {};
        });
      }
      if (fault == no_room) machine.files.fail_next(Operation::write, "*/journal/*", ErrorKind::no_space, 1);
      if (fault == sync_fails) machine.files.fail_next(Operation::sync, "*/journal/*", ErrorKind::io, 1);
      const bool writes = std::ranges::find(expected, 'p') != expected.end();
      const auto answers = (*vault)->commit_group(journal::CommandKind::put_objects, std::move(builders), {});
      machine.files.clear_faults();
      ASSERT_EQ(answers.size(), expected.size());
      commands += answers.size();
      const bool failed =
          writes && std::ranges::any_of(answers, [](const auto& answer) {
            return !answer && answer.error().id != "test.taken" && answer.error().id != "object.not_found";
          });
      if (failed) {
        ++failures;
        ASSERT_NE(fault, works);
        for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_FALSE(answers[i]) << i;
      } else {
        for (std::size_t i = 0; i < answers.size(); ++i) {
          ASSERT_EQ(answers[i].has_value(), expected[i] != 'r') << i << " " << told(answers[i]);
          if (expected[i] == 'p') {
            ASSERT_EQ(*answers[i], last.next());
            last = last.next();
          }
        }
        model = next;
      }
      const auto read = [&]() -> std::map<std::string, std::string> {
        std::map<std::string, std::string> found;
        const auto reader = (*vault)->reader();
        EXPECT_TRUE(reader->scan(bucket.id, "", "", [&](const catalog::Listed& listed) -> Result<bool> {
          found[listed.entry.key] = listed.version.tags.at("value");
          return true;
        }));
        return found;
      };
      ASSERT_EQ(read(), model) << "round " << round;
      if (failed) {
        // A failed sync leaves it open whether the group stands; nothing between.
        vault->reset();
        vault = open_small(machine.inline_machine());
        ASSERT_EQ(told(vault), "ok");
        const auto found = read();
        ASSERT_TRUE(found == model || found == next) << "round " << round;
        model = found;
        last = (*vault)->journal().last();
      }
    }
  }
  std::printf("pipeline: %llu commands, %llu failed groups\n", static_cast<unsigned long long>(commands),
              static_cast<unsigned long long>(failures));
  EXPECT_GT(failures, 20U);
}

}  // namespace
}  // namespace atl::vault
