#include "derived/vector/internal/stored.h"

#include <algorithm>

namespace atl::vector::internal {
namespace {

constexpr std::size_t kOwnerBytes = 12;

std::uint64_t blocks_of_owners(std::uint64_t vectors, std::size_t block_bytes) {
  return (vectors * kOwnerBytes + block_bytes - 1) / block_bytes;
}

tl::unexpected<Error> bad_graph() {
  return damaged("vector.graph", "the graph of the vector index contradicts itself");
}

}  // namespace

std::size_t vectors_block_bytes(std::size_t dimension) {
  const std::size_t row = dimension * sizeof(std::uint16_t);
  return std::max<std::size_t>(1, 4096 / row) * row;
}

Result<SegmentWriter> SegmentWriter::create(const FileContext& context, std::uint64_t number, const Salt& salt,
                                            std::size_t dimension, const Nodes& nodes, std::span<const Node> written) {
  ATOLL_ASSIGN(auto file,
               SealedWriter::create(context, FileKind::vectors, number, salt, vectors_block_bytes(dimension)));
  Bytes owners;
  ByteWriter out(owners);
  for (const Node node : written) {
    out.put(nodes.document(node));
    out.put(nodes.part(node));
  }
  ATOLL_TRY(file->append(owners));
  ATOLL_TRY(file->end_block());
  return SegmentWriter(std::move(file), static_cast<std::uint32_t>(written.size()));
}

Result<void> SegmentWriter::append(std::span<const std::uint16_t> halves) {
  return file_->append({reinterpret_cast<const std::uint8_t*>(halves.data()), halves.size_bytes()});  // NOLINT
}

Result<SegmentInfo> SegmentWriter::finish() {
  ATOLL_ASSIGN(const FileInfo file, file_->finish());
  return SegmentInfo{file, vectors_};
}

Segment::Segment(const SegmentInfo& info, Node first, std::size_t dimension, std::unique_ptr<SealedFile> file)
    : info_(info),
      first_(first),
      dimension_(dimension),
      owner_blocks_(blocks_of_owners(info.vectors, vectors_block_bytes(dimension))),
      rows_per_block_(vectors_block_bytes(dimension) / (dimension * sizeof(std::uint16_t))),
      file_(std::move(file)) {}

Result<std::shared_ptr<const Segment>> Segment::open(const FileContext& context, const SegmentInfo& info, Node first,
                                                     std::size_t dimension) {
  const std::size_t block_bytes = vectors_block_bytes(dimension);
  const std::uint64_t expected = blocks_of_owners(info.vectors, block_bytes) * block_bytes +
                                 std::uint64_t{info.vectors} * dimension * sizeof(std::uint16_t);
  if (info.file.plain_bytes != expected) {
    return damaged("vector.length", "a file of vectors has not the length that its count of them needs");
  }
  ATOLL_ASSIGN(auto file, SealedFile::open(context, FileKind::vectors, info.file, block_bytes));
  return std::shared_ptr<const Segment>(new Segment(info, first, dimension, std::move(file)));
}

Result<void> Segment::pass_owners(SealedReader& in) const {
  std::array<std::uint8_t, kOwnerBytes> owner{};
  for (std::uint32_t i = 0; i < info_.vectors; ++i) ATOLL_TRY(in.read(owner));
  in.skip_block();
  return {};
}

Result<void> Segment::read_owners(const Nodes& nodes) const {
  SealedReader in(*file_);
  for (Node node = first_; node < end(); ++node) {
    Chunk& chunk = nodes.chunk_of(node);
    ATOLL_ASSIGN(chunk.document[node % kChunkNodes], in.get<std::uint64_t>());
    ATOLL_ASSIGN(chunk.part[node % kChunkNodes], in.get<std::uint32_t>());
    if (chunk.part[node % kChunkNodes] >= kPartsMax) {
      return damaged("vector.owner", "a file of vectors names an impossible part of a document");
    }
  }
  return {};
}

Result<Segment::Row> Segment::row(Node node, BlockCache& cache) const {
  const std::size_t at = node - first_;
  ATOLL_ASSIGN(BlockRef block, file_->read_block(owner_blocks_ + at / rows_per_block_, cache));
  const std::uint8_t* bytes = block->data() + (at % rows_per_block_) * dimension_ * sizeof(std::uint16_t);
  return Row{std::move(block), reinterpret_cast<const std::uint16_t*>(bytes)};  // NOLINT: aligned, as all rows are
}

Result<void> Segment::verify() const {
  for (std::uint64_t block = 0; block < file_->blocks(); ++block) ATOLL_TRY(file_->read_block(block));
  return {};
}

Result<void> encode_graph(const Nodes& nodes, Entry entry, std::uint32_t count, const Sink& sink) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.put(count);
  out.put(entry.node);
  out.put(static_cast<std::uint32_t>(entry.level));
  for (Node node = 0; node < count; ++node) {
    out.put(static_cast<std::uint8_t>(nodes.level(node)));
    out.put_bytes({reinterpret_cast<const std::uint8_t*>(nodes.code(node)), nodes.shape().dimension});  // NOLINT
    for (int level = 0; level <= nodes.level(node); ++level) {
      const Link* links = nodes.links(node, level);
      const std::size_t at = bytes.size();
      out.put(std::uint16_t{0});
      std::uint16_t used = 0;
      for (std::size_t i = 0; i < nodes.places(level); ++i) {
        const Node to = links[i].load(std::memory_order_acquire);
        if (to == kNoNode) break;
        if (to >= count) continue;
        out.put(to);
        ++used;
      }
      store_le(bytes.data() + at, used);
    }
    if (bytes.size() < kGraphBlockBytes) continue;
    ATOLL_TRY(sink(bytes));
    bytes.clear();
  }
  return sink(bytes);
}

