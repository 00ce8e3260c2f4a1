#include "foundation/codec/seal.h"

#include <sodium.h>

#include <algorithm>
#include <optional>

#include "foundation/codec/hash.h"
#include "foundation/codec/internal/hkdf.h"
#include "foundation/codec/internal/openssl_gcm.h"
#include "foundation/codec/internal/vector_gcm.h"

namespace atl::codec {
namespace {

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
  // One of them; none under suite `none`.
  std::optional<internal::VectorGcm> vectors;
  std::optional<internal::OpensslGcm> openssl;
};

Sealer::Sealer(SealSuite suite, const SecretKey& key) : state_(std::make_unique<State>()) {
  ATOLL_INVARIANT(suite == SealSuite::none || suite == SealSuite::aes256gcm, "the suite was checked by the format");
  if (suite == SealSuite::none) return;
  if (internal::VectorGcm::is_offered()) {
    state_->vectors.emplace(key);
  } else {
    state_->openssl.emplace(key);
  }
}
Sealer::Sealer(Sealer&&) noexcept = default;
Sealer& Sealer::operator=(Sealer&&) noexcept = default;
Sealer::~Sealer() = default;

Sealer Sealer::clone() const {
  Sealer copy(SealSuite::none, SecretKey());
  if (state_->vectors) copy.state_->vectors.emplace(*state_->vectors);
  if (state_->openssl) copy.state_->openssl.emplace(*state_->openssl);
  return copy;
}

void Sealer::seal(const Nonce& nonce, ByteView aad, ByteView plain, ByteSpan out) {
  ATOLL_INVARIANT(out.size() == plain.size() + kTagBytes, "sealed bytes are the plain ones and a tag");
  if (state_->vectors) {
    state_->vectors->seal(nonce, aad, plain, out);
  } else if (state_->openssl) {
    state_->openssl->seal(nonce, aad, plain, out);
  } else {
    const auto tag = clear_tag(nonce, aad, plain);
    if (!plain.empty()) std::memmove(out.data(), plain.data(), plain.size());
    std::ranges::copy(tag, out.last(kTagBytes).begin());
  }
}

bool Sealer::open(const Nonce& nonce, ByteView aad, ByteView sealed, ByteSpan out) {
  ATOLL_INVARIANT(sealed.size() >= kTagBytes && out.size() == sealed.size() - kTagBytes,
                  "sealed bytes are the plain ones and a tag");
  bool matches = false;
  if (state_->vectors) {
    matches = state_->vectors->open(nonce, aad, sealed, out);
  } else if (state_->openssl) {
    matches = state_->openssl->open(nonce, aad, sealed, out);
  } else {
    const ByteView body = sealed.first(out.size());
    const auto expected = clear_tag(nonce, aad, body);
    matches = sodium_memcmp(expected.data(), sealed.last(kTagBytes).data(), expected.size()) == 0;
    if (matches && !body.empty()) std::memmove(out.data(), body.data(), body.size());
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
