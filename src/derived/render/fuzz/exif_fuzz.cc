#include <cstdlib>

#include "derived/render/internal/exif.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const atl::ByteView file(data, size);
  const auto orientation = atl::render::orientation_of(file);
  if (orientation < 1 || orientation > 8) std::abort();
  static_cast<void>(atl::render::jpeg_size(file));
  return 0;
}
