#include "derived/vector/internal/nodes.h"

namespace atl::vector::internal {
namespace {

std::unique_ptr<Link[]> empty_links(std::size_t places) {  // NOLINT(cppcoreguidelines-avoid-c-arrays)
  std::unique_ptr<Link[]> links(new Link[places]);         // NOLINT(cppcoreguidelines-avoid-c-arrays)
  for (std::size_t i = 0; i < places; ++i) links[i].store(kNoNode, std::memory_order_relaxed);
  return links;
}

}  // namespace

Chunk::Chunk(const Shape& shape)
    : code_bytes_(shape.code_bytes),
      links_lowest_(shape.links_lowest),
      code_memory_(new std::int8_t[kChunkNodes * shape.code_bytes + kCodeAlign]),
      links_(empty_links(kChunkNodes * shape.links_lowest)) {
  void* begin = code_memory_.get();
  std::size_t room = kChunkNodes * shape.code_bytes + kCodeAlign;
  codes_ = static_cast<std::int8_t*>(std::align(kCodeAlign, kChunkNodes * shape.code_bytes, begin, room));
}

std::shared_ptr<Nodes> Nodes::grown() const {
  auto more = std::make_shared<Nodes>(*this);
  more->chunks_.push_back(std::make_shared<Chunk>(shape_));
  return more;
}

void Nodes::set_level(Node node, int level) const {
  Chunk& chunk = chunk_of(node);
  chunk.level[node % kChunkNodes] = static_cast<std::uint8_t>(level);
  if (level > 0) {
    chunk.upper[node % kChunkNodes] = empty_links(static_cast<std::size_t>(level) * shape_.links_upper);
  }
}

std::size_t Nodes::memory_bytes() const {
  // Upper lists: of one node in links_upper one, on average.
  const std::size_t chunk = sizeof(Chunk) + kChunkNodes * (shape_.code_bytes + shape_.links_lowest * sizeof(Link)) +
                            kChunkNodes * (sizeof(Link) + 32 / shape_.links_upper);
  return chunks_.size() * chunk;
}

}  // namespace atl::vector::internal
