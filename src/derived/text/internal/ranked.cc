#include "derived/text/internal/ranked.h"

#include <algorithm>
#include <array>
#include <bit>
#include <memory>

namespace atl::text::internal {
namespace {

constexpr std::uint32_t kWindowDocs = 4096;  // sums of a window fit the first-level cache

struct Clause {
  Clause(const Segment& segment, const ScoredTerm& from, Trouble& trouble)
      : term(&from), cursor(segment, from.field, from.entry, trouble) {
    for (std::size_t i = 0; i < cursor.blocks(); ++i) greatest = std::max(greatest, cursor.block_bound(i, from.scorer));
  }
  const ScoredTerm* term;
  PostingCursor cursor;
  Score greatest = 0;      // of any block
  std::size_t block = 0;   // first one that may reach into the window
  Score window_bound = 0;  // of any posting in the window
  std::size_t scored_block = SIZE_MAX;
  std::size_t next = 0;  // in the scored block: first posting not before the window
  alignas(64) std::array<Score, kBlockValues> scores{};

  // Everything of one block at once; the division in a loop of its own, so that it is done four at a time.
  bool score_block(std::size_t number) {
    if (scored_block == number) return true;
    scored_block = number;
    next = 0;
    if (!cursor.enter_block(number)) return false;
    const auto docs = cursor.block_docs();
    const auto frequencies = cursor.block_frequencies();
    if (frequencies.empty()) return false;
    alignas(64) std::array<float, kBlockValues> norms;  // NOLINT: filled below
    const auto& table = term->scorer.norms();
    if (term->lengths == nullptr) {
      norms.fill(table[0]);
    } else {
      const std::uint8_t* lengths = term->lengths->data();
      for (std::size_t i = 0; i < docs.size(); ++i) norms[i] = table[lengths[docs[i]]];
    }
    const float weight = term->scorer.weight();
    for (std::size_t i = 0; i < frequencies.size(); ++i) {
      const auto f = static_cast<float>(static_cast<std::int32_t>(frequencies[i]));
      scores[i] = static_cast<Score>(static_cast<std::int32_t>(weight * (f / (f + norms[i]))));
    }
    return true;
  }
};

class RankedSearch {
 public:
  RankedSearch(const RankedSegment& what, Collector& collector, Trouble& trouble)
      : what_(what), collector_(&collector), trouble_(&trouble), ids_(what.segment.ids()) {
    for (const ScoredTerm& term : what.terms) {
      if (term.entry.docs > 0) clauses_.push_back(std::make_unique<Clause>(what.segment, term, trouble));
    }
    std::ranges::sort(clauses_, {}, [](const auto& clause) { return clause->greatest; });
  }

  void run() {
    const std::uint32_t docs = what_.segment.docs();
    std::uint32_t begin = 0;
    while (begin < docs && !clauses_.empty() && !trouble_->error) {
      const Score least = collector_->least();
      // The first clauses, which together cannot reach `least` anywhere.
      std::size_t essential = 0;
      std::uint64_t sum = 0;
      while (essential < clauses_.size() && (sum += clauses_[essential]->greatest) < least) ++essential;
      if (essential == clauses_.size()) return;
      const std::uint32_t end = window_end(begin, essential, docs);
      bound_window(begin, end);
      std::uint64_t lookup_bound = 0;
      std::size_t first = 0;
      while (first < clauses_.size() && lookup_bound + clauses_[first]->window_bound < least) {
        lookup_bound += clauses_[first++]->window_bound;
      }
      if (first < clauses_.size()) {
        first = std::max(first, essential);
        lookup_bound = 0;
        for (std::size_t i = 0; i < first; ++i) lookup_bound += clauses_[i]->window_bound;
        if (first + 1 == clauses_.size()) {
          one_essential(begin, end, static_cast<Score>(lookup_bound));
        } else {
          several_essential(begin, end, first, static_cast<Score>(lookup_bound));
        }
      }
      begin = end;
    }
  }

 private:
  // As far as the block bounds of all essential clauses hold.
  std::uint32_t window_end(std::uint32_t begin, std::size_t essential, std::uint32_t docs) {
    std::uint32_t end = docs;
    for (std::size_t i = essential; i < clauses_.size(); ++i) {
      Clause& clause = *clauses_[i];
      clause.block = clause.cursor.find_block(clause.block, begin);
      if (clause.block < clause.cursor.blocks()) end = std::min(end, clause.cursor.block_last(clause.block) + 1);
    }
    if (essential + 1 < clauses_.size()) end = std::min(end, begin + kWindowDocs);
    return end;
  }

