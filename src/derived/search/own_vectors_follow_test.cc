// Own vectors, so many that a graph leads to the nearest: what it answers, and that it follows the vault.
#include <gtest/gtest.h>

#include "derived/search/testing/search_fixture.h"
#include "derived/vector/testing/npy_file.h"
#include "vault/object/gate.h"

namespace atl::search {
namespace {

using vector::testing::npy_file;

constexpr std::size_t kDimension = 8;
constexpr std::size_t kRows = kGraphFrom + 1'200;

// The same for the same number.
std::vector<float> some_vector(std::uint64_t number) {
  std::vector<float> out;
  std::uint64_t state = number + 1;
  for (std::size_t i = 0; i < kDimension; ++i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    out.push_back(static_cast<float>(state >> 40U) / 16'777'216.0F - 0.5F);
  }
  return out;
}

class OwnVectorsFollowTest : public testing::SearchFixture {
 protected:
  void SetUp() override {
    SearchFixture::SetUp();
    std::vector<float> numbers;
    std::string payloads;
    for (std::size_t i = 0; i < kRows; ++i) {
      const auto one = some_vector(i);
      numbers.insert(numbers.end(), one.begin(), one.end());
      payloads += "{\"number\": " + std::to_string(i) + "}\n";
    }
    put_vector("many.npy", numbers, kDimension);
    put("many.jsonl", payloads);
    catch_up();
  }
  void put_vector(const std::string& key, const std::vector<float>& numbers, std::size_t columns = 0) {
    put(key, as_text(npy_file(numbers, columns)));
  }
  VectorAnswer nearest(const VectorQuestion& question) {
    auto answer = index_->nearest_vectors(*vault_, question);
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? std::move(*answer) : VectorAnswer{};
  }
  static VectorQuestion near_to(std::uint64_t number) {
    VectorQuestion question;
    question.bucket = "box";
    question.vector = some_vector(number);
    question.limit = 5;
    return question;
  }
  void make_graph() {
    EXPECT_TRUE(nearest(near_to(0)).is_exact);  // and asks for it
    follow();
  }
  void follow() {
    catch_up();
    for (;;) {
      const auto more = index_->merge();
      ASSERT_TRUE(more) << more.error().message;
      if (!*more) break;
    }
  }
  static std::vector<std::string> names(const VectorAnswer& answer) {
    std::vector<std::string> out;
    for (const auto& hit : answer.hits)
      out.push_back(hit.listed.entry.key + (hit.row ? "#" + std::to_string(*hit.row) : ""));
    return out;
  }
};

TEST_F(OwnVectorsFollowTest, AGraphLeadsToWhatComparingAllFinds) {
  make_graph();
  std::size_t same = 0, wanted = 0;
  for (std::uint64_t i = 0; i < 40; ++i) {
    auto question = near_to(100'000 + i);
    const auto led = nearest(question);
    EXPECT_FALSE(led.is_exact);
    EXPECT_LT(led.vectors, kRows);
    question.compares_all = true;
    const auto all = nearest(question);
    EXPECT_TRUE(all.is_exact);
    EXPECT_EQ(all.vectors, kRows);
    ASSERT_EQ(led.hits.size(), all.hits.size());
    for (const auto& hit : all.hits) {
      ++wanted;
      for (const auto& other : led.hits) {
        if (other.row != hit.row) continue;
        ++same;
        EXPECT_EQ(other.score, hit.score) << "scores are of the vectors themselves";
        EXPECT_EQ(other.payload, hit.payload);
      }
    }
  }
  EXPECT_GE(same * 100, wanted * 97);
}

TEST_F(OwnVectorsFollowTest, FewVectorsAreComparedOneByOne) {
  ASSERT_TRUE(vault::Objects(*vault_).ensure_bucket("few"));
  ASSERT_TRUE(vault::testing::put_bytes(*vault_, "few", "a.npy", npy_file(some_vector(1), 0)));
  auto question = near_to(1);
  question.bucket = "few";
  EXPECT_TRUE(nearest(question).is_exact);
  follow();
  EXPECT_TRUE(nearest(question).is_exact);
  // Those of another metric, too: the graph knows directions alone.
  make_graph();
  question = near_to(1);
  question.metric = Metric::l2;
  EXPECT_TRUE(nearest(question).is_exact);
}

TEST_F(OwnVectorsFollowTest, WhatChangesIsFollowed) {
  make_graph();
  put_vector("new.npy", some_vector(777'777));
  follow();
  EXPECT_EQ(names(nearest(near_to(777'777))).at(0), "new.npy");
  EXPECT_FALSE(nearest(near_to(777'777)).is_exact);
  // Another version of it, and a place that somebody moved it to.
  put_vector("new.npy", some_vector(888'888));
  follow();
  EXPECT_NE(names(nearest(near_to(777'777))).at(0), "new.npy");
  EXPECT_EQ(names(nearest(near_to(888'888))).at(0), "new.npy");
  ASSERT_TRUE(vault::Objects(*vault_).move({"box", "new.npy", false}, "box", "moved.npy", false));
  follow();
  EXPECT_EQ(names(nearest(near_to(888'888))).at(0), "moved.npy");
  // Removed things are not told of, followed or not.
  ASSERT_TRUE(vault::Objects(*vault_).remove({"box", "moved.npy"}));
  EXPECT_NE(names(nearest(near_to(888'888))).at(0), "moved.npy");
  follow();
  EXPECT_NE(names(nearest(near_to(888'888))).at(0), "moved.npy");
}

TEST_F(OwnVectorsFollowTest, LosesNothingByReopening) {
  make_graph();
  put_vector("new.npy", some_vector(777'777));
  catch_up();
  open();
  const auto led = nearest(near_to(777'777));
  EXPECT_EQ(names(led).at(0), "new.npy");
  // Without its files the next question asks for it again.
  index_.reset();
  ASSERT_TRUE(platform::remove_tree(machine_.machine().files, vault_->folder() + "/indexes/vectors"));
  open();
  EXPECT_TRUE(nearest(near_to(777'777)).is_exact);
  follow();
  EXPECT_FALSE(nearest(near_to(777'777)).is_exact);
  ASSERT_TRUE(index_->reset(*vault_, true));
  EXPECT_TRUE(nearest(near_to(777'777)).is_exact);
}

TEST_F(OwnVectorsFollowTest, NarrowQuestionsFindAllTheSame) {
  put_vector("small/one.npy", some_vector(777'777));
  make_graph();
  auto question = near_to(3);
  question.filter = "meta.number<20";
  const auto filtered = nearest(question);
  EXPECT_EQ(filtered.hits.size(), 5U);
  EXPECT_EQ(filtered.hits.at(0).payload.at("number"), "3");
  for (const auto& hit : filtered.hits) EXPECT_LT(std::stoi(hit.payload.at("number")), 20);
  question.filter.clear();
  question.prefix = "small/";
  EXPECT_EQ(names(nearest(question)), (std::vector<std::string>{"small/one.npy"}));
  question.prefix.clear();
  // Who may not see everything is told nothing by how far a graph leads.
  question.sees = [](const catalog::Listed& listed) { return listed.entry.key == "small/one.npy"; };
  const auto seen = nearest(question);
  EXPECT_EQ(names(seen), (std::vector<std::string>{"small/one.npy"}));
  EXPECT_TRUE(seen.is_exact);
  EXPECT_EQ(seen.vectors, 1U);
  question.sees = [](const catalog::Listed&) { return true; };
  EXPECT_TRUE(nearest(question).is_exact);
  question.sees_everything = true;
  EXPECT_FALSE(nearest(question).is_exact);
  question.sees = nullptr;
  question.threshold = 0.999F;
  EXPECT_EQ(names(nearest(question)), (std::vector<std::string>{"many.npy#3"}));
}

TEST_F(OwnVectorsFollowTest, WhatIsInQuarantineIsNotCompared) {
  put_vector("small/one.npy", some_vector(7));
  put_vector("small/two.npy", some_vector(7));
  ASSERT_TRUE(vault::Objects(*vault_).tag({"box", "small/two.npy"}, {{{"checked", ""}}, {}}, {}));
  ASSERT_TRUE(vault::set_gate(*vault_, "box", "tag:checked or name:many.*"));
  auto question = near_to(7);
  question.prefix = "small/";
  EXPECT_EQ(names(nearest(question)), (std::vector<std::string>{"small/two.npy"})) << "at once";
  follow();
  const auto answer = nearest(question);
  EXPECT_EQ(names(answer), (std::vector<std::string>{"small/two.npy"}));
  EXPECT_EQ(answer.quarantined_left_out, 1U);
  question.shows_quarantined = true;
  EXPECT_EQ(names(nearest(question)).size(), 2U);
}

TEST_F(OwnVectorsFollowTest, RowsWithoutADirectionAreNearToNothing) {
  std::vector<float> numbers(kDimension * 2, 0.0F);
  numbers[kDimension] = 1;
  put_vector("zero.npy", numbers, kDimension);
  make_graph();
  VectorQuestion question = near_to(0);
  question.vector.assign(kDimension, 0.0F);
  question.vector[0] = 1;
  EXPECT_EQ(names(nearest(question)).at(0), "zero.npy#1");
  EXPECT_EQ(std::ranges::count(names(nearest(question)), "zero.npy#0"), 0);
}

}  // namespace
}  // namespace atl::search
