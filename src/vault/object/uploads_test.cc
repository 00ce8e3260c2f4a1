// Uploads in parts: through restarts, replaced parts, collections, and put together without their data.
#include "vault/object/uploads.h"

#include <gtest/gtest.h>

#include "vault/keeping/collect.h"
#include "vault/testing/test_vault.h"
#include "vault/verify.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using platform::TestMachine;

class UploadsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(told(create_small(machine_.inline_machine())), "ok");
    reopen();
    ASSERT_EQ(told(Objects(*vault_).ensure_bucket("bucket")), "ok");
  }
  void reopen() {
    vault_.reset();
    auto opened = open_small(machine_.inline_machine());
    ASSERT_EQ(told(opened), "ok");
    vault_ = std::move(*opened);
  }
  catalog::UploadRow begin(const std::string& key = "big") {
    NewUpload fresh;
    fresh.bucket = "bucket";
    fresh.key = key;
    fresh.version.metadata["place"] = "reef";
    fresh.version.content_type = "text/plain";
    const auto id = Uploads(*vault_).create(fresh);
    EXPECT_EQ(told(id), "ok");
    return Uploads(*vault_).find("bucket", key, *id).value();
  }
  Result<void> add(const catalog::UploadRow& upload, std::uint32_t number, const Bytes& bytes) {
    ATOLL_ASSIGN(const BucketState state, bucket_state(*vault_->reader(), "bucket"));
    ByteView rest = bytes;
    ATOLL_ASSIGN(const auto stored, store_content(*vault_, state.bucket, bytes.size(), upload.key,
                                                  [&](ByteSpan out) -> Result<std::size_t> {
                                                    const std::size_t count = std::min(out.size(), rest.size());
                                                    std::copy_n(rest.begin(), count, out.begin());
                                                    rest = rest.subspan(count);
                                                    return count;
                                                  }));
    StoredPart part;
    part.number = number;
    part.content = stored.content;
    part.size = stored.bytes;
    part.etag = etag_of(stored.content, stored.bytes);
    part.checksums = {{"crc32", "00000000"}};
    return Uploads(*vault_).put_part(upload, part);
  }
  Result<Uploads::Completed> complete(const catalog::UploadRow& upload) {
    Uploads::Completion completion;
    ATOLL_ASSIGN(completion.parts, Uploads(*vault_).parts(upload.id, 0, 10'000));
    completion.etag = "e-2";
    return Uploads(*vault_).complete(upload, completion);
  }
  TestMachine machine_;
  std::unique_ptr<Vault> vault_;
};

TEST_F(UploadsTest, PartsSurviveARestartAndBecomeTheObject) {
  const auto upload = begin();
  Bytes whole;
  for (std::uint32_t number = 1; number <= 5; ++number) {
    const Bytes part = noise(number, number == 3 ? 10 : 400'000 + number);
    ASSERT_EQ(told(add(upload, number, part)), "ok");
    whole.insert(whole.end(), part.begin(), part.end());
    reopen();
  }
  EXPECT_FALSE(Objects(*vault_).find("bucket", "big")) << "nothing is seen before it is complete";
  const auto before = vault_->chunks().totals().raw_bytes;
  const auto done = complete(upload);
  ASSERT_EQ(told(done), "ok");
  EXPECT_EQ(done->size, whole.size());
  EXPECT_LT(vault_->chunks().totals().raw_bytes, before + 10'000) << "only lists are written";
  EXPECT_EQ(bytes_of(*vault_, "bucket", "big").value(), whole);
  const auto found = Objects(*vault_).find("bucket", "big").value();
  EXPECT_EQ(found.version.metadata.at("place"), "reef");
  EXPECT_EQ(found.version.etag, "e-2");
  EXPECT_EQ(Uploads(*vault_).find("bucket", "big", upload.id).error().id, "upload.not_found");
  EXPECT_TRUE(Uploads(*vault_).parts(upload.id, 0, 100)->empty());
  EXPECT_EQ(complete(upload).error().id, "upload.not_found") << "once";
  // A piece across the border of two parts.
  Bytes piece;
  ASSERT_TRUE(read_version(vault_->chunks(), found.version, 400'000, 1000, [&](ByteView bytes) -> Result<bool> {
    piece.insert(piece.end(), bytes.begin(), bytes.end());
    return true;
  }));
  EXPECT_EQ(piece, Bytes(whole.begin() + 400'000, whole.begin() + 401'000));
  ASSERT_TRUE(vault_->rebuild());
  EXPECT_EQ(bytes_of(*vault_, "bucket", "big").value(), whole);
}

TEST_F(UploadsTest, ManySmallPartsAndEmptyOnesAreOneObject) {
  const auto upload = begin();
  Bytes whole;
  for (std::uint32_t number = 1; number <= 100; ++number) {
    const Bytes part = words(number, number % 7 == 0 ? 0 : number * 31);
    ASSERT_EQ(told(add(upload, number, part)), "ok");
    whole.insert(whole.end(), part.begin(), part.end());
  }
  ASSERT_EQ(told(complete(upload)), "ok");
  EXPECT_EQ(bytes_of(*vault_, "bucket", "big").value(), whole);
}

TEST_F(UploadsTest, APartCanBeReplacedUntilTheEnd) {
  const auto upload = begin();
  ASSERT_TRUE(add(upload, 1, words(1, 1000)));
  Uploads::Completion stale;
  stale.parts = Uploads(*vault_).parts(upload.id, 0, 10).value();
  ASSERT_TRUE(add(upload, 1, words(2, 2000)));
  EXPECT_EQ(Uploads(*vault_).complete(upload, stale).error().id, "upload.changed");
  ASSERT_TRUE(complete(upload));
  EXPECT_EQ(bytes_of(*vault_, "bucket", "big").value(), words(2, 2000));
}

TEST_F(UploadsTest, AnUploadIsKnownByItsKeyTooAndListedInOrder) {
  const auto b = begin("b");
  const auto a = begin("a");
  EXPECT_EQ(Uploads(*vault_).find("bucket", "a", b.id).error().id, "upload.not_found");
  EXPECT_EQ(Uploads(*vault_).find("other", "b", b.id).error().id, "upload.not_found");
  const auto listed = Uploads(*vault_).list("bucket").value();
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].id, a.id);
  ASSERT_TRUE(Uploads(*vault_).abort(a));
  EXPECT_EQ(Uploads(*vault_).list("bucket")->size(), 1U);
  EXPECT_EQ(add(a, 1, words(1, 10)).error().id, "upload.not_found");
}

TEST_F(UploadsTest, CollectionsKeepPartsOfOpenUploadsAndFreeThoseOfOthers) {
  const auto kept = begin("kept");
  const auto gone = begin("gone");
  ASSERT_TRUE(add(kept, 1, noise(1, 500'000)));
  ASSERT_TRUE(add(gone, 1, noise(2, 500'000)));
  ASSERT_TRUE(Uploads(*vault_).abort(gone));
  ASSERT_TRUE(vault_->settle());
  reopen();
  const auto before = vault_->chunks().totals().raw_bytes;
  ASSERT_EQ(told(collect_garbage(*vault_, {})), "ok");
  EXPECT_LT(vault_->chunks().totals().raw_bytes, before - 400'000);
  const auto verified = verify_vault(*vault_, {});
  ASSERT_EQ(told(verified), "ok");
  EXPECT_TRUE(verified->is_clean());
  ASSERT_EQ(told(complete(kept)), "ok");
  EXPECT_EQ(bytes_of(*vault_, "bucket", "kept").value(), noise(1, 500'000));
}

}  // namespace
}  // namespace atl::vault
