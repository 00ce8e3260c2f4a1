// Rows that readers remember: nobody may see an older state than the one that was committed before he asked.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <random>
#include <thread>

#include "catalog/catalog.h"
#include "catalog/internal/current_cache.h"
#include "catalog/testing/test_catalog.h"

namespace atl::catalog {
namespace {

using journal::RowChange;
using journal::TableNumber;

BucketId test_bucket() {
  BucketId id;
  id.bytes.fill(0x33);
  return id;
}

ObjectId object_of(std::uint64_t number) {
  ObjectId id;
  store_le(id.bytes.data(), number + 1);
  return id;
}

// The object of that number has its `size`th version as its current one.
std::vector<RowChange> put(std::uint64_t number, std::uint64_t size) {
  VersionRow version;
  version.object = object_of(number);
  store_le(version.version.bytes.data(), size + 1);
  version.bucket = test_bucket();
  version.size = size;
  EntryRow entry;
  entry.bucket = version.bucket;
  entry.key = "key " + std::to_string(number);
  entry.object = version.object;
  entry.version = version.version;
  return {{TableNumber::versions, key_of(version), encode(version)},
          {TableNumber::entries, key_of(entry), encode(entry)}};
}

void commit(Catalog& catalog, std::uint64_t lsn, std::span<const RowChange> changes) {
  ASSERT_TRUE(catalog.begin_group());
  ASSERT_TRUE(catalog.apply({lsn}, {static_cast<std::int64_t>(lsn)}, changes));
  ASSERT_TRUE(catalog.commit_group());
}

class CurrentRows : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = identity_.create(folder_.machine(), folder_.path());
    ASSERT_TRUE(made);
    catalog_ = std::move(*made);
    BucketRow bucket;
    bucket.id = test_bucket();
    bucket.name = "bucket";
    const std::array rows{RowChange{TableNumber::buckets, key_of(bucket), encode(bucket)}};
    commit(*catalog_, ++lsn_, rows);
  }
  std::uint64_t size_of(CatalogReader& reader, std::uint64_t number) {
    const auto found = reader.current(test_bucket(), "key " + std::to_string(number), true);
    EXPECT_TRUE(found);
    return found && *found ? (*found)->version.size : UINT64_MAX;
  }

  TemporaryFolder folder_;
  CatalogIdentity identity_;
  std::unique_ptr<Catalog> catalog_;
  std::uint64_t lsn_ = 0;
};

TEST_F(CurrentRows, ChangesOfEntryAndOfVersionAreSeen) {
  const auto reader = catalog_->reader();
  EXPECT_EQ(size_of(*reader, 1), UINT64_MAX);
  commit(*catalog_, ++lsn_, put(1, 10));
  EXPECT_EQ(size_of(*reader, 1), 10U);
  EXPECT_EQ(size_of(*reader, 1), 10U);
  commit(*catalog_, ++lsn_, put(1, 11));
  EXPECT_EQ(size_of(*reader, 1), 11U);

  // The version's own row alone: tags, for one.
  VersionRow tagged = reader->current(test_bucket(), "key 1", true).value()->version;
  tagged.tags["colour"] = "blue";
  const std::array tag{RowChange{TableNumber::versions, key_of(tagged), encode(tagged)}};
  commit(*catalog_, ++lsn_, tag);
  EXPECT_EQ(reader->current(test_bucket(), "key 1", true).value()->version.tags.at("colour"), "blue");

  // A removal, which some callers want to see and some not.
  EntryRow removed = reader->current(test_bucket(), "key 1", true).value()->entry;
  removed.is_deleted = true;
  const std::array remove{RowChange{TableNumber::entries, key_of(removed), encode(removed)}};
  commit(*catalog_, ++lsn_, remove);
  EXPECT_FALSE(reader->current(test_bucket(), "key 1", false).value());
  EXPECT_TRUE(reader->current(test_bucket(), "key 1", true).value());
  EXPECT_FALSE(reader->current(test_bucket(), "key 1", false).value());

  const std::array forget{RowChange{TableNumber::entries, key_of(removed), std::nullopt},
                          RowChange{TableNumber::versions, key_of(tagged), std::nullopt}};
  commit(*catalog_, ++lsn_, forget);
  EXPECT_FALSE(reader->current(test_bucket(), "key 1", true).value());
}

