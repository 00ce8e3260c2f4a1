// A number with a fraction in a JSON body, of which json::Value itself tells whole ones only.
// Thread rules: pure.
#pragma once

#include <charconv>
#include <optional>
#include <string>

#include "foundation/json/json.h"

namespace atl::rest {

// None where it is no number, or lies outside.
[[nodiscard]] inline std::optional<double> number_between(const json::Value& value, double least, double most) {
  if (value.as_text() != nullptr) return std::nullopt;
  const std::string text = value.text();
  double number = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  // A number that is none lies nowhere.
  const bool is_inside = number >= least && number <= most;
  if (error != std::errc() || at != text.data() + text.size() || !is_inside) return std::nullopt;
  return number;
}

}  // namespace atl::rest
