#include "foundation/net/internal/listener.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstring>

namespace atl::net {

namespace {

constexpr int kBacklog = 1024;
constexpr int kUnsentBytesMax = 512 * 1024;

using Protocol = asio::generic::stream_protocol;

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

tl::unexpected<Error> cannot_listen(const Endpoint& endpoint, int os_error) {
  const bool is_in_use = os_error == EADDRINUSE;
  std::string hint;
  if (is_in_use) hint = "Another program listens there. Choose another port, or end that program.";
  if (os_error == EACCES) hint = "Ports below 1024 need a right that this user has not.";
  return fail(is_in_use ? ErrorKind::conflict : ErrorKind::io, "http.cannot_listen",
              "cannot listen at " + format(endpoint) + ": " + std::strerror(os_error), hint, os_error);
}

int set_option(int descriptor, int level, int name, int value) {
  return ::setsockopt(descriptor, level, name, &value, sizeof(value));
}

struct Address {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);
  [[nodiscard]] sockaddr* generic() { return reinterpret_cast<sockaddr*>(&storage); }                      // NOLINT
  [[nodiscard]] const sockaddr_in& v4() const { return reinterpret_cast<const sockaddr_in&>(storage); }    // NOLINT
  [[nodiscard]] const sockaddr_in6& v6() const { return reinterpret_cast<const sockaddr_in6&>(storage); }  // NOLINT
};

std::uint16_t port_of(const Address& address) {
  if (address.storage.ss_family == AF_INET) return ntohs(address.v4().sin_port);
  if (address.storage.ss_family == AF_INET6) return ntohs(address.v6().sin6_port);
  return 0;
}

std::string text_of(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const char* shown = nullptr;
  if (address.storage.ss_family == AF_INET) {
    shown = ::inet_ntop(AF_INET, &address.v4().sin_addr, text.data(), text.size());
  } else if (address.storage.ss_family == AF_INET6) {
    const auto& bytes = address.v6().sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&bytes)) {
      shown = ::inet_ntop(AF_INET, bytes.s6_addr + 12, text.data(), text.size());
    } else {
      shown = ::inet_ntop(AF_INET6, &bytes, text.data(), text.size());
    }
  }
  return shown == nullptr ? std::string() : std::string(shown);
}

// Sets the port of an address from getaddrinfo.
void set_port(Address& address, std::uint16_t port) {
  if (address.storage.ss_family == AF_INET) {
    reinterpret_cast<sockaddr_in&>(address.storage).sin_port = htons(port);  // NOLINT
  } else {
    reinterpret_cast<sockaddr_in6&>(address.storage).sin6_port = htons(port);  // NOLINT
  }
}

// 0, or the errno of what failed.
int listen_at(Listener::Acceptor& acceptor, Address& address, bool is_dual) {
  ErrorCode error;
  acceptor.open(Protocol(address.storage.ss_family, IPPROTO_TCP), error);
  if (error) return error.value();
  const int descriptor = acceptor.native_handle();
  set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.storage.ss_family == AF_INET6) set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, is_dual ? 0 : 1);
  // Inherited by what is accepted: an answer is written whole, so that waiting for more to send only costs time.
  set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  // What the kernel holds for a client that reads slowly is bounded, not only what we hold.
  set_option(descriptor, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kUnsentBytesMax);
  if (::bind(descriptor, address.generic(), address.size) != 0) return errno;
  if (::listen(descriptor, kBacklog) != 0) return errno;
  address.size = sizeof(address.storage);
  if (::getsockname(descriptor, address.generic(), &address.size) != 0) return errno;
  return 0;
}

Result<OpenedEndpoint> open_local(asio::io_context& io, const Endpoint& endpoint, std::size_t index) {
  ATOLL_ASSIGN(auto local, platform::LocalListener::open(endpoint.path, kBacklog));
  Listener::Acceptor acceptor(io.get_executor());
  ErrorCode error;
  acceptor.assign(Protocol(AF_UNIX, 0), local.file_descriptor(), error);
  if (error) return cannot_listen(endpoint, error.value());
  local.give_descriptor_away();
  OpenedEndpoint opened{.endpoint = endpoint, .listeners = {}};
  opened.listeners.push_back(std::make_unique<Listener>(std::move(acceptor), endpoint, index, std::move(local)));
  return opened;
}

}  // namespace

Result<OpenedEndpoint> open_listeners(asio::io_context& io, const Endpoint& endpoint, std::size_t index) {
  if (endpoint.kind == Endpoint::Kind::local) return open_local(io, endpoint, index);
  const bool is_every = endpoint.host.empty() || endpoint.host == "*";
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* list = nullptr;
  const int failure = ::getaddrinfo(is_every ? "::" : endpoint.host.c_str(), nullptr, &hints, &list);
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(list);
  if (failure != 0) {
    return fail(ErrorKind::usage, "http.bad_endpoint",
                "cannot listen at " + format(endpoint) + ": " + ::gai_strerror(failure),
                "Give an address of this machine, such as 127.0.0.1:7070.");
  }
  OpenedEndpoint opened{.endpoint = endpoint, .listeners = {}};
  int last_error = EADDRNOTAVAIL;
  const auto try_address = [&](Address address) {
    set_port(address, opened.endpoint.port);
    Listener::Acceptor acceptor(io.get_executor());
    const int os_error = listen_at(acceptor, address, is_every);
    if (os_error != 0) {
      last_error = os_error;
      return os_error;
    }
    opened.endpoint.port = port_of(address);
    opened.listeners.push_back(std::make_unique<Listener>(std::move(acceptor), endpoint, index, std::nullopt));
    return 0;
  };
  for (const auto* entry = addresses.get(); entry != nullptr; entry = entry->ai_next) {
    Address address;
    if (entry->ai_addrlen > sizeof(address.storage)) continue;
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    address.size = entry->ai_addrlen;
    const int os_error = try_address(address);
    // An address family that is switched off is passed over; a port in use is not.
    if (os_error == EADDRINUSE || os_error == EACCES) return cannot_listen(endpoint, os_error);
  }
  if (opened.listeners.empty() && is_every) {
    Address any;
    any.storage.ss_family = AF_INET;
    any.size = sizeof(sockaddr_in);
    (void)try_address(any);
  }
  if (opened.listeners.empty()) return cannot_listen(endpoint, last_error);
  return opened;
}

ConnectionFacts facts_of(const Listener& listener, Socket& socket) {
  ConnectionFacts facts;
  facts.endpoint = listener.index();
  facts.is_tls = listener.endpoint().is_tls;
  const int descriptor = socket.native_handle();
  if (listener.endpoint().kind == Endpoint::Kind::local) {
    facts.is_local_socket = true;
    facts.local_address = listener.endpoint().path;
    ucred credentials{};
    socklen_t size = sizeof(credentials);
    if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
      facts.peer_user_id = credentials.uid;
    }
    return facts;
  }
  Address remote;
  if (::getpeername(descriptor, remote.generic(), &remote.size) == 0) {
    facts.remote_address = text_of(remote);
    facts.remote_port = port_of(remote);
  }
  Address local;
  if (::getsockname(descriptor, local.generic(), &local.size) == 0) {
    facts.local_address = text_of(local);
    facts.local_port = port_of(local);
  }
  return facts;
}

}  // namespace atl::net
