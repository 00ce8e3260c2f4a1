#include "store/blob/s3/s3_blob_store.h"

#include <gtest/gtest.h>

#include <random>

#include "store/blob/checked_writer.h"
#include "store/blob/s3/s3_folder_view.h"
#include "store/blob/s3/testing/fake_s3.h"
#include "store/blob/testing/blob_store_contract.h"

namespace atl::blob {
namespace {

using testing::blob_store_case;
using testing::BlobStoreContract;
using testing::BlobStoreUnderTest;
using testing::FakeS3;

constexpr std::uint64_t kPiece = S3Client::kPartBytesMin;

std::unique_ptr<BlobStore> store_of(const FakeS3& server, Layout layout, std::string storage_class = {}) {
  return make_s3_blob_store(server.client("copy"), "vaults/v/packs",
                            {layout, ".pack", std::move(storage_class), kPiece});
}
BlobStoreUnderTest make(Layout layout) {
  auto server = std::make_shared<FakeS3>();
  auto store = store_of(*server, layout);
  return {server, std::move(store)};
}
INSTANTIATE_TEST_SUITE_P(S3, BlobStoreContract,
                         ::testing::Values(blob_store_case("fan_out", [] { return make(Layout::fan_out); }),
                                           blob_store_case("flat", [] { return make(Layout::flat); })),
                         [](const auto& one) { return one.param.name; });

class S3BlobStoreTest : public ::testing::Test {
 protected:
  static constexpr const char* kName = "01890a5d-ac96-774b-bcce-b302099a8057.pack";
  const std::string key_ = "copy/vaults/v/packs/57/" + std::string(kName);
  static Bytes noise(std::size_t size, std::uint32_t seed) {
    std::mt19937 random(seed);
    Bytes bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    return bytes;
  }
  Bytes whole(const BlobStore& store) {
    const auto info = store.stat(kName).value();
    Bytes bytes(info ? static_cast<std::size_t>(info->size) : 0);
    const auto read = store.fetch_exact(kName, 0, bytes);
    EXPECT_TRUE(read || !info);
    return bytes;
  }
  std::size_t pieces() {
    std::size_t count = 0;
    for (const auto& key : server_.keys()) count += key.find(".open/") == std::string::npos ? 0 : 1;
    return count;
  }
  FakeS3 server_;
  std::unique_ptr<BlobStore> store_ = store_of(server_, Layout::fan_out);
};

TEST_F(S3BlobStoreTest, LargeBlobIsPutTogetherFromPiecesThatWereReadBack) {
  const Bytes content = noise(3 * kPiece + 12'345, 1);
  auto writer = CheckedWriter::begin(*store_, kName).value();
  for (std::size_t at = 0; at < content.size(); at += 1'000'000)
    ASSERT_TRUE(writer->append(ByteView(content).subspan(at, std::min<std::size_t>(1'000'000, content.size() - at))));
  EXPECT_EQ(pieces(), 3U);
  const auto done = writer->commit();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(server_.keys(), (std::vector<std::string>{key_}));
  EXPECT_TRUE(equal(server_.objects[key_].bytes, content));
  EXPECT_TRUE(equal(whole(*store_), content));
  EXPECT_TRUE(server_.uploads.empty());
}

TEST_F(S3BlobStoreTest, WhatChangesOnItsWayIsFoundWhenItIsReadBack) {
  const Bytes content = noise(kPiece + 10, 2);
  auto writer = CheckedWriter::begin(*store_, kName).value();
  ASSERT_TRUE(writer->append(content));
  {
    const std::lock_guard lock(server_.mutex);
    server_.objects[key_ + ".open/0000000000000000"].bytes[100] ^= 1U;
  }
  EXPECT_EQ(writer->commit().error().id, "blob.not_read_back");
  EXPECT_FALSE(server_.objects.contains(key_));
}

TEST_F(S3BlobStoreTest, ManySmallSyncsLeaveFewPiecesAndWriteLittleTwice) {
  const Bytes content = noise(4'000'000, 3);
  auto writer = store_->receive(kName).value();
  std::size_t most = 0;
  for (std::size_t at = 0; at < content.size(); at += 10'000) {
    ASSERT_TRUE(writer->append(ByteView(content).subspan(at, 10'000)));
    ASSERT_TRUE(writer->sync());
    most = std::max(most, pieces());
  }
  EXPECT_LE(most, 10U);  // the logarithm of 400
  // Another process sees all of it, and goes on behind a part.
  const auto other = store_of(server_, Layout::fan_out);
  EXPECT_EQ(other->enumerate().value(), (std::vector{BlobInfo{kName, content.size(), false}}));
  Bytes there(content.size());
  EXPECT_EQ(other->fetch_unfinished(kName, 0, there).value(), there.size());
  EXPECT_TRUE(equal(there, content));
  writer.reset();
  auto adopted = other->adopt(kName, 1'234'567).value();
  ASSERT_TRUE(adopted->append(as_bytes("end")));
  ASSERT_TRUE(adopted->sync());
  ASSERT_TRUE(adopted->commit());
  Bytes expected(content.begin(), content.begin() + 1'234'567);
  expected.insert(expected.end(), {'e', 'n', 'd'});
  EXPECT_TRUE(equal(server_.objects[key_].bytes, expected));
  EXPECT_EQ(pieces(), 0U);
}

TEST_F(S3BlobStoreTest, BlobThatWasFinishedWithAnAnswerLostCounts) {
  const Bytes content = noise(kPiece + 10, 4);
  auto writer = store_->receive(kName).value();
  ASSERT_TRUE(writer->append(content));
  server_.fail_next(1, FakeS3::Fault::lose, "POST", "uploadId=");
  const auto done = writer->commit();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(equal(whole(*store_), content));
  EXPECT_EQ(pieces(), 0U);
}

TEST_F(S3BlobStoreTest, BlobThatWasNotFinishedIsLeftInPiecesAndAdopted) {
  const Bytes content = noise(2 * kPiece + 10, 5);
  {
    auto writer = store_->receive(kName).value();
    ASSERT_TRUE(writer->append(content));
    server_.fail_next(1, FakeS3::Fault::fail, "POST", "uploadId=");
    const auto done = writer->commit();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().id, "s3.unknown_state");
  }
  EXPECT_TRUE(server_.uploads.empty()) << "parts that nobody sees are not paid for";
  EXPECT_EQ(store_->stat(kName).value(), (BlobInfo{kName, content.size(), false}));
  ASSERT_TRUE(store_->adopt(kName, content.size()).value()->commit());
  EXPECT_TRUE(equal(server_.objects[key_].bytes, content));
}

TEST_F(S3BlobStoreTest, ColdBlobsAreReadBackBeforeTheyAreCold) {
  const auto cold = store_of(server_, Layout::fan_out, "GLACIER");
  const Bytes content = noise(kPiece + 10, 6);
  auto writer = CheckedWriter::begin(*cold, kName).value();
  ASSERT_TRUE(writer->append(content));
  const auto done = writer->commit();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(server_.objects[key_].storage_class, "GLACIER");
  Bytes part(10);
  EXPECT_EQ(cold->fetch(kName, 0, part).error().id, "s3.cold");
  EXPECT_EQ(cold->stat(kName).value()->size, content.size());
}

// Against a string that has the same done to it, with requests that fail in between.
TEST_F(S3BlobStoreTest, RandomHistoriesEndAsTheyWould) {
  for (std::uint32_t seed = 1; seed <= 25; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 engine(seed);
    const auto random = [&] { return static_cast<std::uint32_t>(engine()); };
    const std::string name = "0000-" + std::to_string(seed) + "-aa.pack";
    auto store = store_of(server_, Layout::fan_out);
    auto writer = store->receive(name).value();
    Bytes expected;
    for (int step = 0; step < 12; ++step) {
      const std::uint32_t what = random() % 6;
      if (random() % 3 == 0)
        server_.fail_next(1 + random() % 3, FakeS3::Fault::fail, random() % 2 == 0 ? "PUT" : "GET");
      if (what <= 2) {
        const Bytes more = noise(random() % (what == 0 ? 4'000'000 : 50'000), random());
        ASSERT_TRUE(writer->append(more));
        expected.insert(expected.end(), more.begin(), more.end());
      } else if (what == 3) {
        ASSERT_TRUE(writer->sync());
      } else if (what == 4) {
        expected.resize(expected.empty() ? 0 : random() % expected.size());
        ASSERT_TRUE(writer->rewind(expected.size()));
      } else {
        writer.reset();  // another session goes on
        store = store_of(server_, Layout::fan_out);
        const auto info = store->stat(name).value();
        ASSERT_EQ(info ? info->size : 0, expected.size());
        if (!expected.empty()) expected.resize(random() % expected.size() + 1);
        auto next = info ? store->adopt(name, expected.size()) : store->receive(name);
        ASSERT_TRUE(next) << next.error().message;
        writer = std::move(*next);
      }
      ASSERT_EQ(writer->position(), expected.size());
      Bytes there(expected.size());
      if (!expected.empty()) {
        ASSERT_EQ(store->fetch_unfinished(name, 0, there).value(), expected.size());
      }
      ASSERT_TRUE(equal(there, expected));
    }
    ASSERT_TRUE(writer->commit());
    ASSERT_TRUE(equal(server_.objects["copy/vaults/v/packs/aa/" + name].bytes, expected));
    EXPECT_EQ(pieces(), 0U);
    server_.objects.clear();
  }
}

TEST_F(S3BlobStoreTest, FinishedFilesAreSeenAsAFolder) {
  const Bytes content = noise(200'000, 7);
  auto writer = store_->receive(kName).value();
  ASSERT_TRUE(writer->append(content));
  ASSERT_TRUE(writer->commit());
  auto unfinished = store_->receive("0000-bb.pack").value();
  ASSERT_TRUE(unfinished->append(as_bytes("x")));
  ASSERT_TRUE(unfinished->sync());
  S3FolderView view(server_.client("copy"));
  const auto packs = view.list("/vaults/v/packs").value();
  ASSERT_EQ(packs.size(), 2U);
  EXPECT_EQ(packs[0].name, "57");
  EXPECT_EQ(packs[0].kind, platform::FileKind::directory);
  EXPECT_TRUE(view.list("/vaults/v/packs/bb").value().empty()) << "no finished file is in it";
  EXPECT_EQ(view.stat("vaults/v").value()->kind, platform::FileKind::directory);
  EXPECT_FALSE(view.stat("vaults/w").value());
  const std::string path = "/vaults/v/packs/57/" + std::string(kName);
  EXPECT_EQ(view.stat(path).value()->size, content.size());
  EXPECT_TRUE(equal(platform::read_whole(view, path, 1'000'000).value(), content));
  EXPECT_EQ(view.open("/vaults/v/packs/57/none", platform::OpenMode::read).error().kind, ErrorKind::not_found);
  EXPECT_EQ(view.remove_file(path).error().id, "s3.read_only");
  EXPECT_EQ(view.open(path, platform::OpenMode::read_write).error().id, "s3.read_only");
}

}  // namespace
}  // namespace atl::blob
