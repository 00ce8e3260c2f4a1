// Answers a question over one view.
#pragma once

#include <functional>

#include "derived/vector/internal/view.h"

namespace atl::vector::internal {

// A filter as the search needs it: is a document in it, and where are its nodes when it is to be gone through.
struct Filter {
  std::span<const DocumentId> documents;  // ascending
  // The nodes of these documents, in ascending order; asked for only where the filter is narrow.
  std::function<std::vector<Node>(std::span<const DocumentId>)> nodes_of;
};

// At least so many are ranked again by their full vectors.
inline constexpr std::size_t kRankedAgain = 40;

[[nodiscard]] Result<SearchResult> search_view(const View& view, const SearchRequest& request, const Filter* filter,
                                               std::uint32_t width, std::uint64_t documents, RowCache& cache);
// To length 1; false where it has no direction.
[[nodiscard]] bool normalise(std::span<const float> vector, std::vector<float>& out);

}  // namespace atl::vector::internal
