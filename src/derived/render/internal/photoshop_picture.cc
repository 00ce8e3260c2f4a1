// Photoshop's own files: the merged picture that stands at their end, plane by plane (Adobe Photoshop File Formats
// Specification, "File Header Section" to "Image Data Section":
// https://www.adobe.com/devnet-apps/photoshop/fileformatashtml/). FFmpeg's decoder knows neither CMYK nor Lab nor large
// documents, and refuses runs that other programs write. Always true: rows are read one after the other; planes behind
// the colours (alpha, spots) are not looked at.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "derived/render/internal/colours.h"
#include "derived/render/internal/draw.h"

namespace atl::render {
namespace {

constexpr std::size_t kHeaderBytes = 26;
constexpr std::size_t kPaletteBytes = 768;
constexpr std::uint64_t kSectionBytesMax = 1ULL << 40U;

enum class Mode : std::uint8_t { bitmap = 0, grey = 1, indexed = 2, rgb = 3, cmyk = 4, duotone = 8, lab = 9 };

std::uint64_t big_endian(ByteView bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = at; i < at + count; ++i) value = (value << 8U) | bytes[i];
  return value;
}

class BigEndianReader {
 public:
  explicit BigEndianReader(extract::Input& input) : input_(&input) {}
  Result<std::uint64_t> number(std::size_t count) {
    ATOLL_ASSIGN(const Bytes raw, bytes(count));
    return big_endian(raw, 0, count);
  }
  Result<Bytes> bytes(std::size_t count) {
    if (at_ > input_->size() || count > input_->size() - at_) return malformed("it ends too early");
    ATOLL_ASSIGN(Bytes raw, input_->part(at_, count));
    if (raw.size() < count) return malformed("it ends too early");
    at_ += count;
    return raw;
  }
  Result<void> skip_section(std::size_t length_bytes) {
    ATOLL_ASSIGN(const std::uint64_t length, number(length_bytes));
    if (length > kSectionBytesMax) return malformed();
    at_ += length;
    return {};
  }

 private:
  extract::Input* input_;
  std::uint64_t at_ = 0;
};

struct Header {
  Mode mode = Mode::rgb;
  bool is_large = false;  // PSB: more than 30,000 pixels or 2 GB
  std::size_t planes = 0;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::size_t bits = 0;
  [[nodiscard]] std::size_t row_bytes() const { return (std::size_t{width} * bits + 7) / 8; }
  [[nodiscard]] std::size_t colour_planes() const {
    return mode == Mode::cmyk ? 4 : mode == Mode::rgb || mode == Mode::lab ? 3 : 1;
  }
};

// Apple's PackBits; what a row is too short for stays as it was.
void unpack(ByteView packed, Bytes& row) {
  std::size_t out = 0;
  for (std::size_t i = 0; i < packed.size() && out < row.size();) {
    const auto count = static_cast<std::int8_t>(packed[i++]);
    if (count >= 0) {
      const std::size_t length = std::min({static_cast<std::size_t>(count) + 1, packed.size() - i, row.size() - out});
      std::copy_n(packed.begin() + static_cast<std::ptrdiff_t>(i), length,
                  row.begin() + static_cast<std::ptrdiff_t>(out));
      i += length;
      out += length;
    } else if (count != -128 && i < packed.size()) {
      const std::size_t length = std::min(static_cast<std::size_t>(1 - count), row.size() - out);
      std::fill_n(row.begin() + static_cast<std::ptrdiff_t>(out), length, packed[i++]);
      out += length;
    }
  }
}

// One sample as 8 bits.
std::uint8_t sample(const Bytes& row, std::size_t x, std::size_t bits) {
  switch (bits) {
    case 1: return (row[x / 8] >> (7 - x % 8) & 1U) != 0 ? 0 : 255;  // 1 is black
    case 16: return row[2 * x];
    case 32: {
      const float linear = std::bit_cast<float>(static_cast<std::uint32_t>(big_endian(row, 4 * x, 4)));
      if (!(linear > 0)) return 0;
      return static_cast<std::uint8_t>(std::lround(std::pow(std::min(linear, 1.0F), 1 / 2.2F) * 255));
    }
    default: return row[x];
  }
}

using Rgb = std::array<std::uint8_t, 3>;

std::uint8_t to_byte(double share) { return static_cast<std::uint8_t>(std::lround(std::clamp(share, 0.0, 1.0) * 255)); }

// CIE L*a*b*, D50, to sRGB.
Rgb rgb_of_lab(std::uint8_t l_byte, std::uint8_t a_byte, std::uint8_t b_byte) {
  const double y = (l_byte / 2.55 + 16) / 116;
  const auto cube = [](double t) { return t > 6.0 / 29 ? t * t * t : 3 * (6.0 / 29) * (6.0 / 29) * (t - 4.0 / 29); };
  const double big_x = 0.9642 * cube(y + (a_byte - 128.0) / 500);
  const double big_y = cube(y);
  const double big_z = 0.8251 * cube(y - (b_byte - 128.0) / 200);
  const auto curve = [](double v) { return v <= 0.0031308 ? 12.92 * v : 1.055 * std::pow(v, 1 / 2.4) - 0.055; };
  return {to_byte(curve(3.1339 * big_x - 1.6169 * big_y - 0.4906 * big_z)),
          to_byte(curve(-0.9788 * big_x + 1.9161 * big_y + 0.0335 * big_z)),
          to_byte(curve(0.0719 * big_x - 0.2290 * big_y + 1.4052 * big_z))};
}

// Planes lie in the first bytes of the pixels until all of them are there.
void finish(Picture& picture, Mode mode, const Bytes& palette) {
  for (std::size_t at = 0; at < picture.pixels.size(); at += 4) {
    std::uint8_t* const pixel = picture.pixels.data() + at;
    const std::array<std::uint8_t, 4> planes{pixel[0], pixel[1], pixel[2], pixel[3]};
    Rgb rgb{planes[0], planes[1], planes[2]};
    if (mode == Mode::cmyk) {  // stored as what is left of the light
      for (std::size_t i = 0; i < rgb.size(); ++i)
        rgb.at(i) = static_cast<std::uint8_t>(static_cast<unsigned>(planes.at(i)) * planes[3] / 255);
    } else if (mode == Mode::lab) {
      rgb = rgb_of_lab(planes[0], planes[1], planes[2]);
    } else if (mode == Mode::indexed) {
      rgb = {palette[planes[0]], palette[planes[0] + 256U], palette[planes[0] + 512U]};
    } else if (mode != Mode::rgb) {
      rgb = {planes[0], planes[0], planes[0]};
    }
    std::ranges::copy(rgb, pixel);
    pixel[3] = 255;
  }
}

Result<Header> read_header(BigEndianReader& in) {
  ATOLL_ASSIGN(const Bytes head, in.bytes(kHeaderBytes));
  const auto be = [&head](std::size_t at, std::size_t count) {
    return static_cast<std::uint32_t>(big_endian(head, at, count));
  };
  Header header;
  header.is_large = be(4, 2) == 2;
  header.planes = be(12, 2);
  header.height = be(14, 4);
  header.width = be(18, 4);
  header.bits = be(22, 2);
  header.mode = static_cast<Mode>(be(24, 2));
  constexpr std::array kModes{Mode::bitmap, Mode::grey, Mode::indexed, Mode::rgb, Mode::cmyk, Mode::duotone, Mode::lab};
  constexpr std::array<std::size_t, 4> kBits{1, 8, 16, 32};
  ATOLL_TRY(check_size(header.width, header.height));
  if (std::ranges::find(kBits, header.bits) == kBits.end() || std::ranges::find(kModes, header.mode) == kModes.end() ||
      header.planes < header.colour_planes() || header.planes > 56)
    return malformed("its kind of pixels is not known");
  return header;
}

// Of the "image resources" the one that holds an ICC profile; empty where there is none.
Result<Bytes> read_colour_profile(BigEndianReader& in) {
  constexpr std::uint64_t kResourcesBytesMax = 64U << 20U, kProfile = 1039;
  ATOLL_ASSIGN(const std::uint64_t length, in.number(4));
  if (length > kResourcesBytesMax) return malformed();
  ATOLL_ASSIGN(const Bytes all, in.bytes(static_cast<std::size_t>(length)));
  // Each: a mark, a number, a name with its length before it, the content with its length; both of an even length.
  for (std::size_t at = 0; at + 12 <= all.size();) {
    const std::uint64_t number = big_endian(all, at + 4, 2);
    const std::size_t name_end = at + 6 + (std::size_t{all[at + 6]} + 2) / 2 * 2;
    if (name_end + 4 > all.size()) break;
    const std::size_t size = big_endian(all, name_end, 4);
    const std::size_t begin = name_end + 4;
    if (size > all.size() - begin) break;
    if (number == kProfile) return to_bytes(ByteView(all).subspan(begin, size));
    at = begin + (size + 1) / 2 * 2;
  }
  return Bytes{};
}

}  // namespace

