#include "foundation/codec/hmac_sha1.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace atl::codec {

std::array<std::uint8_t, 20> hmac_sha1(ByteView key, ByteView data) {
  std::array<std::uint8_t, 20> out{};
  unsigned length = 0;
  // OpenSSL takes a null pointer for "the key of the last call": an empty key needs an address.
  const std::uint8_t none = 0;
  const std::uint8_t* const key_bytes = key.empty() ? &none : key.data();
  const bool done = HMAC(EVP_sha1(), key_bytes, static_cast<int>(key.size()), data.data(), data.size(), out.data(),
                         &length) != nullptr;
  ATOLL_INVARIANT(done && length == out.size(), "OpenSSL computes HMAC-SHA-1");
  return out;
}

}  // namespace atl::codec
