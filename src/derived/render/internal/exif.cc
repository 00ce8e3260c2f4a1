#include "derived/render/internal/exif.h"

#include <algorithm>

namespace atl::render {
namespace {

constexpr std::uint16_t kOrientationTag = 274;
constexpr std::string_view kExif("Exif\0\0", 6);

std::uint32_t number_at(ByteView bytes, std::size_t offset, std::size_t count, bool is_big_endian) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8U | bytes[offset + (is_big_endian ? i : count - 1 - i)];
  return value;
}

// Calls with marker and payload of each segment before the picture's data, until it answers true.
template <class Visit>
void for_each_segment(ByteView file, const Visit& visit) {
  std::size_t at = 2;
  while (at + 4 <= file.size() && file[at] == 0xFF) {
    const std::uint8_t marker = file[at + 1];
    if (marker == 0xFF) {  // padding
      ++at;
      continue;
    }
    if (marker == 0xDA || marker == 0xD9) return;
    const std::size_t length = number_at(file, at + 2, 2, true);
    if (length < 2 || at + 2 + length > file.size()) return;
    if (visit(marker, file.subspan(at + 4, length - 2))) return;
    at += 2 + length;
  }
}

bool begins(ByteView bytes, std::string_view with) { return as_text(bytes).starts_with(with); }

Orientation orientation_in_png(ByteView file) {
  std::size_t at = 8;
  while (at + 12 <= file.size()) {
    const std::size_t length = number_at(file, at, 4, true);
    if (length > file.size() - at - 12) return 1;
    if (as_text(file.subspan(at + 4, 4)) == "eXIf") return orientation_in_tiff(file.subspan(at + 8, length));
    at += 12 + length;
  }
  return 1;
}

Orientation orientation_in_webp(ByteView file) {
  std::size_t at = 12;
  while (at + 8 <= file.size()) {
    const std::size_t length = number_at(file, at + 4, 4, false);
    if (length > file.size() - at - 8) return 1;
    if (as_text(file.subspan(at, 4)) == "EXIF") {
      const ByteView block = file.subspan(at + 8, length);
      return orientation_in_tiff(begins(block, kExif) ? block.subspan(kExif.size()) : block);
    }
    at += 8 + length + length % 2;
  }
  return 1;
}

}  // namespace

Orientation orientation_in_tiff(ByteView tiff) {
  const bool is_big_endian = begins(tiff, std::string_view("MM\0\x2A", 4));
  if (!is_big_endian && !begins(tiff, std::string_view("II\x2A\0", 4))) return 1;
  if (tiff.size() < 8) return 1;
  const std::size_t directory = number_at(tiff, 4, 4, is_big_endian);
  if (directory > tiff.size() || tiff.size() - directory < 2) return 1;
  const std::size_t count = number_at(tiff, directory, 2, is_big_endian);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t entry = directory + 2 + i * 12;
    if (entry + 12 > tiff.size()) return 1;
    if (number_at(tiff, entry, 2, is_big_endian) != kOrientationTag) continue;
    const std::uint32_t value = number_at(tiff, entry + 8, 2, is_big_endian);
    return value >= 1 && value <= 8 ? static_cast<Orientation>(value) : Orientation{1};
  }
  return 1;
}

Orientation orientation_of(ByteView file) {
  if (begins(file, "\x89PNG\r\n\x1A\n")) return orientation_in_png(file);
  if (begins(file, "RIFF") && file.size() >= 12) return orientation_in_webp(file);
  if (!begins(file, "\xFF\xD8")) return orientation_in_tiff(file);
  Orientation orientation = 1;
  for_each_segment(file, [&](std::uint8_t marker, ByteView payload) {
    if (marker != 0xE1 || !begins(payload, kExif)) return false;
    orientation = orientation_in_tiff(payload.subspan(kExif.size()));
    return true;
  });
  return orientation;
}

std::optional<Dimensions> jpeg_size(ByteView file) {
  std::optional<Dimensions> size;
  if (!begins(file, "\xFF\xD8")) return size;
  for_each_segment(file, [&](std::uint8_t marker, ByteView payload) {
    const bool is_frame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (!is_frame || payload.size() < 5) return false;
    size = Dimensions{number_at(payload, 3, 2, true), number_at(payload, 1, 2, true)};
    return true;
  });
  return size;
}

}  // namespace atl::render
