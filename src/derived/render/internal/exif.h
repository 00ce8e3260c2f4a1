// The little that a decoder does not say of a picture: how it lies, and how large a JPEG is before it is decoded.
// Foreign bytes: every offset is checked; complexity linear in the segments looked at.
#pragma once

#include <optional>

#include "derived/render/internal/picture.h"

namespace atl::render {

// Of a TIFF file or EXIF block (TIFF 6.0, tag 274); 1 where it says nothing.
[[nodiscard]] Orientation orientation_in_tiff(ByteView tiff);
// Of a JPEG (APP1), PNG (eXIf), WebP (EXIF) or TIFF file.
[[nodiscard]] Orientation orientation_of(ByteView file);
// As the frame header says (ITU T.81, B.2.2); none where there is none.
[[nodiscard]] std::optional<Dimensions> jpeg_size(ByteView file);

}  // namespace atl::render
