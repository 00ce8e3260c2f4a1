// Verification: what the packs hold against what they say, what the index says, and what parity says; and healing.
//
//     begin a pack (header, footer) ─► its steps: all blocks; groups, a slice each ─► end it (index, parity, heal,
//     report)
//
// A pack is one thread's at its beginning and at its end; its steps are taken by whichever thread has nothing to do, so
// that two packs of unequal size keep all threads busy until the last slice.
//
// Always true:
//  - What is reported does not depend on the number of threads: slices keep their own results, which are joined in the
//    order of the file.
//  - A thread begins another pack only where no step of those begun is left: no more packs are held at once than there
//    are threads.
//  - That the index leads to each chunk of a pack, and nowhere else in it, is told by sums over the pack's own list and
//    over one pass through the index, which are equal where both hold the same. So the work for each chunk is the same
//    however many there are. Only where sums differ, or a pack is damaged or being written, each of its chunks is
//    looked up.
//
// Locks: tasks_mutex_ and mutex_, neither under the other, nor any of the store's under them.
#include "store/chunk/verify.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>

#include "foundation/codec/hash_many.h"
#include "store/chunk/internal/store_state.h"

namespace atl::chunk {
namespace {

constexpr std::uint64_t kSliceBytes = 2 * kMiB;  // of groups in the file: some 10 ms of one core

// SplitMix64 over seed and pack: whether a pack is in the sample does not depend on which others there are.
bool is_sampled(const PackId& id, std::uint64_t seed, double ratio) {
  if (ratio >= 1.0) return true;
  std::uint64_t z = seed ^ load_le<std::uint64_t>(id.bytes.data()) ^ (load_le<std::uint64_t>(id.bytes.data() + 8) * 3);
  z += 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
  z ^= z >> 31U;
  return static_cast<double>(z >> 11U) * 0x1.0p-53 < ratio;
}

// Which entries lead into a pack, in any order: their number, and two sums of 64 bits over what each of them says. Ids
// are keyed digests, so that nobody chooses entries whose sums agree by plan; by chance one in 2^128 pairs does.
class Entries {
 public:
  void add(const ChunkId& id, const Location& location) {
    ++count_;
    const std::uint64_t group = (std::uint64_t{location.group_offset} << 32U) | location.sealed_length;
    const std::uint64_t place = (std::uint64_t{location.offset} << 32U) | location.length;
    const auto word = [&](std::size_t number) { return load_le<std::uint64_t>(id.bytes.data() + 8 * number); };
    first_ += mixed(mixed(mixed(word(0) ^ group) + place) ^ word(1));
    second_ += mixed(mixed(mixed(word(2) + place) ^ group) + word(3));
  }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  friend bool operator==(const Entries&, const Entries&) = default;

 private:
  // The finalizer of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
  static std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }
  std::uint64_t count_ = 0, first_ = 0, second_ = 0;
};

}  // namespace

class Verification {
 public:
  Verification(ChunkStore::State& store, const VerifyOptions& options) : store_(store), options_(options) {}

  Result<VerifyReport> run() {
    packs_ = store_.list_packs();
    for (const PackInfo& pack : packs_) bytes_total_ += work_of(pack);
    for (const PackId& expected : options_.expected) {
      if (!std::ranges::binary_search(packs_, expected, {}, &PackInfo::id)) report_.missing_packs.push_back(expected);
    }
    const std::uint64_t useful_threads = packs_.size() + (options_.data ? bytes_total_ / kSliceBytes : 0);
    std::vector<std::unique_ptr<platform::Thread>> threads;
    for (unsigned i = 1; i < std::min<std::uint64_t>(options_.threads, useful_threads); ++i) {
      threads.push_back(store_.machine_.threads.start("verify", [this] { work(); }));
    }
    work();
    for (auto& thread : threads) thread->join();
    if (!is_stopped_.load()) check_index();
    if (error_) return pass(std::move(*error_));
    if (is_stopped_.load()) return fail(ErrorKind::interrupted, "verify.interrupted", "the verification was stopped");
    std::ranges::stable_sort(report_.damage, {}, &PackDamage::pack);
    std::ranges::sort(report_.missing_packs);
    return std::move(report_);
  }

