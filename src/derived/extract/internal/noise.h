// Contents that say nothing about themselves: encrypted ones, above all, as backup programs and encrypting tools make
// them by the thousand.
// Always true: a content that begins with a mark, or with small numbers, as formats do, is none of these, whatever
// follows. By chance that is so of a third of random contents, too; a content of less than 1 KiB is never noise.
#pragma once

#include "foundation/base/bytes.h"

namespace atl::extract {

// From its first byte on: a look into a table of formats would find nothing, or something by chance.
[[nodiscard]] bool is_noise(ByteView head);

}  // namespace atl::extract
