#include "foundation/net/testing/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace atl::net::testing {

RawClient::RawClient(const Endpoint& endpoint, unsigned timeout_ms, int receive_buffer_bytes) {
  sockaddr_storage storage{};
  socklen_t size = 0;
  if (endpoint.kind == Endpoint::Kind::local) {
    auto& address = reinterpret_cast<sockaddr_un&>(storage);
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, endpoint.path.data(), endpoint.path.size());
    size = sizeof(address);
  } else if (endpoint.host.find(':') != std::string::npos) {
    auto& address = reinterpret_cast<sockaddr_in6&>(storage);
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(endpoint.port);
    ::inet_pton(AF_INET6, endpoint.host.c_str(), &address.sin6_addr);
    size = sizeof(address);
  } else {
    auto& address = reinterpret_cast<sockaddr_in&>(storage);
    address.sin_family = AF_INET;
    address.sin_port = htons(endpoint.port);
    ::inet_pton(AF_INET, endpoint.host.empty() ? "127.0.0.1" : endpoint.host.c_str(), &address.sin_addr);
    size = sizeof(address);
  }
  descriptor_ = ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) return;
  timeval timeout{};
  timeout.tv_sec = timeout_ms / 1000;
  timeout.tv_usec = (timeout_ms % 1000) * 1000;
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
  if (receive_buffer_bytes > 0) {
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof(receive_buffer_bytes));
  }
  if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&storage), size) != 0) {
    ::close(descriptor_);
    descriptor_ = -1;
  }
}

RawClient::RawClient(RawClient&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), pending_(std::move(other.pending_)) {}

RawClient::~RawClient() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool RawClient::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const auto count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool RawClient::fill() {
  std::array<char, 64 * 1024> buffer;  // NOLINT: filled by recv
  const auto count = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
  if (count <= 0) return false;
  pending_.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

std::string RawClient::receive(std::size_t bytes_max) {
  if (pending_.empty()) fill();
  auto bytes = pending_.substr(0, bytes_max);
  pending_.erase(0, bytes.size());
  return bytes;
}

std::string RawClient::receive_all() {
  while (fill()) {
  }
  return std::exchange(pending_, std::string());
}

Answer RawClient::answer(bool has_body) {
  Answer answer;
  std::size_t end = 0;
  while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return answer;
  }
  answer.head = pending_.substr(0, end + 2);
  pending_.erase(0, end + 4);
  if (answer.head.size() < 12) return answer;
  answer.status = static_cast<unsigned>(std::atoi(answer.head.c_str() + 9));
  std::size_t at = answer.head.find("\r\n") + 2;
  while (at < answer.head.size()) {
    const auto line_end = answer.head.find("\r\n", at);
    const auto line = std::string_view(answer.head).substr(at, line_end - at);
    const auto colon = line.find(':');
    answer.headers.add(std::string(line.substr(0, colon)), std::string(trim_blanks(line.substr(colon + 1))));
    at = line_end + 2;
  }
  if (!has_body || answer.status == 204 || answer.status == 304 || answer.status < 200) {
    answer.is_whole = true;
    return answer;
  }
  if (answer.headers.has_token("Transfer-Encoding", "chunked")) {
    while (true) {
      std::size_t line_end = 0;
      while ((line_end = pending_.find("\r\n")) == std::string::npos) {
        if (!fill()) return answer;
      }
      const auto size = std::strtoull(pending_.c_str(), nullptr, 16);
      pending_.erase(0, line_end + 2);
      while (pending_.size() < size + 2) {
        if (!fill()) return answer;
      }
      answer.body += pending_.substr(0, size);
      pending_.erase(0, size + 2);
      if (size == 0) break;
    }
    answer.is_whole = true;
    return answer;
  }
  if (const auto length = answer.headers.get("Content-Length")) {
    const auto size = std::strtoull(std::string(*length).c_str(), nullptr, 10);
    while (pending_.size() < size) {
      if (!fill()) {
        answer.body = std::exchange(pending_, std::string());
        return answer;
      }
    }
    answer.body = pending_.substr(0, size);
    pending_.erase(0, size);
    answer.is_whole = true;
    return answer;
  }
  answer.body = receive_all();
  answer.is_whole = true;
  return answer;
}

bool RawClient::is_closed_by_server() {
  char byte = 0;
  return pending_.empty() && ::recv(descriptor_, &byte, 1, MSG_PEEK) == 0;
}

std::string get_request(std::string_view target, std::string_view more_fields) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" + std::string(more_fields) + "\r\n";
}

}  // namespace atl::net::testing
