// HKDF-SHA-256 (RFC 5869) with input key material of any length; derive_key() is the door for everybody else.
#pragma once

#include "foundation/codec/secret.h"

namespace atl::codec::internal {

// The first 32 bytes of output. `info` may be any bytes.
[[nodiscard]] SecretKey hkdf_sha256(ByteView input_key, ByteView salt, ByteView info);

}  // namespace atl::codec::internal
