// Reads one pack file: header, footer, groups; from its parity where the file's own bytes are not what was written.
// Always true: nothing is returned that its key has not authenticated. Thread rules: any thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "store/blob/blob_store.h"
#include "store/blob/parity_trailer.h"
#include "store/chunk/internal/group.h"
#include "store/chunk/pack_format.h"
#include "store/keyring/keyring.h"

namespace atl::chunk {

class PackReader {
 public:
  // Reads the header, or, where it is damaged, what parity makes of it, or its copy. Errors: `not_found` (no such pack,
  // or its domain has no key any more: id "pack.key_gone"), `damaged`, `unsupported`, `io`.
  [[nodiscard]] static Result<std::shared_ptr<PackReader>> open(const blob::BlobStore& blobs,
                                                                const keyring::Keyring& keys, const PackId& id,
                                                                BufferPool& pool);

  [[nodiscard]] const PackHeader& header() const { return header_; }
  [[nodiscard]] const PackHeaderBytes& header_bytes() const { return header_bytes_; }
  [[nodiscard]] const codec::SecretKey& domain_pack_key() const { return *domain_pack_key_; }
  [[nodiscard]] bool was_header_healed() const { return was_header_healed_; }
  [[nodiscard]] blob::ReadRange reader() const;
  [[nodiscard]] blob::FileTag tag() const { return header_.id.bytes; }

  // `allow_heal` false: what the file itself holds, for verification.
  [[nodiscard]] Result<PackTrailer> read_trailer(bool allow_heal, bool* was_healed = nullptr) const;
  [[nodiscard]] Result<Footer> read_footer(bool allow_heal, bool* was_healed = nullptr) const;
  [[nodiscard]] Result<OpenedGroup> read_group(std::uint64_t offset, std::uint32_t sealed_length,
                                               codec::Decompressor& decompressor, bool allow_heal,
                                               bool* was_healed = nullptr) const;
  // Header and sealed bytes as they are in the file, checksum compared. For verification.
  [[nodiscard]] Result<Buffer> read_frame(std::uint64_t offset, std::uint32_t sealed_length) const;
  [[nodiscard]] Result<OpenedGroup> open_frame(Buffer frame, codec::Decompressor& decompressor) const;

  // Every good group from the start of the file on, whatever the footer says; bytes between them that are none are
  // stepped over by looking for the next one. Returns the end of the last good group.
  struct Found {
    Footer footer;
    std::uint64_t end = kPackHeaderBytes;
    std::uint64_t skipped_bytes = 0;  // between good groups
  };
  [[nodiscard]] Result<Found> walk_groups(codec::Decompressor& decompressor) const;

  // Loaded once. `damaged` where there is none.
  [[nodiscard]] Result<std::shared_ptr<const blob::ParityMap>> parity() const;

 private:
  PackReader(const blob::BlobStore& blobs, std::string name, BufferPool& pool)
      : blobs_(blobs), name_(std::move(name)), pool_(pool) {}
  [[nodiscard]] bool find_header_copy(const PackId& id, const VaultId& vault, codec::SealSuite suite);
  [[nodiscard]] bool is_header_copy(std::uint64_t begin, std::uint64_t end) const;
  [[nodiscard]] Result<void> read_range(std::uint64_t offset, ByteSpan out, bool healed) const;
  [[nodiscard]] Result<PackTrailer> trailer_from(bool healed) const;
  [[nodiscard]] Result<Footer> footer_from(bool healed) const;
  // A sealer for the calling thread; given back by its destructor.
  class Borrowed;
  [[nodiscard]] Borrowed borrow_sealer() const;

  const blob::BlobStore& blobs_;
  std::string name_;
  BufferPool& pool_;
  PackHeader header_;
  PackHeaderBytes header_bytes_{};
  bool was_header_healed_ = false;
  const codec::SecretKey* domain_pack_key_ = nullptr;
  mutable std::mutex mutex_;
  mutable std::vector<codec::Sealer> sealers_;             // guarded by mutex_; the first one is only cloned
  mutable std::shared_ptr<const blob::ParityMap> parity_;  // guarded by mutex_
};

}  // namespace atl::chunk
