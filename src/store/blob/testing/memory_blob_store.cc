#include "store/blob/testing/memory_blob_store.h"

#include <algorithm>

namespace atl::blob::testing {
namespace {

tl::unexpected<Error> bad_name(std::string_view name) {
  return fail(ErrorKind::usage, "blob.name", "'" + std::string(name) + "' is no name for a blob");
}
tl::unexpected<Error> not_found(std::string_view name) {
  return fail(ErrorKind::not_found, "blob.not_found", "there is no blob '" + std::string(name) + "'");
}

std::size_t copy_range(const Bytes& body, std::uint64_t offset, ByteSpan out) {
  if (offset >= body.size()) return 0;
  const std::size_t count = std::min(out.size(), body.size() - static_cast<std::size_t>(offset));
  std::copy_n(body.begin() + static_cast<std::ptrdiff_t>(offset), count, out.begin());
  return count;
}

}  // namespace

class MemoryBlobWriter final : public BlobWriter {
 public:
  MemoryBlobWriter(MemoryBlobStore& store, std::string name, std::shared_ptr<Bytes> body)
      : store_(store), name_(std::move(name)), body_(std::move(body)) {}

  Result<void> append(ByteView data) override {
    ATOLL_TRY(refuse_ended());
    const std::lock_guard lock(store_.mutex_);
    body_->insert(body_->end(), data.begin(), data.end());
    return {};
  }
  Result<void> sync() override { return refuse_ended(); }
  [[nodiscard]] std::uint64_t position() const override {
    const std::lock_guard lock(store_.mutex_);
    return body_->size();
  }
  Result<void> rewind(std::uint64_t position) override {
    ATOLL_TRY(refuse_ended());
    const std::lock_guard lock(store_.mutex_);
    ATOLL_INVARIANT(position <= body_->size(), "a blob is rewound, never moved forward");
    body_->resize(static_cast<std::size_t>(position));
    return {};
  }
  Result<void> commit() override {
    ATOLL_TRY(refuse_ended());
    const std::lock_guard lock(store_.mutex_);
    store_.unfinished_.erase(name_);
    store_.finished_[name_] = body_;
    is_ended_ = true;
    return {};
  }

 private:
  [[nodiscard]] Result<void> refuse_ended() const {
    if (!is_ended_) return {};
    return fail(ErrorKind::io, "blob.writer_ended", "'" + name_ + "' is finished");
  }
  MemoryBlobStore& store_;
  std::string name_;
  std::shared_ptr<Bytes> body_;
  bool is_ended_ = false;
};

Result<std::size_t> MemoryBlobStore::fetch(std::string_view name, std::uint64_t offset, ByteSpan out) const {
  if (!is_valid_blob_name(name)) return bad_name(name);
  const std::lock_guard lock(mutex_);
  auto found = finished_.find(name);
  if (found == finished_.end()) {
    found = unfinished_.find(name);
    if (found == unfinished_.end()) return not_found(name);
  }
  return copy_range(*found->second, offset, out);
}

Result<std::size_t> MemoryBlobStore::fetch_unfinished(std::string_view name, std::uint64_t offset, ByteSpan out) const {
  if (!is_valid_blob_name(name)) return bad_name(name);
  const std::lock_guard lock(mutex_);
  const auto found = unfinished_.find(name);
  if (found == unfinished_.end()) return not_found(name);
  return copy_range(*found->second, offset, out);
}

Result<std::optional<BlobInfo>> MemoryBlobStore::stat(std::string_view name) const {
  if (!is_valid_blob_name(name)) return bad_name(name);
  const std::lock_guard lock(mutex_);
  if (const auto found = finished_.find(name); found != finished_.end()) {
    return BlobInfo{found->first, found->second->size(), true};
  }
  if (const auto found = unfinished_.find(name); found != unfinished_.end()) {
    return BlobInfo{found->first, found->second->size(), false};
  }
  return std::nullopt;
}

Result<std::vector<BlobInfo>> MemoryBlobStore::enumerate() const {
  const std::lock_guard lock(mutex_);
  std::vector<BlobInfo> blobs;
  for (const auto& [name, body] : finished_) blobs.push_back({name, body->size(), true});
  for (const auto& [name, body] : unfinished_) blobs.push_back({name, body->size(), false});
  std::ranges::sort(blobs, [](const BlobInfo& a, const BlobInfo& b) {
    return a.name != b.name ? a.name < b.name : a.is_finished > b.is_finished;
  });
  return blobs;
}

Result<std::unique_ptr<BlobWriter>> MemoryBlobStore::receive(std::string_view name) {
  if (!is_valid_blob_name(name)) return bad_name(name);
  const std::lock_guard lock(mutex_);
  if (finished_.contains(name) || unfinished_.contains(name)) {
    return fail(ErrorKind::conflict, "blob.exists", "there is a blob '" + std::string(name) + "' already");
  }
  const auto body = std::make_shared<Bytes>();
  unfinished_[std::string(name)] = body;
  return std::make_unique<MemoryBlobWriter>(*this, std::string(name), body);
}

Result<std::unique_ptr<BlobWriter>> MemoryBlobStore::replace(std::string_view name) {
  if (!is_valid_blob_name(name)) return bad_name(name);
  const std::lock_guard lock(mutex_);
  if (!finished_.contains(name)) return not_found(name);
  const auto body = std::make_shared<Bytes>();
  unfinished_[std::string(name)] = body;
  return std::make_unique<MemoryBlobWriter>(*this, std::string(name), body);
}

Result<std::unique_ptr<BlobWriter>> MemoryBlobStore::adopt(std::string_view name, std::uint64_t keep_bytes) {
  if (!is_valid_blob_name(name)) return bad_name(name);
  const std::lock_guard lock(mutex_);
  const auto found = unfinished_.find(name);
  if (found == unfinished_.end()) return not_found(name);
  if (keep_bytes > found->second->size()) {
    return fail(ErrorKind::usage, "blob.adopt", "'" + std::string(name) + "' is shorter than what was to be kept");
  }
  const auto body =
      std::make_shared<Bytes>(found->second->begin(), found->second->begin() + static_cast<std::ptrdiff_t>(keep_bytes));
  found->second = body;
  return std::make_unique<MemoryBlobWriter>(*this, std::string(name), body);
}

Result<bool> MemoryBlobStore::remove(std::string_view name) {
  if (!is_valid_blob_name(name)) return bad_name(name);
  const std::lock_guard lock(mutex_);
  return finished_.erase(std::string(name)) > 0;
}

Result<bool> MemoryBlobStore::remove_unfinished(std::string_view name) {
  if (!is_valid_blob_name(name)) return bad_name(name);
  const std::lock_guard lock(mutex_);
  return unfinished_.erase(std::string(name)) > 0;
}

Bytes* MemoryBlobStore::finished(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = finished_.find(name);
  return found == finished_.end() ? nullptr : found->second.get();
}

}  // namespace atl::blob::testing
