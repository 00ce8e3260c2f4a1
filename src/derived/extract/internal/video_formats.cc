// Film: length, size and codecs from the headers of the containers. Only headers are read, never the pictures.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "derived/extract/internal/plain_text.h"
#include "derived/extract/internal/readers.h"

namespace atl::extract {
namespace {

constexpr std::size_t kHeaderBytesMax = 1U << 20U;
constexpr int kElementsMax = 20'000;

std::uint64_t big_endian(ByteView bytes, std::size_t at, std::size_t count) {
  if (at + count > bytes.size()) return 0;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = (value << 8U) | bytes[at + i];
  return value;
}
std::uint64_t little_endian(ByteView bytes, std::size_t at, std::size_t count) {
  if (at + count > bytes.size()) return 0;
  std::uint64_t value = 0;
  for (std::size_t i = count; i > 0; --i) value = (value << 8U) | bytes[at + i - 1];
  return value;
}
std::string_view letters(ByteView bytes, std::size_t at, std::size_t count) {
  return at + count > bytes.size() ? std::string_view() : as_text(bytes.subspan(at, count));
}

double float_of(ByteView bytes) {
  if (bytes.size() == 4) return std::bit_cast<float>(static_cast<std::uint32_t>(big_endian(bytes, 0, 4)));
  return bytes.size() == 8 ? std::bit_cast<double>(big_endian(bytes, 0, 8)) : 0;
}

void say_size(Findings& out, std::uint64_t width, std::uint64_t height) {
  if (width == 0 || height == 0 || width > 100'000 || height > 100'000 || out.has_field(field::kWidth)) return;
  out.number(field::kWidth, width);
  out.number(field::kHeight, height);
}

void say_duration(Findings& out, double milliseconds) {
  if (std::isfinite(milliseconds) && milliseconds >= 1 && milliseconds < 1e12 && !out.has_field(field::kDuration))
    out.number(field::kDuration, static_cast<std::uint64_t>(std::llround(milliseconds)));
}

// Seconds since 1904, as QuickTime counts; zero is "not known".
std::string time_since_1904(std::uint64_t seconds) {
  constexpr std::uint64_t kFrom1904To1970 = 2'082'844'800;
  if (seconds <= kFrom1904To1970 || seconds > kFrom1904To1970 + 10'000'000'000) return {};
  return format_rfc3339(FileTime{static_cast<std::int64_t>(seconds - kFrom1904To1970), 0});
}

// ISO 14496-12: boxes in boxes.
class BoxReader {
 public:
  explicit BoxReader(Job& job) : job_(&job) {}

  Result<void> walk(std::uint64_t begin, std::uint64_t end, int depth) {
    while (begin + 8 <= end && ++count_ < kElementsMax) {
      ATOLL_ASSIGN(const Bytes header, job_->input.part(begin, 16));
      if (header.size() < 8) break;
      std::uint64_t size = big_endian(header, 0, 4);
      std::uint64_t inside = begin + 8;
      const std::string type(letters(header, 4, 4));
      if (size == 1) {
        size = big_endian(header, 8, 8);
        inside = begin + 16;
      } else if (size == 0) {
        size = end - begin;
      }
      if (size < inside - begin || size > end - begin) {
        return fail(ErrorKind::damaged, "extract.malformed", "it ends in the middle");
      }
      ATOLL_TRY(box(type, inside, begin + size, depth));
      begin += size;
    }
    return {};
  }

 private:
  Result<void> box(const std::string& type, std::uint64_t begin, std::uint64_t end, int depth) {
    constexpr std::array<std::string_view, 8> kHolders{"moov", "trak", "mdia", "minf", "stbl", "udta", "edts", "moof"};
    if (depth < 10 && std::ranges::find(kHolders, type) != kHolders.end()) return walk(begin, end, depth + 1);
    const bool is_known =
        type == "mvhd" || type == "tkhd" || type == "hdlr" || type == "stsd" || type == "\xA9xyz" || type == "\xA9nam";
    if (!is_known) return {};
    ATOLL_ASSIGN(const Bytes bytes,
                 job_->input.part(begin, static_cast<std::size_t>(std::min<std::uint64_t>(end - begin, 512))));
    Findings& out = job_->out;
    if (type == "mvhd" && !bytes.empty()) {
      const bool is_long = bytes[0] == 1;
      const std::uint64_t created = is_long ? big_endian(bytes, 4, 8) : big_endian(bytes, 4, 4);
      const std::uint64_t scale = big_endian(bytes, is_long ? 20 : 12, 4);
      const std::uint64_t length = is_long ? big_endian(bytes, 24, 8) : big_endian(bytes, 16, 4);
      out.field(field::kCreated, time_since_1904(created));
      if (scale > 0) say_duration(out, 1000.0 * static_cast<double>(length) / static_cast<double>(scale));
    } else if (type == "tkhd" && !bytes.empty()) {
      const std::size_t at = bytes[0] == 1 ? 88 : 76;  // 16.16 fixed point
      say_size(out, big_endian(bytes, at, 4) >> 16U, big_endian(bytes, at + 4, 4) >> 16U);
    } else if (type == "hdlr") {
      handler_ = letters(bytes, 8, 4);
    } else if (type == "stsd") {
      const std::string_view codec = letters(bytes, 12, 4);
      if (handler_ == "vide") {
        out.field(field::kVideoCodec, codec);
        say_size(out, big_endian(bytes, 40, 2), big_endian(bytes, 42, 2));
      }
      if (handler_ == "soun") out.field(field::kAudioCodec, codec);
    } else if (type == "\xA9nam") {
      out.field(
          field::kTitle,
          letters(bytes, 4, std::min<std::size_t>(big_endian(bytes, 0, 2), bytes.size() > 4 ? bytes.size() - 4 : 0)));
    } else {
      place(letters(bytes, 4, std::min<std::size_t>(big_endian(bytes, 0, 2), bytes.size() > 4 ? bytes.size() - 4 : 0)));
    }
    return {};
  }

  // ISO 6709: "+48.2082+016.3738/".
  void place(std::string_view text) {
    const std::size_t second = text.find_first_of("+-", 1);
    if (second == std::string_view::npos) return;
    const std::size_t third = text.find_first_of("+-/", second + 1);
    job_->out.raw("QuickTime.Location", text);
    const auto value = [](std::string_view digits) {
      return decimal(std::strtod(std::string(digits).c_str(), nullptr));
    };
    job_->out.field(field::kLatitude, value(text.substr(0, second)));
    job_->out.field(field::kLongitude,
                    value(text.substr(second, third == std::string_view::npos ? third : third - second)));
  }

  Job* job_;
  std::string handler_;
  int count_ = 0;
};

// RFC 8794: elements with ids and sizes of variable length.
class MatroskaReader {
 public:
  explicit MatroskaReader(Job& job) : job_(&job) {}

  Result<void> walk(std::uint64_t at, std::uint64_t end, int depth) {
    while (at < end && ++count_ < kElementsMax) {
      ATOLL_ASSIGN(const Bytes header, job_->input.part(at, 12));
      if (header.size() < 2 || header[0] == 0) break;
      const auto id_length = static_cast<std::size_t>(std::countl_zero(header[0])) + 1;
      if (id_length > 4 || id_length >= header.size() || header[id_length] == 0) break;
      const std::uint64_t id = big_endian(header, 0, id_length);
      const auto size_length = static_cast<std::size_t>(std::countl_zero(header[id_length])) + 1;
      if (id_length + size_length > header.size()) break;
      const std::uint64_t mask = (1ULL << (7 * size_length)) - 1;
      std::uint64_t size = big_endian(header, id_length, size_length) & mask;
      const std::uint64_t begin = at + id_length + size_length;
      if (size == mask || size > end - std::min(begin, end)) size = end - std::min(begin, end);  // open to its end
      constexpr std::uint64_t kSegment = 0x18538067, kInfo = 0x1549A966, kTracks = 0x1654AE6B, kTrack = 0xAE,
                              kVideo = 0xE0, kAudio = 0xE1, kTags = 0x1254C367, kTag = 0x7373, kSimpleTag = 0x67C8,
                              kCluster = 0x1F43B675;
      const bool is_holder = id == kSegment || id == kInfo || id == kTracks || id == kTrack || id == kVideo ||
                             id == kAudio || id == kTags || id == kTag || id == kSimpleTag;
      if (id == kTrack) kind_ = 0;
      if (id == kCluster && size == end - begin) break;
      if (is_holder && depth < 10) {
        ATOLL_TRY(walk(begin, begin + size, depth + 1));
      } else if (size <= 4096) {
        ATOLL_ASSIGN(const Bytes value, job_->input.part(begin, static_cast<std::size_t>(size)));
        element(id, value);
      }
      if (id == kInfo) say_duration(job_->out, length_ * scale_ns_ / 1e6);
      at = begin + size;
    }
    return {};
  }

 private:
  void element(std::uint64_t id, ByteView value) {
    Findings& out = job_->out;
    switch (id) {
      case 0x2AD7B1: scale_ns_ = static_cast<double>(big_endian(value, 0, value.size())); break;
      case 0x4489: length_ = float_of(value); break;
      case 0x4461:  // nanoseconds since 2001
        if (value.size() == 8) {
          const auto seconds = static_cast<std::int64_t>(big_endian(value, 0, 8)) / 1'000'000'000 + 978'307'200;
          if (seconds > 0 && seconds < 10'000'000'000) out.field(field::kCreated, format_rfc3339(FileTime{seconds, 0}));
        }
        break;
      case 0x7BA9: out.field(field::kTitle, as_text(value)); break;
      case 0x4D80:
      case 0x5741: out.field(field::kGenerator, as_text(value)); break;
      case 0x83: kind_ = big_endian(value, 0, value.size()); break;
      case 0x86:
        if (kind_ == 1) out.field(field::kVideoCodec, as_text(value));
        if (kind_ == 2) out.field(field::kAudioCodec, as_text(value));
        break;
      case 0xB0: width_ = big_endian(value, 0, value.size()); break;
      case 0xBA: say_size(out, width_, big_endian(value, 0, value.size())); break;
      case 0xB5: out.field(field::kSampleRate, decimal(float_of(value))); break;
      case 0x45A3: tag_ = lower(as_text(value)); break;
      case 0x4487:
        out.raw("Matroska." + tag_, as_text(value));
        if (tag_ == "artist") out.field(field::kArtist, as_text(value));
        if (tag_ == "date_recorded" || tag_ == "date_released") out.field(field::kCreated, as_text(value));
        break;
      default: break;
    }
  }

  Job* job_;
  double scale_ns_ = 1e6;
  double length_ = 0;
  std::uint64_t kind_ = 0;
  std::uint64_t width_ = 0;
  std::string tag_;
  int count_ = 0;
};

}  // namespace

Result<void> read_boxes(Job& job) {
  const auto answer = BoxReader(job).walk(0, job.input.size(), 0);
  take_audio_tags(job, "m4a");
  return answer;
}

Result<void> read_matroska(Job& job) { return MatroskaReader(job).walk(0, job.input.size(), 0); }

// Microsoft's AVI 1.0: the main header, then one for each stream.
Result<void> read_avi(Job& job) {
  ATOLL_ASSIGN(const Bytes head, job.input.part(0, 64U << 10U));
  const std::string_view text = as_text(head);
  const std::size_t main = text.find("avih");
  if (main == std::string_view::npos) return fail(ErrorKind::damaged, "extract.malformed", "it has no main header");
  const std::uint64_t per_frame_us = little_endian(head, main + 8, 4);
  const std::uint64_t frames = little_endian(head, main + 24, 4);
  say_duration(job.out, static_cast<double>(per_frame_us) * static_cast<double>(frames) / 1000);
  say_size(job.out, little_endian(head, main + 40, 4), little_endian(head, main + 44, 4));
  if (per_frame_us > 0) job.out.field(field::kFrameRate, decimal(1e6 / static_cast<double>(per_frame_us)));
  for (std::size_t at = main; (at = text.find("strh", at)) != std::string_view::npos; at += 4)
    if (letters(head, at + 8, 4) == "vids") job.out.field(field::kVideoCodec, letters(head, at + 12, 4));
  for (const auto& [mark, name] : {std::pair{"INAM", field::kTitle}, std::pair{"IART", field::kArtist}}) {
    const std::size_t at = text.find(mark);
    if (at != std::string_view::npos)
      job.out.field(name, letters(head, at + 8, std::min<std::size_t>(little_endian(head, at + 4, 4), 1000)));
  }
  return {};
}

// Advanced Systems Format, revision 01.20.05: objects named by GUIDs, in one header object.
Result<void> read_asf(Job& job) {
  ATOLL_ASSIGN(const Bytes head, job.input.part(0, kHeaderBytesMax));
  constexpr std::string_view kFileProperties("\xA1\xDC\xAB\x8C\x47\xA9\xCF\x11\x8E\xE4\x00\xC0\x0C\x20\x53\x65", 16);
  constexpr std::string_view kStreamProperties("\x91\x07\xDC\xB7\xB7\xA9\xCF\x11\x8E\xE6\x00\xC0\x0C\x20\x53\x65", 16);
  constexpr std::string_view kDescription("\x33\x26\xB2\x75\x8E\x66\xCF\x11\xA6\xD9\x00\xAA\x00\x62\xCE\x6C", 16);
  constexpr std::string_view kVideo("\xC0\xEF\x19\xBC\x4D\x5B\xCF\x11\xA8\xFD\x00\x80\x5F\x5C\x44\x2B", 16);
  const std::uint64_t end = std::min<std::uint64_t>(little_endian(head, 16, 8), head.size());
  for (std::uint64_t at = 30; at + 24 <= end;) {
    const std::uint64_t size = little_endian(head, static_cast<std::size_t>(at) + 16, 8);
    if (size < 24 || size > end - at) break;
    const ByteView object = ByteView(head).subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(size));
    const std::string_view id = letters(object, 0, 16);
    if (id == kFileProperties) {
      const std::uint64_t preroll_ms = little_endian(object, 80, 8);
      say_duration(job.out, static_cast<double>(little_endian(object, 64, 8)) / 1e4 - static_cast<double>(preroll_ms));
      const std::uint64_t created = little_endian(object, 48, 8);  // 100 ns since 1601
      constexpr std::uint64_t kFrom1601To1970 = 11'644'473'600;
      if (created / 10'000'000 > kFrom1601To1970 && created / 10'000'000 < kFrom1601To1970 + 10'000'000'000)
        job.out.field(field::kCreated,
                      format_rfc3339(FileTime{static_cast<std::int64_t>(created / 10'000'000 - kFrom1601To1970), 0}));
    } else if (id == kStreamProperties && letters(object, 24, 16) == kVideo) {
      say_size(job.out, little_endian(object, 78, 4), little_endian(object, 82, 4));
      job.out.field(field::kVideoCodec, letters(object, 78 + 11 + 16, 4));
    } else if (id == kDescription) {
      constexpr std::array<std::string_view, 4> kNames{field::kTitle, field::kCreator, field::kRights,
                                                       field::kDescription};
      std::size_t text_at = 34;
      for (std::size_t i = 0; i < kNames.size(); ++i) {
        const std::size_t length = little_endian(object, 24 + 2 * i, 2);
        std::string value = from_utf16(as_bytes(letters(object, text_at, length)), false);
        job.out.field(kNames.at(i), value);
        text_at += length;
      }
    }
    at += size;
  }
  if (job.format.id == "wma") take_audio_tags(job, "wma");
  return {};
}

// Adobe's Flash Video 10.1, E.4.4: the first script tag holds named numbers in AMF0.
Result<void> read_flash_video(Job& job) {
  ATOLL_ASSIGN(const Bytes head, job.input.part(0, 16U << 10U));
  const auto number = [&](std::string_view name) -> double {
    const std::size_t at = as_text(head).find(name);
    if (at == std::string_view::npos || at + name.size() + 9 > head.size() || head[at + name.size()] != 0) return 0;
    return float_of(ByteView(head).subspan(at + name.size() + 1, 8));
  };
  say_duration(job.out, number("duration") * 1000);
  const double width = number("width");
  const double height = number("height");
  if (width > 0 && height > 0 && width < 1e5 && height < 1e5)
    say_size(job.out, static_cast<std::uint64_t>(width), static_cast<std::uint64_t>(height));
  return {};
}

// ISO 13818-1: the first and the last time stamp; ISO 13818-2: the sequence header's size.
Result<void> read_mpeg(Job& job) {
  const auto stamps_of = [](ByteView bytes, bool wants_last) -> std::uint64_t {
    std::uint64_t found = 0;
    for (std::size_t at = 0; at + 14 <= bytes.size(); ++at) {
      const bool is_packet =
          bytes[at] == 0 && bytes[at + 1] == 0 && bytes[at + 2] == 1 && bytes[at + 3] >= 0xC0 && bytes[at + 3] <= 0xEF;
      if (!is_packet || (bytes[at + 6] & 0xC0U) != 0x80 || (bytes[at + 7] & 0x80U) == 0) continue;
      const ByteView p = bytes.subspan(at + 9, 5);
      const std::uint64_t stamp =
          (static_cast<std::uint64_t>(p[0] & 0x0EU) << 29U) | (static_cast<std::uint64_t>(p[1]) << 22U) |
          (static_cast<std::uint64_t>(p[2] & 0xFEU) << 14U) | (static_cast<std::uint64_t>(p[3]) << 7U) | (p[4] >> 1U);
      found = wants_last ? std::max(found, stamp) : stamp;
      if (!wants_last) return found;
    }
    return found;
  };
  ATOLL_ASSIGN(const Bytes head, job.input.part(0, kHeaderBytesMax));
  const std::uint64_t tail_at = job.input.size() > kHeaderBytesMax ? job.input.size() - kHeaderBytesMax : 0;
  ATOLL_ASSIGN(const Bytes tail, job.input.part(tail_at, kHeaderBytesMax));
  const std::uint64_t first = stamps_of(head, false);
  const std::uint64_t last = stamps_of(tail, true);
  if (last > first) say_duration(job.out, static_cast<double>(last - first) / 90.0);
  for (std::size_t at = 0; at + 8 <= head.size(); ++at) {
    if (head[at] != 0 || head[at + 1] != 0 || head[at + 2] != 1 || head[at + 3] != 0xB3) continue;
    const std::uint64_t both = big_endian(head, at + 4, 3);
    say_size(job.out, both >> 12U, both & 0xFFFU);
    job.out.field(field::kVideoCodec, "MPEG-1/2");
    break;
  }
  return {};
}

}  // namespace atl::extract
