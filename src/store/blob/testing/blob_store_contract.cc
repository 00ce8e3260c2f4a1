#include "store/blob/testing/blob_store_contract.h"

#include <array>
#include <vector>

namespace atl::blob::testing {
namespace {

constexpr const char* kName = "01890a5d-ac96-774b-bcce-b302099a8057.pack";
constexpr const char* kOther = "01890a5d-ac96-774b-bcce-b302099a80ff.pack";

}  // namespace

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(BlobStoreContract);

BlobStoreMaker blob_store_case(std::string name, std::function<BlobStoreUnderTest()> make) {
  return {std::move(name), std::move(make)};
}

void BlobStoreContract::put(const std::string& name, const std::string& content) {
  auto writer = store_.receive(name);
  ASSERT_TRUE(writer) << writer.error().message;
  ASSERT_TRUE((*writer)->append(as_bytes(content)));
  const auto committed = (*writer)->commit();
  ASSERT_TRUE(committed) << committed.error().message;
}

std::string BlobStoreContract::get(const std::string& name) const {
  Bytes bytes(1000);
  const auto got = store_.fetch(name, 0, bytes);
  if (!got) return "error " + got.error().id;
  bytes.resize(*got);
  return to_string(bytes);
}

TEST_P(BlobStoreContract, EmptyStoreHasNothing) {
  EXPECT_TRUE(store_.enumerate().value().empty());
  EXPECT_FALSE(store_.stat(kName).value());
  EXPECT_EQ(get(kName), "error blob.not_found");
  EXPECT_FALSE(store_.remove(kName).value());
  EXPECT_FALSE(store_.remove_unfinished(kName).value());
  EXPECT_EQ(store_.adopt(kName, 0).error().kind, ErrorKind::not_found);
  EXPECT_EQ(store_.replace(kName).error().kind, ErrorKind::not_found);
}

TEST_P(BlobStoreContract, ReceivedBlobIsThereWholeAndInRanges) {
  put(kName, "hello world");
  EXPECT_EQ(get(kName), "hello world");
  std::array<std::uint8_t, 5> part{};
  EXPECT_EQ(store_.fetch(kName, 6, part).value(), 5U);
  EXPECT_EQ(as_text(part), "world");
  EXPECT_EQ(store_.fetch(kName, 8, part).value(), 3U);
  EXPECT_EQ(store_.fetch(kName, 11, part).value(), 0U);
  EXPECT_EQ(store_.fetch(kName, 1ULL << 62, part).value(), 0U);
  EXPECT_EQ(store_.fetch_exact(kName, 8, part).error().kind, ErrorKind::damaged);
  EXPECT_EQ(store_.stat(kName).value(), (BlobInfo{kName, 11, true}));
}

TEST_P(BlobStoreContract, UnfinishedBlobCanBeReadAndListed) {
  auto writer = store_.receive(kName).value();
  ASSERT_TRUE(writer->append(as_bytes("abc")));
  EXPECT_EQ(get(kName), "abc");
  ASSERT_TRUE(writer->append(as_bytes("def")));
  EXPECT_EQ(get(kName), "abcdef");
  EXPECT_EQ(writer->position(), 6U);
  EXPECT_EQ(store_.enumerate().value(), (std::vector{BlobInfo{kName, 6, false}}));
  EXPECT_EQ(store_.receive(kName).error().kind, ErrorKind::conflict);
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(store_.enumerate().value(), (std::vector{BlobInfo{kName, 6, true}}));
  EXPECT_EQ(get(kName), "abcdef");
  EXPECT_FALSE(writer->append(as_bytes("late")));
  EXPECT_EQ(store_.receive(kName).error().kind, ErrorKind::conflict);
}

TEST_P(BlobStoreContract, AbandonedBlobIsAdoptedAndItsTailForgotten) {
  ASSERT_TRUE(store_.receive(kName).value()->append(as_bytes("goodJUNKJUNK")));
  EXPECT_EQ(store_.adopt(kName, 13).error().kind, ErrorKind::usage);
  auto writer = store_.adopt(kName, 4).value();
  EXPECT_EQ(writer->position(), 4U);
  ASSERT_TRUE(writer->append(as_bytes("end")));
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(get(kName), "goodend");
}

TEST_P(BlobStoreContract, RewoundBlobEndsWhereItWasRewoundTo) {
  auto writer = store_.receive(kName).value();
  ASSERT_TRUE(writer->append(as_bytes("good, and then some more")));
  ASSERT_TRUE(writer->rewind(4));
  EXPECT_EQ(writer->position(), 4U);
  ASSERT_TRUE(writer->append(as_bytes("!")));
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(get(kName), "good!");
}

TEST_P(BlobStoreContract, AbandonedBlobIsRemoved) {
  ASSERT_TRUE(store_.receive(kName).value()->append(as_bytes("x")));
  EXPECT_FALSE(store_.remove(kName).value());
  EXPECT_TRUE(store_.remove_unfinished(kName).value());
  EXPECT_EQ(get(kName), "error blob.not_found");
}

TEST_P(BlobStoreContract, RemovedBlobIsGoneAndItsNameFree) {
  put(kName, "one");
  EXPECT_EQ(get(kName), "one");
  EXPECT_TRUE(store_.remove(kName).value());
  EXPECT_EQ(get(kName), "error blob.not_found");
  put(kName, "two");
  EXPECT_EQ(get(kName), "two");
}

TEST_P(BlobStoreContract, ReplacementShowsOnlyWhenCommitted) {
  put(kName, "damaged");
  {
    auto broken_off = store_.replace(kName).value();
    ASSERT_TRUE(broken_off->append(as_bytes("hea")));
  }
  EXPECT_EQ(get(kName), "damaged");
  EXPECT_EQ(store_.enumerate().value(), (std::vector{BlobInfo{kName, 7, true}, BlobInfo{kName, 3, false}}));
  auto writer = store_.replace(kName).value();
  ASSERT_TRUE(writer->append(as_bytes("healed")));
  EXPECT_EQ(get(kName), "damaged");
  std::array<std::uint8_t, 8> part{};
  EXPECT_EQ(store_.fetch_unfinished(kName, 1, part).value(), 5U);
  EXPECT_EQ(as_text(ByteView(part).first(5)), "ealed");
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(get(kName), "healed");
  EXPECT_EQ(store_.fetch_unfinished(kName, 0, part).error().kind, ErrorKind::not_found);
  EXPECT_EQ(store_.enumerate().value(), (std::vector{BlobInfo{kName, 6, true}}));
}

TEST_P(BlobStoreContract, EnumerationIsSorted) {
  put(kOther, "2");
  put(kName, "1");
  EXPECT_EQ(store_.enumerate().value(), (std::vector{BlobInfo{kName, 1, true}, BlobInfo{kOther, 1, true}}));
}

TEST_P(BlobStoreContract, BadNamesAreRefused) {
  for (const std::string& name : {std::string(), std::string(".pack"), std::string("../x.pack"),
                                  std::string("a/b.pack"), std::string("ab.pack.open"), std::string("a\0b.pack", 8)}) {
    SCOPED_TRACE(name);
    EXPECT_EQ(store_.receive(name).error().kind, ErrorKind::usage);
    EXPECT_EQ(store_.stat(name).error().kind, ErrorKind::usage);
    EXPECT_EQ(store_.remove(name).error().kind, ErrorKind::usage);
  }
  EXPECT_EQ(store_.receive(std::string(201, 'a') + ".pack").error().kind, ErrorKind::usage);
}

}  // namespace atl::blob::testing
