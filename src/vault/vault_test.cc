// A vault opened, locked, rebuilt, checkpointed and truncated; homes with several vaults; what the disk tells.
#include "vault/vault.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "vault/checkpoint.h"
#include "vault/home.h"
#include "vault/status.h"
#include "vault/testing/vault_history.h"
#include "vault/verify.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using platform::MemoryFileSystem;
using platform::TestMachine;

// Truncation drops whole archives; a clean close begins a new one.
void reopen(std::unique_ptr<Vault>& vault) {
  const platform::Machine machine = vault->machine();
  ASSERT_EQ(told(vault->close()), "ok");
  vault.reset();
  auto again = open_small(machine);
  ASSERT_EQ(told(again), "ok");
  vault = std::move(*again);
}

std::unique_ptr<Vault> opened(const platform::Machine& machine, std::vector<std::string>* notices = nullptr) {
  auto vault = open_small(machine, kFolder, notices);
  EXPECT_EQ(told(vault), "ok");
  return vault ? std::move(*vault) : nullptr;
}

// `count` empty objects in commands of 2,000.
void put_many(Vault& vault, const std::string& bucket_name, int count) {
  const auto bucket = Objects(vault).ensure_bucket(bucket_name).value();
  for (int at = 0; at < count; at += 2'000) {
    const auto done = vault.commit(
        journal::CommandKind::put_objects, [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
          for (int i = at; i < std::min(count, at + 2'000); ++i) {
            NewVersion fresh;
            fresh.key = "k" + std::to_string(100'000 + i);
            ATOLL_TRY(
                stage_put(context, changes, bucket, fresh, platform::new_id<VersionId>(vault.machine()), "owner", {}));
          }
          return {};
        });
    ASSERT_EQ(told(done), "ok");
  }
}

TEST(Vault, TheLongestKeyComesThroughACheckpointAndARebuild) {
  TestMachine machine;
  ASSERT_EQ(told(VaultHistory::begin(machine.inline_machine())), "ok");
  const auto vault = opened(machine.inline_machine());
  const std::string key(kKeyBytesMax, 'k');
  ASSERT_EQ(told(put_bytes(*vault, "some-bucket", key, as_bytes("content"))), "ok");
  ASSERT_EQ(told(make_checkpoint(*vault)), "ok");
  ASSERT_EQ(told(vault->rebuild()), "ok");
  EXPECT_EQ(to_string(bytes_of(*vault, "some-bucket", key).value()), "content");
}

TEST(Vault, PacksBecomeRowsWithTheFirstCommandOfAGroupThatIsNotRefused) {
  TestMachine machine;
  ASSERT_EQ(told(VaultHistory::begin(machine.inline_machine())), "ok");
  const auto vault = opened(machine.inline_machine());
  const auto writer = vault->chunks().new_writer(kDefaultDomain, chunk::Temperature::warm);
  ASSERT_EQ(told(writer->add(as_bytes("some content"))), "ok");
  ASSERT_EQ(told(vault->sync_chunks()), "ok");
  std::vector<CommandBuilder> builders;
  builders.emplace_back([](const CommitContext&, ChangeSet&) -> Result<void> {
    return fail(ErrorKind::conflict, "test.refused", "refused");
  });
  for (const char* name : {"first-bucket", "second-bucket"}) {
    builders.emplace_back([name, &vault](const CommitContext&, ChangeSet& changes) -> Result<void> {
      catalog::BucketRow row;
      row.id = platform::new_id<BucketId>(vault->machine());
      row.name = name;
      changes.put(row);
      return {};
    });
  }
  const auto answers = vault->commit_group(journal::CommandKind::create_bucket, std::move(builders), {});
  ASSERT_FALSE(answers[0]);
  ASSERT_EQ(told(answers[1]), "ok");
  ASSERT_EQ(told(answers[2]), "ok");
  std::vector<std::size_t> rows;  // of packs, by command
  ASSERT_EQ(told(vault->journal().read(*answers[1], *answers[2],
                                       [&](const journal::Command& command) -> Result<bool> {
                                         rows.push_back(0);
                                         for (const auto& payload : command.payloads) {
                                           ATOLL_ASSIGN(const auto changes,
                                                        journal::decode_row_changes(*payload.plain));
                                           for (const auto& change : changes)
                                             if (change.table == journal::TableNumber::packs) ++rows.back();
                                         }
                                         return true;
                                       })),
            "ok");
  EXPECT_EQ(rows, (std::vector<std::size_t>{1, 0}));
}

void spoil_roots(Vault& vault, std::size_t count) {
  keyring::VaultHead head = vault.head();
  for (std::size_t i = 0; i < count; ++i) {
    auto content = catalog::decode_content(head.checkpoints[i].root).value();
    content.parts.front().chunk.bytes[0] ^= 0x55;
    head.checkpoints[i].root = catalog::encode(content);
  }
  ASSERT_EQ(told(vault.store_head(std::move(head))), "ok");
}

TEST(Vault, WhatWasPutIsThereAfterClosingAndAfterBeingKilled) {
  TestMachine machine;
  ASSERT_EQ(told(create_small(machine.inline_machine())), "ok");
  for (int round = 0; round < 6; ++round) {
    auto vault = opened(machine.inline_machine());
    ASSERT_TRUE(vault);
    for (int i = 0; i < round; ++i)
      EXPECT_EQ(bytes_of(*vault, "bucket", std::to_string(i)).value(), noise(static_cast<std::uint64_t>(i), 5000));
    ASSERT_EQ(told(put_bytes(*vault, "bucket", std::to_string(round), noise(static_cast<std::uint64_t>(round), 5000))),
              "ok");
    if (round % 2 == 0) {
      ASSERT_EQ(told(vault->close()), "ok");
    }
  }
}

TEST(Vault, ASecondWriterIsToldWhoHasIt) {
  TestMachine machine;
  ASSERT_EQ(told(create_small(machine.inline_machine())), "ok");
  VaultOptions options = small_options();
  options.owner_words = "pid 4711, atoll put";
  auto first = Vault::open(machine.inline_machine(), kFolder, test_keys(), options);
  ASSERT_EQ(told(first), "ok");
  const auto second = open_small(machine.inline_machine());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().id, "vault.locked");
  EXPECT_NE(second.error().message.find("pid 4711"), std::string::npos);
  first->reset();
  EXPECT_EQ(told(open_small(machine.inline_machine())), "ok");
}

TEST(Vault, OpensOnlyWithItsKeysAndOnlyWhereItIs) {
  TestMachine machine;
  const auto on = machine.inline_machine();
  ASSERT_EQ(told(create_small(on)), "ok");
  EXPECT_EQ(Vault::open(on, kFolder, test_keys(8), small_options()).error().kind, ErrorKind::wrong_key);
  EXPECT_EQ(Vault::open(on, kFolder, {}, small_options()).error().kind, ErrorKind::locked);
  EXPECT_EQ(open_small(on, "/home/vaults/other").error().id, "vault.missing");
  EXPECT_EQ(create_small(on).error().id, "vault.exists");
}

TEST(Vault, AReaderWritesNothing) {
  TestMachine machine;
  const auto on = machine.inline_machine();
  ASSERT_EQ(told(create_small(on)), "ok");
  {
    auto vault = opened(on);
    ASSERT_EQ(told(put_bytes(*vault, "bucket", "k", words(1, 50'000))), "ok");
    ASSERT_EQ(told(vault->close()), "ok");
  }
  const auto files_now = [&] {
    std::map<std::string, Bytes> all;
    for (const std::string& path : machine.files.all_paths()) all[path] = machine.files.content(path);
    return all;
  };
  const auto before = files_now();
  auto reader = open_small(on, kFolder, nullptr, false);
  ASSERT_EQ(told(reader), "ok");
  EXPECT_EQ(bytes_of(**reader, "bucket", "k").value(), words(1, 50'000));
  EXPECT_FALSE(put_bytes(**reader, "bucket", "k2", words(1, 5)));
  EXPECT_EQ((*reader)->rebuild().error().id, "vault.read_only");
  ASSERT_EQ(told((*reader)->close()), "ok");
  reader->reset();
  auto after = files_now();
  std::erase_if(after,
                [](const auto& file) { return file.first.ends_with("catalog.sqlite-wal") && file.second.empty(); });
  EXPECT_TRUE(after == before);
}

TEST(Vault, OnAReadOnlyDiskReadingGoesOn) {
  TestMachine machine;
  const auto on = machine.inline_machine();
  ASSERT_EQ(told(create_small(on)), "ok");
  {
    auto vault = opened(on);
    ASSERT_EQ(told(put_bytes(*vault, "bucket", "k", words(1, 50'000))), "ok");
    ASSERT_EQ(told(vault->close()), "ok");
  }
  machine.files.set_read_only(true);
  EXPECT_FALSE(open_small(on));
  auto reader = open_small(on, kFolder, nullptr, false);
  ASSERT_EQ(told(reader), "ok");
  EXPECT_EQ(bytes_of(**reader, "bucket", "k").value(), words(1, 50'000));
}

TEST(Vault, RebuiltFromTheWholeJournalEveryRowIsTheSame) {
  TestMachine machine;
  const auto on = machine.inline_machine();
  ASSERT_EQ(told(create_small(on)), "ok");
  auto vault = opened(on);
  put_many(*vault, "many", 5000);
  ASSERT_EQ(told(put_bytes(*vault, "bucket", "k", words(1, 90'000))), "ok");
  ASSERT_EQ(told(Objects(*vault).remove({"many", "k1000", true})), "ok");
  const VaultRows before = rows_of(*vault).value();
  ASSERT_GT(before.size(), 10'000U);
  const auto report = vault->rebuild();
  ASSERT_EQ(told(report), "ok");
  EXPECT_EQ(report->from_checkpoint, Lsn{});
  EXPECT_TRUE(rows_of(*vault).value() == before);
  ASSERT_EQ(told(vault->close()), "ok");
  vault.reset();
  // And without being asked, where everything derived is gone.
  for (const std::string& path : machine.files.all_paths()) {
    if (path.find("catalog.sqlite") != std::string::npos || path.find("/indexes/") != std::string::npos)
      machine.files.erase(path);
  }
  std::vector<std::string> notices;
  vault = opened(on, &notices);
  EXPECT_TRUE(rows_of(*vault).value() == before);
  EXPECT_FALSE(notices.empty());
  EXPECT_EQ(bytes_of(*vault, "bucket", "k").value(), words(1, 90'000));
}

TEST(Vault, RebuiltFromEitherCheckpointAfterTruncationEveryRowIsTheSame) {
  for (const std::size_t unreadable : {0, 1}) {
    SCOPED_TRACE(unreadable);
    TestMachine machine;
    const auto on = machine.inline_machine();
    ASSERT_EQ(told(create_small(on)), "ok");
    auto vault = opened(on);
    put_many(*vault, "many", 5000);
    reopen(vault);
    ASSERT_EQ(told(make_checkpoint(*vault)), "ok");
    ASSERT_EQ(told(put_bytes(*vault, "bucket", "k", words(1, 90'000))), "ok");
    ASSERT_EQ(told(Objects(*vault).remove({"many", "k1000", true})), "ok");
    const auto second = make_checkpoint(*vault);
    ASSERT_EQ(told(second), "ok");
    EXPECT_GT(second->blocks_reused, 0U);
    ASSERT_EQ(told(put_bytes(*vault, "bucket", "k", words(2, 9'000))), "ok");
    reopen(vault);
    const auto dropped = truncate_journal(*vault, vault->journal().last());
    ASSERT_EQ(told(dropped), "ok");
    EXPECT_GT(dropped->value, 0U);
    EXPECT_GT(vault->journal().stats()->first_with_payloads.value, 1U);
    const VaultRows before = rows_of(*vault).value();
    spoil_roots(*vault, unreadable);
    const auto report = vault->rebuild();
    ASSERT_EQ(told(report), "ok");
    EXPECT_EQ(report->from_checkpoint, vault->head().checkpoints[unreadable].lsn);
    EXPECT_TRUE(rows_of(*vault).value() == before);
    EXPECT_EQ(bytes_of(*vault, "bucket", "k").value(), words(2, 9'000));
  }
}

TEST(Vault, ARebuildThatCannotSucceedLeavesTheCatalogThatWasThere) {
  TestMachine machine;
  const auto on = machine.inline_machine();
  ASSERT_EQ(told(create_small(on)), "ok");
  auto vault = opened(on);
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(told(put_bytes(*vault, "bucket", "k" + std::to_string(i), words(1, 900))), "ok");
    reopen(vault);
    ASSERT_EQ(told(make_checkpoint(*vault)), "ok");
  }
  ASSERT_EQ(told(truncate_journal(*vault, vault->journal().last())), "ok");
  const VaultRows before = rows_of(*vault).value();
  spoil_roots(*vault, 2);
  const auto refused = vault->rebuild();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "vault.no_checkpoint");
  EXPECT_TRUE(rows_of(*vault).value() == before);
  EXPECT_EQ(told(put_bytes(*vault, "bucket", "more", words(1, 900))), "ok");
  // A new checkpoint cannot be made either: it would lack what the journal no longer holds.
  const auto no_base = make_checkpoint(*vault);
  ASSERT_FALSE(no_base);
  EXPECT_EQ(no_base.error().id, "checkpoint.no_base");
  reopen(vault);
  EXPECT_EQ(bytes_of(*vault, "bucket", "more").value(), words(1, 900));
}

TEST(Vault, OverAGapInTheJournalTheCatalogThatStillHoldsItIsKept) {
  TestMachine machine;
  const auto on = machine.inline_machine();
  ASSERT_EQ(told(create_small(on)), "ok");
  auto vault = opened(on);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(told(put_bytes(*vault, "bucket", "k" + std::to_string(i), words(1, 900))), "ok");
    reopen(vault);
  }
  ASSERT_EQ(told(vault->close()), "ok");
  vault.reset();
  const auto archives = machine.files.all_paths("*.jseg");
  ASSERT_EQ(archives.size(), 3U);
  machine.files.zero(archives[1], 100, machine.files.content(archives[1]).size() - 100);
  vault = opened(on);
  ASSERT_TRUE(vault);
  const VaultRows before = rows_of(*vault).value();
  const auto refused = vault->rebuild();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "vault.rebuild_has_gaps");
  EXPECT_TRUE(rows_of(*vault).value() == before);
  EXPECT_EQ(told(put_bytes(*vault, "bucket", "more", words(1, 900))), "ok");
  // Without a catalog the rest is worth having, and what is missing is told.
  ASSERT_EQ(told(vault->close()), "ok");
  vault.reset();
  machine.files.erase(std::string(kFolder) + "/catalog.sqlite");
  std::vector<std::string> notices;
  vault = opened(on, &notices);
  ASSERT_TRUE(vault);
  EXPECT_TRUE(std::ranges::any_of(notices, [](const std::string& words_told) {
    return words_told.find("can no longer be read") != std::string::npos;
  }));
  EXPECT_EQ(bytes_of(*vault, "bucket", "k0").value(), words(1, 900));
  EXPECT_FALSE(bytes_of(*vault, "bucket", "k1"));
  EXPECT_EQ(bytes_of(*vault, "bucket", "k2").value(), words(1, 900));
  EXPECT_EQ(bytes_of(*vault, "bucket", "more").value(), words(1, 900));
}

// A catalog filled half from a checkpoint must never be taken for the state at that checkpoint.
TEST(Vault, KilledWhileItRebuildsItComesBackWhole) {
  TestMachine machine;
  const auto on = machine.inline_machine();
  ASSERT_EQ(told(create_small(on)), "ok");
  auto vault = opened(on);
  put_many(*vault, "many", 12'000);
  ASSERT_EQ(told(make_checkpoint(*vault)), "ok");
  const VaultRows before = rows_of(*vault).value();
  std::vector<std::unique_ptr<MemoryFileSystem>> killed;
  machine.files.before_each_point([&](std::uint64_t point) {
    if (point % 7 == 0) killed.push_back(machine.files.clone());
  });
  ASSERT_EQ(told(vault->rebuild()), "ok");
  machine.files.before_each_point(nullptr);
  vault.reset();
  ASSERT_GT(killed.size(), 20U);
  std::size_t checked = 0;
  for (std::size_t i = 0; i < killed.size(); i += 1 + killed.size() / 40) {
    TestMachine rebooted(std::move(killed[i]), 5);
    const auto again = opened(rebooted.inline_machine());
    ASSERT_TRUE(again);
    ASSERT_TRUE(rows_of(*again).value() == before) << "killed at sample " << i;
    ++checked;
  }
  EXPECT_GT(checked, 15U);
}

TEST(Vault, WhatABrokenOffPutLeftBehindBecomesKnownBeforeItIsSharedAgain) {
  TestMachine machine;
  const auto on = machine.inline_machine();
  ASSERT_EQ(told(create_small(on)), "ok");
  const Bytes bytes = noise(1, 500 * kKiB);
  {
    auto vault = opened(on);
    const auto chunks = vault->chunks().new_writer(kDefaultDomain, chunk::Temperature::warm);
    ContentWriter writer(*chunks, kDefaultDomain, *vault->gear(kDefaultDomain));
    writer.begin(codec::CutterNumber::small);
    ASSERT_EQ(told(writer.append(bytes)), "ok");
    ASSERT_EQ(told(writer.finish()), "ok");
    ASSERT_EQ(told(vault->chunks().sync()), "ok");  // on disk, and then killed
  }
  auto vault = opened(on);
  const auto put = put_bytes(*vault, "bucket", "k", bytes);
  ASSERT_EQ(told(put), "ok");
  EXPECT_EQ(put->new_bytes, 0U);
  const auto rows = vault->reader()->packs().value();
  for (const chunk::PackInfo& pack : vault->chunks().list_packs()) {
    EXPECT_TRUE(std::ranges::any_of(rows, [&](const auto& row) { return row.id == pack.id; })) << pack.id.text();
  }
}

TEST(Vault, ADamagedCatalogIsMadeAnewWithoutBeingAsked) {
  TestMachine machine;
  const auto on = machine.inline_machine();
  ASSERT_EQ(told(create_small(on)), "ok");
  {
    auto vault = opened(on);
    put_many(*vault, "many", 4000);
    ASSERT_EQ(told(vault->close()), "ok");
  }
  const std::string path = std::string(kFolder) + "/catalog.sqlite";
  const std::uint64_t size = machine.files.content(path).size();
  for (std::uint64_t offset = 0; offset < size; offset += 4096 * 11) {
    SCOPED_TRACE(offset);
    TestMachine damaged(machine.files.clone(), 3);
    damaged.files.flip_bits(path, offset + 100);
    auto vault = opened(damaged.inline_machine());
    ASSERT_TRUE(vault);
    auto state = state_of(*vault);
    if (!state) {  // a page nobody needed for opening: told, and mended on demand
      EXPECT_EQ(state.error().kind, ErrorKind::damaged) << told(state);
      ASSERT_EQ(told(vault->rebuild()), "ok");
      state = state_of(*vault);
    }
    ASSERT_EQ(told(state), "ok");
    EXPECT_EQ(state->at("many").size(), 4000U);
  }
}

TEST(Vault, TruncationKeepsWhatRecoveryNeeds) {
  TestMachine machine;
  const auto on = machine.inline_machine();
  ASSERT_EQ(told(create_small(on)), "ok");
  auto vault = opened(on);
  ASSERT_EQ(told(put_bytes(*vault, "bucket", "a", words(1, 900))), "ok");
  reopen(vault);
  EXPECT_EQ(truncate_journal(*vault, Lsn{100}).value(), Lsn{});  // no checkpoints: nothing goes
  const auto first = make_checkpoint(*vault);
  ASSERT_EQ(told(first), "ok");
  ASSERT_EQ(told(put_bytes(*vault, "bucket", "b", words(1, 900))), "ok");
  EXPECT_EQ(truncate_journal(*vault, Lsn{100}).value(), Lsn{});
  ASSERT_EQ(told(make_checkpoint(*vault)), "ok");
  EXPECT_EQ(truncate_journal(*vault, Lsn{first->lsn.value - 1}).value(), Lsn{});  // older than the horizon: needed
  reopen(vault);
  EXPECT_EQ(truncate_journal(*vault, vault->journal().last()).value(), first->lsn);
  EXPECT_GT(vault->journal().stats()->first_with_payloads, Lsn{1});
  EXPECT_EQ(vault->head().oldest_kept, first->lsn.next());
  // Envelopes stay.
  std::uint64_t commands = 0;
  ASSERT_TRUE(vault->journal().read(Lsn{1}, vault->journal().last(), [&](const journal::Command&) -> Result<bool> {
    ++commands;
    return true;
  }));
  EXPECT_EQ(commands, vault->journal().last().value);
}

TEST(Vault, ACheckpointOfNothingNewChangesNothing) {
  TestMachine machine;
  const auto on = machine.inline_machine();
  ASSERT_EQ(told(create_small(on)), "ok");
  auto vault = opened(on);
  EXPECT_EQ(make_checkpoint(*vault)->lsn, Lsn{});
  ASSERT_EQ(told(put_bytes(*vault, "bucket", "a", words(1, 900))), "ok");
  EXPECT_EQ(wants_checkpoint(*vault).value(), false);
  const auto report = make_checkpoint(*vault);
  ASSERT_EQ(told(report), "ok");
  EXPECT_EQ(report->rows, rows_of(*vault)->size() - 1);  // all but its own
}

// ---- what the disk tells

TEST(Vault, NothingReadableLiesInTheHome) {
  for (const auto suite : {codec::SealSuite::aes256gcm, codec::SealSuite::none}) {
    TestMachine machine;
    const auto on = machine.inline_machine();
    ASSERT_EQ(told(create_small(on, kFolder, suite)), "ok");
    const std::vector<std::string> planted = {"plantedbucket", "PlantedKeyName",  "PlantedField", "PlantedValue",
                                              "PlantedTag",    "PlantedTagValue", "PlantedWords"};
    const auto count_found = [&] {
      std::size_t found = 0;
      for (const std::string& path : machine.files.all_paths()) {
        const Bytes content = machine.files.content(path);
        const std::string_view text = as_text(content);
        for (const std::string& plant : planted) {
          if (text.find(plant) == std::string_view::npos && path.find(plant) == std::string::npos) continue;
          ++found;
          if (suite != codec::SealSuite::none) ADD_FAILURE() << plant << " can be read in " << path;
        }
      }
      return found;
    };
    {
      std::vector<std::string> notices;
      auto vault = opened(on, &notices);
      Bytes bytes = noise(1, 9000);  // not to be compressed away
      for (std::size_t at = 0; at < 9000 - 20; at += 500)
        std::ranges::copy(std::string("PlantedWords"), bytes.begin() + static_cast<std::ptrdiff_t>(at));
      ASSERT_EQ(told(put_bytes(*vault, "plantedbucket", "PlantedKeyName", bytes,
                               {{{"PlantedField", "PlantedValue"}}, {{"PlantedTag", "PlantedTagValue"}}, ""})),
                "ok");
      count_found();
      ASSERT_EQ(told(make_checkpoint(*vault)), "ok");
      count_found();
      ASSERT_EQ(told(vault->close()), "ok");
    }
    const std::size_t found = count_found();
    if (suite == codec::SealSuite::none) {
      EXPECT_GT(found, 3U);  // the search finds what is there to be found
    }
  }
}

std::map<std::string, Bytes> files_below(MemoryFileSystem& files, const std::string& folder) {
  std::map<std::string, Bytes> all;
  for (const std::string& path : files.all_paths(folder + "/*")) all[path] = files.content(path);
  return all;
}

TEST(Home, VaultsShareNothingAndDeletingOneLeavesTheOtherBitForBit) {
  TestMachine machine;
  const auto on = machine.inline_machine();
  ASSERT_TRUE(platform::create_directories(on.files, "/u"));
  auto home = Home::create(on, "/u/home");
  ASSERT_EQ(told(home), "ok");
  UnlockSecrets secrets;
  secrets.key_folder = "/u/keys";
  CreateVaultOptions options;
  options.journal_segment_bytes = 256 * kKiB;
  std::vector<VaultId> ids;
  for (const char* name : {"first", "second"}) {
    options.name = name;
    const auto id = (*home)->create_vault(options, secrets, std::nullopt);
    ASSERT_EQ(told(id), "ok");
    ids.push_back(*id);
  }
  EXPECT_EQ((*home)->create_vault(options, secrets, std::nullopt).error().id, "vault.exists");
  const Bytes bytes = noise(1, 200'000);
  std::vector<std::uint64_t> new_bytes;
  for (const VaultId& id : ids) {
    auto vault = (*home)->open_vault(id, secrets, small_options());
    ASSERT_EQ(told(vault), "ok");
    new_bytes.push_back(put_bytes(**vault, "bucket", "k", bytes)->new_bytes);
    ASSERT_EQ(told((*vault)->close()), "ok");
  }
  EXPECT_EQ(new_bytes[1], new_bytes[0]);  // no deduplication across vaults
  const auto second = files_below(machine.files, (*home)->vault_folder(ids[1]));
  {
    auto vault = (*home)->open_vault(ids[0], secrets, small_options());
    ASSERT_EQ(told(vault), "ok");
    EXPECT_EQ((*home)->delete_vault(ids[0], secrets.key_folder).error().kind, ErrorKind::locked);
    ASSERT_EQ(told(put_bytes(**vault, "bucket", "more", noise(2, 100'000))), "ok");
    ASSERT_EQ(told((*vault)->rebuild()), "ok");
  }
  EXPECT_TRUE(files_below(machine.files, (*home)->vault_folder(ids[1])) == second);
  ASSERT_EQ(told((*home)->delete_vault(ids[0], secrets.key_folder)), "ok");
  EXPECT_TRUE(files_below(machine.files, (*home)->vault_folder(ids[0])).empty());
  EXPECT_TRUE(files_below(machine.files, (*home)->vault_folder(ids[1])) == second);
  EXPECT_FALSE(machine.files.exists("/u/keys/" + ids[0].text() + ".key"));
  EXPECT_EQ((*home)->delete_vault(ids[0], secrets.key_folder).error().kind, ErrorKind::not_found);
  // The only one left is found without a name.
  EXPECT_EQ((*home)->find_vault("", secrets).value(), ids[1]);
  auto vault = (*home)->open_vault(ids[1], secrets, small_options());
  ASSERT_EQ(told(vault), "ok");
  EXPECT_EQ(bytes_of(**vault, "bucket", "k").value(), bytes);
}

TEST(Home, AVaultCompressesAsHardAsItWasMadeTo) {
  TestMachine machine;
  const auto on = machine.inline_machine();
  ASSERT_TRUE(platform::create_directories(on.files, "/u"));
  auto home = Home::create(on, "/u/home");
  ASSERT_EQ(told(home), "ok");
  UnlockSecrets secrets;
  secrets.key_folder = "/u/keys";
  std::vector<std::uint64_t> stored;
  for (const int level : {1, kZstdLevelDefault, 19}) {
    CreateVaultOptions options;
    options.name = "level-" + std::to_string(level);
    options.zstd_level = level;
    options.journal_segment_bytes = 256 * kKiB;
    const auto id = (*home)->create_vault(options, secrets, std::nullopt);
    ASSERT_EQ(told(id), "ok");
    auto vault = (*home)->open_vault(*id, secrets, small_options());
    ASSERT_EQ(told(vault), "ok");
    EXPECT_EQ((*vault)->head().zstd_level_warm, level);
    ASSERT_EQ(told(put_bytes(**vault, "bucket", "k", words(3, 200'000))), "ok");
    stored.push_back((*vault)->chunks().stats().bytes_written);
    ASSERT_EQ(told((*vault)->close()), "ok");
  }
  EXPECT_LT(stored[1], stored[0]);
  EXPECT_LT(stored[2], stored[1]);
}

TEST(Home, IsMadeOnceAndNotOverOtherFiles) {
  TestMachine machine;
  const auto on = machine.inline_machine();
  EXPECT_EQ(Home::open(on, "/nowhere").error().kind, ErrorKind::missing_home);
  ASSERT_EQ(told(Home::create(on, "/home")), "ok");
  EXPECT_EQ(Home::create(on, "/home").error().id, "home.exists");
  ASSERT_EQ(told(Home::open(on, "/home")), "ok");
  machine.files.set_content("/other/file", to_bytes("x"));
  EXPECT_EQ(Home::create(on, "/other").error().id, "home.folder_not_empty");
  machine.files.set_content("/home/home.json", to_bytes("{ \"format\": 7 }"));
  EXPECT_EQ(Home::open(on, "/home").error().kind, ErrorKind::unsupported);
  machine.files.erase("/home/home.json");
  EXPECT_EQ(told(Home::open(on, "/home")), "ok");  // its vaults tell that it is one
}

TEST(Home, TellsVaultsThatDoNotUnlockFromThoseThatAreDamaged) {
  TestMachine machine;
  const auto on = machine.inline_machine();
  auto home = Home::create(on, "/home");
  UnlockSecrets secrets;
  secrets.key_folder = "/keys";
  CreateVaultOptions options;
  options.name = "main";
  const auto id = (*home)->create_vault(options, secrets, std::nullopt);
  ASSERT_EQ(told(id), "ok");
  const auto listed = (*home)->vaults(secrets).value();
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_TRUE(listed[0].is_unlocked);
  EXPECT_EQ(listed[0].name, "main");
  const auto locked = (*home)->vaults({}).value();
  EXPECT_FALSE(locked[0].is_unlocked);
  EXPECT_EQ(locked[0].name, "");
  EXPECT_FALSE(locked[0].problem.has_value()) << told(*locked[0].problem);
  EXPECT_EQ((*home)->find_vault("main", {}).error().id, "vault.not_found");
  EXPECT_EQ((*home)->find_vault(id->text(), {}).value(), *id);
  for (const char* name : {"/keyring", "/keyring.2"}) machine.files.zero((*home)->vault_folder(*id) + name, 0, 100);
  EXPECT_TRUE((*home)->vaults(secrets).value()[0].problem.has_value());
}

TEST(Status, CountsAndFindings) {
  TestMachine machine;
  const auto on = machine.inline_machine();
  ASSERT_EQ(told(create_small(on)), "ok");
  auto vault = opened(on);
  ASSERT_EQ(told(put_bytes(*vault, "bucket", "a", noise(1, 100'000))), "ok");
  ASSERT_EQ(told(put_bytes(*vault, "bucket", "b", noise(1, 100'000))), "ok");
  ASSERT_EQ(told(put_bytes(*vault, "other", "c/", {})), "ok");
  const auto has = [](const VaultStatus& status, std::string_view id) {
    return std::ranges::any_of(status.findings, [&](const Finding& finding) { return finding.id == id; });
  };
  auto status = vault_status(*vault);
  ASSERT_EQ(told(status), "ok");
  EXPECT_EQ(status->files, 2U);
  EXPECT_EQ(status->folders, 1U);
  EXPECT_EQ(status->logical_bytes, 200'000U);
  EXPECT_GE(status->unique_bytes, 100'000U);
  EXPECT_LT(status->unique_bytes, 110'000U);
  EXPECT_EQ(status->buckets.size(), 2U);
  EXPECT_TRUE(has(*status, "copy.one_only"));
  EXPECT_TRUE(has(*status, "kit.never_saved"));
  EXPECT_TRUE(has(*status, "verify.never"));
  VerifyVaultOptions options;
  options.reads_data = true;
  options.workers = 1;
  ASSERT_EQ(told(verify_vault(*vault, options)), "ok");
  ASSERT_EQ(told(vault->keys().make_kit()), "ok");
  ASSERT_EQ(told(vault->keys().confirm_kit()), "ok");
  status = vault_status(*vault);
  EXPECT_FALSE(has(*status, "verify.never"));
  EXPECT_FALSE(has(*status, "kit.never_saved"));
  EXPECT_TRUE(has(*status, "copy.one_only"));
  EXPECT_TRUE(status->last_data_verify.has_value());
}

}  // namespace
}  // namespace atl::vault
