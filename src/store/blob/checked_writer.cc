#include "store/blob/checked_writer.h"

#include <algorithm>

namespace atl::blob {
namespace {

constexpr std::size_t kPieceBytes = 1024 * 1024;

}  // namespace

Result<std::unique_ptr<CheckedWriter>> CheckedWriter::begin(BlobStore& store, std::string name) {
  ATOLL_ASSIGN(const auto there, store.stat(name));
  std::unique_ptr<BlobWriter> writer;
  if (there && there->is_finished) {
    ATOLL_ASSIGN(writer, store.replace(name));
  } else {
    ATOLL_TRY(store.remove_unfinished(name));
    ATOLL_ASSIGN(writer, store.receive(name));
  }
  return std::unique_ptr<CheckedWriter>(new CheckedWriter(store, std::move(name), std::move(writer), 0));
}

Result<std::unique_ptr<CheckedWriter>> CheckedWriter::resume(BlobStore& store, std::string name,
                                                             std::uint64_t keep_bytes) {
  ATOLL_ASSIGN(auto writer, store.adopt(name, keep_bytes));
  return std::unique_ptr<CheckedWriter>(new CheckedWriter(store, std::move(name), std::move(writer), keep_bytes));
}

Result<void> CheckedWriter::append(ByteView data) {
  digest_.update(data);
  const std::uint64_t there = std::min<std::uint64_t>(data.size(), kept_bytes_ - std::min(kept_bytes_, position_));
  position_ += data.size();
  if (there == data.size()) return {};
  return writer_->append(data.subspan(static_cast<std::size_t>(there)));
}

Result<void> CheckedWriter::commit(ReadBack read_back) {
  ATOLL_INVARIANT(position_ >= kept_bytes_, "all of a kept beginning is handed in again");
  if (read_back == ReadBack::trusts_store) return writer_->commit();
  ATOLL_TRY(writer_->sync());
  codec::Blake3 there;
  Buffer piece(kPieceBytes);
  for (std::uint64_t at = 0; at < position_;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, position_ - at));
    ATOLL_ASSIGN(const std::size_t got, store_->fetch_unfinished(name_, at, piece.span().first(wanted)));
    there.update(piece.view().first(got));
    at += got;
    if (got < wanted) break;
  }
  if (there.digest() != digest_.digest()) {
    return fail(ErrorKind::io, "blob.not_read_back",
                "'" + name_ + "' did not read back as it was written: the disk or what leads to it is failing",
                "Check that disk and its cable; the original is untouched.");
  }
  return writer_->commit();
}

}  // namespace atl::blob
