#include "catalog/filter/internal/lexer.h"

#include <algorithm>

#include "catalog/filter/internal/tree.h"

namespace atl::filter::internal {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::size_t Word::find_plain(std::string_view needle, std::size_t from) const {
  for (std::size_t found = text.find(needle, from); found != std::string::npos; found = text.find(needle, found + 1)) {
    const auto begin = is_literal.begin() + static_cast<std::ptrdiff_t>(found);
    const auto end = begin + static_cast<std::ptrdiff_t>(needle.size());
    if (std::find(begin, end, true) == end) return found;
  }
  return std::string::npos;
}

Word Word::part(std::size_t from, std::size_t count) const {
  Word result;
  count = std::min(count, text.size() - from);
  result.text = text.substr(from, count);
  const auto begin = is_literal.begin() + static_cast<std::ptrdiff_t>(from);
  result.is_literal.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
  for (const std::size_t quotes : empty_quotes) {
    if (quotes >= from && quotes <= from + count) result.empty_quotes.push_back(quotes - from);
  }
  result.was_quoted = !result.empty_quotes.empty() ||
                      std::find(result.is_literal.begin(), result.is_literal.end(), true) != result.is_literal.end();
  result.at = at;
  return result;
}

bool Word::has_wildcards() const {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_literal[i] && (text[i] == '*' || text[i] == '?' || text[i] == '[')) return true;
  }
  return false;
}

void Lexer::skip_blanks() {
  while (!is_at_end() && is_blank(text_[at_])) ++at_;
}

bool Lexer::take(std::string_view prefix) {
  if (!rest().starts_with(prefix)) return false;
  at_ += prefix.size();
  return true;
}

bool Lexer::take_keyword(std::string_view lower_case) {
  const std::string_view here = rest();
  if (here.size() < lower_case.size()) return false;
  for (std::size_t i = 0; i < lower_case.size(); ++i) {
    if ((here[i] | 0x20) != lower_case[i]) return false;
  }
  if (here.size() > lower_case.size()) {
    const char next = here[lower_case.size()];
    if (!is_blank(next) && next != '(' && next != ')') return false;
  }
  at_ += lower_case.size();
  return true;
}

Result<void> Lexer::take_escaped(Word& word) {
  if (at_ + 1 >= text_.size()) {
    return error(ErrorKind::usage, "filter.unclosed_quote", at_, "a \\ at the end escapes nothing",
                 "Write \\\\ for a backslash.");
  }
  word.text += text_[at_ + 1];
  word.is_literal.push_back(true);
  word.was_quoted = true;
  at_ += 2;
  return {};
}

Result<void> Lexer::take_quoted(Word& word) {
  const std::size_t opened_at = at_++;
  word.was_quoted = true;
  while (!is_at_end() && text_[at_] != '"') {
    if (text_[at_] == '\\') {
      ATOLL_TRY(take_escaped(word));
    } else {
      word.text += text_[at_++];
      word.is_literal.push_back(true);
    }
  }
  if (is_at_end()) {
    return error(ErrorKind::usage, "filter.unclosed_quote", opened_at, "a quote is not closed",
                 "Add the closing \" or write \\\" for the character itself.");
  }
  if (at_ == opened_at + 1) word.empty_quotes.push_back(word.text.size());
  ++at_;
  return {};
}

Result<Word> Lexer::take_word() {
  Word word;
  word.at = at_;
  std::vector<std::size_t> open_brackets;
  while (!is_at_end() && !is_blank(text_[at_])) {
    const char c = text_[at_];
    if (c == '"') {
      ATOLL_TRY(take_quoted(word));
      continue;
    }
    if (c == '\\') {
      ATOLL_TRY(take_escaped(word));
      continue;
    }
    if (c == '(') open_brackets.push_back(at_);
    if (c == ')') {
      if (open_brackets.empty()) break;
      open_brackets.pop_back();
    }
    word.text += c;
    word.is_literal.push_back(false);
    ++at_;
  }
  if (!open_brackets.empty()) {
    return error(ErrorKind::usage, "filter.unbalanced", open_brackets.back(), "a ( inside a word is not closed",
                 "Quote a value that holds a bracket, and put a blank before a ( that groups.");
  }
  return word;
}

Result<Word> Lexer::take_attribute() {
  Word word;
  word.at = at_;
  while (!is_at_end()) {
    const char c = text_[at_];
    if (c == '"') {
      ATOLL_TRY(take_quoted(word));
    } else if (c == '\\') {
      ATOLL_TRY(take_escaped(word));
    } else if (is_bare_name_byte(c)) {
      word.text += c;
      word.is_literal.push_back(false);
      ++at_;
    } else {
      break;
    }
  }
  return word;
}

tl::unexpected<Error> Lexer::error(ErrorKind kind, std::string id, std::size_t at, std::string_view what,
                                   std::string hint) const {
  std::size_t column = 1;
  for (const char c : text_.substr(0, at)) column += (static_cast<unsigned char>(c) & 0xc0) == 0x80 ? 0 : 1;
  return fail(kind, std::move(id), "filter, column " + std::to_string(column) + ": " + std::string(what),
              std::move(hint));
}

}  // namespace atl::filter::internal
