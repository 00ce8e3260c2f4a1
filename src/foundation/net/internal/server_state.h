// What all connections of a server share: limits, figures, who is connected, and the deadlines.
//
// Always true:
//  - A connection is in the list from before its first operation until just before its descriptor is closed, so that
//    shutting a descriptor down never meets another connection that got the same number.
//  - Time for deadlines is read once a tick by the watching thread: setting a deadline costs no system call.
// Thread rules: all of it from any thread. One mutex guards the list and the addresses, another the waiting line of
// streaming bodies; neither is held while the other is taken, nor over I/O that can wait.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "foundation/net/http_server.h"
#include "foundation/net/internal/crew.h"
#include "foundation/net/internal/request_head.h"
#include "foundation/net/internal/transport.h"

namespace atl::net {

// What a connection waits for, and so what happens when that does not come in time.
enum class Waiting : std::uint8_t {
  nothing,    // a handler runs
  handshake,  // broken off
  request,    // between requests: closed
  header,     // answered 408
  body,       // answered 408, or the reader gets an error
  write,      // broken off
  source,     // a body source asked to be called later
  linger,     // closed
};

// The part of a connection that the watching thread sees.
class Watched {
 public:
  explicit Watched(int descriptor) : descriptor_(descriptor) {}
  // From `now` on, for so long. Order matters to the watching thread, which reads the deadline first.
  void wait_for(Waiting what, std::int64_t now_ns, std::uint32_t timeout_ms) {
    deadline_ns_.store(INT64_MAX, std::memory_order_release);
    waiting_.store(what, std::memory_order_release);
    deadline_ns_.store(now_ns + std::int64_t{timeout_ms} * 1'000'000, std::memory_order_release);
  }
  void wait_for_nothing() {
    deadline_ns_.store(INT64_MAX, std::memory_order_release);
    waiting_.store(Waiting::nothing, std::memory_order_release);
  }
  [[nodiscard]] bool timed_out() const { return timed_out_.load(std::memory_order_acquire); }
  // By the watching thread, under the list's mutex. True where this was the moment of a timeout.
  bool check(std::int64_t now_ns, bool is_stopping);
  void break_off();

 private:
  const int descriptor_;
  std::atomic<std::int64_t> deadline_ns_ = INT64_MAX;
  std::atomic<Waiting> waiting_ = Waiting::nothing;
  std::atomic<bool> timed_out_ = false;
};

// Counts of the server; written by all threads, each on its own, read together without a lock.
struct Counters {
  std::atomic<std::uint64_t> connections_total = 0;
  std::atomic<std::uint64_t> connections_refused = 0;
  std::atomic<std::uint64_t> requests_in_flight = 0;
  std::atomic<std::uint64_t> requests_total = 0;
  std::atomic<std::uint64_t> requests_malformed = 0;
  std::atomic<std::uint64_t> timeouts = 0;
  std::atomic<std::uint64_t> tls_handshakes_failed = 0;
  std::atomic<std::uint64_t> received_bytes = 0;
  std::atomic<std::uint64_t> sent_bytes = 0;
};

// Lets a number of bodies be read by handlers at once; others wait in line without a thread.
class StreamingSlots {
 public:
  explicit StreamingSlots(unsigned count) : free_(count) {}
  // True: there is a slot, to be given back with release(). False: none within `timeout_ms`, or the server stops.
  [[nodiscard]] Awaitable<bool> acquire(Executor executor, std::int64_t deadline_ns);
  void release();
  void expire(std::int64_t now_ns, bool is_stopping);

 private:
  class Waiter {
   public:
    virtual ~Waiter() = default;
    virtual void complete(bool has_slot) = 0;
    std::int64_t deadline_ns = 0;
  };
  template <class Completion>
  class WaiterOf;

  std::mutex mutex_;
  unsigned free_;
  std::deque<std::unique_ptr<Waiter>> line_;
};

class ServerState {
 public:
  ServerState(const platform::Machine& machine, const ServerOptions& options, Handler handler);

  // Whether this address may open one more connection; a refusal counts nothing.
  [[nodiscard]] std::optional<Refusal> admit(const ConnectionFacts& facts);
  void enter(Watched& connection);
  // Before the descriptor is closed; wakes who waits for the last connection.
  void leave(Watched& connection);
  void forget(const ConnectionFacts& facts);  // what admit() counted

  [[nodiscard]] std::int64_t now_ns() const { return now_ns_.load(std::memory_order_acquire); }
  [[nodiscard]] bool is_stopping() const { return is_stopping_.load(std::memory_order_acquire); }
  [[nodiscard]] std::size_t connections_open() const { return connections_open_.load(std::memory_order_acquire); }

  // The watching thread: looks at all deadlines each tick, until end_watch().
  void watch();
  void end_watch();
  // From now on idle connections are closed, and others after the answer under way.
  void begin_stop();
  // True: all connections are closed.
  [[nodiscard]] bool wait_until_empty_for(std::uint32_t timeout_ms);
  void break_all_off();
  void wait_until_empty();

  // While it lives and may_wait(), a thread waits for one connection alone, which for a long answer to a client that
  // takes it quickly is cheaper than the event loop. As many at once as there are places at the loop.
  class DirectWait {
   public:
    explicit DirectWait(ServerState& server) : server_(server) {
      may_wait_ = server_.direct_waits_.fetch_add(1, std::memory_order_relaxed) < server_.options.loop_threads;
    }
    DirectWait(const DirectWait&) = delete;
    DirectWait& operator=(const DirectWait&) = delete;
    DirectWait(DirectWait&&) = delete;
    DirectWait& operator=(DirectWait&&) = delete;
    ~DirectWait() { server_.direct_waits_.fetch_sub(1, std::memory_order_relaxed); }
    [[nodiscard]] bool may_wait() const { return may_wait_; }

   private:
    ServerState& server_;
    bool may_wait_ = false;
  };

  [[nodiscard]] Buffer take_buffer(std::size_t size);
  void give_buffer(Buffer buffer);

  const platform::Machine machine;
  const ServerOptions options;
  const Handler handler;
  Counters counters;
  StreamingSlots streaming_slots;
  Crew crew;

 private:
  std::atomic<std::int64_t> now_ns_;
  std::atomic<bool> is_stopping_ = false;
  std::atomic<std::size_t> connections_open_ = 0;
  std::atomic<unsigned> direct_waits_ = 0;
  std::uint32_t tick_ms_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool watch_ends_ = false;
  std::unordered_set<Watched*> connections_;
  std::unordered_map<std::string, unsigned> by_address_;
  std::size_t admitted_ = 0;

  std::mutex buffers_mutex_;
  std::vector<Buffer> buffers_;  // of options.pull_bytes each
};

}  // namespace atl::net
