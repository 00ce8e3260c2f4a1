// See run.h.
#include "store/run/internal/run.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "store/run/internal/filter.h"
#include "store/run/run_set.h"

namespace atl::run::internal {
namespace {

constexpr std::size_t kCursorWindowBytes = 128 * 1024;
// Longest stored block: one entry of the largest key and value.
constexpr std::uint64_t kBlockStoredMax = kEntryHeadBytes + kKeyBytesMax + kValueBytesMax + codec::kTagBytes;
// A search over blocks with equal prefixes asks the filter only where few pages are concerned.
constexpr std::uint64_t kPagesAskedMax = 4;

codec::Nonce nonce_of(Lane lane, std::uint64_t ordinal) {
  return codec::counter_nonce(ordinal, static_cast<std::uint32_t>(lane));
}

}  // namespace

bool SealerPool::open(std::size_t hint, const codec::Nonce& nonce, ByteView aad, ByteView sealed, ByteSpan out) const {
  std::unique_lock<std::mutex> lock;
  Slot* slot = nullptr;
  for (std::size_t i = 0; i < kSlots && !lock; ++i) {
    slot = &slots_[(hint + i) % kSlots];
    lock = std::unique_lock(slot->mutex, std::try_to_lock);
  }
  if (!lock) lock = std::unique_lock(slot->mutex);
  if (!slot->sealer) slot->sealer = std::make_unique<codec::Sealer>(suite_, key_);
  return slot->sealer->open(nonce, aad, sealed, out);
}

void ResidentPages::store(std::size_t number, const std::uint8_t* plain) {
  std::uint8_t expected = kEmpty;
  if (!states_[number].compare_exchange_strong(expected, kFilling, std::memory_order_relaxed)) return;
  std::memcpy(plain_.data() + number * kFilterPageBytes, plain, kFilterPageBytes);
  states_[number].store(kReady, std::memory_order_release);
}

Run::Run(const RunContext& context, RunInfo info, RunHeader header, std::array<std::uint8_t, kHeaderBytes> aad,
         RunFooter footer, std::unique_ptr<platform::File> file, codec::SecretKey file_key, std::size_t resident_pages)
    : info_(info),
      header_(header),
      aad_(aad),
      footer_(std::move(footer)),
      file_(std::move(file)),
      cache_(&context.cache),
      hash_seed_(context.hash_seed),
      sealers_(header.suite, std::move(file_key)),
      resident_(resident_pages) {}

Result<std::shared_ptr<Run>> Run::open(const RunContext& context, const std::string& folder, const RunInfo& expected,
                                       std::size_t resident_bytes) {
  const std::string path = platform::join(folder, run_file_name(expected.number));
  ATOLL_ASSIGN(auto file, context.files.open(path, platform::OpenMode::read));
  ATOLL_ASSIGN(const std::uint64_t file_bytes, file->size());
  if (file_bytes != expected.file_bytes || file_bytes < kHeaderStored + kTrailerBytes) {
    return damaged("run.length", "a run file is longer or shorter than its index remembers");
  }
  Bytes stored(kHeaderStored);
  ATOLL_TRY(platform::read_exact(*file, 0, stored, "a run file"));
  ATOLL_ASSIGN(const RunHeader header, parse_run_header(stored));
  if (header.vault != context.vault || header.suite != context.suite || header.number != expected.number ||
      header.salt != expected.salt) {
    return damaged("run.replaced", "a run file is not the one its index remembers");
  }
  std::array<std::uint8_t, kHeaderBytes> aad{};
  std::copy_n(stored.begin(), kHeaderBytes, aad.begin());

  Bytes tail(kTrailerBytes);
  ATOLL_TRY(platform::read_exact(*file, file_bytes - kTrailerBytes, tail, "a run file"));
  ATOLL_ASSIGN(const RunTrailer trailer, parse_run_trailer(tail, file_bytes));
  Bytes sealed(trailer.footer_stored_bytes);
  ATOLL_TRY(platform::read_exact(*file, trailer.footer_offset, sealed, "a run file"));
  Bytes plain(sealed.size() - codec::kTagBytes);
  codec::SecretKey file_key = run_file_key(context.index_key, header.salt);
  {
    codec::Sealer sealer(header.suite, file_key);
    if (!sealer.open(nonce_of(Lane::footer, 0), aad, sealed, plain)) {
      return damaged("run.footer_damaged", "the footer of a run file is damaged");
    }
  }
  ATOLL_ASSIGN(RunFooter footer, parse_run_footer(plain, header, file_bytes));
  const std::uint64_t index_stored = index_stored_bytes(index_plain_bytes(header.mode, footer.blocks, footer.pages));
  if (footer.entries != expected.entries || footer.data_end + index_stored != trailer.footer_offset) {
    return damaged("run.footer_fields", "the footer of a run file contradicts itself");
  }
  const std::size_t resident_pages = std::min<std::size_t>(footer.pages, resident_bytes / (kFilterPageBytes + 1));
  std::shared_ptr<Run> run(
      new Run(context, expected, header, aad, std::move(footer), std::move(file), std::move(file_key), resident_pages));
  ATOLL_TRY(run->load_index());
  return run;
}

Result<void> Run::load_index() {
  const std::uint64_t plain_bytes = index_plain_bytes(header_.mode, footer_.blocks, footer_.pages);
  prefixes_.resize(footer_.blocks);
  if (header_.mode == Mode::variable) {
    offsets_.resize(footer_.blocks);
    page_firsts_.resize(footer_.pages);
  }
  // The three arrays follow each other in one stream that is cut into chunks without regard to them.
  const std::array<ByteSpan, 3> arrays{
      ByteSpan(reinterpret_cast<std::uint8_t*>(prefixes_.data()), prefixes_.size() * 8),         // NOLINT
      ByteSpan(reinterpret_cast<std::uint8_t*>(offsets_.data()), offsets_.size() * 8),           // NOLINT
      ByteSpan(reinterpret_cast<std::uint8_t*>(page_firsts_.data()), page_firsts_.size() * 4)};  // NOLINT
  std::size_t array = 0;
  std::size_t array_at = 0;
  codec::Sealer sealer = sealers_.make();
  Bytes sealed;
  Bytes plain;
  std::uint64_t offset = footer_.data_end;
  std::uint64_t done = 0;
  for (std::uint64_t chunk = 0; done < plain_bytes; ++chunk) {
    plain.resize(std::min<std::uint64_t>(kIndexChunkPlain, plain_bytes - done));
    sealed.resize(plain.size() + codec::kTagBytes);
    ATOLL_TRY(platform::read_exact(*file_, offset, sealed, "a run file"));
    if (!sealer.open(nonce_of(Lane::index, chunk), aad_, sealed, plain)) {
      return damaged("run.index_damaged", "the block index of a run file is damaged");
    }
    ByteView rest = plain;
    while (!rest.empty()) {
      while (array_at == arrays[array].size()) {
        ++array;
        array_at = 0;
      }
      const std::size_t take = std::min(rest.size(), arrays[array].size() - array_at);
      std::memcpy(arrays[array].data() + array_at, rest.data(), take);
      array_at += take;
      rest = rest.subspan(take);
    }
    offset += sealed.size();
    done += plain.size();
  }
  const auto bad = [] { return damaged("run.index_fields", "the block index of a run file contradicts itself"); };
  if (!std::ranges::is_sorted(prefixes_)) return bad();
  if (header_.mode == Mode::variable) {
    if (page_firsts_[0] != 0 || offsets_[0] != kHeaderStored) return bad();
    for (std::size_t page = 1; page < page_firsts_.size(); ++page) {
      if (page_firsts_[page] <= page_firsts_[page - 1] || page_firsts_[page] >= footer_.blocks) return bad();
    }
    // Offsets first: block_place() subtracts them.
    std::uint64_t page = 0;
    for (std::uint64_t block = 0; block < footer_.blocks; ++block) {
      const bool last_of_page =
          block + 1 == footer_.blocks || (page + 1 < footer_.pages && page_firsts_[page + 1] == block + 1);
      const std::uint64_t end = block + 1 == footer_.blocks ? footer_.data_end : offsets_[block + 1];
      const std::uint64_t gap = last_of_page ? kBlockStored : 0;
      if (end > footer_.data_end || end < offsets_[block] || end - offsets_[block] < kBlockStored + gap ||
          end - offsets_[block] > kBlockStoredMax + kBlockStored + gap) {
        return bad();
      }
      if (last_of_page) ++page;
    }
  }
  const auto span = static_cast<double>(prefixes_.back() - prefixes_.front());
  blocks_per_prefix_ = span > 0 ? static_cast<double>(prefixes_.size() - 1) / span : 0;
  return {};
}

Run::Place Run::block_place(std::uint64_t block) const {
  if (header_.mode == Mode::fixed) {
    return {kHeaderStored + (block + block / header_.blocks_per_page) * kBlockStored, kBlockStored};
  }
  const std::uint64_t end = block + 1 == footer_.blocks ? footer_.data_end : offsets_[block + 1];
  const bool last_of_page =
      block + 1 == footer_.blocks || std::ranges::binary_search(page_firsts_, static_cast<std::uint32_t>(block + 1));
  return {offsets_[block], end - offsets_[block] - (last_of_page ? kBlockStored : 0)};
}

std::uint64_t Run::page_of(std::uint64_t block) const {
  if (header_.mode == Mode::fixed) return block / header_.blocks_per_page;
  return static_cast<std::uint64_t>(std::ranges::upper_bound(page_firsts_, static_cast<std::uint32_t>(block)) -
                                    page_firsts_.begin() - 1);
}

std::uint64_t Run::page_offset(std::uint64_t page) const {
  const bool last = page + 1 == footer_.pages;
  if (header_.mode == Mode::fixed) {
    const std::uint64_t blocks_before = last ? footer_.blocks : (page + 1) * header_.blocks_per_page;
    return kHeaderStored + (blocks_before + page) * kBlockStored;
  }
  return (last ? footer_.data_end : offsets_[page_firsts_[page + 1]]) - kBlockStored;
}

// Interpolation steps find the neighbourhood where prefixes are uniform (Perl, Itai, Avni, CACM 1978), galloping from
// there is right for any distribution.
std::size_t Run::lower_bound(std::uint64_t prefix) const {
  const std::uint64_t* p = prefixes_.data();
  const std::size_t n = prefixes_.size();
  if (prefix <= p[0]) return 0;
  if (prefix > p[n - 1]) return n;
  // From here on p[0] < prefix <= p[n - 1].
  auto guess = static_cast<std::size_t>(static_cast<double>(prefix - p[0]) * blocks_per_prefix_);
  guess = std::min(guess, n - 1);
  for (int step = 0; step < 3; ++step) {
    const bool up = prefix > p[guess];
    const std::uint64_t distance = up ? prefix - p[guess] : p[guess] - prefix;
    const auto move = static_cast<std::size_t>(static_cast<double>(distance) * blocks_per_prefix_);
    if (move < 4) break;
    guess = up ? std::min(guess + move, n - 1) : (guess > move ? guess - move : 0);
  }
  std::size_t low = guess;   // p[low] < prefix once found
  std::size_t high = guess;  // p[high] >= prefix once found
  std::size_t step = 1;
  if (p[guess] < prefix) {
    while (p[high] < prefix) {
      low = high;
      high = std::min(high + step, n - 1);
      step *= 2;
    }
  } else {
    while (p[low] >= prefix) {
      high = low;
      low = low > step ? low - step : 0;
      step *= 2;
    }
  }
  return static_cast<std::size_t>(std::lower_bound(p + low + 1, p + high, prefix) - p);
}

Run::Candidates Run::candidates(ByteView key) const {
  if (compare(key, footer_.min_key) < 0 || compare(key, footer_.max_key) > 0) return {};
  const std::uint64_t prefix = key_prefix(key, header_.prefix_skip);
  const std::size_t at = lower_bound(prefix);
  // A block whose first key has our prefix may begin behind our key: then it is in the block before.
  std::size_t last = at;
  if (at == prefixes_.size() || prefixes_[at] != prefix) {
    if (at == 0) return {};
    last = at - 1;
  } else if (at + 1 < prefixes_.size() && prefixes_[at + 1] == prefix) {
    last = static_cast<std::size_t>(
        std::upper_bound(prefixes_.begin() + static_cast<std::ptrdiff_t>(at), prefixes_.end(), prefix) -
        prefixes_.begin() - 1);
  }
  return {at == 0 ? 0 : at - 1, last, false};
}

tl::unexpected<Error> Run::block_damaged(std::uint64_t block) const {
  return damaged("run.block_damaged",
                 "block " + std::to_string(block) + " of run " + run_file_name(info_.number) + " is damaged");
}

Result<void> Run::read_page(std::uint64_t page, std::size_t hint, std::uint8_t* plain) const {
  std::array<std::uint8_t, kBlockStored> stored;  // NOLINT: filled by the read
  ATOLL_TRY(platform::read_exact(*file_, page_offset(page), stored, "a run file"));
  if (!sealers_.open(hint, nonce_of(Lane::filter, page), aad_, stored, {plain, kBlockPlain})) {
    return damaged("run.filter_damaged",
                   "filter page " + std::to_string(page) + " of run " + run_file_name(info_.number) + " is damaged");
  }
  return {};
}

Result<bool> Run::page_may_hold(std::uint64_t page, std::uint64_t hash) const {
  const bool is_resident = page < resident_.pages();
  if (is_resident) {
    const std::uint8_t* plain = resident_.page(page);
    if (plain != nullptr) return filter_may_hold(plain, hash, header_.filter_probes);
  }
  std::array<std::uint8_t, kBlockPlain> plain;  // NOLINT: filled below
  if (is_resident) {
    ATOLL_TRY(read_page(page, hash, plain.data()));
    resident_.store(page, plain.data());
  } else if (!cache_->get(info_.number, Lane::filter, page, plain.data())) {
    ATOLL_TRY(read_page(page, hash, plain.data()));
    cache_->put(info_.number, Lane::filter, page, plain.data());
  }
  return filter_may_hold(plain.data(), hash, header_.filter_probes);
}

Result<void> Run::open_block(std::uint64_t block, std::size_t hint, OpenedBlock& out) const {
  if (out.number == block) return {};
  out.number = UINT64_MAX;
  const Place place = block_place(block);
  if (place.stored_bytes == kBlockStored) {
    if (!cache_->get(info_.number, Lane::data, block, out.small.data())) {
      std::array<std::uint8_t, kBlockStored> stored;  // NOLINT: filled by the read
      ATOLL_TRY(platform::read_exact(*file_, place.offset, stored, "a run file"));
      if (!sealers_.open(hint, nonce_of(Lane::data, block), aad_, stored, out.small)) return block_damaged(block);
      cache_->put(info_.number, Lane::data, block, out.small.data());
    }
    out.plain = out.small;
  } else {
    Bytes stored(place.stored_bytes);
    ATOLL_TRY(platform::read_exact(*file_, place.offset, stored, "a run file"));
    out.large.resize(stored.size() - codec::kTagBytes);
    if (!sealers_.open(hint, nonce_of(Lane::data, block), aad_, stored, out.large)) return block_damaged(block);
    out.plain = out.large;
  }
  out.number = block;
  return {};
}

std::size_t Run::entries_in(std::uint64_t block) const {
  const std::uint64_t per_block = header_.entries_per_block();
  return block + 1 < footer_.blocks ? per_block : footer_.entries - block * per_block;
}

Run::BlockEntry Run::fixed_entry(ByteView plain, std::size_t count, std::size_t i) const {
  const std::size_t width = std::size_t{header_.key_width} + header_.value_width;
  const ByteView entry = plain.subspan(i * width, width);
  const bool removed = header_.has_removals && (plain[count * width + i / 8] >> (i % 8) & 1) != 0;
  return {entry.first(header_.key_width), removed ? ByteView{} : entry.subspan(header_.key_width), removed};
}

Result<Run::BlockEntry> Run::variable_entry(ByteView plain, std::size_t& at) const {
  if (plain.size() - at < kEntryHeadBytes) {
    at = plain.size();
    return BlockEntry{};
  }
  const std::size_t key_bytes = load_le<std::uint16_t>(plain.data() + at);
  if (key_bytes == 0) {  // padding
    at = plain.size();
    return BlockEntry{};
  }
  const auto value_field = load_le<std::uint32_t>(plain.data() + at + 2);
  const std::size_t value_bytes = value_field & ~kRemovedFlag;
  const std::size_t rest = plain.size() - at - kEntryHeadBytes;
  if (key_bytes > kKeyBytesMax || key_bytes > rest || value_bytes > rest - key_bytes) {
    return damaged("run.entry_fields", "an entry of a run does not fit its block");
  }
  const BlockEntry entry{plain.subspan(at + kEntryHeadBytes, key_bytes),
                         plain.subspan(at + kEntryHeadBytes + key_bytes, value_bytes),
                         (value_field & kRemovedFlag) != 0};
  at += kEntryHeadBytes + key_bytes + value_bytes;
  return entry;
}

Result<Run::BlockEntry> Run::first_entry(ByteView plain, std::uint64_t block) const {
  if (header_.mode == Mode::fixed) return fixed_entry(plain, entries_in(block), 0);
  std::size_t at = 0;
  ATOLL_ASSIGN(const BlockEntry entry, variable_entry(plain, at));
  if (entry.key.empty()) return damaged("run.entry_fields", "a block of a run is empty");
  return entry;
}

Result<Found> Run::search(ByteView plain, std::uint64_t block, ByteView key, ValueTarget& target) const {
  const auto answer = [&target](const BlockEntry& entry) {
    if (entry.removed) return Found::removed;
    target.accept(entry.value);
    return Found::present;
  };
  if (header_.mode == Mode::fixed) {
    if (key.size() != header_.key_width) return Found::absent;
    const std::size_t count = entries_in(block);
    const std::size_t width = std::size_t{header_.key_width} + header_.value_width;
    std::size_t low = 0;
    std::size_t high = count;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      const int order = std::memcmp(plain.data() + middle * width, key.data(), key.size());
      if (order == 0) return answer(fixed_entry(plain, count, middle));
      if (order < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return Found::absent;
  }
  for (std::size_t at = 0; at < plain.size();) {
    ATOLL_ASSIGN(const BlockEntry entry, variable_entry(plain, at));
    if (entry.key.empty()) break;
    const auto order = compare(entry.key, key);
    if (order == 0) return answer(entry);
    if (order > 0) break;
  }
  return Found::absent;
}

Result<Found> Run::find(ByteView key, std::uint64_t hash, ValueTarget& target) const {
  const Candidates found = candidates(key);
  if (found.none) return Found::absent;
  const std::uint64_t first_page = page_of(found.first);
  const std::uint64_t last_page = found.first == found.last ? first_page : page_of(found.last);
  bool may_hold = last_page - first_page >= kPagesAskedMax;
  for (std::uint64_t page = first_page; page <= last_page && !may_hold; ++page) {
    ATOLL_ASSIGN(may_hold, page_may_hold(page, hash));
  }
  if (!may_hold) return Found::absent;

  OpenedBlock opened;
  std::uint64_t low = found.first;
  std::uint64_t high = found.last;
  while (low < high) {  // the last block whose first key is not behind ours
    const std::uint64_t middle = low + (high - low + 1) / 2;
    ATOLL_TRY(open_block(middle, hash, opened));
    ATOLL_ASSIGN(const BlockEntry first, first_entry(opened.plain, middle));
    if (compare(first.key, key) > 0) {
      high = middle - 1;
    } else {
      low = middle;
    }
  }
  ATOLL_TRY(open_block(low, hash, opened));
  return search(opened.plain, low, key, target);
}

// Walks all blocks in file order, reading ahead.
class RunCursor final : public EntrySource {
 public:
  RunCursor(std::shared_ptr<const Run> run, ByteView from)
      : run_(std::move(run)), from_(from.begin(), from.end()), sealer_(run_->sealers_.make()) {
    if (!from_.empty() && compare(from_, run_->footer_.min_key) > 0) {
      const Run::Candidates found = run_->candidates(from_);
      next_block_ = found.none ? run_->footer_.blocks : found.first;
    }
  }

  Result<bool> next() override {
    while (true) {
      if (!in_block_) {
        if (next_block_ == run_->footer_.blocks) return false;
        ATOLL_TRY(load(next_block_));
        block_ = next_block_++;
        in_block_ = true;
        ordinal_ = 0;
        at_ = 0;
      }
      ATOLL_ASSIGN(const bool has_one, step());
      if (!has_one) {
        in_block_ = false;
        continue;
      }
      if (from_.empty() || compare(key_, from_) >= 0) {
        from_.clear();
        return true;
      }
    }
  }
  [[nodiscard]] std::uint64_t block() const { return block_; }

 private:
  Result<bool> step() {
    Run::BlockEntry entry;
    if (run_->header_.mode == Mode::fixed) {
      const std::size_t count = run_->entries_in(block_);
      if (ordinal_ == count) return false;
      entry = run_->fixed_entry(plain_, count, ordinal_++);
    } else {
      if (at_ >= plain_.size()) return false;
      ATOLL_ASSIGN(entry, run_->variable_entry(plain_, at_));
      if (entry.key.empty()) return false;
    }
    key_ = entry.key;
    value_ = entry.value;
    removed_ = entry.removed;
    return true;
  }

  Result<void> load(std::uint64_t block) {
    const Run::Place place = run_->block_place(block);
    if (place.offset < window_at_ || place.offset + place.stored_bytes > window_at_ + window_.size()) {
      const std::uint64_t want = std::max<std::uint64_t>(kCursorWindowBytes, place.stored_bytes);
      window_.clear();
      window_.resize(std::min(want, run_->footer_.data_end - place.offset));
      window_at_ = place.offset;
      ATOLL_TRY(platform::read_exact(*run_->file_, window_at_, window_.span(), "a run file"));
    }
    plain_.resize(place.stored_bytes - codec::kTagBytes);
    const ByteView stored = window_.view().subspan(place.offset - window_at_, place.stored_bytes);
    if (!sealer_.open(nonce_of(Lane::data, block), run_->aad_, stored, plain_)) return run_->block_damaged(block);
    return {};
  }

  std::shared_ptr<const Run> run_;
  Bytes from_;  // emptied once reached
  codec::Sealer sealer_;
  Buffer window_;
  std::uint64_t window_at_ = 0;
  Bytes plain_;
  std::uint64_t next_block_ = 0;
  std::uint64_t block_ = 0;
  bool in_block_ = false;
  std::size_t ordinal_ = 0;  // fixed mode
  std::size_t at_ = 0;       // variable mode
};

std::unique_ptr<EntrySource> Run::cursor(ByteView from) const {
  return std::make_unique<RunCursor>(shared_from_this(), from);
}

Result<void> Run::verify() const {
  const auto bad = [this](std::string_view what) {
    return damaged("run.content", "run " + run_file_name(info_.number) + " " + std::string(what));
  };
  RunCursor cursor(shared_from_this(), {});
  std::array<std::uint8_t, kBlockPlain> page_plain;  // NOLINT: filled below
  std::uint64_t page = UINT64_MAX;
  std::uint64_t entries = 0;
  std::uint64_t removals = 0;
  Bytes previous;
  while (true) {
    ATOLL_ASSIGN(const bool has_one, cursor.next());
    if (!has_one) break;
    if (entries == 0 ? !equal(cursor.key(), footer_.min_key) : compare(cursor.key(), previous) <= 0) {
      return bad("is not in order");
    }
    const std::uint64_t its_page = page_of(cursor.block());
    if (its_page != page) {
      if (its_page != page + 1) return bad("has blocks without entries");
      page = its_page;
      ATOLL_TRY(read_page(page, 0, page_plain.data()));
    }
    if (!filter_may_hold(page_plain.data(), hash_key(cursor.key(), hash_seed_), header_.filter_probes)) {
      return bad("has a filter that misses a key");
    }
    previous.assign(cursor.key().begin(), cursor.key().end());
    ++entries;
    if (cursor.removed()) ++removals;
  }
  if (entries != footer_.entries || removals != footer_.removals || !equal(previous, footer_.max_key) ||
      page + 1 != footer_.pages) {
    return bad("does not hold what its footer says");
  }
  return {};
}

Summary Run::summary() const {
  Summary summary;
  summary.entries = footer_.entries;
  summary.has_removals = footer_.removals > 0;
  summary.min_key = footer_.min_key;
  summary.max_key = footer_.max_key;
  if (header_.mode == Mode::fixed) {
    summary.widths.add_key(header_.key_width);
    if (footer_.removals < footer_.entries) summary.widths.add_value(header_.value_width);
  } else {
    summary.widths.one_key_width = false;
  }
  return summary;
}

std::size_t Run::index_bytes() const { return prefixes_.size() * 8 + offsets_.size() * 8 + page_firsts_.size() * 4; }

}  // namespace atl::run::internal
