// The piece of a text that shows why it was found, with the words that were asked for marked.
// Always true: places are bytes of the text given, at borders of characters. The text is gone through with the code
// that indexed it, so what is marked is what matched. Thread rules: pure. Complexity: linear in the text, of which at
// most kSnippetTextMax bytes are looked at.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "derived/text/language.h"
#include "derived/text/query.h"

namespace atl::text {

inline constexpr std::size_t kSnippetTextMax = 16 * 1024 * 1024;

struct Mark {
  std::size_t begin = 0;
  std::size_t end = 0;
};
struct Snippet {
  std::size_t begin = 0;  // of the piece, within the text
  std::size_t end = 0;
  std::vector<Mark> marks;  // within [begin, end), in order
  // How well it shows why: a phrase that was asked for stands in it; and how many different words do.
  bool has_phrase = false;
  std::size_t words = 0;
  std::size_t line = 1;  // on which the first mark stands, or the piece begins
};

struct SnippetOptions {
  Language language = Language::none;  // the one the text was indexed in
  int field = kAnyTextField;           // whose text it is: words asked for in another field are not marked
  std::size_t bytes = 200;             // about
};

// The piece that holds a phrase of the query, where one does, and the most different words of it; the beginning of the
// text where there are none.
[[nodiscard]] Snippet make_snippet(std::string_view text, const Query& query, const SnippetOptions& options);

}  // namespace atl::text
