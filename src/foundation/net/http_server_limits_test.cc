// What a server does with clients that are malformed, slow, silent, too many, or simply different from TCP.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "foundation/net/http_server.h"
#include "foundation/net/testing/raw_client.h"
#include "foundation/platform/posix_machine.h"

namespace atl::net {
namespace {

using testing::get_request;
using testing::RawClient;

class EndlessSource final : public BodySource {
 public:
  explicit EndlessSource(std::atomic<std::uint64_t>& pulled) : pulled_(pulled) {}
  Result<Pulled> pull(ByteSpan out) override {
    std::fill(out.begin(), out.end(), std::uint8_t{'x'});
    pulled_ += out.size();
    Pulled pulled;
    pulled.bytes = out.size();
    return pulled;
  }

 private:
  std::atomic<std::uint64_t>& pulled_;
};

// Gives its pieces one by one, and waits between them; then ends in the given way.
class StepSource final : public BodySource {
 public:
  enum class Ending : std::uint8_t { end, error, never };
  StepSource(std::vector<std::string> pieces, Ending ending, std::uint32_t wait_ms = 10)
      : pieces_(std::move(pieces)), ending_(ending), wait_ms_(wait_ms) {}
  Result<Pulled> pull(ByteSpan /*out*/) override {
    Pulled pulled;
    pulled.state = Pulled::State::wait;
    pulled.wait_ms = wait_ms_;
    if (at_ < pieces_.size()) {
      pulled.borrowed = as_bytes(pieces_[at_++]);
      return pulled;
    }
    if (ending_ == Ending::error) return fail(ErrorKind::damaged, "test.damaged", "a test wants this");
    if (ending_ == Ending::end) pulled.state = Pulled::State::end;
    return pulled;
  }

 private:
  std::vector<std::string> pieces_;
  Ending ending_;
  std::uint32_t wait_ms_;
  std::size_t at_ = 0;
};

Response from_source(std::unique_ptr<BodySource> source, std::optional<std::uint64_t> length = std::nullopt) {
  Response response;
  response.body = std::move(source);
  response.length = length;
  return response;
}

class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_open_; });
  }
  void wait_for(int waiting) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ >= waiting; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = false;
  int waiting_ = 0;
};

class HttpServerLimitsTest : public ::testing::Test {
 protected:
  Endpoint start(Handler handler, ServerOptions options = {}, const Endpoint& endpoint = {}) {
    if (options.threads == 0) options.threads = 4;
    auto started = HttpServer::start(machine_.machine(), {endpoint}, nullptr, options, std::move(handler));
    EXPECT_TRUE(started.has_value()) << (started ? "" : started.error().message);
    if (!started) return endpoint;
    server_ = std::move(*started);
    return server_->endpoints()[0];
  }
  void wait_until(const std::function<bool()>& holds) {
    for (int round = 0; round < 5000 && !holds(); ++round) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    EXPECT_TRUE(holds());
  }

  platform::PosixMachine machine_;
  std::unique_ptr<HttpServer> server_;
};

Response show_target(Request& request) {
  std::string text =
      request.method + " " + request.target + " " + std::string(request.headers.get("Host").value_or("-"));
  return text_response(200, text);
}

struct Malformed {
  const char* what;
  std::string bytes;
  unsigned status;
};

