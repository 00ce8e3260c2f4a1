// See run_set.h. What happens on disk, in this order, is all there is to crash safety:
//   flush: run file written and synced, folder synced, manifest replaced (synced), views switched
//   merge: the same, then the merged files removed
// so that every manifest that can be found after a crash names only files that are whole.
#include "store/run/run_set.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "store/run/internal/block_cache.h"
#include "store/run/internal/entry.h"
#include "store/run/internal/filter.h"
#include "store/run/internal/format.h"
#include "store/run/internal/memtable.h"
#include "store/run/internal/merge.h"
#include "store/run/internal/run.h"
#include "store/run/internal/run_writer.h"

namespace atl::run {
namespace {

using internal::EntrySource;
using internal::Found;
using internal::Manifest;
using internal::Memtable;
using internal::Run;
using internal::RunInfo;
using internal::Summary;
using internal::ValueTarget;

constexpr std::size_t kMemtableBytesMin = 256 * 1024;
constexpr unsigned kBloomBitsMin = 4;
constexpr unsigned kBloomBitsMax = 16;
constexpr int kOpenAttempts = 8;
constexpr std::size_t kEntryOverheadMax = 64 * 1024;  // what one put may add beside its entry: chunk ends, tables

// What a get looks at: never changes once published. Newest first.
using Runs = std::vector<std::shared_ptr<Run>>;
struct View {
  std::vector<std::shared_ptr<Memtable>> memtables;
  Runs runs;
};

// The current view in several copies with a lock and a reference count each, chosen by key hash, so that readers on
// different cores seldom touch the same cache line.
class ViewSlots {
 public:
  [[nodiscard]] std::shared_ptr<const View> get(std::uint64_t hint) const {
    const Slot& slot = slots_[hint % kSlots];
    const std::lock_guard lock(slot.mutex);
    return slot.view;
  }
  void publish(const View& view) {
    for (Slot& slot : slots_) {
      auto fresh = std::make_shared<const View>(view);
      const std::lock_guard lock(slot.mutex);
      slot.view.swap(fresh);
    }
  }

 private:
  static constexpr std::size_t kSlots = 16;
  struct alignas(64) Slot {
    mutable std::mutex mutex;
    std::shared_ptr<const View> view;  // guarded by mutex
  };
  std::array<Slot, kSlots> slots_;
};

std::uint64_t seed_of(const codec::SecretKey& key) {
  return load_le<std::uint64_t>(codec::derive_key(key, {}, "atoll run filter").view().data());
}

Result<void> check_key(ByteView key) {
  if (!key.empty() && key.size() <= kKeyBytesMax) return {};
  return fail(ErrorKind::usage, "run.key_length",
              "a key of an index has 1 to 16,384 bytes, this one " + std::to_string(key.size()));
}

}  // namespace

class RunSet::State {
 public:
  State(const platform::Machine& machine, std::string folder, const codec::SecretKey& key, const VaultId& vault,
        const Options& options, bool writable)
      : machine_(machine),
        folder_(std::move(folder)),
        key_(key.clone()),
        vault_(vault),
        options_(options),
        writable_(writable),
        cache_(options.cache_bytes_max),
        context_{machine_.files, key_, vault_, options_.suite, seed_of(key), cache_},
        active_(std::make_shared<Memtable>()),
        empty_bytes_(active_->bytes()) {
    active_bytes_ = empty_bytes_;
    options_.memtable_bytes_max = std::max(options_.memtable_bytes_max, kMemtableBytesMin);
    options_.bloom_bits_per_key = std::clamp(options_.bloom_bits_per_key, kBloomBitsMin, kBloomBitsMax);
    options_.runs_max = std::max(options_.runs_max, 2U);
  }

  Result<void> open();
  Result<Found> find(ByteView key, ValueTarget& target) const;
  Result<void> put(ByteView key, ByteView value, bool removed);
  Result<void> flush(ByteView state);
  Result<bool> maybe_merge();
  Result<void> merge_all();
  Result<void> for_each(ByteView from, const Visitor& visit) const;
  Result<void> verify() const;
  Stats stats() const;
  [[nodiscard]] Bytes state() const {
    const std::lock_guard lock(lists_mutex_);
    return state_;
  }
  [[nodiscard]] bool wants_flush() const {
    return active_bytes_.load(std::memory_order_relaxed) * 2 >= options_.memtable_bytes_max;
  }

