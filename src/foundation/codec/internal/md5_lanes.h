// How many streams md5_update_many() takes at once: what the processor has, or fewer, for tests.
#pragma once

#include <span>

#include "foundation/codec/internal/lanes.h"
#include "foundation/codec/md5_many.h"

namespace atl::codec::internal {

void md5_update_many(Lanes lanes, std::span<const Md5Piece> pieces);

}  // namespace atl::codec::internal
