#include "foundation/base/bytes.h"

#include <algorithm>
#include <array>

namespace atl {

std::strong_ordering compare(ByteView a, ByteView b) {
  const std::size_t common = std::min(a.size(), b.size());
  if (common > 0) {
    const int order = std::memcmp(a.data(), b.data(), common);
    if (order != 0) return order < 0 ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  return a.size() <=> b.size();
}

void Buffer::resize(std::size_t size) {
  if (size > capacity_) {
    const std::size_t grown = std::max(size, capacity_ + capacity_ / 2);
    std::unique_ptr<std::uint8_t[]> fresh(new std::uint8_t[grown]);  // NOLINT(cppcoreguidelines-avoid-c-arrays)
    if (size_ > 0) std::memcpy(fresh.get(), data_.get(), size_);
    data_ = std::move(fresh);
    capacity_ = grown;
  }
  size_ = size;
}

void Buffer::append(ByteView bytes) {
  if (bytes.empty()) return;
  const std::size_t at = size_;
  resize(size_ + bytes.size());
  std::memcpy(data_.get() + at, bytes.data(), bytes.size());
}

Result<ByteView> ByteReader::get_bytes(std::size_t count) {
  if (count > remaining()) {
    return fail(ErrorKind::damaged, "bytes.too_short",
                std::string(what_) + " is cut short: at byte " + std::to_string(at_) + " of " +
                    std::to_string(bytes_.size()) + " another " + std::to_string(count) + " were expected");
  }
  const ByteView view = bytes_.subspan(at_, count);
  at_ += count;
  return view;
}

void append_be64(Bytes& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

std::uint64_t load_be64(const std::uint8_t* from) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = (value << 8) | from[i];
  return value;
}

std::string to_hex(ByteView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text(bytes.size() * 2, '\0');
  char* to = text.data();
  for (const std::uint8_t byte : bytes) {
    *to++ = digits[byte >> 4];
    *to++ = digits[byte & 15];
  }
  return text;
}

namespace {

tl::unexpected<Error> bad_text(std::string_view encoding) {
  return fail(ErrorKind::usage, "text.malformed", "this is not " + std::string(encoding));
}

// Reverse table of an alphabet; 255 marks characters outside it.
std::array<std::uint8_t, 256> reverse(std::string_view alphabet) {
  std::array<std::uint8_t, 256> table{};
  table.fill(255);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}

std::string encode_bits(ByteView bytes, std::string_view alphabet, unsigned width) {
  std::string text;
  std::uint32_t bits = 0;
  unsigned have = 0;
  for (const std::uint8_t byte : bytes) {
    bits = (bits << 8) | byte;
    have += 8;
    while (have >= width) {
      have -= width;
      text.push_back(alphabet[(bits >> have) & ((1U << width) - 1)]);
    }
  }
  if (have > 0) text.push_back(alphabet[(bits << (width - have)) & ((1U << width) - 1)]);
  return text;
}

// Nothing but zero bits may be left over, so that each byte string has one spelling only.
bool decode_bits(std::string_view text, const std::array<std::uint8_t, 256>& table, unsigned width, Bytes& out) {
  std::uint32_t bits = 0;
  unsigned have = 0;
  for (const char c : text) {
    const std::uint8_t value = table[static_cast<std::uint8_t>(c)];
    if (value == 255) return false;
    bits = (bits << width) | value;
    have += width;
    if (have >= 8) {
      have -= 8;
      out.push_back(static_cast<std::uint8_t>(bits >> have));
    }
  }
  return have < width && (bits & ((1U << have) - 1)) == 0;
}

constexpr std::string_view kBase32 = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

Result<Bytes> from_hex(std::string_view text) {
  static const auto table = reverse("0123456789abcdef");
  if (text.size() % 2 != 0) return bad_text("hexadecimal");
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  Bytes out;
  if (!decode_bits(lower, table, 4, out)) return bad_text("hexadecimal");
  return out;
}

std::string to_base32(ByteView bytes) { return encode_bits(bytes, kBase32, 5); }

Result<Bytes> from_base32(std::string_view text) {
  static const auto table = reverse(kBase32);
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  Bytes out;
  if (!decode_bits(lower, table, 5, out)) return bad_text("base32");
  return out;
}

std::string to_base64(ByteView bytes) {
  std::string text = encode_bits(bytes, kBase64, 6);
  while (text.size() % 4 != 0) text.push_back('=');
  return text;
}

Result<Bytes> from_base64(std::string_view text) {
  static const auto table = reverse(kBase64);
  if (text.size() % 4 != 0) return bad_text("base64");
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  Bytes out;
  if (!decode_bits(text, table, 6, out)) return bad_text("base64");
  return out;
}

bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<std::uint8_t>(text[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    std::size_t length = 0;
    std::uint32_t code = 0;
    if (lead >= 0xC2 && lead <= 0xDF) {
      length = 2;
      code = lead & 0x1FU;
    } else if ((lead & 0xF0) == 0xE0) {
      length = 3;
      code = lead & 0x0FU;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      length = 4;
      code = lead & 0x07U;
    } else {
      return false;
    }
    if (i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<std::uint8_t>(text[i + k]);
      if ((next & 0xC0) != 0x80) return false;
      code = (code << 6) | (next & 0x3FU);
    }
    const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (overlong || surrogate || code > 0x10FFFF) return false;
    i += length;
  }
  return true;
}

}  // namespace atl
