#include "derived/vector/internal/nodes.h"

#include <algorithm>

namespace atl::vector::internal {
namespace {

std::unique_ptr<Link[]> empty_links(std::size_t places) {  // NOLINT(cppcoreguidelines-avoid-c-arrays)
  std::unique_ptr<Link[]> links(new Link[places]);         // NOLINT(cppcoreguidelines-avoid-c-arrays)
  std::fill_n(links.get(), places, kNoNode);
  return links;
}

}  // namespace

Chunk::Chunk(const Shape& shape, Content content)
    : code_bytes_(shape.code_bytes),
      links_lowest_(shape.links_lowest),
      body_bytes_(chunk_bytes(shape)),
      memory_(static_cast<std::uint8_t*>(::operator new (body_bytes_, std::align_val_t{kCodeAlign}))),
      codes_(reinterpret_cast<std::int8_t*>(memory_.get())),                             // NOLINT
      links_(reinterpret_cast<Link*>(memory_.get() + kChunkNodes * shape.code_bytes)) {  // NOLINT: aligned as codes are
  if (content == Content::empty) std::fill_n(links_, kChunkNodes * links_lowest_, kNoNode);
}

std::shared_ptr<Nodes> Nodes::grown(Chunk::Content content) const {
  auto more = std::make_shared<Nodes>(*this);
  more->chunks_.push_back(std::make_shared<Chunk>(shape_, content));
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
