// Writes a blob that counts only after it was read back: a second copy that nobody has ever read is none.
//
// Always true:
//  - commit() gives the blob its finished name after every byte of it was read back from the store and compared, by
//    digest, with what was handed in; but where the caller trusts the store to have compared digests itself.
//  - An unfinished beginning that is kept is not written again, but read back and compared like all the rest.
// Thread rules: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "foundation/codec/hash.h"
#include "store/blob/blob_store.h"

namespace atl::blob {

enum class ReadBack : std::uint8_t { yes, trusts_store };

class CheckedWriter {
 public:
  // A new blob, or a new body for a finished one. What an earlier, broken-off try left unfinished is forgotten.
  [[nodiscard]] static Result<std::unique_ptr<CheckedWriter>> begin(BlobStore& store, std::string name);
  // Goes on behind the first `keep_bytes` of the unfinished blob. append() is still given everything from the start.
  [[nodiscard]] static Result<std::unique_ptr<CheckedWriter>> resume(BlobStore& store, std::string name,
                                                                     std::uint64_t keep_bytes);
  [[nodiscard]] Result<void> append(ByteView data);
  [[nodiscard]] std::uint64_t position() const { return position_; }  // bytes handed in so far
  // Last call. Fails with `io` "blob.not_read_back" where the store gives back something else; then nothing was
  // finished, and the unfinished blob is worthless.
  [[nodiscard]] Result<void> commit(ReadBack read_back = ReadBack::yes);

 private:
  CheckedWriter(BlobStore& store, std::string name, std::unique_ptr<BlobWriter> writer, std::uint64_t kept_bytes)
      : store_(&store), name_(std::move(name)), writer_(std::move(writer)), kept_bytes_(kept_bytes) {}
  BlobStore* store_;
  std::string name_;
  std::unique_ptr<BlobWriter> writer_;
  std::uint64_t kept_bytes_;
  std::uint64_t position_ = 0;
  codec::Blake3 digest_;
};

}  // namespace atl::blob
