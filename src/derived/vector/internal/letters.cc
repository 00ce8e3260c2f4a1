#include "derived/vector/internal/letters.h"

#include <array>

namespace atl::vector::internal {
namespace {

constexpr std::size_t kWordCharactersMax = 40;

Letter kind_of(char32_t code) {
  if (code < 0x80) {
    if (code == ' ' || (code >= '\t' && code <= '\r')) return Letter::space;
    const bool is_letter = (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z');
    return is_letter ? Letter::letter : Letter::punctuation;
  }
  if (code == 0x85 || code == 0xA0 || (code >= 0x2000 && code <= 0x200B) || code == 0x2028 || code == 0x2029 ||
      code == 0x202F || code == 0x3000 || code == 0xFEFF) {
    return Letter::space;
  }
  if (code < 0xC0) return code == 0xAA || code == 0xB5 || code == 0xBA ? Letter::letter : Letter::punctuation;
  if (code == 0xD7 || code == 0xF7 || (code >= 0x200C && code <= 0x206F) || (code >= 0x20A0 && code <= 0x2BFF) ||
      (code >= 0x3001 && code <= 0x303F) || (code >= 0xFE30 && code <= 0xFE6F) || (code >= 0xFF01 && code <= 0xFF0F) ||
      (code >= 0xFF1A && code <= 0xFF20) || (code >= 0x1F000 && code <= 0x1FAFF) ||
      (code >= 0xE000 && code <= 0xF8FF)) {
    return Letter::punctuation;
  }
  if ((code >= 0x0E00 && code <= 0x0EFF) || (code >= 0x3040 && code <= 0x30FF) || (code >= 0x3400 && code <= 0x4DBF) ||
      (code >= 0x4E00 && code <= 0x9FFF) || (code >= 0xF900 && code <= 0xFAFF) ||
      (code >= 0x20000 && code <= 0x3FFFF)) {
    return Letter::ideograph;
  }
  return Letter::letter;
}

// U+00C0 to U+017F without accents, a space where that is not one small letter.
constexpr std::string_view kLatin =
    "aaaaaa ceeeeiiii nooooo ouuuuy  aaaaaa ceeeeiiii nooooo ouuuuy y"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii  jjkk llllllllllnnnnnnnnnoooooo  rrrrrrssssssss"
    "ttttttuuuuuuuuuuuuwwyyyzzzzzzs";
static_assert(kLatin.size() == 0x180 - 0xC0);

void append_utf8(std::string& out, char32_t code) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xC0U | code >> 6));
    out.push_back(static_cast<char>(0x80U | (code & 0x3FU)));
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xE0U | code >> 12));
    out.push_back(static_cast<char>(0x80U | (code >> 6 & 0x3FU)));
    out.push_back(static_cast<char>(0x80U | (code & 0x3FU)));
  } else {
    out.push_back(static_cast<char>(0xF0U | code >> 18));
    out.push_back(static_cast<char>(0x80U | (code >> 12 & 0x3FU)));
    out.push_back(static_cast<char>(0x80U | (code >> 6 & 0x3FU)));
    out.push_back(static_cast<char>(0x80U | (code & 0x3FU)));
  }
}

void append_folded(std::string& out, char32_t code) {
  if (code >= 'A' && code <= 'Z') {
    code += 32;
  } else if (code == 0xDF) {
    out += "ss";
    return;
  } else if (code == 0xC6 || code == 0xE6) {
    out += "ae";
    return;
  } else if (code == 0x152 || code == 0x153) {
    out += "oe";
    return;
  } else if (code >= 0xC0 && code < 0x180) {
    if (kLatin[code - 0xC0] != ' ') code = static_cast<char32_t>(kLatin[code - 0xC0]);
  } else if (code >= 0x300 && code <= 0x36F) {
    return;  // accents that stand alone
  } else if ((code >= 0x391 && code <= 0x3A9) || (code >= 0x410 && code <= 0x42F)) {
    code += 32;
  } else if (code >= 0x400 && code <= 0x40F) {
    code += 80;
  }
  append_utf8(out, code);
}

}  // namespace

Character character_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[at + i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return {first, 1, kind_of(first)};
  const std::uint8_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  static constexpr std::array<char32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  if (first < 0xC2 || first > 0xF4 || text.size() - at < bytes) return {first, 1, Letter::punctuation};
  char32_t code = first & (0x7FU >> bytes);
  for (std::uint8_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {first, 1, Letter::punctuation};
    code = code << 6 | (byte(i) & 0x3FU);
  }
  if (code < kLeast.at(bytes) || code > 0x10FFFF) return {first, 1, Letter::punctuation};
  return {code, bytes, kind_of(code)};
}

void each_word(std::string_view text, const std::function<void(std::string_view word)>& take) {
  std::string word;
  std::size_t characters = 0;
  const auto end = [&] {
    if (!word.empty()) take(word);
    word.clear();
    characters = 0;
  };
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    at += character.bytes;
    if (character.kind == Letter::letter) {
      if (++characters <= kWordCharactersMax) append_folded(word, character.code);
      continue;
    }
    end();
    if (character.kind == Letter::ideograph) {
      append_utf8(word, character.code);
      end();
    }
  }
  end();
}

void each_piece(std::string_view text, bool folds, const std::function<void(std::string_view piece)>& take) {
  std::string piece;
  const auto end = [&] {
    if (!piece.empty()) take(piece);
    piece.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    if (character.kind != Letter::letter) end();
    if (character.kind == Letter::letter && folds) {
      append_folded(piece, character.code);
    } else if (character.kind != Letter::space) {
      piece += text.substr(at, character.bytes);
    }
    if (character.kind != Letter::letter) end();
    at += character.bytes;
  }
  end();
}

}  // namespace atl::vector::internal
