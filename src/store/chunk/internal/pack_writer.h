// One pack that is being written: groups appended by several threads, synced, and at last sealed.
//
// Always true:
//  - A seal number is given out once, so that no nonce is used twice with the pack's key, which is this object's alone.
//  - A pack is sealed only when nobody holds a number of it any more, and nothing is appended afterwards.
//  - After a full disk the pack is as it was before the call; after any other failed write or sync it stays unfinished
//    and every later call fails.
// Thread rules: any thread.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "foundation/codec/checked_seal.h"
#include "foundation/platform/machine.h"
#include "store/blob/blob_store.h"
#include "store/blob/parity_trailer.h"
#include "store/chunk/internal/location.h"
#include "store/chunk/pack_format.h"

namespace atl::chunk {

// Appends footer, trailer and parity behind the groups and commits. `writer` stands right behind the last group.
[[nodiscard]] Result<void> finish_pack(blob::BlobStore& blobs, blob::BlobWriter& writer, const Footer& footer,
                                       const PackHeader& header, const PackHeaderBytes& header_bytes,
                                       const codec::SecretKey& domain_pack_key, const Salt& footer_salt,
                                       const blob::ParityOptions& parity);

class PackWriter {
 public:
  struct Limits {
    std::uint64_t bytes_target = 0;
    std::size_t chunks_max = 64 * 1024;  // keeps the footer below 3 MiB
  };
  // Makes the file and writes its header. Leaves nothing behind where that fails for want of space.
  [[nodiscard]] static Result<std::shared_ptr<PackWriter>> begin(blob::BlobStore& blobs, const PackHeader& header,
                                                                 const codec::SecretKey& domain_pack_key,
                                                                 const Limits& limits);

  [[nodiscard]] const PackHeader& header() const { return header_; }
  [[nodiscard]] const PackHeaderBytes& header_bytes() const { return header_bytes_; }
  [[nodiscard]] codec::CheckedSealer new_sealer() const;

  // A seal number; none where the pack takes no more groups. Each number is given back by release().
  [[nodiscard]] std::optional<std::uint32_t> reserve();
  // Offset of the group. `is_full` tells that the pack has reached its size.
  [[nodiscard]] Result<std::uint64_t> append(ByteView frame, const GroupHeader& header,
                                             std::span<const DirectoryEntry> entries, bool& is_full);
  // True: this was the last number of a retired pack, which may be sealed now.
  [[nodiscard]] bool release();
  // No numbers are given out any more. True where none is out, so that it may be sealed now.
  [[nodiscard]] bool retire();

  // Everything appended before is durable when it returns. Others may append meanwhile.
  [[nodiscard]] Result<void> sync();
  // Where chunks lie that are durable and were not taken before. Once they are safely in the index, drop_published()
  // forgets them here; until then they are given again.
  struct Durable {
    std::vector<std::pair<ChunkId, Location>> chunks;
    std::size_t end = 0;
  };
  [[nodiscard]] Durable durable_chunks() const;
  void drop_published(std::size_t end);
  [[nodiscard]] bool is_all_published() const;
  // Some chunk of it could not be put into the index's files: the next open has to scan it.
  void leave_out_of_index_state();
  [[nodiscard]] bool is_left_out_of_index_state() const;

  // Retired packs without numbers out only. Does nothing where it was sealed before.
  [[nodiscard]] Result<void> seal(platform::Random& random, const blob::ParityOptions& parity);
  [[nodiscard]] bool is_sealed() const;
  // Of the file, from its start: what survives a power cut. Ends between two groups.
  [[nodiscard]] std::uint64_t durable_bytes() const;

  struct Sizes {
    std::uint64_t stored_bytes = 0;
    std::uint64_t raw_bytes = 0;
    std::uint64_t chunks = 0;
  };
  [[nodiscard]] Sizes sizes() const;
  [[nodiscard]] Footer footer() const;  // a copy of what was appended so far

 private:
  PackWriter(blob::BlobStore& blobs, const PackHeader& header, const codec::SecretKey& domain_pack_key,
             const Limits& limits);
  [[nodiscard]] Result<void> copy_header();  // mutex_ is held
  [[nodiscard]] Location location_of(const Footer::Chunk& chunk) const;

  blob::BlobStore& blobs_;
  PackHeader header_;
  PackHeaderBytes header_bytes_;
  const codec::SecretKey& domain_pack_key_;
  Limits limits_;

  std::mutex sync_mutex_;  // held by whoever syncs or seals; taken before mutex_, which is free while the disk works
  mutable std::mutex mutex_;
  std::unique_ptr<blob::BlobWriter> writer_;  // all below: guarded by mutex_
  Footer footer_;
  std::uint32_t next_number_ = 0;
  std::size_t numbers_out_ = 0;
  std::size_t durable_ = 0;    // chunks of footer_ that are synced
  std::size_t published_ = 0;  // and known to the index
  std::uint64_t sealed_bytes_ = 0;
  std::uint64_t durable_bytes_ = 0;
  bool has_header_copy_ = false;
  bool is_dirty_ = true;
  bool is_retired_ = false;
  bool is_sealed_ = false;
  bool is_left_out_ = false;
};

}  // namespace atl::chunk
