#include "derived/search/picture_hash.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace atl::search {
namespace {

constexpr std::size_t kFrequencies = 8;
// Of the lowest frequencies without the mean: a picture below it shows nothing but noise or a slope.
constexpr double kDetailMin = 60;
// So many of them at least have to say something, or the signs of the others are chance.
constexpr std::size_t kStrongMin = 6;

using Table = std::array<std::array<double, kGreySide>, kFrequencies>;

// The type II transform (Ahmed, Natarajan, Rao, 1974), not normalised but for the lengths.
Table make_cosines() {
  Table table{};
  for (std::size_t frequency = 0; frequency < kFrequencies; ++frequency) {
    const double scale = std::sqrt((frequency == 0 ? 1.0 : 2.0) / kGreySide);
    for (std::size_t at = 0; at < kGreySide; ++at) {
      table[frequency][at] = scale * std::cos(std::numbers::pi * static_cast<double>(frequency) *
                                              (2 * static_cast<double>(at) + 1) / (2.0 * kGreySide));
    }
  }
  return table;
}

}  // namespace

std::optional<std::uint64_t> picture_hash(const GreyPicture& grey) {
  static const Table kCosines = make_cosines();
  std::array<std::array<double, kFrequencies>, kGreySide> rows{};
  for (std::size_t y = 0; y < kGreySide; ++y) {
    for (std::size_t u = 0; u < kFrequencies; ++u) {
      for (std::size_t x = 0; x < kGreySide; ++x) rows[y][u] += kCosines[u][x] * grey[y * kGreySide + x];
    }
  }
  std::array<double, kFrequencies * kFrequencies> low{};
  for (std::size_t v = 0; v < kFrequencies; ++v) {
    for (std::size_t u = 0; u < kFrequencies; ++u) {
      for (std::size_t y = 0; y < kGreySide; ++y) low[v * kFrequencies + u] += kCosines[v][y] * rows[y][u];
    }
  }
  low[0] = 0;  // the brightness of the whole
  const auto strong =
      static_cast<std::size_t>(std::ranges::count_if(low, [](double value) { return std::abs(value) > kDetailMin; }));
  if (strong < kStrongMin) return std::nullopt;
  auto sorted = low;
  std::ranges::nth_element(sorted, sorted.begin() + sorted.size() / 2);
  const double median = sorted[sorted.size() / 2];
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < low.size(); ++i) hash |= static_cast<std::uint64_t>(low[i] > median) << i;
  return hash;
}

}  // namespace atl::search
