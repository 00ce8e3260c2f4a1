// What a person types to find things, taken apart: words that rank, and conditions that choose.
//
//     boiler invoice type:pdf size>2MB meta.price>=100      words: boiler invoice type:pdf    filter: size>2MB
//     meta.price>=100
//
// Always true: a line of conditions alone is a filter and means what spec/filter.md says, to the letter. Where words
// stand among them, a condition is what begins with a field of the filter language and an operator, or is a pattern
// (*.jpg), may have `not` or `-` before it, and everything else is of spec/query-line.md. Thread rules: pure.
// Complexity: linear.
#pragma once

#include <string>
#include <string_view>

#include "derived/text/query.h"
#include "foundation/base/error.h"
#include "foundation/base/time.h"

namespace atl::search {

struct SplitLine {
  std::string words;   // a query line; empty: there are none
  std::string filter;  // a filter; empty: everything
  // The same at the places where they were typed, with blanks for all else, so that columns are those of the line. A
  // negation that is not of the filter language ("-tag:draft") is left out.
  std::string words_in_place, filter_in_place;
};
[[nodiscard]] SplitLine split_line(std::string_view line);

// A query line over the fields of objects (fields.h). Errors: those of text::parse_query_line(), with what else may be
// asked where it is an unknown field.
[[nodiscard]] Result<text::Query> parse_words(std::string_view words, text::Match match, Timestamp now);
// What is wrong with the line, told by the columns in which it was typed.
[[nodiscard]] Result<void> check_line(const SplitLine& line, Timestamp now);

}  // namespace atl::search
