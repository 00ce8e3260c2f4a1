#include "derived/text/internal/segment.h"

#include <algorithm>
#include <bit>

#include "derived/text/internal/packing.h"
#include "derived/text/internal/postings.h"

namespace atl::text::internal {
namespace {

constexpr std::size_t kDirectoryEntryBytes = 26;

tl::unexpected<Error> terms_damaged() {
  return damaged("text.terms", "the terms of a segment of the word index contradict themselves");
}
tl::unexpected<Error> column_damaged() {
  return damaged("text.column", "a column of a segment of the word index contradicts itself");
}

}  // namespace

// ---- terms

Result<bool> TermCursor::enter_block(std::uint64_t block) {
  block_ = block;
  if (block + 1 >= segment_->block_offsets_.size()) return false;
  const std::uint64_t begin = segment_->block_offsets_[block];
  ATOLL_ASSIGN(plain_, segment_->file_->read(Stream::terms, begin, segment_->block_offsets_[block + 1] - begin));
  const std::uint8_t* at = plain_.data();
  const std::uint8_t* const end = at + plain_.size();
  if (!get_varint(at, end, postings_at_) || !get_varint(at, end, positions_at_)) return terms_damaged();
  at_ = static_cast<std::size_t>(at - plain_.data());
  key_.clear();
  ATOLL_ASSIGN(const bool found, read_entry());
  return equal(key_, segment_->block_key(block)) ? Result<bool>(found) : terms_damaged();
}

Result<bool> TermCursor::read_entry() {
  const std::uint8_t* at = plain_.data() + at_;
  const std::uint8_t* const end = plain_.data() + plain_.size();
  std::uint64_t shared = 0;
  std::uint64_t fresh = 0;
  std::uint64_t docs = 0;
  if (!get_varint(at, end, shared) || !get_varint(at, end, fresh) || shared > key_.size() || fresh == 0 ||
      fresh > static_cast<std::uint64_t>(end - at)) {
    return terms_damaged();
  }
  // As much as can be is shared, so that the first byte that is not says whether the term comes behind the one before.
  if (shared < key_.size() && *at <= key_[shared]) return terms_damaged();
  key_.resize(shared);
  key_.insert(key_.end(), at, at + fresh);
  at += fresh;
  if (!get_varint(at, end, docs)) return terms_damaged();
  entry_ = {};
  if (key_[0] == kWordSpace) {
    entry_.count = docs;
  } else {
    const Schema& schema = segment_->schema_;
    if (key_[0] >= schema.size() || docs == 0 || docs > segment_->docs()) return terms_damaged();
    entry_.docs = static_cast<std::uint32_t>(docs);
    entry_.postings_offset = postings_at_;
    entry_.positions_offset = positions_at_;
    if (docs == 1) {
      std::uint64_t doc = 0;
      std::uint64_t frequency = 0;
      if (!get_varint(at, end, doc) || !get_varint(at, end, frequency) || doc >= segment_->docs() || frequency == 0 ||
          frequency > UINT32_MAX) {
        return terms_damaged();
      }
      entry_.doc = static_cast<std::uint32_t>(doc);
      entry_.frequency = static_cast<std::uint32_t>(frequency);
    } else {
      std::uint64_t bytes = 0;
      if (!get_varint(at, end, bytes) || bytes > UINT32_MAX) return terms_damaged();
      entry_.postings_bytes = static_cast<std::uint32_t>(bytes);
      postings_at_ += bytes;
    }
    if (schema[key_[0]].kind != FieldKind::keyword) {
      std::uint64_t bytes = 0;
      if (!get_varint(at, end, bytes) || bytes > UINT32_MAX) return terms_damaged();
      entry_.positions_bytes = static_cast<std::uint32_t>(bytes);
      positions_at_ += bytes;
    }
  }
  at_ = static_cast<std::size_t>(at - plain_.data());
  return true;
}

Result<bool> TermCursor::next() {
  if (at_ < plain_.size()) return read_entry();
  const Bytes before = key_;
  ATOLL_ASSIGN(const bool found, enter_block(block_ + 1));
  return found && compare(before, key_) >= 0 ? terms_damaged() : Result<bool>(found);
}

Result<bool> TermCursor::seek(ByteView key) {
  // The last block whose first key is <= key.
  std::uint64_t low = 0;
  std::uint64_t high = segment_->index_at_.size() - 1;
  while (low + 1 < high) {
    const std::uint64_t middle = (low + high) / 2;
    if (compare(segment_->block_key(middle), key) <= 0) {
      low = middle;
    } else {
      high = middle;
    }
  }
  ATOLL_ASSIGN(bool found, enter_block(low));
  while (found && compare(key_, key) < 0) {
    ATOLL_ASSIGN(found, next());
  }
  return found;
}

Result<bool> TermCursor::seek_from_here(ByteView key) {
  if (block_ + 2 < segment_->block_offsets_.size() && compare(segment_->block_key(block_ + 1), key) <= 0) {
    return seek(key);
  }
  bool found = true;
  while (found && compare(key_, key) < 0) {
    ATOLL_ASSIGN(found, next());
  }
  return found;
}

Result<std::optional<TermEntry>> Segment::find(ByteView key) const {
  TermCursor cursor(*this);
  ATOLL_ASSIGN(const bool found, cursor.seek(key));
  if (!found || !equal(cursor.key(), key)) return std::optional<TermEntry>();
  return std::optional<TermEntry>(cursor.entry());
}

// ---- columns

Result<std::unique_ptr<Column>> Column::open(const PagedFile& file, const ColumnPlace& place, std::uint32_t docs) {
  auto column = std::make_unique<Column>();
  column->file_ = &file;
  column->docs_ = docs;
  column->data_offset_ = place.data_offset;
  const std::size_t blocks = (docs + kBlockValues - 1) / kBlockValues;
  ATOLL_ASSIGN(const Bytes directory,
               file.read(Stream::columns, place.directory_offset, blocks * kDirectoryEntryBytes));
  column->blocks_.reserve(blocks);
  for (std::size_t i = 0; i < blocks; ++i) {
    const std::uint8_t* at = directory.data() + i * kDirectoryEntryBytes;
    Block block;
    block.least = load_le<std::int64_t>(at);
    block.greatest = load_le<std::int64_t>(at + 8);
    block.offset = load_le<std::uint64_t>(at + 16);
    block.width = at[24];
    block.presence = at[25];
    if (block.width > 8 || block.presence > 2 || block.offset > place.directory_offset) return column_damaged();
    column->blocks_.push_back(block);
  }
  return column;
}

Result<std::optional<std::int64_t>> ColumnCursor::value(std::uint32_t doc) {
  const auto number = static_cast<std::uint32_t>(doc / kBlockValues);
  const Column::Block& block = column_->blocks_[number];
  const std::uint32_t within = doc % kBlockValues;
  if (block.presence == 0) return std::optional<std::int64_t>();
  const std::size_t bits = block.presence == 1 ? kBlockValues / 8 : 0;
  if (block_ != number) {
    const std::size_t first = std::size_t{number} * kBlockValues;
    const std::size_t count = std::min<std::size_t>(kBlockValues, column_->docs_ - first);
    block_ = UINT32_MAX;
    ATOLL_ASSIGN(plain_, column_->file_->fetch(Stream::columns, column_->data_offset_ + block.offset,
                                               bits + count * block.width, window_));
    block_ = number;
  }
  if (bits > 0 && (plain_[within / 8] >> (within % 8) & 1U) == 0) return std::optional<std::int64_t>();
  std::uint64_t offset = 0;
  for (std::size_t i = 0; i < block.width; ++i) {
    offset |= std::uint64_t{plain_[bits + within * block.width + i]} << (8 * i);
  }
  return std::optional<std::int64_t>(static_cast<std::int64_t>(static_cast<std::uint64_t>(block.least) + offset));
}

Result<std::uint64_t> Segment::id_of(std::uint32_t doc) const {
  ColumnCursor cursor(*ids_);
  ATOLL_ASSIGN(const auto value, cursor.value(doc));
  if (!value) return column_damaged();
  return unsigned_id(*value);
}

Result<std::uint32_t> Segment::lower_bound(std::uint64_t id, ColumnCursor& cursor) const {
  const std::int64_t wanted = signed_id(id);
  const auto& blocks = ids_->blocks();
  const auto block = std::ranges::partition_point(blocks, [&](const Column::Block& b) { return b.greatest < wanted; });
  if (block == blocks.end()) return docs();
  auto low = static_cast<std::uint32_t>((block - blocks.begin()) * static_cast<std::ptrdiff_t>(kBlockValues));
  std::uint32_t high = std::min<std::uint32_t>(docs(), low + kBlockValues);
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    ATOLL_ASSIGN(const auto value, cursor.value(middle));
    if (!value) return column_damaged();
    if (*value < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// ---- the segment

Segment::Segment(const SegmentInfo& info, const Schema& schema, std::unique_ptr<PagedFile> file)
    : info_(info),
      schema_(schema),
      file_(std::move(file)),
      numbers_(schema.size()),
      removed_((info.docs + 63) / 64),
      lengths_(schema.size()) {}

Result<std::shared_ptr<Segment>> Segment::open(const FileContext& context, const std::string& folder,
                                               const SegmentInfo& info, const Schema& schema) {
  ATOLL_ASSIGN(auto file, PagedFile::open(context, folder, info));
  std::shared_ptr<Segment> segment(new Segment(info, schema, std::move(file)));
  const SegmentFooter& footer = segment->footer();
  if (footer.totals.size() != schema.size()) {
    return damaged("text.footer", "a segment of the word index was written for other fields");
  }
  ATOLL_TRY(segment->load_term_index());
  for (const ColumnPlace& place : footer.columns) {
    ATOLL_ASSIGN(auto column, Column::open(*segment->file_, place, info.docs));
    (place.field == kWordSpace ? segment->ids_ : segment->numbers_[place.field]) = std::move(column);
  }
  if (!segment->ids_) return column_damaged();
  if (info.removed > 0) {
    const std::string path = platform::join(folder, removals_file_name(info.number, info.removals_version));
    ATOLL_ASSIGN(const Bytes stored,
                 platform::read_whole(context.files, path, kHeaderBytes + info.docs / 8 + 64 + codec::kTagBytes));
    ATOLL_ASSIGN(const Bytes bits, open_small(kRemovalsMagic, {context.key, context.vault, context.suite}, stored));
    ATOLL_TRY(segment->set_removals(bits));
  }
  return segment;
}

Result<void> Segment::load_term_index() {
  const SegmentFooter& footer = file_->footer();
  const std::uint64_t bytes = footer.streams[static_cast<std::size_t>(Stream::term_index)].bytes;
  ATOLL_ASSIGN(const Bytes plain, file_->read(Stream::term_index, 0, bytes));
  const std::uint8_t* at = plain.data();
  const std::uint8_t* const end = at + plain.size();
  std::uint64_t offset = 0;
  while (at != end) {
    std::uint64_t key_bytes = 0;
    std::uint64_t block_bytes = 0;
    if (!get_varint(at, end, key_bytes) || key_bytes > static_cast<std::uint64_t>(end - at)) return terms_damaged();
    index_at_.push_back(static_cast<std::uint32_t>(index_keys_.size()));
    index_keys_.insert(index_keys_.end(), at, at + key_bytes);
    at += key_bytes;
    if (const std::size_t read = index_at_.size(); read > 1) {
      const ByteView before =
          ByteView(index_keys_).subspan(index_at_[read - 2], index_at_[read - 1] - index_at_[read - 2]);
      if (compare(before, ByteView(index_keys_).subspan(index_at_[read - 1])) >= 0) return terms_damaged();
    }
    block_offsets_.push_back(offset);
    if (!get_varint(at, end, block_bytes) || block_bytes > kPagePlain * kTermsPerBlock) return terms_damaged();
    offset += block_bytes;
  }
  index_at_.push_back(static_cast<std::uint32_t>(index_keys_.size()));
  block_offsets_.push_back(offset);
  const bool agrees = block_offsets_.size() - 1 == footer.term_blocks &&
                      offset == footer.streams[static_cast<std::size_t>(Stream::terms)].bytes;
  return agrees ? Result<void>{} : terms_damaged();
}

Result<const Bytes*> Segment::lengths(std::uint8_t field) const {
  const auto& places = footer().lengths;
  const auto place = std::ranges::find(places, field, &LengthsPlace::field);
  if (place == places.end()) return nullptr;
  const std::lock_guard lock(lengths_mutex_);
  if (!lengths_[field]) {
    ATOLL_ASSIGN(Bytes codes, file_->read(Stream::lengths, place->offset, docs()));
    lengths_[field] = std::make_unique<Bytes>(std::move(codes));
  }
  return lengths_[field].get();
}

bool Segment::remove(std::uint32_t doc) {
  const std::uint64_t bit = std::uint64_t{1} << (doc % 64);
  if ((removed_[doc / 64].fetch_or(bit, std::memory_order_relaxed) & bit) != 0) return false;
  removed_count_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

Bytes Segment::removals() const {
  Bytes bits(removed_.size() * 8);
  for (std::size_t i = 0; i < removed_.size(); ++i) {
    store_le(bits.data() + i * 8, removed_[i].load(std::memory_order_relaxed));
  }
  return bits;
}

Result<void> Segment::set_removals(ByteView bits) {
  if (bits.size() != removed_.size() * 8) {
    return damaged("text.removals", "the removals of a segment of the word index have another length than it");
  }
  std::uint32_t count = 0;
  for (std::size_t i = 0; i < removed_.size(); ++i) {
    const auto word = load_le<std::uint64_t>(bits.data() + i * 8);
    removed_[i].store(word, std::memory_order_relaxed);
    count += static_cast<std::uint32_t>(std::popcount(word));
  }
  removed_count_ = count;
  return {};
}

std::size_t Segment::memory_bytes() const {
  std::size_t bytes = index_keys_.capacity() + index_at_.capacity() * 4 + block_offsets_.capacity() * 8 +
                      removed_.size() * 8 + ids_->blocks().capacity() * sizeof(Column::Block);
  for (const auto& column : numbers_) bytes += column ? column->blocks().capacity() * sizeof(Column::Block) : 0;
  const std::lock_guard lock(lengths_mutex_);
  for (const auto& lengths : lengths_) bytes += lengths ? lengths->size() : 0;
  return bytes;
}

Result<void> Segment::verify() const {
  ATOLL_TRY(file_->verify());
  TermCursor terms(*this);
  std::uint64_t count = 0;
  Bytes before;
  ATOLL_ASSIGN(bool more, terms.seek({}));
  while (more) {
    if (count++ > 0 && compare(before, terms.key()) >= 0) return terms_damaged();
    before = to_bytes(terms.key());
    if (before[0] != kWordSpace) {
      Trouble trouble;
      PostingCursor postings(*this, before[0], terms.entry(), trouble);
      std::uint32_t docs = 0;
      std::uint32_t last = 0;
      for (std::uint32_t doc = postings.next(); doc != kNoDoc; doc = postings.next()) {
        if (docs++ > 0 && doc <= last) return terms_damaged();
        last = doc;
        if (schema_[before[0]].kind != FieldKind::keyword && postings.positions().size() != postings.frequency() &&
            !trouble.error) {
          return terms_damaged();
        }
      }
      if (trouble.error) return pass(*trouble.error);
      if (docs != terms.entry().docs) return terms_damaged();
    }
    ATOLL_ASSIGN(more, terms.next());
  }
  if (count != footer().terms) return terms_damaged();
  ColumnCursor ids(*ids_);
  std::optional<std::int64_t> last;
  for (std::uint32_t doc = 0; doc < docs(); ++doc) {
    ATOLL_ASSIGN(const auto id, ids.value(doc));
    if (!id || (last && *id <= *last)) return column_damaged();
    last = id;
  }
  return {};
}

}  // namespace atl::text::internal
