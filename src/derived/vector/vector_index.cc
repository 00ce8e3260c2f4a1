// See vector_index.h. What happens on disk, in this order, is all there is to crash safety:
//   flush:   vectors written and synced, removed marks and graph (if they are due) written and synced, folder synced,
//            manifest replaced (synced), view switched, old files deleted
//   rewrite, join: the same with other files
// so that every manifest that can be found after a crash names only files that are whole.
#include "derived/vector/vector_index.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <set>
#include <utility>

#include "derived/vector/internal/export.h"
#include "derived/vector/internal/graph_file.h"
#include "derived/vector/internal/manifest.h"
#include "derived/vector/internal/rewrite.h"
#include "derived/vector/internal/search.h"
#include "derived/vector/internal/view.h"

namespace atl::vector {
namespace {

using internal::Chunk;
using internal::Core;
using internal::FileInfo;
using internal::FileKind;
using internal::kChunkNodes;
using internal::Manifest;
using internal::Node;
using internal::Nodes;
using internal::PendingRows;
using internal::Segment;
using internal::SegmentInfo;
using internal::View;
using internal::ViewRef;

constexpr int kOpenAttempts = 8;
constexpr std::uint32_t kGraphFrom = 5000;   // vectors: below, looking at all is faster than any graph
constexpr std::uint32_t kNewestMost = 1000;  // that may wait, once there is a graph
constexpr std::uint32_t kBatch = 2048;       // taken into the graph in one step, for each thread
constexpr std::uint32_t kRemovedShare = 5;   // one in so many removed: rewrite
constexpr std::size_t kSegmentsPlenty = 8;
constexpr std::size_t kDocumentsAtOnce = 256;  // looked up while changes wait
constexpr float kScaleGrown = 1.3F;  // numbers have come to be so much greater than what they were rounded for
constexpr float kScaleShrunk = 0.6F;

std::uint64_t key_of(DocumentId document, std::uint32_t part) { return document * 0x9E37'79B9'7F4A'7C15 + part; }

internal::Shape shape_of(const Config& config) { return internal::make_shape(config.dimension, config.links); }

tl::unexpected<Error> no_direction() {
  return fail(ErrorKind::usage, "vector.no_direction",
              "a vector of zeros, or with a number that is not finite, cannot be compared with any other");
}

}  // namespace

bool has_direction(std::span<const float> vector) {
  std::vector<float> ignored;
  return internal::normalise(vector, ignored);
}

class VectorIndex::State {
 public:
  State(const platform::Machine& machine, std::string folder, const codec::SecretKey& key, const VaultId& vault,
        Config config, const Options& options, bool writable)
      : machine_(machine),
        folder_(std::move(folder)),
        key_(key.clone()),
        vault_(vault),
        config_(std::move(config)),
        options_(options),
        writable_(writable),
        context_{machine_.files, folder_, key_, vault_, options_.suite},
        cache_(options.cache_bytes_max, std::max(1U, config_.dimension) * sizeof(std::uint16_t)) {}

  Result<void> open();
  Result<void> put(DocumentId document, std::span<const float> parts);
  Result<void> flush(ByteView state);
  Result<bool> maybe_build(unsigned threads);
  Result<void> build_all(unsigned threads);
  Result<SearchResult> search(const SearchRequest& request) const;
  Result<std::vector<float>> vectors_of(DocumentId document) const;
  [[nodiscard]] bool contains(DocumentId document) const {
    const std::lock_guard lock(documents_mutex_);
    return documents_.find(*view()->nodes, document) != internal::kNoNode;
  }
  Result<void> export_readable(const std::string& folder) const;
  Result<void> verify() const;
  Stats stats() const;
  [[nodiscard]] Bytes state() const {
    const std::lock_guard lock(lists_mutex_);
    return manifest_.state;
  }
  [[nodiscard]] bool wants_flush() const {
    return pending_bytes_.load(std::memory_order_relaxed) * 2 >= options_.buffer_bytes_max;
  }
  [[nodiscard]] const Config& config() const { return config_; }

