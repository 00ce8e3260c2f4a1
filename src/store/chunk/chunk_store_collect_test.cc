// Freeing space: who builds on what, condemning, exact places, rewriting, removing, and the index after it.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "store/chunk/testing/test_vault.h"

namespace atl::chunk {
namespace {

using namespace testing;  // NOLINT: the helpers of this module's tests

using Chunks = std::vector<std::pair<ChunkId, Bytes>>;

// Adds so many chunks of text and seals them into packs of their own; the packs.
std::vector<PackId> fill(ChunkStore& store, Chunks& chunks, std::uint64_t first, std::uint64_t count,
                         Temperature temperature = Temperature::hot, std::size_t length = 4'000) {
  std::set<PackId> before;
  for (const auto& pack : store.list_packs()) before.insert(pack.id);
  auto writer = store.new_writer(kDefaultDomain, temperature);
  for (std::uint64_t i = first; i < first + count; ++i) {
    Bytes plain = text_chunk(i, length);
    chunks.emplace_back(must_add(*writer, plain), std::move(plain));
  }
  EXPECT_TRUE(store.seal_packs());
  std::vector<PackId> packs;
  for (const auto& pack : store.list_packs()) {
    if (!before.contains(pack.id)) packs.push_back(pack.id);
  }
  return packs;
}

Result<std::optional<Temperature>> all_warm(const ChunkId&) { return Temperature::warm; }
Result<std::optional<Temperature>> none(const ChunkId&) { return std::nullopt; }

void erase_index(TestVault& vault) {
  for (const auto& path : vault.files().all_paths("/vault/indexes/*")) vault.files().erase(path);
}

std::map<ChunkId, ChunkPlace> places(ChunkStore& store) {
  std::map<ChunkId, ChunkPlace> all;
  std::optional<ChunkId> last;
  EXPECT_TRUE(store.for_each_location([&](const ChunkPlace& place) -> Result<bool> {
    EXPECT_TRUE(!last || *last < place.id) << "in order, each once";
    last = place.id;
    all[place.id] = place;
    return true;
  }));
  return all;
}

TEST(ChunkCollect, CondemnedChunksAreAbsentForAddAndStillRead) {
  TestVault vault;
  auto store = vault.open();
  Chunks chunks;
  const auto packs = fill(*store, chunks, 0, 10);
  const auto condemned = store->condemn(packs, store->begin_collection());
  ASSERT_TRUE(condemned);
  EXPECT_EQ(*condemned, packs);
  for (const auto& [id, plain] : chunks) {
    EXPECT_FALSE(store->contains(id).value());
    expect_reads(*store, id, plain);
  }
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  EXPECT_TRUE(writer->add(chunks[0].second).value().is_new);
  EXPECT_FALSE(writer->add(chunks[0].second).value().is_new) << "the new one counts";
  ASSERT_TRUE(store->seal_packs());
  EXPECT_TRUE(store->contains(chunks[0].first).value());
  for (const PackId& pack : packs) EXPECT_TRUE(store->remove_pack(pack).value());
  expect_reads(*store, chunks[0].first, chunks[0].second);
  EXPECT_FALSE(store->contains(chunks[1].first).value());
}

TEST(ChunkCollect, APackIsSparedWhileWhatWasFoundInItMayNotBeCommitted) {
  TestVault vault;
  auto store = vault.open();
  Chunks chunks;
  const auto packs = fill(*store, chunks, 0, 3);
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  const auto find_one = [&] { EXPECT_FALSE(writer->add(chunks[0].second).value().is_new); };
  const auto is_spared = [&](const CollectionMark& mark) { return store->condemn(packs, mark).value().empty(); };

  // Found after the mark.
  auto mark = store->begin_collection();
  find_one();
  EXPECT_TRUE(is_spared(mark));
  // Found before the mark by a use that was open then, and has ended since: its command is not in the state that was
  // read after the mark.
  auto use = store->begin_use();
  find_one();
  mark = store->begin_collection();
  use.reset();
  EXPECT_TRUE(is_spared(mark));
  // By one that began later and is still open.
  mark = store->begin_collection();
  use = store->begin_use();
  find_one();
  EXPECT_TRUE(is_spared(mark));
  // A use that found nothing there spares nothing.
  use.reset();
  use = store->begin_use();
  mark = store->begin_collection();
  EXPECT_FALSE(is_spared(mark));
}

TEST(ChunkCollect, ChunksFoundWhileTheyWerePendingSpareTheirPack) {
  TestVault vault;
  auto store = vault.open();
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  const Bytes plain = text_chunk(1, 5'000);
  (void)must_add(*writer, plain);
  const auto mark = store->begin_collection();
  EXPECT_FALSE(writer->add(plain).value().is_new);  // gathered, in no pack yet
  ASSERT_TRUE(store->seal_packs());
  const std::vector packs{store->list_packs().at(0).id};
  EXPECT_TRUE(store->condemn(packs, mark).value().empty());
  EXPECT_EQ(store->condemn(packs, store->begin_collection()).value(), packs);
}

TEST(ChunkCollect, OpenAndUnknownPacksAreNotCondemned) {
  TestVault vault;
  auto store = vault.open();
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  (void)must_add(*writer, text_chunk(1, 5'000));
  ASSERT_TRUE(store->sync());
  const PackId open = store->list_packs().at(0).id;
  EXPECT_TRUE(store->condemn(std::vector{open, PackId{}}, store->begin_collection()).value().empty());
  store->condemn_again(std::vector{open});
  EXPECT_FALSE(store->list_packs().at(0).is_condemned);
  EXPECT_FALSE(store->remove_pack(PackId{}).value());
}

TEST(ChunkCollect, CondemnedAgainAfterOpening) {
  TestVault vault;
  auto store = vault.open();
  Chunks chunks;
  const auto packs = fill(*store, chunks, 0, 3);
  ASSERT_EQ(store->condemn(packs, store->begin_collection()).value(), packs);
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  (void)must_add(*writer, chunks[1].second);
  writer.reset();
  ASSERT_TRUE(store->close());
  for (const bool has_index : {true, false}) {
    if (!has_index) erase_index(vault);
    store = vault.open();
    store->condemn_again(packs);
    EXPECT_FALSE(store->contains(chunks[0].first).value());
    EXPECT_TRUE(store->contains(chunks[1].first).value()) << "stored again since";
    for (const auto& [id, plain] : chunks) expect_reads(*store, id, plain);
  }
}

// What is stored again must not go to a pack that is older than the condemned one: from the packs alone it would not be
// told which copy counts.
TEST(ChunkCollect, WhatIsStoredAgainLiesInALaterPack) {
  TestVault vault;
  auto store = vault.open();
  auto old_writer = store->new_writer(kDefaultDomain, Temperature::hot);
  (void)must_add(*old_writer, text_chunk(100, 1'000));
  ASSERT_TRUE(store->sync());  // a hot pack is open now, and stays so
  auto writer = store->new_writer(kDefaultDomain, Temperature::cold);
  Chunks chunks;
  for (std::uint64_t i = 0; i < 200; ++i) {
    Bytes plain = noise_chunk(i, 200'000);
    chunks.emplace_back(must_add(*writer, plain), std::move(plain));
    if (store->list_packs().size() > 3) break;
  }
  ASSERT_TRUE(store->sync());
  std::vector<PackId> sealed;
  for (const auto& pack : store->list_packs()) {
    if (pack.is_sealed) sealed.push_back(pack.id);
  }
  ASSERT_FALSE(sealed.empty());
  ASSERT_EQ(store->condemn(sealed, store->begin_collection()).value(), sealed);
  const auto before = places(*store);
  for (const auto& [id, plain] : chunks) (void)must_add(*old_writer, plain);
  ASSERT_TRUE(store->sync());
  const auto after = places(*store);
  for (const auto& [id, place] : before) {
    if (!place.is_in_condemned_pack) continue;
    EXPECT_GT(after.at(id).pack, place.pack);
    EXPECT_FALSE(after.at(id).is_in_condemned_pack);
  }
}

TEST(ChunkCollect, PlacesAreExactAndIncludeOpenPacksAndMemory) {
  TestVault vault;
  auto store = vault.open(small_options(40'000));
  Chunks chunks;
  (void)fill(*store, chunks, 0, 40);
  auto writer = store->new_writer(kDefaultDomain, Temperature::hot);
  const ChunkId synced = must_add(*writer, text_chunk(1000, 3'000));
  ASSERT_TRUE(store->sync());
  const ChunkId unsynced = must_add(*writer, text_chunk(1001, 3'000));
  auto other = store->new_writer(kDefaultDomain, Temperature::warm);
  const ChunkId alone = must_add(*other, noise_chunk(1002, 300'000));
  const auto all = places(*store);
  for (const auto& [id, plain] : chunks) {
    ASSERT_TRUE(all.contains(id));
    EXPECT_EQ(all.at(id).length, plain.size());
    EXPECT_FALSE(all.at(id).is_in_open_pack);
  }
  EXPECT_TRUE(all.at(synced).is_in_open_pack);
  EXPECT_TRUE(all.contains(alone));
  EXPECT_EQ(all.size(), chunks.size() + 2 + (all.contains(unsynced) ? 1 : 0));
  std::map<PackId, std::uint64_t> stored;
  for (const auto& [id, place] : all) stored[place.pack] += place.stored_bytes;
  for (const auto& pack : store->list_packs()) {
    if (!pack.is_sealed) continue;
    EXPECT_LE(stored[pack.id], pack.stored_bytes);
    EXPECT_GE(stored[pack.id] + pack.chunks, pack.stored_bytes) << "all of it, but for rounding";
  }
  int visited = 0;
  EXPECT_TRUE(store->for_each_location([&](const ChunkPlace&) -> Result<bool> { return ++visited < 5; }));
  EXPECT_EQ(visited, 5);
  EXPECT_EQ(store->for_each_location([](const ChunkPlace&) -> Result<bool> { return fail(ErrorKind::io, "x", "y"); })
                .error()
                .id,
            "x");
  // A store that is only read sees the same.
  ASSERT_TRUE(store->sync());
  const auto reading = vault.open(small_options(), false);
  EXPECT_EQ(places(*reading).size(), chunks.size() + 3);
}

TEST(ChunkCollect, RewritingMovesWhatIsWantedAndLeavesTheRest) {
  for (const unsigned threads : {1U, 3U}) {
    SCOPED_TRACE(threads);
    TestVault vault;
    auto store = vault.open(small_options(20'000));
    Chunks chunks;
    const auto sources = fill(*store, chunks, 0, 60);
    ASSERT_GT(sources.size(), 2U);
    std::set<ChunkId> wanted;
    for (std::size_t i = 0; i < chunks.size(); i += 3) wanted.insert(chunks[i].first);
    RewriteOptions options;
    options.threads = threads;
    std::uint64_t last = 0;
    options.progress = [&](std::uint64_t done, std::uint64_t total) {
      EXPECT_GE(done, last);
      EXPECT_LE(done, total);
      last = done;
      return true;
    };
    const auto report = store->rewrite(
        sources,
        [&](const ChunkId& id) -> Result<std::optional<Temperature>> {
          if (!wanted.contains(id)) return std::nullopt;
          return Temperature::warm;
        },
        options);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->chunks_moved, wanted.size());
    EXPECT_TRUE(report->failures.empty());
    EXPECT_FALSE(report->ended_early);
    EXPECT_EQ(std::set<PackId>(report->rewritten.begin(), report->rewritten.end()),
              std::set<PackId>(sources.begin(), sources.end()));
    EXPECT_GT(last, 0U);
    std::set<PackId> fresh;
    for (const auto& pack : report->packs) fresh.insert(pack.id);
    const auto told = store->sync().value();
    for (const auto& pack : report->packs) EXPECT_EQ(std::ranges::count(told, pack), 1) << "they need rows";
    for (const auto& [id, place] : places(*store)) EXPECT_EQ(fresh.contains(place.pack), wanted.contains(id));
    ASSERT_EQ(store->condemn(report->rewritten, store->begin_collection()).value().size(), sources.size());
    for (const auto& pack : sources) EXPECT_TRUE(store->remove_pack(pack).value());
    const auto check = [&](ChunkStore& opened) {
      for (const auto& [id, plain] : chunks) {
        EXPECT_EQ(opened.contains(id).value(), wanted.contains(id));
        if (wanted.contains(id)) expect_reads(opened, id, plain);
      }
      EXPECT_TRUE(opened.verify({.data = true}).value().is_clean());
    };
    check(*store);
    ASSERT_TRUE(store->close());
    check(*vault.open());
    erase_index(vault);
    check(*vault.open());
  }
}

TEST(ChunkCollect, NewerPlaceWinsAlsoWhereTheIndexIsMadeAnew) {
  TestVault vault;
  auto store = vault.open();
  Chunks chunks;
  const auto sources = fill(*store, chunks, 0, 20);
  const auto report = store->rewrite(sources, all_warm, {}).value();
  ASSERT_EQ(report.packs.size(), 1U);
  const auto check = [&](ChunkStore& opened) {
    for (const auto& [id, place] : places(opened)) EXPECT_EQ(place.pack, report.packs[0].id);
  };
  check(*store);
  ASSERT_TRUE(store->rebuild_index());
  check(*store);
  ASSERT_TRUE(store->close());
  check(*vault.open());
  erase_index(vault);
  store = vault.open();
  check(*store);
  EXPECT_TRUE(store->verify({.data = true}).value().is_clean());
  // Rewriting the old ones again moves nothing: what they hold is read from elsewhere.
  const auto again = store->rewrite(sources, all_warm, {}).value();
  EXPECT_EQ(again.chunks_moved, 0U);
  EXPECT_EQ(again.rewritten, sources);
}

TEST(ChunkCollect, RemovingAPackLetsTheIndexFallBackToAnotherCopy) {
  TestVault vault;
  auto store = vault.open();
  Chunks chunks;
  const auto sources = fill(*store, chunks, 0, 20);
  const auto report = store->rewrite(sources, all_warm, {}).value();
  for (const bool is_reopened : {false, true}) {
    SCOPED_TRACE(is_reopened);
    TestVault clone(vault, vault.files().clone(), 5);
    auto opened = clone.open();
    // The later copy is given up although nothing was moved out of it.
    const std::vector later{report.packs[0].id};
    ASSERT_EQ(opened->condemn(later, opened->begin_collection()).value(), later);
    if (is_reopened) {
      ASSERT_TRUE(opened->close());
      opened = clone.open();
      opened->condemn_again(later);
    }
    EXPECT_TRUE(opened->remove_pack(later[0]).value());
    for (const auto& [id, plain] : chunks) {
      EXPECT_TRUE(opened->contains(id).value());
      expect_reads(*opened, id, plain);
    }
    ASSERT_TRUE(opened->compact_index());
    for (const auto& [id, plain] : chunks) expect_reads(*opened, id, plain);
  }
}

TEST(ChunkCollect, CondemnedCopiesLoseAlsoWhereTheIndexIsMadeAnewByOpening) {
  TestVault vault;
  auto store = vault.open();
  Chunks chunks;
  const auto sources = fill(*store, chunks, 0, 20);
  const std::vector later{store->rewrite(sources, all_warm, {}).value().packs.at(0).id};
  ASSERT_EQ(store->condemn(later, store->begin_collection()).value(), later);
  ASSERT_TRUE(store->rebuild_index());
  for (const auto& [id, plain] : chunks) EXPECT_TRUE(store->contains(id).value());
  ASSERT_TRUE(store->close());
  erase_index(vault);
  store = vault.open();
  store->condemn_again(later);
  for (const auto& [id, plain] : chunks) EXPECT_TRUE(store->contains(id).value());
  ASSERT_TRUE(store->remove_pack(later[0]).value());
  // And a session that is killed right then has it saved.
  store.reset();
  TestVault killed(vault, vault.files().clone(), 9);
  store = killed.open();
  EXPECT_EQ(store->open_report().packs_scanned, 0U);
  for (const auto& [id, plain] : chunks) expect_reads(*store, id, plain);
}

TEST(ChunkCollect, TiersReadBackAndColdIsSmallerThanWarm) {
  TestVault vault;
  auto options = small_options(4 * kMiB);
  options.zstd_level_cold = 12;
  auto store = vault.open(options);
  Chunks chunks;
  auto current = fill(*store, chunks, 0, 400);
  std::map<Temperature, std::uint64_t> stored;
  const auto raw = [&] {
    std::uint64_t sum = 0;
    for (const auto& [id, plain] : chunks) sum += plain.size();
    return sum;
  }();
  for (const Temperature temperature : {Temperature::hot, Temperature::warm, Temperature::cold, Temperature::warm}) {
    const auto report =
        store->rewrite(current, [&](const ChunkId&) -> Result<std::optional<Temperature>> { return temperature; }, {});
    ASSERT_TRUE(report);
    EXPECT_EQ(report->raw_bytes_moved, raw);
    ASSERT_EQ(store->condemn(report->rewritten, store->begin_collection()).value(), current);
    for (const PackId& pack : current) EXPECT_TRUE(store->remove_pack(pack).value());
    current.clear();
    for (const NewPack& pack : report->packs) {
      EXPECT_EQ(pack.temperature, temperature);
      current.push_back(pack.id);
    }
    stored[temperature] = report->stored_bytes_new;
    for (const auto& [id, plain] : chunks) expect_reads(*store, id, plain);
    EXPECT_TRUE(store->verify({.data = true}).value().is_clean());
  }
  EXPECT_LT(stored[Temperature::cold], stored[Temperature::warm]);
  EXPECT_LT(stored[Temperature::warm], stored[Temperature::hot]);
  // Neighbours stayed neighbours.
  std::vector<ChunkId> order;
  for (const PackId& pack : current) {
    ASSERT_TRUE(store->for_each_chunk_in_pack(pack, [&](const ChunkId& id, std::uint64_t) -> Result<bool> {
      order.push_back(id);
      return true;
    }));
  }
  ASSERT_EQ(order.size(), chunks.size());
  for (std::size_t i = 0; i < order.size(); ++i) EXPECT_EQ(order[i], chunks[i].first);
}

TEST(ChunkCollect, LongChunksAndSeveralDomainsAreMoved) {
  TestVault vault;
  auto store = vault.open();
  auto one = store->new_writer(kDefaultDomain, Temperature::warm);
  auto two = store->new_writer(vault.second_domain(), Temperature::warm);
  std::vector<std::pair<DomainNumber, std::pair<ChunkId, Bytes>>> chunks;
  for (std::uint64_t i = 0; i < 12; ++i) {
    Bytes plain = noise_chunk(i, i % 3 == 0 ? 400'000 : i * 1'000);
    const bool is_two = i % 2 == 1;
    const ChunkId id = must_add(is_two ? *two : *one, plain);
    chunks.push_back({is_two ? vault.second_domain() : kDefaultDomain, {id, std::move(plain)}});
  }
  ASSERT_TRUE(store->seal_packs());
  std::vector<PackId> sources;
  for (const auto& pack : store->list_packs()) sources.push_back(pack.id);
  const auto report = store->rewrite(sources, all_warm, {}).value();
  EXPECT_EQ(report.chunks_moved, chunks.size());
  ASSERT_EQ(store->condemn(sources, store->begin_collection()).value().size(), sources.size());
  for (const PackId& pack : sources) EXPECT_TRUE(store->remove_pack(pack).value());
  for (const auto& [domain, chunk] : chunks) expect_reads(*store, chunk.first, chunk.second, domain);
  EXPECT_TRUE(store->verify({.data = true}).value().is_clean());
}

TEST(ChunkCollect, InterruptedRewritingKeepsWhatIsFinishedAndAnErrorOfTheCallerIsPassedOn) {
  TestVault vault;
  auto store = vault.open(small_options(20'000));
  Chunks chunks;
  const auto sources = fill(*store, chunks, 0, 60);
  int calls = 0;
  RewriteOptions options;
  options.progress = [&](std::uint64_t, std::uint64_t) { return ++calls < 3; };
  const auto report = store->rewrite(sources, all_warm, options).value();
  ASSERT_TRUE(report.ended_early);
  EXPECT_EQ(report.ended_early->kind, ErrorKind::interrupted);
  EXPECT_LT(report.rewritten.size(), sources.size());
  EXPECT_GT(report.chunks_moved, 0U);
  for (const auto& [id, plain] : chunks) expect_reads(*store, id, plain);
  for (const auto& [id, place] : places(*store)) {
    for (const PackId& done : report.rewritten) EXPECT_NE(place.pack, done);
  }
  EXPECT_EQ(store
                ->rewrite(sources,
                          [](const ChunkId&) -> Result<std::optional<Temperature>> {
                            return fail(ErrorKind::damaged, "mark.damaged", "cannot tell");
                          },
                          {})
                .error()
                .id,
            "mark.damaged");
  EXPECT_TRUE(vault.files().all_paths("*.open").empty());
  EXPECT_TRUE(store->verify({.data = true}).value().is_clean());
}

TEST(ChunkCollect, AFullDiskAtAnyStageLeavesEverythingAsItWas) {
  TestVault base;
  Chunks chunks;
  std::vector<PackId> sources;
  {
    auto store = base.open(small_options(150'000));
    auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
    for (std::uint64_t i = 0; i < 20; ++i) {
      Bytes plain = noise_chunk(i, 40'000);
      chunks.emplace_back(must_add(*writer, plain), std::move(plain));
    }
    writer.reset();
    ASSERT_TRUE(store->close());
    for (const auto& pack : store->list_packs()) sources.push_back(pack.id);
  }
  bool was_ended_early = false;
  bool was_done = false;
  for (std::uint64_t room = 0; room < 1'400'000; room += 23'000) {
    SCOPED_TRACE("room " + std::to_string(room));
    TestVault vault(base, base.files().clone(), room + 1);
    auto store = vault.open(small_options(150'000));
    vault.files().set_capacity_bytes(vault.files().used_bytes() + room);
    const auto report = store->rewrite(sources, all_warm, {});
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->failures.empty());
    if (report->ended_early) {
      was_ended_early = true;
      EXPECT_EQ(report->ended_early->kind, ErrorKind::no_space);
      EXPECT_LT(report->rewritten.size(), sources.size());
    } else {
      was_done = true;
      EXPECT_EQ(report->rewritten.size(), sources.size());
    }
    EXPECT_TRUE(vault.files().all_paths("*.open").empty()) << "nothing is left lying about";
    for (const auto& [id, plain] : chunks) expect_reads(*store, id, plain);
    // What was moved can be given up, which makes room; and so on to the end.
    const auto again = [&](const RewriteReport& done) {
      ASSERT_EQ(store->condemn(done.rewritten, store->begin_collection()).value().size(), done.rewritten.size());
      for (const PackId& pack : done.rewritten) ASSERT_TRUE(store->remove_pack(pack).value());
    };
    again(*report);
    vault.files().set_capacity_bytes(1ULL << 40);
    again(store->rewrite(sources, all_warm, {}).value());
    for (const auto& [id, plain] : chunks) expect_reads(*store, id, plain);
    ASSERT_TRUE(store->close());
    erase_index(vault);
    const auto opened = vault.open();
    for (const auto& [id, plain] : chunks) expect_reads(*opened, id, plain);
    EXPECT_TRUE(opened->verify({.data = true}).value().is_clean());
    if (HasFailure()) return;
  }
  EXPECT_TRUE(was_ended_early && was_done);
}

TEST(ChunkCollect, TheReserveIsForThoseWhoMayUseIt) {
  TestVault vault;
  Chunks chunks;
  std::vector<PackId> sources;
  {
    auto store = vault.open();
    sources = fill(*store, chunks, 0, 20);
    ASSERT_TRUE(store->close());
  }
  auto options = small_options();
  options.check_room = [](std::uint64_t) -> Result<void> { return fail(ErrorKind::no_space, "room", "none"); };
  auto store = vault.open(options);
  RewriteOptions modest;
  modest.uses_reserve = false;
  const auto refused = store->rewrite(sources, all_warm, modest).value();
  ASSERT_TRUE(refused.ended_early);
  EXPECT_EQ(refused.ended_early->kind, ErrorKind::no_space);
  EXPECT_TRUE(refused.rewritten.empty());
  EXPECT_EQ(store->rewrite(sources, all_warm, {}).value().rewritten, sources);
}

TEST(ChunkCollect, DamageFailsItsPackOnlyAndWhatIsStoredElsewhereIsNotMissed) {
  TestVault vault;
  auto options = small_options(60'000);
  options.parity_count = 0;
  auto store = vault.open(options);
  auto writer = store->new_writer(kDefaultDomain, Temperature::hot);
  Chunks chunks;
  for (std::uint64_t i = 0; i < 12; ++i) {
    Bytes plain = noise_chunk(i, 20'000);
    chunks.emplace_back(must_add(*writer, plain), std::move(plain));
  }
  ASSERT_TRUE(store->seal_packs());
  std::vector<PackId> sources;
  for (const auto& pack : store->list_packs()) sources.push_back(pack.id);
  ASSERT_GE(sources.size(), 3U);
  const ChunkId lost = chunks[1].first;
  const auto bad = places(*store).at(lost).pack;
  for (const auto& path : vault.pack_paths()) {
    if (path.find(bad.text()) != std::string::npos) vault.files().flip_bits(path, 128 + 20'000 + 128 + 10'000);
  }
  writer.reset();
  store.reset();
  store = vault.open(options);
  auto report = store->rewrite(sources, all_warm, {}).value();
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0].pack, bad);
  EXPECT_EQ(report.failures[0].error.kind, ErrorKind::damaged);
  EXPECT_EQ(report.failures[0].chunks, std::vector{lost});
  EXPECT_EQ(report.rewritten.size(), sources.size() - 1);
  EXPECT_EQ(report.chunks_moved, chunks.size() - 1) << "what can be read of the damaged one is moved, too";
  // Stored again, the damaged pack holds nothing any more, and goes like any other.
  EXPECT_FALSE(store->verify({.data = true}).value().is_clean());
  writer = store->new_writer(kDefaultDomain, Temperature::warm);
  EXPECT_TRUE(writer->add(chunks[1].second).value().is_new);
  ASSERT_TRUE(store->seal_packs());
  report = store->rewrite(sources, all_warm, {}).value();
  EXPECT_EQ(report.rewritten.size(), sources.size());
  EXPECT_EQ(report.chunks_moved, 0U);
  ASSERT_EQ(store->condemn(sources, store->begin_collection()).value().size(), sources.size());
  for (const PackId& pack : sources) EXPECT_TRUE(store->remove_pack(pack).value());
  for (const auto& [id, plain] : chunks) expect_reads(*store, id, plain);
  EXPECT_TRUE(store->verify({.data = true}).value().is_clean());
}

TEST(ChunkCollect, PackWithoutHeaderOrFooterTellsWhatIsLostAndCanBeRemoved) {
  for (const bool is_header : {true, false}) {
    SCOPED_TRACE(is_header ? "header" : "footer");
    TestVault vault;
    auto options = small_options();
    options.parity_count = 0;
    auto store = vault.open(options);
    Chunks chunks;
    const auto sources = fill(*store, chunks, 0, 5, Temperature::hot, 300);  // too small for a copy of the header
    ASSERT_EQ(sources.size(), 1U);
    ASSERT_TRUE(store->close());
    const std::string path = vault.pack_paths().at(0);
    const Bytes content = vault.files().content(path);
    vault.files().flip_bits(path, is_header ? 70 : as_text(content).rfind("AFTR") + 80);
    if (!is_header) vault.files().flip_bits(path, 128 + 40);  // and a group
    store = vault.open(options);
    auto report = store->rewrite(sources, all_warm, {}).value();
    ASSERT_EQ(report.failures.size(), 1U);
    EXPECT_EQ(report.failures[0].chunks.size(), is_header ? chunks.size() : 1U);
    EXPECT_TRUE(report.rewritten.empty());
    EXPECT_EQ(store->rewrite(sources, none, {}).value().rewritten, sources) << "nothing of it is wanted";
    ASSERT_EQ(store->condemn(sources, store->begin_collection()).value(), sources);
    auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
    for (const auto& [id, plain] : chunks) (void)must_add(*writer, plain);
    ASSERT_TRUE(store->sync());
    EXPECT_TRUE(store->remove_pack(sources[0]).value());
    for (const auto& [id, plain] : chunks) expect_reads(*store, id, plain);
  }
}

TEST(ChunkCollect, IndexShrinksAfterABigDeletion) {
  TestVault vault;
  auto store = vault.open(small_options(500'000));
  Chunks kept;
  Chunks gone;
  const auto doomed = fill(*store, gone, 0, 12'000, Temperature::warm, 100);
  (void)fill(*store, kept, 20'000, 1'000, Temperature::warm, 100);
  while (store->maintain().value()) {
  }
  const auto index_bytes = [&] {
    std::uint64_t bytes = 0;
    for (const auto& path : vault.files().all_paths("/vault/indexes/*")) bytes += vault.files().content(path).size();
    return bytes;
  };
  const std::uint64_t before = index_bytes();
  ASSERT_EQ(store->condemn(doomed, store->begin_collection()).value(), doomed);
  for (const PackId& pack : doomed) ASSERT_TRUE(store->remove_pack(pack).value());
  EXPECT_TRUE(store->maintain().value());
  while (store->maintain().value()) {
  }
  EXPECT_LT(index_bytes(), before / 4);
  EXPECT_EQ(places(*store).size(), kept.size());
  for (const auto& [id, plain] : gone) EXPECT_FALSE(store->contains(id).value());
  for (const auto& [id, plain] : kept) expect_reads(*store, id, plain);
}

// Threads add what there is and what there was, while packs are condemned under them: whatever was answered "known"
// under a use that is still open can be read for good.
TEST(ChunkCollect, ThreadsAddWhilePacksAreCondemnedAndRemoved) {
  TestVault vault;
  auto store = vault.open(small_options(30'000));
  Chunks chunks;
  (void)fill(*store, chunks, 0, 2'000, Temperature::hot, 1'000);
  std::mutex mutex;
  std::set<ChunkId> committed;
  std::atomic<bool> is_enough = false;
  std::vector<std::thread> adders;
  for (int t = 0; t < 3; ++t) {
    adders.emplace_back([&, t] {
      platform::SeededRandom random(static_cast<std::uint64_t>(t) + 77);
      for (std::size_t round = 0; !is_enough.load(); ++round) {
        const auto use = store->begin_use();
        auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
        std::set<ChunkId> mine;
        // Wandering slowly, so that some packs are left in peace for a while.
        const std::size_t near = (static_cast<std::size_t>(t) * 600 + round / 50) % (chunks.size() - 20);
        for (int i = 0; i < 3; ++i) mine.insert(must_add(*writer, chunks[near + random.below(20)].second));
        EXPECT_TRUE(store->sync());
        const std::lock_guard lock(mutex);
        committed.insert(mine.begin(), mine.end());
      }
    });
  }
  std::uint64_t removed = 0;
  platform::SeededRandom forgetting(5);
  for (int round = 0; round < 1'000 && removed < 30 && !HasFailure(); ++round) {
    const auto mark = store->begin_collection();
    std::set<ChunkId> wanted;
    {
      const std::lock_guard lock(mutex);
      std::erase_if(committed, [&](const ChunkId&) { return forgetting.one_in(3); });
      wanted = committed;
    }
    std::map<PackId, std::uint64_t> live;
    EXPECT_TRUE(store->for_each_location([&](const ChunkPlace& place) -> Result<bool> {
      if (!place.is_in_open_pack) live[place.pack] += wanted.contains(place.id) ? 1 : 0;
      return true;
    }));
    std::vector<PackId> sources;
    for (const auto& [pack, count] : live) {
      if (count < 25) sources.push_back(pack);
    }
    const auto report = store->rewrite(sources,
                                       [&](const ChunkId& id) -> Result<std::optional<Temperature>> {
                                         if (!wanted.contains(id)) return std::nullopt;
                                         return Temperature::warm;
                                       },
                                       {});
    EXPECT_TRUE(report);
    if (!report) break;
    const auto condemned = store->condemn(report->rewritten, mark).value();
    for (const PackId& pack : condemned) EXPECT_TRUE(store->remove_pack(pack).value());
    removed += condemned.size();
    const std::lock_guard lock(mutex);
    for (const ChunkId& id : committed) EXPECT_TRUE(store->contains(id).value());
  }
  is_enough.store(true);
  for (auto& thread : adders) thread.join();
  EXPECT_GT(removed, 0U);
  for (const auto& [id, plain] : chunks) {
    if (committed.contains(id)) expect_reads(*store, id, plain);
  }
  EXPECT_TRUE(store->verify({.data = true}).value().is_clean());
}

}  // namespace
}  // namespace atl::chunk
