// HEIC, HEIF and AVIF through libheif, which turns and crops as the file says.
#include <libheif/heif.h>

#include <cstring>
#include <memory>

#include "derived/render/internal/colours.h"
#include "derived/render/internal/draw.h"

namespace atl::render {
namespace {

struct FreeHeif {
  void operator()(heif_context* context) const { ::heif_context_free(context); }
  void operator()(heif_image_handle* handle) const { ::heif_image_handle_release(handle); }
  void operator()(heif_image* image) const { ::heif_image_release(image); }
};

}  // namespace

Result<Picture> draw_heif(const Drawing& drawing) {
  ATOLL_ASSIGN(const Bytes file, drawing.input.whole(kWholeBytesMax));
  const std::unique_ptr<heif_context, FreeHeif> context(::heif_context_alloc());
  if (!context) return malformed();
  ::heif_context_set_max_decoding_threads(context.get(), 0);  // the process may start none
  if (::heif_context_read_from_memory_without_copy(context.get(), file.data(), file.size(), nullptr).code !=
      heif_error_Ok) {
    return malformed();
  }
  heif_image_handle* raw_handle = nullptr;
  if (::heif_context_get_primary_image_handle(context.get(), &raw_handle).code != heif_error_Ok) return malformed();
  const std::unique_ptr<heif_image_handle, FreeHeif> handle(raw_handle);
  const auto side = [](int value) { return static_cast<std::uint64_t>(std::max(value, 0)); };
  ATOLL_TRY(check_size(side(::heif_image_handle_get_width(handle.get())),
                       side(::heif_image_handle_get_height(handle.get()))));
  heif_image* raw_image = nullptr;
  const heif_error error =
      ::heif_decode_image(handle.get(), &raw_image, heif_colorspace_RGB, heif_chroma_interleaved_RGBA, nullptr);
  if (error.code == heif_error_Unsupported_feature || error.code == heif_error_Unsupported_filetype)
    return fail(ErrorKind::unsupported, "preview.no_decoder", "it is coded in a way that is not known here");
  if (error.code != heif_error_Ok) return malformed();
  const std::unique_ptr<heif_image, FreeHeif> image(raw_image);
  int stride = 0;
  const std::uint8_t* const rows = ::heif_image_get_plane_readonly(image.get(), heif_channel_interleaved, &stride);
  const int width = ::heif_image_get_width(image.get(), heif_channel_interleaved);
  const int height = ::heif_image_get_height(image.get(), heif_channel_interleaved);
  if (rows == nullptr || stride < width * 4) return malformed();
  ATOLL_ASSIGN(Picture picture, blank_picture(side(width), side(height)));
  picture.original_width = picture.width;
  picture.original_height = picture.height;
  const std::size_t row_bytes = static_cast<std::size_t>(picture.width) * 4;
  for (std::uint32_t y = 0; y < picture.height; ++y)
    std::memcpy(picture.pixels.data() + y * row_bytes,
                rows + static_cast<std::size_t>(y) * static_cast<std::size_t>(stride), row_bytes);
  picture = scaled_to(picture, drawing.side);
  // The library writes all of it, so room is made for all of it: it is no more than stands in the file.
  Bytes profile(::heif_image_handle_get_raw_color_profile_size(handle.get()));
  if (!profile.empty() &&
      ::heif_image_handle_get_raw_color_profile(handle.get(), profile.data()).code == heif_error_Ok) {
    to_srgb(picture, profile);
  }
  return picture;
}

}  // namespace atl::render