Result<FileInfo> write_graph(const FileContext& context, std::uint64_t number, const Salt& salt, const Nodes& nodes,
                             Entry entry, std::uint32_t count) {
  ATOLL_ASSIGN(auto file, SealedWriter::create(context, FileKind::graph, number, salt, kGraphBlockBytes));
  ATOLL_TRY(encode_graph(nodes, entry, count, [&](ByteView bytes) { return file->append(bytes); }));
  return file->finish();
}

Result<Entry> read_graph(const FileContext& context, const FileInfo& info, const Nodes& nodes, std::uint32_t count) {
  ATOLL_ASSIGN(const auto file, SealedFile::open(context, FileKind::graph, info, kGraphBlockBytes));
  SealedReader in(*file);
  ATOLL_ASSIGN(const std::uint32_t stored_count, in.get<std::uint32_t>());
  Entry entry;
  ATOLL_ASSIGN(entry.node, in.get<std::uint32_t>());
  ATOLL_ASSIGN(const std::uint32_t entry_level, in.get<std::uint32_t>());
  if (stored_count != count || entry.node >= count || entry_level > kLevelsMax) return bad_graph();
  entry.level = static_cast<int>(entry_level);
  const Shape& shape = nodes.shape();
  std::vector<std::uint8_t> list(std::max(shape.links_lowest, shape.links_upper) * sizeof(Node));
  for (Node node = 0; node < count; ++node) {
    ATOLL_ASSIGN(const std::uint8_t level, in.get<std::uint8_t>());
    if (level > kLevelsMax) return bad_graph();
    nodes.set_level(node, level);
    std::int8_t* code = nodes.code(node);
    ATOLL_TRY(in.read({reinterpret_cast<std::uint8_t*>(code), shape.dimension}));  // NOLINT
    std::fill(code + shape.dimension, code + shape.code_bytes, std::int8_t{0});
    for (int at = 0; at <= level; ++at) {
      ATOLL_ASSIGN(const std::uint16_t used, in.get<std::uint16_t>());
      if (used > nodes.places(at)) return bad_graph();
      ATOLL_TRY(in.read(ByteSpan(list).first(used * sizeof(Node))));
      Link* links = nodes.links(node, at);
      for (std::size_t i = 0; i < used; ++i) {
        const auto to = load_le<std::uint32_t>(list.data() + i * sizeof(Node));
        if (to >= count) return bad_graph();
        links[i].store(to, std::memory_order_relaxed);
      }
    }
  }
  if (in.remaining() != 0 || nodes.level(entry.node) != entry.level) return bad_graph();
  // A list of a level may only lead to nodes that are in that level.
  for (Node node = 0; node < count; ++node) {
    for (int at = 1; at <= nodes.level(node); ++at) {
      const Link* links = nodes.links(node, at);
      for (std::size_t i = 0; i < nodes.places(at); ++i) {
        const Node to = links[i].load(std::memory_order_relaxed);
        if (to == kNoNode) break;
        if (nodes.level(to) < at) return bad_graph();
      }
    }
  }
  return entry;
}

}  // namespace atl::vector::internal
