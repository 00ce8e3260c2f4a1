// Characters of texts, as far as cutting and learning need to know them: no tables of Unicode's size, no library.
// Always true: every byte of any text is part of exactly one character; what is no UTF-8 is punctuation, byte by byte.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace atl::vector::internal {

enum class Letter : std::uint8_t { space, letter, ideograph, punctuation };

struct Character {
  char32_t code = 0;
  std::uint8_t bytes = 0;
  Letter kind = Letter::punctuation;
};
// The character at `at`, which is within the text.
[[nodiscard]] Character character_at(std::string_view text, std::size_t at);

// Calls with each word, in small letters and without accents where that is simple (Latin, Greek, Cyrillic); an
// ideograph is a word of its own. Words of more than 40 characters are cut off there.
void each_word(std::string_view text, const std::function<void(std::string_view word)>& take);

// Calls with each run of letters, each ideograph and each sign of punctuation, of any length; folded as above where
// `folds`.
void each_piece(std::string_view text, bool folds, const std::function<void(std::string_view piece)>& take);

}  // namespace atl::vector::internal
