// WebP through its own library: of an animation the first frame.
#include <webp/demux.h>

#include <memory>

#include "derived/render/internal/colours.h"
#include "derived/render/internal/draw.h"
#include "derived/render/internal/exif.h"

namespace atl::render {
namespace {

struct FreeAnimation {
  void operator()(WebPAnimDecoder* decoder) const { ::WebPAnimDecoderDelete(decoder); }
};

struct FreeDemuxer {
  void operator()(WebPDemuxer* demuxer) const { ::WebPDemuxDelete(demuxer); }
};

}  // namespace

Result<Picture> draw_webp_bytes(ByteView file) {
  WebPBitstreamFeatures features;
  if (::WebPGetFeatures(file.data(), file.size(), &features) != VP8_STATUS_OK) return malformed();
  ATOLL_TRY(check_size(static_cast<std::uint64_t>(std::max(features.width, 0)),
                       static_cast<std::uint64_t>(std::max(features.height, 0))));
  WebPAnimDecoderOptions options;
  if (::WebPAnimDecoderOptionsInit(&options) == 0) return malformed();
  options.color_mode = MODE_RGBA;
  options.use_threads = 0;
  const WebPData data{file.data(), file.size()};
  const std::unique_ptr<WebPAnimDecoder, FreeAnimation> decoder(::WebPAnimDecoderNew(&data, &options));
  WebPAnimInfo info;
  std::uint8_t* pixels = nullptr;
  int time_ms = 0;
  if (!decoder || ::WebPAnimDecoderGetInfo(decoder.get(), &info) == 0 ||
      ::WebPAnimDecoderGetNext(decoder.get(), &pixels, &time_ms) == 0) {
    return malformed();
  }
  ATOLL_ASSIGN(Picture picture, blank_picture(info.canvas_width, info.canvas_height));
  picture.original_width = picture.width;
  picture.original_height = picture.height;
  std::copy_n(pixels, picture.pixels.size(), picture.pixels.begin());
  const std::unique_ptr<WebPDemuxer, FreeDemuxer> demuxer(::WebPDemux(&data));
  WebPChunkIterator chunk;
  if (demuxer && ::WebPDemuxGetChunk(demuxer.get(), "ICCP", 1, &chunk) != 0) {
    to_srgb(picture, ByteView(chunk.chunk.bytes, chunk.chunk.size));
    ::WebPDemuxReleaseChunkIterator(&chunk);
  }
  return upright(std::move(picture), orientation_of(file));
}

}  // namespace atl::render
