// How near two vectors are: inner loops over all numbers of all vectors, compiled for speed in every build.
// Always true: both spans are of the same size. Thread rules: pure.
#pragma once

#include <span>

namespace atl::search::internal {

[[nodiscard]] float dot(std::span<const float> a, std::span<const float> b);
[[nodiscard]] float squared_distance(std::span<const float> a, std::span<const float> b);

}  // namespace atl::search::internal