 private:
  // What one pack came to; merged into the report at its end.
  struct PackResult {
    VerifyReport counts;
    std::vector<PackDamage> damage;
    // What the index should say of it; none where that is known by looking up each chunk.
    std::optional<Entries> expected;
    std::uint64_t matched = 0;  // chunks that the index finds exactly here
    std::vector<std::pair<ChunkId, Location>> not_in_index;
  };
  // Groups [first, last) of a pack, and what came of them; of the thread that has the step.
  struct Slice {
    std::size_t first = 0;
    std::size_t last = 0;
    std::vector<PackDamage> damage;
    std::vector<std::size_t> lost_groups;  // ascending
    std::uint64_t bytes_read = 0;
  };
  // A pack under way. Fixed between its beginning and its end, but for the slices, `blocks` and what is guarded.
  struct PackCheck {
    PackInfo pack;
    bool is_open = false;       // written to just now
    bool is_destroyed = false;  // its key is gone
    bool reads_all = false;
    bool has_parity = false;
    std::shared_ptr<PackReader> file;  // null: there is nothing that could be read
    Footer footer;
    const keyring::DomainKeys* domain = nullptr;
    PackResult result;  // of the thread that begins the pack, and of the one that ends it
    bool checks_blocks = false;
    std::optional<Result<blob::ParityMap::Damage>> blocks;  // of the step that reads them; none: not read
    std::vector<Slice> slices;
    // Guarded by tasks_mutex_. Steps: the blocks, where they are checked, then the slices.
    std::size_t next_step = 0;
    std::size_t steps_left = 0;
    [[nodiscard]] std::size_t steps() const { return slices.size() + (checks_blocks ? 1 : 0); }
  };

  void work() {
    codec::Decompressor decompressor;
    while (true) {
      std::shared_ptr<PackCheck> check;
      std::optional<std::size_t> step;
      {
        std::unique_lock lock(tasks_mutex_);
        while (!check) {
          const auto found =
              std::ranges::find_if(under_way_, [](const auto& each) { return each->next_step < each->steps(); });
          if (found != under_way_.end()) {
            check = *found;
            step = check->next_step++;
          } else if (next_pack_ < packs_.size() && !is_stopped_.load()) {
            check = std::make_shared<PackCheck>();
            check->pack = packs_[next_pack_++];
            ++beginning_;
          } else if (beginning_ > 0) {
            tasks_changed_.wait(lock);  // what is begun there may have steps for us
          } else {
            return;
          }
        }
      }
      bool is_over = false;
      if (!step) {
        begin(*check, decompressor);
        const std::lock_guard lock(tasks_mutex_);
        --beginning_;
        check->steps_left = check->steps();
        is_over = check->steps_left == 0;
        if (!is_over) under_way_.push_back(check);
        tasks_changed_.notify_all();
      } else {
        take_step(*check, *step, decompressor);
        const std::lock_guard lock(tasks_mutex_);
        is_over = --check->steps_left == 0;
        if (is_over) under_way_.remove(check);
      }
      if (is_over) end(*check);
    }
  }

  void take_step(PackCheck& check, std::size_t step, codec::Decompressor& decompressor) {
    if (is_stopped_.load()) return;
    if (!check.checks_blocks) return check_slice(check, check.slices[step], decompressor);
    if (step > 0) return check_slice(check, check.slices[step - 1], decompressor);
    if (const auto parity = check.file->parity()) check.blocks = (*parity)->check(check.file->reader(), nullptr);
  }

  [[nodiscard]] bool reads_data(const PackInfo& pack) const {
    return options_.data && is_sampled(pack.id, options_.seed, options_.sample_ratio);
  }
  [[nodiscard]] std::uint64_t work_of(const PackInfo& pack) const {
    return reads_data(pack) ? pack.stored_bytes : 4096;
  }

  bool progress(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    bytes_done_ += bytes;
    if (options_.progress && !options_.progress(std::min(bytes_done_, bytes_total_), bytes_total_))
      is_stopped_.store(true);
    return !is_stopped_.load();
  }

  static PackDamage damage_of(const PackId& pack, std::string area, std::string message) {
    PackDamage damage;
    damage.pack = pack;
    damage.area = std::move(area);
    damage.message = std::move(message);
    return damage;
  }

