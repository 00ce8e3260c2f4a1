// From a word as it is written to what stands in the index: case and accents folded, stem, parts of compounds.
//
// Always true: the same surface in the same language always gives the same pieces, so they may be remembered; a
// document and a query go through the same code. Terms are 1 to kTermBytesMax bytes of UTF-8.
//  - Case by NFKC_Casefold (Unicode Standard, 3.13), stems by Snowball, then accents of Latin, Greek and Cyrillic
//  letters
//    are taken off: stemmers want them, searchers do not.
//  - "getUserName", "get_user", "foo.bar", "l'homme" are taken apart; of a word cut at its capitals alone the whole is
//  kept
//    too, at the place of its first part. "don't" stays whole, "John's" is "john".
// Thread rules: one Words, one thread.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "derived/text/internal/splitter.h"
#include "derived/text/language.h"

struct sb_stemmer;

namespace atl::text::internal {

struct Piece {
  std::string term;       // what the index holds
  std::string word;       // folded, not stemmed: what a user would complete or correct
  std::size_t begin = 0;  // bytes within the surface
  std::size_t end = 0;
  bool stays = false;  // the next piece stands at the same place
};

class Words {
 public:
  Words();
  ~Words();
  Words(const Words&) = delete;
  Words& operator=(const Words&) = delete;
  Words(Words&&) = delete;
  Words& operator=(Words&&) = delete;

  [[nodiscard]] Splitter& splitter() { return splitter_; }
  // Replaces `out`. A surface of more than 255 bytes is no word: nothing.
  void pieces(std::string_view surface, bool is_gram, Language language, std::vector<Piece>& out);
  // Case and accents folded, all of it: keywords and substrings.
  [[nodiscard]] static std::string fold(std::string_view text);

 private:
  struct FreeStemmer {
    void operator()(sb_stemmer* stemmer) const;
  };
  [[nodiscard]] std::string stem(const std::string& folded, Language language);
  void add(std::string_view surface, std::size_t begin, std::size_t end, Language language, std::vector<Piece>& out);

  Splitter splitter_;
  std::array<std::unique_ptr<sb_stemmer, FreeStemmer>, kLanguages> stemmers_;  // made on first use
};

// What a text of a query becomes in one language: terms side by side, and wholes of compounds that stand beside their
// parts.
struct Analysed {
  std::vector<std::pair<std::string, std::uint32_t>> parts;  // term, place
  std::vector<std::string> wholes;
  bool is_one_character = false;  // of a script without spaces: the beginning of pairs
};
[[nodiscard]] Analysed analyse(Words& words, std::string_view text, Language language);

// Code points; what is not UTF-8 stands for itself, byte by byte.
[[nodiscard]] std::u32string code_points(std::string_view text);

// Every character begins one: three characters, fewer at the end. In order; positions are their numbers.
[[nodiscard]] std::vector<std::string_view> grams_of(std::string_view folded);
// At most `bytes`, cut between characters.
[[nodiscard]] std::string_view cut_text(std::string_view text, std::size_t bytes);

}  // namespace atl::text::internal
