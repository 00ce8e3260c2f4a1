// Understands contents without a process of its own, for tests: everything is text, "x.zip" is lines "path: text", a
// member each, "# Title" a title, a ".npy" says nothing, and what begins with "broken" breaks its reader.
#pragma once

#include "derived/search/search_index.h"

namespace atl::search::testing {

// Counts what it read, where `reads` is given; it outlives the reader then.
[[nodiscard]] Understand simple_reader(int* reads = nullptr);

// Previews of names that end in ".txt" or ".png": bytes like a WebP, 40 by 30; everything else has none. What is to be
// seen in a ".png" is decided by the first word of its bytes alone. Text in it: its bytes are what is recognised.
// Counts what it made and recognised, where `counts` is given.
struct PictureCounts {
  int previews = 0;
  int recognised = 0;
};
[[nodiscard]] PictureReaders simple_pictures(PictureCounts* counts = nullptr);

}  // namespace atl::search::testing
