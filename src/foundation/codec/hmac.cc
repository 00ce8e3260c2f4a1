#include "foundation/codec/hmac.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include <limits>
#include <utility>

namespace atl::codec {

Digest hmac_sha256(ByteView key, ByteView data) {
  ATOLL_INVARIANT(key.size() <= std::numeric_limits<int>::max(), "an HMAC key is far shorter than that");
  static constexpr std::uint8_t kNothing = 0;  // OpenSSL takes a null key for "the one before"
  Digest digest;
  unsigned length = 0;
  ATOLL_INVARIANT(HMAC(EVP_sha256(), key.empty() ? &kNothing : key.data(), static_cast<int>(key.size()), data.data(),
                       data.size(), digest.data(), &length) != nullptr &&
                      length == digest.size(),
                  "HMAC-SHA-256 failed");
  return digest;
}

struct Sha1::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  bool is_finished = false;
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = delete;
  State& operator=(State&&) = delete;
  ~State() { EVP_MD_CTX_free(context); }
};

Sha1::Sha1() : state_(std::make_unique<State>()) {
  ATOLL_INVARIANT(state_->context != nullptr && EVP_DigestInit_ex(state_->context, EVP_sha1(), nullptr) == 1,
                  "SHA-1 is not offered by this OpenSSL");
}
Sha1::Sha1(Sha1&&) noexcept = default;
Sha1& Sha1::operator=(Sha1&&) noexcept = default;
Sha1::~Sha1() = default;

void Sha1::update(ByteView data) {
  ATOLL_INVARIANT(!state_->is_finished, "a finished SHA-1 takes no more");
  ATOLL_INVARIANT(EVP_DigestUpdate(state_->context, data.data(), data.size()) == 1, "SHA-1 failed");
}

std::array<std::uint8_t, 20> Sha1::finish() {
  ATOLL_INVARIANT(!std::exchange(state_->is_finished, true), "SHA-1 is finished once");
  std::array<std::uint8_t, 20> digest{};
  unsigned length = 0;
  ATOLL_INVARIANT(EVP_DigestFinal_ex(state_->context, digest.data(), &length) == 1 && length == digest.size(),
                  "SHA-1 failed");
  return digest;
}

bool equal_in_constant_time(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || sodium_memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace atl::codec