 private:
  [[nodiscard]] ViewRef view() const {
    const std::lock_guard lock(lists_mutex_);
    return view_;
  }
  void set_view(View view) {
    auto fresh = std::make_shared<const View>(std::move(view));
    const std::lock_guard lock(lists_mutex_);
    view_ = std::move(fresh);
  }
  [[nodiscard]] Manifest manifest() const {
    const std::lock_guard lock(lists_mutex_);
    return manifest_;
  }
  [[nodiscard]] internal::Salt fresh_salt() {
    internal::Salt salt{};
    machine_.random.fill(salt);
    return salt;
  }
  [[nodiscard]] std::size_t row_bytes() const { return config_.dimension * sizeof(std::uint16_t); }
  [[nodiscard]] Result<void> load(const Manifest& manifest);
  [[nodiscard]] Result<void> sweep(const Manifest& manifest);
  [[nodiscard]] Result<void> check_writable() const;
  [[nodiscard]] Result<void> ensure_room(std::uint32_t more);
  void mark_removed(DocumentId document);
  void add_row(const View& view, Node node, DocumentId document, std::uint32_t part, std::span<const float> vector);
  [[nodiscard]] Result<void> flush_locked(ByteView state);
  [[nodiscard]] Result<void> commit(Manifest manifest);
  [[nodiscard]] bool graph_is_due(const View& view, const Manifest& manifest) const;
  // None where the index was rewritten since the view was taken: its numbers are others then.
  [[nodiscard]] std::optional<std::vector<Node>> nodes_of(const View& view,
                                                          std::span<const DocumentId> documents) const;
  [[nodiscard]] bool wants_rewrite(const View& view) const;
  [[nodiscard]] Result<void> rewrite_all();
  void take_into_graph(std::uint32_t most, unsigned threads);
  [[nodiscard]] Result<bool> join_segments();
  void delete_file(FileKind kind, const FileInfo& file) {
    if (file.number == 0) return;
    // What is left behind is swept away at the next opening.
    ignore_error_on_purpose(
        machine_.files.remove_file(platform::join(folder_, internal::file_name(kind, file.number))));
  }
  template <class T>
  [[nodiscard]] Result<T> stopping(Result<T> result) {
    // After a failed write or sync nobody knows what is on disk; only "no space" leaves what was there as it was.
    if (!result && result.error().kind != ErrorKind::no_space && result.error().kind != ErrorKind::damaged &&
        result.error().kind != ErrorKind::limit) {
      stopped_ = true;
    }
    return result;
  }

  // Fixed after construction.
  const platform::Machine machine_;
  const std::string folder_;
  const codec::SecretKey key_;
  const VaultId vault_;
  const Config config_;
  const Options options_;
  const bool writable_;
  const internal::FileContext context_;

  // Protect themselves.
  mutable internal::RowCache cache_;
  std::atomic<bool> stopped_ = false;
  std::atomic<std::uint64_t> next_number_ = 1;
  std::atomic<std::size_t> pending_bytes_ = 0;

