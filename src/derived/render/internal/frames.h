// FFmpeg's structures with owners, and its frames as pictures. Private to the files that decode with it.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

#include <memory>

#include "derived/render/internal/picture.h"

namespace atl::render {

struct FreeAv {
  void operator()(AVCodecContext* context) const { ::avcodec_free_context(&context); }
  void operator()(AVFrame* frame) const { ::av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { ::av_packet_free(&packet); }
  void operator()(SwsContext* context) const { ::sws_freeContext(context); }
};
using CodecContext = std::unique_ptr<AVCodecContext, FreeAv>;
using Frame = std::unique_ptr<AVFrame, FreeAv>;
using Packet = std::unique_ptr<AVPacket, FreeAv>;

class CodecOptions {
 public:
  CodecOptions() = default;
  CodecOptions(const CodecOptions&) = delete;
  CodecOptions& operator=(const CodecOptions&) = delete;
  CodecOptions(CodecOptions&&) = delete;
  CodecOptions& operator=(CodecOptions&&) = delete;
  ~CodecOptions() { ::av_dict_free(&values_); }
  void set(const char* name, std::int64_t value) { ::av_dict_set_int(&values_, name, value, 0); }
  [[nodiscard]] AVDictionary** values() { return &values_; }

 private:
  AVDictionary* values_ = nullptr;
};

// Of one thread, within kPixelsMax, opened; `parameters` may be null. `lowres` n: decoded at 1/2^n of its size, where
// the decoder can.
[[nodiscard]] Result<CodecContext> open_decoder(AVCodecID codec, const AVCodecParameters* parameters, int lowres = 0,
                                                CodecOptions* options = nullptr);
[[nodiscard]] Result<Frame> new_frame();
[[nodiscard]] Result<Packet> new_packet();
// Made smaller while it is converted: within that square.
[[nodiscard]] Result<Picture> picture_of(const AVFrame& frame, std::uint32_t side);
// The first frame in that packet.
[[nodiscard]] Result<Picture> picture_in(AVCodecContext& decoder, const AVPacket* packet, std::uint32_t side);

}  // namespace atl::render
