#include "edge/rest/state.h"

#include <gtest/gtest.h>

#include "edge/rest/answer_store.h"
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

TEST(IdempotencyKeys, APostIsDoneOnceAlsoOverARestart) {
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
  const auto third = world.ask_json("POST", "/api/v1/snapshots", body, {{"Idempotency-Key", "k"}});
  EXPECT_EQ(third.status, 201U);
  EXPECT_EQ(third.body, first.body);
  EXPECT_EQ(third.header("Content-Type"), "application/json");
  EXPECT_EQ(third.header("Idempotency-Replayed"), "true");
  // Another request, another caller, another day.
  world.restart_door();
  EXPECT_EQ(
      world.ask_json("POST", "/api/v1/snapshots", R"({"name": "t", "bucket": "photos"})", {{"Idempotency-Key", "k"}})
          .text("id"),
      "http.idempotency_key_reused");
  EXPECT_EQ(world.as("zoe").ask_json("POST", "/api/v1/snapshots", body, {{"Idempotency-Key", "k"}}).status, 403U);
  world.machine().clock.advance_us(kAnswerKeptUs + 1);
  world.restart_door();
  EXPECT_EQ(world.as("ada").ask_json("POST", "/api/v1/snapshots", body, {{"Idempotency-Key", "k"}}).status, 409U)
      << "done anew: the snapshot is there";
}

TEST(IdempotencyKeys, AnAnswerThatShowsASecretIsKeptInNoVault) {
  testing::RestWorld world;
  const auto made = [&] {
    return world.ask_json("POST", "/api/v1/tokens", R"({"label": "x"})", {{"Idempotency-Key", "k"}});
  };
  const auto first = made();
  ASSERT_EQ(first.status, 201U);
  EXPECT_EQ(made().body, first.body);
  world.restart_door();
  EXPECT_NE(made().text("token"), first.text("token"));
  const auto rows = world.vault().reader()->jobs().value();
  for (const auto& row : rows)
    for (const auto& [name, value] : row.facts) EXPECT_EQ(value.find("atl_"), std::string::npos);
}

TEST(IdempotencyKeys, OldAnswersGoWithLaterOnes) {
  testing::RestWorld world;
  auto& vault = world.vault();
  for (std::uint8_t i = 0; i < 40; ++i) {
    const IdempotencyKeys::Name name{{}, "ada", std::to_string(i)};
    codec::Digest digest{};
    digest.front() = 1;  // one that cleans nothing
    ASSERT_EQ(vault::testing::told(store_answer(vault, name, digest, answer("x"))), "ok");
  }
  EXPECT_EQ(vault.reader()->jobs().value().size(), 40U);
  world.machine().clock.advance_us(kAnswerKeptUs + 1);
  ASSERT_EQ(vault::testing::told(store_answer(vault, {{}, "ada", "new"}, codec::Digest{}, answer("y"))), "ok");
  EXPECT_EQ(vault.reader()->jobs().value().size(), 1U);
  EXPECT_EQ(stored_answer(vault, {{}, "ada", "new"}, codec::Digest{}).value()->body, "y");
  EXPECT_FALSE(stored_answer(vault, {{}, "ada", "1"}, codec::Digest{}).value());
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
