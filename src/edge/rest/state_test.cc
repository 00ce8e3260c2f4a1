#include "edge/rest/state.h"

#include <gtest/gtest.h>

#include "edge/rest/testing/rest_world.h"

namespace atl::rest {
namespace {

codec::Digest digest(std::uint8_t fill) {
  codec::Digest out{};
  out.fill(fill);
  return out;
}

IdempotencyKeys::Kept answer(const std::string& body) { return {200, {}, body}; }

TEST(IdempotencyKeys, TheSameRequestIsAnsweredAsBeforeAndAnotherIsRefused) {
  IdempotencyKeys keys;
  const IdempotencyKeys::Name name{{}, "ada", "k"};
  ASSERT_FALSE(keys.begin(name, digest(1), {}).value());
  EXPECT_EQ(keys.begin(name, digest(1), {}).error().id, "http.request_under_way");
  keys.end(name, answer("done"));
  EXPECT_EQ(keys.begin(name, digest(1), {}).value()->body, "done");
  EXPECT_EQ(keys.begin(name, digest(2), {}).error().id, "http.idempotency_key_reused");
  EXPECT_FALSE(keys.begin({{}, "rob", "k"}, digest(2), {}).value());  // a key is its owner's
}

TEST(IdempotencyKeys, WhatFailedIsDoneAnewAndADayForgets) {
  IdempotencyKeys keys;
  const IdempotencyKeys::Name name{{}, "ada", "k"};
  ASSERT_FALSE(keys.begin(name, digest(1), {}).value());
  keys.end(name, std::nullopt);
  ASSERT_FALSE(keys.begin(name, digest(2), {}).value());
  keys.end(name, answer("done"));
  EXPECT_TRUE(keys.begin(name, digest(2), {kAnswerKeptUs}).value());
  EXPECT_FALSE(keys.begin(name, digest(2), {kAnswerKeptUs + 1}).value());
}

TEST(IdempotencyKeys, MemoryIsBounded) {
  IdempotencyKeys keys;
  const std::string large(kOneAnswerBytesMax, 'x');
  for (int i = 0; i < 200; ++i) {
    const IdempotencyKeys::Name name{{}, "ada", std::to_string(i)};
    ASSERT_FALSE(keys.begin(name, digest(1), {}).value());
    keys.end(name, answer(large));
  }
  EXPECT_FALSE(keys.begin({{}, "ada", "0"}, digest(1), {}).value());
  EXPECT_TRUE(keys.begin({{}, "ada", "199"}, digest(1), {}).value());
}

TEST(IdempotencyKeys, APostIsDoneOnceAndARestartForgets) {
  testing::RestWorld world;
  ASSERT_EQ(world.ask("PUT", "/api/v1/buckets/photos").status, 201U);
  ASSERT_EQ(world.ask("PUT", "/api/v1/buckets/photos/objects/a", "a").status, 201U);
  const std::string body = R"({"name": "s", "bucket": "photos"})";
  const auto first = world.ask_json("POST", "/api/v1/snapshots", body, {{"Idempotency-Key", "k"}});
  EXPECT_EQ(first.status, 201U);
  const auto second = world.ask_json("POST", "/api/v1/snapshots", body, {{"Idempotency-Key", "k"}});
  EXPECT_EQ(second.status, 201U);
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(second.header("Idempotency-Replayed"), "true");
  world.restart_door();
  EXPECT_EQ(world.ask_json("POST", "/api/v1/snapshots", body, {{"Idempotency-Key", "k"}}).status, 409U);
}

TEST(UploadsInUse, OneAtATime) {
  UploadsInUse uploads;
  const UploadId id = UploadId::v7(1, std::array<std::uint8_t, 10>{});
  auto hold = uploads.take(id);
  EXPECT_TRUE(hold);
  EXPECT_FALSE(uploads.take(id));
  hold.reset();
  EXPECT_TRUE(uploads.take(id));
}

}  // namespace
}  // namespace atl::rest
