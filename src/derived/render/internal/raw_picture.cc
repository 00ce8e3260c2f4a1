// Camera raw files through LibRaw: the picture that the camera put into the file, else the sensor's, at half its size.
#include <libraw/libraw.h>

#include <memory>

#include "derived/preview/preview.h"
#include "derived/render/internal/draw.h"

namespace atl::render {
namespace {

struct FreeImage {
  void operator()(libraw_processed_image_t* image) const { ::LibRaw::dcraw_clear_mem(image); }
};
using Image = std::unique_ptr<libraw_processed_image_t, FreeImage>;

// dcraw's way of saying how it lies.
Orientation orientation_of_flip(int flip) {
  switch (flip) {
    case 3: return 3;
    case 5: return 8;
    case 6: return 6;
    default: return 1;
  }
}

Result<Picture> picture_of(const libraw_processed_image_t& image) {
  if (image.type == LIBRAW_IMAGE_JPEG)
    return draw_still_bytes(ByteView(image.data, image.data_size), "jpeg", preview::kLargeSide);
  if (image.type != LIBRAW_IMAGE_BITMAP || image.colors != 3 || image.bits != 8) return malformed();
  ATOLL_ASSIGN(Picture picture, blank_picture(image.width, image.height));
  const std::size_t count = static_cast<std::size_t>(image.width) * image.height;
  if (image.data_size < count * 3) return malformed();
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t channel = 0; channel < 3; ++channel) picture.pixels[i * 4 + channel] = image.data[i * 3 + channel];
    picture.pixels[i * 4 + 3] = 255;
  }
  return picture;
}

Result<Picture> embedded(LibRaw& raw, int flip) {
  if (raw.unpack_thumb() != LIBRAW_SUCCESS) return nothing_to_show("there is no picture in it");
  int error = 0;
  const Image image(raw.dcraw_make_mem_thumb(&error));
  if (!image) return malformed();
  ATOLL_ASSIGN(Picture picture, picture_of(*image));
  if (std::max(picture.width, picture.height) < preview::kSmallSide) return nothing_to_show("its picture is too small");
  // A JPEG that says itself how it lies is upright already.
  const bool lies = flip == 5 || flip == 6;
  const bool is_tall = picture.height > picture.width;
  if (image->type == LIBRAW_IMAGE_JPEG && (!lies || is_tall)) return picture;
  return upright(std::move(picture), orientation_of_flip(flip));
}

Result<Picture> developed(LibRaw& raw) {
  raw.imgdata.params.half_size = 1;
  raw.imgdata.params.use_camera_wb = 1;
  raw.imgdata.params.output_bps = 8;
  raw.imgdata.params.output_color = 1;  // sRGB
  if (raw.unpack() != LIBRAW_SUCCESS || raw.dcraw_process() != LIBRAW_SUCCESS) return malformed();
  int error = 0;
  const Image image(raw.dcraw_make_mem_image(&error));
  if (!image) return malformed();
  return picture_of(*image);
}

}  // namespace

Result<Picture> draw_raw(const Drawing& drawing) {
  ATOLL_ASSIGN(Bytes file, drawing.input.whole(kWholeBytesMax));
  const auto raw = std::make_unique<LibRaw>();  // too large for the stack
  if (raw->open_buffer(file.data(), file.size()) != LIBRAW_SUCCESS) return malformed();
  const auto sizes = raw->imgdata.sizes;
  ATOLL_TRY(check_size(sizes.width, sizes.height));
  const bool is_turned = sizes.flip == 5 || sizes.flip == 6;
  auto picture = embedded(*raw, sizes.flip);
  if (!picture) picture = developed(*raw);
  if (!picture) return picture;
  picture->original_width = is_turned ? sizes.height : sizes.width;
  picture->original_height = is_turned ? sizes.width : sizes.height;
  return picture;
}

}  // namespace atl::render
