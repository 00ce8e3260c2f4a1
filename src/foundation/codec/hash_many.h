// Keyed BLAKE3 of many short inputs at once.
//
// One input of a few KiB leaves most of a processor's vector unit idle: each block waits for the one before it. Here
// the lanes of a vector are blocks of different inputs, as the library does it with the parts of one long input.
//
// Always true: the digests are those of blake3_keyed(), for any lengths. Thread rules: a plain function. Memory: 32
// bytes for each KiB of the inputs, and 40 bytes for each input.
#pragma once

#include <span>

#include "foundation/base/bytes.h"
#include "foundation/codec/hash.h"
#include "foundation/codec/secret.h"

namespace atl::codec {

// digests[i] of inputs[i]; as many of one as of the other.
void blake3_keyed_many(const SecretKey& key, std::span<const ByteView> inputs, std::span<Digest> digests);

}  // namespace atl::codec