  void begin(PackCheck& check, codec::Decompressor& decompressor) {
    const PackInfo& pack = check.pack;
    std::shared_ptr<PackWriter> writer;
    {
      const std::lock_guard lock(store_.writing_mutex_);
      const auto found =
          std::ranges::find_if(store_.open_packs_, [&](const auto& each) { return each->header().id == pack.id; });
      if (found != store_.open_packs_.end() && !(*found)->is_sealed()) writer = *found;
    }
    check.result.counts.packs = 1;
    check.is_open = writer != nullptr;
    check.is_destroyed = !pack.is_readable && pack.domain.value != 0 && store_.keys_.domain(pack.domain) == nullptr;
    check.reads_all = reads_data(pack);
    if (check.is_destroyed) return;  // its key is gone: there is nothing that could be read
    if (writer) {
      Footer footer = writer->footer();  // before the file is opened: what it names lies there
      if (!find_reader(check)) return;
      check.footer = std::move(footer);
    } else if (!pack.is_sealed) {
      begin_unfinished(check, decompressor);
    } else {
      begin_sealed(check);
    }
    make_slices(check);
  }

  // Those of one group at least and about kSliceBytes, where groups are read; else one: the heads of groups take no
  // time worth sharing.
  static void make_slices(PackCheck& check) {
    const auto& groups = check.footer.groups;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (check.slices.empty() || (check.reads_all && bytes >= kSliceBytes)) {
        check.slices.emplace_back().first = i;
        bytes = 0;
      }
      bytes += kGroupHeaderBytes + groups[i].sealed_length;
      check.slices.back().last = i + 1;
    }
  }

  void end(PackCheck& check) {
    PackResult& result = check.result;
    std::uint64_t told = 0;
    for (Slice& slice : check.slices) {
      for (auto& damage : slice.damage) result.damage.push_back(std::move(damage));
      if (!check.has_parity) result.counts.bytes_read += slice.bytes_read;
      told += slice.bytes_read;
    }
    result.counts.groups = check.footer.groups.size();
    result.counts.chunks = check.footer.chunks.size();
    if (check.is_open || check.pack.is_condemned || !result.damage.empty()) {
      look_up_chunks(check);
    } else {
      Entries& expected = result.expected.emplace();
      for (const auto& chunk : check.footer.chunks) expected.add(chunk.id, location_of(check, chunk));
    }
    if (check.has_parity && check.file && !is_stopped_.load()) {
      if (check.reads_all || !result.damage.empty()) tell_of_blocks(check);
      if (result.expected && !result.damage.empty()) {
        result.expected.reset();
        look_up_chunks(check);
      }
      if (!result.damage.empty() && options_.heal && store_.writable_) heal(check);
    }
    const std::uint64_t all = work_of(check.pack);
    merge(check);
    if (all > told) progress(all - told);
  }

  void merge(PackCheck& check) {
    put_missing(check);
    PackResult& result = check.result;
    const std::lock_guard lock(mutex_);
    report_.packs += result.counts.packs;
    report_.packs_read_whole += result.counts.packs_read_whole;
    report_.groups += result.counts.groups;
    report_.chunks += result.counts.chunks;
    report_.bytes_read += result.counts.bytes_read;
    // Damaged packs, destroyed ones and those being written are left out of the count against the index.
    const bool has_damage = !result.damage.empty();
    for (auto& damage : result.damage) report_.damage.push_back(std::move(damage));
    if (check.is_open || check.is_destroyed || has_damage) return;
    if (result.expected) {
      expected_entries_[check.pack.id] = *result.expected;
    } else {
      matched_[check.pack.id] = result.matched;
    }
  }

  // Into the index what it does not know of a pack.
  void put_missing(PackCheck& check) {
    std::uint64_t missing = 0;
    {
      const std::lock_guard publishing(store_.publish_mutex_);
      for (const auto& [id, location] : check.result.not_in_index) {
        if (check.is_open && store_.pending_.find(id)) continue;
        // It may have been moved or published since it was looked for.
        if (const auto place = store_.find_in_index(id, ChunkStore::State::Look::read); place && *place) continue;
        ++missing;
        if (!store_.writable_) continue;
        const std::shared_lock guard(store_.index_guard_);
        (void)store_.put_in_index(id, location);
      }
    }
    const std::lock_guard lock(mutex_);
    report_.index_entries_missing += missing;
  }

  // The reader that others use, too.
  bool find_reader(PackCheck& check) {
    auto reader = store_.reader_of(check.pack.id);
    if (!reader) {
      check.result.damage.push_back(damage_of(check.pack.id, "header", reader.error().message));
      return false;
    }
    check.file = std::move(*reader);
    check.domain = store_.keys_.domain(check.file->header().domain);
    return true;
  }

  void begin_unfinished(PackCheck& check, codec::Decompressor& decompressor) {
    const PackInfo& pack = check.pack;
    PackResult& result = check.result;
    if (!find_reader(check)) return;
    if (check.file->was_header_healed()) {
      result.damage.push_back(damage_of(pack.id, "header", "the pack's header is damaged; it is read by a copy"));
    }
    auto found = check.file->walk_groups(decompressor);
    if (!found) {
      result.damage.push_back(damage_of(pack.id, "file", found.error().message));
      return;
    }
    if (found->skipped_bytes > 0) {
      result.damage.push_back(damage_of(pack.id, "file", "bytes between its groups cannot be read"));
    }
    check.footer = std::move(found->footer);
  }

  void begin_sealed(PackCheck& check) {
    const PackInfo& pack = check.pack;
    PackResult& result = check.result;
    check.has_parity = true;
    // A reader of its own: what an earlier one has healed or remembered must not hide anything.
    auto reader = PackReader::open(*store_.blobs_, store_.keys_, pack.id, store_.pool_);
    if (!reader) {
      result.damage.push_back(damage_of(pack.id, "header", reader.error().message));
      report_lost_by_index(pack, result);
      if (reader.error().kind == ErrorKind::damaged) forget(pack.id, result.damage.back().lost_chunks);
      return;
    }
    check.file = std::move(*reader);
    check.domain = store_.keys_.domain(check.file->header().domain);
    check.checks_blocks = check.reads_all;
    const PackReader& file = *check.file;
    if (file.was_header_healed()) result.damage.push_back(damage_of(pack.id, "header", "the pack's header is damaged"));
    if (auto trailer = file.read_trailer(false); !trailer) {
      result.damage.push_back(damage_of(pack.id, "trailer", trailer.error().message));
    }
    bool was_healed = false;
    auto footer = file.read_footer(true, &was_healed);
    if (!footer) {
      result.damage.push_back(damage_of(pack.id, "footer", footer.error().message));
      report_lost_by_index(pack, result);
      return;
    }
    if (was_healed && result.damage.empty()) {
      result.damage.push_back(damage_of(pack.id, "footer", "the pack's footer is damaged"));
    }
    check.footer = std::move(*footer);
  }

  // Every block against its checksum. Tells of each damage already found whether parity can undo it.
  void tell_of_blocks(PackCheck& check) {
    const PackInfo& pack = check.pack;
    PackResult& result = check.result;
    const auto parity = check.file->parity();
    if (!parity) {
      result.damage.push_back(damage_of(pack.id, "parity", parity.error().message));
      return;
    }
    if (!check.blocks) check.blocks = (*parity)->check(check.file->reader(), nullptr);
    const auto& found = *check.blocks;
    if (!found) return;
    if (check.reads_all) {
      ++result.counts.packs_read_whole;
      result.counts.bytes_read += (*parity)->file_length();
    }
    if (found->is_none()) return;
    if (result.damage.empty()) {
      const std::size_t blocks = found->blocks.size() + found->parity.size();
      result.damage.push_back(damage_of(pack.id, found->blocks.empty() ? "parity" : "file",
                                        std::to_string(blocks) + " blocks do not match their checksums"));
    }
    for (auto& damage : result.damage) {
      damage.is_healable = damage.lost_chunks.empty() && found->can_heal;
    }
  }

  void heal(PackCheck& check) {
    const PackInfo& pack = check.pack;
    const PackReader& file = *check.file;
    PackResult& result = check.result;
    const bool can_heal = std::ranges::any_of(result.damage, &PackDamage::is_healable);
    const auto parity = file.parity();
    if (!can_heal || !parity) return;
    const auto rewrite = [&]() -> Result<void> {
      ATOLL_ASSIGN(const auto writer, store_.blobs_->replace(pack_blob_name(pack.id)));
      auto written = (*parity)->rewrite(file.reader(), [&](ByteView bytes) { return writer->append(bytes); });
      if (!written) {
        ignore_error_on_purpose(store_.blobs_->remove_unfinished(pack_blob_name(pack.id)));
        return written;
      }
      return writer->commit();
    };
    const auto done = rewrite();
    if (!done) {
      for (auto& damage : result.damage) damage.message += " (healing it failed: " + done.error().message + ")";
      return;
    }
    store_.forget_reader(pack.id);
    {
      const std::lock_guard lock(store_.packs_mutex_);
      const auto record = store_.packs_.find(pack.id);
      if (record != store_.packs_.end()) {
        record->second.info.stored_bytes = (*parity)->file_length();
        record->second.info.is_readable = true;
      }
    }
    for (auto& damage : result.damage) damage.is_healed = damage.is_healable;
  }

  void check_slice(PackCheck& check, Slice& slice, codec::Decompressor& decompressor) {
    const PackReader& file = *check.file;
    for (std::size_t i = slice.first; i < slice.last && !is_stopped_.load(); ++i) {
      const auto& group = check.footer.groups[i];
      const auto chunks = check.footer.chunks_of(i);
      const auto checked = check.reads_all ? check_group_data(file, group, chunks, *check.domain, decompressor)
                                           : check_group_head(file, group);
      if (!checked) note_group(check, slice, i, checked.error(), decompressor);
      if (!check.reads_all) continue;
      const std::uint64_t bytes = kGroupHeaderBytes + group.sealed_length;
      slice.bytes_read += bytes;
      progress(bytes);
    }
  }

  static Result<void> check_group_head(const PackReader& file, const Footer::Group& group) {
    GroupHeaderBytes bytes{};
    ATOLL_ASSIGN(const std::size_t got, file.reader()(group.offset, bytes));
    ATOLL_ASSIGN(const GroupHeader header, decode_group_header(ByteView(bytes).first(got)));
    if (header.sealed_length != group.sealed_length || header.raw_length != group.raw_length ||
        header.number != group.number) {
      return fail(ErrorKind::damaged, "pack.group_damaged", "the group's header and the footer do not agree");
    }
    return {};
  }

  Result<void> check_group_data(const PackReader& file, const Footer::Group& group,
                                std::span<const Footer::Chunk> chunks, const keyring::DomainKeys& domain,
                                codec::Decompressor& decompressor) {
    ATOLL_TRY(check_group_head(file, group));
    ATOLL_ASSIGN(Buffer frame, file.read_frame(group.offset, group.sealed_length));
    ATOLL_ASSIGN(OpenedGroup opened, file.open_frame(std::move(frame), decompressor));
    auto compared = compare_chunks(opened, chunks, domain);
    store_.pool_.give(std::move(opened.bytes));
    return compared;
  }

  static Result<void> compare_chunks(const OpenedGroup& opened, std::span<const Footer::Chunk> chunks,
                                     const keyring::DomainKeys& domain) {
    if (opened.directory.size() != chunks.size()) {
      return fail(ErrorKind::damaged, "pack.directory_mismatch", "the group's directory and the footer do not agree");
    }
    const auto is_other = [](const DirectoryEntry& entry, const Footer::Chunk& chunk) {
      return entry.id != chunk.id || entry.offset != chunk.offset || entry.length != chunk.length;
    };
    const auto agreeing = static_cast<std::size_t>(
        std::ranges::mismatch(opened.directory, chunks, std::not_fn(is_other)).in1 - opened.directory.begin());
    std::vector<ByteView> plain;
    plain.reserve(agreeing);
    for (std::size_t i = 0; i < agreeing; ++i) {
      plain.push_back(opened.body().subspan(opened.directory[i].offset, opened.directory[i].length));
    }
    std::vector<codec::Digest> digests(agreeing);
    codec::blake3_keyed_many(domain.id_key, plain, digests);
    for (std::size_t i = 0; i < agreeing; ++i) {
      // What follows from damage is worth the library's own word.
      const auto& id = opened.directory[i].id.bytes;
      if (digests[i] != id && codec::blake3_keyed(domain.id_key, plain[i]) != id) {
        return fail(ErrorKind::damaged, "chunk.wrong_hash", "a chunk is not what its id says");
      }
    }
    if (agreeing < chunks.size()) {
      return fail(ErrorKind::damaged, "pack.directory_mismatch", "the group's directory and the footer do not agree");
    }
    return {};
  }

  // A damaged group: lost, or still there by parity?
  void note_group(PackCheck& check, Slice& slice, std::size_t number, const Error& error,
                  codec::Decompressor& decompressor) {
    const auto& group = check.footer.groups[number];
    const auto chunks = check.footer.chunks_of(number);
    auto damage = damage_of(check.pack.id, "group " + std::to_string(number), error.message);
    auto opened = check.file->read_group(group.offset, group.sealed_length, decompressor, check.has_parity);
    if (!opened || !compare_chunks(*opened, chunks, *check.domain)) {
      for (const auto& chunk : chunks) damage.lost_chunks.push_back(chunk.id);
      forget(check.pack.id, damage.lost_chunks);
    }
    if (!damage.lost_chunks.empty()) slice.lost_groups.push_back(number);
    slice.damage.push_back(std::move(damage));
  }

  // Lost chunks count as absent from here on, so that the same content put again is stored again; in a pack begun after
  // this, so that it counts also where the index is made anew. Not those that are read from elsewhere.
  void forget(const PackId& pack, const std::vector<ChunkId>& lost) {
    if (!store_.writable_) return;
    store_.end_current_packs();
    for (const ChunkId& id : lost) {
      const auto place = store_.find_in_index(id, ChunkStore::State::Look::read);
      if (place && *place && (*place)->pack == pack) store_.remove_from_index(id);
    }
  }

  static Location location_of(const PackCheck& check, const Footer::Chunk& chunk) {
    const auto& group = check.footer.groups[chunk.group];
    return {check.pack.id, static_cast<std::uint32_t>(group.offset), group.sealed_length, chunk.offset, chunk.length};
  }

  // Each chunk of a pack, in the order of their ids: neighbours lie in one block of the index. What lies in groups that
  // are lost is not looked for.
  void look_up_chunks(PackCheck& check) {
    const PackInfo& pack = check.pack;
    const Footer& footer = check.footer;
    std::vector<std::uint32_t> order;
    order.reserve(footer.chunks.size());
    for (const Slice& slice : check.slices) {
      for (std::size_t i = slice.first; i < slice.last; ++i) {
        if (std::ranges::binary_search(slice.lost_groups, i)) continue;
        const auto begin = footer.groups[i].first_chunk;
        for (std::uint32_t k = 0; k < footer.chunks_of(i).size(); ++k) order.push_back(begin + k);
      }
    }
    std::ranges::sort(order, {}, [&](std::uint32_t i) -> const ChunkId& { return footer.chunks[i].id; });
    for (const std::uint32_t i : order) {
      if (is_stopped_.load()) return;
      const auto& chunk = footer.chunks[i];
      const Location here = location_of(check, chunk);
      const auto place = store_.find_in_index(chunk.id, ChunkStore::State::Look::read);
      if (place && *place && **place == here) {
        ++check.result.matched;
        continue;
      }
      const bool is_elsewhere = place && *place && (*place)->pack != pack.id;
      if (is_elsewhere || pack.is_condemned) continue;  // nothing of a condemned pack needs to be found
      check.result.not_in_index.emplace_back(chunk.id, here);
    }
  }

  // Without header or footer only the index still knows what was in the pack.
  void report_lost_by_index(const PackInfo& pack, PackResult& result) {
    if (auto chunks = store_.chunks_read_from(pack.id)) result.damage.back().lost_chunks = std::move(*chunks);
  }

  // What the index holds of each pack that is in `packs`; false where it cannot be read, or verification was stopped.
  template <class Packs>
  bool pass_over_index(const Packs& packs, std::unordered_map<PackId, Entries>& found) {
    const std::shared_lock guard(store_.index_guard_);
    const auto add = [&](const ChunkId& id, const Location& location) {
      if (packs.contains(location.pack)) found[location.pack].add(id, location);
    };
    std::uint64_t malformed = 0;
    if (store_.index_) {
      const bool has_overlay = store_.has_overlay_.load();
      const auto visited = store_.index_->for_each([&](ByteView key, ByteView value) -> Result<bool> {
        ChunkId id;
        LocationBytes bytes{};
        if (key.size() != id.bytes.size() || value.size() != bytes.size()) {
          ++malformed;
          return true;
        }
        std::ranges::copy(key, id.bytes.begin());
        if (has_overlay) {
          const std::lock_guard lock(store_.overlay_mutex_);
          if (store_.overlay_.contains(id)) return true;
        }
        std::ranges::copy(value, bytes.begin());
        add(id, decode_location(bytes));
        return !is_stopped_.load(std::memory_order_relaxed);
      });
      if (!visited) ++malformed;
    }
    const std::lock_guard lock(store_.overlay_mutex_);
    for (const auto& [id, location] : store_.overlay_) add(id, location);
    report_.index_entries_wrong += malformed;
    return malformed == 0 && !is_stopped_.load();
  }

  // The index against the lists of all packs: both hold the same of each of them, or it is looked at closely. The other
  // way round every entry that names a pack must lead to a chunk of it; as keys are unique, it is enough to count
  // those.
  void check_index() {
    std::unordered_map<PackId, Entries> found;
    if (pass_over_index(expected_entries_, found)) {
      for (const auto& [pack, expected] : expected_entries_) {
        if (found[pack] != expected) look_up_again(pack);
        if (is_stopped_.load()) return;
      }
      found.clear();
      if (!matched_.empty() && !pass_over_index(matched_, found) && is_stopped_.load()) return;
      for (const auto& [pack, entries] : found) {
        // What was found missing was put in since; it may or may not have been counted.
        const std::uint64_t expected = matched_[pack] + report_.index_entries_missing;
        if (entries.count() > expected) report_.index_entries_wrong += entries.count() - expected;
      }
    }
    if (is_stopped_.load()) return;
    if (report_.index_entries_wrong > 0 && store_.writable_) {
      if (auto rebuilt = store_.rebuild_index(); !rebuilt) error_ = rebuilt.error();
    }
  }

  // A pack in which nothing was wrong, and of which the index does not hold what the pack's list does.
  void look_up_again(const PackId& id) {
    PackCheck check;
    const auto pack = std::ranges::lower_bound(packs_, id, {}, &PackInfo::id);
    check.pack = *pack;
    codec::Decompressor decompressor;
    begin(check, decompressor);
    if (!check.result.damage.empty()) return;  // it was sound a moment ago: the next verification names it
    look_up_chunks(check);
    put_missing(check);
    if (!check.is_open && !check.is_destroyed) matched_[id] = check.result.matched;
  }

  ChunkStore::State& store_;
  const VerifyOptions& options_;
  std::vector<PackInfo> packs_;  // fixed before the threads start
  std::atomic<bool> is_stopped_ = false;

  std::mutex tasks_mutex_;
  std::condition_variable tasks_changed_;
  std::size_t next_pack_ = 0;                        // guarded by tasks_mutex_
  unsigned beginning_ = 0;                           // guarded by tasks_mutex_; packs that are being begun
  std::list<std::shared_ptr<PackCheck>> under_way_;  // guarded by tasks_mutex_; those with steps not done yet

  std::mutex mutex_;
  std::uint64_t bytes_done_ = 0;  // guarded by mutex_
  std::uint64_t bytes_total_ = 0;
  VerifyReport report_;  // guarded by mutex_ while threads run
  // What the index should hold of a pack, and of how many of its chunks it is known to lead to them. Guarded by mutex_
  // while threads run.
  std::unordered_map<PackId, Entries> expected_entries_;
  std::unordered_map<PackId, std::uint64_t> matched_;
  std::optional<Error> error_;
};

Result<VerifyReport> ChunkStore::State::verify(const VerifyOptions& options) {
  auto report = Verification(*this, options).run();
  if (report) verify_errors_ += report->damage.size() + report->missing_packs.size();
  return report;
}

}  // namespace atl::chunk
