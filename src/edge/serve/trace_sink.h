// Spans of requests, sent to a collector of OpenTelemetry: OTLP over HTTP as JSON (opentelemetry-proto 1.x,
// "OTLP/HTTP"; names of attributes: semantic conventions for HTTP).
//
// Always true: a request never waits for it. At most kHeldMax spans wait; what is beyond is dropped and counted, and
// the next batch says how many. What the log does not have (queries, bodies, secrets) is not sent either. Thread rules:
// note() from any thread; send() by one.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "edge/server/front.h"
#include "foundation/net/http_client.h"

namespace atl::serve {

class TraceSink {
 public:
  static constexpr std::size_t kHeldMax = 4'096;
  static constexpr std::size_t kBatchMax = 512;
  // "http://collector:4318/v1/traces"
  [[nodiscard]] static Result<std::unique_ptr<TraceSink>> open(const platform::Machine& machine, std::string url,
                                                               std::string version);
  void note(const server::Logged& line);
  // One batch; what cannot be delivered is kept for the next call.
  [[nodiscard]] Result<void> send();

 private:
  TraceSink(const platform::Machine& machine, std::unique_ptr<net::HttpClient> client, std::string url,
            std::string version)
      : machine_(machine), client_(std::move(client)), url_(std::move(url)), version_(std::move(version)) {}
  platform::Machine machine_;
  std::unique_ptr<net::HttpClient> client_;
  std::string url_;
  std::string version_;
  std::mutex mutex_;
  std::deque<server::Logged> held_;  // guarded by mutex_
  std::uint64_t dropped_ = 0;        // guarded by mutex_
};

// One span, as OTLP's JSON has it; `random` gives the ids that the line has none of.
[[nodiscard]] json::Value span_json(const server::Logged& line, platform::Random& random);

}  // namespace atl::serve
