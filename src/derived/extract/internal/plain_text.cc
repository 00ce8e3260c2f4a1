#include "derived/extract/internal/plain_text.h"

#include <algorithm>
#include <array>

namespace atl::extract {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr char32_t kReplacementPoint = 0xFFFD;

// The letter at `at` (RFC 3629), its length in `length`; kReplacementPoint and 1 where there is none.
char32_t point_at(std::string_view text, std::size_t at, std::size_t& length) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  length = 1;
  const char32_t first = byte(at);
  if (first < 0x80) return first;
  std::size_t more = 0;
  char32_t point = 0;
  char32_t least = 0;
  if (first >= 0xC2 && first <= 0xDF) {
    more = 1, point = first & 0x1FU, least = 0x80;
  } else if (first >= 0xE0 && first <= 0xEF) {
    more = 2, point = first & 0x0FU, least = 0x800;
  } else if (first >= 0xF0 && first <= 0xF4) {
    more = 3, point = first & 0x07U, least = 0x10000;
  } else {
    return kReplacementPoint;
  }
  if (at + more >= text.size()) return kReplacementPoint;
  for (std::size_t i = 1; i <= more; ++i) {
    if ((byte(at + i) & 0xC0U) != 0x80) return kReplacementPoint;
    point = (point << 6U) | (byte(at + i) & 0x3FU);
  }
  if (point < least || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return kReplacementPoint;
  length = more + 1;
  return point;
}

bool is_control(char32_t point) {
  return (point < 0x20 && point != '\n' && point != '\t') || (point >= 0x7F && point < 0xA0);
}

// By byte: 1 for control characters that texts do not hold.
constexpr std::array<std::uint8_t, 256> kIsControlOfNoText = [] {
  std::array<std::uint8_t, 256> is{};
  for (std::size_t byte = 0; byte < 0x20; ++byte)
    is.at(byte) = byte != '\n' && byte != '\r' && byte != '\t' && byte != '\f' && byte != 0x1B ? 1 : 0;
  return is;
}();

constexpr std::array<char16_t, 32> kWindows1252{0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD,
                                                0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178};

}  // namespace

bool is_plain_text(std::string_view text) {
  for (std::size_t at = 0, length = 0; at < text.size(); at += length) {
    const char32_t point = point_at(text, at, length);
    if (is_control(point) || (point == kReplacementPoint && length == 1)) return false;
  }
  return true;
}

std::string to_plain(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  for (std::size_t at = 0, length = 0; at < utf8.size(); at += length) {
    const char32_t point = point_at(utf8, at, length);
    if (point == '\r') {
      if (at + 1 >= utf8.size() || utf8[at + 1] != '\n') out.push_back('\n');
    } else if (point == '\f' || point == '\v' || point == 0x85) {
      out.push_back('\n');
    } else if (is_control(point) || point == 0xFEFF) {
      continue;
    } else if (point == kReplacementPoint) {
      out += kReplacement;
    } else {
      out.append(utf8, at, length);
    }
  }
  return out;
}

std::string to_line(std::string_view utf8, std::size_t bytes_max) {
  const std::string plain = to_plain(utf8.substr(0, bytes_max * 4));
  std::string out;
  for (const char c : plain) {
    if (c == ' ' || c == '\n' || c == '\t') {
      if (!out.empty() && out.back() != ' ') out.push_back(' ');
    } else {
      out.push_back(c);
    }
  }
  out.resize(cut_utf8(out, bytes_max).size());
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

void append_utf8(std::string& out, char32_t point) {
  if (point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) point = kReplacementPoint;
  const auto put = [&](char32_t value) { out.push_back(static_cast<char>(value)); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0U | (point >> 6U));
    put(0x80U | (point & 0x3FU));
  } else if (point < 0x10000) {
    put(0xE0U | (point >> 12U));
    put(0x80U | ((point >> 6U) & 0x3FU));
    put(0x80U | (point & 0x3FU));
  } else {
    put(0xF0U | (point >> 18U));
    put(0x80U | ((point >> 12U) & 0x3FU));
    put(0x80U | ((point >> 6U) & 0x3FU));
    put(0x80U | (point & 0x3FU));
  }
}

std::string from_utf16(ByteView bytes, bool is_big_endian) {
  std::string out;
  out.reserve(bytes.size() / 2);
  const auto unit = [&](std::size_t i) -> char32_t {
    const unsigned a = bytes[2 * i];
    const unsigned b = bytes[2 * i + 1];
    return is_big_endian ? (a << 8U) | b : (b << 8U) | a;
  };
  const std::size_t count = bytes.size() / 2;
  for (std::size_t i = 0; i < count; ++i) {
    char32_t point = unit(i);
    if (point >= 0xD800 && point <= 0xDBFF && i + 1 < count && unit(i + 1) >= 0xDC00 && unit(i + 1) <= 0xDFFF) {
      point = 0x10000 + ((point - 0xD800) << 10U) + (unit(i + 1) - 0xDC00);
      ++i;
    }
    append_utf8(out, point);
  }
  return out;
}

