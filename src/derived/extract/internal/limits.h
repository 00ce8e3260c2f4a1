// What of Options a worker has to know.
#pragma once

#include <cstdint>

#include "foundation/base/bytes.h"

namespace atl::extract {

struct WorkerLimits {
  std::uint64_t text_bytes_max = 0;
  std::uint64_t unpacked_bytes_max = 0;
  std::uint64_t whole_bytes_max = 0;
  std::uint32_t members_max = 0;
  std::uint32_t depth_max = 0;
  std::uint32_t ratio_max = 0;
};

[[nodiscard]] Bytes encode(const WorkerLimits& limits);
[[nodiscard]] Result<WorkerLimits> decode_limits(ByteView bytes);

}  // namespace atl::extract
