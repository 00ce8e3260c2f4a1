// Vectors of other programs, kept by content beside what was understood, so that the same text is never sent twice: not
// after a restart, a move, or an index that is filled anew.
// Always true: a vector that cannot be kept or read costs one more call, nothing else.
// Thread rules: any thread.
#pragma once

#include "derived/search/kept_extractions.h"
#include "derived/vector/endpoint_embedder.h"

namespace atl::search {

class KeptEmbeddings final : public vector::EmbeddingCache {
 public:
  explicit KeptEmbeddings(KeptExtractions& kept) : kept_(&kept) {}
  [[nodiscard]] std::optional<std::vector<float>> get(const codec::Digest& key) override;
  void put(const codec::Digest& key, std::span<const float> vector) override;

 private:
  KeptExtractions* kept_;
};

}  // namespace atl::search
