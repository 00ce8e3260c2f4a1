#include "foundation/net/internal/chunked.h"

#include <algorithm>
#include <cstring>

namespace atl::net {

namespace {

constexpr unsigned kSizeDigitsMax = 15;                // 2^60: no content is longer
constexpr std::size_t kExtensionBytesMax = 16 * 1024;  // of all chunks together
constexpr HeadLimits kTrailerLimits{.bytes_max = 16 * 1024, .fields_max = 50};

tl::unexpected<Error> bad_chunk(std::string why) {
  return fail(ErrorKind::usage, "http.bad_chunk", "the chunked body is malformed: " + std::move(why));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool ends_trailers(std::string_view text) { return text == "\r\n" || text.ends_with("\r\n\r\n"); }

}  // namespace

void ChunkedDecoder::took(std::size_t count) {
  remaining_ -= count;
  if (remaining_ == 0) state_ = State::data_return;
}

Result<void> ChunkedDecoder::take_frame_byte(char c) {
  switch (state_) {
    case State::size:
      if (const int digit = hex_digit(c); digit >= 0) {
        if (++digits_ > kSizeDigitsMax) return bad_chunk("a chunk's size is too large");
        remaining_ = remaining_ * 16 + static_cast<std::uint64_t>(digit);
        return {};
      }
      if (digits_ == 0) return bad_chunk("a chunk without a size");
      if (c == ';') {
        state_ = State::extension;
      } else if (c == '\r') {
        state_ = State::size_feed;
      } else {
        return bad_chunk("a chunk's size is not a hexadecimal number");
      }
      return {};
    case State::extension:
      if (c == '\r') {
        state_ = State::size_feed;
      } else if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) {
        return bad_chunk("control characters in an extension");
      } else if (++extension_bytes_ > kExtensionBytesMax) {
        return bad_chunk("extensions are too long");
      }
      return {};
    case State::size_feed:
      if (c != '\n') return bad_chunk("the line of a chunk's size does not end with CR LF");
      digits_ = 0;
      state_ = remaining_ > 0 ? State::data : State::trailers;
      return {};
    case State::data_return:
      if (c != '\r') return bad_chunk("a chunk is longer than its size");
      state_ = State::data_feed;
      return {};
    case State::data_feed:
      if (c != '\n') return bad_chunk("a chunk is longer than its size");
      state_ = State::size;
      return {};
    case State::trailers:
      trailer_text_ += c;
      if (trailer_text_.size() > kTrailerLimits.bytes_max) return bad_chunk("the trailer is too long");
      if (ends_trailers(trailer_text_)) {
        if (trailer_text_.size() > 2 && !parse_trailers(trailer_text_, kTrailerLimits, trailers_)) {
          return bad_chunk("its trailer is not well formed");
        }
        trailer_text_.clear();
        state_ = State::done;
      }
      return {};
    case State::data:
    case State::done: break;
  }
  return {};
}

Result<ChunkedDecoder::Step> ChunkedDecoder::decode(ByteView in, ByteSpan out) {
  Step step;
  while (step.consumed < in.size() && state_ != State::done) {
    if (state_ == State::data) {
      const auto count = static_cast<std::size_t>(
          std::min<std::uint64_t>(remaining_, std::min(in.size() - step.consumed, out.size() - step.produced)));
      if (count == 0) return step;
      std::memcpy(out.data() + step.produced, in.data() + step.consumed, count);
      step.consumed += count;
      step.produced += count;
      took(count);
      continue;
    }
    ATOLL_TRY(take_frame_byte(static_cast<char>(in[step.consumed])));
    ++step.consumed;
  }
  return step;
}

}  // namespace atl::net
