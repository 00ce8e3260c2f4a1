// Pictures: their parts, walked to the end.
#include <algorithm>
#include <array>

#include "derived/extract/internal/wholeness.h"
#include "foundation/codec/crc.h"

namespace atl::extract {
namespace {

using Verdict = std::optional<std::string>;

constexpr int kPartsMax = 1'000'000;

bool is_letter(std::uint8_t c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// RFC 2083, 3.2 and 3.4: chunks with a checksum each, to IEND. A wrong one is an error where the chunk has to be
// understood; others are passed over by who reads it, too.
Verdict png(Parts& parts) {
  std::uint64_t at = 8;
  for (int count = 0; count < kPartsMax; ++count) {
    if (!parts.has(at, 12)) return cut_off("the mark of its end is missing");
    const std::uint64_t length = parts.big(at, 4);
    const std::string type(as_text(parts.at(at + 4, 4)));
    if (!std::ranges::all_of(as_bytes(type), is_letter)) return damaged_because("one of its parts has no name");
    if (!parts.has(at + 8, length + 4)) return cut_off("its part \"" + type + "\" is longer than what is there");
    const bool is_needed = type[0] >= 'A' && type[0] <= 'Z';
    if (is_needed) {
      std::uint32_t sum = 0;
      for (std::uint64_t done = 0; done < length + 4;) {
        const ByteView piece = parts.at(
            at + 4 + done, static_cast<std::size_t>(std::min<std::uint64_t>(Parts::kWindowBytes, length + 4 - done)));
        if (piece.empty()) return std::nullopt;
        sum = codec::crc32(piece, sum);
        done += piece.size();
      }
      if (sum != parts.big(at + 8 + length, 4))
        return damaged_because("the checksum of its part \"" + type + "\" is wrong");
    }
    if (type == "IEND") return std::nullopt;
    at += 12 + length;
  }
  return std::nullopt;
}

// ITU T.81, B.1.1: markers, and between them segments with a length or coded data without. Whoever reads one looks for
// the next marker where there should be one, and so is done here.
Verdict jpeg(Parts& parts) {
  std::uint64_t at = 2;
  while (at < parts.size()) {
    const ByteView piece = parts.from(at);
    const auto mark = std::ranges::find(piece, std::uint8_t{0xFF});
    at += static_cast<std::uint64_t>(mark - piece.begin());
    if (mark == piece.end()) {
      if (piece.empty()) return std::nullopt;
      continue;
    }
    if (!parts.has(at, 2)) break;
    const std::uint64_t code = parts.big(at + 1, 1);
    if (code == 0xD9) return std::nullopt;
    if (code == 0xFF) {  // filled up
      ++at;
      continue;
    }
    at += 2;
    const bool stands_alone = code <= 0x01 || (code >= 0xD0 && code <= 0xD8);
    if (stands_alone) continue;
    const std::uint64_t length = parts.big(at, 2);
    if (length < 2) continue;
    if (!parts.has(at, length)) break;
    at += length;
  }
  return cut_off("the mark of its end is missing");
}

// GIF89a, 15 to 27. The mark at the end is left away by some programs, and not missed by others.
Verdict gif(Parts& parts) {
  const auto table_bytes = [](std::uint64_t flags) -> std::uint64_t {
    return (flags & 0x80U) == 0 ? 0 : 3ULL << ((flags & 7U) + 1);
  };
  if (!parts.has(0, 13)) return cut_off("its head is not there to its end");
  std::uint64_t at = 13 + table_bytes(parts.big(10, 1));
  bool has_picture = false;
  while (parts.has(at, 1)) {
    const std::uint64_t kind = parts.big(at, 1);
    if (kind == 0x3B) return std::nullopt;
    if (kind == 0x2C) {
      at += 10 + table_bytes(parts.big(at + 9, 1)) + 1;
    } else if (kind == 0x21) {
      at += 2;
    } else {
      if (has_picture) return std::nullopt;
      return damaged_because("one of its parts has no name");
    }
    for (;;) {
      if (!parts.has(at, 1)) return cut_off("one of its pictures is not there to its end");
      const std::uint64_t length = parts.big(at, 1);
      at += 1 + length;
      if (length == 0) break;
    }
    has_picture = has_picture || kind == 0x2C;
  }
  if (has_picture && at <= parts.size()) return std::nullopt;
  return cut_off("there is no picture in it");
}

// [MS-WMF] 2.2.2: rows of pixels, each a multiple of four bytes long.
Verdict bmp(Parts& parts) {
  if (as_text(parts.at(0, 2)) != "BM") return std::nullopt;
  const std::uint64_t header = parts.little(14, 4);
  const bool is_old = header == 12;
  if (!parts.has(0, is_old ? 26 : 54)) return cut_off("its head is not there to its end");
  const std::uint64_t pixels_at = parts.little(10, 4);
  const std::uint64_t width = is_old ? parts.little(18, 2) : parts.little(18, 4);
  const auto signed_height = static_cast<std::int32_t>(parts.little(22, 4));
  const std::uint64_t height = is_old              ? parts.little(20, 2)
                               : signed_height < 0 ? 0U - static_cast<std::uint32_t>(signed_height)
                                                   : static_cast<std::uint32_t>(signed_height);
  const std::uint64_t bits = is_old ? parts.little(24, 2) : parts.little(28, 2);
  const std::uint64_t compression = is_old ? 0 : parts.little(30, 4);
  if (width > (1U << 24U) || height > (1U << 24U) || bits > 32) return std::nullopt;
  const bool is_plain = compression == 0 || compression == 3 || compression == 6;
  const std::uint64_t row = (width * bits + 31) / 32 * 4;
  // The last row is not always filled up.
  const std::uint64_t least =
      is_plain ? (height == 0 ? 0 : row * (height - 1) + (width * bits + 7) / 8) : parts.little(34, 4);
  if (!parts.has(pixels_at, least)) return cut_off("not all of its pixels are there");
  return std::nullopt;
}

// Each picture in an icon says where it lies.
Verdict icon(Parts& parts) {
  const std::uint64_t count = parts.little(4, 2);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t at = 6 + 16 * i;
    if (!parts.has(at, 16)) return cut_off("the list of its pictures is not there to its end");
    const std::uint64_t length = parts.little(at + 8, 4);
    const std::uint64_t offset = parts.little(at + 12, 4);
    if (!parts.has(offset, length)) return cut_off("one of its pictures is not there to its end");
  }
  return std::nullopt;
}

// Adobe Photoshop File Formats Specification: four lengths, then the pixels.
Verdict photoshop(Parts& parts) {
  const bool is_large = parts.big(4, 2) == 2;
  std::uint64_t at = 26;
  for (const std::size_t length_bytes : {std::size_t{4}, std::size_t{4}, is_large ? std::size_t{8} : std::size_t{4}}) {
    if (!parts.has(at, length_bytes)) return cut_off("its layers are missing");
    const std::uint64_t length = parts.big(at, length_bytes);
    if (!parts.has(at + length_bytes, length)) return cut_off("its layers are not there to their end");
    at += length_bytes + length;
  }
  return std::nullopt;
}

// TIFF 6.0, section 2, and BigTIFF: directories, each with strips or tiles and where these lie.
class Tiff {
 public:
  explicit Tiff(Parts& parts) : parts_(&parts) {}

