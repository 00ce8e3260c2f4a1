#include "derived/render/internal/picture.h"

#include <webp/encode.h>

#include <algorithm>

namespace atl::render {
namespace {

constexpr std::size_t kChannels = 4;
constexpr float kQuality = 78;  // of 100: no blocks to be seen at the sizes of previews, about 0.6 bits a pixel

// One row or column of the result: which part of the original it covers, in 1/256.
struct Span {
  std::uint32_t first = 0, last = 0;  // both count
  std::uint32_t first_weight = 256, last_weight = 256;
};

Span span_of(std::uint32_t index, std::uint32_t count, std::uint32_t original) {
  const std::uint64_t begin = (static_cast<std::uint64_t>(index) * original * 256) / count;
  const std::uint64_t end = std::max(begin + 1, (static_cast<std::uint64_t>(index) + 1) * original * 256 / count);
  Span span;
  span.first = static_cast<std::uint32_t>(begin / 256);
  span.last = std::min(original - 1, static_cast<std::uint32_t>((end - 1) / 256));
  span.first_weight = 256 - static_cast<std::uint32_t>(begin % 256);
  span.last_weight = static_cast<std::uint32_t>((end - 1) % 256) + 1;
  if (span.first == span.last) span.first_weight = span.last_weight = 256;
  return span;
}

Picture scaled_exactly(const Picture& picture, Dimensions size) {
  Picture out;
  out.width = size.width;
  out.height = size.height;
  out.original_width = picture.original_width;
  out.original_height = picture.original_height;
  out.pixels.resize(static_cast<std::size_t>(size.width) * size.height * kChannels);
  std::uint8_t* to = out.pixels.data();
  for (std::uint32_t y = 0; y < size.height; ++y) {
    const Span rows = span_of(y, size.height, picture.height);
    for (std::uint32_t x = 0; x < size.width; ++x) {
      const Span columns = span_of(x, size.width, picture.width);
      // Colours count as much as they can be seen.
      std::uint64_t red = 0;
      std::uint64_t green = 0;
      std::uint64_t blue = 0;
      std::uint64_t alpha = 0;
      std::uint64_t weights = 0;
      for (std::uint32_t row = rows.first; row <= rows.last; ++row) {
        const std::uint64_t row_weight = row == rows.first  ? rows.first_weight
                                         : row == rows.last ? rows.last_weight
                                                            : 256;
        const std::uint8_t* from =
            picture.pixels.data() + (static_cast<std::size_t>(row) * picture.width + columns.first) * kChannels;
        for (std::uint32_t column = columns.first; column <= columns.last; ++column, from += kChannels) {
          const std::uint64_t weight = row_weight * (column == columns.first  ? columns.first_weight
                                                     : column == columns.last ? columns.last_weight
                                                                              : 256);
          const std::uint64_t seen = weight * from[3];
          red += seen * from[0];
          green += seen * from[1];
          blue += seen * from[2];
          alpha += seen;
          weights += weight;
        }
      }
      const std::uint64_t half = alpha / 2;
      *to++ = static_cast<std::uint8_t>(alpha == 0 ? 0 : (red + half) / alpha);
      *to++ = static_cast<std::uint8_t>(alpha == 0 ? 0 : (green + half) / alpha);
      *to++ = static_cast<std::uint8_t>(alpha == 0 ? 0 : (blue + half) / alpha);
      *to++ = static_cast<std::uint8_t>((alpha + weights / 2) / weights);
    }
  }
  return out;
}

}  // namespace

Result<void> check_size(std::uint64_t width, std::uint64_t height) {
  if (width == 0 || height == 0) return fail(ErrorKind::damaged, "preview.malformed", "it has no width or no height");
  if (width > kPixelsMax || height > kPixelsMax || width * height > kPixelsMax)
    return fail(ErrorKind::limit, "preview.too_large",
                "it has more than " + std::to_string(kPixelsMax / 1'000'000) + " million pixels");
  return {};
}

Result<Picture> blank_picture(std::uint64_t width, std::uint64_t height) {
  ATOLL_TRY(check_size(width, height));
  Picture picture;
  picture.width = static_cast<std::uint32_t>(width);
  picture.height = static_cast<std::uint32_t>(height);
  picture.pixels.resize(static_cast<std::size_t>(width * height) * kChannels);
  return picture;
}

Dimensions fitted(Dimensions size, std::uint32_t side) {
  const std::uint64_t longer = std::max(size.width, size.height);
  if (longer <= side) return size;
  const auto scaled = [&](std::uint64_t length) {
    return static_cast<std::uint32_t>(std::max<std::uint64_t>(1, (length * side + longer / 2) / longer));
  };
  return {scaled(size.width), scaled(size.height)};
}

Picture scaled_to(const Picture& picture, std::uint32_t side) {
  const Dimensions size = fitted({picture.width, picture.height}, side);
  if (size.width == picture.width && size.height == picture.height) return picture;
  return scaled_exactly(picture, size);
}

preview::GreyPicture grey_of(const Picture& picture) {
  constexpr auto kSide = static_cast<std::uint32_t>(preview::kGreySide);
  const Picture shrunk = scaled_exactly(picture, {kSide, kSide});
  preview::GreyPicture grey{};
  for (std::size_t i = 0; i < grey.size(); ++i) {
    const std::uint8_t* const pixel = shrunk.pixels.data() + i * kChannels;
    const unsigned luma = (299U * pixel[0] + 587U * pixel[1] + 114U * pixel[2]) / 1000;
    grey[i] = static_cast<std::uint8_t>((luma * pixel[3] + 255U * (255U - pixel[3])) / 255);
  }
  return grey;
}

Picture upright(Picture picture, Orientation orientation) {
  if (orientation <= 1 || orientation > 8) return picture;
  const bool is_turned = orientation >= 5;  // rows become columns
  Picture out;
  out.width = is_turned ? picture.height : picture.width;
  out.height = is_turned ? picture.width : picture.height;
  out.original_width = is_turned ? picture.original_height : picture.original_width;
  out.original_height = is_turned ? picture.original_width : picture.original_height;
  out.pixels.resize(picture.pixels.size());
  const std::uint32_t right = picture.width - 1;
  const std::uint32_t bottom = picture.height - 1;
  for (std::uint32_t y = 0; y < out.height; ++y) {
    for (std::uint32_t x = 0; x < out.width; ++x) {
      std::uint32_t from_x = is_turned ? y : x;
      std::uint32_t from_y = is_turned ? x : y;
      // Which edge of what is stored is at the left and at the top: TIFF 6.0, tag 274.
      if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) from_x = right - from_x;
      if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) from_y = bottom - from_y;
      const std::size_t from = (static_cast<std::size_t>(from_y) * picture.width + from_x) * kChannels;
      const std::size_t to = (static_cast<std::size_t>(y) * out.width + x) * kChannels;
      std::copy_n(picture.pixels.begin() + static_cast<std::ptrdiff_t>(from), kChannels,
                  out.pixels.begin() + static_cast<std::ptrdiff_t>(to));
    }
  }
  return out;
}

Result<Bytes> webp_of(const Picture& picture) {
  std::uint8_t* encoded = nullptr;
  const std::size_t size =
      ::WebPEncodeRGBA(picture.pixels.data(), static_cast<int>(picture.width), static_cast<int>(picture.height),
                       static_cast<int>(picture.width * kChannels), kQuality, &encoded);
  if (size == 0) return fail(ErrorKind::limit, "preview.not_encoded", "its preview could not be encoded");
  Bytes bytes(encoded, encoded + size);
  ::WebPFree(encoded);
  return bytes;
}

}  // namespace atl::render
