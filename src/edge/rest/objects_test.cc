#include <gtest/gtest.h>

#include "edge/rest/testing/rest_world.h"

namespace atl::rest {
namespace {

using testing::differs;
using testing::Reply;
using testing::RestWorld;

class ObjectsTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(world_.ask("PUT", "/api/v1/buckets/photos").status, 201U); }
  Reply put(const std::string& key, const std::string& body, net::Headers headers = {}) {
    return world_.ask("PUT", "/api/v1/buckets/photos/objects/" + key, body, std::move(headers));
  }
  Reply get(const std::string& key_and_query, net::Headers headers = {}) {
    return world_.ask("GET", "/api/v1/buckets/photos/objects/" + key_and_query, {}, std::move(headers));
  }
  RestWorld world_;
};

TEST_F(ObjectsTest, WhatIsPutIsReadBackWithItsFacts) {
  const auto put_reply = put("2024/beach.txt", "sand and sea",
                             {{"Content-Type", "text/plain"},
                              {"Atoll-Meta-Place", "Sylt"},
                              {"Atoll-Tags", "a=1&b=%C3%A4"},
                              {"Atoll-Modified", "2024-07-01T10:00:00Z"}});
  ASSERT_EQ(put_reply.status, 201U) << put_reply.body;
  EXPECT_EQ(differs("Object", put_reply.json()), "");
  const auto reply = get("2024/beach.txt");
  EXPECT_EQ(reply.status, 200U);
  EXPECT_EQ(reply.body, "sand and sea");
  EXPECT_EQ(reply.header("Content-Type"), "text/plain");
  EXPECT_EQ(reply.header("Atoll-Meta-place"), "Sylt");
  EXPECT_EQ(reply.header("Atoll-Tags"), "a=1&b=%C3%A4");
  EXPECT_EQ(reply.header("Atoll-Modified"), "2024-07-01T10:00:00Z");
  EXPECT_EQ(reply.header("ETag"), put_reply.text("etag"));
  EXPECT_EQ(world_.ask("HEAD", "/api/v1/buckets/photos/objects/2024%2Fbeach.txt").header("ETag"),
            put_reply.text("etag"));
}

TEST_F(ObjectsTest, AKeyMayHoldAnyBytesButNul) {
  const auto put_reply = put("a%FFb%20c//d%2F", "x");
  ASSERT_EQ(put_reply.status, 201U) << put_reply.body;
  EXPECT_EQ(put_reply.text("key_b64"), to_base64(as_bytes(std::string_view("a\xFF"
                                                                           "b c//d/"))));
  EXPECT_EQ(get("a%FFb%20c//d/").body, "x");
  EXPECT_EQ(put("nul%00", "x").status, 400U);
  EXPECT_EQ(put("half%2", "x").text("id"), "uri.bad_percent");
}

TEST_F(ObjectsTest, OneByteRangesAreCutAndOthersRefused) {
  const Bytes content = vault::testing::noise(1, 3'000'000);
  ASSERT_EQ(put("big", to_string(content)).status, 201U);
  const auto part = get("big", {{"Range", "bytes=1000000-1999999"}});
  EXPECT_EQ(part.status, 206U);
  EXPECT_EQ(part.header("Content-Range"), "bytes 1000000-1999999/3000000");
  EXPECT_TRUE(equal(as_bytes(part.body), ByteView(content).subspan(1'000'000, 1'000'000)));
  EXPECT_TRUE(equal(as_bytes(get("big").body), content));
  const auto none = get("big", {{"Range", "bytes=3000000-"}});
  EXPECT_EQ(none.status, 416U);
  EXPECT_EQ(none.header("Content-Range"), "bytes */3000000");
}

