// What an HTTP request and an answer to it are, for the code that handles them (RFC 9110, RFC 9112).
//
// Always true:
//  - A request that reaches a handler is well formed: one Host field, at most one of Content-Length and chunked coding,
//    a target that begins with '/' (or is "*" of OPTIONS), no control characters anywhere.
//  - Content is never held as a whole unless it is small: it is read and written in pieces.
// Thread rules: a request and its body belong to the thread on which the handler runs, until the handler returns. A
// body source is called by one thread at a time, but not always by the same one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "foundation/base/bytes.h"

namespace atl::net {

// True where both are the same without regard to the case of ASCII letters.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);
// Without spaces and tabs at both ends.
[[nodiscard]] std::string_view trim_blanks(std::string_view text);

struct Header {
  std::string name;
  std::string value;
};

// Header fields in the order in which they came. Names are compared without regard to case. Lookups are linear: there
// are few, and their number is limited.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> fields) : fields_(fields) {}

  void add(std::string name, std::string value) { fields_.push_back({std::move(name), std::move(value)}); }
  // Replaces all fields of this name by one.
  void set(std::string_view name, std::string value);
  // How many were removed.
  std::size_t remove(std::string_view name);
  // The first field of this name. Valid until the next change.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return get(name).has_value(); }
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
  // All fields of this name as one list, joined with ", " (RFC 9110 section 5.3); none where there is no such field.
  [[nodiscard]] std::optional<std::string> joined(std::string_view name) const;
  // True where a comma-separated list field of this name holds the token, without regard to case.
  [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const;

  [[nodiscard]] std::size_t size() const { return fields_.size(); }
  [[nodiscard]] bool empty() const { return fields_.empty(); }
  void clear() { fields_.clear(); }
  void reserve(std::size_t count) { fields_.reserve(count); }
  [[nodiscard]] auto begin() const { return fields_.begin(); }
  [[nodiscard]] auto end() const { return fields_.end(); }

 private:
  std::vector<Header> fields_;
};

// A request's content, read once from its beginning to its end.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // Fills the beginning of `out`, as much as is there, at least one byte; 0 at the end. Waits for the client where
  // nothing has come yet, and first tells it to go on where it waits for that (Expect: 100-continue).
  // Errors, after each of which nothing more comes and the connection ends with the answer: "http.body_broken_off"
  // (unreachable), "http.body_too_slow" (limit), "http.bad_chunk" (usage). `out` must not be empty.
  [[nodiscard]] virtual Result<std::size_t> read(ByteSpan out) = 0;
  // The whole content where it is in memory already (small requests), else none. Does not count as reading.
  [[nodiscard]] virtual std::optional<ByteView> in_memory() const { return std::nullopt; }
  // Fields behind a chunked body; complete after read() answered 0.
  [[nodiscard]] virtual const Headers& trailers() const;
};

// A body that is in memory: of small requests, and of requests that tests make.
class MemoryBody final : public BodyReader {
 public:
  explicit MemoryBody(std::string content, Headers trailers = {})
      : content_(std::move(content)), trailers_(std::move(trailers)) {}
  [[nodiscard]] Result<std::size_t> read(ByteSpan out) override;
  [[nodiscard]] std::optional<ByteView> in_memory() const override { return as_bytes(content_); }
  [[nodiscard]] const Headers& trailers() const override { return trailers_; }

 private:
  std::string content_;
  Headers trailers_;
  std::size_t at_ = 0;
};

// All of it; "http.body_too_large" (limit) where it is longer than `bytes_max`, found before more than that is held.
[[nodiscard]] Result<Bytes> read_all(BodyReader& body, std::size_t bytes_max);

// What is known about a connection. The same object for all of its requests.
struct ConnectionFacts {
  std::uint64_t id = 0;        // counts up from 1
  std::string remote_address;  // "192.0.2.7", "2001:db8::1" (IPv4 in IPv6 shown as IPv4); empty for a local socket
  std::uint16_t remote_port = 0;
  std::string local_address;  // of a local socket: its path
  std::uint16_t local_port = 0;
  std::size_t endpoint = 0;  // which of the server's endpoints, counted from 0
  bool is_tls = false;
  bool is_local_socket = false;
  std::optional<std::uint32_t> peer_user_id;  // of a local socket: who opened it, as the kernel says (SO_PEERCRED)
};

struct Request {
  std::string method;     // as it came; methods are case-sensitive
  std::string target;     // path and query as they came, still percent-encoded; the absolute form is cut to these
  unsigned version = 11;  // 10 or 11
  Headers headers;        // with the absolute form, Host is the authority of the target
  std::optional<std::uint64_t> content_length;  // none: chunked, or no body
  bool is_chunked = false;
  const ConnectionFacts& connection;
  BodyReader& body;

  [[nodiscard]] bool has_body() const { return is_chunked || content_length.value_or(0) > 0; }
};

// One answer of a body source.
struct Pulled {
  enum class State : std::uint8_t {
    more,  // call again
    end,   // these bytes (there may be none) are the last
    wait,  // send these bytes (there may be none) now and call again after `wait_ms`
  };
  std::size_t bytes = 0;  // written to the beginning of `out`
  State state = State::more;
  std::uint32_t wait_ms = 0;
  // Where not empty, these bytes are sent in place of `out`, without a copy. They stay valid until the source is called
  // or destroyed.
  ByteView borrowed;
};

// Content that is made while it is sent. While a client reads slowly, or a source waits, no thread is held.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // An error breaks the connection off, so that the client sees that the answer is not whole. May block (on a disk).
  // `more` without a byte is an error ("http.empty_pull").
  [[nodiscard]] virtual Result<Pulled> pull(ByteSpan out) = 0;
};

// Bytes that somebody else owns too, such as a cache: sent without a copy.
struct SharedBytes {
  std::shared_ptr<const void> owner;
  ByteView bytes;
};

// How an answer ended.
struct Sent {
  unsigned status = 0;                // 500 where the answer or its source failed before anything was sent
  bool whole = false;                 // handed to the kernel to the last byte
  std::uint64_t body_bytes = 0;       // of content, handed to the kernel
  std::optional<Error> trouble = {};  // of a body source that failed
};

struct Response {
  unsigned status = 200;
  // Date, Server, Content-Length, Transfer-Encoding and Connection are written by the server; of these only Server may
  // be given. A name or value that would break the message gives 500 in place of this answer.
  Headers headers;
  std::variant<std::string, Bytes, std::unique_ptr<BodySource>, SharedBytes> body;
  // Of a body source: how many bytes it gives, sent as Content-Length; without it the body is chunked (HTTP/1.0: ends
  // with the connection). A source that gives another number breaks the connection off. Of an answer to HEAD: what
  // GET would have; its body is not asked for and not sent.
  std::optional<std::uint64_t> length;
  bool closes = false;  // end the connection after this answer
  // Called once when the answer is sent or the connection broke; must not block.
  std::function<void(const Sent&)> on_sent;
  // Of an answer that tells of an error: which, for a log. Never sent.
  std::optional<Error> trouble = {};
};

// A plain answer: text/plain with a line feed at its end.
[[nodiscard]] Response text_response(unsigned status, std::string text);
// "Not Found" of 404; "Unknown" for numbers without a name (RFC 9110 section 15, RFC 4918, RFC 6585).
[[nodiscard]] std::string_view reason_of(unsigned status);

}  // namespace atl::net
