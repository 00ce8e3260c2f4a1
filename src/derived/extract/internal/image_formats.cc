// Pictures: size from their own headers, the rest (EXIF, IPTC, XMP) through exiv2.
#include <exiv2/exiv2.hpp>

#include <algorithm>
#include <array>
#include <cmath>

#include "derived/extract/internal/image_format.h"
#include "derived/extract/internal/plain_text.h"
#include "derived/extract/internal/readers.h"

namespace atl::extract {
namespace {

constexpr std::size_t kHeaderBytes = 64U << 10U;

std::uint32_t be16(ByteView bytes, std::size_t at) {
  return at + 2 > bytes.size() ? 0U : (static_cast<std::uint32_t>(bytes[at]) << 8U) | bytes[at + 1];
}
std::uint32_t be32(ByteView bytes, std::size_t at) {
  return at + 4 > bytes.size() ? 0U : (be16(bytes, at) << 16U) | be16(bytes, at + 2);
}
std::uint32_t le16(ByteView bytes, std::size_t at) {
  return at + 2 > bytes.size() ? 0U : (static_cast<std::uint32_t>(bytes[at + 1]) << 8U) | bytes[at];
}
std::uint32_t le24(ByteView bytes, std::size_t at) {
  return at + 3 > bytes.size() ? 0U : (static_cast<std::uint32_t>(bytes[at + 2]) << 16U) | le16(bytes, at);
}
std::uint32_t le32(ByteView bytes, std::size_t at) {
  return at + 4 > bytes.size() ? 0U : (le16(bytes, at + 2) << 16U) | le16(bytes, at);
}

struct Size {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};

// ITU T.81, B.2.2: the first frame header.
Size jpeg_size(Job& job) {
  std::uint64_t at = 2;
  for (int segments = 0; segments < 1000; ++segments) {
    const auto bytes = job.input.part(at, 9);
    if (!bytes || bytes->size() < 9 || (*bytes)[0] != 0xFF) return {};
    const std::uint8_t marker = (*bytes)[1];
    if (marker == 0xFF) {
      ++at;
      continue;
    }
    const bool is_frame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (is_frame) return {be16(*bytes, 7), be16(*bytes, 5)};
    if (marker == 0xD9 || marker == 0xDA) return {};
    at += 2 + be16(*bytes, 2);
  }
  return {};
}

// ISO 23008-12, 6.5.3: the largest "ispe" is the picture's; tiles and previews have smaller ones.
Size heif_size(ByteView head) {
  Size best;
  const std::string_view text = as_text(head);
  for (std::size_t at = 0; (at = text.find("ispe", at)) != std::string_view::npos; at += 4) {
    const Size one{be32(head, at + 8), be32(head, at + 12)};
    if (static_cast<std::uint64_t>(one.width) * one.height > static_cast<std::uint64_t>(best.width) * best.height)
      best = one;
  }
  return best;
}

Size webp_size(ByteView head) {
  const std::string_view kind = as_text(head).substr(std::min<std::size_t>(12, head.size()), 4);
  if (kind == "VP8X") return {le24(head, 24) + 1, le24(head, 27) + 1};
  if (kind == "VP8 ") return {le16(head, 26) & 0x3FFFU, le16(head, 28) & 0x3FFFU};
  if (kind == "VP8L") {
    const std::uint32_t bits = le32(head, 21);
    return {(bits & 0x3FFFU) + 1, ((bits >> 14U) & 0x3FFFU) + 1};
  }
  return {};
}

// ISO 18181-1, D.2: bits, the lowest first, behind the mark of a codestream, which may lie in a box.
Size jxl_size(ByteView head) {
  std::size_t at = 0;
  if (!head.empty() && head[0] != 0xFF) {
    const std::string_view text = as_text(head);
    at = text.find("jxlc");
    if (at != std::string_view::npos) {
      at += 4;
    } else {
      at = text.find("jxlp");
      if (at == std::string_view::npos) return {};
      at += 8;  // and the piece's number
    }
  }
  if (be16(head, at) != 0xFF0A) return {};
  std::size_t bit = (at + 2) * 8;
  const auto take = [&](unsigned count) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < count; ++i, ++bit)
      if (bit / 8 < head.size()) value |= (static_cast<std::uint32_t>(head[bit / 8]) >> (bit % 8) & 1U) << i;
    return value;
  };
  const bool is_small = take(1) == 1;
  const auto take_side = [&] {
    constexpr std::array<unsigned, 4> kBits{9, 13, 18, 30};
    return is_small ? (take(5) + 1) * 8 : take(kBits.at(take(2))) + 1;
  };
  Size size;
  size.height = take_side();
  struct Ratio {
    std::uint64_t over, under;
  };
  constexpr std::array<Ratio, 8> kRatios{{{0, 1}, {1, 1}, {12, 10}, {4, 3}, {3, 2}, {16, 9}, {5, 4}, {2, 1}}};
  const Ratio ratio = kRatios.at(take(3));
  size.width = ratio.over == 0 ? take_side() : static_cast<std::uint32_t>(size.height * ratio.over / ratio.under);
  return size;
}

