#include "derived/vector/passages.h"

#include <algorithm>

#include "derived/vector/internal/letters.h"

namespace atl::vector {
namespace {

using internal::Character;
using internal::character_at;
using internal::Letter;

constexpr std::uint32_t kLettersPerToken = 6;

// How good a place is to cut in front of a piece.
enum class Border : std::uint8_t { none, word, sentence, paragraph };

// A word with the punctuation and space behind it.
struct Piece {
  std::uint64_t offset = 0;
  std::uint64_t end = 0;  // of the word and its punctuation, before the space
  std::uint32_t tokens = 0;
  Border before = Border::word;
};

bool ends_sentence(char32_t code) {
  return code == '.' || code == '!' || code == '?' || code == 0x2026 || code == 0x3002 || code == 0xFF01 ||
         code == 0xFF1F;
}

bool closes(char32_t code) {
  return code == ')' || code == ']' || code == '"' || code == '\'' || code == 0x201D || code == 0x2019 ||
         code == 0xBB || code == 0x300D;
}

// A run that is not broken by space is one piece, as long as it is not longer than a passage may be.
std::vector<Piece> pieces_of(std::string_view text, std::uint32_t tokens_max) {
  std::vector<Piece> pieces;
  Piece piece;
  std::uint32_t letters = 0;
  std::uint32_t line_ends = 0;
  bool is_open = false;
  bool has_sentence_end = false;
  const auto close = [&](std::uint64_t end) {
    if (!is_open) return;
    piece.end = end;
    pieces.push_back(piece);
    is_open = false;
  };
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    if (character.kind == Letter::space) {
      close(at);
      if (character.code == '\n' || character.code == 0x2029) line_ends += character.code == '\n' ? 1 : 2;
    } else {
      const bool is_letter = character.kind == Letter::letter;
      const bool starts_token = !is_letter || letters % kLettersPerToken == 0;
      if (is_open && (character.kind == Letter::ideograph || (starts_token && piece.tokens >= tokens_max))) close(at);
      if (!is_open) {
        Border border = Border::word;
        if (has_sentence_end) border = Border::sentence;
        if (line_ends >= 2) border = Border::paragraph;
        piece = {at, 0, 0, border};
        is_open = true;
        letters = 0;
        line_ends = 0;
        has_sentence_end = false;
      }
      if (is_letter ? letters++ % kLettersPerToken == 0 : true) ++piece.tokens;
      if (!is_letter) letters = 0;
      has_sentence_end = ends_sentence(character.code) || (has_sentence_end && closes(character.code));
    }
    at += character.bytes;
  }
  close(text.size());
  if (!pieces.empty()) pieces.front().before = Border::paragraph;
  return pieces;
}

}  // namespace

std::uint64_t count_tokens(std::string_view text) {
  std::uint64_t tokens = 0;
  std::uint32_t letters = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    at += character.bytes;
    if (character.kind == Letter::letter) {
      if (letters++ % kLettersPerToken == 0) ++tokens;
      continue;
    }
    letters = 0;
    if (character.kind != Letter::space) ++tokens;
  }
  return tokens;
}

std::vector<Passage> split_passages(std::string_view text, const PassageOptions& options) {
  const std::uint32_t tokens_max = std::max(1U, options.tokens_max);
  const std::uint32_t overlap = std::min(options.overlap_tokens, tokens_max / 2);
  const std::vector<Piece> pieces = pieces_of(text, tokens_max);
  std::vector<Passage> passages;
  std::size_t begin = 0;
  while (begin < pieces.size()) {
    std::uint32_t tokens = 0;
    std::size_t end = begin;
    while (end < pieces.size() && tokens + pieces[end].tokens <= tokens_max) tokens += pieces[end++].tokens;
    if (end < pieces.size()) {
      // The last good border in the second half: a paragraph's before a sentence's before a word's.
      std::size_t best = end;
      std::uint32_t kept = tokens;
      for (std::size_t at = end; at > begin && kept * 2 >= tokens_max; kept -= pieces[--at].tokens) {
        if (pieces[at].before > pieces[best].before) best = at;
      }
      for (; end > best; --end) tokens -= pieces[end - 1].tokens;
    }
    const std::uint64_t offset = pieces[begin].offset;
    passages.push_back({offset, pieces[end - 1].end - offset, tokens});
    if (end == pieces.size()) break;
    std::size_t next = end;
    for (std::uint32_t again = 0; next > begin + 1 && again < overlap;) again += pieces[--next].tokens;
    begin = next;
  }
  return passages;
}

}  // namespace atl::vector
