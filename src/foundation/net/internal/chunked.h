// Takes the chunked coding off a request's body (RFC 9112 section 7.1).
// Always true: sizes are hexadecimal digits and nothing else, lines end with CR LF, and what the frame of chunks takes
// beside content is limited, so that a client cannot keep us reading for nothing.
#pragma once

#include <cstdint>
#include <string>

#include "foundation/base/bytes.h"
#include "foundation/net/http_message.h"
#include "foundation/net/internal/request_head.h"

namespace atl::net {

class ChunkedDecoder {
 public:
  struct Step {
    std::size_t consumed = 0;  // of `in`
    std::size_t produced = 0;  // written to `out`
  };
  // Takes from `in` until it is used up, `out` is full, or the body ended. "http.bad_chunk" (usage); after it the
  // decoder is of no use.
  [[nodiscard]] Result<Step> decode(ByteView in, ByteSpan out);
  [[nodiscard]] bool is_done() const { return state_ == State::done; }
  // Complete once is_done().
  [[nodiscard]] const Headers& trailers() const { return trailers_; }
  // Content bytes of the chunk under way that have not come yet: these may be read straight to where they belong.
  [[nodiscard]] std::uint64_t remaining_in_chunk() const { return state_ == State::data ? remaining_ : 0; }
  void took(std::size_t count);

 private:
  enum class State : std::uint8_t { size, extension, size_feed, data, data_return, data_feed, trailers, done };
  [[nodiscard]] Result<void> take_frame_byte(char c);

  State state_ = State::size;
  std::uint64_t remaining_ = 0;
  unsigned digits_ = 0;
  std::size_t extension_bytes_ = 0;
  std::string trailer_text_;
  Headers trailers_;
};

}  // namespace atl::net
