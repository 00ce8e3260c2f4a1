// An HTTP/1.1 client over libcurl: other people's servers, a second home, webhooks.
//
// Always true:
//  - A server's certificate is checked, against the system's authorities, given ones, or one pinned fingerprint; there
//  is no
//    way to switch that off.
//  - What a server sends is bounded: header fields, and a body that is kept in memory.
//  - Redirects are not followed: where secrets go is the caller's decision.
// Thread rules: an HttpClient may be used by several threads at once; each request under way has a connection of its
// own, and connections are kept and used again.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "foundation/base/bytes.h"
#include "foundation/base/units.h"
#include "foundation/net/http_message.h"

namespace atl::net {

struct ClientOptions {
  std::uint32_t connect_timeout_ms = 10'000;
  std::uint32_t idle_timeout_s = 60;   // nothing moved in either direction for so long; 0: never
  std::uint32_t total_timeout_ms = 0;  // of a request as a whole; 0: none
  std::string authorities_pem;         // trusted in place of the system's
  // SHA-256 of the server's own certificate as DER: the only one that is trusted, whatever its name and its dates.
  std::optional<std::array<std::uint8_t, 32>> pinned_certificate_sha256;
  std::string local_socket_path;  // connect there, whatever host the URL names
  std::string user_agent = "Atoll";
  std::size_t idle_connections_max = 16;
};

struct ClientResponse {
  unsigned status = 0;
  Headers headers;
  Bytes body;  // empty where `on_body` took it
};

struct ClientRequest {
  std::string method = "GET";
  std::string url;  // http:// or https://, percent-encoded; sent as it is
  Headers headers;
  // A source is pulled until its end; Borrowed during send(); `wait` without bytes is an error here.
  std::variant<std::monostate, ByteView, BodySource*> body;
  std::optional<std::uint64_t> body_length;  // of a source; without it the body is chunked

  // Called once, before the body; an error ends the request and is what send() returns.
  std::function<Result<void>(const ClientResponse& head)> on_head;
  // Takes the body piece by piece; without it the body is kept in memory, at most `body_bytes_max` of it.
  std::function<Result<void>(ByteView piece)> on_body;
  std::size_t body_bytes_max = 16 * kMiB;
  const std::atomic<bool>* stop = nullptr;  // looked at about once a second, and whenever bytes move
};

class HttpClient {
 public:
  [[nodiscard]] static Result<std::unique_ptr<HttpClient>> open(const ClientOptions& options);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  HttpClient(HttpClient&&) = delete;
  HttpClient& operator=(HttpClient&&) = delete;
  ~HttpClient();

  // Any status is an answer. Errors: "client.bad_request" (usage); "client.unreachable", "client.broken_off",
  // "client.timed_out", "client.untrusted" (unreachable); "client.too_large" (limit); "client.stopped" (interrupted);
  // what a callback or the body source returned.
  [[nodiscard]] Result<ClientResponse> send(const ClientRequest& request);

 private:
  class Implementation;
  explicit HttpClient(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace atl::net
