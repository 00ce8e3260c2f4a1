#include "derived/vector/internal/graph_file.h"

#include <algorithm>
#include <optional>

namespace atl::vector::internal {
namespace {

constexpr std::size_t kChunksAThread = 16;  // fewer are read before a thread has begun
constexpr unsigned kThreadsMax = 8;

tl::unexpected<Error> bad_graph() {
  return damaged("vector.graph", "the graph of the vector index contradicts itself");
}

std::uint32_t chunks_of(std::uint32_t count) {
  return static_cast<std::uint32_t>((count + kChunkNodes - 1) / kChunkNodes);
}

// Links as they are at this moment, without those to nodes that are not written.
void encode_links(std::span<Link> links, std::uint32_t count, ByteSpan out) {
  std::size_t used = 0;
  for (Link& link : links) {
    const Node to = AtomicLink(link).load(std::memory_order_acquire);
    if (to == kNoNode) break;
    if (to < count) store_le(out.data() + used++ * sizeof(Node), to);
  }
  std::ranges::fill(out.subspan(used * sizeof(Node)), std::uint8_t{0xFF});
}

// All chunks' blocks, each by the thread that comes to it first.
class ChunkReader {
 public:
  ChunkReader(const SealedFile& file, const Nodes& nodes, std::uint32_t count)
      : file_(file), nodes_(nodes), count_(count) {}

  Result<void> read(platform::Threads& threads) {
    const std::size_t wanted = chunks_of(count_) / kChunksAThread;
    std::vector<std::unique_ptr<platform::Thread>> helpers;
    for (std::size_t i = 1; i < std::min<std::size_t>({wanted, threads.hardware_count(), kThreadsMax}); ++i) {
      helpers.push_back(threads.start("vector-open", [this] { work(); }));
    }
    work();
    for (const auto& helper : helpers) helper->join();
    return error_ ? pass(std::move(*error_)) : Result<void>{};
  }

 private:
  void work() {
    Bytes sealed;
    for (std::uint32_t chunk = next_++; chunk < chunks_of(count_); chunk = next_++) {
      Result<void> done = read_chunk(chunk, sealed);
      if (done) continue;
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::move(done).error();
      next_ = chunks_of(count_);
    }
  }
  Result<void> read_chunk(std::uint32_t at, Bytes& sealed) {
    const Chunk& chunk = nodes_.chunk_of(static_cast<Node>(at * kChunkNodes));
    ATOLL_TRY(file_.read_block_into(at, chunk.body(), sealed));
    bool fits = true;
    for (const Link link : chunk.all_lowest()) fits = fits && (link < count_ || link == kNoNode);
    return fits ? Result<void>{} : bad_graph();
  }

  const SealedFile& file_;
  const Nodes& nodes_;
  const std::uint32_t count_;
  std::atomic<std::uint32_t> next_ = 0;
  std::mutex mutex_;
  std::optional<Error> error_;  // guarded by mutex_
};

// Behind the chunks: how many, where to enter, levels, and the lists above the lowest.
class TailReader {
 public:
  TailReader(const SealedFile& file, const Nodes& nodes, std::uint32_t count)
      : in_(file, chunks_of(count)), nodes_(nodes), count_(count) {}

  Result<Entry> read() {
    ATOLL_ASSIGN(const std::uint32_t stored_count, in_.get<std::uint32_t>());
    Entry entry;
    ATOLL_ASSIGN(entry.node, in_.get<std::uint32_t>());
    ATOLL_ASSIGN(const std::uint32_t entry_level, in_.get<std::uint32_t>());
    if (stored_count != count_ || entry.node >= count_ || entry_level > kLevelsMax) return bad_graph();
    entry.level = static_cast<int>(entry_level);
    Bytes levels(count_);
    ATOLL_TRY(in_.read(levels));
    Bytes list(nodes_.shape().links_upper * sizeof(Node));
    for (Node node = 0; node < count_; ++node) {
      if (levels[node] == 0) continue;
      if (levels[node] > kLevelsMax) return bad_graph();
      nodes_.set_level(node, levels[node]);
      for (int level = 1; level <= levels[node]; ++level) {
        ATOLL_TRY(in_.read(list));
        Link* links = nodes_.links(node, level);
        for (std::size_t i = 0; i < nodes_.shape().links_upper; ++i) {
          links[i] = load_le<Node>(list.data() + i * sizeof(Node));
          // A list of a level may only lead to nodes that are in that level.
          if (links[i] != kNoNode && (links[i] >= count_ || levels[links[i]] < level)) return bad_graph();
        }
      }
    }
    if (in_.remaining() != 0 || nodes_.level(entry.node) != entry.level) return bad_graph();
    return entry;
  }

