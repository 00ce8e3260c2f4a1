// Which texts of a content are looked for by meaning: what it says about itself, then what it says, in passages.
// Always true: bounded (2 MiB of text, 400 passages: more says little more about what a file is about).
// Thread rules: pure.
#pragma once

#include <string>
#include <vector>

#include "derived/extract/extraction.h"

namespace atl::search::internal {

[[nodiscard]] std::vector<std::string> passages_of(const extract::Extraction& extraction);

}  // namespace atl::search::internal