 private:
  [[nodiscard]] Result<void> load(const Manifest& manifest);
  [[nodiscard]] Result<void> sweep(const Manifest& manifest);
  [[nodiscard]] Result<void> check_writable() const;
  [[nodiscard]] Result<void> spill(std::size_t more);
  [[nodiscard]] Result<void> write_frozen(ByteView state);
  [[nodiscard]] Result<std::optional<RunInfo>> write_run(EntrySource& source, const Summary& summary,
                                                         const Runs& beside);
  [[nodiscard]] Result<std::shared_ptr<Run>> open_beside(const RunInfo& info, const Runs& beside);
  [[nodiscard]] Result<void> commit_manifest(const Runs& runs, ByteView state);
  [[nodiscard]] Result<void> merge_runs(const Runs& inputs);
  [[nodiscard]] Result<bool> merge_step(bool must);
  [[nodiscard]] bool is_over_budget(std::size_t more) const {
    const std::size_t active = active_bytes_.load(std::memory_order_relaxed);
    const std::size_t frozen = frozen_bytes_.load(std::memory_order_relaxed);
    return (active > empty_bytes_ || frozen > 0) && active + frozen + more > options_.memtable_bytes_max;
  }
  [[nodiscard]] std::size_t filter_bytes_left(const Runs& beside) const;
  [[nodiscard]] Error stop_on(Error error);
  [[nodiscard]] Runs runs() const {
    const std::lock_guard lock(lists_mutex_);
    return runs_;
  }
  void publish_locked();

  // Fixed after construction.
  const platform::Machine machine_;
  const std::string folder_;
  const codec::SecretKey key_;
  const VaultId vault_;
  Options options_;
  const bool writable_;

  // Protect themselves.
  mutable internal::BlockCache cache_;
  const internal::RunContext context_;
  ViewSlots views_;
  std::atomic<bool> stopped_ = false;
  std::atomic<std::size_t> active_bytes_ = 0;  // changed under writer_mutex_
  std::atomic<std::size_t> frozen_bytes_ = 0;  // changed under writer_mutex_ or flush_mutex_
  std::atomic<std::uint64_t> next_number_ = 1;

