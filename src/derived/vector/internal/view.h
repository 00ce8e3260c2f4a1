// What a search works on: everything as it was at one moment, kept alive by whoever holds it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "derived/vector/internal/graph.h"
#include "derived/vector/internal/nodes.h"
#include "derived/vector/internal/stored.h"

namespace atl::vector::internal {

// Full vectors that are in no file yet: a fixed number of places.
struct PendingRows {
  explicit PendingRows(std::size_t dimension) : halves(new std::uint16_t[kChunkNodes * dimension]) {}
  std::unique_ptr<std::uint16_t[]> halves;  // NOLINT(cppcoreguidelines-avoid-c-arrays)
};

// Numbering of nodes: lasts until the index is rewritten.
struct Core {
  Core(const Config& config, float rounding_scale) : graph(config.links, config.construction), scale(rounding_scale) {}
  Graph graph;
  const float scale;                             // codes are numbers * 127 / scale
  std::atomic<std::uint32_t> count = 0;          // nodes that are known
  std::atomic<std::uint32_t> graph_count = 0;    // the first so many are in the graph
  std::atomic<std::uint32_t> removed_count = 0;  // of all
};

struct View {
  std::shared_ptr<Core> core;
  std::shared_ptr<const Nodes> nodes;
  std::vector<std::shared_ptr<const Segment>> segments;
  Node first_pending = 0;
  std::vector<std::shared_ptr<PendingRows>> pending;

  [[nodiscard]] std::uint16_t* pending_row(Node node) const {
    const std::size_t at = node - first_pending;
    return pending[at / kChunkNodes]->halves.get() + (at % kChunkNodes) * nodes->shape().dimension;
  }
  [[nodiscard]] std::size_t room() const {
    return std::min(nodes->capacity(), first_pending + pending.size() * kChunkNodes);
  }
  // Nodes that this view can read.
  [[nodiscard]] std::uint32_t count() const {
    return static_cast<std::uint32_t>(std::min<std::size_t>(core->count.load(std::memory_order_acquire), room()));
  }
  // The full vector, good until `room` is used again.
  [[nodiscard]] Result<const std::uint16_t*> row(Node node, RowCache& cache, RowRoom& room) const {
    if (node >= first_pending) return pending_row(node);
    const auto segment = std::ranges::upper_bound(segments, node, {}, [](const auto& one) { return one->first(); });
    return (*std::prev(segment))->row(node, cache, room);
  }
};
using ViewRef = std::shared_ptr<const View>;

// Document to its first node. Places are found by hashing; about 8 bytes a document.
class DocumentTable {
 public:
  [[nodiscard]] Node find(const Nodes& nodes, std::uint64_t document) const;
  void set(const Nodes& nodes, std::uint64_t document, Node first);
  void erase(const Nodes& nodes, std::uint64_t document);
  void clear();
  void reserve(const Nodes& nodes, std::size_t documents);
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t memory_bytes() const { return places_.size() * sizeof(Node); }

 private:
  static constexpr Node kErased = kNoNode - 1;
  [[nodiscard]] std::size_t place_of(const Nodes& nodes, std::uint64_t document) const;
  void grow(const Nodes& nodes, std::size_t documents);
  std::vector<Node> places_;
  std::size_t size_ = 0;
  std::size_t used_ = 0;  // erased ones included
};

}  // namespace atl::vector::internal
