#include "foundation/codec/internal/openssl_gcm.h"

#include <algorithm>

namespace atl::codec::internal {
namespace {

// OpenSSL takes an int for a length.
constexpr std::size_t kStepBytes = std::size_t{1} << 30;

// `out` null feeds associated data.
void update(EVP_CIPHER_CTX* context, std::uint8_t* out, ByteView in) {
  while (!in.empty()) {
    const ByteView part = in.first(std::min(in.size(), kStepBytes));
    int length = 0;
    ATOLL_INVARIANT(EVP_CipherUpdate(context, out, &length, part.data(), static_cast<int>(part.size())) == 1,
                    "AES-256-GCM failed");
    if (out != nullptr) out += part.size();
    in = in.subspan(part.size());
  }
}

}  // namespace

OpensslGcm::Context OpensslGcm::make(const SecretKey& key, int encrypts) {
  Context context(EVP_CIPHER_CTX_new());
  ATOLL_INVARIANT(context != nullptr && EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.view().data(),
                                                          nullptr, encrypts) == 1,
                  "AES-256-GCM could not be set up");
  return context;
}

OpensslGcm::Context OpensslGcm::copy(const Context& from) {
  Context context(EVP_CIPHER_CTX_new());
  ATOLL_INVARIANT(context != nullptr && EVP_CIPHER_CTX_copy(context.get(), from.get()) == 1,
                  "AES-256-GCM could not be copied");
  return context;
}

// Each call gives only the nonce.
OpensslGcm::OpensslGcm(const SecretKey& key) : encrypting_(make(key, 1)), decrypting_(make(key, 0)) {}
OpensslGcm::OpensslGcm(const OpensslGcm& other)
    : encrypting_(copy(other.encrypting_)), decrypting_(copy(other.decrypting_)) {}

void OpensslGcm::seal(const Nonce& nonce, ByteView aad, ByteView plain, ByteSpan out) {
  EVP_CIPHER_CTX* const context = encrypting_.get();
  ATOLL_INVARIANT(EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, nonce.data(), 1) == 1, "AES-256-GCM failed");
  update(context, nullptr, aad);
  update(context, out.data(), plain);
  int length = 0;
  std::uint8_t* const tag = out.last(kTagBytes).data();
  ATOLL_INVARIANT(EVP_CipherFinal_ex(context, tag, &length) == 1 && length == 0 &&
                      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag) == 1,
                  "AES-256-GCM failed");
}

bool OpensslGcm::seal_checked(const Nonce& nonce, ByteView aad, std::span<const ByteView> parts, ByteSpan out,
                              ByteSpan opened) {
  EVP_CIPHER_CTX* const sealing = encrypting_.get();
  EVP_CIPHER_CTX* const opening = decrypting_.get();
  ATOLL_INVARIANT(EVP_CipherInit_ex(sealing, nullptr, nullptr, nullptr, nonce.data(), 1) == 1 &&
                      EVP_CipherInit_ex(opening, nullptr, nullptr, nullptr, nonce.data(), 0) == 1,
                  "AES-256-GCM failed");
  update(sealing, nullptr, aad);
  update(opening, nullptr, aad);
  std::uint8_t* to = out.data();
  for (ByteView part : parts) {
    while (!part.empty()) {
      const ByteView piece = part.first(std::min(part.size(), opened.size()));
      update(sealing, to, piece);
      update(opening, opened.data(), {to, piece.size()});
      if (!equal(opened.first(piece.size()), piece)) return false;
      to += piece.size();
      part = part.subspan(piece.size());
    }
  }
  int length = 0;
  std::uint8_t* const tag = out.last(kTagBytes).data();
  ATOLL_INVARIANT(EVP_CipherFinal_ex(sealing, tag, &length) == 1 && length == 0 &&
                      EVP_CIPHER_CTX_ctrl(sealing, EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag) == 1 &&
                      EVP_CIPHER_CTX_ctrl(opening, EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag) == 1,
                  "AES-256-GCM failed");
  std::array<std::uint8_t, kTagBytes> rest{};
  return EVP_CipherFinal_ex(opening, rest.data(), &length) == 1;
}

bool OpensslGcm::open(const Nonce& nonce, ByteView aad, ByteView sealed, ByteSpan out) {
  EVP_CIPHER_CTX* const context = decrypting_.get();
  std::array<std::uint8_t, kTagBytes> tag{};
  std::ranges::copy(sealed.last(kTagBytes), tag.begin());
  ATOLL_INVARIANT(EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, nonce.data(), 0) == 1, "AES-256-GCM failed");
  update(context, nullptr, aad);
  update(context, out.data(), sealed.first(out.size()));
  int length = 0;
  std::array<std::uint8_t, kTagBytes> rest{};
  ATOLL_INVARIANT(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1,
                  "AES-256-GCM failed");
  return EVP_CipherFinal_ex(context, rest.data(), &length) == 1;
}

}  // namespace atl::codec::internal
