#include "derived/extract/internal/wholeness.h"

#include <algorithm>
#include <array>
#include <bit>

namespace atl::extract {
namespace {

using Verdict = std::optional<std::string>;

constexpr int kPartsMax = 1'000'000;
// Lengths that programs write which do not know yet how long it gets, and never come back.
constexpr std::uint64_t kNeverFilledIn = 0x7FFFFF00;

// As names of parts are made; what stands behind the last part mostly is not.
bool is_name(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ' || c == '_' ||
           c == '-' || c == '\xA9';
  });
}

// ISO 14496-12, 4.2: the outermost boxes.
Verdict boxes(Parts& parts, bool is_film) {
  bool has_content = false;
  bool has_index = false;
  std::uint64_t at = 0;
  for (int count = 0; count < kPartsMax && parts.has(at, 8); ++count) {
    const std::string type(as_text(parts.at(at + 4, 4)));
    // What stands behind the last box is no box.
    if (!is_name(type) && count > 0) break;
    std::uint64_t length = parts.big(at, 4);
    std::uint64_t header = 8;
    if (length == 1) {
      length = parts.big(at + 8, 8);
      header = 16;
    } else if (length == 0) {
      length = parts.size() - at;
    }
    if (length < header) break;
    has_content = has_content || type == "mdat";
    has_index = has_index || type == "moov" || type == "moof";
    if (!parts.has(at, length)) return cut_off("its part \"" + type + "\" is longer than what is there");
    at += length;
  }
  if (is_film && has_content && !has_index) return cut_off("the index of its pictures and sound is missing");
  return std::nullopt;
}

// Microsoft's RIFF; of films as long as they like, several of them one after the other.
Verdict riff(Parts& parts) {
  for (std::uint64_t at = 0; parts.has(at, 12) && as_text(parts.at(at, 4)) == "RIFF";) {
    const std::uint64_t length = parts.little(at + 4, 4);
    if (length == 0 || length >= kNeverFilledIn) break;
    // An odd one may lack the byte that makes it even.
    if (!parts.has(at, 8 + length - (length & 1U))) return cut_off("it says that it is longer than it is");
    at += 8 + length + (length & 1U);
  }
  return std::nullopt;
}

// WAVE and AIFF: of the outermost length programs have several opinions, of that of the sound they do not.
Verdict sound_chunks(Parts& parts, std::string_view sound, bool is_big_endian) {
  std::uint64_t at = 12;
  for (int count = 0; count < kPartsMax && parts.has(at, 8); ++count) {
    const std::string type(as_text(parts.at(at, 4)));
    const std::uint64_t length = is_big_endian ? parts.big(at + 4, 4) : parts.little(at + 4, 4);
    if (type == sound) {
      if (length < kNeverFilledIn && !parts.has(at + 8, length - (length & 1U)))
        return cut_off("not all of its sound is there");
      return std::nullopt;
    }
    if (!is_name(type)) return std::nullopt;
    at += 8 + length + (length & 1U);
  }
  return std::nullopt;
}

// RFC 3533, 6: whether the last page is there to its end.
Verdict ogg(Parts& parts) {
  const std::uint64_t tail_at = parts.size() > Parts::kWindowBytes ? parts.size() - Parts::kWindowBytes : 0;
  const std::string tail(as_text(parts.at(tail_at, Parts::kWindowBytes)));
  const std::size_t last = tail.rfind("OggS");
  if (last == std::string::npos) return std::nullopt;
  const std::uint64_t at = tail_at + last;
  constexpr std::uint64_t kHeaderBytes = 27;
  const std::uint64_t segments = parts.has(at, kHeaderBytes) ? parts.big(at + 26, 1) : 0;
  std::uint64_t length = kHeaderBytes + segments;
  if (parts.has(at, length)) {
    for (std::uint64_t i = 0; i < segments; ++i) length += parts.big(at + kHeaderBytes + i, 1);
  }
  if (!parts.has(at, length)) return cut_off("its last page is not there to its end");
  return std::nullopt;
}

