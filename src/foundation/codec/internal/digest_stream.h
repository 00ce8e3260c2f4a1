// One digest of OpenSSL's over bytes that come in pieces. Finished once; what goes wrong here is a fault of the program
// or of its OpenSSL, never of the bytes.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <utility>

#include "foundation/base/bytes.h"
#include "foundation/base/error.h"

namespace atl::codec {

template <std::size_t Bytes>
class DigestStream {
 public:
  explicit DigestStream(const EVP_MD* method) : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    ATOLL_INVARIANT(context_ != nullptr && method != nullptr && EVP_DigestInit_ex(context_.get(), method, nullptr) == 1,
                    "this OpenSSL does not offer a digest that Atoll needs");
  }

  void update(ByteView data) {
    ATOLL_INVARIANT(!is_finished_, "a finished digest takes no more");
    ATOLL_INVARIANT(EVP_DigestUpdate(context_.get(), data.data(), data.size()) == 1,
                    "OpenSSL could not go on with a digest");
  }

  [[nodiscard]] std::array<std::uint8_t, Bytes> finish() {
    ATOLL_INVARIANT(!std::exchange(is_finished_, true), "a digest is finished once");
    std::array<std::uint8_t, Bytes> digest{};
    unsigned length = 0;
    ATOLL_INVARIANT(EVP_DigestFinal_ex(context_.get(), digest.data(), &length) == 1 && length == Bytes,
                    "OpenSSL could not finish a digest");
    return digest;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
  bool is_finished_ = false;  // OpenSSL itself would go on with what is left in the context
};

}  // namespace atl::codec
