#include "foundation/codec/compress.h"

#include <lz4.h>
#include <lz4hc.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>

namespace atl::codec {
namespace {

tl::unexpected<Error> no_memory() { return fail(ErrorKind::limit, "memory.exhausted", "no memory for compression"); }

tl::unexpected<Error> damaged() {
  return fail(ErrorKind::damaged, "compression.damaged", "compressed data does not give what was stored");
}

struct FreeCompression {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct FreeDecompression {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

char* chars(std::uint8_t* bytes) { return reinterpret_cast<char*>(bytes); }                    // NOLINT
const char* chars(const std::uint8_t* bytes) { return reinterpret_cast<const char*>(bytes); }  // NOLINT

}  // namespace

bool is_known_codec(std::uint8_t number) { return number <= static_cast<std::uint8_t>(CompressionCodec::zstd); }

struct Compressor::State {
  std::unique_ptr<ZSTD_CCtx, FreeCompression> zstd;
  std::unique_ptr<std::max_align_t[]> lz4_fast;  // NOLINT(cppcoreguidelines-avoid-c-arrays)
  std::unique_ptr<std::max_align_t[]> lz4_high;  // NOLINT(cppcoreguidelines-avoid-c-arrays)

  // Each gives the compressed length, 0 where it would not fit into `out`.
  Result<std::size_t> compress_zstd(int level, ByteView raw, ByteSpan out);
  Result<std::size_t> compress_lz4(int level, ByteView raw, ByteSpan out);
};

namespace {

// LZ4's work memory is given by its size in bytes and has to be aligned like any type.
std::max_align_t* work_memory(std::unique_ptr<std::max_align_t[]>& memory, int size) {  // NOLINT
  if (!memory) {
    const auto units = (static_cast<std::size_t>(size) + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t);
    memory = std::make_unique<std::max_align_t[]>(units);  // NOLINT(cppcoreguidelines-avoid-c-arrays)
  }
  return memory.get();
}

}  // namespace

Result<std::size_t> Compressor::State::compress_zstd(int level, ByteView raw, ByteSpan out) {
  if (!zstd) {
    zstd.reset(ZSTD_createCCtx());
    if (!zstd) return no_memory();
    // The group header carries length and checksum already.
    ZSTD_CCtx_setParameter(zstd.get(), ZSTD_c_contentSizeFlag, 0);
    ZSTD_CCtx_setParameter(zstd.get(), ZSTD_c_checksumFlag, 0);
    ZSTD_CCtx_setParameter(zstd.get(), ZSTD_c_dictIDFlag, 0);
  }
  ZSTD_CCtx_setParameter(zstd.get(), ZSTD_c_compressionLevel, level);
  const std::size_t length = ZSTD_compress2(zstd.get(), out.data(), out.size(), raw.data(), raw.size());
  if (ZSTD_isError(length) == 0) return length;
  ZSTD_CCtx_reset(zstd.get(), ZSTD_reset_session_only);
  const ZSTD_ErrorCode code = ZSTD_getErrorCode(length);
  if (code == ZSTD_error_dstSize_tooSmall) return 0;
  if (code == ZSTD_error_memory_allocation) return no_memory();
  return fail(ErrorKind::failed, "compression.failed", std::string("zstd: ") + ZSTD_getErrorName(length));
}

Result<std::size_t> Compressor::State::compress_lz4(int level, ByteView raw, ByteSpan out) {
  const int raw_bytes = static_cast<int>(raw.size());
  const int out_bytes = static_cast<int>(out.size());
  const int length = level <= 0
                         ? LZ4_compress_fast_extState(work_memory(lz4_fast, LZ4_sizeofState()), chars(raw.data()),
                                                      chars(out.data()), raw_bytes, out_bytes, std::max(1, -level))
                         : LZ4_compress_HC_extStateHC(work_memory(lz4_high, LZ4_sizeofStateHC()), chars(raw.data()),
                                                      chars(out.data()), raw_bytes, out_bytes, level);
  return static_cast<std::size_t>(std::max(0, length));
}

Compressor::Compressor() : state_(std::make_unique<State>()) {}
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;
Compressor::~Compressor() = default;

Result<bool> Compressor::compress(CompressionCodec codec, int level, ByteView raw, Buffer& out) {
  out.clear();
  const std::size_t too_long = raw.size() - raw.size() / 32;
  if (codec == CompressionCodec::raw || too_long <= 1) return false;
  if (codec == CompressionCodec::lz4 && raw.size() > LZ4_MAX_INPUT_SIZE) {
    return fail(ErrorKind::limit, "compression.too_large", "lz4 takes at most 2 GB at a time");
  }
  // The room given is the limit itself: the library gives up by itself where the result would not be worth it.
  out.resize(too_long - 1);
  auto length = codec == CompressionCodec::zstd ? state_->compress_zstd(level, raw, out.span())
                                                : state_->compress_lz4(level, raw, out.span());
  out.resize(length ? *length : 0);
  if (!length) return pass(std::move(length).error());
  return *length > 0;
}

struct Decompressor::State {
  std::unique_ptr<ZSTD_DCtx, FreeDecompression> zstd;
};

Decompressor::Decompressor() : state_(std::make_unique<State>()) {}
Decompressor::Decompressor(Decompressor&&) noexcept = default;
Decompressor& Decompressor::operator=(Decompressor&&) noexcept = default;
Decompressor::~Decompressor() = default;

Result<void> Decompressor::decompress(CompressionCodec codec, ByteView compressed, ByteSpan raw) {
  switch (codec) {
    case CompressionCodec::raw:
      if (compressed.size() != raw.size()) return damaged();
      if (!raw.empty()) std::memcpy(raw.data(), compressed.data(), raw.size());
      return {};
    case CompressionCodec::lz4: {
      if (compressed.size() > LZ4_MAX_INPUT_SIZE || raw.size() > LZ4_MAX_INPUT_SIZE) return damaged();
      const int length = LZ4_decompress_safe(chars(compressed.data()), chars(raw.data()),
                                             static_cast<int>(compressed.size()), static_cast<int>(raw.size()));
      if (length < 0 || static_cast<std::size_t>(length) != raw.size()) return damaged();
      return {};
    }
    case CompressionCodec::zstd: {
      if (!state_->zstd) {
        state_->zstd.reset(ZSTD_createDCtx());
        if (!state_->zstd) return no_memory();
      }
      // One frame, not a skippable one, and nothing behind it. Decoding goes straight into `raw`: no window is
      // allocated.
      if (compressed.size() < 4 || load_le<std::uint32_t>(compressed.data()) != ZSTD_MAGICNUMBER) return damaged();
      if (ZSTD_findFrameCompressedSize(compressed.data(), compressed.size()) != compressed.size()) return damaged();
      const std::size_t length =
          ZSTD_decompressDCtx(state_->zstd.get(), raw.data(), raw.size(), compressed.data(), compressed.size());
      if (ZSTD_isError(length) != 0 && ZSTD_getErrorCode(length) == ZSTD_error_memory_allocation) return no_memory();
      if (ZSTD_isError(length) != 0 || length != raw.size()) return damaged();
      return {};
    }
  }
  return fail(ErrorKind::unsupported, "compression.unknown", "the compression is not one this program knows",
              "A newer version of Atoll may read it.");
}

}  // namespace atl::codec
