// The vectors of an index in memory, by number: their codes, whose they are, and their links.
//
// Always true:
//  - Numbers are given out in order and never move. A chunk holds kChunkNodes of them and stays where it is, so that
//    what is written once can be read without locks while more is added.
//  - A Nodes is a list of chunks that never changes; growing makes a new list over the same chunks. Who holds a list
//    can read the first `capacity()` numbers and must pass over links that point beyond.
//  - Codes, document and part are written before a number is made known, and never after. Links and the removed mark
//    change at any time: atomics.
// Memory: see vector_index.h.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "derived/vector/internal/kernels.h"
#include "foundation/base/bytes.h"

namespace atl::vector::internal {

using Node = std::uint32_t;
inline constexpr Node kNoNode = 0xFFFF'FFFF;
inline constexpr std::size_t kChunkNodes = 1024;
inline constexpr int kLevelsMax = 16;

// A list of links is a fixed number of places, the first free one and all behind it kNoNode. Links are read and changed
// through std::atomic_ref alone once their node is known to others.
using Link = Node;
using AtomicLink = std::atomic_ref<Link>;
static_assert(AtomicLink::is_always_lock_free && AtomicLink::required_alignment == sizeof(Link));

struct Shape {
  std::size_t dimension = 0;
  std::size_t code_bytes = 0;    // padded
  std::size_t links_lowest = 0;  // places
  std::size_t links_upper = 0;
};
[[nodiscard]] constexpr Shape make_shape(std::size_t dimension, std::size_t links) {
  return {dimension, padded(dimension), 2 * links, links};
}

class Chunk {
 public:
  enum class Content : std::uint8_t { empty, unset };  // unset: body() is filled by whoever made the chunk
  explicit Chunk(const Shape& shape, Content content = Content::empty);
  [[nodiscard]] std::int8_t* code(std::size_t i) { return codes_ + i * code_bytes_; }
  [[nodiscard]] const std::int8_t* code(std::size_t i) const { return codes_ + i * code_bytes_; }
  [[nodiscard]] Link* lowest(std::size_t i) const { return links_ + i * links_lowest_; }
  // All codes, then all lists of the lowest level: as a file of the graph has them.
  [[nodiscard]] ByteSpan body() const { return {memory_.get(), body_bytes_}; }
  [[nodiscard]] std::span<const Link> all_lowest() const { return {links_, kChunkNodes * links_lowest_}; }
  // Levels 1 and up, one after the other; null where there are none.
  std::array<std::unique_ptr<Link[]>, kChunkNodes> upper;  // NOLINT(cppcoreguidelines-avoid-c-arrays)
  std::array<std::uint8_t, kChunkNodes> level{};
  std::array<std::uint64_t, kChunkNodes> document{};
  std::array<std::uint32_t, kChunkNodes> part{};
  std::array<std::atomic<bool>, kChunkNodes> removed{};

 private:
  struct Free {
    void operator()(std::uint8_t* memory) const { ::operator delete (memory, std::align_val_t{kCodeAlign}); }
  };
  std::size_t code_bytes_;
  std::size_t links_lowest_;
  std::size_t body_bytes_;
  std::unique_ptr<std::uint8_t, Free> memory_;
  std::int8_t* codes_;  // within memory_
  Link* links_;         // within memory_
};
// Of a chunk's body().
[[nodiscard]] constexpr std::size_t chunk_bytes(const Shape& shape) {
  return kChunkNodes * (shape.code_bytes + shape.links_lowest * sizeof(Link));
}

class Nodes {
 public:
  explicit Nodes(const Shape& shape) : shape_(shape) {}
  // The same chunks and one more.
  [[nodiscard]] std::shared_ptr<Nodes> grown(Chunk::Content content = Chunk::Content::empty) const;

  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] std::size_t capacity() const { return chunks_.size() * kChunkNodes; }
  [[nodiscard]] Chunk& chunk_of(Node node) const { return *chunks_[node / kChunkNodes]; }
  [[nodiscard]] std::int8_t* code(Node node) const { return chunk_of(node).code(node % kChunkNodes); }
  [[nodiscard]] std::uint64_t document(Node node) const { return chunk_of(node).document[node % kChunkNodes]; }
  [[nodiscard]] std::uint32_t part(Node node) const { return chunk_of(node).part[node % kChunkNodes]; }
  [[nodiscard]] int level(Node node) const { return chunk_of(node).level[node % kChunkNodes]; }
  [[nodiscard]] std::atomic<bool>& removed(Node node) const { return chunk_of(node).removed[node % kChunkNodes]; }
  [[nodiscard]] bool is_removed(Node node) const { return removed(node).load(std::memory_order_relaxed); }
  [[nodiscard]] Link* links(Node node, int level) const {
    Chunk& chunk = chunk_of(node);
    const std::size_t i = node % kChunkNodes;
    return level == 0 ? chunk.lowest(i)
                      : chunk.upper[i].get() + static_cast<std::size_t>(level - 1) * shape_.links_upper;
  }
  [[nodiscard]] std::size_t places(int level) const { return level == 0 ? shape_.links_lowest : shape_.links_upper; }
  // Gives the node its level and empty lists above the lowest. Before it is made known.
  void set_level(Node node, int level) const;
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  Shape shape_;
  std::vector<std::shared_ptr<Chunk>> chunks_;
};

}  // namespace atl::vector::internal
