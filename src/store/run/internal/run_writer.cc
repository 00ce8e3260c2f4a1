// See run_writer.h.
#include "store/run/internal/run_writer.h"

#include <algorithm>

#include "store/run/internal/filter.h"
#include "store/run/run_set.h"

namespace atl::run::internal {
namespace {
constexpr std::size_t kWriteBufferBytes = 256 * 1024;
}

RunWriter::RunWriter(const RunContext& context, RunHeader header, std::uint64_t entries_max,
                     std::size_t filter_entries_per_page, std::unique_ptr<platform::File> file)
    : header_(header),
      aad_(encode(header)),
      hash_seed_(context.hash_seed),
      entries_per_page_(filter_entries_per_page),
      file_(std::move(file)),
      sealer_(header.suite, run_file_key(context.index_key, header.salt)),
      page_(kBlockPlain) {
  if (header_.mode == Mode::fixed) {
    entries_per_block_ = header_.entries_per_block();
    removed_bits_.resize((entries_per_block_ + 7) / 8);
    // Growing by doubling would take half as much again.
    prefixes_.reserve(entries_max / entries_per_block_ + 1);
  }
  buffered_.reserve(kWriteBufferBytes + kBlockStored);
}

Result<std::unique_ptr<RunWriter>> RunWriter::create(const RunContext& context, const std::string& folder,
                                                     std::uint64_t number, const Salt& salt, const Summary& summary,
                                                     std::size_t filter_entries_per_page) {
  RunHeader header;
  header.vault = context.vault;
  header.salt = salt;
  header.suite = context.suite;
  header.number = number;
  header.has_removals = summary.has_removals;
  header.filter_probes = filter_probes_for(filter_entries_per_page);
  const std::size_t common = std::min(summary.min_key.size(), summary.max_key.size());
  while (header.prefix_skip < common && summary.min_key[header.prefix_skip] == summary.max_key[header.prefix_skip]) {
    ++header.prefix_skip;
  }
  const Widths& widths = summary.widths;
  const std::size_t key_width = widths.key_width.value_or(0);
  const std::size_t value_width = widths.value_width.value_or(0);
  if (widths.one_key_width && widths.one_value_width && key_width + value_width <= kFixedEntryBytesMax) {
    header.mode = Mode::fixed;
    header.key_width = static_cast<std::uint16_t>(key_width);
    header.value_width = static_cast<std::uint32_t>(value_width);
    header.blocks_per_page =
        static_cast<std::uint32_t>(std::max<std::size_t>(1, filter_entries_per_page / header.entries_per_block()));
  } else {
    header.mode = Mode::variable;
  }
  const std::string path = platform::join(folder, run_file_name(number));
  ATOLL_TRY(context.files.remove_file(path));
  ATOLL_ASSIGN(auto file, context.files.open(path, platform::OpenMode::create_new));
  std::unique_ptr<RunWriter> writer(
      new RunWriter(context, header, summary.entries, filter_entries_per_page, std::move(file)));
  Bytes stored(kHeaderStored);
  std::ranges::copy(writer->aad_, stored.begin());
  ATOLL_TRY(writer->write(stored));
  return writer;
}

Result<void> RunWriter::add(ByteView key, ByteView value, bool removed) {
  if (removed) value = {};
  // Authentic runs that say this of their entries were written by a program that was wrong: that is for the owner, who
  // fills the index again, no reason to stop.
  if (footer_.entries > 0 && compare(key, footer_.max_key) <= 0) {
    return damaged("run.order", "entries of a run are not in order");
  }
  const bool fixed = header_.mode == Mode::fixed;
  const std::size_t need = kEntryHeadBytes + key.size() + value.size();
  if (block_entries_ > 0 && (fixed ? block_entries_ == entries_per_block_ : block_.size() + need > kBlockPlain)) {
    ATOLL_TRY(end_block());
  }
  if (page_entries_ == 0) page_firsts_.push_back(static_cast<std::uint32_t>(footer_.blocks));
  if (block_entries_ == 0) {
    prefixes_.push_back(key_prefix(key, header_.prefix_skip));
    if (!fixed) offsets_.push_back(file_bytes_);
  }
  if (fixed) {
    if (key.size() != header_.key_width || (removed ? !header_.has_removals : value.size() != header_.value_width)) {
      return damaged("run.widths", "entries of a run are not of the kind its header says");
    }
    block_.insert(block_.end(), key.begin(), key.end());
    block_.insert(block_.end(), value.begin(), value.end());
    if (removed) {
      block_.resize(block_.size() + header_.value_width);
      std::uint8_t& bits = removed_bits_[block_entries_ / 8];
      bits = static_cast<std::uint8_t>(bits | 1U << (block_entries_ % 8));
    }
  } else {
    ByteWriter out(block_);
    out.put(static_cast<std::uint16_t>(key.size()));
    out.put(static_cast<std::uint32_t>(value.size()) | (removed ? kRemovedFlag : 0U));
    out.put_bytes(key);
    out.put_bytes(value);
  }
  filter_add(page_, hash_key(key, hash_seed_), header_.filter_probes);
  if (footer_.entries == 0) footer_.min_key.assign(key.begin(), key.end());
  footer_.max_key.assign(key.begin(), key.end());
  ++footer_.entries;
  ++block_entries_;
  ++page_entries_;
  if (removed) ++footer_.removals;
  return {};
}

Result<void> RunWriter::end_block() {
  if (header_.mode == Mode::fixed && header_.has_removals) {
    block_.insert(block_.end(), removed_bits_.begin(),
                  removed_bits_.begin() + static_cast<std::ptrdiff_t>((block_entries_ + 7) / 8));
    std::ranges::fill(removed_bits_, std::uint8_t{0});
  }
  if (block_.size() < kBlockPlain) block_.resize(kBlockPlain);
  ATOLL_TRY(seal(Lane::data, footer_.blocks, block_));
  block_.clear();
  block_entries_ = 0;
  ++footer_.blocks;
  ++page_blocks_;
  const bool page_full =
      header_.mode == Mode::fixed ? page_blocks_ == header_.blocks_per_page : page_entries_ >= entries_per_page_;
  return page_full ? end_page() : Result<void>{};
}

Result<void> RunWriter::end_page() {
  ATOLL_TRY(seal(Lane::filter, footer_.pages, page_));
  std::ranges::fill(page_, std::uint8_t{0});
  page_blocks_ = 0;
  page_entries_ = 0;
  ++footer_.pages;
  return {};
}

Result<void> RunWriter::seal(Lane lane, std::uint64_t ordinal, ByteView plain) {
  if (ordinal >= kSealsMax / 4) {
    return fail(ErrorKind::limit, "run.too_long", "a run would grow beyond what one key may seal");
  }
  const codec::Nonce nonce = codec::counter_nonce(ordinal, static_cast<std::uint32_t>(lane));
  sealed_.resize(plain.size() + codec::kTagBytes);
  sealer_.seal(nonce, aad_, plain, sealed_);
  opened_.resize(plain.size());
  if (!sealer_.open(nonce, aad_, sealed_, opened_) || !equal(opened_, plain)) {
    return fail(ErrorKind::failed, "run.seal_check",
                "a sealed block does not open again: this machine's memory may be bad");
  }
  return write(sealed_);
}

Result<void> RunWriter::write(ByteView bytes) {
  buffered_.insert(buffered_.end(), bytes.begin(), bytes.end());
  file_bytes_ += bytes.size();
  return buffered_.size() >= kWriteBufferBytes ? write_buffered() : Result<void>{};
}

Result<void> RunWriter::write_buffered() {
  if (buffered_.empty()) return {};
  ATOLL_TRY(file_->write_at(file_bytes_ - buffered_.size(), buffered_));
  buffered_.clear();
  return {};
}

Result<void> RunWriter::write_index() {
  Bytes chunk;
  std::uint64_t ordinal = 0;
  const auto put = [&](ByteView bytes) -> Result<void> {
    while (!bytes.empty()) {
      const std::size_t take = std::min(bytes.size(), kIndexChunkPlain - chunk.size());
      chunk.insert(chunk.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(take));
      bytes = bytes.subspan(take);
      if (chunk.size() == kIndexChunkPlain) {
        ATOLL_TRY(seal(Lane::index, ordinal++, chunk));
        chunk.clear();
      }
    }
    return {};
  };
  ATOLL_TRY(put({reinterpret_cast<const std::uint8_t*>(prefixes_.data()), prefixes_.size() * 8}));  // NOLINT
  if (header_.mode == Mode::variable) {
    ATOLL_TRY(put({reinterpret_cast<const std::uint8_t*>(offsets_.data()), offsets_.size() * 8}));          // NOLINT
    ATOLL_TRY(put({reinterpret_cast<const std::uint8_t*>(page_firsts_.data()), page_firsts_.size() * 4}));  // NOLINT
  }
  return chunk.empty() ? Result<void>{} : seal(Lane::index, ordinal, chunk);
}

Result<RunInfo> RunWriter::finish() {
  ATOLL_INVARIANT(footer_.entries > 0, "a run has at least one entry");
  if (block_entries_ > 0) ATOLL_TRY(end_block());
  if (page_blocks_ > 0) ATOLL_TRY(end_page());
  footer_.data_end = file_bytes_;
  ATOLL_TRY(write_index());
  RunTrailer trailer;
  trailer.footer_offset = file_bytes_;
  ATOLL_TRY(seal(Lane::footer, 0, encode(footer_)));
  trailer.footer_stored_bytes = static_cast<std::uint32_t>(file_bytes_ - trailer.footer_offset);
  trailer.file_bytes = file_bytes_ + kTrailerBytes;
  ATOLL_TRY(write(encode(trailer)));
  ATOLL_TRY(write_buffered());
  ATOLL_TRY(file_->sync());
  return RunInfo{header_.number, file_bytes_, footer_.entries, header_.salt};
}

}  // namespace atl::run::internal
