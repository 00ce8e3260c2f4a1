#include "derived/text/internal/postings.h"

#include <algorithm>

namespace atl::text::internal {
namespace {

Error postings_damaged() {
  return damaged("text.postings", "the postings of a segment of the word index contradict themselves").value();
}

}  // namespace

TermScorer::TermScorer(double weight, double k1, double b, double average_length)
    : weight_(static_cast<float>(std::min(weight, kScoreMax) * kScoreUnits)) {
  const double average = std::max(average_length, 1.0);
  for (std::size_t i = 0; i < norms_.size(); ++i) {
    norms_[i] = static_cast<float>(k1 * (1 - b + b * kLengths[i] / average));
  }
}

Score TermScorer::bound(const SkipEntry& entry) const {
  Score most = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    // A little more than computed: rounding of floats need not keep the order of neighbours.
    const Score one = entry.frequency[i] == 255 ? bound() : score(entry.frequency[i], entry.length[i]) + 2;
    most = std::max(most, one);
  }
  return most;
}

PostingCursor::PostingCursor(const Segment& segment, std::uint8_t field, const TermEntry& entry, Trouble& trouble)
    : segment_(&segment), field_(field), entry_(entry), trouble_(&trouble) {
  if (entry.docs >= kBlockValues) {
    read_skips();
  } else if (read_block(0)) {  // short: read at once
    only_last_ = docs_[count_ - 1];
  }
  if (doc_ != kNoDoc) {
    // Before the first document: next() enters it.
    block_ = SIZE_MAX;
    count_ = 0;
    at_ = 0;
  }
}

void PostingCursor::read_skips() {
  const std::size_t blocks = (entry_.docs + kBlockValues - 1) / kBlockValues;
  const std::size_t bytes = blocks * sizeof(SkipEntry);
  if (bytes > entry_.postings_bytes) return fail_with(postings_damaged());
  const auto table = segment_->file().fetch(Stream::postings, entry_.postings_offset + entry_.postings_bytes - bytes,
                                            bytes, postings_window_);
  if (!table) return fail_with(table.error());
  skips_.resize(blocks);
  std::memcpy(skips_.data(), table->data(), bytes);
  SkipEntry before;
  for (std::size_t i = 0; i < blocks; ++i) {
    const SkipEntry& skip = skips_[i];
    if (skip.last_doc >= segment_->docs() || (i > 0 && skip.last_doc <= before.last_doc) ||
        skip.postings_end < before.postings_end || skip.positions_end < before.positions_end) {
      return fail_with(postings_damaged());
    }
    before = skip;
  }
  if (before.postings_end > entry_.postings_bytes - bytes || before.positions_end > entry_.positions_bytes) {
    fail_with(postings_damaged());
  }
}

void PostingCursor::fail_with(Error error) {
  trouble_->set(std::move(error));
  doc_ = kNoDoc;
  skips_.clear();
  entry_.docs = 0;
  block_ = 0;
  count_ = 0;
  at_ = 0;
}

bool PostingCursor::enter_block(std::size_t block) {
  if (entry_.docs == 0 || block >= blocks()) {
    block_ = blocks();
    count_ = 0;
    at_ = 0;
    doc_ = kNoDoc;
    return false;
  }
  if (skips_.empty()) {
    block_ = 0;  // it was read at the beginning and is all there is
    count_ = entry_.docs;
  } else if (!read_block(block)) {
    return false;
  }
  at_ = 0;
  doc_ = docs_[0];
  return true;
}

bool PostingCursor::read_short(const std::uint8_t* at, const std::uint8_t* end, std::uint32_t before,
                               std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t step = 0;
    std::uint64_t frequency = 1;
    if (!get_varint(at, end, step)) return false;
    if ((step & 1U) == 0 && (!get_varint(at, end, frequency) || frequency == 0 || frequency > UINT32_MAX)) return false;
    const std::uint64_t doc = (before == kNoDoc ? 0 : std::uint64_t{before} + 1) + (step >> 1);
    if (doc >= segment_->docs()) return false;
    docs_[i] = before = static_cast<std::uint32_t>(doc);
    frequencies_[i] = static_cast<std::uint32_t>(frequency);
  }
  return true;
}

bool PostingCursor::read_block(std::size_t block) {
  block_ = block;
  has_positions_ = false;
  packed_frequencies_ = nullptr;
  if (entry_.docs == 1) {
    count_ = 1;
    docs_[0] = entry_.doc;
    frequencies_[0] = entry_.frequency;
    return true;
  }
  const bool has_blocks = !skips_.empty();
  const std::uint32_t begin = !has_blocks || block == 0 ? 0 : skips_[block - 1].postings_end;
  const std::uint32_t finish = has_blocks ? skips_[block].postings_end : entry_.postings_bytes;
  const std::uint32_t before = block == 0 ? kNoDoc : skips_[block - 1].last_doc;
  const std::size_t count = std::min(kBlockValues, entry_.docs - block * kBlockValues);
  const auto bytes =
      segment_->file().fetch(Stream::postings, entry_.postings_offset + begin, finish - begin, postings_window_);
  if (!bytes) {
    fail_with(bytes.error());
    return false;
  }
  const std::uint8_t* at = bytes->data();
  const std::uint8_t* const end = at + bytes->size();
  count_ = count;
  if (count < kBlockValues) {
    if (!read_short(at, end, before, count) || (has_blocks && docs_[count - 1] != skips_[block].last_doc)) {
      fail_with(postings_damaged());
      return false;
    }
    return true;
  }
  at = unpack_block(at, end, docs_);
  std::uint32_t doc = before;
  for (std::uint32_t& value : docs_) value = doc += value + 1;
  // The table's last document was checked, so this one being it, and all steps being small, bounds them all.
  bool rises = at != nullptr && doc == skips_[block].last_doc && (before == kNoDoc || docs_[0] > before);
  for (std::size_t i = 1; i < kBlockValues; ++i) rises = rises && docs_[i] > docs_[i - 1];
  if (!rises) {
    fail_with(postings_damaged());
    return false;
  }
  packed_frequencies_ = at;
  packed_end_ = end;
  return true;
}

