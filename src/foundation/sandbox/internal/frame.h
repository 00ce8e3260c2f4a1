// What goes over the socket: type (1), length (4, little-endian), payload. Both ends are the same program.
#pragma once

#include <cstdint>

#include "foundation/sandbox/sandbox.h"

namespace atl::sandbox {

inline constexpr std::size_t kFrameHeaderBytes = 5;
enum class Control : std::uint8_t {
  hello = 1,  // to the child: memory (8), CPU seconds (8), parameters
  read = 2,   // from the child: offset (8), length (4)
  bytes = 3,  // to the child: what was read; empty at the end
  done = 4,   // from the child
  failed = 5  // from the child: kind (1), id, 0, message
};

}  // namespace atl::sandbox
