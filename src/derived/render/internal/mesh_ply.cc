// PLY 1.0 (Turk, 1994): a header of elements and their properties, then their values, as text or binary.
#include <bit>
#include <optional>
#include <string>

#include "derived/render/internal/draw.h"
#include "derived/render/internal/words.h"

namespace atl::render {
namespace {

constexpr std::size_t kPropertiesMax = 100;
constexpr std::size_t kCornersMax = 1000;

enum class Coding : std::uint8_t { text, little_endian, big_endian };

struct Number {
  std::size_t bytes = 0;
  bool is_float = false;
  bool is_signed = false;
};

struct Property {
  std::string name;
  Number number;
  std::optional<Number> count;  // of a list
};

struct Element {
  std::string name;
  std::uint64_t count = 0;
  std::vector<Property> properties;
};

struct Header {
  Coding coding = Coding::text;
  std::vector<Element> elements;
  std::string_view body;
};

Result<Number> number_type(std::string_view word) {
  if (word == "char" || word == "int8") return Number{1, false, true};
  if (word == "uchar" || word == "uint8") return Number{1, false, false};
  if (word == "short" || word == "int16") return Number{2, false, true};
  if (word == "ushort" || word == "uint16") return Number{2, false, false};
  if (word == "int" || word == "int32") return Number{4, false, true};
  if (word == "uint" || word == "uint32") return Number{4, false, false};
  if (word == "float" || word == "float32") return Number{4, true, true};
  if (word == "double" || word == "float64") return Number{8, true, true};
  return malformed("its header names an unknown kind of number");
}

Result<Property> property_of(Words& words) {
  Property property;
  std::string_view type = words.next();
  if (type == "list") {
    ATOLL_ASSIGN(property.count, number_type(words.next()));
    type = words.next();
  }
  ATOLL_ASSIGN(property.number, number_type(type));
  property.name = std::string(words.next());
  return property;
}

Result<Header> read_header(std::string_view text) {
  Header header;
  Lines lines(text);
  if (!lines.next() || !lines.line().starts_with("ply")) return malformed();
  while (lines.next()) {
    Words words(lines.line());
    const std::string_view first = words.next();
    if (first == "end_header") {
      header.body = lines.rest();
      return header;
    }
    if (first == "format") {
      const std::string_view coding = words.next();
      header.coding = coding == "binary_little_endian" ? Coding::little_endian
                      : coding == "binary_big_endian"  ? Coding::big_endian
                                                       : Coding::text;
    } else if (first == "element") {
      Element element;
      element.name = std::string(words.next());
      element.count = static_cast<std::uint64_t>(std::max<std::int64_t>(0, integer_of(words.next())));
      header.elements.push_back(std::move(element));
    } else if (first == "property") {
      if (header.elements.empty() || header.elements.back().properties.size() >= kPropertiesMax) return malformed();
      ATOLL_ASSIGN(Property property, property_of(words));
      header.elements.back().properties.push_back(std::move(property));
    }
    if (header.elements.size() > kPropertiesMax) return malformed();
  }
  return malformed("its header does not end");
}

// Values of the body, one after the other; none behind its end.
class Values {
 public:
  Values(std::string_view body, Coding coding) : words_(body), bytes_(as_bytes(body)), coding_(coding) {}

  std::optional<double> next(const Number& number) {
    if (coding_ == Coding::text) {
      const std::string_view word = words_.next();
      if (word.empty()) return std::nullopt;
      return number_of(word);
    }
    if (bytes_.size() < number.bytes) return std::nullopt;
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < number.bytes; ++i)
      bits = bits << 8U | bytes_[coding_ == Coding::big_endian ? i : number.bytes - 1 - i];
    bytes_ = bytes_.subspan(number.bytes);
    if (number.is_float) {
      return number.bytes == 4 ? static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)))
                               : std::bit_cast<double>(bits);
    }
    const std::size_t unused = 64 - 8 * number.bytes;
    if (number.is_signed) return static_cast<double>(static_cast<std::int64_t>(bits << unused) >> unused);
    return static_cast<double>(bits);
  }

 private:
  Words words_;
  ByteView bytes_;
  Coding coding_;
};

// One row; false behind the end.
bool read_row(Values& values, const Element& element, Point& point, std::vector<std::uint64_t>& corners) {
  corners.clear();
  for (const Property& property : element.properties) {
    const auto value = values.next(property.count ? *property.count : property.number);
    if (!value) return false;
    if (!property.count) {
      if (property.name == "x") point[0] = static_cast<float>(*value);
      if (property.name == "y") point[1] = static_cast<float>(*value);
      if (property.name == "z") point[2] = static_cast<float>(*value);
      continue;
    }
    if (!(*value >= 0 && *value <= kCornersMax)) return false;
    const bool are_corners = property.name == "vertex_indices" || property.name == "vertex_index";
    for (auto left = static_cast<std::size_t>(*value); left > 0; --left) {
      const auto corner = values.next(property.number);
      if (!corner) return false;
      const bool is_index = *corner >= 0 && *corner < 1e15;
      if (are_corners) corners.push_back(is_index ? static_cast<std::uint64_t>(*corner) : UINT64_MAX);
    }
  }
  return true;
}

}  // namespace

Result<Mesh> read_ply(ByteView file) {
  ATOLL_ASSIGN(const Header header, read_header(as_text(file)));
  Values values(header.body, header.coding);
  std::vector<Point> vertices;
  std::vector<std::uint64_t> corners;
  Mesh mesh;
  for (const Element& element : header.elements) {
    if (element.properties.empty()) continue;  // rows without bytes: as many as are claimed would be read for nothing
    for (std::uint64_t row = 0; row < element.count && mesh.size() < kTrianglesMax; ++row) {
      Point point{};
      if (!read_row(values, element, point, corners)) return mesh;
      if (element.name == "vertex" && vertices.size() < kVerticesMax) vertices.push_back(point);
      if (element.name == "face") add_polygon(mesh, vertices, corners);
    }
  }
  return mesh;
}

}  // namespace atl::render
