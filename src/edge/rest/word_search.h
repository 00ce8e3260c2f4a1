// The part of a search that needs the index: words, kinds, times, counts, orders.
// Always true: nothing is found by its content that the caller may not read.
#pragma once

#include <atomic>
#include <vector>

#include "derived/extract/extraction.h"
#include "edge/rest/call.h"
#include "edge/rest/schema.h"

namespace atl::rest {

[[nodiscard]] bool asks_for_words(const json::Value& body);
[[nodiscard]] Result<net::Response> search_words(Call& call);
// Until what the vault holds now can be found, but not for longer, nor once `stop` is set (null: nobody stops it).
[[nodiscard]] Result<void> wait_until_known(const Call& call, const search::SearchIndex& index, vault::Vault& vault,
                                            std::uint64_t wait_ms, const std::atomic<bool>* stop = nullptr);
// "page", "slide"; "text" where a content has no places.
[[nodiscard]] std::string_view word_of(extract::PlaceKind kind);
// Of the schemas "SearchRequest" and "SearchResults".
[[nodiscard]] std::vector<schema::Member> word_search_members();
[[nodiscard]] std::vector<schema::Member> word_result_members();

}  // namespace atl::rest