  // Order of locks: build, write, documents, lists. flush() takes build after write, but only if nobody has it.
  mutable std::mutex build_mutex_;      // the graph, and which files there are besides new ones at the end
  mutable std::mutex write_mutex_;      // numbers given out, files, manifest
  internal::Magnitudes magnitudes_;     // guarded by write_mutex_
  bool has_new_removals_ = false;       // guarded by write_mutex_
  mutable std::mutex documents_mutex_;  // held for moments only
  internal::DocumentTable documents_;   // guarded by documents_mutex_; of the view's nodes
  mutable std::mutex lists_mutex_;      // the fields below; held for moments only
  ViewRef view_;                        // changed under write_mutex_ too
  Manifest manifest_;                   // as on disk; changed under write_mutex_ too
};

Result<void> VectorIndex::State::check_writable() const {
  if (!writable_) return fail(ErrorKind::usage, "vector.read_only", "the vector index is open for reading only");
  if (stopped_) {
    return fail(ErrorKind::failed, "vector.stopped",
                "an earlier write of the vector index failed; it has to be reopened first");
  }
  return {};
}

Result<void> VectorIndex::State::open() {
  ATOLL_TRY(internal::check_config(config_));
  const std::string path = platform::join(folder_, internal::file_name(FileKind::manifest, 0));
  if (writable_) ATOLL_TRY(platform::create_directories(machine_.files, folder_));
  for (int attempt = 1;; ++attempt) {
    ATOLL_ASSIGN(const auto info, machine_.files.stat(path));
    Manifest manifest;
    manifest.config = config_;
    manifest.scale = internal::suitable_scale({}, config_.dimension);
    if (info) {
      ATOLL_ASSIGN(const Bytes stored, platform::read_whole(machine_.files, path, internal::kManifestBytesMax));
      ATOLL_ASSIGN(const Bytes plain, internal::open_whole(context_, FileKind::manifest, 0, stored));
      ATOLL_ASSIGN(manifest, internal::parse_manifest(plain));
    }
    if (manifest.config != config_) {
      return fail(ErrorKind::conflict, "vector.config_changed",
                  "the vector index was made for " + std::to_string(manifest.config.dimension) + " dimensions by \"" +
                      manifest.config.embedder + "\", not for " + std::to_string(config_.dimension) + " by \"" +
                      config_.embedder + "\"",
                  "another embedder, dimension or shape needs an index of its own");
    }
    if (writable_) ATOLL_TRY(sweep(manifest));
    Result<void> loaded = load(manifest);
    if (loaded || loaded.error().kind != ErrorKind::not_found) return loaded;
    // A writer in another process may have replaced a file since we read the manifest.
    if (writable_ || attempt == kOpenAttempts) {
      return internal::damaged("vector.missing", "a file of the vector index is missing");
    }
  }
}

Result<void> VectorIndex::State::load(const Manifest& manifest) {
  View view;
  view.core = std::make_shared<Core>(config_, manifest.scale);
  auto nodes = std::make_shared<Nodes>(shape_of(config_));
  if (manifest.graph.number != 0) {
    ATOLL_ASSIGN(const internal::LoadedGraph graph, internal::read_graph(context_, machine_.threads, manifest.graph,
                                                                         nodes->shape(), manifest.graph_vectors));
    view.core->graph.set_entry(graph.entry);
    view.core->graph_count = manifest.graph_vectors;
    nodes = graph.nodes;
  }
  const auto count = static_cast<std::uint32_t>(manifest.vectors());
  Node first = 0;
  for (const SegmentInfo& info : manifest.segments) {
    ATOLL_ASSIGN(auto segment, Segment::open(context_, info, first, config_.dimension));
    first += info.vectors;
    while (nodes->capacity() < first) nodes = nodes->grown();
    ATOLL_TRY(segment->read_owners(*nodes));
    view.segments.push_back(std::move(segment));
  }
  view.first_pending = count;
  if (manifest.removed.number != 0) {
    ATOLL_ASSIGN(const Bytes bits, internal::read_whole_file(context_, FileKind::removed, manifest.removed));
    for (Node node = 0; node < count; ++node) {
      if ((bits[node / 8] >> (node % 8) & 1U) == 0) continue;
      nodes->removed(node) = true;
      ++view.core->removed_count;
    }
  }
  std::vector<float> numbers(config_.dimension);
  for (const auto& segment : view.segments) {
    if (segment->end() <= manifest.graph_vectors) continue;
    ATOLL_TRY(segment->each([&](Node node, std::span<const std::uint16_t> halves) -> Result<void> {
      if (node < manifest.graph_vectors) return {};
      std::ranges::transform(halves, numbers.begin(), internal::from_half);
      internal::round_to_codes(numbers, manifest.scale, {nodes->code(node), nodes->shape().code_bytes});
      nodes->set_level(node, view.core->graph.level_for(key_of(nodes->document(node), nodes->part(node))));
      return {};
    }));
  }
  view.core->count = count;
  view.nodes = nodes;
  documents_.clear();
  documents_.reserve(*nodes, count);
  for (Node node = 0; node < count; ++node) {
    if (!nodes->is_removed(node) && nodes->part(node) == 0) documents_.set(*nodes, nodes->document(node), node);
  }
  magnitudes_ = manifest.magnitudes;
  next_number_ = manifest.next_number;
  set_view(std::move(view));
  const std::lock_guard lock(lists_mutex_);
  manifest_ = manifest;
  return {};
}

Result<void> VectorIndex::State::sweep(const Manifest& manifest) {
  std::set<std::string> keep{internal::file_name(FileKind::manifest, 0),
                             internal::file_name(FileKind::graph, manifest.graph.number),
                             internal::file_name(FileKind::removed, manifest.removed.number)};
  for (const SegmentInfo& segment : manifest.segments) {
    keep.insert(internal::file_name(FileKind::vectors, segment.file.number));
  }
  ATOLL_ASSIGN(const auto entries, machine_.files.list(folder_));
  for (const auto& entry : entries) {
    if (entry.kind != platform::FileKind::file || keep.contains(entry.name)) continue;
    ATOLL_TRY(machine_.files.remove_file(platform::join(folder_, entry.name)));
  }
  return {};
}

// ---- changes

Result<void> VectorIndex::State::ensure_room(std::uint32_t more) {
  View view = *this->view();
  const std::size_t needed = std::size_t{view.core->count} + more;
  if (needed > kVectorsMax) {
    return fail(ErrorKind::limit, "vector.full",
                "a vector index holds at most 67 million vectors, removed ones included",
                "let it be rebuilt without the removed ones first");
  }
  if (needed <= view.room()) return {};
  while (view.nodes->capacity() < needed) view.nodes = view.nodes->grown();
  while (view.room() < needed) view.pending.push_back(std::make_shared<PendingRows>(config_.dimension));
  set_view(std::move(view));
  return {};
}

void VectorIndex::State::mark_removed(DocumentId document) {
  const ViewRef view = this->view();
  const auto nodes = nodes_of(*view, {&document, 1});
  ATOLL_INVARIANT(nodes, "an index was rewritten while it was changed");
  for (const Node node : *nodes) {
    view->nodes->removed(node).store(true, std::memory_order_relaxed);
    ++view->core->removed_count;
    has_new_removals_ = true;
  }
  const std::lock_guard lock(documents_mutex_);
  documents_.erase(*view->nodes, document);
}

void VectorIndex::State::add_row(const View& view, Node node, DocumentId document, std::uint32_t part,
                                 std::span<const float> vector) {
  const Nodes& nodes = *view.nodes;
  std::uint16_t* halves = view.pending_row(node);
  std::vector<float> numbers(vector.size());
  for (std::size_t i = 0; i < vector.size(); ++i) {
    halves[i] = internal::to_half(vector[i]);
    numbers[i] = internal::from_half(halves[i]);
    magnitudes_.add(numbers[i]);
  }
  internal::round_to_codes(numbers, view.core->scale, {nodes.code(node), nodes.shape().code_bytes});
  Chunk& chunk = nodes.chunk_of(node);
  chunk.document[node % kChunkNodes] = document;
  chunk.part[node % kChunkNodes] = part;
  nodes.set_level(node, view.core->graph.level_for(key_of(document, part)));
}

Result<void> VectorIndex::State::put(DocumentId document, std::span<const float> parts) {
  if (parts.size() % config_.dimension != 0) {
    return fail(ErrorKind::usage, "vector.dimension",
                "this vector index is for vectors of " + std::to_string(config_.dimension) +
                    " numbers, and what was given is not a multiple of that");
  }
  const std::size_t rows = parts.size() / config_.dimension;
  if (rows > kPartsMax) {
    return fail(ErrorKind::limit, "vector.parts", "a document of the vector index has at most 65,536 parts");
  }
  std::vector<float> ready;
  std::vector<float> row;
  for (std::size_t i = 0; i < rows; ++i) {
    if (!internal::normalise(parts.subspan(i * config_.dimension, config_.dimension), row)) return no_direction();
    ready.insert(ready.end(), row.begin(), row.end());
  }
  const std::lock_guard lock(write_mutex_);
  ATOLL_TRY(check_writable());
  if (pending_bytes_ >= options_.buffer_bytes_max) ATOLL_TRY(stopping(flush_locked(state())));
  if (rows > 0) ATOLL_TRY(ensure_room(static_cast<std::uint32_t>(rows)));
  mark_removed(document);
  if (rows == 0) return {};
  const ViewRef view = this->view();
  const Node first = view->core->count;
  for (std::uint32_t part = 0; part < rows; ++part) {
    add_row(*view, first + part, document, part,
            std::span<const float>(ready).subspan(std::size_t{part} * config_.dimension, config_.dimension));
  }
  view->core->count.store(first + static_cast<std::uint32_t>(rows), std::memory_order_release);
  pending_bytes_ += rows * row_bytes();
  const std::lock_guard documents_lock(documents_mutex_);
  documents_.set(*view->nodes, document, first);
  return {};
}

std::optional<std::vector<Node>> VectorIndex::State::nodes_of(const View& view,
                                                              std::span<const DocumentId> documents) const {
  std::vector<Node> nodes;
  const std::uint32_t count = view.count();
  for (std::size_t begin = 0; begin < documents.size(); begin += kDocumentsAtOnce) {
    const std::lock_guard lock(documents_mutex_);
    const ViewRef now = this->view();
    if (now->core != view.core) return std::nullopt;
    for (const DocumentId document : documents.subspan(begin, std::min(kDocumentsAtOnce, documents.size() - begin))) {
      Node node = documents_.find(*now->nodes, document);
      for (std::uint32_t part = 0; node < count && view.nodes->document(node) == document &&
                                   view.nodes->part(node) == part && !view.nodes->is_removed(node);
           ++part) {
        nodes.push_back(node++);
      }
    }
  }
  std::ranges::sort(nodes);
  return nodes;
}

Result<void> VectorIndex::State::flush(ByteView state) {
  if (state.size() > internal::kStateBytesMax) {
    return fail(ErrorKind::usage, "vector.state_length", "the state kept with a vector index has at most 64 KiB");
  }
  const std::lock_guard lock(write_mutex_);
  ATOLL_TRY(check_writable());
  return stopping(flush_locked(state));
}

// Links change with every insertion, so the graph is written only when an eighth of it is new: what it lacks is taken
// in again after an opening.
bool VectorIndex::State::graph_is_due(const View& view, const Manifest& manifest) const {
  const std::uint32_t in_graph = view.core->graph_count;
  const std::uint32_t fresh = in_graph - std::min(in_graph, manifest.graph_vectors);
  return fresh > 0 && std::uint64_t{fresh} * 8 >= manifest.graph_vectors;
}

Result<void> VectorIndex::State::commit(Manifest manifest) {
  manifest.next_number = next_number_;
  manifest.magnitudes = magnitudes_;
  const Bytes sealed = internal::seal_whole(context_, FileKind::manifest, 0, fresh_salt(), internal::encode(manifest));
  ATOLL_TRY(machine_.files.sync_directory(folder_));
  ATOLL_TRY(platform::replace_whole(machine_.files, platform::join(folder_, internal::file_name(FileKind::manifest, 0)),
                                    sealed));
  const std::lock_guard lock(lists_mutex_);
  manifest_ = std::move(manifest);
  return {};
}

Result<void> VectorIndex::State::flush_locked(ByteView state) {
  const ViewRef before = view();
  const Manifest old = manifest();
  Manifest manifest = old;
  manifest.state = to_bytes(state);
  View view = *before;
  const std::uint32_t count = view.core->count;
  if (count > view.first_pending) {
    if (manifest.segments.size() >= internal::kSegmentsMax) {
      return fail(ErrorKind::limit, "vector.segments", "the vector index consists of too many files",
                  "let it join them (maybe_build) before more is flushed");
    }
    std::vector<Node> written;
    for (Node node = view.first_pending; node < count; ++node) written.push_back(node);
    const auto write = [&]() -> Result<SegmentInfo> {
      ATOLL_ASSIGN(auto writer, internal::SegmentWriter::create(context_, next_number_++, fresh_salt(),
                                                                config_.dimension, *view.nodes, written));
      for (const Node node : written) ATOLL_TRY(writer.append({view.pending_row(node), config_.dimension}));
      return writer.finish();
    };
    const std::uint64_t number = next_number_;
    auto info = write();
    if (!info) {
      delete_file(FileKind::vectors, {number, 0, {}});
      return pass(std::move(info).error());
    }
    ATOLL_ASSIGN(auto segment, Segment::open(context_, *info, view.first_pending, config_.dimension));
    manifest.segments.push_back(*info);
    view.segments.push_back(std::move(segment));
    view.first_pending = count;
    view.pending.clear();
  }
  // Also where there are more vectors than the marks on disk are for.
  if (has_new_removals_ || (manifest.removed.number != 0 && count > before->first_pending)) {
    Bytes bits((count + 7) / 8);
    for (Node node = 0; node < count; ++node) {
      if (view.nodes->is_removed(node)) bits[node / 8] = static_cast<std::uint8_t>(bits[node / 8] | 1U << (node % 8));
    }
    ATOLL_ASSIGN(manifest.removed,
                 internal::write_whole(context_, FileKind::removed, next_number_++, fresh_salt(), bits));
  }
  if (const std::unique_lock build(build_mutex_, std::try_to_lock); build && graph_is_due(view, manifest)) {
    manifest.graph_vectors = view.core->graph_count;
    ATOLL_ASSIGN(manifest.graph, internal::write_graph(context_, next_number_++, fresh_salt(), *view.nodes,
                                                       view.core->graph.entry(), manifest.graph_vectors));
  }
  const bool is_same = manifest.segments.size() == old.segments.size() && manifest.graph.number == old.graph.number &&
                       manifest.removed.number == old.removed.number && manifest.state == old.state;
  if (is_same) return {};
  ATOLL_TRY(commit(manifest));
  set_view(std::move(view));
  pending_bytes_ = 0;
  has_new_removals_ = false;
  if (manifest.graph.number != old.graph.number) delete_file(FileKind::graph, old.graph);
  if (manifest.removed.number != old.removed.number) delete_file(FileKind::removed, old.removed);
  return {};
}

// ---- what makes searches faster

bool VectorIndex::State::wants_rewrite(const View& view) const {
  const std::uint32_t count = view.core->count;
  if (count == 0) return false;
  const std::uint32_t removed = view.core->removed_count;
  if (removed >= 64 && std::uint64_t{removed} * kRemovedShare >= count) return true;
  const float wanted = internal::suitable_scale(magnitudes_, config_.dimension);
  return wanted > view.core->scale * kScaleGrown || wanted < view.core->scale * kScaleShrunk;
}

Result<void> VectorIndex::State::rewrite_all() {
  const ViewRef before = view();
  const std::uint64_t number = next_number_++;
  auto made = internal::rewrite(context_, *before, config_, number, fresh_salt());
  if (!made) {
    delete_file(FileKind::vectors, {number, 0, {}});
    return pass(std::move(made).error());
  }
  const Manifest old = manifest();
  Manifest manifest = old;
  View view;
  view.core = made->core;
  view.nodes = made->nodes;
  view.first_pending = made->core->count;
  manifest.segments.clear();
  if (made->segment) {
    ATOLL_ASSIGN(auto segment, Segment::open(context_, *made->segment, 0, config_.dimension));
    manifest.segments.push_back(*made->segment);
    view.segments.push_back(std::move(segment));
  }
  manifest.scale = made->core->scale;
  manifest.removed = {};
  manifest.graph = {};
  manifest.graph_vectors = made->core->graph_count;
  if (manifest.graph_vectors > 0) {
    ATOLL_ASSIGN(manifest.graph, internal::write_graph(context_, next_number_++, fresh_salt(), *view.nodes,
                                                       view.core->graph.entry(), manifest.graph_vectors));
  }
  magnitudes_ = made->magnitudes;
  ATOLL_TRY(commit(manifest));
  {
    const std::lock_guard lock(documents_mutex_);
    documents_.clear();
    for (Node node = 0; node < view.first_pending; ++node) {
      if (view.nodes->part(node) == 0) documents_.set(*view.nodes, view.nodes->document(node), node);
    }
    set_view(std::move(view));
  }
  pending_bytes_ = 0;
  has_new_removals_ = false;
  for (const SegmentInfo& segment : old.segments) delete_file(FileKind::vectors, segment.file);
  delete_file(FileKind::graph, old.graph);
  delete_file(FileKind::removed, old.removed);
  return {};
}

void VectorIndex::State::take_into_graph(std::uint32_t most, unsigned threads) {
  const ViewRef view = this->view();
  const std::uint32_t begin = view->core->graph_count;
  const std::uint32_t end = begin + std::min(most, view->count() - begin);
  std::atomic<std::uint32_t> next = begin;
  const auto work = [&] {
    for (std::uint32_t node = next++; node < end; node = next++) {
      if (!view->nodes->is_removed(node)) view->core->graph.insert(*view->nodes, node);
    }
  };
  std::vector<std::unique_ptr<platform::Thread>> helpers;
  for (unsigned i = 1; i < threads; ++i) helpers.push_back(machine_.threads.start("vector-build", work));
  work();
  for (const auto& helper : helpers) helper->join();
  view->core->graph_count.store(end, std::memory_order_release);
}

// Joins the files at the end that are small beside those behind them, so that there are few and each byte is copied
// only a few times.
Result<bool> VectorIndex::State::join_segments() {
  const ViewRef before = view();
  const auto& all = before->segments;
  if (all.size() <= kSegmentsPlenty) return false;
  std::size_t from = all.size() - 1;
  std::uint64_t joined = all[from]->info().vectors;
  while (from > 0 && all[from - 1]->info().vectors <= 2 * joined) joined += all[--from]->info().vectors;
  if (from + 1 >= all.size()) return false;
  const std::uint64_t number = next_number_++;
  const auto write = [&]() -> Result<SegmentInfo> {
    std::vector<Node> written;
    for (Node node = all[from]->first(); node < all.back()->end(); ++node) written.push_back(node);
    ATOLL_ASSIGN(auto writer, internal::SegmentWriter::create(context_, number, fresh_salt(), config_.dimension,
                                                              *before->nodes, written));
    for (std::size_t i = from; i < all.size(); ++i) {
      ATOLL_TRY(all[i]->each([&](Node, std::span<const std::uint16_t> halves) { return writer.append(halves); }));
    }
    return writer.finish();
  };
  auto info = write();
  if (!info) {
    delete_file(FileKind::vectors, {number, 0, {}});
    return pass(std::move(info).error());
  }
  ATOLL_ASSIGN(auto segment, Segment::open(context_, *info, all[from]->first(), config_.dimension));
  const std::lock_guard lock(write_mutex_);
  Manifest manifest = this->manifest();
  const auto begin = manifest.segments.begin() + static_cast<std::ptrdiff_t>(from);
  manifest.segments.erase(begin + 1, begin + static_cast<std::ptrdiff_t>(all.size() - from));
  manifest.segments[from] = *info;
  View view = *this->view();
  const auto old = view.segments.begin() + static_cast<std::ptrdiff_t>(from);
  view.segments.erase(old + 1, old + static_cast<std::ptrdiff_t>(all.size() - from));
  view.segments[from] = std::move(segment);
  ATOLL_TRY(commit(std::move(manifest)));
  set_view(std::move(view));
  for (std::size_t i = from; i < all.size(); ++i) delete_file(FileKind::vectors, all[i]->info().file);
  return true;
}

Result<bool> VectorIndex::State::maybe_build(unsigned threads) {
  const std::lock_guard build(build_mutex_);
  {
    const std::lock_guard lock(write_mutex_);
    ATOLL_TRY(check_writable());
    if (wants_rewrite(*view())) {
      ATOLL_TRY(stopping(rewrite_all()));
      return true;
    }
  }
  const ViewRef view = this->view();
  const std::uint32_t in_graph = view->core->graph_count;
  const std::uint32_t waiting = view->count() - in_graph;
  if (waiting >= (in_graph == 0 ? kGraphFrom : kNewestMost)) {
    take_into_graph(kBatch * std::max(1U, threads), threads);
    return true;
  }
  return stopping(join_segments());
}

Result<void> VectorIndex::State::build_all(unsigned threads) {
  const std::lock_guard build(build_mutex_);
  {
    const std::lock_guard lock(write_mutex_);
    ATOLL_TRY(check_writable());
    const ViewRef view = this->view();
    if (view->core->removed_count > 0 || wants_rewrite(*view)) ATOLL_TRY(stopping(rewrite_all()));
  }
  take_into_graph(kVectorsMax, threads);
  return {};
}

// ---- reading

Result<SearchResult> VectorIndex::State::search(const SearchRequest& request) const {
  if (request.vector.size() != config_.dimension) {
    return fail(ErrorKind::usage, "vector.dimension",
                "this vector index is for vectors of " + std::to_string(config_.dimension) +
                    " numbers, and the question has " + std::to_string(request.vector.size()));
  }
  if (!has_direction(request.vector)) return no_direction();
  if (request.limit > 10'000) {
    return fail(ErrorKind::usage, "vector.limit", "a search of the vector index gives at most 10,000 hits");
  }
  if (request.only && std::ranges::adjacent_find(*request.only, std::greater_equal<>()) != request.only->end()) {
    return fail(ErrorKind::usage, "vector.filter_order",
                "the documents of a filter stand in ascending order, each once");
  }
  const std::uint32_t width = request.width == 0 ? options_.search_width : request.width;
  std::uint64_t documents = 0;
  {
    const std::lock_guard lock(documents_mutex_);
    documents = documents_.size();
  }
  if (!request.only) return internal::search_view(*view(), request, nullptr, width, documents, cache_);
  while (true) {
    const ViewRef view = this->view();
    bool is_stale = false;
    const internal::Filter filter{*request.only, [&](std::span<const DocumentId> wanted) {
                                    auto nodes = nodes_of(*view, wanted);
                                    is_stale = !nodes;
                                    return std::move(nodes).value_or(std::vector<Node>());
                                  }};
    auto result = internal::search_view(*view, request, &filter, width, documents, cache_);
    if (!is_stale) return result;
  }
}

Result<std::vector<float>> VectorIndex::State::vectors_of(DocumentId document) const {
  while (true) {
    const ViewRef view = this->view();
    const auto nodes = nodes_of(*view, {&document, 1});
    if (!nodes) continue;
    std::vector<float> vectors;
    internal::RowRoom room;
    for (const Node node : *nodes) {
      ATOLL_ASSIGN(const std::uint16_t* const halves, view->row(node, cache_, room));
      for (std::size_t i = 0; i < config_.dimension; ++i) vectors.push_back(internal::from_half(halves[i]));
    }
    return vectors;
  }
}

Result<void> VectorIndex::State::export_readable(const std::string& folder) const {
  const std::lock_guard build(build_mutex_);
  return internal::export_view(machine_.files, folder, *view(), config_, options_.search_width);
}

Result<void> VectorIndex::State::verify() const {
  const std::lock_guard lock(write_mutex_);
  const Manifest manifest = this->manifest();
  for (const auto& segment : view()->segments) ATOLL_TRY(segment->verify());
  if (manifest.removed.number != 0) {
    ATOLL_TRY(internal::read_whole_file(context_, FileKind::removed, manifest.removed));
  }
  if (manifest.graph.number == 0) return {};
  ATOLL_TRY(
      internal::read_graph(context_, machine_.threads, manifest.graph, shape_of(config_), manifest.graph_vectors));
  return {};
}

Stats VectorIndex::State::stats() const {
  Stats stats;
  const ViewRef view = this->view();
  const Manifest manifest = this->manifest();
  stats.removed = view->core->removed_count;
  const std::uint64_t count = view->count();
  stats.vectors = count - std::min(count, stats.removed);  // a put beside this may have counted more

  stats.in_graph = view->core->graph_count;
  stats.unflushed = count - view->first_pending;
  for (const auto& segment : view->segments) stats.file_bytes += segment->stored_bytes();
  stats.file_bytes += manifest.graph.plain_bytes + manifest.removed.plain_bytes;
  stats.cache_bytes = cache_.bytes();
  stats.memory_bytes = view->nodes->memory_bytes() + view->pending.size() * kChunkNodes * row_bytes();
  const std::lock_guard lock(documents_mutex_);
  stats.documents = documents_.size();
  stats.memory_bytes += documents_.memory_bytes();
  return stats;
}

Result<std::unique_ptr<VectorIndex>> VectorIndex::open(const platform::Machine& machine, const std::string& folder,
                                                       const codec::SecretKey& key, const VaultId& vault,
                                                       const Config& config, const Options& options, bool writable) {
  auto state = std::make_unique<State>(machine, folder, key, vault, config, options, writable);
  ATOLL_TRY(state->open());
  return std::unique_ptr<VectorIndex>(new VectorIndex(std::move(state)));
}

Result<void> VectorIndex::remove_all(const platform::Machine& machine, const std::string& folder) {
  return platform::remove_tree(machine.files, folder);
}

VectorIndex::VectorIndex(std::unique_ptr<State> state) : state_(std::move(state)) {}
VectorIndex::~VectorIndex() = default;
Result<void> VectorIndex::put(DocumentId document, std::span<const float> parts) {
  return state_->put(document, parts);
}
Result<void> VectorIndex::remove(DocumentId document) { return state_->put(document, {}); }
Result<void> VectorIndex::flush(ByteView state) { return state_->flush(state); }
Bytes VectorIndex::state() const { return state_->state(); }
bool VectorIndex::wants_flush() const { return state_->wants_flush(); }
Result<bool> VectorIndex::maybe_build(unsigned threads) { return state_->maybe_build(threads); }
Result<void> VectorIndex::build_all(unsigned threads) { return state_->build_all(threads); }
Result<SearchResult> VectorIndex::search(const SearchRequest& request) const { return state_->search(request); }
Result<std::vector<float>> VectorIndex::vectors_of(DocumentId document) const { return state_->vectors_of(document); }
bool VectorIndex::contains(DocumentId document) const { return state_->contains(document); }
Result<void> VectorIndex::export_readable(const std::string& folder) const { return state_->export_readable(folder); }
Result<void> VectorIndex::verify() const { return state_->verify(); }
Stats VectorIndex::stats() const { return state_->stats(); }
const Config& VectorIndex::config() const { return state_->config(); }

}  // namespace atl::vector
