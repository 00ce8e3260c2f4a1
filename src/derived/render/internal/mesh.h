// Surfaces of 3D models as triangles: STL (text and binary), Wavefront OBJ, PLY 1.0 (text and binary), glTF 2.0 and
// GLB. Foreign bytes: counts are believed only as far as the file is long; indices that name no vertex drop their
// triangle; coordinates are finite. Materials, textures and lines are passed over. Complexity: linear in the file.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "foundation/base/bytes.h"

namespace atl::render {

using Point = std::array<float, 3>;
struct Triangle {
  std::array<Point, 3> corners;
};
using Mesh = std::vector<Triangle>;
// What there is beyond is left out: a picture of a thousand pixels shows no more.
inline constexpr std::size_t kTrianglesMax = 6'000'000;
inline constexpr std::size_t kVerticesMax = 12'000'000;

// `format_id`: "stl", "obj", "ply", "gltf", "glb". `damaged` "preview.malformed", `unsupported` "preview.not_inside"
// where a glTF names files beside it.
[[nodiscard]] Result<Mesh> read_mesh(ByteView file, std::string_view format_id);

// mesh_text.cc, mesh_ply.cc, mesh_gltf.cc
[[nodiscard]] Result<Mesh> read_stl(ByteView file);
[[nodiscard]] Result<Mesh> read_obj(ByteView file);
[[nodiscard]] Result<Mesh> read_ply(ByteView file);
[[nodiscard]] Result<Mesh> read_gltf(ByteView file);

// A polygon as a fan of triangles; indices that name no vertex drop what they belong to.
void add_polygon(Mesh& mesh, const std::vector<Point>& vertices, const std::vector<std::uint64_t>& corners);
void add_triangle(Mesh& mesh, const Triangle& triangle);

}  // namespace atl::render
