#include "foundation/codec/secret.h"

#include <sodium.h>

#include <algorithm>

namespace atl::codec {

SecretKey::SecretKey(std::span<const std::uint8_t, 32> bytes) { std::ranges::copy(bytes, bytes_.begin()); }

SecretKey::SecretKey(SecretKey&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }

SecretKey& SecretKey::operator=(SecretKey&& other) noexcept {
  if (this != &other) {
    bytes_ = other.bytes_;
    wipe(other.bytes_);
  }
  return *this;
}

SecretKey::~SecretKey() { wipe(bytes_); }

Result<SecretKey> SecretKey::from_view(ByteView bytes) {
  if (bytes.size() != 32) {
    return fail(ErrorKind::damaged, "key.length", "a key has 32 bytes, this one " + std::to_string(bytes.size()));
  }
  return SecretKey(bytes.first<32>());
}

bool SecretKey::equals(const SecretKey& other) const {
  return sodium_memcmp(bytes_.data(), other.bytes_.data(), bytes_.size()) == 0;
}

void wipe(ByteSpan bytes) {
  if (!bytes.empty()) sodium_memzero(bytes.data(), bytes.size());
}

void wipe(std::string& text) {
  if (!text.empty()) sodium_memzero(text.data(), text.size());
  text.clear();
}

}  // namespace atl::codec