Result<Picture> draw_photoshop(const Drawing& drawing) {
  BigEndianReader in(drawing.input);
  ATOLL_ASSIGN(const Header header, read_header(in));
  Bytes palette(kPaletteBytes);
  if (header.mode == Mode::indexed) {
    ATOLL_ASSIGN(const std::uint64_t length, in.number(4));
    if (length != kPaletteBytes) return malformed();
    ATOLL_ASSIGN(palette, in.bytes(kPaletteBytes));
  } else {
    ATOLL_TRY(in.skip_section(4));
  }
  ATOLL_ASSIGN(const Bytes profile, read_colour_profile(in));
  ATOLL_TRY(in.skip_section(header.is_large ? 8 : 4));  // layers
  ATOLL_ASSIGN(const std::uint64_t compression, in.number(2));
  if (compression > 1) return malformed("its pixels are packed in a way that is not known");
  ATOLL_ASSIGN(Picture picture, blank_picture(header.width, header.height));
  const bool is_packed = compression == 1;
  const std::size_t count_bytes = header.is_large ? 4 : 2;
  Bytes lengths;
  if (is_packed) {
    ATOLL_ASSIGN(lengths, in.bytes(count_bytes * header.planes * header.height));
  }
  Bytes row(header.row_bytes());
  for (std::size_t plane = 0; plane < header.colour_planes(); ++plane) {
    for (std::size_t y = 0; y < header.height; ++y) {
      if (is_packed) {
        const std::size_t length = big_endian(lengths, (plane * header.height + y) * count_bytes, count_bytes);
        if (length > 2 * row.size() + 1024) return malformed();
        ATOLL_ASSIGN(const Bytes packed, in.bytes(length));
        unpack(packed, row);
      } else {
        ATOLL_ASSIGN(row, in.bytes(row.size()));
      }
      std::uint8_t* const out = picture.pixels.data() + y * header.width * 4 + plane;
      for (std::size_t x = 0; x < header.width; ++x) out[x * 4] = sample(row, x, header.bits);
    }
  }
  finish(picture, header.mode, palette);
  if (header.mode == Mode::rgb) to_srgb(picture, profile);
  picture.original_width = header.width;
  picture.original_height = header.height;
  return picture;
}

}  // namespace atl::render
