// MD5 (RFC 1321) of several streams side by side.
//
// Each step of MD5 waits for the one before it, so that one stream takes 1.1 ms for a MiB however wide the processor
// is. Here the lanes of a vector are blocks of different streams: sixteen take hardly longer than one. It proves
// nothing against intent; protocols ask for it.
//
// Always true: the digests are those of Md5, for any lengths and any cuts into pieces. Thread rules: plain values.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "foundation/base/bytes.h"

namespace atl::codec {

inline constexpr std::size_t kMd5SideBySideMax = 16;  // more than that begin when others have ended

// How far the digest of one stream is.
class Md5Stream {
 public:
  [[nodiscard]] std::array<std::uint8_t, 16> finish();  // once

 private:
  friend class Md5Feeder;
  std::array<std::uint32_t, 4> chain_{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476};
  std::uint64_t bytes_ = 0;
  std::array<std::uint8_t, 64> rest_{};  // the first bytes_ % 64 of it
};

// The next bytes of a stream.
struct Md5Piece {
  Md5Stream* stream = nullptr;
  ByteView bytes;
};

// Each stream at most once.
void md5_update_many(std::span<const Md5Piece> pieces);

}  // namespace atl::codec
