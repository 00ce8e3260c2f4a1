// Which language a text is in.
#pragma once

#include <string>

#include "derived/extract/extraction.h"

namespace atl::extract {

// ISO 639-1; empty where it is too short or not clear. Looks at the first 64 KiB of the text.
[[nodiscard]] std::string language_of(const Extraction& extraction);

}  // namespace atl::extract
