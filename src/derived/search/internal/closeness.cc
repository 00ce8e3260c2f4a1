#include "derived/search/internal/closeness.h"

#include <array>

namespace atl::search::internal {
namespace {

// Sums side by side, so that the compiler may use wide registers without changing what is added to what.
constexpr std::size_t kLanes = 16;

template <class Term>
float sum(std::span<const float> a, std::span<const float> b, Term term) {
  std::array<float, kLanes> sums{};
  std::size_t i = 0;
  for (; i + kLanes <= a.size(); i += kLanes)
    for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += term(a[i + lane], b[i + lane]);
  float all = 0;
  for (; i < a.size(); ++i) all += term(a[i], b[i]);
  for (const float one : sums) all += one;
  return all;
}

}  // namespace

float dot(std::span<const float> a, std::span<const float> b) {
  return sum(a, b, [](float x, float y) { return x * y; });
}

float squared_distance(std::span<const float> a, std::span<const float> b) {
  return sum(a, b, [](float x, float y) { return (x - y) * (x - y); });
}

}  // namespace atl::search::internal
