// Files of vectors in half precision, with whose they are.
// Always true: what is read fits the shape of the index and its numbers; anything else is `damaged`.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "derived/vector/internal/manifest.h"
#include "derived/vector/internal/nodes.h"
#include "derived/vector/internal/row_cache.h"
#include "derived/vector/internal/sealed_file.h"

namespace atl::vector::internal {

// Blocks of files of vectors hold whole vectors, as many as there is room for in 4 KiB, at least one.
[[nodiscard]] std::size_t vectors_block_bytes(std::size_t dimension);

class SegmentWriter {
 public:
  // Vectors are given after all of `nodes`' owners, in the same order.
  [[nodiscard]] static Result<SegmentWriter> create(const FileContext& context, std::uint64_t number, const Salt& salt,
                                                    std::size_t dimension, const Nodes& nodes,
                                                    std::span<const Node> written);
  [[nodiscard]] Result<void> append(std::span<const std::uint16_t> halves);
  [[nodiscard]] Result<SegmentInfo> finish();

 private:
  SegmentWriter(std::unique_ptr<SealedWriter> file, std::uint32_t vectors)
      : file_(std::move(file)), vectors_(vectors) {}
  std::unique_ptr<SealedWriter> file_;
  std::uint32_t vectors_;
};

// Where a vector is read to; may be used again and again.
struct RowRoom {
  std::vector<std::uint16_t> row;
  Bytes block, sealed;
};

// One immutable file of vectors: of the nodes from first() on.
class Segment {
 public:
  [[nodiscard]] static Result<std::shared_ptr<const Segment>> open(const FileContext& context, const SegmentInfo& info,
                                                                   Node first, std::size_t dimension);
  [[nodiscard]] const SegmentInfo& info() const { return info_; }
  [[nodiscard]] Node first() const { return first_; }
  [[nodiscard]] Node end() const { return first_ + info_.vectors; }
  [[nodiscard]] std::uint64_t stored_bytes() const { return file_->stored_bytes(); }
  // Fills in document and part of its nodes, which `nodes` has room for.
  [[nodiscard]] Result<void> read_owners(const Nodes& nodes) const;
  // Every vector in order.
  template <class Visit>
  [[nodiscard]] Result<void> each(Visit visit) const {
    SealedReader in(*file_, owner_blocks_);
    std::vector<std::uint16_t> halves(dimension_);
    for (Node node = first_; node < end(); ++node) {
      ATOLL_TRY(in.read(as_writable(halves)));
      ATOLL_TRY(visit(node, std::span<const std::uint16_t>(halves)));
    }
    return {};
  }
  // The vector, good until `room` is used again.
  [[nodiscard]] Result<const std::uint16_t*> row(Node node, RowCache& cache, RowRoom& room) const;
  [[nodiscard]] Result<void> verify() const;

 private:
  Segment(const SegmentInfo& info, Node first, std::size_t dimension, std::unique_ptr<SealedFile> file);
  [[nodiscard]] static ByteSpan as_writable(std::span<std::uint16_t> halves) {
    return {reinterpret_cast<std::uint8_t*>(halves.data()), halves.size_bytes()};  // NOLINT
  }

  SegmentInfo info_;
  Node first_;
  std::size_t dimension_;
  std::uint64_t owner_blocks_;
  std::size_t rows_per_block_;
  std::unique_ptr<SealedFile> file_;
};

}  // namespace atl::vector::internal
