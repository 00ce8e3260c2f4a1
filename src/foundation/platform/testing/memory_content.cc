#include "foundation/platform/testing/memory_content.h"

#include <algorithm>
#include <atomic>
#include <bit>

namespace atl::platform {
namespace {

// Calls visit(block number, begin in block, end in block, done so far) for each block of the range.
template <class Visit>
void for_each_block(std::uint64_t offset, std::uint64_t length, Visit visit) {
  for (std::uint64_t done = 0; done < length;) {
    const std::uint64_t begin = (offset + done) % Content::kBlockBytes;
    const std::uint64_t end = std::min(Content::kBlockBytes, begin + (length - done));
    visit((offset + done) / Content::kBlockBytes, begin, end, done);
    done += end - begin;
  }
}

std::uint8_t page_mask(std::uint64_t begin, std::uint64_t end) {
  const auto first = static_cast<unsigned>(begin / Content::kPageBytes);
  const auto last = static_cast<unsigned>((end - 1) / Content::kPageBytes);
  return static_cast<std::uint8_t>((0xffU << first) & (0xffU >> (7 - last)));
}

#if defined(__SANITIZE_THREAD__)
#define ATOLL_UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ATOLL_UNDER_TSAN 1
#endif
#endif

template <class T>
bool is_shared(const std::shared_ptr<T>& pointer) {
#if defined(ATOLL_UNDER_TSAN)
  static_cast<void>(pointer);
  return true;  // it does not understand the fence below; copying each time is right as well
#else
  if (pointer.use_count() > 1) return true;
  // Another owner may have let go in another thread a moment ago; its reads must be over before our writes begin.
  std::atomic_thread_fence(std::memory_order_acquire);
  return false;
#endif
}

}  // namespace

bool is_all_zero(ByteView bytes) {
  if (bytes.empty()) return true;
  return bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

Content::Blocks& Content::own_blocks() {
  if (is_shared(blocks_)) blocks_ = std::make_shared<Blocks>(*blocks_);
  return *blocks_;
}

Bytes& Content::own_bytes(Block& block) {
  if (!block.bytes) {
    block.bytes = std::make_shared<Bytes>();
  } else if (is_shared(block.bytes)) {
    block.bytes = std::make_shared<Bytes>(*block.bytes);
  }
  return *block.bytes;
}

void Content::mark(Block& block, std::uint64_t begin, std::uint64_t end) {
  const auto before = std::popcount(block.pages);
  block.pages = static_cast<std::uint8_t>(block.pages | page_mask(begin, end));
  allocated_pages_ += static_cast<std::uint64_t>(std::popcount(block.pages) - before);
}

std::size_t Content::read(std::uint64_t offset, ByteSpan out) const {
  if (offset >= size_) return 0;
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_ - offset));
  for_each_block(offset, count, [&](std::uint64_t number, std::uint64_t begin, std::uint64_t end, std::uint64_t done) {
    const auto to = out.subspan(static_cast<std::size_t>(done), static_cast<std::size_t>(end - begin));
    const auto block = blocks_->find(number);
    std::size_t copied = 0;
    if (block != blocks_->end() && block->second.bytes && block->second.bytes->size() > begin) {
      const Bytes& bytes = *block->second.bytes;
      copied = std::min(to.size(), bytes.size() - static_cast<std::size_t>(begin));
      std::memcpy(to.data(), bytes.data() + begin, copied);
    }
    std::fill(to.begin() + static_cast<std::ptrdiff_t>(copied), to.end(), std::uint8_t{0});
  });
  return count;
}

void Content::write(std::uint64_t offset, ByteView data) {
  if (data.empty()) return;
  Blocks& blocks = own_blocks();
  for_each_block(
      offset, data.size(), [&](std::uint64_t number, std::uint64_t begin, std::uint64_t end, std::uint64_t done) {
        const auto from = data.subspan(static_cast<std::size_t>(done), static_cast<std::size_t>(end - begin));
        Block& block = blocks[number];
        mark(block, begin, end);
        if (is_all_zero(from)) {
          clear(block, begin, end);
          return;
        }
        Bytes& bytes = own_bytes(block);
        if (bytes.size() < end) bytes.resize(static_cast<std::size_t>(end));
        std::memcpy(bytes.data() + begin, from.data(), from.size());
      });
  size_ = std::max(size_, offset + data.size());
}

void Content::write_zeros(std::uint64_t offset, std::uint64_t length) {
  if (length == 0) return;
  Blocks& blocks = own_blocks();
  for_each_block(offset, length, [&](std::uint64_t number, std::uint64_t begin, std::uint64_t end, std::uint64_t) {
    Block& block = blocks[number];
    mark(block, begin, end);
    clear(block, begin, end);
  });
  size_ = std::max(size_, offset + length);
}

void Content::clear(Block& block, std::uint64_t begin, std::uint64_t end) {
  if (!block.bytes || block.bytes->size() <= begin) return;
  if (begin == 0 && end >= block.bytes->size()) {
    block.bytes.reset();
    return;
  }
  Bytes& bytes = own_bytes(block);
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
            bytes.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(end, bytes.size())), std::uint8_t{0});
}

void Content::set_size(std::uint64_t size) {
  if (size < size_) {
    Blocks& blocks = own_blocks();
    const std::uint64_t number = size / kBlockBytes;
    const std::uint64_t kept = size % kBlockBytes;
    auto at = blocks.lower_bound(number);
    if (kept > 0 && at != blocks.end() && at->first == number) {
      Block& block = at->second;
      if (block.bytes && block.bytes->size() > kept) own_bytes(block).resize(static_cast<std::size_t>(kept));
      const auto before = std::popcount(block.pages);
      block.pages = static_cast<std::uint8_t>(block.pages & page_mask(0, kept));
      allocated_pages_ -= static_cast<std::uint64_t>(before - std::popcount(block.pages));
      ++at;
    }
    while (at != blocks.end()) {
      allocated_pages_ -= static_cast<std::uint64_t>(std::popcount(at->second.pages));
      at = blocks.erase(at);
    }
  }
  size_ = size;
}

std::uint64_t Content::fitting(std::uint64_t offset, std::uint64_t length, std::uint64_t new_pages_max) const {
  std::uint64_t fits = 0;
  while (fits < length) {
    const std::uint64_t at = offset + fits;
    const auto block = blocks_->find(at / kBlockBytes);
    const auto bit = 1U << (at % kBlockBytes / kPageBytes);
    if (block == blocks_->end() || (block->second.pages & bit) == 0) {
      if (new_pages_max == 0) break;
      --new_pages_max;
    }
    fits += std::min(kPageBytes - at % kPageBytes, length - fits);
  }
  return fits;
}

void Content::adopt(const Content& from, std::uint64_t offset, std::uint64_t length) {
  Blocks& blocks = own_blocks();
  for_each_block(offset, length, [&](std::uint64_t number, std::uint64_t, std::uint64_t, std::uint64_t) {
    const auto source = from.blocks_->find(number);
    const auto mine = blocks.find(number);
    if (mine != blocks.end()) allocated_pages_ -= static_cast<std::uint64_t>(std::popcount(mine->second.pages));
    if (source == from.blocks_->end()) {
      if (mine != blocks.end()) blocks.erase(mine);
      return;
    }
    allocated_pages_ += static_cast<std::uint64_t>(std::popcount(source->second.pages));
    blocks.insert_or_assign(number, source->second);
  });
  size_ = from.size_;
}

}  // namespace atl::platform
