// The part of a search that needs the index: words, kinds, times, counts, orders.
// Always true: nothing is found by its content that the caller may not read.
#pragma once

#include <vector>

#include "edge/rest/call.h"
#include "edge/rest/schema.h"

namespace atl::rest {

[[nodiscard]] bool asks_for_words(const json::Value& body);
[[nodiscard]] Result<net::Response> search_words(Call& call);
// Of the schemas "SearchRequest" and "SearchResults".
[[nodiscard]] std::vector<schema::Member> word_search_members();
[[nodiscard]] std::vector<schema::Member> word_result_members();

}  // namespace atl::rest
