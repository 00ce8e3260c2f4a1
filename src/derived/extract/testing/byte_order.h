// Numbers as files write them, for samples that are made byte by byte.
// Always true: `count` is at most 8. Thread rules: plain functions.
#pragma once

#include <cstdint>
#include <string>

namespace atl::extract::testing {

[[nodiscard]] inline std::string le(std::uint64_t value, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(static_cast<char>((value >> (8 * i)) & 0xFFU));
  return out;
}

[[nodiscard]] inline std::string be(std::uint64_t value, std::size_t count) {
  const std::string out = le(value, count);
  return {out.rbegin(), out.rend()};
}

}  // namespace atl::extract::testing
