// What is given to a word index.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "derived/text/language.h"

namespace atl::text {

// The caller's own number of a document. Results with equal scores come in its order, and segments are kept in it, so
// numbers that were given out in the order of arrival are the cheapest.
using DocumentId = std::uint64_t;

struct TextValue {
  std::uint8_t field = 0;  // of kind text, keyword or substring
  std::string_view text;   // UTF-8; what is not is taken as a gap
  Language language = Language::none;
};
struct NumberValue {
  std::uint8_t field = 0;  // of kind number; the last value of a field counts
  std::int64_t value = 0;
};
struct Document {
  DocumentId id = 0;
  std::vector<TextValue> texts;  // a field may come several times: no phrase reaches from one into the next
  std::vector<NumberValue> numbers;
};

}  // namespace atl::text
