// What the tests of this module share: an index over files in memory, vectors from a seed, exact answers.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <vector>

#include "derived/vector/vector_index.h"
#include "foundation/platform/testing/test_machine.h"

namespace atl::vector::testing {

inline constexpr const char* kFolder = "/vault/indexes/vectors/main";

inline codec::SecretKey test_key(std::uint8_t fill = 7) {
  codec::SecretKey key;
  for (auto& byte : key.fill()) byte = fill;
  return key;
}

inline VaultId test_vault(std::uint8_t fill = 3) {
  VaultId vault;
  vault.bytes.fill(fill);
  return vault;
}

inline Config test_config(std::uint32_t dimension) {
  Config config;
  config.dimension = dimension;
  config.embedder = "test/1";
  return config;
}

// A small cache, so that blocks come and go.
inline Options small_options() {
  Options options;
  options.cache_bytes_max = 256 * kKiB;
  return options;
}

inline Result<std::unique_ptr<VectorIndex>> open_index(platform::TestMachine& machine, const Config& config,
                                                       const Options& options = small_options(), bool writable = true) {
  return VectorIndex::open(machine.machine(), kFolder, test_key(), test_vault(), config, options, writable);
}

inline std::unique_ptr<VectorIndex> must_open(platform::TestMachine& machine, const Config& config,
                                              const Options& options = small_options(), bool writable = true) {
  auto index = open_index(machine, config, options, writable);
  EXPECT_TRUE(index.has_value()) << index.error().id << ": " << index.error().message;
  return index ? std::move(*index) : nullptr;
}

template <class T>
void expect_ok(const Result<T>& result) {
  EXPECT_TRUE(result.has_value()) << result.error().id << ": " << result.error().message;
}

using Vector = std::vector<float>;

// Roughly normal: the sum of four even ones.
inline float random_number(platform::SeededRandom& random) {
  float sum = 0;
  for (int i = 0; i < 4; ++i) sum += static_cast<float>(random.below(2001)) / 1000 - 1;
  return sum;
}

// Around one of `clusters` centres, which the seed `world` fixes.
inline Vector random_vector(platform::SeededRandom& random, std::size_t dimension, std::uint64_t clusters = 50,
                            std::uint64_t world = 1) {
  platform::SeededRandom centre(world * 1000 + random.below(clusters));
  Vector vector(dimension);
  for (float& number : vector) number = random_number(centre) + random_number(random);
  return vector;
}

inline void normalise(std::span<float> vector) {
  double square = 0;
  for (const float number : vector) square += static_cast<double>(number) * static_cast<double>(number);
  for (float& number : vector) number = static_cast<float>(number / std::sqrt(square));
}

inline float cosine(const Vector& a, const Vector& b) {
  double dot = 0;
  double aa = 0;
  double bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    dot += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    aa += static_cast<double>(a[i]) * static_cast<double>(a[i]);
    bb += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return static_cast<float>(dot / std::sqrt(aa * bb));
}

// What an index should hold: a document's parts.
using Model = std::map<DocumentId, std::vector<Vector>>;

inline Vector joined(const std::vector<Vector>& parts) {
  Vector all;
  for (const Vector& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// Every part, the most similar first; or of each document its best.
template <class Meant>
std::vector<Hit> exact(const Model& model, const Vector& question, std::size_t limit, bool one_per_document,
                       Meant meant) {
  std::vector<Hit> hits;
  for (const auto& [document, parts] : model) {
    if (!meant(document)) continue;
    std::vector<Hit> own;
    for (std::uint32_t part = 0; part < parts.size(); ++part) {
      own.push_back({document, part, cosine(question, parts[part])});
    }
    std::ranges::sort(own, std::greater<>(), &Hit::similarity);
    if (one_per_document && own.size() > 1) own.resize(1);
    hits.insert(hits.end(), own.begin(), own.end());
  }
  std::ranges::sort(hits, std::greater<>(), &Hit::similarity);
  if (hits.size() > limit) hits.resize(limit);
  return hits;
}

// Which share of the exact hits was found.
inline double recall(const std::vector<Hit>& found, const std::vector<Hit>& expected) {
  if (expected.empty()) return 1;
  std::size_t there = 0;
  for (const Hit& hit : expected) {
    there += std::ranges::any_of(
        found, [&](const Hit& other) { return other.document == hit.document && other.part == hit.part; });
  }
  return static_cast<double>(there) / static_cast<double>(expected.size());
}

}  // namespace atl::vector::testing
