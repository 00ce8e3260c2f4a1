#include "foundation/codec/internal/hkdf.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace atl::codec::internal {
namespace {

void hmac_sha256(ByteView key, ByteView data, std::span<std::uint8_t, 32> out) {
  // OpenSSL reads a null key as "the key of before": an empty salt needs an address.
  constexpr std::uint8_t nothing = 0;
  unsigned length = 0;
  ATOLL_INVARIANT(HMAC(EVP_sha256(), key.empty() ? &nothing : key.data(), static_cast<int>(key.size()), data.data(),
                       data.size(), out.data(), &length) != nullptr &&
                      length == out.size(),
                  "HMAC-SHA-256 failed");
}

}  // namespace

SecretKey hkdf_sha256(ByteView input_key, ByteView salt, ByteView info) {
  SecretKey extracted;
  hmac_sha256(salt, input_key, extracted.fill());
  // Expand: one round gives T(1) = HMAC(PRK, info || 0x01), which is all of 32 bytes.
  Bytes round = to_bytes(info);
  round.push_back(1);
  SecretKey key;
  hmac_sha256(extracted.view(), round, key.fill());
  return key;
}

}  // namespace atl::codec::internal
