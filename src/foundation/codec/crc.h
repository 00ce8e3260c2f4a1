// Cyclic checksums that protocols ask for: CRC-32 (ISO-HDLC: zlib, gzip, S3) and CRC-64/NVME (NVM Express NVM Command
// Set 1.0, 5.2.1.3.4; S3). CRC-32C stands in hash.h.
// All of them begin and end inverted and are reflected, so the checksum of two pieces can be joined from those of each.
// Complexity: linear in the bytes; joining costs a logarithm of the length of the second piece.
#pragma once

#include <cstdint>

#include "foundation/base/bytes.h"

namespace atl::codec {

// Continues from `previous` (0 to begin).
[[nodiscard]] std::uint32_t crc32(ByteView data, std::uint32_t previous = 0);
[[nodiscard]] std::uint64_t crc64nvme(ByteView data, std::uint64_t previous = 0);

// The checksum of a followed by b, where b is `second_bytes` long.
[[nodiscard]] std::uint32_t join_crc32(std::uint32_t first, std::uint32_t second, std::uint64_t second_bytes);
[[nodiscard]] std::uint32_t join_crc32c(std::uint32_t first, std::uint32_t second, std::uint64_t second_bytes);
[[nodiscard]] std::uint64_t join_crc64nvme(std::uint64_t first, std::uint64_t second, std::uint64_t second_bytes);

}  // namespace atl::codec
