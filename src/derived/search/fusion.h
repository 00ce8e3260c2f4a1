// One list out of two: what words found and what meaning found.
//
// Scores are added up, each list's as shares of its best one (a convex combination, which keeps what ranks alone throw
// away: how far the first is ahead; Bruch, Gai and Ingber, "An analysis of fusion functions for hybrid retrieval", TOIS
// 2023). The weight comes from how much of what was asked stands in the best hit by words: where nearly all of it does,
// words are to be trusted; where the question uses other words than the texts do, meaning is. The constants were chosen
// by bench/retrieval and tried on collections they were not chosen by; docs/meaning.md has the figures.
// Thread rules: pure, but for reads of the index.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "derived/text/text_index.h"

namespace atl::search {

// Runs of letters and digits; the first 32.
[[nodiscard]] std::vector<std::string> plain_words(std::string_view text);
[[nodiscard]] text::Query any_of(std::span<const std::string> words);
struct WeightedWord {
  std::string word;
  double weight = 1;
};
[[nodiscard]] text::Query any_of(std::span<const WeightedWord> words);

// The share of the words that stand in the document, the rare ones counting more (by their inverse document frequency):
// 0 to 1. Cost: two searches a word.
[[nodiscard]] Result<double> covered(const text::TextIndex& index, std::span<const std::string> words,
                                     text::DocumentId document);
// Of the list by words, 0 to 1; the other gets the rest.
[[nodiscard]] double weight_of_words(double covered_by_best);
// So little of what was asked stands in the best hit by words that meaning is worth asking unasked. Of one word never,
// and of two only where one stands nowhere or nearly so: who types "boiler ferry" means either, and "boiler" the
// boiler.
[[nodiscard]] bool are_words_weak(std::size_t words, double covered_by_best);
// A line of nothing but words of which any is enough, of which therefore none was meant to the letter: no phrase,
// field, condition, + or -.
[[nodiscard]] bool is_plain(const text::Query& query);

struct Scored {
  text::DocumentId document = 0;
  double score = 0;
  friend bool operator==(const Scored&, const Scored&) = default;
};
// Both lists come with the best first, of a score above 0, and so does the answer; equal ones by document.
[[nodiscard]] std::vector<Scored> fuse(std::span<const Scored> by_words, std::span<const Scored> by_meaning,
                                       double weight_of_words);

}  // namespace atl::search
