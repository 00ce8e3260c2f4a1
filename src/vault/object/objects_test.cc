// Buckets and objects: put, overwrite, remove, return, move, copy, labels; what is refused; what is kept.
#include "vault/object/objects.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "vault/testing/test_vault.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using platform::TestMachine;

class ObjectsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(told(create_small(machine_.inline_machine())), "ok");
    auto opened = open_small(machine_.inline_machine());
    ASSERT_EQ(told(opened), "ok");
    vault_ = std::move(*opened);
  }
  void put(const std::string& key, const Bytes& bytes, const PutRequest& request = {}) {
    ASSERT_EQ(told(put_bytes(*vault_, "bucket", key, bytes, request)), "ok") << key;
  }
  std::vector<catalog::VersionRow> versions(const std::string& key) {
    const auto reader = vault_->reader();
    const auto bucket = reader->bucket_named("bucket").value();
    const auto entry = reader->entry(bucket->id, key).value();
    return reader->versions_of(entry->object).value();
  }
  std::vector<std::string> keys(const std::string& bucket = "bucket") {
    std::vector<std::string> list;
    const auto reader = vault_->reader();
    const auto row = reader->bucket_named(bucket).value();
    EXPECT_TRUE(reader->scan(row->id, "", "", [&](const catalog::Listed& listed) -> Result<bool> {
      list.push_back(listed.entry.key);
      return true;
    }));
    return list;
  }

  TestMachine machine_;
  std::unique_ptr<Vault> vault_;
};

TEST_F(ObjectsTest, WhatIsPutIsReadAndItsBucketIsMade) {
  const Bytes bytes = words(1, 100'000);
  const auto result = put_bytes(*vault_, "bucket", "a/b.txt", bytes, {{{"place", "reef"}}, {{"x", "1"}}, "text/plain"});
  ASSERT_EQ(told(result), "ok");
  EXPECT_EQ(result->effect, PutEffect::created);
  EXPECT_EQ(result->bytes, bytes.size());
  EXPECT_EQ(result->new_bytes, bytes.size());
  const auto found = Objects(*vault_).find("bucket", "a/b.txt");
  ASSERT_EQ(told(found), "ok");
  EXPECT_EQ(found->version.version, result->version);
  EXPECT_EQ(found->version.metadata.at("place"), "reef");
  EXPECT_EQ(found->version.tags.at("x"), "1");
  EXPECT_EQ(found->version.content_type, "text/plain");
  EXPECT_EQ(found->version.begin, result->lsn);
  EXPECT_EQ(found->version.actor, "owner");
  EXPECT_EQ(bytes_of(*vault_, "bucket", "a/b.txt").value(), bytes);
}

TEST_F(ObjectsTest, TheSameContentUnderAnotherNameCostsNothing) {
  const Bytes bytes = noise(1, 400'000);
  put("one", bytes);
  const auto second = put_bytes(*vault_, "bucket", "two", bytes);
  ASSERT_EQ(told(second), "ok");
  EXPECT_EQ(second->new_bytes, 0U);
}

TEST_F(ObjectsTest, OverwritingKeepsTheObjectAndEndsTheOldVersion) {
  put("k", words(1, 10), {{{"place", "reef"}}, {{"t", "1"}}, "text/plain"});
  put("k", words(2, 20));
  const auto found = Objects(*vault_).find("bucket", "k").value();
  const auto all = versions("k");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].version, found.version.version);
  EXPECT_EQ(all[0].end, Lsn{});
  EXPECT_EQ(all[1].end, all[0].begin);
  EXPECT_EQ(all[1].end_time, all[0].begin_time);
  EXPECT_EQ(all[0].object, all[1].object);
  EXPECT_EQ(bytes_of(*vault_, all[1]).value(), words(1, 10));
  // The user's words stay unless new ones are given.
  EXPECT_EQ(found.version.metadata.at("place"), "reef");
  EXPECT_EQ(found.version.content_type, "text/plain");
  put("k", words(3, 30), {{{"other", "word"}}, {}, ""});
  EXPECT_EQ(Objects(*vault_).find("bucket", "k")->version.metadata,
            (std::map<std::string, std::string>{{"other", "word"}}));
}

