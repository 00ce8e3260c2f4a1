// Pixels on their way from a decoder to a preview. Always true: RGBA, straight alpha, sRGB, 8 bits, rows without gaps;
// `pixels` holds width * height * 4 bytes, and neither side is 0. Thread rules: values.
#pragma once

#include <array>
#include <cstdint>

#include "derived/preview/preview.h"
#include "foundation/base/bytes.h"

namespace atl::render {

// Of one decoded picture; what is larger is not decoded. 268 million: a film scan, and a gigabyte at most.
inline constexpr std::uint64_t kPixelsMax = 1ULL << 28U;

struct Picture {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  Bytes pixels;
  // Of what it was made from; 0 where that has no pixels of its own (a page, a model, sound).
  std::uint32_t original_width = 0;
  std::uint32_t original_height = 0;
};

// `limit` "preview.too_large" beyond kPixelsMax; `damaged` where a side is 0.
[[nodiscard]] Result<void> check_size(std::uint64_t width, std::uint64_t height);
// A picture of that size, transparent; checked.
[[nodiscard]] Result<Picture> blank_picture(std::uint64_t width, std::uint64_t height);

struct Dimensions {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};
// Within a square of that side, never enlarged, no side below 1.
[[nodiscard]] Dimensions fitted(Dimensions size, std::uint32_t side);
// The same picture within that square, by averaging over areas. Complexity: linear in the pixels read.
[[nodiscard]] Picture scaled_to(const Picture& picture, std::uint32_t side);

// The whole of it, squeezed into that square, in shades of grey (ITU-R BT.601), on white.
[[nodiscard]] preview::GreyPicture grey_of(const Picture& picture);

// How what is stored lies to what is shown, as TIFF 6.0 and EXIF number it: 1 upright … 8.
using Orientation = std::uint8_t;
[[nodiscard]] Picture upright(Picture picture, Orientation orientation);

// `limit` "preview.not_encoded" where the encoder finds no room.
[[nodiscard]] Result<Bytes> webp_of(const Picture& picture);

}  // namespace atl::render
