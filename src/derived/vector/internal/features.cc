#include "derived/vector/internal/features.h"

#include <algorithm>
#include <string>

#include "derived/vector/internal/concepts.h"
#include "derived/vector/internal/letters.h"

namespace atl::vector::internal {
namespace {

constexpr std::size_t kFragmentLeast = 3;  // bytes, with the marks of a word's beginning and end
constexpr std::size_t kFragmentMost = 5;
constexpr std::size_t kFragmentWordLeast = 4;  // bytes of a word that is divided

std::uint64_t hash_of(std::string_view text, std::uint64_t kind) {  // FNV-1a, then mixed
  std::uint64_t hash = 0xCBF2'9CE4'8422'2325 ^ kind;
  for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x0000'0100'0000'01B3;
  hash = (hash ^ (hash >> 32)) * 0x9E37'79B9'7F4A'7C15;
  return hash ^ (hash >> 29);
}

void unite(std::vector<Feature>& features) {
  std::ranges::sort(features, {}, &Feature::hash);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < features.size(); ++i) {
    if (kept > 0 && features[kept - 1].hash == features[i].hash) {
      features[kept - 1].count += features[i].count;
    } else {
      features[kept++] = features[i];
    }
  }
  features.resize(kept);
}

}  // namespace

Features features_of(std::string_view text, bool concepts) {
  Features features;
  std::string marked;
  each_word(text, [&](std::string_view word) {
    features[0].push_back({hash_of(word, 1), 1});
    if (concepts) {
      for (const std::uint16_t number : concepts_of(word)) {
        features[2].push_back({hash_of(std::to_string(number), 3), 1});
      }
    }
    if (word.size() < kFragmentWordLeast) return;
    marked = "<";
    marked += word;
    marked += ">";
    for (std::size_t length = kFragmentLeast; length <= kFragmentMost; ++length) {
      for (std::size_t at = 0; at + length <= marked.size(); ++at) {
        features[1].push_back({hash_of(std::string_view(marked).substr(at, length), 2), 1});
      }
    }
  });
  for (auto& family : features) unite(family);
  return features;
}

}  // namespace atl::vector::internal
