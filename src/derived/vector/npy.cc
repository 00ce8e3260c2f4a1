#include "derived/vector/npy.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "derived/vector/vector_index.h"

namespace atl::vector {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kFixedBytes = 8;  // magic and version
constexpr std::size_t kHeaderBytesMax = 64 * 1024;

tl::unexpected<Error> malformed(const std::string& why) {
  return fail(ErrorKind::usage, "npy.malformed", "this is no array as numpy.save() writes it: " + why);
}

tl::unexpected<Error> unsupported(const std::string& why) {
  return fail(ErrorKind::unsupported, "npy.unsupported", "vectors cannot be read from this array: " + why,
              "Save it with numpy.save(file, array.astype('float32')), one vector or a row each.");
}

// What stands behind 'name': in the header, a Python dictionary, up to the comma that ends it.
std::optional<std::string_view> value_of(std::string_view header, std::string_view name) {
  const std::string quoted = "'" + std::string(name) + "'";
  const std::size_t at = header.find(quoted);
  if (at == std::string_view::npos) return std::nullopt;
  const std::size_t colon = header.find(':', at + quoted.size());
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view value = header.substr(colon + 1);
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  const std::size_t end = value.starts_with('(') ? value.find(')') : value.find_first_of(",}");
  if (end == std::string_view::npos) return std::nullopt;
  return value.substr(0, value.starts_with('(') ? end + 1 : end);
}

// "(3,)", "(10, 384)". None where it is no tuple of whole numbers.
std::optional<std::vector<std::uint64_t>> shape_of(std::string_view text) {
  if (!text.starts_with('(') || !text.ends_with(')')) return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::vector<std::uint64_t> shape;
  while (!text.empty()) {
    text.remove_prefix(std::min(text.find_first_not_of(" ,"), text.size()));
    if (text.empty()) break;
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    shape.push_back(number);
  }
  return shape;
}

float of_half(std::uint16_t bits) {
  const bool is_negative = (bits & 0x8000U) != 0;
  const unsigned exponent = (bits >> 10U) & 0x1FU;
  const auto fraction = static_cast<float>(bits & 0x3FFU);
  float value = 0;
  if (exponent == 0x1F) {
    value = fraction == 0 ? INFINITY : NAN;
  } else if (exponent == 0) {
    value = std::ldexp(fraction, -24);
  } else {
    value = std::ldexp(1024 + fraction, static_cast<int>(exponent) - 25);
  }
  return is_negative ? -value : value;
}

float number_at(const std::uint8_t* from, std::size_t width) {
  if (width == sizeof(std::uint16_t)) return of_half(load_le<std::uint16_t>(from));
  if (width == sizeof(float)) return std::bit_cast<float>(load_le<std::uint32_t>(from));
  return static_cast<float>(std::bit_cast<double>(load_le<std::uint64_t>(from)));
}

}  // namespace

Result<NpyRows> parse_npy(ByteView file) {
  if (file.size() < kFixedBytes + 2 || as_text(file.first(kMagic.size())) != kMagic)
    return malformed("it does not begin so");
  const unsigned major = file[kMagic.size()];
  if (major < 1 || major > 3) return unsupported("its format is " + std::to_string(major) + ".x");
  const std::size_t length_bytes = major == 1 ? 2 : 4;
  if (file.size() < kFixedBytes + length_bytes) return malformed("it ends early");
  const std::size_t header_bytes = major == 1 ? load_le<std::uint16_t>(file.data() + kFixedBytes)
                                              : load_le<std::uint32_t>(file.data() + kFixedBytes);
  const std::size_t begin = kFixedBytes + length_bytes;
  if (header_bytes > kHeaderBytesMax || file.size() - begin < header_bytes) return malformed("its header ends early");
  const std::string_view header = as_text(file.subspan(begin, header_bytes));
  const ByteView data = file.subspan(begin + header_bytes);
  const auto type = value_of(header, "descr");
  const auto order = value_of(header, "fortran_order");
  const auto shape_text = value_of(header, "shape");
  const auto shape = shape_text ? shape_of(*shape_text) : std::nullopt;
  if (!type || !order || !shape) return malformed("its header does not say what it holds");
  std::size_t width = 0;
  if (*type == "'<f2'") width = 2;
  if (*type == "'<f4'") width = 4;
  if (*type == "'<f8'") width = 8;
  if (width == 0) return unsupported("its numbers are of the type " + std::string(type->substr(0, 20)));
  if (shape->empty() || shape->size() > 2)
    return unsupported("it has " + std::to_string(shape->size()) + " dimensions");
  if (shape->size() == 2 && *order != "False") return unsupported("its columns come first");
  const std::uint64_t columns = shape->back();
  const std::uint64_t rows = shape->size() == 2 ? shape->front() : 1;
  if (columns == 0 || columns > kDimensionMax) return unsupported("vectors have 1 to 4,096 numbers");
  if (rows > data.size() || rows * columns * width != data.size()) return malformed("its shape is not what is there");
  NpyRows out;
  out.dimension = static_cast<std::uint32_t>(columns);
  out.numbers.resize(rows * columns);
  for (std::size_t i = 0; i < out.numbers.size(); ++i) {
    out.numbers[i] = number_at(data.data() + i * width, width);
    if (!std::isfinite(out.numbers[i])) return unsupported("a number of it is not finite");
  }
  return out;
}

Bytes format_npy(std::span<const float> vector) {
  // Blanks so that the numbers begin at a multiple of 64 bytes.
  constexpr std::size_t align = 64;
  constexpr std::size_t length_bytes = 2;
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(vector.size()) + ",), }";
  header.append(align - 1 - (kFixedBytes + length_bytes + header.size()) % align, ' ');
  header += '\n';
  Bytes file;
  ByteWriter out(file);
  out.put_bytes(as_bytes(kMagic));
  out.put(std::uint8_t{1});
  out.put(std::uint8_t{0});
  out.put(static_cast<std::uint16_t>(header.size()));
  out.put_bytes(as_bytes(header));
  for (const float number : vector) out.put(std::bit_cast<std::uint32_t>(number));
  return file;
}

}  // namespace atl::vector