  // Order of locks: flush, merge, manifest, writer, lists.
  std::mutex flush_mutex_;            // one flush at a time
  std::mutex merge_mutex_;            // one merge at a time
  std::mutex manifest_mutex_;         // one change of the run list and its manifest at a time
  std::mutex writer_mutex_;           // puts; the switch of memtables
  mutable std::mutex lists_mutex_;    // the fields below; held for moments only
  std::shared_ptr<Memtable> active_;  // changed under writer_mutex_ too
  std::shared_ptr<Memtable> frozen_;  // being written, or kept after a write that found no space
  Runs runs_;                         // newest first; changed under manifest_mutex_ too
  Bytes state_;
  const std::size_t empty_bytes_;  // what a memtable takes before the first put
};

void RunSet::State::publish_locked() {
  View view;
  view.memtables.push_back(active_);
  if (frozen_) view.memtables.push_back(frozen_);
  view.runs = runs_;
  views_.publish(view);
}

Error RunSet::State::stop_on(Error error) {
  // After a failed write or sync nobody knows what is on disk; only "no space" leaves what was there as it was.
  if (error.kind != ErrorKind::no_space && error.kind != ErrorKind::damaged) stopped_ = true;
  return error;
}

Result<void> RunSet::State::check_writable() const {
  if (!writable_) return fail(ErrorKind::usage, "run.read_only", "the index is open for reading only");
  if (stopped_) {
    return fail(ErrorKind::failed, "run.stopped", "an earlier write of the index failed; it has to be reopened first");
  }
  return {};
}

Result<void> RunSet::State::open() {
  const std::string path = platform::join(folder_, internal::kManifestName);
  if (writable_) ATOLL_TRY(platform::create_directories(machine_.files, folder_));
  for (int attempt = 1;; ++attempt) {
    ATOLL_ASSIGN(const auto info, machine_.files.stat(path));
    Manifest manifest;
    if (info) {
      if (info->kind != platform::FileKind::file || info->size > internal::kManifestBytesMax) {
        return internal::damaged("run.manifest_damaged", "the manifest of an index is damaged");
      }
      ATOLL_ASSIGN(const Bytes stored, platform::read_whole(machine_.files, path, internal::kManifestBytesMax));
      ATOLL_ASSIGN(manifest, internal::parse_manifest(stored, vault_, options_.suite, key_));
    }
    if (writable_) ATOLL_TRY(sweep(manifest));
    Result<void> loaded = load(manifest);
    if (!loaded) {
      // A writer in another process may have merged a file away since we read the manifest.
      if (loaded.error().kind == ErrorKind::not_found && !writable_ && attempt < kOpenAttempts) continue;
      if (loaded.error().kind == ErrorKind::not_found) {
        return internal::damaged("run.missing", "a run file of an index is missing");
      }
      return loaded;
    }
    const std::lock_guard lock(lists_mutex_);
    publish_locked();
    return {};
  }
}

Result<void> RunSet::State::load(const Manifest& manifest) {
  // Filters of small runs save as many reads as those of large ones: they are first in memory.
  std::vector<std::size_t> order(manifest.runs.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, {}, [&](std::size_t i) { return manifest.runs[i].entries; });
  Runs runs(manifest.runs.size());
  std::size_t left = options_.filter_bytes_max;
  for (const std::size_t i : order) {
    ATOLL_ASSIGN(runs[i], Run::open(context_, folder_, manifest.runs[i], left));
    left -= runs[i]->resident_bytes();
  }
  const std::lock_guard lock(lists_mutex_);
  runs_ = std::move(runs);
  state_ = manifest.state;
  next_number_ = manifest.next_number;
  return {};
}

Result<void> RunSet::State::sweep(const Manifest& manifest) {
  std::set<std::string> keep{std::string(internal::kManifestName)};
  for (const RunInfo& run : manifest.runs) keep.insert(internal::run_file_name(run.number));
  ATOLL_ASSIGN(const auto entries, machine_.files.list(folder_));
  for (const auto& entry : entries) {
    if (entry.kind != platform::FileKind::file || keep.contains(entry.name)) continue;
    ATOLL_TRY(machine_.files.remove_file(platform::join(folder_, entry.name)));
  }
  return {};
}

Result<Found> RunSet::State::find(ByteView key, ValueTarget& target) const {
  ATOLL_TRY(check_key(key));
  const std::uint64_t hash = internal::hash_key(key, context_.hash_seed);
  const std::shared_ptr<const View> view = views_.get(hash >> 20);
  for (const auto& memtable : view->memtables) {
    const Found found = memtable->find(hash, key, target);
    if (found != Found::absent) return found;
  }
  for (const auto& run : view->runs) {
    ATOLL_ASSIGN(const Found found, run->find(key, hash, target));
    if (found != Found::absent) return found;
  }
  return Found::absent;
}

Result<void> RunSet::State::put(ByteView key, ByteView value, bool removed) {
  ATOLL_TRY(check_key(key));
  if (value.size() > kValueBytesMax) {
    return fail(ErrorKind::usage, "run.value_length",
                "a value of an index has at most 1 MiB, this one " + std::to_string(value.size()) + " bytes");
  }
  const std::uint64_t hash = internal::hash_key(key, context_.hash_seed);
  const std::size_t more = key.size() + value.size() > 4096 ? key.size() + value.size() + kEntryOverheadMax : 0;
  while (true) {
    ATOLL_TRY(check_writable());
    {
      const std::lock_guard lock(writer_mutex_);
      if (!is_over_budget(more)) {
        active_->put(hash, key, value, removed);
        active_bytes_.store(active_->bytes(), std::memory_order_relaxed);
        return {};
      }
    }
    ATOLL_TRY(spill(more));
  }
}

Result<void> RunSet::State::spill(std::size_t more) {
  const std::lock_guard flush_lock(flush_mutex_);
  if (!is_over_budget(more)) return {};  // somebody else made room
  return write_frozen(state());
}

Result<void> RunSet::State::flush(ByteView state) {
  if (state.size() > kStateBytesMax) {
    return fail(ErrorKind::usage, "run.state_length", "the state kept with an index has at most 4 MiB");
  }
  const std::lock_guard flush_lock(flush_mutex_);
  ATOLL_TRY(check_writable());
  return write_frozen(state);
}

// Under flush_mutex_. Writes what an earlier flush could not (under its state), then everything put so far.
Result<void> RunSet::State::write_frozen(ByteView state) {
  ATOLL_TRY(check_writable());
  for (bool is_retry = true;; is_retry = false) {
    std::shared_ptr<Memtable> source;
    {
      const std::lock_guard writer(writer_mutex_);
      const std::lock_guard lock(lists_mutex_);
      if (is_retry && !frozen_) continue;
      if (!is_retry && active_->entries() > 0) {
        frozen_ = std::exchange(active_, std::make_shared<Memtable>());
        frozen_bytes_ = frozen_->bytes();
        active_bytes_ = empty_bytes_;
        publish_locked();
      }
      source = frozen_;
    }
    std::optional<RunInfo> fresh;
    if (source) {
      Summary summary;
      const auto sorted = source->sorted(&summary);
      ATOLL_ASSIGN(fresh, write_run(*sorted, summary, runs()));
    }
    {
      const std::lock_guard manifest_lock(manifest_mutex_);
      Runs next = runs();
      if (fresh) {
        ATOLL_ASSIGN(auto run, open_beside(*fresh, next));
        next.insert(next.begin(), std::move(run));
      }
      const Bytes its_state = is_retry ? this->state() : to_bytes(state);
      if (fresh || !equal(this->state(), its_state)) ATOLL_TRY(commit_manifest(next, its_state));
      const std::lock_guard lock(lists_mutex_);
      runs_ = std::move(next);
      state_ = its_state;
      frozen_.reset();
      frozen_bytes_ = 0;
      publish_locked();
    }
    if (!is_retry) break;
  }
  while (runs().size() > options_.runs_max) {
    ATOLL_ASSIGN(const bool merged, merge_step(true));
    if (!merged) break;
  }
  return {};
}

std::size_t RunSet::State::filter_bytes_left(const Runs& beside) const {
  std::size_t resident = 0;
  for (const auto& run : beside) resident += run->resident_bytes();
  return options_.filter_bytes_max - std::min(resident, options_.filter_bytes_max);
}

// A synced run file of everything in `source`, or none where it is empty. `beside` are the runs that stay.
Result<std::optional<RunInfo>> RunSet::State::write_run(EntrySource& source, const Summary& summary,
                                                        const Runs& beside) {
  const std::size_t per_page = internal::filter_entries_per_page(summary.entries, filter_bytes_left(beside),
                                                                 kBloomBitsMin, options_.bloom_bits_per_key);
  internal::Salt salt{};
  machine_.random.fill(salt);
  const std::uint64_t number = next_number_.fetch_add(1);
  const auto build = [&]() -> Result<std::optional<RunInfo>> {
    std::unique_ptr<internal::RunWriter> writer;
    while (true) {
      ATOLL_ASSIGN(const bool has_one, source.next());
      if (!has_one) break;
      if (!writer) {
        ATOLL_ASSIGN(writer, internal::RunWriter::create(context_, folder_, number, salt, summary, per_page));
      }
      ATOLL_TRY(writer->add(source.key(), source.value(), source.removed()));
    }
    if (!writer) return std::nullopt;
    ATOLL_ASSIGN(const RunInfo info, writer->finish());
    ATOLL_TRY(machine_.files.sync_directory(folder_));
    return info;
  };
  auto built = build();
  if (!built) {
    // No manifest names it.
    ignore_error_on_purpose(machine_.files.remove_file(platform::join(folder_, internal::run_file_name(number))));
    return pass(stop_on(std::move(built).error()));
  }
  return built;
}

// Under manifest_mutex_, so that the filter budget is given away once. `beside` are the other runs of the new list.
Result<std::shared_ptr<Run>> RunSet::State::open_beside(const RunInfo& info, const Runs& beside) {
  auto run = Run::open(context_, folder_, info, filter_bytes_left(beside));
  if (!run) {
    ignore_error_on_purpose(machine_.files.remove_file(platform::join(folder_, internal::run_file_name(info.number))));
    return pass(stop_on(std::move(run).error()));
  }
  return run;
}

// Under manifest_mutex_.
Result<void> RunSet::State::commit_manifest(const Runs& runs, ByteView state) {
  ATOLL_TRY(check_writable());
  Manifest manifest;
  manifest.next_number = next_number_;
  manifest.state = to_bytes(state);
  for (const auto& run : runs) manifest.runs.push_back(run->info());
  ATOLL_INVARIANT(manifest.runs.size() <= internal::kRunsInManifestMax, "merging did not keep up");
  internal::Salt salt{};
  machine_.random.fill(salt);
  const Bytes stored = internal::encode_manifest(manifest, vault_, salt, options_.suite, key_);
  auto written = platform::replace_whole(machine_.files, platform::join(folder_, internal::kManifestName), stored);
  // Whether the old or the new one stands there now, all files it names are still there.
  if (!written) return pass(stop_on(std::move(written).error()));
  return {};
}

// Under merge_mutex_. `inputs` are neighbours in the run list.
Result<void> RunSet::State::merge_runs(const Runs& inputs) {
  Runs beside = runs();
  const bool has_oldest = beside.back() == inputs.back();
  std::erase_if(beside, [&](const auto& run) { return std::ranges::find(inputs, run) != inputs.end(); });
  Summary summary;
  std::vector<std::unique_ptr<EntrySource>> cursors;
  for (const auto& run : inputs) {
    summary.add(run->summary());
    cursors.push_back(run->cursor({}));
  }
  if (has_oldest) summary.has_removals = false;
  internal::MergeSource source(std::move(cursors), has_oldest);
  ATOLL_ASSIGN(const auto merged, write_run(source, summary, beside));
  {
    const std::lock_guard manifest_lock(manifest_mutex_);
    Runs next = runs();
    const auto at = std::ranges::find(next, inputs.front());
    ATOLL_INVARIANT(at != next.end() && static_cast<std::size_t>(next.end() - at) >= inputs.size() &&
                        std::equal(inputs.begin(), inputs.end(), at),
                    "runs changed under a merge");
    const auto place = next.erase(at, at + static_cast<std::ptrdiff_t>(inputs.size())) - next.begin();
    if (merged) {
      ATOLL_ASSIGN(auto run, open_beside(*merged, next));
      next.insert(next.begin() + place, std::move(run));
    }
    ATOLL_TRY(commit_manifest(next, state()));
    const std::lock_guard lock(lists_mutex_);
    runs_ = std::move(next);
    publish_locked();
  }
  // Readers that still hold the old view keep their files open. What cannot be removed is swept at the next open.
  for (const auto& run : inputs) {
    ignore_error_on_purpose(
        machine_.files.remove_file(platform::join(folder_, internal::run_file_name(run->info().number))));
  }
  return {};
}

Result<bool> RunSet::State::merge_step(bool must) {
  const std::lock_guard merge_lock(merge_mutex_);
  ATOLL_TRY(check_writable());
  const Runs all = runs();
  std::vector<std::uint64_t> sizes;
  for (const auto& run : all) sizes.push_back(run->info().file_bytes);
  auto choice = internal::choose_merge(sizes);
  if (!choice && (must || all.size() > options_.runs_max)) choice = internal::choose_cheapest(sizes);
  if (!choice) return false;
  const auto first = all.begin() + static_cast<std::ptrdiff_t>(choice->first);
  ATOLL_TRY(merge_runs({first, first + static_cast<std::ptrdiff_t>(choice->count)}));
  return true;
}

Result<bool> RunSet::State::maybe_merge() { return merge_step(false); }

Result<void> RunSet::State::merge_all() {
  const std::lock_guard merge_lock(merge_mutex_);
  ATOLL_TRY(check_writable());
  const Runs all = runs();
  if (all.empty() || (all.size() == 1 && !all.front()->summary().has_removals)) return {};
  return merge_runs(all);
}

Result<void> RunSet::State::for_each(ByteView from, const Visitor& visit) const {
  const std::shared_ptr<const View> view = views_.get(0);
  std::vector<std::unique_ptr<EntrySource>> sources;
  for (const auto& memtable : view->memtables) sources.push_back(memtable->copy_sorted(from));
  for (const auto& run : view->runs) sources.push_back(run->cursor(from));
  internal::MergeSource merged(std::move(sources), true);
  while (true) {
    ATOLL_ASSIGN(const bool has_one, merged.next());
    if (!has_one) return {};
    ATOLL_ASSIGN(const bool go_on, visit(merged.key(), merged.value()));
    if (!go_on) return {};
  }
}

Result<void> RunSet::State::verify() const {
  const std::shared_ptr<const View> view = views_.get(0);
  for (const auto& run : view->runs) ATOLL_TRY(run->verify());
  return {};
}

Stats RunSet::State::stats() const {
  const std::shared_ptr<const View> view = views_.get(0);
  Stats stats;
  for (const auto& memtable : view->memtables) {
    stats.memtable_entries += memtable->entries();
    stats.memtable_bytes += memtable->bytes();
  }
  stats.entries = stats.memtable_entries;
  stats.runs = view->runs.size();
  for (const auto& run : view->runs) {
    stats.entries += run->info().entries;
    stats.file_bytes += run->info().file_bytes;
    stats.filter_bytes += run->resident_bytes();
    stats.index_bytes += run->index_bytes();
  }
  stats.cache_bytes = cache_.bytes();
  return stats;
}

RunSet::RunSet(std::unique_ptr<State> state) : state_(std::move(state)) {}
RunSet::~RunSet() = default;

Result<std::unique_ptr<RunSet>> RunSet::open(const platform::Machine& machine, const std::string& folder,
                                             const codec::SecretKey& key, const VaultId& vault, const Options& options,
                                             bool writable) {
  auto state = std::make_unique<State>(machine, folder, key, vault, options, writable);
  ATOLL_TRY(state->open());
  return std::unique_ptr<RunSet>(new RunSet(std::move(state)));
}

Result<void> RunSet::remove_all(const platform::Machine& machine, const std::string& folder) {
  // The manifest first: should the rest be interrupted, what is left is an empty set.
  ATOLL_TRY(machine.files.remove_file(platform::join(folder, internal::kManifestName)));
  return platform::remove_tree(machine.files, folder);
}

Result<std::optional<Bytes>> RunSet::get(ByteView key) const {
  Bytes value;
  ValueTarget target;
  target.bytes = &value;
  ATOLL_ASSIGN(const Found found, state_->find(key, target));
  if (found != Found::present) return std::nullopt;
  return value;
}

Result<std::optional<std::size_t>> RunSet::get_into(ByteView key, ByteSpan out) const {
  ValueTarget target;
  target.span = out;
  target.wants_span = true;
  ATOLL_ASSIGN(const Found found, state_->find(key, target));
  if (found != Found::present) return std::nullopt;
  if (target.size > out.size()) {
    return fail(ErrorKind::limit, "run.value_too_long",
                "a value of " + std::to_string(target.size) + " bytes does not fit " + std::to_string(out.size()));
  }
  return target.size;
}

Result<bool> RunSet::contains(ByteView key) const {
  ValueTarget target;
  ATOLL_ASSIGN(const Found found, state_->find(key, target));
  return found == Found::present;
}

Result<void> RunSet::put(ByteView key, ByteView value) { return state_->put(key, value, false); }
Result<void> RunSet::remove(ByteView key) { return state_->put(key, {}, true); }
Result<void> RunSet::flush(ByteView state) { return state_->flush(state); }
Bytes RunSet::state() const { return state_->state(); }
bool RunSet::wants_flush() const { return state_->wants_flush(); }
Result<bool> RunSet::maybe_merge() { return state_->maybe_merge(); }
Result<void> RunSet::merge_all() { return state_->merge_all(); }
Result<void> RunSet::for_each(const Visitor& visit) const { return state_->for_each({}, visit); }
Result<void> RunSet::for_each_from(ByteView from, const Visitor& visit) const { return state_->for_each(from, visit); }
Result<void> RunSet::verify() const { return state_->verify(); }
Stats RunSet::stats() const { return state_->stats(); }

}  // namespace atl::run
