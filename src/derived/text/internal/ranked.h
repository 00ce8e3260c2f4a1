// The best documents for any of several terms, without looking at those that cannot be among them.
//
// "MaxScore" (Turtle and Flood, "Query evaluation: strategies and optimizations", 1995) over windows with block bounds
// (Ding and Suel, "Faster top-k document retrieval using block-max indexes", SIGIR 2011; in windows as by Chakrabarti,
// Chaudhuri and Ganti, "Interval-based pruning for top-k processing over compressed lists", ICDE 2011): terms whose
// bounds together stay below the worst of the best so far cannot bring in a document by themselves, and are only looked
// up for documents that others bring.
//
// Always true: what comes out is what looking at everything would give; a search that may not prune (limit not reached
// yet) looks at everything. Thread rules: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "derived/text/internal/matcher.h"

namespace atl::text::internal {

struct Scored {
  Score score = 0;
  std::uint64_t id = 0;
};
// Higher scores first, then lower ids.
[[nodiscard]] inline bool comes_before(const Scored& a, const Scored& b) {
  return a.score != b.score ? a.score > b.score : a.id < b.id;
}

// Keeps the best `limit` of what comes after `after`.
class Collector {
 public:
  Collector(std::size_t limit, std::optional<Scored> after) : limit_(limit), after_(after) {}
  // A document that scores less need not be offered.
  [[nodiscard]] Score least() const { return least_; }
  void offer(const Scored& one);
  [[nodiscard]] std::vector<Scored> take();  // best first

 private:
  std::size_t limit_;
  std::optional<Scored> after_;
  std::vector<Scored> heap_;  // the worst first
  Score least_ = 0;
};

struct RankedSegment {
  const Segment& segment;
  const std::vector<ScoredTerm>& terms;
  std::vector<MatcherPtr>& must;      // filters; they do not score
  std::vector<MatcherPtr>& must_not;  // filters
};
void search_ranked(const RankedSegment& what, Collector& collector, Trouble& trouble);

}  // namespace atl::text::internal
