#include "foundation/net/http_server.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "foundation/net/testing/raw_client.h"
#include "foundation/platform/posix_machine.h"

namespace atl::net {
namespace {

using testing::get_request;
using testing::RawClient;

// Gives a number of bytes, "wait" where it is told to.
class CountingSource final : public BodySource {
 public:
  explicit CountingSource(std::uint64_t bytes) : left_(bytes) {}
  Result<Pulled> pull(ByteSpan out) override {
    Pulled pulled;
    pulled.bytes = static_cast<std::size_t>(std::min<std::uint64_t>(left_, out.size()));
    for (auto& byte : out.first(pulled.bytes)) byte = static_cast<std::uint8_t>('a' + at_++ % 26);
    left_ -= pulled.bytes;
    pulled.state = left_ == 0 ? Pulled::State::end : Pulled::State::more;
    return pulled;
  }

 private:
  std::uint64_t left_;
  std::uint64_t at_ = 0;
};

std::string counted(std::uint64_t bytes) {
  std::string text;
  for (std::uint64_t at = 0; at < bytes; ++at) text += static_cast<char>('a' + at % 26);
  return text;
}

Response body_response(std::unique_ptr<BodySource> source, std::optional<std::uint64_t> length = std::nullopt) {
  Response response;
  response.body = std::move(source);
  response.length = length;
  return response;
}

Response echo(Request& request) {
  auto body = read_all(request.body, 100 << 20);
  if (!body) return text_response(400, body.error().id);
  Response response;
  response.headers.add("X-Method", request.method);
  response.headers.add("X-Target", request.target);
  response.headers.add("X-Host", std::string(request.headers.get("Host").value_or("")));
  response.body = std::move(*body);
  return response;
}

class HttpServerTest : public ::testing::Test {
 protected:
  Endpoint start(Handler handler, ServerOptions options = {}, Endpoint endpoint = {}) {
    if (options.threads == 0) options.threads = 4;
    auto started = HttpServer::start(machine_.machine(), {endpoint}, nullptr, options, std::move(handler));
    EXPECT_TRUE(started.has_value()) << (started ? "" : started.error().message);
    if (!started) return endpoint;
    server_ = std::move(*started);
    return server_->endpoints()[0];
  }

  platform::PosixMachine machine_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersManyRequestsOverOneConnection) {
  RawClient client(start(echo));
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(client.send(get_request("/a%20b?x=1")));
    const auto answer = client.answer();
    EXPECT_TRUE(answer.is_whole);
    EXPECT_EQ(answer.status, 200U);
    EXPECT_EQ(answer.headers.get("X-Target"), "/a%20b?x=1");
    EXPECT_EQ(answer.headers.get("Content-Length"), "0");
    EXPECT_EQ(answer.headers.get("Server"), "Atoll");
    EXPECT_TRUE(answer.headers.get("Date")->ends_with(" GMT"));
    EXPECT_FALSE(answer.headers.has("Connection"));
  }
  EXPECT_EQ(server_->stats().connections_total, 1U);
  EXPECT_EQ(server_->stats().requests_total, 3U);
}

// A thread stays with its connection for a moment after an answer; clients that do not go on must not keep the others
// from being answered.
TEST_F(HttpServerTest, AnswersMoreClientsThanItHasThreads) {
  for (const unsigned threads : {1U, 2U, 4U}) {
    ServerOptions options;
    options.threads = threads;
    const auto endpoint = start(echo, options);
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int at = 0; at < 24; ++at) clients.push_back(std::make_unique<RawClient>(endpoint));
    for (int round = 0; round < 20; ++round) {
      for (const auto& client : clients) ASSERT_TRUE(client->send(get_request("/" + std::to_string(round))));
      for (const auto& client : clients)
        ASSERT_EQ(client->answer().headers.get("X-Target"), "/" + std::to_string(round));
    }
    // One after another, each at its own pace: threads come and go with the connections.
    for (const auto& client : clients) {
      ASSERT_TRUE(client->send("POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na"));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    for (const auto& client : clients) ASSERT_TRUE(client->send("bc"));
    for (const auto& client : clients) EXPECT_EQ(client->answer().body, "abc");
    EXPECT_EQ(server_->stats().requests_total, 24U * 21U);
    server_->stop();
  }
}

TEST_F(HttpServerTest, AnswersRequestsSentAtOnceInTheirOrder) {
  RawClient client(start([](Request& request) { return text_response(200, request.target); }));
  std::string all;
  for (int at = 0; at < 50; ++at) all += get_request("/" + std::to_string(at));
  ASSERT_TRUE(client.send(all));
  for (int at = 0; at < 50; ++at) EXPECT_EQ(client.answer().body, "/" + std::to_string(at) + "\n");
}

TEST_F(HttpServerTest, ReadsARequestThatComesByteByByte) {
  RawClient client(start(echo));
  for (const char c : std::string("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")) {
    ASSERT_TRUE(client.send(std::string_view(&c, 1)));
  }
  EXPECT_EQ(client.answer().body, "abc");
}

TEST_F(HttpServerTest, ClosesWhenTheClientAsksForIt) {
  const auto endpoint = start(echo);
  RawClient client(endpoint);
  client.send(get_request("/", "Connection: close\r\n"));
  EXPECT_EQ(client.answer().headers.get("Connection"), "close");
  EXPECT_TRUE(client.is_closed_by_server());
  RawClient old(endpoint);
  old.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.answer().headers.get("Connection"), "close");
  EXPECT_TRUE(old.is_closed_by_server());
  RawClient old_that_stays(endpoint);
  old_that_stays.send("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
  EXPECT_EQ(old_that_stays.answer().headers.get("Connection"), "keep-alive");
  old_that_stays.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old_that_stays.answer().status, 200U);
}

