// Where words begin and end: Unicode Standard Annex #29, section 4 (word boundaries), with four differences that
// searching asks for: a colon separates, as it does for ICU; Han, Hiragana and Katakana become overlapping pairs of
// characters; Thai, Lao, Khmer and Burmese, which are written without spaces, are divided by ICU's dictionaries; and
// what is no word is left out.
//
// Always true: surfaces come in order of their beginning; each is well-formed UTF-8 where the text is; bytes that are
// not UTF-8 separate words.
// Thread rules: one splitter, one thread. Complexity: linear; ASCII is looked up in one table, byte by byte.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace atl::text::internal {

struct Surface {
  std::size_t begin = 0;  // bytes
  std::size_t end = 0;
  bool is_gram = false;  // a pair of characters (or the last single one) of a script without spaces
};

enum class AsciiClass : std::uint8_t { separator, letter, digit, joiner, mid_number, mid_both, beyond };
[[nodiscard]] constexpr std::array<AsciiClass, 256> make_ascii_classes() {
  std::array<AsciiClass, 256> classes{};
  for (std::size_t c = 0; c < 256; ++c) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) classes[c] = AsciiClass::letter;
    if (c >= '0' && c <= '9') classes[c] = AsciiClass::digit;
    if (c >= 0x80) classes[c] = AsciiClass::beyond;
  }
  classes['_'] = AsciiClass::joiner;
  classes[','] = classes[';'] = AsciiClass::mid_number;
  classes['.'] = classes['\''] = AsciiClass::mid_both;
  return classes;
}
inline constexpr std::array<AsciiClass, 256> kAsciiClasses = make_ascii_classes();
[[nodiscard]] inline AsciiClass ascii_class(char c) { return kAsciiClasses[static_cast<unsigned char>(c)]; }
[[nodiscard]] inline bool is_plain(AsciiClass c) {
  return c == AsciiClass::letter || c == AsciiClass::digit || c == AsciiClass::joiner;
}

class Splitter {
 public:
  Splitter();
  ~Splitter();
  Splitter(const Splitter&) = delete;
  Splitter& operator=(const Splitter&) = delete;
  Splitter(Splitter&&) noexcept;
  Splitter& operator=(Splitter&&) noexcept;

  // sink(const Surface&) for each.
  template <class Sink>
  void split(std::string_view text, Sink&& sink) {
    std::size_t at = 0;
    while (at < text.size()) {
      const AsciiClass first = ascii_class(text[at]);
      if (is_plain(first)) {
        const std::size_t end = ascii_word_end(text, at);
        if (end == text.size() || ascii_class(text[end]) != AsciiClass::beyond) {
          sink(Surface{at, end, false});
          at = end;
          continue;
        }
      } else if (first != AsciiClass::beyond) {
        ++at;
        continue;
      }
      found_.clear();
      at = scan(text, at);
      for (const Surface& surface : found_) sink(surface);
    }
  }

 private:
  struct Breaker;
  static std::size_t ascii_word_end(std::string_view text, std::size_t at) {
    while (true) {
      AsciiClass last = AsciiClass::joiner;
      while (at < text.size() && is_plain(ascii_class(text[at]))) last = ascii_class(text[at++]);
      if (at + 1 >= text.size()) return at;
      // Rules WB6, WB7, WB11, WB12: one mark between two letters or two digits stays within the word.
      const AsciiClass mark = ascii_class(text[at]);
      const AsciiClass next = ascii_class(text[at + 1]);
      const bool between_letters =
          last == AsciiClass::letter && next == AsciiClass::letter && mark == AsciiClass::mid_both;
      const bool between_digits = last == AsciiClass::digit && next == AsciiClass::digit &&
                                  (mark == AsciiClass::mid_number || mark == AsciiClass::mid_both);
      // What lies beyond ASCII behind a mark is for scan() to judge: it begins again at the word's beginning.
      if (next == AsciiClass::beyond && mark >= AsciiClass::mid_number && mark <= AsciiClass::mid_both) return at + 1;
      if (!between_letters && !between_digits) return at;
      ++at;
    }
  }
  // One word, or one run of a script without spaces, beginning at `at`; returns where to go on, which is further.
  std::size_t scan(std::string_view text, std::size_t at);
  std::size_t scan_word(std::string_view text, std::size_t at);
  std::size_t scan_pairs(std::string_view text, std::size_t at);
  std::size_t scan_by_dictionary(std::string_view text, std::size_t at);

  std::vector<Surface> found_;
  std::unique_ptr<Breaker> breaker_;  // made on first use
};

}  // namespace atl::text::internal
