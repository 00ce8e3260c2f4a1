#include "foundation/net/internal/server_state.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>

namespace atl::net {

namespace {

constexpr std::size_t kSpareBuffersMax = 64;

std::uint32_t tick_of(const ServerOptions& options) {
  const auto shortest =
      std::min({options.handshake_timeout_ms, options.header_timeout_ms, options.idle_timeout_ms,
                options.body_idle_timeout_ms, options.write_timeout_ms, options.linger_ms, options.streaming_wait_ms});
  return std::clamp<std::uint32_t>(shortest / 4, 10, 250);
}

}  // namespace

bool Watched::check(std::int64_t now_ns, bool is_stopping) {
  const auto deadline = deadline_ns_.load(std::memory_order_acquire);
  const auto waiting = waiting_.load(std::memory_order_acquire);
  // Reading ends, writing does not: what came is still read, and an answer can be given.
  if (is_stopping && waiting == Waiting::request) ::shutdown(descriptor_, SHUT_RD);
  if (now_ns < deadline || waiting == Waiting::nothing) return false;
  if (timed_out_.exchange(true, std::memory_order_acq_rel)) {
    // Shut down once already, and it still waits.
    ::shutdown(descriptor_, SHUT_RDWR);
    return false;
  }
  switch (waiting) {
    case Waiting::request:
    case Waiting::header:
    case Waiting::body: ::shutdown(descriptor_, SHUT_RD); break;
    case Waiting::nothing:
    case Waiting::handshake:
    case Waiting::write:
    case Waiting::source:
    case Waiting::linger: ::shutdown(descriptor_, SHUT_RDWR); break;
  }
  return waiting != Waiting::request && waiting != Waiting::linger;
}

void Watched::break_off() { ::shutdown(descriptor_, SHUT_RDWR); }

template <class Completion>
class StreamingSlots::WaiterOf final : public StreamingSlots::Waiter {
 public:
  WaiterOf(Executor executor, Completion completion)
      : executor_(std::move(executor)), completion_(std::move(completion)) {}
  void complete(bool has_slot) override {
    asio::post(executor_, [completion = std::move(completion_), has_slot]() mutable { completion(has_slot); });
  }

 private:
  Executor executor_;
  Completion completion_;
};

Awaitable<bool> StreamingSlots::acquire(Executor executor, std::int64_t deadline_ns) {
  {
    const std::lock_guard lock(mutex_);
    if (free_ > 0 && line_.empty()) {
      --free_;
      co_return true;
    }
  }
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void(bool)>(
      [this, executor, deadline_ns](auto completion) {
        auto waiter = std::make_unique<WaiterOf<decltype(completion)>>(executor, std::move(completion));
        waiter->deadline_ns = deadline_ns;
        const std::lock_guard lock(mutex_);
        if (free_ > 0 && line_.empty()) {
          --free_;
          waiter->complete(true);
          return;
        }
        line_.push_back(std::move(waiter));
      },
      asio::use_awaitable_t<Executor>{});
}

void StreamingSlots::release() {
  std::unique_ptr<Waiter> next;
  {
    const std::lock_guard lock(mutex_);
    if (line_.empty()) {
      ++free_;
      return;
    }
    next = std::move(line_.front());
    line_.pop_front();
  }
  next->complete(true);
}

void StreamingSlots::expire(std::int64_t now_ns, bool is_stopping) {
  std::vector<std::unique_ptr<Waiter>> late;
  {
    const std::lock_guard lock(mutex_);
    while (!line_.empty() && (is_stopping || line_.front()->deadline_ns <= now_ns)) {
      late.push_back(std::move(line_.front()));
      line_.pop_front();
    }
  }
  for (const auto& waiter : late) waiter->complete(false);
}

ServerState::ServerState(const platform::Machine& machine_in, const ServerOptions& options_in, Handler handler_in)
    : machine(machine_in),
      options(options_in),
      handler(std::move(handler_in)),
      streaming_slots(options_in.streaming_bodies_max),
      crew(options_in.threads, options_in.loop_threads),
      now_ns_(machine_in.clock.monotonic_ns()),
      tick_ms_(tick_of(options_in)) {}

std::optional<Refusal> ServerState::admit(const ConnectionFacts& facts) {
  const std::lock_guard lock(mutex_);
  if (admitted_ >= options.connections_max) return Refusal{503, "Too many connections. Try again in a moment."};
  const bool is_exempt =
      facts.is_local_socket || facts.remote_address.starts_with("127.") || facts.remote_address == "::1";
  if (!is_exempt) {
    auto& count = by_address_[facts.remote_address];
    if (count >= options.connections_per_address_max) {
      return Refusal{429, "Too many connections from this address. Try again in a moment."};
    }
    ++count;
  }
  ++admitted_;
  return std::nullopt;
}

void ServerState::forget(const ConnectionFacts& facts) {
  const std::lock_guard lock(mutex_);
  --admitted_;
  const auto found = by_address_.find(facts.remote_address);
  if (found != by_address_.end() && --found->second == 0) by_address_.erase(found);
}

void ServerState::enter(Watched& connection) {
  // Nobody watches while there are no connections, so that the time kept for deadlines may be an old one.
  now_ns_.store(machine.clock.monotonic_ns(), std::memory_order_release);
  const std::lock_guard lock(mutex_);
  connections_.insert(&connection);
  connections_open_.store(connections_.size(), std::memory_order_release);
  if (connections_.size() == 1) changed_.notify_all();
}

void ServerState::leave(Watched& connection) {
  const std::lock_guard lock(mutex_);
  connections_.erase(&connection);
  connections_open_.store(connections_.size(), std::memory_order_release);
  if (connections_.empty()) changed_.notify_all();
}

void ServerState::watch() {
  std::unique_lock lock(mutex_);
  while (!watch_ends_) {
    if (connections_.empty()) {
      changed_.wait(lock, [this] { return watch_ends_ || !connections_.empty(); });
    } else {
      changed_.wait_for(lock, std::chrono::milliseconds(tick_ms_), [this] { return watch_ends_; });
    }
    const auto now = machine.clock.monotonic_ns();
    now_ns_.store(now, std::memory_order_release);
    for (auto* connection : connections_) {
      if (connection->check(now, is_stopping())) counters.timeouts.fetch_add(1, std::memory_order_relaxed);
    }
    lock.unlock();
    streaming_slots.expire(now, is_stopping());
    lock.lock();
  }
}

void ServerState::end_watch() {
  const std::lock_guard lock(mutex_);
  watch_ends_ = true;
  changed_.notify_all();
}

void ServerState::begin_stop() {
  is_stopping_.store(true, std::memory_order_release);
  const std::lock_guard lock(mutex_);
  for (auto* connection : connections_) connection->check(now_ns(), true);
}

bool ServerState::wait_until_empty_for(std::uint32_t timeout_ms) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [this] { return connections_.empty(); });
}

void ServerState::break_all_off() {
  const std::lock_guard lock(mutex_);
  for (auto* connection : connections_) connection->break_off();
}

void ServerState::wait_until_empty() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return connections_.empty(); });
}

Buffer ServerState::take_buffer(std::size_t size) {
  if (size < options.pull_bytes) return Buffer(size);
  const std::lock_guard lock(buffers_mutex_);
  if (buffers_.empty()) return Buffer(options.pull_bytes);
  auto buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void ServerState::give_buffer(Buffer buffer) {
  if (buffer.size() < options.pull_bytes) return;
  const std::lock_guard lock(buffers_mutex_);
  if (buffers_.size() < kSpareBuffersMax) buffers_.push_back(std::move(buffer));
}

}  // namespace atl::net
