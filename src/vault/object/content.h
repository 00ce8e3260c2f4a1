// A stream of bytes as chunks, and back.
//
// Always true:
//  - Content of at most 32 KiB is one chunk, uncut. Longer content is cut by the cutter named in the reference: `large`
//    for kinds of files that never share small pieces and from 256 MiB on, `small` otherwise; plain archives and text
//    stay with `small` up to 8 GiB, because that is where edited versions share most.
//  - Up to 32 chunks stand in the reference; beyond that they stand in list chunks of at most 4,096 entries, which are
//    listed again, until one root is left. A list chunk is stored like any other chunk of its domain.
//  - The same bytes written with the same cutter into the same domain give the same reference.
// Format: spec/formats/content.md. Thread rules: one writer or reader, one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "catalog/rows.h"
#include "foundation/base/bytes.h"
#include "foundation/codec/cut.h"
#include "store/chunk/chunk_store.h"

namespace atl::vault {

inline constexpr std::size_t kWholeContentBytesMax = 32 * 1024;
inline constexpr std::uint64_t kLargeCutterFromBytes = 256ULL * 1024 * 1024;
// Up to here content whose first bytes show an uncompressed archive or text is cut small all the same.
inline constexpr std::uint64_t kSmallCutterUpToBytes = 8ULL * 1024 * 1024 * 1024;
inline constexpr std::size_t kFirstBytesLookedAt = 4096;
inline constexpr std::size_t kPartsInReferenceMax = 32;
inline constexpr std::size_t kListFanOut = 4096;
inline constexpr std::size_t kContentDepthMax = 4;  // 4096^4 chunks of 32 KiB are past 2^60 bytes

// Which cutter new content gets, from its size (0 where unknown: a stream), its name's ending and, where
// wants_first_bytes(), its first kFirstBytesLookedAt bytes. The same three give the same cutter, always: two copies of
// a file share their chunks only then.
[[nodiscard]] codec::CutterNumber choose_cutter(std::uint64_t expected_bytes, std::string_view name,
                                                ByteView first_bytes = {});
[[nodiscard]] bool wants_first_bytes(std::uint64_t expected_bytes, std::string_view name);

// Cuts what stands at the beginning of `window`: hands on chunk by chunk, as long as where the next ends is known
// (`is_end`: nothing follows, so all of it). `visit` returns false to stop. Returns how many bytes were handed on.
[[nodiscard]] Result<std::size_t> cut_window(ByteView window, const codec::Cutter& cutter, bool is_end,
                                             const std::function<Result<bool>(ByteView chunk)>& visit);

// Buffers at most one window (1 MiB, or 8 MiB with the large cutter). Reused for many contents: begin() starts anew.
class ContentWriter {
 public:
  ContentWriter(chunk::ChunkWriter& chunks, DomainNumber domain, const codec::GearTable& gear);  // borrows both
  // `expected_bytes`: of the content, where it is known, so that a small one takes little memory; it may have another
  // length.
  void begin(codec::CutterNumber cutter, std::optional<std::uint64_t> expected_bytes = std::nullopt);
  // Where the next bytes go (never empty), and how many of them were filled: saves the copy of append().
  [[nodiscard]] ByteSpan space();
  [[nodiscard]] Result<void> advance(std::size_t filled);
  [[nodiscard]] Result<void> append(ByteView bytes);
  // The reference is good for a command only after ChunkStore::sync().
  [[nodiscard]] Result<catalog::ContentReference> finish();
  // Bytes of chunks that the store did not have before, since begin().
  [[nodiscard]] std::uint64_t new_bytes() const { return new_bytes_; }

 private:
  [[nodiscard]] Result<void> cut(bool is_end);
  [[nodiscard]] Result<void> add(ByteView chunk);

  chunk::ChunkWriter* chunks_;
  DomainNumber domain_;
  const codec::GearTable* gear_;
  codec::CutterNumber number_ = codec::CutterNumber::small;
  std::size_t window_bytes_ = 0;  // of a whole window; the buffer is smaller where little is expected
  Buffer window_;
  std::size_t filled_ = 0;
  std::uint64_t length_ = 0;
  std::uint64_t new_bytes_ = 0;
  std::vector<catalog::ContentReference::Part> parts_;
};

// One content out of several, in their order, of one domain: no data is read or written, only lists of chunks. The same
// bytes written at once give another reference. Complexity: by the number of contents. `limit`
// "content.too_many_parts".
[[nodiscard]] Result<catalog::ContentReference> join_contents(chunk::ChunkWriter& chunks,
                                                              std::span<const catalog::ContentReference> contents);

// Hands out the bytes of [offset, offset + length) in order, piece by piece; `visit` returns false to stop.
// Memory: one chunk and one list chunk per level. Fails with `damaged` naming the chunk where one cannot be read.
[[nodiscard]] Result<void> read_content(chunk::ChunkStore& chunks, const catalog::ContentReference& content,
                                        std::uint64_t offset, std::uint64_t length,
                                        const std::function<Result<bool>(ByteView)>& visit);
// The same without a copy: what keeps a piece where it lies is handed out with it.
using HeldVisitor = std::function<Result<bool>(ByteView piece, const std::shared_ptr<const void>& held)>;
[[nodiscard]] Result<void> read_content_held(chunk::ChunkStore& chunks, const catalog::ContentReference& content,
                                             std::uint64_t offset, std::uint64_t length, const HeldVisitor& visit);
// Visits every chunk, list chunks included (before what they list).
[[nodiscard]] Result<void> for_each_chunk(chunk::ChunkStore& chunks, const catalog::ContentReference& content,
                                          const std::function<Result<bool>(const ChunkId&, bool is_list)>& visit);

// The bytes of a version as a reader sees them: content with its holes as zeros.
[[nodiscard]] Result<void> read_version(chunk::ChunkStore& chunks, const catalog::VersionRow& version,
                                        std::uint64_t offset, std::uint64_t length,
                                        const std::function<Result<bool>(ByteView)>& visit);

}  // namespace atl::vault
