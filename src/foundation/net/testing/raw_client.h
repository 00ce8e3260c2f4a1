// A client that sends bytes as they are given, for tests of what a server does with them.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "foundation/net/http_server.h"

namespace atl::net::testing {

struct Answer {
  bool is_whole = false;  // its head came, and all that it announces
  unsigned status = 0;
  std::string head;
  Headers headers;
  std::string body;
};

// Every wait ends after `timeout_ms`; nothing throws. A connection that cannot be made is one that is closed.
class RawClient {
 public:
  explicit RawClient(const Endpoint& endpoint, unsigned timeout_ms = 10'000, int receive_buffer_bytes = 0);
  RawClient(RawClient&& other) noexcept;
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  RawClient& operator=(RawClient&&) = delete;
  ~RawClient();

  [[nodiscard]] bool is_connected() const { return descriptor_ >= 0; }
  bool send(std::string_view bytes) const;
  // What comes next, at most `bytes_max`; "" at the end and after the timeout.
  std::string receive(std::size_t bytes_max = 64 * 1024);
  // All until the other side closes.
  std::string receive_all();
  // One answer with its body by Content-Length, chunks, or the end of the connection. `has_body` false: answer to HEAD.
  Answer answer(bool has_body = true);
  // True where the other side has closed, waiting for it up to the timeout.
  bool is_closed_by_server();
  void end_sending() const { ::shutdown(descriptor_, SHUT_WR); }
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  bool fill();
  int descriptor_ = -1;
  std::string pending_;
};

// A whole request; `more_fields` are lines with CR LF at their ends.
[[nodiscard]] std::string get_request(std::string_view target, std::string_view more_fields = {});

}  // namespace atl::net::testing
