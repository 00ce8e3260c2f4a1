// Copies what is wanted of packs into new ones.
//
// Always true:
//  - A new pack is nobody's until it is sealed and synced: only then it is listed and the index names it. One that
//    cannot be finished is removed, or left for the next open, which finds copies in it and nothing else.
//  - A source counts as rewritten only when every wanted chunk of it lies in a pack that is sealed, or is read from
//    elsewhere anyway.
// Threads: each takes whole sources, in order, and has new packs of its own.
#include <algorithm>
#include <atomic>
#include <unordered_set>

#include "store/chunk/internal/store_state.h"

namespace atl::chunk {

class Rewriting {
 public:
  Rewriting(ChunkStore::State& store, const ChunkStore::WantedChunk& wanted, const RewriteOptions& options)
      : store_(store), wanted_(wanted), options_(options) {}

  Result<RewriteReport> run(std::span<const PackId> packs) {
    ATOLL_TRY(store_.refuse_stopped());
    choose(packs);
    const auto work = [this] { this->work(); };
    std::vector<std::unique_ptr<platform::Thread>> threads;
    for (std::size_t i = 1; i < std::min<std::size_t>(options_.threads, sources_.size()); ++i) {
      threads.push_back(store_.machine_.threads.start("rewrite", work));
    }
    work();
    for (auto& thread : threads) thread->join();
    if (failure_) return pass(std::move(*failure_));
    for (Source& source : sources_) {
      if (source.failure) {
        report_.failures.push_back(std::move(*source.failure));
      } else if (source.is_read && !source.is_dropped) {
        report_.rewritten.push_back(source.info.id);
      }
    }
    std::ranges::sort(report_.packs, {}, &NewPack::id);
    return std::move(report_);
  }

 private:
  struct Source {
    PackInfo info;
    bool is_read = false;
    bool is_dropped = false;  // something of it went into a new pack that could not be finished
    std::optional<RewriteFailure> failure;
  };
  class Worker;
  void work();  // of one thread

  // In the order of domain and age: a thread has new packs of one domain at a time, and old neighbours stay such.
  void choose(std::span<const PackId> packs) {
    const std::unordered_set<PackId> chosen(packs.begin(), packs.end());
    for (const PackInfo& info : store_.list_packs()) {
      if (!chosen.contains(info.id) || info.is_being_written) continue;
      source_ids_.insert(info.id);
      sources_.push_back({info, false, false, std::nullopt});
      bytes_total_ += info.stored_bytes;
    }
    std::ranges::stable_sort(sources_, {}, [](const Source& source) { return source.info.domain; });
    const std::lock_guard lock(store_.packs_mutex_);
    for (const PackId& id : source_ids_) {
      const auto record = store_.packs_.find(id);
      if (record != store_.packs_.end()) record->second.may_hold_copies = true;
    }
  }

  Source* next() {
    const std::size_t at = next_.fetch_add(1);
    return at < sources_.size() ? &sources_[at] : nullptr;
  }

  [[nodiscard]] bool is_ending() const { return is_ending_.load(); }

  // A full disk or an interruption keeps what is finished, everything else is the answer.
  void end(const Error& error) {
    const std::lock_guard lock(mutex_);
    is_ending_.store(true);
    if (platform::is_full(error) || error.kind == ErrorKind::interrupted) {
      if (!report_.ended_early) report_.ended_early = error;
    } else if (!failure_) {
      failure_ = error;
    }
  }

  void progress(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    bytes_done_ = std::min(bytes_done_ + bytes, bytes_total_);
    if (is_ending() || !options_.progress || options_.progress(bytes_done_, bytes_total_)) return;
    is_ending_.store(true);
    report_.ended_early =
        Error{ErrorKind::interrupted, "chunk.rewrite_interrupted", "the rewriting was stopped", {}, 0};
  }

  // Whether the chunk is read from another pack than this one, and stays there.
  Result<bool> is_elsewhere(const ChunkId& id, const PackId& source) {
    ATOLL_ASSIGN(const auto place, store_.find_in_index(id, ChunkStore::State::Look::tell));
    return place && place->pack != source && !source_ids_.contains(place->pack);
  }

