// What a search finds and counts for whom: ages and the policy of a bucket decide for each object as they do where it
// is read.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "edge/rest/testing/rest_world.h"
#include "vault/object/objects.h"
#include "vault/testing/test_vault.h"

namespace atl::rest {
namespace {

using testing::RestWorld;

class SearchRightsTest : public ::testing::Test {
 protected:
  static constexpr std::int64_t kDaySeconds = 86'400;
  void SetUp() override {
    ASSERT_TRUE(vault::Objects(world_.vault()).ensure_bucket("box"));
    for (const char* const key : {"old.txt", "notes/old.key", "notes/old.txt"}) put(key);
    world_.machine().clock.advance_s(10 * kDaySeconds);
    for (const char* const key : {"new.txt", "notes/new.key", "notes/new.txt"}) put(key);
    world_.machine().clock.advance_s(60);
  }
  void put(const std::string& key) {
    ASSERT_TRUE(vault::testing::put_bytes(world_.vault(), "box", key, as_bytes("apple")));
  }
  void grant(const std::string& name, std::uint64_t age_seconds_min, std::uint64_t age_seconds_max) {
    catalog::RoleRow role;
    role.name = "of-an-age";
    role.rules.resize(1);
    role.rules[0].actions = {"*"};
    role.rules[0].age_seconds_min = age_seconds_min;
    role.rules[0].age_seconds_max = age_seconds_max;
    const auto by = access::Who::local_owner();
    ASSERT_TRUE(world_.access().put_role(by, role));
    catalog::GrantRow row;
    row.role = role.name;
    ASSERT_TRUE(world_.access().add_grant(by, name, row));
  }
  void deny(const std::string& pattern) {
    const auto bucket = world_.vault().reader()->bucket_named("box").value();
    const auto changed = world_.access().change_bucket_access(
        access::Who::local_owner(), world_.vault().head().vault, "box", bucket->id,
        [&](access::BucketAccess& said) -> Result<void> {
          said.policy =
              R"({"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::box/)" +
              pattern + "\"}}";
          return {};
        });
    ASSERT_TRUE(changed) << changed.error().message;
  }
  // Found by whoever asks; the same are counted, with the page and without.
  std::set<std::string> found() {
    const auto reply = world_.ask_json("POST", "/api/v1/search", R"({"query": "apple", "facets": ["type", "month"]})");
    EXPECT_EQ(reply.status, 200U) << reply.body;
    std::set<std::string> keys;
    const json::Value answer = reply.json();
    for (const json::Value& one : *answer.find("results")->as_array()) keys.insert(one.text_of("key").value());
    EXPECT_EQ(reply.number("total"), keys.size()) << reply.body;
    const auto counted =
        world_.ask_json("POST", "/api/v1/search", R"({"query": "apple", "facets": ["type"], "limit": 1})");
    EXPECT_EQ(counted.number("total"), keys.size()) << counted.body;
    EXPECT_TRUE(answer.flag_of("is_total_exact").value());
    return keys;
  }
  RestWorld world_;
};
using Keys = std::set<std::string>;

TEST_F(SearchRightsTest, AnAgeAtMostAndAtLeast) {
  grant("zoe", 0, kDaySeconds);
  world_.as("zoe");
  EXPECT_EQ(found(), (Keys{"new.txt", "notes/new.key", "notes/new.txt"}));
  world_.machine().clock.advance_s(kDaySeconds);
  EXPECT_EQ(found(), Keys{}) << "a day later nothing is of that age any more";
  put("newest.txt");
  EXPECT_EQ(found(), Keys{"newest.txt"});
  grant("zoe", 5 * kDaySeconds, 0);
  EXPECT_EQ(found(), (Keys{"old.txt", "notes/old.key", "notes/old.txt"}));
}

TEST_F(SearchRightsTest, WhatPatternsOfAPolicyDeny) {
  world_.as("rob");
  EXPECT_EQ(found().size(), 6U);
  deny("notes/*");
  EXPECT_EQ(found(), (Keys{"new.txt", "old.txt"}));
  deny("*.key");
  EXPECT_EQ(found(), (Keys{"new.txt", "old.txt", "notes/new.txt", "notes/old.txt"}));
  deny("notes/old.txt");
  EXPECT_EQ(found().size(), 5U);
  deny("?*");
  EXPECT_EQ(found(), Keys{});
}

TEST_F(SearchRightsTest, AgesAndPatternsTogether) {
  grant("zoe", 0, kDaySeconds);
  deny("notes/*.key");
  world_.as("zoe");
  EXPECT_EQ(found(), (Keys{"new.txt", "notes/new.txt"}));
}

}  // namespace
}  // namespace atl::rest
