// One connection's bytes, plain or through TLS, TCP or local: the only place that knows which.
// Always true: one operation in each direction at a time. `file_descriptor()` may be shut down (shutdown(2)) by another
// thread while this object lives; every operation under way then ends. A plain connection is known to the event loop
// only while it has to wait there: else each arriving byte would wake one of its threads for nothing.
#pragma once

#include <poll.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <optional>
#include <span>
#include <tuple>

#include "foundation/base/bytes.h"

namespace atl::net {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;
template <class T>
using Awaitable = asio::awaitable<T, Executor>;
// Errors come as values.
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> kAwait{};
using Moved = std::tuple<ErrorCode, std::size_t>;

// What is sent in one system call where the kernel takes it.
class Gather {
 public:
  static constexpr std::size_t kPiecesMax = 5;
  void add(ByteView bytes) {
    if (!bytes.empty()) pieces_[count_++] = asio::const_buffer(bytes.data(), bytes.size());
  }
  void add(std::string_view text) { add(as_bytes(text)); }
  // Of what is left after `count` bytes were sent.
  void took(std::size_t count);
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::span<const asio::const_buffer> pieces() const {
    return {pieces_.data() + first_, count_ - first_};
  }

 private:
  std::array<asio::const_buffer, kPiecesMax> pieces_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

class Transport {
 public:
  Transport(Socket socket, std::shared_ptr<asio::ssl::context> tls_context);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  Transport(Transport&&) = delete;
  Transport& operator=(Transport&&) = delete;
  ~Transport();

  [[nodiscard]] bool is_tls() const { return tls_.has_value(); }
  [[nodiscard]] int file_descriptor() const { return descriptor_; }
  // Known to the event loop from now on.
  [[nodiscard]] Socket& socket();
  // Not known to it any more, where it is a plain connection. Nothing may be under way.
  void leave_event_loop();

  [[nodiscard]] Awaitable<std::tuple<ErrorCode>> handshake();
  [[nodiscard]] Awaitable<Moved> read_some(ByteSpan out);
  [[nodiscard]] Awaitable<Moved> write_some(const Gather& gather);
  // What can be moved without waiting, in one system call and without the event loop. None: nothing can just now, or it
  // is TLS's to say. 0 bytes read: the other side has closed its end.
  [[nodiscard]] std::optional<std::size_t> read_now(ByteSpan out, ErrorCode& error);
  [[nodiscard]] std::optional<std::size_t> write_now(const Gather& gather, ErrorCode& error);
  // Holds the calling thread until bytes can be moved, at most so long; false: not in that time, or it is TLS's to say.
  [[nodiscard]] bool wait_readable(int timeout_ms) { return wait_for(POLLIN, timeout_ms); }
  [[nodiscard]] bool wait_writable(int timeout_ms) { return wait_for(POLLOUT, timeout_ms); }
  // Hold the calling thread until a byte moved, or until another thread shuts the descriptor down.
  [[nodiscard]] std::size_t read_some_blocking(ByteSpan out, ErrorCode& error);
  void write_all_blocking(std::string_view text, ErrorCode& error);
  // Says goodbye as TLS has it; a plain connection's sending side is shut down.
  [[nodiscard]] Awaitable<void> shut_down_sending();
  // A client that sends head and body one after the other, and leaves RFC 896 on, holds the body back until the head is
  // acknowledged; the system would wait some 40 ms with that.
  void acknowledge_now();
  // True where the other side has closed its end. Takes nothing from the connection.
  [[nodiscard]] bool is_closed_by_peer();

 private:
  [[nodiscard]] bool wait_for(short events, int timeout_ms);  // NOLINT(google-runtime-int): poll(2) has it so
  Socket socket_;  // closed while the event loop does not know the connection
  asio::generic::stream_protocol protocol_;
  int descriptor_ = -1;
  std::shared_ptr<asio::ssl::context> tls_context_;  // outlives the stream
  std::optional<asio::ssl::stream<Socket&>> tls_;
};

}  // namespace atl::net