// RFC 8794: the one segment, where it says how long it is.
Verdict matroska(Parts& parts) {
  std::uint64_t at = 0;
  for (int count = 0; count < 16 && parts.has(at, 12); ++count) {
    const auto id_length = static_cast<std::size_t>(std::countl_zero(static_cast<std::uint8_t>(parts.big(at, 1)))) + 1;
    if (id_length > 4) break;
    const auto first = static_cast<std::uint8_t>(parts.big(at + id_length, 1));
    if (first == 0) break;
    const auto length_length = static_cast<std::size_t>(std::countl_zero(first)) + 1;
    const std::uint64_t mask = (1ULL << (7 * length_length)) - 1;
    const std::uint64_t length = parts.big(at + id_length, length_length) & mask;
    const std::uint64_t begin = at + id_length + length_length;
    if (length == mask) break;  // a stream
    if (!parts.has(begin, length)) return cut_off("it says that it is longer than it is");
    at = begin + length;
  }
  return std::nullopt;
}

// APPNOTE.TXT 4.3.16: the list of members is at the end, and the end of that list says how long it is.
Verdict zip(Parts& parts, Input& input) {
  const std::string_view head = as_text(parts.at(0, 4));
  if (head != "PK\x03\x04") return std::nullopt;
  constexpr std::uint64_t kRecordBytes = 22;
  constexpr std::uint64_t kTailBytes = 2 * 65'536;  // behind the record is a comment, and sometimes more
  const std::uint64_t tail_at = parts.size() > kTailBytes ? parts.size() - kTailBytes : 0;
  const auto tail = input.part(tail_at, static_cast<std::size_t>(kTailBytes));
  if (!tail) return std::nullopt;
  const std::size_t record = as_text(*tail).rfind("PK\x05\x06");
  const std::uint64_t record_at = tail_at + record;
  if (record == std::string_view::npos || !parts.has(record_at, kRecordBytes))
    return cut_off("the list of what is in it is missing");
  const std::uint64_t list_bytes = parts.little(record_at + 12, 4);
  if (list_bytes != UINT32_MAX && list_bytes > record_at)
    return cut_off("the list of what is in it is longer than what is there");
  return std::nullopt;
}

bool is_pdf_object(std::string_view text, std::size_t at) {
  // "12 0 obj", and not "endobj": digits, a space, digits, a space before it.
  const auto digits_before = [&](std::size_t end) {
    std::size_t begin = end;
    while (begin > 0 && end - begin < 10 && text[begin - 1] >= '0' && text[begin - 1] <= '9') --begin;
    return begin;
  };
  if (at == 0 || text[at - 1] != ' ') return false;
  const std::size_t generation = digits_before(at - 1);
  if (generation == at - 1 || generation == 0 || text[generation - 1] != ' ') return false;
  return digits_before(generation - 1) < generation - 1;
}

// ISO 32000-1, 7.5.5: the end of the file is marked, also of each part that was added to it later. Between the last
// mark and the end may be anything but objects.
Verdict pdf(Input& input) {
  constexpr std::size_t kPieceBytes = 1U << 20U;
  constexpr std::size_t kOverlapBytes = 64;
  bool has_mark = false;
  bool has_object_behind = false;
  std::uint64_t last_mark = 0;
  for (std::uint64_t begin = 0; begin < input.size();) {
    const auto piece = input.part(begin, kPieceBytes + kOverlapBytes);
    if (!piece || piece->empty()) return std::nullopt;
    const std::string_view text = as_text(*piece);
    for (std::size_t at = 0; (at = text.find("%%EOF", at)) != std::string_view::npos; ++at) {
      has_mark = true;
      last_mark = begin + at;
      has_object_behind = false;
    }
    for (std::size_t at = text.rfind("obj"); at != std::string_view::npos && at > 0; at = text.rfind("obj", at - 1)) {
      if (has_mark && begin + at < last_mark) break;
      if (is_pdf_object(text, at)) {
        has_object_behind = true;
        break;
      }
    }
    begin += kPieceBytes;
  }
  if (has_mark && !has_object_behind) return std::nullopt;
  // Some programs leave the mark away, and none but the mark.
  const std::uint64_t tail_at = input.size() > 1024 ? input.size() - 1024 : 0;
  const auto tail = input.part(tail_at, 1024);
  if (tail && as_text(*tail).find("startxref") != std::string_view::npos) return std::nullopt;
  return cut_off("the list of its objects, which stands at the end, is missing");
}

