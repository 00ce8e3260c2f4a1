#include "foundation/net/internal/transport.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <boost/asio/write.hpp>
#include <cerrno>

namespace atl::net {

namespace {

int family_of(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);  // NOLINT: the system's own habit
  return address.ss_family;
}

}  // namespace

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
    : socket_(std::move(socket)),
      protocol_(family_of(socket_.native_handle()), SOCK_STREAM),
      descriptor_(socket_.native_handle()),
      tls_context_(std::move(tls_context)) {
  if (tls_context_) tls_.emplace(socket_, *tls_context_);
}

Transport::~Transport() {
  (void)socket();  // which closes the descriptor
}

Socket& Transport::socket() {
  if (!socket_.is_open()) {
    ErrorCode error;
    // Where it fails (no memory) the socket stays closed, and what is asked of it fails.
    socket_.assign(protocol_, descriptor_, error);
  }
  return socket_;
}

void Transport::leave_event_loop() {
  if (tls_ || !socket_.is_open()) return;
  ErrorCode error;
  socket_.release(error);
}

Awaitable<std::tuple<ErrorCode>> Transport::handshake() {
  return tls_->async_handshake(asio::ssl::stream_base::server, kAwait);
}

Awaitable<Moved> Transport::read_some(ByteSpan out) {
  const auto buffer = asio::mutable_buffer(out.data(), out.size());
  if (tls_) return tls_->async_read_some(buffer, kAwait);
  return socket().async_read_some(buffer, kAwait);
}

Awaitable<Moved> Transport::write_some(const Gather& gather) {
  if (tls_) return tls_->async_write_some(gather.pieces(), kAwait);
  return socket().async_write_some(gather.pieces(), kAwait);
}

std::optional<std::size_t> Transport::read_now(ByteSpan out, ErrorCode& error) {
  if (tls_) return std::nullopt;
  while (true) {
    const auto count = ::recv(descriptor_, out.data(), out.size(), MSG_DONTWAIT);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
    if (errno == EINTR) continue;
    error = ErrorCode(errno, boost::system::system_category());
    return 0;
  }
}

std::optional<std::size_t> Transport::write_now(const Gather& gather, ErrorCode& error) {
  if (tls_) return std::nullopt;
  std::array<iovec, Gather::kPiecesMax> vectors{};
  std::size_t pieces = 0;
  for (const auto& piece : gather.pieces())
    vectors.at(pieces++) = {const_cast<void*>(piece.data()), piece.size()};  // NOLINT: iovec is not const
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = pieces;
  while (true) {
    const auto count = ::sendmsg(descriptor_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
    if (errno == EINTR) continue;
    error = ErrorCode(errno, boost::system::system_category());
    return 0;
  }
}

bool Transport::wait_for(short events, int timeout_ms) {  // NOLINT(google-runtime-int): poll(2) has it so
  if (tls_) return false;
  pollfd waited{descriptor_, events, 0};
  return ::poll(&waited, 1, timeout_ms) > 0;
}

std::size_t Transport::read_some_blocking(ByteSpan out, ErrorCode& error) {
  if (tls_) return tls_->read_some(asio::mutable_buffer(out.data(), out.size()), error);
  while (true) {
    const auto count = read_now(out, error);
    if (count) return *count;
    if (!wait_for(POLLIN, -1) && errno != EINTR) {
      error = ErrorCode(errno, boost::system::system_category());
      return 0;
    }
  }
}

void Transport::write_all_blocking(std::string_view text, ErrorCode& error) {
  const auto buffer = asio::const_buffer(text.data(), text.size());
  if (tls_) {
    asio::write(*tls_, buffer, error);
  } else {
    asio::write(socket(), buffer, error);
  }
}

Awaitable<void> Transport::shut_down_sending() {
  if (tls_) {
    // Waits for the other side's goodbye; whoever set a deadline for it shuts the descriptor down.
    co_await tls_->async_shutdown(kAwait);
  }
  ::shutdown(descriptor_, SHUT_WR);
}

void Transport::acknowledge_now() {
  if (protocol_.family() == AF_UNIX) return;
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));  // where it is refused it is slow, and right
}

bool Transport::is_closed_by_peer() {
  char byte = 0;
  const auto count = ::recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count == 0 || (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

}  // namespace atl::net
