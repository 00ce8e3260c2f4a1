#include "derived/render/internal/mesh.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "derived/render/internal/draw.h"
#include "derived/render/internal/words.h"

namespace atl::render {
namespace {

constexpr std::size_t kStlHeadBytes = 84;
constexpr std::size_t kStlFacetBytes = 50;

Mesh read_binary_stl(ByteView file) {
  Mesh mesh;
  for (std::size_t at = kStlHeadBytes; at + kStlFacetBytes <= file.size() && mesh.size() < kTrianglesMax;
       at += kStlFacetBytes) {
    Triangle triangle;
    for (std::size_t corner = 0; corner < 3; ++corner) {
      for (std::size_t axis = 0; axis < 3; ++axis) {
        const std::size_t place = at + 12 + corner * 12 + axis * 4;
        triangle.corners.at(corner).at(axis) = std::bit_cast<float>(load_le<std::uint32_t>(file.data() + place));
      }
    }
    add_triangle(mesh, triangle);
  }
  return mesh;
}

Mesh read_text_stl(ByteView file) {
  Mesh mesh;
  Triangle triangle;
  std::size_t corner = 0;
  for (Lines lines(as_text(file)); lines.next() && mesh.size() < kTrianglesMax;) {
    Words words(lines.line());
    const std::string_view first = words.next();
    if (first == "facet" || first == "outer") corner = 0;
    if (first != "vertex" || corner >= 3) continue;
    triangle.corners.at(corner) = words.point();
    if (++corner == 3) add_triangle(mesh, triangle);
  }
  return mesh;
}

}  // namespace

void add_triangle(Mesh& mesh, const Triangle& triangle) {
  if (mesh.size() >= kTrianglesMax) return;
  for (const Point& corner : triangle.corners) {
    // Beyond this a square of a coordinate would no longer be a number.
    if (!std::ranges::all_of(corner, [](float value) { return std::abs(value) < 1e15F; })) return;
  }
  mesh.push_back(triangle);
}

void add_polygon(Mesh& mesh, const std::vector<Point>& vertices, const std::vector<std::uint64_t>& corners) {
  if (std::ranges::any_of(corners, [&](std::uint64_t corner) { return corner >= vertices.size(); })) return;
  for (std::size_t i = 2; i < corners.size(); ++i)
    add_triangle(mesh, {{vertices[corners[0]], vertices[corners[i - 1]], vertices[corners[i]]}});
}

Result<Mesh> read_stl(ByteView file) {
  const bool begins_as_text = as_text(file).starts_with("solid");
  // A binary one says how many facets it has, and is that long; its header may begin with "solid" too.
  const bool is_as_long =
      file.size() >= kStlHeadBytes &&
      kStlHeadBytes + load_le<std::uint32_t>(file.data() + 80) * std::uint64_t{kStlFacetBytes} == file.size();
  return begins_as_text && !is_as_long ? read_text_stl(file) : read_binary_stl(file);
}

Result<Mesh> read_obj(ByteView file) {
  Mesh mesh;
  std::vector<Point> vertices;
  std::vector<std::uint64_t> corners;
  for (Lines lines(as_text(file)); lines.next() && mesh.size() < kTrianglesMax;) {
    Words words(lines.line());
    const std::string_view first = words.next();
    if (first == "v" && vertices.size() < kVerticesMax) vertices.push_back(words.point());
    if (first != "f") continue;
    corners.clear();
    for (std::string_view word = words.next(); !word.empty() && corners.size() < 1000; word = words.next()) {
      // "7/1/3": vertex, texture, normal; negative ones count from the last vertex back.
      const std::int64_t number = integer_of(word);
      const auto count = static_cast<std::int64_t>(vertices.size());
      const std::int64_t index = number < 0 ? count + number : number - 1;
      corners.push_back(index < 0 ? UINT64_MAX : static_cast<std::uint64_t>(index));
    }
    add_polygon(mesh, vertices, corners);
  }
  return mesh;
}

Result<Mesh> read_mesh(ByteView file, std::string_view format_id) {
  if (format_id == "stl") return read_stl(file);
  if (format_id == "obj") return read_obj(file);
  if (format_id == "ply") return read_ply(file);
  return read_gltf(file);
}

}  // namespace atl::render