TEST_F(HttpServerTest, ReadsChunkedBodiesWithTrailers) {
  RawClient client(start([](Request& request) {
    EXPECT_TRUE(request.is_chunked);
    auto body = read_all(request.body, 1000);
    return text_response(200, to_string(*body) + std::string(request.body.trailers().get("X-Sum").value_or("none")));
  }));
  client.send("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send("3\r\nabc\r\n0a;name=value\r\n0123456789\r\n0\r\nX-Sum: 7\r\n\r\n");
  EXPECT_EQ(client.answer().body, "abc01234567897\n");
  client.send(get_request("/", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n");
  EXPECT_EQ(client.answer().body, "none\n");
}

TEST_F(HttpServerTest, StreamsLargeBodiesBothWays) {
  constexpr std::uint64_t kBytes = 30'000'000;
  std::atomic<std::uint64_t> largest_read = 0;
  const auto endpoint = start([&](Request& request) {
    std::uint64_t sum = 0;
    Bytes buffer(100'000);
    while (true) {
      const auto count = request.body.read(buffer);
      if (!count) return text_response(400, count.error().id);
      if (*count == 0) break;
      largest_read = std::max<std::uint64_t>(largest_read, *count);
      for (std::size_t at = 0; at < *count; ++at) {
        if (buffer[at] != 'a' + (sum + at) % 26) return text_response(400, "wrong byte");
      }
      sum += *count;
    }
    return request.target == "/chunked" ? body_response(std::make_unique<CountingSource>(sum))
                                        : body_response(std::make_unique<CountingSource>(sum), sum);
  });
  const auto content = counted(kBytes);
  for (const bool is_chunked : {false, true}) {
    RawClient client(endpoint);
    std::thread writer([&] {
      if (!is_chunked) {
        client.send("PUT /plain HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kBytes) + "\r\n\r\n");
        client.send(content);
        return;
      }
      client.send("PUT /chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (std::size_t at = 0; at < content.size(); at += 1'000'000) {
        client.send("F4240\r\n");
        client.send(std::string_view(content).substr(at, 1'000'000));
        client.send("\r\n");
      }
      client.send("0\r\n\r\n");
    });
    const auto answer = client.answer();
    writer.join();
    EXPECT_TRUE(answer.is_whole);
    EXPECT_EQ(answer.status, 200U);
    EXPECT_TRUE(answer.body == content) << answer.body.size();
    EXPECT_EQ(answer.headers.has("Transfer-Encoding"), is_chunked);
  }
  EXPECT_GT(largest_read, 0U);
}

TEST_F(HttpServerTest, TellsTheClientToGoOnOnlyWhenTheBodyIsRead) {
  const auto endpoint = start([](Request& request) {
    if (request.target == "/no") return text_response(403, "no");
    return echo(request);
  });
  const std::string fields = "Host: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
  RawClient client(endpoint);
  client.send("PUT /yes HTTP/1.1\r\n" + fields);
  EXPECT_EQ(client.answer().status, 100U);
  client.send("hello");
  EXPECT_EQ(client.answer().body, "hello");
  client.send("PUT /no HTTP/1.1\r\n" + fields);
  const auto refused = client.answer();
  EXPECT_EQ(refused.status, 403U);
  EXPECT_EQ(refused.headers.get("Connection"), "close");
  EXPECT_TRUE(client.is_closed_by_server());
  RawClient odd(endpoint);
  odd.send("PUT /yes HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: miracles\r\n\r\n");
  EXPECT_EQ(odd.answer().status, 417U);
}

TEST_F(HttpServerTest, AnswersHeadLikeGetWithoutABody) {
  RawClient client(start([](Request& request) {
    if (request.target == "/stream") return body_response(std::make_unique<CountingSource>(10), 10);
    if (request.target == "/length") {
      Response response;
      response.length = 77;
      return response;
    }
    return text_response(200, "four");
  }));
  client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.answer(false).headers.get("Content-Length"), "5");
  client.send("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.answer(false).headers.get("Content-Length"), "10");
  client.send("HEAD /length HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.answer(false).headers.get("Content-Length"), "77");
  client.send(get_request("/"));
  EXPECT_EQ(client.answer().body, "four\n");
}

}  // namespace
}  // namespace atl::net
