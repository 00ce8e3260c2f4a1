#include "vault/keeping/chunk_marks.h"

#include <algorithm>

#include "vault/object/content.h"

namespace atl::vault {
namespace {

using catalog::ContentReference;

constexpr std::size_t kIdBytes = 12;
constexpr std::size_t kMemoryBytes = 32 * kMiB;
constexpr std::size_t kPage = 32 * 1024;

ByteView short_id(const ChunkId& id) { return id.view().first(kIdBytes); }

}  // namespace

Result<std::unique_ptr<run::RunSet>> make_scratch_set(Vault& vault, const std::string& folder,
                                                      std::size_t memory_bytes) {
  ATOLL_TRY(run::RunSet::remove_all(vault.machine(), folder));
  ATOLL_TRY(platform::create_directories(vault.machine().files, folder));
  codec::SecretKey key;
  vault.machine().random.fill(key.fill());  // what is left of a broken-off run opens for nobody
  run::Options options;
  options.memtable_bytes_max = memory_bytes;
  options.suite = vault.head().suite;
  return run::RunSet::open(vault.machine(), folder, key, vault.head().vault, options, true);
}

Result<std::unique_ptr<ChunkMarks>> ChunkMarks::make(Vault& vault, const std::string& folder) {
  std::unique_ptr<ChunkMarks> marks(new ChunkMarks(vault, folder));
  ATOLL_ASSIGN(marks->set_, make_scratch_set(vault, folder, kMemoryBytes));
  return marks;
}

ChunkMarks::~ChunkMarks() {
  set_.reset();
  ignore_error_on_purpose(run::RunSet::remove_all(vault_->machine(), folder_));
}

Result<void> ChunkMarks::add(const ChunkId& id, std::uint8_t mark) {
  return set_->put(short_id(id), ByteView(&mark, 1));
}

Result<void> ChunkMarks::add_content(const ContentReference& content, std::uint8_t mark) {
  if (content.depth > kContentDepthMax)
    return fail(ErrorKind::damaged, "content.too_deep", "a content reference has too many levels");
  for (const auto& part : content.parts) {
    if (content.depth == 0) {
      ATOLL_TRY(add(part.chunk, mark));
    } else {
      ATOLL_TRY(add_list(content.domain, part, content.depth, mark));
    }
  }
  return {};
}

// A list that was followed for this reason, or a stronger one, is not read again; which ones were stands in the set
// under their whole ids, behind their short ones.
Result<void> ChunkMarks::add_list(DomainNumber domain, const ContentReference::Part& list, unsigned depth,
                                  std::uint8_t mark) {
  ATOLL_ASSIGN(const auto known, set_->get(list.chunk.view()));
  if (known && !known->empty() && known->front() >= mark) return {};
  ContentReference below;
  below.domain = domain;
  below.length = list.length;
  below.depth = static_cast<std::uint8_t>(depth);
  below.parts.push_back(list);
  ATOLL_TRY(for_each_chunk(vault_->chunks(), below, [&](const ChunkId& id, bool) -> Result<bool> {
    ATOLL_TRY(add(id, mark));
    return true;
  }));
  return set_->put(list.chunk.view(), ByteView(&mark, 1));
}

Result<bool> ChunkMarks::contains(const ChunkId& id) const { return set_->contains(short_id(id)); }

Result<std::uint8_t> ChunkMarks::find(const ChunkId& id) const {
  std::uint8_t mark = 0;
  ATOLL_ASSIGN(const auto length, set_->get_into(short_id(id), ByteSpan(&mark, 1)));
  return length ? mark : std::uint8_t{0};
}

Result<void> ChunkMarks::settle() { return set_->flush({}); }

Result<bool> ChunkMarks::Cursor::next() {
  while (at_ == page_.size()) {
    if (is_end_) return false;
    page_.clear();
    at_ = 0;
    is_end_ = true;
    ATOLL_TRY(marks_->set_->for_each_from(from_, [&](ByteView key, ByteView value) -> Result<bool> {
      if (key.size() != kIdBytes || value.size() != 1) return true;
      Marked& marked = page_.emplace_back();
      std::copy(key.begin(), key.end(), marked.id.begin());
      marked.mark = value[0];
      if (page_.size() < kPage) return true;
      from_.assign(key.begin(), key.end());
      from_.push_back(0);
      is_end_ = false;
      return false;
    }));
  }
  return true;
}

Result<std::uint8_t> ChunkMarks::Cursor::find(const ChunkId& id) {
  for (;;) {
    ATOLL_ASSIGN(const bool is_there, next());
    if (!is_there) return 0;
    const auto order = compare(page_[at_].id, short_id(id));
    if (order > 0) return 0;
    if (order == 0) {  // it stays: another chunk may share the short id
      asked_ = page_[at_].id;
      return page_[at_].mark;
    }
    if (!(asked_ && *asked_ == page_[at_].id)) ++unasked_;
    ++at_;
  }
}

Result<std::uint64_t> ChunkMarks::Cursor::count_unasked() {
  for (;;) {
    ATOLL_ASSIGN(const bool is_there, next());
    if (!is_there) return unasked_;
    if (!(asked_ && *asked_ == page_[at_].id)) ++unasked_;
    ++at_;
  }
}

}  // namespace atl::vault
