// Sizes as people write and read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "foundation/base/error.h"

namespace atl {

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
inline constexpr std::uint64_t kGiB = 1024 * kMiB;

// "5.3 GB": decimal units, three significant digits at most; "812 B" below 1000.
[[nodiscard]] std::string format_size(std::uint64_t bytes);
// "12,408"
[[nodiscard]] std::string format_count(std::uint64_t count);
// "1 min 40 s", "2 h 05 min"
[[nodiscard]] std::string format_duration(double seconds);
// "64MiB", "1.5GB", "4096", "10k" (k M G T are decimal, Ki Mi Gi Ti binary, with or without B).
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);

}  // namespace atl
