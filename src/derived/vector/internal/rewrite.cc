#include "derived/vector/internal/rewrite.h"

#include <algorithm>
#include <cmath>

namespace atl::vector::internal {
namespace {

// A list of the old graph in new numbers. Where it led to removed nodes, the best of where those led take their places
// ("FreshDiskANN", algorithm 4).
class Mending {
 public:
  Mending(const View& view, const std::vector<Node>& renumbered, std::uint32_t in_graph, const Rewritten& made)
      : view_(view), renumbered_(renumbered), in_graph_(in_graph), made_(made) {}

  void mend(Node before, Node after, int level) {
    candidates_.clear();
    bool has_lost = false;
    each_link(before, level, [&](Node to) {
      if (renumbered_[to] != kNoNode) {
        take(after, renumbered_[to]);
        return;
      }
      has_lost = true;
      each_link(to, level, [&](Node beyond) {
        if (beyond != before && renumbered_[beyond] != kNoNode) take(after, renumbered_[beyond]);
      });
    });
    if (has_lost) {
      std::ranges::sort(candidates_, nearer);
      const auto twice = std::ranges::unique(candidates_, {}, &Candidate::node);
      candidates_.erase(twice.begin(), twice.end());
      made_.core->graph.link_best(*made_.nodes, after, level, candidates_);
      return;
    }
    Link* links = made_.nodes->links(after, level);
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      AtomicLink(links[i]).store(candidates_[i].node, std::memory_order_relaxed);
    }
  }

 private:
  template <class Visit>
  void each_link(Node node, int level, Visit visit) {
    if (node >= in_graph_ || level > view_.nodes->level(node)) return;
    Link* links = view_.nodes->links(node, level);
    for (std::size_t i = 0; i < view_.nodes->places(level); ++i) {
      const Node to = AtomicLink(links[i]).load(std::memory_order_acquire);
      if (to == kNoNode) return;
      if (to < in_graph_) visit(to);
    }
  }
  void take(Node from, Node to) {
    const Nodes& nodes = *made_.nodes;
    candidates_.push_back({kernels().dot_codes(nodes.code(from), nodes.code(to), nodes.shape().code_bytes), to});
  }

  const View& view_;
  const std::vector<Node>& renumbered_;
  const std::uint32_t in_graph_;
  const Rewritten& made_;
  std::vector<Candidate> candidates_;
};

}  // namespace

float suitable_scale(const Magnitudes& magnitudes, std::size_t dimension) {
  const float wanted = magnitudes.nearly_all_below();
  // Of random directions nearly all numbers are below four standard deviations.
  return wanted > 0 ? wanted : std::min(1.0F, 4.0F / std::sqrt(static_cast<float>(dimension)));
}

Result<Rewritten> rewrite(const FileContext& context, const View& view, const Config& config, std::uint64_t number,
                          const Salt& salt) {
  const std::uint32_t count = view.count();
  const std::uint32_t in_graph = std::min(view.core->graph_count.load(), count);
  std::vector<Node> renumbered(count, kNoNode);
  std::vector<Node> living;
  std::uint32_t living_in_graph = 0;
  for (Node node = 0; node < count; ++node) {
    if (view.nodes->is_removed(node)) continue;
    renumbered[node] = static_cast<Node>(living.size());
    living.push_back(node);
    if (node < in_graph) ++living_in_graph;
  }
  Rewritten made;
  ATOLL_TRY(each_row(view, [&](Node node, std::span<const std::uint16_t> halves) -> Result<void> {
    if (renumbered[node] == kNoNode) return {};
    for (const std::uint16_t half : halves) made.magnitudes.add(from_half(half));
    return {};
  }));
  made.core = std::make_shared<Core>(config, suitable_scale(made.magnitudes, config.dimension));
  made.nodes = std::make_shared<Nodes>(view.nodes->shape());
  while (made.nodes->capacity() < living.size()) made.nodes = made.nodes->grown();
  std::vector<Node> written;
  for (const Node before : living) {
    const auto after = static_cast<Node>(written.size());
    Chunk& chunk = made.nodes->chunk_of(after);
    chunk.document[after % kChunkNodes] = view.nodes->document(before);
    chunk.part[after % kChunkNodes] = view.nodes->part(before);
    made.nodes->set_level(after, view.nodes->level(before));
    written.push_back(after);
  }
  if (!written.empty()) {
    ATOLL_ASSIGN(SegmentWriter writer,
                 SegmentWriter::create(context, number, salt, config.dimension, *made.nodes, written));
    std::vector<float> numbers(config.dimension);
    ATOLL_TRY(each_row(view, [&](Node node, std::span<const std::uint16_t> halves) -> Result<void> {
      if (renumbered[node] == kNoNode) return {};
      std::ranges::transform(halves, numbers.begin(), from_half);
      round_to_codes(numbers, made.core->scale, {made.nodes->code(renumbered[node]), view.nodes->shape().code_bytes});
      return writer.append(halves);
    }));
    ATOLL_ASSIGN(made.segment, writer.finish());
  }
  Mending mending(view, renumbered, in_graph, made);
  Entry top;
  for (Node node = 0; node < living_in_graph; ++node) {
    const int level = made.nodes->level(node);
    for (int at = 0; at <= level; ++at) mending.mend(living[node], node, at);
    if (top.node == kNoNode || level > top.level) top = {node, level};
  }
  // The old top, if it lives, has been linked to best.
  const Entry before = view.core->graph.entry();
  if (before.node != kNoNode && before.node < count && renumbered[before.node] != kNoNode) {
    top = {renumbered[before.node], before.level};
  }
  if (top.node != kNoNode) made.core->graph.set_entry(top);
  made.core->count = static_cast<std::uint32_t>(living.size());
  made.core->graph_count = living_in_graph;
  return made;
}

}  // namespace atl::vector::internal
