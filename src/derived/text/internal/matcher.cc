#include "derived/text/internal/matcher.h"

#include <algorithm>
#include <bit>

namespace atl::text::internal {
namespace {

class NothingMatcher final : public Matcher {
 public:
  std::uint32_t next() override { return doc_ = kNoDoc; }
  std::uint32_t seek(std::uint32_t /*target*/) override { return doc_ = kNoDoc; }
  Score score() override { return 0; }
  std::uint64_t cost() const override { return 0; }
  Score bound_at(std::uint32_t /*target*/, std::uint32_t& until) override {
    until = kNoDoc;
    return 0;
  }
};

class BitsMatcher final : public Matcher {
 public:
  BitsMatcher(std::vector<std::uint64_t> bits, std::uint32_t docs, Score score)
      : bits_(std::move(bits)), docs_(docs), score_(score) {
    for (const std::uint64_t word : bits_) cost_ += static_cast<std::uint64_t>(std::popcount(word));
  }
  std::uint32_t next() override { return go_to(begun_ ? doc_ + 1 : 0); }
  std::uint32_t seek(std::uint32_t target) override {
    if (begun_ && doc_ >= target) return doc_;
    return go_to(target);
  }
  Score score() override { return score_; }
  std::uint64_t cost() const override { return cost_; }
  Score bound_at(std::uint32_t /*target*/, std::uint32_t& until) override {
    until = kNoDoc;
    return score_;
  }

 private:
  std::uint32_t go_to(std::uint32_t from) {
    if (begun_ && doc_ == kNoDoc) return doc_;
    begun_ = true;
    if (from >= docs_) return doc_ = kNoDoc;
    std::size_t word = from / 64;
    std::uint64_t left = bits_[word] & (~std::uint64_t{0} << (from % 64));
    while (left == 0) {
      if (++word == bits_.size()) return doc_ = kNoDoc;
      left = bits_[word];
    }
    const auto found = static_cast<std::uint32_t>(word * 64 + static_cast<unsigned>(std::countr_zero(left)));
    return doc_ = found < docs_ ? found : kNoDoc;
  }
  std::vector<std::uint64_t> bits_;
  std::uint32_t docs_;
  Score score_;
  std::uint64_t cost_ = 0;
  bool begun_ = false;
};

class TermMatcher final : public Matcher {
 public:
  TermMatcher(const Segment& segment, const ScoredTerm& term, Trouble& trouble)
      : cursor_(segment, term.field, term.entry, trouble), scorer_(term.scorer), lengths_(term.lengths) {}
  std::uint32_t next() override { return doc_ = cursor_.next(); }
  std::uint32_t seek(std::uint32_t target) override { return doc_ = cursor_.seek(target); }
  Score score() override {
    const std::uint32_t frequency = cursor_.frequency();
    return frequency == 0 ? 0 : scorer_.score(frequency, lengths_ == nullptr ? 0 : (*lengths_)[doc_]);
  }
  std::uint64_t cost() const override { return cursor_.docs(); }
  Score bound_at(std::uint32_t target, std::uint32_t& until) override {
    const std::size_t block = cursor_.find_block(cursor_.block() == SIZE_MAX ? 0 : cursor_.block(), target);
    if (block >= cursor_.blocks()) {
      until = kNoDoc;
      return 0;
    }
    until = cursor_.block_last(block);
    return cursor_.block_bound(block, scorer_);
  }

 private:
  PostingCursor cursor_;
  TermScorer scorer_;
  const Bytes* lengths_;
};

class PhraseMatcher final : public Matcher {
 public:
  PhraseMatcher(const Segment& segment, std::uint8_t field, const std::vector<PhraseTerm>& terms, unsigned slop,
                const TermScorer& scorer, const Bytes* lengths, Trouble& trouble)
      : slop_(slop), scorer_(scorer), lengths_(lengths) {
    for (const PhraseTerm& term : terms) {
      parts_.push_back({std::make_unique<PostingCursor>(segment, field, term.entry, trouble), term.offset});
    }
    // The rarest leads; places are relative, so the order does not matter to them.
    std::ranges::stable_sort(parts_, {}, [](const Part& part) { return part.cursor->docs(); });
  }
  std::uint32_t next() override { return doc_ = align(parts_[0].cursor->next()); }
  std::uint32_t seek(std::uint32_t target) override { return doc_ = align(parts_[0].cursor->seek(target)); }
  Score score() override { return scorer_.score(count_, lengths_ == nullptr ? 0 : (*lengths_)[doc_]); }
  std::uint64_t cost() const override { return parts_[0].cursor->docs(); }
  Score bound_at(std::uint32_t /*target*/, std::uint32_t& until) override {
    until = kNoDoc;
    return scorer_.bound();
  }

