// The bytes of one file in the memory twin: sparse, shared between copies, copied on write.
//
// Always true:
//  - A copy is O(1); the first change after it copies the table of blocks, and each touched block once.
//  - A block without bytes is all zeros; what a block's bytes do not reach is zero; nothing is kept past size().
//  - A page (4 KiB) counts as allocated once any byte of it was written, zeros included, as on a disk.
// Thread rules: one Content from one thread at a time; copies of it are independent.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "foundation/base/bytes.h"

namespace atl::platform {

class Content {
 public:
  static constexpr std::uint64_t kPageBytes = 4096;
  static constexpr std::uint64_t kBlockBytes = 8 * kPageBytes;

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::uint64_t allocated_bytes() const { return allocated_pages_ * kPageBytes; }
  [[nodiscard]] std::size_t read(std::uint64_t offset, ByteSpan out) const;
  void write(std::uint64_t offset, ByteView data);
  void write_zeros(std::uint64_t offset, std::uint64_t length);
  void set_size(std::uint64_t size);
  // How much of a write of `length` at `offset` fits when at most `new_pages_max` pages may be added.
  [[nodiscard]] std::uint64_t fitting(std::uint64_t offset, std::uint64_t length, std::uint64_t new_pages_max) const;
  // Makes the blocks that touch the range equal to those of `from`, and the size too. With every range in which both
  // differ this makes them equal at the cost of the difference.
  void adopt(const Content& from, std::uint64_t offset, std::uint64_t length);

 private:
  struct Block {
    std::shared_ptr<Bytes> bytes;
    std::uint8_t pages = 0;  // bit i: page i of the block is allocated
  };
  using Blocks = std::map<std::uint64_t, Block>;

  Blocks& own_blocks();
  static Bytes& own_bytes(Block& block);
  static void clear(Block& block, std::uint64_t begin, std::uint64_t end);
  void mark(Block& block, std::uint64_t begin, std::uint64_t end);

  std::shared_ptr<Blocks> blocks_ = std::make_shared<Blocks>();
  std::uint64_t size_ = 0;
  std::uint64_t allocated_pages_ = 0;
};

[[nodiscard]] bool is_all_zero(ByteView bytes);

}  // namespace atl::platform