TEST_F(ObjectsTest, ConditionsKeepTwoWritersApart) {
  const auto first = put("a", "1", {{"If-None-Match", "*"}});
  EXPECT_EQ(first.status, 201U);
  EXPECT_EQ(put("a", "2", {{"If-None-Match", "*"}}).status, 412U);
  const auto second = put("a", "2", {{"If-Match", first.text("etag")}});
  EXPECT_EQ(second.status, 200U);
  EXPECT_EQ(put("a", "3", {{"If-Match", first.text("etag")}}).text("id"), "http.precondition_failed");
  EXPECT_EQ(get("a", {{"If-None-Match", second.text("etag")}}).status, 304U);
  EXPECT_EQ(world_.ask("DELETE", "/api/v1/buckets/photos/objects/a", {}, {{"If-Match", first.text("etag")}}).status,
            412U);
  EXPECT_EQ(get("a").body, "2");
}

TEST_F(ObjectsTest, AnEarlierVersionIsReadByItsIdAndByItsTime) {
  const auto first = put("a", "one");
  ASSERT_EQ(put("a", "two").status, 200U);
  EXPECT_EQ(get("a?version=" + first.text("version")).body, "one");
  EXPECT_EQ(get("a?as_of=" + std::to_string(first.number("lsn"))).body, "one");
  EXPECT_EQ(get("a?version=nonsense").status, 404U);
  EXPECT_EQ(get("a?version=x&as_of=1").status, 400U);
}

TEST_F(ObjectsTest, RemovedObjectsAreListedOnRequestAndGoForGoodOnRequest) {
  ASSERT_EQ(put("a", "one").status, 201U);
  EXPECT_EQ(world_.ask("DELETE", "/api/v1/buckets/photos/objects/a").status, 204U);
  EXPECT_EQ(get("a").text("id"), "object.not_found");
  EXPECT_EQ(world_.ask("DELETE", "/api/v1/buckets/photos/objects/a").status, 404U);
  const auto deleted = world_.ask("GET", "/api/v1/buckets/photos/objects?deleted").json();
  ASSERT_EQ(deleted.find("objects")->as_array()->size(), 1U);
  EXPECT_NE(deleted.find("objects")->as_array()->front().find("deleted"), nullptr);
  const auto gone = world_.ask("DELETE", "/api/v1/buckets/photos/objects/a?forever&reason=test");
  EXPECT_EQ(gone.status, 200U) << gone.body;
  EXPECT_EQ(gone.number("versions"), 1U);
  EXPECT_EQ(world_.ask("GET", "/api/v1/buckets/photos/objects?deleted").json().find("objects")->as_array()->size(), 0U);
}

TEST_F(ObjectsTest, PagesOfAListJoinToTheWholeAndACursorBelongsToItsList) {
  for (const char* key : {"a/1", "a/2", "b", "c/1", "d"}) ASSERT_EQ(put(key, key).status, 201U);
  std::string all;
  std::string cursor;
  do {
    const auto reply = world_.ask("GET", "/api/v1/buckets/photos/objects?limit=1" + cursor);
    ASSERT_EQ(reply.status, 200U) << reply.body;
    const auto page = reply.json();
    EXPECT_EQ(differs("ObjectList", page), "");
    for (const auto& one : *page.find("objects")->as_array()) all += one.text_of("key").value() + " ";
    for (const auto& one : *page.find("prefixes")->as_array()) all += one.text_of("prefix").value() + " ";
    const std::string next = page.text_of("next_cursor").value();
    cursor = next.empty() ? "" : "&cursor=" + next;
  } while (!cursor.empty());
  EXPECT_EQ(all, "a/ b c/ d ");
  const std::string other = world_.ask("GET", "/api/v1/buckets/photos/objects?limit=1").text("next_cursor");
  EXPECT_EQ(world_.ask("GET", "/api/v1/buckets/photos/objects?recursive&cursor=" + other).text("id"),
            "http.bad_cursor");
  EXPECT_EQ(world_.ask("GET", "/api/v1/buckets/photos/objects?cursor=AAAA").text("id"), "http.bad_cursor");
}

