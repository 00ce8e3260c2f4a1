#include "foundation/net/internal/connection.h"

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "foundation/net/http_date.h"
#include "foundation/net/internal/characters.h"
#include "foundation/net/internal/streaming_body.h"

namespace atl::net {

namespace {

constexpr std::size_t kInBytesFirst = 8 * 1024;  // a request with 4 KiB in one piece
constexpr int kSoonMs = 10;
constexpr std::size_t kInBytesKept = 16 * 1024;  // a buffer that grew beyond this is not kept while idle
constexpr std::uint64_t kDiscardBytesMax = 256 * 1024;
constexpr unsigned kEmptyLinesMax = 4;
constexpr std::uint32_t kSourceSliceMs = 250;
constexpr std::uint32_t kLingerStoppingMs = 250;

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits{};
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

bool is_writable_field(const Header& field) {
  return !field.name.empty() && !has_any(field.name, Refused::in_names) && !has_any(field.value, Refused::anywhere);
}

bool is_servers_own(std::string_view name) {
  for (const std::string_view own : {"Content-Length", "Transfer-Encoding", "Connection", "Date", "Keep-Alive"}) {
    if (equal_ignoring_case(name, own)) return true;
  }
  return false;
}

bool can_be_written(const Response& response) {
  return response.status >= 200 && response.status <= 599 &&
         std::all_of(response.headers.begin(), response.headers.end(), is_writable_field);
}

Response failed_response() { return text_response(500, "The server failed to answer this request."); }

// The listener stays: it hears what was sent in place of its answer.
void fail_instead(Response& response) {
  auto on_sent = std::move(response.on_sent);
  response = failed_response();
  response.on_sent = std::move(on_sent);
}

ByteView bytes_of(const Response& response) {
  if (const auto* text = std::get_if<std::string>(&response.body)) return as_bytes(*text);
  if (const auto* bytes = std::get_if<Bytes>(&response.body)) return *bytes;
  if (const auto* shared = std::get_if<SharedBytes>(&response.body)) return shared->bytes;
  return {};
}

bool changes_nothing(std::string_view method) { return method == "GET" || method == "HEAD" || method == "OPTIONS"; }

// Pulls once and checks what came; the piece in `piece`.
Result<Pulled> pull_checked(Crew& crew, BodySource& source, ByteSpan out, ByteView& piece) {
  const Crew::Section section(crew, Crew::Expected::quick);
  ATOLL_ASSIGN(const auto pulled, source.pull(out));
  if (pulled.bytes > out.size() && pulled.borrowed.empty()) {
    return fail(ErrorKind::failed, "http.pull_too_long", "a body source wrote more than there was room for");
  }
  piece = pulled.borrowed.empty() ? ByteView(out.first(pulled.bytes)) : pulled.borrowed;
  if (piece.empty() && pulled.state == Pulled::State::more) {
    return fail(ErrorKind::failed, "http.empty_pull", "a body source gave nothing and no end");
  }
  return pulled;
}

}  // namespace

Connection::Connection(ServerState& server, Executor executor, ConnectionFacts facts, Socket socket,
                       std::shared_ptr<asio::ssl::context> tls_context)
    : server_(server),
      facts_(std::move(facts)),
      executor_(executor),
      transport_(std::move(socket), std::move(tls_context)),
      watched_(transport_.file_descriptor()),
      scanner_({server.options.header_bytes_max, server.options.headers_max}) {
  server_.enter(watched_);
}

Connection::~Connection() {
  server_.forget(facts_);
  server_.leave(watched_);
}

void Connection::count_received(std::size_t bytes) {
  server_.counters.received_bytes.fetch_add(bytes, std::memory_order_relaxed);
}

ByteSpan Connection::room() {
  if (in_begin_ == in_end_) in_begin_ = in_end_ = 0;
  if (in_.empty()) in_ = Buffer(kInBytesFirst);
  if (in_end_ == in_.size() && in_begin_ > 0) {
    std::memmove(in_.data(), in_.data() + in_begin_, in_end_ - in_begin_);
    in_end_ -= in_begin_;
    in_begin_ = 0;
  }
  if (in_end_ == in_.size()) in_.resize(std::max<std::size_t>(in_.size() * 2, kInBytesFirst));
  return in_.span().subspan(in_end_);
}

std::optional<std::size_t> Connection::fill_now() {
  const auto out = room();
  ErrorCode error;
  const auto count = transport_.read_now(out, error);
  if (count) {
    count_received(*count);
    in_end_ += *count;
  }
  return count;
}

Awaitable<std::size_t> Connection::fill() {
  const auto out = room();
  const auto [error, count] = co_await transport_.read_some(out);
  if (error) co_return 0;
  count_received(count);
  in_end_ += count;
  co_return count;
}

Awaitable<void> Connection::run() {
  bool is_ready = true;
  if (transport_.is_tls()) is_ready = co_await shake_hands();
  auto end = is_ready ? End::goes_on : End::abandoned;
  while (end == End::goes_on) end = co_await serve_one();
  switch (end) {
    case End::goes_on:
    case End::abandoned: break;
    case End::done:
      watched_.wait_for(Waiting::linger, server_.now_ns(), server_.options.linger_ms);
      co_await transport_.shut_down_sending();
      break;
    case End::lingers: co_await linger(); break;
    case End::broken: {
      // A reset, which the client cannot take for an orderly end.
      ErrorCode ignored;
      transport_.socket().set_option(asio::socket_base::linger(true, 0), ignored);
      break;
    }
  }
}

Awaitable<bool> Connection::shake_hands() {
  watched_.wait_for(Waiting::handshake, server_.now_ns(), server_.options.handshake_timeout_ms);
  const auto [error] = co_await transport_.handshake();
  if (!error) co_return true;
  server_.counters.tls_handshakes_failed.fetch_add(1, std::memory_order_relaxed);
  if (error.category() == asio::error::get_ssl_category() && ERR_GET_REASON(error.value()) == SSL_R_HTTP_REQUEST) {
    constexpr std::string_view kAnswer =
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 40\r\nConnection: close\r\n\r\n"
        "This port speaks HTTPS: begin https://.\n";
    ErrorCode ignored;
    transport_.socket().write_some(asio::buffer(kAnswer.data(), kAnswer.size()), ignored);
    transport_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
  }
  co_return false;
}

Awaitable<std::optional<Connection::End>> Connection::read_head(RequestHead& head) {
  const HeadLimits limits{server_.options.header_bytes_max, server_.options.headers_max};
  scanner_.reset();
  unsigned empty_lines = 0;
  bool is_in_head = false;
  if (in_begin_ == in_end_ && in_.size() > kInBytesKept) in_ = Buffer();
  watched_.wait_for(Waiting::request, server_.now_ns(), server_.options.idle_timeout_ms);
  while (true) {
    auto bytes = as_text(pending());
    // Some clients end a body with an empty line too many (RFC 9112 section 2.2).
    while (!is_in_head && bytes.starts_with("\r\n") && empty_lines < kEmptyLinesMax) {
      ++empty_lines;
      consume(2);
      bytes = as_text(pending());
    }
    if (!bytes.empty() && (is_in_head || bytes != "\r")) {
      if (!is_in_head) {
        is_in_head = true;
        watched_.wait_for(Waiting::header, server_.now_ns(), server_.options.header_timeout_ms);
      }
      auto found = scanner_.scan(bytes);
      if (found.end) {
        watched_.wait_for_nothing();
        auto refusal = parse_head(bytes.substr(0, *found.end), limits, head);
        consume(*found.end);
        if (!refusal) co_return std::nullopt;
        const Framing framing{.version = head.version, .is_head = head.method == "HEAD", .keeps_alive = false};
        co_return co_await refuse(*refusal, framing);
      }
      if (found.refusal) {
        const Framing framing;
        co_return co_await refuse(*found.refusal, framing);
      }
    }
    const auto count = co_await fill();
    if (count == 0) {
      if (is_in_head && watched_.timed_out()) {
        const Refusal refusal{408, "The request did not come in time."};
        const Framing framing;
        co_return co_await refuse(refusal, framing);
      }
      co_return End::abandoned;
    }
  }
}

Awaitable<bool> Connection::read_small_body(const RequestHead& head, StreamingBody& body) {
  const std::size_t bytes_max = server_.options.small_body_bytes;
  const auto began = server_.now_ns();
  if (head.content_length) body.gathered().reserve(static_cast<std::size_t>(*head.content_length));
  while (true) {
    if (!body.gather_pending(bytes_max)) co_return false;
    if (body.is_ended()) co_return true;
    if (body.gathered().size() >= bytes_max) co_return false;
    // The whole small body has the time that its least rate allows.
    if (server_.now_ns() - began > std::int64_t{server_.options.body_idle_timeout_ms} * 2'000'000) co_return false;
    watched_.wait_for(Waiting::body, server_.now_ns(), server_.options.body_idle_timeout_ms);
    transport_.acknowledge_now();
    const auto now = fill_now();
    const auto count = now ? *now : co_await fill();
    watched_.wait_for_nothing();
    if (count == 0) co_return false;
  }
}

Awaitable<Connection::End> Connection::serve_one() {
  RequestHead head;
  if (auto end = co_await read_head(head)) co_return *end;
  server_.counters.requests_total.fetch_add(1, std::memory_order_relaxed);
  const Framing framing{.version = head.version, .is_head = head.method == "HEAD", .keeps_alive = false};

  if (!head.is_chunked && head.content_length.value_or(0) == 0) {
    MemoryBody nothing{std::string()};
    co_return co_await answer(head, nothing, nullptr, false);
  }
  StreamingBody streaming(*this, head);
  const bool may_be_small =
      !head.expects_continue && head.content_length.value_or(0) <= server_.options.small_body_bytes;
  if (may_be_small) {
    if (co_await read_small_body(head, streaming)) {
      MemoryBody small(std::move(streaming.gathered()), streaming.trailers());
      co_return co_await answer(head, small, nullptr, false);
    }
    if (streaming.has_failed()) {
      const Refusal refusal{400, "The chunked body is malformed."};
      co_return co_await refuse(refusal, framing);
    }
    if (streaming.gathered().size() < server_.options.small_body_bytes) {
      if (watched_.timed_out() || !transport_.is_closed_by_peer()) {
        const Refusal refusal{408, "The request's body did not come in time."};
        co_return co_await refuse(refusal, framing);
      }
      co_return End::abandoned;
    }
  }
  const auto deadline_ns = server_.now_ns() + std::int64_t{server_.options.streaming_wait_ms} * 1'000'000;
  const bool has_slot = co_await server_.streaming_slots.acquire(executor_, deadline_ns);
  if (!has_slot) {
    const Refusal refusal{503, "Too many uploads at once. Try again in a moment."};
    co_return co_await refuse(refusal, framing);
  }
  co_return co_await answer(head, streaming, &streaming, true);
}

Awaitable<Connection::End> Connection::answer(RequestHead& head, BodyReader& reader, StreamingBody* streaming,
                                              bool has_slot) {
  auto& in_flight = server_.counters.requests_in_flight;
  in_flight.fetch_add(1, std::memory_order_relaxed);
  const bool is_head = head.method == "HEAD";
  Response response;
  {
    Request request{.method = std::move(head.method),
                    .target = std::move(head.target),
                    .version = head.version,
                    .headers = std::move(head.headers),
                    .content_length = head.content_length,
                    .is_chunked = head.is_chunked,
                    .connection = facts_,
                    .body = reader};
    // A change waits for a sync, and a body for its client: others go on at the loop meanwhile.
    const bool is_quick = streaming == nullptr && changes_nothing(request.method);
    if (streaming != nullptr) transport_.leave_event_loop();  // which need not be told of what comes of it
    const Crew::Section section(server_.crew, is_quick ? Crew::Expected::quick : Crew::Expected::waits);
    try {
      response = server_.handler(request);
    } catch (...) {
      response = failed_response();
    }
  }
  if (has_slot) server_.streaming_slots.release();

  Framing framing{.version = head.version,
                  .is_head = is_head,
                  .keeps_alive = head.keeps_alive && !response.closes && !server_.is_stopping()};
  std::uint64_t left = 0;
  bool has_unread_input = false;
  if (streaming != nullptr && !streaming->is_ended()) {
    // A client that still waits for "100 Continue" may send its body or not: nobody can tell what would come next.
    const auto known = streaming->left();
    if (streaming->has_failed() || streaming->awaits_continue() || !known || *known > kDiscardBytesMax) {
      framing.keeps_alive = false;
      has_unread_input = true;
    } else {
      left = *known;
    }
  }
  Sent sent;
  const bool is_sent = co_await send(response, framing, sent);
  sent.whole = is_sent;
  in_flight.fetch_sub(1, std::memory_order_relaxed);
  if (response.on_sent) {
    try {
      response.on_sent(sent);
    } catch (...) {
      // What a listener does is its own affair; the answer is sent.
    }
  }
  if (!is_sent) co_return End::broken;
  if (!framing.keeps_alive) {
    co_return has_unread_input || left > 0 || head.keeps_alive ? End::lingers : End::done;
  }
  if (left > 0) {
    const bool is_discarded = co_await discard(left);
    if (!is_discarded) co_return End::abandoned;
  }
  co_return End::goes_on;
}

Awaitable<bool> Connection::discard(std::uint64_t bytes) {
  while (true) {
    const auto count = std::min<std::uint64_t>(bytes, pending().size());
    consume(static_cast<std::size_t>(count));
    bytes -= count;
    if (bytes == 0) co_return true;
    watched_.wait_for(Waiting::body, server_.now_ns(), server_.options.body_idle_timeout_ms);
    if (co_await fill() == 0) co_return false;
  }
}

Awaitable<Connection::End> Connection::refuse(const Refusal& refusal, Framing framing) {
  server_.counters.requests_malformed.fetch_add(1, std::memory_order_relaxed);
  framing.keeps_alive = false;
  auto response = text_response(refusal.status, refusal.text);
  if (refusal.status == 503 || refusal.status == 429) response.headers.add("Retry-After", "1");
  Sent sent;
  const bool is_sent = co_await send(response, framing, sent);
  co_return is_sent ? End::lingers : End::abandoned;
}

void Connection::write_head(const Response& response, const Framing& framing, std::optional<std::uint64_t> length,
                            bool is_chunked) {
  out_.clear();
  out_ += "HTTP/1.1 ";
  append_number(out_, response.status);
  out_ += ' ';
  out_ += reason_of(response.status);
  out_ += "\r\n";
  const auto second = server_.machine.clock.now().unix_us / 1'000'000;
  if (second != date_second_) {
    date_ = format_http_date(second);
    date_second_ = second;
  }
  out_ += "Date: ";
  out_ += date_;
  out_ += "\r\n";
  bool has_server = server_.options.server_name.empty();
  for (const auto& field : response.headers) {
    if (is_servers_own(field.name)) continue;
    if (equal_ignoring_case(field.name, "Server")) has_server = true;
    out_ += field.name;
    out_ += ": ";
    out_ += field.value;
    out_ += "\r\n";
  }
  if (!has_server) {
    out_ += "Server: ";
    out_ += server_.options.server_name;
    out_ += "\r\n";
  }
  if (is_chunked) {
    out_ += "Transfer-Encoding: chunked\r\n";
  } else if (length) {
    out_ += "Content-Length: ";
    append_number(out_, *length);
    out_ += "\r\n";
  }
  if (!framing.keeps_alive) {
    out_ += "Connection: close\r\n";
  } else if (framing.version < 11) {
    out_ += "Connection: keep-alive\r\n";
  }
  out_ += "\r\n";
}

Awaitable<bool> Connection::write_all(Gather gather) {
  while (!gather.pieces().empty()) {
    watched_.wait_for(Waiting::write, server_.now_ns(), server_.options.write_timeout_ms);
    ErrorCode error;
    auto now = transport_.write_now(gather, error);
    if (!now && !server_.is_stopping()) {
      const ServerState::DirectWait wait(server_);
      if (wait.may_wait()) {
        const Crew::Section section(server_.crew, Crew::Expected::waits);
        if (transport_.wait_writable(kSoonMs)) now = transport_.write_now(gather, error);
      }
    }
    std::size_t count = now.value_or(0);
    if (!now) {
      const auto moved = co_await transport_.write_some(gather);
      error = std::get<0>(moved);
      count = std::get<1>(moved);
    }
    if (error) co_return false;
    server_.counters.sent_bytes.fetch_add(count, std::memory_order_relaxed);
    gather.took(count);
  }
  watched_.wait_for_nothing();
  co_return true;
}

Awaitable<bool> Connection::wait_for_source(std::uint32_t wait_ms) {
  asio::steady_timer timer(executor_);
  while (true) {
    // In slices, so that neither a stop nor a client that left waits for a long one.
    if (transport_.is_closed_by_peer()) co_return false;
    if (wait_ms == 0 || server_.is_stopping()) co_return true;
    const auto slice = std::min(wait_ms, kSourceSliceMs);
    timer.expires_after(std::chrono::milliseconds(slice));
    const auto [error] = co_await timer.async_wait(kAwait);
    if (error) co_return false;
    wait_ms -= slice;
  }
}

Awaitable<bool> Connection::send(Response& response, Framing& framing, Sent& sent) {
  if (!can_be_written(response)) fail_instead(response);
  auto* source = std::get_if<std::unique_ptr<BodySource>>(&response.body);
  const bool has_source = source != nullptr && *source != nullptr;
  const bool has_no_body = framing.is_head || response.status == 204 || response.status == 304;

  Buffer buffer;
  ByteView piece;
  Pulled pulled;
  pulled.state = Pulled::State::end;
  auto length = response.length;
  if (!has_source) {
    piece = bytes_of(response);
    if (!has_no_body) length = piece.size();
    if (framing.is_head && !length) length = piece.size();
    if (has_no_body) piece = {};
  } else if (!has_no_body && length != 0) {
    // The first piece comes before the head is written: a source that fails at once gets an honest answer.
    buffer = server_.take_buffer(
        static_cast<std::size_t>(std::min<std::uint64_t>(server_.options.pull_bytes, length.value_or(UINT64_MAX))));
    auto first = pull_checked(server_.crew, **source, buffer.span(), piece);
    if (!first) {
      sent.trouble = first.error();
      fail_instead(response);
      piece = bytes_of(response);
      length = piece.size();
    } else {
      pulled = *first;
      if (pulled.state == Pulled::State::end && !length) length = piece.size();
    }
  }
  if (response.status == 204) length.reset();
  const bool is_chunked =
      has_source && !length && framing.version >= 11 && response.status != 204 && response.status != 304;
  if (has_source && !length && framing.version < 11 && !has_no_body) framing.keeps_alive = false;

  sent.status = response.status;
  write_head(response, framing, length, is_chunked);
  std::array<char, 20> chunk_size{};
  bool is_first = true;
  bool is_whole = false;
  bool is_told_to_end = false;
  while (true) {
    if (length && !has_no_body && sent.body_bytes + piece.size() > *length) break;
    Gather gather;
    if (is_first) gather.add(out_);
    if (!piece.empty()) {
      if (is_chunked) {
        const int digits = std::snprintf(chunk_size.data(), chunk_size.size(), "%zx\r\n", piece.size());
        gather.add(std::string_view(chunk_size.data(), static_cast<std::size_t>(digits)));
      }
      gather.add(piece);
      if (is_chunked) gather.add("\r\n");
    }
    const bool is_last = pulled.state == Pulled::State::end;
    if (is_last && is_chunked && !has_no_body) gather.add("0\r\n\r\n");
    if (!gather.pieces().empty()) {
      const bool is_written = co_await write_all(gather);
      if (!is_written) break;
    }
    is_first = false;
    sent.body_bytes += piece.size();
    piece = {};
    if (is_last || (length && !has_no_body && sent.body_bytes == *length)) {
      is_whole = has_no_body || !length || sent.body_bytes == *length;
      break;
    }
    if (pulled.state == Pulled::State::wait) {
      // A source that waits while the server stops is asked once more: it may end its body well.
      if (is_told_to_end) break;
      const bool goes_on = co_await wait_for_source(pulled.wait_ms);
      if (!goes_on) break;
      is_told_to_end = server_.is_stopping();
    }
    auto next = pull_checked(server_.crew, **source, buffer.span(), piece);
    if (!next) {
      sent.trouble = next.error();
      break;
    }
    pulled = *next;
  }
  server_.give_buffer(std::move(buffer));
  co_return is_whole;
}

Awaitable<void> Connection::linger() {
  const auto timeout_ms =
      server_.is_stopping() ? std::min(server_.options.linger_ms, kLingerStoppingMs) : server_.options.linger_ms;
  watched_.wait_for(Waiting::linger, server_.now_ns(), timeout_ms);
  co_await transport_.shut_down_sending();
  in_begin_ = in_end_ = 0;
  while (true) {
    const auto count = co_await fill();
    if (count == 0) break;
    in_begin_ = in_end_ = 0;
  }
}

}  // namespace atl::net
