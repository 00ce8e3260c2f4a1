#include "derived/render/internal/frames.h"

#include <algorithm>

#include "derived/render/internal/colours.h"
#include "derived/render/internal/draw.h"

namespace atl::render {

Result<Frame> new_frame() {
  Frame frame(::av_frame_alloc());
  if (!frame) return fail(ErrorKind::limit, "preview.no_memory", "there is no memory for it");
  return frame;
}

Result<Packet> new_packet() {
  Packet packet(::av_packet_alloc());
  if (!packet) return fail(ErrorKind::limit, "preview.no_memory", "there is no memory for it");
  return packet;
}

Result<CodecContext> open_decoder(AVCodecID codec, const AVCodecParameters* parameters, int lowres,
                                  CodecOptions* options) {
  const AVCodec* const decoder = ::avcodec_find_decoder(codec);
  if (decoder == nullptr)
    return fail(ErrorKind::unsupported, "preview.no_decoder",
                std::string("there is no decoder for ") + ::avcodec_get_name(codec));
  CodecContext context(::avcodec_alloc_context3(decoder));
  if (!context) return fail(ErrorKind::limit, "preview.no_memory", "there is no memory for it");
  if (parameters != nullptr && ::avcodec_parameters_to_context(context.get(), parameters) < 0) return malformed();
  context->thread_count = 1;  // the process may start none
  context->max_pixels = static_cast<std::int64_t>(kPixelsMax);
  context->lowres = std::min<int>(lowres, decoder->max_lowres);
  if (::avcodec_open2(context.get(), decoder, options == nullptr ? nullptr : options->values()) < 0) return malformed();
  return context;
}

Result<Picture> picture_of(const AVFrame& frame, std::uint32_t side) {
  if (frame.width <= 0 || frame.height <= 0) return malformed();
  const Dimensions stored{static_cast<std::uint32_t>(frame.width), static_cast<std::uint32_t>(frame.height)};
  Dimensions shown = stored;
  // Film whose pixels are no squares is shown wider than it is stored.
  const AVRational aspect = frame.sample_aspect_ratio;
  if (aspect.num > 0 && aspect.den > 0 && aspect.num / aspect.den < 8 && aspect.den / aspect.num < 8) {
    const double ratio = static_cast<double>(aspect.num) / aspect.den;
    if (ratio > 1.01) shown.height = std::max(1U, static_cast<std::uint32_t>(stored.height / ratio));
    if (ratio < 0.99) shown.width = std::max(1U, static_cast<std::uint32_t>(stored.width * ratio));
  }
  const Dimensions size = fitted(shown, side);
  ATOLL_ASSIGN(Picture picture, blank_picture(size.width, size.height));
  picture.original_width = stored.width;
  picture.original_height = stored.height;
  const auto format = static_cast<AVPixelFormat>(frame.format);
  const std::unique_ptr<SwsContext, FreeAv> scaler(
      ::sws_getContext(frame.width, frame.height, format, static_cast<int>(size.width), static_cast<int>(size.height),
                       AV_PIX_FMT_RGBA, SWS_AREA | SWS_ACCURATE_RND, nullptr, nullptr, nullptr));
  if (!scaler) return fail(ErrorKind::unsupported, "preview.no_conversion", "its kind of pixels cannot be converted");
  std::uint8_t* const rows = picture.pixels.data();
  const auto stride = static_cast<int>(size.width * 4);
  if (::sws_scale(scaler.get(), frame.data, frame.linesize, 0, frame.height, &rows, &stride) <= 0) return malformed();
  // Formats without transparency leave it as it was.
  const AVPixFmtDescriptor* const about = ::av_pix_fmt_desc_get(format);
  const bool has_alpha = about != nullptr && (about->flags & (AV_PIX_FMT_FLAG_ALPHA | AV_PIX_FMT_FLAG_PAL)) != 0;
  if (!has_alpha) {
    for (std::size_t i = 3; i < picture.pixels.size(); i += 4) picture.pixels[i] = 255;
  }
  return picture;
}

Result<Picture> picture_in(AVCodecContext& decoder, const AVPacket* packet, std::uint32_t side) {
  ATOLL_ASSIGN(const Frame frame, new_frame());
  if (::avcodec_send_packet(&decoder, packet) < 0) return malformed();
  ::avcodec_send_packet(&decoder, nullptr);
  if (::avcodec_receive_frame(&decoder, frame.get()) < 0) return malformed();
  ATOLL_ASSIGN(Picture picture, picture_of(*frame, side));
  const AVFrameSideData* const profile = ::av_frame_get_side_data(frame.get(), AV_FRAME_DATA_ICC_PROFILE);
  if (profile != nullptr) to_srgb(picture, ByteView(profile->data, profile->size));
  return picture;
}

}  // namespace atl::render
