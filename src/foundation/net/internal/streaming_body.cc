#include "foundation/net/internal/streaming_body.h"

#include <algorithm>
#include <cstring>

namespace atl::net {

namespace {

constexpr std::int64_t kRateGraceNs = 30'000'000'000;
constexpr std::size_t kGatherStep = 16 * 1024;

}  // namespace

StreamingBody::StreamingBody(Connection& connection, const RequestHead& head)
    : connection_(connection),
      is_chunked_(head.is_chunked),
      awaits_continue_(head.expects_continue),
      remaining_(head.content_length.value_or(0)) {}

std::optional<std::uint64_t> StreamingBody::left() const {
  if (is_ended()) return 0;
  if (is_chunked_) return std::nullopt;
  return remaining_;
}

Result<void> StreamingBody::gather_pending(std::size_t bytes_max) {
  while (!connection_.pending().empty() && !is_ended() && gathered_.size() < bytes_max) {
    const auto pending = connection_.pending();
    if (!is_chunked_) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, pending.size()));
      gathered_.append(as_text(pending.first(count)));
      connection_.consume(count);
      remaining_ -= count;
      continue;
    }
    const auto at = gathered_.size();
    gathered_.resize(at + std::min({kGatherStep, pending.size(), bytes_max - at}));
    const ByteSpan out(reinterpret_cast<std::uint8_t*>(gathered_.data()) + at, gathered_.size() - at);  // NOLINT
    const auto step = decoder_.decode(pending, out);
    gathered_.resize(at + (step ? step->produced : 0));
    if (!step) {
      error_ = step.error();
      return pass(step.error());
    }
    connection_.consume(step->consumed);
  }
  return {};
}

Result<std::size_t> StreamingBody::receive(ByteSpan out) {
  auto& server = connection_.server_;
  if (awaits_continue_) {
    awaits_continue_ = false;
    connection_.watched_.wait_for(Waiting::write, server.now_ns(), server.options.write_timeout_ms);
    ErrorCode error;
    connection_.transport_.write_all_blocking("HTTP/1.1 100 Continue\r\n\r\n", error);
    connection_.watched_.wait_for_nothing();
    if (error) return fail(ErrorKind::unreachable, "http.body_broken_off", "the client broke the connection off");
  }
  connection_.watched_.wait_for(Waiting::body, server.now_ns(), server.options.body_idle_timeout_ms);
  const auto began = server.machine.clock.monotonic_ns();
  ErrorCode error;
  const auto count = connection_.transport_.read_some_blocking(out, error);
  waited_ns_ += server.machine.clock.monotonic_ns() - began;
  connection_.watched_.wait_for_nothing();
  if (error || count == 0) {
    if (connection_.watched_.timed_out()) {
      return fail(ErrorKind::limit, "http.body_too_slow", "the client sent nothing of the request's body for too long");
    }
    return fail(ErrorKind::unreachable, "http.body_broken_off",
                "the client broke the connection off before the end of the request's body");
  }
  connection_.count_received(count);
  received_ += count;
  const auto rate = server.options.body_bytes_per_second_min;
  if (rate > 0 && waited_ns_ > kRateGraceNs &&
      received_ < static_cast<std::uint64_t>(waited_ns_ / 1'000'000) * rate / 1000) {
    return fail(ErrorKind::limit, "http.body_too_slow",
                "the client sends the request's body at less than " + std::to_string(rate) + " bytes a second");
  }
  return count;
}

Result<std::size_t> StreamingBody::read_more(ByteSpan out) {
  while (!is_ended()) {
    const auto pending = connection_.pending();
    if (!is_chunked_) {
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, out.size()));
      std::size_t count = 0;
      if (!pending.empty()) {
        count = std::min(wanted, pending.size());
        std::memcpy(out.data(), pending.data(), count);
        connection_.consume(count);
      } else {
        ATOLL_ASSIGN(count, receive(out.first(wanted)));
      }
      remaining_ -= count;
      return count;
    }
    if (!pending.empty()) {
      ATOLL_ASSIGN(const auto step, decoder_.decode(pending, out));
      connection_.consume(step.consumed);
      if (step.produced > 0) return step.produced;
      continue;
    }
    if (const auto in_chunk = decoder_.remaining_in_chunk(); in_chunk > 0) {
      ATOLL_ASSIGN(const auto count,
                   receive(out.first(static_cast<std::size_t>(std::min<std::uint64_t>(in_chunk, out.size())))));
      decoder_.took(count);
      return count;
    }
    ATOLL_ASSIGN(const auto count, receive(connection_.room()));
    connection_.in_end_ += count;
  }
  return 0;
}

Result<std::size_t> StreamingBody::read(ByteSpan out) {
  if (error_) return pass(*error_);
  if (out.empty()) return fail(ErrorKind::usage, "http.empty_read", "a body is read to no bytes at all");
  if (gathered_read_ < gathered_.size()) {
    const auto count = std::min(out.size(), gathered_.size() - gathered_read_);
    std::memcpy(out.data(), gathered_.data() + gathered_read_, count);
    gathered_read_ += count;
    return count;
  }
  auto count = read_more(out);
  if (!count) error_ = count.error();
  return count;
}

}  // namespace atl::net
