// AES-256-GCM (NIST SP 800-38D) by OpenSSL, on any processor.
//
// Always true: the key is expanded once, and wiped when this goes. One call at a time.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <span>

#include "foundation/base/bytes.h"
#include "foundation/codec/seal.h"
#include "foundation/codec/secret.h"

namespace atl::codec::internal {

class OpensslGcm {
 public:
  explicit OpensslGcm(const SecretKey& key);
  OpensslGcm(const OpensslGcm& other);
  OpensslGcm& operator=(const OpensslGcm&) = delete;
  OpensslGcm(OpensslGcm&&) = delete;
  OpensslGcm& operator=(OpensslGcm&&) = delete;
  ~OpensslGcm() = default;

  // Lengths and overlaps are as Sealer has them.
  void seal(const Nonce& nonce, ByteView aad, ByteView plain, ByteSpan out);
  // Seals `parts` as one text in pieces of at most `opened`, which each of them is opened into and compared. Whether
  // all of it came back, with its tag. `out` overlaps none of `parts`.
  [[nodiscard]] bool seal_checked(const Nonce& nonce, ByteView aad, std::span<const ByteView> parts, ByteSpan out,
                                  ByteSpan opened);
  // Whether the tag matches; where not, `out` holds what must not be used.
  [[nodiscard]] bool open(const Nonce& nonce, ByteView aad, ByteView sealed, ByteSpan out);

 private:
  struct Free {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }  // wipes the key
  };
  using Context = std::unique_ptr<EVP_CIPHER_CTX, Free>;
  static Context make(const SecretKey& key, int encrypts);
  static Context copy(const Context& from);

  Context encrypting_;
  Context decrypting_;
};

}  // namespace atl::codec::internal
