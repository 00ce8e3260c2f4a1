// glTF 2.0 (Khronos): JSON that names accessors into buffers, alone or in a GLB container; nodes place meshes.
#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <memory>
#include <optional>

#include "derived/render/internal/draw.h"
#include "derived/render/internal/mesh.h"
#include "foundation/json/json.h"

namespace atl::render {
namespace {

using json::Value;

constexpr json::Limits kJsonLimits{64 * kMiB, 64};
constexpr std::uint32_t kGlbMagic = 0x46546C67;   // "glTF"
constexpr std::uint32_t kJsonChunk = 0x4E4F534A;  // "JSON"
constexpr std::uint32_t kBinaryChunk = 0x004E4942;
constexpr std::size_t kDepthMax = 32;
constexpr std::uint64_t kTriangles = 4;  // of a primitive's mode
constexpr std::uint64_t kFloat = 5126;   // of an accessor's componentType

using Matrix = std::array<double, 16>;  // by columns
constexpr Matrix kIdentity{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix out{};
  for (std::size_t column = 0; column < 4; ++column) {
    for (std::size_t row = 0; row < 4; ++row) {
      for (std::size_t i = 0; i < 4; ++i) out.at(column * 4 + row) += a.at(i * 4 + row) * b.at(column * 4 + i);
    }
  }
  return out;
}

Point moved(const Matrix& by, const Point& point) {
  Point out{};
  for (std::size_t row = 0; row < 3; ++row) {
    double value = by.at(12 + row);
    for (std::size_t i = 0; i < 3; ++i) value += by.at(i * 4 + row) * static_cast<double>(point.at(i));
    out.at(row) = static_cast<float>(value);
  }
  return out;
}

const Value* item(const Value& list, std::uint64_t index) {
  const auto* const array = list.as_array();
  return array == nullptr || index >= array->size() ? nullptr : &(*array)[static_cast<std::size_t>(index)];
}
const Value* item_of(const Value& root, std::string_view list, std::uint64_t index) {
  const Value* const found = root.find(list);
  return found == nullptr ? nullptr : item(*found, index);
}
std::uint64_t number(const Value& object, std::string_view name, std::uint64_t otherwise) {
  const Value* const found = object.find(name);
  const auto* const value = found == nullptr ? nullptr : found->as_unsigned();
  return value == nullptr ? otherwise : *value;
}

template <std::size_t count>
std::optional<std::array<double, count>> numbers(const Value& node, std::string_view name) {
  const Value* const found = node.find(name);
  const auto* const list = found == nullptr ? nullptr : found->as_array();
  if (list == nullptr || list->size() != count) return std::nullopt;
  std::array<double, count> out{};
  for (std::size_t i = 0; i < count; ++i) {
    const std::string text = (*list)[i].text();  // a number stands as it is; anything else does not begin like one
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.at(i));
    if (error != std::errc() || !std::isfinite(out.at(i))) return std::nullopt;
  }
  return out;
}

Matrix matrix_of(const Value& node) {
  if (const auto matrix = numbers<16>(node, "matrix")) return *matrix;
  Matrix out = kIdentity;
  if (const auto turn = numbers<4>(node, "rotation")) {
    const auto [x, y, z, w] = *turn;
    out = {1 - 2 * (y * y + z * z),
           2 * (x * y + z * w),
           2 * (x * z - y * w),
           0,
           2 * (x * y - z * w),
           1 - 2 * (x * x + z * z),
           2 * (y * z + x * w),
           0,
           2 * (x * z + y * w),
           2 * (y * z - x * w),
           1 - 2 * (x * x + y * y),
           0,
           0,
           0,
           0,
           1};
  }
  if (const auto scale = numbers<3>(node, "scale")) {
    for (std::size_t column = 0; column < 3; ++column)
      for (std::size_t row = 0; row < 3; ++row) out.at(column * 4 + row) *= scale->at(column);
  }
  if (const auto place = numbers<3>(node, "translation"))
    for (std::size_t row = 0; row < 3; ++row) out.at(12 + row) = place->at(row);
  return out;
}

Result<Bytes> from_base64(std::string_view text) {
  Bytes out;
  std::uint32_t bits = 0;
  unsigned bit_count = 0;
  for (const char c : text) {
    if (c == '=') break;
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return malformed();
    bits = (bits << 6U | static_cast<std::uint32_t>(digit)) & 0xFFFFFFU;
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    out.push_back(static_cast<std::uint8_t>(bits >> bit_count));
  }
  return out;
}

class Scene {
 public:
  Scene(Value root, ByteView binary) : root_(std::move(root)), binary_(binary) {}