// https://www.sqlite.org/fileformat2.html, 1.3: the pages, where the header is of the same change as they are.
Verdict sqlite(Parts& parts) {
  if (!parts.has(0, 100) || parts.big(24, 4) != parts.big(92, 4)) return std::nullopt;
  const std::uint64_t page = parts.big(16, 2) == 1 ? 65'536 : parts.big(16, 2);
  const std::uint64_t pages = parts.big(28, 4);
  if (!parts.has(0, page * pages)) return cut_off("it has fewer pages than it says");
  return std::nullopt;
}

bool is_one_of(std::string_view id, std::initializer_list<std::string_view> ids) {
  return std::ranges::find(ids, id) != ids.end();
}

}  // namespace

ByteView Parts::at(std::uint64_t offset, std::size_t count) {
  count =
      static_cast<std::size_t>(std::min<std::uint64_t>({count, kWindowBytes, offset >= size() ? 0 : size() - offset}));
  if (offset < begin_ || offset - begin_ + count > window_.size()) {
    auto read = input_->part(offset, kWindowBytes);
    window_ = read ? std::move(*read) : Bytes();
    begin_ = offset;
  }
  const std::size_t inside = static_cast<std::size_t>(offset - begin_);
  if (inside >= window_.size()) return {};
  return ByteView(window_).subspan(inside, std::min(count, window_.size() - inside));
}

ByteView Parts::from(std::uint64_t offset) {
  const bool is_at_hand = offset >= begin_ && offset - begin_ < window_.size();
  return is_at_hand ? ByteView(window_).subspan(static_cast<std::size_t>(offset - begin_)) : at(offset, kWindowBytes);
}

std::uint64_t Parts::big(std::uint64_t offset, std::size_t count) {
  const ByteView bytes = at(offset, count);
  if (bytes.size() < count) return 0;
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = (value << 8U) | byte;
  return value;
}

std::uint64_t Parts::little(std::uint64_t offset, std::size_t count) {
  const ByteView bytes = at(offset, count);
  if (bytes.size() < count) return 0;
  std::uint64_t value = 0;
  for (std::size_t i = count; i > 0; --i) value = (value << 8U) | bytes[i - 1];
  return value;
}

std::string cut_off(std::string_view what_is_missing) { return "It is cut off: " + std::string(what_is_missing) + "."; }

std::string damaged_because(std::string_view what_is_wrong) {
  return "It is damaged: " + std::string(what_is_wrong) + ".";
}

std::optional<std::string> why_not_whole(Input& input, const Format& format) {
  const std::string_view id = format.id;
  Parts parts(input);
  if (is_one_of(id, {"heic", "heif", "avif", "cr3"})) return boxes(parts, false);
  if (is_one_of(id, {"jp2", "jxl"})) return parts.big(0, 1) == 0xFF ? std::nullopt : boxes(parts, false);
  if (is_one_of(id, {"mp4", "mov", "3gp", "m4a"})) return boxes(parts, true);
  if (is_one_of(id, {"webp", "avi"})) return riff(parts);
  if (id == "wav" && as_text(parts.at(0, 4)) == "RIFF") return sound_chunks(parts, "data", false);
  if (id == "aiff") return sound_chunks(parts, "SSND", true);
  if (is_one_of(id, {"ogg", "ogv"})) return ogg(parts);
  if (is_one_of(id, {"mkv", "webm"})) return matroska(parts);
  if (is_one_of(id, {"zip", "jar", "docx", "xlsx", "pptx", "odt", "ods", "odp", "odg", "epub", "3mf"}))
    return zip(parts, input);
  if (id == "pdf") return pdf(input);
  if (id == "sqlite") return sqlite(parts);
  if (format.group == "image") return why_picture_not_whole(input, id);
  return std::nullopt;
}

}  // namespace atl::extract