bool PostingCursor::load_frequencies() {
  if (packed_frequencies_ == nullptr) return true;
  const std::uint8_t* const at = unpack_block(packed_frequencies_, packed_end_, frequencies_);
  packed_frequencies_ = nullptr;
  if (at == nullptr) {
    fail_with(postings_damaged());
    return false;
  }
  bool occurs = true;
  for (std::uint32_t& frequency : frequencies_) occurs = ++frequency != 0 && occurs;
  if (!occurs) fail_with(postings_damaged());
  return occurs;
}

std::uint32_t PostingCursor::frequency() { return load_frequencies() ? frequencies_[at_] : 0; }

std::span<const std::uint32_t> PostingCursor::block_frequencies() {
  if (!load_frequencies()) return {};
  return {frequencies_.data(), count_};
}

std::size_t PostingCursor::find_block(std::size_t from, std::uint32_t target) const {
  if (skips_.empty()) return entry_.docs > 0 && from == 0 && only_last_ >= target ? 0 : blocks();
  // Mostly the next one or the one behind: gallop before halving.
  std::size_t low = from;
  std::size_t step = 1;
  while (low < skips_.size() && skips_[low].last_doc < target) {
    from = low + 1;
    low += step;
    step *= 2;
  }
  const auto end = skips_.begin() + static_cast<std::ptrdiff_t>(std::min(low + 1, skips_.size()));
  const auto found = std::partition_point(skips_.begin() + static_cast<std::ptrdiff_t>(std::min(from, skips_.size())),
                                          end, [&](const SkipEntry& entry) { return entry.last_doc < target; });
  return static_cast<std::size_t>(found - skips_.begin());
}

std::uint32_t PostingCursor::seek(std::uint32_t target) {
  if (doc_ == kNoDoc || (block_ != SIZE_MAX && doc_ >= target)) return doc_;
  const std::size_t from = block_ == SIZE_MAX ? 0 : block_;
  const std::size_t block = find_block(from, target);
  if ((block != block_ || count_ == 0) && !enter_block(block)) return doc_;
  // Halve within the block without branches that cannot be foretold.
  const std::uint32_t* base = docs_.data() + at_;
  std::size_t left = count_ - at_;
  while (left > 1) {
    const std::size_t half = left / 2;
    base += base[half - 1] < target ? half : 0;
    left -= half;
  }
  at_ = static_cast<std::size_t>(base - docs_.data());
  return doc_ = docs_[at_];
}

bool PostingCursor::load_positions() {
  if (has_positions_) return true;
  if (!load_frequencies()) return false;
  positions_.clear();
  positions_at_.assign(1, 0);
  has_positions_ = true;
  if (segment_->schema()[field_].kind == FieldKind::keyword) {
    positions_at_.resize(count_ + 1);
    return true;
  }
  const std::uint32_t begin = skips_.empty() || block_ == 0 ? 0 : skips_[block_ - 1].positions_end;
  const std::uint32_t finish = skips_.empty() ? entry_.positions_bytes : skips_[block_].positions_end;
  const auto bytes =
      segment_->file().fetch(Stream::positions, entry_.positions_offset + begin, finish - begin, positions_window_);
  if (!bytes) {
    fail_with(bytes.error());
    return false;
  }
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < count_; ++i) total += frequencies_[i];
  // 128 positions take two bytes at least, fewer a byte each: that bounds what is made room for.
  const bool fits = total / kBlockValues * 2 + total % kBlockValues <= bytes->size();
  if (fits) positions_.resize(total);
  if (!fits || unpack_run(bytes->data(), bytes->data() + bytes->size(), positions_) == nullptr) {
    fail_with(postings_damaged());
    return false;
  }
  std::size_t at = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    std::uint32_t position = 0;
    for (std::uint32_t n = 0; n < frequencies_[i]; ++n, ++at) positions_[at] = position += positions_[at];
    positions_at_.push_back(at);
  }
  return true;
}

std::span<const std::uint32_t> PostingCursor::positions() {
  if (doc_ == kNoDoc || !load_positions()) return {};
  return std::span<const std::uint32_t>(positions_)
      .subspan(positions_at_[at_], positions_at_[at_ + 1] - positions_at_[at_]);
}

}  // namespace atl::text::internal
