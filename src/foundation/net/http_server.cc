#include "foundation/net/http_server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <mutex>

#include "foundation/net/internal/connection.h"
#include "foundation/net/internal/listener.h"
#include "foundation/net/internal/server_state.h"
#include "foundation/net/internal/tls_context.h"

namespace atl::net {

namespace {

constexpr auto kPauseAfterError = std::chrono::milliseconds(100);

ServerOptions completed(ServerOptions options, platform::Threads& threads) {
  if (options.threads == 0) options.threads = std::max(96U, 8 * threads.hardware_count());
  if (options.loop_threads == 0) options.loop_threads = 2 * threads.hardware_count();
  if (options.streaming_bodies_max == 0) options.streaming_bodies_max = std::max(1U, options.threads / 2);
  options.header_bytes_max = std::max<std::uint32_t>(options.header_bytes_max, 1024);
  options.pull_bytes = std::max<std::uint32_t>(options.pull_bytes, 4096);
  return options;
}

Awaitable<void> live(std::unique_ptr<Connection> connection) { co_await connection->run(); }

// Best effort, without waiting: whoever has too many connections is told so, or is just closed.
void turn_away(Socket& socket, const Refusal& refusal, bool is_tls) {
  ErrorCode ignored;
  if (is_tls) return;
  const auto text =
      "HTTP/1.1 " + std::to_string(refusal.status) + " " + std::string(reason_of(refusal.status)) +
      "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: " + std::to_string(refusal.text.size() + 1) +
      "\r\nRetry-After: 1\r\nConnection: close\r\n\r\n" + refusal.text + "\n";
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(text), ignored);
  socket.shutdown(asio::socket_base::shutdown_send, ignored);
}

}  // namespace

class HttpServer::Implementation {
 public:
  Implementation(const platform::Machine& machine, const ServerOptions& options, Handler handler)
      : state_(machine, options, std::move(handler)), work_(io_.get_executor()) {}
  Implementation(const Implementation&) = delete;
  Implementation& operator=(const Implementation&) = delete;
  Implementation(Implementation&&) = delete;
  Implementation& operator=(Implementation&&) = delete;
  ~Implementation() { stop(); }

  Result<void> listen(const std::vector<Endpoint>& endpoints) {
    for (std::size_t at = 0; at < endpoints.size(); ++at) {
      ATOLL_ASSIGN(auto opened, open_listeners(accept_io_, endpoints[at], at));
      endpoints_.push_back(opened.endpoint);
      for (auto& listener : opened.listeners) listeners_.push_back(std::move(listener));
    }
    return {};
  }

  Result<void> set_identity(const TlsIdentity& identity) {
    ATOLL_ASSIGN(auto context, make_server_context(identity));
    const std::lock_guard lock(tls_mutex_);
    tls_context_ = std::move(context);
    return {};
  }

  void begin() {
    for (auto& listener : listeners_) asio::co_spawn(accept_io_, accept(*listener), asio::detached);
    auto& threads = state_.machine.threads;
    acceptor_ = threads.start("atoll-net-take", [this] { run(accept_io_); });
    watch_ = threads.start("atoll-net-watch", [this] { state_.watch(); });
    crew_watch_ = threads.start("atoll-net-crew", [this] { state_.crew.watch(); });
    for (unsigned at = 0; at < state_.options.threads; ++at) {
      threads_.push_back(threads.start("atoll-net", [this] { state_.crew.work([this] { return run_one(); }); }));
    }
  }

  void stop() {
    const std::lock_guard lock(stop_mutex_);
    if (threads_.empty()) return;
    state_.begin_stop();
    asio::post(accept_io_, [this] { close_listeners(); });
    acceptor_->join();
    // A connection that came in between ends the accepting by itself, and the thread may be gone before what was posted
    // is run: the ports would then stay open, their callers waiting, until everything under way has ended.
    close_listeners();
    if (!state_.wait_until_empty_for(state_.options.drain_timeout_ms)) {
      state_.break_all_off();
      state_.wait_until_empty();
    }
    work_.reset();
    for (auto& thread : threads_) thread->join();
    threads_.clear();
    state_.crew.stop();
    crew_watch_->join();
    state_.end_watch();
    watch_->join();
    listeners_.clear();
  }

  [[nodiscard]] const std::vector<Endpoint>& endpoints() const { return endpoints_; }