  // A new pack is whole and durable: from here on its chunks are read from it.
  void publish(const PackWriter& pack) {
    const auto sizes = pack.sizes();
    const Footer footer = pack.footer();
    const PackHeader& header = pack.header();
    {
      // Before anybody can find something in it: whoever does calls sync() before a command that says so.
      const std::lock_guard writing(store_.writing_mutex_);
      store_.begun_.push_back({header.id, header.domain, header.temperature});
    }
    const std::lock_guard publishing(store_.publish_mutex_);
    const std::shared_lock guard(store_.index_guard_);
    {
      const std::lock_guard lock(store_.packs_mutex_);
      auto& record = store_.packs_[header.id];
      record.info = {header.id, header.domain, header.temperature, sizes.chunks, sizes.stored_bytes, sizes.raw_bytes};
      record.last_hit_epoch = store_.epoch_.load(std::memory_order_relaxed);
    }
    bool is_indexed = true;
    bool has_copies = false;
    for (const auto& chunk : footer.chunks) {
      const auto entry = store_.entry_of(chunk.id);  // damage in the index: then the new place is as good as any
      if (entry && *entry && (*entry)->pack != header.id && !source_ids_.contains((*entry)->pack)) {
        const std::lock_guard lock(store_.packs_mutex_);
        const auto other = store_.packs_.find((*entry)->pack);
        if (other != store_.packs_.end() && !other->second.info.is_condemned) {
          // Two threads have moved the same chunk. The later pack counts, as it does when the index is made anew.
          const bool is_later = header.id < (*entry)->pack;
          (is_later ? has_copies : other->second.may_hold_copies) = true;
          if (is_later) continue;
        }
      }
      const auto& group = footer.groups[chunk.group];
      is_indexed = store_.put_in_index(chunk.id, {header.id, static_cast<std::uint32_t>(group.offset),
                                                  group.sealed_length, chunk.offset, chunk.length}) &&
                   is_indexed;
    }
    {
      const std::lock_guard lock(store_.packs_mutex_);
      const auto record = store_.packs_.find(header.id);
      if (record != store_.packs_.end()) {
        record->second.is_indexed = is_indexed;
        record->second.may_hold_copies = has_copies;
      }
    }
    const std::lock_guard lock(mutex_);
    report_.packs.push_back({header.id, header.domain, header.temperature});
    report_.stored_bytes_new += sizes.stored_bytes;
    report_.chunks_moved += sizes.chunks;
    report_.raw_bytes_moved += sizes.raw_bytes;
  }

  ChunkStore::State& store_;
  const ChunkStore::WantedChunk& wanted_;
  const RewriteOptions& options_;
  std::vector<Source> sources_;  // each touched by the thread that took it only
  std::unordered_set<PackId> source_ids_;
  std::uint64_t bytes_total_ = 0;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> is_ending_ = false;
  std::mutex mutex_;
  std::uint64_t bytes_done_ = 0;  // guarded by mutex_, as all below
  RewriteReport report_;
  std::optional<Error> failure_;
};

class Rewriting::Worker {
 public:
  explicit Worker(Rewriting& work) : work_(work), store_(work.store_) {}

  void run() {
    while (!work_.is_ending()) {
      Source* source = work_.next();
      if (source == nullptr) break;
      if (domain_ && *domain_ != source->info.domain && !finish_all()) break;
      domain_ = source->info.domain;
      if (auto copied = copy(*source); !copied) work_.end(copied.error());
    }
    (void)finish_all();
    for (auto& [temperature, target] : targets_) drop(target);  // what finish_all() could not finish
  }

 private:
  // A new pack and what is gathered for it.
  struct Target {
    Temperature temperature = Temperature::warm;
    GroupPlan plan;
    std::shared_ptr<PackWriter> pack;
    std::optional<codec::CheckedSealer> sealer;
    std::vector<DirectoryEntry> entries;
    Buffer body;
    std::vector<Source*> gathered_from;
    std::vector<Source*> packed_from;
  };
  struct Taken {
    const Footer::Chunk* chunk;
    Temperature temperature;
  };

  static void fail_source(Source& source, const Error& error, std::vector<ChunkId> chunks) {
    if (!source.failure) source.failure = RewriteFailure{source.info.id, error, {}};
    auto& all = source.failure->chunks;
    all.insert(all.end(), chunks.begin(), chunks.end());
  }

