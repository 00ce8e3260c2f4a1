// The body of an upload in `aws-chunked` encoding: pieces with a length, and mostly a signature, in front; behind them
// perhaps trailers with a checksum.
// Source: Amazon S3 API Reference, "Transferring Payload in Multiple Chunks" and "Including Trailing Headers".
//
//     1000;chunk-signature=<64 hex>\r\n  <0x1000 bytes>\r\n  …  0;chunk-signature=<64 hex>\r\n
//     x-amz-checksum-crc32c:sOO8/Q==\r\n  x-amz-trailer-signature:<64 hex>\r\n  \r\n
//
// Always true:
//  - Bytes are handed out as they come; that they are what was signed is known when read() has returned 0, and not
//    before: who stores them commits only then.
//  - A chunk whose signature does not match, a body shorter or longer than x-amz-decoded-content-length, a trailer that
//    was announced and is missing: each is an error, and read() gives it again from then on.
//  - Memory: kBufferBytes, whatever the lengths of chunks.
// Thread rules: one thread at a time.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/s3/signature.h"
#include "foundation/base/bytes.h"

namespace atl::s3 {

inline constexpr std::size_t kBufferBytes = 64 * 1024;
inline constexpr std::size_t kChunkLineBytesMax = 1024;
inline constexpr std::size_t kTrailerBytesMax = 16 * 1024;

class ChunkedBody {
 public:
  // Fills a span, returns the count, 0 at the end of what was sent.
  using ReadSome = std::function<Result<std::size_t>(ByteSpan)>;
  struct Settings {
    Claim claim;                             // its payload says which variant
    SigningKey key{};                        // of verify(); unused for the unsigned variant
    std::uint64_t decoded_bytes = 0;         // x-amz-decoded-content-length
    std::vector<std::string> trailer_names;  // of x-amz-trailer, lower case: must come, and no others
  };
  ChunkedBody(ReadSome read, Settings settings);

  // Errors: IncompleteBody, SignatureDoesNotMatch, InvalidRequest, and those of the source.
  [[nodiscard]] Result<std::size_t> read(ByteSpan out);
  // After read() returned 0: names in lower case.
  [[nodiscard]] const std::map<std::string, std::string>& trailers() const { return trailers_; }

 private:
  enum class At : std::uint8_t { chunk_line, data, end_of_data, trailers, done };
  [[nodiscard]] Result<std::size_t> step(ByteSpan out);
  [[nodiscard]] Result<bool> fill();  // false at the end of what was sent
  [[nodiscard]] Result<std::string> line(std::size_t bytes_max);
  [[nodiscard]] Result<void> begin_chunk();
  [[nodiscard]] Result<void> end_chunk();
  [[nodiscard]] Result<void> read_trailers();
  [[nodiscard]] bool is_signed() const { return settings_.claim.payload != PayloadKind::unsigned_and_trailer; }
  [[nodiscard]] bool has_trailers() const { return settings_.claim.payload != PayloadKind::signed_chunks; }

  ReadSome read_;
  Settings settings_;
  Buffer buffer_;
  std::size_t from_ = 0;  // what lies between is read and not yet used
  std::size_t to_ = 0;
  At at_ = At::chunk_line;
  std::uint64_t chunk_left_ = 0;
  std::uint64_t total_ = 0;
  bool is_last_ = false;
  std::string previous_signature_;
  std::string chunk_signature_;
  std::optional<codec::Sha256> chunk_digest_;
  std::map<std::string, std::string> trailers_;
  std::optional<Error> failed_;
};

// The same encoding, for a client of ours and for tests: one chunk, signed with the signature before it.
[[nodiscard]] std::string signed_chunk(const SigningKey& key, const Claim& claim, std::string& previous, ByteView data);

// The values of x-amz-trailer: names in lower case. InvalidRequest where one is not a checksum's header.
[[nodiscard]] Result<std::vector<std::string>> parse_trailer_names(std::string_view header);

}  // namespace atl::s3
