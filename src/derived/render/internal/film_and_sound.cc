// Film, sound and icons through FFmpeg: an early frame that is not black, the cover, else the wave of the sound.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <optional>
#include <vector>

#include "derived/render/internal/draw.h"
#include "derived/render/internal/frames.h"

namespace atl::render {
namespace {

constexpr int kBufferBytes = 64 * 1024;
constexpr int kFramesMax = 120;  // looked at for one that is not black
constexpr int kPacketsMax = 2'000'000;
constexpr std::uint64_t kSamplesMax = 30'000'000;  // of a wave: ten minutes at 48 kHz
constexpr double kBlackMax = 20;                   // mean brightness of 255

struct Demuxer {
  std::string_view format_id;
  const char* name;
};
// By what the content was recognised as, never by trying all: some of FFmpeg's read lists of other files.
constexpr std::array kDemuxers{
    Demuxer{"mp4", "mov"},       Demuxer{"mov", "mov"},   Demuxer{"3gp", "mov"},      Demuxer{"avi", "avi"},
    Demuxer{"wmv", "asf"},       Demuxer{"flv", "flv"},   Demuxer{"mkv", "matroska"}, Demuxer{"webm", "matroska"},
    Demuxer{"mpegts", "mpegts"}, Demuxer{"mpeg", "mpeg"}, Demuxer{"ogv", "ogg"},      Demuxer{"mp3", "mp3"},
    Demuxer{"wav", "wav"},       Demuxer{"aac", "aac"},   Demuxer{"flac", "flac"},    Demuxer{"ogg", "ogg"},
    Demuxer{"m4a", "mov"},       Demuxer{"wma", "asf"},   Demuxer{"aiff", "aiff"},    Demuxer{"ape", "ape"},
    Demuxer{"amr", "amr"},       Demuxer{"ico", "ico"},
};

struct Reading {
  extract::Input* input = nullptr;
  std::uint64_t at = 0;
};

int read_packet(void* opaque, std::uint8_t* out, int count) {
  auto& reading = *static_cast<Reading*>(opaque);
  const auto got = reading.input->read(reading.at, ByteSpan(out, static_cast<std::size_t>(count)));
  if (!got) return AVERROR(EIO);
  if (*got == 0) return AVERROR_EOF;
  reading.at += *got;
  return static_cast<int>(*got);
}

std::int64_t seek(void* opaque, std::int64_t offset, int whence) {
  auto& reading = *static_cast<Reading*>(opaque);
  const auto size = static_cast<std::int64_t>(reading.input->size());
  switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE: return size;
    case SEEK_CUR: offset += static_cast<std::int64_t>(reading.at); break;
    case SEEK_END: offset += size; break;
    default: break;
  }
  if (offset < 0 || offset > size) return AVERROR(EINVAL);
  reading.at = static_cast<std::uint64_t>(offset);
  return offset;
}

// A container while it is read.
class Container {
 public:
  Container() = default;
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;
  Container(Container&&) = delete;
  Container& operator=(Container&&) = delete;
  ~Container() {
    ::avformat_close_input(&format_);
    if (io_ != nullptr) ::av_freep(static_cast<void*>(&io_->buffer));
    ::avio_context_free(&io_);
  }

  Result<void> open(extract::Input& input, std::string_view format_id) {
    reading_.input = &input;
    const auto* const known = std::ranges::find(kDemuxers, format_id, &Demuxer::format_id);
    const AVInputFormat* const demuxer = known == kDemuxers.end() ? nullptr : ::av_find_input_format(known->name);
    if (demuxer == nullptr) return fail(ErrorKind::unsupported, "preview.no_decoder", "there is no reader for it");
    auto* const buffer = static_cast<std::uint8_t*>(::av_malloc(kBufferBytes));
    if (buffer != nullptr) io_ = ::avio_alloc_context(buffer, kBufferBytes, 0, &reading_, read_packet, nullptr, seek);
    format_ = ::avformat_alloc_context();
    if (io_ == nullptr || format_ == nullptr) return malformed("there is no memory for it");
    format_->pb = io_;
    format_->flags |= AVFMT_FLAG_CUSTOM_IO;
    // Whoever frees it where opening fails is FFmpeg itself.
    if (::avformat_open_input(&format_, "", demuxer, nullptr) < 0) return malformed();
    format_->max_analyze_duration = AV_TIME_BASE * 5;
    format_->probesize = 5'000'000;
    if (::avformat_find_stream_info(format_, nullptr) < 0) return malformed();
    return {};
  }

