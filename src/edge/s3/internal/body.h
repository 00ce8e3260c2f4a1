// The body of a request, read in pieces and verified by everything that came with it: the payload's hash or its chunk
// signatures, Content-MD5, checksums in headers or trailers.
// Always true: verify() is called after read() returned 0 and before anything is committed.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "edge/s3/checksums.h"
#include "edge/s3/chunked_body.h"
#include "edge/s3/internal/exchange.h"
#include "edge/s3/internal/md5_gatherer.h"
#include "foundation/codec/md5.h"

namespace atl::s3 {

inline constexpr std::uint64_t kEtagIsMd5UpToBytes = 16 << 20;

class Body {
 public:
  // What the headers say is checked here, before a byte is read. `wants_md5`: also without Content-MD5 where the body
  // is short enough. `also`: a checksum to compute whatever the client sends.
  [[nodiscard]] static Result<std::unique_ptr<Body>> open(Exchange& exchange, bool wants_md5,
                                                          std::optional<ChecksumAlgorithm> also = std::nullopt,
                                                          ChecksumsOf checksums = ChecksumsOf::body);

  // Of what is to be stored; none where the client does not say (chunked transfer coding).
  [[nodiscard]] std::optional<std::uint64_t> length() const { return length_; }
  // Before the first read(): an MD5 that is wanted is computed together with those of other bodies. For that each
  // read() goes on right behind the one before it until its `out` is full, and what was read at last stays where it is
  // until settle() has returned.
  void gather_md5();
  [[nodiscard]] Result<std::size_t> read(ByteSpan out);
  void settle();
  // BadDigest, XAmzContentSHA256Mismatch, IncompleteBody, InvalidRequest.
  [[nodiscard]] Result<void> verify();

  // After verify().
  [[nodiscard]] const std::optional<std::array<std::uint8_t, 16>>& md5() const { return md5_value_; }
  // Verified or computed.
  [[nodiscard]] const std::map<ChecksumAlgorithm, Bytes>& checksums() const { return values_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  explicit Body(Exchange& exchange) : exchange_(&exchange) {}
  void hash(ByteView piece, bool is_more_to_come);
  [[nodiscard]] Result<void> read_headers(bool wants_md5, std::optional<ChecksumAlgorithm> also, ChecksumsOf of);

  Exchange* exchange_;
  std::optional<std::uint64_t> length_;
  std::unique_ptr<ChunkedBody> chunks_;
  std::optional<codec::Sha256> sha256_;                // of the payload's hash
  std::optional<codec::Md5> md5_;                      // of short bodies
  std::optional<Md5Gatherer::Gathered> gathered_md5_;  // of others
  ByteView gathered_;                                  // read, and not handed in yet
  std::optional<Bytes> md5_expected_;
  std::optional<std::array<std::uint8_t, 16>> md5_value_;
  std::vector<Checksummer> checksummers_;
  std::map<ChecksumAlgorithm, Bytes> expected_;  // of headers
  std::vector<ChecksumAlgorithm> expected_trailers_;
  std::map<ChecksumAlgorithm, Bytes> values_;
  std::uint64_t bytes_ = 0;
};

}  // namespace atl::s3
