// Which bytes a header may hold, looked up in a table: every byte of every head is asked about.
// Always true: nothing here depends on the locale. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace atl::net {

enum class Refused : std::uint8_t { nowhere = 0, in_names = 1, anywhere = 3 };

// RFC 9110 section 5.5: no control characters but the tab in a value; section 5.1, and more than it asks: a name has no
// blank, no colon and nothing beyond ASCII.
inline constexpr std::array<Refused, 256> kRefusedInFields = [] {
  std::array<Refused, 256> table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) {
    const bool is_control = (byte < 0x20 && byte != '\t') || byte == 0x7f;
    const bool is_no_name = byte == ' ' || byte == '\t' || byte == ':' || byte >= 0x80;
    table[byte] = is_control ? Refused::anywhere : is_no_name ? Refused::in_names : Refused::nowhere;
  }
  return table;
}();

[[nodiscard]] inline bool has_any(std::string_view text, Refused refused) {
  std::uint8_t seen = 0;
  for (const char c : text) seen |= static_cast<std::uint8_t>(kRefusedInFields[static_cast<unsigned char>(c)]);
  // What is refused anywhere has both bits, so that a blank in a value is not among it.
  return refused == Refused::anywhere ? (seen & 2U) != 0 : seen != 0;
}

}  // namespace atl::net
