// What the built-in embedder sees of a text: its words, the parts of its words, and which everyday notions they belong
// to (concepts.h). Each is known by a 64-bit hash alone; two that share one are taken for the same.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace atl::vector::internal {

enum class Family : std::uint8_t { word, fragment, concept_ };
inline constexpr std::size_t kFamilies = 3;

struct Feature {
  std::uint64_t hash = 0;
  float count = 0;
};
// Of each family, in the order of hashes, each once.
using Features = std::array<std::vector<Feature>, kFamilies>;

[[nodiscard]] Features features_of(std::string_view text, bool concepts);

}  // namespace atl::vector::internal
