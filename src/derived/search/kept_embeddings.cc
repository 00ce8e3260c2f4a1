#include "derived/search/kept_embeddings.h"

#include <bit>

namespace atl::search {

std::optional<std::vector<float>> KeptEmbeddings::get(const codec::Digest& key) {
  const auto stored = kept_->find_bytes(key);
  if (!stored || !*stored || (*stored)->size() % sizeof(float) != 0) return std::nullopt;
  const Bytes& bytes = **stored;
  std::vector<float> vector(bytes.size() / sizeof(float));
  for (std::size_t i = 0; i < vector.size(); ++i)
    vector[i] = std::bit_cast<float>(load_le<std::uint32_t>(bytes.data() + i * sizeof(float)));
  return vector;
}

void KeptEmbeddings::put(const codec::Digest& key, std::span<const float> vector) {
  Bytes bytes;
  ByteWriter writer(bytes);
  for (const float number : vector) writer.put(std::bit_cast<std::uint32_t>(number));
  ignore_error_on_purpose(kept_->keep_bytes(key, bytes));  // the next flush tells of a disk that takes nothing
}

}  // namespace atl::search
