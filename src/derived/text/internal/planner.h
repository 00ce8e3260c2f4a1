// From a query to terms: analysed, expanded over the lexicon, with the weights that all segments together give them;
// then to matchers over one segment. Always true: weights depend on the whole index only, so a document's score does
// not depend on the segment it is in. Thread rules: one thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "derived/text/internal/matcher.h"
#include "derived/text/internal/ranked.h"
#include "derived/text/internal/words.h"
#include "derived/text/search.h"

namespace atl::text::internal {

using Segments = std::vector<std::shared_ptr<Segment>>;

struct PlannedTerm {
  std::uint8_t field = 0;
  std::string text;
  double boost = 1;
  std::uint32_t offset = 0;        // within a phrase
  std::uint64_t docs = 0;          // in all segments
  std::vector<TermEntry> entries;  // by segment; docs 0: not there
};
struct PlannedPhrase {
  std::uint8_t field = 0;
  std::vector<PlannedTerm> terms;
  unsigned slop = 0;
  double boost = 1;
};
struct Plan {
  enum class Kind : std::uint8_t { ignored, nothing, everything, ranked, filter, range, boolean };
  Kind kind = Kind::nothing;
  std::vector<PlannedTerm> terms;  // ranked: any of them; filter: any of them, each match scores `weight`
  double weight = 0;
  std::vector<PlannedPhrase> phrases;  // ranked and filter: or any of these
  std::uint8_t field = 0;              // range
  std::int64_t from = 0;
  std::int64_t to = 0;
  std::vector<Plan> must;
  std::vector<Plan> should;
  std::vector<Plan> must_not;

  [[nodiscard]] bool scores() const;
};

class Planner {
 public:
  Planner(const Segments& segments, const Schema& schema, const Ranking& ranking);
  [[nodiscard]] Result<Plan> plan(const Query& query);

  [[nodiscard]] Result<MatcherPtr> matcher(const Plan& plan, std::size_t segment, Trouble& trouble) const;
  [[nodiscard]] Result<std::vector<ScoredTerm>> scored(const std::vector<PlannedTerm>& terms,
                                                       std::size_t segment) const;

 private:
  [[nodiscard]] Result<Plan> plan_words(const Query& query, bool is_phrase);
  [[nodiscard]] Result<Plan> plan_prefix(const Query& query);
  [[nodiscard]] Result<Plan> plan_fuzzy(const Query& query);
  [[nodiscard]] Result<Plan> plan_value(const Query& query);
  [[nodiscard]] Result<Plan> plan_boolean(const Query& query);
  [[nodiscard]] std::vector<std::uint8_t> fields_of(const Query& query) const;
  // Looks it up everywhere; false where it is nowhere.
  [[nodiscard]] Result<bool> resolve(PlannedTerm& term) const;
  [[nodiscard]] Result<void> add_prefixed(std::uint8_t field, const std::string& prefix, Plan& plan) const;
  [[nodiscard]] TermScorer scorer(std::uint8_t field, double boost_and_idf) const;
  [[nodiscard]] double idf(std::uint64_t docs) const;
  [[nodiscard]] Result<MatcherPtr> filter(const Plan& plan, std::size_t segment, Trouble& trouble) const;
  [[nodiscard]] Result<MatcherPtr> phrase(const PlannedPhrase& phrase, bool scores, std::size_t segment,
                                          Trouble& trouble) const;
  [[nodiscard]] Result<MatcherPtr> range(const Plan& plan, std::size_t segment) const;

  const Segments& segments_;
  const Schema& schema_;
  Ranking ranking_;
  Words words_;
  std::vector<Language> languages_;  // that documents were given in
  std::uint64_t docs_ = 0;
  std::vector<double> average_length_;  // by field
};

// The best of all segments.
[[nodiscard]] Result<SearchResult> search_segments(const Segments& segments, const Schema& schema,
                                                   const SearchRequest& request);
[[nodiscard]] Result<std::vector<Suggestion>> suggest_words(const Segments& segments, std::string_view word,
                                                            std::size_t limit);
// By word: documents of the field in which it stands in the most.
[[nodiscard]] Result<std::vector<std::uint64_t>> count_documents(const Segments& segments, const Schema& schema,
                                                                 std::span<const std::string> words);

}  // namespace atl::text::internal
