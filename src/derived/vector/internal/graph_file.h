// The file of the graph: codes and links as they lie in memory, so that opening an index is reading them in place.
// Always true: what is read fits the shape of the index and its numbers; anything else is `damaged`. Of a chunk one
// block is read and opened straight into its memory, on several threads where there are many.
#pragma once

#include <functional>

#include "derived/vector/internal/graph.h"
#include "derived/vector/internal/nodes.h"
#include "derived/vector/internal/sealed_file.h"
#include "foundation/platform/machine.h"

namespace atl::vector::internal {

using Sink = std::function<Result<void>(ByteView)>;
// The graph over the first `count` nodes, piece by piece.
[[nodiscard]] Result<void> encode_graph(const Nodes& nodes, Entry entry, std::uint32_t count, const Sink& sink);
[[nodiscard]] Result<FileInfo> write_graph(const FileContext& context, std::uint64_t number, const Salt& salt,
                                           const Nodes& nodes, Entry entry, std::uint32_t count);

struct LoadedGraph {
  std::shared_ptr<Nodes> nodes;  // whole chunks; owners are still missing
  Entry entry;
};
// Codes, levels and links of the first `count` nodes.
[[nodiscard]] Result<LoadedGraph> read_graph(const FileContext& context, platform::Threads& threads,
                                             const FileInfo& info, const Shape& shape, std::uint32_t count);

}  // namespace atl::vector::internal
