#include "foundation/codec/hmac.h"

#include <openssl/evp.h>
#include <sodium.h>

#include <algorithm>
#include <utility>

#include "foundation/codec/internal/digest_stream.h"
#include "foundation/codec/internal/sha256_method.h"
#include "foundation/codec/secret.h"

namespace atl::codec {

// Two digests by hand (RFC 2104 section 2): OpenSSL's own HMAC() spends several times as long on looking things up.
Digest hmac_sha256(ByteView key, ByteView data) {
  constexpr std::size_t block_bytes = 64;
  std::array<std::uint8_t, block_bytes> block{};
  if (key.size() > block_bytes) {
    std::ranges::copy(sha256(key), block.begin());
  } else {
    std::ranges::copy(key, block.begin());
  }
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  Digest digest;
  const auto digest_of = [&](std::uint8_t pad, ByteView text) {
    std::array<std::uint8_t, block_bytes> padded = block;
    for (std::uint8_t& byte : padded) byte ^= pad;
    unsigned length = 0;
    ATOLL_INVARIANT(context != nullptr && EVP_DigestInit_ex(context.get(), sha256_method(), nullptr) == 1 &&
                        EVP_DigestUpdate(context.get(), padded.data(), padded.size()) == 1 &&
                        EVP_DigestUpdate(context.get(), text.data(), text.size()) == 1 &&
                        EVP_DigestFinal_ex(context.get(), digest.data(), &length) == 1 && length == digest.size(),
                    "HMAC-SHA-256 failed");
    wipe(padded);
  };
  digest_of(0x36, data);
  const Digest inner = digest;
  digest_of(0x5C, inner);
  wipe(block);
  return digest;
}

struct Sha1::State : DigestStream<20> {
  State() : DigestStream(EVP_sha1()) {}
};

Sha1::Sha1() : state_(std::make_unique<State>()) {}
Sha1::Sha1(Sha1&&) noexcept = default;
Sha1& Sha1::operator=(Sha1&&) noexcept = default;
Sha1::~Sha1() = default;

void Sha1::update(ByteView data) { state_->update(data); }

std::array<std::uint8_t, 20> Sha1::finish() { return state_->finish(); }

bool equal_in_constant_time(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || sodium_memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace atl::codec
