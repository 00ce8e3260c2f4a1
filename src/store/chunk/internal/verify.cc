// Verification: what the packs hold against what they say, what the index says, and what parity says; and healing.
#include "store/chunk/verify.h"

#include <algorithm>
#include <atomic>

#include "foundation/codec/hash.h"
#include "store/chunk/internal/store_state.h"

namespace atl::chunk {
namespace {

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

}  // namespace

class Verification {
 public:
  Verification(ChunkStore::State& store, const VerifyOptions& options) : store_(store), options_(options) {}

  Result<VerifyReport> run() {
    const auto packs = store_.list_packs();
    for (const PackInfo& pack : packs) bytes_total_ += work_of(pack);
    for (const PackId& expected : options_.expected) {
      if (!std::ranges::binary_search(packs, expected, {}, &PackInfo::id)) report_.missing_packs.push_back(expected);
    }
    const auto work = [&] {
      for (;;) {
        const std::size_t next = next_.fetch_add(1);
        if (next >= packs.size() || is_stopped_.load()) return;
        check_pack(packs[next]);
      }
    };
    std::vector<std::unique_ptr<platform::Thread>> threads;
    for (unsigned i = 1; i < std::min<std::size_t>(options_.threads, packs.size()); ++i) {
      threads.push_back(store_.machine_.threads.start("verify", work));
    }
    work();
    for (auto& thread : threads) thread->join();
    if (!is_stopped_.load()) check_index();
    if (error_) return pass(std::move(*error_));
    if (is_stopped_.load()) return fail(ErrorKind::interrupted, "verify.interrupted", "the verification was stopped");
    std::ranges::sort(report_.damage, {}, &PackDamage::pack);
    std::ranges::sort(report_.missing_packs);
    return std::move(report_);
  }

 private:
  // What one pack came to; merged into the report at its end.
  struct PackResult {
    VerifyReport counts;
    std::vector<PackDamage> damage;
    std::uint64_t matched = 0;  // chunks that the index finds exactly here
    std::vector<std::pair<ChunkId, Location>> not_in_index;
  };

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

  void check_pack(const PackInfo& pack) {
    PackResult result;
    std::shared_ptr<PackWriter> writer;
    {
      const std::lock_guard lock(store_.writing_mutex_);
      const auto found =
          std::ranges::find_if(store_.open_packs_, [&](const auto& each) { return each->header().id == pack.id; });
      if (found != store_.open_packs_.end() && !(*found)->is_sealed()) writer = *found;
    }
    result.counts.packs = 1;
    const bool is_destroyed =
        !pack.is_readable && pack.domain.value != 0 && store_.keys_.domain(pack.domain) == nullptr;
    if (is_destroyed) {
      // Its key is gone: there is nothing that could be read.
    } else if (writer) {
      check_groups(pack, writer->footer(), result, false);
    } else if (!pack.is_sealed) {
      check_unfinished(pack, result);
    } else {
      check_sealed(pack, result);
    }
    merge(pack, std::move(result), writer != nullptr, is_destroyed);
    if (!reads_data(pack)) progress(work_of(pack));
  }

  void merge(const PackInfo& pack, PackResult result, bool is_open, bool is_destroyed) {
    std::uint64_t missing = 0;
    {
      const std::lock_guard publishing(store_.publish_mutex_);
      for (const auto& [id, location] : result.not_in_index) {
        if (is_open && store_.pending_.find(id)) continue;
        // It may have been moved or published since it was looked for.
        if (const auto place = store_.find_in_index(id, ChunkStore::State::Look::read); place && *place) continue;
        ++missing;
        if (!store_.writable_) continue;
        const std::shared_lock guard(store_.index_guard_);
        (void)store_.put_in_index(id, location);
      }
    }
    const std::lock_guard lock(mutex_);
    report_.packs += result.counts.packs;
    report_.packs_read_whole += result.counts.packs_read_whole;
    report_.groups += result.counts.groups;
    report_.chunks += result.counts.chunks;
    report_.bytes_read += result.counts.bytes_read;
    report_.index_entries_missing += missing;
    for (auto& damage : result.damage) report_.damage.push_back(std::move(damage));
    // Damaged packs, destroyed ones and those being written are left out of the count against the index.
    if (!is_open && !is_destroyed && result.damage.empty()) expected_entries_[pack.id] = result.matched;
  }

