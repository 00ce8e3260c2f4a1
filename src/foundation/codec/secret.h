// Secrets in memory.
// Always true: the bytes of a SecretKey are wiped when it is destroyed or moved from; nothing prints or compares them
// but in constant time; they are never copied by accident (clone() says it).
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "foundation/base/bytes.h"

namespace atl::codec {

class SecretKey {
 public:
  SecretKey() = default;
  explicit SecretKey(std::span<const std::uint8_t, 32> bytes);
  SecretKey(const SecretKey&) = delete;
  SecretKey& operator=(const SecretKey&) = delete;
  SecretKey(SecretKey&& other) noexcept;
  SecretKey& operator=(SecretKey&& other) noexcept;
  ~SecretKey();
  [[nodiscard]] static Result<SecretKey> from_view(ByteView bytes);  // exactly 32
  [[nodiscard]] SecretKey clone() const { return SecretKey(bytes_); }
  [[nodiscard]] std::span<const std::uint8_t, 32> view() const { return bytes_; }
  [[nodiscard]] std::span<std::uint8_t, 32> fill() { return bytes_; }
  [[nodiscard]] bool equals(const SecretKey& other) const;  // constant time

 private:
  std::array<std::uint8_t, 32> bytes_{};
};

// Overwrites memory in a way the compiler keeps.
void wipe(ByteSpan bytes);
void wipe(std::string& text);

}  // namespace atl::codec