  Verdict check() {
    is_big_endian_ = as_text(parts_->at(0, 2)) == "MM";
    const std::uint64_t version = number(2, 2);
    if (version != 42 && version != 43) return std::nullopt;
    is_large_ = version == 43;
    return chain(is_large_ ? number(8, 8) : number(4, 4), 0);
  }

 private:
  struct Values {
    std::uint64_t at = 0;
    std::uint64_t count = 0;
    std::size_t each = 0;
  };
  static constexpr std::uint64_t kValuesMax = 1'000'000;
  static constexpr int kDirectoriesMax = 10'000;
  static constexpr std::uint64_t kTagOfTiffMax = 532;

  std::uint64_t number(std::uint64_t at, std::size_t count) {
    return is_big_endian_ ? parts_->big(at, count) : parts_->little(at, count);
  }
  std::uint64_t value(const Values& values, std::uint64_t index) {
    return number(values.at + index * values.each, values.each);
  }

  bool has_value(std::uint64_t entry) {
    constexpr std::array<std::uint64_t, 19> kBytes{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};
    const std::uint64_t type = number(entry + 2, 2);
    const std::uint64_t count = number(entry + 4, is_large_ ? 8 : 4);
    if (type >= kBytes.size() || count > UINT32_MAX) return true;
    const std::uint64_t bytes = count * kBytes.at(static_cast<std::size_t>(type));
    const std::size_t inline_bytes = is_large_ ? 8 : 4;
    return bytes <= inline_bytes || parts_->has(number(entry + (is_large_ ? 12 : 8), inline_bytes), bytes);
  }