 private:
  struct Part {
    std::unique_ptr<PostingCursor> cursor;
    std::uint32_t offset = 0;
  };
  std::uint32_t align(std::uint32_t doc) {
    while (doc != kNoDoc) {
      std::uint32_t furthest = doc;
      for (std::size_t i = 1; i < parts_.size() && furthest == doc; ++i) furthest = parts_[i].cursor->seek(doc);
      if (furthest == kNoDoc) return kNoDoc;
      if (furthest != doc) {
        doc = parts_[0].cursor->seek(furthest);
        continue;
      }
      count_ = slop_ == 0 ? count_exact() : count_loose();
      if (count_ > 0) return doc;
      doc = parts_[0].cursor->next();
    }
    return kNoDoc;
  }
  std::uint32_t count_exact() {
    std::uint32_t count = 0;
    for (const std::uint32_t position : parts_[0].cursor->positions()) {
      if (position < parts_[0].offset) continue;
      const std::uint32_t begin = position - parts_[0].offset;
      bool all = true;
      for (std::size_t i = 1; i < parts_.size() && all; ++i) {
        const auto positions = parts_[i].cursor->positions();
        all = std::ranges::binary_search(positions, begin + parts_[i].offset);
      }
      count += all ? 1 : 0;
    }
    return count;
  }
  // In order, each at its first place behind the one before; `slop` is what lies between beyond the phrase itself.
  std::uint32_t count_loose() {
    std::vector<const Part*> in_order;
    for (const Part& part : parts_) in_order.push_back(&part);
    std::ranges::sort(in_order, {}, [](const Part* part) { return part->offset; });
    std::uint32_t count = 0;
    for (const std::uint32_t begin : in_order[0]->cursor->positions()) {
      std::uint32_t at = begin;
      bool all = true;
      for (std::size_t i = 1; i < in_order.size() && all; ++i) {
        const auto positions = in_order[i]->cursor->positions();
        const std::uint32_t least = at + (in_order[i]->offset - in_order[i - 1]->offset);
        const auto found = std::ranges::lower_bound(positions, least);
        all = found != positions.end();
        if (all) at = *found;
      }
      const std::uint32_t tight = in_order.back()->offset - in_order[0]->offset;
      count += all && at - begin - tight <= slop_ ? 1 : 0;
    }
    return count;
  }
  std::vector<Part> parts_;
  unsigned slop_;
  TermScorer scorer_;
  const Bytes* lengths_;
  std::uint32_t count_ = 0;
};

class AnyMatcher final : public Matcher {
 public:
  explicit AnyMatcher(std::vector<MatcherPtr> parts) : parts_(std::move(parts)) {}
  std::uint32_t next() override {
    if (!begun_) {
      begun_ = true;
      for (const MatcherPtr& part : parts_) part->next();
    } else {
      for (const MatcherPtr& part : parts_) {
        if (part->doc() == doc_ && doc_ != kNoDoc) part->next();
      }
    }
    return least();
  }
  std::uint32_t seek(std::uint32_t target) override {
    if (begun_ && doc_ >= target) return doc_;
    for (const MatcherPtr& part : parts_) part->seek(target);
    begun_ = true;
    return least();
  }
  Score score() override {
    Score sum = 0;
    for (const MatcherPtr& part : parts_) {
      if (part->doc() == doc_) sum += part->score();
    }
    return sum;
  }
  std::uint64_t cost() const override {
    std::uint64_t sum = 0;
    for (const MatcherPtr& part : parts_) sum += part->cost();
    return sum;
  }
  Score bound_at(std::uint32_t target, std::uint32_t& until) override {
    Score sum = 0;
    until = kNoDoc;
    for (const MatcherPtr& part : parts_) {
      std::uint32_t its = 0;
      sum += part->bound_at(target, its);
      until = std::min(until, its);
    }
    return sum;
  }