  void check_unfinished(const PackInfo& pack, PackResult& result) {
    const auto reader = store_.reader_of(pack.id);
    if (!reader) {
      result.damage.push_back(damage_of(pack.id, "header", reader.error().message));
      return;
    }
    if ((*reader)->was_header_healed()) {
      result.damage.push_back(damage_of(pack.id, "header", "the pack's header is damaged; it is read by a copy"));
    }
    codec::Decompressor decompressor;
    const auto found = (*reader)->walk_groups(decompressor);
    if (!found) {
      result.damage.push_back(damage_of(pack.id, "file", found.error().message));
      return;
    }
    if (found->skipped_bytes > 0) {
      result.damage.push_back(damage_of(pack.id, "file", "bytes between its groups cannot be read"));
    }
    check_groups(pack, found->footer, result, false);
  }

  void check_sealed(const PackInfo& pack, PackResult& result) {
    // A reader of its own: what an earlier one has healed or remembered must not hide anything.
    auto reader = PackReader::open(*store_.blobs_, store_.keys_, pack.id, store_.pool_);
    if (!reader) {
      result.damage.push_back(damage_of(pack.id, "header", reader.error().message));
      report_lost_by_index(pack, result);
      if (reader.error().kind == ErrorKind::damaged) forget(pack.id, result.damage.back().lost_chunks);
      return;
    }
    const PackReader& file = **reader;
    if (file.was_header_healed()) result.damage.push_back(damage_of(pack.id, "header", "the pack's header is damaged"));
    if (auto trailer = file.read_trailer(false); !trailer) {
      result.damage.push_back(damage_of(pack.id, "trailer", trailer.error().message));
    }
    bool was_healed = false;
    auto footer = file.read_footer(true, &was_healed);
    if (!footer) {
      result.damage.push_back(damage_of(pack.id, "footer", footer.error().message));
      report_lost_by_index(pack, result);
    } else {
      if (was_healed && result.damage.empty()) {
        result.damage.push_back(damage_of(pack.id, "footer", "the pack's footer is damaged"));
      }
      check_groups(pack, *footer, result, true, &file);
    }
    const bool reads_all = reads_data(pack);
    if (reads_all || !result.damage.empty()) check_blocks(pack, file, result, reads_all);
    if (!result.damage.empty() && options_.heal && store_.writable_ && !is_stopped_.load()) heal(pack, file, result);
  }

