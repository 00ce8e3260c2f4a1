// Patterns over names and keys: `*`, `**`, `?`, `[a-z]`. Their meaning stands in spec/filter.md, "Patterns".
//
// Always true: a pattern matches whole texts, compared as bytes; matching allocates nothing, never recurses, and takes
// at most time proportional to pattern length times text length, whatever both hold.
// How: a run of `*` needs to go back only to its last star, since within one folder the earliest place that the text
// before a star can reach allows everything that later places do (the classic argument for one kind of star); `**` is
// the same a level above, and skips the rest of a folder that its first star has already covered. Thread rules:
// immutable once compiled; any number of threads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/error.h"

namespace atl::filter {

inline constexpr std::size_t kPatternBytesMax = 16'384;

enum class GlobKind : std::uint8_t {
  path,  // `*`, `?` and `[...]` stop at '/'
  text,  // '/' is a character like any other
};

class Glob {
 public:
  // Errors: usage "glob.malformed" (an unclosed `[`, a range that runs backwards, a `\` at the end), limit
  // "glob.too_long".
  [[nodiscard]] static Result<Glob> compile(std::string_view pattern, GlobKind kind = GlobKind::path);
  // True where an unescaped `*`, `?` or `[` occurs.
  [[nodiscard]] static bool has_wildcards(std::string_view pattern);
  // The pattern that matches exactly `literal`.
  [[nodiscard]] static std::string escape(std::string_view literal);

  [[nodiscard]] bool matches(std::string_view text) const;
  // Every text that matches begins with it; may be empty.
  [[nodiscard]] std::string_view literal_prefix() const;
  [[nodiscard]] const std::string& pattern() const { return pattern_; }

 private:
  enum class Kind : std::uint8_t { literal, character, set, star, deep, folders };
  struct Token {
    Kind kind = Kind::literal;
    bool reaches_slash = false;  // deep: a '/' stands between it and the next star
    bool is_negated = false;     // set
    std::uint32_t begin = 0;     // literal: in literals_; set: in ranges_
    std::uint32_t length = 0;
  };
  struct Range {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
  };

  Glob() = default;
  void add_literal(std::string_view bytes);
  [[nodiscard]] Result<std::size_t> add_set(std::string_view pattern, std::size_t at);
  void finish();
  [[nodiscard]] std::string_view literal_of(const Token& token) const {
    return std::string_view(literals_).substr(token.begin, token.length);
  }
  // Bytes that the one character at `at` takes if `token` matches it, else 0.
  [[nodiscard]] std::size_t match_one(const Token& token, std::string_view text, std::size_t at) const;

  std::string pattern_;
  GlobKind kind_ = GlobKind::path;
  std::vector<Token> tokens_;
  std::string literals_;
  std::vector<Range> ranges_;
  std::size_t bytes_min_ = 0;  // no shorter text can match
};

}  // namespace atl::filter
