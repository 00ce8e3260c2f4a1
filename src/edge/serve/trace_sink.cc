#include "edge/serve/trace_sink.h"

#include <algorithm>

namespace atl::serve {
namespace {

using json::Value;

Value attribute(std::string_view key, const std::string& value) {
  return Value::object().set("key", key).set("value", Value::object().set("stringValue", value));
}
// 64-bit integers are texts in JSON (ProtoJSON).
Value attribute(std::string_view key, std::uint64_t value) {
  return Value::object().set("key", key).set("value", Value::object().set("intValue", std::to_string(value)));
}

template <std::size_t kBytes>
std::string random_id(platform::Random& random) {
  std::array<std::uint8_t, kBytes> bits{};
  random.fill(bits);
  return to_hex(bits);
}

}  // namespace

Value span_json(const server::Logged& line, platform::Random& random) {
  constexpr std::uint64_t kind_server = 2;
  constexpr std::uint64_t status_error = 2;
  Value attributes = Value::array();
  attributes.push(attribute("http.request.method", line.method));
  attributes.push(attribute("url.path", line.path));
  attributes.push(attribute("http.route", line.route));
  attributes.push(attribute("http.response.status_code", std::uint64_t{line.status}));
  attributes.push(attribute("http.response.body.size", line.bytes));
  attributes.push(attribute("client.address", line.address));
  attributes.push(attribute("atoll.request_id", line.request_id));
  if (!line.actor.empty()) attributes.push(attribute("enduser.id", line.actor));
  if (!line.error_id.empty()) attributes.push(attribute("error.type", line.error_id));
  Value span = Value::object();
  span.set("traceId", line.trace_id.empty() ? random_id<16>(random) : line.trace_id);
  span.set("spanId", random_id<8>(random));
  if (!line.parent_span_id.empty()) span.set("parentSpanId", line.parent_span_id);
  span.set("name", line.route).set("kind", kind_server);
  const std::int64_t begun_ns = line.begun_unix_us * 1'000;
  span.set("startTimeUnixNano", std::to_string(begun_ns));
  span.set("endTimeUnixNano", std::to_string(begun_ns + static_cast<std::int64_t>(line.seconds * 1e9)));
  span.set("attributes", std::move(attributes));
  if (server::is_trouble(line.status) || !line.error.empty())
    span.set("status", Value::object().set("code", status_error));
  return span;
}

Result<std::unique_ptr<TraceSink>> TraceSink::open(const platform::Machine& machine, std::string url,
                                                   std::string version) {
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    return fail(ErrorKind::usage, "serve.bad_trace_sink", "a trace sink begins with http:// or https://, not " + url,
                "OpenTelemetry's collector takes http://HOST:4318/v1/traces.");
  }
  net::ClientOptions options;
  options.connect_timeout_ms = 5'000;
  options.total_timeout_ms = 10'000;
  ATOLL_ASSIGN(auto client, net::HttpClient::open(options));
  return std::unique_ptr<TraceSink>(new TraceSink(machine, std::move(client), std::move(url), std::move(version)));
}

void TraceSink::note(const server::Logged& line) {
  const std::lock_guard lock(mutex_);
  if (held_.size() < kHeldMax) {
    held_.push_back(line);
  } else {
    ++dropped_;
  }
}

Result<void> TraceSink::send() {
  std::vector<server::Logged> batch;
  std::uint64_t dropped = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto count = static_cast<std::ptrdiff_t>(std::min(held_.size(), kBatchMax));
    batch.assign(held_.begin(), held_.begin() + count);
    dropped = dropped_;
  }
  if (batch.empty()) return {};
  Value spans = Value::array();
  for (const auto& line : batch) spans.push(span_json(line, machine_.random));
  Value resource = Value::array();
  resource.push(attribute("service.name", "atoll"));
  resource.push(attribute("service.version", version_));
  if (dropped > 0) resource.push(attribute("atoll.spans_dropped", dropped));
  Value scope = Value::object();
  scope.set("scope", Value::object().set("name", "atoll")).set("spans", std::move(spans));
  Value all = Value::object();
  all.set("resource", Value::object().set("attributes", std::move(resource)));
  all.set("scopeSpans", Value::array().push(std::move(scope)));
  const std::string body = Value::object().set("resourceSpans", Value::array().push(std::move(all))).text();
  net::ClientRequest request;
  request.method = "POST";
  request.url = url_;
  request.headers.set("Content-Type", "application/json");
  request.body = as_bytes(body);
  ATOLL_ASSIGN(const auto answer, client_->send(request));
  // Refused for good (4xx) is not sent again; a busy or ailing collector gets it once more.
  if (answer.status == 429 || answer.status >= 500)
    return fail(ErrorKind::unreachable, "trace.not_taken", "the trace sink answered " + std::to_string(answer.status));
  const std::lock_guard lock(mutex_);
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(batch.size()));
  dropped_ -= dropped;
  if (answer.status >= 400)
    return fail(ErrorKind::failed, "trace.refused", "the trace sink answered " + std::to_string(answer.status));
  return {};
}

}  // namespace atl::serve
