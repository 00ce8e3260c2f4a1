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

namespace atl::search {

struct SplitLine {
  std::string words;   // a query line; empty: there are none
  std::string filter;  // a filter; empty: everything
};
[[nodiscard]] SplitLine split_line(std::string_view line);

}  // namespace atl::search
