#include "derived/vector/internal/stored.h"

#include <algorithm>

namespace atl::vector::internal {
namespace {

constexpr std::size_t kOwnerBytes = 12;

std::uint64_t blocks_of_owners(std::uint64_t vectors, std::size_t block_bytes) {
  return (vectors * kOwnerBytes + block_bytes - 1) / block_bytes;
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

Result<void> Segment::read_owners(const Nodes& nodes) const {
  Bytes owners(info_.vectors * kOwnerBytes);
  ATOLL_TRY(SealedReader(*file_).read(owners));
  for (Node node = first_; node < end(); ++node) {
    const std::uint8_t* at = owners.data() + (node - first_) * kOwnerBytes;
    Chunk& chunk = nodes.chunk_of(node);
    chunk.document[node % kChunkNodes] = load_le<std::uint64_t>(at);
    chunk.part[node % kChunkNodes] = load_le<std::uint32_t>(at + sizeof(std::uint64_t));
    if (chunk.part[node % kChunkNodes] >= kPartsMax) {
      return damaged("vector.owner", "a file of vectors names an impossible part of a document");
    }
  }
  return {};
}

Result<const std::uint16_t*> Segment::row(Node node, RowCache& cache, RowRoom& room) const {
  const std::size_t at = node - first_;
  room.row.resize(dimension_);
  const ByteSpan row = as_writable(room.row);
  if (cache.get(file_->info().number, at, row)) return room.row.data();
  const std::uint64_t block = owner_blocks_ + at / rows_per_block_;
  room.block.resize(file_->plain_bytes_of(block));
  ATOLL_TRY(file_->read_block_into(block, room.block, room.sealed));
  const ByteView there = ByteView(room.block).subspan(at % rows_per_block_ * row.size(), row.size());
  std::ranges::copy(there, row.begin());
  cache.put(file_->info().number, at, there);
  return room.row.data();
}

Result<void> Segment::verify() const {
  for (std::uint64_t block = 0; block < file_->blocks(); ++block) ATOLL_TRY(file_->read_block(block));
  return {};
}

}  // namespace atl::vector::internal
