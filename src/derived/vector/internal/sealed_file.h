// Files of a vector index: a clear header, then the content in blocks, each sealed on its own.
//
// Always true: a block is bound to its file (key from the salt, header as associated data) and to its place (nonce),
// and is authenticated before anything in it is used; what is sealed is opened and compared before it is written; a
// file counts only once finish() has synced it. How long a file is and which salt it has stands in the manifest, so
// that no other file, nor a cut one, can stand in for it. Thread rules: a writer and a sequential reader belong to one
// thread; a file may be used from any.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/ids.h"
#include "foundation/codec/seal.h"
#include "foundation/codec/secret.h"
#include "foundation/platform/file_system.h"

namespace atl::vector::internal {

inline constexpr std::size_t kHeaderBytes = 128;
inline constexpr std::size_t kSaltBytes = 16;
using Salt = std::array<std::uint8_t, kSaltBytes>;

enum class FileKind : std::uint8_t { manifest, vectors, graph, removed };

struct FileInfo {
  std::uint64_t number = 0;  // within its index, never used twice; 0: no file
  std::uint64_t plain_bytes = 0;
  Salt salt{};
};

// What all files of an index share; borrowed, outlives them.
struct FileContext {
  platform::FileSystem& files;
  const std::string& folder;
  const codec::SecretKey& key;  // of the index
  const VaultId& vault;
  codec::SealSuite suite;
};

[[nodiscard]] tl::unexpected<Error> damaged(std::string_view id, std::string_view what);
// "0000000000000001.vectors"; of a manifest "manifest".
[[nodiscard]] std::string file_name(FileKind kind, std::uint64_t number);

// A small file, sealed as one block.
[[nodiscard]] Bytes seal_whole(const FileContext& context, FileKind kind, std::uint64_t number, const Salt& salt,
                               ByteView plain);
[[nodiscard]] Result<Bytes> open_whole(const FileContext& context, FileKind kind, std::uint64_t number,
                                       ByteView stored);
// Writes such a file and syncs it; one of that name that is there already is a leftover and is replaced.
[[nodiscard]] Result<FileInfo> write_whole(const FileContext& context, FileKind kind, std::uint64_t number,
                                           const Salt& salt, ByteView plain);
[[nodiscard]] Result<Bytes> read_whole_file(const FileContext& context, FileKind kind, const FileInfo& info);

class SealedWriter {
 public:
  // Replaces a leftover of that name.
  [[nodiscard]] static Result<std::unique_ptr<SealedWriter>> create(const FileContext& context, FileKind kind,
                                                                    std::uint64_t number, const Salt& salt,
                                                                    std::size_t block_bytes);
  [[nodiscard]] Result<void> append(ByteView bytes);
  // Zeros up to the next border of blocks.
  [[nodiscard]] Result<void> end_block();
  // Writes the rest and syncs everything but the file's name.
  [[nodiscard]] Result<FileInfo> finish();

 private:
  SealedWriter(const FileContext& context, FileKind kind, const FileInfo& info, std::size_t block_bytes,
               std::unique_ptr<platform::File> file);
  [[nodiscard]] Result<void> seal_block();
  [[nodiscard]] Result<void> write_buffered();

  std::array<std::uint8_t, kHeaderBytes> header_;
  FileInfo info_;
  std::size_t block_bytes_;
  std::unique_ptr<platform::File> file_;
  codec::Sealer sealer_;
  std::uint64_t blocks_ = 0;
  std::uint64_t file_bytes_ = 0;  // without what is buffered
  Bytes plain_;                   // of the block begun
  Bytes buffered_;
  Bytes opened_;
};

class SealedFile {
 public:
  // Checks the header and the length against `info`. Errors: `damaged`, `not_found`, `unsupported`, `io`.
  [[nodiscard]] static Result<std::unique_ptr<SealedFile>> open(const FileContext& context, FileKind kind,
                                                                const FileInfo& info, std::size_t block_bytes);
  [[nodiscard]] std::uint64_t blocks() const { return blocks_; }
  [[nodiscard]] std::size_t block_bytes() const { return block_bytes_; }
  [[nodiscard]] const FileInfo& info() const { return info_; }
  [[nodiscard]] std::uint64_t stored_bytes() const;
  [[nodiscard]] std::uint64_t plain_bytes_of(std::uint64_t block) const;  // one that there is
  [[nodiscard]] Result<Bytes> read_block(std::uint64_t block) const;
  // As long as the block is. `sealed`: room for what is read, which may be used again.
  [[nodiscard]] Result<void> read_block_into(std::uint64_t block, ByteSpan plain, Bytes& sealed) const;

 private:
  struct alignas(64) Opener {
    std::mutex mutex;
    std::unique_ptr<codec::Sealer> sealer;  // guarded by mutex; made on first use
  };
  SealedFile(FileKind kind, const FileInfo& info, std::size_t block_bytes, codec::SealSuite suite, codec::SecretKey key,
             std::unique_ptr<platform::File> file);
  FileKind kind_;
  FileInfo info_;
  std::size_t block_bytes_;
  std::uint64_t blocks_;
  codec::SealSuite suite_;
  codec::SecretKey key_;
  std::unique_ptr<platform::File> file_;
  Bytes header_;
  mutable std::array<Opener, 4> openers_;
};

// From the beginning, or that of a block, to the end, block by block.
class SealedReader {
 public:
  explicit SealedReader(const SealedFile& file, std::uint64_t first_block = 0)
      : file_(&file), next_block_(first_block) {}
  [[nodiscard]] Result<void> read(ByteSpan out);
  template <class T>
  requires std::is_integral_v<T>
  [[nodiscard]] Result<T> get() {
    std::array<std::uint8_t, sizeof(T)> raw{};
    ATOLL_TRY(read(raw));
    return load_le<T>(raw.data());
  }
  void skip_block() { at_ = block_.size(); }  // what is left of the block begun
  [[nodiscard]] std::uint64_t remaining() const;

 private:
  const SealedFile* file_;
  std::uint64_t next_block_;
  Bytes block_;
  std::size_t at_ = 0;
};

}  // namespace atl::vector::internal
