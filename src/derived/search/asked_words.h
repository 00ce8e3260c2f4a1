// Parts of what is asked of the word index: made, looked for, and asked otherwise.
// Thread rules: pure. Complexity: linear in the query.
#pragma once

#include <string>
#include <vector>

#include "derived/search/fields.h"
#include "derived/text/query.h"

namespace atl::search {

// Exactly this in a keyword field, or within one of substrings.
[[nodiscard]] text::Query value_query(FieldNumber field, std::string text);
[[nodiscard]] text::Query everything();
// Adds the words that may stand in any field.
void collect_words(const text::Query& query, std::vector<std::string>& words);
[[nodiscard]] bool has_words(const text::Query& query);
// The same, but that a word may also stand within a name: "budg" finds "old-budget.xlsx".
[[nodiscard]] text::Query with_parts_of_names(const text::Query& query);
[[nodiscard]] bool has_phrase(const text::Query& query);
// Adds what of the query can stand in that one field, any of it: what the field adds to a score.
void collect_of_field(const text::Query& query, int field, std::vector<text::Query>& out);

}  // namespace atl::search
