// Vectors as lists of numbers: put, found, and refused.
#include <gtest/gtest.h>

#include "derived/vector/npy.h"
#include "edge/rest/testing/rest_world.h"
#include "vault/object/objects.h"
#include "vault/testing/test_vault.h"

namespace atl::rest {
namespace {

using testing::differs;
using testing::Reply;
using testing::RestWorld;

class OwnVectorsRestTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(world_.ask("PUT", "/api/v1/buckets/faces").status, 201U); }
  Reply put(const std::string& body, const std::string& prefix = "") {
    auto reply = world_.ask_json("POST", "/api/v1/buckets/faces/vectors?prefix=" + prefix, body);
    if (reply.status == 200) {
      EXPECT_EQ(differs("VectorsPut", reply.json()), "");
    }
    return reply;
  }
  json::Value nearest(const std::string& rest) {
    const auto reply = world_.ask_json("POST", "/api/v1/search/vectors", R"({"bucket": "faces", )" + rest + "}");
    EXPECT_EQ(reply.status, 200U) << reply.body;
    EXPECT_EQ(differs("VectorAnswer", reply.json()), "");
    return reply.json();
  }
  static std::string name_of(const json::Value& answer, std::size_t at) {
    return answer.find("results")->as_array()->at(at).find("object")->text_of("key").value_or("");
  }
  RestWorld world_;
};

TEST_F(OwnVectorsRestTest, NumbersBecomeWhatNumpyWouldHaveWritten) {
  const auto reply = put(R"({"vectors": [
    {"key": "ada", "vector": [1, 0.5, -2e-1], "payload": {"name": "Ada", "year": "1815"}},
    {"key": "max.npy", "vector": [-1, 0, 0]}]})",
                         "2024/");
  ASSERT_EQ(reply.status, 200U) << reply.body;
  EXPECT_EQ(reply.number("stored"), 2U);
  const auto found = vault::Objects(world_.vault()).find("faces", "2024/ada.npy");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->version.metadata.at("year"), "1815");
  EXPECT_GT(found->version.modified.seconds, 0);
  const auto bytes = vault::testing::bytes_of(world_.vault(), "faces", "2024/ada.npy").value();
  EXPECT_EQ(vector::parse_npy(bytes)->numbers, (std::vector<float>{1, 0.5F, -0.2F}));
  auto answer = nearest(R"("vector": [1, 0.4, 0])");
  EXPECT_EQ(name_of(answer, 0), "2024/ada.npy");
  EXPECT_EQ(name_of(answer, 1), "2024/max.npy");
  EXPECT_TRUE(answer.flag_of("exact").value());
  EXPECT_EQ(answer.find("results")->as_array()->at(0).find("payload")->text_of("name").value(), "Ada");
  answer = nearest(R"("vector": [1, 0.4, 0], "filter": "meta.year>=1900", "exact": true)");
  EXPECT_TRUE(answer.find("results")->as_array()->empty());
}

TEST_F(OwnVectorsRestTest, WhatIsNoVectorIsToldAndTheRestIsStored) {
  std::string many = "[0";
  for (int i = 0; i < 4096; ++i) many += ",0";
  const auto reply = put(R"({"vectors": [{"key": "none", "vector": []}, {"key": "large", "vector": [1, 1e30]},
    {"key": "many", "vector": )" +
                         many + R"(]}, {"key": "good", "vector": [1]}, {"vector": [1]}]})");
  ASSERT_EQ(reply.status, 200U) << reply.body;
  EXPECT_EQ(reply.number("stored"), 1U);
  EXPECT_EQ(reply.number("failed"), 4U);
  const json::Value value = reply.json();
  std::vector<std::string> ids;
  for (const auto& one : *value.find("failures")->as_array()) ids.push_back(one.text_of("id").value());
  EXPECT_EQ(ids.at(0), "vectors.bad_dimension");
  EXPECT_EQ(ids.at(1), "vectors.bad_number");
  EXPECT_EQ(ids.at(2), "vectors.bad_dimension");
  EXPECT_TRUE(vault::Objects(world_.vault()).find("faces", "good.npy"));
  EXPECT_EQ(put(R"({"vectors": [{"key": "a", "vector": [1], "payload": {"year": 1815}}]})").status, 400U);
}

TEST_F(OwnVectorsRestTest, ManyComeInOneRequest) {
  std::string body = R"({"vectors": [)";
  for (int i = 0; i < 2'400; ++i) {
    body += (i == 0 ? "" : ",") + (R"({"key": "v)" + std::to_string(i)) + R"(", "vector": [)";
    for (int k = 0; k < 64; ++k) body += (k == 0 ? "" : ",") + std::to_string((i * 7 + k * 13) % 101) + ".125";
    body += "]}";
  }
  body += "]}";
  ASSERT_GT(body.size(), 1'000'000U);
  const auto reply = put(body);
  ASSERT_EQ(reply.status, 200U) << reply.body;
  EXPECT_EQ(reply.number("stored"), 2'400U);
}

}  // namespace
}  // namespace atl::rest
