// Random collections against a model: what is wanted is a plain map. Nothing wanted is ever lost, and nothing that is
// not there is ever answered as known. And power cuts at every point of a collection.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "store/chunk/testing/test_vault.h"

namespace atl::chunk {
namespace {

using namespace testing;  // NOLINT: the helpers of this module's tests
using platform::CrashPolicy;
using platform::StopWhen;

struct Known {
  Bytes plain;
  DomainNumber domain;
};

class ChunkCollectModel : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  ChunkCollectModel() : seed_(GetParam()), random_(seed_) {
    vault_ = std::make_unique<TestVault>(random_.one_in(4) ? codec::SealSuite::none : codec::SealSuite::aes256gcm);
    options_ = small_options(20'000 + random_.below(200'000));
    store_ = vault_->open(options_);
  }

  // One command: adds some chunks, some of them known, and commits them all.
  void put() {
    const auto use = store_->begin_use();
    const DomainNumber domain = random_.one_in(4) ? vault_->second_domain() : kDefaultDomain;
    const auto writer = store_->new_writer(domain, static_cast<Temperature>(1 + random_.below(3)));
    std::map<ChunkId, Known> added;
    const std::uint64_t count = 1 + random_.below(12);
    const std::uint64_t near = random_.below(280);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t number = near + random_.below(20);
      const std::size_t length = number % 40 == 0 ? 270'000 : number % 3 == 0 ? 9'000 : number * 3;
      Bytes plain = number % 2 == 0 ? text_chunk(number, length) : noise_chunk(number, length);
      const ChunkId id = must_add(*writer, plain);
      added[id] = {std::move(plain), domain};
    }
    ASSERT_TRUE(store_->sync());
    if (!random_.one_in(6)) wanted_.merge(added);  // else the command failed
  }

  void forget() {
    const std::uint64_t part = 2 + random_.below(3);
    std::erase_if(wanted_, [&](const auto&) { return random_.one_in(part); });
  }

  void collect() {
    const auto mark = store_->begin_collection();
    const auto wanted = wanted_;
    if (random_.one_in(3)) put();  // what is committed meanwhile the collector does not know
    std::map<PackId, std::uint64_t> live;
    std::set<ChunkId> missing;
    for (const auto& [id, known] : wanted) missing.insert(id);
    ASSERT_TRUE(store_->for_each_location([&](const ChunkPlace& place) -> Result<bool> {
      live[place.pack] += wanted.contains(place.id) ? 1 : 0;
      if (!place.is_in_condemned_pack) missing.erase(place.id);
      return true;
    }));
    ASSERT_TRUE(missing.empty()) << missing.size() << " wanted chunks lie nowhere";
    std::vector<PackId> sources;
    for (const auto& pack : store_->list_packs()) {
      if (!pack.is_being_written && !pack.is_condemned && random_.one_in(2)) sources.push_back(pack.id);
    }
    RewriteOptions options;
    options.threads = 1 + static_cast<unsigned>(random_.below(2));
    const auto temperature = static_cast<Temperature>(1 + random_.below(3));
    const auto report = store_->rewrite(
        sources,
        [&](const ChunkId& id) -> Result<std::optional<Temperature>> {
          if (!wanted.contains(id)) return std::nullopt;
          return temperature;
        },
        options);
    ASSERT_TRUE(report) << report.error().message;
    ASSERT_TRUE(report->failures.empty());
    if (random_.one_in(3)) put();
    const auto condemned = store_->condemn(report->rewritten, mark);
    ASSERT_TRUE(condemned);
    if (random_.one_in(8)) {  // the command that says so failed: nothing is removed before the store is opened again
      has_failed_ = has_failed_ || !condemned->empty();
      return;
    }
    condemned_.insert(condemned->begin(), condemned->end());
  }

  void remove_some() {
    if (has_failed_) return;
    for (auto at = condemned_.begin(); at != condemned_.end();) {
      if (random_.one_in(3)) {
        ++at;
        continue;
      }
      const auto removed = store_->remove_pack(*at);
      ASSERT_TRUE(removed) << removed.error().message;
      at = condemned_.erase(at);
    }
  }

  void reopen() {
    if (random_.one_in(2)) {
      ASSERT_TRUE(store_->close());
    }
    store_.reset();
    has_failed_ = false;
    auto next = std::make_unique<TestVault>(*vault_, vault_->files().clone(), seed_ * 1000 + opened_++);
    earlier_.push_back(std::move(vault_));
    vault_ = std::move(next);
    if (random_.one_in(3)) {
      for (const auto& path : vault_->files().all_paths("/vault/indexes/*")) vault_->files().erase(path);
    }
    store_ = vault_->open(options_);
    ASSERT_TRUE(store_->open_report().warnings.empty());
    store_->condemn_again(std::vector(condemned_.begin(), condemned_.end()));
  }

  void check() {
    for (const auto& [id, known] : wanted_) {
      ASSERT_TRUE(store_->contains(id).value());
      expect_reads(*store_, id, known.plain, known.domain);
      if (HasFatalFailure()) return;
    }
  }

  std::uint64_t seed_;
  platform::SeededRandom random_;
  ChunkStoreOptions options_;
  std::vector<std::unique_ptr<TestVault>> earlier_;  // they own the keys' first disk
  std::unique_ptr<TestVault> vault_;
  std::unique_ptr<ChunkStore> store_;
  std::map<ChunkId, Known> wanted_;
  std::set<PackId> condemned_;  // rows say so
  std::uint64_t opened_ = 0;
  bool has_failed_ = false;  // packs count as condemned here and in no row
};