TEST_F(ObjectsTest, UnknownAndRepeatedParametersAreNamed) {
  const auto unknown = world_.ask("GET", "/api/v1/buckets/photos/objects?recursiv=true");
  EXPECT_EQ(unknown.status, 400U);
  EXPECT_NE(unknown.text("detail").find("recursiv"), std::string::npos);
  EXPECT_EQ(world_.ask("GET", "/api/v1/buckets/photos/objects?limit=2&limit=3").status, 400U);
  EXPECT_EQ(world_.ask("GET", "/api/v1/buckets/photos/objects?limit=0").status, 400U);
  EXPECT_EQ(world_.ask("GET", "/api/v1/buckets/photos/objects?deleted=perhaps").status, 400U);
}

TEST_F(ObjectsTest, AnAgentAddsButDoesNotOverwriteForGoodOrRemove) {
  ASSERT_EQ(put("a", "one").status, 201U);
  world_.as("ann");
  EXPECT_EQ(put("b", "two").status, 201U);
  EXPECT_EQ(get("a").body, "one");
  EXPECT_EQ(world_.ask("DELETE", "/api/v1/buckets/photos/objects/a?forever").status, 403U);
  world_.as("rob");
  EXPECT_EQ(put("c", "three").status, 403U);
  EXPECT_EQ(get("a").status, 200U);
  world_.as("");
  EXPECT_EQ(get("a").status, 401U);
}

TEST_F(ObjectsTest, ConditionsOnAgeAndTierAreAskedOfTheVersionThatIsRead) {
  const auto first = put("a", "one");
  catalog::RoleRow role;
  role.name = "recent-and-warm";
  catalog::RoleRule rule;
  rule.actions = {"read", "read_version"};
  rule.tiers = {"warm"};
  rule.age_seconds_max = 86'400;
  role.rules = {rule};
  const auto owner = access::Who::local_owner();
  ASSERT_EQ(vault::testing::told(world_.access().put_role(owner, role)), "ok");
  catalog::GrantRow grant;
  grant.role = role.name;
  ASSERT_EQ(vault::testing::told(world_.access().add_grant(owner, "zoe", grant)), "ok");
  world_.as("zoe");
  EXPECT_EQ(get("a").body, "one");
  world_.machine().clock.advance_s(2 * 86'400);
  EXPECT_EQ(get("a").status, 403U);
  world_.as("ada");
  ASSERT_EQ(put("a", "two").status, 200U);
  world_.as("zoe");
  EXPECT_EQ(get("a").body, "two");
  EXPECT_EQ(get("a?version=" + first.text("version")).status, 403U);
}

TEST_F(ObjectsTest, ADigestThatDiffersRefusesTheContent) {
  const std::string right = "sha-256=:" + to_base64(codec::sha256(as_bytes(std::string_view("sand")))) + ":";
  EXPECT_EQ(put("a", "sand", {{"Repr-Digest", right}}).status, 201U);
  EXPECT_EQ(get("a").header("Repr-Digest"), right);
  EXPECT_EQ(put("b", "mud", {{"Repr-Digest", right}}).text("id"), "http.digest_mismatch");
  EXPECT_EQ(get("b").status, 404U);
}

TEST_F(ObjectsTest, AQuotaEndsStoring) {
  catalog::QuotaRow quota;
  quota.vault = world_.vault().head().vault;
  quota.bucket = "photos";
  quota.bytes_max = 10;
  ASSERT_EQ(vault::testing::told(world_.access().set_quota(access::Who::local_owner(), quota)), "ok");
  EXPECT_EQ(put("a", "12345678").status, 201U);
  EXPECT_EQ(put("b", "12345678").status, 507U);
  EXPECT_EQ(world_.ask("DELETE", "/api/v1/buckets/photos/objects/a").status, 204U);
  EXPECT_EQ(put("b", "12345678").status, 201U);
}

TEST_F(ObjectsTest, MethodsThatAPathLacksAreToldWithThoseItHas) {
  const auto reply = world_.ask("PATCH", "/api/v1/buckets/photos");
  EXPECT_EQ(reply.status, 405U);
  EXPECT_EQ(reply.header("Allow"), "PUT, GET, DELETE");
  EXPECT_EQ(world_.ask("GET", "/api/v1/nothing").status, 404U);
}

}  // namespace
}  // namespace atl::rest
