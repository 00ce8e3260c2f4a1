// How much of a model's context an answer takes, and texts cut to fit.
//
// Always true:
//  - Counting needs no tokenizer and does not depend on the model: four characters of ASCII are one token, any other
//    character is one of its own. Of English prose that is within some ten per cent of what common models count; of
//    other scripts it is rather too much than too little.
//  - A cut stands between characters, and behind a blank where one is near the end: no word is torn apart.
// Thread rules: pure. Complexity: linear.
#pragma once

#include <cstdint>
#include <string_view>

namespace atl::mcp {

inline constexpr std::uint64_t kTokensMin = 100;
inline constexpr std::uint64_t kTokensMax = 50'000;

[[nodiscard]] std::uint64_t tokens_of(std::string_view text);

// How many bytes of `text` (UTF-8) fit into so many tokens: all of it, or up to behind the last blank that does. A
// word longer than a fifth of the room is cut where the room ends. At least one character where `text` has any.
[[nodiscard]] std::size_t fitting_bytes(std::string_view text, std::uint64_t tokens);

}  // namespace atl::mcp
