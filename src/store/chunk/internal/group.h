// One group, the unit that is compressed and sealed: from chunks to the bytes of the file and back.
// Always true: seal() has opened its own output and compared it with what went in before it returns; open_group()
// returns only what its key has authenticated, with a directory that covers the body without gaps.
// Thread rules: one object, one thread. Memory: four buffers of about the largest group seen.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "foundation/codec/checked_seal.h"
#include "store/chunk/pack_format.h"

namespace atl::chunk {

// Buffers that were touched already, to be used again: fresh memory costs more than hashing it. Any thread.
class BufferPool {
 public:
  explicit BufferPool(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  [[nodiscard]] Buffer take(std::size_t size);  // its content is anything
  void give(Buffer buffer);

 private:
  std::mutex mutex_;
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;        // guarded by mutex_
  std::vector<Buffer> buffers_;  // guarded by mutex_
};

struct GroupCodec {
  codec::CompressionCodec codec = codec::CompressionCodec::zstd;
  int level = 3;
};

// Prepares and seals groups.
class GroupSealer {
 public:
  // Makes the directory and compresses the body where that pays.
  [[nodiscard]] Result<void> prepare(std::span<const DirectoryEntry> entries, ByteView body, const GroupCodec& codec);
  // Seals what prepare() made (once), opens it again and compares it with `body`, which is the one given to
  // prepare(). The frame (group header and sealed bytes) stays here until the next prepare().
  [[nodiscard]] Result<void> seal(codec::CheckedSealer& sealer, const PackHeaderBytes& pack_header,
                                  std::uint32_t number, ByteView body);
  [[nodiscard]] ByteView frame() const { return frame_.view(); }
  [[nodiscard]] const GroupHeader& header() const { return header_; }
  [[nodiscard]] std::size_t buffer_bytes() const {
    return frame_.capacity() + compressed_.capacity() + unpacked_.capacity();
  }

 private:
  [[nodiscard]] bool is_compressible(ByteView body, const GroupCodec& codec);

  codec::Compressor compressor_;
  codec::Decompressor decompressor_;
  Bytes directory_;
  GroupHeader header_;
  Buffer frame_;
  Buffer compressed_;
  Buffer unpacked_;
};

struct OpenedGroup {
  std::vector<DirectoryEntry> directory;
  Buffer bytes;
  std::size_t body_at = 0;
  std::size_t body_length = 0;
  [[nodiscard]] ByteView body() const { return bytes.view().subspan(body_at, body_length); }
  // The chunk's plaintext, or `damaged` where the directory names no such chunk there.
  [[nodiscard]] Result<ByteView> chunk(const ChunkId& id, std::uint32_t offset, std::uint32_t length) const;
  // The same: its number in the directory.
  [[nodiscard]] Result<std::size_t> number_of(const ChunkId& id, std::uint32_t offset, std::uint32_t length) const;
  [[nodiscard]] ByteView bytes_of(const DirectoryEntry& entry) const {
    return body().subspan(entry.offset, entry.length);
  }
};

// Opens `frame` (group header and sealed bytes, consumed: opened in place). Buffers come from `pool`.
[[nodiscard]] Result<OpenedGroup> open_group(codec::Sealer& sealer, const PackHeaderBytes& pack_header, Buffer frame,
                                             codec::Decompressor& decompressor, BufferPool& pool);

}  // namespace atl::chunk
