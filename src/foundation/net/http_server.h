// An HTTP/1.1 server: endpoints, TLS, limits, and one function that answers requests.
//
// Always true:
//  - A client that is slow or silent holds a connection, never a thread: headers, small bodies and answers move
//    asynchronously. A thread is held while a handler runs, and while it reads a body larger than `small_body_bytes`.
//  - A handler that waits keeps nobody else waiting while there are threads left: at once where it changes something
//    (any method but GET, HEAD and OPTIONS), else after a millisecond or two.
//  - What a connection takes in memory is bounded: headers, one small body, one piece of an answer.
//  - Of bytes that two readers could understand differently (RFC 9112 sections 3, 5, 6 and 11.2) none reach a handler:
//  the
//    answer is an error, and the connection ends.
//  - Requests of a connection are answered one after another, in their order.
// Thread rules: the handler is called on many threads at once. Everything in HttpServer may be called from any thread
// but those on which a handler runs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/error.h"
#include "foundation/base/units.h"
#include "foundation/net/http_message.h"
#include "foundation/net/tls.h"
#include "foundation/platform/machine.h"

namespace atl::net {

// Where to listen.
struct Endpoint {
  enum class Kind : std::uint8_t { tcp, local };
  Kind kind = Kind::tcp;
  std::string host = "127.0.0.1";  // an address or a name; "" or "*": every address of both families
  std::uint16_t port = 0;          // 0: any free one
  std::string path;                // of a local (Unix domain) socket, made for the owner alone (mode 0600)
  bool is_tls = false;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// "127.0.0.1:7070", "[::1]:7070", "localhost:7070", "*:7070", ":7070", "unix:/run/atoll.sock"; "http.bad_endpoint"
// (usage).
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);
[[nodiscard]] std::string format(const Endpoint& endpoint);
// True where only this machine can reach it: a local socket, 127.0.0.0/8, ::1, "localhost".
[[nodiscard]] bool is_loopback(const Endpoint& endpoint);

struct ServerOptions {
  unsigned threads = 0;               // 0: 96, or 8 for each core where that is more
  unsigned loop_threads = 0;          // of them at the event loop at once; 0: two for each core
  std::string server_name = "Atoll";  // the Server field; empty: none

  std::uint32_t header_bytes_max = 64 * kKiB;  // request line and fields; more is answered 431 (414: the line alone)
  std::uint32_t headers_max = 200;             // fields
  std::uint32_t small_body_bytes = 64 * kKiB;  // bodies up to this are read whole before the handler runs
  std::uint32_t pull_bytes = 256 * kKiB;       // what a body source is asked for at once

  std::uint32_t handshake_timeout_ms = 10'000;
  std::uint32_t header_timeout_ms = 15'000;        // from the first byte of a request to the end of its header
  std::uint32_t idle_timeout_ms = 75'000;          // between requests
  std::uint32_t body_idle_timeout_ms = 60'000;     // nothing came in a body
  std::uint32_t write_timeout_ms = 120'000;        // the client took nothing of an answer
  std::uint32_t body_bytes_per_second_min = 1024;  // average of a body after the first 30 s; 0: no limit
  std::uint32_t linger_ms = 2'000;  // how long an ended connection is read, so that the client can read the last answer

  std::uint32_t connections_max = 10'000;            // more are answered 503
  std::uint32_t connections_per_address_max = 1024;  // more are answered 429; loopback and local sockets are exempt
  // Bodies that are read by a handler at the same time; 0: half of the threads. Others wait for up to
  // `streaming_wait_ms`, and are then answered 503.
  std::uint32_t streaming_bodies_max = 0;
  std::uint32_t streaming_wait_ms = 10'000;

  std::uint32_t drain_timeout_ms = 30'000;  // how long stop() waits for requests under way
};

struct ServerStats {
  std::uint64_t connections_open = 0;
  std::uint64_t connections_total = 0;
  std::uint64_t connections_refused = 0;  // over a limit
  std::uint64_t requests_in_flight = 0;   // a handler runs, or its answer is being sent
  std::uint64_t requests_total = 0;
  std::uint64_t requests_malformed = 0;  // answered without the handler
  std::uint64_t timeouts = 0;
  std::uint64_t tls_handshakes_failed = 0;
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
};

// May block. Errors are answers, too; where one throws all the same the client gets 500.
using Handler = std::function<Response(Request&)>;

class HttpServer {
 public:
  // Listens on all endpoints or on none. `identity` is needed where an endpoint has TLS. Errors: "http.cannot_listen"
  // (io; conflict where the port or the socket is in use), "http.bad_endpoint" (usage), "tls.*". `machine` must outlive
  // the server.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(const platform::Machine& machine,
                                                                 const std::vector<Endpoint>& endpoints,
                                                                 const TlsIdentity* identity,
                                                                 const ServerOptions& options, Handler handler);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  HttpServer(HttpServer&&) = delete;
  HttpServer& operator=(HttpServer&&) = delete;
  ~HttpServer();  // stop()

  // As given, with the ports that were bound in place of 0.
  [[nodiscard]] const std::vector<Endpoint>& endpoints() const;
  // Connections from now on are shown this certificate; those that are open keep theirs.
  [[nodiscard]] Result<void> set_identity(const TlsIdentity& identity);
  [[nodiscard]] ServerStats stats() const;
  // No new connections; idle ones are closed; requests under way end within the drain timeout, then they are broken
  // off. Returns when no handler runs any more: one that does not return holds it up. Calling it again does nothing.
  void stop();

 private:
  class Implementation;
  explicit HttpServer(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace atl::net
