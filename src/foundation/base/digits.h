// Numbers as decimal digits of a fixed width, as times are written. No format strings: a server writes some for each
// request.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>

namespace atl {

// At least `width` digits, with zeros in front; a number that needs more gets them. Nothing of `out` is changed.
inline void append_digits(std::string& out, std::uint64_t number, std::size_t width) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  const auto count = static_cast<std::size_t>(end - digits.data());
  if (count < width) out.append(width - count, '0');
  out.append(digits.data(), count);
}

}  // namespace atl
