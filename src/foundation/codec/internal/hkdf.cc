#include "foundation/codec/internal/hkdf.h"

#include <algorithm>

#include "foundation/codec/hmac.h"
#include "foundation/codec/secret.h"

namespace atl::codec::internal {

namespace {

void take(Digest digest, SecretKey& into) {
  std::ranges::copy(digest, into.fill().begin());
  wipe(digest);
}

}  // namespace

SecretKey hkdf_sha256(ByteView input_key, ByteView salt, ByteView info) {
  SecretKey extracted;
  take(hmac_sha256(salt, input_key), extracted);
  // Expand: one round gives T(1) = HMAC(PRK, info || 0x01), which is all of 32 bytes.
  Bytes round = to_bytes(info);
  round.push_back(1);
  SecretKey key;
  take(hmac_sha256(extracted.view(), round), key);
  return key;
}

}  // namespace atl::codec::internal
