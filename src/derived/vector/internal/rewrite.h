// Makes an index anew without what was removed, with another rounding: new numbers, the graph mended where removed
// vectors were in it, one file of vectors.
#pragma once

#include <optional>

#include "derived/vector/internal/view.h"

namespace atl::vector::internal {

struct Rewritten {
  std::shared_ptr<Core> core;
  std::shared_ptr<Nodes> nodes;
  Magnitudes magnitudes;
  std::optional<SegmentInfo> segment;  // none: nothing is left
};

// Nothing of `view` changes meanwhile but by searches. Memory: a second set of nodes.
[[nodiscard]] Result<Rewritten> rewrite(const FileContext& context, const View& view, const Config& config,
                                        std::uint64_t number, const Salt& salt);

// The scale that suits numbers of these sizes.
[[nodiscard]] float suitable_scale(const Magnitudes& magnitudes, std::size_t dimension);

// Every full vector of the view in order.
template <class Visit>
[[nodiscard]] Result<void> each_row(const View& view, Visit visit) {
  for (const auto& segment : view.segments) ATOLL_TRY(segment->each(visit));
  const std::uint32_t count = view.count();
  for (Node node = view.first_pending; node < count; ++node) {
    ATOLL_TRY(visit(node, std::span<const std::uint16_t>(view.pending_row(node), view.nodes->shape().dimension)));
  }
  return {};
}

}  // namespace atl::vector::internal
