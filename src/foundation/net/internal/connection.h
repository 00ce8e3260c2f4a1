// The life of one connection: handshake, then requests and answers in turn, then its end.
// Always true: one coroutine does all of it, so that nothing here needs a lock; between two of its steps no thread is
// held. The descriptor is closed in the destructor, after the watching thread forgot it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "foundation/net/internal/server_state.h"
#include "foundation/net/internal/transport.h"

namespace atl::net {

class StreamingBody;

class Connection {
 public:
  // `facts` were admitted.
  Connection(ServerState& server, Executor executor, ConnectionFacts facts, Socket socket,
             std::shared_ptr<asio::ssl::context> tls_context);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  Connection(Connection&&) = delete;
  Connection& operator=(Connection&&) = delete;
  ~Connection();

  [[nodiscard]] Awaitable<void> run();

 private:
  friend class StreamingBody;
  enum class End : std::uint8_t {
    goes_on,   // another request may come
    done,      // close: everything was read
    lingers,   // close, but read on for a while, so that the client gets to read the answer
    broken,    // the client must see that something is missing
    abandoned  // nobody there
  };
  struct Framing {  // how an answer is framed
    unsigned version = 11;
    bool is_head = false;
    bool keeps_alive = true;
  };

  [[nodiscard]] Awaitable<bool> shake_hands();
  [[nodiscard]] Awaitable<End> serve_one();
  // Arguments of coroutines are references or trivial: g++ 12 destroys temporaries of other kinds twice when they are
  // made within a co_await expression.
  // None: the head is read. Else how the connection ends.
  [[nodiscard]] Awaitable<std::optional<End>> read_head(RequestHead& head);
  // Reads a body to `content` until it ends or passes the limit; true: it ended.
  [[nodiscard]] Awaitable<bool> read_small_body(const RequestHead& head, StreamingBody& body);
  [[nodiscard]] Awaitable<End> answer(RequestHead& head, BodyReader& reader, StreamingBody* streaming, bool has_slot);
  [[nodiscard]] Awaitable<End> refuse(const Refusal& refusal, Framing framing);
  [[nodiscard]] Awaitable<bool> discard(std::uint64_t bytes);
  // False: broken off; `framing` says what was promised about the connection's end.
  [[nodiscard]] Awaitable<bool> send(Response& response, Framing& framing, Sent& sent);
  [[nodiscard]] Awaitable<bool> write_all(Gather gather);
  [[nodiscard]] Awaitable<bool> wait_for_source(std::uint32_t wait_ms);
  [[nodiscard]] Awaitable<void> linger();

  [[nodiscard]] ByteView pending() const { return in_.view().subspan(in_begin_, in_end_ - in_begin_); }
  void consume(std::size_t count) { in_begin_ += count; }
  // Room behind what is pending, at least one byte; none where the buffer has reached its greatest size.
  [[nodiscard]] ByteSpan room();
  // 0: the other side is done, or it took too long.
  [[nodiscard]] Awaitable<std::size_t> fill();
  // The same with what has come already; none: nothing has, or it is TLS's to say.
  [[nodiscard]] std::optional<std::size_t> fill_now();
  void write_head(const Response& response, const Framing& framing, std::optional<std::uint64_t> length,
                  bool is_chunked);
  void count_received(std::size_t bytes);

  ServerState& server_;
  const ConnectionFacts facts_;
  Executor executor_;
  Transport transport_;
  Watched watched_;
  HeadScanner scanner_;
  Buffer in_;  // what came and was not used yet lies from in_begin_ to in_end_
  std::size_t in_begin_ = 0;
  std::size_t in_end_ = 0;
  std::string out_;  // the head of an answer
  std::string date_;
  std::int64_t date_second_ = -1;
};

}  // namespace atl::net
