// The parts behind a run set, each alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "foundation/base/units.h"
#include "foundation/platform/testing/test_machine.h"
#include "store/run/internal/block_cache.h"
#include "store/run/internal/entry.h"
#include "store/run/internal/filter.h"
#include "store/run/internal/memtable.h"
#include "store/run/internal/merge.h"

namespace atl::run::internal {
namespace {

using platform::SeededRandom;

TEST(KeyPrefix, OrderAgreesWithMemcmpOrder) {
  SeededRandom random(1);
  for (int round = 0; round < 20'000; ++round) {
    Bytes a = random.bytes(random.below(12));
    Bytes b = random.one_in(2) ? a : random.bytes(random.below(12));
    if (!b.empty() && random.one_in(2)) b.back() = static_cast<std::uint8_t>(random.below(3));
    if (compare(a, b) < 0) {
      EXPECT_LE(key_prefix(a, 0), key_prefix(b, 0));
    }
  }
  EXPECT_EQ(key_prefix(as_bytes("abcdefghij"), 0), 0x6162636465666768U);
  EXPECT_EQ(key_prefix(as_bytes("abcdefghij"), 8), 0x696a000000000000U);
  EXPECT_EQ(key_prefix(as_bytes("ab"), 5), 0U);
}

TEST(Filter, HoldsWhatWasAddedAndLetsFewOthersThrough) {
  struct Case {
    unsigned bits;
    double passed_max;
  };
  for (const Case& one : {Case{4, 0.18}, Case{5, 0.12}, Case{8, 0.04}, Case{10, 0.02}, Case{16, 0.005}}) {
    SCOPED_TRACE(one.bits);
    const std::size_t keys = kFilterPageBits / one.bits;
    const std::uint8_t probes = filter_probes_for(keys);
    Bytes page(kFilterPageBytes);
    SeededRandom random(one.bits);
    std::vector<std::uint64_t> hashes;
    for (std::size_t i = 0; i < keys; ++i) {
      hashes.push_back(hash_key(random.bytes(32), 5));
      filter_add(page, hashes.back(), probes);
    }
    for (const std::uint64_t hash : hashes) ASSERT_TRUE(filter_may_hold(page.data(), hash, probes));
    int passed = 0;
    for (int i = 0; i < 20'000; ++i)
      passed += filter_may_hold(page.data(), hash_key(random.bytes(32), 5), probes) ? 1 : 0;
    EXPECT_LT(passed, 20'000 * one.passed_max);
    EXPECT_GT(passed, 0);
  }
}

// Plays flushes of full default memtables and all merges up to 62 million entries, with sizes alone.
TEST(Filter, ManyRunsShareTheBudgetSoThatAMissReadsLessThanOneBlock) {
  constexpr std::size_t budget = 36 * kMiB;
  struct Tier {
    std::uint64_t entries = 0;
    double false_share = 0;  // of misses that read a block or page
    std::size_t resident = 0;
  };
  std::vector<Tier> runs;
  const auto make = [&](std::uint64_t entries, const std::vector<Tier>& beside) {
    std::size_t left = budget;
    for (const Tier& run : beside) left -= run.resident;
    const std::size_t per_page = filter_entries_per_page(entries, left, 4, 10);
    const unsigned probes = filter_probes_for(per_page);
    const double fill = 1 - std::exp(-static_cast<double>(probes * per_page) / static_cast<double>(kFilterPageBits));
    const std::size_t wanted = entries / per_page * kFilterPageBytes;
    const std::size_t resident = std::min(wanted, left);
    const double share = static_cast<double>(resident) / static_cast<double>(wanted);
    return Tier{entries, share * std::pow(fill, probes) + (1 - share), resident};
  };
  constexpr std::uint64_t flush = 150'000;
  double reads_sum = 0;
  for (std::uint64_t total = flush; total <= 62'000'000; total += flush) {
    runs.insert(runs.begin(), make(flush, runs));
    while (true) {
      std::vector<std::uint64_t> sizes;
      for (const Tier& run : runs) sizes.push_back(run.entries * 61);
      const auto choice = choose_merge(sizes);
      if (!choice) break;
      std::uint64_t entries = 0;
      for (std::size_t i = 0; i < choice->count; ++i) entries += runs[choice->first + i].entries;
      const auto at = runs.begin() + static_cast<std::ptrdiff_t>(choice->first);
      const auto place = runs.erase(at, at + static_cast<std::ptrdiff_t>(choice->count)) - runs.begin();
      const Tier merged = make(entries, runs);
      runs.insert(runs.begin() + place, merged);
    }
    double reads = 0;
    for (const Tier& run : runs) reads += run.false_share;
    reads_sum += reads;
    ASSERT_LT(reads, total < 20'000'000 ? 0.15 : 0.5) << total;
  }
  EXPECT_LT(reads_sum / (62'000'000 / flush), 0.25);
}

TEST(Filter, HashIsTheDocumentedOneAndDependsOnEveryByteAndTheLength) {
  SeededRandom random(2);
  std::set<std::uint64_t> hashes;
  const Bytes key = random.bytes(37);
  for (std::size_t length = 1; length <= key.size(); ++length) hashes.insert(hash_key(ByteView(key).first(length), 1));
  for (std::size_t at = 0; at < key.size(); ++at) {
    Bytes changed = key;
    changed[at] = static_cast<std::uint8_t>(changed[at] ^ 1);
    hashes.insert(hash_key(changed, 1));
  }
  hashes.insert(hash_key(key, 2));
  hashes.insert(hash_key(Bytes(3, 0), 1));
  hashes.insert(hash_key(Bytes(4, 0), 1));
  EXPECT_EQ(hashes.size(), 37U + 37U + 3U);
  // The example of spec/formats/run.md.
  EXPECT_EQ(hash_key(as_bytes("hello, atoll"), 0x0123456789ABCDEF), 1477821479043561857U);
}

TEST(EntriesPerBlock, FillsABlockAndNotMore) {
  EXPECT_EQ(entries_per_block(60, false), 68U);
  EXPECT_EQ(entries_per_block(60, true), 67U);
  for (std::size_t width = 1; width <= kFixedEntryBytesMax; ++width) {
    const std::size_t count = entries_per_block(width, true);
    EXPECT_LE(count * width + (count + 7) / 8, kBlockPlain);
    EXPECT_GT((count + 1) * width + (count + 8) / 8, kBlockPlain);
    EXPECT_LE(entries_per_block(width, false) * width, kBlockPlain);
  }
}

TEST(Memtable, CountsItsMemoryAndGivesEntriesInOrder) {
  Memtable table;
  SeededRandom random(3);
  std::map<Bytes, Bytes> model;
  std::size_t payload = 0;
  for (int i = 0; i < 50'000; ++i) {
    const Bytes key = random.bytes(32);
    model[key] = random.bytes(28);
    table.put(hash_key(key, 1), key, model[key], false);
    payload += 60;
  }
  EXPECT_EQ(table.entries(), model.size());
  EXPECT_GT(table.bytes(), payload);
  EXPECT_LT(table.bytes(), payload * 9 / 5);
  Summary summary;
  const auto source = table.sorted(&summary);
  auto expected = model.begin();
  while (source->next().value()) {
    ASSERT_TRUE(equal(source->key(), expected->first) && equal(source->value(), expected->second));
    ++expected;
  }
  EXPECT_TRUE(expected == model.end());
  EXPECT_EQ(summary.entries, model.size());
  EXPECT_EQ(summary.min_key, model.begin()->first);
  EXPECT_EQ(summary.max_key, model.rbegin()->first);
  EXPECT_TRUE(summary.widths.one_key_width && summary.widths.one_value_width && !summary.has_removals);
}

TEST(Memtable, OverwritingInPlaceTakesNoMoreMemory) {
  Memtable table;
  const Bytes key(32, 1);
  table.put(hash_key(key, 1), key, Bytes(28, 1), false);
  const std::size_t before = table.bytes();
  for (int i = 0; i < 100'000; ++i) table.put(hash_key(key, 1), key, Bytes(28, static_cast<std::uint8_t>(i)), false);
  EXPECT_EQ(table.bytes(), before);
  EXPECT_EQ(table.entries(), 1U);
}

TEST(BlockCache, KeepsWithinItsBytesAndPrefersWhatIsUsed) {
  constexpr std::size_t bytes_max = 1'000'000;
  BlockCache cache(bytes_max);
  Bytes block(kBlockPlain);
  Bytes out(kBlockPlain);
  for (std::uint64_t i = 0; i < 2000; ++i) {
    store_le(block.data(), i);
    cache.put(1, Lane::data, i, block.data());
    EXPECT_LE(cache.bytes(), bytes_max);
    (void)cache.get(1, Lane::data, 0, out.data());
  }
  ASSERT_TRUE(cache.get(1, Lane::data, 0, out.data()));
  EXPECT_EQ(load_le<std::uint64_t>(out.data()), 0U);
  EXPECT_FALSE(cache.get(1, Lane::filter, 0, out.data()));
  EXPECT_FALSE(cache.get(2, Lane::data, 0, out.data()));
  std::uint64_t kept = 0;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    if (!cache.get(1, Lane::data, i, out.data())) continue;
    EXPECT_EQ(load_le<std::uint64_t>(out.data()), i);
    ++kept;
  }
  EXPECT_GT(kept, 150U);
}

TEST(BlockCache, OfNoBytesKeepsNothing) {
  BlockCache cache(0);
  Bytes block(kBlockPlain);
  cache.put(1, Lane::data, 1, block.data());
  EXPECT_FALSE(cache.get(1, Lane::data, 1, block.data()));
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(ChooseMerge, TakesFourOfAClassAndLeavesLargeNeighboursAlone) {
  const std::uint64_t kib = 1024;
  EXPECT_FALSE(choose_merge({}).has_value());
  EXPECT_FALSE(choose_merge({kib, kib, kib}).has_value());
  const auto four = choose_merge({kib, kib, kib, kib, 1'000'000 * kib});
  ASSERT_TRUE(four.has_value());
  EXPECT_EQ(four->first, 0U);
  EXPECT_EQ(four->count, 4U);
  EXPECT_FALSE(choose_merge({kib, kib, kib, 1'000'000 * kib}).has_value());
  const auto between = choose_merge({500 * kib, 500 * kib, kib, 500 * kib, 500 * kib});
  ASSERT_TRUE(between.has_value());
  EXPECT_EQ(between->count, 5U);
  EXPECT_FALSE(choose_merge({kib, kib, 1'000'000 * kib, kib, kib}).has_value());
  EXPECT_EQ(choose_cheapest({kib, kib, 1'000'000 * kib, kib, kib, kib, kib, 3 * kib})->first, 3U);
}

TEST(ChooseMerge, RewritesEachByteOncePerClass) {
  // A million flushes of 1 MiB would be too slow to write; their sizes are enough.
  std::vector<std::uint64_t> sizes;
  std::uint64_t written = 0;
  constexpr std::uint64_t flushes = 4096;
  std::size_t runs_max = 0;
  for (std::uint64_t i = 0; i < flushes; ++i) {
    sizes.insert(sizes.begin(), kMiB);
    while (const auto choice = choose_merge(sizes)) {
      std::uint64_t sum = 0;
      const auto at = sizes.begin() + static_cast<std::ptrdiff_t>(choice->first);
      for (std::size_t k = 0; k < choice->count; ++k) sum += at[static_cast<std::ptrdiff_t>(k)];
      written += sum;
      sizes.insert(sizes.erase(at, at + static_cast<std::ptrdiff_t>(choice->count)), sum);
    }
    runs_max = std::max(runs_max, sizes.size());
  }
  EXPECT_LE(runs_max, 19U);
  EXPECT_LE(written, flushes * kMiB * 7);
}

}  // namespace
}  // namespace atl::run::internal
