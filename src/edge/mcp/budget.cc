#include "edge/mcp/budget.h"

#include <algorithm>

namespace atl::mcp {
namespace {

constexpr std::uint64_t kPartsOfToken = 4;  // of one ASCII character: one part

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }
std::uint64_t parts_of(char c) {
  if (!begins_character(c)) return 0;
  return static_cast<unsigned char>(c) < 0x80 ? 1 : kPartsOfToken;
}

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t'; }

}  // namespace

std::uint64_t tokens_of(std::string_view text) {
  std::uint64_t parts = 0;
  for (const char c : text) parts += parts_of(c);
  return (parts + kPartsOfToken - 1) / kPartsOfToken;
}

std::size_t fitting_bytes(std::string_view text, std::uint64_t tokens) {
  const std::uint64_t room = std::max<std::uint64_t>(tokens, 1) * kPartsOfToken;
  std::uint64_t used = 0;
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    used += parts_of(text[end]);
    if (used > room) break;
  }
  if (end == text.size()) return end;
  // `end` is the first character too many.
  const std::size_t least = end - end / 5;
  for (std::size_t at = end; at > least; --at) {
    if (is_blank(text[at - 1])) return at;
  }
  return end;
}

}  // namespace atl::mcp
