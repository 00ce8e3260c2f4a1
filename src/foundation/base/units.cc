#include "foundation/base/units.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace atl {

std::string format_size(std::uint64_t bytes) {
  constexpr std::array<const char*, 6> units = {"kB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 1000) return std::to_string(bytes) + " B";
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  value /= 1000;
  while (value >= 999.5 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), value < 9.995 ? "%.2f %s" : value < 99.95 ? "%.1f %s" : "%.0f %s", value, units.at(unit));
  return text.data();
}

std::string format_count(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string format_duration(double seconds) {
  std::array<char, 48> text{};
  if (seconds < 10) {
    std::snprintf(text.data(), text.size(), "%.1f s", seconds < 0 ? 0.0 : seconds);
    return text.data();
  }
  const auto whole = static_cast<long long>(std::llround(seconds));
  if (whole < 60) {
    std::snprintf(text.data(), text.size(), "%lld s", whole);
  } else if (whole < 3600) {
    std::snprintf(text.data(), text.size(), "%lld min %02lld s", whole / 60, whole % 60);
  } else {
    std::snprintf(text.data(), text.size(), "%lld h %02lld min", whole / 3600, whole / 60 % 60);
  }
  return text.data();
}

Result<std::uint64_t> parse_size(std::string_view text) {
  const auto malformed = [&] {
    return fail(ErrorKind::usage, "size.malformed", "not a size: \"" + std::string(text.substr(0, 64)) + "\"",
                "Write a number and a unit: 4096, 64MiB, 1.5GB.");
  };
  const std::string copy(text);
  char* end = nullptr;
  if (copy.empty() || copy[0] < '0' || copy[0] > '9') return malformed();
  const double value = std::strtod(copy.c_str(), &end);
  std::string unit(end);
  while (unit.starts_with(' ')) unit.erase(0, 1);
  if (unit.ends_with('B') || unit.ends_with('b')) unit.pop_back();
  double factor = 1;
  if (!unit.empty()) {
    const double base = unit.size() == 2 && unit[1] == 'i' ? 1024 : 1000;
    if (unit.size() > 2 || (unit.size() == 2 && base == 1000)) return malformed();
    switch (unit[0]) {
      case 'k':
      case 'K': factor = base; break;
      case 'M': factor = base * base; break;
      case 'G': factor = base * base * base; break;
      case 'T': factor = base * base * base * base; break;
      case 'P': factor = base * base * base * base * base; break;
      default: return malformed();
    }
  }
  const double bytes = value * factor;
  if (!(bytes >= 0) || bytes > 9.2e18) return malformed();
  return static_cast<std::uint64_t>(bytes);
}

}  // namespace atl
