// Cuts a text into passages: pieces of about equal size, each small enough for one vector and for reading.
//
// Always true: passages come in order; each begins and ends at a border of words, where it can at the end of a
// paragraph, else of a sentence; together they cover every word; a text of at most tokens_max is one passage; one of
// white space alone is none.
//
// Tokens are counted without a model: a run of up to 6 letters or digits is one, a longer one has one for each 6 begun;
// a sign of punctuation is one; so is each character of a writing without spaces (Chinese, Japanese, Thai). For English
// that is within a tenth of what WordPiece vocabularies count.
// Complexity: linear. Thread rules: none needed.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace atl::vector {

struct PassageOptions {
  std::uint32_t tokens_max = 512;
  std::uint32_t overlap_tokens = 64;  // at least so many of the passage before stand in the next again, if it has them
};
struct Passage {
  std::uint64_t offset = 0;  // bytes in the text
  std::uint64_t length = 0;
  std::uint32_t tokens = 0;
  friend bool operator==(const Passage&, const Passage&) = default;
};

// `text` should be UTF-8; what is not counts as punctuation.
[[nodiscard]] std::vector<Passage> split_passages(std::string_view text, const PassageOptions& options = {});
[[nodiscard]] std::uint64_t count_tokens(std::string_view text);

}  // namespace atl::vector