 private:
  SealedReader in_;
  const Nodes& nodes_;
  const std::uint32_t count_;
};

}  // namespace

Result<void> encode_graph(const Nodes& nodes, Entry entry, std::uint32_t count, const Sink& sink) {
  const Shape& shape = nodes.shape();
  Bytes bytes(chunk_bytes(shape));
  for (Node first = 0; first < count; first += kChunkNodes) {
    const Chunk& chunk = nodes.chunk_of(first);
    const std::size_t used = std::min<std::size_t>(kChunkNodes, count - first);
    std::ranges::fill(bytes, std::uint8_t{0});
    std::copy_n(reinterpret_cast<const std::uint8_t*>(chunk.code(0)), used * shape.code_bytes,
                bytes.begin());  // NOLINT
    for (std::size_t i = 0; i < kChunkNodes; ++i) {
      const std::size_t list_bytes = shape.links_lowest * sizeof(Node);
      const ByteSpan out = ByteSpan(bytes).subspan(kChunkNodes * shape.code_bytes + i * list_bytes, list_bytes);
      encode_links({chunk.lowest(i), i < used ? shape.links_lowest : 0}, count, out);
    }
    ATOLL_TRY(sink(bytes));
  }
  Bytes tail;
  ByteWriter out(tail);
  out.put(count);
  out.put(entry.node);
  out.put(static_cast<std::uint32_t>(entry.level));
  for (Node node = 0; node < count; ++node) out.put(static_cast<std::uint8_t>(nodes.level(node)));
  for (Node node = 0; node < count; ++node) {
    for (int level = 1; level <= nodes.level(node); ++level) {
      const std::size_t at = tail.size();
      out.put_zeros(shape.links_upper * sizeof(Node));
      encode_links({nodes.links(node, level), shape.links_upper}, count, ByteSpan(tail).subspan(at));
    }
  }
  return sink(tail);
}

Result<FileInfo> write_graph(const FileContext& context, std::uint64_t number, const Salt& salt, const Nodes& nodes,
                             Entry entry, std::uint32_t count) {
  ATOLL_ASSIGN(auto file, SealedWriter::create(context, FileKind::graph, number, salt, chunk_bytes(nodes.shape())));
  ATOLL_TRY(encode_graph(nodes, entry, count, [&](ByteView bytes) { return file->append(bytes); }));
  return file->finish();
}

Result<LoadedGraph> read_graph(const FileContext& context, platform::Threads& threads, const FileInfo& info,
                               const Shape& shape, std::uint32_t count) {
  ATOLL_ASSIGN(const auto file, SealedFile::open(context, FileKind::graph, info, chunk_bytes(shape)));
  // Before there is room made for as many.
  if (file->blocks() <= chunks_of(count)) return bad_graph();
  LoadedGraph loaded;
  loaded.nodes = std::make_shared<Nodes>(shape);
  while (loaded.nodes->capacity() < count) loaded.nodes = loaded.nodes->grown(Chunk::Content::unset);
  ATOLL_TRY(ChunkReader(*file, *loaded.nodes, count).read(threads));
  ATOLL_ASSIGN(loaded.entry, TailReader(*file, *loaded.nodes, count).read());
  return loaded;
}

}  // namespace atl::vector::internal
