// Filters as people write them into rules: "age > 180d" for "age>180d".
// Thread rules: pure. Complexity: linear.
#pragma once

#include <string>
#include <string_view>

namespace atl::filter {

// The same text without blanks around comparisons, which the grammar does not know; what is quoted stays. They stand
// behind the comparison, so that every term begins at the column where it was written.
[[nodiscard]] std::string without_loose_blanks(std::string_view text);

}  // namespace atl::filter
