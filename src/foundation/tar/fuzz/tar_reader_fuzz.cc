// The tar reader on foreign bytes: bounded, ends, and never hands on more than came.
#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "foundation/tar/tar_reader.h"

namespace {

// Every block as if it were a header whose checksum is right: else nearly nothing gets past it.
void make_checksums_right(std::vector<std::uint8_t>& archive) {
  for (std::size_t at = 0; at + atl::tar::kBlockBytes <= archive.size(); at += atl::tar::kBlockBytes) {
    std::uint8_t* const block = archive.data() + at;
    if (std::all_of(block, block + atl::tar::kBlockBytes, [](std::uint8_t byte) { return byte == 0; })) continue;
    std::fill_n(block + 148, 8, static_cast<std::uint8_t>(' '));
    unsigned sum = std::accumulate(block, block + atl::tar::kBlockBytes, 0U);
    block[154] = 0;
    for (std::size_t digit = 6; digit > 0; --digit, sum >>= 3U)
      block[147 + digit] = static_cast<std::uint8_t>('0' + (sum & 7U));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl;
  if (size == 0) return 0;
  const std::size_t step = 1 + (data[0] >> 1U) * std::size_t{32};
  std::vector<std::uint8_t> archive(data + 1, data + size);
  if ((data[0] & 1U) != 0) make_checksums_right(archive);
  ByteView left(archive);
  tar::Reader reader([&](ByteSpan out) -> Result<std::size_t> {
    const std::size_t count = std::min({out.size(), step, left.size()});
    std::copy_n(left.begin(), count, out.begin());
    left = left.subspan(count);
    return count;
  });
  std::size_t handed = 0;
  for (;;) {
    const auto entry = reader.next();
    if (!entry || !*entry) return 0;
    if ((*entry)->modified.nanoseconds > 999'999'999 || ((*entry)->mode & ~07777U) != 0) std::abort();
    if (!(*entry)->refusal.empty() && (*entry)->size != 0) std::abort();
    std::uint64_t of_this = 0;
    for (;;) {
      const auto piece = reader.content();
      if (!piece) return 0;
      if (piece->empty()) break;
      of_this += piece->size();
      handed += piece->size();
    }
    if (of_this != (*entry)->size || handed > size) std::abort();
  }
}