 private:
  std::uint32_t least() {
    doc_ = kNoDoc;
    for (const MatcherPtr& part : parts_) doc_ = std::min(doc_, part->doc());
    return doc_;
  }
  std::vector<MatcherPtr> parts_;
  bool begun_ = false;
};

class AllMatcher final : public Matcher {
 public:
  AllMatcher(std::vector<MatcherPtr> must, std::vector<MatcherPtr> should, std::vector<MatcherPtr> must_not)
      : must_(std::move(must)), should_(std::move(should)), must_not_(std::move(must_not)) {
    std::ranges::stable_sort(must_, {}, [](const MatcherPtr& part) { return part->cost(); });
  }
  std::uint32_t next() override { return doc_ = align(must_[0]->next()); }
  std::uint32_t seek(std::uint32_t target) override { return doc_ = align(must_[0]->seek(target)); }
  Score score() override {
    Score sum = 0;
    for (const MatcherPtr& part : must_) sum += part->score();
    for (const MatcherPtr& part : should_) {
      if (part->seek(doc_) == doc_) sum += part->score();
    }
    return sum;
  }
  std::uint64_t cost() const override { return must_[0]->cost(); }
  Score bound_at(std::uint32_t target, std::uint32_t& until) override {
    Score sum = 0;
    until = kNoDoc;
    for (const auto* parts : {&must_, &should_}) {
      for (const MatcherPtr& part : *parts) {
        std::uint32_t its = 0;
        sum += part->bound_at(target, its);
        until = std::min(until, its);
      }
    }
    return sum;
  }
  void set_least(Score least) override {
    if (least != least_) bounded_until_ = 0;
    least_ = least;
  }

 private:
  std::uint32_t align(std::uint32_t doc) {
    while (doc != kNoDoc) {
      // Where nothing up to some document can score enough, that stretch is jumped over without being unpacked.
      if (least_ > 0 && (bounded_until_ == 0 || doc > bounded_until_)) {
        std::uint32_t until = 0;
        if (bound_at(doc, until) < least_) {
          if (until == kNoDoc) return kNoDoc;
          doc = must_[0]->seek(until + 1);
          continue;
        }
        bounded_until_ = until;
      }
      std::uint32_t furthest = doc;
      for (std::size_t i = 1; i < must_.size() && furthest == doc; ++i) furthest = must_[i]->seek(doc);
      if (furthest == kNoDoc) return kNoDoc;
      if (furthest != doc) {
        doc = must_[0]->seek(furthest);
        continue;
      }
      if (!is_excluded(doc)) return doc;
      doc = must_[0]->next();
    }
    return kNoDoc;
  }
  bool is_excluded(std::uint32_t doc) {
    return std::ranges::any_of(must_not_, [&](const MatcherPtr& part) { return part->seek(doc) == doc; });
  }
  std::vector<MatcherPtr> must_;
  std::vector<MatcherPtr> should_;
  std::vector<MatcherPtr> must_not_;
  Score least_ = 0;
  std::uint32_t bounded_until_ = 0;  // up to here the bound was looked at and is high enough
};

}  // namespace

MatcherPtr match_term(const Segment& segment, const ScoredTerm& term, Trouble& trouble) {
  return std::make_unique<TermMatcher>(segment, term, trouble);
}

MatcherPtr match_nothing() { return std::make_unique<NothingMatcher>(); }

MatcherPtr match_everything(std::uint32_t docs) {
  return std::make_unique<BitsMatcher>(std::vector<std::uint64_t>((docs + 63) / 64, ~std::uint64_t{0}), docs, 0);
}

MatcherPtr match_bits(std::vector<std::uint64_t> bits, std::uint32_t docs, Score score) {
  return std::make_unique<BitsMatcher>(std::move(bits), docs, score);
}

MatcherPtr match_phrase(const Segment& segment, std::uint8_t field, const std::vector<PhraseTerm>& terms, unsigned slop,
                        const TermScorer& scorer, const Bytes* lengths, Trouble& trouble) {
  return std::make_unique<PhraseMatcher>(segment, field, terms, slop, scorer, lengths, trouble);
}

MatcherPtr match_any(std::vector<MatcherPtr> parts) {
  if (parts.empty()) return match_nothing();
  if (parts.size() == 1) return std::move(parts[0]);
  return std::make_unique<AnyMatcher>(std::move(parts));
}

MatcherPtr match_all(std::vector<MatcherPtr> must, std::vector<MatcherPtr> should, std::vector<MatcherPtr> must_not) {
  if (must.size() == 1 && should.empty() && must_not.empty()) return std::move(must[0]);
  return std::make_unique<AllMatcher>(std::move(must), std::move(should), std::move(must_not));
}

}  // namespace atl::text::internal
