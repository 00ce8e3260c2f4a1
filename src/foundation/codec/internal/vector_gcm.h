// AES-256-GCM (NIST SP 800-38D) by Intel's multi-buffer library, on processors whose vector instructions do AES
// (AVX-512 with VAES and VPCLMULQDQ): four times the speed of Debian 12's OpenSSL there. Elsewhere OpenSSL is as fast
// and does it alone.
//
// Always true: the same bytes as OpenSSL's, which tests compare. Keys and what is derived from them are wiped when this
// goes. Nothing of a call stays behind, so that calls may come from any thread.
#pragma once

#include <memory>
#include <span>

#include "foundation/base/bytes.h"
#include "foundation/codec/seal.h"
#include "foundation/codec/secret.h"

namespace atl::codec::internal {

class VectorGcm {
 public:
  // Whether this processor has what it takes and the library was there when this was built.
  [[nodiscard]] static bool is_offered();

  explicit VectorGcm(const SecretKey& key);  // only where it is offered
  VectorGcm(const VectorGcm& other);
  VectorGcm& operator=(const VectorGcm&) = delete;
  VectorGcm(VectorGcm&&) = delete;
  VectorGcm& operator=(VectorGcm&&) = delete;
  ~VectorGcm();

  // Lengths and overlaps are as Sealer has them.
  void seal(const Nonce& nonce, ByteView aad, ByteView plain, ByteSpan out) const;
  // Seals `parts` as one text in pieces of at most `opened`, which each of them is opened into and compared. Whether
  // all of it came back, with its tag. `out` overlaps none of `parts`.
  [[nodiscard]] bool seal_checked(const Nonce& nonce, ByteView aad, std::span<const ByteView> parts, ByteSpan out,
                                  ByteSpan opened) const;
  // Whether the tag matches; where not, `out` holds what must not be used.
  [[nodiscard]] bool open(const Nonce& nonce, ByteView aad, ByteView sealed, ByteSpan out) const;

 private:
  struct Key;
  std::unique_ptr<Key> key_;
};

}  // namespace atl::codec::internal
