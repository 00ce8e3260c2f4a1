// Listening sockets of an endpoint, and what is known of a connection when it is accepted.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "foundation/net/http_server.h"
#include "foundation/net/internal/transport.h"
#include "foundation/platform/local_socket.h"

namespace atl::net {

class Listener {
 public:
  using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol, Executor>;
  // `acceptor` listens already. `local` removes the file of a local socket.
  Listener(Acceptor acceptor, const Endpoint& endpoint, std::size_t index, std::optional<platform::LocalListener> local)
      : local_(std::move(local)), acceptor_(std::move(acceptor)), endpoint_(endpoint), index_(index) {}

  [[nodiscard]] Acceptor& acceptor() { return acceptor_; }
  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
  [[nodiscard]] std::size_t index() const { return index_; }

 private:
  std::optional<platform::LocalListener> local_;
  Acceptor acceptor_;
  Endpoint endpoint_;
  std::size_t index_;
};

struct OpenedEndpoint {
  Endpoint endpoint;  // with the port that was bound
  std::vector<std::unique_ptr<Listener>> listeners;
};

// A name may stand for several addresses: all get the same port. Errors: as HttpServer::start.
[[nodiscard]] Result<OpenedEndpoint> open_listeners(asio::io_context& io, const Endpoint& endpoint, std::size_t index);
[[nodiscard]] ConnectionFacts facts_of(const Listener& listener, Socket& socket);

}  // namespace atl::net