  // Errors end everything; what is wrong with the source is noted there.
  Result<void> copy(Source& source) {
    const PackId& id = source.info.id;
    const auto reader = store_.reader_of(id);
    bool is_whole = false;
    auto footer = reader ? store_.footer_of(**reader, source.info.is_sealed, is_whole)
                         : Result<Footer>(tl::unexpected<Error>(reader.error()));
    const auto* keys = reader ? store_.keys_.domain((*reader)->header().domain) : nullptr;
    std::uint64_t told = 0;
    if (footer && keys != nullptr) {
      for (std::size_t i = 0; i < footer->groups.size(); ++i) {
        if (work_.is_ending()) return {};
        ATOLL_TRY(copy_group(source, **reader, *footer, i, *keys));
        const std::uint64_t bytes = kGroupHeaderBytes + footer->groups[i].sealed_length;
        told += bytes;
        work_.progress(bytes);
      }
    }
    if (!footer || !is_whole) ATOLL_TRY(look_for_lost(source, footer));
    if (source.info.stored_bytes > told) work_.progress(source.info.stored_bytes - told);
    source.is_read = true;
    return {};
  }

  // The pack cannot tell all that was in it: what the index expects there and is wanted is lost.
  Result<void> look_for_lost(Source& source, const Result<Footer>& footer) {
    std::unordered_set<ChunkId> found;
    if (footer) {
      for (const auto& chunk : footer->chunks) found.insert(chunk.id);
    }
    ATOLL_ASSIGN(const auto expected, store_.chunks_read_from(source.info.id));
    std::vector<ChunkId> lost;
    for (const ChunkId& id : expected) {
      if (found.contains(id)) continue;
      ATOLL_ASSIGN(const auto temperature, work_.wanted_(id));
      if (temperature) lost.push_back(id);
    }
    if (lost.empty()) return {};
    const Error error = footer ? Error{ErrorKind::damaged,
                                       "pack.footer_damaged",
                                       "pack " + source.info.id.text() + " cannot be read whole",
                                       {},
                                       0}
                               : footer.error();
    fail_source(source, error, std::move(lost));
    return {};
  }

  Result<void> copy_group(Source& source, const PackReader& reader, const Footer& footer, std::size_t index,
                          const keyring::DomainKeys& keys) {
    std::vector<Taken> taken;
    for (const auto& chunk : footer.chunks_of(index)) {
      ATOLL_ASSIGN(const bool is_elsewhere, work_.is_elsewhere(chunk.id, source.info.id));
      if (is_elsewhere) continue;
      ATOLL_ASSIGN(const auto temperature, work_.wanted_(chunk.id));
      if (temperature) taken.push_back({&chunk, *temperature});
    }
    if (taken.empty()) return {};
    const auto& group = footer.groups[index];
    auto opened = reader.read_group(group.offset, group.sealed_length, decompressor_, source.info.is_sealed);
    if (!opened) {
      std::vector<ChunkId> lost;
      for (const Taken& each : taken) lost.push_back(each.chunk->id);
      fail_source(source, opened.error(), std::move(lost));
      return {};
    }
    {
      const std::lock_guard lock(work_.mutex_);
      work_.report_.stored_bytes_read += kGroupHeaderBytes + group.sealed_length;
    }
    for (const Taken& each : taken) {
      const auto plain = ChunkStore::State::checked_chunk(*opened, *each.chunk, keys);
      if (!plain) {
        fail_source(source, plain.error(), {each.chunk->id});
        continue;
      }
      ATOLL_TRY(add(source, each.temperature, each.chunk->id, *plain));
    }
    store_.pool_.give(std::move(opened->bytes));
    return {};
  }

  static void note(std::vector<Source*>& sources, Source& source) {
    if (sources.empty() || sources.back() != &source) sources.push_back(&source);
  }

  Result<void> add(Source& source, Temperature temperature, const ChunkId& id, ByteView plain) {
    Target& target = targets_[temperature];
    if (target.plan.bytes_max == 0) {
      target.temperature = temperature;
      target.plan = group_plan(temperature, store_.options_);
    }
    const auto length = static_cast<std::uint32_t>(plain.size());
    if (plain.size() >= kAloneFromBytes) {
      note(target.packed_from, source);  // before: a pack that fails while this is written takes it along
      const DirectoryEntry entry{id, 0, length};
      return write_group(target, std::span(&entry, 1), plain);
    }
    const bool is_full =
        target.body.size() + plain.size() > target.plan.bytes_max || target.entries.size() >= target.plan.chunks_max;
    if (is_full) ATOLL_TRY(flush(target));
    if (target.body.capacity() < target.plan.bytes_max) target.body = Buffer(target.plan.bytes_max);
    if (target.entries.empty()) target.body.clear();
    note(target.gathered_from, source);
    target.entries.push_back({id, static_cast<std::uint32_t>(target.body.size()), length});
    target.body.append(plain);
    return {};
  }

