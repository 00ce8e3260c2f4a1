// Damage to sealed packs: any one run of it costs nothing, more of it costs only what lies under it, and all is named.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "store/chunk/testing/test_vault.h"

namespace atl::chunk {
namespace {

using namespace testing;  // NOLINT: the helpers of this module's tests

struct Filled {
  TestVault vault;
  std::vector<std::pair<ChunkId, Bytes>> chunks;
  std::string path;
  std::uint64_t size = 0;
};

// One sealed pack of about `bytes`.
std::unique_ptr<Filled> fill(std::uint64_t bytes, codec::SealSuite suite = codec::SealSuite::aes256gcm) {
  auto filled = std::make_unique<Filled>(Filled{TestVault(suite), {}, {}, 0});
  const auto store = filled->vault.open(small_options(1 * kGiB));
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  std::uint64_t added = 0;
  for (std::uint64_t i = 0; added < bytes; ++i) {
    Bytes plain = i % 4 == 3 ? text_chunk(i, 30'000)
                             : noise_chunk(i, std::min<std::uint64_t>(bytes, i % 10 == 9 ? 280'000 : 30'000));
    added += plain.size();
    filled->chunks.emplace_back(must_add(*writer, plain), std::move(plain));
  }
  EXPECT_TRUE(store->close());
  filled->path = filled->vault.pack_paths().at(0);
  filled->size = filled->vault.files().content(filled->path).size();
  return filled;
}

void destroy(TestVault& vault, const std::string& path, std::uint64_t offset, std::uint64_t length) {
  Bytes content = vault.files().content(path);
  const std::uint64_t end = std::min<std::uint64_t>(content.size(), offset + length);
  for (std::uint64_t i = offset; i < end; ++i) content[i] = static_cast<std::uint8_t>(~content[i]);
  vault.files().overwrite(path, 0, content);
}

// Everything reads, verify finds the damage, heals it to the very bytes, and finds nothing the second time.
void expect_costs_nothing(const Filled& filled, std::uint64_t offset, std::uint64_t length, bool without_index) {
  TestVault vault(filled.vault, const_cast<Filled&>(filled).vault.files().clone(),
                  3);  // NOLINT: clone() changes nothing
  const Bytes before = vault.files().content(filled.path);
  destroy(vault, filled.path, offset, length);
  if (without_index) {
    for (const auto& path : vault.files().all_paths("/vault/indexes/*")) vault.files().erase(path);
  }
  const auto store = vault.open();
  for (std::size_t i = 0; i < filled.chunks.size(); i += without_index ? 7 : 1) {
    expect_reads(*store, filled.chunks[i].first, filled.chunks[i].second);
    if (::testing::Test::HasFatalFailure()) return;
  }
  const auto report = store->verify({.data = true, .heal = true}).value();
  ASSERT_FALSE(report.damage.empty());
  for (const auto& damage : report.damage) {
    ASSERT_TRUE(damage.is_healed) << damage.area << ": " << damage.message;
    ASSERT_TRUE(damage.lost_chunks.empty());
  }
  ASSERT_TRUE(vault.files().content(filled.path) == before);
  ASSERT_TRUE(store->verify({.data = true}).value().is_clean());
}

TEST(ChunkStoreDamage, Every64KiBBlockOfALargePackIsDispensable) {
  const auto filled = fill(2'600'000);
  for (std::uint64_t offset = 0; offset < filled->size; offset += 65'536) {
    SCOPED_TRACE("destroyed at " + std::to_string(offset) + " of " + std::to_string(filled->size));
    expect_costs_nothing(*filled, offset, 65'536, offset % 3 == 0);
    if (HasFatalFailure()) return;
  }
}

TEST(ChunkStoreDamage, Every64KiBBlockOfAMiddlingPackIsDispensable) {
  for (const auto suite : {codec::SealSuite::aes256gcm, codec::SealSuite::none}) {
    const auto filled = fill(400'000, suite);
    for (std::uint64_t offset = 0; offset < filled->size; offset += 32'768) {
      SCOPED_TRACE("destroyed at " + std::to_string(offset) + " of " + std::to_string(filled->size));
      expect_costs_nothing(*filled, offset, 65'536, offset % 3 == 0);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(ChunkStoreDamage, AnyUnaligned4KiBOfAnyPackAreDispensable) {
  for (const std::uint64_t bytes : {100UL, 5'000UL, 60'000UL, 900'000UL}) {
    const auto filled = fill(bytes);
    platform::SeededRandom random(bytes);
    std::vector<std::uint64_t> offsets{0, 1, 100, 127, filled->size - 1, filled->size - 97, filled->size - 4096};
    for (int i = 0; i < 25; ++i) offsets.push_back(random.below(filled->size));
    for (const std::uint64_t offset : offsets) {
      SCOPED_TRACE(std::to_string(bytes) + " bytes, destroyed at " + std::to_string(offset) + " of " +
                   std::to_string(filled->size));
      expect_costs_nothing(*filled, offset, 4096, offset % 2 == 0);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(ChunkStoreDamage, EverySingleByteOfASmallPackIsDispensable) {
  const auto filled = fill(300);
  for (std::uint64_t offset = 0; offset < filled->size;
       offset += offset < 1500 || offset + 200 > filled->size ? 1 : 37) {
    SCOPED_TRACE("flipped at " + std::to_string(offset));
    expect_costs_nothing(*filled, offset, 1, false);
    if (HasFatalFailure()) return;
  }
}

TEST(ChunkStoreDamage, BeyondParityOnlyWhatLiesUnderItIsLostAndNamed) {
  const auto filled = fill(2'600'000);
  TestVault& vault = filled->vault;
  // Two blocks of one stripe: the pack is over 2 MiB, so there are at least three stripes.
  const std::uint64_t stripes = std::max<std::uint64_t>(3, (filled->size / 65'536 + 31) / 32);
  destroy(vault, filled->path, 65'536 * 2 + 1000, 10);
  destroy(vault, filled->path, 65'536 * (2 + stripes) + 1000, 10);
  auto store = vault.open();
  const auto report = store->verify({.data = true, .heal = true}).value();
  std::set<ChunkId> lost;
  for (const auto& damage : report.damage) {
    EXPECT_FALSE(damage.is_healed);
    lost.insert(damage.lost_chunks.begin(), damage.lost_chunks.end());
  }
  EXPECT_FALSE(lost.empty());
  EXPECT_LT(lost.size(), filled->chunks.size());
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  for (const auto& [id, plain] : filled->chunks) {
    const bool is_lost = lost.contains(id);
    EXPECT_EQ(store->contains(id).value(), !is_lost);
    // The same content put again heals what was lost.
    EXPECT_EQ(writer->add(plain).value().is_new, is_lost);
  }
  ASSERT_TRUE(store->close());
  for (const auto& [id, plain] : filled->chunks) expect_reads(*store, id, plain);
  // Also when the index is built anew from both packs.
  for (const auto& path : vault.files().all_paths("/vault/indexes/*")) vault.files().erase(path);
  store = vault.open();
  for (const auto& [id, plain] : filled->chunks) expect_reads(*store, id, plain);
}

// Whoever stores a content again that could not be read a moment ago must not be told that it is there already.
TEST(ChunkStoreDamage, NobodyBuildsOnWhatCouldNotBeRead) {
  const auto filled = fill(2'600'000);
  TestVault& vault = filled->vault;
  const std::uint64_t stripes = std::max<std::uint64_t>(3, (filled->size / 65'536 + 31) / 32);
  auto store = vault.open();
  destroy(vault, filled->path, 65'536 * 2 + 1000, 10);
  destroy(vault, filled->path, 65'536 * (2 + stripes) + 1000, 10);
  std::set<ChunkId> unread;
  for (const auto& [id, plain] : filled->chunks) {
    Buffer out;
    if (!store->read(id, kDefaultDomain, out)) unread.insert(id);
  }
  EXPECT_FALSE(unread.empty());
  EXPECT_LT(unread.size(), filled->chunks.size());
  EXPECT_EQ(store->stats().failed_reads, unread.size());
  EXPECT_GT(store->stats().groups_doubted, 0U);
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  for (const auto& [id, plain] : filled->chunks) {
    const bool is_unread = unread.contains(id);
    EXPECT_EQ(store->contains(id).value(), !is_unread);
    EXPECT_EQ(writer->add(plain).value().is_new, is_unread);
  }
  ASSERT_TRUE(store->sync());
  for (const auto& [id, plain] : filled->chunks) expect_reads(*store, id, plain);
  ASSERT_TRUE(store->close());
  for (const auto& path : vault.files().all_paths("/vault/indexes/*")) vault.files().erase(path);
  store = vault.open();
  for (const auto& [id, plain] : filled->chunks) expect_reads(*store, id, plain);
}

// A reader stops at the first piece that it cannot have; what is stored again must not rest on the damaged ones behind.
TEST(ChunkStoreDamage, WhereOneGroupCouldNotBeReadTheOthersOfItsPackAreLookedAt) {
  const auto filled = fill(2'600'000);
  TestVault& vault = filled->vault;
  auto store = vault.open();
  for (std::uint64_t at = 4096; at + 2 < filled->size; at += 7) vault.files().flip_bits(filled->path, at);
  Buffer out;
  EXPECT_FALSE(store->read(filled->chunks.front().first, kDefaultDomain, out));
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  for (const auto& [id, plain] : filled->chunks) ASSERT_TRUE(writer->add(plain));
  ASSERT_TRUE(store->sync());
  for (const auto& [id, plain] : filled->chunks) expect_reads(*store, id, plain);
  ASSERT_TRUE(store->close());
}

TEST(ChunkStoreDamage, APackThatIsGoneIsNotBuiltOnAndOneThatComesBackIs) {
  const auto filled = fill(300'000);
  TestVault& vault = filled->vault;
  auto store = vault.open();
  const Bytes content = vault.files().content(filled->path);
  vault.files().erase(filled->path);
  const auto& [id, plain] = filled->chunks.front();
  Buffer out;
  EXPECT_FALSE(store->read(id, kDefaultDomain, out));
  for (const auto& [each, bytes] : filled->chunks) EXPECT_FALSE(store->contains(each).value());
  vault.files().set_content(filled->path, content);
  expect_reads(*store, id, plain);
  for (const auto& [each, bytes] : filled->chunks) EXPECT_TRUE(store->contains(each).value());
  vault.files().erase(filled->path);
  EXPECT_TRUE(store->contains(id).value()) << "nobody has found out";
  store = vault.open();
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  EXPECT_TRUE(writer->add(plain).value().is_new) << "the list of packs is of what is there";
}

TEST(ChunkStoreDamage, APackThatIsGoneIsMissedAndTakenBackWithAllThatIsInIt) {
  const auto filled = fill(300'000);
  TestVault& vault = filled->vault;
  const Bytes content = vault.files().content(filled->path);
  auto store = vault.open();
  EXPECT_TRUE(store->missing_packs().value().empty());
  const auto& [id, plain] = filled->chunks.front();
  expect_reads(*store, id, plain);  // its file is open from now on
  vault.files().erase(filled->path);
  const auto missing = store->missing_packs().value();
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_EQ(store->doubted_packs(), missing);
  for (const auto& [each, bytes] : filled->chunks) EXPECT_FALSE(store->contains(each).value()) << "nobody builds on it";
  const auto too_early = store->take_back_pack(missing[0]);
  ASSERT_FALSE(too_early);
  EXPECT_EQ(too_early.error().id, "pack.not_found");
  vault.files().set_content(filled->path, content);
  ASSERT_TRUE(store->take_back_pack(missing[0]));
  EXPECT_TRUE(store->doubted_packs().empty());
  EXPECT_TRUE(store->missing_packs().value().empty());
  for (const auto& [each, bytes] : filled->chunks) {
    EXPECT_TRUE(store->contains(each).value());
    expect_reads(*store, each, bytes);
  }
  ASSERT_TRUE(store->verify({.data = true}).value().is_clean());
}

// What a server meets that was started while the disk was away.
TEST(ChunkStoreDamage, APackThatTheStoreNeverSawIsTakenBackBesideWhatWasStoredAgain) {
  const auto filled = fill(300'000);
  TestVault& vault = filled->vault;
  const Bytes content = vault.files().content(filled->path);
  vault.files().erase(filled->path);
  auto store = vault.open();
  Buffer out;
  const auto& [id, plain] = filled->chunks.front();
  EXPECT_FALSE(store->read(id, kDefaultDomain, out));
  EXPECT_EQ(store->stats().failed_reads, 1U) << "the index knows that there was such a chunk";
  const auto doubted = store->doubted_packs();
  ASSERT_EQ(doubted.size(), 1U);
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  EXPECT_TRUE(writer->add(plain).value().is_new);
  ASSERT_TRUE(store->sync());
  ASSERT_TRUE(store->compact_index());  // forgets what leads nowhere
  vault.files().set_content(filled->path, content);
  ASSERT_TRUE(store->take_back_pack(doubted[0]));
  for (const auto& [each, bytes] : filled->chunks) expect_reads(*store, each, bytes);
  ASSERT_TRUE(store->close());
  store = vault.open();
  for (const auto& [each, bytes] : filled->chunks) expect_reads(*store, each, bytes);
  ASSERT_TRUE(store->verify({.data = true}).value().is_clean());
}

TEST(ChunkStoreDamage, AFileThatWasPutInADamagedOnesPlaceIsReadAtOnce) {
  const auto filled = fill(300'000);
  TestVault& vault = filled->vault;
  const Bytes content = vault.files().content(filled->path);
  auto store = vault.open();
  for (std::uint64_t at = 4096; at + 2 < filled->size; at += 7) vault.files().flip_bits(filled->path, at);
  Buffer out;
  const auto& [id, plain] = filled->chunks.front();
  EXPECT_FALSE(store->read(id, kDefaultDomain, out));
  const auto doubted = store->doubted_packs();
  ASSERT_EQ(doubted.size(), 1U);
  vault.files().erase(filled->path);
  vault.files().set_content(filled->path, content);  // another file under the name
  ASSERT_TRUE(store->take_back_pack(doubted[0]));
  for (const auto& [each, bytes] : filled->chunks) expect_reads(*store, each, bytes);
  EXPECT_TRUE(store->doubted_packs().empty());
}

TEST(ChunkStoreDamage, WhereThePacksFolderIsEmptiedOneGoesOnStoring) {
  TestVault vault;
  auto store = vault.open(small_options(1 * kGiB));
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  (void)must_add(*writer, noise_chunk(1, 100'000));
  ASSERT_TRUE(store->sync());
  ASSERT_TRUE(store->seal_packs());
  for (const auto& path : vault.pack_paths()) vault.files().erase(path);
  for (int i = 0; i < 256; ++i)
    ignore_error_on_purpose(
        vault.files().remove_directory("/vault/packs/" + to_hex(Bytes{static_cast<std::uint8_t>(i)})));
  ASSERT_TRUE(vault.files().remove_directory("/vault/packs"));
  for (std::uint64_t i = 0; i < 20; ++i) {
    const Bytes plain = noise_chunk(100 + i, 100'000);
    const ChunkId id = must_add(*writer, plain);
    ASSERT_TRUE(store->sync());
    ASSERT_TRUE(store->seal_packs());
    expect_reads(*store, id, plain);
  }
}

TEST(ChunkStoreDamage, ReadOfALostChunkNamesPackAndGroup) {
  const auto filled = fill(2'600'000);
  const std::uint64_t stripes = std::max<std::uint64_t>(3, (filled->size / 65'536 + 31) / 32);
  destroy(filled->vault, filled->path, 0, 200);
  destroy(filled->vault, filled->path, 65'536 * stripes, 10);
  const Bytes content = filled->vault.files().content(filled->path);
  const std::size_t copy = as_text(content).find("ATOLPACK");
  ASSERT_NE(copy, std::string_view::npos);
  destroy(filled->vault, filled->path, copy, 128);
  const auto store = filled->vault.open();
  std::size_t damaged = 0;
  for (const auto& [id, plain] : filled->chunks) {
    Buffer out;
    const auto read = store->read(id, kDefaultDomain, out);
    if (read) continue;
    ++damaged;
    EXPECT_EQ(read.error().kind, ErrorKind::damaged);
    EXPECT_NE(read.error().message.find("pack 0"), std::string::npos) << read.error().message;
  }
  EXPECT_EQ(damaged, filled->chunks.size()) << "the header with the salt is gone, so all of the pack is";
  const auto report = store->verify({.data = true}).value();
  ASSERT_EQ(report.damage.size(), 1U);
  EXPECT_EQ(report.damage[0].lost_chunks.size(), filled->chunks.size()) << "the index still knows what was in it";
  // Told once, they are absent, and the same content put again is stored again.
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  for (const auto& [id, plain] : filled->chunks) EXPECT_TRUE(writer->add(plain).value().is_new);
  ASSERT_TRUE(store->sync());
  for (const auto& [id, plain] : filled->chunks) expect_reads(*store, id, plain);
}

TEST(ChunkStoreDamage, HeaderBeyondParityIsReadByItsCopy) {
  const auto filled = fill(2'600'000);
  const std::uint64_t stripes = std::max<std::uint64_t>(3, (filled->size / 65'536 + 31) / 32);
  destroy(filled->vault, filled->path, 0, 4096);
  destroy(filled->vault, filled->path, 65'536 * stripes, 10);
  const auto store = filled->vault.open();
  std::size_t damaged = 0;
  Buffer out;
  for (const auto& [id, plain] : filled->chunks) damaged += store->read(id, kDefaultDomain, out) ? 0 : 1;
  EXPECT_LT(damaged, filled->chunks.size() - 5) << "the groups under the two damaged places only";
  const auto report = store->verify({.data = true}).value();
  EXPECT_EQ(report.damage.at(0).area, "header");
  EXPECT_FALSE(report.damage.at(0).is_healable);
}

// An unfinished pack has no parity: until it is sealed the copy of its header is all there is.
class UnfinishedPack : public ::testing::Test {
 protected:
  void SetUp() override {
    {
      const auto store = vault_.open(small_options(64 * kMiB));
      auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
      for (std::uint64_t i = 0; i < 3; ++i) {
        Bytes plain = noise_chunk(i, 20'000);
        chunks_.emplace_back(must_add(*writer, plain), std::move(plain));
        ASSERT_TRUE(store->sync());
      }
    }
    path_ = vault_.files().all_paths("*.open").at(0);
    destroy(vault_, path_, 0, 128);
  }
  void expect_read_by_the_copy(ChunkStore& store) {
    EXPECT_EQ(store.open_report().warnings.size(), 1U);
    for (const auto& [id, plain] : chunks_) expect_reads(store, id, plain);
    const auto report = store.verify({.data = true}).value();
    ASSERT_EQ(report.damage.size(), 1U);
    EXPECT_EQ(report.damage[0].area, "header");
    EXPECT_TRUE(report.damage[0].lost_chunks.empty());
  }
  TestVault vault_;
  std::vector<std::pair<ChunkId, Bytes>> chunks_;
  std::string path_;
};

TEST_F(UnfinishedPack, GetsItsDamagedHeaderAgainFromItsCopy) {
  expect_read_by_the_copy(*vault_.open(small_options(), false));
  {
    const auto store = vault_.open();
    ASSERT_EQ(store->open_report().warnings.size(), 1U);
    EXPECT_NE(store->open_report().warnings[0].find("written again"), std::string::npos);
    EXPECT_TRUE(store->list_packs().at(0).is_sealed);
    EXPECT_TRUE(store->verify({.data = true}).value().is_clean());
    for (const auto& [id, plain] : chunks_) expect_reads(*store, id, plain);
  }
  const auto store = vault_.open();
  EXPECT_TRUE(store->open_report().warnings.empty());
  EXPECT_TRUE(store->verify({.data = true}).value().is_clean());
  for (const auto& [id, plain] : chunks_) expect_reads(*store, id, plain);
}

// Stopped anywhere while it is written again and sealed, twice.
TEST_F(UnfinishedPack, PowerCutsWhileItIsMendedLoseNothing) {
  const auto points_of = [&](TestVault& vault) {
    const std::uint64_t before = vault.files().points();
    EXPECT_TRUE(vault.open() != nullptr);
    return vault.files().points() - before;
  };
  TestVault counted(vault_, vault_.files().clone(), 3);
  const std::uint64_t points = points_of(counted);
  ASSERT_GT(points, 5U);
  for (std::uint64_t point = 0; point < points; ++point) {
    for (const auto policy :
         {platform::CrashPolicy::drop_all, platform::CrashPolicy::random, platform::CrashPolicy::random_with_garbage}) {
      SCOPED_TRACE("point " + std::to_string(point));
      TestVault stopped(vault_, vault_.files().clone(), 4);
      stopped.files().stop_at(stopped.files().points() + point, platform::StopWhen::torn);
      (void)ChunkStore::open(stopped.machine(), kVaultFolder, stopped.keys(), small_options(), true);
      ASSERT_TRUE(stopped.files().stopped());
      TestVault rebooted(vault_, stopped.files().after_crash(point, policy), 5);
      const auto store = rebooted.open();
      ASSERT_TRUE(store);
      for (const auto& [id, plain] : chunks_) expect_reads(*store, id, plain);
      ASSERT_TRUE(store->verify({.data = true}).value().is_clean());
    }
  }
}

TEST_F(UnfinishedPack, IsReadByTheCopyOfItsHeaderWhereThatCannotBeWritten) {
  for (int i = 0; i < 2; ++i) {
    vault_.files().fail_next(platform::Operation::write, "*.open", ErrorKind::io, 1);
    expect_read_by_the_copy(*vault_.open());
  }
  // What is in it goes the way of everything that is moved, and then the pack is clean.
  vault_.files().fail_next(platform::Operation::write, "*.open", ErrorKind::io, 1);
  auto store = vault_.open();
  const auto packs = store->list_packs();
  ASSERT_EQ(packs.size(), 1U);
  EXPECT_FALSE(packs[0].is_sealed);
  const std::vector sources{packs[0].id};
  const auto all = [](const ChunkId&) -> Result<std::optional<Temperature>> { return Temperature::warm; };
  EXPECT_EQ(store->rewrite(sources, all, {}).value().rewritten, sources);
  EXPECT_EQ(store->condemn(sources, store->begin_collection()).value(), sources);
  EXPECT_TRUE(store->remove_pack(sources[0]).value());
  EXPECT_FALSE(vault_.files().all_paths("*").empty());
  EXPECT_TRUE(vault_.files().all_paths("*.open").empty());
  for (const auto& [id, plain] : chunks_) expect_reads(*store, id, plain);
  EXPECT_TRUE(store->verify({.data = true}).value().is_clean());
}

TEST(ChunkStoreDamage, StructureCheckFindsDamagedHeadsAndFooters) {
  const auto filled = fill(900'000);
  struct Case {
    std::uint64_t offset;
    const char* area;
  };
  const Bytes content = filled->vault.files().content(filled->path);
  const auto footer = as_text(content).rfind("AFTR");
  const auto trailer = as_text(content).rfind("ATOLPEND");
  const auto group = as_text(content).find("AGRP", 200);
  ASSERT_NE(footer, std::string_view::npos);
  for (const Case& each :
       {Case{10, "header"}, Case{footer + 100, "footer"}, Case{trailer + 30, "trailer"}, Case{group + 13, "group 1"}}) {
    SCOPED_TRACE(each.area);
    TestVault vault(filled->vault, filled->vault.files().clone(), 3);
    vault.files().flip_bits(filled->path, each.offset);
    const auto store = vault.open();
    const auto report = store->verify({}).value();
    ASSERT_EQ(report.damage.size(), 1U);
    EXPECT_EQ(report.damage[0].area, each.area);
    EXPECT_TRUE(report.damage[0].is_healable);
    EXPECT_FALSE(report.damage[0].is_healed);
    EXPECT_TRUE(store->verify({.heal = true}).value().damage.at(0).is_healed);
    EXPECT_TRUE(store->verify({}).value().is_clean());
  }
}

TEST(ChunkStoreDamage, HealingThatIsCutOffLosesNothing) {
  const auto filled = fill(200'000);
  destroy(filled->vault, filled->path, 50'000, 4096);
  const std::uint64_t points = [&] {
    TestVault vault(filled->vault, filled->vault.files().clone(), 3);
    const auto store = vault.open();
    const auto before = vault.files().points();
    EXPECT_TRUE(store->verify({.data = true, .heal = true}).value().damage.at(0).is_healed);
    return vault.files().points() - before;
  }();
  ASSERT_GT(points, 4U);
  for (std::uint64_t point = 0; point < points; ++point) {
    SCOPED_TRACE("point " + std::to_string(point));
    TestVault vault(filled->vault, filled->vault.files().clone(), 3);
    {
      const auto store = vault.open();
      vault.files().stop_at(vault.files().points() + point, platform::StopWhen::torn);
      ignore_error_on_purpose(store->verify({.data = true, .heal = true}));
    }
    TestVault rebooted(vault, vault.files().after_crash(point, platform::CrashPolicy::random_with_garbage), 4);
    const auto store = rebooted.open();
    for (const auto& [id, plain] : filled->chunks) expect_reads(*store, id, plain);
    EXPECT_TRUE(rebooted.files().all_paths("*.open").empty()) << "what healing left is swept";
  }
}

// Whoever can write the files but has no key: swapped, cut or reordered groups are refused or healed, never served.
TEST(ChunkStoreDamage, SwappedGroupsAreNotServed) {
  const auto filled = fill(3'000'000);
  Bytes content = filled->vault.files().content(filled->path);
  const auto text = as_text(content);
  const std::size_t first = text.find("AGRP");
  const std::size_t second = text.find("AGRP", first + 100);
  const std::size_t third = text.find("AGRP", second + 100);
  ASSERT_NE(third, std::string_view::npos);
  Bytes swapped(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(first));
  swapped.insert(swapped.end(), content.begin() + static_cast<std::ptrdiff_t>(second),
                 content.begin() + static_cast<std::ptrdiff_t>(third));
  swapped.insert(swapped.end(), content.begin() + static_cast<std::ptrdiff_t>(first),
                 content.begin() + static_cast<std::ptrdiff_t>(second));
  swapped.insert(swapped.end(), content.begin() + static_cast<std::ptrdiff_t>(third), content.end());
  filled->vault.files().overwrite(filled->path, 0, swapped);
  const auto store = filled->vault.open();
  Buffer out;
  for (const auto& [id, plain] : filled->chunks) {
    const auto read = store->read(id, kDefaultDomain, out);
    EXPECT_TRUE(read ? equal(out.view(), plain) : read.error().kind == ErrorKind::damaged);
  }
}

}  // namespace
}  // namespace atl::chunk