  [[nodiscard]] ServerStats stats() const {
    const auto& counters = state_.counters;
    ServerStats stats;
    stats.connections_open = state_.connections_open();
    stats.connections_total = counters.connections_total.load(std::memory_order_relaxed);
    stats.connections_refused = counters.connections_refused.load(std::memory_order_relaxed);
    stats.requests_in_flight = counters.requests_in_flight.load(std::memory_order_relaxed);
    stats.requests_total = counters.requests_total.load(std::memory_order_relaxed);
    stats.requests_malformed = counters.requests_malformed.load(std::memory_order_relaxed);
    stats.timeouts = counters.timeouts.load(std::memory_order_relaxed);
    stats.tls_handshakes_failed = counters.tls_handshakes_failed.load(std::memory_order_relaxed);
    stats.received_bytes = counters.received_bytes.load(std::memory_order_relaxed);
    stats.sent_bytes = counters.sent_bytes.load(std::memory_order_relaxed);
    return stats;
  }

 private:
  static void run(asio::io_context& io) {
    while (true) {
      try {
        io.run();
        return;
      } catch (...) {
        // A connection that could not even be given up in order (no memory); the others go on.
      }
    }
  }

  // False: nothing will come any more.
  bool run_one() {
    try {
      return io_.run_one() > 0;
    } catch (...) {
      return true;  // as above
    }
  }

  // On the thread that accepts, or after it has ended.
  void close_listeners() {
    ErrorCode ignored;
    for (auto& listener : listeners_) listener->acceptor().close(ignored);
  }

  std::shared_ptr<asio::ssl::context> tls_context() {
    const std::lock_guard lock(tls_mutex_);
    return tls_context_;
  }

  Awaitable<void> accept(Listener& listener) {
    while (true) {
      Socket socket(io_.get_executor());
      const auto [error] = co_await listener.acceptor().async_accept(socket, kAwait);
      if (state_.is_stopping()) co_return;
      if (error) {
        // Without descriptors or memory every try would fail at once: better a pause than a thread at full speed.
        if (error != boost::system::errc::connection_aborted) {
          asio::steady_timer timer(accept_io_, kPauseAfterError);
          co_await timer.async_wait(asio::use_awaitable_t<Executor>{});
        }
        continue;
      }
      take_in(listener, std::move(socket));
    }
  }

  void take_in(const Listener& listener, Socket socket) {
    auto facts = facts_of(listener, socket);
    facts.id = state_.counters.connections_total.fetch_add(1, std::memory_order_relaxed) + 1;
    if (const auto refusal = state_.admit(facts)) {
      state_.counters.connections_refused.fetch_add(1, std::memory_order_relaxed);
      turn_away(socket, *refusal, facts.is_tls);
      return;
    }
    auto context = facts.is_tls ? tls_context() : nullptr;
    auto connection = std::make_unique<Connection>(state_, io_.get_executor(), std::move(facts), std::move(socket),
                                                   std::move(context));
    asio::co_spawn(io_, live(std::move(connection)), asio::detached);
  }

  ServerState state_;
  asio::io_context io_;
  // Connections are taken in by a thread of its own, which also closes the listeners: so that neither needs a lock, and
  // new connections are taken in while all other threads are busy.
  asio::io_context accept_io_;
  asio::executor_work_guard<Executor> work_;
  std::vector<Endpoint> endpoints_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::mutex tls_mutex_;
  std::shared_ptr<asio::ssl::context> tls_context_;
  std::mutex stop_mutex_;
  std::unique_ptr<platform::Thread> acceptor_;
  std::unique_ptr<platform::Thread> watch_;
  std::unique_ptr<platform::Thread> crew_watch_;
  std::vector<std::unique_ptr<platform::Thread>> threads_;
};

HttpServer::HttpServer(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::start(const platform::Machine& machine,
                                                      const std::vector<Endpoint>& endpoints,
                                                      const TlsIdentity* identity, const ServerOptions& options,
                                                      Handler handler) {
  if (endpoints.empty())
    return fail(ErrorKind::usage, "http.bad_endpoint", "a server listens at one endpoint at least");
  try {
    auto implementation =
        std::make_unique<Implementation>(machine, completed(options, machine.threads), std::move(handler));
    if (identity != nullptr) {
      ATOLL_TRY(implementation->set_identity(*identity));
    } else {
      for (const auto& endpoint : endpoints) {
        if (endpoint.is_tls) {
          return fail(ErrorKind::usage, "tls.no_certificate",
                      format(endpoint) + " is to speak TLS, without a certificate");
        }
      }
    }
    ATOLL_TRY(implementation->listen(endpoints));
    implementation->begin();
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(implementation)));
  } catch (const std::exception& exception) {
    return fail(ErrorKind::failed, "http.cannot_start", std::string("the server cannot start: ") + exception.what());
  }
}

const std::vector<Endpoint>& HttpServer::endpoints() const { return implementation_->endpoints(); }
Result<void> HttpServer::set_identity(const TlsIdentity& identity) { return implementation_->set_identity(identity); }
ServerStats HttpServer::stats() const { return implementation_->stats(); }
void HttpServer::stop() { implementation_->stop(); }

}  // namespace atl::net
