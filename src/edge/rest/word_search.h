// The part of a search that needs the index: words, kinds, times, counts, orders.
// Always true: nothing is found by its content that the caller may not read.
#pragma once

#include <atomic>
#include <set>
#include <string>
#include <vector>

#include "derived/extract/extraction.h"
#include "derived/search/question.h"
#include "edge/rest/call.h"
#include "edge/rest/schema.h"

namespace atl::rest {

// What is found may be told to whoever may search it, read it and see its metadata.
class FoundFilter {
 public:
  [[nodiscard]] static Result<FoundFilter> begin(Call& call);
  // Everything in the vault, or in that bucket, so that nothing need be asked for each.
  [[nodiscard]] bool sees_everything() const { return sees_everything_; }
  [[nodiscard]] bool sees_all_of(const std::string& bucket) const { return whole_buckets_.contains(bucket); }
  [[nodiscard]] bool sees(const std::string& bucket, const catalog::Listed& listed);
  // Asks a question of the search as whom this filter is for; lives until it is answered.
  void restrict(search::Question& question);
  [[nodiscard]] Result<void> end() const { return seen_.end(); }

 private:
  FoundFilter(Call& call, Filter seen) : call_(&call), seen_(seen) {}
  [[nodiscard]] bool sees(const std::string& bucket, const std::string& key, std::optional<std::uint64_t> age_seconds);
  Call* call_;
  Filter seen_;
  bool sees_everything_ = false;
  std::set<std::string> whole_buckets_;
};
[[nodiscard]] json::Value coverage_json(const search::Coverage& coverage);

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
