#include "store/chunk/chunk_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <thread>

#include "store/chunk/testing/test_vault.h"

namespace atl::chunk {
namespace {

using namespace testing;  // NOLINT: the helpers of this module's tests
using platform::Operation;

TEST(ChunkStore, EveryTemperatureAndSizeReadsBackBeforeAndAfterSyncAndReopening) {
  TestVault vault;
  std::vector<std::pair<ChunkId, Bytes>> chunks;
  auto store = vault.open();
  std::uint64_t number = 0;
  for (const Temperature temperature : {Temperature::hot, Temperature::warm, Temperature::cold}) {
    auto writer = store->new_writer(kDefaultDomain, temperature);
    for (const std::size_t size :
         {0UL, 1UL, 100UL, 32'768UL, 131'072UL, 262'143UL, 262'144UL, 700'000UL, 1'048'576UL, 4'194'304UL}) {
      for (const bool is_noise : {false, true}) {
        Bytes plain = is_noise ? noise_chunk(++number, size) : text_chunk(++number, size);
        chunks.emplace_back(must_add(*writer, plain), std::move(plain));
      }
    }
  }
  for (const auto& [id, plain] : chunks) expect_reads(*store, id, plain);
  ASSERT_TRUE(store->sync());
  for (const auto& [id, plain] : chunks) expect_reads(*store, id, plain);
  ASSERT_TRUE(store->close());
  for (const auto& [id, plain] : chunks) expect_reads(*store, id, plain);
  for (const bool writable : {true, false}) {
    store = vault.open(small_options(), writable);
    EXPECT_EQ(store->open_report().packs_scanned, 0U) << "the saved index covers all packs";
    EXPECT_TRUE(store->open_report().warnings.empty());
    for (const auto& [id, plain] : chunks) {
      expect_reads(*store, id, plain);
      EXPECT_TRUE(store->contains(id).value());
      EXPECT_EQ(store->length_of(id).value(), plain.size());
    }
    const auto report = store->verify({.data = true}).value();
    EXPECT_TRUE(report.is_clean()) << (report.damage.empty() ? "" : report.damage[0].message);
    EXPECT_GT(report.packs_read_whole, 3U);
  }
}

TEST(ChunkStore, KnownChunkIsStoredOnceAcrossWritersPacksAndSessions) {
  TestVault vault;
  const Bytes plain = text_chunk(1, 20'000);
  const Bytes long_plain = noise_chunk(2, 400'000);
  auto store = vault.open();
  auto first = store->new_writer(kDefaultDomain, Temperature::warm);
  auto second = store->new_writer(kDefaultDomain, Temperature::cold);
  const auto added = first->add(plain).value();
  EXPECT_TRUE(added.is_new);
  EXPECT_FALSE(first->add(plain).value().is_new);
  EXPECT_FALSE(second->add(plain).value().is_new) << "still gathered by the first writer";
  EXPECT_TRUE(second->add(long_plain).value().is_new);
  EXPECT_FALSE(first->add(long_plain).value().is_new) << "in a pack, not synced";
  ASSERT_TRUE(store->sync());
  EXPECT_FALSE(second->add(plain).value().is_new) << "in the index";
  first.reset();
  second.reset();
  ASSERT_TRUE(store->close());
  store = vault.open();
  auto third = store->new_writer(kDefaultDomain, Temperature::warm);
  EXPECT_EQ(third->add(plain).value().id, added.id);
  EXPECT_FALSE(third->add(plain).value().is_new);
  EXPECT_FALSE(third->add(long_plain).value().is_new);
  EXPECT_EQ(store->stats().chunks_known, 3U);
  EXPECT_EQ(store->totals().chunks, 2U);
  EXPECT_EQ(store->totals().raw_bytes, 420'000U);
}

TEST(ChunkStore, WhatAWriterFlushedNeedsOnlyTheSync) {
  TestVault vault;
  const auto store = vault.open();
  const Bytes plain = noise_chunk(1, 4096);
  const Bytes other = noise_chunk(2, 4096);
  {
    const auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
    const ChunkId id = must_add(*writer, plain);
    EXPECT_EQ(store->stats().groups_written, 0U);
    ASSERT_TRUE(writer->flush());
    EXPECT_EQ(store->stats().groups_written, 1U);
    ASSERT_TRUE(writer->flush()) << "nothing is left";
    EXPECT_EQ(store->stats().groups_written, 1U);
    expect_reads(*store, id, plain);
    (void)must_add(*writer, other);
  }
  ASSERT_TRUE(store->sync());
  EXPECT_EQ(store->stats().groups_written, 2U) << "what a writer leaves is written by the sync";
  ASSERT_TRUE(store->close());
  EXPECT_EQ(vault.open()->totals().chunks, 2U);
}

TEST(ChunkStore, OnlyWhatHasNeitherRepeatsNorFrequentBytesIsNotCompressed) {
  TestVault vault;
  const auto store = vault.open();
  const auto written = [&](ByteView plain) {
    const std::uint64_t before = store->stats().bytes_written;
    const auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
    (void)must_add(*writer, plain);
    EXPECT_TRUE(writer->flush());
    return store->stats().bytes_written - before;
  };
  for (const std::size_t size : {std::size_t{2048}, std::size_t{4096}, std::size_t{100'000}}) {
    const Bytes noise = noise_chunk(size, size);
    EXPECT_GE(written(noise), size);
    Bytes repeated = noise_chunk(size + 1, size / 2);
    repeated.insert(repeated.end(), repeated.begin(), repeated.begin() + static_cast<std::ptrdiff_t>(size / 2));
    EXPECT_LT(written(repeated), size * 7 / 10) << "its bytes are equally frequent, but it is there twice";
    Bytes letters = noise_chunk(size + 2, size);
    for (std::uint8_t& byte : letters) byte = static_cast<std::uint8_t>('a' + byte % 16);
    EXPECT_LT(written(letters), size * 7 / 10);
    Bytes half = noise_chunk(size + 3, size);
    std::fill(half.begin() + static_cast<std::ptrdiff_t>(size / 2), half.end(), std::uint8_t{7});
    EXPECT_LT(written(half), size * 7 / 10);
  }
}

TEST(ChunkStore, DomainsShareNothing) {
  TestVault vault;
  const Bytes plain = text_chunk(1, 5000);
  const auto store = vault.open();
  auto first = store->new_writer(kDefaultDomain, Temperature::warm);
  auto second = store->new_writer(vault.second_domain(), Temperature::warm);
  const auto a = first->add(plain).value();
  const auto b = second->add(plain).value();
  EXPECT_TRUE(b.is_new);
  EXPECT_NE(a.id, b.id);
  ASSERT_TRUE(store->sync());
  expect_reads(*store, b.id, plain, vault.second_domain());
  Buffer out;
  EXPECT_EQ(store->read(b.id, kDefaultDomain, out).error().kind, ErrorKind::not_found);
  EXPECT_EQ(store->list_packs().size(), 2U);
  const auto nobody = store->new_writer(DomainNumber{99}, Temperature::warm);
  EXPECT_EQ(nobody->add(plain).error().id, "chunk.no_domain");
}

TEST(ChunkStore, SyncNamesEachNewPackOnceAndOnlyThen) {
  TestVault vault;
  const auto store = vault.open();
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  EXPECT_TRUE(store->sync().value().empty());
  (void)must_add(*writer, text_chunk(1, 1000));
  const auto first = store->sync().value();
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].domain, kDefaultDomain);
  (void)must_add(*writer, text_chunk(2, 1000));
  EXPECT_TRUE(store->sync().value().empty()) << "the same pack goes on";
  (void)must_add(*writer, noise_chunk(3, 300'000));
  ASSERT_TRUE(store->seal_packs());
  (void)must_add(*writer, text_chunk(4, 1000));
  const auto second = store->sync().value();
  ASSERT_EQ(second.size(), 1U);
  EXPECT_NE(second[0].id, first[0].id);
  const auto packs = store->list_packs();
  ASSERT_EQ(packs.size(), 2U);
  for (const auto& pack : packs) EXPECT_EQ(pack.is_sealed, pack.id == first[0].id);
}

TEST(ChunkStore, WhatLiesBehindTheLastChunkIsFoundWithoutTheIndex) {
  TestVault vault;
  const auto store = vault.open();
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  std::vector<std::pair<ChunkId, Bytes>> chunks;
  for (std::uint64_t i = 0; i < 8; ++i) {
    Bytes plain = i == 3 ? Bytes() : text_chunk(i, 1000 + i);
    chunks.emplace_back(must_add(*writer, plain), std::move(plain));
  }
  const ChunkId elsewhere = must_add(*writer, noise_chunk(9, 300'000));  // alone in its group
  ASSERT_TRUE(store->sync());

  const auto looks = [&] { return store->stats().cache_hits + store->stats().groups_opened; };
  ChunkView last;
  for (const auto& [id, plain] : chunks) {
    auto view = store->view(id, kDefaultDomain, &last);
    ASSERT_TRUE(view) << view.error().message;
    EXPECT_TRUE(equal(view->bytes, plain));
    last = std::move(*view);
  }
  EXPECT_EQ(looks(), 1U);
  // Anything else is looked for as always.
  EXPECT_TRUE(equal(store->view(chunks[5].first, kDefaultDomain, &last).value().bytes, chunks[5].second));
  EXPECT_EQ(store->view(elsewhere, kDefaultDomain, &last).value().bytes.size(), 300'000U);
  EXPECT_EQ(looks(), 3U);
  const ChunkView first = store->view(chunks[0].first, kDefaultDomain).value();
  EXPECT_EQ(store->view(chunks[1].first, DomainNumber{7}, &first).error().kind, ErrorKind::not_found);
  ChunkId unknown = chunks[1].first;
  unknown.bytes[0] ^= 1U;
  EXPECT_EQ(store->view(unknown, kDefaultDomain, &first).error().kind, ErrorKind::not_found);
}

TEST(ChunkStore, PackIsSealedAndFollowedByAnotherAtItsSize) {
  TestVault vault;
  auto store = vault.open();
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  std::vector<std::pair<ChunkId, Bytes>> chunks;
  for (std::uint64_t i = 0; i < 100; ++i) {
    Bytes plain = noise_chunk(i, 30'000);
    chunks.emplace_back(must_add(*writer, plain), std::move(plain));
  }
  ASSERT_TRUE(store->sync());
  const auto packs = store->list_packs();
  EXPECT_GE(packs.size(), 2U);
  EXPECT_TRUE(std::ranges::any_of(packs, &PackInfo::is_sealed));
  for (const auto& [id, plain] : chunks) expect_reads(*store, id, plain);
  std::uint64_t raw = 0;
  for (const auto& pack : packs) raw += pack.raw_bytes;
  EXPECT_EQ(raw, 3'000'000U);
  std::set<ChunkId> seen;
  for (const auto& pack : packs) {
    ASSERT_TRUE(store->for_each_chunk_in_pack(pack.id, [&](const ChunkId& id, std::uint64_t length) -> Result<bool> {
      EXPECT_EQ(length, 30'000U);
      seen.insert(id);
      return true;
    }));
  }
  EXPECT_EQ(seen.size(), 100U);
}

TEST(ChunkStore, FilesShowNoPlaintext) {
  const Bytes secret = to_bytes("the treasure is buried under the old oak tree behind the mill");
  for (const auto suite : {codec::SealSuite::aes256gcm, codec::SealSuite::none}) {
    TestVault vault(suite);
    const auto store = vault.open();
    for (const Temperature temperature : {Temperature::hot, Temperature::warm, Temperature::cold}) {
      auto writer = store->new_writer(kDefaultDomain, temperature);
      Bytes small = secret;
      small.push_back(static_cast<std::uint8_t>(temperature));
      (void)must_add(*writer, small);
      Bytes large = noise_chunk(static_cast<std::uint64_t>(temperature), 300'000);
      std::ranges::copy(secret, large.begin() + 1000);
      (void)must_add(*writer, large);
    }
    ASSERT_TRUE(store->close());
    std::size_t found = 0;
    for (const std::string& path : vault.files().all_paths()) {
      const Bytes content = vault.files().content(path);
      found += as_text(content).find(as_text(secret)) != std::string_view::npos ? 1 : 0;
    }
    if (suite == codec::SealSuite::none) {
      EXPECT_GT(found, 0U) << "else this test would see nothing at all";
    } else {
      EXPECT_EQ(found, 0U);
    }
  }
}

TEST(ChunkStore, WithoutEncryptionEverythingWorksAndDamageIsFound) {
  TestVault vault(codec::SealSuite::none);
  const Bytes plain = text_chunk(1, 50'000);
  auto store = vault.open();
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  const ChunkId id = must_add(*writer, plain);
  ASSERT_TRUE(store->close());
  store = vault.open();
  expect_reads(*store, id, plain);
  EXPECT_TRUE(store->verify({.data = true}).value().is_clean());
  vault.files().flip_bits(vault.pack_paths().at(0), 500);
  store = vault.open();
  expect_reads(*store, id, plain);
  EXPECT_EQ(store->stats().healed_reads, 1U);
}

TEST(ChunkStore, CompressibleDataShrinksAndNoiseDoesNotGrow) {
  TestVault vault;
  const auto store = vault.open(small_options(64 * kMiB));
  auto text = store->new_writer(kDefaultDomain, Temperature::warm);
  auto noise = store->new_writer(vault.second_domain(), Temperature::warm);
  for (std::uint64_t i = 0; i < 200; ++i) {
    (void)must_add(*text, text_chunk(i, 32'000));
    (void)must_add(*noise, noise_chunk(i, 32'000));
  }
  (void)must_add(*text, text_chunk(1000, 1'000'000));
  ASSERT_TRUE(store->seal_packs());
  for (const auto& pack : store->list_packs()) {
    if (pack.domain == kDefaultDomain) {
      EXPECT_LT(pack.stored_bytes, pack.raw_bytes / 2) << "long chunks are compressed too where that pays";
    } else {
      EXPECT_LT(static_cast<double>(pack.stored_bytes), static_cast<double>(pack.raw_bytes) * 1.05);
    }
  }
}

TEST(ChunkStore, GroupIsOpenedOnceForAllItsChunks) {
  TestVault vault;
  auto store = vault.open(small_options(64 * kMiB));
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  std::vector<std::pair<ChunkId, Bytes>> chunks;
  for (std::uint64_t i = 0; i < 64; ++i) {
    Bytes plain = text_chunk(i, 32'000);
    chunks.emplace_back(must_add(*writer, plain), std::move(plain));
  }
  ASSERT_TRUE(store->close());
  store = vault.open();
  for (const auto& [id, plain] : chunks) expect_reads(*store, id, plain);
  EXPECT_LE(store->stats().groups_opened, 3U);
  EXPECT_GE(store->stats().cache_hits, 61U);
}

TEST(ChunkStore, MissingAndTooLongChunksAreRefused) {
  TestVault vault;
  const auto store = vault.open();
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  EXPECT_EQ(writer->add(Bytes(kChunkBytesMax + 1)).error().kind, ErrorKind::limit);
  const ChunkId absent = writer->id_of(to_bytes("never added")).value();
  Buffer out;
  EXPECT_EQ(store->read(absent, kDefaultDomain, out).error().id, "chunk.not_found");
  EXPECT_FALSE(store->contains(absent).value());
  EXPECT_EQ(store->length_of(absent).error().kind, ErrorKind::not_found);
}

TEST(ChunkStore, ReadOnlyStoreChangesNothingAndSeesUnfinishedPacks) {
  TestVault vault;
  auto store = vault.open();
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  const Bytes plain = text_chunk(1, 10'000);
  const ChunkId id = must_add(*writer, plain);
  ASSERT_TRUE(store->sync());
  const auto before = vault.files().all_paths();
  const auto points = vault.files().points();
  {
    const auto reader = vault.open(small_options(), false);
    expect_reads(*reader, id, plain);
    EXPECT_EQ(reader->new_writer(kDefaultDomain, Temperature::warm)->add(plain).error().kind, ErrorKind::usage);
    EXPECT_EQ(reader->sync().error().kind, ErrorKind::usage);
    EXPECT_TRUE(reader->verify({.data = true}).value().is_clean());
  }
  EXPECT_EQ(vault.files().all_paths(), before);
  EXPECT_EQ(vault.files().points(), points);
}

TEST(ChunkStore, UnfinishedPackOfAKilledSessionIsFinishedWithItsChunks) {
  TestVault vault;
  const Bytes plain = text_chunk(1, 10'000);
  ChunkId id;
  {
    const auto store = vault.open();
    auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
    id = must_add(*writer, plain);
    ASSERT_TRUE(store->sync());
    (void)must_add(*writer, text_chunk(2, 10'000));  // gathered, never written
  }
  EXPECT_EQ(vault.files().all_paths("*.open").size(), 1U);
  auto store = vault.open();
  EXPECT_EQ(store->open_report().packs_finished, 1U);
  EXPECT_TRUE(vault.files().all_paths("*.open").empty());
  expect_reads(*store, id, plain);
  EXPECT_EQ(store->totals().chunks, 1U);
  EXPECT_TRUE(store->verify({.data = true}).value().is_clean());
}

TEST(ChunkStore, RottenGroupInAnUnfinishedPackCostsOnlyItself) {
  TestVault vault;
  std::vector<std::pair<ChunkId, Bytes>> chunks;
  {
    const auto store = vault.open(small_options(64 * kMiB));
    auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
    for (std::uint64_t i = 0; i < 3; ++i) {
      Bytes plain = noise_chunk(i, 20'000);
      chunks.emplace_back(must_add(*writer, plain), std::move(plain));
      ASSERT_TRUE(store->sync());
    }
  }
  vault.files().flip_bits(vault.files().all_paths("*.open").at(0), 128 + 20'000 + 100 + 5'000);
  const auto store = vault.open();
  EXPECT_EQ(store->open_report().warnings.size(), 1U);
  expect_reads(*store, chunks[0].first, chunks[0].second);
  EXPECT_FALSE(store->contains(chunks[1].first).value());
  expect_reads(*store, chunks[2].first, chunks[2].second);
}

TEST(ChunkStore, DeletedDamagedOrForeignIndexIsBuiltAnew) {
  TestVault vault;
  std::vector<std::pair<ChunkId, Bytes>> chunks;
  {
    const auto store = vault.open();
    auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
    for (std::uint64_t i = 0; i < 500; ++i) {
      Bytes plain = noise_chunk(i, 2'000);
      chunks.emplace_back(must_add(*writer, plain), std::move(plain));
    }
    ASSERT_TRUE(store->close());
  }
  const auto index_paths = vault.files().all_paths("/vault/indexes/chunks/*");
  ASSERT_FALSE(index_paths.empty());
  for (const bool writable : {false, true}) {
    for (int kind = 0; kind <= static_cast<int>(index_paths.size()); ++kind) {
      SCOPED_TRACE("damage " + std::to_string(kind) + (writable ? ", writable" : ", read-only"));
      TestVault copy(vault, vault.files().clone(), 5);
      if (kind == static_cast<int>(index_paths.size())) {
        for (const auto& path : index_paths) copy.files().erase(path);
      } else {
        const auto& path = index_paths[static_cast<std::size_t>(kind)];
        const auto size = copy.files().content(path).size();
        copy.files().overwrite(path, 0, Bytes(size, 0x5A));
      }
      const auto store = copy.open(small_options(), writable);
      for (const auto& [id, plain] : chunks) {
        expect_reads(*store, id, plain);
        if (HasFatalFailure()) return;
      }
      EXPECT_TRUE(store->verify({}).value().is_clean());
    }
  }
}

TEST(ChunkStore, RebuiltIndexFindsPendingAndSealedChunks) {
  TestVault vault;
  const auto store = vault.open();
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  std::vector<std::pair<ChunkId, Bytes>> chunks;
  for (std::uint64_t i = 0; i < 50; ++i) {
    Bytes plain = noise_chunk(i, 20'000);
    chunks.emplace_back(must_add(*writer, plain), std::move(plain));
    if (i == 30) {
      ASSERT_TRUE(store->sync());
    }
  }
  ASSERT_TRUE(store->rebuild_index());
  for (const auto& [id, plain] : chunks) expect_reads(*store, id, plain);
  ASSERT_TRUE(store->close());
  for (const auto& [id, plain] : chunks) expect_reads(*store, id, plain);
  EXPECT_TRUE(store->verify({.data = true}).value().is_clean());
}

TEST(ChunkStore, IndexDamagedWhileOpenIsBuiltAnewAndNothingIsMissed) {
  for (const bool writable : {true, false}) {
    SCOPED_TRACE(writable);
    TestVault vault;
    std::vector<std::pair<ChunkId, Bytes>> chunks;
    auto options = small_options();
    options.index.cache_bytes_max = 0;
    auto store = vault.open(options);
    auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
    for (std::uint64_t i = 0; i < 300; ++i) {
      Bytes plain = text_chunk(i, 500);
      chunks.emplace_back(must_add(*writer, plain), std::move(plain));
    }
    ASSERT_TRUE(store->close());
    store = vault.open(options, writable);
    for (const auto& path : vault.files().all_paths("/vault/indexes/*")) {
      const auto size = vault.files().content(path).size();
      vault.files().overwrite(path, 0, Bytes(size, 0x5A));
    }
    for (const auto& [id, plain] : chunks) expect_reads(*store, id, plain);
    EXPECT_EQ(store->stats().index_rebuilds, 1U);
    EXPECT_TRUE(store->verify({}).value().is_clean());
  }
}

TEST(ChunkStore, ManySessionsAreMergedInTheIndex) {
  TestVault vault;
  for (std::uint64_t session = 0; session < 8; ++session) {
    const auto store = vault.open();
    for (std::uint64_t i = 0; i < 50; ++i) {
      (void)must_add(*store->new_writer(kDefaultDomain, Temperature::warm), text_chunk(session * 50 + i, 100));
    }
    ASSERT_TRUE(store->close());
  }
  const auto before = vault.files().all_paths("/vault/indexes/*").size();
  const auto store = vault.open();
  while (store->maintain().value()) {
  }
  EXPECT_LT(vault.files().all_paths("/vault/indexes/*").size(), before);
  EXPECT_TRUE(store->verify({.data = true}).value().is_clean());
  EXPECT_EQ(store->totals().chunks, 400U);
}

TEST(ChunkStore, RemovedPackIsGoneAndItsContentIsStoredAnew) {
  TestVault vault;
  const Bytes plain = text_chunk(1, 10'000);
  auto store = vault.open();
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  const ChunkId id = must_add(*writer, plain);
  const PackId pack = store->sync().value().at(0).id;
  EXPECT_EQ(store->remove_pack(pack).error().kind, ErrorKind::conflict) << "it is being written";
  ASSERT_TRUE(store->seal_packs());
  expect_reads(*store, id, plain);
  EXPECT_EQ(store->remove_pack(pack).error().kind, ErrorKind::conflict) << "it was not given up";
  ASSERT_EQ(store->condemn(std::vector{pack}, store->begin_collection()).value(), std::vector{pack});
  EXPECT_FALSE(store->contains(id).value());
  expect_reads(*store, id, plain);
  EXPECT_TRUE(store->remove_pack(pack).value());
  EXPECT_FALSE(store->remove_pack(pack).value());
  EXPECT_FALSE(store->contains(id).value());
  Buffer out;
  EXPECT_EQ(store->read(id, kDefaultDomain, out).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(vault.pack_paths().empty());
  EXPECT_TRUE(writer->add(plain).value().is_new);
  ASSERT_TRUE(store->close());
  writer.reset();
  store = vault.open();
  expect_reads(*store, id, plain);
  EXPECT_TRUE(store->verify({.data = true}).value().is_clean());
}

TEST(ChunkStore, LostPackFileIsNamedAndItsChunksAreAbsent) {
  TestVault vault;
  const Bytes plain = text_chunk(1, 10'000);
  auto store = vault.open();
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  const ChunkId id = must_add(*writer, plain);
  const PackId pack = store->sync().value().at(0).id;
  ASSERT_TRUE(store->close());
  vault.files().erase(vault.pack_paths().at(0));
  writer.reset();
  store = vault.open();
  EXPECT_FALSE(store->contains(id).value());
  const auto report = store->verify({.expected = {pack}}).value();
  EXPECT_EQ(report.missing_packs, std::vector{pack});
  EXPECT_FALSE(report.is_clean());
}

TEST(ChunkStore, FullDiskKeepsWhatWasAddedAndGoesOnWhenThereIsRoom) {
  TestVault vault;
  auto store = vault.open(small_options(2 * kMiB));
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  std::vector<std::pair<ChunkId, Bytes>> chunks;
  const auto add = [&](std::uint64_t number) -> Result<void> {
    Bytes plain = noise_chunk(number, number % 5 == 0 ? 300'000 : 30'000);
    ATOLL_ASSIGN(const auto added, writer->add(plain));
    EXPECT_TRUE(added.is_new);
    chunks.emplace_back(added.id, std::move(plain));
    return {};
  };
  for (std::uint64_t i = 0; i < 10; ++i) ASSERT_TRUE(add(i));
  ASSERT_TRUE(store->sync());
  const std::size_t durable = chunks.size();
  vault.files().set_capacity_bytes(vault.files().used_bytes() + 1'000'000);
  std::uint64_t number = 100;
  Result<void> refused;
  while (refused && number < 400) refused = add(number++);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::no_space);
  EXPECT_EQ(store->sync().error().kind, ErrorKind::no_space);
  for (std::size_t i = 0; i < durable; ++i) expect_reads(*store, chunks[i].first, chunks[i].second);
  // Killed now: what was synced is there.
  {
    TestVault killed(vault, vault.files().clone(), 9);
    killed.files().set_capacity_bytes(1ULL << 40);
    const auto after = killed.open();
    for (std::size_t i = 0; i < durable; ++i) expect_reads(*after, chunks[i].first, chunks[i].second);
    EXPECT_TRUE(after->verify({.data = true}).value().damage.empty());
  }
  // Full, killed and opened again without any room: still read.
  {
    TestVault killed(vault, vault.files().clone(), 9);
    const auto after = killed.open();
    for (std::size_t i = 0; i < durable; ++i) expect_reads(*after, chunks[i].first, chunks[i].second);
  }
  vault.files().set_capacity_bytes(1ULL << 40);
  ASSERT_TRUE(add(1000));
  ASSERT_TRUE(store->sync());
  ASSERT_TRUE(store->close());
  for (const auto& [id, plain] : chunks) expect_reads(*store, id, plain);
  writer.reset();
  store = vault.open();
  for (const auto& [id, plain] : chunks) expect_reads(*store, id, plain);
  EXPECT_TRUE(store->verify({.data = true}).value().is_clean());
}

TEST(ChunkStore, FailedSyncOrWriteStopsWritingButNotReadingUntilReopened) {
  for (const Operation operation : {Operation::sync, Operation::write, Operation::sync_directory}) {
    SCOPED_TRACE(static_cast<int>(operation));
    TestVault vault;
    auto store = vault.open();
    auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
    const Bytes first = text_chunk(1, 10'000);
    const ChunkId id = must_add(*writer, first);
    if (operation != Operation::sync_directory) {
      ASSERT_TRUE(store->sync());
    }
    vault.files().fail_next(operation, "/vault/packs/*");
    const Bytes second = text_chunk(2, 10'000);
    (void)must_add(*writer, second);
    EXPECT_EQ(store->sync().error().kind, ErrorKind::io);
    EXPECT_EQ(writer->add(text_chunk(3, 10)).error().kind, ErrorKind::io);
    EXPECT_EQ(store->sync().error().kind, ErrorKind::io) << "never tried again";
    EXPECT_FALSE(store->close());
    if (operation != Operation::sync_directory) expect_reads(*store, id, first);
    writer.reset();
    store = vault.open();
    writer = store->new_writer(kDefaultDomain, Temperature::warm);
    (void)must_add(*writer, second);
    ASSERT_TRUE(store->close());
    if (operation != Operation::sync_directory) expect_reads(*store, id, first);
  }
}

TEST(ChunkStore, ThreadsAddSyncAndReadTogether) {
  TestVault vault;
  auto options = small_options(500'000);
  auto store = vault.open(options);
  constexpr std::uint64_t kThreads = 4;
  constexpr std::uint64_t kChunks = 120;
  std::vector<std::thread> threads;
  std::array<std::vector<std::pair<ChunkId, std::uint64_t>>, kThreads> added;
  const auto plain_of = [](std::uint64_t number) {
    return number % 10 == 0 ? noise_chunk(number, 300'000) : text_chunk(number, 5'000 + number % 7 * 1000);
  };
  for (std::uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
      for (std::uint64_t i = 0; i < kChunks; ++i) {
        const std::uint64_t number = (i + t * 40) % 200;  // most are added by two threads at about the same time
        added[t].emplace_back(must_add(*writer, plain_of(number)), number);
        if (i % 40 == 39) {
          ASSERT_TRUE(store->sync());
        }
        if (i % 3 == 0) {
          const auto& [id, seen] = added[t][i / 2];
          expect_reads(*store, id, plain_of(seen));
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  ASSERT_TRUE(store->close());
  EXPECT_EQ(store->totals().chunks, 200U) << "each chunk once";
  for (const auto& list : added) {
    for (const auto& [id, number] : list) expect_reads(*store, id, plain_of(number));
  }
  const auto report = store->verify({.data = true, .threads = 3}).value();
  EXPECT_TRUE(report.is_clean());
  EXPECT_EQ(report.chunks, 200U);
}

TEST(ChunkStore, VerifySamplesReportsProgressAndStops) {
  TestVault vault;
  const auto store = vault.open(small_options(100'000));
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  for (std::uint64_t i = 0; i < 20; ++i) (void)must_add(*writer, noise_chunk(i, 300'000));
  ASSERT_TRUE(store->close());
  EXPECT_EQ(store->list_packs().size(), 20U);
  std::uint64_t last = 0;
  std::uint64_t total = 0;
  auto report = store->verify({.data = true, .progress = [&](std::uint64_t done, std::uint64_t all) {
                                 EXPECT_GE(done, last);
                                 EXPECT_LE(done, all);
                                 last = done;
                                 total = all;
                                 return true;
                               }});
  EXPECT_EQ(report.value().packs_read_whole, 20U);
  EXPECT_EQ(last, total);
  const auto sample = store->verify({.data = true, .sample_ratio = 0.4, .seed = 3}).value();
  EXPECT_GT(sample.packs_read_whole, 2U);
  EXPECT_LT(sample.packs_read_whole, 15U);
  EXPECT_EQ(store->verify({.data = true, .sample_ratio = 0.4, .seed = 3}).value().packs_read_whole,
            sample.packs_read_whole);
  EXPECT_EQ(sample.packs, 20U);
  int calls = 0;
  EXPECT_EQ(
      store->verify({.data = true, .progress = [&](std::uint64_t, std::uint64_t) { return ++calls < 3; }}).error().kind,
      ErrorKind::interrupted);
}

TEST(ChunkStore, PackOfAnotherVaultIsNoneOfThisOne) {
  TestVault vault;
  auto store = vault.open();
  (void)must_add(*store->new_writer(kDefaultDomain, Temperature::warm), text_chunk(1, 1000));
  ASSERT_TRUE(store->close());
  TestVault other(codec::SealSuite::aes256gcm, 77);
  for (const auto& path : vault.pack_paths()) other.files().set_content(path, vault.files().content(path));
  const auto foreign = other.open();
  EXPECT_EQ(foreign->open_report().warnings.size(), 1U);
  ASSERT_EQ(foreign->list_packs().size(), 1U);
  EXPECT_FALSE(foreign->list_packs()[0].is_readable);
}

TEST(ChunkStore, PacksOfADestroyedDomainAreLeftAlone) {
  TestVault vault;
  std::map<std::string, Bytes> keys_before;
  for (const auto& path : vault.files().all_paths("/vault/keyring*")) keys_before[path] = vault.files().content(path);
  const DomainNumber doomed = vault.keys().add_domain().value();
  auto store = vault.open();
  const Bytes plain = text_chunk(1, 1000);
  const ChunkId doomed_id = must_add(*store->new_writer(doomed, Temperature::cold), plain);
  const ChunkId kept_id = must_add(*store->new_writer(kDefaultDomain, Temperature::warm), plain);
  ASSERT_TRUE(store->close());
  store.reset();
  for (const auto& [path, content] : keys_before) vault.files().set_content(path, content);
  vault.reload_keys();
  for (const bool is_index_new : {false, true}) {
    if (is_index_new) {
      for (const auto& path : vault.files().all_paths("/vault/indexes/*")) vault.files().erase(path);
    }
    store = vault.open();
    EXPECT_TRUE(store->open_report().warnings.empty());
    expect_reads(*store, kept_id, plain);
    Buffer out;
    EXPECT_EQ(store->read(doomed_id, doomed, out).error().kind, ErrorKind::not_found);
    const auto packs = store->list_packs();
    ASSERT_EQ(packs.size(), 2U);
    for (const auto& pack : packs) {
      EXPECT_EQ(pack.is_readable, pack.domain == kDefaultDomain);
      if (!pack.is_readable) {
        EXPECT_EQ(pack.domain, doomed);
        EXPECT_EQ(pack.temperature, Temperature::cold);
      }
    }
    EXPECT_TRUE(store->verify({.data = true}).value().is_clean());
  }
}

}  // namespace
}  // namespace atl::chunk
