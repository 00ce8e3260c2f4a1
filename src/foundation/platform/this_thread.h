// Which thread is running, for whoever keeps something for each of them.
#pragma once

#include <cstdint>

namespace atl::platform {

// No other thread that lives has it; one that begins later may.
[[nodiscard]] std::uint64_t this_thread_number();

}  // namespace atl::platform
