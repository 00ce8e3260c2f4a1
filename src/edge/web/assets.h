// The files of the page, as the build made them and put them into the program (web/, CMakeLists.txt of this folder).
// Always true: compressed forms are there only where they are smaller; a name below "ui/assets/" holds a digest of its
// content, so what it names never changes.
#pragma once

#include <span>
#include <string_view>

#include "foundation/base/bytes.h"

namespace atl::web {

struct Asset {
  std::string_view path;        // "index.html", "ui/assets/main-Bx3f.js"
  std::string_view media_type;  // with its charset
  std::string_view digest;      // hex, of the plain content
  ByteView plain;
  ByteView gzip;    // empty: not there
  ByteView brotli;  // empty: not there
};

inline constexpr std::string_view kIndexPath = "index.html";

// Valid as long as the program runs. Empty where the program was built without the page.
[[nodiscard]] std::span<const Asset> built_assets();

}  // namespace atl::web
