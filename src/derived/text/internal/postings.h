// The documents of one term, in order, with how often it occurs there, where, and how much it can add to a score.
//
// Always true: after an error the cursor is at its end and the error stands in `trouble`, which whoever searches looks
// at last: a search is either whole or an error. Bounds hold: no posting of a block scores more than block_bound().
// Scores are whole numbers of 2^-14, so that their sum does not depend on the order of adding.
// Thread rules: one thread. Complexity: next() O(1); seek() O(log blocks) and one block unpacked.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "derived/text/internal/packing.h"
#include "derived/text/internal/segment.h"
#include "derived/text/internal/segment_writer.h"

namespace atl::text::internal {

struct Trouble {
  std::optional<Error> error;
  void set(Error fresh) {
    if (!error) error = std::move(fresh);
  }
};

using Score = std::uint32_t;  // in 2^-14
inline constexpr double kScoreUnits = 16384;
inline constexpr double kScoreMax = 1000;  // of one term, above what BM25 gives with the highest boost
// Of what counts the same wherever it matches.
[[nodiscard]] inline Score constant_score(double weight) {
  return static_cast<Score>(std::min(weight, kScoreMax) * kScoreUnits);
}
inline constexpr std::size_t kScoredMax = 256;  // terms in one search: their sum fits a Score

// BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, 3.4): weight = boost *
// idf * (k1 + 1), times f / (f + k1 (1 - b + b * length / average length)).
class TermScorer {
 public:
  TermScorer() = default;
  TermScorer(double weight, double k1, double b, double average_length);
  [[nodiscard]] Score score(std::uint32_t frequency, std::uint8_t length) const {
    const auto f = static_cast<float>(frequency);
    return static_cast<Score>(static_cast<std::int32_t>(weight_ * (f / (f + norms_[length]))));
  }
  // Never less than the score of what the pairs cover.
  [[nodiscard]] Score bound(const SkipEntry& entry) const;
  [[nodiscard]] Score bound() const { return static_cast<Score>(weight_) + 2; }
  [[nodiscard]] const std::array<float, 256>& norms() const { return norms_; }
  [[nodiscard]] float weight() const { return weight_; }

 private:
  float weight_ = 0;
  std::array<float, 256> norms_{};
};

class PostingCursor {
 public:
  PostingCursor(const Segment& segment, std::uint8_t field, const TermEntry& entry, Trouble& trouble);

  [[nodiscard]] std::uint32_t doc() const { return doc_; }  // kNoDoc: at the end; undefined before the first next()
  std::uint32_t next() {
    if (++at_ < count_) return doc_ = docs_[at_];
    return enter_block(block_ + 1) ? doc_ = docs_[at_] : doc_ = kNoDoc;
  }
  // To the first document >= target; stays where it is there already.
  std::uint32_t seek(std::uint32_t target);
  [[nodiscard]] std::uint32_t frequency();
  // Of the current document; valid until the cursor moves. Empty for terms without positions.
  [[nodiscard]] std::span<const std::uint32_t> positions();
  [[nodiscard]] std::uint32_t docs() const { return entry_.docs; }

  // ---- whole blocks, for those who score many at once
  [[nodiscard]] std::size_t blocks() const { return skips_.empty() ? 1 : skips_.size(); }
  // Number of the first block from `from` on that may hold documents >= target; blocks() where none does.
  [[nodiscard]] std::size_t find_block(std::size_t from, std::uint32_t target) const;
  [[nodiscard]] std::uint32_t block_last(std::size_t block) const {
    return skips_.empty() ? only_last_ : skips_[block].last_doc;
  }
  [[nodiscard]] Score block_bound(std::size_t block, const TermScorer& scorer) const {
    return skips_.empty() ? scorer.bound() : scorer.bound(skips_[block]);
  }
  [[nodiscard]] bool enter_block(std::size_t block);  // at its first document; false at the end
  [[nodiscard]] std::size_t block() const { return block_; }
  [[nodiscard]] std::span<const std::uint32_t> block_docs() const { return {docs_.data(), count_}; }
  [[nodiscard]] std::span<const std::uint32_t> block_frequencies();

 private:
  void fail_with(Error error);
  void read_skips();
  bool read_block(std::size_t block);
  bool read_short(const std::uint8_t* at, const std::uint8_t* end, std::uint32_t before, std::size_t count);
  bool load_frequencies();
  bool load_positions();

  const Segment* segment_;
  std::uint8_t field_;
  TermEntry entry_;
  Trouble* trouble_;
  PagedFile::Window postings_window_;
  PagedFile::Window positions_window_;
  std::vector<SkipEntry> skips_;
  std::uint32_t only_last_ = 0;  // last document of a list without blocks
  std::size_t block_ = SIZE_MAX;
  std::size_t count_ = 0;
  std::size_t at_ = 0;
  std::uint32_t doc_ = 0;
  const std::uint8_t* packed_frequencies_ = nullptr;  // not unpacked yet
  const std::uint8_t* packed_end_ = nullptr;
  bool has_positions_ = false;  // of this block
  BlockValues docs_{};
  BlockValues frequencies_{};
  std::vector<std::uint32_t> positions_;
  std::vector<std::size_t> positions_at_;
};

}  // namespace atl::text::internal