TEST_P(ChunkCollectModel, NothingWantedIsEverLost) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  for (int step = 0; step < 120; ++step) {
    const std::uint64_t what = random_.below(100);
    if (what < 45) {
      put();
    } else if (what < 55) {
      forget();
    } else if (what < 70) {
      collect();
    } else if (what < 80) {
      remove_some();
    } else if (what < 84) {
      ASSERT_TRUE(store_->compact_index());
    } else if (what < 87) {
      ASSERT_TRUE(store_->rebuild_index());
    } else if (what < 89) {
      ASSERT_TRUE(store_->maintain());
    } else if (what < 91) {
      const auto report = store_->verify({.data = true});
      ASSERT_TRUE(report);
      ASSERT_TRUE(report->is_clean()) << report->damage.size() << " " << report->index_entries_missing << " "
                                      << report->index_entries_wrong;
    } else if (what < 93) {
      ASSERT_TRUE(store_->seal_packs());
    } else {
      reopen();
    }
    if (HasFailure()) return;
    check();
    if (HasFailure()) {
      ADD_FAILURE() << "after step " << step << " of kind " << what;
      return;
    }
  }
  // In the end only what is wanted takes room.
  ASSERT_TRUE(store_->seal_packs());
  std::vector<PackId> packs;
  for (const auto& pack : store_->list_packs()) packs.push_back(pack.id);
  const auto report = store_->rewrite(packs,
                                      [&](const ChunkId& id) -> Result<std::optional<Temperature>> {
                                        if (!wanted_.contains(id)) return std::nullopt;
                                        return Temperature::warm;
                                      },
                                      {});
  ASSERT_TRUE(report);
  ASSERT_EQ(report->rewritten.size(), packs.size());
  ASSERT_EQ(store_->condemn(packs, store_->begin_collection()).value().size(), packs.size());
  for (const PackId& pack : packs) ASSERT_TRUE(store_->remove_pack(pack).value());
  check();
  ASSERT_TRUE(store_->compact_index());
  std::uint64_t entries = 0;
  ASSERT_TRUE(store_->for_each_location([&](const ChunkPlace& place) -> Result<bool> {
    EXPECT_TRUE(wanted_.contains(place.id));
    ++entries;
    return true;
  }));
  EXPECT_EQ(entries, wanted_.size());
  EXPECT_TRUE(store_->verify({.data = true}).value().is_clean());
}

INSTANTIATE_TEST_SUITE_P(Seeds, ChunkCollectModel, ::testing::Range<std::uint64_t>(1, 25));

// ---- power cuts

struct Collection {
  std::map<ChunkId, Bytes> wanted;
  std::set<PackId> condemned;  // what rows would say
};

