// Views and owners of raw bytes, and fixed-width little-endian access to them.
// Always true: reading past the end is an Error, never undefined behaviour; no function here allocates by a foreign
// size.
#pragma once

#include <bit>
#include <compare>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "foundation/base/error.h"

namespace atl {

static_assert(std::endian::native == std::endian::little,
              "formats are little-endian; big-endian hosts need swaps here");

using ByteView = std::span<const std::uint8_t>;
using ByteSpan = std::span<std::uint8_t>;
using Bytes = std::vector<std::uint8_t>;

[[nodiscard]] inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};  // NOLINT
}
[[nodiscard]] inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};  // NOLINT
}
[[nodiscard]] inline Bytes to_bytes(ByteView view) { return {view.begin(), view.end()}; }
[[nodiscard]] inline Bytes to_bytes(std::string_view text) { return to_bytes(as_bytes(text)); }
[[nodiscard]] inline std::string to_string(ByteView view) { return std::string(as_text(view)); }

[[nodiscard]] inline bool equal(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}
// memcmp order, shorter first on a tie: the order of keys everywhere.
[[nodiscard]] std::strong_ordering compare(ByteView a, ByteView b);

// Heap buffer whose bytes are not zeroed first (a fresh zeroed page costs more than hashing it).
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t size) : data_(new std::uint8_t[size]), size_(size), capacity_(size) {}
  // A buffer that was moved from is empty and can be used again.
  Buffer(Buffer&& other) noexcept
      : data_(std::move(other.data_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    if (this != &other) {
      data_ = std::move(other.data_);
      size_ = std::exchange(other.size_, 0);
      capacity_ = std::exchange(other.capacity_, 0);
    }
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() = default;
  [[nodiscard]] std::uint8_t* data() { return data_.get(); }
  [[nodiscard]] const std::uint8_t* data() const { return data_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] ByteView view() const { return {data_.get(), size_}; }
  [[nodiscard]] ByteSpan span() { return {data_.get(), size_}; }
  // Keeps the content up to min(old, new) size; grows geometrically.
  void resize(std::size_t size);
  void clear() { size_ = 0; }
  void append(ByteView bytes);

 private:
  std::unique_ptr<std::uint8_t[]> data_;  // NOLINT(cppcoreguidelines-avoid-c-arrays)
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

// Appends little-endian fixed-width values and raw bytes.
class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(&out) {}
  template <class T>
  requires std::is_integral_v<T>
  void put(T value) {
    const auto at = out_->size();
    out_->resize(at + sizeof(T));
    std::memcpy(out_->data() + at, &value, sizeof(T));
  }
  void put_bytes(ByteView bytes) { out_->insert(out_->end(), bytes.begin(), bytes.end()); }
  void put_zeros(std::size_t count) { out_->resize(out_->size() + count); }
  [[nodiscard]] std::size_t size() const { return out_->size(); }

 private:
  Bytes* out_;
};

// Reads what ByteWriter wrote; every read is bounds-checked. `what` names the structure in errors.
class ByteReader {
 public:
  ByteReader(ByteView bytes, std::string_view what) : bytes_(bytes), what_(what) {}
  // Not for bool: a foreign byte other than 0 and 1 is no bool at all.
  template <class T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) [[nodiscard]] Result<T> get() {
    ATOLL_ASSIGN(ByteView raw, get_bytes(sizeof(T)));
    T value{};
    std::memcpy(&value, raw.data(), sizeof(T));
    return value;
  }
  [[nodiscard]] Result<ByteView> get_bytes(std::size_t count);
  [[nodiscard]] std::size_t remaining() const { return bytes_.size() - at_; }
  [[nodiscard]] std::size_t position() const { return at_; }

 private:
  ByteView bytes_;
  std::string_view what_;
  std::size_t at_ = 0;
};

template <class T>
requires std::is_integral_v<T>
[[nodiscard]] T load_le(const std::uint8_t* from) {
  T value{};
  std::memcpy(&value, from, sizeof(T));
  return value;
}
template <class T>
requires std::is_integral_v<T>
void store_le(std::uint8_t* to, T value) { std::memcpy(to, &value, sizeof(T)); }
// Big-endian, where memcmp order must equal numeric order.
void append_be64(Bytes& out, std::uint64_t value);
[[nodiscard]] std::uint64_t load_be64(const std::uint8_t* from);

[[nodiscard]] std::string to_hex(ByteView bytes);
[[nodiscard]] Result<Bytes> from_hex(std::string_view text);
// RFC 4648 base32, lower case, no padding.
[[nodiscard]] std::string to_base32(ByteView bytes);
[[nodiscard]] Result<Bytes> from_base32(std::string_view text);
[[nodiscard]] std::string to_base64(ByteView bytes);
[[nodiscard]] Result<Bytes> from_base64(std::string_view text);
// True where `text` is well-formed UTF-8 (RFC 3629).
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace atl