  // None where its type is not a whole number without a sign.
  std::optional<Values> values_of(std::uint64_t entry) {
    Values values;
    switch (number(entry + 2, 2)) {
      case 3: values.each = 2; break;
      case 4:
      case 13: values.each = 4; break;
      case 16:
      case 18: values.each = 8; break;
      default: return std::nullopt;
    }
    values.count = number(entry + 4, is_large_ ? 8 : 4);
    if (values.count > kValuesMax) return std::nullopt;
    const std::uint64_t inline_bytes = is_large_ ? 8 : 4;
    const std::uint64_t value_at = entry + (is_large_ ? 12 : 8);
    values.at = values.count * values.each <= inline_bytes ? value_at : number(value_at, inline_bytes);
    return values;
  }

  Verdict chain(std::uint64_t at, int depth) {
    while (at != 0 && ++directories_ < kDirectoriesMax) {
      const std::size_t count_bytes = is_large_ ? 8 : 2;
      const std::uint64_t entry_bytes = is_large_ ? 20 : 12;
      const std::uint64_t next_bytes = is_large_ ? 8 : 4;
      if (!parts_->has(at, count_bytes)) return cut_off("the list of its parts is missing");
      const std::uint64_t count = number(at, count_bytes);
      if (count > kValuesMax || !parts_->has(at + count_bytes, count * entry_bytes))
        return cut_off("the list of its parts is not there to its end");
      std::optional<Values> offsets, lengths;
      for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t entry = at + count_bytes + i * entry_bytes;
        const std::uint64_t tag = number(entry, 2);
        // Those that TIFF itself names: others may be of somebody who moved them.
        if (tag <= kTagOfTiffMax && !has_value(entry)) return cut_off("what it says about itself is missing");
        if (tag == 273 || tag == 324) offsets = values_of(entry);
        if (tag == 279 || tag == 325) lengths = values_of(entry);
        if (tag == 330 && depth < 4) {
          const auto below = values_of(entry);
          for (std::uint64_t one = 0; below && one < std::min<std::uint64_t>(below->count, 100); ++one) {
            if (auto why = chain(value(*below, one), depth + 1)) return why;
          }
        }
      }
      if (offsets && lengths) {
        if (auto why = strips(*offsets, *lengths)) return why;
      }
      const std::uint64_t next_at = at + count_bytes + count * entry_bytes;
      // Some programs leave it away where it is the last.
      at = parts_->has(next_at, next_bytes) ? number(next_at, static_cast<std::size_t>(next_bytes)) : 0;
      if (depth > 0) break;
    }
    return std::nullopt;
  }

  Verdict strips(const Values& offsets, const Values& lengths) {
    for (const Values& values : {offsets, lengths}) {
      if (!parts_->has(values.at, values.count * values.each)) return cut_off("the list of its parts is missing");
    }
    for (std::uint64_t i = 0; i < std::min(offsets.count, lengths.count); ++i) {
      const std::uint64_t offset = value(offsets, i);
      const std::uint64_t length = value(lengths, i);
      if (offset == 0 || length == 0) continue;  // a hole
      if (!parts_->has(offset, length)) return cut_off("not all of its pixels are there");
    }
    return std::nullopt;
  }

  Parts* parts_;
  bool is_big_endian_ = false;
  bool is_large_ = false;
  int directories_ = 0;
};

}  // namespace

std::optional<std::string> why_picture_not_whole(Input& input, std::string_view format_id) {
  Parts parts(input);
  if (format_id == "png") return png(parts);
  if (format_id == "jpeg") return jpeg(parts);
  if (format_id == "gif") return gif(parts);
  if (format_id == "bmp") return bmp(parts);
  if (format_id == "ico") return icon(parts);
  if (format_id == "psd") return photoshop(parts);
  // Makers of cameras have ideas of their own about the other raw formats.
  if (format_id == "tiff" || format_id == "dng") return Tiff(parts).check();
  return std::nullopt;
}

}  // namespace atl::extract
