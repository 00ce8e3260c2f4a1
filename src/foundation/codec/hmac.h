// Keyed digests and old digests that protocols ask for: HMAC-SHA-256 (RFC 2104, FIPS 198-1), SHA-1 (FIPS 180-4). SHA-1
// proves nothing against intent.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "foundation/base/bytes.h"
#include "foundation/codec/hash.h"

namespace atl::codec {

// A key of any length, also empty.
[[nodiscard]] Digest hmac_sha256(ByteView key, ByteView data);

class Sha1 {
 public:
  Sha1();
  Sha1(Sha1&&) noexcept;
  Sha1& operator=(Sha1&&) noexcept;
  ~Sha1();
  void update(ByteView data);
  [[nodiscard]] std::array<std::uint8_t, 20> finish();  // once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Takes as long wherever they differ; false at once where the lengths do.
[[nodiscard]] bool equal_in_constant_time(ByteView a, ByteView b);

}  // namespace atl::codec
