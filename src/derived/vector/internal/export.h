// The index as files that other programs read: spec/formats/vector-index.md, "Readable files".
#pragma once

#include <string>

#include "derived/vector/internal/view.h"

namespace atl::vector::internal {

// Row i of every file is node i, removed ones included, whose entry in id_mapping.json is null. No node may be taken
// into the graph meanwhile.
[[nodiscard]] Result<void> export_view(platform::FileSystem& files, const std::string& folder, const View& view,
                                       const Config& config, std::uint32_t search_width);

}  // namespace atl::vector::internal
