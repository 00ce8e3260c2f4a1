// Sealing that opens and compares what it sealed, piece by piece.
//
// Whoever seals a MiB, opens it and compares it goes over the memory three times, and copies it first where it lies in
// more than one place. Here each piece is sealed from where it lies, opened and compared while it is in the processor's
// cache.
//
// Always true: the bytes are those of Sealer::seal() of all parts as one text. All of it was opened from `out`, with
// its tag, and was equal to what went in, where seal() says true. Thread rules: one object, one thread. Memory: one
// piece.
#pragma once

#include <memory>
#include <span>

#include "foundation/base/bytes.h"
#include "foundation/codec/seal.h"
#include "foundation/codec/secret.h"

namespace atl::codec {

class CheckedSealer {
 public:
  CheckedSealer(SealSuite suite, const SecretKey& key);
  CheckedSealer(CheckedSealer&&) noexcept;
  CheckedSealer& operator=(CheckedSealer&&) noexcept;
  ~CheckedSealer();
  // `out` must be as long as all parts and kTagBytes, and overlap none of them. False: what was sealed did not open as
  // what went in, and must not be used.
  [[nodiscard]] bool seal(const Nonce& nonce, ByteView aad, std::span<const ByteView> parts, ByteSpan out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace atl::codec
