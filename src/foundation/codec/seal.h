// Authenticated encryption and key derivation. AES-256-GCM (NIST SP 800-38D), HKDF-SHA-256 (RFC 5869),
// Argon2id (RFC 9106), XChaCha20-Poly1305 is not used: one cipher, one nonce rule.
//
// Always true:
//  - A (key, nonce) pair seals once; callers own the nonce rule and document it beside their format.
//  - Suite `none` keeps the layout: bytes stay clear and the 16-byte tag is the first half of
//    BLAKE3(nonce || u64 aad length || aad || bytes), so damage is found there too.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "foundation/base/bytes.h"
#include "foundation/codec/secret.h"

namespace atl::codec {

inline constexpr std::size_t kTagBytes = 16;
inline constexpr std::size_t kNonceBytes = 12;
using Nonce = std::array<std::uint8_t, kNonceBytes>;
// Little-endian counter in the first 8 bytes, `lane` in the last 4.
[[nodiscard]] Nonce counter_nonce(std::uint64_t counter, std::uint32_t lane = 0);

enum class SealSuite : std::uint8_t { none = 0, aes256gcm = 1 };  // stored: never renumber

// One key, expanded once. Not thread safe: one per thread (clone() is cheap).
class Sealer {
 public:
  Sealer(SealSuite suite, const SecretKey& key);
  Sealer(Sealer&&) noexcept;
  Sealer& operator=(Sealer&&) noexcept;
  ~Sealer();
  [[nodiscard]] Sealer clone() const;
  // `out` must be plain.size() + kTagBytes long (ciphertext, then tag); it may not overlap `plain` unless it starts
  // at the same byte.
  void seal(const Nonce& nonce, ByteView aad, ByteView plain, ByteSpan out);
  // `out` must be sealed.size() - kTagBytes long. False where the tag does not match; `out` is wiped then.
  [[nodiscard]] bool open(const Nonce& nonce, ByteView aad, ByteView sealed, ByteSpan out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// HKDF-SHA-256 with 32 bytes of output. `info` separates purposes: "atoll pack", "atoll journal envelope".
[[nodiscard]] SecretKey derive_key(const SecretKey& from, ByteView salt, std::string_view info);

struct PassphraseCost {
  std::uint32_t memory_kib = 64 * 1024;
  std::uint32_t passes = 3;
};
// Argon2id, one lane, salt of 16 bytes. Uses memory_kib of memory for about 0.1 s.
[[nodiscard]] Result<SecretKey> stretch_passphrase(std::string_view passphrase, std::span<const std::uint8_t, 16> salt,
                                                   const PassphraseCost& cost);

}  // namespace atl::codec
