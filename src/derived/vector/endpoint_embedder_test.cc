// The client of embedding servers, beside a server of the test on this machine.
#include "derived/vector/endpoint_embedder.h"

#include <gtest/gtest.h>

#include "derived/vector/vector_index.h"
#include "foundation/json/json.h"
#include "foundation/net/http_server.h"
#include "foundation/platform/posix_machine.h"

namespace atl::vector {
namespace {

using net::Request;
using net::Response;
using net::text_response;

std::vector<float> vector_for(std::string_view text, std::size_t dimension) {
  std::vector<float> vector(dimension, 0.5F);
  vector[text.size() % dimension] = -2.25F;
  return vector;
}

class EndpointEmbedderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = net::HttpServer::start(machine_.machine(), {net::Endpoint{}}, nullptr, net::ServerOptions{},
                                         [this](Request& request) { return answer(request); });
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    options_.url = "http://127.0.0.1:" + std::to_string(server_->endpoints()[0].port);
    options_.model = "tiny";
    options_.backoff_ms = 1;
    options_.batch_texts = 3;
  }

  Response answer(Request& request) {
    const std::lock_guard lock(mutex_);
    std::string body;
    Bytes buffer(4096);
    for (auto count = request.body.read(buffer); count && *count > 0; count = request.body.read(buffer)) {
      body += as_text(ByteView(buffer).first(*count));
    }
    ++requests_;
    authorization_ = std::string(request.headers.get("Authorization").value_or(""));
    target_ = request.target;
    if (failures_ > 0) {
      --failures_;
      return text_response(failure_, "{\"error\":\"not now\"}");
    }
    if (!instead_.empty()) return text_response(200, instead_);
    const auto asked = json::Value::parse(body);
    EXPECT_TRUE(asked);
    EXPECT_EQ(asked->text_of("model").value(), "tiny");
    const bool is_openai = request.target.ends_with("/v1/embeddings");
    const auto texts = asked->list_of("input").value();
    json::Value list = json::Value::array();
    for (std::size_t i = texts.size(); i-- > 0;) {  // the last first: "index" says which is which
      const std::size_t place = is_openai ? i : texts.size() - 1 - i;
      seen_.push_back(texts[place]);
      json::Value numbers = json::Value::array();
      for (const float number : vector_for(texts[place], 4)) numbers.push(static_cast<double>(number));
      if (!is_openai) {
        list.push(std::move(numbers));
        continue;
      }
      json::Value one = json::Value::object();
      one.set("index", static_cast<std::uint64_t>(place)).set("embedding", std::move(numbers));
      list.push(std::move(one));
    }
    json::Value whole = json::Value::object();
    whole.set(is_openai ? "data" : "embeddings", std::move(list));
    return text_response(200, whole.text());
  }

  std::unique_ptr<EndpointEmbedder> open(std::shared_ptr<EmbeddingCache> cache = nullptr) {
    auto opened = EndpointEmbedder::open(machine_.machine(), options_, std::move(cache));
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    return opened ? std::move(*opened) : nullptr;
  }

  platform::PosixMachine machine_;
  EndpointOptions options_;
  std::mutex mutex_;
  int requests_ = 0;
  int failures_ = 0;
  unsigned failure_ = 503;
  std::string instead_;
  std::string authorization_;
  std::string target_;
  std::vector<std::string> seen_;
  std::unique_ptr<net::HttpServer> server_;  // last: its threads use all of the above
};

