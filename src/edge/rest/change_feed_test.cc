#include "edge/rest/change_feed.h"

#include <gtest/gtest.h>

#include "edge/rest/testing/rest_world.h"

namespace atl::rest {
namespace {

using testing::RestWorld;

class ChangeFeedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(world_.ask("PUT", "/api/v1/buckets/photos").status, 201U);
    ASSERT_EQ(world_.ask("PUT", "/api/v1/buckets/private").status, 201U);
    put("photos", "a");
    put("private", "b");
    ASSERT_EQ(world_.ask("DELETE", "/api/v1/buckets/photos/objects/a").status, 204U);
    put("photos", "c");
  }
  void put(const std::string& bucket, const std::string& key) {
    ASSERT_EQ(world_.ask("PUT", "/api/v1/buckets/" + bucket + "/objects/" + key, key).status, 201U);
  }
  // "stored photos/a, …" of all pages.
  std::string told(const std::string& query) {
    std::string out;
    std::uint64_t since = 0;
    for (bool has_more = true; has_more;) {
      const auto reply = world_.ask("GET", "/api/v1/changes?since=" + std::to_string(since) + query);
      EXPECT_EQ(reply.status, 200U) << reply.body;
      const auto page = reply.json();
      EXPECT_EQ(testing::differs("ChangeFeed", page), "");
      for (const auto& one : *page.find("changes")->as_array()) {
        out += one.text_of("event").value() + " " + one.text_of("bucket").value() + "/" + one.text_of("key").value() + ", ";
      }
      since = page.number_of("next_since").value();
      has_more = page.flag_of("has_more").value();
    }
    return out;
  }
  RestWorld world_;
};

TEST_F(ChangeFeedTest, EverythingIsToldOnceInOrder) {
  const std::string all = "bucket_created photos/, bucket_created private/, stored photos/a, stored private/b, removed "
                          "photos/a, stored photos/c, ";
  EXPECT_EQ(told(""), all);
  EXPECT_EQ(told("&limit=1"), all);
  EXPECT_EQ(told("&bucket=private"), "bucket_created private/, stored private/b, ");
  EXPECT_EQ(told("&bucket=photos&prefix=c"), "stored photos/c, ");
}

TEST_F(ChangeFeedTest, OnlyWhatTheReaderMaySeeIsTold) {
  catalog::GrantRow grant;
  grant.role = "owner";
  grant.place.vault = world_.vault().head().vault;
  grant.place.bucket = "photos";
  ASSERT_EQ(vault::testing::told(world_.access().add_grant(access::Who::local_owner(), "zoe", grant)), "ok");
  world_.as("zoe");
  EXPECT_EQ(told(""), "bucket_created photos/, stored photos/a, removed photos/a, stored photos/c, ");
  EXPECT_EQ(world_.ask("GET", "/api/v1/changes?since=0&bucket=private").status, 403U);
}

TEST_F(ChangeFeedTest, AStreamGoesOnBehindItsLastEvent) {
  const net::Headers wants = {{"Accept", "text/event-stream"}};
  const auto first = world_.ask("GET", "/api/v1/changes?since=0", "", wants);
  EXPECT_EQ(first.header("Content-Type"), "text/event-stream");
  const std::uint64_t last = world_.vault().journal().last().value;
  EXPECT_NE(first.body.find("id: " + std::to_string(last) + "\nevent: change\ndata: {"), std::string::npos) << first.body;
  auto again = wants;
  again.set("Last-Event-ID", std::to_string(last));
  put("photos", "d");
  const auto second = world_.ask("GET", "/api/v1/changes?since=0", "", again);
  EXPECT_EQ(second.body.find("\"key\":\"c\""), std::string::npos);
  EXPECT_NE(second.body.find("\"key\":\"d\""), std::string::npos);
}

TEST_F(ChangeFeedTest, AnotherHistoryAndAFutureAreRefused) {
  const auto other = world_.ask("GET", "/api/v1/changes?since=1&history=" + HistoryId{}.text());
  EXPECT_EQ(other.status, 410U);
  EXPECT_EQ(other.header("Atoll-Start-From"), std::to_string(world_.vault().journal().last().value));
  EXPECT_EQ(world_.ask("GET", "/api/v1/changes?since=999999").status, 400U);
  EXPECT_EQ(world_.ask("GET", "/api/v1/changes?bucket=photos&since=x").status, 400U);
}

TEST_F(ChangeFeedTest, AStreamBeatsAndEndsWhenItsReaderIsDisabled) {
  access::Who who;
  who.name = "rob";
  who.principal = world_.access().view()->principal_named("rob")->id;
  FeedStream stream(world_.host(), {world_.vault().head().vault, who, "", ""}, {}, world_.vault().journal().last());
  Bytes room(4096);
  EXPECT_GT(stream.pull(room).value().bytes, 0U);  // its beginning
  EXPECT_EQ(stream.pull(room).value().state, net::Pulled::State::wait);
  world_.machine().clock.advance_us(16'000'000);
  const auto beat = stream.pull(room).value();
  EXPECT_EQ(as_text(ByteView(room).first(beat.bytes)), ": still here\n\n");
  ASSERT_EQ(vault::testing::told(world_.access().set_disabled(access::Who::local_owner(), "rob", true)), "ok");
  EXPECT_EQ(stream.pull(room).value().state, net::Pulled::State::end);
}

}  // namespace
}  // namespace atl::rest
