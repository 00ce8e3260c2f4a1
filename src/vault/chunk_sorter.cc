#include "vault/chunk_sorter.h"

#include <algorithm>
#include <limits>

#include "foundation/platform/file_system.h"

namespace atl::vault {
namespace {

static_assert(sizeof(ChunkId) == 32, "ids are written as they lie in memory");

ByteView bytes_of(const std::vector<ChunkId>& ids) {
  return {reinterpret_cast<const std::uint8_t*>(ids.data()), ids.size() * sizeof(ChunkId)};  // NOLINT
}

// They differ in the first 8 bytes but for repetitions.
bool is_before(const ChunkId& left, const ChunkId& right) {
  const auto first_word = [](const ChunkId& id) {
    return __builtin_bswap64(load_le<std::uint64_t>(id.bytes.data()));  // big-endian: as bytes compare
  };
  const std::uint64_t a = first_word(left);
  const std::uint64_t b = first_word(right);
  return a != b ? a < b : left < right;
}

}  // namespace

ChunkSorter::ChunkSorter(const platform::Machine& machine, codec::SealSuite suite, std::string folder,
                         CheckRoom check_room, std::size_t memory_bytes)
    : machine_(machine),
      suite_(suite),
      folder_(std::move(folder)),
      check_room_(std::move(check_room)),
      ids_in_block_(std::max<std::size_t>(memory_bytes / kParts / sizeof(ChunkId), 1)) {}

void ChunkSorter::add(const ChunkId& id) {
  Part& part = parts_[id.bytes[0]];
  if (part.in_memory.size() >= ids_in_block_ && !write_out(part)) is_full_ = true;
  part.in_memory.push_back(id);
  ++count_;
}

// False where nothing can be written, now or later. What a broken-off write left in the file is never read.
bool ChunkSorter::write_out(Part& part) {
  if (folder_.empty()) return false;
  const auto write = [&]() -> Result<bool> {
    if (check_room_) ATOLL_TRY(check_room_(block_bytes()));
    if (!file_) {
      ATOLL_ASSIGN(const bool is_open, open_file());
      if (!is_open) return false;
    }
    if (blocks_ == std::numeric_limits<std::uint32_t>::max()) return false;
    frame_.resize(block_bytes());
    sealer_->seal(codec::counter_nonce(blocks_), {}, bytes_of(part.in_memory), frame_.span());
    ATOLL_TRY(file_->write_at(std::uint64_t{blocks_} * block_bytes(), frame_.view()));
    return true;
  };
  const auto written = write();
  if (!written || !*written) {
    folder_.clear();
    return false;
  }
  part.blocks.push_back(blocks_++);
  part.in_memory.clear();
  return true;
}

Result<bool> ChunkSorter::open_file() {
  const std::string path = platform::join(folder_, "chunk-ids-" + platform::new_id<OperationId>(machine_).text());
  ATOLL_ASSIGN(auto file, machine_.files.open(path, platform::OpenMode::create_new));
  ATOLL_ASSIGN(const bool is_unnamed, machine_.files.remove_file(path));
  if (!is_unnamed) return false;
  codec::SecretKey key;
  machine_.random.fill(key.fill());
  sealer_ = std::make_unique<codec::Sealer>(suite_, key);
  file_ = std::move(file);
  return true;
}

Result<const ChunkId*> ChunkSorter::peek() {
  while (at_ == sorted_.size()) {
    sorted_.clear();
    at_ = 0;
    if (next_part_ == kParts) return nullptr;
    ATOLL_TRY(load(parts_[next_part_++]));
  }
  return &sorted_[at_];
}

Result<void> ChunkSorter::load(Part& part) {
  sorted_.assign(part.in_memory.begin(), part.in_memory.end());
  std::vector<ChunkId>().swap(part.in_memory);
  std::size_t at = sorted_.size();
  sorted_.resize(at + part.blocks.size() * ids_in_block_);
  for (const std::uint32_t block : part.blocks) {
    frame_.resize(block_bytes());
    ATOLL_TRY(platform::read_exact(*file_, std::uint64_t{block} * block_bytes(), frame_.span(), "sorted chunk ids"));
    const ByteSpan out(reinterpret_cast<std::uint8_t*>(sorted_.data() + at),
                       ids_in_block_ * sizeof(ChunkId));  // NOLINT
    if (!sealer_->open(codec::counter_nonce(block), {}, frame_.view(), out))
      return fail(ErrorKind::damaged, "sorter.damaged", "what was written to disk to be sorted did not come back");
    at += ids_in_block_;
  }
  std::sort(sorted_.begin(), sorted_.end(), is_before);
  sorted_.erase(std::unique(sorted_.begin(), sorted_.end()), sorted_.end());
  return {};
}

std::size_t ChunkSorter::memory_bytes() const {
  std::size_t ids = sorted_.capacity();
  for (const Part& part : parts_) ids += part.in_memory.capacity();
  return ids * sizeof(ChunkId);
}

void ChunkSorter::clear() {
  for (Part& part : parts_) {
    part.in_memory.clear();
    part.blocks.clear();
  }
  file_.reset();  // the next one gets a key of its own
  sealer_.reset();
  blocks_ = 0;
  sorted_.clear();
  at_ = next_part_ = 0;
  count_ = 0;
  is_full_ = false;
}

}  // namespace atl::vault
