// Where a chunk lies: the value of the chunk index.
#pragma once

#include <array>
#include <cstdint>

#include "foundation/base/ids.h"

namespace atl::chunk {

struct Location {
  PackId pack;
  std::uint32_t group_offset = 0;   // of the group's header in the pack file
  std::uint32_t sealed_length = 0;  // of the group
  std::uint32_t offset = 0;         // in the group's body
  std::uint32_t length = 0;
  friend bool operator==(const Location&, const Location&) = default;
};

inline constexpr std::size_t kLocationBytes = 32;
using LocationBytes = std::array<std::uint8_t, kLocationBytes>;

[[nodiscard]] inline LocationBytes encode(const Location& location) {
  LocationBytes bytes{};
  std::copy(location.pack.bytes.begin(), location.pack.bytes.end(), bytes.begin());
  store_le(bytes.data() + 16, location.group_offset);
  store_le(bytes.data() + 20, location.sealed_length);
  store_le(bytes.data() + 24, location.offset);
  store_le(bytes.data() + 28, location.length);
  return bytes;
}

[[nodiscard]] inline Location decode_location(const LocationBytes& bytes) {
  Location location;
  std::copy_n(bytes.begin(), 16, location.pack.bytes.begin());
  location.group_offset = load_le<std::uint32_t>(bytes.data() + 16);
  location.sealed_length = load_le<std::uint32_t>(bytes.data() + 20);
  location.offset = load_le<std::uint32_t>(bytes.data() + 24);
  location.length = load_le<std::uint32_t>(bytes.data() + 28);
  return location;
}

}  // namespace atl::chunk
