// Any bytes as a file with a parity section: no crash, no memory by a foreign size.
#include <algorithm>
#include <cstdint>

#include "foundation/codec/hash.h"
#include "store/blob/parity_trailer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl;
  if (size > 1 << 20) return 0;
  Bytes file(data, data + size);
  // Every second input gets good checksums, or nothing behind them would ever be reached.
  if (size >= 96 && data[0] % 2 == 1) {
    std::uint8_t* record = file.data() + size - 96;
    std::copy_n("ATLPARIT", 8, record);
    store_le<std::uint64_t>(record + 56, size - 96);
    const auto table = std::uint64_t{4} * (load_le<std::uint32_t>(record + 68) % (size / 4));
    if (table <= size - 96) store_le(record + 80, codec::crc32c(ByteView(file).subspan(size - 96 - table, table)));
    store_le(record + 92, codec::crc32c(ByteView(file).subspan(size - 96, 92)));
  }
  const blob::ReadRange read = [&](std::uint64_t offset, ByteSpan out) -> Result<std::size_t> {
    if (offset >= file.size()) return std::size_t{0};
    const std::size_t count = std::min(out.size(), file.size() - static_cast<std::size_t>(offset));
    std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(offset), count, out.begin());
    return count;
  };
  blob::FileTag tag{};
  if (size >= 96) std::copy_n(file.end() - 96 + 24, 16, tag.begin());
  (void)blob::ParityMap::protected_length(read, file.size(), tag);
  const auto map = blob::ParityMap::open(read, file.size(), tag);
  if (map) {
    (void)map->check(read, nullptr);
    Bytes part(static_cast<std::size_t>(std::min<std::uint64_t>(map->protected_length(), 10'000)));
    (void)map->read_healed(read, 0, part);
  }
  return 0;
}
