#include "vault/folder/fact_stream.h"

#include <gtest/gtest.h>

#include "catalog/testing/test_catalog.h"

namespace atl::vault {
namespace {

using catalog::BucketRow;
using catalog::EntryRow;
using catalog::VersionRow;
using journal::TableNumber;

// A bucket with the keys "000000", "000002", …, whose sizes are these numbers.
class FactStreamTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kEntries = 20'000;  // several pages

  void SetUp() override {
    catalog_ = std::move(catalog::CatalogIdentity().create(folder_.machine(), folder_.path()).value());
    bucket_.bytes[0] = 1;
    BucketRow bucket;
    bucket.id = bucket_;
    bucket.name = "files";
    std::vector<journal::RowChange> changes{{TableNumber::buckets, key_of(bucket), encode(bucket)}};
    for (std::uint64_t i = 0; i < kEntries; ++i) {
      VersionRow version;
      store_le(version.version.bytes.data(), i + 1);
      version.object.bytes = version.version.bytes;
      version.bucket = bucket_;
      version.has_source = true;
      version.size = 2 * i;
      EntryRow entry;
      entry.bucket = bucket_;
      entry.key = name(2 * i);
      entry.object = version.object;
      entry.version = version.version;
      changes.push_back({TableNumber::versions, key_of(version), encode(version)});
      changes.push_back({TableNumber::entries, key_of(entry), encode(entry)});
    }
    ASSERT_TRUE(catalog_->begin_group());
    ASSERT_TRUE(catalog_->apply({1}, {1}, changes));
    ASSERT_TRUE(catalog_->commit_group());
    reader_ = catalog_->reader();
  }

  static std::string name(std::uint64_t number) {
    std::string digits = std::to_string(number);
    return std::string(6 - digits.size(), '0') + digits;
  }

  catalog::TemporaryFolder folder_;
  platform::Machine machine_ = folder_.machine();
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<catalog::CatalogReader> reader_;
  BucketId bucket_;
};

TEST_F(FactStreamTest, FindsEveryKeyThatIsThereAndNoOther) {
  for (const auto asked : {FactStream::Asked::most, FactStream::Asked::some}) {
    FactStream stream(machine_.threads, reader_.get(), bucket_, "", asked);
    for (std::uint64_t i = 0; i < 2 * kEntries + 10; ++i) {
      const auto found = stream.find(name(i));
      ASSERT_TRUE(found);
      ASSERT_EQ(*found != nullptr, i % 2 == 0 && i < 2 * kEntries) << i;
      if (*found != nullptr) ASSERT_EQ((*found)->size, i);
    }
  }
}

TEST_F(FactStreamTest, SkipsWhatIsNotAskedFor) {
  for (const auto asked : {FactStream::Asked::most, FactStream::Asked::some}) {
    FactStream stream(machine_.threads, reader_.get(), bucket_, "", asked);
    for (std::uint64_t i = 4; i < 2 * kEntries; i += 9'998) {
      const auto found = stream.find(name(i));
      ASSERT_TRUE(found && *found != nullptr);
      ASSERT_EQ((*found)->size, i);
    }
  }
}

TEST_F(FactStreamTest, CanBeLeftAtAnyPoint) {
  for (const std::uint64_t asked_for : std::vector<std::uint64_t>{0, 1, 4'095, 4'096, 9'000, kEntries - 1}) {
    FactStream stream(machine_.threads, reader_.get(), bucket_, "");
    const auto found = stream.find(name(2 * asked_for));
    ASSERT_TRUE(found && *found != nullptr);
  }
}

TEST_F(FactStreamTest, KnowsItsPrefixOnly) {
  FactStream stream(machine_.threads, reader_.get(), bucket_, "0390");
  EXPECT_EQ(*stream.find(name(38'998)), nullptr);
  ASSERT_NE(*stream.find(name(39'000)), nullptr);
  EXPECT_EQ(*stream.find(name(39'100)), nullptr);
  EXPECT_EQ(*stream.find(name(39'102)), nullptr);
}

TEST_F(FactStreamTest, WithoutACatalogThereIsNothing) {
  FactStream stream(machine_.threads, nullptr, bucket_, "");
  EXPECT_EQ(*stream.find("a"), nullptr);
}

TEST_F(FactStreamTest, ADamagedCatalogIsSaidOnceAndNobodyWaitsForMore) {
  FactStream stream(machine_.threads, reader_.get(), bucket_, "");
  ASSERT_TRUE(stream.find(name(0)));
  // A version without its row, three pages on.
  VersionRow version;
  store_le(version.version.bytes.data(), std::uint64_t{16'001});
  version.object.bytes = version.version.bytes;
  ASSERT_TRUE(catalog_->begin_group());
  ASSERT_TRUE(catalog_->apply({2}, {2}, {{{TableNumber::versions, key_of(version), std::nullopt}}}));
  ASSERT_TRUE(catalog_->commit_group());
  const auto found = stream.find(name(39'998));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::damaged);
  const auto again = stream.find(name(39'999));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, nullptr);
}

}  // namespace
}  // namespace atl::vault
