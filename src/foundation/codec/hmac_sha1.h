// HMAC-SHA-1 (RFC 2104, RFC 3174): one-time codes are made with it (RFC 4226), nothing else should be.
#pragma once

#include <array>
#include <cstdint>

#include "foundation/base/bytes.h"

namespace atl::codec {

[[nodiscard]] std::array<std::uint8_t, 20> hmac_sha1(ByteView key, ByteView data);

}  // namespace atl::codec
