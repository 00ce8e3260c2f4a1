// Cuts the text of a filter into words, and remembers which bytes of them were quoted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/error.h"

namespace atl::filter::internal {

// A piece of text with the quotes and escapes taken off. `is_literal[i]` tells whether byte i was quoted or escaped.
struct Word {
  std::string text;
  std::vector<bool> is_literal;
  bool was_quoted = false;                // some of it, also where nothing stood between the quotes
  std::vector<std::size_t> empty_quotes;  // before which byte a "" stood
  std::size_t at = 0;                     // offset in the filter's text

  [[nodiscard]] bool is_plain(std::size_t index, char c) const { return text[index] == c && !is_literal[index]; }
  [[nodiscard]] std::size_t find_plain(std::string_view needle, std::size_t from = 0) const;  // npos
  [[nodiscard]] Word part(std::size_t from, std::size_t count) const;
  [[nodiscard]] bool has_wildcards() const;
  [[nodiscard]] bool is_exactly(std::string_view plain) const { return text == plain && !was_quoted; }
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  void skip_blanks();
  [[nodiscard]] bool is_at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] std::size_t position() const { return at_; }
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }
  bool take(std::string_view prefix);
  // Takes "and", "or" or "not" in any case where it stands as a word of its own.
  bool take_keyword(std::string_view lower_case);
  // Up to a blank or a bracket that closes what this word did not open. Quotes are honoured.
  [[nodiscard]] Result<Word> take_word();
  // The name of a tag or of metadata: bare bytes and quoted parts.
  [[nodiscard]] Result<Word> take_attribute();

  // Error with the column of the byte at `at`.
  [[nodiscard]] tl::unexpected<Error> error(ErrorKind kind, std::string id, std::size_t at, std::string_view what,
                                            std::string hint) const;

 private:
  [[nodiscard]] Result<void> take_quoted(Word& word);
  [[nodiscard]] Result<void> take_escaped(Word& word);

  std::string_view text_;
  std::size_t at_ = 0;
};

[[nodiscard]] bool is_blank(char c);

}  // namespace atl::filter::internal
