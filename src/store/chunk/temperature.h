// How warm data is kept. Decides codec and group size: stored in packs, never renumber.
#pragma once

#include <cstdint>

namespace atl::chunk {

enum class Temperature : std::uint8_t { hot = 1, warm = 2, cold = 3 };

}  // namespace atl::chunk
