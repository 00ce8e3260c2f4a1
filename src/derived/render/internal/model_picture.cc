// A 3D model seen from above, right and front, shaded by how its surfaces lie to the light: a depth-buffer rasteriser
// of flat triangles. glTF says that y is upwards, and OBJ mostly means it; printers and scanners (STL, PLY) mean z.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "derived/render/internal/draw.h"
#include "derived/render/internal/mesh.h"

namespace atl::render {
namespace {

constexpr std::uint32_t kSide = 2048;  // twice what is shown: edges become smooth when it is made smaller
constexpr std::uint32_t kMargin = 64;
constexpr std::array<float, 3> kColour{150, 170, 195};
constexpr Point kLight{0.35F, -0.55F, 0.76F};  // of length 1: from the front, above, a little to the right

Point minus(const Point& a, const Point& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
Point cross(const Point& a, const Point& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
float dot(const Point& a, const Point& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

// Where a point stands in the picture (x to the right, y downwards, in units of the model) and how far away.
Point seen(const Point& point) {
  constexpr float kTurn = 0.6F;  // about the upright axis, radians
  constexpr float kTilt = 0.5F;
  const float x = point[0] * std::cos(kTurn) + point[1] * std::sin(kTurn);
  const float depth = -point[0] * std::sin(kTurn) + point[1] * std::cos(kTurn);
  return {x, -(point[2] * std::cos(kTilt) + depth * std::sin(kTilt)),
          depth * std::cos(kTilt) - point[2] * std::sin(kTilt)};
}

class Canvas {
 public:
  Result<void> open() {
    ATOLL_ASSIGN(picture_, blank_picture(kSide, kSide));
    depths_.assign(static_cast<std::size_t>(kSide) * kSide, std::numeric_limits<float>::infinity());
    return {};
  }

  // Corners in pixels; `shade` 0 to 1.
  void fill(const std::array<Point, 3>& corners, float shade) {
    const auto [a, b, c] = corners;
    const float area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
    if (!(std::abs(area) > 1e-9F)) return;
    const auto bound = [&](std::size_t axis, bool is_upper) {
      const float value =
          is_upper ? std::max({a.at(axis), b.at(axis), c.at(axis)}) : std::min({a.at(axis), b.at(axis), c.at(axis)});
      return static_cast<std::int32_t>(std::clamp(std::floor(value), 0.0F, static_cast<float>(kSide - 1)));
    };
    for (std::int32_t y = bound(1, false); y <= bound(1, true); ++y) {
      for (std::int32_t x = bound(0, false); x <= bound(0, true); ++x) {
        const float px = static_cast<float>(x) + 0.5F;
        const float py = static_cast<float>(y) + 0.5F;
        const float u = ((b[0] - px) * (c[1] - py) - (c[0] - px) * (b[1] - py)) / area;
        const float v = ((c[0] - px) * (a[1] - py) - (a[0] - px) * (c[1] - py)) / area;
        const float w = 1 - u - v;
        if (u < 0 || v < 0 || w < 0) continue;
        put(static_cast<std::size_t>(y) * kSide + static_cast<std::size_t>(x), u * a[2] + v * b[2] + w * c[2], shade);
      }
    }
  }

  [[nodiscard]] Picture take() { return std::move(picture_); }

 private:
  void put(std::size_t at, float depth, float shade) {
    if (!(depth < depths_[at])) return;
    depths_[at] = depth;
    for (std::size_t channel = 0; channel < 3; ++channel)
      picture_.pixels[at * 4 + channel] =
          static_cast<std::uint8_t>(std::clamp(kColour.at(channel) * shade, 0.0F, 255.0F));
    picture_.pixels[at * 4 + 3] = 255;
  }

  Picture picture_;
  std::vector<float> depths_;
};

}  // namespace

Result<Picture> draw_model(const Drawing& drawing) {
  ATOLL_ASSIGN(const Bytes file, drawing.input.whole(kWholeBytesMax));
  ATOLL_ASSIGN(Mesh mesh, read_mesh(file, drawing.format.id));
  if (mesh.empty()) return nothing_to_show("there are no surfaces in it");
  const bool is_y_up = drawing.format.id == "gltf" || drawing.format.id == "glb" || drawing.format.id == "obj";
  constexpr float kFar = std::numeric_limits<float>::infinity();
  std::array<float, 2> least{kFar, kFar};
  std::array<float, 2> most{-kFar, -kFar};
  for (Triangle& triangle : mesh) {
    for (Point& corner : triangle.corners) {
      if (is_y_up) corner = {corner[0], -corner[2], corner[1]};
      const Point place = seen(corner);
      for (std::size_t axis = 0; axis < 2; ++axis) {
        least.at(axis) = std::min(least.at(axis), place.at(axis));
        most.at(axis) = std::max(most.at(axis), place.at(axis));
      }
    }
  }
  const float extent = std::max({most[0] - least[0], most[1] - least[1], 1e-20F});
  const float scale = static_cast<float>(kSide - 2 * kMargin) / extent;
  const std::array<float, 2> middle{(least[0] + most[0]) / 2, (least[1] + most[1]) / 2};
  Canvas canvas;
  ATOLL_TRY(canvas.open());
  for (const Triangle& triangle : mesh) {
    const Point normal =
        cross(minus(triangle.corners[1], triangle.corners[0]), minus(triangle.corners[2], triangle.corners[0]));
    const float length = std::sqrt(dot(normal, normal));
    // Which side of a surface is outside is not always said rightly: both are lit alike.
    const float lit = length > 0 ? std::abs(dot(normal, kLight)) / length : 0;
    std::array<Point, 3> corners{};
    for (std::size_t i = 0; i < 3; ++i) {
      const Point place = seen(triangle.corners.at(i));
      corners.at(i) = {(place[0] - middle[0]) * scale + kSide / 2.0F, (place[1] - middle[1]) * scale + kSide / 2.0F,
                       place[2] * scale};
    }
    canvas.fill(corners, 0.35F + 0.75F * lit);
  }
  return canvas.take();
}

}  // namespace atl::render
