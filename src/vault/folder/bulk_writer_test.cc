#include "vault/folder/bulk_writer.h"

#include <gtest/gtest.h>

#include "vault/testing/test_vault.h"

namespace atl::vault::testing {
namespace {

class BulkWriterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(create_small(machine.machine()));
    auto opened = open_small(machine.machine());
    ASSERT_TRUE(opened) << told(opened);
    vault = std::move(*opened);
    auto made = Objects(*vault).ensure_bucket("bulk");
    ASSERT_TRUE(made) << told(made);
    bucket = std::move(*made);
    writer = begin();
  }
  std::unique_ptr<BulkWriter> begin() {
    auto opened = BulkWriter::open(*vault, bucket);
    EXPECT_TRUE(opened) << told(opened);
    return opened ? std::move(*opened) : nullptr;
  }
  void store(const std::string& key, ByteView bytes, const std::map<std::string, std::string>& metadata = {},
             BulkWriter::Words words = BulkWriter::Words::replace) {
    writer->begin(bytes.size(), key);
    ASSERT_TRUE(writer->append(bytes.first(bytes.size() / 2)));
    ASSERT_TRUE(writer->append(bytes.subspan(bytes.size() / 2)));
    catalog::VersionRow version;
    version.modified = {7, 0};
    version.metadata = metadata;
    const auto stored = writer->finish(key, version, words);
    ASSERT_TRUE(stored) << told(stored);
  }

  platform::TestMachine machine;
  std::unique_ptr<Vault> vault;
  catalog::BucketRow bucket;
  std::unique_ptr<BulkWriter> writer;
};

TEST_F(BulkWriterTest, WhatWasFlushedIsThereAndTheRestIsNot) {
  const Bytes content = noise(1, 300'000);
  store("a", content);
  store("b", words(2, 10));
  ASSERT_TRUE(writer->flush());
  store("c", words(3, 10));
  writer.reset();
  EXPECT_EQ(content, bytes_of(*vault, "bulk", "a").value_or(Bytes{}));
  EXPECT_TRUE(Objects(*vault).find("bulk", "b"));
  EXPECT_FALSE(Objects(*vault).find("bulk", "c"));
}

TEST_F(BulkWriterTest, TheSameAgainIsUnchanged) {
  store("a", words(1, 1000), {{"k", "v"}});
  ASSERT_TRUE(writer->flush());
  EXPECT_EQ(1U, writer->counts().created);
  store("a", words(1, 1000), {{"k", "v"}});
  ASSERT_TRUE(writer->flush());
  EXPECT_EQ(1U, writer->counts().unchanged);
  store("a", words(1, 1000), {{"k", "other"}});
  ASSERT_TRUE(writer->flush());
  EXPECT_EQ(1U, writer->counts().updated);
}

TEST_F(BulkWriterTest, WordsOfTheSameContentAreKeptWhereAskedFor) {
  store("a", words(1, 1000), {{"from", "first"}}, BulkWriter::Words::keep_of_same);
  ASSERT_TRUE(writer->flush());
  store("a", words(1, 1000), {{"from", "second"}}, BulkWriter::Words::keep_of_same);
  ASSERT_TRUE(writer->flush());
  EXPECT_EQ(1U, writer->counts().unchanged);
  EXPECT_EQ("first", Objects(*vault).find("bulk", "a")->version.metadata.at("from"));
  store("a", words(2, 1000), {{"from", "third"}}, BulkWriter::Words::keep_of_same);
  ASSERT_TRUE(writer->flush());
  EXPECT_EQ("third", Objects(*vault).find("bulk", "a")->version.metadata.at("from"));
}

TEST_F(BulkWriterTest, OneKeyTwiceMakesTwoVersions) {
  store("a", words(1, 10));
  EXPECT_TRUE(writer->find("a")->has_value()) << "known before it is committed";
  store("a", words(2, 10));
  ASSERT_TRUE(writer->flush());
  const auto found = Objects(*vault).find("bulk", "a");
  ASSERT_TRUE(found) << told(found);
  EXPECT_EQ(2U, vault->reader()->versions_of(found->entry.object)->size());
  EXPECT_EQ(words(2, 10), bytes_of(*vault, "bulk", "a").value_or(Bytes{}));
}

TEST_F(BulkWriterTest, MoreThanOneCommandHolds) {
  for (int i = 0; i < 6'000; ++i) store("key-" + std::to_string(i), words(static_cast<std::uint64_t>(i), 20));
  ASSERT_TRUE(writer->flush());
  EXPECT_EQ(6'000U, writer->counts().created);
  EXPECT_EQ(words(5'999, 20), bytes_of(*vault, "bulk", "key-5999").value_or(Bytes{}));
}

}  // namespace
}  // namespace atl::vault::testing
