// What is read of a model has finite corners, however broken it is.
#include <cmath>
#include <cstdlib>

#include "derived/render/internal/mesh.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::array<std::string_view, 4> kFormats{"stl", "obj", "ply", "gltf"};
  const auto mesh = atl::render::read_mesh(atl::ByteView(data + 1, size - 1), kFormats.at(data[0] % kFormats.size()));
  if (!mesh) return 0;
  for (const auto& triangle : *mesh)
    for (const auto& corner : triangle.corners)
      for (const float value : corner)
        if (!std::isfinite(value)) std::abort();
  return 0;
}
