// An embedder that another program is: any server that speaks OpenAI's POST /v1/embeddings or Ollama's POST /api/embed.
//
// Always true:
//  - Nothing is sent but the texts, the model's name and the key; where they go is info().name, and
//  info().leaves_machine
//    is true unless that is this machine. Nothing uses an endpoint that nobody asked for.
//  - A text whose vector is in the cache is not sent again.
//  - What the server answers is bounded and checked: as many vectors as texts, of one dimension, finite numbers.
//  - The key is sent to that server alone and is in no message.
// Sources: OpenAI API reference, "Create embeddings"; Ollama docs/api.md, "Generate Embeddings".
// Thread rules: as of Embedder.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "derived/vector/embedder.h"
#include "foundation/base/units.h"
#include "foundation/codec/hash.h"
#include "foundation/platform/machine.h"

namespace atl::vector {

// Vectors by the digest of embedder, role and text. May be kept anywhere; losing entries costs calls only.
class EmbeddingCache {
 public:
  EmbeddingCache() = default;
  EmbeddingCache(const EmbeddingCache&) = delete;
  EmbeddingCache& operator=(const EmbeddingCache&) = delete;
  EmbeddingCache(EmbeddingCache&&) = delete;
  EmbeddingCache& operator=(EmbeddingCache&&) = delete;
  virtual ~EmbeddingCache() = default;
  [[nodiscard]] virtual std::optional<std::vector<float>> get(const codec::Digest& key) = 0;
  virtual void put(const codec::Digest& key, std::span<const float> vector) = 0;
};

// In memory; what was not used for longest goes first. May be used from any thread.
class MemoryEmbeddingCache final : public EmbeddingCache {
 public:
  explicit MemoryEmbeddingCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  [[nodiscard]] std::optional<std::vector<float>> get(const codec::Digest& key) override;
  void put(const codec::Digest& key, std::span<const float> vector) override;

 private:
  struct KeyHash {
    std::size_t operator()(const codec::Digest& key) const { return load_le<std::size_t>(key.data()); }
  };
  struct Entry {
    codec::Digest key;
    std::vector<float> vector;
  };
  std::size_t bytes_max_;
  std::mutex mutex_;
  // Guarded by mutex_.
  std::list<Entry> entries_;  // the last used first
  std::unordered_map<codec::Digest, std::list<Entry>::iterator, KeyHash> places_;
  std::size_t bytes_ = 0;
};

struct EndpointOptions {
  enum class Kind : std::uint8_t { openai, ollama };
  Kind kind = Kind::openai;
  std::string url;              // "http://127.0.0.1:11434"; the path of the kind is added where none is given
  std::string model;            // as the server calls it
  std::string key;              // sent as a bearer token; empty: none
  std::uint32_t dimension = 0;  // that its vectors are known to have; 0: it is asked
  // What the model wants in front ("query: ", "passage: " for E5).
  std::string query_prefix;
  std::string document_prefix;
  std::uint32_t batch_texts = 32;  // in one request
  std::uint32_t attempts = 4;      // of a request, where the server is away, busy or failing
  std::uint32_t backoff_ms = 500;  // before the second attempt; doubled each time; at most a minute
  std::uint32_t timeout_ms = 120'000;
};

class EndpointEmbedder final : public Embedder {
 public:
  // Asks the server for one vector, which tells the dimension, unless the options do. `cache` may be null. Errors:
  // `usage`
  // ("endpoint.bad_url"), and those of embed().
  [[nodiscard]] static Result<std::unique_ptr<EndpointEmbedder>> open(const platform::Machine& machine,
                                                                      const EndpointOptions& options,
                                                                      std::shared_ptr<EmbeddingCache> cache);
  ~EndpointEmbedder() override;

  [[nodiscard]] const EmbedderInfo& info() const override;
  // Errors: `unreachable` after the last attempt; `denied` (401, 403); `failed` ("endpoint.refused": another status;
  // "endpoint.bad_answer"); `interrupted`.
  [[nodiscard]] Result<VectorRows> embed(std::span<const std::string_view> texts, TextRole role,
                                         const std::atomic<bool>* stop = nullptr) const override;
  // From how long the requests so far took; tokens at four bytes each.
  [[nodiscard]] CostEstimate estimate(std::uint64_t texts, std::uint64_t bytes) const override;

 private:
  class State;
  explicit EndpointEmbedder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace atl::vector