TEST_F(HttpServerLimitsTest, RefusesWhatCanBeUnderstoodInTwoWays) {
  std::atomic<int> handled = 0;
  ServerOptions options;
  options.header_bytes_max = 4096;
  options.headers_max = 20;
  const auto endpoint = start(
      [&](Request& request) {
        ++handled;
        const auto body = read_all(request.body, 1000);
        return text_response(200, body ? "ok" : body.error().id);
      },
      options);
  const std::string get = "GET / HTTP/1.1\r\n";
  const std::string host = "Host: a\r\n";
  const std::string put = "PUT / HTTP/1.1\r\nHost: a\r\n";
  std::string many;
  for (int at = 0; at < 30; ++at) many += "X-" + std::to_string(at) + ": 1\r\n";
  const std::vector<Malformed> cases = {
      {"length and chunks", put + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunks and length", put + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
      {"two lengths", put + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400},
      {"two equal lengths", put + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
      {"length list", put + "Content-Length: 3, 3\r\n\r\nabc", 400},
      {"negative length", put + "Content-Length: -3\r\n\r\n", 400},
      {"signed length", put + "Content-Length: +3\r\n\r\nabc", 400},
      {"hexadecimal length", put + "Content-Length: 0x3\r\n\r\nabc", 400},
      {"empty length", put + "Content-Length:\r\n\r\n", 400},
      {"huge length", put + "Content-Length: 99999999999999999999999\r\n\r\n", 400},
      {"unknown coding", put + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {"coding with a tab", put + "Transfer-Encoding: \tchunked, identity\r\n\r\n0\r\n\r\n", 501},
      {"two codings", put + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunks in 1.0", "PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"blank before colon", put + "Content-Length : 3\r\n\r\nabc", 400},
      {"blank in a name", get + host + "X y: 1\r\n\r\n", 400},
      {"empty name", get + host + ": 1\r\n\r\n", 400},
      {"no colon", get + host + "nothing\r\n\r\n", 400},
      {"folded line", get + host + "X: 1\r\n 2\r\n\r\n", 400},
      {"blank before the first field", get + " Host: a\r\n\r\n", 400},
      {"bare line feeds", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"one bare line feed", get + "Host: a\nX: 1\r\n\r\n", 400},
      {"carriage return in a value", get + host + "X: a\rb\r\n\r\n", 400},
      {"NUL in a value", get + host + std::string("X: a\0b\r\n\r\n", 10), 400},
      {"NUL in the target", std::string("GET /\0 HTTP/1.1\r\n", 17) + host + "\r\n", 400},
      {"control character", get + host + "X: a\x01\r\n\r\n", 400},
      {"blank in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"two blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"no host", get + "\r\n", 400},
      {"two hosts", get + host + "Host: b\r\n\r\n", 400},
      {"odd host", get + "Host: a/b\r\n\r\n", 400},
      {"user in the host", get + "Host: me@a\r\n\r\n", 400},
      {"two who ask", get + host + "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n", 400},
      {"relative target", "GET a/b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"foreign scheme", "GET ftp://a/b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"star with GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"tunnel", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"HTTP/3", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505},
      {"HTTP/0.9", "GET /\r\n\r\n", 400},
      {"lower case version", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
      {"long version", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
      {"TLS", std::string("\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", 11), 400},
      {"noise", "\x80\x81\x82", 400},
      {"long target", "GET /" + std::string(5000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"long field", get + host + "X: " + std::string(5000, 'a') + "\r\n\r\n", 431},
      {"many fields", get + host + many + "\r\n", 431},
      {"unknown expectation", put + "Content-Length: 1\r\nExpect: tea\r\n\r\n", 417},
      {"chunk without size", put + "Transfer-Encoding: chunked\r\n\r\n;x\r\n", 400},
      {"chunk size with a sign", put + "Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n", 400},
      {"chunk size 0x", put + "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", 400},
      {"chunk size with a blank", put + "Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n", 400},
      {"huge chunk size", put + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc", 400},
      {"chunk with a line feed", put + "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", 400},
      {"chunk longer than its size", put + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", 400},
      {"bad trailer", put + "Transfer-Encoding: chunked\r\n\r\n0\r\nX y: 1\r\n\r\n", 400},
      {"framing in a trailer", put + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 1\r\n\r\n", 400},
  };
  for (const auto& each : cases) {
    RawClient client(endpoint);
    ASSERT_TRUE(client.send(each.bytes + get_request("/smuggled"))) << each.what;
    const auto answer = client.answer();
    EXPECT_EQ(answer.status, each.status) << each.what << ": " << answer.body;
    EXPECT_TRUE(answer.is_whole) << each.what;
    EXPECT_EQ(answer.headers.get("Connection"), "close") << each.what;
    client.end_sending();
    EXPECT_EQ(client.receive_all(), "") << each.what;
  }
  EXPECT_EQ(handled, 0);
  EXPECT_EQ(server_->stats().requests_malformed, cases.size());
}

TEST_F(HttpServerLimitsTest, TakesUnusualButClearRequests) {
  const auto endpoint = start(show_target);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"GET http://Other:81/a?b HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a?b Other:81\n"},
      {"GET HTTPS://o HTTP/1.1\r\nHost: a\r\n\r\n", "GET / o\n"},
      {"GET http://o?x HTTP/1.1\r\nHost: a\r\n\r\n", "GET /?x o\n"},
      {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * a\n"},
      {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / a\n"},
      {"GET / HTTP/1.1\r\nhOSt:a\r\n\r\n", "GET / a\n"},
      {"GET / HTTP/1.1\r\nHost: \r\n\r\n", "GET / \n"},
      {"GET //x/../%2e HTTP/1.1\r\nHost: a\r\n\r\n", "GET //x/../%2e a\n"},
      {"PROPFIND /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", "PROPFIND /\xc3\xa4 a\n"},
      {"GET / HTTP/1.0\r\n\r\n", "GET / -\n"},
  };
  for (const auto& [bytes, body] : cases) {
    RawClient client(endpoint);
    client.send(bytes);
    const auto answer = client.answer();
    EXPECT_EQ(answer.status, 200U) << bytes;
    EXPECT_EQ(answer.body, body);
  }
}

TEST_F(HttpServerLimitsTest, ClosesClientsThatAreTooSlowWithTheirHeader) {
  ServerOptions options;
  options.header_timeout_ms = 100;
  options.idle_timeout_ms = 150;
  options.body_idle_timeout_ms = 100;
  options.small_body_bytes = 100;
  std::string error;
  const auto endpoint = start(
      [&](Request& request) {
        const auto body = read_all(request.body, 1000);
        if (!body) error = body.error().id;
        return text_response(body ? 200 : 408, "x");
      },
      options);
  RawClient slow_header(endpoint);
  slow_header.send("GET / HTTP/1.1\r\nHo");
  EXPECT_EQ(slow_header.answer().status, 408U);
  EXPECT_TRUE(slow_header.is_closed_by_server());
  RawClient silent(endpoint);
  EXPECT_TRUE(silent.is_closed_by_server());
  RawClient slow_small_body(endpoint);
  slow_small_body.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc");
  EXPECT_EQ(slow_small_body.answer().status, 408U);
  EXPECT_EQ(error, "");
  RawClient slow_large_body(endpoint);
  slow_large_body.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nabc");
  EXPECT_EQ(slow_large_body.answer().status, 408U);
  EXPECT_EQ(error, "http.body_too_slow");
  // Counted where the connection ends, which may be a moment after the client has its answer.
  wait_until([&] { return server_->stats().timeouts >= 3; });
  EXPECT_GE(server_->stats().timeouts, 3U);
}

TEST_F(HttpServerLimitsTest, TellsTheHandlerThatTheClientBrokeOff) {
  ServerOptions options;
  options.small_body_bytes = 10;
  std::mutex mutex;
  std::vector<std::string> errors;
  const auto endpoint = start(
      [&](Request& request) {
        const auto body = read_all(request.body, 1000);
        const std::lock_guard lock(mutex);
        errors.push_back(body ? "none" : body.error().id);
        return text_response(400, "x");
      },
      options);
  {
    RawClient client(endpoint);
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nabc");
    client.end_sending();
    EXPECT_EQ(client.answer().status, 400U);
  }
  {
    RawClient client(endpoint);
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n0123456789abcdefghij\r\nq\r\n");
    EXPECT_EQ(client.answer().status, 400U);
  }
  EXPECT_EQ(errors, (std::vector<std::string>{"http.body_broken_off", "http.bad_chunk"}));
}

TEST_F(HttpServerLimitsTest, SlowReadersHoldNoThreadAndLittleMemory) {
  std::atomic<std::uint64_t> pulled = 0;
  ServerOptions options;
  options.threads = 4;
  options.pull_bytes = 64 * 1024;
  const auto endpoint = start(
      [&](Request& request) {
        if (request.target == "/quick") return text_response(200, "quick");
        return from_source(std::make_unique<EndlessSource>(pulled));
      },
      options);
  std::vector<RawClient> readers;
  for (int at = 0; at < 200; ++at) {
    readers.emplace_back(endpoint, 10'000, 4096);
    ASSERT_TRUE(readers.back().send(get_request("/endless")));
  }
  wait_until([&] { return server_->stats().requests_in_flight == 200; });
  RawClient quick(endpoint);
  for (int round = 0; round < 20; ++round) {
    quick.send(get_request("/quick"));
    EXPECT_EQ(quick.answer().body, "quick\n");
  }
  // What the kernel buffers for a connection, and one piece; nobody pulls ahead of the client.
  std::uint64_t before = 0;
  wait_until([&] { return std::exchange(before, pulled.load()) == pulled.load(); });
  EXPECT_LT(pulled, 200ULL * 8 * 1024 * 1024);
  readers.clear();
  wait_until([&] { return server_->stats().requests_in_flight == 0; });
}

TEST_F(HttpServerLimitsTest, ManyIdleConnectionsCostNothingToOthers) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 8192);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const auto endpoint = start(show_target);
  std::vector<RawClient> idle;
  for (int at = 0; at < 1000; ++at) {
    idle.emplace_back(endpoint);
    ASSERT_TRUE(idle.back().is_connected());
  }
  wait_until([&] { return server_->stats().connections_open == 1000; });
  RawClient client(endpoint);
  client.send(get_request("/x"));
  EXPECT_EQ(client.answer().status, 200U);
  for (auto& each : idle) {
    each.send(get_request("/y"));
    ASSERT_EQ(each.answer().status, 200U);
  }
  idle.clear();
  wait_until([&] { return server_->stats().connections_open == 1; });
}

TEST_F(HttpServerLimitsTest, TurnsConnectionsBeyondTheLimitAway) {
  ServerOptions options;
  options.connections_max = 2;
  const auto endpoint = start(show_target, options);
  RawClient first(endpoint);
  RawClient second(endpoint);
  wait_until([&] { return server_->stats().connections_open == 2; });
  RawClient third(endpoint);
  const auto answer = third.answer();
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.headers.get("Retry-After"), "1");
  EXPECT_EQ(server_->stats().connections_refused, 1U);
  first.send(get_request("/", "Connection: close\r\n"));
  EXPECT_EQ(first.answer().status, 200U);
  wait_until([&] { return server_->stats().connections_open == 1; });
  RawClient fourth(endpoint);
  fourth.send(get_request("/"));
  EXPECT_EQ(fourth.answer().status, 200U);
}

TEST_F(HttpServerLimitsTest, UploadsBeyondTheLimitWaitInLineAndAreThenRefused) {
  Gate gate;
  ServerOptions options;
  options.streaming_bodies_max = 1;
  options.streaming_wait_ms = 200;
  options.small_body_bytes = 10;
  const auto endpoint = start(
      [&](Request& request) {
        if (request.target == "/gate") gate.pass();
        const auto body = read_all(request.body, 1000);
        return text_response(200, body ? to_string(*body) : body.error().id);
      },
      options);
  const std::string fields = " HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n0123456789abcdefghij";
  RawClient first(endpoint);
  first.send("PUT /gate" + fields);
  gate.wait_for(1);
  RawClient refused(endpoint);
  refused.send("PUT /" + fields);
  const auto answer = refused.answer();
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.headers.get("Retry-After"), "1");
  RawClient waiting(endpoint);
  waiting.send("PUT /" + fields);
  gate.open();
  EXPECT_EQ(first.answer().body, "0123456789abcdefghij\n");
  EXPECT_EQ(waiting.answer().body, "0123456789abcdefghij\n");
}

TEST_F(HttpServerLimitsTest, ReadsPastABodyThatNobodyWantedWhileItIsShort) {
  ServerOptions options;
  options.small_body_bytes = 10;
  const auto endpoint = start(show_target, options);
  RawClient client(endpoint);
  client.send("PUT /short HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x') +
              get_request("/next"));
  EXPECT_EQ(client.answer().body, "PUT /short a\n");
  EXPECT_EQ(client.answer().body, "GET /next test\n");
  client.send("PUT /long HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n" + std::string(1'000'000, 'x'));
  const auto answer = client.answer();
  EXPECT_EQ(answer.body, "PUT /long a\n");
  EXPECT_EQ(answer.headers.get("Connection"), "close");
}

TEST_F(HttpServerLimitsTest, ASourceThatWaitsIsSentAsItComesAndHoldsNoThread) {
  ServerOptions options;
  options.threads = 2;
  const auto endpoint = start(
      [](Request& request) {
        if (request.target == "/feed") {
          return from_source(std::make_unique<StepSource>(std::vector<std::string>{"one", "two", "", "three"},
                                                          StepSource::Ending::end));
        }
        if (request.target == "/never") {
          return from_source(
              std::make_unique<StepSource>(std::vector<std::string>{"one"}, StepSource::Ending::never, 60'000));
        }
        return text_response(200, "quick");
      },
      options);
  std::vector<RawClient> waiting;
  for (int at = 0; at < 20; ++at) {
    waiting.emplace_back(endpoint);
    waiting.back().send(get_request("/never"));
    EXPECT_TRUE(waiting.back().receive().find("3\r\none\r\n") != std::string::npos);
  }
  RawClient client(endpoint);
  client.send(get_request("/feed"));
  const auto answer = client.answer();
  EXPECT_TRUE(answer.is_whole);
  EXPECT_EQ(answer.body, "onetwothree");
  client.send(get_request("/quick"));
  EXPECT_EQ(client.answer().body, "quick\n");
  waiting.clear();
  wait_until([&] { return server_->stats().requests_in_flight == 0; });
}

TEST_F(HttpServerLimitsTest, HandlersThatWaitKeepNobodyWaitingWhileThereAreThreads) {
  for (const std::string method : {"GET", "PUT"}) {
    Gate gate;
    ServerOptions options;
    options.threads = 6;
    options.loop_threads = 1;
    const auto endpoint = start(
        [&](Request& request) {
          if (request.target == "/wait") gate.pass();
          return show_target(request);
        },
        options);
    std::vector<RawClient> waiting;
    for (int at = 0; at < 5; ++at) {
      waiting.emplace_back(endpoint);
      waiting.back().send(method + " /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    gate.wait_for(5);
    RawClient client(endpoint);
    for (int at = 0; at < 3; ++at) {
      client.send(get_request("/quick"));
      EXPECT_EQ(client.answer().body, "GET /quick test\n");
    }
    gate.open();
    for (auto& one : waiting) EXPECT_EQ(one.answer().status, 200U);
    server_.reset();
  }
}

TEST_F(HttpServerLimitsTest, AnAnswerThatFailsIsSeenToBeBroken) {
  std::atomic<int> broken = 0;
  std::atomic<int> whole = 0;
  const auto endpoint = start([&](Request& request) {
    using Ending = StepSource::Ending;
    Response response;
    if (request.target == "/first")
      response = from_source(std::make_unique<StepSource>(std::vector<std::string>{}, Ending::error));
    if (request.target == "/chunked")
      response = from_source(std::make_unique<StepSource>(std::vector<std::string>{"a"}, Ending::error));
    if (request.target == "/length")
      response = from_source(std::make_unique<StepSource>(std::vector<std::string>{"a"}, Ending::error), 10);
    if (request.target == "/short")
      response = from_source(std::make_unique<StepSource>(std::vector<std::string>{"a"}, Ending::end), 10);
    if (request.target == "/long")
      response = from_source(std::make_unique<StepSource>(std::vector<std::string>{"abcdef"}, Ending::end), 3);
    if (request.target == "/field") response.headers.add("X", "a\r\nSet-Cookie: b");
    if (request.target == "/throw") throw std::runtime_error("never in product code");
    response.on_sent = [&](const Sent& sent) {
      EXPECT_EQ(sent.status, sent.whole ? 500U : 200U);
      ++(sent.whole ? whole : broken);
    };
    return response;
  });
  for (const auto* target : {"/first", "/field", "/throw"}) {
    RawClient client(endpoint);
    client.send(get_request(target));
    const auto answer = client.answer();
    EXPECT_EQ(answer.status, 500U) << target;
    EXPECT_TRUE(answer.is_whole) << target;
  }
  for (const auto* target : {"/chunked", "/length", "/short", "/long"}) {
    RawClient client(endpoint);
    client.send(get_request(target));
    const auto answer = client.answer();
    EXPECT_FALSE(answer.is_whole) << target;
  }
  wait_until([&] { return broken == 4 && whole == 2; });
}

TEST_F(HttpServerLimitsTest, StopClosesItsPortWhileClientsKeepConnecting) {
  for (int round = 0; round < 5; ++round) {
    Gate gate;
    ServerOptions options;
    options.drain_timeout_ms = 60'000;
    const auto endpoint = start(
        [&](Request& request) {
          if (request.target == "/gate") gate.pass();
          return text_response(200, "done");
        },
        options);
    RawClient busy(endpoint);
    busy.send(get_request("/gate"));
    gate.wait_for(1);
    // Ending these takes a while, in which more callers come.
    std::vector<RawClient> idle;
    for (int count = 0; count < 300; ++count) {
      idle.emplace_back(endpoint);
      idle.back().send(get_request("/"));
      EXPECT_EQ(idle.back().answer().status, 200U);
    }
    std::thread caller([&] {
      while (RawClient(endpoint, 1000).is_connected()) {
      }
    });
    std::thread stopping([&] { server_->stop(); });
    caller.join();
    // Refused, not timed out in the line of a port that nobody serves any more.
    const auto before = std::chrono::steady_clock::now();
    EXPECT_FALSE(RawClient(endpoint, 5000).is_connected());
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(4));
    gate.open();
    EXPECT_EQ(busy.answer().body, "done\n");
    stopping.join();
  }
}

TEST_F(HttpServerLimitsTest, StopLetsRequestsUnderWayEndAndClosesTheRest) {
  Gate gate;
  ServerOptions options;
  options.drain_timeout_ms = 10'000;
  const auto endpoint = start(
      [&](Request& request) {
        if (request.target == "/gate") gate.pass();
        return text_response(200, "done");
      },
      options);
  RawClient idle(endpoint);
  idle.send(get_request("/"));
  EXPECT_EQ(idle.answer().status, 200U);
  RawClient busy(endpoint);
  busy.send(get_request("/gate"));
  gate.wait_for(1);
  std::thread stopping([&] { server_->stop(); });
  EXPECT_TRUE(idle.is_closed_by_server());
  wait_until([&] { return !RawClient(endpoint).is_connected(); });
  gate.open();
  const auto answer = busy.answer();
  EXPECT_EQ(answer.body, "done\n");
  EXPECT_EQ(answer.headers.get("Connection"), "close");
  EXPECT_TRUE(busy.is_closed_by_server());
  stopping.join();
  EXPECT_EQ(server_->stats().connections_open, 0U);
  server_->stop();
}

TEST_F(HttpServerLimitsTest, StopBreaksOffWhatDoesNotEndInTime) {
  std::atomic<std::uint64_t> pulled = 0;
  ServerOptions options;
  options.drain_timeout_ms = 100;
  const auto endpoint = start([&](Request&) { return from_source(std::make_unique<EndlessSource>(pulled)); }, options);
  RawClient reader(endpoint);
  reader.send(get_request("/"));
  wait_until([&] { return pulled > 0; });
  const auto began = std::chrono::steady_clock::now();
  server_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
}

TEST_F(HttpServerLimitsTest, ALocalSocketTellsWhoConnects) {
  const std::string folder = ::testing::TempDir() + "/atoll-net-" + std::to_string(::getpid());
  ::mkdir(folder.c_str(), 0700);
  Endpoint endpoint;
  endpoint.kind = Endpoint::Kind::local;
  endpoint.path = folder + "/socket";
  start(
      [](Request& request) {
        EXPECT_TRUE(request.connection.is_local_socket);
        return text_response(200, std::to_string(request.connection.peer_user_id.value_or(0xffffffff)));
      },
      {}, endpoint);
  struct stat found {};
  ASSERT_EQ(::stat(endpoint.path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600U);
  RawClient client(endpoint);
  client.send(get_request("/"));
  EXPECT_EQ(client.answer().body, std::to_string(::getuid()) + "\n");
  const auto second = HttpServer::start(machine_.machine(), {endpoint}, nullptr, {.threads = 1}, show_target);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
  server_->stop();
  EXPECT_NE(::stat(endpoint.path.c_str(), &found), 0);
  ::rmdir(folder.c_str());
}

TEST_F(HttpServerLimitsTest, ListensAtAddressesOfBothFamiliesOrSaysWhyNot) {
  Endpoint every;
  every.host = "*";
  const auto bound =
      start([](Request& request) { return text_response(200, request.connection.remote_address); }, {}, every);
  EXPECT_NE(bound.port, 0);
  Endpoint v4 = bound;
  v4.host = "127.0.0.1";
  RawClient client(v4);
  client.send(get_request("/"));
  EXPECT_EQ(client.answer().body, "127.0.0.1\n");
  const auto second = HttpServer::start(machine_.machine(), {v4}, nullptr, {.threads = 1}, show_target);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().id, "http.cannot_listen");
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
  Endpoint nowhere;
  nowhere.host = "no-such-host.invalid";
  EXPECT_EQ(HttpServer::start(machine_.machine(), {nowhere}, nullptr, {.threads = 1}, show_target).error().id,
            "http.bad_endpoint");
}

TEST(EndpointTest, ReadsAndWritesEndpoints) {
  for (const auto* text : {"127.0.0.1:7070", "[::1]:7070", "localhost:0", "*:7070", "unix:/run/atoll.sock"}) {
    const auto endpoint = parse_endpoint(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(format(*endpoint), text);
  }
  EXPECT_EQ(format(*parse_endpoint(":7070")), "*:7070");
  EXPECT_TRUE(is_loopback(*parse_endpoint("[::1]:1")));
  EXPECT_TRUE(is_loopback(*parse_endpoint("unix:/x")));
  EXPECT_FALSE(is_loopback(*parse_endpoint("*:1")));
  EXPECT_FALSE(is_loopback(*parse_endpoint("192.0.2.1:1")));
  for (const auto* bad :
       {"", "7070", "a", "a:", "a:x", "a:65536", "::1:7070", "[::1]", "unix:", "a b:1", "http://a:1"}) {
    EXPECT_FALSE(parse_endpoint(bad)) << bad;
  }
}

}  // namespace
}  // namespace atl::net
