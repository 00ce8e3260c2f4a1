// What turns texts into vectors. One contract for the built-in model (learned_embedder.h), static token tables
// (token_table.h) and services that speak HTTP (endpoint_embedder.h).
//
// Always true:
//  - The same embedder (name and version) gives the same text the same vector, and all its vectors have its dimension.
//    Vectors of two embedders, or of two versions, say nothing about each other: an index holds those of one.
//  - A text in which the embedder sees no meaning gets a row of zeros, which is no error; has_direction() tells.
//  - Where texts leave this machine, info() says so before any does.
// Thread rules: embed() may be called from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/error.h"

namespace atl::vector {

struct EmbedderInfo {
  std::string name;             // "learned", "potion-base-8M", "http://127.0.0.1:11434 nomic-embed-text"
  std::string version;          // changes whenever the vectors would
  std::uint32_t dimension = 0;  // of every vector
  bool leaves_machine = false;  // texts are sent to another machine
  // What Config::embedder of an index is.
  [[nodiscard]] std::string id() const { return name + "/" + version; }
};

// Before work is begun, for people: what embedding so much text will take.
struct CostEstimate {
  double seconds = 0;
  std::uint64_t tokens = 0;  // that a service may ask money for; 0 where nobody does
};

enum class TextRole : std::uint8_t { document, query };  // some models want to know

// Row after row: vectors of `dimension` numbers, one a text.
struct VectorRows {
  std::uint32_t dimension = 0;
  std::vector<float> numbers;
  [[nodiscard]] std::size_t rows() const { return dimension == 0 ? 0 : numbers.size() / dimension; }
  [[nodiscard]] std::span<const float> row(std::size_t i) const {
    return std::span(numbers).subspan(i * dimension, dimension);
  }
};

class Embedder {
 public:
  Embedder() = default;
  Embedder(const Embedder&) = delete;
  Embedder& operator=(const Embedder&) = delete;
  Embedder(Embedder&&) = delete;
  Embedder& operator=(Embedder&&) = delete;
  virtual ~Embedder() = default;

  [[nodiscard]] virtual const EmbedderInfo& info() const = 0;
  // One vector a text, in their order. `stop`, where given, ends waiting with `interrupted`. Errors: `unreachable`,
  // `denied`, `limit`, `interrupted`, `failed`.
  [[nodiscard]] virtual Result<VectorRows> embed(std::span<const std::string_view> texts, TextRole role,
                                                 const std::atomic<bool>* stop = nullptr) const = 0;
  [[nodiscard]] virtual CostEstimate estimate(std::uint64_t texts, std::uint64_t bytes) const = 0;
};

}  // namespace atl::vector
