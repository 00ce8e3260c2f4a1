// The tar reader on foreign bytes: bounded, ends, and never hands on more than came.
#include <algorithm>
#include <cstdlib>

#include "foundation/tar/tar_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl;
  if (size == 0) return 0;
  const std::size_t step = 1 + data[0] * std::size_t{16};
  ByteView left(data + 1, size - 1);
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