  void bound_window(std::uint32_t begin, std::uint32_t end) {
    for (const auto& clause : clauses_) {
      clause->block = clause->cursor.find_block(clause->block, begin);
      clause->window_bound = 0;
      for (std::size_t block = clause->block; block < clause->cursor.blocks(); ++block) {
        clause->window_bound = std::max(clause->window_bound, clause->cursor.block_bound(block, clause->term->scorer));
        if (clause->cursor.block_last(block) >= end - 1 || clause->window_bound == clause->greatest) break;
      }
    }
  }

  void one_essential(std::uint32_t begin, std::uint32_t end, Score lookup_bound) {
    Clause& clause = *clauses_.back();
    if (clause.block >= clause.cursor.blocks() || !clause.score_block(clause.block)) return;
    const auto docs = clause.cursor.block_docs();
    std::size_t i = clause.next;
    while (i < docs.size() && docs[i] < begin) ++i;
    for (; i < docs.size() && docs[i] < end; ++i) {
      if (clause.scores[i] + lookup_bound >= collector_->least()) {
        look_up(docs[i], clause.scores[i], clauses_.size() - 1, lookup_bound);
      }
    }
    clause.next = i;
  }

  void several_essential(std::uint32_t begin, std::uint32_t end, std::size_t first, Score lookup_bound) {
    for (std::size_t c = first; c < clauses_.size(); ++c) {
      Clause& clause = *clauses_[c];
      if (clause.block >= clause.cursor.blocks() || !clause.score_block(clause.block)) continue;
      const auto docs = clause.cursor.block_docs();
      std::size_t i = clause.next;
      while (i < docs.size() && docs[i] < begin) ++i;
      for (; i < docs.size() && docs[i] < end; ++i) {
        const std::uint32_t at = docs[i] - begin;
        sums_[at] += clause.scores[i];
        seen_[at / 64] |= std::uint64_t{1} << (at % 64);
      }
      clause.next = i;
    }
    const std::size_t words = (end - begin + 63) / 64;
    for (std::size_t word = 0; word < words; ++word) {
      for (std::uint64_t left = seen_[word]; left != 0; left &= left - 1) {
        const auto at = static_cast<std::uint32_t>(word * 64 + static_cast<unsigned>(std::countr_zero(left)));
        const Score sum = sums_[at];
        sums_[at] = 0;
        if (sum + lookup_bound >= collector_->least()) look_up(begin + at, sum, first, lookup_bound);
      }
      seen_[word] = 0;
    }
  }

  // Adds what clauses below `first` give, the greatest first, until it is clear that it will not be enough.
  void look_up(std::uint32_t doc, Score sum, std::size_t first, Score bound) {
    for (std::size_t c = first; c-- > 0;) {
      if (sum + bound < collector_->least()) return;
      Clause& clause = *clauses_[c];
      bound -= clause.window_bound;
      if (clause.cursor.seek(doc) != doc) continue;
      const std::uint32_t frequency = clause.cursor.frequency();
      const Bytes* lengths = clause.term->lengths;
      sum += clause.term->scorer.score(frequency, lengths == nullptr ? 0 : (*lengths)[doc]);
    }
    if (sum < collector_->least() || what_.segment.is_removed(doc) || !passes(doc)) return;
    const auto id = ids_.value(doc);
    if (!id) return trouble_->set(id.error());
    if (*id) collector_->offer({sum, unsigned_id(**id)});
  }

  bool passes(std::uint32_t doc) {
    for (const MatcherPtr& filter : what_.must) {
      if (filter->seek(doc) != doc) return false;
    }
    return std::ranges::none_of(what_.must_not, [&](const MatcherPtr& filter) { return filter->seek(doc) == doc; });
  }

  RankedSegment what_;
  Collector* collector_;
  Trouble* trouble_;
  ColumnCursor ids_;
  std::vector<std::unique_ptr<Clause>> clauses_;  // by greatest bound, the least first
  std::array<Score, kWindowDocs> sums_{};
  std::array<std::uint64_t, kWindowDocs / 64> seen_{};
};

}  // namespace

void Collector::offer(const Scored& one) {
  if (limit_ == 0 || (after_ && !comes_before(*after_, one))) return;
  if (heap_.size() < limit_) {
    heap_.push_back(one);
    std::ranges::push_heap(heap_, comes_before);
  } else {
    if (!comes_before(one, heap_.front())) return;
    std::ranges::pop_heap(heap_, comes_before);
    heap_.back() = one;
    std::ranges::push_heap(heap_, comes_before);
  }
  if (heap_.size() == limit_) least_ = heap_.front().score;
}

std::vector<Scored> Collector::take() {
  std::ranges::sort(heap_, comes_before);
  return std::move(heap_);
}

void search_ranked(const RankedSegment& what, Collector& collector, Trouble& trouble) {
  RankedSearch(what, collector, trouble).run();
}

}  // namespace atl::text::internal
