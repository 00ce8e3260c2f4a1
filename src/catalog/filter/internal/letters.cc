#include "catalog/filter/internal/letters.h"

#include <array>

namespace atl::filter::internal {
namespace {

constexpr std::uint8_t byte_at(std::string_view text, std::size_t at) { return static_cast<std::uint8_t>(text[at]); }
constexpr bool is_continuation(std::uint8_t byte) { return (byte & 0xc0) == 0x80; }

constexpr bool is_within(std::uint32_t code, std::uint32_t low, std::uint32_t high) {
  return code >= low && code <= high;
}

// Lower case of what UTF-8 writes in two bytes; the result is written in two bytes again.
std::uint32_t fold_code(std::uint32_t code) {
  const bool is_even = code % 2 == 0;
  if (code < 0x100) return is_within(code, 0xc0, 0xde) && code != 0xd7 ? code + 0x20 : code;
  if (code < 0x180) {
    if (code == 0x178) return 0xff;
    if (is_within(code, 0x100, 0x12f) || is_within(code, 0x132, 0x137) || is_within(code, 0x14a, 0x177)) {
      return is_even ? code + 1 : code;
    }
    if (is_within(code, 0x139, 0x148) || is_within(code, 0x179, 0x17e)) return is_even ? code : code + 1;
    return code;
  }
  if (is_within(code, 0x386, 0x3c2)) {
    if (is_within(code, 0x391, 0x3ab) && code != 0x3a2) return code + 0x20;
    if (code == 0x386) return 0x3ac;
    if (is_within(code, 0x388, 0x38a)) return code + 0x25;
    if (code == 0x38c) return 0x3cc;
    if (is_within(code, 0x38e, 0x38f)) return code + 0x3f;
    return code == 0x3c2 ? 0x3c3 : code;  // the sigma at the end of a word
  }
  if (is_within(code, 0x400, 0x40f)) return code + 0x50;
  if (is_within(code, 0x410, 0x42f)) return code + 0x20;
  if (is_within(code, 0x460, 0x481) || is_within(code, 0x48a, 0x4bf) || is_within(code, 0x4d0, 0x52f)) {
    return is_even ? code + 1 : code;
  }
  if (code == 0x4c0) return 0x4cf;
  if (is_within(code, 0x4c1, 0x4ce)) return is_even ? code : code + 1;
  return code;
}

constexpr char fold_ascii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 0x20) : c; }

// Writes the folded form of what stands at `at` (one or two bytes) and returns how many.
std::size_t fold_at(std::string_view text, std::size_t at, std::array<char, 2>& out) {
  const std::uint8_t lead = byte_at(text, at);
  if (lead >= 0xc3 && lead <= 0xd4 && at + 1 < text.size() && is_continuation(byte_at(text, at + 1))) {
    const std::uint32_t code = fold_code((static_cast<std::uint32_t>(lead & 0x1f) << 6) |
                                         static_cast<std::uint32_t>(byte_at(text, at + 1) & 0x3f));
    out = {static_cast<char>(0xc0 | (code >> 6)), static_cast<char>(0x80 | (code & 0x3f))};
    return 2;
  }
  out[0] = fold_ascii(text[at]);
  return 1;
}

bool begins_folded(std::string_view text, std::string_view folded) {
  std::array<char, 2> bytes{};
  std::size_t at = 0;
  while (at < folded.size()) {
    if (at >= text.size()) return false;
    const std::size_t length = fold_at(text, at, bytes);
    if (std::string_view(bytes.data(), length) != folded.substr(at, length)) return false;
    at += length;
  }
  return true;
}

}  // namespace

Character character_at(std::string_view text, std::size_t at) {
  if (at >= text.size()) return {};
  const std::uint8_t lead = byte_at(text, at);
  if (lead < 0x80) return {lead, 1};
  const Character raw{kRawByteBase + lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || at + length > text.size()) return raw;
  std::uint32_t code = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const std::uint8_t next = byte_at(text, at + i);
    if (!is_continuation(next)) return raw;
    code = (code << 6) | (next & 0x3fU);
  }
  const bool is_overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool is_surrogate = code >= 0xd800 && code < 0xe000;
  if (is_overlong || is_surrogate || code > 0x10ffff) return raw;
  return {code, length};
}

bool is_inside_character(std::string_view text, std::size_t at) {
  if (at >= text.size() || !is_continuation(byte_at(text, at))) return false;
  for (std::size_t back = 1; back <= 3 && back <= at; ++back) {
    if (!is_continuation(byte_at(text, at - back))) return character_at(text, at - back).length > back;
  }
  return false;
}

std::string fold(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  std::array<char, 2> bytes{};
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = fold_at(text, at, bytes);
    result.append(bytes.data(), length);
    at += length;
  }
  return result;
}

bool contains_folded(std::string_view text, std::string_view folded_needle) {
  if (folded_needle.empty()) return true;
  if (folded_needle.size() > text.size()) return false;
  const char first = folded_needle.front();
  const bool is_ascii = static_cast<std::uint8_t>(first) < 0x80;
  for (std::size_t at = 0; at + folded_needle.size() <= text.size(); ++at) {
    if (is_ascii && fold_ascii(text[at]) != first) continue;
    if (!is_ascii && is_inside_character(text, at)) continue;
    if (begins_folded(text.substr(at), folded_needle)) return true;
  }
  return false;
}

}  // namespace atl::filter::internal