  Result<Mesh> mesh() {
    ATOLL_TRY(open_buffers());
    const Value* const scene = item_of(root_, "scenes", number(root_, "scene", 0));
    const Value* const nodes = scene == nullptr ? nullptr : scene->find("nodes");
    const auto* const list = nodes == nullptr ? nullptr : nodes->as_array();
    if (list != nullptr) {
      for (const Value& node : *list)
        if (const auto* const index = node.as_unsigned()) add_node(*index, kIdentity, 0);
    } else if (const Value* const meshes = root_.find("meshes"); meshes != nullptr && meshes->as_array() != nullptr) {
      for (const Value& one : *meshes->as_array()) add_mesh(one, kIdentity);
    }
    return std::move(mesh_);
  }

 private:
  Result<void> open_buffers() {
    const Value* const list = root_.find("buffers");
    if (list == nullptr || list->as_array() == nullptr) return {};
    for (const Value& buffer : *list->as_array()) {
      ATOLL_ASSIGN(const std::string uri, buffer.text_of("uri"));
      constexpr std::string_view kMark = ";base64,";
      const std::size_t mark = uri.find(kMark);
      if (uri.empty()) {
        buffers_.push_back(binary_);
      } else if (uri.starts_with("data:") && mark != std::string::npos) {
        ATOLL_ASSIGN(Bytes bytes, from_base64(std::string_view(uri).substr(mark + kMark.size())));
        held_.push_back(std::make_unique<Bytes>(std::move(bytes)));
        buffers_.emplace_back(*held_.back());
      } else {
        return fail(ErrorKind::unsupported, "preview.not_inside", "its points are in another file");
      }
    }
    return {};
  }

  // Where the values of an accessor lie: bytes from its first value on, and how far they are apart.
  struct Values {
    ByteView bytes;
    std::size_t stride = 0;
    std::uint64_t count = 0;
    std::uint64_t component = 0;
  };
  [[nodiscard]] std::optional<Values> values(std::uint64_t index, std::size_t components) const {
    const Value* const accessor = item_of(root_, "accessors", index);
    if (accessor == nullptr || accessor->find("sparse") != nullptr) return std::nullopt;
    const Value* const view = item_of(root_, "bufferViews", number(*accessor, "bufferView", UINT64_MAX));
    if (view == nullptr) return std::nullopt;
    const std::uint64_t buffer = number(*view, "buffer", UINT64_MAX);
    if (buffer >= buffers_.size()) return std::nullopt;
    const ByteView bytes = buffers_[static_cast<std::size_t>(buffer)];
    const std::uint64_t of_view = number(*view, "byteOffset", 0);
    const std::uint64_t of_accessor = number(*accessor, "byteOffset", 0);
    if (of_view > bytes.size() || of_accessor > bytes.size() - of_view) return std::nullopt;
    Values out;
    out.component = number(*accessor, "componentType", 0);
    const std::size_t width = out.component == 5121 ? 1 : out.component == 5123 ? 2 : 4;
    out.bytes = bytes.subspan(static_cast<std::size_t>(of_view + of_accessor));
    out.stride = static_cast<std::size_t>(std::min<std::uint64_t>(number(*view, "byteStride", 0), 255));
    if (out.stride == 0) out.stride = width * components;
    const std::size_t value_bytes = width * components;
    const std::uint64_t there = out.bytes.size() < value_bytes ? 0 : (out.bytes.size() - value_bytes) / out.stride + 1;
    out.count = std::min(number(*accessor, "count", 0), there);
    return out;
  }

