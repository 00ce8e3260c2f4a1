#include "derived/extract/internal/limits.h"

namespace atl::extract {

Bytes encode(const WorkerLimits& limits) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.put(limits.text_bytes_max);
  out.put(limits.unpacked_bytes_max);
  out.put(limits.whole_bytes_max);
  out.put(limits.members_max);
  out.put(limits.depth_max);
  out.put(limits.ratio_max);
  return bytes;
}

Result<WorkerLimits> decode_limits(ByteView bytes) {
  WorkerLimits limits;
  ByteReader in(bytes, "limits");
  ATOLL_ASSIGN(limits.text_bytes_max, in.get<std::uint64_t>());
  ATOLL_ASSIGN(limits.unpacked_bytes_max, in.get<std::uint64_t>());
  ATOLL_ASSIGN(limits.whole_bytes_max, in.get<std::uint64_t>());
  ATOLL_ASSIGN(limits.members_max, in.get<std::uint32_t>());
  ATOLL_ASSIGN(limits.depth_max, in.get<std::uint32_t>());
  ATOLL_ASSIGN(limits.ratio_max, in.get<std::uint32_t>());
  return limits;
}

}  // namespace atl::extract
