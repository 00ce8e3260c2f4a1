#include "foundation/codec/seal.h"

#include <openssl/evp.h>
#include <sodium.h>

#include <algorithm>

#include "foundation/codec/hash.h"
#include "foundation/codec/internal/hkdf.h"

namespace atl::codec {
namespace {

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }  // wipes the key
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

// The key is expanded here, once; each call gives only the nonce.
Context make_context(const SecretKey& key, int encrypts) {
  Context context(EVP_CIPHER_CTX_new());
  ATOLL_INVARIANT(context != nullptr && EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.view().data(),
                                                          nullptr, encrypts) == 1,
                  "AES-256-GCM could not be set up");
  return context;
}

Context copy_context(const Context& from) {
  if (!from) return nullptr;
  Context context(EVP_CIPHER_CTX_new());
  ATOLL_INVARIANT(context != nullptr && EVP_CIPHER_CTX_copy(context.get(), from.get()) == 1,
                  "AES-256-GCM could not be copied");
  return context;
}

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

std::array<std::uint8_t, kTagBytes> clear_tag(const Nonce& nonce, ByteView aad, ByteView bytes) {
  Bytes front;
  front.reserve(nonce.size() + 8 + aad.size());
  ByteWriter writer(front);
  writer.put_bytes(nonce);
  writer.put<std::uint64_t>(aad.size());
  writer.put_bytes(aad);
  Blake3 hasher;
  hasher.update(front);
  hasher.update(bytes);
  const Digest digest = hasher.digest();
  std::array<std::uint8_t, kTagBytes> tag{};
  std::copy_n(digest.begin(), tag.size(), tag.begin());
  return tag;
}

}  // namespace

Nonce counter_nonce(std::uint64_t counter, std::uint32_t lane) {
  Nonce nonce;
  store_le(nonce.data(), counter);
  store_le(nonce.data() + 8, lane);
  return nonce;
}

struct Sealer::State {
  Context encrypting;  // both null under suite `none`
  Context decrypting;
};

Sealer::Sealer(SealSuite suite, const SecretKey& key) : state_(std::make_unique<State>()) {
  ATOLL_INVARIANT(suite == SealSuite::none || suite == SealSuite::aes256gcm, "the suite was checked by the format");
  if (suite == SealSuite::aes256gcm) {
    state_->encrypting = make_context(key, 1);
    state_->decrypting = make_context(key, 0);
  }
}
Sealer::Sealer(Sealer&&) noexcept = default;
Sealer& Sealer::operator=(Sealer&&) noexcept = default;
Sealer::~Sealer() = default;

Sealer Sealer::clone() const {
  Sealer copy(SealSuite::none, SecretKey());
  copy.state_->encrypting = copy_context(state_->encrypting);
  copy.state_->decrypting = copy_context(state_->decrypting);
  return copy;
}

void Sealer::seal(const Nonce& nonce, ByteView aad, ByteView plain, ByteSpan out) {
  ATOLL_INVARIANT(out.size() == plain.size() + kTagBytes, "sealed bytes are the plain ones and a tag");
  EVP_CIPHER_CTX* context = state_->encrypting.get();
  if (context == nullptr) {
    const auto tag = clear_tag(nonce, aad, plain);
    if (!plain.empty()) std::memmove(out.data(), plain.data(), plain.size());
    std::ranges::copy(tag, out.last(kTagBytes).begin());
    return;
  }
  ATOLL_INVARIANT(EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, nonce.data(), 1) == 1, "AES-256-GCM failed");
  update(context, nullptr, aad);
  update(context, out.data(), plain);
  int length = 0;
  std::uint8_t* const tag = out.last(kTagBytes).data();
  ATOLL_INVARIANT(EVP_CipherFinal_ex(context, tag, &length) == 1 && length == 0 &&
                      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag) == 1,
                  "AES-256-GCM failed");
}

bool Sealer::open(const Nonce& nonce, ByteView aad, ByteView sealed, ByteSpan out) {
  ATOLL_INVARIANT(sealed.size() >= kTagBytes && out.size() == sealed.size() - kTagBytes,
                  "sealed bytes are the plain ones and a tag");
  const ByteView body = sealed.first(out.size());
  std::array<std::uint8_t, kTagBytes> tag{};
  std::ranges::copy(sealed.last(kTagBytes), tag.begin());
  bool matches = false;
  EVP_CIPHER_CTX* context = state_->decrypting.get();
  if (context == nullptr) {
    const auto expected = clear_tag(nonce, aad, body);
    matches = sodium_memcmp(expected.data(), tag.data(), tag.size()) == 0;
    if (matches && !body.empty()) std::memmove(out.data(), body.data(), body.size());
  } else {
    ATOLL_INVARIANT(EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, nonce.data(), 0) == 1, "AES-256-GCM failed");
    update(context, nullptr, aad);
    update(context, out.data(), body);
    int length = 0;
    std::array<std::uint8_t, kTagBytes> rest{};
    ATOLL_INVARIANT(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1,
                    "AES-256-GCM failed");
    matches = EVP_CipherFinal_ex(context, rest.data(), &length) == 1;
  }
  if (!matches) wipe(out);
  return matches;
}

SecretKey derive_key(const SecretKey& from, ByteView salt, std::string_view info) {
  return internal::hkdf_sha256(from.view(), salt, as_bytes(info));
}

Result<SecretKey> stretch_passphrase(std::string_view passphrase, std::span<const std::uint8_t, 16> salt,
                                     const PassphraseCost& cost) {
  static_assert(crypto_pwhash_SALTBYTES == 16);
  // The cost comes from a file: it must not be able to ask for all memory or a day of work.
  constexpr std::uint32_t memory_kib_max = 4 * 1024 * 1024;
  constexpr std::uint32_t passes_max = 64;
  if (cost.memory_kib < 8 || cost.memory_kib > memory_kib_max || cost.passes < 1 || cost.passes > passes_max) {
    return fail(ErrorKind::limit, "passphrase.cost", "the cost of the passphrase is outside of what Atoll allows");
  }
  if (sodium_init() < 0) return fail(ErrorKind::failed, "passphrase.sodium", "libsodium could not be started");
  SecretKey key;
  if (crypto_pwhash(key.fill().data(), key.fill().size(), passphrase.data(), passphrase.size(), salt.data(),
                    cost.passes, std::size_t{cost.memory_kib} * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return fail(ErrorKind::limit, "memory.exhausted",
                "no memory for the passphrase: " + std::to_string(cost.memory_kib / 1024) + " MiB are needed");
  }
  return key;
}

}  // namespace atl::codec
