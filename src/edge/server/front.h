// What every request passes first: its number, where it really comes from, who asks; then the door that takes it.
//
//     request ─► id, proxy ─► /livez /readyz /healthz /metrics
//                         └─► doors in their order: S3 by its signature, /dav/, /api/v1, the page
//                              sign in (bearer token, session, name and password, local socket) ─► answer ─► log,
//                              figures
//
// Always true: what comes back carries X-Request-Id. Health answers need no account and tell nothing but health.
// Thread rules: any thread, many at once.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "edge/server/client_origin.h"
#include "edge/server/exchange.h"
#include "foundation/codec/secret.h"
#include "foundation/net/http_server.h"

namespace atl::server {

class Door {
 public:
  virtual ~Door() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;  // "s3", "rest": a label of figures
  [[nodiscard]] virtual bool takes(const Exchange& exchange) const = 0;
  // True: answer() finds out who asks by itself (S3's signatures); exchange.who is nobody until then.
  [[nodiscard]] virtual bool signs_in_itself() const { return false; }
  // True: name and password may be given with every request (WebDAV, for clients that know nothing else).
  [[nodiscard]] virtual bool takes_passwords() const { return false; }
  [[nodiscard]] virtual net::Response answer(Exchange& exchange) = 0;
  // Called once for each vault: before the first request that is answered, or once it was unlocked. What an earlier run
  // of the server left undone there.
  virtual void take_up(Host& /*host*/, const VaultId& /*vault*/) {}
  // About once a second, by one thread, for as long as requests are answered: what is done beside them.
  virtual void tend(Host& /*host*/) {}
  // How this door words an error that came before its answer(), a failed sign-in for one.
  [[nodiscard]] virtual net::Response refuse(const Exchange& exchange, const Error& error) {
    return problem(error, exchange.request_id);
  }
};

// A line of the log, one for each request.
struct Logged {
  std::string time, request_id, actor, address, method, path, route, door;
  std::string error_id, error;  // of what failed; the words only of what failed inside, which the client is not told
  std::string trace_id, parent_span_id;  // as the client's `traceparent` says; else empty
  unsigned status = 0;
  std::uint64_t bytes = 0;
  double seconds = 0;
  std::int64_t begun_unix_us = 0;
};

class Front {
 public:
  // `log` may be empty; called on any thread once a request is answered to its last byte.
  Front(Host& host, std::vector<std::unique_ptr<Door>> doors, std::function<void(const Logged&)> log);
  [[nodiscard]] net::Response answer(net::Request& request);
  // What /readyz says beyond the state of the vaults: no while the server begins and once it is about to end.
  void set_ready(bool is_ready) { is_ready_ = is_ready; }
  // Has every door take up what an earlier run left undone in a vault.
  void take_up(const VaultId& vault);
  // What the doors do beside requests: about once a second, by one thread.
  void tend();

 private:
  // The figures of one kind of request. They are found by their labels, which costs more than counting.
  struct Figures {
    Histogram* seconds = nullptr;
    Counter* sent_bytes = nullptr;
    std::array<std::atomic<Counter*>, 6> answers{};  // by the first digit of the status; null: none yet
  };
  [[nodiscard]] Figures& figures_of(std::string_view door, std::string_view route);
  // Unique, and says nothing about others: counted from a random place, and mixed.
  [[nodiscard]] std::string new_request_id();
  [[nodiscard]] std::optional<net::Response> answer_health(Exchange& exchange);
  // By the token of /metrics, or by signing in.
  [[nodiscard]] Result<void> require_figures(Exchange& exchange, access::Action action);
  [[nodiscard]] Result<access::Who> sign_in(const Exchange& exchange, const Door& door);
  [[nodiscard]] Result<access::Who> sign_in_with_password(const Exchange& exchange, std::string_view basic);
  void finish(net::Response& response, const Exchange& exchange, std::string_view door, std::int64_t begun_ns);

  Host* host_;
  std::string path_prefix_;  // of the base URL
  std::vector<std::unique_ptr<Door>> doors_;
  std::function<void(const Logged&)> log_;
  std::atomic<bool> is_ready_ = true;
  std::atomic<std::uint64_t> next_request_ = 0;
  std::shared_mutex figures_mutex_;
  std::map<std::string, Figures, std::less<>> figures_;  // guarded by figures_mutex_; by door and route
  // Stretching a password takes a quarter of a second and 64 MiB, and some clients send it with every request: what was
  // right stays known for a few minutes, as a digest under a key that only this process knows.
  struct Remembered {
    access::Who who;
    std::string password_hash;  // of the account, as it was then
    std::int64_t until_ns = 0;
  };
  std::mutex passwords_mutex_;
  std::unordered_map<std::string, Remembered> passwords_;  // guarded by passwords_mutex_
  codec::SecretKey passwords_key_;
};

// A status that tells how the server is: 501 and 502 tell what the client asked for.
[[nodiscard]] constexpr bool is_trouble(unsigned status) { return status == 500 || status >= 503; }

// "00-<32 hexadecimal digits>-<16>-<2>", not all zeros (W3C Trace Context, section 3.2). Of a later version than 00
// what follows is passed over.
[[nodiscard]] bool is_trace_parent(std::string_view text);

}  // namespace atl::server
