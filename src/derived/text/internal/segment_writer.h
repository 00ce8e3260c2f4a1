// Writes one segment: terms in order with their postings, then columns.
//
// Always true: keys ascend, and so do documents within a term; memory is a block of postings, 16 bytes per 128 postings
// of the term at hand, the lengths (one byte a document and field), and the first key of each block of terms. Thread
// rules: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "derived/text/internal/packing.h"
#include "derived/text/internal/paged_file.h"
#include "derived/text/schema.h"

namespace atl::text::internal {

// Of a block of up to 128 postings; stored behind the postings of terms that have 128 or more.
struct SkipEntry {
  std::uint32_t last_doc = 0;
  std::uint32_t postings_end = 0;   // within the term's postings
  std::uint32_t positions_end = 0;  // within the term's positions
  // No posting of the block beats both pairs: it occurs at most so often (255: or more) in a text at least so long
  // (length code). Two pairs, as often the most frequent is not the shortest.
  std::array<std::uint8_t, 2> frequency{};
  std::array<std::uint8_t, 2> length{};
};
static_assert(sizeof(SkipEntry) == 16);

inline constexpr std::size_t kTermsPerBlock = 32;

class SegmentWriter {
 public:
  [[nodiscard]] static Result<std::unique_ptr<SegmentWriter>> create(const FileContext& context,
                                                                     const std::string& folder, std::uint64_t number,
                                                                     const Salt& salt, std::uint32_t docs,
                                                                     const Schema& schema);
  // One code a document; before the terms of that field. The field's totals follow from them.
  [[nodiscard]] Result<void> set_lengths(std::uint8_t field, Bytes codes);
  [[nodiscard]] Result<void> begin_term(ByteView key);
  [[nodiscard]] Result<void> add_posting(std::uint32_t doc, std::uint32_t frequency,
                                         std::span<const std::uint32_t> positions);
  [[nodiscard]] Result<void> end_term();  // without postings: the term is left out
  [[nodiscard]] Result<void> add_word(ByteView key, std::uint64_t count);
  // kWordSpace: the ids. Documents without a value come as nothing.
  using ColumnValues = std::function<Result<std::optional<std::int64_t>>(std::uint32_t doc)>;
  [[nodiscard]] Result<void> add_column(std::uint8_t field, const ColumnValues& value);
  [[nodiscard]] Result<SegmentInfo> finish(std::uint32_t languages);

 private:
  SegmentWriter(std::unique_ptr<PagedFileWriter> file, std::uint32_t docs, const Schema& schema);
  [[nodiscard]] Result<void> end_block();
  void put_positions(Bytes& out) const;
  void put_short_list(Bytes& out) const;
  void bound_block(SkipEntry& entry) const;
  [[nodiscard]] Result<void> end_term_block();
  [[nodiscard]] Result<void> add_entry(ByteView key, ByteView payload);
  [[nodiscard]] bool keeps_positions() const;

  std::unique_ptr<PagedFileWriter> file_;
  const Schema schema_;
  SegmentInfo info_;
  SegmentFooter footer_;
  std::vector<Bytes> lengths_;          // by field; empty where there are none
  std::vector<double> average_length_;  // by field
  // The term at hand.
  Bytes key_;
  std::uint32_t count_ = 0;  // postings of it
  std::uint32_t block_count_ = 0;
  std::uint32_t last_doc_ = kNoDoc;    // before the block
  std::uint32_t newest_doc_ = kNoDoc;  // last one added
  BlockValues docs_{};
  BlockValues frequencies_{};
  std::vector<std::uint32_t> positions_;  // of the block
  std::vector<SkipEntry> skips_;
  std::uint64_t postings_begin_ = 0;
  std::uint64_t positions_begin_ = 0;
  Bytes scratch_;
  // The block of terms at hand.
  Bytes previous_key_;
  Bytes term_block_;
  std::size_t term_block_entries_ = 0;
  Bytes term_block_key_;
  Bytes term_index_;
};

}  // namespace atl::text::internal
