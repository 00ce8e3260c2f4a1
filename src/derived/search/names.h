// Small questions about names. Always true: only ASCII letters are made small, so that the answer is the same for every
// locale. Thread rules: pure.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace atl::search {

[[nodiscard]] inline std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

// "b.pdf" of "a/b.pdf", "b" of the folder "a/b/".
[[nodiscard]] inline std::string_view last_part(std::string_view key) {
  if (key.ends_with('/')) key.remove_suffix(1);
  return key.substr(key.rfind('/') + 1);
}

// A letter or digit, or part of a character beyond ASCII.
[[nodiscard]] inline bool is_word_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

// At most so many bytes, cut between characters.
[[nodiscard]] inline std::string_view beginning_of(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0U) == 0x80U) --bytes_max;
  return text.substr(0, bytes_max);
}

}  // namespace atl::search
