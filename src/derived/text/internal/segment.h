// One segment, opened for reading: terms, columns, lengths, and which of its documents were removed.
//
// Always true: documents are numbered from 0 in the order of their ids, which are all different. What is read was
// authenticated; all the same every number is checked before it leads anywhere. Memory: the first key of each block of
// 32 terms, 26 bytes per 128 documents and column, a bit a document, and a byte a document for each field whose lengths
// were asked for.
// Thread rules: any thread; cursors belong to one thread each. remove() may run beside searches, which see it or not.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "derived/text/internal/paged_file.h"
#include "derived/text/schema.h"

namespace atl::text::internal {

struct TermEntry {
  std::uint32_t docs = 0;   // that have it
  std::uint64_t count = 0;  // of a word of the lexicon: how often it was written
  // The only posting, where docs is 1.
  std::uint32_t doc = 0;
  std::uint32_t frequency = 0;
  // Else where they stand.
  std::uint64_t postings_offset = 0;
  std::uint32_t postings_bytes = 0;
  std::uint64_t positions_offset = 0;
  std::uint32_t positions_bytes = 0;
};

class Segment;

// Terms in order.
class TermCursor {
 public:
  explicit TermCursor(const Segment& segment) : segment_(&segment) {}
  // To the first term >= key. False: there is none.
  [[nodiscard]] Result<bool> seek(ByteView key);
  [[nodiscard]] Result<bool> next();
  // As seek(), for a key behind the current one: within the block at hand no block is read again.
  [[nodiscard]] Result<bool> seek_from_here(ByteView key);
  [[nodiscard]] ByteView key() const { return key_; }
  [[nodiscard]] const TermEntry& entry() const { return entry_; }

 private:
  [[nodiscard]] Result<bool> enter_block(std::uint64_t block);
  [[nodiscard]] Result<bool> read_entry();

  const Segment* segment_;
  std::uint64_t block_ = 0;
  Bytes plain_;
  std::size_t at_ = 0;
  std::uint64_t postings_at_ = 0;
  std::uint64_t positions_at_ = 0;
  Bytes key_;
  TermEntry entry_;
};

// One number a document, or none.
class Column {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Column>> open(const PagedFile& file, const ColumnPlace& place,
                                                            std::uint32_t docs);
  struct Block {
    std::int64_t least = 0;
    std::int64_t greatest = 0;
    std::uint64_t offset = 0;
    std::uint8_t width = 0;
    std::uint8_t presence = 0;  // 0: no document has a value, 1: some, 2: all
  };
  [[nodiscard]] const std::vector<Block>& blocks() const { return blocks_; }

 private:
  friend class ColumnCursor;
  const PagedFile* file_ = nullptr;
  std::uint32_t docs_ = 0;
  std::uint64_t data_offset_ = 0;
  std::vector<Block> blocks_;
};

// Keeps the block it read last.
class ColumnCursor {
 public:
  explicit ColumnCursor(const Column& column) : column_(&column) {}
  [[nodiscard]] Result<std::optional<std::int64_t>> value(std::uint32_t doc);

 private:
  const Column* column_;
  std::uint32_t block_ = UINT32_MAX;
  PagedFile::Window window_;
  ByteView plain_;
};

class Segment {
 public:
  [[nodiscard]] static Result<std::shared_ptr<Segment>> open(const FileContext& context, const std::string& folder,
                                                             const SegmentInfo& info, const Schema& schema);

  [[nodiscard]] const SegmentInfo& info() const { return info_; }
  [[nodiscard]] std::uint32_t docs() const { return info_.docs; }
  [[nodiscard]] const SegmentFooter& footer() const { return file_->footer(); }
  [[nodiscard]] const PagedFile& file() const { return *file_; }
  [[nodiscard]] const Schema& schema() const { return schema_; }

  [[nodiscard]] Result<std::optional<TermEntry>> find(ByteView key) const;
  // One code a document; null where no document has the field.
  [[nodiscard]] Result<const Bytes*> lengths(std::uint8_t field) const;
  [[nodiscard]] const Column& ids() const { return *ids_; }
  [[nodiscard]] const Column* numbers(std::uint8_t field) const { return numbers_[field].get(); }
  [[nodiscard]] Result<std::uint64_t> id_of(std::uint32_t doc) const;
  // The first document with an id >= `id`; docs() where there is none. `cursor` over ids().
  [[nodiscard]] Result<std::uint32_t> lower_bound(std::uint64_t id, ColumnCursor& cursor) const;

  [[nodiscard]] bool is_removed(std::uint32_t doc) const {
    return (removed_[doc / 64].load(std::memory_order_relaxed) >> (doc % 64) & 1U) != 0;
  }
  // True where it was there until now.
  bool remove(std::uint32_t doc);
  [[nodiscard]] std::uint32_t removed() const { return removed_count_.load(std::memory_order_relaxed); }
  // The removals as stored: a bit a document.
  [[nodiscard]] Bytes removals() const;
  [[nodiscard]] Result<void> set_removals(ByteView bits);
  // What the manifest says of its removals; changed by the owner under its own lock.
  void set_stored_removals(std::uint32_t count, std::uint64_t version) {
    info_.removed = count;
    info_.removals_version = version;
  }

  [[nodiscard]] std::size_t memory_bytes() const;
  // Every page, and everything that stands in them.
  [[nodiscard]] Result<void> verify() const;

 private:
  friend class TermCursor;
  Segment(const SegmentInfo& info, const Schema& schema, std::unique_ptr<PagedFile> file);
  [[nodiscard]] Result<void> load_term_index();
  [[nodiscard]] ByteView block_key(std::uint64_t block) const {
    return ByteView(index_keys_).subspan(index_at_[block], index_at_[block + 1] - index_at_[block]);
  }

  SegmentInfo info_;
  const Schema schema_;
  std::unique_ptr<PagedFile> file_;
  Bytes index_keys_;
  std::vector<std::uint32_t> index_at_;       // of each block's first key; one more at the end
  std::vector<std::uint64_t> block_offsets_;  // in Stream::terms; one more at the end
  std::unique_ptr<Column> ids_;
  std::vector<std::unique_ptr<Column>> numbers_;  // by field
  std::vector<std::atomic<std::uint64_t>> removed_;
  std::atomic<std::uint32_t> removed_count_ = 0;
  mutable std::mutex lengths_mutex_;
  mutable std::vector<std::unique_ptr<Bytes>> lengths_;  // by field; guarded by lengths_mutex_, never replaced
};

}  // namespace atl::text::internal
