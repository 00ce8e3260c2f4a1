// Arrays of NumPy's format as anybody may have stored them: nothing may crash, hang or take more memory than is there.
#include "derived/vector/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto rows = atl::vector::parse_npy(atl::ByteView(data, size));
  if (rows && (rows->rows() * rows->dimension != rows->numbers.size() || rows->numbers.size() > size)) __builtin_trap();
  return 0;
}