  Result<void> flush(Target& target) {
    if (target.entries.empty()) return {};
    for (Source* source : target.gathered_from) note(target.packed_from, *source);
    target.gathered_from.clear();
    ATOLL_TRY(write_group(target, target.entries, target.body.view()));
    target.entries.clear();
    target.body.clear();
    return {};
  }

  Result<void> write_group(Target& target, std::span<const DirectoryEntry> entries, ByteView body) {
    auto written = try_write_group(target, entries, body);
    if (written) return written;
    if (!platform::is_full(written.error())) store_.stop(written.error());
    drop(target);
    return written;
  }

  Result<void> try_write_group(Target& target, std::span<const DirectoryEntry> entries, ByteView body) {
    ATOLL_TRY(store_.refuse_stopped());
    ATOLL_TRY(sealer_.prepare(entries, body, target.plan.codec));
    if (!target.pack) ATOLL_TRY(begin(target));
    const auto number = target.pack->reserve();
    ATOLL_INVARIANT(number.has_value(), "a pack of this thread's own takes groups until it is finished");
    const auto append = [&]() -> Result<bool> {
      ATOLL_TRY(sealer_.seal(*target.sealer, target.pack->header_bytes(), *number, body));
      ATOLL_TRY(check_room(sealer_.frame().size()));
      bool is_full = false;
      ATOLL_TRY(target.pack->append(sealer_.frame(), sealer_.header(), entries, is_full));
      return is_full;
    };
    auto is_full = append();
    (void)target.pack->release();
    if (!is_full) return pass(std::move(is_full).error());
    if (!*is_full) return {};
    return finish(target);
  }

  Result<void> begin(Target& target) {
    ATOLL_TRY(check_room(kPackHeaderBytes));
    PackHeader header;
    {
      const std::lock_guard lock(store_.writing_mutex_);
      ATOLL_ASSIGN(header, store_.new_pack_header(*domain_, target.temperature));
    }
    ATOLL_ASSIGN(target.pack, PackWriter::begin(*store_.blobs_, header, store_.keys_.domain(*domain_)->pack_key,
                                                {store_.options_.pack_bytes_target}));
    // Its header is durable before any group: what a power cut leaves of it is always finished by the next open.
    ATOLL_TRY(target.pack->sync());
    target.sealer = target.pack->new_sealer();
    return {};
  }

  [[nodiscard]] Result<void> check_room(std::uint64_t bytes) const {
    if (work_.options_.uses_reserve || !store_.options_.check_room) return {};
    return store_.options_.check_room(bytes);
  }

  Result<void> finish(Target& target) {
    (void)target.pack->retire();
    ATOLL_TRY(target.pack->seal(store_.machine_.random, {store_.options_.parity_data, store_.options_.parity_count}));
    work_.publish(*target.pack);
    target.pack.reset();
    target.sealer.reset();
    target.packed_from.clear();
    return {};
  }

  // False where not everything could be finished.
  bool finish_all() {
    for (auto& [temperature, target] : targets_) {
      auto finished = [&]() -> Result<void> {
        ATOLL_TRY(flush(target));
        if (!target.pack) return {};
        auto done = finish(target);
        if (!done && !platform::is_full(done.error())) store_.stop(done.error());
        return done;
      }();
      if (finished) continue;
      work_.end(finished.error());
      drop(target);
    }
    return !work_.is_ending();
  }

  void drop(Target& target) {
    for (Source* source : target.packed_from) source->is_dropped = true;
    for (Source* source : target.gathered_from) source->is_dropped = true;
    target.packed_from.clear();
    target.gathered_from.clear();
    target.entries.clear();
    target.body.clear();
    target.sealer.reset();
    if (!target.pack) return;
    const std::string name = pack_blob_name(target.pack->header().id);
    target.pack.reset();
    // Where that fails, too, the next open finishes it: copies of what lies elsewhere.
    ignore_error_on_purpose(store_.blobs_->remove_unfinished(name));
  }

  Rewriting& work_;
  ChunkStore::State& store_;
  std::optional<DomainNumber> domain_;
  std::map<Temperature, Target> targets_;
  GroupSealer sealer_;
  codec::Decompressor decompressor_;
};

void Rewriting::work() { Worker(*this).run(); }

Result<RewriteReport> ChunkStore::State::rewrite(std::span<const PackId> sources, const WantedChunk& wanted,
                                                 const RewriteOptions& options) {
  return Rewriting(*this, wanted, options).run(sources);
}

}  // namespace atl::chunk
