#include "edge/serve/trace_sink.h"

#include <gtest/gtest.h>

#include <mutex>

#include "foundation/net/http_server.h"
#include "foundation/platform/testing/test_machine.h"

namespace atl::serve {
namespace {

server::Logged line(const std::string& route) {
  server::Logged one;
  one.method = "GET";
  one.route = route;
  one.path = "/api/v1/x";
  one.status = 200;
  one.seconds = 0.25;
  one.begun_unix_us = 1'800'000'000'000'000;
  return one;
}

TEST(TraceSink, ASpanHasItsParentTimesAndStatus) {
  platform::TestMachine machine;
  auto one = line("GET /api/v1/x");
  one.trace_id = "0af7651916cd43dd8448eb211c80319c";
  one.parent_span_id = "b7ad6b7169203331";
  one.status = 500;
  one.error_id = "disk.gone";
  const auto span = span_json(one, machine.random);
  EXPECT_EQ(span.text_of("traceId").value(), one.trace_id);
  EXPECT_EQ(span.text_of("parentSpanId").value(), one.parent_span_id);
  EXPECT_EQ(span.text_of("spanId").value().size(), 16U);
  EXPECT_EQ(span.text_of("startTimeUnixNano").value(), "1800000000000000000");
  EXPECT_EQ(span.text_of("endTimeUnixNano").value(), "1800000000250000000");
  EXPECT_EQ(span.find("status")->number_of("code").value(), 2U);
  EXPECT_NE(span.text().find(R"("intValue":"500")"), std::string::npos);
  const auto own = span_json(line("x"), machine.random);
  EXPECT_EQ(own.text_of("traceId").value().size(), 32U);
  EXPECT_EQ(own.find("parentSpanId"), nullptr);
  EXPECT_EQ(own.find("status"), nullptr);
}

TEST(TraceSink, WhatIsNotTakenIsKeptAndWhatIsTooMuchIsCounted) {
  platform::TestMachine machine;
  std::mutex mutex;
  std::vector<std::string> bodies;
  unsigned answers = 503;
  net::Endpoint endpoint = net::parse_endpoint("127.0.0.1:0").value();
  const auto collector = net::HttpServer::start(machine.machine(), {endpoint}, nullptr, {}, [&](net::Request& request) {
                           const auto body = net::read_all(request.body, 64 * kMiB);
                           const std::lock_guard lock(mutex);
                           bodies.push_back(body ? to_string(*body) : "");
                           return net::text_response(answers, "x");
                         }).value();
  const std::string url = "http://" + net::format(collector->endpoints().front()) + "/v1/traces";
  const auto sink = TraceSink::open(machine.machine(), url, "1").value();
  EXPECT_TRUE(sink->send());
  EXPECT_TRUE(bodies.empty()) << "nothing to send";
  for (std::size_t i = 0; i < TraceSink::kHeldMax + 3; ++i) sink->note(line("route " + std::to_string(i)));
  EXPECT_FALSE(sink->send());
  {
    const std::lock_guard lock(mutex);
    answers = 200;
  }
  for (std::size_t i = 0; i < TraceSink::kHeldMax / TraceSink::kBatchMax; ++i) EXPECT_TRUE(sink->send());
  EXPECT_TRUE(sink->send());
  ASSERT_EQ(bodies.size(), 1 + TraceSink::kHeldMax / TraceSink::kBatchMax);
  EXPECT_NE(bodies[1].find("\"route 0\""), std::string::npos) << "the same batch again";
  EXPECT_NE(bodies[1].find("atoll.spans_dropped"), std::string::npos);
  EXPECT_EQ(bodies[2].find("atoll.spans_dropped"), std::string::npos);
  EXPECT_NE(bodies.back().find("\"route " + std::to_string(TraceSink::kHeldMax - 1) + "\""), std::string::npos);
  EXPECT_FALSE(TraceSink::open(machine.machine(), "collector:4318", "1"));
}

}  // namespace
}  // namespace atl::serve
