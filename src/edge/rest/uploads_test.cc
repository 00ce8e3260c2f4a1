#include <gtest/gtest.h>

#include "edge/rest/testing/rest_world.h"
#include "foundation/codec/hash.h"

namespace atl::rest {
namespace {

using testing::Reply;
using testing::RestWorld;

class UploadsTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(world_.ask("PUT", "/api/v1/buckets/photos").status, 201U); }
  std::string begin(std::uint64_t length, const std::string& query = "?bucket=photos&key=up") {
    const auto reply = world_.ask("POST", "/api/v1/uploads" + query, "",
                                  {{"Tus-Resumable", "1.0.0"}, {"Upload-Length", std::to_string(length)}});
    EXPECT_EQ(reply.status, 201U) << reply.body;
    const std::string place = reply.header("Location");
    return place.substr(place.find("/api/"));
  }
  Reply piece(const std::string& place, std::uint64_t offset, const std::string& bytes, net::Headers more = {}) {
    more.set("Tus-Resumable", "1.0.0");
    more.set("Content-Type", "application/offset+octet-stream");
    more.set("Upload-Offset", std::to_string(offset));
    return world_.ask("PATCH", place, bytes, more);
  }
  std::string offset(const std::string& place) {
    return world_.ask("HEAD", place, "", {{"Tus-Resumable", "1.0.0"}}).header("Upload-Offset");
  }
  std::string content(const std::string& key) { return world_.ask("GET", "/api/v1/buckets/photos/objects/" + key).body; }
  RestWorld world_;
};

TEST_F(UploadsTest, PiecesBecomeOneObjectWithTheLastByte) {
  const std::string bytes = to_string(vault::testing::noise(3, 200'000));
  const std::string place = begin(bytes.size());
  EXPECT_EQ(offset(place), "0");
  EXPECT_EQ(piece(place, 0, bytes.substr(0, 70'000)).status, 204U);
  world_.restart_door();
  EXPECT_EQ(offset(place), "70000");
  EXPECT_EQ(world_.ask("GET", "/api/v1/buckets/photos/objects/up").status, 404U);
  const auto last = piece(place, 70'000, bytes.substr(70'000));
  EXPECT_EQ(last.status, 204U) << last.body;
  EXPECT_EQ(last.header("Upload-Offset"), "200000");
  EXPECT_EQ(content("up"), bytes);
  EXPECT_EQ(offset(place), "200000");  // for whoever did not get the last answer
  EXPECT_EQ(piece(place, 200'000, "x").status, 404U);
}

TEST_F(UploadsTest, WrongOffsetsLengthsAndChecksumsChangeNothing) {
  const std::string place = begin(6);
  EXPECT_EQ(piece(place, 1, "bc").text("id"), "upload.bad_offset");
  EXPECT_EQ(piece(place, 0, "1234567").text("id"), "http.body_too_large");
  EXPECT_EQ(piece(place, 0, "abc", {{"Upload-Checksum", "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA="}}).status, 460U);
  EXPECT_EQ(piece(place, 0, "abc", {{"Upload-Checksum", "md4 AAAA"}}).status, 400U);
  EXPECT_EQ(offset(place), "0");
  const std::string right = "sha256 " + to_base64(codec::sha256(as_bytes(std::string_view("abc"))));
  EXPECT_EQ(piece(place, 0, "abc", {{"Upload-Checksum", right}}).status, 204U);
  // FIPS 180-4, the example of "abc".
  EXPECT_EQ(piece(place, 3, "abc", {{"Upload-Checksum", "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0="}}).status, 204U);
  EXPECT_EQ(content("up"), "abcabc");
}

TEST_F(UploadsTest, NothingAtAllIsAnUploadToo) {
  begin(0);
  EXPECT_EQ(world_.ask("GET", "/api/v1/buckets/photos/objects/up").status, 200U);
}

TEST_F(UploadsTest, MetadataSaysWhereAndWhat) {
  const std::string field = "bucket " + to_base64(as_bytes(std::string_view("photos"))) + ",filename " +
                            to_base64(as_bytes(std::string_view("b\xC3\xA4"
                                                                "ch"))) +
                            ",filetype " + to_base64(as_bytes(std::string_view("image/png"))) + ",place " +
                            to_base64(as_bytes(std::string_view("Sylt")));
  const auto reply = world_.ask("POST", "/api/v1/uploads", "abc",
                                {{"Tus-Resumable", "1.0.0"}, {"Upload-Length", "3"}, {"Upload-Metadata", field},
                                 {"Content-Type", "application/offset+octet-stream"}});
  EXPECT_EQ(reply.status, 201U) << reply.body;
  const auto object = world_.ask("GET", "/api/v1/buckets/photos/objects/b%C3%A4ch");
  EXPECT_EQ(object.body, "abc");
  EXPECT_EQ(object.header("Content-Type"), "image/png");
  EXPECT_EQ(object.header("Atoll-Meta-place"), "Sylt");
}

TEST_F(UploadsTest, OthersCannotTouchAnUploadAndItExpires) {
  const std::string place = begin(6);
  world_.as("rob");
  EXPECT_EQ(piece(place, 0, "abc").status, 403U);
  EXPECT_EQ(world_.ask("DELETE", place, "", {{"Tus-Resumable", "1.0.0"}}).status, 403U);
  world_.as("ada");
  world_.machine().clock.advance_us(8LL * 86'400 * 1'000'000);
  EXPECT_EQ(piece(place, 0, "abc").status, 410U);
  EXPECT_EQ(piece(place, 0, "abc").status, 404U);
}

TEST_F(UploadsTest, AnAgentDoesNotOverwriteByUploading) {
  ASSERT_EQ(world_.ask("PUT", "/api/v1/buckets/photos/objects/up", "old").status, 201U);
  world_.as("rob");
  const auto refused = world_.ask("POST", "/api/v1/uploads?bucket=photos&key=up", "",
                                  {{"Tus-Resumable", "1.0.0"}, {"Upload-Length", "3"}});
  EXPECT_EQ(refused.status, 403U);
}

}  // namespace
}  // namespace atl::rest
