// Pictures through FFmpeg's decoders, one packet that is the whole file; no demuxer looks at it.
#include <algorithm>
#include <array>
#include <cstring>

#include "derived/render/internal/draw.h"
#include "derived/render/internal/exif.h"
#include "derived/render/internal/frames.h"
#include "derived/render/internal/prepare.h"

namespace atl::render {
namespace {

struct StillCodec {
  std::string_view format_id;
  AVCodecID codec;
};
constexpr std::array kCodecs{
    StillCodec{"jpeg", AV_CODEC_ID_MJPEG}, StillCodec{"png", AV_CODEC_ID_PNG},
    StillCodec{"gif", AV_CODEC_ID_GIF},    StillCodec{"bmp", AV_CODEC_ID_BMP},
    StillCodec{"tiff", AV_CODEC_ID_TIFF},  StillCodec{"jp2", AV_CODEC_ID_JPEG2000},
    StillCodec{"jxl", AV_CODEC_ID_JPEGXL}, StillCodec{"svg", AV_CODEC_ID_SVG},
};

Result<Packet> packet_of(ByteView bytes) {
  ATOLL_ASSIGN(Packet packet, new_packet());
  if (bytes.size() > static_cast<std::size_t>(INT32_MAX) - AV_INPUT_BUFFER_PADDING_SIZE ||
      ::av_new_packet(packet.get(), static_cast<int>(bytes.size())) < 0) {
    return fail(ErrorKind::limit, "preview.no_memory", "there is no memory for it");
  }
  std::memcpy(packet->data, bytes.data(), bytes.size());
  packet->flags |= AV_PKT_FLAG_KEY;
  return packet;
}

// How often it may be halved while it is decoded, so that enough is left.
int lowres_of(const std::optional<Dimensions>& size, std::uint32_t side) {
  if (!size) return 0;
  const std::uint32_t longer = std::max(size->width, size->height);
  int lowres = 0;
  while (lowres < 3 && (longer >> (lowres + 1)) >= side) ++lowres;
  return lowres;
}

// Setting letters in a drawing takes threads of Pango's, which this process may not start: its elements become such as
// are not drawn, byte for byte ("text" and "desc" are equally long).
void leave_out_letters(AVPacket& packet) {
  const auto end = packet.data + packet.size;
  constexpr std::string_view kElement = "text";
  for (auto* at = packet.data; (at = std::search(at, end, kElement.begin(), kElement.end())) != end; ++at) {
    const bool begins_element = at != packet.data && (at[-1] == '<' || at[-1] == '/' || at[-1] == ':');
    if (begins_element) std::ranges::copy(std::string_view("desc"), at);
  }
}

}  // namespace

void prepare_stills() {
  ::av_log_set_level(AV_LOG_QUIET);
  // Its library looks for its settings the first time.
  constexpr std::string_view kDot =
      R"(<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M1 1h7v7z"/></svg>)";
  ignore_error_on_purpose(draw_still_bytes(as_bytes(kDot), "svg", 16));
}

Result<Picture> draw_still_bytes(ByteView file, std::string_view format_id, std::uint32_t side) {
  if (format_id == "webp") return draw_webp_bytes(file);
  const auto* const found = std::ranges::find(kCodecs, format_id, &StillCodec::format_id);
  if (found == kCodecs.end())
    return fail(ErrorKind::unsupported, "preview.no_decoder", "there is no decoder for its format");
  const std::optional<Dimensions> size = format_id == "jpeg" ? jpeg_size(file) : std::nullopt;
  if (size) ATOLL_TRY(check_size(size->width, size->height));  // of the original, not of what is left when it is halved
  CodecOptions options;
  if (format_id == "svg") {  // has no pixels: drawn as large as is wanted
    for (const char* const length : {"width", "height"}) options.set(length, side);
    options.set("keep_ar", 1);
  }
  ATOLL_ASSIGN(const CodecContext decoder, open_decoder(found->codec, nullptr, lowres_of(size, side), &options));
  ATOLL_ASSIGN(const Packet packet, packet_of(file));
  if (format_id == "svg") leave_out_letters(*packet);
  ATOLL_ASSIGN(Picture picture, picture_in(*decoder, packet.get(), side));
  if (size) {
    picture.original_width = size->width;
    picture.original_height = size->height;
  }
  if (format_id == "svg") picture.original_width = picture.original_height = 0;
  return upright(std::move(picture), orientation_of(file));
}

Result<Picture> draw_still(const Drawing& drawing) {
  ATOLL_ASSIGN(const Bytes file, drawing.input.whole(kWholeBytesMax));
  return draw_still_bytes(file, drawing.format.id, drawing.side);
}

}  // namespace atl::render
