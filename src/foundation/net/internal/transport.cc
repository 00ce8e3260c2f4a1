#include "foundation/net/internal/transport.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/write.hpp>
#include <cerrno>

namespace atl::net {

void Gather::took(std::size_t count) {
  while (count > 0 && first_ < count_) {
    auto& piece = pieces_[first_];
    const auto from_this = std::min(count, piece.size());
    piece += from_this;
    count -= from_this;
    if (piece.size() == 0) ++first_;
  }
}

std::size_t Gather::size() const {
  std::size_t sum = 0;
  for (const auto& piece : pieces()) sum += piece.size();
  return sum;
}

Transport::Transport(Socket socket, std::shared_ptr<asio::ssl::context> tls_context)
    : socket_(std::move(socket)), tls_context_(std::move(tls_context)) {
  if (tls_context_) tls_.emplace(socket_, *tls_context_);
}

Awaitable<std::tuple<ErrorCode>> Transport::handshake() {
  return tls_->async_handshake(asio::ssl::stream_base::server, kAwait);
}

Awaitable<Moved> Transport::read_some(ByteSpan out) {
  const auto buffer = asio::mutable_buffer(out.data(), out.size());
  if (tls_) return tls_->async_read_some(buffer, kAwait);
  return socket_.async_read_some(buffer, kAwait);
}

Awaitable<Moved> Transport::write_some(const Gather& gather) {
  if (tls_) return tls_->async_write_some(gather.pieces(), kAwait);
  return socket_.async_write_some(gather.pieces(), kAwait);
}

std::size_t Transport::read_some_blocking(ByteSpan out, ErrorCode& error) {
  const auto buffer = asio::mutable_buffer(out.data(), out.size());
  if (tls_) return tls_->read_some(buffer, error);
  return socket_.read_some(buffer, error);
}

void Transport::write_all_blocking(std::string_view text, ErrorCode& error) {
  const auto buffer = asio::const_buffer(text.data(), text.size());
  if (tls_) {
    asio::write(*tls_, buffer, error);
  } else {
    asio::write(socket_, buffer, error);
  }
}

Awaitable<void> Transport::shut_down_sending() {
  ErrorCode ignored;
  if (tls_) {
    // Waits for the other side's goodbye; whoever set a deadline for it shuts the descriptor down.
    co_await tls_->async_shutdown(kAwait);
  }
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
}

bool Transport::is_closed_by_peer() {
  char byte = 0;
  const auto count = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count == 0 || (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

}  // namespace atl::net
