// What tells a thing from others: the words that it has often and others seldom, by which what is like it is found.
// Weights are tf-idf (Spärck Jones 1972; Salton and Buckley 1988), the term's frequency damped by a logarithm.
// Thread rules: pure, but for reads of the index. Complexity: linear in the text, of which kTellingBytesMax are read.
#pragma once

#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "derived/extract/extraction.h"
#include "derived/search/fusion.h"
#include "derived/text/text_index.h"

namespace atl::search {

inline constexpr std::size_t kTellingWordsMax = 25;
inline constexpr std::size_t kTellingBytesMax = 256 * 1024;

struct TellingWords {
  std::vector<WeightedWord> words;  // the most telling first, whose weight is 1
  std::string beginning;            // of what it says, to be asked about by meaning
};
// `extraction` null: nothing is known of its content, then its name, tags and metadata tell. No words where nothing
// stands in it that stands anywhere else.
[[nodiscard]] Result<TellingWords> telling_words(const text::TextIndex& index, const catalog::Listed& listed,
                                                 const extract::Extraction* extraction);

}  // namespace atl::search
