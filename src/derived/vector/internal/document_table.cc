#include "derived/vector/internal/view.h"

namespace atl::vector::internal {

std::size_t DocumentTable::place_of(const Nodes& nodes, std::uint64_t document) const {
  const std::uint64_t mixed = document * 0x9E37'79B9'7F4A'7C15;
  std::size_t place = (mixed ^ (mixed >> 32)) & (places_.size() - 1);
  while (places_[place] != kNoNode) {
    if (places_[place] != kErased && nodes.document(places_[place]) == document) break;
    place = (place + 1) & (places_.size() - 1);
  }
  return place;
}

Node DocumentTable::find(const Nodes& nodes, std::uint64_t document) const {
  return places_.empty() ? kNoNode : places_[place_of(nodes, document)];
}

void DocumentTable::reserve(const Nodes& nodes, std::size_t documents) {
  if ((documents + 1) * 3 > places_.size() * 2) grow(nodes, documents);
}

void DocumentTable::grow(const Nodes& nodes, std::size_t documents) {
  std::vector<Node> before = std::move(places_);
  std::size_t places = 64;
  while (places < documents * 3) places *= 2;
  places_.assign(places, kNoNode);
  used_ = size_;
  for (const Node node : before) {
    if (node != kNoNode && node != kErased) places_[place_of(nodes, nodes.document(node))] = node;
  }
}

void DocumentTable::set(const Nodes& nodes, std::uint64_t document, Node first) {
  if ((used_ + 1) * 3 > places_.size() * 2) grow(nodes, size_ + 1);
  Node& place = places_[place_of(nodes, document)];
  if (place == kNoNode) {
    ++size_;
    ++used_;
  }
  place = first;
}

void DocumentTable::erase(const Nodes& nodes, std::uint64_t document) {
  if (places_.empty()) return;
  Node& place = places_[place_of(nodes, document)];
  if (place == kNoNode) return;
  place = kErased;
  --size_;
}

void DocumentTable::clear() {
  places_.clear();
  size_ = 0;
  used_ = 0;
}

}  // namespace atl::vector::internal