  // Every block against its checksum. Tells of each damage already found whether parity can undo it.
  void check_blocks(const PackInfo& pack, const PackReader& file, PackResult& result, bool counts) {
    const auto parity = file.parity();
    if (!parity) {
      result.damage.push_back(damage_of(pack.id, "parity", parity.error().message));
      return;
    }
    const auto found = (*parity)->check(file.reader(), nullptr);
    if (!found) return;
    if (counts) {
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

  void heal(const PackInfo& pack, const PackReader& file, PackResult& result) {
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

  void check_groups(const PackInfo& pack, const Footer& footer, PackResult& result, bool has_parity,
                    const PackReader* given = nullptr) {
    std::shared_ptr<PackReader> own;
    if (given == nullptr) {
      auto opened = store_.reader_of(pack.id);
      if (!opened) {
        result.damage.push_back(damage_of(pack.id, "header", opened.error().message));
        return;
      }
      own = *opened;
      given = own.get();
    }
    const PackReader& file = *given;
    const bool reads_all = reads_data(pack);
    const auto* domain = store_.keys_.domain(file.header().domain);
    codec::Decompressor decompressor;
    std::uint64_t reported = 0;
    for (std::size_t i = 0; i < footer.groups.size() && !is_stopped_.load(); ++i) {
      const auto& group = footer.groups[i];
      const auto chunks = footer.chunks_of(i);
      ++result.counts.groups;
      result.counts.chunks += chunks.size();
      const auto checked =
          reads_all ? check_group_data(file, group, chunks, *domain, decompressor) : check_group_head(file, group);
      const bool is_lost = !checked && note_group(pack, file, i, group, chunks, *domain, checked.error(), decompressor,
                                                  has_parity, result);
      if (!is_lost) check_against_index(pack, group, chunks, result);
      if (reads_all) {
        const std::uint64_t bytes = kGroupHeaderBytes + group.sealed_length;
        reported += bytes;
        if (!has_parity) result.counts.bytes_read += bytes;
        progress(bytes);
      }
    }
    if (reads_all && pack.stored_bytes > reported) progress(pack.stored_bytes - reported);
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
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      const DirectoryEntry& entry = opened.directory[i];
      if (entry.id != chunks[i].id || entry.offset != chunks[i].offset || entry.length != chunks[i].length) {
        return fail(ErrorKind::damaged, "pack.directory_mismatch", "the group's directory and the footer do not agree");
      }
      if (codec::blake3_keyed(domain.id_key, opened.body().subspan(entry.offset, entry.length)) != entry.id.bytes) {
        return fail(ErrorKind::damaged, "chunk.wrong_hash", "a chunk is not what its id says");
      }
    }
    return {};
  }

  // A damaged group: lost (true), or still there by parity?
  bool note_group(const PackInfo& pack, const PackReader& file, std::size_t number, const Footer::Group& group,
                  std::span<const Footer::Chunk> chunks, const keyring::DomainKeys& domain, const Error& error,
                  codec::Decompressor& decompressor, bool has_parity, PackResult& result) {
    auto damage = damage_of(pack.id, "group " + std::to_string(number), error.message);
    auto opened = file.read_group(group.offset, group.sealed_length, decompressor, has_parity);
    if (!opened || !compare_chunks(*opened, chunks, domain)) {
      for (const auto& chunk : chunks) {
        damage.lost_chunks.push_back(chunk.id);
      }
      forget(pack.id, damage.lost_chunks);
    }
    const bool is_lost = !damage.lost_chunks.empty();
    result.damage.push_back(std::move(damage));
    return is_lost;
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

  void check_against_index(const PackInfo& pack, const Footer::Group& group, std::span<const Footer::Chunk> chunks,
                           PackResult& result) {
    for (const auto& chunk : chunks) {
      const Location here{pack.id, static_cast<std::uint32_t>(group.offset), group.sealed_length, chunk.offset,
                          chunk.length};
      const auto place = store_.find_in_index(chunk.id, ChunkStore::State::Look::read);
      if (place && *place && **place == here) {
        ++result.matched;
        continue;
      }
      const bool is_elsewhere = place && *place && (*place)->pack != pack.id;
      if (is_elsewhere || pack.is_condemned) continue;  // nothing of a condemned pack needs to be found
      result.not_in_index.emplace_back(chunk.id, here);
    }
  }

  // Without header or footer only the index still knows what was in the pack.
  void report_lost_by_index(const PackInfo& pack, PackResult& result) {
    if (auto chunks = store_.chunks_read_from(pack.id)) result.damage.back().lost_chunks = std::move(*chunks);
  }

  // The other way round: every entry that names a pack must lead to a chunk of it. As keys are unique, it is enough to
  // count: a pack has as many entries as it has chunks that the index found exactly there.
  void check_index() {
    std::unordered_map<PackId, std::uint64_t> entries;
    bool is_damaged = false;
    {
      const std::shared_lock guard(store_.index_guard_);
      const auto count = [&](const Location& location) {
        if (expected_entries_.contains(location.pack)) ++entries[location.pack];
      };
      if (store_.index_) {
        const auto visited = store_.index_->for_each([&](ByteView key, ByteView value) -> Result<bool> {
          ChunkId id;
          if (key.size() != id.bytes.size() || value.size() != kLocationBytes) {
            ++report_.index_entries_wrong;
            return true;
          }
          std::ranges::copy(key, id.bytes.begin());
          {
            const std::lock_guard lock(store_.overlay_mutex_);
            if (store_.overlay_.contains(id)) return true;
          }
          LocationBytes bytes{};
          std::ranges::copy(value, bytes.begin());
          count(decode_location(bytes));
          return true;
        });
        is_damaged = !visited;
      }
      const std::lock_guard lock(store_.overlay_mutex_);
      for (const auto& [id, location] : store_.overlay_) count(location);
    }
    if (is_damaged) ++report_.index_entries_wrong;
    for (const auto& [pack, count] : entries) {
      // What was found missing was put in since; it may or may not have been counted.
      const std::uint64_t expected = expected_entries_[pack] + report_.index_entries_missing;
      if (count > expected) report_.index_entries_wrong += count - expected;
    }
    if (report_.index_entries_wrong > 0 && store_.writable_) {
      if (auto rebuilt = store_.rebuild_index(); !rebuilt) error_ = rebuilt.error();
    }
  }

  ChunkStore::State& store_;
  const VerifyOptions& options_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> is_stopped_ = false;
  std::mutex mutex_;
  std::uint64_t bytes_done_ = 0;  // guarded by mutex_
  std::uint64_t bytes_total_ = 0;
  VerifyReport report_;                                         // guarded by mutex_ while threads run
  std::unordered_map<PackId, std::uint64_t> expected_entries_;  // guarded by mutex_ while threads run
  std::optional<Error> error_;
};

Result<VerifyReport> ChunkStore::State::verify(const VerifyOptions& options) {
  return Verification(*this, options).run();
}

}  // namespace atl::chunk
