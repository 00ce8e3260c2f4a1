// Characters in bytes that may be UTF-8 or not, and letters without their case.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace atl::filter::internal {

// A byte that is part of no character counts as a character of its own, numbered above Unicode.
inline constexpr std::uint32_t kRawByteBase = 0x110000;

struct Character {
  std::uint32_t code = 0;
  std::size_t length = 0;  // 1..4; 0 at the end of the text
};
[[nodiscard]] Character character_at(std::string_view text, std::size_t at);
// True where a well-formed character begins before `at` and ends after it.
[[nodiscard]] bool is_inside_character(std::string_view text, std::size_t at);

// ASCII, Latin (to U+017F), Greek and Cyrillic letters in lower case; everything else as it is. The length stays.
[[nodiscard]] std::string fold(std::string_view text);
// True where fold(text) contains `folded_needle`, found without building fold(text).
[[nodiscard]] bool contains_folded(std::string_view text, std::string_view folded_needle);

}  // namespace atl::filter::internal
