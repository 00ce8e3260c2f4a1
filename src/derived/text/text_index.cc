// See text_index.h. What happens on disk, in this order, is all there is to crash safety:
//   flush: segment written and synced, removals of others written and synced, folder synced, manifest replaced
//   (synced),
//          views switched, old removals deleted
//   merge: the same, then the merged segments deleted
// so that every manifest that can be found after a crash names only files that are whole.
#include "derived/text/text_index.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "derived/text/internal/buffer.h"
#include "derived/text/internal/format.h"
#include "derived/text/internal/merge.h"
#include "derived/text/internal/paged_file.h"
#include "derived/text/internal/planner.h"
#include "derived/text/internal/segment.h"

namespace atl::text {
namespace {

using internal::Buffer;
using internal::ColumnCursor;
using internal::Manifest;
using internal::Segment;
using internal::SegmentInfo;
using internal::Segments;

constexpr std::size_t kBufferBytesMin = 1024 * 1024;
constexpr int kOpenAttempts = 8;

bool same_fields(const Schema& a, const Schema& b) {
  return std::ranges::equal(a, b, [](const Field& x, const Field& y) { return x.name == y.name && x.kind == y.kind; });
}

Result<std::optional<std::uint32_t>> find_document(const Segment& segment, DocumentId id, ColumnCursor& ids) {
  ATOLL_ASSIGN(const std::uint32_t doc, segment.lower_bound(id, ids));
  if (doc == segment.docs()) return std::optional<std::uint32_t>();
  ATOLL_ASSIGN(const auto found, ids.value(doc));
  const bool is_it = found && internal::unsigned_id(*found) == id;
  return is_it ? std::optional<std::uint32_t>(doc) : std::nullopt;
}

}  // namespace

class TextIndex::State {
 public:
  State(const platform::Machine& machine, std::string folder, const codec::SecretKey& key, const VaultId& vault,
        const Schema& schema, const Options& options, bool writable)
      : machine_(machine),
        folder_(std::move(folder)),
        key_(key.clone()),
        vault_(vault),
        schema_(schema),
        options_(options),
        writable_(writable),
        cache_(options.cache_bytes_max),
        context_{machine_.files, key_, vault_, options_.suite, cache_} {
    options_.buffer_bytes_max = std::max(options_.buffer_bytes_max, kBufferBytesMin);
    Bytes seed(8);
    machine_.random.fill(seed);
    hash_seed_ = load_le<std::uint64_t>(seed.data());
    buffer_ = std::make_unique<Buffer>(schema_, hash_seed_);
  }

  Result<void> open();
  Result<void> add(const Document& document);
  Result<void> remove(DocumentId id);
  Result<void> flush(ByteView state);
  Result<bool> maybe_merge();
  Result<void> merge_all();
  Stats stats() const;
  Result<void> verify() const;
  [[nodiscard]] Segments segments() const {
    const std::lock_guard lock(lists_mutex_);
    return segments_;
  }
  [[nodiscard]] Bytes state() const {
    const std::lock_guard lock(lists_mutex_);
    return state_;
  }
  [[nodiscard]] bool wants_flush() const {
    return buffer_bytes_.load(std::memory_order_relaxed) * 2 >= options_.buffer_bytes_max;
  }
  [[nodiscard]] const Schema& schema() const { return schema_; }

 private:
  // Removals that become true with the next manifest.
  struct Removals {
    std::shared_ptr<Segment> segment;
    std::vector<std::uint32_t> docs;  // beside those the segment knows already
    std::uint32_t count = 0;          // with them
    std::uint64_t version = 0;        // of the file written; 0: none has to be
  };
  [[nodiscard]] internal::SealContext seal_context() const { return {key_, vault_, options_.suite}; }
  [[nodiscard]] internal::Salt fresh_salt() {
    internal::Salt salt{};
    machine_.random.fill(salt);
    return salt;
  }
  [[nodiscard]] Result<void> load(const Manifest& manifest);
  [[nodiscard]] Result<void> sweep(const Manifest& manifest);
  [[nodiscard]] Result<void> check_writable() const;
  [[nodiscard]] Result<void> check_document(const Document& document) const;
  [[nodiscard]] Result<void> flush_locked(ByteView state);
  [[nodiscard]] Result<std::vector<Removals>> removals_of_replaced();
  [[nodiscard]] Result<bool> write_removals(std::vector<Removals>& all);
  [[nodiscard]] Result<void> write_manifest(const std::vector<SegmentInfo>& infos, ByteView state);
  [[nodiscard]] Result<void> merge(const Segments& chosen);
  void delete_file(const std::string& name) {
    // What is left behind is swept away at the next opening.
    ignore_error_on_purpose(machine_.files.remove_file(platform::join(folder_, name)));
  }
  [[nodiscard]] Error stop_on(Error error) {
    // After a failed write or sync nobody knows what is on disk; only "no space" leaves what was there as it was.
    if (error.kind != ErrorKind::no_space && error.kind != ErrorKind::damaged && error.kind != ErrorKind::limit) {
      stopped_ = true;
    }
    return error;
  }

