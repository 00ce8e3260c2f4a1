// Vectors in a small vault in memory.
#include "derived/search/own_vectors.h"

#include <gtest/gtest.h>

#include <cmath>

#include "derived/vector/testing/npy_file.h"
#include "vault/testing/test_vault.h"

namespace atl::search {
namespace {

using vector::testing::npy_file;

class OwnVectorsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(vault::testing::create_small(machine_.machine()));
    auto opened = vault::testing::open_small(machine_.machine());
    ASSERT_TRUE(opened) << opened.error().message;
    vault_ = std::move(*opened);
    ASSERT_TRUE(vault::Objects(*vault_).ensure_bucket("box"));
  }
  void put(const std::string& key, ByteView content, std::map<std::string, std::string> metadata = {}) {
    vault::PutRequest request;
    request.metadata = std::move(metadata);
    const auto done = vault::testing::put_bytes(*vault_, "box", key, content, request);
    ASSERT_TRUE(done) << done.error().message;
  }
  Result<VectorAnswer> ask(VectorQuestion question) {
    question.bucket = "box";
    return own_.search(*vault_, question);
  }
  static std::vector<std::string> names(const VectorAnswer& answer) {
    std::vector<std::string> out;
    for (const auto& hit : answer.hits)
      out.push_back(hit.listed.entry.key + (hit.row ? "#" + std::to_string(*hit.row) : ""));
    return out;
  }
  using Names = std::vector<std::string>;

  platform::TestMachine machine_;
  std::unique_ptr<vault::Vault> vault_;
  OwnVectors own_;
};

TEST_F(OwnVectorsTest, FindsTheNearestByEachMetric) {
  put("v/right.npy", npy_file({1, 0}, 0));
  put("v/up.npy", npy_file({0, 3}, 0));
  put("v/far.npy", npy_file({10, 10}, 0));
  put("v/note.txt", as_bytes("no vector"));
  put("other/right.npy", npy_file({1, 0}, 0));
  VectorQuestion question;
  question.prefix = "v/";
  question.vector = {1, 0.1F};
  auto answer = ask(question).value();
  EXPECT_EQ(names(answer), (Names{"v/right.npy", "v/far.npy", "v/up.npy"}));
  EXPECT_NEAR(answer.hits[0].score, 1 / std::sqrt(1.01), 1e-6);
  EXPECT_EQ(answer.vectors, 3U);
  question.metric = Metric::dot;
  EXPECT_EQ(names(ask(question).value()), (Names{"v/far.npy", "v/right.npy", "v/up.npy"}));
  question.metric = Metric::l2;
  answer = ask(question).value();
  EXPECT_EQ(names(answer), (Names{"v/right.npy", "v/up.npy", "v/far.npy"}));
  EXPECT_NEAR(answer.hits[0].score, 0.1, 1e-6);
  question.threshold = 5.0F;
  EXPECT_EQ(names(ask(question).value()), (Names{"v/right.npy", "v/up.npy"}));
  question.metric = Metric::cosine;
  question.threshold = 0.9F;
  EXPECT_EQ(names(ask(question).value()), (Names{"v/right.npy"}));
  question.threshold.reset();
  question.limit = 1;
  EXPECT_EQ(names(ask(question).value()), (Names{"v/right.npy"}));
  question.limit = 0;
  EXPECT_TRUE(ask(question)->hits.empty());
}

TEST_F(OwnVectorsTest, RowsHaveTheirPayloadBeside) {
  put("faces.npy", npy_file({1, 0, 0, 1, 1, 1}, 2));
  put("faces.jsonl", as_bytes("{\"name\": \"ada\", \"year\": 1815}\nno json\n{\"name\": \"max\", \"year\": 1990}\n"));
  put("one.npy", npy_file({1, 0.01F}, 0), {{"year", "2000"}});
  VectorQuestion question;
  question.vector = {1, 0};
  auto answer = ask(question).value();
  ASSERT_EQ(names(answer), (Names{"faces.npy#0", "one.npy", "faces.npy#2", "faces.npy#1"}));
  EXPECT_EQ(answer.hits[0].payload.at("name"), "ada");
  EXPECT_EQ(answer.hits[1].payload.at("year"), "2000");
  EXPECT_TRUE(answer.hits[3].payload.empty());
  question.filter = "meta.year>=1900";
  EXPECT_EQ(names(ask(question).value()), (Names{"one.npy", "faces.npy#2"}));
  // A new payload counts at once, though the vectors are in memory.
  put("faces.jsonl", as_bytes("{\"year\": 2020}\n"));
  EXPECT_EQ(names(ask(question).value()), (Names{"faces.npy#0", "one.npy"}));
}

TEST_F(OwnVectorsTest, FollowsWhatIsThere) {
  put("a.npy", npy_file({1, 0}, 0));
  VectorQuestion question;
  question.vector = {0, 1};
  question.threshold = 0.5F;
  EXPECT_TRUE(ask(question)->hits.empty());
  put("a.npy", npy_file({0, 1}, 0));
  EXPECT_EQ(names(ask(question).value()), Names{"a.npy"});
  ASSERT_TRUE(vault::Objects(*vault_).remove({"box", "a.npy"}));
  EXPECT_TRUE(ask(question)->hits.empty());
}

TEST_F(OwnVectorsTest, ShowsNothingThatMayNotBeSeen) {
  put("open.npy", npy_file({1, 0}, 0));
  put("open.jsonl", as_bytes("{\"secret\": \"yes\"}"));
  put("closed.npy", npy_file({1, 0}, 0));
  VectorQuestion question;
  question.vector = {1, 0};
  EXPECT_EQ(ask(question)->hits.size(), 2U);
  question.sees = [](const catalog::Listed& listed) { return listed.entry.key == "open.npy"; };
  const auto answer = ask(question).value();
  ASSERT_EQ(answer.hits.size(), 1U);
  EXPECT_TRUE(answer.hits[0].payload.empty()) << "the payload is an object of its own";
}

TEST_F(OwnVectorsTest, WrongQuestionsAreClearErrors) {
  put("a.npy", npy_file({1, 0, 0}, 0));
  put("broken.npy", as_bytes("no array"));
  VectorQuestion question;
  question.vector = {1, 0};
  EXPECT_EQ(ask(question).error().id, "vectors.dimension");
  question.vector = {0, 0, 0};
  EXPECT_EQ(ask(question).error().id, "vectors.no_direction");
  question.metric = Metric::dot;
  EXPECT_EQ(ask(question)->skipped, 1U);
  question.filter = "size>";
  EXPECT_FALSE(ask(question));
  question.filter.clear();
  question.bucket = "none";
  EXPECT_EQ(own_.search(*vault_, question).error().kind, ErrorKind::not_found);
  EXPECT_EQ(metric_named("manhattan").error().id, "vectors.unknown_metric");
}

}  // namespace
}  // namespace atl::search
