// Mobipocket and older Kindle books: a Palm database of records (https://wiki.mobileread.com/wiki/MOBI), text packed by
// PalmDoc's own compression or not at all. Books packed with Huffman tables or locked give their header alone.
#include <algorithm>

#include "derived/extract/internal/markup.h"
#include "derived/extract/internal/plain_text.h"
#include "derived/extract/internal/readers.h"

namespace atl::extract {
namespace {

std::uint32_t be32(ByteView bytes, std::size_t at) {
  if (at > bytes.size() || bytes.size() - at < 4) return 0;
  return (static_cast<std::uint32_t>(bytes[at]) << 24U) | (static_cast<std::uint32_t>(bytes[at + 1]) << 16U) |
         (static_cast<std::uint32_t>(bytes[at + 2]) << 8U) | bytes[at + 3];
}
std::uint32_t be16(ByteView bytes, std::size_t at) {
  return at > bytes.size() || bytes.size() - at < 2 ? 0U
                                                    : (static_cast<std::uint32_t>(bytes[at]) << 8U) | bytes[at + 1];
}

// A byte is a letter, a run of letters, a space and a letter, or the first of a pointer back.
std::string unpack_palmdoc(ByteView packed) {
  constexpr std::size_t kRecordBytesMax = 16384;  // 4096 in practice
  std::string out;
  for (std::size_t i = 0; i < packed.size() && out.size() < kRecordBytesMax;) {
    const std::uint8_t byte = packed[i++];
    if (byte >= 1 && byte <= 8) {
      for (std::uint8_t k = 0; k < byte && i < packed.size(); ++k) out.push_back(static_cast<char>(packed[i++]));
    } else if (byte < 0x80) {
      out.push_back(static_cast<char>(byte));
    } else if (byte >= 0xC0) {
      out.push_back(' ');
      out.push_back(static_cast<char>(byte ^ 0x80U));
    } else if (i < packed.size()) {
      const unsigned pair = (static_cast<unsigned>(byte) << 8U) | packed[i++];
      const std::size_t distance = (pair >> 3U) & 0x7FFU;
      const std::size_t length = (pair & 7U) + 3;
      if (distance == 0 || distance > out.size()) continue;
      for (std::size_t k = 0; k < length; ++k) out.push_back(out[out.size() - distance]);
    }
  }
  return out;
}

// What stands behind the text of a record: sizes counted from its end, seven bits a byte.
std::size_t trailing_bytes(ByteView record, std::uint32_t flags) {
  std::size_t total = 0;
  for (unsigned bit = 15; bit >= 1; --bit) {
    if ((flags & (1U << bit)) == 0) continue;
    std::size_t size = 0;
    for (std::size_t k = 0; k < 4 && total + k < record.size(); ++k) {
      const std::uint8_t byte = record[record.size() - total - 1 - k];
      size |= static_cast<std::size_t>(byte & 0x7FU) << (7 * k);
      if ((byte & 0x80U) != 0) break;
    }
    total = std::min(record.size(), total + size);
  }
  if ((flags & 1U) != 0 && total < record.size()) total += (record[record.size() - total - 1] & 3U) + 1U;
  return std::min(total, record.size());
}

}  // namespace

Result<void> read_mobi(Job& job) {
  ATOLL_ASSIGN(const Bytes bytes, job.input.whole(job.tools.limits.whole_bytes_max));
  const ByteView all = bytes;
  const std::size_t records = be16(all, 76);
  const auto record = [&](std::size_t i) -> ByteView {
    if (i >= records) return {};
    const std::size_t begin = be32(all, 78 + 8 * i);
    const std::size_t end = i + 1 < records ? be32(all, 78 + 8 * (i + 1)) : all.size();
    return begin <= end && end <= all.size() ? all.subspan(begin, end - begin) : ByteView();
  };
  const ByteView head = record(0);
  if (head.size() < 132 || as_text(head).substr(16, 4) != "MOBI")
    return fail(ErrorKind::damaged, "extract.malformed", "its header is damaged");
  const bool is_utf8_text = be32(head, 28) == 65001;
  const auto text_of = [&](std::string_view raw) { return is_utf8_text ? std::string(raw) : from_windows_1252(raw); };
  const std::size_t name_at = be32(head, 84);
  const std::size_t name_length = be32(head, 88);
  if (name_at < head.size()) job.out.field(field::kTitle, text_of(as_text(head).substr(name_at, name_length)));
  const std::size_t header_length = be32(head, 20);
  const std::size_t exth = 16 + header_length;
  if ((be32(head, 128) & 0x40U) != 0 && exth < head.size() && as_text(head).substr(exth, 4) == "EXTH") {
    std::size_t at = exth + 12;
    for (std::uint32_t i = 0; i < std::min<std::uint32_t>(be32(head, exth + 8), 500) && at + 8 <= head.size(); ++i) {
      const std::uint32_t kind = be32(head, at);
      const std::size_t length = be32(head, at + 4);
      if (length < 8 || length > head.size() - at) break;
      const std::string value = text_of(as_text(head).substr(at + 8, length - 8));
      if (kind == 100) job.out.field(field::kCreator, value);
      if (kind == 101) job.out.field(field::kPublisher, value);
      if (kind == 103) job.out.field(field::kDescription, value);
      if (kind == 104) job.out.field(field::kIdentifier, value);
      if (kind == 105) job.out.field(field::kSubject, value);
      if (kind == 106) job.out.field(field::kCreated, value);
      if (kind == 503) job.out.field(field::kTitle, value);
      if (kind == 524) job.out.field(field::kLanguage, value);
      at += length;
    }
  }
  if (be16(head, 12) != 0) return fail(ErrorKind::failed, "extract.encrypted", "it is locked to a reader's device");
  const std::uint32_t compression = be16(head, 0);
  if (compression != 1 && compression != 2)
    return fail(ErrorKind::unsupported, "extract.unsupported", "its text is packed in a way that is not read here");
  const std::size_t text_records = be16(head, 8);
  const std::uint32_t flags = header_length >= 228 ? be16(head, 242) : 0;
  std::string html;
  for (std::size_t i = 1; i <= text_records && html.size() < job.out.budget().text_bytes * 2; ++i) {
    const ByteView one = record(i);
    const ByteView packed = one.first(one.size() - trailing_bytes(one, flags));
    html += compression == 2 ? unpack_palmdoc(packed) : std::string(as_text(packed));
  }
  const std::string source = text_of(html);
  MarkupReader in(source, true);
  std::string text;
  for (auto kind = in.next(); kind != MarkupReader::Kind::end; kind = in.next()) {
    if (kind == MarkupReader::Kind::text) {
      text += in.text();
    } else if (in.name() == "p" || in.name() == "br" || in.name() == "div" || in.name() == "h1" || in.name() == "h2") {
      text += "\n";
    }
  }
  job.out.text(text);
  return {};
}

}  // namespace atl::extract
