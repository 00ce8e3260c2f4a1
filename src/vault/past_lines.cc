#include "vault/past_lines.h"

#include <algorithm>

namespace atl::vault {
namespace {

// Cuts off what stands before `mark`, and the mark.
std::string_view take_until(std::string_view& rest, char mark) {
  const std::size_t end = std::min(rest.find(mark), rest.size());
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return taken;
}

}  // namespace

std::string with_line(std::string_view line, std::string_view past, std::size_t kept) {
  std::string out(line);
  out += '\n';
  for (std::size_t i = 1; i < kept && !past.empty(); ++i) {
    out += take_until(past, '\n');
    out += '\n';
  }
  return out;
}

std::vector<std::vector<std::string_view>> past_lines(std::string_view past) {
  std::vector<std::vector<std::string_view>> out;
  while (!past.empty()) {
    std::string_view line = take_until(past, '\n');
    std::vector<std::string_view> words;
    while (!line.empty()) words.push_back(take_until(line, ' '));
    if (!words.empty()) out.push_back(std::move(words));
  }
  return out;
}

}  // namespace atl::vault