  [[nodiscard]] AVFormatContext& format() { return *format_; }
  [[nodiscard]] const AVStream* best(AVMediaType type) const {
    const int index = ::av_find_best_stream(format_, type, -1, -1, nullptr, 0);
    return index < 0 ? nullptr : format_->streams[index];
  }
  [[nodiscard]] const AVStream* cover() const {
    for (unsigned i = 0; i < format_->nb_streams; ++i) {
      const AVStream* const stream = format_->streams[i];
      if ((stream->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0 && stream->attached_pic.size > 0) return stream;
    }
    return nullptr;
  }

 private:
  Reading reading_;
  AVIOContext* io_ = nullptr;
  AVFormatContext* format_ = nullptr;
};

Orientation orientation_of(const AVStream& stream) {
  std::size_t size = 0;
  const std::uint8_t* const matrix = ::av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  if (matrix == nullptr || size < 9 * sizeof(std::int32_t)) return 1;
  std::array<std::int32_t, 9> numbers{};
  std::memcpy(numbers.data(), matrix, sizeof(numbers));
  const double degrees = ::av_display_rotation_get(numbers.data());  // against the clock
  if (!std::isfinite(degrees)) return 1;
  switch ((static_cast<int>(std::lround(degrees / 90)) % 4 + 4) % 4) {
    case 1: return 8;
    case 2: return 3;
    case 3: return 6;
    default: return 1;
  }
}

double brightness(const Picture& picture) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < picture.pixels.size(); i += 4)
    sum += (picture.pixels[i] * 2U + picture.pixels[i + 1] * 5U + picture.pixels[i + 2]) / 8;
  return static_cast<double>(sum) / (static_cast<double>(picture.pixels.size()) / 4);
}

Result<Picture> picture_of_cover(const AVStream& stream) {
  ATOLL_ASSIGN(const CodecContext decoder, open_decoder(stream.codecpar->codec_id, stream.codecpar));
  ATOLL_ASSIGN(Picture picture, picture_in(*decoder, &stream.attached_pic, preview::kLargeSide));
  picture.original_width = picture.original_height = 0;  // of the cover, not of the sound
  return picture;
}

// Calls with every decoded frame of the stream until it answers false.
template <class Visit>
Result<void> for_each_frame(Container& container, const AVStream& stream, const Visit& visit) {
  ATOLL_ASSIGN(const CodecContext decoder, open_decoder(stream.codecpar->codec_id, stream.codecpar));
  ATOLL_ASSIGN(const Packet packet, new_packet());
  ATOLL_ASSIGN(const Frame frame, new_frame());
  bool has_ended = false;
  for (int count = 0; count < kPacketsMax && !has_ended; ++count) {
    has_ended = ::av_read_frame(&container.format(), packet.get()) < 0;
    if (!has_ended && packet->stream_index != stream.index) {
      ::av_packet_unref(packet.get());
      continue;
    }
    // What cannot be decoded is passed over: a later frame may be whole.
    ::avcodec_send_packet(decoder.get(), has_ended ? nullptr : packet.get());
    ::av_packet_unref(packet.get());
    while (::avcodec_receive_frame(decoder.get(), frame.get()) >= 0) {
      ATOLL_ASSIGN(const bool goes_on, visit(*frame));
      ::av_frame_unref(frame.get());
      if (!goes_on) return {};
    }
  }
  return {};
}

Result<Picture> picture_of_film(Container& container, const AVStream& stream) {
  std::optional<Picture> best;
  double best_brightness = -1;
  int count = 0;
  ATOLL_TRY(for_each_frame(container, stream, [&](const AVFrame& frame) -> Result<bool> {
    // After the first, every fifth is enough to find the end of a fade.
    if (count++ % 5 == 0) {
      ATOLL_ASSIGN(Picture picture, picture_of(frame, preview::kLargeSide));
      if (const double bright = brightness(picture); bright > best_brightness) {
        best_brightness = bright;
        best = std::move(picture);
      }
    }
    return best_brightness < kBlackMax && count < kFramesMax;
  }));
  if (!best) return malformed("none of its pictures can be decoded");
  return upright(std::move(*best), orientation_of(stream));
}

// The sound's extremes, one pair a column; what is longer than kSamplesMax is shown up to there.
class Wave {
 public:
  static constexpr std::uint32_t kWidth = 1024;
  static constexpr std::uint32_t kHeight = 384;

