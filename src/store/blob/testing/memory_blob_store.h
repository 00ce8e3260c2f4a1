// Blobs in memory, for tests of what stands on a BlobStore. Nothing survives it; sync() promises nothing.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "store/blob/blob_store.h"

namespace atl::blob::testing {

class MemoryBlobStore final : public BlobStore {
 public:
  Result<std::size_t> fetch(std::string_view name, std::uint64_t offset, ByteSpan out) const override;
  Result<std::size_t> fetch_unfinished(std::string_view name, std::uint64_t offset, ByteSpan out) const override;
  Result<std::optional<BlobInfo>> stat(std::string_view name) const override;
  Result<std::vector<BlobInfo>> enumerate() const override;
  Result<std::unique_ptr<BlobWriter>> receive(std::string_view name) override;
  Result<std::unique_ptr<BlobWriter>> replace(std::string_view name) override;
  Result<std::unique_ptr<BlobWriter>> adopt(std::string_view name, std::uint64_t keep_bytes) override;
  Result<bool> remove(std::string_view name) override;
  Result<bool> remove_unfinished(std::string_view name) override;

  // The bytes themselves, to damage them. Null where there is no such blob.
  [[nodiscard]] Bytes* finished(std::string_view name);

 private:
  friend class MemoryBlobWriter;
  using Body = std::shared_ptr<Bytes>;
  mutable std::mutex mutex_;
  std::map<std::string, Body, std::less<>> finished_;    // guarded by mutex_
  std::map<std::string, Body, std::less<>> unfinished_;  // guarded by mutex_
};

}  // namespace atl::blob::testing
