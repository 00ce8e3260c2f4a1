#include "derived/text/internal/segment_writer.h"

#include <algorithm>
#include <bit>

namespace atl::text::internal {
namespace {

constexpr std::size_t kTermListMax = UINT32_MAX;  // bytes of one term's postings, and of its positions

// What BM25 makes of it with the usual settings, up to a factor; only to choose between bounds that all hold.
double usual_score(std::uint32_t frequency, std::uint8_t length, double average) {
  const double k = 1.2 * (0.25 + 0.75 * kLengths[length] / std::max(average, 1.0));
  return frequency / (frequency + k);
}

}  // namespace

SegmentWriter::SegmentWriter(std::unique_ptr<PagedFileWriter> file, std::uint32_t docs, const Schema& schema)
    : file_(std::move(file)), schema_(schema), lengths_(schema.size()), average_length_(schema.size(), 1.0) {
  footer_.docs = docs;
  footer_.totals.resize(schema.size());
}

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::create(const FileContext& context, const std::string& folder,
                                                             std::uint64_t number, const Salt& salt, std::uint32_t docs,
                                                             const Schema& schema) {
  ATOLL_ASSIGN(auto file, PagedFileWriter::create(context, folder, number, salt));
  std::unique_ptr<SegmentWriter> writer(new SegmentWriter(std::move(file), docs, schema));
  writer->info_.number = number;
  writer->info_.salt = salt;
  writer->info_.docs = docs;
  return writer;
}

bool SegmentWriter::keeps_positions() const { return schema_[key_[0]].kind != FieldKind::keyword; }

Result<void> SegmentWriter::set_lengths(std::uint8_t field, Bytes codes) {
  ATOLL_INVARIANT(codes.size() == footer_.docs, "every document has a length");
  FieldTotals& totals = footer_.totals[field];
  for (const std::uint8_t code : codes) {
    totals.words += kLengths[code];
    totals.docs += code > 0 ? 1 : 0;
  }
  average_length_[field] = totals.docs == 0 ? 1.0 : static_cast<double>(totals.words) / totals.docs;
  footer_.lengths.push_back({field, file_->size(Stream::lengths)});
  ATOLL_TRY(file_->append(Stream::lengths, codes));
  lengths_[field] = std::move(codes);
  return {};
}

Result<void> SegmentWriter::begin_term(ByteView key) {
  key_.assign(key.begin(), key.end());
  count_ = 0;
  block_count_ = 0;
  last_doc_ = kNoDoc;
  newest_doc_ = kNoDoc;
  positions_.clear();
  skips_.clear();
  postings_begin_ = file_->size(Stream::postings);
  positions_begin_ = file_->size(Stream::positions);
  return {};
}

Result<void> SegmentWriter::add_posting(std::uint32_t doc, std::uint32_t frequency,
                                        std::span<const std::uint32_t> positions) {
  ATOLL_INVARIANT(frequency > 0 && (newest_doc_ == kNoDoc || doc > newest_doc_), "postings come in order");
  if (block_count_ == kBlockValues) ATOLL_TRY(end_block());
  newest_doc_ = doc;
  docs_[block_count_] = doc;
  frequencies_[block_count_] = frequency;
  ++block_count_;
  ++count_;
  if (keeps_positions()) positions_.insert(positions_.end(), positions.begin(), positions.end());
  return {};
}

// Positions of one document after the other, each document's as steps from 0 on.
void SegmentWriter::put_positions(Bytes& out) const {
  std::vector<std::uint32_t> steps;
  steps.reserve(positions_.size());
  std::size_t at = 0;
  for (std::uint32_t i = 0; i < block_count_; ++i) {
    std::uint32_t before = 0;
    for (std::uint32_t n = 0; n < frequencies_[i]; ++n, ++at) {
      steps.push_back(positions_[at] - before);
      before = positions_[at];
    }
  }
  ATOLL_INVARIANT(at == positions_.size(), "as many positions as occurrences");
  pack_run(steps, out);
}

void SegmentWriter::put_short_list(Bytes& out) const {
  std::uint32_t before = last_doc_;
  for (std::uint32_t i = 0; i < block_count_; ++i) {
    const std::uint64_t step = docs_[i] - before - 1;  // kNoDoc + 1 wraps to 0
    before = docs_[i];
    const bool once = frequencies_[i] == 1;
    put_varint(out, (step & UINT32_MAX) << 1 | (once ? 1U : 0U));
    if (!once) put_varint(out, frequencies_[i]);
  }
}

void SegmentWriter::bound_block(SkipEntry& entry) const {
  const std::uint8_t field = key_[0];
  const Bytes& lengths = lengths_[field];
  // The shortest text for each frequency; then only pairs that no other beats in both.
  constexpr std::uint16_t kNone = 256;
  std::array<std::uint16_t, 256> shortest{};
  shortest.fill(kNone);
  for (std::uint32_t i = 0; i < block_count_; ++i) {
    const std::size_t frequency = std::min(frequencies_[i], 255U);
    const std::uint16_t length = lengths.empty() ? 0 : lengths[docs_[i]];
    shortest[frequency] = std::min(shortest[frequency], length);
  }
  struct Pair {
    std::uint8_t frequency;
    std::uint8_t length;
  };
  std::array<Pair, 256> pairs;  // NOLINT: the first `count`; frequency falling, length falling
  std::size_t count = 0;
  for (std::size_t frequency = 256; frequency-- > 1;) {
    if (shortest[frequency] == kNone || (count > 0 && shortest[frequency] >= pairs[count - 1].length)) continue;
    pairs[count++] = {static_cast<std::uint8_t>(frequency), static_cast<std::uint8_t>(shortest[frequency])};
  }
  // Each of two groups of neighbours is covered by its highest frequency and its shortest length.
  std::size_t best = count;
  double best_score = usual_score(pairs[0].frequency, pairs[count - 1].length, average_length_[field]);
  for (std::size_t split = 1; split < count; ++split) {
    const double score = std::max(usual_score(pairs[0].frequency, pairs[split - 1].length, average_length_[field]),
                                  usual_score(pairs[split].frequency, pairs[count - 1].length, average_length_[field]));
    if (score < best_score) {
      best_score = score;
      best = split;
    }
  }
  entry.frequency[0] = pairs[0].frequency;
  entry.length[0] = pairs[best - 1].length;
  entry.frequency[1] = best < count ? pairs[best].frequency : entry.frequency[0];
  entry.length[1] = best < count ? pairs[count - 1].length : entry.length[0];
}

Result<void> SegmentWriter::end_block() {
  scratch_.clear();
  if (block_count_ == kBlockValues) {
    BlockValues steps;
    std::uint32_t before = last_doc_;
    for (std::size_t i = 0; i < kBlockValues; ++i) {
      steps[i] = docs_[i] - before - 1;
      before = docs_[i];
    }
    pack_block(steps, scratch_);
    for (std::size_t i = 0; i < kBlockValues; ++i) steps[i] = frequencies_[i] - 1;
    pack_block(steps, scratch_);
  } else {
    put_short_list(scratch_);
  }
  ATOLL_TRY(file_->append(Stream::postings, scratch_));
  if (keeps_positions()) {
    scratch_.clear();
    put_positions(scratch_);
    ATOLL_TRY(file_->append(Stream::positions, scratch_));
  }
  SkipEntry entry;
  entry.last_doc = newest_doc_;
  const std::uint64_t postings = file_->size(Stream::postings) - postings_begin_;
  const std::uint64_t positions = file_->size(Stream::positions) - positions_begin_;
  if (postings > kTermListMax || positions > kTermListMax) {
    return fail(ErrorKind::limit, "text.segment_full", "a word occurs too often for one segment of the word index");
  }
  entry.postings_end = static_cast<std::uint32_t>(postings);
  entry.positions_end = static_cast<std::uint32_t>(positions);
  bound_block(entry);
  skips_.push_back(entry);
  last_doc_ = newest_doc_;
  block_count_ = 0;
  positions_.clear();
  return {};
}

Result<void> SegmentWriter::end_term() {
  if (count_ == 0) return {};
  Bytes payload;
  put_varint(payload, count_);
  if (count_ == 1) {
    put_varint(payload, docs_[0]);
    put_varint(payload, frequencies_[0]);
    if (keeps_positions()) {
      scratch_.clear();
      put_positions(scratch_);
      ATOLL_TRY(file_->append(Stream::positions, scratch_));
    }
  } else {
    if (block_count_ > 0) ATOLL_TRY(end_block());
    if (count_ >= kBlockValues) {
      const ByteView table{reinterpret_cast<const std::uint8_t*>(skips_.data()),  // NOLINT: plain numbers
                           skips_.size() * sizeof(SkipEntry)};
      ATOLL_TRY(file_->append(Stream::postings, table));
    }
    put_varint(payload, file_->size(Stream::postings) - postings_begin_);
  }
  if (keeps_positions()) put_varint(payload, file_->size(Stream::positions) - positions_begin_);
  return add_entry(key_, payload);
}

Result<void> SegmentWriter::add_word(ByteView key, std::uint64_t count) {
  postings_begin_ = file_->size(Stream::postings);
  positions_begin_ = file_->size(Stream::positions);
  Bytes payload;
  put_varint(payload, count);
  return add_entry(key, payload);
}

Result<void> SegmentWriter::end_term_block() {
  put_varint(term_index_, term_block_key_.size());
  term_index_.insert(term_index_.end(), term_block_key_.begin(), term_block_key_.end());
  put_varint(term_index_, term_block_.size());
  ++footer_.term_blocks;
  term_block_entries_ = 0;
  return file_->append(Stream::terms, term_block_);
}

Result<void> SegmentWriter::add_entry(ByteView key, ByteView payload) {
  ATOLL_INVARIANT(footer_.terms == 0 || compare(previous_key_, key) < 0, "terms come in order");
  if (term_block_entries_ == kTermsPerBlock) ATOLL_TRY(end_term_block());
  std::size_t shared = 0;
  if (term_block_entries_ == 0) {
    term_block_.clear();
    put_varint(term_block_, postings_begin_);
    put_varint(term_block_, positions_begin_);
    term_block_key_.assign(key.begin(), key.end());
  } else {
    const std::size_t limit = std::min(previous_key_.size(), key.size());
    while (shared < limit && previous_key_[shared] == key[shared]) ++shared;
  }
  put_varint(term_block_, shared);
  put_varint(term_block_, key.size() - shared);
  term_block_.insert(term_block_.end(), key.begin() + static_cast<std::ptrdiff_t>(shared), key.end());
  term_block_.insert(term_block_.end(), payload.begin(), payload.end());
  previous_key_.assign(key.begin(), key.end());
  ++term_block_entries_;
  ++footer_.terms;
  return {};
}

// Blocks of 128 documents: the values' distance from the least one, each in as few whole bytes as the greatest takes.
// The directory, read at opening, says least, greatest, place, width and whether all documents have a value.
Result<void> SegmentWriter::add_column(std::uint8_t field, const ColumnValues& value) {
  ColumnPlace place;
  place.field = field;
  place.data_offset = file_->size(Stream::columns);
  Bytes directory;
  ByteWriter directory_out(directory);
  std::uint64_t written = 0;
  for (std::uint32_t first = 0; first < footer_.docs; first += kBlockValues) {
    const std::uint32_t count = std::min<std::uint32_t>(kBlockValues, footer_.docs - first);
    std::array<std::optional<std::int64_t>, kBlockValues> values;
    std::int64_t least = INT64_MAX;
    std::int64_t greatest = INT64_MIN;
    std::uint32_t present = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      ATOLL_ASSIGN(values[i], value(first + i));
      if (!values[i]) continue;
      ++present;
      least = std::min(least, *values[i]);
      greatest = std::max(greatest, *values[i]);
    }
    scratch_.clear();
    std::uint8_t width = 0;
    if (present > 0) {
      const std::uint64_t span = static_cast<std::uint64_t>(greatest) - static_cast<std::uint64_t>(least);
      width = static_cast<std::uint8_t>((std::bit_width(span) + 7) / 8);
    }
    if (present > 0 && present < count) {
      scratch_.resize(kBlockValues / 8);
      for (std::uint32_t i = 0; i < count; ++i) {
        if (values[i]) scratch_[i / 8] = static_cast<std::uint8_t>(scratch_[i / 8] | (1U << (i % 8)));
      }
    }
    for (std::uint32_t i = 0; i < count && present > 0; ++i) {
      const std::uint64_t offset =
          values[i] ? static_cast<std::uint64_t>(*values[i]) - static_cast<std::uint64_t>(least) : 0;
      std::array<std::uint8_t, 8> bytes{};
      store_le(bytes.data(), offset);
      scratch_.insert(scratch_.end(), bytes.begin(), bytes.begin() + width);
    }
    directory_out.put(least);
    directory_out.put(greatest);
    directory_out.put(written);
    directory_out.put(width);
    directory_out.put(static_cast<std::uint8_t>(present == 0 ? 0 : (present == count ? 2 : 1)));
    written += scratch_.size();
    ATOLL_TRY(file_->append(Stream::columns, scratch_));
  }
  place.directory_offset = file_->size(Stream::columns);
  ATOLL_TRY(file_->append(Stream::columns, directory));
  footer_.columns.push_back(place);
  return {};
}

Result<SegmentInfo> SegmentWriter::finish(std::uint32_t languages) {
  if (term_block_entries_ > 0) ATOLL_TRY(end_term_block());
  ATOLL_TRY(file_->append(Stream::term_index, term_index_));
  footer_.languages = languages;
  ATOLL_ASSIGN(info_.file_bytes, file_->finish(footer_));
  return info_;
}

}  // namespace atl::text::internal