  // Fixed after construction.
  const platform::Machine machine_;
  const std::string folder_;
  const codec::SecretKey key_;
  const VaultId vault_;
  const Schema schema_;
  Options options_;
  const bool writable_;
  std::uint64_t hash_seed_ = 0;

  // Protect themselves.
  mutable internal::PageCache cache_;
  const internal::FileContext context_;
  std::atomic<bool> stopped_ = false;
  std::atomic<std::uint64_t> next_number_ = 1;
  std::atomic<std::size_t> buffer_bytes_ = 0;
  std::atomic<std::uint32_t> buffered_ = 0;

  // Order of locks: merge, write, manifest, lists.
  std::mutex merge_mutex_;          // one merge at a time
  std::mutex write_mutex_;          // the buffer
  std::unique_ptr<Buffer> buffer_;  // guarded by write_mutex_
  std::mutex manifest_mutex_;       // one change of segments, removals and manifest at a time
  mutable std::mutex lists_mutex_;  // the fields below; held for moments only
  Segments segments_;               // changed under manifest_mutex_ too
  Bytes state_;
};

Result<void> TextIndex::State::check_writable() const {
  if (!writable_) return fail(ErrorKind::usage, "text.read_only", "the word index is open for reading only");
  if (stopped_) {
    return fail(ErrorKind::failed, "text.stopped",
                "an earlier write of the word index failed; it has to be reopened first");
  }
  return {};
}

Result<void> TextIndex::State::open() {
  ATOLL_TRY(check_schema(schema_));
  const std::string path = platform::join(folder_, internal::kManifestName);
  if (writable_) ATOLL_TRY(platform::create_directories(machine_.files, folder_));
  for (int attempt = 1;; ++attempt) {
    ATOLL_ASSIGN(const auto info, machine_.files.stat(path));
    Manifest manifest;
    manifest.schema = schema_;
    if (info) {
      ATOLL_ASSIGN(const Bytes stored, platform::read_whole(machine_.files, path, internal::kManifestBytesMax));
      ATOLL_ASSIGN(const Bytes plain, internal::open_small(internal::kManifestMagic, seal_context(), stored));
      ATOLL_ASSIGN(manifest, internal::parse_manifest(plain));
    }
    if (!same_fields(manifest.schema, schema_)) {
      return fail(ErrorKind::conflict, "text.schema_changed", "the word index was made for other fields",
                  "it has to be built anew");
    }
    if (writable_) ATOLL_TRY(sweep(manifest));
    Result<void> loaded = load(manifest);
    if (loaded || loaded.error().kind != ErrorKind::not_found) return loaded;
    // A writer in another process may have merged a file away since we read the manifest.
    if (writable_ || attempt == kOpenAttempts) {
      return internal::damaged("text.missing", "a file of the word index is missing");
    }
  }
}

Result<void> TextIndex::State::load(const Manifest& manifest) {
  Segments segments;
  for (const SegmentInfo& info : manifest.segments) {
    ATOLL_ASSIGN(auto segment, Segment::open(context_, folder_, info, schema_));
    segments.push_back(std::move(segment));
  }
  const std::lock_guard lock(lists_mutex_);
  segments_ = std::move(segments);
  state_ = manifest.state;
  next_number_ = manifest.next_number;
  return {};
}

Result<void> TextIndex::State::sweep(const Manifest& manifest) {
  std::set<std::string> keep{std::string(internal::kManifestName)};
  for (const SegmentInfo& info : manifest.segments) {
    keep.insert(internal::segment_file_name(info.number));
    if (info.removals_version > 0) keep.insert(internal::removals_file_name(info.number, info.removals_version));
  }
  ATOLL_ASSIGN(const auto entries, machine_.files.list(folder_));
  for (const auto& entry : entries) {
    if (entry.kind != platform::FileKind::file || keep.contains(entry.name)) continue;
    ATOLL_TRY(machine_.files.remove_file(platform::join(folder_, entry.name)));
  }
  return {};
}

Result<void> TextIndex::State::check_document(const Document& document) const {
  std::size_t bytes = 0;
  for (const TextValue& value : document.texts) {
    if (value.field >= schema_.size() || schema_[value.field].kind == FieldKind::number) {
      return fail(ErrorKind::usage, "text.field", "a text was given for a field that holds none");
    }
    if (static_cast<std::size_t>(value.language) >= kLanguages) {
      return fail(ErrorKind::usage, "text.language", "a text was given in a language that there is not");
    }
    bytes += value.text.size();
  }
  for (const NumberValue& value : document.numbers) {
    if (value.field >= schema_.size() || schema_[value.field].kind != FieldKind::number) {
      return fail(ErrorKind::usage, "text.field", "a number was given for a field that holds none");
    }
  }
  if (bytes > kDocumentBytesMax) {
    return fail(ErrorKind::limit, "text.document_bytes",
                "a document of the word index has at most 64 MiB of text, this one " + format_size(bytes),
                "divide it into several");
  }
  return {};
}

Result<void> TextIndex::State::add(const Document& document) {
  ATOLL_TRY(check_document(document));
  const std::lock_guard lock(write_mutex_);
  ATOLL_TRY(check_writable());
  if (buffer_->living() > 0 &&
      (buffer_bytes_ >= options_.buffer_bytes_max || buffer_->living() == internal::kDocsMax)) {
    ATOLL_TRY(flush_locked(state()));
  }
  buffer_->add(document);
  buffer_bytes_ = buffer_->memory_bytes();
  buffered_ = buffer_->living();
  return {};
}

Result<void> TextIndex::State::remove(DocumentId id) {
  const std::lock_guard lock(write_mutex_);
  ATOLL_TRY(check_writable());
  buffer_->remove(id);
  buffered_ = buffer_->living();
  // Held so that no merge switches segments between looking and marking.
  const std::lock_guard manifest_lock(manifest_mutex_);
  for (const auto& segment : segments()) {
    ColumnCursor ids(segment->ids());
    ATOLL_ASSIGN(const auto doc, find_document(*segment, id, ids));
    if (doc) segment->remove(*doc);
  }
  return {};
}

Result<void> TextIndex::State::flush(ByteView state) {
  if (state.size() > internal::kStateBytesMax) {
    return fail(ErrorKind::usage, "text.state_length", "the state kept with a word index has at most 64 KiB");
  }
  const std::lock_guard lock(write_mutex_);
  ATOLL_TRY(check_writable());
  return flush_locked(state);
}

// Documents in segments that stand in the buffer again.
Result<std::vector<TextIndex::State::Removals>> TextIndex::State::removals_of_replaced() {
  std::vector<Removals> all;
  const std::vector<DocumentId> replacing = buffer_->ids();
  for (const auto& segment : segments()) {
    all.push_back({segment, {}, segment->removed(), 0});
    Removals& one = all.back();
    ColumnCursor ids(segment->ids());
    for (const DocumentId id : replacing) {
      ATOLL_ASSIGN(const auto doc, find_document(*segment, id, ids));
      if (!doc || segment->is_removed(*doc)) continue;
      one.docs.push_back(*doc);
      ++one.count;
    }
  }
  return all;
}

// Writes a file for each segment whose removals are not what the manifest says. Whether there was one.
Result<bool> TextIndex::State::write_removals(std::vector<Removals>& all) {
  bool any = false;
  for (Removals& one : all) {
    if (one.count == one.segment->info().removed) continue;
    Bytes bits = one.segment->removals();
    for (const std::uint32_t doc : one.docs) bits[doc / 8] = static_cast<std::uint8_t>(bits[doc / 8] | 1U << (doc % 8));
    one.version = next_number_++;
    const std::string path =
        platform::join(folder_, internal::removals_file_name(one.segment->info().number, one.version));
    ATOLL_TRY(machine_.files.remove_file(path));
    ATOLL_ASSIGN(const auto file, machine_.files.open(path, platform::OpenMode::create_new));
    ATOLL_TRY(file->write_at(0, internal::seal_small(internal::kRemovalsMagic, seal_context(), fresh_salt(), bits)));
    ATOLL_TRY(file->sync());
    any = true;
  }
  return any;
}

Result<void> TextIndex::State::write_manifest(const std::vector<SegmentInfo>& infos, ByteView state) {
  Manifest manifest;
  manifest.next_number = next_number_;
  manifest.schema = schema_;
  manifest.segments = infos;
  manifest.state = to_bytes(state);
  const Bytes sealed =
      internal::seal_small(internal::kManifestMagic, seal_context(), fresh_salt(), internal::encode(manifest));
  ATOLL_TRY(machine_.files.sync_directory(folder_));
  return platform::replace_whole(machine_.files, platform::join(folder_, internal::kManifestName), sealed);
}

Result<void> TextIndex::State::flush_locked(ByteView state) {
  const auto write = [&]() -> Result<void> {
    std::optional<SegmentInfo> fresh;
    if (buffer_->living() > 0) {
      const std::uint64_t number = next_number_++;
      auto written = buffer_->write(context_, folder_, number, fresh_salt());
      if (!written) {
        delete_file(internal::segment_file_name(number));
        return pass(std::move(written).error());
      }
      fresh = *written;
    }
    const std::lock_guard manifest_lock(manifest_mutex_);
    ATOLL_ASSIGN(std::vector<Removals> removals, removals_of_replaced());
    ATOLL_ASSIGN(const bool has_removals, write_removals(removals));
    if (!fresh && !has_removals && equal(state, this->state())) return {};
    std::vector<SegmentInfo> infos;
    for (const Removals& one : removals) {
      infos.push_back(one.segment->info());
      if (one.version == 0) continue;
      infos.back().removed = one.count;
      infos.back().removals_version = one.version;
    }
    std::shared_ptr<Segment> segment;
    if (fresh) {
      infos.push_back(*fresh);
      ATOLL_ASSIGN(segment, Segment::open(context_, folder_, *fresh, schema_));
    }
    ATOLL_TRY(write_manifest(infos, state));
    {
      const std::lock_guard lock(lists_mutex_);
      for (const Removals& one : removals) {
        for (const std::uint32_t doc : one.docs) one.segment->remove(doc);
      }
      if (segment) segments_.push_back(segment);
      state_ = to_bytes(state);
    }
    for (const Removals& one : removals) {
      if (one.version == 0) continue;
      const SegmentInfo before = one.segment->info();
      one.segment->set_stored_removals(one.count, one.version);
      if (before.removals_version > 0) {
        delete_file(internal::removals_file_name(before.number, before.removals_version));
      }
    }
    buffer_ = std::make_unique<Buffer>(schema_, hash_seed_);
    buffer_bytes_ = 0;
    buffered_ = 0;
    return {};
  };
  auto done = write();
  if (!done) return pass(stop_on(std::move(done).error()));
  return {};
}

Result<void> TextIndex::State::merge(const Segments& chosen) {
  std::vector<internal::MergeSource> sources;
  for (const auto& segment : chosen) sources.push_back({segment, segment->removals(), {}});
  const std::uint64_t number = next_number_++;
  auto written = internal::merge_segments(context_, folder_, number, fresh_salt(), schema_, sources);
  if (!written) {
    delete_file(internal::segment_file_name(number));
    return pass(std::move(written).error());
  }
  std::shared_ptr<Segment> merged;
  if (*written) {
    ATOLL_ASSIGN(merged, Segment::open(context_, folder_, **written, schema_));
  }
  const std::lock_guard manifest_lock(manifest_mutex_);
  if (merged) {
    // What was removed since the merge began.
    for (const internal::MergeSource& source : sources) {
      for (std::uint32_t doc = 0; doc < source.map.size(); ++doc) {
        if (source.map[doc] != internal::kNoDoc && source.segment->is_removed(doc)) merged->remove(source.map[doc]);
      }
    }
  }
  Segments after;
  std::vector<SegmentInfo> infos;
  for (const auto& segment : segments()) {
    if (std::ranges::find(chosen, segment) != chosen.end()) continue;
    after.push_back(segment);
    infos.push_back(segment->info());
  }
  if (merged) {
    after.push_back(merged);
    infos.push_back(merged->info());
  }
  ATOLL_TRY(write_manifest(infos, state()));
  {
    const std::lock_guard lock(lists_mutex_);
    segments_ = std::move(after);
  }
  for (const auto& segment : chosen) {
    const SegmentInfo& info = segment->info();
    delete_file(internal::segment_file_name(info.number));
    if (info.removals_version > 0) delete_file(internal::removals_file_name(info.number, info.removals_version));
  }
  return {};
}

Result<bool> TextIndex::State::maybe_merge() {
  const std::lock_guard lock(merge_mutex_);
  ATOLL_TRY(check_writable());
  const Segments all = segments();
  Segments chosen;
  for (const std::size_t i : internal::choose_merge(all)) chosen.push_back(all[i]);
  if (chosen.empty()) return false;
  auto done = merge(chosen);
  if (!done) return pass(stop_on(std::move(done).error()));
  return true;
}

Result<void> TextIndex::State::merge_all() {
  const std::lock_guard lock(merge_mutex_);
  ATOLL_TRY(check_writable());
  const Segments all = segments();
  if (all.empty() || (all.size() == 1 && all[0]->removed() == 0)) return {};
  auto done = merge(all);
  if (!done) return pass(stop_on(std::move(done).error()));
  return {};
}

Stats TextIndex::State::stats() const {
  Stats stats;
  for (const auto& segment : segments()) {
    stats.removed += segment->removed();
    stats.documents += segment->docs() - segment->removed();
    stats.file_bytes += segment->info().file_bytes;
    stats.segment_bytes += segment->memory_bytes();
    ++stats.segments;
  }
  stats.buffered = buffered_;
  stats.buffer_bytes = buffer_bytes_;
  stats.cache_bytes = cache_.bytes();
  return stats;
}

Result<void> TextIndex::State::verify() const {
  for (const auto& segment : segments()) ATOLL_TRY(segment->verify());
  return {};
}

Result<std::unique_ptr<TextIndex>> TextIndex::open(const platform::Machine& machine, const std::string& folder,
                                                   const codec::SecretKey& key, const VaultId& vault,
                                                   const Schema& schema, const Options& options, bool writable) {
  auto state = std::make_unique<State>(machine, folder, key, vault, schema, options, writable);
  ATOLL_TRY(state->open());
  return std::unique_ptr<TextIndex>(new TextIndex(std::move(state)));
}

Result<void> TextIndex::remove_all(const platform::Machine& machine, const std::string& folder) {
  return platform::remove_tree(machine.files, folder);
}

TextIndex::TextIndex(std::unique_ptr<State> state) : state_(std::move(state)) {}
TextIndex::~TextIndex() = default;
Result<void> TextIndex::add(const Document& document) { return state_->add(document); }
Result<void> TextIndex::remove(DocumentId id) { return state_->remove(id); }
Result<void> TextIndex::flush(ByteView state) { return state_->flush(state); }
Bytes TextIndex::state() const { return state_->state(); }
bool TextIndex::wants_flush() const { return state_->wants_flush(); }
Result<bool> TextIndex::maybe_merge() { return state_->maybe_merge(); }
Result<void> TextIndex::merge_all() { return state_->merge_all(); }
Result<SearchResult> TextIndex::search(const SearchRequest& request) const {
  return internal::search_segments(state_->segments(), state_->schema(), request);
}
Result<std::vector<Suggestion>> TextIndex::suggest(std::string_view word, std::size_t limit) const {
  return internal::suggest_words(state_->segments(), word, limit);
}
Result<std::vector<std::uint64_t>> TextIndex::document_counts(std::span<const std::string> words) const {
  return internal::count_documents(state_->segments(), state_->schema(), words);
}
Result<void> TextIndex::verify() const { return state_->verify(); }
Stats TextIndex::stats() const { return state_->stats(); }

}  // namespace atl::text