std::string from_utf32(ByteView bytes, bool is_big_endian) {
  std::string out;
  for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4) {
    char32_t point = 0;
    for (std::size_t k = 0; k < 4; ++k) point = (point << 8U) | bytes[is_big_endian ? i + k : i + 3 - k];
    append_utf8(out, point);
  }
  return out;
}

std::string from_windows_1252(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (const char c : bytes) {
    const auto value = static_cast<unsigned char>(c);
    append_utf8(out, value >= 0x80 && value < 0xA0 ? kWindows1252.at(value - 0x80U) : static_cast<char32_t>(value));
  }
  return out;
}

std::string from_character_set(std::string_view bytes, std::string_view name) {
  const std::string set = lower(trim(name));
  if (set == "utf-8" || set == "utf8" || set == "us-ascii" || set == "ascii") {
    return is_utf8(bytes) ? std::string(bytes) : guess_utf8(bytes);
  }
  if (set == "iso-8859-1" || set == "latin1" || set == "windows-1252" || set == "cp1252" || set == "iso-8859-15")
    return from_windows_1252(bytes);
  if (set == "utf-16le") return from_utf16(as_bytes(bytes), false);
  if (set == "utf-16be") return from_utf16(as_bytes(bytes), true);
  return guess_utf8(bytes);
}

std::string guess_utf8(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) return std::string(bytes.substr(3));
  if (bytes.starts_with(std::string_view("\xFF\xFE\0\0", 4))) return from_utf32(as_bytes(bytes.substr(4)), false);
  if (bytes.starts_with(std::string_view("\0\0\xFE\xFF", 4))) return from_utf32(as_bytes(bytes.substr(4)), true);
  if (bytes.starts_with("\xFF\xFE")) return from_utf16(as_bytes(bytes.substr(2)), false);
  if (bytes.starts_with("\xFE\xFF")) return from_utf16(as_bytes(bytes.substr(2)), true);
  if (is_utf8(bytes) && bytes.find('\0') == std::string_view::npos) return std::string(bytes);
  std::array<std::size_t, 2> zeros{};
  const std::size_t looked_at = std::min<std::size_t>(bytes.size(), 4096);
  for (std::size_t i = 0; i < looked_at; ++i) zeros.at(i % 2) += bytes[i] == '\0' ? 1 : 0;
  if (zeros[1] > looked_at / 4 && zeros[0] < looked_at / 32) return from_utf16(as_bytes(bytes), false);
  if (zeros[0] > looked_at / 4 && zeros[1] < looked_at / 32) return from_utf16(as_bytes(bytes), true);
  // A few bad bytes in a text that is UTF-8 otherwise do not make it another character set.
  std::size_t good = 0;
  std::size_t bad = 0;
  for (std::size_t at = 0, length = 0; at < looked_at; at += length) {
    const char32_t point = point_at(bytes, at, length);
    if (length > 1) ++good;
    if (point == kReplacementPoint && length == 1) ++bad;
  }
  return good > bad * 4 ? std::string(bytes) : from_windows_1252(bytes);
}

TextGuess guess_text(ByteView head, bool is_whole) {
  const std::string_view text = as_text(head);
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) return TextGuess::utf16;
  // These are bytes of their own in UTF-8, so nothing has to be decoded to count them: of what is no text, which most
  // of what is stored is, they say so alone.
  constexpr std::size_t kLookedAtBetween = 1024;
  std::array<std::size_t, 2> zeros{};
  std::size_t controls = 0;
  for (std::size_t at = 0; at < head.size();) {
    const std::size_t end = std::min(head.size(), at + kLookedAtBetween);
    for (; at < end; ++at) {
      zeros[at % 2] += head[at] == 0 ? 1 : 0;
      controls += kIsControlOfNoText[head[at]];
    }
    if (zeros[0] > 0 && zeros[1] > 0) return TextGuess::binary;  // no UTF-16, whatever follows
  }
  const std::size_t half = text.size() / 2;
  if (half >= 4 && ((zeros[1] > half * 7 / 10 && zeros[0] == 0) || (zeros[0] > half * 7 / 10 && zeros[1] == 0)))
    return controls == zeros[0] + zeros[1] ? TextGuess::utf16 : TextGuess::binary;
  if (zeros[0] + zeros[1] > 0 || controls > text.size() / 200) return TextGuess::binary;
  std::size_t broken = 0;
  for (std::size_t at = 0, length = 0; at < text.size(); at += length) {
    const char32_t point = point_at(text, at, length);
    // The last letter may be cut off where the head ends.
    if (point == kReplacementPoint && length == 1 && (is_whole || at + 4 < text.size())) ++broken;
  }
  if (broken == 0) return TextGuess::utf8;
  return broken < text.size() / 3 ? TextGuess::legacy : TextGuess::binary;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

bool starts_with_nocase(std::string_view text, std::string_view lower_prefix) {
  return text.size() >= lower_prefix.size() && lower(text.substr(0, lower_prefix.size())) == lower_prefix;
}

std::string_view cut_utf8(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace atl::extract
