// Understands contents without a process of its own, for tests: everything is text, "x.zip" is lines "path: text", a
// member each, "# Title" a title, and what begins with "broken" breaks its reader.
#pragma once

#include "derived/search/search_index.h"

namespace atl::search::testing {

// Counts what it read, where `reads` is given; it outlives the reader then.
[[nodiscard]] Understand simple_reader(int* reads = nullptr);

}  // namespace atl::search::testing