  void add(const AVFrame& frame) {
    const auto format = static_cast<AVSampleFormat>(frame.format);
    const auto* const data = frame.extended_data[0];  // the first channel, or all of them in turn
    const int channels = ::av_sample_fmt_is_planar(format) != 0 ? 1 : std::max(frame.ch_layout.nb_channels, 1);
    const int step = channels;
    for (int i = 0; i < frame.nb_samples; ++i) {
      const auto at = static_cast<std::size_t>(i) * static_cast<std::size_t>(step);
      add(sample(data, at, ::av_get_packed_sample_fmt(format)));
    }
  }
  [[nodiscard]] bool is_full() const { return count_ >= kSamplesMax; }
  [[nodiscard]] bool is_empty() const { return peaks_.empty(); }

  [[nodiscard]] Result<Picture> picture() const {
    ATOLL_ASSIGN(Picture picture, blank_picture(kWidth, kHeight));
    const float loudest = std::max(*std::ranges::max_element(peaks_), 1e-3F);
    for (std::uint32_t x = 0; x < kWidth; ++x) {
      const std::size_t first = x * peaks_.size() / kWidth;
      const std::size_t last = std::max(first + 1, (x + 1) * peaks_.size() / kWidth);
      float peak = 0;
      for (std::size_t i = first; i < std::min(last, peaks_.size()); ++i) peak = std::max(peak, peaks_[i]);
      const auto half = static_cast<std::uint32_t>(std::lround(peak / loudest * (kHeight / 2.0F - 8)));
      for (std::uint32_t y = kHeight / 2 - half - 1; y <= kHeight / 2 + half; ++y)
        std::ranges::copy(kColour, picture.pixels.begin() + (static_cast<std::ptrdiff_t>(y) * kWidth + x) * 4);
    }
    return picture;
  }

 private:
  static constexpr std::array<std::uint8_t, 4> kColour{74, 127, 181, 255};  // seen on light and on dark
  static constexpr std::uint32_t kSamplesPerPeak = 512;

  static float sample(const std::uint8_t* data, std::size_t at, AVSampleFormat format) {
    const auto of = [&]<class Number>(Number) {
      Number number{};
      std::memcpy(&number, data + at * sizeof(Number), sizeof(Number));
      return static_cast<float>(number);
    };
    switch (format) {
      case AV_SAMPLE_FMT_U8: return (of(std::uint8_t{}) - 128) / 128;
      case AV_SAMPLE_FMT_S16: return of(std::int16_t{}) / 32768;
      case AV_SAMPLE_FMT_S32: return of(std::int32_t{}) / 2147483648.0F;
      case AV_SAMPLE_FMT_FLT: return of(float{});
      case AV_SAMPLE_FMT_DBL: return of(double{});
      default: return 0;
    }
  }

  void add(float value) {
    const float size = std::isfinite(value) ? std::min(std::abs(value), 1.0F) : 0;
    if (count_++ % kSamplesPerPeak == 0) peaks_.push_back(0);
    peaks_.back() = std::max(peaks_.back(), size);
  }

  std::vector<float> peaks_;
  std::uint64_t count_ = 0;
};

}  // namespace

Result<Picture> draw_film(const Drawing& drawing) {
  Container container;
  ATOLL_TRY(container.open(drawing.input, drawing.format.id));
  const AVStream* const stream = container.best(AVMEDIA_TYPE_VIDEO);
  if (stream == nullptr) return draw_sound(drawing);  // a film's container with sound alone
  return picture_of_film(container, *stream);
}

Result<Picture> draw_icon(const Drawing& drawing) {
  Container container;
  ATOLL_TRY(container.open(drawing.input, drawing.format.id));
  // One stream for each size.
  const AVStream* const stream = container.best(AVMEDIA_TYPE_VIDEO);
  if (stream == nullptr) return nothing_to_show("there is no picture in it");
  return picture_of_film(container, *stream);
}

Result<Picture> draw_sound(const Drawing& drawing) {
  Container container;
  ATOLL_TRY(container.open(drawing.input, drawing.format.id));
  if (const AVStream* const cover = container.cover(); cover != nullptr) {
    // A cover that is broken is no reason to show nothing.
    if (auto picture = picture_of_cover(*cover)) return picture;
  }
  const AVStream* const stream = container.best(AVMEDIA_TYPE_AUDIO);
  if (stream == nullptr) return nothing_to_show("there is no sound in it");
  Wave wave;
  ATOLL_TRY(for_each_frame(container, *stream, [&](const AVFrame& frame) -> Result<bool> {
    wave.add(frame);
    return !wave.is_full();
  }));
  if (wave.is_empty()) return malformed("its sound cannot be decoded");
  return wave.picture();
}

}  // namespace atl::render