// A vault with packs of which every other chunk is wanted.
void prepare(TestVault& vault, Collection& collection) {
  const auto store = vault.open(small_options(20'000));
  auto writer = store->new_writer(kDefaultDomain, Temperature::hot);
  for (std::uint64_t i = 0; i < 12; ++i) {
    const Bytes plain = noise_chunk(i, 8'000);
    const ChunkId id = must_add(*writer, plain);
    if (i % 2 == 0) collection.wanted[id] = plain;
  }
  writer.reset();
  ASSERT_TRUE(store->close());
}

void collect(TestVault& vault, Collection& collection) {
  auto opened = ChunkStore::open(vault.machine(), kVaultFolder, vault.keys(), small_options(20'000), true);
  if (!opened) return;
  ChunkStore& store = **opened;
  store.condemn_again(std::vector(collection.condemned.begin(), collection.condemned.end()));
  const auto mark = store.begin_collection();
  std::vector<PackId> packs;
  for (const auto& pack : store.list_packs()) packs.push_back(pack.id);
  const auto report = store.rewrite(packs,
                                    [&](const ChunkId& id) -> Result<std::optional<Temperature>> {
                                      if (!collection.wanted.contains(id)) return std::nullopt;
                                      return Temperature::cold;
                                    },
                                    {});
  if (!report) return;
  const auto condemned = store.condemn(report->rewritten, mark);
  if (!condemned) return;
  collection.condemned.insert(condemned->begin(), condemned->end());
  for (const PackId& pack : *condemned) {
    if (!store.remove_pack(pack)) return;
  }
  if (!store.compact_index()) return;
  ignore_error_on_purpose(store.close());
}

void expect_holds(TestVault& vault, const Collection& collection) {
  const auto store = vault.open(small_options(20'000));
  ASSERT_TRUE(store);
  store->condemn_again(std::vector(collection.condemned.begin(), collection.condemned.end()));
  EXPECT_TRUE(vault.files().all_paths("*.open").empty()) << "no half pack is left";
  for (const auto& [id, plain] : collection.wanted) {
    ASSERT_TRUE(store->contains(id).value());
    expect_reads(*store, id, plain);
  }
  ASSERT_TRUE(store->verify({.data = true}).value().is_clean());
  // The collection is done over, to its end.
  for (const PackId& pack : collection.condemned) ASSERT_TRUE(store->remove_pack(pack));
  for (const auto& [id, plain] : collection.wanted) expect_reads(*store, id, plain);
}

TEST(ChunkCollectCrash, AtEveryPointWhatIsWantedSurvives) {
  const auto start = [](Collection& collection) {
    auto vault = std::make_unique<TestVault>();
    prepare(*vault, collection);
    return vault;
  };
  Collection whole;
  const auto reference = start(whole);
  const std::uint64_t first = reference->files().points();
  collect(*reference, whole);
  EXPECT_EQ(whole.condemned.size(), 4U);
  const std::uint64_t total = reference->files().points();
  expect_holds(*reference, whole);
  ASSERT_GT(total, first + 40);
  for (std::uint64_t point = first; point < total; ++point) {
    for (std::uint64_t seed = point % 2; seed < 4; seed += 2) {
      SCOPED_TRACE("point " + std::to_string(point) + " seed " + std::to_string(seed));
      Collection collection;
      const auto vault = start(collection);
      vault->files().stop_at(point, seed % 2 == 0 ? StopWhen::torn : StopWhen::after);
      collect(*vault, collection);
      const auto policy = seed == 0   ? CrashPolicy::drop_all
                          : seed == 1 ? CrashPolicy::keep_all
                          : seed == 2 ? CrashPolicy::random
                                      : CrashPolicy::random_with_garbage;
      TestVault rebooted(*vault, vault->files().after_crash(seed + point * 31, policy), seed + 100);
      expect_holds(rebooted, collection);
      if (HasFailure()) return;
    }
  }
}

// A test of the tests: a rewriting whose packs are not synced must lose something.
TEST(ChunkCollectCrash, LeftOutPackSyncIsNoticed) {
  int losses = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    Collection collection;
    TestVault vault;
    prepare(vault, collection);
    vault.files().leave_out_sync("/vault/packs/*");
    collect(vault, collection);
    TestVault rebooted(vault, vault.files().after_crash(seed, CrashPolicy::random), 3);
    const auto store = rebooted.open();
    for (const auto& [id, plain] : collection.wanted) {
      Buffer out;
      losses += store->read(id, kDefaultDomain, out) ? 0 : 1;
    }
  }
  EXPECT_GT(losses, 0);
}

}  // namespace
}  // namespace atl::chunk
