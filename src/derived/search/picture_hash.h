// What a picture looks like, in 64 bits: two pictures look alike where few of them differ.
//
// The signs of the 64 lowest frequencies of the picture's cosine transform against their median, as in the "pHash" of
// Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010: format, size, quality and
// brightness hardly change them; cutting, turning and mirroring do.
//
// Always true: the same grey pixels give the same hash in every program. A picture without anything to see (one colour,
// a plain slope) has none, since all such would look alike. Thread rules: pure.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>

#include "derived/preview/preview.h"

namespace atl::search {

using preview::GreyPicture;
using preview::kGreySide;

[[nodiscard]] std::optional<std::uint64_t> picture_hash(const GreyPicture& grey);
// 1 where no bit differs, 0 where all do. Two pictures that have nothing to do with each other are 0.5 alike.
[[nodiscard]] inline double picture_similarity(std::uint64_t a, std::uint64_t b) {
  return 1 - static_cast<double>(std::popcount(a ^ b)) / 64;
}

}  // namespace atl::search
