// Several segments into one, without what was removed; and which ones are worth it.
// Always true: streams: memory is 4 bytes a document of the sources, a byte a document and text field of the result,
// and a block of postings a source.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "derived/text/internal/segment.h"

namespace atl::text::internal {

struct MergeSource {
  std::shared_ptr<Segment> segment;
  Bytes removals;                  // as they stand when the merge begins
  std::vector<std::uint32_t> map;  // of its documents to those of the result; kNoDoc: left out. Filled by the merge
};

// None where no document is left.
[[nodiscard]] Result<std::optional<SegmentInfo>> merge_segments(const FileContext& context, const std::string& folder,
                                                                std::uint64_t number, const Salt& salt,
                                                                const Schema& schema,
                                                                std::vector<MergeSource>& sources);

// Size-tiered: segments belong to classes by powers of four of their bytes, and four of a class are merged, smallest
// class first; so each byte is written about once a class. One that is mostly removed is merged alone. Indices, or
// none.
[[nodiscard]] std::vector<std::size_t> choose_merge(const std::vector<std::shared_ptr<Segment>>& segments);

}  // namespace atl::text::internal
