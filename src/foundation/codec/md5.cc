#include "foundation/codec/md5.h"

#include <openssl/evp.h>

namespace atl::codec {

struct Md5::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  bool is_finished = false;
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = delete;
  State& operator=(State&&) = delete;
  ~State() { EVP_MD_CTX_free(context); }
};

Md5::Md5() : state_(std::make_unique<State>()) {
  ATOLL_INVARIANT(state_->context != nullptr && EVP_DigestInit_ex(state_->context, EVP_md5(), nullptr) == 1,
                  "MD5 is not offered by this OpenSSL");
}
Md5::Md5(Md5&&) noexcept = default;
Md5& Md5::operator=(Md5&&) noexcept = default;
Md5::~Md5() = default;

void Md5::update(ByteView data) {
  ATOLL_INVARIANT(!state_->is_finished, "a finished MD5 takes no more");
  ATOLL_INVARIANT(EVP_DigestUpdate(state_->context, data.data(), data.size()) == 1, "MD5 failed");
}

std::array<std::uint8_t, 16> Md5::finish() {
  ATOLL_INVARIANT(!std::exchange(state_->is_finished, true), "MD5 is finished once");
  std::array<std::uint8_t, 16> digest{};
  unsigned length = 0;
  ATOLL_INVARIANT(EVP_DigestFinal_ex(state_->context, digest.data(), &length) == 1 && length == digest.size(),
                  "MD5 failed");
  return digest;
}

}  // namespace atl::codec
