// OpenSSL's SHA-256, looked up once: EVP_sha256() is looked up anew each time a digest begins, which costs more than
// the digest of a short text.
#pragma once

#include <openssl/evp.h>

namespace atl::codec {

inline const EVP_MD* sha256_method() {
  static const EVP_MD* const method = [] {
    const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);  // never freed: used until the end
    return fetched != nullptr ? fetched : EVP_sha256();
  }();
  return method;
}

}  // namespace atl::codec
