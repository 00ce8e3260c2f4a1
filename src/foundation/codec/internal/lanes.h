// How many inputs blake3_keyed_many() takes at once: what the processor has, or fewer, for tests.
#pragma once

#include <span>

#include "foundation/base/bytes.h"
#include "foundation/codec/hash.h"
#include "foundation/codec/secret.h"

namespace atl::codec::internal {

enum class Lanes : std::uint8_t { one, eight, sixteen };  // one: the library, input by input

[[nodiscard]] bool has_lanes(Lanes lanes);
void blake3_keyed_many(Lanes lanes, const SecretKey& key, std::span<const ByteView> inputs, std::span<Digest> digests);

}  // namespace atl::codec::internal
