// What the numbers of a picture mean: colour profiles (ICC.1), through Little CMS.
// Always true: a profile that is damaged, or is none of three colours, changes nothing. Thread rules: pure.
#pragma once

#include "derived/render/internal/picture.h"

namespace atl::render {

// From the colours of `profile` to sRGB. Complexity: linear in the pixels; give it the picture that is small already.
void to_srgb(Picture& picture, ByteView profile);

}  // namespace atl::render