TEST_F(CurrentRows, ASnapshotAndAGroupThatIsRolledBackShowTheirOwnState) {
  commit(*catalog_, ++lsn_, put(1, 10));
  const auto reader = catalog_->reader();
  const auto other = catalog_->reader();
  ASSERT_TRUE(reader->begin_snapshot());
  EXPECT_EQ(size_of(*other, 1), 10U);
  commit(*catalog_, ++lsn_, put(1, 11));
  EXPECT_EQ(size_of(*other, 1), 11U);
  EXPECT_EQ(size_of(*reader, 1), 10U);
  EXPECT_EQ(size_of(*other, 1), 11U) << "what a snapshot shows is not remembered for others";
  reader->end_snapshot();
  EXPECT_EQ(size_of(*reader, 1), 11U);
  ASSERT_TRUE(catalog_->begin_group());
  ASSERT_TRUE(catalog_->apply({lsn_ + 1}, {100}, put(1, 12)));
  EXPECT_EQ(size_of(catalog_->pending(), 1), 12U);
  EXPECT_EQ(size_of(*other, 1), 11U);
  catalog_->roll_back_group();
  EXPECT_EQ(size_of(catalog_->pending(), 1), 11U);
  EXPECT_EQ(size_of(*other, 1), 11U);
}

// Whoever begins to read after a commit sees at least what it committed, whatever other threads remember meanwhile.
TEST_F(CurrentRows, ReadersBesideAWriterNeverSeeWhatWasBefore) {
  constexpr std::uint64_t objects = 5;
  std::array<std::atomic<std::uint64_t>, objects> committed{};
  for (std::uint64_t number = 0; number < objects; ++number) commit(*catalog_, ++lsn_, put(number, 0));
  std::atomic<bool> is_over = false;
  std::atomic<std::uint64_t> reads = 0;
  std::atomic<std::uint64_t> wrong = 0;
  std::vector<std::thread> readers;
  for (unsigned thread = 0; thread < 3; ++thread) {
    readers.emplace_back([&, thread] {
      std::mt19937 random(thread);
      while (!is_over) {
        const auto reader = catalog_->reader();
        const std::uint64_t number = random() % objects;
        const std::uint64_t least = committed.at(number);
        if (size_of(*reader, number) < least) ++wrong;
        ++reads;
      }
    });
  }
  std::mt19937 random(99);
  for (std::uint64_t round = 1; round <= 1500; ++round) {
    const std::uint64_t number = random() % objects;
    commit(*catalog_, ++lsn_, put(number, round));
    committed.at(number) = round;
  }
  is_over = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0U);
  EXPECT_GT(reads, 100U);
}

Listed listed_of(std::uint64_t number) {
  Listed listed;
  listed.entry.bucket = test_bucket();
  listed.entry.key = "key " + std::to_string(number);
  listed.entry.object = object_of(number);
  listed.version.object = listed.entry.object;
  return listed;
}

TEST(CurrentCache, KeepsNothingThatWasReadWhileACommitWasUnderWay) {
  CurrentCache cache;
  const Listed listed = listed_of(1);
  const Bytes key = key_of(listed.entry);
  const auto before = cache.begin_read(key);
  cache.begin_commit();
  cache.keep(before, key, listed);
  EXPECT_FALSE(cache.find(key)) << "the commit began";
  const auto during = cache.begin_read(key);
  cache.end_commit();
  cache.keep(before, key, listed);
  cache.keep(during, key, listed);
  EXPECT_FALSE(cache.find(key)) << "it ended, but the read may be older";
  cache.keep(cache.begin_read(key), key, listed);
  EXPECT_TRUE(cache.find(key));
}

TEST(CurrentCache, IsBounded) {
  CurrentCache cache;
  for (std::uint64_t number = 0; number < 40'000; ++number) {
    const Listed listed = listed_of(number);
    const Bytes key = key_of(listed.entry);
    cache.keep(cache.begin_read(key), key, listed);
  }
  std::size_t kept = 0;
  for (std::uint64_t number = 0; number < 40'000; ++number) kept += cache.find(key_of(listed_of(number).entry)) ? 1 : 0;
  EXPECT_GT(kept, 1000U);
  EXPECT_LE(kept, 16U * 512U);
  Listed large = listed_of(1);
  large.version.metadata["words"] = std::string(5000, 'x');
  const Bytes key = key_of(large.entry);
  CurrentCache empty;
  empty.keep(empty.begin_read(key), key, large);
  EXPECT_FALSE(empty.find(key));
}

}  // namespace
}  // namespace atl::catalog
