#include "foundation/base/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace atl {
namespace {

// Sizes fit a signed 64-bit integer, as SQL and file offsets want them.
constexpr std::uint64_t kSizeMax = INT64_MAX;

}  // namespace

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
  std::snprintf(text.data(), text.size(), value < 9.995 ? "%.2f" : value < 99.95 ? "%.1f" : "%.0f", value);
  std::string number(text.data());
  if (number.find('.') != std::string::npos) {
    while (number.ends_with('0')) number.pop_back();
    if (number.ends_with('.')) number.pop_back();
  }
  return number + " " + units.at(unit);
}

std::string format_count(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  return digits;
}

std::string format_duration(double seconds) {
  std::array<char, 48> text{};
  if (!std::isfinite(seconds) || seconds > 1e15) return "unknown";
  if (seconds < 9.95) {
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
  // Whole part and fraction are read as whole numbers: a double would round sizes beyond 2^53, and strtod would take
  // "0x10", "1e3" and the decimal comma of a locale.
  std::uint64_t whole = 0;
  const char* const end = text.data() + text.size();
  const auto [behind, code] = std::from_chars(text.data(), end, whole);
  if (code != std::errc{}) return malformed();
  std::string_view unit(behind, static_cast<std::size_t>(end - behind));
  double fraction = 0;
  if (unit.starts_with('.')) {
    unit.remove_prefix(1);
    if (unit.empty() || unit[0] < '0' || unit[0] > '9') return malformed();
    for (double place = 0.1; !unit.empty() && unit[0] >= '0' && unit[0] <= '9'; place /= 10) {
      fraction += (unit[0] - '0') * place;
      unit.remove_prefix(1);
    }
  }
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  if (unit.ends_with('B') || unit.ends_with('b')) unit.remove_suffix(1);
  std::uint64_t factor = 1;
  if (!unit.empty()) {
    const bool is_binary = unit.size() == 2 && unit[1] == 'i';
    if (unit.size() > 1 && !is_binary) return malformed();
    constexpr std::string_view prefixes = "kMGTP";
    const std::size_t power = unit[0] == 'K' ? 0 : prefixes.find(unit[0]);
    if (power == std::string_view::npos) return malformed();
    for (std::size_t i = 0; i <= power; ++i) factor *= is_binary ? 1024 : 1000;
  }
  if (whole > kSizeMax / factor) return malformed();
  const std::uint64_t bytes =
      whole * factor + static_cast<std::uint64_t>(fraction * static_cast<double>(factor) + 1e-3);
  if (bytes > kSizeMax) return malformed();
  return bytes;
}

}  // namespace atl
