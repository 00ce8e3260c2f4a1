#include "derived/vector/internal/row_cache.h"

#include <algorithm>

namespace atl::vector::internal {

RowCache::RowCache(std::size_t bytes_max, std::size_t row_bytes)
    : row_bytes_(row_bytes), sets_(bytes_max / (sizeof(Set) + kWays * row_bytes)) {}

RowCache::Set& RowCache::set_of(std::uint64_t file, std::uint64_t row) {
  const std::uint64_t mixed = (file * 0x9E37'79B9'7F4A'7C15 ^ row) * 0xBF58'476D'1CE4'E5B9;
  return sets_[(mixed >> 32) % sets_.size()];
}

bool RowCache::get(std::uint64_t file, std::uint64_t row, ByteSpan out) {
  if (sets_.empty()) return false;
  Set& set = set_of(file, row);
  const std::lock_guard lock(set.mutex);
  for (Way& way : set.ways) {
    if (way.content == nullptr || way.file != file || way.row != row) continue;
    way.used = ++set.uses;
    std::copy_n(way.content, row_bytes_, out.begin());
    return true;
  }
  return false;
}

void RowCache::put(std::uint64_t file, std::uint64_t row, ByteView content) {
  if (sets_.empty()) return;
  Set& set = set_of(file, row);
  const std::lock_guard lock(set.mutex);
  const auto oldest = std::ranges::min_element(set.ways, {}, &Way::used);
  if (oldest->content == nullptr) oldest->content = room();
  std::copy_n(content.begin(), row_bytes_, oldest->content);
  oldest->file = file;
  oldest->row = row;
  oldest->used = ++set.uses;
}

std::uint8_t* RowCache::room() {
  const std::lock_guard lock(slabs_mutex_);
  const std::size_t at = rows_++ % kSlabRows;
  // The last slab may be longer than the rows that are left: not more than one in all.
  if (at == 0) slabs_.emplace_back(new std::uint8_t[kSlabRows * row_bytes_]);
  return slabs_.back().get() + at * row_bytes_;
}

std::size_t RowCache::bytes() const {
  const std::lock_guard lock(slabs_mutex_);
  return rows_ * row_bytes_;
}

}  // namespace atl::vector::internal
