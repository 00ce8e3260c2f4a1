#include "foundation/codec/hash.h"

#include <blake3.h>
#include <isa-l/crc.h>
#include <openssl/evp.h>

#include <algorithm>
#include <utility>

#include "foundation/codec/internal/digest_stream.h"
#include "foundation/codec/internal/sha256_method.h"

namespace atl::codec {
namespace {

// The key stands in two fields of a keyed hasher; the rest is chaining state of public or one-way nature.
void wipe_key(blake3_hasher& hasher) {
  wipe({reinterpret_cast<std::uint8_t*>(hasher.key), sizeof hasher.key});            // NOLINT
  wipe({reinterpret_cast<std::uint8_t*>(hasher.chunk.cv), sizeof hasher.chunk.cv});  // NOLINT
}

Digest finalize(const blake3_hasher& hasher) {
  Digest digest;
  blake3_hasher_finalize(&hasher, digest.data(), digest.size());
  return digest;
}

}  // namespace

Digest blake3(ByteView data) {
  blake3_hasher hasher;
  blake3_hasher_init(&hasher);
  blake3_hasher_update(&hasher, data.data(), data.size());
  return finalize(hasher);
}

Digest blake3_keyed(const SecretKey& key, ByteView data) {
  blake3_hasher hasher;
  blake3_hasher_init_keyed(&hasher, key.view().data());
  blake3_hasher_update(&hasher, data.data(), data.size());
  const Digest digest = finalize(hasher);
  wipe_key(hasher);
  return digest;
}

struct Blake3::State {
  blake3_hasher hasher;
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = delete;
  State& operator=(State&&) = delete;
  ~State() { wipe_key(hasher); }
};

Blake3::Blake3() : state_(std::make_unique<State>()) { blake3_hasher_init(&state_->hasher); }
Blake3::Blake3(const SecretKey& key) : state_(std::make_unique<State>()) {
  blake3_hasher_init_keyed(&state_->hasher, key.view().data());
}
Blake3::Blake3(Blake3&&) noexcept = default;
Blake3& Blake3::operator=(Blake3&&) noexcept = default;
Blake3::~Blake3() = default;

void Blake3::update(ByteView data) { blake3_hasher_update(&state_->hasher, data.data(), data.size()); }

Digest Blake3::digest() const { return finalize(state_->hasher); }

struct Sha256::State : DigestStream<32> {
  State() : DigestStream(sha256_method()) {}
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(ByteView data) { state_->update(data); }

Digest Sha256::finish() { return state_->finish(); }

Digest sha256(ByteView data) {
  Digest digest;
  unsigned length = 0;
  ATOLL_INVARIANT(EVP_Digest(data.data(), data.size(), digest.data(), &length, sha256_method(), nullptr) == 1 &&
                      length == digest.size(),
                  "SHA-256 failed");
  return digest;
}

std::array<std::uint8_t, 16> md5(ByteView data) {
  std::array<std::uint8_t, 16> digest{};
  unsigned length = 0;
  ATOLL_INVARIANT(
      EVP_Digest(data.data(), data.size(), digest.data(), &length, EVP_md5(), nullptr) == 1 && length == digest.size(),
      "MD5 is not offered by this OpenSSL");
  return digest;
}

std::uint32_t crc32c(ByteView data, std::uint32_t previous) {
  // ISA-L leaves out the inversions before and after, and takes an int for the length.
  constexpr std::size_t step_bytes = std::size_t{1} << 30;
  std::uint32_t state = ~previous;
  while (!data.empty()) {
    const ByteView part = data.first(std::min(data.size(), step_bytes));
    state = crc32_iscsi(const_cast<unsigned char*>(part.data()), static_cast<int>(part.size()), state);  // NOLINT
    data = data.subspan(part.size());
  }
  return ~state;
}

}  // namespace atl::codec