TEST_F(ObjectsTest, ARemovedObjectIsGoneAndReturnsAsTheSameObject) {
  put("k", words(1, 10));
  const ObjectId object = Objects(*vault_).find("bucket", "k")->entry.object;
  ASSERT_EQ(told(Objects(*vault_).remove({"bucket", "k", false})), "ok");
  EXPECT_EQ(Objects(*vault_).find("bucket", "k").error().id, "object.not_found");
  EXPECT_TRUE(keys().empty());
  EXPECT_EQ(Objects(*vault_).remove({"bucket", "k", false}).error().kind, ErrorKind::not_found);
  put("k", words(2, 10));
  EXPECT_EQ(Objects(*vault_).find("bucket", "k")->entry.object, object);
  EXPECT_EQ(versions("k").size(), 2U);
  EXPECT_NE(versions("k")[1].end, Lsn{});
}

TEST_F(ObjectsTest, RemovingAPrefixLeavesItsNeighbours) {
  for (const char* key : {"a", "a/", "a/1", "a/2/3", "a0", "b"}) put(key, words(1, 5));
  const auto count = Objects(*vault_).remove({"bucket", "a/", true});
  ASSERT_EQ(told(count), "ok");
  EXPECT_EQ(count->objects, 3U);
  EXPECT_EQ(keys(), (std::vector<std::string>{"a", "a0", "b"}));
}

TEST_F(ObjectsTest, MovingTakesEveryNameAndLeavesNone) {
  for (const char* key : {"from/1", "from/2", "from/deep/3", "fromage"}) put(key, words(1, 50));
  ASSERT_EQ(told(Objects(*vault_).move({"bucket", "from/", true}, "other", "to/", false)), "ok");
  EXPECT_EQ(keys(), (std::vector<std::string>{"fromage"}));
  EXPECT_EQ(keys("other"), (std::vector<std::string>{"to/1", "to/2", "to/deep/3"}));
  EXPECT_EQ(bytes_of(*vault_, "other", "to/deep/3").value(), words(1, 50));
  // Back onto names that are taken: refused as a whole, and nothing has moved.
  put("from/2", words(9, 9));
  const auto refused = Objects(*vault_).move({"other", "to/", true}, "bucket", "from/", false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "object.exists");
  EXPECT_EQ(keys("other").size(), 3U);
  ASSERT_EQ(told(Objects(*vault_).move({"other", "to/", true}, "bucket", "from/", true)), "ok");
  EXPECT_EQ(bytes_of(*vault_, "bucket", "from/2").value(), words(1, 50));
  EXPECT_TRUE(keys("other").empty());
}

TEST_F(ObjectsTest, AFolderIsNotMovedOrCopiedIntoItself) {
  put("a/1", words(1, 5));
  EXPECT_FALSE(Objects(*vault_).move({"bucket", "a/", true}, "bucket", "a/b/", true));
  EXPECT_FALSE(Objects(*vault_).copy({"bucket", "a/", true}, "bucket", "a/b/", true));
  EXPECT_FALSE(Objects(*vault_).move({"bucket", "a/", true}, "bucket", "a/", true));
  EXPECT_FALSE(Objects(*vault_).move({"bucket", "a/1", false}, "bucket", "a/1", true));
  EXPECT_EQ(keys(), (std::vector<std::string>{"a/1"}));
}

