// Any bytes as each fixed part of a pack: no crash, and what decodes encodes to the same again.
#include <cstdint>
#include <cstdlib>

#include "foundation/codec/hash.h"
#include "store/chunk/pack_format.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl;
  using namespace atl::chunk;
  if (size == 0) return 0;
  Bytes bytes(data + 1, data + size);
  switch (data[0] % 6) {
    case 0: {
      if (bytes.size() >= kPackHeaderBytes) store_le(bytes.data() + 124, codec::crc32c(ByteView(bytes).first(124)));
      if (const auto header = decode_pack_header(bytes)) {
        const auto again = decode_pack_header(encode(*header));
        if (!again || !(*again == *header)) std::abort();
      }
      break;
    }
    case 1: {
      if (const auto header = decode_group_header(bytes)) {
        if (!equal(encode(*header), ByteView(bytes).first(kGroupHeaderBytes))) std::abort();
      }
      break;
    }
    case 2: {
      const auto raw_length = bytes.size() >= 4 ? load_le<std::uint32_t>(bytes.data()) : 0;
      const ByteView rest = ByteView(bytes).subspan(std::min<std::size_t>(4, bytes.size()));
      if (const auto entries = decode_directory(rest, raw_length)) {
        Bytes again;
        encode_directory(*entries, again);
        if (!equal(again, rest.first(again.size()))) std::abort();
      }
      break;
    }
    case 3: {
      const auto offset = bytes.size() >= 4 ? load_le<std::uint32_t>(bytes.data()) : 0;
      const ByteView rest = ByteView(bytes).subspan(std::min<std::size_t>(4, bytes.size()));
      if (const auto footer = decode_footer(rest, offset)) {
        std::size_t chunks = 0;
        for (std::size_t i = 0; i < footer->groups.size(); ++i) chunks += footer->chunks_of(i).size();
        if (chunks > footer->chunks.size()) std::abort();
      }
      break;
    }
    case 4: (void)decode_footer_header(bytes); break;
    default: {
      if (bytes.size() >= kPackTrailerBytes) store_le(bytes.data() + 60, codec::crc32c(ByteView(bytes).first(60)));
      (void)decode_pack_trailer(bytes);
    }
  }
  return 0;
}