Size icon_size(ByteView head) {
  Size best;
  for (std::size_t i = 0; i < std::min<std::size_t>(le16(head, 4), 64) && 6 + 16 * i + 2 <= head.size(); ++i) {
    const auto side = [&](std::size_t at) { return head[at] == 0 ? 256U : static_cast<std::uint32_t>(head[at]); };
    if (side(6 + 16 * i) > best.width) best = {side(6 + 16 * i), side(7 + 16 * i)};
  }
  return best;
}

Size size_of(Job& job, ByteView head) {
  const std::string_view id = job.format.id;
  if (id == "png") return {be32(head, 16), be32(head, 20)};
  if (id == "gif") return {le16(head, 6), le16(head, 8)};
  if (id == "bmp") {
    if (le32(head, 14) == 12) return {le16(head, 18), le16(head, 20)};
    const auto height = static_cast<std::int32_t>(le32(head, 22));  // negative: top row first
    return {le32(head, 18), height < 0 ? 0U - static_cast<std::uint32_t>(height) : static_cast<std::uint32_t>(height)};
  }
  if (id == "psd") return {be32(head, 18), be32(head, 14)};
  if (id == "ico") return icon_size(head);
  if (id == "webp") return webp_size(head);
  if (id == "jpeg") return jpeg_size(job);
  if (id == "heic" || id == "heif" || id == "avif") return heif_size(head);
  if (id == "jxl") return jxl_size(head);
  if (id == "jp2" && be16(head, 0) == 0xFF4F) {  // bare: ITU T.800, A.5.1, the first segment
    return {be32(head, 8) - be32(head, 16), be32(head, 12) - be32(head, 20)};
  }
  if (id == "jp2") {
    const std::size_t at = as_text(head).find("ihdr");
    return at == std::string_view::npos ? Size{} : Size{be32(head, at + 8), be32(head, at + 4)};
  }
  return {};
}

std::string text_of(const Exiv2::ExifData& data, const char* key) {
  const auto found = data.findKey(Exiv2::ExifKey(key));
  return found == data.end() ? std::string() : found->toString();
}

// "2024:03:09 14:30:00" and "+01:00" as ISO 8601.
std::string iso_time(std::string time, const std::string& zone) {
  if (time.size() < 19 || time[4] != ':' || time[7] != ':') return {};
  if (time.starts_with("0000")) return {};
  time.resize(19);
  time[4] = '-';
  time[7] = '-';
  time[10] = 'T';
  return time + (zone.size() == 6 ? zone : std::string());
}

double degrees(const Exiv2::ExifData& data, const char* key, const char* reference_key, char negative) {
  const auto found = data.findKey(Exiv2::ExifKey(key));
  if (found == data.end() || found->count() < 3) return NAN;
  double value = 0;
  double unit = 1;
  for (long i = 0; i < 3; ++i, unit /= 60) {
    const Exiv2::Rational part = found->toRational(i);
    if (part.second == 0) return NAN;
    value += unit * part.first / part.second;
  }
  const std::string reference = text_of(data, reference_key);
  return !reference.empty() && reference[0] == negative ? -value : value;
}

void take_exif(Findings& out, const Exiv2::ExifData& data) {
  const std::string maker = text_of(data, "Exif.Image.Make");
  const std::string model = text_of(data, "Exif.Image.Model");
  // "Canon" and "Canon EOS 80D": the maker is said once.
  const std::string first_word = lower(std::string_view(maker).substr(0, maker.find(' ')));
  out.field(field::kDevice, lower(model).starts_with(first_word) ? model : maker + " " + model);
  out.field(field::kLens, text_of(data, "Exif.Photo.LensModel"));
  std::string taken =
      iso_time(text_of(data, "Exif.Photo.DateTimeOriginal"), text_of(data, "Exif.Photo.OffsetTimeOriginal"));
  if (taken.empty()) taken = iso_time(text_of(data, "Exif.Image.DateTime"), text_of(data, "Exif.Photo.OffsetTime"));
  out.field(field::kCreated, taken);
  out.field(field::kDescription, text_of(data, "Exif.Image.ImageDescription"));
  out.field(field::kCreator, text_of(data, "Exif.Image.Artist"));
  out.field(field::kRights, text_of(data, "Exif.Image.Copyright"));
  out.field(field::kGenerator, text_of(data, "Exif.Image.Software"));
  const double latitude = degrees(data, "Exif.GPSInfo.GPSLatitude", "Exif.GPSInfo.GPSLatitudeRef", 'S');
  const double longitude = degrees(data, "Exif.GPSInfo.GPSLongitude", "Exif.GPSInfo.GPSLongitudeRef", 'W');
  if (std::fabs(latitude) <= 90 && std::fabs(longitude) <= 180) {
    out.field(field::kLatitude, decimal(latitude));
    out.field(field::kLongitude, decimal(longitude));
  }
  std::size_t taken_count = 0;
  for (const auto& one : data) {
    if (one.size() > 512 || one.key().starts_with("Exif.Thumbnail.") || one.tagName().starts_with("0x")) continue;
    if (++taken_count > 300) break;
    out.raw(one.key(), one.toString());
  }
}