TEST_F(EndpointEmbedderTest, BothKindsAnswerInTheOrderOfTheTextsInBatches) {
  for (const auto kind : {EndpointOptions::Kind::openai, EndpointOptions::Kind::ollama}) {
    options_.kind = kind;
    options_.key = "secret-word";
    const auto embedder = open();
    ASSERT_NE(embedder, nullptr);
    EXPECT_EQ(target_, kind == EndpointOptions::Kind::openai ? "/v1/embeddings" : "/api/embed");
    EXPECT_EQ(authorization_, "Bearer secret-word");
    EXPECT_EQ(embedder->info().dimension, 4U);
    EXPECT_FALSE(embedder->info().leaves_machine);
    EXPECT_EQ(embedder->info().id().find("secret"), std::string::npos);
    requests_ = 0;
    const std::vector<std::string_view> texts{"a", "bb", "", "ccc", "dddd", "  ", "eeeee", "ffffff", "g"};
    const auto rows = embedder->embed(texts, TextRole::document);
    ASSERT_TRUE(rows.has_value()) << rows.error().message;
    EXPECT_EQ(requests_, 3);
    ASSERT_EQ(rows->rows(), texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto row = rows->row(i);
      if (i == 2 || i == 5) {
        EXPECT_FALSE(has_direction(row));
      } else {
        EXPECT_EQ(std::vector<float>(row.begin(), row.end()), vector_for(texts[i], 4)) << i;
      }
    }
    EXPECT_GT(embedder->estimate(100, 100'000).seconds, 0);
    EXPECT_EQ(embedder->estimate(100, 100'000).tokens, 25'000U);
  }
}

TEST_F(EndpointEmbedderTest, WhatIsInTheCacheIsNotAskedAgain) {
  options_.query_prefix = "query: ";
  const auto cache = std::make_shared<MemoryEmbeddingCache>(100'000);
  const auto embedder = open(cache);
  const std::array<std::string_view, 2> texts{"one", "three"};
  const auto first = embedder->embed(texts, TextRole::document);
  const int asked = requests_;
  const auto second = embedder->embed(texts, TextRole::document);
  EXPECT_EQ(requests_, asked);
  EXPECT_EQ(first->numbers, second->numbers);
  const auto question = embedder->embed(texts, TextRole::query);
  EXPECT_EQ(requests_, asked + 1);
  EXPECT_EQ(seen_.back(), "query: one");
  EXPECT_NE(question->numbers, first->numbers);
}

TEST_F(EndpointEmbedderTest, ABusyServerIsAskedAgainAndThenGivenUp) {
  const auto embedder = open();
  const std::array<std::string_view, 1> texts{"text"};
  for (const unsigned status : {503U, 429U, 500U}) {
    failure_ = status;
    failures_ = 2;
    requests_ = 0;
    EXPECT_TRUE(embedder->embed(texts, TextRole::document).has_value()) << status;
    EXPECT_EQ(requests_, 3);
  }
  failures_ = 100;
  requests_ = 0;
  EXPECT_EQ(embedder->embed(texts, TextRole::document).error().id, "endpoint.busy");
  EXPECT_EQ(requests_, 4);
  failure_ = 401;
  requests_ = 0;
  EXPECT_EQ(embedder->embed(texts, TextRole::document).error().kind, ErrorKind::denied);
  EXPECT_EQ(requests_, 1);
  failure_ = 400;
  const auto refused = embedder->embed(texts, TextRole::document);
  EXPECT_EQ(refused.error().id, "endpoint.refused");
  EXPECT_NE(refused.error().message.find("not now"), std::string::npos);
  failures_ = 0;
  const std::atomic<bool> stop = true;
  EXPECT_EQ(embedder->embed(texts, TextRole::document, &stop).error().kind, ErrorKind::interrupted);
  server_->stop();
  EXPECT_EQ(embedder->embed(texts, TextRole::document).error().kind, ErrorKind::unreachable);
}

TEST_F(EndpointEmbedderTest, AnAnswerThatIsNoVectorsIsAnErrorAndNothingElse) {
  const auto embedder = open();
  const std::array<std::string_view, 1> texts{"text"};
  for (const std::string_view bad :
       {"", "no json", "{}", "[]", R"({"data":[]})", R"({"data":[{"index":0}]})", R"({"data":[{"embedding":[]}]})",
        R"({"data":[{"embedding":[1,2,3]}]})", R"({"data":[{"embedding":[1,2,3,"x"]}]})",
        R"({"data":[{"embedding":[1,2,3,null]}]})", R"({"data":[{"embedding":[1,2,3,1e300]}]})",
        R"({"data":[{"index":7,"embedding":[1,2,3,4]}]})",
        R"({"data":[{"embedding":[1,2,3,4]},{"embedding":[1,2,3,4]}]})"}) {
    instead_ = bad.empty() ? " " : bad;
    const auto rows = embedder->embed(texts, TextRole::document);
    ASSERT_FALSE(rows.has_value()) << bad;
    EXPECT_TRUE(rows.error().id == "endpoint.bad_answer" || rows.error().kind == ErrorKind::usage) << rows.error().id;
  }
  instead_ = R"({"data":[{"embedding":[1,-2,0.5,4e-1]}]})";
  EXPECT_EQ(embedder->embed(texts, TextRole::document)->numbers, (std::vector<float>{1, -2, 0.5F, 0.4F}));
}

TEST_F(EndpointEmbedderTest, UrlsAreCheckedAndTellWhetherTextsLeaveThisMachine) {
  for (const std::string_view bad : {"", "ftp://x", "http://", "http:///v1", "http://a b", "http://user@host/"}) {
    options_.url = bad;
    EXPECT_EQ(EndpointEmbedder::open(machine_.machine(), options_, nullptr).error().id, "endpoint.bad_url") << bad;
  }
}

TEST_F(EndpointEmbedderTest, ADimensionThatIsKnownIsNotAskedFor) {
  const auto asked = open();
  ASSERT_NE(asked, nullptr);
  requests_ = 0;
  options_.dimension = 4;
  const auto known = open();
  ASSERT_NE(known, nullptr);
  EXPECT_EQ(requests_, 0);
  EXPECT_EQ(known->info().id(), asked->info().id());
  const std::array<std::string_view, 1> texts{"a"};
  EXPECT_TRUE(known->embed(texts, TextRole::document).has_value());
  options_.dimension = 5;
  EXPECT_EQ(open()->embed(texts, TextRole::document).error().id, "endpoint.bad_answer");
}

TEST(MemoryEmbeddingCache, StaysWithinItsBytesAndForgetsTheLongestUnused) {
  MemoryEmbeddingCache cache(2000);
  const auto key = [](std::uint8_t fill) {
    codec::Digest digest{};
    digest.fill(fill);
    return digest;
  };
  const std::vector<float> vector(60, 1.0F);
  for (std::uint8_t i = 0; i < 4; ++i) cache.put(key(i), vector);
  EXPECT_TRUE(cache.get(key(0)).has_value());
  for (std::uint8_t i = 4; i < 6; ++i) cache.put(key(i), vector);
  EXPECT_TRUE(cache.get(key(0)).has_value());
  EXPECT_FALSE(cache.get(key(1)).has_value());
  EXPECT_TRUE(cache.get(key(5)).has_value());
  cache.put(key(9), std::vector<float>(10'000, 1.0F));
  EXPECT_FALSE(cache.get(key(9)).has_value());
}

}  // namespace
}  // namespace atl::vector
