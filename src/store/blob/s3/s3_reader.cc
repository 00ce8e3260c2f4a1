#include "store/blob/s3/s3_reader.h"

#include <algorithm>

namespace atl::blob {

std::optional<std::size_t> S3Reader::get_from_block(const std::string& key, std::uint64_t offset, ByteSpan out) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find_if(blocks_, [&](const auto& block) { return block->key == key; });
  if (found == blocks_.end()) return std::nullopt;
  const Block& block = **found;
  if (offset < block.offset || offset > block.offset + block.bytes.size()) return std::nullopt;
  const auto at = static_cast<std::size_t>(offset - block.offset);
  const std::size_t count = std::min(out.size(), block.bytes.size() - at);
  if (count < out.size() && !block.is_end) return std::nullopt;
  std::copy_n(block.bytes.begin() + static_cast<std::ptrdiff_t>(at), count, out.begin());
  blocks_.splice(blocks_.begin(), blocks_, found);
  return count;
}

Result<std::optional<std::size_t>> S3Reader::get(const std::string& key, std::uint64_t offset, ByteSpan out) {
  if (const auto known = get_from_block(key, offset, out)) return known;
  bool goes_on = false;
  std::uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    generation = generation_;
    for (const auto& block : blocks_) {
      const std::uint64_t end = block->offset + block->bytes.size();
      goes_on = goes_on || (block->key == key && offset <= end && offset + out.size() > end);
    }
  }
  auto block = std::make_shared<Block>();
  block->key = key;
  block->offset = offset;
  block->bytes.resize(std::max(out.size(), goes_on ? kBlockBytes : kFirstBytes));
  ATOLL_ASSIGN(const auto got, client_->get(key, offset, block->bytes));
  if (!got) return std::nullopt;
  block->is_end = *got < block->bytes.size();
  block->bytes.resize(*got);
  const std::size_t count = std::min(out.size(), block->bytes.size());
  std::copy_n(block->bytes.begin(), count, out.begin());
  const std::lock_guard lock(mutex_);
  if (generation != generation_) return count;
  std::erase_if(blocks_, [&](const auto& other) { return other->key == key; });
  blocks_.push_front(std::move(block));
  if (blocks_.size() > kBlocksMax) blocks_.pop_back();
  return count;
}

void S3Reader::forget(const std::string& key) {
  const std::lock_guard lock(mutex_);
  ++generation_;
  std::erase_if(blocks_, [&](const auto& block) { return block->key == key; });
}

}  // namespace atl::blob
