// How much two texts have in common, from a few hundred bytes kept of each.
//
// A text is the set of its shingles, four words in a row each; the share of shingles that two texts have in common
// (their Jaccard similarity) is estimated by how many of 128 minima of hashed shingles agree (Broder, "On the
// resemblance and containment of documents", 1997). Of each minimum 16 bits are kept, which agree by chance once in
// 65,536 times (Li and König, "b-Bit Minwise Hashing", WWW 2010). Candidates are found by 16 bands of 8 minima each
// (Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", chapter 3): two texts 0.9 alike agree in a band at least
// once with 99.99 %, 0.8 alike with 94.7 %, 0.5 alike with 6 %.
//
// Always true: case does not matter, nor do blanks and signs; the same words give the same sketch in every program.
// Thread rules: pure. Complexity: 128 multiplications a word, of the first kSketchWordsMax.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace atl::search {

inline constexpr std::size_t kSketchMinima = 128;
inline constexpr std::size_t kSketchBands = 16;
inline constexpr std::size_t kShingleWords = 4;
// Less than this says too little for two of them to be alike by more than chance.
inline constexpr std::size_t kSketchWordsMin = 16;
inline constexpr std::size_t kSketchWordsMax = 200'000;

using TextSketch = std::array<std::uint16_t, kSketchMinima>;

// Of several pieces as if they stood one behind the other; none where they have fewer than kSketchWordsMin words.
[[nodiscard]] std::optional<TextSketch> sketch_of(std::span<const std::string_view> pieces);
// The share of minima that agree: off by 0.03 at 0.9, as a standard deviation.
[[nodiscard]] double similarity(const TextSketch& a, const TextSketch& b);
// Sketches that agree in a band have the same hash there.
[[nodiscard]] std::array<std::uint32_t, kSketchBands> band_hashes(const TextSketch& sketch);

}  // namespace atl::search
