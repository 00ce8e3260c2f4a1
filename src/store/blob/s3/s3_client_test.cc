#include "store/blob/s3/s3_client.h"

#include <gtest/gtest.h>

#include "foundation/platform/posix_machine.h"
#include "store/blob/s3/internal/s3_answers.h"
#include "store/blob/s3/testing/fake_s3.h"

namespace atl::blob {
namespace {

using testing::FakeS3;

class S3ClientTest : public ::testing::Test {
 protected:
  std::string read(const std::string& key, std::uint64_t offset = 0, std::size_t size = 1000) {
    Bytes bytes(size);
    const auto got = client_->get(key, offset, bytes);
    if (!got) return "error " + got.error().id;
    if (!*got) return "none";
    bytes.resize(**got);
    return to_string(bytes);
  }
  FakeS3 server_;
  std::unique_ptr<S3Client> client_ = server_.client("a/b");
};

TEST_F(S3ClientTest, ObjectsLieBelowThePrefixAndNothingElseIsSeen) {
  server_.objects["a/c"] = {to_bytes(as_bytes("not ours")), "", Thaw::not_needed};
  server_.objects["a/bc"] = {to_bytes(as_bytes("not ours either")), "", Thaw::not_needed};
  ASSERT_TRUE(client_->put("x/y", as_bytes("hello world")));
  EXPECT_TRUE(server_.objects.contains("a/b/x/y"));
  EXPECT_EQ(read("x/y"), "hello world");
  EXPECT_EQ(read("x/y", 6, 3), "wor");
  EXPECT_EQ(read("x/y", 11), "");
  EXPECT_EQ(read("missing"), "none");
  EXPECT_EQ(client_->head("x/y").value()->size, 11U);
  EXPECT_FALSE(client_->head("missing").value());
  const auto listing = client_->list("", false).value();
  EXPECT_EQ(listing.objects, (std::vector{S3Object{"x/y", 11, ""}}));
  ASSERT_TRUE(client_->copy("x/y", "z", "GLACIER"));
  EXPECT_EQ(client_->head("z").value()->thaw, Thaw::frozen);
  ASSERT_TRUE(client_->remove("x/y"));
  ASSERT_TRUE(client_->remove("x/y"));
  EXPECT_EQ(read("x/y"), "none");
  EXPECT_TRUE(server_.objects.contains("a/c"));
}

TEST_F(S3ClientTest, ListingsAreReadToTheirEnd) {
  for (char c = 'a'; c <= 'k'; ++c) ASSERT_TRUE(client_->put(std::string("f/") + c + "/1", as_bytes("1")));
  ASSERT_TRUE(client_->put("f/x", as_bytes("22")));
  EXPECT_EQ(client_->list("f/", false).value().objects.size(), 12U);
  const auto flat = client_->list("f/", true).value();
  EXPECT_EQ(flat.folders.size(), 11U);
  EXPECT_EQ(flat.objects, (std::vector{S3Object{"f/x", 2, ""}}));
}

TEST_F(S3ClientTest, PassingFailuresAreTriedAgainAndLastingOnesEnd) {
  server_.fail_next(1, FakeS3::Fault::refuse);
  EXPECT_FALSE(client_->head("x").value()) << "before the first answer two tries are made";
  server_.fail_next(5, FakeS3::Fault::fail, "PUT");
  ASSERT_TRUE(client_->put("x", as_bytes("once")));
  EXPECT_EQ(read("x"), "once");
  server_.fail_next(3, FakeS3::Fault::lose, "GET");
  EXPECT_EQ(read("x"), "once") << "what was read of a broken answer is read again";
  server_.fail_next(1000, FakeS3::Fault::refuse);
  const auto refused = client_->put("x", as_bytes("twice"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "s3.server_error");
  EXPECT_EQ(refused.error().kind, ErrorKind::unreachable);
}

TEST_F(S3ClientTest, WhatIsNotTheSameWhenSentTwiceIsNotSentTwiceIntoTheDark) {
  ASSERT_FALSE(client_->head("x").value());
  server_.fail_next(1, FakeS3::Fault::refuse, "PUT");
  ASSERT_TRUE(client_->put_new("new", as_bytes("mine"))) << "a refusal is known to have done nothing";
  EXPECT_EQ(client_->put_new("new", as_bytes("another's")).error().id, "s3.taken");
  server_.fail_next(1, FakeS3::Fault::lose, "PUT");
  const auto puts = server_.requests("PUT");
  EXPECT_EQ(client_->put_new("other", as_bytes("mine")).error().id, "s3.unknown_state");
  EXPECT_EQ(server_.requests("PUT"), puts + 1);
  EXPECT_EQ(read("other"), "mine");
}

TEST_F(S3ClientTest, AServerWithoutConditionsIsAskedWhatIsThere) {
  server_.knows_conditions = false;
  const auto made = client_->put_new("new", as_bytes("mine"));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(read("new"), "mine");
  EXPECT_EQ(client_->put_new("new", as_bytes("another's")).error().id, "s3.taken");
  EXPECT_EQ(read("new"), "mine");
}

TEST_F(S3ClientTest, PartsBecomeOneObject) {
  const Bytes large(S3Client::kPartBytesMin, 'L');
  ASSERT_TRUE(client_->put("piece", large));
  const std::string upload = client_->begin_upload("whole", "STANDARD_IA").value();
  EXPECT_EQ(client_->list_uploads().value().size(), 1U);
  const std::vector<std::string> tags{client_->copy_part("whole", upload, 1, "piece").value(),
                                      client_->put_part("whole", upload, 2, as_bytes("end")).value()};
  EXPECT_EQ(read("whole"), "none");
  ASSERT_TRUE(client_->complete_upload("whole", upload, tags));
  EXPECT_EQ(client_->head("whole").value()->size, large.size() + 3);
  EXPECT_EQ(client_->head("whole").value()->storage_class, "STANDARD_IA");
  EXPECT_EQ(read("whole", large.size() - 1), "Lend");
  const std::string given_up = client_->begin_upload("other", "").value();
  ASSERT_TRUE(client_->abort_upload("other", given_up));
  EXPECT_TRUE(client_->list_uploads().value().empty());
}

TEST_F(S3ClientTest, ColdContentIsAskedForOnce) {
  ASSERT_TRUE(client_->put("cold", as_bytes("ice"), "DEEP_ARCHIVE"));
  EXPECT_EQ(read("cold"), "error s3.cold");
  ASSERT_TRUE(client_->request_thaw("cold", 7, "Bulk"));
  ASSERT_TRUE(client_->request_thaw("cold", 7, "Bulk"));
  EXPECT_EQ(client_->head("cold").value()->thaw, Thaw::under_way);
  server_.objects["a/b/cold"].thaw = Thaw::thawed;
  EXPECT_EQ(read("cold"), "ice");
}

TEST_F(S3ClientTest, ErrorsSayWhatToDo) {
  S3Place elsewhere = server_.place("p");
  elsewhere.bucket = "another";
  const auto no_bucket = server_.client(elsewhere)->list("", false);
  ASSERT_FALSE(no_bucket);
  EXPECT_EQ(no_bucket.error().id, "s3.no_bucket");
  platform::PosixMachine machine;
  const auto other_key =
      S3Client::open(machine.machine(), server_.place("p"), {"TESTKEY", "wrong", ""}, FakeS3::quick()).value();
  const auto denied = other_key->list("", false);
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().id, "s3.bad_key");
  EXPECT_EQ(denied.error().message.find("wrong"), std::string::npos) << "no secret in messages";
  EXPECT_EQ(other_key->put("x", as_bytes("y")).error().kind, ErrorKind::denied);
}

TEST_F(S3ClientTest, UnreachableServerIsGivenUpEarly) {
  S3Place nowhere = server_.place("p");
  nowhere.endpoint = "http://127.0.0.1:1";
  const auto gone = server_.client(nowhere)->head("x");
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, ErrorKind::unreachable);
}

TEST(S3Answers, WhatIsNotWholeIsNoListing) {
  const auto page = [](const std::string& inside) {
    return s3::parse_objects_page("<ListBucketResult>" + inside + "</ListBucketResult>");
  };
  const std::string object = "<Contents><Key>k</Key><Size>7</Size><StorageClass>STANDARD</StorageClass></Contents>";
  ASSERT_TRUE(page(object));
  EXPECT_EQ(page(object)->listing.objects, (std::vector{S3Object{"k", 7, ""}}));
  EXPECT_FALSE(page("<Contents><Key>k</Key></Contents>"));
  EXPECT_FALSE(page("<Contents><Key>k</Key><Size>-1</Size></Contents>"));
  EXPECT_FALSE(page("<Contents><Key>k</Key><Size>18446744073709551616</Size></Contents>"));
  EXPECT_FALSE(page(object + "<IsTruncated>true</IsTruncated>"));
  EXPECT_FALSE(s3::parse_objects_page("<html>a captive portal</html>"));
  EXPECT_FALSE(s3::parse_objects_page(""));
  EXPECT_FALSE(s3::parse_error("<html/>"));
  EXPECT_EQ(s3::parse_error("<Error><Code>" + std::string(500, 'c') + "</Code></Error>")->code.size(), 100U);
}

}  // namespace
}  // namespace atl::blob
