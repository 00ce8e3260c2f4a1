// One segment file: pages of 16 KiB, each sealed on its own, that make up several streams of bytes.
//
// Always true: a page is bound to its file (key from the salt, header as associated data) and to its place (nonce), and
// is authenticated before anything in it is used; what is sealed is opened and compared before it is written; a file
// counts only once finish() has synced it. Memory: a page a stream while writing; while reading the pages in the cache,
// which is shared by all segments and never holds more than its budget (pages in use by a query come on top).
// Thread rules: a writer belongs to one thread; a reader and the cache may be used from any.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "derived/text/internal/format.h"
#include "foundation/codec/seal.h"
#include "foundation/platform/file_system.h"

namespace atl::text::internal {

struct Page {
  std::array<std::uint8_t, kPagePlain> plain;
};
using PageRef = std::shared_ptr<const Page>;

// Evicts by CLOCK (Corbato, 1968).
class PageCache {
 public:
  explicit PageCache(std::size_t bytes_max);
  [[nodiscard]] PageRef get(std::uint64_t file, std::uint32_t page);
  void put(std::uint64_t file, std::uint32_t page, PageRef content);
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Frame {
    std::uint64_t key = 0;
    bool touched = false;
    PageRef page;
  };
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    // Guarded by mutex.
    std::unordered_map<std::uint64_t, std::size_t> where;
    std::vector<Frame> frames;
    std::size_t hand = 0;
  };
  static std::uint64_t key_of(std::uint64_t file, std::uint32_t page) { return file << 32 ^ page; }
  [[nodiscard]] Shard& shard_of(std::uint64_t key) { return shards_[(key * 0x9E37'79B9'7F4A'7C15) >> 61]; }

  std::size_t frames_per_shard_;
  std::array<Shard, 8> shards_;
};

// What all segments of an index share; borrowed, outlives them.
struct FileContext {
  platform::FileSystem& files;
  const codec::SecretKey& key;  // of the index
  const VaultId& vault;
  codec::SealSuite suite;
  PageCache& cache;
};

class PagedFileWriter {
 public:
  // A file of that name that is there already is a leftover and is replaced.
  [[nodiscard]] static Result<std::unique_ptr<PagedFileWriter>> create(const FileContext& context,
                                                                       const std::string& folder, std::uint64_t number,
                                                                       const Salt& salt);
  [[nodiscard]] Result<void> append(Stream stream, ByteView bytes);
  [[nodiscard]] std::uint64_t size(Stream stream) const { return streams_[static_cast<std::size_t>(stream)].bytes; }
  // Fills in the footer's streams, writes and syncs everything but the file's name. Returns the length of the file.
  [[nodiscard]] Result<std::uint64_t> finish(SegmentFooter& footer);

 private:
  struct Open {
    Bytes plain;  // of the page begun
    std::vector<std::uint32_t> pages;
    std::uint64_t bytes = 0;
  };
  PagedFileWriter(const FileContext& context, const FileHeader& header, std::unique_ptr<platform::File> file);
  [[nodiscard]] Result<void> end_page(Open& stream, bool is_last);
  [[nodiscard]] Result<void> seal(Lane lane, std::uint64_t ordinal, ByteView plain);
  [[nodiscard]] Result<void> write_buffered();

  std::array<std::uint8_t, kHeaderBytes> aad_;
  std::unique_ptr<platform::File> file_;
  codec::Sealer sealer_;
  std::array<Open, kStreams> streams_;
  std::uint32_t pages_ = 0;
  std::uint32_t last_page_bytes_ = 0;
  std::uint64_t file_bytes_ = 0;  // without what is buffered
  Bytes buffered_;
  Bytes opened_;
};

class PagedFile {
 public:
  // The bytes last fetched: a page kept alive, or a copy where they cross a border of pages.
  struct Window {
    PageRef page;
    std::uint64_t page_number = UINT64_MAX;  // within the stream
    Bytes copy;
  };
  // Checks header, trailer and footer against `expected`.
  [[nodiscard]] static Result<std::unique_ptr<PagedFile>> open(const FileContext& context, const std::string& folder,
                                                               const SegmentInfo& expected);
  // `bytes` of the stream, valid until the next fetch into that window. Error: `damaged` (also where the stream ends
  // before), `io`.
  [[nodiscard]] Result<ByteView> fetch(Stream stream, std::uint64_t offset, std::size_t bytes, Window& window) const;
  [[nodiscard]] Result<Bytes> read(Stream stream, std::uint64_t offset, std::size_t bytes) const;
  [[nodiscard]] const SegmentFooter& footer() const { return footer_; }
  // Every page, opened.
  [[nodiscard]] Result<void> verify() const;

 private:
  struct alignas(64) Opener {
    std::mutex mutex;
    std::unique_ptr<codec::Sealer> sealer;  // guarded by mutex; made on first use
  };
  PagedFile(const FileContext& context, const SegmentInfo& info, std::unique_ptr<platform::File> file);
  [[nodiscard]] Result<void> read_ends();
  [[nodiscard]] Result<PageRef> load(std::uint32_t page) const;
  [[nodiscard]] bool open_sealed(Lane lane, std::uint64_t ordinal, ByteView sealed, ByteSpan plain) const;

  const FileContext context_;
  const SegmentInfo info_;
  std::unique_ptr<platform::File> file_;
  codec::SecretKey key_;
  Bytes aad_;
  FileTrailer trailer_;
  SegmentFooter footer_;
  mutable std::array<Opener, 4> openers_;
};

}  // namespace atl::text::internal