  [[nodiscard]] std::vector<Point> points(const Values& values, const Matrix& by) const {
    std::vector<Point> out;
    out.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(values.count, kVerticesMax)));
    for (std::uint64_t i = 0; i < values.count && i < kVerticesMax; ++i) {
      const std::uint8_t* const from = values.bytes.data() + static_cast<std::size_t>(i) * values.stride;
      Point point{};
      for (std::size_t axis = 0; axis < 3; ++axis)
        point.at(axis) = std::bit_cast<float>(load_le<std::uint32_t>(from + axis * 4));
      out.push_back(moved(by, point));
    }
    return out;
  }

  static std::uint64_t index_at(const Values& values, std::uint64_t i) {
    const std::uint8_t* const from = values.bytes.data() + static_cast<std::size_t>(i) * values.stride;
    if (values.component == 5121) return *from;
    if (values.component == 5123) return load_le<std::uint16_t>(from);
    return load_le<std::uint32_t>(from);
  }

  void add_mesh(const Value& mesh, const Matrix& by) {
    const Value* const primitives = mesh.find("primitives");
    if (primitives == nullptr || primitives->as_array() == nullptr) return;
    for (const Value& primitive : *primitives->as_array()) {
      const Value* const attributes = primitive.find("attributes");
      if (attributes == nullptr || number(primitive, "mode", kTriangles) != kTriangles) continue;
      const auto positions = values(number(*attributes, "POSITION", UINT64_MAX), 3);
      if (!positions || positions->component != kFloat || mesh_.size() >= kTrianglesMax) continue;
      const std::vector<Point> vertices = points(*positions, by);
      const auto indices =
          primitive.find("indices") == nullptr ? std::nullopt : values(number(primitive, "indices", UINT64_MAX), 1);
      const std::uint64_t count = indices ? indices->count : vertices.size();
      std::vector<std::uint64_t> corners(3);
      for (std::uint64_t i = 0; i + 2 < count && mesh_.size() < kTrianglesMax; i += 3) {
        for (std::uint64_t corner = 0; corner < 3; ++corner)
          corners[static_cast<std::size_t>(corner)] = indices ? index_at(*indices, i + corner) : i + corner;
        add_polygon(mesh_, vertices, corners);
      }
    }
  }

  void add_node(std::uint64_t index, const Matrix& above, std::size_t depth) {
    const Value* const node = item_of(root_, "nodes", index);
    // A file may name nodes in a circle, or each many times: both end here.
    if (node == nullptr || depth > kDepthMax || ++nodes_seen_ > kNodesMax) return;
    const Matrix by = product(above, matrix_of(*node));
    if (const Value* const mesh = item_of(root_, "meshes", number(*node, "mesh", UINT64_MAX))) add_mesh(*mesh, by);
    const Value* const children = node->find("children");
    if (children == nullptr || children->as_array() == nullptr) return;
    for (const Value& child : *children->as_array())
      if (const auto* const number_of_child = child.as_unsigned()) add_node(*number_of_child, by, depth + 1);
  }

  static constexpr std::size_t kNodesMax = 100'000;
  Value root_;
  ByteView binary_;
  std::vector<std::unique_ptr<Bytes>> held_;
  std::vector<ByteView> buffers_;
  std::size_t nodes_seen_ = 0;
  Mesh mesh_;
};

}  // namespace

Result<Mesh> read_gltf(ByteView file) {
  ByteView text = file;
  ByteView binary;
  if (file.size() >= 12 && load_le<std::uint32_t>(file.data()) == kGlbMagic) {
    text = {};
    for (std::size_t at = 12; at + 8 <= file.size();) {
      const std::size_t length = load_le<std::uint32_t>(file.data() + at);
      const auto kind = load_le<std::uint32_t>(file.data() + at + 4);
      const ByteView chunk = file.subspan(at + 8, std::min(length, file.size() - at - 8));
      if (kind == kJsonChunk && text.empty()) text = chunk;
      if (kind == kBinaryChunk && binary.empty()) binary = chunk;
      if (length > file.size() - at - 8) break;
      at += 8 + length;
    }
  }
  auto root = Value::parse(as_text(text), kJsonLimits);
  if (!root) return malformed();
  return Scene(std::move(*root), binary).mesh();
}

}  // namespace atl::render
