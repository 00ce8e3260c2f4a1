#include "catalog/filter/loose_blanks.h"

#include <utility>

namespace atl::filter {
namespace {

bool is_comparison(char c) { return c == '<' || c == '>' || c == '=' || c == '!'; }

}  // namespace

std::string without_loose_blanks(std::string_view text) {
  std::string out;
  bool is_quoted = false;
  std::size_t loose = 0;  // that are to stand behind the comparison
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && i + 1 < text.size()) {
      out += c;
      out += text[++i];
      continue;
    }
    if (c == '"') is_quoted = !is_quoted;
    if (!is_quoted && c == ' ') {
      const std::size_t next = text.find_first_not_of(' ', i);
      const bool is_before = next != std::string_view::npos && is_comparison(text[next]);
      const bool is_behind = !out.empty() && is_comparison(out.back());
      if (is_before || is_behind) {
        ++loose;
        continue;
      }
      out.append(std::exchange(loose, 0), ' ');
    }
    out += c;
  }
  return out.append(loose, ' ');
}

}  // namespace atl::filter
