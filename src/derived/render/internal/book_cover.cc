// Covers of books that are one file: Mobipocket (https://wiki.mobileread.com/wiki/MOBI: EXTH record 201 counts from the
// first picture, whose record stands at byte 108 of the header) and FictionBook 2 (the picture that <coverpage> names,
// a <binary> in base 64). Books without one show their first words.
// Always true: every offset of the file is checked before it is used. Complexity: linear.
#include <algorithm>

#include "derived/render/internal/draw.h"

namespace atl::render {
namespace {

constexpr std::uint32_t kCoverRecord = 201;
constexpr std::uint32_t kExtraRecordsMax = 500;

// 0 where there are no such bytes.
std::uint32_t be32(ByteView bytes, std::size_t at) {
  if (at > bytes.size() || bytes.size() - at < 4) return 0;
  return (static_cast<std::uint32_t>(bytes[at]) << 24U) | (static_cast<std::uint32_t>(bytes[at + 1]) << 16U) |
         (static_cast<std::uint32_t>(bytes[at + 2]) << 8U) | bytes[at + 3];
}

// A Palm database: how many records there are stands at byte 76, where each begins from byte 78 on.
ByteView record_of(ByteView file, std::size_t number) {
  const std::size_t count = be32(file, 76) >> 16U;
  if (number >= count) return {};
  const std::size_t begin = be32(file, 78 + 8 * number);
  const std::size_t end = number + 1 < count ? be32(file, 78 + 8 * (number + 1)) : file.size();
  return begin <= end && end <= file.size() ? file.subspan(begin, end - begin) : ByteView();
}

Bytes cover_of_mobi(ByteView file) {
  const ByteView head = record_of(file, 0);
  if (head.size() < 132 || as_text(head).substr(16, 4) != "MOBI") return {};
  const std::size_t first_picture = be32(head, 108);
  std::size_t cover = first_picture;
  const std::size_t extra = std::size_t{16} + be32(head, 20);
  if ((be32(head, 128) & 0x40U) != 0 && extra < head.size() && as_text(head).substr(extra, 4) == "EXTH") {
    std::size_t at = extra + 12;
    for (std::uint32_t i = 0; i < std::min(be32(head, extra + 8), kExtraRecordsMax) && at + 8 <= head.size(); ++i) {
      const std::size_t length = be32(head, at + 4);
      if (length < 8 || length > head.size() - at) break;
      if (be32(head, at) == kCoverRecord && length == 12) cover = first_picture + be32(head, at + 8);
      at += length;
    }
  }
  return to_bytes(record_of(file, cover));
}

// What stands between `before` and `behind` from there on; empty where it does not.
std::string_view between(std::string_view text, std::size_t from, std::string_view before, std::string_view behind) {
  const std::size_t found = text.find(before, from);
  if (found == std::string_view::npos) return {};
  const std::size_t begin = found + before.size();
  const std::size_t end = text.find(behind, begin);
  return end == std::string_view::npos ? std::string_view() : text.substr(begin, end - begin);
}

Bytes cover_of_fictionbook(std::string_view text) {
  const std::string_view page = between(text, 0, "<coverpage>", "</coverpage>");
  const std::string_view id = between(page, 0, "href=\"#", "\"");
  if (id.empty()) return {};
  for (std::size_t at = text.find("<binary"); at != std::string_view::npos; at = text.find("<binary", at + 1)) {
    const std::string_view tag = between(text, at, "<binary", ">");
    if (between(tag, 0, "id=\"", "\"") != id) continue;
    std::string letters(between(text, at + tag.size(), ">", "</binary>"));
    std::erase_if(letters, [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
    auto cover = from_base64(letters);
    return cover ? std::move(*cover) : Bytes{};
  }
  return {};
}

}  // namespace

Result<Picture> draw_book(const Drawing& drawing) {
  ATOLL_ASSIGN(const Bytes file, drawing.input.whole(kWholeBytesMax));
  const Bytes cover = drawing.format.id == "mobi" ? cover_of_mobi(file) : cover_of_fictionbook(as_text(file));
  const ByteView head = ByteView(cover).first(std::min(cover.size(), extract::kHeadBytes));
  if (!cover.empty()) {
    auto picture = draw_still_bytes(cover, extract::recognise(head, "").id, drawing.side);
    if (picture) {
      picture->original_width = picture->original_height = 0;  // of the cover, not of the book
      return picture;
    }
  }
  return draw_words(drawing);
}

}  // namespace atl::render
