// Three things with each input: it is taken as compressed bytes into a room of foreign size; it makes a round trip as
// raw data; and what it compressed to is spoilt in one place and read again. The first byte picks the codec, the next
// two the room and the place.
#include <cstdlib>

#include "foundation/codec/compress.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl::codec;
  if (size < 3) return 0;
  const auto codec = static_cast<CompressionCodec>(data[0] % 4);  // 3 is unknown
  const std::size_t room = data[1] + data[2] * std::size_t{256};
  const atl::ByteView input(data + 3, size - 3);
  static Decompressor decompressor;
  static Compressor compressor;
  // Exactly as much memory as the room, so that the address sanitizer sees the first byte beyond it.
  atl::Buffer raw(room);
  const auto result = decompressor.decompress(codec, input, raw.span());
  if (!result && result.error().kind != atl::ErrorKind::damaged && result.error().kind != atl::ErrorKind::unsupported) {
    std::abort();
  }
  if (codec != CompressionCodec::lz4 && codec != CompressionCodec::zstd) return 0;
  atl::Buffer packed;
  if (compressor.compress(codec, static_cast<int>(data[1] % 8) - 2, input, packed).value()) {
    atl::Buffer back(input.size());
    if (!decompressor.decompress(codec, packed.view(), back.span()) || !atl::equal(back.view(), input)) std::abort();
    packed.data()[room % packed.size()] ^= static_cast<std::uint8_t>(data[0] | 1);
    const auto spoilt = decompressor.decompress(codec, packed.view(), back.span());
    if (!spoilt && spoilt.error().kind != atl::ErrorKind::damaged) std::abort();
  }
  return 0;
}