void take_iptc_and_xmp(Findings& out, const Exiv2::Image& image) {
  for (const auto& one : image.iptcData()) {
    const std::string value = one.toString();
    out.raw(one.key(), value);
    if (one.key() == "Iptc.Application2.Headline" || one.key() == "Iptc.Application2.ObjectName")
      out.field(field::kTitle, value);
    if (one.key() == "Iptc.Application2.Caption") out.field(field::kDescription, value);
    if (one.key() == "Iptc.Application2.Byline") out.field(field::kCreator, value);
    if (one.key() == "Iptc.Application2.Keywords") out.field(field::kKeywords, value);
    if (one.key() == "Iptc.Application2.City" || one.key() == "Iptc.Application2.CountryName")
      out.field(field::kPlace, value);
  }
  for (const auto& one : image.xmpData()) {
    if (one.size() > 4096) continue;
    const std::string key = one.key();
    std::string value = one.toString();
    if (value.starts_with("lang=")) value.erase(0, value.find(' ') == std::string::npos ? 0 : value.find(' ') + 1);
    out.raw(key, value);
    if (key == "Xmp.dc.title") out.field(field::kTitle, value);
    if (key == "Xmp.dc.description") out.field(field::kDescription, value);
    if (key == "Xmp.dc.creator") out.field(field::kCreator, value);
    if (key == "Xmp.dc.rights") out.field(field::kRights, value);
    if (key == "Xmp.photoshop.City" || key == "Xmp.photoshop.Country") out.field(field::kPlace, value);
    if (key == "Xmp.dc.subject") {
      for (long i = 0; i < std::min<long>(one.count(), 100); ++i) out.field(field::kKeywords, one.toString(i));
    }
  }
}

}  // namespace

void prepare_images() {
  Exiv2::LogMsg::setLevel(Exiv2::LogMsg::mute);
  Exiv2::XmpParser::initialize();
  Exiv2::enableBMFF(true);
}

Result<void> read_image(Job& job) {
  ATOLL_ASSIGN(const Bytes head, job.input.part(0, kHeaderBytes));
  Size size = size_of(job, head);
  const auto say_size = [&](std::uint32_t width, std::uint32_t height) {
    if (width == 0 || height == 0 || width > 1U << 24U || height > 1U << 24U || job.out.has_field(field::kWidth))
      return;
    job.out.number(field::kWidth, width);
    job.out.number(field::kHeight, height);
  };
  const bool is_bare = (job.format.id == "jxl" || job.format.id == "jp2") && !head.empty() && head[0] == 0xFF;
  const bool has_no_more = is_bare || job.format.id == "ico" || job.format.id == "gif" || job.format.id == "bmp";
  if (has_no_more) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kBeginnings{
        {{"gif", "GIF8"}, {"bmp", "BM"}, {"ico", std::string_view("\0\0", 2)}}};
    for (const auto& [id, beginning] : kBeginnings) {
      if (job.format.id == id && !as_text(head).starts_with(beginning))
        return fail(ErrorKind::damaged, "extract.malformed", "it does not begin as its format does");
    }
    say_size(size.width, size.height);
    return {};
  }
  auto bytes = job.input.whole(job.tools.limits.whole_bytes_max);
  if (!bytes) {
    say_size(size.width, size.height);
    return pass(bytes.error());
  }
  try {
    auto image = Exiv2::ImageFactory::open(bytes->data(), static_cast<long>(bytes->size()));
    image->readMetadata();
    // As shown: a picture that lies on its side says so.
    const std::string turned = text_of(image->exifData(), "Exif.Image.Orientation");
    if (size.width == 0 && image->pixelWidth() > 0 && image->pixelHeight() > 0)
      size = {static_cast<std::uint32_t>(image->pixelWidth()), static_cast<std::uint32_t>(image->pixelHeight())};
    if (job.format.id == "jpeg" && (turned == "5" || turned == "6" || turned == "7" || turned == "8"))
      std::swap(size.width, size.height);
    say_size(size.width, size.height);
    take_exif(job.out, image->exifData());
    take_iptc_and_xmp(job.out, *image);
  } catch (const Exiv2::AnyError& error) {
    say_size(size.width, size.height);
    if (size.width == 0) return fail(ErrorKind::damaged, "extract.malformed", error.what());
  }
  job.whole = std::move(*bytes);
  return {};
}

}  // namespace atl::extract
