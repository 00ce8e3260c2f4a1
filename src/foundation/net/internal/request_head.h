// Reads the head of a request (request line and fields) from bytes that came so far.
// Always true: what could be understood in two ways is refused, with the status that says why (RFC 9112 sections 2.2,
// 3, 5.1, 5.2, 6.1, 6.3). Nothing here waits, and nothing is kept but what is given.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "foundation/net/http_message.h"

namespace atl::net {

// An answer given without the handler.
struct Refusal {
  unsigned status = 400;
  std::string text;
};

struct HeadLimits {
  std::size_t bytes_max = 64 * 1024;
  std::size_t fields_max = 200;
};

// Finds the end of a head in a growing buffer; each byte is looked at once.
class HeadScanner {
 public:
  explicit HeadScanner(const HeadLimits& limits) : limits_(limits) {}
  struct Found {
    std::optional<std::size_t> end;  // behind the empty line; none: more bytes are needed
    std::optional<Refusal> refusal;
  };
  // `bytes` is everything that came since the head's begin (empty lines before it were cut off by the caller).
  [[nodiscard]] Found scan(std::string_view bytes);
  void reset() { line_begin_ = at_ = 0; }

 private:
  HeadLimits limits_;
  std::size_t line_begin_ = 0;
  std::size_t at_ = 0;
};

struct RequestHead {
  std::string method;
  std::string target;
  unsigned version = 11;
  Headers headers;
  std::optional<std::uint64_t> content_length;
  bool is_chunked = false;
  bool keeps_alive = true;
  bool expects_continue = false;
};

// `bytes` is a whole head as HeadScanner found it. None: it is in `head`.
[[nodiscard]] std::optional<Refusal> parse_head(std::string_view bytes, const HeadLimits& limits, RequestHead& head);

// The fields behind a chunked body, with the empty line that ends them. False where they are not well formed, or are of
// a kind that must not come there (RFC 9110 section 6.5.1).
[[nodiscard]] bool parse_trailers(std::string_view bytes, const HeadLimits& limits, Headers& trailers);

}  // namespace atl::net
