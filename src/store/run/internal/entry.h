// What the parts of a run set hand to each other: entries in key order, what is known of them as a whole, found values.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "foundation/base/bytes.h"
#include "foundation/base/error.h"

namespace atl::run::internal {

enum class Found : std::uint8_t { absent, removed, present };

// Where a get wants its value: in `bytes`, at the front of `span`, or nowhere.
struct ValueTarget {
  Bytes* bytes = nullptr;
  ByteSpan span;
  bool wants_span = false;
  std::size_t size = 0;  // of the value found

  void accept(ByteView value) {
    size = value.size();
    if (bytes != nullptr) {
      bytes->assign(value.begin(), value.end());
    } else if (wants_span && value.size() <= span.size()) {
      std::copy(value.begin(), value.end(), span.begin());
    }
  }
};

// A stream of entries in ascending key order without repeats. Views hold until the next call of next().
class EntrySource {
 public:
  EntrySource() = default;
  EntrySource(const EntrySource&) = delete;
  EntrySource& operator=(const EntrySource&) = delete;
  EntrySource(EntrySource&&) = delete;
  EntrySource& operator=(EntrySource&&) = delete;
  virtual ~EntrySource() = default;
  // Goes to the first, then to the following entry; false after the last.
  [[nodiscard]] virtual Result<bool> next() = 0;
  [[nodiscard]] ByteView key() const { return key_; }
  [[nodiscard]] ByteView value() const { return value_; }
  [[nodiscard]] bool removed() const { return removed_; }

 protected:
  ByteView key_;
  ByteView value_;
  bool removed_ = false;
};

// Widths that all entries share, or not: decides between fixed and variable mode.
struct Widths {
  bool one_key_width = true;
  bool one_value_width = true;
  std::optional<std::size_t> key_width;
  std::optional<std::size_t> value_width;  // of entries that are not removals

  void add_key(std::size_t width) {
    if (key_width && *key_width != width) one_key_width = false;
    key_width = width;
  }
  void add_value(std::size_t width) {
    if (value_width && *value_width != width) one_value_width = false;
    value_width = width;
  }
  void add(const Widths& other) {
    one_key_width = one_key_width && other.one_key_width;
    one_value_width = one_value_width && other.one_value_width;
    if (other.key_width) add_key(*other.key_width);
    if (other.value_width) add_value(*other.value_width);
  }
};

// What is known of a stream of entries before it is written.
struct Summary {
  std::uint64_t entries = 0;  // at most
  bool has_removals = false;
  Widths widths;
  Bytes min_key;  // bounds, not necessarily present
  Bytes max_key;

  void add(const Summary& other) {
    if (other.entries == 0) return;
    if (entries == 0 || compare(other.min_key, min_key) < 0) min_key = other.min_key;
    if (entries == 0 || compare(other.max_key, max_key) > 0) max_key = other.max_key;
    entries += other.entries;
    has_removals = has_removals || other.has_removals;
    widths.add(other.widths);
  }
};

// The first 8 bytes from `skip` on as a number whose order agrees with memcmp (missing bytes count as 0).
[[nodiscard]] inline std::uint64_t key_prefix(ByteView key, std::size_t skip) {
  std::uint64_t prefix = 0;
  if (key.size() >= skip + 8) {
    std::memcpy(&prefix, key.data() + skip, 8);
    return __builtin_bswap64(prefix);
  }
  for (std::size_t i = 0; i < 8; ++i) prefix = prefix << 8 | (skip + i < key.size() ? key[skip + i] : 0U);
  return prefix;
}

}  // namespace atl::run::internal