TEST_F(ObjectsTest, ACopySharesContentAndHasItsOwnWords) {
  put("a", noise(1, 200'000), {{{"place", "reef"}}, {}, ""});
  put("b", words(1, 5), {{{"owner", "of b"}}, {{"b", "1"}}, ""});
  const auto before = vault_->chunks().stats().bytes_written;
  ASSERT_EQ(told(Objects(*vault_).copy({"bucket", "a", false}, "bucket", "c", false)), "ok");
  EXPECT_EQ(vault_->chunks().stats().bytes_written, before);
  EXPECT_EQ(bytes_of(*vault_, "bucket", "c").value(), noise(1, 200'000));
  EXPECT_EQ(Objects(*vault_).find("bucket", "c")->version.metadata.at("place"), "reef");
  EXPECT_EQ(Objects(*vault_).copy({"bucket", "a", false}, "bucket", "b", false).error().id, "object.exists");
}

TEST_F(ObjectsTest, TagsChangeInPlaceAndMetadataMakesAVersion) {
  put("k", words(1, 10), {{{"m", "1"}}, {{"t", "1"}, {"u", "1"}}, ""});
  ASSERT_EQ(told(Objects(*vault_).tag({"bucket", "k", false}, {{{"t", "2"}, {"v", "3"}}, {"u"}}, {})), "ok");
  EXPECT_EQ(versions("k").size(), 1U);
  EXPECT_EQ(versions("k")[0].tags, (std::map<std::string, std::string>{{"t", "2"}, {"v", "3"}}));
  ASSERT_EQ(told(Objects(*vault_).tag({"bucket", "k", false}, {}, {{{"n", "2"}}, {"m"}})), "ok");
  const auto all = versions("k");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].metadata, (std::map<std::string, std::string>{{"n", "2"}}));
  EXPECT_EQ(all[0].tags.size(), 2U);
  EXPECT_EQ(all[1].metadata, (std::map<std::string, std::string>{{"m", "1"}}));
  EXPECT_EQ(all[1].end, all[0].begin);
  EXPECT_EQ(bytes_of(*vault_, "bucket", "k").value(), words(1, 10));
}

TEST_F(ObjectsTest, MetadataByKeyNamesTheKeysThatAreNotThere) {
  put("a", words(1, 10));
  const auto missing = Objects(*vault_).set_metadata("bucket", {{"a", {{"x", "1"}}}, {"b", {{"x", "2"}}}});
  ASSERT_EQ(told(missing), "ok");
  EXPECT_EQ(*missing, std::vector<std::string>{"b"});
  EXPECT_EQ(Objects(*vault_).find("bucket", "a")->version.metadata.at("x"), "1");
  EXPECT_FALSE(Objects(*vault_).set_metadata("no-bucket", {{"a", {{"x", "1"}}}}));
}

TEST_F(ObjectsTest, ABucketGoesOnlyWhenItIsEmpty) {
  ASSERT_TRUE(Objects(*vault_).ensure_bucket("empty"));
  EXPECT_EQ(told(Objects(*vault_).remove_bucket("empty")), "ok");
  EXPECT_EQ(Objects(*vault_).remove_bucket("empty").error().kind, ErrorKind::not_found);
  put("a", words(1, 10));
  EXPECT_EQ(Objects(*vault_).remove_bucket("bucket").error().id, "bucket.not_empty");
  EXPECT_EQ(keys().size(), 1U);
}

TEST_F(ObjectsTest, ABrokenSourceLeavesNothingVisible) {
  int reads = 0;
  const auto put = Objects(*vault_).put("bucket", "k",
                                        [&](ByteSpan out) -> Result<std::size_t> {
                                          if (++reads == 3) return fail(ErrorKind::io, "test.pipe", "the pipe broke");
                                          return out.size();
                                        },
                                        {});
  EXPECT_EQ(put.error().id, "test.pipe");
  EXPECT_TRUE(keys().empty());
}

TEST_F(ObjectsTest, KeysOfEveryKindComeBackInOrder) {
  const std::vector<std::string> odd = {"\x01", " ",  "../up", "/abs", "a",    "a/",
                                        "a/b",  "a0", "b\\c",  "\xC3", "\xFF", std::string(kKeyBytesMax, '\x7F')};
  for (const std::string& key : odd) put(key, words(1, key.size() % 50));
  std::vector<std::string> sorted = odd;
  std::ranges::sort(sorted, [](const auto& a, const auto& b) { return compare(as_bytes(a), as_bytes(b)) < 0; });
  EXPECT_EQ(keys(), sorted);
  EXPECT_FALSE(put_bytes(*vault_, "bucket", "", words(1, 1)));
  EXPECT_FALSE(put_bytes(*vault_, "bucket", std::string("a\0b", 3), words(1, 1)));
}

// Long keys make long rows: a batch must stay below what one command may hold.
TEST_F(ObjectsTest, AThousandVeryLongKeysMoveCopyAndGo) {
  const auto bucket = Objects(*vault_).ensure_bucket("bucket").value();
  for (int group = 0; group < 3; ++group) {
    const auto done = vault_->commit(
        journal::CommandKind::put_objects, [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
          for (int i = 0; i < 500; ++i) {
            NewVersion fresh;
            const std::string number = std::to_string(10'000 + group * 500 + i);
            fresh.key = "from/" + number + std::string(kKeyBytesMax - 20, 'x');
            ATOLL_TRY(stage_put(context, changes, bucket, fresh, platform::new_id<VersionId>(vault_->machine()),
                                "owner", {}));
          }
          return {};
        });
    ASSERT_EQ(told(done), "ok");
  }
  EXPECT_EQ(told(Objects(*vault_).tag({"bucket", "from/", true}, {{{"t", "1"}}, {}}, {{{"m", "1"}}, {}})), "ok");
  EXPECT_EQ(told(Objects(*vault_).copy({"bucket", "from/", true}, "bucket", "two/", false)), "ok");
  EXPECT_EQ(told(Objects(*vault_).move({"bucket", "from/", true}, "bucket", "three/", false)), "ok");
  EXPECT_EQ(told(Objects(*vault_).remove({"bucket", "t", true})), "ok");
  EXPECT_TRUE(keys().empty());
}

}  // namespace
}  // namespace atl::vault
