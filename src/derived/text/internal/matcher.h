// Documents of one segment that match, in order: a tree of cursors.
// Always true: doc() only rises; after an error (see Trouble) a matcher is at its end. score() is of the current
// document. Thread rules: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "derived/text/internal/postings.h"

namespace atl::text::internal {

class Matcher {
 public:
  Matcher() = default;
  Matcher(const Matcher&) = delete;
  Matcher& operator=(const Matcher&) = delete;
  Matcher(Matcher&&) = delete;
  Matcher& operator=(Matcher&&) = delete;
  virtual ~Matcher() = default;

  [[nodiscard]] std::uint32_t doc() const { return doc_; }
  virtual std::uint32_t next() = 0;
  // To the first >= target; stays where it is there already.
  virtual std::uint32_t seek(std::uint32_t target) = 0;
  [[nodiscard]] virtual Score score() = 0;
  [[nodiscard]] virtual std::uint64_t cost() const = 0;  // about how many documents
  // No document from doc() up to and including `until` scores more; `until` is set.
  [[nodiscard]] virtual Score bound_at(std::uint32_t target, std::uint32_t& until) = 0;
  // Documents that score less need not come any more.
  virtual void set_least(Score /*least*/) {}

 protected:
  std::uint32_t doc_ = 0;  // before the first next() or seek() undefined
};
using MatcherPtr = std::unique_ptr<Matcher>;

// What a segment is asked by: shared by all matchers over it.
struct ScoredTerm {
  std::uint8_t field = 0;
  TermEntry entry;
  TermScorer scorer;
  const Bytes* lengths = nullptr;  // null: all 0
};

[[nodiscard]] MatcherPtr match_term(const Segment& segment, const ScoredTerm& term, Trouble& trouble);
[[nodiscard]] MatcherPtr match_nothing();
[[nodiscard]] MatcherPtr match_everything(std::uint32_t docs);
// A bit a document, at least as many as there are documents; all score the same.
[[nodiscard]] MatcherPtr match_bits(std::vector<std::uint64_t> bits, std::uint32_t docs, Score score = 0);
// Words at given places of a phrase, all in one field; at most `slop` more words between. The score is that of one term
// that stands wherever the phrase does, with the weight of all of them.
struct PhraseTerm {
  TermEntry entry;
  std::uint32_t offset = 0;
};
[[nodiscard]] MatcherPtr match_phrase(const Segment& segment, std::uint8_t field, const std::vector<PhraseTerm>& terms,
                                      unsigned slop, const TermScorer& scorer, const Bytes* lengths, Trouble& trouble);
[[nodiscard]] MatcherPtr match_any(std::vector<MatcherPtr> parts);
// All of `must` (one at least), none of `must_not`; those of `should` that match add to the score.
[[nodiscard]] MatcherPtr match_all(std::vector<MatcherPtr> must, std::vector<MatcherPtr> should,
                                   std::vector<MatcherPtr> must_not);

}  // namespace atl::text::internal
