// What a JobRow remembers of earlier runs: one fact of lines, the newest first, each of words with a space between
// them. Always true: a line that cannot be read is passed over by whoever reads it; here none is judged. Thread rules:
// plain functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace atl::vault {

// `line` (without its end) in front of the newest `kept - 1` of `past`.
[[nodiscard]] std::string with_line(std::string_view line, std::string_view past, std::size_t kept);
// The words of each line. They point into `past`.
[[nodiscard]] std::vector<std::vector<std::string_view>> past_lines(std::string_view past);

}  // namespace atl::vault
