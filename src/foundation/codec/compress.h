// Compression. Zstandard (RFC 8878), LZ4 block format.
// Always true: decompression is given the exact raw length and refuses anything else; nothing is allocated by a size
// that the compressed bytes claim.
#pragma once

#include <cstdint>
#include <memory>

#include "foundation/base/bytes.h"

namespace atl::codec {

enum class CompressionCodec : std::uint8_t { raw = 0, lz4 = 1, zstd = 2 };  // stored: never renumber
[[nodiscard]] bool is_known_codec(std::uint8_t number);

// Holds a reusable context: one per thread.
class Compressor {
 public:
  Compressor();
  Compressor(Compressor&&) noexcept;
  Compressor& operator=(Compressor&&) noexcept;
  ~Compressor();
  // Replaces `out`. Returns false, leaving `out` empty, where the result would not be smaller than
  // raw - raw/32 (then store it raw). `level` is zstd's; lz4 takes level <= 0 as fast, else high compression.
  [[nodiscard]] Result<bool> compress(CompressionCodec codec, int level, ByteView raw, Buffer& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class Decompressor {
 public:
  Decompressor();
  Decompressor(Decompressor&&) noexcept;
  Decompressor& operator=(Decompressor&&) noexcept;
  ~Decompressor();
  // Fills `raw` exactly or fails with `damaged`.
  [[nodiscard]] Result<void> decompress(CompressionCodec codec, ByteView compressed, ByteSpan raw);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace atl::codec
